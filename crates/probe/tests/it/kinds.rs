//! Every sort of check, against real servers and programs on this machine.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _};

use checks::{CheckDefinition, Evidence, Outcome};
use hickory_proto::{
    op::{Message, MessageType, OpCode, ResponseCode},
    rr::{RData, Record, rdata::A},
};
use probe::{AddressPolicy, Client};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, UdpSocket},
};

use crate::server::{self, Reply, Server};

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new(AddressPolicy::default()).unwrap()
}

fn check(kind: &str, spec: Value) -> CheckDefinition {
    let spec = json!({"target": "shop", kind: spec, "interval": "30s", "timeout": "5s"});
    CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap_or_else(|problems| panic!("{problems:?}"))
}

async fn outcome(kind: &str, spec: Value) -> Outcome {
    client().run_once(&check(kind, spec)).await.outcome
}

async fn failure(kind: &str, spec: Value) -> Evidence {
    let outcome = outcome(kind, spec).await;
    let Outcome::Failed { evidence } = outcome else { panic!("it did not fail: {outcome:?}") };
    evidence
}

/// A shop that signs in with OAuth's code flow, and checks that it is done right.
async fn shop() -> Server {
    Server::start(|request| {
        let first = request.lines().next().unwrap_or_default();
        let has = |text: &str| request.to_lowercase().contains(&text.to_lowercase());
        match first {
            _ if first.contains("/authorize") && first.contains("code_challenge=") => {
                Reply::redirect(302, "/callback?code=c0de&state=s").with_header("set-cookie", "session=abc; Path=/")
            }
            _ if first.contains("/token")
                && has("code=c0de")
                && has("code_verifier=")
                && has("cookie: session=abc") =>
            {
                Reply::text(200, r#"{"access_token": "t0ken", "token_type": "Bearer"}"#)
            }
            _ if first.contains("/me") && has("authorization: bearer t0ken") && has("x-key: hunter2") => {
                Reply::text(200, r#"{"name": "robot", "items": [1, 2]}"#)
            }
            _ => Reply::text(403, "who is there? hunter2"),
        }
    })
    .await
}

fn journey(server: &Server, name: &str) -> Value {
    json!({
        "variables": {"base": server.url("")},
        "steps": [
            {"name": "authorize", "url": "${base}/authorize?code_challenge=${pkce.challenge}", "redirects": 0,
             "expect": {"status": 302}, "extract": {"code": {"header": "location", "pattern": "code=([^&]+)"}}},
            {"name": "token", "method": "POST", "url": "${base}/token", "body": "code=${code}&code_verifier=${pkce.verifier}",
             "extract": {"access": {"json": "$.access_token"}}},
            {"name": "who am I", "url": "${base}/me", "headers": {"authorization": "Bearer ${access}", "x-key": "${secret.key}"},
             "expect": {"assertions": [{"json": "$.name", "equals": name}, {"json_length": "$.items", "at_least": 2}]}},
        ],
    })
}

#[tokio::test]
async fn a_journey_signs_in_remembers_and_sends_its_cookies() {
    let server = shop().await;
    let client = client();
    client.set_secrets(BTreeMap::from([("key".to_owned(), "hunter2".to_owned())]));
    let run = client.run_once(&check("journey", journey(&server, "robot"))).await;
    assert_eq!(run.outcome, Outcome::Passed);
    let steps: Vec<_> = run.hops.iter().map(|hop| (hop.step.as_deref().unwrap(), hop.status.unwrap())).collect();
    assert_eq!(steps, [("authorize", 302), ("token", 200), ("who am I", 200)]);

    let run = client.run_once(&check("journey", journey(&server, "somebody else"))).await;
    let Outcome::Failed { evidence } = run.outcome else { panic!("{:?}", run.outcome) };
    assert_eq!(evidence.error, "step \"who am I\": $.name is \"robot\"; \"somebody else\" is wanted");
}

#[tokio::test]
async fn no_secret_is_in_the_evidence() {
    let server = shop().await;
    let client = client();
    client.set_secrets(BTreeMap::from([("key".to_owned(), "hunter2".to_owned())]));
    let spec = json!({"url": server.url("/nobody?k=${secret.key}"), "headers": {"x-key": "${secret.key}"}});
    let run = client.run_once(&check("http", spec)).await;
    let Outcome::Failed { evidence } = run.outcome else { panic!() };
    let all = format!("{evidence:?} {:?}", run.hops);
    assert!(evidence.body_excerpt.as_deref() == Some("who is there? •••"), "{all}");
    assert!(!format!("{evidence:?}").contains("hunter2"), "{evidence:?}");
    let unknown = failure("http", json!({"url": server.url("/"), "headers": {"x-key": "${secret.nobody}"}})).await;
    assert!(unknown.error.contains("secret.nobody"), "{}", unknown.error);
}

#[tokio::test]
async fn a_redirect_elsewhere_gets_no_credential() {
    let other = Server::start(|request| {
        let told = request.to_lowercase().contains("authorization");
        Reply::text(if told { 500 } else { 200 }, "")
    })
    .await;
    let away = other.url("/");
    let server = Server::start(move |_| Reply::redirect(302, &away)).await;
    let client = client();
    client.set_secrets(BTreeMap::from([("key".to_owned(), "hunter2".to_owned())]));
    let spec = json!({"url": server.url("/"), "headers": {"authorization": "Bearer ${secret.key}"}, "basic": {"user": "u", "password": "${secret.key}"}});
    assert_eq!(client.run_once(&check("http", spec)).await.outcome, Outcome::Passed);
}

/// A mail server that says hello and understands `EHLO`.
async fn mail_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            stream.write_all(b"220 mail.invalid ready\r\n").await.unwrap();
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            let answer = if line.starts_with("EHLO mail") { "250 hello\r\n" } else { "500 what?\r\n" };
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_tcp_server_is_talked_to() {
    let address = mail_server().await;
    let dialogue = json!([{"expect": "^220 ([a-z]+)", "send": "EHLO ${1}"}, {"expect": "^250 "}]);
    assert_eq!(outcome("tcp", json!({"address": address, "dialogue": dialogue})).await, Outcome::Passed);
    let spec = json!({"target": "shop", "interval": "30s", "timeout": "200ms",
        "tcp": {"address": address, "dialogue": [{"expect": "^554 "}]}});
    let waits = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    let Outcome::Failed { evidence } = client().run_once(&waits).await.outcome else { panic!() };
    assert_eq!(evidence.error, "no complete answer within 200 ms");
    assert!(evidence.body_excerpt.unwrap().starts_with("220 mail.invalid"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap().to_string();
    drop(listener);
    let failed = failure("tcp", json!({"address": closed})).await;
    assert!(failed.error.starts_with("can't connect to 127.0.0.1:"), "{}", failed.error);
}

#[tokio::test]
async fn a_private_address_is_refused_where_the_location_may_not_ask_it() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::new(AddressPolicy { private: false }).unwrap();
    for (kind, spec) in [
        ("tcp", json!({"address": "127.0.0.1:25"})),
        ("tls", json!({"address": "127.0.0.1:443"})),
        ("dns", json!({"server": "127.0.0.1", "name": "shop.example"})),
    ] {
        let run = client.run_once(&check(kind, spec)).await;
        let Outcome::Failed { evidence } = run.outcome else { panic!("{kind}") };
        assert!(evidence.error.contains("is a private address"), "{kind}: {}", evidence.error);
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_fails_unless_that_is_allowed() {
    let address = server::untrusted_tls().replace("https://", "");
    let address = address.trim_end_matches('/').to_owned();
    let failed = failure("tls", json!({"address": address})).await;
    assert!(failed.error.starts_with("TLS failed: "), "{}", failed.error);
    let allowed = json!({"address": address, "tls": {"insecure": true}, "days_left": 0});
    let run = client().run_once(&check("tls", allowed)).await;
    assert_eq!(run.outcome, Outcome::Passed);
    assert!(run.hops[0].phases.tls_us > 0, "{:?}", run.hops);
    let assertions = json!([{"of": "certificate_days", "less_than": -10_000}]);
    let judged = json!({"address": address, "tls": {"insecure": true}, "days_left": 0, "assertions": assertions});
    let seen = failure("tls", judged).await;
    assert!(seen.error.starts_with("the days until the certificate ends is \""), "{}", seen.error);
    assert_eq!(seen.certificate.unwrap().protocol, "1.3");
}

/// A name server that knows one name.
async fn name_server() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut datagram = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut datagram).await {
            let asked = Message::from_vec(&datagram[..length]).unwrap();
            let question = asked.queries[0].clone();
            let mut answer = Message::new(asked.metadata.id, MessageType::Response, OpCode::Query);
            answer.add_query(question.clone());
            if question.name().to_string().starts_with("shop.") {
                answer.add_answer(Record::from_rdata(question.name().clone(), 60, RData::A(A::new(192, 0, 2, 7))));
            } else {
                answer.metadata.response_code = ResponseCode::NXDomain;
            }
            socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_name_server_is_asked_and_its_records_are_judged() {
    let server = name_server().await;
    let ask = |name: &str, more: Value| {
        let mut spec = json!({"server": server, "name": name});
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        spec
    };
    let wanted = json!({"assertions": [{"of": "answer", "matches": "^192\\.0\\.2\\.7$"}]});
    assert_eq!(outcome("dns", ask("shop.example", wanted)).await, Outcome::Passed);
    let failed = failure("dns", ask("nobody.example", json!({}))).await;
    assert_eq!(failed.error, "answered NXDOMAIN; NOERROR is wanted");
    assert_eq!(outcome("dns", ask("nobody.example", json!({"rcodes": ["NXDOMAIN"]}))).await, Outcome::Passed);
}

#[tokio::test]
async fn a_plugin_says_how_it_is_by_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = |name: &str, script: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    plugin("check_ok", "echo \"OK: $1 is fine | load=1;2;3\"; env | grep -q HOME && exit 2; exit 0");
    plugin("check_warning", "echo 'WARNING: warm'; exit 1");
    plugin("check_critical", "echo 'CRITICAL: hot | t=99'; exit 2");
    plugin("check_forever", "sleep 600 & sleep 600");
    let client = client().with_plugins(folder.path().to_owned());
    let run = |spec: Value| {
        let client = client.clone();
        async move { client.run_once(&check("exec", spec)).await.outcome }
    };
    assert_eq!(run(json!({"command": "check_ok", "args": ["disk"]})).await, Outcome::Passed);
    let Outcome::Slow { evidence } = run(json!({"command": "check_warning"})).await else { panic!() };
    assert_eq!(evidence.error, "WARNING: warm");
    let Outcome::Failed { evidence } = run(json!({"command": "check_critical"})).await else { panic!() };
    assert_eq!((evidence.error.as_str(), evidence.status), ("CRITICAL: hot", Some(2)));
    let spec = json!({"target": "shop", "exec": {"command": "check_forever"}, "interval": "30s", "timeout": "300ms"});
    let endless = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec).unwrap();
    let Outcome::Failed { evidence } = client.run_once(&endless).await.outcome else { panic!() };
    assert_eq!(evidence.error, "no answer within 300 ms");
    assert!(!self::client().runs(&endless), "without a folder no program is run");
}
