//! What a storm does to the server: alerts in, somebody told, and the results of ten thousand checks.
//!
//! Everything goes over HTTP to the real binary, as senders and probes do it, and what was taken is looked for
//! afterwards. The processor's time is the server's own; the load beside it is this program, on the same machine.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{line, machine, megabytes, percentile, seconds, until};
use crate::{
    http::Connection,
    run::{cargo, succeed, target_directory},
    server::{Folder, Server, TOKEN},
};

/// Components, each with a person of its own who is called by a webhook.
const SERVICES: usize = 1_000;
const SENDERS: usize = 8;
/// How long it takes until each place has seen each check.
const FIRST: Duration = Duration::from_secs(31);
/// How often each screen is asked for.
const DRAWN: usize = 50;
/// Alerts of the storm: in batches as Alertmanager sends them, and one by one as clients of Events v2 do.
const BATCHED: usize = 80_000;
const BATCH: usize = 200;
const SINGLE: usize = 20_000;
const CHECKS: usize = 10_000;
const LOCATIONS: usize = 12;
const INTERVAL_S: usize = 300;
/// Results that a probe hands in at once, at most.
const RESULTS: usize = 200;
const PAUSE: Duration = Duration::from_millis(6);
const SETTLED_MAX: Duration = Duration::from_secs(180);

/// Builds, measures, prints.
pub(super) fn run() -> Result<()> {
    machine();
    succeed(&mut cargo("build --release --locked -p mainstay"))?;
    let binary = target_directory()?.join("release/mainstay");
    storm(&binary)?;
    results(&binary)?;
    machine();
    Ok(())
}

fn named(kind: &str, name: &str, annotation: &str, spec: &str) -> String {
    let annotations = match annotation {
        "" => String::new(),
        policy => format!(", annotations: {{mainstay.dev/escalation-policy: {policy}}}"),
    };
    let api = if kind == "EscalationPolicy" || kind == "Check" { "mainstay.dev" } else { "backstage.io" };
    format!("apiVersion: {api}/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}{annotations}}}\nspec: {{{spec}}}\n")
}

fn component(name: &str, policy: &str) -> String {
    named("Component", name, policy, "type: service, lifecycle: production, owner: all")
}

fn write_catalog(folder: &Path, documents: &[String]) -> Result<()> {
    fs::create_dir_all(folder)?;
    // A file has at most a thousand documents.
    for (at, part) in documents.chunks(500).enumerate() {
        let place = folder.join(format!("part-{at}"));
        fs::create_dir_all(&place)?;
        fs::write(place.join("catalog-info.yaml"), part.join("---\n"))?;
    }
    Ok(())
}

fn entities(connection: &mut Connection) -> Result<u64> {
    let answer = connection.get("/api/catalog/entities/by-query?limit=1&fields=kind")?;
    let answer: Value = serde_json::from_slice(&answer.body)?;
    Ok(answer.get("totalItems").and_then(Value::as_u64).unwrap_or(0))
}

fn ask(connection: &mut Connection, path: &str, body: &Value) -> Result<Value> {
    thread::sleep(PAUSE);
    let answer = connection.post(path, &body.to_string())?;
    ensure!(answer.status == 200, "POST {path} answers {}: {}", answer.status, String::from_utf8_lossy(&answer.body));
    Ok(serde_json::from_slice(&answer.body)?)
}

/// A sender's key.
fn integration(connection: &mut Connection, kind: &str) -> Result<String> {
    let made = ask(
        connection,
        "/api/v1/integrations",
        &json!({"name": kind, "kind": kind, "entity": "component:svc-0", "reason": "to measure"}),
    )?;
    made.get("key").and_then(Value::as_str).map(str::to_owned).context("no key was made")
}

/// What the provider was asked first, by the service that it was about.
type Heard = Arc<Mutex<HashMap<usize, Instant>>>;

/// A provider that takes every message at once.
fn provider() -> Result<(u16, Heard)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let heard = Heard::default();
    let hears = Arc::clone(&heard);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(std::result::Result::ok) {
            let hears = Arc::clone(&hears);
            // A connection ends when the server closes it.
            thread::spawn(move || drop(serve(stream, &hears)));
        }
    });
    Ok((port, heard))
}

fn serve(stream: TcpStream, heard: &Heard) -> Result<()> {
    let mut write = stream.try_clone()?;
    let mut read = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0_usize);
        loop {
            let mut line = String::new();
            if read.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse()?;
            }
            head.push_str(&line);
        }
        let now = Instant::now();
        let mut body = vec![0; length];
        read.read_exact(&mut body)?;
        let of = head.split("/in/").nth(1).and_then(|rest| rest.split([' ', '/']).next()?.parse().ok());
        if let Some(of) = of {
            heard.lock().unwrap_or_else(PoisonError::into_inner).entry(of).or_insert(now);
        }
        write.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

