//! What `cargo xtask bench --probe` measures with: a target, the prober at full speed, and a load for
//! `blackbox_exporter`. Each prints one line of JSON.
//!
//! The target tells of each connection that shook hands, so that both probes are counted by the same side. Neither of
//! them may resume a session: the target gives out no tickets.
#![expect(clippy::print_stdout, clippy::expect_used, reason = "a program that measures says what it finds")]

use std::{
    convert::Infallible,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use checks::{CheckDefinition, RunResult};
use http_body_util::{BodyExt as _, Empty, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use probe::{AddressPolicy, Client, Pace, Prober};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{pki_types::PrivateKeyDer, server::NoServerSessionStorage};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout_at},
};
use tokio_rustls::TlsAcceptor;

/// Nothing is counted for so long at first: a new check's first run is within five seconds.
const WARM_UP: Duration = Duration::from_secs(7);

fn main() {
    rustls::crypto::ring::default_provider().install_default().expect("no other provider");
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u32>().expect("a number");
    // Where it may run on one core it has one thread, as the binary has.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match words.as_slice() {
        ["target", authority] => runtime.block_on(target(Path::new(authority))),
        ["probe", url, checks, seconds] => runtime.block_on(probe(url, number(checks), number(seconds))),
        ["load", exporter, process, url, connections, rate, seconds] => {
            runtime.block_on(load(exporter, process, url, number(connections), number(rate), number(seconds)));
        }
        _ => println!("target AUTHORITY | probe URL CHECKS SECONDS | load EXPORTER PID URL CONNECTIONS RATE SECONDS"),
    }
}

/// Answers `https://localhost:PORT/after/50` after 50 ms, with a certificate whose authority it writes to a file. Each
/// line on its standard input is answered by the number of connections so far.
async fn target(authority: &Path) {
    let mut issuer = CertificateParams::new(Vec::new()).expect("no names");
    issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(issuer, KeyPair::generate().expect("a key")).expect("an authority");
    // ECDSA over P-256 is what rcgen makes unless told otherwise.
    let key = KeyPair::generate().expect("a key");
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name").signed_by(&key, &issuer);
    std::fs::write(authority, issuer.pem()).expect("the authority is written");
    let mut config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.expect("a certificate").der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).expect("a key"),
        )
        .expect("a certificate for its key");
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("{}", json!({"port": listener.local_addr().expect("an address").port()}));
    let shaken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&shaken);
    std::thread::spawn(move || {
        for _ in std::io::stdin().lines() {
            println!("{}", json!({"connections": counted.load(Ordering::Relaxed)}));
        }
        std::process::exit(0);
    });
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shaken) = (acceptor.clone(), Arc::clone(&shaken));
        tokio::spawn(async move {
            // What is sent is small and waits for nothing.
            let _ = stream.set_nodelay(true);
            let Ok(stream) = acceptor.accept(stream).await else { return };
            shaken.fetch_add(1, Ordering::Relaxed);
            let service = service_fn(|request: Request<Incoming>| async move {
                let after = request.uri().path().strip_prefix("/after/").and_then(|ms| ms.parse().ok());
                if let Some(ms) = after {
                    sleep(Duration::from_millis(ms)).await;
                }
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"{\"status\": \"ok\"}"))))
            });
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// What was measured.
#[derive(Default)]
struct Tally {
    good: u64,
    bad: u64,
    /// How long the good ones said that they took, in microseconds.
    reported_us: Vec<u64>,
    /// How long they said that the answer took, beside connecting.
    processing_us: Vec<u64>,
}

impl Tally {
    /// `worked` is the processor time that whoever probed used meanwhile.
    fn print(mut self, seconds: f64, worked: f64) {
        let spread = |values: &mut Vec<u64>| {
            values.sort_unstable();
            let at = |percent: usize| values.get((values.len() * percent / 100).min(values.len().saturating_sub(1)));
            [at(5), at(50), at(95)].map(|value| value.copied().unwrap_or(0))
        };
        let (reported, processing) = (spread(&mut self.reported_us), spread(&mut self.processing_us));
        let good = self.good as f64;
        println!(
            "{}",
            json!({"per_second": good / seconds, "per_cpu_second": good / worked, "bad": self.bad,
                "reported_us": reported, "processing_us": processing})
        );
    }
}

/// A process' processor time so far, in seconds: utime and stime of `proc_pid_stat(5)`, in hundredths.
fn worked(process: &str) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("the process is there");
    // The program's name may have blanks.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()).expect("a time");
    (ticks(11) + ticks(12)) / 100.0
}

