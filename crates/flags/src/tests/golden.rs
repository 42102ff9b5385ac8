//! Events as they were written by earlier versions. A line is never changed: what is on a timeline must stay readable.

use std::collections::BTreeSet;

use super::*;

/// One line for each shape of each event that was ever written.
const EVENTS: &str = include_str!("golden.jsonl");

#[test]
fn every_event_ever_written_can_be_read_and_what_was_read_is_written_so_that_it_can_be_read() {
    let mut seen = BTreeSet::new();
    for line in EVENTS.lines() {
        let event: Event = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        seen.insert(event.kind());
        let written = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&written).unwrap(), event);
        let is_of_before = line.contains(r#""environments":{"production":true}"#);
        assert!(is_of_before || written == line, "{written}\n{line}");
    }
    assert_eq!(seen.len(), 22, "{seen:?}");
}

#[test]
fn a_flag_of_before_variants_were_known_is_a_boolean_one() {
    let line = EVENTS.lines().next().unwrap();
    let Event::Defined { definition } = serde_json::from_str(line).unwrap() else { panic!("{line}") };
    let plain = Definition {
        origin: definition.origin,
        environments: definition.environments.clone(),
        ..Definition::boolean(flag())
    };
    assert_eq!(*definition, Definition { description: definition.description.clone(), ..plain });
    assert!(definition.environments["production"].enabled);
}
