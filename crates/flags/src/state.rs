//! The fold and the queries.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use kernel::{Actor, EntityRef, EventId, RequestId, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    ChangeRequest, CodeReference, Definition, Event, Position, Ramp, RampChange, RampRun, Segment, Why, position,
    request,
    run::{Gate, Halt, Reached},
};

/// Everything known of flags.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    flags: OrdMap<EntityRef, Arc<Flag>>,
    segments: OrdMap<EntityRef, Arc<KnownSegment>>,
    pub(crate) requests: OrdMap<RequestId, Arc<ChangeRequest>>,
    /// Those that reported references in code, and when last.
    reporters: OrdMap<String, Timestamp>,
    /// Of each flag that others require, which those are.
    dependants: OrdMap<EntityRef, OrdSet<EntityRef>>,
    /// The flags that have a run of a ramp.
    ramping: OrdSet<EntityRef>,
    /// Whether evaluations are counted at all.
    #[serde(default)]
    is_counted: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct KnownSegment {
    segment: Segment,
    /// The position of the event that defined it so.
    edited: u64,
}

/// One flag as it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Flag {
    /// What it is.
    pub definition: Arc<Definition>,
    /// Its position per environment; [`Definition::EVERYWHERE`] is for those that have none of their own.
    pub switches: OrdMap<String, Switch>,
    /// Components that evaluated it without being declared in `used_by`.
    pub seen_from: Vec<EntityRef>,
    /// The position of the last event that altered how it evaluates, other than a ramp's step.
    pub revision: u64,
    /// The position of the last event by which somebody altered what it shall be: what a request for a change was
    /// made on.
    pub edited: u64,
    /// When it was first defined.
    pub created: Timestamp,
    /// Its last definitions, the present one last.
    pub history: Vec<Past>,
    /// The runs of its ramps, per environment.
    pub runs: OrdMap<String, RampRun>,
    /// The day on which it was evaluated last.
    pub evaluated: Option<Timestamp>,
    /// Where source code names it, per reporter.
    pub references: OrdMap<String, Vec<CodeReference>>,
}

/// A flag's position in one environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Switch {
    /// On or off.
    pub on: bool,
    /// Since when.
    pub since: Timestamp,
    /// Who turned it.
    pub by: Actor,
    /// The event that turned it.
    pub event: EventId,
}

/// A definition that a flag had, or has.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Past {
    /// The event that brought it.
    pub event: EventId,
    /// When.
    pub at: Timestamp,
    /// Who defined it.
    pub by: Actor,
    /// It.
    pub definition: Arc<Definition>,
}

impl Flag {
    /// More undeclared users than this are not remembered.
    pub const SEEN_FROM_MAX: usize = 100;
    /// A flag has at most this many environments.
    pub const ENVIRONMENTS_MAX: usize = 200;
    /// This many of its definitions are kept.
    pub const HISTORY_MAX: usize = 20;

    fn new(definition: Arc<Definition>, stamp: &Stamp) -> Self {
        Self {
            definition,
            switches: OrdMap::new(),
            seen_from: Vec::new(),
            revision: stamp.position,
            edited: stamp.position,
            created: stamp.at,
            history: Vec::new(),
            runs: OrdMap::new(),
            evaluated: None,
            references: OrdMap::new(),
        }
    }

    /// Whether it is on in this environment; off where nothing is known.
    #[must_use]
    pub fn is_on(&self, environment: &str) -> bool {
        self.switch(environment).is_some_and(|switch| switch.on)
    }

    /// Its position in this environment.
    #[must_use]
    pub fn switch(&self, environment: &str) -> Option<&Switch> {
        self.switches.get(environment).or_else(|| self.switches.get(Definition::EVERYWHERE))
    }

    /// Every component that evaluates it: the declared ones, then the observed ones.
    pub fn users(&self) -> impl Iterator<Item = &EntityRef> {
        self.definition.used_by.iter().chain(&self.seen_from)
    }

    /// The environments in which the switch differs from the declaration.
    pub fn drift(&self) -> impl Iterator<Item = (&String, &Switch)> {
        self.switches
            .iter()
            .filter(|(name, switch)| self.definition.setting(name).is_some_and(|it| it.enabled) != switch.on)
    }

