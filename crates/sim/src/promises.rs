//! What is promised of flags, kept from the timeline alone: who had to agree, which ramps had to stop, and what share was
//! announced.

use std::collections::BTreeMap;

use flags::{Change, Event, OnFailure, Ramp, RampChange, RampRun, RequestStep, Wish};
use kernel::{Actor, CommandId, EntityRef, RequestId, Stamp, Timestamp};
use world::World;

use crate::clock;

/// A flag, and the environment in which its ramp runs.
type Place = (EntityRef, String);

/// What was promised, and what is owed by the command whose events are being read.
#[derive(Default)]
pub(crate) struct Promises {
    command: Option<CommandId>,
    /// The flags before that command.
    before: flags::State,
    /// Changes of that command that somebody had to agree to, until it says that they did, or that it was an emergency.
    unapproved: Vec<String>,
    /// Ramps that this command must stop, and why.
    must_stop: BTreeMap<Place, String>,
    requests: BTreeMap<RequestId, Asked>,
    /// The largest share that was announced of a run, in hundredths of a percent.
    announced: BTreeMap<Place, u16>,
}

/// A request that is open.
struct Asked {
    wish: Wish,
    authors: Vec<Actor>,
    agreed: Vec<Actor>,
}

impl Promises {
    /// Takes in the next event; `world` has all before it.
    pub(crate) fn see(&mut self, world: &World, event: &world::Event, stamp: &Stamp, wrong: &mut Vec<String>) {
        if self.command != Some(stamp.command) {
            self.settle(wrong);
            self.command = Some(stamp.command);
            self.before = world.flags.clone();
        }
        match event {
            world::Event::Flags(event) => self.see_flags(world, event, stamp, wrong),
            world::Event::Checks(checks::Event::WentDown { check, .. } | checks::Event::Degraded { check, .. }) => {
                self.owe_stops(world, stamp.at, |_, ramp| ramp.guards.contains(check))
            }
            world::Event::Access(_)
            | world::Event::Actions(_)
            | world::Event::Catalog(_)
            | world::Event::Checks(_)
            | world::Event::Contracts(_)
            | world::Event::Deploys(_)
            | world::Event::Effects(_)
            | world::Event::Incidents(_)
            | world::Event::Journal(_)
            | world::Event::Oncall(_)
            | world::Event::Alerts(_)
            | world::Event::Paging(_)
            | world::Event::Postmortems(_)
            | world::Event::Statuspage(_)
            | world::Event::Slo(_) => {}
        }
    }

    /// A command's events are all read: it owes nothing any more.
    pub(crate) fn settle(&mut self, wrong: &mut Vec<String>) {
        for words in std::mem::take(&mut self.unapproved) {
            wrong.push(format!("\"{words}\" was done without the approvals that it needed"));
        }
        for ((flag, environment), why) in std::mem::take(&mut self.must_stop) {
            wrong.push(format!("the ramp of {} in {environment} was not stopped: {why}", flag.short()));
        }
    }

    fn see_flags(&mut self, world: &World, event: &Event, stamp: &Stamp, wrong: &mut Vec<String>) {
        if let Some(change) = change_of(event)
            && flags::needed(&self.before, &change) > 0
        {
            self.unapproved.push(change.words());
        }
        match event {
            Event::Turned { flag, environment, .. } => {
                self.announced.remove(&(flag.clone(), environment.clone()));
            }
            Event::Removed { flag } => self.announced.retain(|(known, _), _| known != flag),
            Event::Defined { definition } => self.redefine(definition),
            Event::Ramp { flag, environment, change, .. } => {
                self.see_ramp(world, (flag.clone(), environment.clone()), change);
            }
            Event::Request { request, step, .. } => self.see_request(*request, step, stamp, wrong),
            Event::Overridden { .. } => self.unapproved.clear(),
            Event::Seen { .. }
            | Event::Evaluated { .. }
            | Event::ReferencesReported { .. }
            | Event::SegmentDefined { .. }
            | Event::SegmentRemoved { .. } => {}
        }
    }

    /// Ramps that serve somebody, or are on their way, must stop.
    fn owe_stops(&mut self, world: &World, now: Timestamp, concerned: impl Fn(&Place, &Ramp) -> bool) {
        for (flag, environment, ramp, run) in world.flags.ramps() {
            let place = (flag.definition.flag.clone(), environment.clone());
            let is_paused = ramp.on_failure == OnFailure::Pause && run.paused.is_some();
            if concerned(&place, ramp) && flags::is_guarded(ramp, run, now) && !is_paused {
                self.must_stop.insert(place, "its guard failed".to_owned());
            }
        }
    }

    fn see_ramp(&mut self, world: &World, place: Place, change: &RampChange) {
        match change {
            RampChange::Stepped { step, to, .. } => {
                let running = world.flags.flag(&place.0).and_then(|flag| flag.ramp(&place.1));
                // What pauses stands already, or goes no further when it is at its last step.
                let stops = |(ramp, run): &(&Ramp, &RampRun)| match ramp.on_failure {
                    OnFailure::RollBack => true,
                    OnFailure::Pause => run.paused.is_none() && step + 1 < ramp.steps.len(),
                };
                if running.filter(stops).is_some_and(|(ramp, _)| guard_is_down(world, ramp)) {
                    self.must_stop.insert(place.clone(), "it stepped while its guard was down".to_owned());
                }
                self.announced.insert(place, *to);
            }
            RampChange::RolledBack { .. } => {
                self.must_stop.remove(&place);
                self.announced.remove(&place);
            }
            RampChange::Paused { .. } => {
                self.must_stop.remove(&place);
            }
            RampChange::Restarted => {
                self.announced.remove(&place);
            }
            RampChange::Resumed | RampChange::GatePassed { .. } => {}
        }
    }

