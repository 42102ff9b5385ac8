//! What is known of each check: the fold and the queries.

use std::{collections::BTreeMap, sync::Arc};

use imbl::{OrdMap, Vector};
use jiff::Timestamp;
use kernel::{EntityRef, EventId, Stamp};
use serde::{Deserialize, Serialize};

use crate::{
    CheckDefinition, Event, Evidence,
    heartbeat::Beats,
    maintenance::Planned,
    quorum::{Panel, Standing},
};

/// Everything known about checks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    watches: OrdMap<EntityRef, Watch>,
    /// The probes by location.
    #[serde(default)]
    probes: OrdMap<String, Probe>,
    /// The maintenances that aren't over, and the last that are; oldest first.
    #[serde(default)]
    pub(crate) maintenances: Vector<Planned>,
    /// The last events that made the address of a job's reports anew; kept for checks that are gone, so that an old
    /// address doesn't come back with them.
    #[serde(default)]
    beat_addresses: OrdMap<EntityRef, EventId>,
}

/// A probe that has reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// The probe, such as `probe:default/eu-west`.
    pub probe: EntityRef,
    /// True if nothing was heard of it for long.
    pub silent: bool,
    /// Since when: when it joined, was last heard or came back.
    pub since: Timestamp,
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
    /// The locations from which the path is slow or down.
    #[serde(default)]
    pub failing: BTreeMap<String, Failing>,
    /// The locations whose probe can't run it, with the reason: from there nothing is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub unable: BTreeMap<String, String>,
    /// When the last outages began; the oldest first.
    #[serde(default)]
    pub outages: Vector<Timestamp>,
    /// The verdicts of the past; the oldest first.
    #[serde(default)]
    pub history: Vector<Turn>,
    /// What a job has reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beats: Option<Beats>,
    /// True if somebody told the check to stop judging.
    pub paused: bool,
}

/// A location from which the path is slow or down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// True if it is down from there, and not just slow.
    pub down: bool,
    /// When the first bad run began.
    pub since: Timestamp,
    /// The last good run there before that, if one is known.
    pub last_good: Option<Timestamp>,
    /// What was seen.
    pub evidence: Evidence,
}

