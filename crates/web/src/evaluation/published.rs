//! The flags as they are served: one compiled set per environment, kept up with the World.
//!
//! Whenever flags change, and whenever a ramp's next step begins, each environment is looked through; only flags whose
//! fingerprint differs are lowered and compiled anew, so that turning one of ten thousand costs a few milliseconds. Who
//! changes a flag is answered after that: whoever evaluates then gets the new value.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use flagd::{Evaluators, Flag, Set};
use flags::Definition;
use kernel::{CommandId, EntityRef, Timestamp};
use serde_json::{Map, Value};
use serving::{
    Board, Scope, Serving,
    stream::Limits,
    tally::{Batch, Tally},
};
use tokio::sync::{broadcast::error::RecvError, watch};
use world::{Event, Recorded, World};

use crate::App;

/// The flags as they are served.
pub struct Published {
    serving: Serving,
    kept: Mutex<Kept>,
    /// The batches of counts that relays handed in lately, newest last.
    handed_in: Mutex<VecDeque<CommandId>>,
    /// When something changes by itself, in milliseconds since 1970.
    due_ms: AtomicI64,
}

#[derive(Default)]
struct Kept {
    position: u64,
    environments: BTreeMap<String, Compiled>,
    /// Environments that no flag names, but somebody who evaluates.
    asked_for: BTreeSet<String>,
}

/// The flags of one environment.
#[derive(Clone, Default)]
struct Compiled {
    flags: HashMap<EntityRef, (u64, Arc<Flag>)>,
    rules: Map<String, Value>,
    evaluators: Arc<Evaluators>,
}

/// So many environments that no flag names are kept apart, so that they hear of it when one does. Those who name further ones
/// get what holds everywhere.
const ASKED_FOR_MAX: usize = 100;
/// So many batches of counts are known again.
const HANDED_IN_MAX: usize = 1_000;
/// The task looks again after this time in any case.
const PATIENCE: Duration = Duration::from_secs(3600);

impl Published {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        let serving = Serving::new(Board::new(), Arc::new(Tally::default()), Limits::default());
        Self { serving, kept: Mutex::default(), handed_in: Mutex::default(), due_ms: AtomicI64::new(i64::MAX) }
    }

    /// The board, and who got what.
    #[must_use]
    pub fn serving(&self) -> &Serving {
        &self.serving
    }

    /// Brings the board up to this World.
    pub fn refresh(&self, world: &World, now: Timestamp) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if world.position < kept.position {
            return;
        }
        kept.position = world.position;
        let mut wanted: BTreeSet<String> = named(&world.flags).map(str::to_owned).collect();
        wanted.extend(["production", Definition::EVERYWHERE].map(str::to_owned));
        kept.asked_for.retain(|environment| !wanted.contains(environment));
        wanted.extend(kept.asked_for.iter().cloned());
        for gone in kept.environments.keys().filter(|known| !wanted.contains(*known)) {
            self.serving.board().withdraw(gone);
        }
        kept.environments.retain(|known, _| wanted.contains(known));
        for environment in wanted {
            let known = kept.environments.remove(&environment);
            let is_new = known.is_none();
            // Where no flag names the environment, that is what holds everywhere.
            let everywhere = || {
                let is_unnamed = kept.asked_for.contains(&environment);
                kept.environments.get(Definition::EVERYWHERE).filter(|_| is_unnamed).cloned()
            };
            let mut compiled = known.or_else(everywhere).unwrap_or_default();
            if compiled.bring_to(&world.flags, &environment, now) || is_new {
                self.serving.board().publish(&environment, Arc::new(compiled.set()));
            }
            kept.environments.insert(environment, compiled);
        }
        let due = flags::next_change(&world.flags, now).map_or(i64::MAX, |at| at.as_millisecond());
        self.due_ms.store(due, Ordering::Release);
    }

    /// The name under which what holds in this environment is on the board.
    pub async fn environment(&self, app: &App, name: String) -> String {
        if self.due_ms.load(Ordering::Acquire) <= app.now().as_millisecond() {
            app.publish_flags().await;
        }
        if self.serving.board().set(&Scope::all(name.as_str())).is_some() {
            return name;
        }
        let is_sound = !name.is_empty() && name.len() <= Definition::ENVIRONMENT_BYTES_MAX;
        if is_sound && self.ask_for(&name) {
            app.publish_flags().await;
            return name;
        }
        Definition::EVERYWHERE.to_owned()
    }

    fn ask_for(&self, name: &str) -> bool {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let room = kept.asked_for.len() < ASKED_FOR_MAX || kept.asked_for.contains(name);
        if room {
            kept.asked_for.insert(name.to_owned());
        }
        room
    }

    /// Counts what a relay counted, once for each id.
    pub fn hand_in(&self, id: Option<CommandId>, batch: &Batch) {
        if let Some(id) = id {
            let mut handed_in = self.handed_in.lock().unwrap_or_else(PoisonError::into_inner);
            if handed_in.contains(&id) {
                return;
            }
            if handed_in.len() >= HANDED_IN_MAX {
                handed_in.pop_front();
            }
            handed_in.push_back(id);
        }
        self.serving.tally().add(batch);
    }

    fn until_due(&self, now: Timestamp) -> Duration {
        let wait_ms = self.due_ms.load(Ordering::Acquire).saturating_sub(now.as_millisecond());
        Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()).min(PATIENCE)
    }
}

