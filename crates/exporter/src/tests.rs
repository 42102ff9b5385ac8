//! Asked as Prometheus asks, of servers that are really there.

use std::{net::SocketAddr, time::Duration};

use probe::{AddressPolicy, Client};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
};

use crate::Exporter;

const MODULES: &str = r#"
modules:
  http_2xx: {prober: http, timeout: 5s}
  quick: {prober: http, timeout: 200ms}
  not_followed: {prober: http, http: {follow_redirects: false, valid_status_codes: [302]}}
  body: {prober: http, http: {fail_if_body_not_matches_regexp: ['{"status":"ok"}']}}
  proxied: {prober: http, http: {proxy_url: 'http://127.0.0.1:1'}}
  authorised: {prober: http, http: {bearer_token: hunter2-hunter2, fail_if_body_not_matches_regexp: [hunter2-hunter2]}}
  v6: {prober: http, http: {ip_protocol_fallback: false}}
  tcp: {prober: tcp}
  banner: {prober: tcp, tcp: {query_response: [{expect: "^220 ", send: "EHLO x\r"}, {expect: "^250"}]}}
  wrong: {prober: tcp, tcp: {query_response: [{expect: "^nothing"}]}}
"#;

struct Stage {
    exporter: SocketAddr,
    target: SocketAddr,
    _folder: tempfile::TempDir,
}

/// What a target answers, by path.
async fn answer(mut stream: tokio::net::TcpStream) {
    let mut reader = BufReader::new(&mut stream);
    let mut head = String::new();
    while reader.read_line(&mut head).await.is_ok_and(|read| read > 2) {}
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let (status, headers, body) = match path.as_str() {
        "/moved" => ("302 Found", "Location: /\r\n".to_owned(), String::new()),
        "/around" => ("302 Found", "Location: /around\r\n".to_owned(), String::new()),
        "/broken" => ("500 Internal Server Error", String::new(), "broken".to_owned()),
        "/echo" => ("200 OK", String::new(), head.clone()),
        "/hangs" => return std::future::pending().await,
        _ => {
            let modified = "Last-Modified: Wed, 21 Oct 2015 07:28:00 GMT\r\n".to_owned();
            ("200 OK", modified, "{\"status\":\"ok\"}".to_owned())
        }
    };
    let answer =
        format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
    let _ = stream.write_all(answer.as_bytes()).await;
}

async fn serving<F: Future<Output = ()> + Send + 'static>(
    answer: impl Fn(tokio::net::TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    address
}

async fn open(policy: AddressPolicy) -> Stage {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blackbox.yml");
    std::fs::write(&path, MODULES).unwrap();
    let exporter = Exporter::open(&path, Client::new(policy).unwrap(), 0.5).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, exporter.router()).into_future());
    Stage { exporter: address, target: serving(answer).await, _folder: folder }
}

