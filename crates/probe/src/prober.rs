//! Keeps a set of checks running at their intervals.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use checks::{CheckDefinition, CheckKind, RunResult, Tally};
use jiff::Timestamp;
use kernel::{EntityRef, Sha256};
use tokio::{
    sync::{Semaphore, SemaphorePermit, mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use crate::{Client, Run};

/// Makes one run of one check.
pub trait Runner: Send + Sync + 'static {
    /// Runs the check once, within its timeout.
    fn run(&self, definition: &CheckDefinition) -> impl Future<Output = Run> + Send;

    /// True if this sort of check can be run here. What can't is not run: its state is unknown, and not down.
    fn can_run(&self, definition: &CheckDefinition) -> bool {
        let _ = definition;
        true
    }
}

impl Runner for Client {
    fn run(&self, definition: &CheckDefinition) -> impl Future<Output = Run> + Send {
        self.run_once(definition)
    }

    fn can_run(&self, definition: &CheckDefinition) -> bool {
        matches!(definition.kind, CheckKind::Http(_))
    }
}

/// How much faster than declared checks run. For demonstrations; otherwise it is [`Pace::DECLARED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(u32);

impl Pace {
    /// As declared.
    pub const DECLARED: Self = Self(1);
    /// However fast: no check runs more often than this.
    pub const SHORTEST: Duration = Duration::from_millis(200);

    /// So many times as fast as declared.
    #[must_use]
    pub fn times(factor: u32) -> Self {
        Self(factor.max(1))
    }

    /// A declared duration at this pace.
    #[must_use]
    pub fn of(self, declared: Duration) -> Duration {
        if self == Self::DECLARED { declared } else { (declared / self.0).max(Self::SHORTEST) }
    }
}

/// Runs that may be under way at once, of checks whose last run was good.
const PROVEN_RUNS: usize = 48;
/// Runs that may be under way at once of the others, which may all hang until their timeouts: they can't take the
/// places of the former.
const UNPROVEN_RUNS: usize = 16;
/// After this a first failure is confirmed, or not.
const CONFIRM_AFTER: Duration = Duration::from_secs(1);
/// A new check's first run is within this.
const FIRST_RUN_WITHIN: Duration = Duration::from_secs(5);

/// Tells the wall-clock time.
type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Keeps a set of checks running at one location.
pub struct Prober<R> {
    shared: Arc<Shared<R>>,
}

struct Shared<R> {
    location: String,
    runner: R,
    clock: Clock,
    pace: Pace,
    proven: Semaphore,
    unproven: Semaphore,
}

/// A check that is being kept running.
struct Kept {
    definition: Arc<CheckDefinition>,
    task: AbortHandle,
}

impl<R: Runner> Prober<R> {
    /// A prober at `location`. `clock` gives the wall-clock time of results; intervals are tokio's time.
    #[must_use]
    pub fn new(
        location: impl Into<String>,
        runner: R,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
        pace: Pace,
    ) -> Self {
        let (location, clock) = (location.into(), Box::new(clock));
        let (proven, unproven) = (Semaphore::new(PROVEN_RUNS), Semaphore::new(UNPROVEN_RUNS));
        Self { shared: Arc::new(Shared { location, runner, clock, pace, proven, unproven }) }
    }

    /// Runs the checks of `definitions`, and takes changes of them, until `stop` is ready, the sender of the
    /// definitions is gone, or nobody takes results any more. Runs that are under way then are finished and handed
    /// in first.
    pub async fn run(
        self,
        mut definitions: watch::Receiver<Arc<Vec<Arc<CheckDefinition>>>>,
        results: mpsc::Sender<RunResult>,
        stop: impl Future<Output = ()>,
    ) {
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut kept = BTreeMap::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let wanted = Arc::clone(&definitions.borrow_and_update());
            self.keep(&wanted, &mut kept, &mut tasks, &results, &stopped);
            loop {
                tokio::select! {
                    () = &mut stop => return finish(stopping, tasks).await,
                    () = results.closed() => return finish(stopping, tasks).await,
                    changed = definitions.changed() => match changed {
                        Ok(()) => break,
                        Err(_) => return finish(stopping, tasks).await,
                    },
                    Some(ended) = tasks.join_next() => log_panic(ended),
                }
            }
        }
    }

    /// Starts what is new or was changed, and drops what is gone. A run of what was changed is dropped with it.
    fn keep(
        &self,
        wanted: &[Arc<CheckDefinition>],
        kept: &mut BTreeMap<EntityRef, Kept>,
        tasks: &mut JoinSet<()>,
        results: &mpsc::Sender<RunResult>,
        stopped: &watch::Receiver<bool>,
    ) {
        let mut before = std::mem::take(kept);
        for definition in wanted {
            if kept.contains_key(&definition.check) || !self.shared.runner.can_run(definition) {
                continue;
            }
            let running = match before.remove(&definition.check) {
                Some(running) if running.definition == *definition => running,
                changed => {
                    changed.iter().for_each(|changed| changed.task.abort());
                    let (shared, definition) = (Arc::clone(&self.shared), Arc::clone(definition));
                    let work = keep_running(shared, Arc::clone(&definition), results.clone(), stopped.clone());
                    Kept { definition, task: tasks.spawn(work) }
                }
            };
            kept.insert(definition.check.clone(), running);
        }
        before.values().for_each(|gone| gone.task.abort());
    }
}

