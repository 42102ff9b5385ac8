//! Probes that run the checks against the estate.

use std::collections::BTreeMap;

use checks::{CheckDefinition, Evidence, Outcome, RunResult, Tally};
use jiff::SignedDuration;
use kernel::{EntityRef, Timestamp};
use world::World;

use crate::{dice::Dice, estate::Estate};

/// The probes of one place, and what they remember of each check.
#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) location: String,
    known: BTreeMap<EntityRef, (Tally, Timestamp)>,
    /// True while no run passes by luck or fails for no reason.
    pub(crate) is_exact: bool,
    /// True while every run fails, whatever is so.
    pub(crate) is_blind: bool,
}

impl Default for Probes {
    fn default() -> Self {
        Self::at("harbour".to_owned())
    }
}

impl Probes {
    /// Probes that have run nothing yet.
    pub(crate) fn at(location: String) -> Self {
        Self { location, known: BTreeMap::new(), is_exact: false, is_blind: false }
    }

    /// Runs every check whose time has come.
    pub(crate) fn run(&mut self, world: &World, estate: &Estate, now: Timestamp, dice: &mut Dice) -> Vec<RunResult> {
        let mut results = Vec::new();
        for definition in world.checks.definitions(&self.location) {
            let last = self.known.get(&definition.check).map(|(_, last)| *last);
            let interval = SignedDuration::try_from(definition.interval()).unwrap_or(SignedDuration::MAX);
            if last.is_some_and(|last| now >= last && now.duration_since(last) < interval) {
                continue;
            }
            let luck = if self.is_exact { 50 } else { dice.below(100) };
            let outcome = if self.is_blind {
                Outcome::Failed { evidence: Evidence::of("there is no route") }
            } else {
                outcome(&definition, world, estate, luck)
            };
            let fresh = || (Tally::default(), now);
            let (tally, last) = self.known.entry(definition.check.clone()).or_insert_with(fresh);
            *last = now;
            results.push(tally.count(&definition.check, &self.location, now, outcome, 40));
        }
        results
    }

    /// When each check was last heard of; now, where it never was.
    pub(crate) fn last_heard(&self, check: &EntityRef, now: Timestamp) -> Timestamp {
        self.known.get(check).map_or(now, |(_, last)| *last)
    }

    /// Probes start again and have forgotten the streaks.
    pub(crate) fn restart(&mut self) {
        self.known.clear();
    }
}

fn outcome(definition: &CheckDefinition, world: &World, estate: &Estate, luck: usize) -> Outcome {
    let target = &definition.target;
    let is_down = estate.at(target).is_some_and(|at| estate.is_down(at, world));
    let evidence = |error: &str| Evidence {
        url: definition.request(),
        latency_ms: 40,
        ..Evidence::of(format!("{} answered {error}", target.name()))
    };
    match (is_down, luck) {
        (true, 0..=4) | (false, 6..) => Outcome::Passed,
        (true, _) => Outcome::Failed { evidence: evidence("502") },
        (false, 0 | 1) => Outcome::Failed { evidence: evidence("nothing") },
        (false, _) => Outcome::Slow { evidence: evidence("late") },
    }
}
