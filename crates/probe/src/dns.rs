//! Runs of DNS checks (RFC 1035): one question to one server, over UDP or TCP.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use checks::{DnsCheck, IpVersion, Phase, hold};
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use jiff::Timestamp;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::{Instant, timeout},
};

use crate::{
    Client,
    exchange::{Fault, dial},
    run::{Verdict, millis_since},
    seen::Sections,
    trace::Trace,
};

/// A question without an answer is asked again after this: UDP loses some.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// The longest message (RFC 1035, section 4.2.2: its length has two bytes).
const MESSAGE_BYTES: usize = 65_535;
/// Of an answer, so many records are judged.
const RECORDS: usize = 500;
/// Where the machine's own servers are named.
const RESOLV_CONF: &str = "/etc/resolv.conf";

impl Client {
    pub(crate) async fn run_dns(&self, check: &DnsCheck, trace: &mut Trace) -> Verdict {
        let started = Instant::now();
        let shown = check.server.as_deref().unwrap_or("the machine's own server");
        trace.hop(format!("DNS {} {} at {shown}", check.record, check.name), shown.to_owned());
        let answer = match self.question(check, trace).await {
            Ok(answer) => answer,
            Err(fault) => return fault.into(),
        };
        trace.end();
        let rcode = word(answer.metadata.response_code);
        let lines: Vec<String> = answer.answers.iter().take(RECORDS).map(ToString::to_string).collect();
        let text = lines.join("\n");
        trace.body = text.clone().into_bytes();
        trace.sections = Some(Sections {
            answer: answer.answers.len(),
            authority: answer.authorities.len(),
            additional: answer.additionals.len(),
            serial: answer.answers.iter().find_map(|record| {
                let RData::SOA(soa) = &record.data else { return None };
                Some(soa.serial)
            }),
        });
        if !check.rcodes.contains(&rcode) {
            return Verdict::Bad(format!("answered {rcode}; {} is wanted", check.rcodes.join(" or ")));
        }
        let mut observed = trace.observed(0, millis_since(started), Timestamp::now());
        observed.rcode = Some(rcode);
        observed.answer = Some(text);
        match hold(&check.assertions, &observed) {
            Ok(()) => Verdict::Good,
            Err(why) => Verdict::Bad(why),
        }
    }

    async fn question(&self, check: &DnsCheck, trace: &mut Trace) -> Result<Message, Fault> {
        let not_one = |error: String| Fault::Address(format!("{}: {error}", check.name));
        let mut name = Name::from_utf8(&check.name).map_err(|error| not_one(error.to_string()))?;
        name.set_fqdn(true);
        let record: RecordType = check.record.parse().map_err(|_| not_one("no such record".to_owned()))?;
        let mut question = Message::query();
        question.metadata.recursion_desired = true;
        question.add_query(Query::query(name, record));
        let servers = self.servers(check, trace).await?;
        let server = *servers.first().ok_or_else(|| Fault::NoAddress(check.name.clone(), ""))?;
        if !check.tcp {
            trace.begin(Phase::Processing);
            let answer = over_udp(server, &question).await?;
            trace.connected(server.ip().to_string());
            // RFC 7766, section 5: what doesn't fit is asked for by TCP.
            if !answer.metadata.truncation {
                return Ok(answer);
            }
        }
        trace.begin(Phase::Connect);
        let stream = TcpStream::connect(server).await.map_err(|error| Fault::Connect(error.to_string()))?;
        trace.connected(server.ip().to_string());
        trace.begin(Phase::Processing);
        over_tcp(stream, &question).await
    }

    async fn servers(&self, check: &DnsCheck, trace: &mut Trace) -> Result<Vec<SocketAddr>, Fault> {
        let Some(server) = &check.server else { return own_servers().await };
        if let Ok(address) = server.parse::<SocketAddr>() {
            return self.allowed(&address.ip().to_string(), address.port(), trace).await;
        }
        let with_port = server.rsplit_once(':').filter(|(host, _)| !host.contains(':'));
        match with_port.and_then(|(host, port)| Some((host, port.parse().ok()?))) {
            Some((host, port)) => self.allowed(host, port, trace).await,
            None => self.allowed(server, 53, trace).await,
        }
    }

    async fn allowed(&self, host: &str, port: u16, trace: &mut Trace) -> Result<Vec<SocketAddr>, Fault> {
        let found = dial::resolve(host, IpVersion::Any, self.policy, trace).await?;
        Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }
}

/// The servers that the machine itself asks: whoever runs the probe has chosen them, and the policy is for what a
/// check says.
async fn own_servers() -> Result<Vec<SocketAddr>, Fault> {
    let unknown = |why: String| Fault::Address(format!("{RESOLV_CONF} names no server{why}; name one in the check"));
    let text = tokio::fs::read_to_string(RESOLV_CONF).await.map_err(|error| unknown(format!(": {error}")))?;
    let named = text.lines().filter_map(|line| line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok());
    let servers: Vec<SocketAddr> = named.map(|address| SocketAddr::new(address, 53)).collect();
    if servers.is_empty() { Err(unknown(String::new())) } else { Ok(servers) }
}

async fn over_udp(server: SocketAddr, question: &Message) -> Result<Message, Fault> {
    let cant = |error: std::io::Error| Fault::Connect(error.to_string());
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await.map_err(cant)?;
    // A connected socket hears its server alone.
    socket.connect(server).await.map_err(cant)?;
    let bytes = question.to_vec().map_err(|error| Fault::Request(error.to_string()))?;
    let mut buffer = vec![0; MESSAGE_BYTES];
    loop {
        socket.send(&bytes).await.map_err(cant)?;
        let heard = timeout(ASK_AGAIN_AFTER, async {
            loop {
                let length = socket.recv(&mut buffer).await.map_err(cant)?;
                // What is no answer to this question is somebody's guess.
                if let Ok(answer) = read(buffer.get(..length).unwrap_or_default(), question) {
                    return Ok(answer);
                }
            }
        });
        if let Ok(answer) = heard.await {
            return answer;
        }
    }
}

async fn over_tcp(mut stream: TcpStream, question: &Message) -> Result<Message, Fault> {
    let bytes = question.to_vec().map_err(|error| Fault::Request(error.to_string()))?;
    let length = u16::try_from(bytes.len()).map_err(|error| Fault::Request(error.to_string()))?;
    let said = async {
        stream.write_all(&[&length.to_be_bytes(), bytes.as_slice()].concat()).await?;
        let mut answer = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    };
    let answer = said.await.map_err(|error: std::io::Error| Fault::BrokeOff(error.to_string()))?;
    read(&answer, question)
}

/// Reads the answer to this question.
fn read(bytes: &[u8], question: &Message) -> Result<Message, Fault> {
    let answer = Message::from_vec(bytes).map_err(|error| Fault::BrokeOff(error.to_string()))?;
    let metadata = &answer.metadata;
    let is_it = metadata.id == question.metadata.id
        && metadata.message_type == MessageType::Response
        && metadata.op_code == OpCode::Query
        && (answer.queries.is_empty() || answer.queries == question.queries);
    if is_it { Ok(answer) } else { Err(Fault::BrokeOff("the answer is to another question".to_owned())) }
}

/// The response code as zone files and `dig` write it (IANA's registry of DNS RCODEs).
fn word(code: ResponseCode) -> String {
    let name = match u16::from(code) {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        6 => "YXDOMAIN",
        7 => "YXRRSET",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        other => return format!("RCODE{other}"),
    };
    name.to_owned()
}
