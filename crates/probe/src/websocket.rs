//! Runs of WebSocket checks (RFC 6455): the handshake, and perhaps one message and its answer.
//!
//! The phase `processing` is the handshake's, `transfer` is from there to the answer. A browser follows no redirect of a
//! WebSocket, and neither does a check.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use checks::{IpVersion, Phase, WebSocketCheck, hold, shown};
use futures::{SinkExt as _, StreamExt as _};
use http_body_util::Empty;
use hyper::{
    HeaderMap, Request, StatusCode, Uri,
    header::{self, HeaderName, HeaderValue},
    upgrade::{self, Upgraded},
};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use ring::{
    digest,
    rand::{SecureRandom as _, SystemRandom},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, Join, ReadHalf, Take, WriteHalf, join, split},
    time::Instant,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        protocol::{Role, WebSocketConfig},
    },
};
use url::Url;

use crate::{
    Client,
    exchange::{
        Fault, dial,
        http::{BODY_BYTES, USER_AGENT, beside, declared, http1_bounded, note, read},
        root_cause,
    },
    run::{Verdict, millis_since},
    trace::Trace,
    values::{NoRandom, Values},
};

/// How much is read in all until the answer is there: frames that carry nothing have a size too.
const READ_BYTES: u64 = 2 * BODY_BYTES as u64;
/// What is added to the key before it is hashed (RFC 6455, section 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A WebSocket of which so much is read.
type Socket = WebSocketStream<Join<Take<ReadHalf<TokioIo<Upgraded>>>, WriteHalf<TokioIo<Upgraded>>>>;

/// A handshake whose templates are filled.
struct Asked {
    url: Url,
    request: Request<Empty<Bytes>>,
    /// What the server must answer to the key.
    accept: String,
    /// The subprotocols that are asked for.
    protocols: Vec<String>,
}

impl Asked {
    fn fill(check: &WebSocketCheck, values: &Values<'_>) -> Result<Self, Fault> {
        let url = Url::parse(&values.fill(&check.url)?).map_err(|error| Fault::Address(error.to_string()))?;
        if !matches!(url.scheme(), "ws" | "wss") || !url.has_host() {
            return Err(Fault::Address(format!("{} is not a WebSocket's", shown(url.as_str()))));
        }
        let mut key = [0_u8; 16];
        SystemRandom::new().fill(&mut key).map_err(|_| NoRandom)?;
        let key = STANDARD.encode(key);
        let mut headers = HeaderMap::new();
        headers.insert(header::USER_AGENT, USER_AGENT);
        headers.insert(header::HOST, value(&url[url::Position::BeforeHost..url::Position::AfterPort], header::HOST)?);
        let given = declared(&check.headers, values)?;
        given.keys().for_each(|name| drop(headers.remove(name)));
        headers.extend(given);
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, value(&key, header::SEC_WEBSOCKET_KEY)?);
        let protocols = words(&headers, &header::SEC_WEBSOCKET_PROTOCOL);
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let uri = Uri::builder().path_and_query(target).build().map_err(|error| Fault::Address(error.to_string()))?;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(Self { url, request, accept: accept(&key), protocols })
    }
}

/// What a server that has read the key answers to it (RFC 6455, section 4.2.2).
fn accept(key: &str) -> String {
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{GUID}").as_bytes()))
}

fn value(text: &str, name: HeaderName) -> Result<HeaderValue, Fault> {
    HeaderValue::try_from(text).map_err(|_| Fault::Header(name.to_string()))
}

