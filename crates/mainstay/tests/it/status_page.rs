//! Subscribers of a status page are told by a real mail server and a real webhook, and a client of Statuspage's reads it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::harness::{PATIENCE, Server, home};

const PAGE: &str = "
apiVersion: mainstay.dev/v1alpha1
kind: StatusPage
metadata: {name: main}
spec: {title: Shop status, public: true, components: [{name: Checkout}, {name: Refunds}]}
";

/// A mail server for one machine: it takes everything, and tells each mail as it came.
fn mail_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let tell = tell.clone();
            thread::spawn(move || take(stream, &tell));
        }
    });
    (port, told)
}

fn take(mut stream: TcpStream, tell: &Sender<String>) -> Option<()> {
    stream.write_all(b"220 ready\r\n").ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    while let Some(Ok(line)) = lines.next() {
        let answer = match line.get(..4).unwrap_or(&line) {
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).ok()?;
        if answer.starts_with("354") {
            let mail: Vec<String> = lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
            stream.write_all(b"250 2.0.0 Ok: queued as 1\r\n").ok()?;
            tell.send(mail.join("\n")).ok()?;
        }
    }
    Some(())
}

/// A webhook that takes everything, and tells each request as it came.
fn webhook() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = channel();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
            while let Ok(some @ 1..) = stream.read(&mut bytes) {
                request.extend_from_slice(&bytes[..some]);
                if request.ends_with(b"}") {
                    break;
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            if tell.send(String::from_utf8_lossy(&request).into_owned()).is_err() {
                return;
            }
        }
    });
    (port, told)
}

fn ask(server: &Server, method: &str, path: &str, sort: &str, body: &str) -> String {
    let host = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {sort}\r\ncontent-length: {length}\r\nconnection: \
         close\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn post(server: &Server, path: &str, form: &str) -> String {
    ask(server, "POST", path, "application/x-www-form-urlencoded", form)
}

/// The mail without quoted-printable's soft ends of lines.
fn plain(mail: &str) -> String {
    mail.replace("=\n", "").replace("=3D", "=")
}

/// The first path under `/status/subscriptions/` in a text.
fn link(text: &str) -> String {
    let rest = text.split("/status/subscriptions/").nth(1).unwrap_or_else(|| panic!("no link in {text}"));
    let token = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).next().unwrap();
    format!("/status/subscriptions/{}", token.trim_end_matches('.'))
}

fn start(home: &Path, mail: u16) -> Server {
    fs::create_dir_all(home.join("catalog")).unwrap();
    fs::write(home.join("catalog/catalog-info.yaml"), PAGE).unwrap();
    let notify =
        format!("[notify]\nsmtp_url = \"smtp://127.0.0.1:{mail}?tls=none\"\nmail_from = \"status@shop.example\"\n");
    fs::write(home.join("mainstay.toml"), notify).unwrap();
    let settings = ["--catalog", "catalog", "--subscriber-hosts", "127.0.0.1", "--webhook-schemes", "http"];
    let server = Server::start(home, &settings);
    server.until(&["status-page", "list"], |pages| pages["items"][0]["name"] == "main");
    server
}

