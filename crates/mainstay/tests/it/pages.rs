//! Pages outlive the server: whoever is to be told is told, under the same id, at whatever moment the process was killed;
//! and a provider that hangs delays nobody who goes elsewhere.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    harness::{PATIENCE, Server, found, home},
    webhooks::{header, send, send_as},
};

/// Jo is told first; everybody of the crowd is told of what the crowd owns.
fn write_catalog(home: &Path, crowd: usize) {
    let folder = home.join("catalog");
    fs::create_dir(&folder).unwrap();
    let named = |kind: &str, name: &str, rest: &str| {
        format!("apiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{rest}\n")
    };
    let policy = |name: &str, whom: &str| {
        format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: EscalationPolicy\nmetadata: {{name: {name}}}\nspec: {{steps: \
             [{{notify: [\"{whom}\"], after: 60m}}]}}\n"
        )
    };
    let by = |name: &str| {
        format!(", annotations: {{mainstay.dev/escalation-policy: {name}}}}}\nspec: {{type: team, children: []}}")
    };
    let mut documents = vec![
        named("Group", "money", &by("money")),
        named("Group", "crowd", &by("crowd")),
        policy("money", "user:jo"),
        policy("crowd", "group:crowd"),
        named("User", "jo", "}\nspec: {memberOf: [money], profile: {email: jo@acme.test}}"),
        named("Component", "checkout", "}\nspec: {type: service, lifecycle: production, owner: money}"),
    ];
    for number in 0..crowd {
        documents.push(named("User", &format!("u-{number}"), "}\nspec: {memberOf: [crowd]}"));
    }
    fs::write(folder.join("catalog-info.yaml"), documents.join("---\n")).unwrap();
}

const SETTINGS: [&str; 6] = ["--catalog", "catalog", "--webhook-hosts", "127.0.0.1", "--webhook-schemes", "http"];

/// A server that knows the catalog.
fn start(home: &Path) -> Server {
    let server = Server::start(home, &SETTINGS);
    server.until(&["get", "components"], |known| known.as_array().is_some_and(|known| !known.is_empty()));
    server
}

fn ask(server: &Server, method: &str, path: &str, body: &Value) -> Value {
    let (status, answer) = send(server, method, path, body);
    assert_eq!(status, 200, "{method} {path}: {answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

fn add_webhook(server: &Server, person: &str, port: u16) {
    let body = json!({"channel": "webhook", "address": format!("http://127.0.0.1:{port}/in/{person}")});
    ask(server, "POST", &format!("/api/v1/people/{person}/contact/methods"), &body);
}

fn page(server: &Server, about: &str) {
    ask(server, "POST", "/api/v1/pages", &json!({"about": about, "title": "Refunds look wrong"}));
}

/// Waits until the page's log has these words.
#[track_caller]
fn until_logged(server: &Server, number: u64, words: &str) {
    let path = format!("/api/v1/pages/{number}");
    found(&format!("{words:?} is looked for in the page's log"), || {
        ask(server, "GET", &path, &json!({}))["log"].to_string().contains(words).then_some(())
    });
}

/// Stops the process where it is: what is answered to it from now on, it never sees.
fn freeze(process: u32) {
    assert!(Command::new("kill").args(["-STOP", &process.to_string()]).status().unwrap().success());
    // The signal is sent, and each thread runs on until it takes it.
    let stopped = |stat: &str| stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 't']));
    found("it is waited for the process to stop", || {
        let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Some(()) };
        let mut stats = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("stat")));
        stats.all(|stat| stat.is_ok_and(|stat| stopped(&stat))).then_some(())
    });
}

/// What a receiver does with one request.
enum Then {
    /// It says that it took it.
    Take,
    /// It never answers.
    Hold,
    /// It says that it took it to a process that was stopped before.
    TakeFrozen,
}

/// A receiver of webhooks. Before each answer it asks what to do, so that the test knows where everybody stands.
struct Sink {
    port: u16,
    seen: Receiver<String>,
    orders: Sender<Then>,
    answered: Receiver<()>,
}

impl Sink {
    fn open(listener: TcpListener) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (tell, seen) = channel();
        let (orders, ordered) = channel::<Then>();
        let (done, answered) = channel();
        thread::spawn(move || {
            let mut held = Vec::new();
            while let Ok((mut stream, _)) = listener.accept() {
                let request = read_request(&mut stream);
                if tell.send(request).is_err() {
                    return;
                }
                match ordered.recv() {
                    Ok(Then::Take | Then::TakeFrozen) => {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        let _ = stream.flush();
                    }
                    Ok(Then::Hold) => held.push(stream),
                    Err(_) => return,
                }
                let _ = done.send(());
            }
        });
        Self { port, seen, orders, answered }
    }

    fn next(&self) -> String {
        self.seen.recv_timeout(PATIENCE).expect("a message comes")
    }

    fn then(&self, then: Then) {
        self.orders.send(then).unwrap();
        self.answered.recv_timeout(PATIENCE).unwrap();
    }
}