/// What is answered to a query, with the status before it.
async fn get(exporter: SocketAddr, path: &str, header: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(exporter).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{header}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

impl Stage {
    async fn get(&self, path: &str, header: &str) -> String {
        get(self.exporter, path, header).await
    }

    async fn probe(&self, module: &str, target: &str) -> String {
        self.get(&format!("/probe?module={module}&target={target}"), "").await
    }

    /// Probes a path of the target by HTTP, and finds these lines in the answer.
    async fn says(&self, module: &str, path: &str, lines: &[&str]) {
        let text = self.probe(module, &format!("http://{}{path}", self.target)).await;
        assert!(text.starts_with("HTTP/1.1 200"), "{text}");
        for line in lines {
            assert!(text.lines().any(|found| found == *line), "no {line:?} of {module} {path} in\n{text}");
        }
    }
}

#[tokio::test]
async fn what_an_http_target_answers_is_told_by_blackbox_exporters_metrics() {
    let stage = open(AddressPolicy::default()).await;
    let good = [
        "# HELP probe_success Displays whether or not the probe was a success",
        "# TYPE probe_success gauge",
        "probe_success 1",
        "probe_http_status_code 200",
        "probe_http_version 1.1",
        "probe_http_ssl 0",
        "probe_http_redirects 0",
        "probe_http_content_length 15",
        "probe_http_uncompressed_body_length 15",
        "probe_http_last_modified_timestamp_seconds 1445412480",
        "probe_failed_due_to_regex 0",
        "probe_ip_protocol 4",
        "probe_timeout_seconds 5",
        // FNV-1a of 127.0.0.1.
        "probe_ip_addr_hash 3668918509",
    ];
    stage.says("http_2xx", "/", &good).await;
    stage.says("http_2xx", "/moved", &["probe_success 1", "probe_http_redirects 1"]).await;
    stage
        .says("http_2xx", "/around", &["probe_success 0", "probe_http_redirects 11", "probe_http_status_code 302"])
        .await;
    stage.says("not_followed", "/moved", &["probe_success 1", "probe_http_redirects 1"]).await;
    stage.says("http_2xx", "/broken", &["probe_success 0", "probe_http_status_code 500"]).await;
    stage.says("body", "/", &["probe_success 1", "probe_failed_due_to_regex 0"]).await;
    stage.says("body", "/echo", &["probe_success 0", "probe_failed_due_to_regex 1"]).await;
    stage.says("body", "/broken", &["probe_success 0", "probe_failed_due_to_regex 0"]).await;
    stage.says("v6", "/", &["probe_success 0", "probe_http_status_code 0", "probe_ip_protocol 0"]).await;
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused_as_blackbox_exporter_refuses_it() {
    let stage = open(AddressPolicy::default()).await;
    let check = async |path: &str, header: &str, status: &str, words: &str| {
        let text = stage.get(path, header).await;
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")) && text.contains(words), "{path}: {text}");
    };
    check("/probe?module=none&target=x", "", "400", "Unknown module \"none\"").await;
    check("/probe", "", "400", "Target parameter is missing").await;
    check("/probe?target=x", "X-Prometheus-Scrape-Timeout-Seconds: soon\r\n", "500", "Failed to parse timeout").await;
    check("/probe?module=proxied&target=x", "", "400", "without a proxy").await;
    check("/probe?module=tcp&target=x", "", "400", "no port").await;
    check("/-/healthy", "", "200", "Healthy").await;
    check("/metrics", "", "200", "blackbox_module_unknown_total 1\n").await;
}

#[tokio::test]
async fn a_target_that_hangs_is_given_up_in_time_and_delays_no_other() {
    let stage = open(AddressPolicy::default()).await;
    let exporter = stage.exporter;
    let hangs = format!("/probe?module=http_2xx&target=http://{}/hangs", stage.target);
    let began = tokio::time::Instant::now();
    let mut hanging = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let hangs = hangs.clone();
        hanging.spawn(async move { get(exporter, &hangs, "X-Prometheus-Scrape-Timeout-Seconds: 2.5\r\n").await });
    }
    stage.says("http_2xx", "/", &["probe_success 1"]).await;
    assert!(began.elapsed() < Duration::from_secs(2), "another target was kept waiting");
    let mut refused = 0;
    for text in hanging.join_all().await {
        refused += usize::from(text.starts_with("HTTP/1.1 503"));
        assert!(text.contains("probe_success 0") || text.starts_with("HTTP/1.1 503"), "{text}");
    }
    assert_eq!(refused, 4, "of one target, sixteen probes run at once");
    stage.says("quick", "/hangs", &["probe_success 0", "probe_timeout_seconds 0.2"]).await;
}

#[tokio::test]
async fn a_dialogue_is_judged_and_a_wrong_one_is_told_apart_from_silence() {
    let stage = open(AddressPolicy::default()).await;
    let mail = serving(|mut stream| async move {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        let mut line = String::new();
        let _ = BufReader::new(&mut stream).read_line(&mut line).await;
        let answer: &[u8] = if line == "EHLO x\r\n" { b"250 hello\r\n" } else { b"500 what\r\n" };
        let _ = stream.write_all(answer).await;
    })
    .await;
    let text = stage.probe("banner", &mail.to_string()).await;
    assert!(text.contains("\nprobe_success 1\n") && text.contains("\nprobe_failed_due_to_regex 0\n"), "{text}");
    let said = serving(|mut stream| async move { drop(stream.write_all(b"hello\n").await) }).await;
    let text = stage.probe("wrong", &said.to_string()).await;
    assert!(text.contains("\nprobe_success 0\n") && text.contains("\nprobe_failed_due_to_regex 1\n"), "{text}");
    let text = stage.probe("tcp", "127.0.0.1:1").await;
    assert!(text.contains("\nprobe_success 0\n") && text.contains("\nprobe_failed_due_to_regex 0\n"), "{text}");
}

#[tokio::test]
async fn no_credential_is_in_what_is_answered_for_people() {
    let stage = open(AddressPolicy::default()).await;
    let target = format!("http://{}/echo", stage.target);
    let text = stage.get(&format!("/probe?module=authorised&target={target}&debug=true"), "").await;
    assert!(text.contains("\nprobe_success 1\n") && text.contains("Probe succeeded"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn the_policy_of_the_machine_holds_for_what_prometheus_asks() {
    let stage = open(AddressPolicy { private: false }).await;
    stage.says("http_2xx", "/", &["probe_success 0", "probe_http_status_code 0"]).await;
}

#[tokio::test]
async fn a_configuration_that_is_broken_later_leaves_the_one_before_in_use() {
    let stage = open(AddressPolicy::default()).await;
    let path = stage._folder.path().join("blackbox.yml");
    let reload = async || {
        let mut stream = tokio::net::TcpStream::connect(stage.exporter).await.unwrap();
        let request = "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    };
    std::fs::write(&path, "modules: {m: {prober: none}}").unwrap();
    assert!(reload().await.starts_with("HTTP/1.1 500"));
    stage.says("http_2xx", "/", &["probe_success 1"]).await;
    assert!(stage.get("/metrics", "").await.contains("config_last_reload_successful 0"));
    std::fs::write(&path, "modules: {other: {prober: http}}").unwrap();
    assert!(reload().await.starts_with("HTTP/1.1 200"));
    stage.says("other", "/", &["probe_success 1"]).await;
}
