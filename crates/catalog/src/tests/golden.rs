//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use crate::*;

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

#[test]
fn every_event_ever_written_can_be_read_and_is_written_the_same() {
    let mut seen = std::collections::BTreeSet::new();
    for line in EVENTS.lines() {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        seen.insert(event.kind());
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}
