//! The rotations and their overrides: the fold and the queries.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jiff::Timestamp;
use kernel::{EntityRef, EventId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{Event, Rotation};

/// Everything known about who is on call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    rosters: OrdMap<EntityRef, Roster>,
}

/// A rotation and its overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The rotation.
    pub rotation: Arc<Rotation>,
    /// The last overrides, in the order in which they were set: of two at the same time, the later one holds.
    pub overrides: Vector<Override>,
}

/// Somebody put in for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The event that set it.
    pub id: EventId,
    /// Who is on call.
    pub person: EntityRef,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
}

impl State {
    /// Overrides that are remembered for each rotation; the oldest makes room for a new one.
    pub const OVERRIDES: usize = 200;

    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::RotationDefined { definition } => {
                let overrides = self.rosters.get(&definition.rotation).map(|roster| roster.overrides.clone());
                let roster =
                    Roster { rotation: Arc::new(definition.clone()), overrides: overrides.unwrap_or_default() };
                self.rosters.insert(definition.rotation.clone(), roster);
            }
            Event::RotationRemoved { rotation, team: _ } => {
                self.rosters.remove(rotation);
            }
            Event::OverrideSet { rotation, team: _, person, from, to } => {
                if let Some(roster) = self.rosters.get_mut(rotation) {
                    if roster.overrides.len() >= Self::OVERRIDES {
                        roster.overrides.pop_front();
                    }
                    let (id, person) = (stamp.event, person.clone());
                    roster.overrides.push_back(Override { id, person, from: *from, to: *to });
                }
            }
            Event::OverrideCleared { rotation, team: _, person: _, from: _, to: _, id } => {
                if let Some(roster) = self.rosters.get_mut(rotation) {
                    roster.overrides.retain(|set| set.id != *id);
                }
            }
        }
    }

    /// The rotation and its overrides.
    #[must_use]
    pub fn roster(&self, rotation: &EntityRef) -> Option<&Roster> {
        self.rosters.get(rotation)
    }

    /// Every rotation, in order of their references.
    pub fn rosters(&self) -> impl Iterator<Item = &Roster> {
        self.rosters.values()
    }

    /// The team's rotations, in order of their references.
    pub fn of_team(&self, team: &EntityRef) -> impl Iterator<Item = &Roster> {
        self.rosters().filter(move |roster| roster.rotation.team == *team)
    }
}

impl Roster {
    /// The override with this id.
    #[must_use]
    pub fn override_set_by(&self, id: EventId) -> Option<&Override> {
        self.overrides.iter().find(|set| set.id == id)
    }
}