/// The words of a header whose values are lists.
fn words(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lists = headers.get_all(name).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

impl Client {
    pub(crate) async fn run_websocket(&self, check: &WebSocketCheck, trace: &mut Trace) -> Verdict {
        let (started, now) = (Instant::now(), Timestamp::now());
        trace.url.clone_from(&check.url);
        let secrets = self.secrets();
        let values = match Values::new(&secrets, now) {
            Ok(values) => values,
            Err(error) => return Fault::from(error).into(),
        };
        if let Err(fault) = self.converse(check, &values, trace).await {
            return fault.into();
        }
        trace.end();
        match hold(&check.assertions, &trace.observed(0, millis_since(started), now)) {
            Ok(()) => Verdict::Good,
            Err(why) => Verdict::Bad(why),
        }
    }

    async fn converse(&self, check: &WebSocketCheck, values: &Values<'_>, trace: &mut Trace) -> Result<(), Fault> {
        let asked = Asked::fill(check, values)?;
        let message = check.send.as_ref().map(|text| values.fill(text)).transpose()?;
        trace.hop(format!("WebSocket {}", shown(asked.url.as_str())), asked.url.as_str().to_owned());
        let host = asked.url.host_str().ok_or_else(|| Fault::Address("it has no host".to_owned()))?.to_owned();
        let port = asked.url.port_or_known_default().unwrap_or(80);
        let stream = dial::connect(&host, port, IpVersion::Any, self.policy, trace).await?;
        let mut socket = if asked.url.scheme() == "wss" {
            let stream = self.tls.handshake(stream, &host, &check.tls, &["http/1.1"], trace).await?;
            open(stream, asked, trace).await?
        } else {
            open(stream, asked, trace).await?
        };
        trace.begin(Phase::Transfer);
        if let Some(message) = message {
            socket.send(Message::text(message)).await.map_err(|error| broken(&error, &socket))?;
        }
        if check.receive {
            trace.body = receive(&mut socket).await?;
        }
        trace.end();
        // Whoever takes its leave isn't logged as a visitor that broke off; what becomes of it is not our concern.
        let _ = socket.send(Message::Close(None)).await;
        Ok(())
    }
}

/// The opening handshake (RFC 6455, section 4.1).
async fn open<S>(stream: S, asked: Asked, trace: &mut Trace) -> Result<Socket, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    trace.begin(Phase::Processing);
    note(&asked.request, trace);
    let shaken = http1_bounded().handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|error| Fault::Request(root_cause(&error)))?;
    let answer = async {
        let answer = sender.send_request(asked.request).await;
        let mut answer = answer.map_err(|error| Fault::Request(root_cause(&error)))?;
        let status = answer.status();
        if status != StatusCode::SWITCHING_PROTOCOLS {
            read(answer, trace).await?;
            return Err(Fault::Answer(not_switched(status, trace)));
        }
        trace.answered(status, answer.version(), answer.headers().clone());
        if let Some(why) = complaint(answer.headers(), &asked.accept, &asked.protocols) {
            return Err(Fault::Answer(why));
        }
        upgrade::on(&mut answer).await.map_err(|error| Fault::BrokeOff(root_cause(&error)))
    };
    let upgraded = beside(connection.with_upgrades(), answer).await?;
    let (reader, writer) = split(TokioIo::new(upgraded));
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_message_size(Some(BODY_BYTES))
        .max_frame_size(Some(BODY_BYTES));
    Ok(WebSocketStream::from_raw_socket(join(reader.take(READ_BYTES), writer), Role::Client, Some(config)).await)
}

fn not_switched(status: StatusCode, trace: &Trace) -> String {
    let location = trace.head.iter().find_map(|(_, _, headers)| headers.get(header::LOCATION)?.to_str().ok());
    let to = location.filter(|_| status.is_redirection()).map_or_else(String::new, |location| {
        let location = if location.contains("://") { shown(location) } else { location.to_owned() };
        format!(" and redirects to {location}, which a WebSocket doesn't follow")
    });
    format!("answered {}{to}; 101 (switching protocols) is wanted", status.as_u16())
}