    /// The ramp that runs in this environment, and its run.
    #[must_use]
    pub fn ramp(&self, environment: &str) -> Option<(&Ramp, &RampRun)> {
        let ramp = self.definition.setting(environment)?.ramp.as_ref()?;
        Some((ramp, self.runs.get(self.switched_by(environment))?))
    }

    /// How far the ramp in this environment is.
    #[must_use]
    pub fn ramp_position(&self, environment: &str, now: Timestamp) -> Option<Position> {
        let (ramp, run) = self.ramp(environment)?;
        Some(position(ramp, run, now))
    }

    /// The name under which this environment's switch and run are kept: its own, or [`Definition::EVERYWHERE`].
    #[must_use]
    pub fn switched_by<'a>(&self, environment: &'a str) -> &'a str {
        if self.switches.contains_key(environment) { environment } else { Definition::EVERYWHERE }
    }

    /// The definition that an event replaced, if that event brought the present one.
    pub(crate) fn replaced_by(&self, event: EventId) -> Replaced<'_> {
        match self.history.as_slice() {
            [.., before, last] if last.event == event => Replaced::Definition(&before.definition),
            [only] if only.event == event => Replaced::Nothing,
            [.., last] => Replaced::Since(last),
            [] => Replaced::Nothing,
        }
    }

    fn turn(&mut self, environment: &str, on: bool, stamp: &Stamp) {
        let switch = Switch { on, since: stamp.at, by: stamp.actor.clone(), event: stamp.event };
        self.switches.insert(environment.to_owned(), switch);
        self.runs.remove(environment);
    }

    fn define(&mut self, definition: &Arc<Definition>, is_new: bool, stamp: &Stamp) {
        let before = std::mem::replace(&mut self.definition, Arc::clone(definition));
        let carried = self.carried_runs(&before, stamp);
        for (environment, setting) in &definition.environments {
            let declared_before = before.environments.get(environment).filter(|_| !is_new);
            if declared_before.map(|before| before.enabled) != Some(setting.enabled) {
                self.turn(environment, setting.enabled, stamp);
            }
        }
        self.runs = carried.into_iter().filter(|(environment, _)| self.runs.contains_key(environment)).collect();
        self.seen_from.retain(|seen| !definition.used_by.contains(seen));
        let past =
            Past { event: stamp.event, at: stamp.at, by: stamp.actor.clone(), definition: Arc::clone(definition) };
        self.history.push(past);
        if self.history.len() > Self::HISTORY_MAX {
            self.history.remove(0);
        }
    }

    /// The runs as they are under the present definition.
    fn carried_runs(&self, before: &Definition, stamp: &Stamp) -> Vec<(String, RampRun)> {
        let carried = |(environment, run): (&String, &RampRun)| {
            let ramp_before = before.setting(environment).and_then(|setting| setting.ramp.as_ref())?;
            let ramp = self.definition.setting(environment).and_then(|setting| setting.ramp.as_ref())?;
            let run = if ramp.has_schedule_of(ramp_before) {
                run.clone()
            } else if ramp.has_variants_of(ramp_before) {
                run.carried_over(ramp_before, ramp, stamp)
            } else {
                RampRun::begin(stamp.at)
            };
            Some((environment.clone(), run))
        };
        self.runs.iter().filter_map(carried).collect()
    }

    /// A ramp runs where there is one and the switch is on, and nowhere else.
    fn settle_runs(&mut self, stamp: &Stamp) {
        for (environment, switch) in &self.switches {
            let has_ramp = self.definition.setting(environment).is_some_and(|setting| setting.ramp.is_some());
            if !(switch.on && has_ramp) {
                self.runs.remove(environment);
            } else if !self.runs.contains_key(environment) {
                self.runs.insert(environment.clone(), RampRun::begin(stamp.at));
            }
        }
    }
}

