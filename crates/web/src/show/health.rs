//! How an entity is, as far as anybody knows.

use std::collections::{BTreeMap, BTreeSet};

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
        "check" => {
            return Some(world.checks.watch(of).map_or_else(Health::unchecked, |watch| Health {
                verdict: said(watch),
                since: Some(watch.since),
                source: "its own runs".to_owned(),
            }));
        }
        _ => {}
    }
    let (own, passing): (Vec<&Watch>, Vec<&Watch>) =
        world.checks.about(of).partition(|watch| watch.definition.target == *of);
    let known = Health::of_watches(&own, "by check").or_else(|| on_path(&passing));
    let known = known.or_else(|| match of.kind() {
        "system" | "domain" => by_others(world, of, Relation::HasPart, "parts", depth),
        "api" => by_others(world, of, Relation::ApiProvidedBy, "providers", depth),
        _ => None,
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

/// What is made of others, or offered by them, is as the worst of those.
fn by_others(world: &World, of: &EntityRef, relation: Relation, what: &str, depth: usize) -> Option<Health> {
    let depth = depth.checked_sub(1)?;
    let others = world.catalog.related(of, relation);
    let known: Vec<(&EntityRef, Health)> = others
        .iter()
        .filter_map(|other| Some((other, health_within(world, other, depth)?)))
        .filter(|(_, health)| health.since.is_some())
        .collect();
    let (other, worst) = known.iter().max_by_key(|(_, health)| badness(health.verdict))?;
    let source = match others.len() {
        1 => format!("as {} is", other.short()),
        all => format!("as {} is, the worst of {} {what} with checks, of {all} in all", other.short(), known.len()),
    };
    Some(Health { verdict: worst.verdict, since: worst.since, source })
}

/// The verdict on every entity of which anything can be known; all others are unknown. For filtering many at once.
#[must_use]
pub fn verdicts(world: &World) -> BTreeMap<EntityRef, Verdict> {
    let mentioned: BTreeSet<EntityRef> =
        world.checks.watches().flat_map(|watch| watch.definition.critical_path()).collect();
    let checks = world.checks.watches().map(|watch| watch.definition.check.clone());
    let around = mentioned.iter().flat_map(|entity| {
        let offered = world.catalog.related(entity, Relation::ProvidesApi);
        let systems = world.catalog.related(entity, Relation::PartOf);
        let domains: Vec<EntityRef> =
            systems.iter().flat_map(|system| world.catalog.related(system, Relation::PartOf)).collect();
        offered.into_iter().chain(systems).chain(domains)
    });
    let all: BTreeSet<EntityRef> = mentioned.iter().cloned().chain(around).chain(checks).collect();
    all.into_iter().filter_map(|entity| Some((health(world, &entity)?.verdict, entity))).map(|(v, e)| (e, v)).collect()
}