/// (a) and (b): a thousand alerts and how soon each is told, then a hundred thousand.
fn storm(binary: &Path) -> Result<()> {
    let folder = Folder::new("bench-paging")?;
    let (data, catalog) = (folder.path().join("data"), folder.path().join("catalog"));
    let mut documents = vec![named("Group", "all", "", "type: team, children: []")];
    for at in 0..SERVICES {
        documents.push(named("User", &format!("u-{at}"), "", "memberOf: [all]"));
        let steps = format!("steps: [{{notify: [\"user:u-{at}\"], after: 60m}}]");
        documents.push(named("EscalationPolicy", &format!("p-{at}"), "", &steps));
        documents.push(component(&format!("svc-{at}"), &format!("p-{at}")));
    }
    write_catalog(&catalog, &documents)?;
    let hosts = ["--webhook-hosts", "127.0.0.1", "--webhook-schemes", "http"];
    let server = Server::start_with(binary, &data, &catalog, &hosts)?;
    let mut connection = Connection::open(&server.address, TOKEN)?;
    let expected = documents.len() as u64;
    until(SETTLED_MAX, "the catalog is applied", || Ok(entities(&mut connection)? == expected))?;
    let (port, heard) = provider()?;
    for at in 0..SERVICES {
        let address = format!("http://127.0.0.1:{port}/in/{at}");
        let path = format!("/api/v1/people/u-{at}/contact/methods");
        ask(&mut connection, &path, &json!({"channel": "webhook", "address": address}))?;
    }
    let (events, alertmanager) =
        (integration(&mut connection, "events_v2")?, integration(&mut connection, "alertmanager")?);
    told(&server, &events, &heard)?;
    taken(&server, &mut connection, &events, &alertmanager)?;
    server.stop()
}

/// How soon somebody is told of each of a thousand alerts that come at once.
fn told(server: &Server, key: &str, heard: &Heard) -> Result<()> {
    let began = Instant::now();
    let sent: Vec<(usize, Instant)> = in_parallel(&server.address, "", (0..SERVICES).collect(), |connection, at| {
        let begun = Instant::now();
        event(connection, key, &format!("first-{at}"), *at)?;
        Ok((*at, begun))
    })?;
    let took = began.elapsed();
    until(SETTLED_MAX, "everybody is told", || {
        Ok(heard.lock().unwrap_or_else(PoisonError::into_inner).len() >= SERVICES)
    })?;
    let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut times: Vec<Duration> =
        sent.iter().filter_map(|(at, begun)| Some(heard.get(at)?.duration_since(*begun))).collect();
    times.sort_unstable();
    let at = |percent| seconds(percentile(&times, percent));
    line("1,000 alerts at once, sent within", &seconds(took), "-");
    line("alert sent to provider asked", &format!("p50 {}, p99 {}, max {}", at(50), at(99), at(100)), "p99 1 s");
    Ok(())
}

/// A hundred thousand alerts: how long, at what cost, and whether each is there.
fn taken(server: &Server, connection: &mut Connection, events: &str, alertmanager: &str) -> Result<()> {
    let used = server.processor_time();
    let began = Instant::now();
    let (address, key) = (server.address.clone(), alertmanager.to_owned());
    let batches = thread::spawn(move || {
        let batches = (0..BATCHED / BATCH).collect();
        in_parallel(&address, &key, batches, |connection, batch| {
            let alerts: Vec<Value> = (batch * BATCH..(batch + 1) * BATCH).map(firing).collect();
            let body = json!({"version": "4", "groupKey": format!("{batch}"), "status": "firing", "receiver": "mainstay",
                "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}, "externalURL": "http://am.example",
                "truncatedAlerts": 0, "alerts": alerts});
            retried(connection, "/hooks/alertmanager", &body.to_string())
        })
    });
    in_parallel(&server.address, "", (0..SINGLE).collect(), |connection, at| {
        event(connection, events, &format!("single-{at}"), at % SERVICES)
    })?;
    batches.join().map_err(|_| anyhow::anyhow!("the batches broke"))??;
    let took = began.elapsed();
    let share = used.zip(server.processor_time()).map(|(before, after)| (after - before).as_secs_f64());
    let processor = share.map_or("not known".to_owned(), |used| {
        format!("{used:.1} s, {:.0} % of a core", used / took.as_secs_f64() * 100.0)
    });
    let memory = server.memory_kb().map_or("not known".to_owned(), |kb| megabytes(kb * 1024));
    line("100,000 alerts, taken within", &seconds(took), "60 s");
    line("  processor time of the server", &processor, "-");
    line("  memory of the server", &memory, "-");
    let expected = BATCHED + SINGLE + SERVICES;
    let found = keys(connection)?;
    line("  alerts that are found by their keys", &format!("{found} of {expected}"), "all");
    ensure!(found == expected, "alerts were lost");
    Ok(())
}

