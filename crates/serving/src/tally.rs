//! Who got what, counted without slowing an answer.
//!
//! Each worker thread counts into a shard of its own, so that its lock is free but for the moment when the owner
//! collects, which takes the shard's table away whole.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::{Deserialize, Serialize};

/// How often a variant was given since the last collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// The environment.
    pub environment: String,
    /// The flag's key.
    pub flag: String,
    /// The variant; nothing if the flag is disabled, leaves it to the code's default, or could not be evaluated.
    #[serde(default)]
    pub variant: Option<String>,
    /// How many answers.
    pub count: u64,
    /// When the last of them was given, in seconds since 1970.
    pub last: u64,
}

/// How often a program asked for a flag since the last collection, if its context says who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The environment.
    pub environment: String,
    /// The flag's key.
    pub flag: String,
    /// What the context has as `service` or `app`.
    pub name: String,
    /// How many answers.
    pub count: u64,
}

/// What was counted since the last collection, in order of environment and flag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Who got what.
    pub counts: Vec<Count>,
    /// Who asked.
    #[serde(default)]
    pub callers: Vec<Caller>,
}

impl Batch {
    /// True if nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

const SHARDS: usize = 16;
/// Further names of callers of one flag are not listed until the next collection.
const CALLERS_PER_FLAG_MAX: usize = 32;
/// A longer name of a caller is cut.
const CALLER_CHARS_MAX: usize = 100;

/// Counts answers until they are collected.
#[derive(Default)]
pub struct Tally {
    shards: [Mutex<Table>; SHARDS],
}

/// By environment and flag.
type Table = HashMap<String, HashMap<String, OfFlag>>;

#[derive(Default)]
struct OfFlag {
    variants: Vec<OfVariant>,
    callers: Vec<(String, u64)>,
}

struct OfVariant {
    name: Option<String>,
    count: u64,
    last: u64,
}

impl Tally {
    /// Counts the answers of one request: which variant of which flag, for whom, and when in seconds since 1970.
    pub fn record<'a>(
        &self,
        environment: &str,
        answers: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        caller: Option<&str>,
        now: u64,
    ) {
        self.with_environment(environment, |flags| {
            for (key, variant) in answers {
                change(flags, key, |flag: &mut OfFlag| {
                    flag.count(variant, 1, now);
                    if let Some(caller) = caller {
                        flag.called(caller, 1);
                    }
                });
            }
        });
    }

    /// Counts what somebody else counted: a relay hands in its batches so.
    pub fn add(&self, batch: &Batch) {
        for Count { environment, flag, variant, count, last } in &batch.counts {
            self.with_environment(environment, |flags| {
                change(flags, flag, |flag: &mut OfFlag| flag.count(variant.as_deref(), *count, *last));
            });
        }
        for Caller { environment, flag, name, count } in &batch.callers {
            self.with_environment(environment, |flags| {
                change(flags, flag, |flag: &mut OfFlag| flag.called(name, *count));
            });
        }
    }

    fn with_environment(&self, environment: &str, tell: impl FnOnce(&mut HashMap<String, OfFlag>)) {
        let Some(shard) = self.shards.get(shard()) else { return };
        change(&mut shard.lock().unwrap_or_else(PoisonError::into_inner), environment, tell);
    }

    /// Collects what was counted since the last time.
    pub fn drain(&self) -> Batch {
        let mut all: BTreeMap<String, BTreeMap<String, OfFlag>> = BTreeMap::new();
        for shard in &self.shards {
            let table = std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
            for (environment, flags) in table {
                let merged = all.entry(environment).or_default();
                for (key, flag) in flags {
                    let merged = merged.entry(key).or_default();
                    flag.variants.iter().for_each(|v| merged.count(v.name.as_deref(), v.count, v.last));
                    flag.callers.iter().for_each(|(name, count)| merged.called(name, *count));
                }
            }
        }
        let mut batch = Batch::default();
        for (environment, flags) in &all {
            for (flag, found) in flags {
                let (environment, flag) = (|| environment.clone(), || flag.clone());
                batch.counts.extend(found.variants.iter().map(|OfVariant { name, count, last }| Count {
                    environment: environment(),
                    flag: flag(),
                    variant: name.clone(),
                    count: *count,
                    last: *last,
                }));
                batch.callers.extend(found.callers.iter().map(|(name, count)| Caller {
                    environment: environment(),
                    flag: flag(),
                    name: name.clone(),
                    count: *count,
                }));
            }
        }
        batch
    }
}

impl OfFlag {
    fn count(&mut self, variant: Option<&str>, count: u64, now: u64) {
        if let Some(found) = self.variants.iter_mut().find(|found| found.name.as_deref() == variant) {
            found.count = found.count.saturating_add(count);
            found.last = found.last.max(now);
        } else {
            self.variants.push(OfVariant { name: variant.map(ToOwned::to_owned), count, last: now });
        }
    }

    fn called(&mut self, caller: &str, count: u64) {
        let name = caller.char_indices().nth(CALLER_CHARS_MAX).map_or(caller, |(end, _)| caller.split_at(end).0);
        if let Some((_, found)) = self.callers.iter_mut().find(|(found, _)| found == name) {
            *found = found.saturating_add(count);
        } else if self.callers.len() < CALLERS_PER_FLAG_MAX {
            self.callers.push((name.to_owned(), count));
        }
    }
}

/// Changes the value of a key, which is copied only if it is new.
fn change<V: Default>(map: &mut HashMap<String, V>, key: &str, change: impl FnOnce(&mut V)) {
    if let Some(value) = map.get_mut(key) {
        return change(value);
    }
    let mut value = V::default();
    change(&mut value);
    map.insert(key.to_owned(), value);
}

/// This thread's shard.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    }
    MINE.get()
}

#[cfg(test)]
mod tests;
