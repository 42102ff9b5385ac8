//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Event, effects::Event as EffectsEvent, journal::Event as JournalEvent};

/// One line for each shape of each event of the World's own that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

/// Asserts that every variant of an enum was written; one that is not listed does not compile.
macro_rules! assert_every_variant {
    ($written:expr, $enum:ident { $($variant:ident),+ $(,)? }) => {{
        let name = |value: &$enum| match value { $($enum::$variant { .. } => stringify!($variant),)+ };
        let names: BTreeSet<_> = $written.into_iter().map(name).collect();
        assert_eq!(names, BTreeSet::from([$(stringify!($variant)),+]));
    }};
}

/// An event as the timeline has it.
#[derive(Deserialize)]
struct Line<'a> {
    kind: &'a str,
    #[serde(borrow)]
    body: &'a RawValue,
}

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    let (mut of_effects, mut of_journal) = (Vec::new(), Vec::new());
    for line in EVENTS.lines() {
        let Line { kind, body } = serde_json::from_str(line).unwrap();
        let event = Event::from_body(kind, body.get().as_bytes()).unwrap();
        assert_eq!(event.kind(), kind);
        assert_eq!(String::from_utf8(event.to_body()).unwrap(), body.get());
        if let Event::Effects(event) = event {
            of_effects.push(event);
        } else if let Event::Journal(event) = event {
            of_journal.push(event);
        }
    }
    assert_every_variant!(&of_effects, EffectsEvent { Requested, Failed, Done, GaveUp });
    assert_every_variant!(&of_journal, JournalEvent { Undone });
}