fn firing(number: usize) -> Value {
    json!({"status": "firing", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph", "fingerprint": format!("{number:016x}"),
        "labels": {"alertname": "HostDown", "severity": "critical", "instance": format!("host-{number}"),
            "service": format!("svc-{}", number % SERVICES)},
        "annotations": {"summary": format!("host-{number} does not answer"), "runbook_url": "http://runbooks.example/host"}})
}

fn event(connection: &mut Connection, key: &str, dedup: &str, service: usize) -> Result<()> {
    let body = json!({"routing_key": key, "event_action": "trigger", "dedup_key": dedup, "payload": {
        "summary": format!("{dedup} is broken"), "source": "bench", "severity": "critical",
        "component": format!("svc-{service}"), "custom_details": {"service": format!("svc-{service}")}}});
    retried(connection, "/v2/enqueue", &body.to_string())
}

/// Posts as senders do: what is refused for now is sent again.
fn retried(connection: &mut Connection, path: &str, body: &str) -> Result<()> {
    for _ in 0..100 {
        let answer = connection.post(path, body)?;
        match answer.status {
            200..=204 => return Ok(()),
            429 | 503 => thread::sleep(Duration::from_millis(200)),
            status => bail!("POST {path} answers {status}: {}", String::from_utf8_lossy(&answer.body)),
        }
    }
    bail!("POST {path} was refused a hundred times")
}

/// How many different alerts are open, by asking for all.
fn keys(connection: &mut Connection) -> Result<usize> {
    let mut keys = std::collections::HashSet::new();
    let mut cursor = String::new();
    loop {
        thread::sleep(PAUSE);
        let answer = connection.get(&format!("/api/v1/alerts?limit=500{cursor}"))?;
        ensure!(answer.status == 200, "the list of alerts answers {}", answer.status);
        let answer: Value = serde_json::from_slice(&answer.body)?;
        for item in answer.get("items").and_then(Value::as_array).into_iter().flatten() {
            keys.insert(item.get("alert").and_then(Value::as_str).unwrap_or_default().to_owned());
        }
        match answer.get("next").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(keys.len()),
        }
    }
}

/// Does something for each item, over several connections.
fn in_parallel<T: Send + Sync, R: Send>(
    address: &str,
    token: &str,
    items: Vec<T>,
    act: impl Fn(&mut Connection, &T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let size = items.len().div_ceil(SENDERS).max(1);
    thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(size)
            .map(|part| {
                let act = &act;
                scope.spawn(move || {
                    let mut connection = Connection::open(address, token)?;
                    part.iter().map(|item| act(&mut connection, item)).collect::<Result<Vec<R>>>()
                })
            })
            .collect();
        let mut done = Vec::new();
        for part in parts {
            done.extend(part.join().map_err(|_| anyhow::anyhow!("a sender broke"))??);
        }
        Ok(done)
    })
}

/// (c): the results of ten thousand checks at twelve places, with screens open; then ten times as many.
fn results(binary: &Path) -> Result<()> {
    let folder = Folder::new("bench-results")?;
    let (data, catalog) = (folder.path().join("data"), folder.path().join("catalog"));
    let mut documents = vec![named("Group", "all", "", "type: team, children: []"), component("svc-0", "")];
    for at in 0..CHECKS {
        let spec = format!(
            "owner: all, target: component:svc-0, interval: {INTERVAL_S}s, timeout: 5s, http: {{url: \"http://svc-{at}.example/\"}}, \
             locations: [{}]",
            (0..LOCATIONS).map(|at| format!("place-{at}")).collect::<Vec<_>>().join(", ")
        );
        documents.push(named("Check", &format!("c-{at}"), "", &spec));
    }
    write_catalog(&catalog, &documents)?;
    let server = Server::start(binary, &data, &catalog)?;
    let mut connection = Connection::open(&server.address, TOKEN)?;
    let expected = documents.len() as u64;
    until(SETTLED_MAX, "the catalog is applied", || Ok(entities(&mut connection)? == expected))?;
    // That a check comes up is news, once; what is measured is the day after.
    rate(&server, "every check seen first", 4_000, FIRST, "-")?;
    let screens = Screens::open(&server.address)?;
    rate(&server, "400 results/s, a minute", 400, Duration::from_secs(60), "30 %")?;
    rate(&server, "4,000 results/s, a minute", 4_000, Duration::from_secs(60), "-")?;
    println!("  live screens were told {} times", screens.count());
    drawn(&mut connection, "/checks, the first of all", "/checks")?;
    drawn(&mut connection, "/checks, by location", "/checks?location=place-3")?;
    drawn(&mut connection, "one check", "/checks/default/c-4711")?;
    let memory = server.memory_kb().map_or("not known".to_owned(), |kb| megabytes(kb * 1024));
    line("  memory of the server", &memory, "-");
    server.stop()
}