#[test]
fn subscribers_are_told_by_mail_and_webhook_and_end_it_by_one_click() {
    let home = home();
    let (mail_port, mails) = mail_server();
    let (hook_port, calls) = webhook();
    let server = start(home.path(), mail_port);
    let answer = post(&server, "/status/subscribe", "way=email&address=rita%40example.org");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let confirm = plain(&mails.recv_timeout(PATIENCE).unwrap());
    assert!(confirm.contains("Subject: Confirm: updates of Shop status") && !confirm.contains("List-Unsubscribe"));
    assert!(post(&server, &link(&confirm), "").starts_with("HTTP/1.1 201"));
    post(&server, "/status/subscribe", &format!("way=webhook&address=http%3A%2F%2F127.0.0.1%3A{hook_port}%2Fin"));
    let confirm = calls.recv_timeout(PATIENCE).unwrap();
    assert!(confirm.contains("webhook-signature: v1,"), "{confirm}");
    assert!(post(&server, &link(&confirm), "").starts_with("HTTP/1.1 201"));
    let publish = [
        "status-page",
        "publish",
        "--title",
        "Payments fail",
        "--text",
        "We look.",
        "--component",
        "checkout=major_outage",
    ];
    server.verb(&publish).exits(0);
    let mail = plain(&mails.recv_timeout(PATIENCE).unwrap());
    for line in [
        "Subject: [Shop status] Investigating: Payments fail",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Affects: Checkout",
    ] {
        assert!(mail.contains(line), "{line} is not in {mail}");
    }
    let call = calls.recv_timeout(PATIENCE).unwrap();
    let body: Value = serde_json::from_str(call.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["incident"]["name"], "Payments fail");
    let manage = link(mail.split("List-Unsubscribe:").nth(1).unwrap());
    assert!(post(&server, &manage, "List-Unsubscribe=One-Click").starts_with("HTTP/1.1 200"));
    let id = body["incident"]["id"].as_str().unwrap();
    let update = ["status-page", "update", &id[..13], "--status", "resolved", "--text", "It works again."];
    server.verb(&update).exits(0);
    let call = calls.recv_timeout(PATIENCE).unwrap();
    assert!(call.contains("\"status\":\"resolved\""), "{call}");
    server.until(&["timeline", "list"], |events| {
        let kinds = events.as_array().unwrap().iter().filter(|event| event["kind"] == "statuspage.delivered");
        kinds.count() == 2
    });
    assert!(mails.try_recv().is_err(), "whoever ended it hears no more");
    let everything = server.verb(&["timeline", "list", "-o", "json"]).exits(0).out;
    assert!(!everything.contains("rita") && !everything.contains(&hook_port.to_string()), "{everything}");
}

#[test]
fn an_update_reaches_everybody_although_the_server_was_killed() {
    let home = home();
    let (mail_port, mails) = mail_server();
    let server = start(home.path(), mail_port);
    for reader in ["ann", "ben", "cid"] {
        post(&server, "/status/subscribe", &format!("way=email&address={reader}%40example.org"));
        let confirm = plain(&mails.recv_timeout(PATIENCE).unwrap());
        assert!(post(&server, &link(&confirm), "").starts_with("HTTP/1.1 201"));
    }
    server.verb(&["status-page", "publish", "--title", "Slow", "--text", "We look."]).exits(0);
    server.kill();
    let server = start(home.path(), mail_port);
    let mut told = std::collections::BTreeMap::<String, String>::new();
    while told.len() < 3 {
        let mail = mails.recv_timeout(PATIENCE).unwrap();
        let field = |name: &str| mail.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        let (to, id) = (field("To: "), field("Message-ID: "));
        let before = told.insert(to, id.clone());
        assert!(before.is_none_or(|before| before == id), "a repeated mail has the same id");
    }
    server.verb(&["status-page", "show"]).exits(0).says(&["Slow", "investigating"]);
}

#[test]
fn the_verbs_announce_set_clear_and_take_back() {
    let home = home();
    let (mail_port, _) = mail_server();
    let server = start(home.path(), mail_port);
    let announce = ["status-page", "schedule", "--title", "Move", "--text", "We move.", "--from", "2d", "--to", "50h"];
    server.verb(&announce).exits(0);
    let shown = server.verb(&["status-page", "show", "--open", "-o", "json"]).exits(0).json();
    let id = shown["incidents"][0]["id"].as_str().unwrap().to_owned();
    server.verb(&["status-page", "retract", &id]).exits(0);
    server.verb(&["status-page", "restore", &id]).exits(0);
    server.verb(&["status-page", "update", &id, "--text", "x", "--status", "resolved"]).exits(65).complains(&["stage"]);
    let set =
        ["status-page", "set", "refunds", "--status", "partial_outage", "--for", "2h", "--reason", "a bank is away"];
    server.verb(&set).exits(0);
    server.verb(&["status-page", "show"]).exits(0).says(&["partial_outage  Refunds (refunds), set by hand"]);
    server.verb(&["status-page", "clear", "refunds"]).exits(0);
    server.verb(&["status-page", "show", "--page", "nothing"]).exits(65);
}