    /// Another schedule for the same variants takes nobody back, if it goes as far.
    fn redefine(&mut self, definition: &flags::Definition) {
        let before = self.before.flag(&definition.flag).map(|flag| &flag.definition);
        let kept = |environment: &String| -> Option<u16> {
            let (before, after) = (before?.environments.get(environment)?, definition.environments.get(environment)?);
            let (old, new) = (before.ramp.as_ref()?, after.ramp.as_ref()?);
            let is_same = (&old.variant, &old.from, &old.by) == (&new.variant, &new.from, &new.by);
            let last = new.steps.last()?.basis_points;
            (is_same && before.enabled == after.enabled).then_some(last)
        };
        self.announced.retain(|(flag, environment), share| {
            if *flag != definition.flag {
                return true;
            }
            let last = kept(environment);
            *share = last.map_or(0, |last| last.min(*share));
            last.is_some()
        });
    }

    fn see_request(&mut self, id: RequestId, step: &RequestStep, stamp: &Stamp, wrong: &mut Vec<String>) {
        let actor = &stamp.actor;
        if let RequestStep::Asked { wish } = step {
            let authors = vec![actor.clone()];
            let asked = Asked { wish: wish.as_ref().clone(), authors, agreed: Vec::new() };
            self.requests.insert(id, asked);
            return;
        }
        let Some(asked) = self.requests.get_mut(&id) else {
            return wrong.push(format!("something happened to request {id}, which is not open"));
        };
        match step {
            RequestStep::Asked { .. } => {}
            RequestStep::Amended { wish } => {
                asked.wish = wish.as_ref().clone();
                asked.authors.push(actor.clone());
                asked.agreed.clear();
            }
            RequestStep::Approved { hash } => {
                // Nobody counts twice, nor who agreed to something else.
                if *hash == asked.wish.hash && !asked.agreed.contains(actor) {
                    asked.agreed.push(actor.clone());
                }
            }
            RequestStep::Applied => {
                wrong.extend(asked.wrongly_applied(&self.before, stamp.at));
                self.unapproved.clear();
                self.requests.remove(&id);
            }
            RequestStep::Rejected | RequestStep::Withdrawn | RequestStep::Failed { .. } => {
                self.requests.remove(&id);
            }
        }
    }

    /// A share is never less than what was announced, whatever the clock says.
    pub(crate) fn check(&self, world: &World, now: Timestamp, wrong: &mut Vec<String>) {
        for ((flag, environment), announced) in &self.announced {
            for at in [clock::begin(), now, world.at.unwrap_or(now)] {
                let known = world.flags.flag(flag);
                let share = known.and_then(|flag| flag.ramp_position(environment, at)).map(|at| at.basis_points);
                if share.is_none_or(|share| share < *announced) {
                    wrong.push(format!(
                        "the ramp of {} in {environment} serves {share:?} at {at}, and {announced} was announced",
                        flag.short()
                    ));
                }
            }
        }
    }
}

impl Asked {
    /// What is wrong with doing this now; `state` is as it was before.
    fn wrongly_applied(&self, state: &flags::State, now: Timestamp) -> Option<String> {
        let words = self.wish.change.words();
        let needed = flags::needed(state, &self.wish.change);
        let others = self.agreed.iter().filter(|who| who.is_person() && !self.authors.contains(*who)).count();
        if others < usize::from(needed) {
            return Some(format!("\"{words}\" was asked for and done with {others} of {needed} approvals"));
        }
        let is_early = self.wish.at.is_some_and(|at| now < at);
        is_early.then(|| format!("\"{words}\" was done before its time"))
    }
}

fn guard_is_down(world: &World, ramp: &Ramp) -> bool {
    let is_down = |watch: &checks::Watch| watch.verdict == checks::Verdict::Down;
    ramp.guards.iter().any(|guard| world.checks.watch(guard).is_some_and(is_down))
}

/// The change that somebody had to be allowed to make.
fn change_of(event: &Event) -> Option<Change> {
    match event {
        Event::Turned { flag, environment, on, .. } => {
            Some(Change::Turn { flag: flag.clone(), environment: environment.clone(), on: *on })
        }
        Event::Defined { definition } => Some(Change::Define { definition: definition.as_ref().clone() }),
        Event::Removed { flag } => Some(Change::Remove { flag: flag.clone() }),
        Event::SegmentDefined { segment, .. } => Some(Change::DefineSegment { segment: segment.clone() }),
        Event::SegmentRemoved { segment, .. } => Some(Change::RemoveSegment { segment: segment.clone() }),
        Event::Seen { .. }
        | Event::Evaluated { .. }
        | Event::ReferencesReported { .. }
        | Event::Ramp { .. }
        | Event::Request { .. }
        | Event::Overridden { .. } => None,
    }
}
