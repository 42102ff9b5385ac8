//! From the timeline back to the World: a snapshot, and the events since.
//!
//! Reading and decoding events takes about as long as folding them, so a long way goes on two threads: one reads ahead,
//! by no more than [`BATCHES_AHEAD`], the other folds. What the journal will have forgotten by the end is not put into it.

use std::sync::{Arc, mpsc::sync_channel};

use kernel::Stamp;
use timeline::{Entry, Store, StoreError};
use world::{Event, Journal, Recorded, SNAPSHOT_SCHEMA, World, journal::is_change_in_any_world};

/// Events that are read, decoded and handed over at once.
const BATCH: u64 = 1_000;
/// Batches that wait for being folded.
const BATCHES_AHEAD: usize = 4;
/// So many events at the end are searched for as many changes as the journal keeps. A timeline that has fewer spends
/// little on its journal.
const SEARCHED_FOR_CHANGES: u64 = 5 * Journal::CAPACITY as u64;

/// The World as of `position` or the head, whichever is earlier.
pub(crate) fn load(store: &dyn Store, position: u64) -> Result<World, StoreError> {
    let mut world = match store.snapshot_before(SNAPSHOT_SCHEMA, position)? {
        Some(snapshot) => World::from_snapshot(&snapshot.body).unwrap_or_else(|error| {
            tracing::warn!(snapshot.position = snapshot.position, "{error}; the timeline is folded from its start");
            World::default()
        }),
        None => World::default(),
    };
    replay(store, &mut world, position, &mut |_| {})?;
    Ok(world)
}

/// Folds in the events up to `until` that the World has not, and shows each to `seen`.
pub(crate) fn replay(
    store: &dyn Store,
    world: &mut World,
    until: u64,
    seen: &mut dyn FnMut(Recorded),
) -> Result<(), StoreError> {
    let end = until.min(store.head()?.position);
    let from = world.position;
    if end.saturating_sub(from) <= BATCH {
        return read(store, from, end, |batch| {
            fold(world, batch, from, seen);
            true
        });
    }
    let forgotten = forgotten_until(store, from, end)?;
    let (ahead, batches) = sync_channel(BATCHES_AHEAD);
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || read(store, from, end, |batch| ahead.send(batch).is_ok()));
        batches.into_iter().for_each(|batch| fold(world, batch, forgotten, seen));
        reading.join().unwrap_or_else(|_| Err(StoreError::Io("reading the timeline ended by a panic".to_owned())))
    })
}

/// A position after which, up to `end`, there are at least as many changes as the journal keeps; `from` if none is known.
fn forgotten_until(store: &dyn Store, from: u64, end: u64) -> Result<u64, StoreError> {
    let searched_from = from.max(end.saturating_sub(SEARCHED_FOR_CHANGES));
    let (mut at, mut changes) = (end, 0);
    while at > searched_from {
        let begin = at.saturating_sub(BATCH).max(searched_from);
        read(store, begin, at, |batch| {
            let events = batch.iter().filter_map(|(_, event)| event.as_ref());
            changes += events.filter(|event| is_change_in_any_world(event)).count();
            true
        })?;
        at = begin;
        if changes >= Journal::CAPACITY {
            return Ok(at);
        }
    }
    Ok(from)
}

/// An event as it comes from the timeline; none if this version can't read it.
type Decoded = (Stamp, Option<Event>);

/// Reads and decodes the events after `from` up to `end`, until `take` wants no more.
fn read(store: &dyn Store, from: u64, end: u64, mut take: impl FnMut(Vec<Decoded>) -> bool) -> Result<(), StoreError> {
    let mut after = from;
    while after < end {
        let wanted = usize::try_from((end - after).min(BATCH)).unwrap_or(usize::MAX);
        let batch: Vec<Decoded> = store.read(after, wanted)?.into_iter().map(decode).collect();
        let Some((last, _)) = batch.last() else {
            return Err(StoreError::Corrupt { what: "the entry is missing".to_owned(), position: Some(after + 1) });
        };
        after = last.position;
        if !take(batch) {
            break;
        }
    }
    Ok(())
}

