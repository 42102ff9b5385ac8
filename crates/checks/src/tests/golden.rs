//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{CheckKind, Event, Method, Severity};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("checks", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            Defined,
            Removed,
            Paused,
            Resumed,
            CameUp,
            Faltered,
            Steadied,
            WentDown,
            Degraded,
            Restored,
            Recovered,
            FellSilent,
            LocationFailed,
            LocationSlowed,
            LocationRecovered,
            LocationUnable,
            LocationAble,
            Beat,
            BeatAddressRenewed,
            MaintenanceSet,
            MaintenanceEnded,
            ProbeJoined,
            ProbeFellSilent,
            ProbeCameBack,
            ProbeRetired
        }
    );
}

#[test]
fn every_sort_of_definition_has_been_written() {
    let (mut kinds, mut methods, mut severities) = (Vec::new(), Vec::new(), Vec::new());
    for event in events() {
        let Event::Defined { definition } = event else { continue };
        if let CheckKind::Http(http) = &definition.kind {
            methods.push(http.method);
        }
        severities.push(definition.severity);
        kinds.push(definition.kind);
    }
    assert_every_variant!(&kinds, CheckKind { Http, Journey, Tcp, Tls, Dns, Icmp, Grpc, WebSocket, Heartbeat, Exec });
    assert_every_variant!(&methods, Method { Get, Head, Post, Put, Patch, Delete, Options });
    assert_every_variant!(&severities, Severity { Low, High, Critical });
}
