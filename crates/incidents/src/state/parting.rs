//! Merging and splitting: two incidents change, and the indexes with them.

use std::{collections::BTreeSet, sync::Arc};

use kernel::{EntityRef, Stamp};

use super::State;
use crate::{Event, Incident};

impl State {
    pub(super) fn merge(&mut self, number: u64, into: u64, event: &Event, stamp: &Stamp) {
        let Some(merged) = self.incidents.get(&number).map(Arc::clone).filter(|merged| merged.is_open()) else {
            return;
        };
        let Some(kept) = self.incidents.get_mut(&into).filter(|kept| kept.is_open() && into != number) else { return };
        let before = all(kept);
        let kept = Arc::make_mut(kept);
        kept.absorb(&merged);
        kept.record(event, stamp);
        let after = all(kept);
        for failing in merged.failing() {
            self.failing.insert(failing.check.clone(), into);
        }
        for entity in merged.entities() {
            self.untouch(entity, number);
        }
        self.move_touch(into, &before, &after);
        self.open.remove(&number);
        if let Some(merged) = self.incidents.get_mut(&number) {
            Arc::make_mut(merged).apply(event, stamp);
        }
        self.forget_oldest();
    }

    pub(super) fn split(&mut self, from: u64, event: &Event, stamp: &Stamp) {
        let Some(origin) = self.incidents.get_mut(&from).filter(|origin| origin.is_open()) else { return };
        let before = all(origin);
        let origin = Arc::make_mut(origin);
        let Some(mut new) = origin.split(event, stamp) else { return };
        origin.record(event, stamp);
        new.record(event, stamp);
        let after = all(origin);
        self.move_touch(from, &before, &after);
        let number = new.number();
        for failing in new.failing() {
            self.failing.insert(failing.check.clone(), number);
        }
        self.move_touch(number, &BTreeSet::new(), &all(&new));
        self.last_number = self.last_number.max(number);
        self.numbers.insert(new.about.incident, number);
        self.open.insert(number);
        self.incidents.insert(number, Arc::new(new));
    }

    fn move_touch(&mut self, number: u64, before: &BTreeSet<EntityRef>, after: &BTreeSet<EntityRef>) {
        for left in before.difference(after) {
            self.untouch(left, number);
        }
        self.touch(after.iter(), number);
    }
}

fn all(incident: &Incident) -> BTreeSet<EntityRef> {
    incident.entities().cloned().collect()
}
