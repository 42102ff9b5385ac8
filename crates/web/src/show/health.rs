//! How an entity is, as far as anybody knows.

use std::collections::BTreeMap;

use catalog::Relation;
use checks::{Verdict, Watch};
use kernel::{EntityRef, Timestamp};
use world::World;

use crate::views::{State, Tone};

/// How an entity is, and who says so.
#[derive(Debug, Clone)]
pub struct Health {
    /// The worst that is known.
    pub verdict: Verdict,
    /// Since when; none where nothing was ever known.
    pub since: Option<Timestamp>,
    /// What it rests on: `by check pay-by-card`, `no check is about it`.
    pub source: String,
}

/// Parts of parts of parts: further down nobody looks.
const DEPTH_MAX: usize = 3;

/// A verdict as a word and a shape.
#[must_use]
pub fn verdict(verdict: Verdict) -> State {
    let tone = match verdict {
        Verdict::Up => Tone::Good,
        Verdict::Degraded => Tone::Warn,
        Verdict::Down => Tone::Bad,
        Verdict::Unknown => Tone::Unknown,
    };
    State::new(tone, verdict.as_str())
}

impl Health {
    /// As a word and a shape.
    #[must_use]
    pub fn state(&self) -> State {
        verdict(self.verdict)
    }

    /// How urgently a reader must see it; more is worse.
    #[must_use]
    pub fn rank(&self) -> u8 {
        badness(self.verdict)
    }

    fn unchecked() -> Self {
        Self { verdict: Verdict::Unknown, since: None, source: "no check is about it".to_owned() }
    }

    fn of_watches(watches: &[&Watch], relation: &str) -> Option<Self> {
        let worst = watches.iter().max_by_key(|watch| badness(said(watch)))?;
        let verdict = said(worst);
        let count = watches.len();
        let source = match (worst.paused, count) {
            (true, _) => format!("check {} is paused", worst.definition.check.short()),
            (false, 1) => format!("{relation} {}", worst.definition.check.short()),
            (false, _) => format!("{relation} {} and {} more", worst.definition.check.short(), count - 1),
        };
        Some(Self { verdict, since: Some(worst.since), source })
    }
}

/// What a check says; one that is paused says nothing.
fn said(watch: &Watch) -> Verdict {
    if watch.paused { Verdict::Unknown } else { watch.verdict }
}

/// What a reader must see first is the worst. Not knowing is worse than slow, and better than broken.
fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Up => 0,
        Verdict::Degraded => 1,
        Verdict::Unknown => 2,
        Verdict::Down => 3,
    }
}

/// How an entity is: by the checks of it, else by the checks whose critical path it lies on, else by its parts. Nothing
/// for what can't be up or down, such as people. What no check is about is unknown, never healthy.
#[must_use]
pub fn health(world: &World, of: &EntityRef) -> Option<Health> {
    health_within(world, of, DEPTH_MAX)
}

fn health_within(world: &World, of: &EntityRef, depth: usize) -> Option<Health> {
    match of.kind() {
        "group" | "user" | "location" | "template" | "flag" | "rotation" => return None,
        "check" => return Some(world.checks.watch(of).map_or_else(Health::unchecked, |watch| {
            Health { verdict: said(watch), since: Some(watch.since), source: "its own runs".to_owned() }
        })),
        _ => {}
    }
    let (own, passing): (Vec<&Watch>, Vec<&Watch>) =
        world.checks.about(of).partition(|watch| watch.definition.target == *of);
    let known = Health::of_watches(&own, "by check").or_else(|| on_path(&passing)).or_else(|| {
        let has_parts = matches!(of.kind(), "system" | "domain") && depth > 0;
        has_parts.then(|| by_parts(world, of, depth)).flatten()
    });
    Some(known.unwrap_or_else(Health::unchecked))
}

/// A critical path that works says that all on it does; one that fails says of nobody on it that it is to blame.
fn on_path(watches: &[&Watch]) -> Option<Health> {
    let mut health = Health::of_watches(watches, "on the path of check")?;
    if health.verdict == Verdict::Down {
        health.verdict = Verdict::Degraded;
        health.source = format!("{}, which is down", health.source);
    }
    Some(health)
}

fn by_parts(world: &World, of: &EntityRef, depth: usize) -> Option<Health> {
    let parts = world.catalog.related(of, Relation::HasPart);
    let known: Vec<Health> = parts
        .iter()
        .filter_map(|part| health_within(world, part, depth - 1))
        .filter(|health| health.since.is_some())
        .collect();
    let worst = known.iter().max_by_key(|health| badness(health.verdict))?;
    let source = format!("the worst of {} parts with checks, of {} in all", known.len(), parts.len());
    Some(Health { verdict: worst.verdict, since: worst.since, source })
}

/// The verdict on every entity that any check is about; all others are unknown. For filtering many at once.
#[must_use]
pub fn verdicts(world: &World) -> BTreeMap<EntityRef, Verdict> {
    let mentioned = world.checks.watches().flat_map(|watch| watch.definition.critical_path());
    let mut verdicts: BTreeMap<EntityRef, Verdict> = mentioned.map(|entity| (entity, Verdict::Unknown)).collect();
    for (entity, verdict) in &mut verdicts {
        if let Some(health) = health(world, entity) {
            *verdict = health.verdict;
        }
    }
    verdicts
}
