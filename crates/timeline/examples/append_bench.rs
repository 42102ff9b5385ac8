//! How fast the timeline takes and gives: `cargo run --release -p timeline --example append_bench [ENTRIES]`.
//!
//! 64 writers wait for each of their events to be on disk; one thread appends for them what has gathered meanwhile, as the
//! engine does. Then a log of a million entries is read as at a start without a snapshot.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::error::Error;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use timeline::{
    NewEntry, Options, SqliteStore, Store, StoreError,
    conformance::{at, entry},
};

const WRITERS: u64 = 64;
const EACH: u64 = 1000;

type Waiting = (NewEntry, SyncSender<()>);

fn main() -> Result<(), Box<dyn Error>> {
    let entries = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let store = SqliteStore::open(dir.path(), &Options::default())?;
    append_alone(&store)?;
    append_together(&store)?;
    fill(&store, entries)?;
    let begun = Instant::now();
    let mut bytes = 0;
    let head = store.for_each(0, &mut |entry| {
        bytes += entry.body.len();
        Ok(())
    })?;
    report("entries read", head.position, begun);
    let begun = Instant::now();
    store.verify(&mut |_| {})?;
    report("entries verified", head.position, begun);
    println!("{} bytes of bodies; {} bytes on disk", bytes, std::fs::metadata(dir.path().join("timeline.db"))?.len());
    Ok(())
}

fn append_alone(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    for _ in 0..EACH {
        let position = store.head()?.position;
        store.append(position, vec![entry(position + 1)])?;
    }
    report("durable appends by a single writer", EACH, begun);
    Ok(())
}

fn append_together(store: &dyn Store) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let first = store.head()?.position;
    let (queue, waiting) = sync_channel::<Waiting>(1024);
    thread::scope(|scope| {
        let appending = scope.spawn(move || append_for_all(store, &waiting));
        for writer in 0..WRITERS {
            let queue = queue.clone();
            scope.spawn(move || {
                for number in 0..EACH {
                    let (done, wait) = sync_channel(1);
                    let mut entry = entry(first + 1 + writer * EACH + number);
                    entry.at = at(first);
                    if queue.send((entry, done)).is_err() || wait.recv().is_err() {
                        return;
                    }
                }
            });
        }
        drop(queue);
        appending.join().unwrap_or_else(|_| Err(StoreError::Io("the appending thread panicked".to_owned())))
    })?;
    report("durable appends by 64 writers", WRITERS * EACH, begun);
    Ok(())
}

fn append_for_all(store: &dyn Store, waiting: &Receiver<Waiting>) -> Result<(), StoreError> {
    let mut position = store.head()?.position;
    while let Ok(first) = waiting.recv() {
        let (entries, done): (Vec<_>, Vec<_>) = std::iter::once(first).chain(waiting.try_iter().take(1000)).unzip();
        position = store.append(position, entries)?.position;
        // A writer that has gone away needs no answer.
        done.into_iter().for_each(|done| done.send(()).unwrap_or_default());
    }
    Ok(())
}

fn fill(store: &dyn Store, entries: u64) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let first = store.head()?.position;
    let mut position = first;
    while position < entries {
        let next = (position + 10_000).min(entries);
        position = store.append(position, (position + 1..=next).map(entry).collect())?.position;
    }
    report("entries appended in thousands", position - first, begun);
    Ok(())
}

fn report(what: &str, count: u64, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    println!("{what}: {count} in {seconds:.2} s, {:.0} a second", count as f64 / seconds);
}
