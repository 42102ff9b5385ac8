//! Runs that somebody asked for: one check, now, at all of its locations.
//!
//! A probe hears of it as it hears that it is to [confirm](crate::api::probes::doubted) what another location saw: with
//! the time of the request, which its result names. What comes in counts as any other result does; here is only noted
//! which of them answers a request. All of it is in memory: a restart forgets who asked, and nothing that was seen.
//!
//! A check is no tool to attack with: one request of a check is under way at a time, with a pause after it, and there is
//! a bound on all together.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use checks::{CheckDefinition, RunResult, Verdict, Watch};
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, CommandId, EntityRef, Refusal, codes};
use tokio::sync::watch;
use world::World;

use crate::{App, api::probes::doubted};

/// Requests that are remembered.
const KEPT: usize = 256;
/// Requests that may be under way at once.
const UNDER_WAY: usize = 32;
/// A check rests so long between the end of one request and the next.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);
/// A location may take so much longer than the run's own timeout: to hear of it, to get a place, and to hand it in.
const ON_THE_WAY: SignedDuration = SignedDuration::from_secs(20);

/// A request, and what has come in.
#[derive(Debug, Clone)]
pub struct Run {
    /// What it is called: the time and a number.
    pub id: String,
    /// What it was asked with, so that who asks again with the same key gets the same.
    pub key: Option<CommandId>,
    /// The check.
    pub check: EntityRef,
    /// When it was asked for.
    pub asked: Timestamp,
    /// Who asked.
    pub by: Actor,
    /// Until then locations are waited for.
    pub until: Timestamp,
    /// When all had answered, by the server's clock.
    ended: Option<Timestamp>,
    /// The locations that were asked, each with its result once it has come.
    pub locations: BTreeMap<String, Option<Arc<RunResult>>>,
}

impl Run {
    /// True if all have answered, or are waited for no more.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now >= self.until || self.locations.values().all(Option::is_some)
    }

    /// How many have answered.
    #[must_use]
    pub fn answers(&self) -> usize {
        self.locations.values().flatten().count()
    }

    fn is_answered_by(&self, result: &RunResult) -> bool {
        let since = result.asked.is_some_and(|asked| asked >= self.asked) || result.at >= self.asked;
        self.check == result.check && self.locations.get(&result.location) == Some(&None) && since
    }
}

/// The requests of this server.
#[derive(Debug, Default)]
pub struct Runs {
    known: Mutex<Known>,
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Known {
    runs: VecDeque<Run>,
    count: u64,
}

impl Runs {
    fn known(&self) -> MutexGuard<'_, Known> {
        // What a panic left behind is whole requests.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the locations of a check to run it now: those that are named, or all whose probes are heard.
    ///
    /// # Errors
    /// `invalid` for a heartbeat, and for a location that doesn't run it; `busy` if no probe is there; `rate-limited` if
    /// the check was asked for just now, or too much is under way.
    pub fn ask(
        &self,
        world: &World,
        watch: &Watch,
        wanted: &[String],
        by: (Actor, Option<CommandId>),
        now: Timestamp,
    ) -> Result<Run, Refusal> {
        let (by, key) = by;
        let locations = locations(world, &watch.definition, wanted)?;
        let mut known = self.known();
        if let Some(last) = known.runs.iter().rev().find(|run| run.check == watch.definition.check) {
            if key.is_some() && last.key == key {
                return Ok(last.clone());
            }
            let free = last.ended.unwrap_or(last.until).checked_add(PAUSE).unwrap_or(last.until);
            if now < free {
                let wait = free.duration_since(now).as_secs().clamp(0, 3_600);
                let said = if last.is_over(now) { "was run just now" } else { "is being run already" };
                let detail = format!("{} {said}: see {}", watch.definition.check.short(), last.id);
                return Err(
                    Refusal::new(&codes::RATE_LIMITED, detail).retry_after(u32::try_from(wait).unwrap_or(0) + 1)
                );
            }
        }
        if known.runs.iter().filter(|run| !run.is_over(now)).count() >= UNDER_WAY {
            let detail = format!("{UNDER_WAY} checks are being run on request already");
            return Err(Refusal::new(&codes::RATE_LIMITED, detail).retry_after(5));
        }
        known.count += 1;
        let timeout = SignedDuration::try_from(watch.definition.timeout()).unwrap_or(SignedDuration::MAX);
        let patience = timeout.saturating_add(ON_THE_WAY);
        let run = Run {
            id: format!("{}-{}", now.as_millisecond(), known.count),
            key,
            check: watch.definition.check.clone(),
            asked: now,
            by,
            until: now.checked_add(patience).unwrap_or(now),
            ended: None,
            locations: locations.into_iter().map(|location| (location, None)).collect(),
        };
        known.runs.push_back(run.clone());
        if known.runs.len() > KEPT {
            known.runs.pop_front();
        }
        drop(known);
        self.changed.send_modify(|count| *count += 1);
        Ok(run)
    }

    /// A request of this check.
    #[must_use]
    pub fn get(&self, check: &EntityRef, id: &str) -> Option<Run> {
        self.known().runs.iter().find(|run| run.id == id && run.check == *check).cloned()
    }