/// In what an answer with status 101 is not the one that was asked for.
fn complaint(headers: &HeaderMap, accept: &str, protocols: &[String]) -> Option<String> {
    let has = |name, word: &str| words(headers, &name).iter().any(|known| known.eq_ignore_ascii_case(word));
    if !has(header::UPGRADE, "websocket") || !has(header::CONNECTION, "upgrade") {
        return Some("the server switches, but not to a WebSocket (its headers upgrade and connection)".to_owned());
    }
    match headers.get(header::SEC_WEBSOCKET_ACCEPT) {
        Some(theirs) if theirs.as_bytes().trim_ascii() == accept.as_bytes() => {}
        Some(_) => return Some("the server's sec-websocket-accept is not the answer to the check's key".to_owned()),
        None => return Some("the server's answer has no sec-websocket-accept".to_owned()),
    }
    if headers.contains_key(header::SEC_WEBSOCKET_EXTENSIONS) {
        return Some("the server uses an extension that was not asked for".to_owned());
    }
    match words(headers, &header::SEC_WEBSOCKET_PROTOCOL).as_slice() {
        [] if protocols.is_empty() => None,
        [] => Some(format!("the server speaks none of the subprotocols {}", protocols.join(", "))),
        [chosen] if protocols.contains(chosen) => None,
        other => Some(format!("the server chose the subprotocol {}, which was not asked for", other.join(", "))),
    }
}

/// The next message that isn't about the connection itself.
async fn receive(socket: &mut Socket) -> Result<Vec<u8>, Fault> {
    loop {
        return match socket.next().await {
            Some(Ok(Message::Text(text))) => Ok(text.as_bytes().to_vec()),
            Some(Ok(Message::Binary(bytes))) => Ok(bytes.to_vec()),
            Some(Ok(Message::Close(frame))) => {
                let why = frame.map_or_else(String::new, |frame| match frame.reason.as_str() {
                    "" => format!(" ({})", frame.code),
                    reason => format!(" ({}: {reason})", frame.code),
                });
                Err(Fault::Answer(format!("the server closed the WebSocket{why} before a message came")))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => continue,
            Some(Err(error)) => Err(broken(&error, socket)),
            None => Err(Fault::BrokeOff("the server hung up before a message came".to_owned())),
        };
    }
}

/// Why nothing more comes, or can be sent.
fn broken(error: &Error, socket: &Socket) -> Fault {
    // A reader that has read what it may looks like one whose server hung up.
    if socket.get_ref().reader().limit() == 0 {
        return Fault::Answer("the server sent more than 2 MiB, and no whole message".to_owned());
    }
    if let Error::Capacity(_) = error {
        Fault::Answer("the message is longer than 1 MiB".to_owned())
    } else if let Error::Protocol(why) = error {
        Fault::Answer(format!("the server doesn't keep to the protocol: {why}"))
    } else if let Error::Utf8(_) = error {
        Fault::Answer("the message is said to be text, and is no UTF-8".to_owned())
    } else {
        Fault::BrokeOff(root_cause(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_to_the_key_is_the_one_of_the_rfc() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn an_answer_is_looked_at_as_closely_as_a_browser_does() {
        let switched =
            [("upgrade", "WebSocket"), ("connection", "keep-alive, Upgrade"), ("sec-websocket-accept", "a=")];
        let check = |more: &[(&str, &str)], asked: &[&str], expected: Option<&str>| {
            let mut headers = HeaderMap::new();
            for (name, value) in switched.iter().chain(more) {
                headers.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
            }
            let asked: Vec<String> = asked.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(complaint(&headers, "a=", &asked).as_deref(), expected, "{more:?}");
        };
        check(&[], &[], None);
        check(&[("sec-websocket-protocol", "chat")], &["soap", "chat"], None);
        check(&[], &["chat"], Some("the server speaks none of the subprotocols chat"));
        check(
            &[("sec-websocket-protocol", "soap")],
            &["chat"],
            Some("the server chose the subprotocol soap, which was not asked for"),
        );
        check(
            &[("sec-websocket-extensions", "permessage-deflate")],
            &[],
            Some("the server uses an extension that was not asked for"),
        );
        let elsewhere = Some("the server switches, but not to a WebSocket (its headers upgrade and connection)");
        check(&[("upgrade", "h2c")], &[], elsewhere);
        check(&[("connection", "close")], &[], elsewhere);
        let other = Some("the server's sec-websocket-accept is not the answer to the check's key");
        check(&[("sec-websocket-accept", "b=")], &[], other);
    }
}
