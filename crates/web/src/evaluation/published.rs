//! The flags as they are served: one compiled set per environment, kept up with the World.
//!
//! Whenever flags change, and whenever a ramp's next step begins, the flags are found that may evaluate otherwise: those
//! that were changed, those that are ramped, and those that require any of them. Only where one of these is lowered to
//! something else it is compiled anew, and its environment published, so that turning one of ten thousand costs a few
//! milliseconds. Who changes a flag is answered after that: whoever evaluates then gets the new value.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
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
    /// The revisions of all flags, by name.
    revisions: Vec<(EntityRef, u64)>,
    environments: BTreeMap<String, Compiled>,
    /// Environments that no flag names, but somebody who evaluates.
    asked_for: BTreeSet<String>,
}

/// The flags of one environment.
#[derive(Clone, Default)]
struct Compiled {
    flags: BTreeMap<EntityRef, (u64, Arc<Flag>)>,
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
        let affected = kept.affected(&world.flags);
        let named: BTreeSet<&str> = named(&world.flags).chain(["production", Definition::EVERYWHERE]).collect();
        let mut wanted: BTreeSet<String> = named.into_iter().map(str::to_owned).collect();
        kept.asked_for.retain(|environment| !wanted.contains(environment));
        wanted.extend(kept.asked_for.iter().cloned());
        for gone in kept.environments.keys().filter(|known| !wanted.contains(*known)) {
            self.serving.board().withdraw(gone);
        }
        kept.environments.retain(|known, _| wanted.contains(known));
        let is_any_new = wanted.iter().any(|name| !kept.environments.contains_key(name));
        let all = || world.flags.flags().map(|flag| flag.definition.flag.clone()).collect();
        let all: BTreeSet<EntityRef> = if is_any_new { all() } else { BTreeSet::new() };
        for environment in wanted {
            let known = kept.environments.remove(&environment);
            let is_new = known.is_none();
            // Where no flag names the environment, that is what holds everywhere.
            let everywhere = || {
                let is_unnamed = kept.asked_for.contains(&environment);
                kept.environments.get(Definition::EVERYWHERE).filter(|_| is_unnamed).cloned()
            };
            let (mut compiled, looked_at) = match known.or_else(everywhere) {
                Some(known) => (known, &affected),
                None => (Compiled::default(), &all),
            };
            if compiled.bring_to(&world.flags, looked_at, &environment, now) || is_new {
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

impl Kept {
    /// The flags that may evaluate otherwise than when this was last asked, in any environment.
    fn affected(&mut self, state: &flags::State) -> BTreeSet<EntityRef> {
        let mut affected = BTreeSet::new();
        let mut before = std::mem::take(&mut self.revisions).into_iter().peekable();
        for flag in state.flags() {
            let name = &flag.definition.flag;
            while let Some((gone, _)) = before.next_if(|(known, _)| known < name) {
                affected.insert(gone);
            }
            let known = before.next_if(|(known, _)| known == name);
            if known.is_none_or(|(_, revision)| revision != flag.revision) {
                affected.insert(name.clone());
            }
            self.revisions.push((name.clone(), flag.revision));
        }
        affected.extend(before.map(|(gone, _)| gone));
        affected.extend(state.ramps().map(|(flag, ..)| flag.definition.flag.clone()));
        let mut found: Vec<EntityRef> = affected.iter().cloned().collect();
        while let Some(flag) = found.pop() {
            let new = state.dependants(&flag).filter(|dependant| !affected.contains(*dependant));
            let new: Vec<EntityRef> = new.cloned().collect();
            affected.extend(new.iter().cloned());
            found.extend(new);
        }
        affected
    }
}

impl Compiled {
    /// Compiles what differs among these flags; true if anything does.
    fn bring_to(
        &mut self,
        state: &flags::State,
        affected: &BTreeSet<EntityRef>,
        environment: &str,
        now: Timestamp,
    ) -> bool {
        let rules = flags::evaluators(state, environment, now);
        let new_rules = rules != self.rules;
        if new_rules {
            self.evaluators = Arc::new(Evaluators::new(&rules));
            self.rules = rules;
        }
        let mut differs = new_rules;
        for name in affected {
            let Some(flag) = state.flag(name) else {
                differs |= self.flags.remove(name).is_some();
                continue;
            };
            let fingerprint = flags::fingerprint(state, flag, environment, now);
            let known = self.flags.get_mut(name);
            if known.as_ref().is_some_and(|(known, _)| *known == fingerprint) {
                continue;
            }
            let lowered = flags::lower_flag(state, flag, environment, now);
            match known {
                // What is the same here was changed for another environment.
                Some((known, compiled)) if !new_rules && *compiled.definition() == lowered => *known = fingerprint,
                Some(_) | None => {
                    let (key, bucketing) = (flag.definition.key(), flag.definition.bucketing);
                    let compiled = Arc::new(Flag::compile(key, &lowered, &self.evaluators, bucketing));
                    self.flags.insert(name.clone(), (fingerprint, compiled));
                    differs = true;
                }
            }
        }
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
