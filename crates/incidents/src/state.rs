//! All incidents as of one position of the timeline.

mod parting;

use std::{collections::BTreeSet, sync::Arc};

use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use kernel::{EntityRef, IncidentId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{About, Event, Incident, incident::opened};

/// How many resolved incidents are held; older ones are on the timeline only.
pub const KEPT: usize = 1_000;

/// Every open incident and the newest resolved ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    incidents: OrdMap<u64, Arc<Incident>>,
    numbers: OrdMap<IncidentId, u64>,
    open: OrdSet<u64>,
    last_number: u64,
    /// The open incident in which a check fails.
    failing: OrdMap<EntityRef, u64>,
    /// The incident that was resolved by hand while a check still failed in it.
    abandoned: OrdMap<EntityRef, u64>,
    /// The open incidents that touch an entity.
    touching: OrdMap<EntityRef, OrdSet<u64>>,
}

impl State {
    /// Takes in one event. Events about incidents that are no longer held change nothing.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        let About { incident, number, .. } = event.about();
        if let Event::Merged { into, .. } = event {
            return self.merge(*number, into.number, event, stamp);
        }
        if let Event::SplitOff { from, .. } = event {
            return self.split(from.number, event, stamp);
        }
        if let Some(opened) = opened(event, stamp) {
            self.last_number = self.last_number.max(*number);
            self.numbers.insert(*incident, *number);
            self.incidents.insert(*number, Arc::new(opened));
        }
        if let Event::Opened { check: Some(check), .. } | Event::Joined { check, .. } = event {
            self.leave_ended(check, stamp.at);
        }
        let Some(held) = self.incidents.get_mut(number) else { return };
        let held = Arc::make_mut(held);
        let before = held.entities_of(event);
        held.apply(event, stamp);
        if held.is_open() {
            self.open.insert(*number);
        } else {
            self.open.remove(number);
        }
        self.index(*number, event);
        self.untouch_left(*number, &before);
        self.forget_oldest();
    }

    /// Keeps up in which open incident each check fails, and which open incidents touch an entity.
    fn index(&mut self, number: u64, event: &Event) {
        let Some(held) = self.incidents.get(&number).map(Arc::clone) else { return };
        match event {
            Event::Joined { check, entity, path, .. } if held.is_open() => {
                self.failing.insert(check.clone(), number);
                self.touch(path.iter().chain([entity]), number);
            }
            Event::Opened { .. } | Event::Reopened { .. } if held.is_open() => {
                for failing in held.failing() {
                    self.failing.insert(failing.check.clone(), number);
                    self.return_to(&failing.check, number);
                }
                self.touch(held.entities(), number);
            }
            Event::Recovered { check, .. } => {
                self.leave(check, number);
                self.return_to(check, number);
            }
            Event::Resolved { .. } => {
                for failing in held.failing() {
                    self.leave(&failing.check, number);
                    self.abandoned.insert(failing.check.clone(), number);
                }
                for entity in held.entities() {
                    self.untouch(entity, number);
                }
            }
            Event::Opened { .. }
            | Event::Joined { .. }
            | Event::Reopened { .. }
            | Event::SeverityChanged { .. }
            | Event::Acknowledged { .. }
            | Event::NoteAdded { .. }
            | Event::SuspectMarked { .. }
            | Event::RoleTaken { .. }
            | Event::RoleLeft { .. }
            | Event::Mitigated { .. }
            | Event::MitigationWithdrawn { .. }
            | Event::ImpactCorrected { .. }
            | Event::Retitled { .. }
            | Event::Decided { .. }
            | Event::PictureKept { .. }
            | Event::StepTicked { .. }
            | Event::StepUnticked { .. } => {}
            // Two incidents change: see `parting`.
            Event::Merged { .. } | Event::SplitOff { .. } => {}
        }
    }

    fn touch<'a>(&mut self, entities: impl Iterator<Item = &'a EntityRef>, number: u64) {
        for entity in entities {
            if !self.touching.get(entity).is_some_and(|incidents| incidents.contains(&number)) {
                self.touching.entry(entity.clone()).or_default().insert(number);
            }
        }
    }

    fn untouch(&mut self, entity: &EntityRef, number: u64) {
        let Some(incidents) = self.touching.get_mut(entity) else { return };
        incidents.remove(&number);
        if incidents.is_empty() {
            self.touching.remove(entity);
        }
    }

    /// A check that failed again may be about something else than before.
    fn untouch_left(&mut self, number: u64, before: &[EntityRef]) {
        let Some(held) = self.incidents.get(&number).map(Arc::clone) else { return };
        for entity in before.iter().filter(|entity| !held.entities().any(|own| own == *entity)) {
            self.untouch(entity, number);
        }
    }

    fn return_to(&mut self, check: &EntityRef, number: u64) {
        if self.abandoned.get(check) == Some(&number) {
            self.abandoned.remove(check);
        }
    }

    fn leave(&mut self, check: &EntityRef, number: u64) {
        if self.failing.get(check) == Some(&number) {
            self.failing.remove(check);
        }
    }

    /// A check that still failed when its incident was resolved by hand belongs to another one now: if the first is
    /// reopened, the check must not fail in both.
    fn leave_ended(&mut self, check: &EntityRef, at: Timestamp) {
        let Some(number) = self.abandoned.remove(check) else { return };
        let Some(incident) = self.incidents.get_mut(&number) else { return };
        let checks = &mut Arc::make_mut(incident).checks;
        let known = checks.iter().position(|known| known.check == *check);
        if let Some(known) = known.and_then(|known| checks.get_mut(known)) {
            known.recovered = Some(at);
        }
    }

    fn forget_oldest(&mut self) {
        while self.incidents.len() - self.open.len() > KEPT {
            let oldest =
                self.incidents.values().find(|incident| !incident.is_open()).map(|incident| incident.about.clone());
            let Some(About { incident, number, .. }) = oldest else { return };
            if let Some(forgotten) = self.incidents.remove(&number) {
                forgotten.failing().for_each(|failing| self.return_to(&failing.check, number));
            }
            self.numbers.remove(&incident);
        }
    }

    /// The incident with this id.
    #[must_use]
    pub fn get(&self, incident: IncidentId) -> Option<&Incident> {
        self.by_number(*self.numbers.get(&incident)?)
    }

    /// The incident with this number.
    #[must_use]
    pub fn by_number(&self, number: u64) -> Option<&Incident> {
        self.incidents.get(&number).map(Arc::as_ref)
    }

    /// The open incidents, newest first.
    pub fn open(&self) -> impl Iterator<Item = &Incident> {
        self.open.iter().rev().filter_map(|number| self.by_number(*number))
    }

    /// All incidents that are held, newest first.
    pub fn recent(&self) -> impl Iterator<Item = &Incident> {
        self.incidents.values().rev().map(Arc::as_ref)
    }

    /// The incidents that touch this entity, newest first.
    pub fn by_entity<'a>(&'a self, entity: &'a EntityRef) -> impl Iterator<Item = &'a Incident> {
        self.recent().filter(move |incident| incident.entities().any(|own| own == entity))
    }

    /// The open incident in which this check fails.
    #[must_use]
    pub fn for_check(&self, check: &EntityRef) -> Option<&Incident> {
        self.by_number(*self.failing.get(check)?)
    }

    /// The newest open incident that a failure belongs to ([`Incident::overlaps`]) and that has room for it.
    pub(crate) fn overlapping(
        &self,
        entity: &EntityRef,
        path: &[EntityRef],
        upstream: &[EntityRef],
    ) -> Option<&Incident> {
        let touched = path.iter().chain([entity]).chain(upstream).filter_map(|touched| self.touching.get(touched));
        let numbers: BTreeSet<u64> = touched.flat_map(|numbers| numbers.iter().copied()).collect();
        let incidents = numbers.iter().rev().filter_map(|number| self.by_number(*number));
        incidents.filter(|open| open.is_open() && open.has_room()).find(|open| open.overlaps(entity, path, upstream))
    }

    /// The incident that was resolved by hand while this check still failed in it, if it fails in no other since.
    pub(crate) fn abandoned(&self, check: &EntityRef) -> Option<&Incident> {
        self.by_number(*self.abandoned.get(check)?)
    }

    /// The number that the next incident gets.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.last_number.saturating_add(1)
    }

    /// True if the index of entities has exactly what open incidents touch.
    #[cfg(test)]
    pub(crate) fn touches_only_what_is_open(&self) -> bool {
        let touched =
            |open: &Incident| open.entities().map(|entity| (entity.clone(), open.number())).collect::<Vec<_>>();
        let wanted: BTreeSet<_> = self.open().flat_map(touched).collect();
        let known = self.touching.iter();
        let known = known.flat_map(|(entity, numbers)| numbers.iter().map(|number| (entity.clone(), *number)));
        known.collect::<BTreeSet<_>>() == wanted
    }
}