/// How long a screen takes, with its way over loopback.
fn drawn(connection: &mut Connection, what: &str, path: &str) -> Result<()> {
    let mut each = (0..DRAWN)
        .map(|_| {
            let begun = Instant::now();
            connection.get(path).map(|_| begun.elapsed())
        })
        .collect::<Result<Vec<Duration>>>()?;
    each.sort_unstable();
    let [median, slowest] = [DRAWN / 2, DRAWN - 1].map(|at| each.get(at).copied().map_or_else(String::new, seconds));
    let figure = format!("p50 {median}, max {slowest}");
    line(&format!("  {what}"), &figure, "0.010 s");
    Ok(())
}

/// Hands in so many results a second, spread over the places as probes spread them.
fn rate(server: &Server, what: &str, per_second: usize, for_long: Duration, goal: &str) -> Result<()> {
    let used = server.processor_time();
    let began = Instant::now();
    let each = per_second / LOCATIONS;
    let mut slowest = Duration::ZERO;
    let handed: usize = thread::scope(|scope| -> Result<usize> {
        let places: Vec<_> = (0..LOCATIONS)
            .map(|place| {
                scope.spawn(move || -> Result<(usize, Duration)> {
                    let mut connection = Connection::open(&server.address, TOKEN)?;
                    let (mut handed, mut slowest, mut next) = (0, Duration::ZERO, began);
                    while began.elapsed() < for_long {
                        thread::sleep(next.saturating_duration_since(Instant::now()));
                        next += Duration::from_secs(1);
                        let numbers: Vec<usize> = (0..each).map(|at| (handed + at + place * 811) % CHECKS).collect();
                        for part in numbers.chunks(RESULTS) {
                            let begun = Instant::now();
                            let body = json!({"results": part.iter().map(|at| result(*at, place)).collect::<Vec<_>>()});
                            let path = format!("/api/v1/probes/place-{place}/results");
                            retried(&mut connection, &path, &body.to_string())?;
                            slowest = slowest.max(begun.elapsed());
                        }
                        handed += each;
                    }
                    Ok((handed, slowest))
                })
            })
            .collect();
        let mut all = 0;
        for place in places {
            let (handed, slow) = place.join().map_err(|_| anyhow::anyhow!("a probe broke"))??;
            (all, slowest) = (all + handed, slowest.max(slow));
        }
        Ok(all)
    })?;
    let took = began.elapsed().as_secs_f64();
    let share = used.zip(server.processor_time()).map(|(before, after)| (after - before).as_secs_f64() / took * 100.0);
    let share = share.map_or("not known".to_owned(), |share| format!("{share:.1} % of a core"));
    let figure = format!("{:.0}/s, {share}, slowest answer {}", handed as f64 / took, seconds(slowest));
    line(what, &figure, goal);
    Ok(())
}

fn result(check: usize, place: usize) -> Value {
    let at = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default().to_string();
    let streak = json!({"since": at, "runs": 50});
    json!({"check": format!("check:default/c-{check}"), "location": format!("place-{place}"), "at": at,
        "outcome": {"outcome": "passed"}, "latency_ms": 40 + check % 50, "streak": streak, "pace": streak,
        "last_good": at, "hops": [{"request": format!("GET http://svc-{check}.example/"), "address": "192.0.2.1:80",
            "status": 200, "phases": {"resolve_us": 900, "connect_us": 9000, "tls_us": 0, "processing_us": 30000, "transfer_us": 100}}]})
}

/// Pages that people have open, which look again whenever they are told.
struct Screens(mpsc::Receiver<()>);

impl Screens {
    fn open(address: &str) -> Result<Self> {
        let (tell, told) = mpsc::channel();
        for _ in 0..5 {
            let mut stream = TcpStream::connect(address)?;
            write!(
                stream,
                "GET /live HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {TOKEN}\r\nAccept: text/event-stream\r\n\r\n"
            )?;
            let (tell, address) = (tell.clone(), address.to_owned());
            thread::spawn(move || {
                let mut screen = Connection::open(&address, TOKEN).ok()?;
                for line in BufReader::new(stream).lines().map_while(std::result::Result::ok) {
                    if line.starts_with("data:") {
                        let _ = tell.send(());
                        screen.get("/checks").ok()?;
                    }
                }
                Some(())
            });
        }
        Ok(Self(told))
    }

    fn count(&self) -> usize {
        self.0.try_iter().count()
    }
}
