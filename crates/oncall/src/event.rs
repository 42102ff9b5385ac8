//! The facts: rotations as defined, and who was put in for whom.

use jiff::Timestamp;
use kernel::{EntityRef, EventId};
use serde::{Deserialize, Serialize};

use crate::Rotation;

/// Something that changed who is on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A rotation was defined, or its definition was changed.
    RotationDefined {
        /// What it is from now on.
        definition: Rotation,
    },
    /// A rotation was removed, and its overrides with it.
    RotationRemoved {
        /// The rotation.
        rotation: EntityRef,
        /// Whose it was.
        team: EntityRef,
    },
    /// Somebody was put in for a while. The override is known by this event's id.
    OverrideSet {
        /// The rotation.
        rotation: EntityRef,
        /// Whose it is.
        team: EntityRef,
        /// Who is on call instead of whoever's turn it is.
        person: EntityRef,
        /// From then on.
        from: Timestamp,
        /// Until then.
        to: Timestamp,
    },
    /// An override was taken away.
    OverrideCleared {
        /// The rotation.
        rotation: EntityRef,
        /// Whose it is.
        team: EntityRef,
        /// Who had been put in.
        person: EntityRef,
        /// From then on.
        from: Timestamp,
        /// Until then.
        to: Timestamp,
        /// The override, by the event that set it.
        id: EventId,
    },
    /// Somebody asked another to swap shifts. The proposal is known by this event's id.
    SwapProposed {
        /// The rotation.
        rotation: EntityRef,
        /// Whose it is.
        team: EntityRef,
        /// The shift of whoever asks.
        from: SwapShift,
        /// The shift that is asked for, of whoever answers.
        to: SwapShift,
    },
    /// The other agreed, and both are put in for one another. The two overrides are known by this event's id.
    SwapAccepted {
        /// The rotation.
        rotation: EntityRef,
        /// Whose it is.
        team: EntityRef,
        /// The proposal, by its event.
        proposal: EventId,
        /// The shift of whoever asked.
        from: SwapShift,
        /// The shift of whoever agreed.
        to: SwapShift,
    },
    /// The other didn't agree, or whoever asked took it back.
    SwapDeclined {
        /// The rotation.
        rotation: EntityRef,
        /// Whose it is.
        team: EntityRef,
        /// The proposal, by its event.
        proposal: EventId,
        /// Which of the two.
        by: EntityRef,
        /// The shift of whoever asked.
        from: SwapShift,
        /// The shift that was asked for.
        to: SwapShift,
    },
    /// A swap that had been agreed to was taken back: both have their own shifts again.
    SwapReverted {
        /// The rotation.
        rotation: EntityRef,
        /// Whose it is.
        team: EntityRef,
        /// The swap, by the event of the agreement.
        id: EventId,
        /// The proposal, by its event.
        proposal: EventId,
        /// The shift of whoever had asked.
        from: SwapShift,
        /// The shift of whoever had agreed.
        to: SwapShift,
    },
}

/// One person's side of a swap: a turn, or what overrides leave of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwapShift {
    /// Who is on call in it before the swap.
    pub person: EntityRef,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RotationDefined { .. } => "oncall.rotation_defined",
            Self::RotationRemoved { .. } => "oncall.rotation_removed",
            Self::OverrideSet { .. } => "oncall.override_set",
            Self::OverrideCleared { .. } => "oncall.override_cleared",
            Self::SwapProposed { .. } => "oncall.swap_proposed",
            Self::SwapAccepted { .. } => "oncall.swap_accepted",
            Self::SwapDeclined { .. } => "oncall.swap_declined",
            Self::SwapReverted { .. } => "oncall.swap_reverted",
        }
    }

    /// What the event is about: the rotation, its team, then the people.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::RotationDefined { definition } => {
                [&definition.rotation, &definition.team].into_iter().chain(&definition.people).cloned().collect()
            }
            Self::RotationRemoved { rotation, team } => vec![rotation.clone(), team.clone()],
            Self::OverrideSet { rotation, team, person, .. } | Self::OverrideCleared { rotation, team, person, .. } => {
                vec![rotation.clone(), team.clone(), person.clone()]
            }
            Self::SwapProposed { rotation, team, from, to }
            | Self::SwapAccepted { rotation, team, from, to, .. }
            | Self::SwapDeclined { rotation, team, from, to, .. }
            | Self::SwapReverted { rotation, team, from, to, .. } => {
                vec![rotation.clone(), team.clone(), from.person.clone(), to.person.clone()]
            }
        }
    }

    /// One plain sentence without the actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::RotationDefined { definition } => format!(
                "defined rotation {} of {}: {}",
                definition.rotation.short(),
                definition.team.short(),
                definition.in_words()
            ),
            Self::RotationRemoved { rotation, team } => {
                format!("removed rotation {} of {}", rotation.short(), team.short())
            }
            Self::OverrideSet { rotation, person, from, to, .. } => {
                format!("put {} on call in {} from {from} to {to}", person.short(), rotation.short())
            }
            Self::OverrideCleared { rotation, person, from, to, .. } => {
                format!("took {} off call in {} from {from} to {to}", person.short(), rotation.short())
            }
            Self::SwapProposed { rotation, from, to, .. } => {
                format!("asked {} to swap shifts in {}: {}", to.person.short(), rotation.short(), both(from, to))
            }
            Self::SwapAccepted { rotation, from, to, .. } => {
                format!("agreed to swap shifts in {}: {}", rotation.short(), both(from, to))
            }
            Self::SwapDeclined { rotation, by, from, to, .. } => {
                let what = if *by == from.person { "took back the wish" } else { "declined" };
                format!("{what} to swap shifts in {}: {}", rotation.short(), both(from, to))
            }
            Self::SwapReverted { rotation, from, to, .. } => {
                format!("took back a swap of shifts in {}: {}", rotation.short(), both(from, to))
            }
        }
    }
}

fn both(from: &SwapShift, to: &SwapShift) -> String {
    format!("{}'s from {} for {}'s from {}", from.person.short(), from.from, to.person.short(), to.from)
}
