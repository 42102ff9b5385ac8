//! Incidents of the past that are like one.

use incidents::{Incident, Similar, similar};
use world::World;

use super::{healed_by, list};
use crate::{
    frame::Frame,
    views::{Moment, State},
};

/// A similar incident.
#[derive(Debug)]
pub struct PastRow {
    /// How it stands.
    pub state: State,
    /// `7: nobody can pay`.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// When it began.
    pub at: Moment,
    /// Why it is like this one, and what helped.
    pub words: String,
}

/// The incidents most like this one.
pub(crate) fn like<'a>(world: &'a World, incident: &Incident) -> Vec<Similar<'a>> {
    similar(incident, world.incidents.recent(), |event| {
        world.journal.get(event).map(|entry| entry.change.subject.clone())
    })
}

pub(super) fn rows(frame: &Frame, incident: &Incident) -> Vec<PastRow> {
    let row = |similar: Similar<'_>| {
        let other = similar.incident;
        let helped = healed_by(&frame.world, other).map(|healed| format!("undoing “{}” helped", healed.change.summary));
        let words: Vec<String> = similar.reasons.into_iter().chain(helped).collect();
        PastRow {
            state: list::state_of(other),
            name: format!("{}: {}", other.number(), other.title),
            href: frame.href(format!("/incidents/{}", other.number())),
            at: frame.ago(other.since),
            words: words.join("; "),
        }
    };
    like(&frame.world, incident).into_iter().map(row).collect()
}
