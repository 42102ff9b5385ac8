//! Undoing, and what must then be as it was.

use engine::{Receipt, Request};
use kernel::EventId;
use world::{Command, Event, Undo, UndoState};

use crate::{actors::person, sim::Sim};

/// What somebody may wish to undo, and in which words.
pub(crate) fn wish(sim: &mut Sim) -> Option<(Request, String)> {
    let world = sim.world();
    let reach = if sim.dice.chance(0.8) { 6 } else { 200 };
    let entries: Vec<_> = world.journal.newest_first().take(reach).collect();
    let entry = sim.dice.pick(&entries)?;
    let event = entry.recorded.stamp.event;
    let words = format!("undoes \"{}\" ({})", entry.change.summary, state(entry.undo));
    Some((person(sim, Command::Undo(Undo { event })), words))
}

fn state(undo: UndoState) -> &'static str {
    match undo {
        UndoState::Standing => "standing",
        UndoState::Asked { .. } => "asked",
        UndoState::Undone { .. } => "undone",
    }
}

/// Somebody undoes something.
pub(crate) fn act(sim: &mut Sim) {
    let Some((request, words)) = wish(sim) else { return sim.note("nothing to undo") };
    sim.note(words);
    let Command::Undo(Undo { event }) = request.command else { return };
    let answers = sim.execute(&[request]);
    if let Some(Ok(Receipt { repeated: false, .. })) = answers.first() {
        verify_undone(sim, event);
    }
}

/// What was undone is as it was before.
fn verify_undone(sim: &mut Sim, event: EventId) {
    let world = sim.world();
    let Some(entry) = world.journal.get(event) else { return };
    let is_back = match entry.recorded.event.as_ref() {
        Event::Flags(flags::Event::Turned { flag, environment, on, .. }) => {
            world.flags.flag(flag).is_some_and(|flag| flag.is_on(environment) != *on)
                && matches!(entry.undo, UndoState::Undone { .. })
        }
        Event::Catalog(catalog::Event::EntityChanged { before, .. }) => {
            world.catalog.get(&before.reference).is_some_and(|now| now.descriptor.digest == before.digest)
                && matches!(entry.undo, UndoState::Undone { .. })
        }
        Event::Catalog(catalog::Event::EntityRemoved { entity, .. }) => {
            world.catalog.get(&entity.reference).is_some_and(|now| now.descriptor.digest == entity.digest)
        }
        Event::Deploys(_) => matches!(entry.undo, UndoState::Asked { .. }),
        Event::Access(_)
        | Event::Actions(_)
        | Event::Catalog(_)
        | Event::Checks(_)
        | Event::Contracts(_)
        | Event::Effects(_)
        | Event::Flags(_)
        | Event::Incidents(_)
        | Event::Journal(_)
        | Event::Oncall(_)
        | Event::Alerts(_)
        | Event::Paging(_)
        | Event::Postmortems(_)
        | Event::Statuspage(_)
        | Event::Slo(_) => true,
    };
    if !is_back {
        sim.violation(format!("\"{}\" was undone, but is not as it was before", entry.change.summary));
    }
}