/// Starts nothing new, and waits for what is under way.
async fn finish(stopping: watch::Sender<bool>, mut tasks: JoinSet<()>) {
    stopping.send_replace(true);
    while let Some(ended) = tasks.join_next().await {
        log_panic(ended);
    }
}

/// A check whose task panicked isn't run any more; it falls silent, and is shown as unknown.
fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(error.message = %error, "a check's task panicked; the check is not run any more");
    }
}

/// Runs one check over and over.
async fn keep_running<R: Runner>(
    shared: Arc<Shared<R>>,
    definition: Arc<CheckDefinition>,
    results: mpsc::Sender<RunResult>,
    mut stopped: watch::Receiver<bool>,
) {
    let timing = Timing::of(&definition, &shared.location, shared.pace);
    let mut tally = Tally::default();
    let mut proven = false;
    let mut next = timing.first;
    loop {
        let permit = tokio::select! {
            permit = shared.place(next, proven) => permit,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let at = (shared.clock)();
        let run = shared.runner.run(&definition).await;
        drop(permit);
        let result = tally.count(&definition.check, &shared.location, at, run.outcome, run.latency_ms);
        proven = result.outcome.is_good();
        let confirm = !proven && result.streak.runs == 1;
        if results.send(result).await.is_err() {
            return;
        }
        let now = Instant::now();
        next = timing.slot_after(now);
        if confirm {
            next = next.min(now + timing.confirm_after);
        }
    }
}

impl<R> Shared<R> {
    /// Waits until `start`, and then for a place among the runs under way.
    async fn place(&self, start: Instant, proven: bool) -> Option<SemaphorePermit<'_>> {
        sleep_until(start).await;
        let places = if proven { &self.proven } else { &self.unproven };
        // The semaphores are never closed; without a permit the run would just be one more at once.
        places.acquire().await.ok()
    }
}

/// When a check runs: at fixed slots, one interval apart, so that a late run doesn't shift those after it.
struct Timing {
    first: Instant,
    slot: Instant,
    interval: Duration,
    confirm_after: Duration,
}

impl Timing {
    fn of(definition: &CheckDefinition, location: &str, pace: Pace) -> Self {
        let interval = pace.of(definition.interval());
        let spread = spread(&definition.check, location);
        let now = Instant::now();
        Self {
            first: now + interval.min(FIRST_RUN_WITHIN).mul_f64(spread),
            slot: now + interval.mul_f64(spread),
            interval,
            confirm_after: pace.of(CONFIRM_AFTER),
        }
    }

    /// The first slot after `now`; slots that were missed are left out.
    fn slot_after(&self, now: Instant) -> Instant {
        let Some(late) = now.checked_duration_since(self.slot) else { return self.slot };
        let missed = late.as_nanos() / self.interval.as_nanos().max(1);
        self.slot + self.interval.saturating_mul(u32::try_from(missed + 1).unwrap_or(u32::MAX))
    }
}

/// Where in the interval this check runs at this location: a fraction that is the same after a restart.
fn spread(check: &EntityRef, location: &str) -> f64 {
    let digest = Sha256::of_parts(&[check.as_str().as_bytes(), location.as_bytes()]);
    let head = digest.0.iter().take(4).fold(0_u32, |head, byte| (head << 8) | u32::from(*byte));
    f64::from(head) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests;
