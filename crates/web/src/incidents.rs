//! The incidents' screens.

pub mod act;
pub mod declare;
pub mod list;
pub mod log;
pub mod past;
pub mod people;
pub mod pictures;
pub mod runbook;
pub mod show;
pub mod undo;

pub use act::{acknowledge, change, judge, note, resolve};
pub use declare::{ask, declare};
use incidents::{Incident, Resolution};
use kernel::EntityRef;
use world::{Entry, UndoState, World};

/// The last change to be undone while the incident lasted, of those that could have caused it: what healed it, as far
/// as anybody can tell.
fn healed_by<'a>(world: &'a World, incident: &Incident) -> Option<&'a Entry> {
    let ending = incident.ended.as_ref().filter(|ending| ending.cause == Resolution::ByRecovery)?;
    let upstream = world.catalog.upstream(incident.entity());
    let concerns = |entity: &EntityRef| {
        incident.entities().any(|own| own == entity) || upstream.iter().any(|reached| reached.entity == *entity)
    };
    let undone_at = |entry: &Entry| match entry.undo {
        UndoState::Undone { at, .. } => Some(at),
        UndoState::Asked { .. } | UndoState::Standing => None,
    };
    let during = |entry: &&Entry| undone_at(entry).is_some_and(|at| at >= incident.since && at <= ending.at);
    let related = |entry: &&Entry| concerns(&entry.change.subject) || entry.change.affects.iter().any(&concerns);
    world.journal.newest_first().filter(during).filter(related).max_by_key(|entry| undone_at(entry))
}
