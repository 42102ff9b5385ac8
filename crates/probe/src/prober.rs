//! Keeps a set of checks running at their intervals.

mod timing;
mod usual;

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use checks::{CheckDefinition, Outcome, RunResult, Tally};
use jiff::Timestamp;
use kernel::EntityRef;
use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::{Instant, sleep_until},
};

use crate::{Client, Run};

pub use timing::Stagger;
use timing::Timing;
use usual::Usual;

/// Makes one run of one check.
pub trait Runner: Send + Sync + 'static {
    /// Runs the check once, within its timeout.
    fn run(&self, definition: &CheckDefinition) -> impl Future<Output = Run> + Send;
}

impl Runner for Client {
    fn run(&self, definition: &CheckDefinition) -> impl Future<Output = Run> + Send {
        self.run_once(definition)
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

/// Runs that may be under way at once, of checks whose last run was good: of answers that take a tenth of a second, more
/// than one core can ask for.
const PROVEN_RUNS: usize = 256;
/// Runs that may be under way at once of the others, which may all hang until their timeouts: they can't take the
/// places of the former.
const UNPROVEN_RUNS: usize = 128;
/// Runs that may be under way at once of checks that haven't run yet: after a start nobody knows which of them hang.
const NEW_RUNS: usize = 256;
/// After this a first failure is confirmed, or not.
const CONFIRM_AFTER: Duration = Duration::from_secs(1);
/// A new check's first run is within this.
const FIRST_RUN_WITHIN: Duration = Duration::from_secs(5);

/// Tells the wall-clock time.
type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// Keeps a set of checks running at one location.
pub struct Prober<R> {
    shared: Shared<R>,
}

struct Shared<R> {
    location: String,
    runner: R,
    clock: Clock,
    pace: Pace,
    proven: Semaphore,
    unproven: Semaphore,
    new: Semaphore,
    stagger: Option<Stagger>,
    asked: Option<Asked>,
}

/// The checks that shall be run at once unless a run of theirs began at or after the time, which their result names.
pub type Asked = watch::Receiver<BTreeMap<EntityRef, Timestamp>>;

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
        let (new, stagger, asked) = (Semaphore::new(NEW_RUNS), None, None);
        Self { shared: Shared { location, runner, clock, pace, proven, unproven, new, stagger, asked } }
    }

    /// The same, as one of several locations.
    #[must_use]
    pub fn staggered(mut self, stagger: Stagger) -> Self {
        self.shared.stagger = Some(stagger);
        self
    }

    /// The same, running checks at once that are asked for: to confirm elsewhere what one location saw. Each is run
    /// once for each time that it is asked for.
    #[must_use]
    pub fn confirming(mut self, asked: Asked) -> Self {
        self.shared.asked = Some(asked);
        self
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
        let shared = Arc::new(self.shared);
        let (stopping, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let mut kept = BTreeMap::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let wanted = Arc::clone(&definitions.borrow_and_update());
            keep(&shared, &wanted, &mut kept, &mut tasks, &results, &stopped);
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
}

/// Starts what is new or was changed, and drops what is gone. A run of what was changed is dropped with it.
fn keep<R: Runner>(
    shared: &Arc<Shared<R>>,
    wanted: &[Arc<CheckDefinition>],
    kept: &mut BTreeMap<EntityRef, Kept>,
    tasks: &mut JoinSet<()>,
    results: &mpsc::Sender<RunResult>,
    stopped: &watch::Receiver<bool>,
) {
    let mut before = std::mem::take(kept);
    for definition in wanted {
        if kept.contains_key(&definition.check) {
            continue;
        }
        let running = match before.remove(&definition.check) {
            Some(running) if running.definition == *definition => running,
            changed => {
                changed.iter().for_each(|changed| changed.task.abort());
                let (shared, definition) = (Arc::clone(shared), Arc::clone(definition));
                let work = keep_running(shared, Arc::clone(&definition), results.clone(), stopped.clone());
                Kept { definition, task: tasks.spawn(work) }
            }
        };
        kept.insert(definition.check.clone(), running);
    }
    before.values().for_each(|gone| gone.task.abort());
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
    let timing = Timing::of(&definition, &shared.location, shared.stagger, shared.pace, (shared.clock)());
    let mut tally = Tally::default();
    let mut usual = Usual::default();
    let mut asked = Requests { asked: shared.asked.clone(), last: None };
    let mut places = &shared.new;
    let mut next = timing.first;
    let mut obstacle = None;
    loop {
        let start = async {
            let request = tokio::select! {
                () = sleep_until(next) => None,
                request = asked.wait(&definition.check) => Some(request),
            };
            // The semaphores are never closed; without a permit the run would just be one more at once.
            (request, places.acquire().await.ok())
        };
        let (request, permit) = tokio::select! {
            start = start => start,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        let at = (shared.clock)();
        asked.last = asked.last.max(Some(at));
        // What a run needs is there only while it runs: there may be ten thousand checks.
        let run = usual.judge(definition.slowness, Box::pin(shared.runner.run(&definition)).await);
        drop(permit);
        tell(&definition.check, &run.outcome, &mut obstacle);
        let mut result = tally.count(&definition.check, &shared.location, at, run.outcome, run.latency_ms);
        result.hops = run.hops;
        result.asked = request;
        let proven = result.outcome.is_good();
        places = if proven { &shared.proven } else { &shared.unproven };
        let confirm = !proven && result.outcome.says_something() && result.streak.runs == 1;
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

/// Tells whoever runs the probe what keeps it from running a check, once for each obstacle.
fn tell(check: &EntityRef, outcome: &Outcome, obstacle: &mut Option<String>) {
    let now = match outcome {
        Outcome::Unable { why } => Some(why),
        Outcome::Passed | Outcome::Slow { .. } | Outcome::Failed { .. } => None,
    };
    if now != obstacle.as_ref() {
        match now {
            Some(why) => tracing::error!(check = %check, error.message = %why, "a check can't be run from here"),
            None => tracing::info!(check = %check, "the check can be run from here again"),
        }
        *obstacle = now.cloned();
    }
}

/// What one check is asked for.
struct Requests {
    asked: Option<Asked>,
    /// The later of the last run's begin and the last request that was answered: a clock that is behind that of whoever
    /// asks must not make a check run again and again.
    last: Option<Timestamp>,
}

impl Requests {
    /// Waits until the check is asked for, and says by which request.
    async fn wait(&mut self, check: &EntityRef) -> Timestamp {
        let Some(asked) = &mut self.asked else { return std::future::pending().await };
        loop {
            let at = asked.borrow_and_update().get(check).copied();
            if let Some(request) = at.filter(|_| at > self.last) {
                self.last = at;
                return request;
            }
            if asked.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
