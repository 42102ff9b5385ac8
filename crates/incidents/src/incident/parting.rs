//! What becomes of two incidents when one is merged into the other, or split off it.

use std::collections::BTreeSet;

use imbl::Vector;
use kernel::{EntityRef, Stamp};

use super::{CHECKS_MAX, Ending, FailingCheck, Incident, LOG_KEPT, TICKS_MAX};
use crate::{About, Event, Resolution};

/// Entities that a merged incident adds to the path of the other.
const PATH_MAX: usize = 200;
/// Incidents that one incident says were merged into it.
const ABSORBED_MAX: usize = 100;

impl Incident {
    /// Is over, as a part of `into`: its checks fail there now.
    pub(super) fn go_into(&mut self, into: &About, stamp: &Stamp) {
        self.ended = Some(Ending { cause: Resolution::ByHand, by: stamp.actor.clone(), at: stamp.at });
        self.merged = Some(into.clone());
        for failing in self.checks.iter_mut().filter(|failing| failing.recovered.is_none()) {
            failing.recovered = Some(stamp.at);
        }
    }

    /// Takes in another: its checks, its log, what people found, and the roles, steps and evidence that it lacks itself.
    /// It began when the first of the two did, and is mitigated if both are. The pictures of both count.
    pub(crate) fn absorb(&mut self, other: &Self) {
        let mut known: BTreeSet<EntityRef> = self.checks.iter().map(|check| check.check.clone()).collect();
        // What fails goes first: there is room for that.
        let (failing, recovered): (Vec<&FailingCheck>, Vec<_>) =
            other.checks.iter().partition(|check| check.recovered.is_none());
        for check in failing {
            known.insert(check.check.clone());
            self.add_check(check.clone());
        }
        for check in recovered {
            if self.checks.len() < CHECKS_MAX && known.insert(check.check.clone()) {
                self.checks.push_back(check.clone());
            }
        }
        for entity in other.path.iter().chain([other.entity()]) {
            if self.path.len() < PATH_MAX && !self.path.contains(entity) {
                self.path.push(entity.clone());
            }
        }
        if other.since < self.since {
            (self.since, self.last_good) = (other.since, other.last_good);
        }
        self.declared |= other.declared;
        self.mitigated = self.mitigated.zip(other.mitigated).map(|(ours, theirs)| ours.max(theirs));
        for assigned in &other.roles {
            if self.holder(assigned.role).is_none() {
                self.roles.push(assigned.clone());
            }
        }
        self.roles.sort_by_key(|assigned| assigned.role);
        for tick in &other.ticks {
            if self.tick(&tick.step).is_none() && self.ticks.len() < TICKS_MAX {
                self.ticks.push_back(tick.clone());
            }
        }
        other.pictures.iter().for_each(|picture| self.add_picture(*picture));
        for mark in &other.marks {
            if self.verdict_on(mark.event).is_none() && self.marks.len() < super::MARKS_KEPT {
                self.marks.push_back(mark.clone());
            }
        }
        if self.evidence.is_empty() {
            self.evidence.clone_from(&other.evidence);
        }
        if self.absorbed.len() < ABSORBED_MAX {
            self.absorbed.push(other.number());
        }
        let mut log: Vec<_> = self.log.iter().chain(&other.log).cloned().collect();
        log.sort_by_key(|entry| entry.at);
        let surplus = log.len().saturating_sub(LOG_KEPT);
        self.log = log.into_iter().skip(surplus).collect();
    }

    /// Lets go of some checks: the incident that has them from now on.
    pub(crate) fn split(&mut self, event: &Event, stamp: &Stamp) -> Option<Self> {
        let Event::SplitOff { about, from, title, severity, checks } = event else { return None };
        let leaves = |check: &FailingCheck| checks.contains(&check.check);
        let (moved, kept): (Vector<_>, Vector<_>) = self.checks.iter().cloned().partition(|check| leaves(check));
        self.checks = kept;
        let first = moved.iter().min_by_key(|check| check.since)?;
        let begun = Self::begun(about, title, *severity, (first.since, first.last_good), stamp);
        let (path, evidence) = (first.path.clone(), first.evidence.clone());
        Some(Self { path, evidence, checks: moved, split_off: Some(from.number), ..begun })
    }
}
