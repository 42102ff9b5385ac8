//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Cause, Event, Kind, Severity};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("alerts", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            IntegrationCreated,
            IntegrationChanged,
            KeyRenewed,
            KeyRevoked,
            IntegrationRemoved,
            Triggered,
            Updated,
            Renewed,
            Acknowledged,
            Resolved,
            ChangeReported
        }
    );
}

#[test]
fn every_kind_severity_and_cause_has_been_written() {
    let (mut kinds, mut severities, mut causes) = (Vec::new(), Vec::new(), Vec::new());
    for event in events() {
        if let Event::IntegrationCreated { settings, .. } | Event::IntegrationChanged { settings, .. } = event {
            kinds.push(settings.kind);
        } else if let Event::Triggered { content, .. } | Event::Updated { content, .. } = event {
            severities.push(content.severity);
        } else if let Event::Resolved { cause, .. } = event {
            causes.push(cause);
        }
    }
    assert_every_variant!(
        &kinds,
        Kind { EventsV2, Alertmanager, Prometheus, Grafana, Generic, Opsgenie, Github, Gitlab, Cdevents }
    );
    assert_every_variant!(&severities, Severity { Critical, Error, Warning, Info });
    assert_every_variant!(&causes, Cause { Sender, ByHand, Expired, IntegrationRemoved });
}

#[test]
fn every_event_says_in_words_what_happened_and_to_what() {
    for event in events() {
        assert!(!event.summary().is_empty() && !event.subjects().is_empty(), "{event:?}");
    }
}
