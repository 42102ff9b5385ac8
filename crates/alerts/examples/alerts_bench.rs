//! Measures how fast alerts are taken in: `cargo run --release -p alerts --example alerts_bench [ALERTS]`.
//!
//! A storm: each alert is its own message and its own command, as when a data centre goes away. Then everything is told
//! again, twice: with nothing new, and when renewal is due. Then all of it ends.
#![expect(clippy::print_stdout, clippy::panic, reason = "a measurement says what it found, or fails")]

use std::time::Instant;

use alerts::{Command, Kind, Settings, Severity, State, decide, due, formats::prometheus};
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EntityRef, IdSeed, Sha256, Stamp};

struct Log {
    state: State,
    position: u64,
    now: Timestamp,
}

impl Log {
    fn give(&mut self, command: Command) -> usize {
        let context = Context::new(self.now, Actor::mainstay("bench"), IdSeed(self.position.into()));
        let events = decide(&self.state, command, &context).unwrap_or_else(|refusal| panic!("{refusal}"));
        for event in &events {
            self.position += 1;
            let (position, event_id, command) = (self.position, context.id(), context.command);
            let stamp =
                Stamp { position, event: event_id, command, at: self.now, actor: context.actor.clone(), reason: None };
            self.state.fold(event, &stamp);
        }
        events.len()
    }
}

fn body(alert: usize, now: Timestamp) -> String {
    let ends = now + SignedDuration::from_mins(4);
    format!(
        r#"[{{"labels":{{"alertname":"InstanceDown","instance":"10.0.{}.{}:9100","job":"node","severity":"critical","service":"svc-{}"}},
        "annotations":{{"summary":"Instance {alert} is down","description":"It has been down for more than 5 minutes."}},
        "startsAt":"{now}","endsAt":"{ends}","generatorURL":"http://prometheus:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1"}}]"#,
        alert / 256,
        alert % 256,
        alert % 500,
    )
}

fn main() {
    let alerts = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap_or_default();
    let mut log = Log { state: State::default(), position: 0, now };
    let entity = "component:shop".parse::<EntityRef>().unwrap_or_else(|error| panic!("{error}"));
    let settings = Settings {
        name: "storm".to_owned(),
        entity,
        kind: Kind::Prometheus,
        severity: Severity::Error,
        auto_resolve_after_s: None,
        label: Settings::default_label(),
    };
    log.give(Command::CreateIntegration { settings, key: Sha256::of(b"key") });
    for (what, minutes) in [("first told", 0), ("told again, nothing new", 1), ("told again, to be renewed", 1)] {
        log.now += SignedDuration::from_mins(minutes);
        tell(&mut log, what, alerts);
    }
    log.now += SignedDuration::from_mins(5);
    let begun = Instant::now();
    let mut events = 0;
    loop {
        let commands = due(&log.state, log.now);
        if commands.is_empty() {
            break;
        }
        events += commands.into_iter().map(|command| log.give(command)).sum::<usize>();
    }
    println!("{:30} {events:>7} events {:>8.3} s", "ended by time", begun.elapsed().as_secs_f64());
}

/// The memory that is held, in MiB; none where the system doesn't say.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib / 1_024)
}

fn tell(log: &mut Log, what: &str, alerts: usize) {
    let bodies: Vec<_> = (0..alerts).map(|alert| body(alert, log.now)).collect();
    let Some(integration) = log.state.by_key(&Sha256::of(b"key")).cloned() else { return };
    let begun = Instant::now();
    let read = |body: &String| prometheus::read(body.as_bytes(), &integration, log.now);
    let batches: Vec<_> = bodies.iter().map(|body| read(body).unwrap_or_else(|refusal| panic!("{refusal}"))).collect();
    let reading = begun.elapsed();
    let begun = Instant::now();
    let mut events = 0;
    for batch in batches {
        events += log.give(Command::Receive { integration: integration.id, signals: batch.signals });
    }
    let deciding = begun.elapsed();
    drop(bodies);
    let memory = memory().unwrap_or_default();
    println!(
        "{what:30} {events:>7} events {:>8.3} s to decide and fold, {:.3} s to read, {memory} MiB",
        deciding.as_secs_f64(),
        reading.as_secs_f64()
    );
}
