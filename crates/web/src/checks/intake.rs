//! Where results are taken, whichever probe hands them in.
//!
//! Every result is counted in its sample. It is judged against the World here, and only what brings a transition goes
//! through the loop, so that thousands of good results a second cost it nothing. Nobody's results are answered before
//! their samples are on disk. What was heard when is held in memory: a restart begins to listen anew.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use checks::{Command as CheckCommand, Outcome, Phase, Phases, RunResult, series};
use engine::Request;
use kernel::{Actor, Context, EntityRef, IdSeed, Refusal, Sha256, Timestamp, codes};
use slo::{LATE_MAX, minute_of};
use timeline::{SampleBatch, Sketch, add_parts};
use world::Command;

use crate::{App, slos::keeper::RUNS_LAG_MINUTES};

/// Runs of one check that are remembered, over all locations.
const RECENT: usize = 60;
/// A probe of which nothing was heard for so long is silent.
const PROBE_SILENT_AFTER_S: i64 = 90;
/// Samples are kept for this many minutes: 90 days.
const SAMPLES_KEPT_MINUTES: i64 = 90 * 24 * 60;

/// A run that is remembered for the screen.
#[derive(Debug, Clone)]
pub struct RecentRun {
    /// Where.
    pub location: String,
    /// When it began.
    pub at: Timestamp,
    /// True unless it failed.
    pub good: bool,
    /// True if it was slow.
    pub slow: bool,
    /// How long it took.
    pub latency_ms: u64,
    /// How long each phase of it took, over all its exchanges.
    pub phases: Phases,
}

/// What a probe says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Which version of Mainstay it is.
    pub version: Option<String>,
    /// By how many milliseconds the server's clock is ahead of its own.
    pub skew_ms: Option<i64>,
    /// Whether it lately reached anything at all.
    pub uplink: Option<Uplink>,
    /// True for one that runs within this server.
    pub inside: bool,
}

/// What a probe's test of its own connection said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uplink {
    /// It reached one of its canaries.
    Works,
    /// It reached none, and so held back what it saw.
    Failed,
}

/// What was heard of probes and checks since the server began.
#[derive(Debug)]
pub struct Intake {
    heard: Mutex<Heard>,
}

#[derive(Debug)]
struct Heard {
    began: Timestamp,
    checks: HashMap<EntityRef, Timestamp>,
    probes: BTreeMap<String, Timestamp>,
    abouts: BTreeMap<String, About>,
    recent: HashMap<EntityRef, VecDeque<RecentRun>>,
    /// The last batch of each location that is counted: a probe goes on to the next only when it was answered.
    batches: HashMap<String, Arc<tokio::sync::Mutex<Option<Sha256>>>>,
    pruned: i64,
}

