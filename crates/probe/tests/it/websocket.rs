//! Runs against tungstenite's server, and against servers that don't keep to RFC 6455.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use checks::{CheckDefinition, Evidence, Outcome};
use futures::{SinkExt as _, StreamExt as _};
use probe::{AddressPolicy, Client, Run, Secrets};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use crate::{
    server::{Reply, Server},
    tls,
};

/// What a server does after its handshake.
#[derive(Clone, Copy)]
enum Then {
    /// Repeats what it hears, after a ping.
    Echo,
    /// Says that it goes.
    Close,
    /// Nothing more.
    Nothing,
    /// These bytes, whatever they are.
    Bytes(&'static [u8]),
    /// The same, for ever.
    Endlessly(&'static [u8]),
}

/// A server on a port of its own. `more` are lines of its answer's head.
async fn server(acceptor: Option<TlsAcceptor>, more: &'static str, then: Then) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            match acceptor.clone() {
                Some(acceptor) => drop(tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        converse(stream, more, then).await;
                    }
                })),
                None => drop(tokio::spawn(converse(stream, more, then))),
            }
        }
    });
    port
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, more: &str, then: Then) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()));
    let secret = head.contains("x-jar: hunter2");
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-seen: {secret}\r\n\
         sec-websocket-accept: {accept}\r\n{more}\r\n"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    match then {
        Then::Echo => {
            let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            while let Some(Ok(message)) = socket.next().await {
                if message.is_text() {
                    let _ = socket.send(Message::Ping("are you there".into())).await;
                    let _ = socket.send(message).await;
                }
            }
        }
        Then::Close => {
            let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
            let frame = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: 1008.into(), reason: "no".into() };
            let _ = socket.close(Some(frame)).await;
        }
        Then::Nothing => std::future::pending().await,
        Then::Bytes(bytes) => {
            let _ = stream.write_all(bytes).await;
            std::future::pending().await
        }
        Then::Endlessly(bytes) => {
            let many = bytes.repeat(1000);
            while stream.write_all(&many).await.is_ok() {}
        }
    }
}

async fn run(websocket: Value) -> Run {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let spec = json!({"target": "shop", "websocket": websocket, "interval": "10s", "timeout": "2s"});
    let definition = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    let secrets = Secrets::new(BTreeMap::from([("key".to_owned(), "hunter2".to_owned())]));
    Client::new(AddressPolicy::default()).unwrap().with_secrets(secrets).run_once(&definition).await
}

async fn failure(websocket: Value) -> Evidence {
    let run = run(websocket).await;
    let Outcome::Failed { evidence } = run.outcome else { panic!("it did not fail: {:?}", run.outcome) };
    evidence
}

fn url(port: u16) -> String {
    format!("ws://localhost:{port}/live?jar=1")
}

/// What is wrong with a server that goes on like this after its handshake.
async fn error(more: &'static str, then: Then) -> String {
    failure(json!({"url": url(server(None, more, then).await), "receive": true})).await.error
}

#[tokio::test]
async fn a_message_is_sent_and_its_answer_is_judged() {
    let port = server(None, "", Then::Echo).await;
    assert_eq!(run(json!({"url": url(port)})).await.outcome, Outcome::Passed, "the handshake alone");
    let headers = json!({"x-jar": "${secret.key}"});
    let assertions = json!([
        {"of": "status", "equals": 101}, {"header": "x-seen", "equals": true}, {"json": "$.jars", "equals": 7},
    ]);
    let asked = json!({"url": url(port), "headers": headers, "send": "{\"jars\": 7, \"by\": \"${secret.key}\"}",
                       "receive": true, "assertions": assertions});
    let passed = run(asked.clone()).await;
    assert_eq!(passed.outcome, Outcome::Passed);
    let hop = passed.hops.first().unwrap();
    assert_eq!((hop.status, hop.request.as_str()), (Some(101), format!("WebSocket {}", url(port)).as_str()));
    assert!(hop.phases.connect_us > 0 && hop.phases.processing_us > 0 && hop.phases.transfer_us > 0);
    let mut other = asked;
    other["assertions"] = json!([{"json": "$.jars", "equals": 8}]);
    let evidence = failure(other).await;
    assert_eq!(evidence.error, "$.jars is \"7\"; \"8\" is wanted");
    assert!(evidence.body_excerpt.as_ref().unwrap().contains("•••"), "the secret that came back is masked");
    assert!(evidence.request_head.as_ref().unwrap().contains("x-jar: (hidden)"));
    assert!(!serde_json::to_string(&evidence).unwrap().contains("hunter2"));
}

