//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use crate::{Event, Outcome};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("deploys", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            DeploymentFinished,
            ConfigApplied,
            RollbackRequested,
            ConfigRestoreRequested,
            UndoAccepted,
            UndoFailed,
            Judged,
            CommitsPushed
        }
    );
}

#[test]
fn every_outcome_has_been_written() {
    let mut outcomes = Vec::new();
    for event in events() {
        if let Event::DeploymentFinished { outcome, .. } = event {
            outcomes.push(outcome);
        }
    }
    assert_every_variant!(&outcomes, Outcome { Succeeded, Failed });
}
