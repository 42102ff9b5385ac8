//! What is known of each check: the fold and the queries.

use std::{collections::BTreeMap, sync::Arc};

use imbl::OrdMap;
use jiff::Timestamp;
use kernel::{EntityRef, EventId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{CheckDefinition, Event, Evidence};

/// Everything known about checks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    watches: OrdMap<EntityRef, Watch>,
}

/// What can be said of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It works.
    Up,
    /// It works, but slowly.
    Degraded,
    /// It is broken.
    Down,
    /// Nothing can be said: no result yet, or none for too long. Never to be shown as healthy.
    Unknown,
}

/// One check and its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// What is checked.
    pub definition: Arc<CheckDefinition>,
    /// What can be said.
    pub verdict: Verdict,
    /// Since when: the beginning of the first run that showed it.
    pub since: Timestamp,
    /// The event that brought the verdict.
    pub event: EventId,
    /// The location whose runs brought the verdict, and whose runs can end it.
    pub location: Option<String>,
    /// The beginning of an outage that is not over; it outlasts silence.
    pub down_since: Option<Timestamp>,
    /// The last good run before the outage, or the last heard before silence.
    pub last_good: Option<Timestamp>,
    /// What the last failing or slow run that mattered saw; kept after recovery, for whoever looks later.
    pub evidence: Option<Evidence>,
    /// Failures that aren't confirmed yet, by location.
    pub falters: BTreeMap<String, Falter>,
    /// True if somebody told the check to stop judging.
    pub paused: bool,
}

/// A failure that isn't confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Falter {
    /// When the failing run began.
    pub since: Timestamp,
    /// What it saw.
    pub evidence: Evidence,
}

impl Verdict {
    /// The verdict's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl State {
    /// Takes in one event. Never fails: what it doesn't know is left alone.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::Defined { definition } => self.define(definition, stamp),
            Event::Removed { check, path: _ } => {
                self.watches.remove(check);
            }
            Event::Paused { check, path: _ } => self.change(check, |watch| {
                watch.paused = true;
                watch.falters.clear();
            }),
            Event::Resumed { check, path: _ } => self.change(check, |watch| watch.paused = false),
            Event::CameUp { check, path: _, location, at } => self.change(check, |watch| {
                watch.turn(Verdict::Up, *at, stamp, Some(location));
            }),
            Event::Faltered { check, path: _, location, since, evidence } => self.change(check, |watch| {
                let falter = Falter { since: *since, evidence: evidence.clone() };
                watch.falters.insert(location.clone(), falter);
            }),
            Event::Steadied { check, path: _, location, faltered: _ } => self.change(check, |watch| {
                watch.falters.remove(location);
            }),
            Event::WentDown { check, path: _, location, since, last_good, evidence } => self.change(check, |watch| {
                watch.turn(Verdict::Down, *since, stamp, Some(location));
                watch.down_since = Some(*since);
                watch.last_good = *last_good;
                watch.evidence = Some(evidence.clone());
            }),
            Event::Degraded { check, path: _, location, since, evidence } => self.change(check, |watch| {
                watch.turn(Verdict::Degraded, *since, stamp, Some(location));
                watch.evidence = Some(evidence.clone());
            }),
            Event::Restored { check, path: _, location, degraded_since: _, at } => self.change(check, |watch| {
                watch.turn(Verdict::Up, *at, stamp, Some(location));
            }),
            Event::Recovered { check, path: _, location, down_since: _, at } => self.change(check, |watch| {
                watch.turn(Verdict::Up, *at, stamp, Some(location));
                watch.down_since = None;
            }),
            Event::FellSilent { check, path: _, last } => self.change(check, |watch| {
                watch.turn(Verdict::Unknown, last.unwrap_or(stamp.at), stamp, None);
            }),
        }
    }

    fn define(&mut self, definition: &CheckDefinition, stamp: &Stamp) {
        let definition = Arc::new(definition.clone());
        match self.watches.get_mut(&definition.check) {
            // What was asked for before says nothing about what is asked for now; anything else leaves the verdict.
            Some(watch) if watch.definition.kind == definition.kind => watch.definition = definition,
            // An outage is over when enough runs are good, whatever they ask for: else its incident would wait for ever.
            Some(watch) => {
                watch.turn(Verdict::Unknown, stamp.at, stamp, None);
                watch.definition = definition;
            }
            None => {
                let watch = Watch {
                    verdict: Verdict::Unknown,
                    since: stamp.at,
                    event: stamp.event,
                    location: None,
                    down_since: None,
                    last_good: None,
                    evidence: None,
                    falters: BTreeMap::new(),
                    paused: false,
                    definition,
                };
                self.watches.insert(watch.definition.check.clone(), watch);
            }
        }
    }

    fn change(&mut self, check: &EntityRef, change: impl FnOnce(&mut Watch)) {
        if let Some(watch) = self.watches.get_mut(check) {
            change(watch);
        }
    }

    /// The check and its verdict.
    #[must_use]
    pub fn watch(&self, check: &EntityRef) -> Option<&Watch> {
        self.watches.get(check)
    }

    /// Every check and its verdict, in order of their references.
    pub fn watches(&self) -> impl Iterator<Item = &Watch> {
        self.watches.values()
    }

    /// What probes have to run: every definition that isn't paused, in order of their references.
    #[must_use]
    pub fn definitions(&self) -> Vec<Arc<CheckDefinition>> {
        self.watches().filter(|watch| !watch.paused).map(|watch| Arc::clone(&watch.definition)).collect()
    }

    /// The checks whose critical path this entity lies on.
    pub fn about(&self, entity: &EntityRef) -> impl Iterator<Item = &Watch> {
        self.watches().filter(move |watch| watch.definition.target == *entity || watch.definition.path.contains(entity))
    }
}

impl Watch {
    fn turn(&mut self, verdict: Verdict, since: Timestamp, stamp: &Stamp, location: Option<&String>) {
        self.verdict = verdict;
        self.since = since;
        self.event = stamp.event;
        self.location = location.cloned();
        self.falters.clear();
    }
}