/// A request whose body ends with two braces.
fn read_request(stream: &mut TcpStream) -> String {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
    let mut bytes = Vec::new();
    let mut part = [0; 1 << 14];
    while let Ok(some) = stream.read(&mut part) {
        bytes.extend_from_slice(&part[..some]);
        if some == 0 || bytes.ends_with(b"}}") {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn id_of(request: &str) -> String {
    let id = header(request, "webhook-id");
    assert!(!id.is_empty(), "{request}");
    id
}

#[test]
fn a_page_goes_on_although_the_server_was_killed_before_while_and_after_it_told_somebody() {
    let home = home();
    write_catalog(home.path(), 0);
    let port = free_port();
    let server = start(home.path());
    add_webhook(&server, "jo", port);
    page(&server, "component:checkout");
    // Nobody listens yet: the page is on disk, and nothing was sent.
    until_logged(&server, 1, "failed and is tried again");
    server.kill();

    let sink = Sink::open(TcpListener::bind(("127.0.0.1", port)).unwrap());
    let server = start(home.path());
    let first = sink.next();
    server.kill();
    sink.then(Then::Hold);

    let server = start(home.path());
    let second = sink.next();
    assert_eq!(id_of(&second), id_of(&first), "whoever is told again can tell");
    freeze(server.id());
    sink.then(Then::TakeFrozen);
    // It was taken, and the server died before it knew.
    server.kill();

    let server = start(home.path());
    let third = sink.next();
    assert_eq!(id_of(&third), id_of(&first));
    sink.then(Then::Take);
    until_logged(&server, 1, "was told by webhook");
    server.kill();

    // What was recorded as sent isn't sent again, and the link still answers.
    let server = start(home.path());
    until_logged(&server, 1, "was told by webhook");
    let link = third.split("/ack/").nth(1).unwrap().split('"').next().unwrap();
    let (status, answer) = send(&server, "POST", &format!("/ack/{link}"), &json!({}));
    assert_eq!(status, 200, "{answer}");
    let page = ask(&server, "GET", "/api/v1/pages/1", &json!({}));
    assert_eq!(page["state"], "acknowledged", "{page:#}");
    assert!(sink.seen.try_recv().is_err(), "what is recorded as sent was sent again");
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// At which step of a mail a server is killed.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    /// It has named the receiver.
    Receiver,
    /// It has sent the text and the end of it.
    Text,
    /// It was told that the mail is taken, and was stopped before it could know.
    Taken,
    Nowhere,
}

/// Serves one mail up to a step, and gives what it has of it.
fn serve_mail(listener: &TcpListener, until: Step, at_step: impl FnOnce()) -> String {
    let (stream, _) = listener.accept().unwrap();
    let mut write = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream).lines();
    let (mut text, mut in_text) = (String::new(), false);
    write.write_all(b"220 ready\r\n").unwrap();
    while let Some(Ok(line)) = lines.next() {
        let ends = in_text && line == ".";
        if in_text && !ends {
            text.push_str(&line);
            text.push('\n');
            continue;
        }
        let stops = (until == Step::Receiver && line.starts_with("RCPT")) || (until == Step::Text && ends);
        if stops {
            at_step();
            return text;
        }
        if until == Step::Taken && ends {
            at_step();
            write.write_all(b"250 queued as 1\r\n").unwrap();
            return text;
        }
        in_text = line == "DATA";
        let says: &[u8] = if in_text { b"354 go on\r\n" } else { b"250 ok\r\n" };
        if write.write_all(says).is_err() || line == "QUIT" {
            return text;
        }
    }
    text
}

fn message_id(mail: &str) -> &str {
    mail.lines().find(|line| line.to_lowercase().starts_with("message-id:")).unwrap_or_else(|| panic!("{mail}"))
}

#[test]
fn a_mail_goes_out_under_the_same_id_at_whatever_step_the_server_was_killed() {
    let home = home();
    write_catalog(home.path(), 0);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let settings = format!(
        "[notify]\nsmtp_url = \"smtp://127.0.0.1:{port}?tls=none\"\nmail_from = \"Mainstay <mainstay@acme.test>\"\n"
    );
    fs::write(home.path().join("mainstay.toml"), settings).unwrap();
    let server = start(home.path());
    page(&server, "component:checkout");
    let mut running = Some(server);
    let mut mails = Vec::new();
    for step in [Step::Receiver, Step::Text, Step::Taken] {
        let server = running.take().unwrap_or_else(|| start(home.path()));
        let process = server.id();
        mails.push(serve_mail(&listener, step, || {
            if step == Step::Taken {
                freeze(process);
            }
        }));
        server.kill();
    }
    let server = start(home.path());
    mails.push(serve_mail(&listener, Step::Nowhere, || {}));
    until_logged(&server, 1, "was told by email");
    assert_eq!(mails[0], "", "killed before the text");
    for mail in &mails[1..] {
        assert_eq!(message_id(mail), message_id(&mails[1]));
        assert!(mail.contains("To: jo@acme.test") && mail.contains("Refunds look wrong"), "{mail}");
    }
}

#[test]
fn a_provider_that_hangs_delays_nobody_who_goes_elsewhere() {
    const CROWD: usize = 80;
    let home = home();
    write_catalog(home.path(), CROWD);
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging_port = hanging.local_addr().unwrap().port();
    let hangs = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&hangs);
    thread::spawn(move || {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = hanging.accept() {
            read_request(&mut stream);
            counted.fetch_add(1, Ordering::SeqCst);
            held.push(stream);
        }
    });
    let sink = Sink::open(TcpListener::bind("127.0.0.1:0").unwrap());
    let server = start(home.path());
    for number in 0..CROWD {
        add_webhook(&server, &format!("u-{number}"), hanging_port);
    }
    add_webhook(&server, "jo", sink.port);
    page(&server, "group:crowd");
    found("the crowd is told", || (hangs.load(Ordering::SeqCst) >= 16).then_some(()));
    page(&server, "component:checkout");
    let told = sink.next();
    assert_eq!(hangs.load(Ordering::SeqCst), 16, "jo waited for those that hang");
    sink.then(Then::Take);
    assert!(told.starts_with("POST /in/jo "), "{told}");
    until_logged(&server, 2, "was told by webhook");
}

/// A batch as Alertmanager sends it; each alert has a name of its own.
fn batch(of: usize, size: usize) -> Value {
    let alert = |number: usize| {
        json!({"status": "firing", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/", "fingerprint": format!("{number:016x}"),
            "labels": {"alertname": "HostDown", "severity": "critical", "instance": format!("host-{number}")},
            "annotations": {"summary": format!("host-{number} does not answer")}})
    };
    let alerts: Vec<Value> = (of * size..(of + 1) * size).map(alert).collect();
    json!({"version": "4", "groupKey": of.to_string(), "status": "firing", "receiver": "mainstay", "groupLabels": {},
        "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am.example", "truncatedAlerts": 0,
        "alerts": alerts})
}

#[test]
fn of_ten_thousand_alerts_in_a_burst_none_is_lost_although_the_server_is_killed() {
    const SIZE: usize = 250;
    const SENDERS: usize = 4;
    const BATCHES: usize = 40;
    let home = home();
    write_catalog(home.path(), 0);
    let server = start(home.path());
    let made = ask(
        &server,
        "POST",
        "/api/v1/integrations",
        &json!({"name": "storm", "kind": "alertmanager", "entity": "component:checkout"}),
    );
    let key = made["key"].as_str().unwrap();
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let server = &server;
            scope.spawn(move || {
                for of in (sender..BATCHES).step_by(SENDERS) {
                    // Some are told twice, as by a pair of servers.
                    for _ in 0..if of % 7 == 0 { 2 } else { 1 } {
                        let (status, answer) = send_as(server, key, "POST", "/hooks/alertmanager", &batch(of, SIZE));
                        assert_eq!(status, 200, "{answer}");
                    }
                }
            });
        }
    });
    server.kill();
    let server = start(home.path());
    let (mut keys, mut cursor) = (std::collections::BTreeSet::new(), String::new());
    loop {
        let listed = ask(&server, "GET", &format!("/api/v1/alerts?limit=500{cursor}"), &json!({}));
        let items = listed["items"].as_array().unwrap();
        keys.extend(items.iter().map(|item| item["summary"].as_str().unwrap().to_owned()));
        match listed["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(keys.len(), BATCHES * SIZE);
    // Full incidents of one component, not one for each alert.
    let incidents = ask(&server, "GET", "/api/v1/incidents?limit=500", &json!({}));
    assert_eq!(incidents["items"].as_array().unwrap().len(), BATCHES * SIZE / 500, "{incidents:#}");
}
