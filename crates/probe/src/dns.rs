//! A question to a name server (RFC 1035), over UDP or TCP.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr as _,
};

use checks::{DnsCheck, Hop, Phases, hold};
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query},
    rr::{Name, RecordType},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UdpSocket},
    time::Instant,
};

use crate::{
    AddressPolicy,
    run::{Seen, micros, millis},
};

/// The port of name servers.
const PORT: u16 = 53;
/// The largest answer over UDP that is read.
const DATAGRAM_BYTES: usize = 4_096;

/// Asks, and judges the answer.
pub(crate) async fn ask(policy: AddressPolicy, check: &DnsCheck, seen: &mut Seen) -> Result<(), String> {
    let server = server(policy, check.server.as_deref()).await?;
    seen.url = format!("dns {} {} at {server}", check.record, check.name);
    seen.address = Some(server.to_string());
    let name = Name::from_str(&check.name).map_err(|error| format!("{} is no name: {error}", check.name))?;
    let record = RecordType::from_str(&check.record).map_err(|error| format!("{}: {error}", check.record))?;
    let mut question = Message::new(rand_id(), MessageType::Query, OpCode::Query);
    question.metadata.recursion_desired = true;
    question.add_query(Query::query(name.to_lowercase(), record));
    let asked = question.to_vec().map_err(|error| error.to_string())?;
    let sent = Instant::now();
    let answer = if check.tcp { over_tcp(server, &asked).await } else { over_udp(server, &asked).await };
    let answer = answer.map_err(|error| format!("the name server can't be asked: {error}"))?;
    let took = sent.elapsed();
    seen.connected = true;
    let answer = Message::from_vec(&answer).map_err(|error| format!("the answer is none: {error}"))?;
    let mut records: Vec<String> = answer.answers.iter().map(|record| record.data.to_string()).collect();
    records.sort();
    let rcode = word(answer.metadata.response_code.low());
    (seen.rcode, seen.answer) = (Some(rcode.clone()), Some(records.join("\n")));
    seen.body = records.join("\n").into_bytes();
    seen.hops.push(Hop {
        request: format!("{} {}", check.record, check.name),
        address: Some(server.to_string()),
        phases: Phases { processing_us: micros(took), ..Phases::default() },
        ..Hop::default()
    });
    if !check.rcodes.contains(&rcode) {
        return Err(format!("answered {rcode}; {} is wanted", check.rcodes.join(" or ")));
    }
    hold(&check.assertions, &seen.observed(millis(took)))
}

/// A response code's word (RFC 6895, section 2.3).
fn word(code: u8) -> String {
    const WORDS: [&str; 11] = [
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH",
        "NOTZONE",
    ];
    WORDS.get(usize::from(code)).map_or_else(|| format!("RCODE{code}"), |word| (*word).to_owned())
}

fn rand_id() -> u16 {
    use ring::rand::{SecureRandom as _, SystemRandom};
    let mut id = [0; 2];
    // Without randomness, an answer could be forged more easily; the run goes on.
    let _ = SystemRandom::new().fill(&mut id);
    u16::from_be_bytes(id)
}

/// The server that is asked: the one that is named, or the first of the machine's.
async fn server(policy: AddressPolicy, named: Option<&str>) -> Result<SocketAddr, String> {
    let address = match named {
        Some(named) => address(named).await?,
        None => {
            let settings = tokio::fs::read_to_string("/etc/resolv.conf").await;
            let settings = settings.map_err(|error| format!("the machine's name servers aren't known: {error}"))?;
            let first = settings.lines().find_map(|line| line.trim().strip_prefix("nameserver"));
            let first = first.and_then(|rest| rest.trim().parse::<IpAddr>().ok());
            SocketAddr::new(first.ok_or("this machine has no name server")?, PORT)
        }
    };
    match policy.refusal(address.ip()) {
        Some(why) => Err(format!("{} {why}", address.ip())),
        None => Ok(address),
    }
}

async fn address(named: &str) -> Result<SocketAddr, String> {
    if let Ok(address) = named.parse::<SocketAddr>() {
        return Ok(address);
    }
    if let Ok(address) = named.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, PORT));
    }
    let asked = if named.contains(':') { named.to_owned() } else { format!("{named}:{PORT}") };
    let mut found =
        tokio::net::lookup_host(&asked).await.map_err(|error| format!("{named} can't be resolved: {error}"))?;
    found.next().ok_or_else(|| format!("{named} has no address"))
}

async fn over_udp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let here: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(here).await?;
    socket.connect(server).await?;
    socket.send(question).await?;
    let mut answer = vec![0; DATAGRAM_BYTES];
    loop {
        let length = socket.recv(&mut answer).await?;
        // Whoever doesn't know the question's number didn't get the question.
        if answer.get(..2) == question.get(..2) {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).map_err(std::io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes()[..], question].concat()).await?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).await?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}
