//! What is heard of flags from those that evaluate and search.

use std::collections::BTreeMap;

use jiff::{civil::Date, tz::TimeZone};
use kernel::{EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};

use crate::{Event, Flag, State, command::existing};

/// A place in source code that names a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeReference {
    /// The file, relative to what was searched.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
}

/// One event names at most this many flags.
const NAMED_MAX: usize = 500;
/// So many sources of code can be searched.
const SOURCES_MAX: usize = 200;
/// So many places in one source are kept of each flag; more add nothing.
const PLACES_MAX: usize = 50;
const SOURCE_BYTES_MAX: usize = 200;
const PATH_BYTES_MAX: usize = 500;

pub(crate) fn see(state: &State, flag: EntityRef, component: EntityRef) -> Result<Vec<Event>, Refusal> {
    let known = existing(state, &flag)?;
    let seen = known.users().any(|user| *user == component) || known.seen_from.len() >= Flag::SEEN_FROM_MAX;
    Ok(if seen { Vec::new() } else { vec![Event::Seen { flag, component }] })
}

/// At most one event a day is about a flag.
pub(crate) fn see_evaluated(state: &State, flags: Vec<EntityRef>, day: Date) -> Vec<Event> {
    let Ok(start) = day.to_zoned(TimeZone::UTC).map(|day| day.timestamp()) else { return Vec::new() };
    let is_new = |flag: &EntityRef| {
        state.flag(flag).is_some_and(|flag| flag.evaluated.is_none_or(|evaluated| evaluated < start))
    };
    let mut new: Vec<EntityRef> = flags.into_iter().filter(is_new).collect();
    new.sort();
    new.dedup();
    new.chunks(NAMED_MAX).map(|flags| Event::Evaluated { flags: flags.to_vec(), day }).collect()
}

/// What is said of flags that don't exist is left out: a search may be older or newer than the flags.
pub(crate) fn report(
    state: &State,
    source: String,
    references: BTreeMap<EntityRef, Vec<CodeReference>>,
) -> Result<Vec<Event>, Refusal> {
    let source_is_sound = !source.trim().is_empty() && source.len() <= SOURCE_BYTES_MAX;
    if !source_is_sound {
        return Err(Refusal::new(&codes::INVALID, "a source's name has 1 to 200 bytes").field("source"));
    }
    let is_known = state.reporters().any(|(known, _)| *known == source);
    if !is_known && state.reporters().count() >= SOURCES_MAX {
        let detail = format!("{SOURCES_MAX} sources have reported, which is the bound");
        return Err(Refusal::new(&codes::INVALID, detail).field("source").fix("report under stable names"));
    }
    let known = references.into_iter().filter(|(flag, places)| state.flag(flag).is_some() && !places.is_empty());
    let references = known.map(|(flag, mut places)| {
        places.truncate(PLACES_MAX);
        for place in &mut places {
            place.path.truncate(place.path.floor_char_boundary(PATH_BYTES_MAX));
        }
        (flag, places)
    });
    Ok(vec![Event::ReferencesReported { source, references: references.collect() }])
}
