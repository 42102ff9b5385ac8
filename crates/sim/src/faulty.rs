//! A store that fails on demand.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::SignedDuration;
use kernel::{Sha256, Timestamp};
use timeline::{
    Entry, Head, NewEntry, Page, Query, Sample, SampleBatch, SampleRange, Snapshot, Store, StoreError, Verified,
};

use crate::clock::VirtualClock;

/// What goes wrong with one append.
pub(crate) enum Fault {
    /// Nothing is written.
    Refuse(StoreError),
    /// All is written, and the answer is an error all the same.
    WriteAndFail(StoreError),
    /// The same, and the next read fails as well.
    WriteAndGoDark(StoreError),
    /// Somebody else writes first.
    Overtake(Box<dyn FnOnce() + Send>),
    /// Somebody else writes first, and the read that would tell what fails.
    OvertakeAndGoDark(Box<dyn FnOnce() + Send>),
    /// It takes this long.
    Stall(SignedDuration),
}

impl Fault {
    /// What goes wrong, in words.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Refuse(_) => "the append fails",
            Self::WriteAndFail(_) => "the append writes and reports a failure",
            Self::WriteAndGoDark(_) => "the append writes and reports a failure, and reading fails",
            Self::Overtake(_) => "another server writes first",
            Self::OvertakeAndGoDark(_) => "another server writes first, and reading fails",
            Self::Stall(_) => "the append takes long",
        }
    }

    /// True if events may be written that nobody is told of.
    pub(crate) fn may_write_unseen(&self) -> bool {
        matches!(self, Self::WriteAndGoDark(_))
    }

    /// True if the World may stay behind the store.
    pub(crate) fn goes_dark(&self) -> bool {
        matches!(self, Self::WriteAndGoDark(_) | Self::OvertakeAndGoDark(_))
    }
}

/// A [`Store`] around another one, with a queue of faults: each append takes the next.
pub(crate) struct FaultyStore {
    inner: Arc<dyn Store>,
    clock: Arc<VirtualClock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: VecDeque<Fault>,
    is_dark: bool,
    snapshots: Snapshots,
}

/// What becomes of snapshots when they are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Snapshots {
    /// They are as they were saved.
    #[default]
    Sound,
    /// There are none.
    Gone,
    /// Their bodies are cut short.
    Torn,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<dyn Store>, clock: Arc<VirtualClock>) -> Self {
        Self { inner, clock, state: Mutex::default() }
    }

    pub(crate) fn arm(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Takes away the faults that nothing ran into; tells how many there were.
    pub(crate) fn disarm(&self) -> usize {
        let mut state = self.state();
        state.is_dark = false;
        std::mem::take(&mut state.faults).len()
    }

    pub(crate) fn set_snapshots(&self, snapshots: Snapshots) {
        self.state().snapshots = snapshots;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn go_dark(&self) {
        self.state().is_dark = true;
    }

    /// One read fails, and the darkness is over.
    fn see(&self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.state().is_dark) {
            return Err(StoreError::Io("simulated: the disk does not answer".to_owned()));
        }
        Ok(())
    }
}

impl Store for FaultyStore {
    fn head(&self) -> Result<Head, StoreError> {
        self.see()?;
        self.inner.head()
    }

    fn append(&self, expected: u64, entries: Vec<NewEntry>) -> Result<Head, StoreError> {
        let fault = self.state().faults.pop_front();
        match fault {
            None => self.inner.append(expected, entries),
            Some(Fault::Refuse(error)) => Err(error),
            Some(Fault::WriteAndFail(error)) => self.inner.append(expected, entries).and(Err(error)),
            Some(Fault::WriteAndGoDark(error)) => {
                self.go_dark();
                self.inner.append(expected, entries).and(Err(error))
            }
            Some(Fault::Overtake(write)) => {
                write();
                self.inner.append(expected, entries)
            }
            Some(Fault::OvertakeAndGoDark(write)) => {
                write();
                self.go_dark();
                self.inner.append(expected, entries)
            }
            Some(Fault::Stall(by)) => {
                self.clock.advance(by);
                self.inner.append(expected, entries)
            }
        }
    }

    fn read(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        self.see()?;
        self.inner.read(after, limit)
    }

    fn find(&self, query: &Query) -> Result<Page, StoreError> {
        self.see()?;
        self.inner.find(query)
    }

    fn position_at(&self, at: Timestamp) -> Result<u64, StoreError> {
        self.see()?;
        self.inner.position_at(at)
    }

    fn save_snapshot(&self, snapshot: Snapshot) -> Result<(), StoreError> {
        self.inner.save_snapshot(snapshot)
    }

    fn snapshot_before(&self, schema: u32, position: u64) -> Result<Option<Snapshot>, StoreError> {
        self.see()?;
        let found = self.inner.snapshot_before(schema, position)?;
        let cut = |mut snapshot: Snapshot| {
            snapshot.body.truncate(snapshot.body.len() / 2);
            snapshot
        };
        Ok(match self.state().snapshots {
            Snapshots::Sound => found,
            Snapshots::Gone => None,
            Snapshots::Torn => found.map(cut),
        })
    }

    fn put_blobs(&self, blobs: &[Vec<u8>]) -> Result<Vec<Sha256>, StoreError> {
        self.inner.put_blobs(blobs)
    }

    fn get_blob(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get_blob(digest)
    }

    fn add_samples(&self, batches: Vec<SampleBatch>) -> Result<(), StoreError> {
        self.inner.add_samples(batches)
    }

    fn samples(&self, range: &SampleRange) -> Result<Vec<Sample>, StoreError> {
        self.inner.samples(range)
    }

    fn prune_samples(&self, minute: i64) -> Result<u64, StoreError> {
        self.inner.prune_samples(minute)
    }

    fn put_secret(&self, name: &str, sealed: Option<&[u8]>) -> Result<(), StoreError> {
        self.inner.put_secret(name, sealed)
    }

    fn get_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get_secret(name)
    }

    fn backup(&self, to: &Path) -> Result<Verified, StoreError> {
        self.inner.backup(to)
    }
}
