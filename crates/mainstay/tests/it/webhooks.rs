//! Webhooks outlive the server: what was to be called is called, under the same id, however often the process was killed.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::harness::{PATIENCE, Server, TOKEN, home};

/// One request over a connection of its own: the status and all that was answered.
pub(crate) fn send(server: &Server, method: &str, path: &str, body: &Value) -> (u16, String) {
    send_as(server, TOKEN, method, path, body)
}

/// The same, with this token.
pub(crate) fn send_as(server: &Server, token: &str, method: &str, path: &str, body: &Value) -> (u16, String) {
    let host = server.url.strip_prefix("http://").unwrap();
    // A body that nobody reads may cost the answer: what is left unread at the end resets the connection.
    let body = if method == "GET" { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    (status, answer)
}

fn publish_pact(server: &Server, consumer: &str, provider: &str, version: &str) {
    let pact = json!({"consumer": {"name": consumer}, "provider": {"name": provider}, "interactions": []});
    let path = format!("/pact/pacts/provider/{provider}/consumer/{consumer}/version/{version}");
    let (status, answer) = send(server, "PUT", &path, &pact);
    assert_eq!(status, 201, "{answer}");
}

/// A receiver that answers each connection in turn with these statuses, or never, and tells of each request.
fn receiver(listener: TcpListener, statuses: Vec<Option<&'static str>>) -> Receiver<String> {
    let (tell, told) = channel();
    thread::spawn(move || {
        let mut unanswered = Vec::new();
        for status in statuses {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let (mut bytes, mut read) = (vec![0; 1 << 16], 0);
            // Head and body may come apart; the body here ends with a brace.
            while let Ok(some) = stream.read(&mut bytes[read..]) {
                read += some;
                if some == 0 || bytes[..read].ends_with(b"}") {
                    break;
                }
            }
            match status {
                Some(status) => {
                    let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                }
                None => unanswered.push(stream),
            }
            if tell.send(String::from_utf8_lossy(&bytes[..read]).into_owned()).is_err() {
                return;
            }
        }
    });
    told
}

pub(crate) fn header(request: &str, name: &str) -> String {
    let line = request.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

#[test]
fn a_webhook_is_called_although_the_server_was_killed_before_and_while_it_was() {
    let home = home();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = ["--webhook-hosts", "127.0.0.1", "--webhook-schemes", "http"];
    // The first call hangs, the second is refused for now, the third arrives.
    let told = receiver(listener, vec![None, Some("500 Oops"), Some("200 OK")]);
    let server = Server::start(home.path(), &settings);
    let webhook = json!({"description": "tell CI", "events": [{"name": "contract_published"}], "request": {
        "method": "POST", "url": format!("http://127.0.0.1:{port}/hook?of=${{pactbroker.consumerName}}"),
        "headers": {"Authorization": "Bearer very-secret"}, "body": {"pact": "${pactbroker.pactUrl}"}}});
    let made = send(&server, "POST", "/pact/webhooks", &webhook);
    assert_eq!(made.0, 201, "{}", made.1);
    assert!(!made.1.contains("very-secret"), "{}", made.1);
    publish_pact(&server, "Foo", "Bar", "1");
    let first = told.recv_timeout(PATIENCE).unwrap();
    server.kill();

    let server = Server::start(home.path(), &settings);
    let again = told.recv_timeout(PATIENCE).unwrap();
    server.kill();
    // Killed after the answer, perhaps before it was recorded: it is called again, and the receiver can tell.
    let _server = Server::start(home.path(), &settings);
    let last = told.recv_timeout(PATIENCE).unwrap();
    for request in [&first, &again, &last] {
        assert!(request.starts_with("POST /hook?of=Foo "), "{request}");
        assert_eq!(header(request, "webhook-id"), header(&first, "webhook-id"), "{first}\n{request}");
    }
    assert!(!header(&first, "webhook-id").is_empty(), "{first}");
    assert_eq!(header(&last, "idempotency-key"), header(&last, "webhook-id"));
    assert_eq!(header(&last, "authorization"), "Bearer very-secret");
    assert!(header(&last, "webhook-signature").starts_with("v1,"), "{last}");
    assert!(last.contains("/pact/pacts/provider/Bar/consumer/Foo/pact-version/"), "{last}");
}
