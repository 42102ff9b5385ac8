//! The wishes, and what becomes of them.

use jiff::{SignedDuration, Timestamp};
use kernel::{Context, EntityRef, EventId, Refusal, Stamp, codes};
use serde::{Deserialize, Serialize};

use crate::{Event, Override, Roster, Rotation, State, SwapShift, swap};

/// What somebody wants changed about who is on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Have this rotation, as defined here.
    DefineRotation {
        /// What it is from now on.
        definition: Rotation,
    },
    /// Have it no more.
    RemoveRotation {
        /// The rotation.
        rotation: EntityRef,
    },
    /// Put somebody in for a while.
    SetOverride {
        /// The rotation.
        rotation: EntityRef,
        /// Who; a user.
        person: EntityRef,
        /// From then on; it may lie in the past, to set the record right.
        from: Timestamp,
        /// Until then: later than `from`, by 90 days at most.
        to: Timestamp,
    },
    /// Take an override away.
    ClearOverride {
        /// The rotation.
        rotation: EntityRef,
        /// The override, by the event that set it.
        id: EventId,
    },
    /// Ask another person to swap shifts. Each shift is named by any moment in it; neither may have begun.
    ProposeSwap {
        /// The rotation.
        rotation: EntityRef,
        /// Who asks; whoever gives the command on somebody's behalf must have made sure that they may.
        from: EntityRef,
        /// A moment in the shift that they give away.
        from_at: Timestamp,
        /// Who is asked.
        to: EntityRef,
        /// A moment in the shift that they take over.
        to_at: Timestamp,
    },
    /// Agree to a swap.
    AcceptSwap {
        /// The rotation.
        rotation: EntityRef,
        /// The proposal, by its event.
        id: EventId,
        /// Who agrees: whoever was asked.
        by: EntityRef,
    },
    /// Don't agree to a swap, or take the wish back.
    DeclineSwap {
        /// The rotation.
        rotation: EntityRef,
        /// The proposal, by its event.
        id: EventId,
        /// Who does: one of the two.
        by: EntityRef,
    },
    /// Take a swap back that was agreed to.
    RevertSwap {
        /// The rotation.
        rotation: EntityRef,
        /// The swap, by the event of the agreement.
        id: EventId,
    },
    /// Make a swap again that was taken back. It is what undoing that gives.
    RestoreSwap {
        /// The rotation.
        rotation: EntityRef,
        /// The proposal, by its event.
        proposal: EventId,
        /// The shift of whoever asked.
        from: SwapShift,
        /// The shift of whoever agreed.
        to: SwapShift,
    },
}

/// Rotations that there may be.
pub(crate) const ROTATIONS: usize = 2_000;
/// The longest override.
const LONGEST_OVERRIDE: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Decides what becomes of a command. No events: there is nothing to do.
///
/// # Errors
/// `not-found` for an unknown rotation, override or swap; `invalid` for times that are not allowed; `conflict` for shifts
/// that are not, or not any more, as a swap takes them to be; `forbidden` for somebody whom a swap doesn't ask.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::DefineRotation { definition } => define(state, definition)?,
        Command::RemoveRotation { rotation } => {
            let team = known(state, &rotation)?.rotation.team.clone();
            Some(Event::RotationRemoved { rotation, team })
        }
        Command::SetOverride { rotation, person, from, to } => {
            let roster = known(state, &rotation)?;
            allowed(&person, from, to)?;
            let same = |set: &Override| set.person == person && set.from == from && set.to == to;
            let team = roster.rotation.team.clone();
            (!roster.overrides.last().is_some_and(same)).then_some(Event::OverrideSet {
                rotation,
                team,
                person,
                from,
                to,
            })
        }
        Command::ClearOverride { rotation, id } => {
            let roster = known(state, &rotation)?;
            let Some(Override { id, person, from, to, swap }) = roster.override_set_by(id).cloned() else {
                let detail = format!("rotation {} has no override {id}", rotation.short());
                return Err(Refusal::new(&codes::NOT_FOUND, detail));
            };
            if swap.is_some() {
                return Err(Refusal::new(&codes::CONFLICT, "the override is one half of a swap")
                    .field("/id")
                    .fix("take the swap back, or set another override over it"));
            }
            let team = roster.rotation.team.clone();
            Some(Event::OverrideCleared { rotation, team, person, from, to, id })
        }
        Command::ProposeSwap { rotation, from, from_at, to, to_at } => {
            swap::propose(known(state, &rotation)?, (from, from_at), (to, to_at), context.now)?
        }
        Command::AcceptSwap { rotation, id, by } => Some(swap::accept(known(state, &rotation)?, id, &by, context.now)?),
        Command::DeclineSwap { rotation, id, by } => Some(swap::decline(known(state, &rotation)?, id, by)?),
        Command::RevertSwap { rotation, id } => Some(swap::revert(known(state, &rotation)?, id)?),
        Command::RestoreSwap { rotation, proposal, from, to } => {
            Some(swap::restore(known(state, &rotation)?, proposal, from, to)?)
        }
    };
    Ok(event.into_iter().collect())
}

