//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use golden::assert_every_variant;

use kernel::Weekday;

use crate::{Event, TurnLength};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

fn events() -> Vec<Event> {
    golden::events(EVENTS)
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    golden::assert_written_the_same("oncall", EVENTS, Event::kind);
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(
        &events(),
        Event {
            RotationDefined,
            RotationRemoved,
            OverrideSet,
            OverrideCleared,
            SwapProposed,
            SwapAccepted,
            SwapDeclined,
            SwapReverted,
        }
    );
}

#[test]
fn every_day_and_every_sort_of_length_has_been_written() {
    let (mut days, mut lengths) = (Vec::new(), Vec::new());
    for event in events() {
        if let Event::RotationDefined { definition } = event {
            days.extend(definition.handover.weekday);
            lengths.push(definition.length);
        }
    }
    assert_every_variant!(&days, Weekday { Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday });
    assert_every_variant!(&lengths, TurnLength { Hours, Days, Weeks, Months });
}