    /// The last request of this check.
    #[must_use]
    pub fn last(&self, check: &EntityRef) -> Option<Run> {
        self.known().runs.iter().rev().find(|run| run.check == *check).cloned()
    }

    /// Tells when a request is made, or answered.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What a location is still asked for, each with the time of the request.
    #[must_use]
    pub fn asked(&self, location: &str, now: Timestamp) -> BTreeMap<EntityRef, Timestamp> {
        let known = self.known();
        let waiting = known.runs.iter().filter(|run| now < run.until && run.locations.get(location) == Some(&None));
        waiting.map(|run| (run.check.clone(), run.asked)).collect()
    }

    /// True if the result answers a request: one that it names, or any that was made before it began.
    pub(super) fn is_wanted(&self, result: &RunResult) -> bool {
        self.known().runs.iter().any(|run| run.is_answered_by(result))
    }

    /// Takes note of such a result.
    pub(super) fn note(&self, result: &Arc<RunResult>, now: Timestamp) {
        for run in self.known().runs.iter_mut().filter(|run| run.is_answered_by(result)) {
            run.locations.insert(result.location.clone(), Some(Arc::clone(result)));
            run.ended = run.locations.values().all(Option::is_some).then(|| now.min(run.until));
        }
        self.changed.send_modify(|count| *count += 1);
    }
}

/// Asks for a run of a check, and tells when it is over at the latest.
///
/// # Errors
/// As [`Runs::ask`], and `not-found` for an unknown check.
pub fn start(app: &App, check: &EntityRef, wanted: &[String], by: (Actor, Option<CommandId>)) -> Result<Run, Refusal> {
    let (world, now) = (app.world(), app.now());
    let unknown = || Refusal::new(&codes::NOT_FOUND, format!("there is no check {}", check.short()));
    let watch = world.checks.watch(check).ok_or_else(unknown)?;
    let run = app.runs().ask(&world, watch, wanted, by, now)?;
    let (changed, patience) = (app.runs().changed.clone(), run.until.duration_since(now).unsigned_abs());
    tokio::spawn(async move {
        tokio::time::sleep(patience).await;
        changed.send_modify(|count| *count += 1);
    });
    Ok(run)
}

/// What is judged of a check now; what is paused is not known.
pub(crate) fn judged(world: &World, check: &EntityRef) -> Verdict {
    let watch = world.checks.watch(check).filter(|watch| !watch.paused);
    watch.map_or(Verdict::Unknown, |watch| watch.verdict)
}

/// What the probe at a location is to run.
#[derive(Debug)]
pub struct Told {
    /// Its checks.
    pub definitions: Vec<Arc<CheckDefinition>>,
    /// Those to run at once, unless a run of theirs began at or after the time.
    pub now: BTreeMap<EntityRef, Timestamp>,
}

impl Told {
    /// As of now: what is declared, what is to be confirmed, and what somebody asked for. A paused check is run only
    /// while it is asked for.
    #[must_use]
    pub fn of(app: &App, world: &World, location: &str) -> Self {
        let mut definitions = world.checks.definitions(location);
        let mut now = doubted(world, location);
        for (check, at) in app.runs().asked(location, app.now()) {
            let Some(watch) = world.checks.watch(&check) else { continue };
            if watch.paused {
                definitions.push(Arc::clone(&watch.definition));
            }
            let asked = now.entry(check).or_insert(at);
            *asked = at.max(*asked);
        }
        Self { definitions, now }
    }
}

/// Who is asked: whoever is named, if it runs the check, or all that are heard.
fn locations(world: &World, definition: &CheckDefinition, wanted: &[String]) -> Result<Vec<String>, Refusal> {
    let name = definition.check.short();
    if !definition.is_run() {
        let detail = format!("{name} is a heartbeat: its job reports by itself, and nobody runs it");
        return Err(
            Refusal::new(&codes::INVALID, detail).fix("let the job run, or send a report with mainstay heartbeat")
        );
    }
    let heard: Vec<&str> = world
        .checks
        .probes()
        .filter(|(location, probe)| !probe.silent && definition.is_for(location))
        .map(|(location, _)| location)
        .collect();
    for location in wanted {
        let known = world.checks.probe(location);
        let wrong = if known.is_none() {
            Some(format!("there is no probe at \"{location}\""))
        } else if !definition.is_for(location) {
            Some(format!("{name} is not run at \"{location}\""))
        } else {
            None
        };
        if let Some(detail) = wrong {
            let fix = format!(
                "name some of: {}",
                if heard.is_empty() { "none is heard".to_owned() } else { heard.join(", ") }
            );
            return Err(Refusal::new(&codes::INVALID, detail).field("/locations").fix(fix));
        }
    }
    if !wanted.is_empty() {
        return Ok(wanted.to_vec());
    }
    if heard.is_empty() {
        let detail = format!("no probe that runs {name} is heard");
        return Err(Refusal::new(&codes::BUSY, detail).fix("start a probe, or look why it is silent").retry_after(10));
    }
    Ok(heard.into_iter().map(str::to_owned).collect())
}