/// Folds a batch; what happened up to `forgotten` is not put into the journal.
fn fold(world: &mut World, batch: Vec<Decoded>, forgotten: u64, seen: &mut dyn FnMut(Recorded)) {
    for (stamp, event) in batch {
        let Some(event) = event else {
            world.pass(&stamp);
            continue;
        };
        let recorded = Recorded { stamp, event: Arc::new(event) };
        if recorded.stamp.position <= forgotten {
            world.fold_unjournalled(&recorded);
        } else {
            world.fold(&recorded);
        }
        seen(recorded);
    }
}

/// The event in an entry; none, with a warning, if this version can't read it.
pub(crate) fn decode(entry: Entry) -> Decoded {
    let event = Event::from_body(&entry.kind, &entry.body)
        .map_err(|error| tracing::warn!(event.position = entry.stamp.position, "{error}"));
    (entry.stamp, event.ok())
}

#[cfg(test)]
mod tests {
    use catalog::{Apply, Bundle, BundleFile};
    use kernel::EntityRef;
    use timeline::SqliteStore;
    use world::Command;

    use super::*;
    use crate::{Core, Request, SystemClock};

    #[test]
    fn a_timeline_that_is_read_ahead_is_folded_to_the_same_world() {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
        let mut core = Core::open(Arc::clone(&store), Arc::new(SystemClock::default())).unwrap();
        let group = |number| {
            format!(
                "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: g{number}}}\nspec: {{type: team, children: []}}\n"
            )
        };
        let text: String = (0..BATCH * 2 + 7).map(group).collect();
        let file = BundleFile { path: "catalog-info.yaml".to_owned(), bytes: text.into_bytes().into() };
        let bundle = Bundle { source: "shop".to_owned(), files: vec![file], problems: Vec::new() };
        let apply = Apply { reading: world::read_bundle(&bundle), partial: false };
        let (answers, _) = core.execute(&[Request::by_part(Command::Catalog(catalog::Command::Apply(apply)), "test")]);
        let last = answers[0].as_ref().unwrap().position;
        assert_eq!(last, BATCH * 2 + 8);
        let (mut world, mut seen) = (World::default(), Vec::new());
        replay(store.as_ref(), &mut world, u64::MAX, &mut |recorded| seen.push(recorded.stamp.position)).unwrap();
        assert_eq!(world.to_snapshot().unwrap(), core.world().to_snapshot().unwrap());
        assert_eq!(seen, (1..=last).collect::<Vec<_>>());
        let earlier = load(store.as_ref(), BATCH + 3).unwrap();
        assert_eq!((earlier.position, earlier.catalog.len() as u64), (BATCH + 3, BATCH + 3));
    }

    #[test]
    fn a_timeline_with_more_changes_than_the_journal_keeps_is_folded_to_the_same_world() {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::temporary().unwrap());
        let mut core = Core::open(Arc::clone(&store), Arc::new(SystemClock::default())).unwrap();
        let by_test = |command| Request::by_part(Command::Flags(command), "test");
        let (flag, environment): (EntityRef, _) = ("flag:buy".parse().unwrap(), "production".to_owned());
        let definition = flags::Definition {
            environments: [(environment.clone(), false.into())].into(),
            ..flags::Definition::boolean(flag.clone())
        };
        let turn = |number: usize| {
            let (flag, environment, on) = (flag.clone(), environment.clone(), number.is_multiple_of(2));
            by_test(flags::Command::Turn { flag, environment, on })
        };
        let turns: Vec<Request> = (0..Journal::CAPACITY + 2_500).map(turn).collect();
        core.execute(&[by_test(flags::Command::Define { definition })]);
        turns.chunks(1_000).for_each(|batch| assert!(core.execute(batch).1.is_some()));
        let head = core.world().position;
        assert_eq!(head, turns.len() as u64 + 1);
        let forgotten = |from, end| forgotten_until(store.as_ref(), from, end).unwrap();
        assert_eq!(forgotten(0, head), 2_501);
        assert_eq!(forgotten(2_502, head), 2_502, "fewer changes than the journal keeps");
        let mut world = World::default();
        replay(store.as_ref(), &mut world, u64::MAX, &mut |_| {}).unwrap();
        assert!(world.to_snapshot().unwrap() == core.world().to_snapshot().unwrap());
    }
}
