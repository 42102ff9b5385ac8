//! The rotations and their overrides: the fold and the queries.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use kernel::{EntityRef, EventId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{Event, Rotation, SwapShift};

/// Everything known about who is on call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct State {
    rosters: OrdMap<EntityRef, Roster>,
    /// The rotations of each team. Not written: it follows from the rosters.
    #[serde(skip)]
    by_team: OrdMap<EntityRef, OrdSet<EntityRef>>,
}

/// The state as it is written.
#[derive(Deserialize)]
struct Written {
    rosters: OrdMap<EntityRef, Roster>,
}

impl From<Written> for State {
    fn from(Written { rosters }: Written) -> Self {
        let mut by_team: OrdMap<EntityRef, OrdSet<EntityRef>> = OrdMap::new();
        for (rotation, roster) in &rosters {
            by_team.entry(roster.rotation.team.clone()).or_default().insert(rotation.clone());
        }
        Self { rosters, by_team }
    }
}

/// A rotation and its overrides. Both lists are short and seldom change, so that each is copied when it does. They are
/// no `imbl::Vector`s, because `retain` of those (7.0.2) frees elements twice after a `pop_front`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The rotation.
    pub rotation: Arc<Rotation>,
    /// The last overrides, in the order in which they were set: of two at the same time, the later one holds.
    pub overrides: Arc<Vec<Override>>,
    /// Swaps that wait for an answer, in the order in which they were proposed.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub proposals: Arc<Vec<Proposal>>,
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
    /// The proposal, if it is one half of a swap; the other half has the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swap: Option<EventId>,
}

/// A swap that waits for an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The event that proposed it.
    pub id: EventId,
    /// The shift of whoever proposed it.
    pub from: SwapShift,
    /// The shift that is asked for, and who must answer.
    pub to: SwapShift,
}

impl State {
    /// Overrides that are remembered for each rotation; the oldest makes room for a new one.
    pub const OVERRIDES: usize = 200;
    /// Proposals that may wait for each rotation.
    pub const PROPOSALS: usize = 50;

    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::RotationDefined { definition } => self.define(definition),
            Event::RotationRemoved { rotation, team: _ } => {
                if let Some(roster) = self.rosters.remove(rotation) {
                    self.forget(&roster.rotation.team, rotation);
                }
            }
            Event::OverrideSet { rotation, team: _, person, from, to } => {
                if let Some(roster) = self.rosters.get_mut(rotation) {
                    let (id, person) = (stamp.event, person.clone());
                    roster.put_in(Override { id, person, from: *from, to: *to, swap: None });
                }
            }
            Event::OverrideCleared { rotation, team: _, person: _, from: _, to: _, id }
            | Event::SwapReverted { rotation, team: _, id, proposal: _, from: _, to: _ } => {
                if let Some(roster) = self.rosters.get_mut(rotation) {
                    Arc::make_mut(&mut roster.overrides).retain(|set| set.id != *id);
                }
            }
            Event::SwapProposed { rotation, team: _, from, to } => {
                if let Some(roster) = self.rosters.get_mut(rotation) {
                    let proposals = Arc::make_mut(&mut roster.proposals);
                    proposals.retain(|proposal| proposal.is_open(stamp.at));
                    if proposals.len() >= Self::PROPOSALS {
                        proposals.remove(0);
                    }
                    proposals.push(Proposal { id: stamp.event, from: from.clone(), to: to.clone() });
                }
            }
            Event::SwapAccepted { rotation, team: _, proposal, from, to } => {
                if let Some(roster) = self.rosters.get_mut(rotation) {
                    Arc::make_mut(&mut roster.proposals).retain(|waiting| waiting.id != *proposal);
                    for (person, shift) in [(&to.person, from), (&from.person, to)] {
                        let (id, person, swap) = (stamp.event, person.clone(), Some(*proposal));
                        roster.put_in(Override { id, person, from: shift.from, to: shift.to, swap });
                    }
                }
            }
            Event::SwapDeclined { rotation, team: _, proposal, by: _, from: _, to: _ } => {
                if let Some(roster) = self.rosters.get_mut(rotation) {
                    Arc::make_mut(&mut roster.proposals).retain(|waiting| waiting.id != *proposal);
                }
            }
        }
    }

    fn define(&mut self, definition: &Rotation) {
        let (mut overrides, mut proposals) = (Arc::default(), Arc::default());
        if let Some(roster) = self.rosters.get(&definition.rotation).cloned() {
            self.forget(&roster.rotation.team, &definition.rotation);
            (overrides, proposals) = (roster.overrides, roster.proposals);
        }
        self.by_team.entry(definition.team.clone()).or_default().insert(definition.rotation.clone());
        let roster = Roster { rotation: Arc::new(definition.clone()), overrides, proposals };
        self.rosters.insert(definition.rotation.clone(), roster);
    }

    fn forget(&mut self, team: &EntityRef, rotation: &EntityRef) {
        if let Some(rotations) = self.by_team.get_mut(team) {
            rotations.remove(rotation);
            if rotations.is_empty() {
                self.by_team.remove(team);
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
        self.by_team.get(team).into_iter().flatten().filter_map(|rotation| self.rosters.get(rotation))
    }

    /// Every team that has a rotation, in order of their references.
    pub fn teams(&self) -> impl Iterator<Item = &EntityRef> {
        self.by_team.keys()
    }

    /// How many rotations there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.rosters.len()
    }
}

fn is_empty(proposals: &Arc<Vec<Proposal>>) -> bool {
    proposals.is_empty()
}

impl Proposal {
    /// Whether it can still be accepted: until one of the shifts begins.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.from.from > now && self.to.from > now
    }
}

impl Roster {
    fn put_in(&mut self, set: Override) {
        let overrides = Arc::make_mut(&mut self.overrides);
        if overrides.len() >= State::OVERRIDES {
            // One half of a swap goes with the other, but not when it is just being made.
            let oldest = overrides.remove(0);
            overrides.retain(|other| other.id != oldest.id || other.id == set.id);
        }
        overrides.push(set);
    }

    /// The swap with this id, if it waits for an answer.
    #[must_use]
    pub fn proposal(&self, id: EventId) -> Option<&Proposal> {
        self.proposals.iter().find(|proposal| proposal.id == id)
    }

    /// The override with this id.
    #[must_use]
    pub fn override_set_by(&self, id: EventId) -> Option<&Override> {
        self.overrides.iter().find(|set| set.id == id)
    }
}
