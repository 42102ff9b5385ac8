//! What Prometheus 2.42 and Alertmanager 0.25 (Debian 12) really sent in one minute, in which one alert fired all the
//! time and another fired, was resolved and fired again. Alertmanager told its webhook, PagerDuty's Events v2 and
//! Opsgenie's API at the same time.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Log, entity, kinds, settings};
use crate::{
    Command, Event, Integration, IntegrationId, Kind, Severity, Signal,
    formats::{alertmanager, events_v2, opsgenie, prometheus},
};

/// One request on each line.
const SENT: &str = include_str!("real.jsonl");

#[derive(Deserialize)]
struct Request {
    at: kernel::Timestamp,
    to: String,
    body: String,
}

fn sent() -> impl Iterator<Item = Request> {
    SENT.lines().map(|line| serde_json::from_str(line).unwrap())
}

/// The signals of a request, if it is for an integration of this kind.
fn read(request: &Request, integration: &Integration) -> Vec<Signal> {
    let body = request.body.as_bytes();
    let batch = match (integration.settings.kind, request.to.as_str()) {
        (Kind::Prometheus, "/api/v2/alerts") => prometheus::read(body, integration, request.at).unwrap(),
        (Kind::Alertmanager, "/") => alertmanager::read(body, integration).unwrap(),
        (Kind::Opsgenie, "/v2/alerts") => return vec![opsgenie::read_create(body, integration, "fresh").unwrap()],
        (Kind::Opsgenie, path) if path.ends_with("/close?identifierType=alias") => {
            return vec![opsgenie::close(path.split('/').nth(3).unwrap())];
        }
        (Kind::EventsV2, "/v2/enqueue") => match events_v2::read(body) {
            Ok(event) => return vec![event.into_signal(integration, "fresh")],
            // The rule's severity is `page`, which PagerDuty refuses in these words.
            Err(invalid) => {
                assert!(invalid.errors[0].starts_with("'payload.severity' is invalid"), "{invalid:?}");
                return Vec::new();
            }
        },
        _ => return Vec::new(),
    };
    assert_eq!((batch.problems.len(), batch.truncated), (0, 0));
    batch.signals
}

/// Replays the minute for one integration: what happened, and what is known at its end.
fn replay(kind: Kind) -> (Log, IntegrationId, Vec<Event>) {
    let mut log = Log::new();
    log.now = sent().next().unwrap().at;
    let id = log.create(settings("main", kind)).unwrap();
    let integration = log.state.integration(id).unwrap().clone();
    let mut events = Vec::new();
    for request in sent() {
        log.now = request.at;
        events.extend(log.pass(0));
        let signals = read(&request, &integration);
        events.extend(log.give(Command::Receive { integration: id, signals }).unwrap());
    }
    (log, id, events)
}

#[test]
fn a_real_minute_of_prometheus_is_one_occurrence_of_each_firing_and_little_else() {
    let (log, id, events) = replay(Kind::Prometheus);
    assert_eq!(kinds(&events), ["triggered", "triggered", "resolved", "renewed", "triggered"]);
    assert_eq!(
        log.state.of_integration(id).map(|alert| alert.summary.as_str()).collect::<Vec<_>>(),
        ["Checkout fails for 1 of 1", "Disk of db-1:9100 is 93% full"]
    );
    let checkout = log.state.of_entity(&entity("component:checkout")).next().unwrap();
    assert_eq!((checkout.severity, checkout.labels.len()), (Severity::Critical, 4));
    assert_eq!(log.state.of_entity(&entity("component:shop")).next().unwrap().source, "db-1:9100");
}

#[test]
fn a_real_minute_of_prometheus_ends_when_prometheus_falls_silent() {
    let (mut log, _, _) = replay(Kind::Prometheus);
    let ended = log.pass(60);
    assert_eq!(kinds(&ended), ["resolved", "resolved"]);
}

#[test]
fn a_real_minute_of_alertmanager_is_the_same_story() {
    let (log, id, events) = replay(Kind::Alertmanager);
    assert_eq!(kinds(&events), ["triggered", "triggered", "resolved", "triggered"]);
    let (prometheus, direct, _) = replay(Kind::Prometheus);
    let keys = |log: &Log, id| log.state.of_integration(id).map(|alert| alert.about.key.clone()).collect::<Vec<_>>();
    // Alertmanager's fingerprints are those that are made here of what Prometheus sends.
    assert_eq!(keys(&log, id), keys(&prometheus, direct));
}

#[test]
fn a_real_minute_of_opsgenie_is_the_same_story() {
    let (log, id, events) = replay(Kind::Opsgenie);
    assert_eq!(kinds(&events), ["triggered", "triggered", "resolved", "triggered"]);
    assert_eq!(log.state.of_entity(&entity("component:checkout")).count(), 1);
    assert!(log.state.of_integration(id).all(|alert| alert.severity == Severity::Error));
}

#[test]
fn a_real_minute_of_events_v2_takes_what_pagerduty_takes() {
    let (log, id, events) = replay(Kind::EventsV2);
    assert_eq!(kinds(&events), ["triggered"]);
    let alert = log.state.of_integration(id).next().unwrap();
    assert_eq!(alert.summary, "[FIRING:1] DiskWillFill (db-1:9100 eu-1 warning)");
    assert_eq!((alert.severity, alert.source.as_str()), (Severity::Warning, "Alertmanager"));
}

/// The folder of other people's files, or `None`, said aloud.
fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let folder = std::env::var_os("MAINSTAY_CORPORA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} isn't there; set MAINSTAY_CORPORA", folder.display());
    None
}

#[test]
fn alertmanagers_api_has_no_field_of_an_alert_that_is_not_read_here() {
    let Some(folder) = corpora() else { return };
    let api = std::fs::read_to_string(folder.join("alertmanager/api/v2/openapi.yaml")).unwrap();
    let section = |name: &str| {
        let lines = api.lines().skip_while(|line| *line != format!("  {name}:")).skip(1);
        lines.take_while(|line| line.starts_with("   ")).map(str::trim).collect::<Vec<_>>()
    };
    let fields = |name: &str| {
        let properties = section(name).into_iter().skip_while(|line| *line != "properties:").skip(1);
        let names = properties.filter_map(|line| line.strip_suffix(':')).filter(|name| *name != "required");
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(fields("postableAlert"), ["startsAt", "endsAt", "annotations"]);
    assert_eq!(fields("alert"), ["labels", "generatorURL"]);
}