impl Default for Published {
    fn default() -> Self {
        Self::new()
    }
}

impl Compiled {
    /// Compiles what differs; true if anything does.
    fn bring_to(&mut self, state: &flags::State, environment: &str, now: Timestamp) -> bool {
        let rules = flags::evaluators(state, environment, now);
        let mut differs = rules != self.rules;
        if differs {
            self.evaluators = Arc::new(Evaluators::new(&rules));
            self.rules = rules;
        }
        let mut flags = HashMap::with_capacity(self.flags.len());
        for flag in state.flags() {
            let name = &flag.definition.flag;
            let fingerprint = flags::fingerprint(state, flag, environment, now);
            let known = self.flags.remove(name).filter(|(known, _)| *known == fingerprint);
            let compiled = known.unwrap_or_else(|| {
                differs = true;
                let lowered = flags::lower_flag(state, flag, environment, now);
                let bucketing = flag.definition.bucketing;
                (fingerprint, Arc::new(Flag::compile(flag.definition.key(), &lowered, &self.evaluators, bucketing)))
            });
            flags.insert(name.clone(), compiled);
        }
        // What is left of the flags of before is gone.
        differs |= !self.flags.is_empty();
        self.flags = flags;
        differs
    }

    fn set(&self) -> Set {
        let flags = self.flags.values().map(|(_, flag)| Arc::clone(flag));
        Set::new(flags, Arc::clone(&self.evaluators), Map::new())
    }
}

/// The environments that any flag names.
fn named(state: &flags::State) -> impl Iterator<Item = &str> {
    state.flags().flat_map(|flag| flag.switches.keys().chain(flag.definition.environments.keys())).map(String::as_str)
}

/// True if these events may change what flags evaluate to.
pub(crate) fn concern_flags(recorded: &[Recorded]) -> bool {
    recorded.iter().any(|recorded| matches!(*recorded.event, Event::Flags(_)))
}

/// Keeps the board up with what others than [`App::submit`]'s callers change, and with the time, until the server stops.
pub async fn follow(app: App, mut stopped: watch::Receiver<bool>) {
    let mut commits = app.engine().subscribe();
    loop {
        let concerned = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            commit = commits.recv() => match commit {
                Ok(commit) => concern_flags(&commit.recorded),
                Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            },
            () = tokio::time::sleep(app.published().until_due(app.now())) => true,
        };
        if concerned {
            app.publish_flags().await;
        }
    }
}