/// A verdict, from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// From then on.
    pub at: Timestamp,
    /// The verdict.
    pub verdict: Verdict,
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
                // What nobody judges is not known.
                watch.remember(Verdict::Unknown, stamp.at);
            }),
            Event::Resumed { check, path: _ } => self.change(check, |watch| {
                watch.paused = false;
                watch.remember(watch.verdict, stamp.at);
            }),
            Event::Beat { check, path: _, signal, at } => self.change(check, |watch| {
                watch.beats.get_or_insert_default().note(signal, *at);
            }),
            Event::BeatAddressRenewed { check, path: _ } => {
                self.beat_addresses.insert(check.clone(), stamp.event);
            }
            Event::MaintenanceSet { of, from, to } => {
                let planned = Planned {
                    id: stamp.event,
                    of: of.clone(),
                    from: *from,
                    to: *to,
                    by: Some(stamp.actor.clone()),
                    reason: stamp.reason.clone(),
                };
                self.maintenances.push_back(planned);
                if self.maintenances.len() > Planned::KEPT {
                    self.maintenances.pop_front();
                }
            }
            Event::MaintenanceEnded { of: _, id } => {
                if let Some(planned) = self.maintenances.iter_mut().find(|planned| planned.id == *id) {
                    planned.to = planned.to.min(stamp.at).max(planned.from);
                }
            }
            Event::ProbeJoined { probe, location } | Event::ProbeCameBack { probe, location } => {
                let probe = Probe { probe: probe.clone(), silent: false, since: stamp.at };
                self.probes.insert(location.clone(), probe);
            }
            Event::ProbeFellSilent { probe, location, last } => {
                let probe = Probe { probe: probe.clone(), silent: true, since: *last };
                self.probes.insert(location.clone(), probe);
                self.forget_location(location);
            }
            Event::ProbeRetired { probe: _, location } => {
                self.probes.remove(location);
                self.forget_location(location);
            }
            Event::LocationFailed { check, path: _, location, since, last_good, evidence } => {
                self.change(check, |watch| watch.fails(location, true, *since, *last_good, evidence));
            }
            Event::LocationSlowed { check, path: _, location, since, evidence } => {
                self.change(check, |watch| watch.fails(location, false, *since, None, evidence));
            }
            Event::LocationRecovered { check, path: _, location, since: _, at: _ } => self.change(check, |watch| {
                watch.failing.remove(location);
                watch.falters.remove(location);
            }),
            Event::LocationUnable { check, path: _, location, why } => self.change(check, |watch| {
                watch.failing.remove(location);
                watch.falters.remove(location);
                watch.unable.insert(location.clone(), why.clone());
            }),
            Event::LocationAble { check, path: _, location } => self.change(check, |watch| {
                watch.unable.remove(location);
            }),
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
            Event::WentDown { check, path: _, location, since, last_good, evidence, agreeing: _ } => {
                self.change(check, |watch| {
                    watch.fails(location, true, *since, *last_good, evidence);
                    watch.turn(Verdict::Down, *since, stamp, Some(location));
                    if watch.down_since.is_none() {
                        watch.outages.push_back(*since);
                        if watch.outages.len() > Watch::OUTAGES {
                            watch.outages.pop_front();
                        }
                    }
                    watch.down_since = Some(*since);
                    watch.last_good = *last_good;
                    watch.evidence = Some(evidence.clone());
                })
            }
            Event::Degraded { check, path: _, location, since, evidence } => self.change(check, |watch| {
                watch.fails(location, false, *since, None, evidence);
                watch.turn(Verdict::Degraded, *since, stamp, Some(location));
                watch.evidence = Some(evidence.clone());
            }),
            Event::Restored { check, path: _, location, degraded_since: _, at } => self.change(check, |watch| {
                watch.failing.remove(location);
                watch.turn(Verdict::Up, *at, stamp, Some(location));
            }),
            Event::Recovered { check, path: _, location, down_since: _, at } => self.change(check, |watch| {
                watch.failing.remove(location);
                watch.turn(Verdict::Up, *at, stamp, Some(location));
                watch.down_since = None;
            }),
            Event::FellSilent { check, path: _, last } => self.change(check, |watch| {
                watch.failing.clear();
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
                watch.failing.clear();
                watch.unable.clear();
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
                    failing: BTreeMap::new(),
                    unable: BTreeMap::new(),
                    outages: Vector::new(),
                    history: Vector::unit(Turn { at: stamp.at, verdict: Verdict::Unknown }),
                    beats: None,
                    paused: false,
                    definition,
                };
                self.watches.insert(watch.definition.check.clone(), watch);
            }
        }
    }

    /// What a location saw before it fell silent says nothing about now.
    fn forget_location(&mut self, location: &str) {
        let concerned = self.watches.iter().filter(|(_, watch)| {
            watch.failing.contains_key(location)
                || watch.falters.contains_key(location)
                || watch.unable.contains_key(location)
        });
        let concerned: Vec<EntityRef> = concerned.map(|(check, _)| check.clone()).collect();
        for check in concerned {
            self.change(&check, |watch| {
                watch.failing.remove(location);
                watch.falters.remove(location);
                watch.unable.remove(location);
            });
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

    /// The event that made the secret address of a job's reports anew; none if it is still the first.
    #[must_use]
    pub fn beat_address(&self, check: &EntityRef) -> Option<EventId> {
        self.beat_addresses.get(check).copied()
    }

    /// Every check and its verdict, in order of their references.
    pub fn watches(&self) -> impl Iterator<Item = &Watch> {
        self.watches.values()
    }

    /// What the probe at a location has to run: every definition that isn't paused, in order of their references.
    #[must_use]
    pub fn definitions(&self, location: &str) -> Vec<Arc<CheckDefinition>> {
        let wanted = self.watches().filter(|watch| !watch.paused && watch.definition.is_for(location));
        wanted.map(|watch| Arc::clone(&watch.definition)).collect()
    }

    /// The probe at a location.
    #[must_use]
    pub fn probe(&self, location: &str) -> Option<&Probe> {
        self.probes.get(location)
    }

    /// Every probe with its location, in order.
    pub fn probes(&self) -> impl Iterator<Item = (&str, &Probe)> {
        self.probes.iter().map(|(location, probe)| (location.as_str(), probe))
    }

    /// The locations that matter for a check: every probe that runs it, and whoever else has reported on it.
    #[must_use]
    pub fn panel(&self, watch: &Watch) -> Panel {
        let mut panel = Panel::default();
        for (location, probe) in self.probes() {
            if !watch.definition.is_for(location) {
                continue;
            }
            if probe.silent || watch.unable.contains_key(location) {
                panel.silent += 1;
            } else {
                panel.reporting.insert(location.to_owned(), Standing::Good);
            }
        }
        for (location, failing) in &watch.failing {
            let standing = if failing.down { Standing::Down } else { Standing::Slow };
            panel.reporting.insert(location.clone(), standing);
        }
        panel
    }

    /// The checks whose critical path this entity lies on.
    pub fn about(&self, entity: &EntityRef) -> impl Iterator<Item = &Watch> {
        self.watches().filter(move |watch| watch.definition.target == *entity || watch.definition.path.contains(entity))
    }
}

impl Watch {
    /// Beginnings of outages that are remembered.
    const OUTAGES: usize = 20;
    /// Verdicts of the past that are remembered.
    pub(crate) const HISTORY: usize = 500;

    fn fails(
        &mut self,
        location: &str,
        down: bool,
        since: Timestamp,
        last_good: Option<Timestamp>,
        evidence: &Evidence,
    ) {
        let failing = Failing { down, since, last_good, evidence: evidence.clone() };
        self.failing.insert(location.to_owned(), failing);
        self.falters.remove(location);
    }

    fn turn(&mut self, verdict: Verdict, since: Timestamp, stamp: &Stamp, location: Option<&String>) {
        self.verdict = verdict;
        self.since = since;
        self.event = stamp.event;
        self.location = location.cloned();
        self.falters.clear();
        self.remember(verdict, since);
    }

    /// Puts a verdict into the history, unless it is there already.
    fn remember(&mut self, verdict: Verdict, since: Timestamp) {
        if self.history.last().is_none_or(|last| last.verdict != verdict) {
            let at = self.history.last().map_or(since, |last| since.max(last.at));
            self.history.push_back(Turn { at, verdict });
            if self.history.len() > Self::HISTORY {
                self.history.pop_front();
            }
        }
    }
}
