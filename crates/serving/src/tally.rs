//! Who got what, counted without slowing an answer.
//!
//! Each worker thread counts into a shard of its own, so that its lock is free but for the moment when the owner
//! collects, which takes the shard's table away whole.

use std::{
    cell::Cell,
    collections::BTreeMap,
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

/// By environment, of which there are few.
type Table = Vec<(String, Flags)>;

/// By key, in order.
///
/// A request for all flags answers them in the same order, so that each is found where the one before it ended, without
/// a search.
#[derive(Default)]
struct Flags(Vec<(String, OfFlag)>);

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
            let mut near = 0;
            for (key, variant) in answers {
                near = flags.change(near, key, |flag| {
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
                flags.change(0, flag, |flag| flag.count(variant.as_deref(), *count, *last));
            });
        }
        for Caller { environment, flag, name, count } in &batch.callers {
            self.with_environment(environment, |flags| {
                flags.change(0, flag, |flag| flag.called(name, *count));
            });
        }
    }

    fn with_environment(&self, environment: &str, tell: impl FnOnce(&mut Flags)) {
        let Some(shard) = self.shards.get(shard()) else { return };
        let mut table = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, flags)) = table.iter_mut().find(|(name, _)| name == environment) {
            return tell(flags);
        }
        let mut flags = Flags::default();
        tell(&mut flags);
        table.push((environment.to_owned(), flags));
    }

    /// Collects what was counted since the last time.
    pub fn drain(&self) -> Batch {
        let mut all: BTreeMap<String, Flags> = BTreeMap::new();
        for shard in &self.shards {
            let table = std::mem::take(&mut *shard.lock().unwrap_or_else(PoisonError::into_inner));
            for (environment, flags) in table {
                all.entry(environment).or_default().merge(flags);
            }
        }
        let mut batch = Batch::default();
        for (environment, flags) in &all {
            for (flag, found) in &flags.0 {
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

impl Flags {
    /// Changes what is counted of a flag, which is probably at `near`, and says where the next one probably is.
    fn change(&mut self, near: usize, key: &str, change: impl FnOnce(&mut OfFlag)) -> usize {
        if let Some((_, flag)) = self.0.get_mut(near).filter(|(found, _)| found == key) {
            change(flag);
            return near + 1;
        }
        let place = match self.0.binary_search_by(|(found, _)| found.as_str().cmp(key)) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (key.to_owned(), OfFlag::default()));
                place
            }
        };
        if let Some((_, flag)) = self.0.get_mut(place) {
            change(flag);
        }
        place + 1
    }

    fn merge(&mut self, other: Self) {
        let mut near = 0;
        for (key, flag) in other.0 {
            near = self.change(near, &key, |merged| {
                flag.variants.iter().for_each(|v| merged.count(v.name.as_deref(), v.count, v.last));
                flag.callers.iter().for_each(|(name, count)| merged.called(name, *count));
            });
        }
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