/// The command that reverses `event`.
///
/// # Errors
/// `conflict` if an override or swap was taken away already, or set again; `irreversible` for a definition, which is the
/// catalog's.
pub fn undo(state: &State, event: &Event, stamp: &Stamp) -> Result<Command, Refusal> {
    match event {
        Event::OverrideSet { rotation, .. } => {
            let set = known(state, rotation)?.override_set_by(stamp.event);
            let id = set.ok_or_else(|| Refusal::new(&codes::CONFLICT, "the override is not there any more"))?.id;
            Ok(Command::ClearOverride { rotation: rotation.clone(), id })
        }
        Event::OverrideCleared { rotation, person, from, to, .. } => {
            let overrides = &known(state, rotation)?.overrides;
            if overrides.iter().any(|set| set.person == *person && set.from == *from && set.to == *to) {
                return Err(Refusal::new(&codes::CONFLICT, "the same override has been set again"));
            }
            let (rotation, person) = (rotation.clone(), person.clone());
            Ok(Command::SetOverride { rotation, person, from: *from, to: *to })
        }
        Event::SwapProposed { rotation, from, .. } => {
            let (rotation, id, by) = (rotation.clone(), stamp.event, from.person.clone());
            if known(state, &rotation)?.proposal(id).is_none() {
                return Err(Refusal::new(&codes::CONFLICT, "the swap has been answered, or its time is over"));
            }
            Ok(Command::DeclineSwap { rotation, id, by })
        }
        Event::SwapAccepted { rotation, .. } => {
            swap::halves(known(state, rotation)?, stamp.event)?;
            Ok(Command::RevertSwap { rotation: rotation.clone(), id: stamp.event })
        }
        Event::SwapDeclined { rotation, from, to, .. } => Ok(Command::ProposeSwap {
            rotation: rotation.clone(),
            from: from.person.clone(),
            from_at: from.from,
            to: to.person.clone(),
            to_at: to.from,
        }),
        Event::SwapReverted { rotation, proposal, from, to, .. } => Ok(Command::RestoreSwap {
            rotation: rotation.clone(),
            proposal: *proposal,
            from: from.clone(),
            to: to.clone(),
        }),
        Event::RotationDefined { .. } | Event::RotationRemoved { .. } => {
            Err(Refusal::new(&codes::IRREVERSIBLE, "rotations are defined by the catalog")
                .fix("change the file, and apply it"))
        }
    }
}

fn known<'a>(state: &'a State, rotation: &EntityRef) -> Result<&'a Roster, Refusal> {
    state
        .roster(rotation)
        .ok_or_else(|| Refusal::new(&codes::NOT_FOUND, format!("there is no rotation {}", rotation.short())))
}

fn define(state: &State, definition: Rotation) -> Result<Option<Event>, Refusal> {
    match state.roster(&definition.rotation) {
        Some(roster) if *roster.rotation == definition => Ok(None),
        None if state.count() >= ROTATIONS => {
            Err(Refusal::new(&codes::INVALID, format!("there are {ROTATIONS} rotations already"))
                .fix("remove one first"))
        }
        Some(_) | None => Ok(Some(Event::RotationDefined { definition })),
    }
}

pub(crate) fn allowed(person: &EntityRef, from: Timestamp, to: Timestamp) -> Result<(), Refusal> {
    if person.kind() != "user" {
        return Err(Refusal::new(&codes::INVALID, format!("{person} is not a user")).field("/person"));
    }
    if from >= to {
        return Err(Refusal::new(&codes::INVALID, "ends before it begins").field("/to").fix("give a later end"));
    }
    if to.duration_since(from) > LONGEST_OVERRIDE {
        return Err(Refusal::new(&codes::INVALID, "is longer than 90 days")
            .field("/to")
            .fix("give an earlier end, or change the rotation in the catalog"));
    }
    Ok(())
}
