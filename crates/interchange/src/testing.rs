//! What somebody gets from an imported flag, as the server evaluates it.

use flags::{Definition, Event, Segment, State};
use kernel::{Actor, CommandId, EventId, Stamp, Timestamp};
use serde_json::Value;

use crate::{Imported, Severity};

const NOW: &str = "2026-11-20T00:00:00Z";

/// The variant that a context gets; `default` where that is left to the client.
#[track_caller]
pub(crate) fn served(imported: &Imported, flag: &str, environment: &str, context: &Value) -> String {
    let now: Timestamp = NOW.parse().expect("it is a time");
    let seconds = now.as_second().cast_unsigned();
    let context = flagd::Context::from_value(context, seconds).expect("it is a context");
    let flag = &definition(imported, flag).flag;
    let answer = flags::evaluate(&state(imported, now), flag, environment, &context, now).expect("it is there");
    answer.expect("it can be evaluated").variant.unwrap_or_else(|| "default".to_owned())
}

/// As if all of it had been defined.
fn state(imported: &Imported, now: Timestamp) -> State {
    let segments =
        imported.segments.iter().map(|segment| Event::SegmentDefined { segment: segment.clone(), affects: Vec::new() });
    let flags = imported.definitions.iter().map(|definition| Event::Defined { definition: definition.clone().into() });
    let mut state = State::default();
    for (position, event) in (1..).zip(segments.chain(flags)) {
        let stamp = Stamp {
            position,
            event: EventId::from_bytes([0; 16]),
            command: CommandId::from_bytes([0; 16]),
            at: now,
            actor: Actor::mainstay("import"),
            reason: None,
        };
        state.fold(&event, &stamp);
    }
    state
}

/// The import, if all of it can be declared and is then the same.
#[track_caller]
pub(crate) fn declarable(imported: Imported) -> Imported {
    for (definition, (key, spec)) in imported.definitions.iter().zip(imported.flag_specs()) {
        let declared = Definition::from_spec(definition.flag.clone(), None, &spec);
        let declared = declared.unwrap_or_else(|problems| panic!("{key}: {problems:#?} in {spec:#}"));
        assert_eq!(Definition { origin: definition.origin, ..declared }, *definition, "{key}");
    }
    for (segment, (key, spec)) in imported.segments.iter().zip(imported.segment_specs()) {
        let declared = Segment::from_spec(segment.segment.clone(), None, &spec);
        let declared = declared.unwrap_or_else(|problems| panic!("{key}: {problems:#?} in {spec:#}"));
        assert_eq!(Segment { origin: segment.origin, ..declared }, *segment, "{key}");
    }
    imported
}

#[track_caller]
pub(crate) fn definition<'a>(imported: &'a Imported, flag: &str) -> &'a Definition {
    let found = imported.definitions.iter().find(|definition| definition.key() == flag);
    found.unwrap_or_else(|| panic!("no flag {flag} in {:#?}", imported.definitions))
}

/// What did not map, one line each: `lost cart: production, strategy 1: what: why`, up to the part that is asked for.
pub(crate) fn unmapped(imported: &Imported, severity: Severity) -> Vec<String> {
    let found = imported.unmapped.iter().filter(|unmapped| unmapped.severity == severity);
    found
        .map(|unmapped| format!("{}: {}: {}", unmapped.flag.as_deref().unwrap_or("*"), unmapped.place, unmapped.what))
        .collect()
}
