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
        }
    }
}
