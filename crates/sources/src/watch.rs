//! Gathering a folder whenever it changes.
//!
//! Each folder has a thread of its own: wait for a change, wait until it is quiet, gather, hand over what is new. The
//! folders that a bundle came from are watched one by one rather than as a tree, so that `node_modules` and `.git` cost
//! nothing; a folder that has come is watched from then on, and gathered once more in case something was put into it
//! before. A notification is only ever a reason to look; nothing is concluded from what it says, save that a folder
//! which went must be watched anew if it comes back.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use catalog::Bundle;
use kernel::{Refusal, codes};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};
use tokio::sync::mpsc;

use crate::{gather::Gatherer, limits::Limits};

/// How fast a change is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// How long it must be quiet before a change is looked at; after three times as long it is looked at anyway.
    pub debounce: Duration,
    /// How often to look where the system gives no notifications.
    pub poll: Duration,
    /// Look that often in any case: network file systems give no notifications.
    pub always_poll: bool,
}

impl Default for Pace {
    fn default() -> Self {
        Self { debounce: Duration::from_millis(200), poll: Duration::from_secs(1), always_poll: false }
    }
}

/// A folder as it has become.
#[derive(Debug)]
pub struct Gathered {
    /// The folder as the operator named it.
    pub source: String,
    /// What is in it; a refusal while it is not there.
    pub bundle: Result<Bundle, Refusal>,
}

/// Gathers the folders now, and each again whenever it changes, until the receiver is dropped.
///
/// Every folder comes at least once. While nobody receives, changes gather up, and the next bundle has them all.
///
/// # Errors
/// If the system gives no thread.
pub fn watch(dirs: &[PathBuf], limits: Limits, pace: Pace) -> Result<mpsc::Receiver<Gathered>, Refusal> {
    let (sender, receiver) = mpsc::channel(1);
    for dir in dirs {
        let watch = Watch::new(Gatherer::new(dir, limits), pace, sender.clone());
        let named = thread::Builder::new().name("catalog-watch".to_owned());
        named.spawn(move || watch.run()).map_err(|error| {
            Refusal::new(&codes::BUSY, format!("no thread to watch {} with: {error}", dir.display()))
        })?;
    }
    Ok(receiver)
}

/// How often a thread that has nothing to do looks whether it is still wanted.
const WANTED: Duration = Duration::from_secs(1);

struct Watch {
    gatherer: Gatherer,
    pace: Pace,
    sender: mpsc::Sender<Gathered>,
    signal: Arc<Signal>,
    /// Nothing where the system has no notifications, or no more of them.
    watcher: Option<RecommendedWatcher>,
    watched: BTreeSet<PathBuf>,
}

impl Watch {
    fn new(gatherer: Gatherer, pace: Pace, sender: mpsc::Sender<Gathered>) -> Self {
        let signal = Arc::new(Signal::default());
        let watcher = if pace.always_poll {
            None
        } else {
            let signal = Arc::clone(&signal);
            let watcher = notify::recommended_watcher(move |event| signal.raise(event));
            watcher.map_err(|error| no_notifications(&gatherer, &error)).ok()
        };
        Self { gatherer, pace, sender, signal, watcher, watched: BTreeSet::new() }
    }

    fn run(mut self) {
        let mut last = None;
        loop {
            let bundle = self.gatherer.gather();
            let complete = self.watch_folders();
            if last.as_ref() != Some(&bundle) {
                last = Some(bundle.clone());
                let source = self.gatherer.source();
                if self.sender.blocking_send(Gathered { source, bundle }).is_err() {
                    return;
                }
            }
            if complete && !self.await_change() {
                return;
            }
        }
    }

