//! The loop on a thread of its own, and the handle that everybody has.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Duration,
};

use arc_swap::ArcSwap;
use kernel::{Refusal, Timestamp, codes};
use timeline::Store;
use tokio::sync::{broadcast, oneshot};
use world::World;

use crate::{Clock, Commit, Core, Receipt, Request, past::Past, snapshots::Snapshots};

/// How the loop runs.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// How often deadlines are looked at.
    pub tick: Duration,
    /// A snapshot is kept after this many events.
    pub snapshot_every: u64,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { tick: Duration::from_millis(250), snapshot_every: 10_000 }
    }
}

/// The handle to the loop. Cloning it is cheap.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    queue: SyncSender<Asked>,
    world: ArcSwap<World>,
    commits: broadcast::Sender<Commit>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    past: Past,
    stopping: AtomicBool,
    thread: std::sync::Mutex<Option<JoinHandle<()>>>,
    options: EngineOptions,
}

enum Asked {
    Request(Box<Request>, oneshot::Sender<Result<Receipt, Refusal>>),
    Stop,
}

/// Commands that may wait.
const QUEUE_MAX: usize = 4_096;
/// Commands of one write.
const BATCH_MAX: usize = 512;
/// Commits that a slow subscriber may be behind before it misses some, which it is told.
const COMMITS_MAX: usize = 1_024;

impl Engine {
    /// Loads the World and starts the loop.
    ///
    /// # Errors
    /// If the store can't be read, or no thread can be had.
    pub fn start(store: Arc<dyn Store>, clock: Arc<dyn Clock>, options: EngineOptions) -> Result<Self, Refusal> {
        let core = Core::open(Arc::clone(&store), Arc::clone(&clock))?;
        let (queue, asked) = sync_channel(QUEUE_MAX);
        let shared = Arc::new(Shared {
            queue,
            world: ArcSwap::new(core.world()),
            commits: broadcast::channel(COMMITS_MAX).0,
            store,
            clock,
            past: Past::default(),
            stopping: AtomicBool::new(false),
            thread: std::sync::Mutex::new(None),
            options,
        });
        let engine = Self { shared: Arc::clone(&shared) };
        let running = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || running.run(core, &asked))
            .map_err(|error| Refusal::new(&codes::INTERNAL, format!("no thread can be had: {error}")))?;
        *shared.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(thread);
        Ok(engine)
    }

    /// Everything that is known, as of the last commit.
    #[must_use]
    pub fn world(&self) -> Arc<World> {
        self.shared.world.load_full()
    }

    /// Everything that was known at `at`. It reads the store: call it where blocking is allowed.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn world_at(&self, at: Timestamp) -> Result<Arc<World>, Refusal> {
        self.shared.past.at(self.shared.store.as_ref(), &self.world(), at)
    }

    /// The store, for what is no event: blobs, samples, secrets, searching the timeline.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.shared.store
    }

    /// The clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Randomness and time for ids that are needed before a command is given.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Every commit from now on. Who falls behind too far is told, and should look at the World.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Commit> {
        self.shared.commits.subscribe()
    }

    /// Carries out a command. The answer comes when its events are durable and [`Engine::world`] has them.
    ///
    /// # Errors
    /// What was refused and why; `BUSY` if too many commands wait, `SHUTTING_DOWN` while stopping.
    pub async fn submit(&self, request: Request) -> Result<Receipt, Refusal> {
        let answer = self.enqueue(request)?;
        answer.await.unwrap_or_else(|_| Err(shutting_down()))
    }

    /// The same for callers that may block and have no runtime.
    ///
    /// # Errors
    /// As for [`Engine::submit`].
    pub fn submit_blocking(&self, request: Request) -> Result<Receipt, Refusal> {
        let answer = self.enqueue(request)?;
        answer.blocking_recv().unwrap_or_else(|_| Err(shutting_down()))
    }

    fn enqueue(&self, request: Request) -> Result<oneshot::Receiver<Result<Receipt, Refusal>>, Refusal> {
        if self.shared.stopping.load(Ordering::Acquire) {
            return Err(shutting_down());
        }
        let (answer, answered) = oneshot::channel();
        match self.shared.queue.try_send(Asked::Request(Box::new(request), answer)) {
            Ok(()) => Ok(answered),
            Err(TrySendError::Full(_)) => Err(Refusal::new(&codes::BUSY, format!("{QUEUE_MAX} commands wait already"))),
            Err(TrySendError::Disconnected(_)) => Err(shutting_down()),
        }
    }

    /// Finishes what has been asked, keeps a snapshot and stops. Blocks until that is done.
    pub fn stop(&self) {
        self.shared.stopping.store(true, Ordering::Release);
        // A full queue is drained by the loop, so that there will be room for this.
        let _ = self.shared.queue.send(Asked::Stop);
        let thread = self.shared.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the loop ended by a panic");
        }
    }
}

fn shutting_down() -> Refusal {
    Refusal::new(&codes::SHUTTING_DOWN, "the server is stopping")
}

impl Shared {
    fn run(&self, mut core: Core, asked: &Receiver<Asked>) {
        let store = Arc::clone(&self.store);
        let mut snapshots = Snapshots::new(store, self.options.snapshot_every, core.world().position);
        loop {
            let first = match asked.recv_timeout(self.options.tick) {
                Ok(Asked::Request(request, answer)) => (*request, answer),
                Err(RecvTimeoutError::Timeout) => {
                    self.publish(core.tick(), &mut snapshots);
                    continue;
                }
                Ok(Asked::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            };
            let (mut requests, mut answers) = (vec![first.0], vec![first.1]);
            let mut stop = false;
            while requests.len() < BATCH_MAX && !stop {
                match asked.try_recv() {
                    Ok(Asked::Request(request, answer)) => {
                        requests.push(*request);
                        answers.push(answer);
                    }
                    Ok(Asked::Stop) => stop = true,
                    Err(_) => break,
                }
            }
            self.carry_out(&mut core, &mut snapshots, &requests, answers);
            if stop {
                break;
            }
        }
        self.drain(&mut core, &mut snapshots, asked);
        snapshots.finish(&core.world());
    }

    /// What was asked before the stop is still done.
    fn drain(&self, core: &mut Core, snapshots: &mut Snapshots, asked: &Receiver<Asked>) {
        while let Ok(last) = asked.try_recv() {
            if let Asked::Request(request, answer) = last {
                self.carry_out(core, snapshots, &[*request], vec![answer]);
            }
        }
    }

    fn carry_out(
        &self,
        core: &mut Core,
        snapshots: &mut Snapshots,
        requests: &[Request],
        answers: Vec<oneshot::Sender<Result<Receipt, Refusal>>>,
    ) {
        let (results, commit) = core.execute(requests);
        self.publish(commit, snapshots);
        for (answer, result) in answers.into_iter().zip(results) {
            // Whoever asked may have gone: the command was carried out all the same.
            let _ = answer.send(result);
        }
        self.publish(core.tick(), snapshots);
    }

    fn publish(&self, commit: Option<Commit>, snapshots: &mut Snapshots) {
        let Some(commit) = commit else { return };
        self.world.store(Arc::clone(&commit.world));
        snapshots.follow(&commit.world);
        // Without subscribers there is nobody to tell.
        let _ = self.commits.send(commit);
    }
}
