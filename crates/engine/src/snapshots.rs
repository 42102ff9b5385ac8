//! Keeps the World now and then, so that a start need not fold the whole timeline.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{Builder, JoinHandle},
};

use timeline::Store;
use world::World;

use crate::core::save;

/// Keeps a snapshot after so many events, on a thread of its own: the World does not change while it is written.
pub(crate) struct Snapshots {
    store: Arc<dyn Store>,
    every: u64,
    /// The position at which the last one was begun: a store that can't keep them is not asked at every event.
    begun: u64,
    /// The position of the last one that was kept.
    kept: Arc<AtomicU64>,
    writing: Option<JoinHandle<()>>,
}

impl Snapshots {
    /// After every so many events; up to `position` nothing is to be kept.
    pub(crate) fn new(store: Arc<dyn Store>, every: u64, position: u64) -> Self {
        Self { store, every, begun: position, kept: Arc::new(AtomicU64::new(position)), writing: None }
    }

    /// Begins a snapshot of this World if it is time, and none is being written.
    pub(crate) fn follow(&mut self, world: &Arc<World>) {
        let is_writing = self.writing.as_ref().is_some_and(|writing| !writing.is_finished());
        if is_writing || world.position.saturating_sub(self.begun) < self.every {
            return;
        }
        self.begun = world.position;
        let (store, world, kept) = (Arc::clone(&self.store), Arc::clone(world), Arc::clone(&self.kept));
        let spawned =
            Builder::new().name("snapshot".to_owned()).spawn(move || keep(store.as_ref(), &world, kept.as_ref()));
        self.writing = spawned.map_err(|error| tracing::warn!("no thread for a snapshot: {error}")).ok();
    }

    /// Waits for the one that is being written, and keeps this World if it is newer than what was kept.
    pub(crate) fn finish(mut self, world: &World) {
        if self.writing.take().is_some_and(|writing| writing.join().is_err()) {
            tracing::error!("a snapshot ended by a panic");
        }
        if world.position > self.kept.load(Ordering::Acquire) {
            keep(self.store.as_ref(), world, &self.kept);
        }
    }
}

fn keep(store: &dyn Store, world: &World, kept: &AtomicU64) {
    match save(store, world) {
        Ok(()) => kept.store(world.position, Ordering::Release),
        Err(refusal) => tracing::warn!(error.code = refusal.code.name, "no snapshot was kept: {refusal}"),
    }
}

#[cfg(test)]
mod tests {
    use timeline::SqliteStore;
    use world::SNAPSHOT_SCHEMA;

    use super::*;

    #[test]
    fn a_snapshot_that_the_store_did_not_take_is_tried_again_at_the_end() {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
        let kept = || store.snapshot_before(SNAPSHOT_SCHEMA, u64::MAX).unwrap().map(|snapshot| snapshot.position);
        // The store is empty: a World ahead of it is refused.
        let world = |position| {
            let mut world = World::default();
            world.position = position;
            Arc::new(world)
        };
        let mut snapshots = Snapshots::new(Arc::clone(&store), 10, 0);
        snapshots.follow(&world(9));
        assert!(snapshots.writing.is_none());
        snapshots.follow(&world(10));
        let writing = snapshots.writing.take().unwrap();
        writing.join().unwrap();
        assert_eq!((kept(), snapshots.kept.load(Ordering::Acquire)), (None, 0));
        store.append(0, (1..=10).map(entry).collect()).unwrap();
        snapshots.finish(&world(10));
        assert_eq!(kept(), Some(10));
    }

    fn entry(number: u8) -> timeline::NewEntry {
        timeline::NewEntry {
            id: kernel::EventId::from_bytes([number; 16]),
            command: kernel::CommandId::from_bytes([number; 16]),
            at: kernel::Timestamp::UNIX_EPOCH,
            actor: kernel::Actor::mainstay("test"),
            reason: None,
            kind: "test.happened".to_owned(),
            version: 1,
            subjects: Vec::new(),
            body: Vec::new(),
        }
    }
}