/// So many checks of one address, each once a second, by the prober itself. More of them than it can run show how many
/// that is.
async fn probe(url: &str, checks: u32, seconds: u32) {
    let client = Client::new(AddressPolicy::default()).expect("a client");
    let checks = (0..checks).map(|number| {
        let assertions = json!([{"json": "$.status", "equals": "ok"}]);
        let http = json!({"url": url, "expect": {"assertions": assertions}});
        let spec = json!({"target": "shop", "interval": "1s", "timeout": "1s", "http": http});
        let name = format!("check:check-{number}").parse().expect("a name");
        Arc::new(CheckDefinition::from_spec(name, &spec).expect("a check"))
    });
    let (_definitions, watched) = watch::channel(Arc::new(checks.collect::<Vec<_>>()));
    let (sender, mut results) = mpsc::channel::<RunResult>(1_024);
    let prober = Prober::new("bench", client, Timestamp::now, Pace::DECLARED);
    tokio::spawn(prober.run(watched, sender, std::future::pending()));
    let begin = Instant::now() + WARM_UP;
    let end = begin + Duration::from_secs(seconds.into());
    let mut tally = Tally::default();
    let mut told = false;
    let mut before = None;
    while let Ok(Some(result)) = timeout_at(end, results.recv()).await {
        if Instant::now() < begin {
            continue;
        }
        before.get_or_insert_with(|| worked("self"));
        if !result.outcome.is_good() {
            tally.bad += 1;
            if !std::mem::replace(&mut told, true) {
                say_why(&result);
            }
            continue;
        }
        tally.good += 1;
        tally.reported_us.push(result.latency_ms * 1_000);
        tally.processing_us.extend(result.hops.first().map(|hop| hop.phases.processing_us));
    }
    let worked = worked("self") - before.expect("a result");
    tally.print(f64::from(seconds), worked);
}

#[expect(clippy::print_stderr, reason = "whoever measures wants to know why a run failed")]
fn say_why(result: &RunResult) {
    eprintln!("a run failed: {:?}", result.outcome);
}

/// Asks the exporter over so many connections, each time when it has answered, at `rate` a second in all at most.
async fn load(exporter: &str, process: &str, url: &str, connections: u32, rate: u32, seconds: u32) {
    let target: String = url::form_urlencoded::byte_serialize(url.as_bytes()).collect();
    let path = format!("/probe?module=bench&target={target}");
    let began = Instant::now();
    let (begin, next) = (began + WARM_UP, Arc::new(AtomicU64::new(0)));
    let end = begin + Duration::from_secs(seconds.into());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (path, next, exporter) = (path.clone(), Arc::clone(&next), exporter.to_owned());
        tasks.spawn(async move {
            let stream = TcpStream::connect(&exporter).await.expect("the exporter listens");
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
            tokio::spawn(connection);
            let mut tally = Tally::default();
            while Instant::now() < end {
                let slot = next.fetch_add(1, Ordering::Relaxed);
                sleep_until(began + Duration::from_micros(slot * 1_000_000 / u64::from(rate))).await;
                let request = Request::get(path.as_str()).header("host", exporter.as_str());
                let request = request.body(Empty::<Bytes>::new()).expect("a request");
                let answer = sender.send_request(request).await.expect("an answer").into_body();
                let text = answer.collect().await.expect("a body").to_bytes();
                let text = String::from_utf8_lossy(&text);
                let now = Instant::now();
                if now < begin || now > end {
                    continue;
                }
                let value = |name: &str| {
                    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
                    line.and_then(|value| value.parse::<f64>().ok())
                };
                let micros = |seconds: f64| Duration::from_secs_f64(seconds).as_micros() as u64;
                if value("probe_success") == Some(1.0) {
                    tally.good += 1;
                    tally.reported_us.extend(value("probe_duration_seconds").map(micros));
                    let processing = value("probe_http_duration_seconds{phase=\"processing\"}");
                    tally.processing_us.extend(processing.map(micros));
                } else {
                    tally.bad += 1;
                }
            }
            tally
        });
    }
    sleep_until(begin).await;
    let before = worked(process);
    sleep_until(end).await;
    let worked = worked(process) - before;
    let mut all = Tally::default();
    while let Some(Ok(tally)) = tasks.join_next().await {
        all.good += tally.good;
        all.bad += tally.bad;
        all.reported_us.extend(tally.reported_us);
        all.processing_us.extend(tally.processing_us);
    }
    all.print(f64::from(seconds), worked);
}