/// What a definition replaced.
pub(crate) enum Replaced<'a> {
    /// Another one.
    Definition(&'a Arc<Definition>),
    /// None: it was the first.
    Nothing,
    /// It is not the present one any more; this is.
    Since(&'a Past),
}

impl State {
    /// The flag of this name.
    #[must_use]
    pub fn flag(&self, flag: &EntityRef) -> Option<&Flag> {
        self.flags.get(flag).map(Arc::as_ref)
    }

    /// All flags, by name.
    pub fn flags(&self) -> impl Iterator<Item = &Flag> {
        self.flags.values().map(Arc::as_ref)
    }

    /// The segment of this name.
    #[must_use]
    pub fn segment(&self, segment: &EntityRef) -> Option<&Segment> {
        self.segments.get(segment).map(|known| &known.segment)
    }

    /// All segments, by name.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.segments.values().map(|known| &known.segment)
    }

    /// The position of the event that defined a segment as it is; 0 if there is none.
    pub(crate) fn segment_edited(&self, segment: &EntityRef) -> u64 {
        self.segments.get(segment).map_or(0, |known| known.edited)
    }

    /// The flags that require this one, by name.
    pub fn dependants(&self, flag: &EntityRef) -> impl Iterator<Item = &EntityRef> {
        self.dependants.get(flag).into_iter().flatten()
    }

    /// The flags that others require, by name.
    pub(crate) fn required(&self) -> impl Iterator<Item = &EntityRef> {
        self.dependants.keys()
    }

    /// The flags that use a segment, in any environment.
    pub fn users_of<'a>(&'a self, segment: &'a EntityRef) -> impl Iterator<Item = &'a Flag> {
        self.flags().filter(move |flag| flag.definition.segments().contains(segment))
    }

    /// Every ramp that runs, by flag and environment.
    pub fn ramps(&self) -> impl Iterator<Item = (&Flag, &String, &Ramp, &RampRun)> {
        let flags = self.ramping.iter().filter_map(|flag| self.flag(flag));
        flags.flat_map(|flag| {
            flag.runs.keys().filter_map(move |environment| {
                let (ramp, run) = flag.ramp(environment)?;
                Some((flag, environment, ramp, run))
            })
        })
    }

    /// Whether evaluations are counted at all: where none ever was, that of one flag says nothing.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// Who reported references in code, and when last.
    pub fn reporters(&self) -> impl Iterator<Item = (&String, &Timestamp)> {
        self.reporters.iter()
    }

    /// The request of this id.
    #[must_use]
    pub fn request(&self, request: RequestId) -> Option<&ChangeRequest> {
        self.requests.get(&request).map(Arc::as_ref)
    }

    /// All requests that are remembered, oldest first.
    pub fn requests(&self) -> impl DoubleEndedIterator<Item = &ChangeRequest> {
        self.requests.values().map(Arc::as_ref)
    }

    /// Applies one event.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::Defined { definition } => self.fold_defined(definition, stamp),
            Event::Removed { flag } => self.fold_removed(flag),
            Event::Turned { flag, environment, on, .. } => {
                self.edit(flag, stamp, |flag| flag.turn(environment, *on, stamp));
            }
            Event::Seen { flag, component } => self.observe(flag, |flag| flag.seen_from.push(component.clone())),
            Event::Evaluated { flags, day } => {
                self.is_counted = true;
                let day = day.to_zoned(jiff::tz::TimeZone::UTC).map(|day| day.timestamp()).ok();
                flags.iter().for_each(|flag| self.observe(flag, |flag| flag.evaluated = flag.evaluated.max(day)));
            }
            Event::ReferencesReported { source, references } => self.fold_references(source, references, stamp),
            Event::SegmentDefined { segment, .. } => {
                let known = KnownSegment { segment: segment.clone(), edited: stamp.position };
                self.segments.insert(segment.segment.clone(), Arc::new(known));
                self.revise_users(&segment.segment, stamp);
            }
            Event::SegmentRemoved { segment, .. } => {
                self.segments.remove(segment);
                self.revise_users(segment, stamp);
            }
            Event::Ramp { flag, environment, change, .. } => self.fold_ramp(flag, environment, change, stamp),
            Event::Request { request, step, .. } => request::fold(&mut self.requests, *request, step, stamp),
            Event::Overridden { .. } => {}
        }
    }

    fn fold_defined(&mut self, definition: &Definition, stamp: &Stamp) {
        let definition = Arc::new(definition.clone());
        let before = self.flags.get(&definition.flag);
        let is_new = before.is_none();
        let requires = before.map(|flag| flag.definition.requires.clone()).unwrap_or_default();
        let name = definition.flag.clone();
        for required in requires {
            self.forget_dependant(&required.flag, &name);
        }
        for required in &definition.requires {
            self.dependants.entry(required.flag.clone()).or_default().insert(name.clone());
        }
        if is_new {
            self.flags.insert(name.clone(), Arc::new(Flag::new(Arc::clone(&definition), stamp)));
        }
        self.edit(&name, stamp, |flag| flag.define(&definition, is_new, stamp));
    }

    fn fold_removed(&mut self, name: &EntityRef) {
        if let Some(flag) = self.flags.remove(name) {
            flag.definition.requires.iter().for_each(|required| self.forget_dependant(&required.flag, name));
            self.ramping.remove(name);
        }
    }

    fn forget_dependant(&mut self, required: &EntityRef, dependant: &EntityRef) {
        let Some(dependants) = self.dependants.get_mut(required) else { return };
        dependants.remove(dependant);
        if dependants.is_empty() {
            self.dependants.remove(required);
        }
    }

    fn fold_references(
        &mut self,
        source: &str,
        references: &std::collections::BTreeMap<EntityRef, Vec<CodeReference>>,
        stamp: &Stamp,
    ) {
        self.reporters.insert(source.to_owned(), stamp.at);
        let had = self.flags().filter(|flag| flag.references.contains_key(source));
        let had: Vec<EntityRef> = had.map(|flag| flag.definition.flag.clone()).collect();
        had.iter().for_each(|flag| {
            self.observe(flag, |flag| {
                flag.references.remove(source);
            });
        });
        for (flag, places) in references {
            self.observe(flag, |flag| {
                flag.references.insert(source.to_owned(), places.clone());
            });
        }
    }

    fn fold_ramp(&mut self, flag: &EntityRef, environment: &str, change: &RampChange, stamp: &Stamp) {
        self.observe(flag, |flag| {
            let halt = |why: &Why| Some(Halt { at: stamp.at, by: stamp.actor.clone(), why: why.clone() });
            let ramp = flag.definition.setting(environment).and_then(|setting| setting.ramp.as_ref());
            let (Some(ramp), Some(run)) = (ramp, flag.runs.get_mut(environment)) else { return };
            flag.revision = stamp.position;
            match change {
                RampChange::Stepped { step, since, .. } => {
                    run.reached = Some(Reached { step: *step, since: *since, event: stamp.event });
                }
                RampChange::GatePassed { step, .. } => {
                    let passed = run.clock(stamp.at);
                    run.gates.push(Gate { step: *step, passed });
                }
                RampChange::Paused { why } => run.paused = halt(why),
                RampChange::Resumed => run.resume(ramp, stamp.at),
                RampChange::RolledBack { why, .. } => {
                    run.rolled_back = halt(why);
                    flag.edited = stamp.position;
                }
                RampChange::Restarted => {
                    *run = RampRun::begin(stamp.at);
                    flag.edited = stamp.position;
                }
            }
        });
    }

    /// Somebody altered what the flag shall be.
    fn edit(&mut self, name: &EntityRef, stamp: &Stamp, change: impl FnOnce(&mut Flag)) {
        self.observe(name, |flag| {
            change(flag);
            flag.settle_runs(stamp);
            (flag.revision, flag.edited) = (stamp.position, stamp.position);
        });
        let runs = self.flag(name).is_some_and(|flag| !flag.runs.is_empty());
        if runs {
            self.ramping.insert(name.clone());
        } else {
            self.ramping.remove(name);
        }
    }

    fn observe(&mut self, name: &EntityRef, change: impl FnOnce(&mut Flag)) {
        if let Some(flag) = self.flags.get_mut(name) {
            change(Arc::make_mut(flag));
        }
    }

    fn revise_users(&mut self, segment: &EntityRef, stamp: &Stamp) {
        let users: Vec<EntityRef> = self.users_of(segment).map(|flag| flag.definition.flag.clone()).collect();
        users.iter().for_each(|user| self.observe(user, |flag| flag.revision = stamp.position));
    }
}