impl Intake {
    pub(crate) fn new(now: Timestamp) -> Self {
        let heard = Heard {
            began: now,
            checks: HashMap::new(),
            probes: BTreeMap::new(),
            abouts: BTreeMap::new(),
            recent: HashMap::new(),
            batches: HashMap::new(),
            pruned: 0,
        };
        Self { heard: Mutex::new(heard) }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        // What a panic left behind is times and runs, each of which is whole.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last runs of a check, the newest first.
    #[must_use]
    pub fn recent(&self, check: &EntityRef) -> Vec<RecentRun> {
        self.heard().recent.get(check).map(|runs| runs.iter().rev().cloned().collect()).unwrap_or_default()
    }

    /// When a probe was last heard, since the server began.
    #[must_use]
    pub fn probe_heard(&self, location: &str) -> Option<Timestamp> {
        self.heard().probes.get(location).copied()
    }

    /// What a probe said of itself, since the server began.
    #[must_use]
    pub fn probe_about(&self, location: &str) -> Option<About> {
        self.heard().abouts.get(location).cloned()
    }

    /// Notes what a probe says of itself.
    pub fn note_about(&self, location: &str, about: About) {
        self.heard().abouts.insert(location.to_owned(), about);
    }
}

impl Heard {
    fn note(&mut self, result: &RunResult, now: Timestamp) {
        // A probe's clock may be wrong; what it says can't come from the future.
        let at = result.at.min(now);
        let newest = self.checks.entry(result.check.clone()).or_insert(at);
        *newest = (*newest).max(at);
        let runs = self.recent.entry(result.check.clone()).or_default();
        if runs.len() >= RECENT {
            runs.pop_front();
        }
        runs.push_back(RecentRun {
            location: result.location.clone(),
            at,
            good: result.outcome.is_good(),
            slow: matches!(result.outcome, Outcome::Slow { .. }),
            latency_ms: result.latency_ms,
            phases: phases_of(result),
        });
    }
}

/// How long each phase took, over all exchanges.
fn phases_of(result: &RunResult) -> Phases {
    result.hops.iter().fold(Phases::default(), |sum, hop| sum.and(&hop.phases))
}

/// Takes results that one probe hands in, in its order. They are on disk when this returns.
///
/// # Errors
/// If the store can't take them; the probe is to hand them in again.
pub async fn take(app: &App, location: &str, results: Vec<RunResult>) -> Result<(), Refusal> {
    hear(app, location).await?;
    count(app, location, &results).await?;
    weigh(app, results).await
}

/// The same for a probe that may hand in a batch again of which it doesn't know whether it was taken: it died before the
/// answer, or the answer was lost on the way. Each is counted once, as long as the server lives.
///
/// # Errors
/// As [`take`].
pub async fn take_once(app: &App, location: &str, results: Vec<RunResult>) -> Result<(), Refusal> {
    hear(app, location).await?;
    let batch = Sha256::of(&serde_json::to_vec(&results).unwrap_or_default());
    let last = Arc::clone(app.intake().heard().batches.entry(location.to_owned()).or_default());
    let (app, location) = (app.clone(), location.to_owned());
    // Whoever hangs up drops the request, and must not drop it between the samples and the note that they are counted.
    let taking = tokio::spawn(async move {
        let mut last = last.lock().await;
        if *last != Some(batch) {
            count(&app, &location, &results).await?;
            *last = Some(batch);
        }
        weigh(&app, results).await
    });
    taking.await.map_err(|error| Refusal::new(&codes::INTERNAL, format!("results were not taken: {error}")))?
}

/// Counts results in their samples.
async fn count(app: &App, location: &str, results: &[RunResult]) -> Result<(), Refusal> {
    let now = app.now();
    let mut samples: BTreeMap<(String, i64), (Sketch, u64, Vec<u64>)> = BTreeMap::new();
    {
        let world = app.world();
        let mut heard = app.intake().heard();
        for result in results {
            // Results of what is gone would be remembered for ever; what says nothing about the check is no run of it.
            if world.checks.watch(&result.check).is_none() || !result.outcome.says_something() {
                continue;
            }
            heard.note(result, now);
            let minute = result.at.min(now).as_second().div_euclid(60);
            let (sketch, errors, parts) = samples.entry((series(&result.check, location), minute)).or_default();
            if result.outcome.is_good() {
                // A whole number of milliseconds is finite.
                let _ = sketch.add(result.latency_ms as f64);
                let phases = phases_of(result);
                add_parts(parts, &Phase::ALL.map(|phase| phases.of(phase)));
            } else {
                *errors += 1;
            }
        }
    }
    let batches: Vec<SampleBatch> = samples
        .into_iter()
        .map(|((series, minute), (measured, errors, parts))| SampleBatch { series, minute, measured, errors, parts })
        .collect();
    if !batches.is_empty() {
        app.blocking(move |engine| engine.store().add_samples(batches).map_err(Refusal::from)).await?;
    }
    tell_of_late(app, results, now);
    Ok(())
}

/// Says which minutes got results, which are stored, when objectives may have been counted up to there already.
fn tell_of_late(app: &App, results: &[RunResult], now: Timestamp) {
    let counted = minute_of(app.now()) - RUNS_LAG_MINUTES;
    let mut late: BTreeMap<&EntityRef, BTreeSet<i64>> = BTreeMap::new();
    for result in results {
        let minute = minute_of(result.at.min(now));
        if (counted - LATE_MAX..counted).contains(&minute) {
            late.entry(&result.check).or_default().insert(minute);
        }
    }
    for (check, minutes) in late {
        app.slos().note_late(check, &minutes);
    }
}

/// Judges results, in their order.
async fn weigh(app: &App, results: Vec<RunResult>) -> Result<(), Refusal> {
    let now = app.now();
    for mut result in results {
        result.at = result.at.min(now);
        let answer = app.runs().is_wanted(&result).then(|| Arc::new(result.clone()));
        let command = CheckCommand::Report { result };
        if changes(app, &command) {
            submit(app, command).await?;
        }
        // Whoever asked for the run sees the verdict that it brought.
        if let Some(answer) = answer {
            app.runs().note(&answer, now);
        }
    }
    Ok(())
}

/// Notes that a probe is there.
///
/// # Errors
/// If its location has no sensible name, or the store can't take the event.
pub async fn hear(app: &App, location: &str) -> Result<(), Refusal> {
    app.intake().heard().probes.insert(location.to_owned(), app.now());
    let known = app.world().checks.probe(location).is_some_and(|probe| !probe.silent);
    if known {
        return Ok(());
    }
    submit(app, CheckCommand::HearProbe { location: location.to_owned() }).await
}

/// Looks for silence, and forgets what is gone. To be called every few seconds.
pub async fn keep_house(app: &App) {
    let (world, now) = (app.world(), app.now());
    let (commands, prune) = {
        let mut heard = app.intake().heard();
        heard.checks.retain(|check, _| world.checks.watch(check).is_some());
        heard.recent.retain(|check, _| world.checks.watch(check).is_some());
        // Who is not known to the World was refused, or is retired.
        heard.probes.retain(|location, _| world.checks.probe(location).is_some());
        heard.batches.retain(|location, _| world.checks.probe(location).is_some());
        // One within this server says what it is before its first result.
        heard.abouts.retain(|location, about| about.inside || world.checks.probe(location).is_some());
        let began = heard.began;
        let last_heard = |check: &EntityRef| {
            let defined = world.checks.watch(check).map_or(began, |watch| watch.since);
            heard.checks.get(check).copied().unwrap_or(began.max(defined))
        };
        let mut commands = checks::silent(&world.checks, last_heard, now);
        let heard_probes = world.checks.probes().filter(|(_, probe)| !probe.silent);
        commands.extend(heard_probes.filter_map(|(location, _)| {
            let last = heard.probes.get(location).copied().unwrap_or(began);
            let silent = now.duration_since(last).as_secs() > PROBE_SILENT_AFTER_S;
            silent.then(|| CheckCommand::MarkProbeSilent { location: location.to_owned(), last })
        }));
        let minute = now.as_second().div_euclid(60);
        let prune = (minute - heard.pruned >= 60).then_some(minute - SAMPLES_KEPT_MINUTES);
        if prune.is_some() {
            heard.pruned = minute;
        }
        (commands, prune)
    };
    for command in commands {
        if let Err(refusal) = submit(app, command).await {
            tracing::warn!(error.code = refusal.code.name, "silence could not be recorded: {refusal}");
        }
    }
    if let Some(before) = prune {
        let pruned = app.blocking(move |engine| engine.store().prune_samples(before).map_err(Refusal::from)).await;
        if let Err(refusal) = pruned {
            tracing::warn!(error.code = refusal.code.name, "old samples were not removed: {refusal}");
        }
    }
}

/// True if the command would bring an event about, or be refused, as things are now.
fn changes(app: &App, command: &CheckCommand) -> bool {
    let context = Context::new(app.now(), Actor::mainstay("checks"), IdSeed(0));
    checks::decide(&app.world().checks, command.clone(), &context).map_or(true, |events| !events.is_empty())
}

async fn submit(app: &App, command: CheckCommand) -> Result<(), Refusal> {
    app.submit(Request::by_part(Command::Checks(command), "checks")).await.map(drop)
}
