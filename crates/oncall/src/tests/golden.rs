//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use std::collections::BTreeSet;

use crate::{Event, TurnLength, Weekday};

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

/// Asserts that every variant of an enum was written; one that is not listed does not compile.
macro_rules! assert_every_variant {
    ($written:expr, $enum:ident { $($variant:ident),+ $(,)? }) => {{
        let name = |value: &$enum| match value { $($enum::$variant { .. } => stringify!($variant),)+ };
        let names: BTreeSet<_> = $written.into_iter().map(name).collect();
        assert_eq!(names, BTreeSet::from([$(stringify!($variant)),+]));
    }};
}

fn events() -> Vec<Event> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    EVENTS.lines().map(read).collect()
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    for (event, line) in events().iter().zip(EVENTS.lines()) {
        assert_eq!(serde_json::to_string(event).unwrap(), line);
        let (area, what) = event.kind().split_once('.').unwrap();
        assert_eq!(area, "oncall");
        assert!(line.starts_with(&format!(r#"{{"type":"{what}""#)), "{what} is another kind in {line}");
    }
}

#[test]
fn every_sort_of_event_has_been_written() {
    assert_every_variant!(&events(), Event { RotationDefined, RotationRemoved, OverrideSet, OverrideCleared });
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
    assert_every_variant!(&lengths, TurnLength { Days, Weeks });
}
