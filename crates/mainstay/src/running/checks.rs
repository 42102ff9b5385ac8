//! Runs the checks from within the server, and hands in what they saw.
//!
//! Every result is counted in its sample; the command `Report` makes an event of it only if the verdict changes. A check
//! from which nothing was heard for long is marked silent: unknown, never healthy.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use checks::{Command as CheckCommand, Outcome, RunResult, series, silent};
use engine::Request;
use kernel::{EntityRef, Refusal, Timestamp, codes};
use probe::{AddressPolicy, Client, Pace, Prober};
use timeline::{SampleBatch, Sketch};
use tokio::sync::{mpsc, watch};
use web::App;
use world::{Command, Event};

/// Where this server's own probe stands.
const LOCATION: &str = "home";
/// Results that may wait to be handed in.
const RESULTS_MAX: usize = 1_024;
/// How often samples are written, and silence is looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(5);
/// Samples are kept for this many minutes: 90 days.
const SAMPLES_KEPT_MINUTES: i64 = 90 * 24 * 60;

/// How much faster than declared the checks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speed(pub(crate) u32);

/// The task that runs the checks until the server stops.
///
/// # Errors
/// If no HTTP client can be had.
pub(super) fn run(
    app: App,
    speed: Speed,
    stopped: watch::Receiver<bool>,
) -> Result<impl Future<Output = ()> + use<>, Refusal> {
    let client = Client::new(AddressPolicy::default())
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("no client for checks: {error}")))?;
    let clock = app.clone();
    let prober = Prober::new(LOCATION, client, move || clock.now(), Pace::times(speed.0));
    let (define, definitions) = watch::channel(Arc::new(app.world().checks.definitions()));
    let (hand_in, results) = mpsc::channel(RESULTS_MAX);
    Ok(async move {
        let mut stop = stopped.clone();
        let stop = async move {
            let _ = stop.wait_for(|stopped| *stopped).await;
        };
        let follow = follow_definitions(app.clone(), define, stopped);
        tokio::join!(prober.run(definitions, hand_in, stop), follow, Desk::new(app).take(results));
    })
}

async fn follow_definitions(
    app: App,
    define: watch::Sender<Arc<Vec<Arc<checks::CheckDefinition>>>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut commits = app.engine().subscribe();
    loop {
        let changed = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            commit = commits.recv() => match commit {
                Ok(commit) => commit.recorded.iter().any(|recorded| matches!(*recorded.event, Event::Checks(_))),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => true,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
        };
        if changed {
            let wanted = Arc::new(app.world().checks.definitions());
            define.send_if_modified(|known| {
                let differs = **known != *wanted;
                *known = wanted;
                differs
            });
        }
    }
}

/// Where results are taken.
struct Desk {
    app: App,
    began: Timestamp,
    heard: BTreeMap<EntityRef, Timestamp>,
    /// By series and minute: what was measured, and how many failed.
    samples: BTreeMap<(String, i64), (Sketch, u64)>,
    pruned: i64,
}

impl Desk {
    fn new(app: App) -> Self {
        let began = app.now();
        Self { app, began, heard: BTreeMap::new(), samples: BTreeMap::new(), pruned: 0 }
    }

    async fn take(mut self, mut results: mpsc::Receiver<RunResult>) {
        let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
        loop {
            tokio::select! {
                result = results.recv() => match result {
                    Some(result) => self.hand_in(result).await,
                    None => break,
                },
                _ = housekeeping.tick() => {
                    self.write_samples().await;
                    self.mark_silent().await;
                }
            }
        }
        self.write_samples().await;
    }

    async fn hand_in(&mut self, result: RunResult) {
        self.heard.insert(result.check.clone(), result.at);
        self.sample(&result);
        self.submit(CheckCommand::Report { result }).await;
    }

    fn sample(&mut self, result: &RunResult) {
        let minute = result.at.as_second().div_euclid(60);
        let key = (series(&result.check, &result.location), minute);
        let (sketch, errors) = self.samples.entry(key).or_default();
        match result.outcome {
            Outcome::Failed { .. } => *errors += 1,
            Outcome::Passed | Outcome::Slow { .. } => {
                // A whole number of milliseconds is finite.
                let _ = sketch.add(result.latency_ms as f64);
            }
        }
    }

    async fn write_samples(&mut self) {
        if self.samples.is_empty() {
            return;
        }
        let batches: Vec<SampleBatch> = std::mem::take(&mut self.samples)
            .into_iter()
            .map(|((series, minute), (measured, errors))| SampleBatch { series, minute, measured, errors })
            .collect();
        let minute = self.app.now().as_second().div_euclid(60);
        let prune = (minute - self.pruned >= 60).then_some(minute - SAMPLES_KEPT_MINUTES);
        if prune.is_some() {
            self.pruned = minute;
        }
        let written = self.app.blocking(move |engine| {
            engine.store().add_samples(batches)?;
            if let Some(before) = prune {
                engine.store().prune_samples(before)?;
            }
            Ok(())
        });
        if let Err(refusal) = written.await {
            tracing::warn!(error.code = refusal.code.name, "samples were lost: {refusal}");
        }
    }

    async fn mark_silent(&mut self) {
        let world = self.app.world();
        self.heard.retain(|check, _| world.checks.watch(check).is_some());
        let heard = |check: &EntityRef| {
            let defined = world.checks.watch(check).map_or(self.began, |watch| watch.since);
            self.heard.get(check).copied().unwrap_or(self.began.max(defined))
        };
        for command in silent(&world.checks, heard, self.app.now()) {
            self.submit(command).await;
        }
    }

    async fn submit(&self, command: CheckCommand) {
        let request = Request::by_part(Command::Checks(command), "checks");
        if let Err(refusal) = self.app.submit(request).await {
            tracing::warn!(error.code = refusal.code.name, "a check's result was not taken: {refusal}");
        }
    }
}