    /// Watches the folders that were just gathered; false if some were new, and may have got files meanwhile.
    fn watch_folders(&mut self) -> bool {
        let Some(watcher) = &mut self.watcher else { return true };
        let wanted: BTreeSet<PathBuf> = self.gatherer.folders().iter().cloned().collect();
        for gone in self.watched.difference(&wanted) {
            // An error says that it was not watched any more.
            let _ = watcher.unwatch(gone);
        }
        let mut failure = None;
        let mut complete = true;
        for new in wanted.difference(&self.watched) {
            match watcher.watch(new, RecursiveMode::NonRecursive) {
                Ok(()) => complete = false,
                // It has gone again, which is a change that its parent has told of.
                Err(_) if !new.exists() => {}
                Err(error) => failure = Some(error),
            }
        }
        self.watched = wanted;
        if let Some(error) = failure {
            no_notifications(&self.gatherer, &error);
            self.watcher = None;
        }
        complete
    }

    /// Waits until there is reason to gather again; false if nobody wants it any more.
    fn await_change(&mut self) -> bool {
        // A folder that is not there can't be watched.
        let poll = self.watcher.is_none() || self.gatherer.folders().is_empty();
        let since = Instant::now();
        loop {
            let wait = if poll { self.pace.poll.saturating_sub(since.elapsed()) } else { WANTED };
            let raised = self.signal.wait(wait.min(WANTED));
            if self.sender.is_closed() {
                return false;
            }
            if raised {
                self.settle();
                return true;
            }
            if poll && since.elapsed() >= self.pace.poll {
                return true;
            }
        }
    }

    /// Waits until it is quiet, but not for long, and takes in what was told.
    fn settle(&mut self) {
        let since = Instant::now();
        while self.signal.wait_for_more(self.pace.debounce) && since.elapsed() < self.pace.debounce * 2 {}
        let told = self.signal.take();
        let gone = |folder: &Path| told.lost || told.gone.iter().any(|gone| folder.starts_with(gone));
        let forgotten: Vec<PathBuf> = self.watched.iter().filter(|folder| gone(folder)).cloned().collect();
        for folder in forgotten {
            if let Some(watcher) = &mut self.watcher {
                let _ = watcher.unwatch(&folder);
            }
            self.watched.remove(&folder);
        }
    }
}

fn no_notifications(gatherer: &Gatherer, error: &notify::Error) {
    tracing::warn!(
        catalog.source = gatherer.source(),
        error.message = %error,
        "changes of this folder are looked for once a second: the system gives no notifications; \
         on Linux, raise fs.inotify.max_user_watches and fs.inotify.max_user_instances"
    );
}

/// What the system has told since it was last asked.
#[derive(Default)]
struct Signal {
    told: Mutex<Told>,
    raised: Condvar,
}

#[derive(Default)]
struct Told {
    count: u64,
    /// What was removed or renamed.
    gone: BTreeSet<PathBuf>,
    /// Not everything was told, or kept.
    lost: bool,
}

/// More removals than this at once are not told apart.
const GONE_MAX: usize = 1_000;

impl Signal {
    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raise(&self, event: notify::Result<Event>) {
        let mut told = self.lock();
        match event {
            // Our own reading.
            Ok(event) if event.kind.is_access() => return,
            Ok(event) => {
                told.lost |= event.need_rescan();
                if matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))) {
                    told.gone.extend(event.paths);
                }
            }
            Err(_) => told.lost = true,
        }
        if told.gone.len() > GONE_MAX {
            told.gone.clear();
            told.lost = true;
        }
        told.count += 1;
        self.raised.notify_all();
    }

    /// True as soon as something has been told; false after that long.
    fn wait(&self, longest: Duration) -> bool {
        let wait = self.raised.wait_timeout_while(self.lock(), longest, |told| told.count == 0);
        wait.unwrap_or_else(PoisonError::into_inner).0.count > 0
    }

    /// True as soon as something more has been told; false after that long.
    fn wait_for_more(&self, longest: Duration) -> bool {
        let told = self.lock();
        let before = told.count;
        let wait = self.raised.wait_timeout_while(told, longest, |told| told.count == before);
        wait.unwrap_or_else(PoisonError::into_inner).0.count > before
    }

    fn take(&self) -> Told {
        std::mem::take(&mut *self.lock())
    }
}