#[tokio::test]
async fn over_tls_the_certificate_is_judged() {
    let (acceptor, ca) = tls::acceptor(30, &["h2", "http/1.1"]);
    let port = server(Some(acceptor), "", Then::Echo).await;
    let url = format!("wss://localhost:{port}/");
    let assertions = json!([{"of": "certificate_days", "at_least": 29}, {"of": "body", "equals": "jar"}]);
    let asked = json!({"url": url, "tls": {"ca": ca}, "send": "jar", "receive": true, "assertions": assertions});
    let run = run(asked).await;
    assert_eq!(run.outcome, Outcome::Passed);
    assert!(run.hops.first().unwrap().phases.tls_us > 0);
    let evidence = failure(json!({"url": url})).await;
    assert!(evidence.error.starts_with("can't connect: invalid peer certificate"), "{}", evidence.error);
    assert_eq!(evidence.certificate.unwrap().names, ["localhost"]);
}

#[tokio::test]
async fn an_answer_that_does_not_switch_is_kept_and_no_redirect_is_followed() {
    let server = Server::start(|request| match request.split(' ').nth(1) {
        Some("/moved") => Reply::redirect(302, "/elsewhere"),
        Some("/elsewhere") => panic!("it was followed"),
        _ => Reply::text(200, "a page"),
    })
    .await;
    let evidence = failure(json!({"url": server.url("/").replace("http", "ws")})).await;
    assert_eq!(evidence.error, "answered 200; 101 (switching protocols) is wanted");
    assert_eq!((evidence.status, evidence.body_excerpt.as_deref()), (Some(200), Some("a page")));
    let evidence = failure(json!({"url": server.url("/moved").replace("http", "ws")})).await;
    let followed = "answered 302 and redirects to /elsewhere, which a WebSocket doesn't follow; 101 (switching protocols) \
                    is wanted";
    assert_eq!(evidence.error, followed);
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn a_handshake_that_answers_another_one_fails() {
    let switched = "HTTP/1.1 101 X\r\nupgrade: websocket\r\nconnection: upgrade\r\n";
    let server = Server::start(move |request| match request.split(' ').nth(1) {
        Some("/other") => Reply::unframed(&format!("{switched}sec-websocket-accept: AAAA\r\n\r\n")),
        Some("/none") => Reply::unframed(&format!("{switched}\r\n")),
        _ => Reply::unframed(&format!("{switched}{}", "x-y: z\r\n".repeat(100_000))),
    })
    .await;
    let of = async |path: &str| failure(json!({"url": server.url(path).replace("http", "ws")})).await.error;
    assert_eq!(of("/other").await, "the server's sec-websocket-accept is not the answer to the check's key");
    assert_eq!(of("/none").await, "the server's answer has no sec-websocket-accept");
    assert!(of("/endless").await.starts_with("the request failed"), "an endless head is bounded");
    let chosen = error("sec-websocket-protocol: soap\r\n", Then::Nothing).await;
    assert_eq!(chosen, "the server chose the subprotocol soap, which was not asked for");
}

#[tokio::test]
async fn a_subprotocol_that_is_asked_for_must_be_chosen() {
    let headers = json!({"sec-websocket-protocol": "chat, soap"});
    let port = server(None, "sec-websocket-protocol: soap\r\n", Then::Nothing).await;
    assert_eq!(run(json!({"url": url(port), "headers": headers})).await.outcome, Outcome::Passed);
    let port = server(None, "", Then::Nothing).await;
    let evidence = failure(json!({"url": url(port), "headers": headers})).await;
    assert_eq!(evidence.error, "the server speaks none of the subprotocols chat, soap");
}

#[tokio::test]
async fn what_is_no_message_is_said_to_be_none() {
    assert_eq!(error("", Then::Close).await, "the server closed the WebSocket (1008: no) before a message came");
    assert_eq!(error("", Then::Nothing).await, "no complete answer within 2000 ms");
    assert!(error("", Then::Bytes(b"\xff\0")).await.starts_with("the server doesn't keep to the protocol"));
    let masked = Then::Bytes(b"\x81\x81\0\0\0\0a");
    assert!(error("", masked).await.starts_with("the server doesn't keep to the protocol"));
    let no_text = Then::Bytes(b"\x81\x02\xff\xfe");
    assert_eq!(error("", no_text).await, "the message is said to be text, and is no UTF-8");
}

#[tokio::test]
async fn endless_and_huge_messages_are_bounded() {
    // A frame of an exabyte; fragments of nothing; pings.
    let huge = Then::Bytes(b"\x82\x7f\x0f\0\0\0\0\0\0\0abc");
    assert_eq!(error("", huge).await, "the message is longer than 1 MiB");
    let began = std::time::Instant::now();
    for endless in [Then::Endlessly(b"\0\0"), Then::Endlessly(b"\x89\x02hi")] {
        let error = error("", endless).await;
        let bounded = ["the server sent more than 2 MiB, and no whole message", "no complete answer within 2000 ms"];
        assert!(bounded.contains(&error.as_str()) || error.contains("protocol"), "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(6));
}

#[tokio::test]
async fn the_policy_is_kept_to() {
    let evidence = failure(json!({"url": "ws://169.254.169.254/"})).await;
    assert_eq!(evidence.error, "169.254.169.254 is a link-local or metadata address, which is never asked");
}
