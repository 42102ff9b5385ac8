//! `kill -9` at any moment loses nothing that was acknowledged.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, thread};

use kernel::Sha256;
use timeline::conformance::entry;
use timeline::{Options, SampleBatch, SampleRange, Sketch, Snapshot, SqliteStore, Store, StoreError};

use crate::child;

/// How often a folder is recovered and written on, before the next one: each time everything in it is checked.
const ROUNDS_A_FOLDER: usize = 10;

/// What a child has said to be on disk.
#[derive(Default)]
struct Acknowledged {
    entries: HashMap<u64, Sha256>,
    blobs: Vec<Sha256>,
    samples: u64,
    snapshot: u64,
}

impl Acknowledged {
    /// Takes a line such as `entry 17 5e88...`; what the test harness prints is passed over.
    fn take(&mut self, line: &str) -> Option<()> {
        let mut words = line.split_ascii_whitespace();
        match words.next()? {
            "entry" => drop(self.entries.insert(words.next()?.parse().ok()?, words.next()?.parse().ok()?)),
            "blob" => self.blobs.push(words.next()?.parse().ok()?),
            "samples" => self.samples = words.next()?.parse().ok()?,
            "snapshot" => self.snapshot = words.next()?.parse().ok()?,
            _ => return None,
        }
        Some(())
    }
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let rounds = env::var("MAINSTAY_KILL_ROUNDS").map_or(50, |rounds| rounds.parse().unwrap());
    let mut entries = 0;
    for first in (0..rounds).step_by(ROUNDS_A_FOLDER) {
        let dir = tempfile::tempdir().unwrap();
        let mut acknowledged = Acknowledged::default();
        for round in (first..rounds).take(ROUNDS_A_FOLDER) {
            run_and_kill(dir.path(), round, &mut acknowledged);
            check(dir.path(), &acknowledged);
        }
        entries += acknowledged.entries.len() as u64;
    }
    assert!(entries > rounds, "the children hardly got to write: {entries} entries");
}

/// Lets a child write until it has acknowledged some number of things, and some microseconds longer.
fn run_and_kill(dir: &Path, round: u64, acknowledged: &mut Acknowledged) {
    let mut child = child::command("kill::the_child_writes_until_it_is_killed", dir).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let chance = Sha256::of(&round.to_le_bytes()).0;
    for _ in 0..usize::from(chance[0]) {
        acknowledged.take(&lines.next().unwrap().unwrap());
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_micros(u64::from(chance[1]) * 20) {
        thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    for line in lines.map_while(Result::ok) {
        acknowledged.take(&line);
    }
}

fn check(dir: &Path, acknowledged: &Acknowledged) {
    let store = SqliteStore::open(dir, &Options::default()).unwrap();
    let mut missing = acknowledged.entries.clone();
    store
        .for_each(0, &mut |entry| {
            let position = entry.stamp.position;
            assert!(missing.remove(&position).is_none_or(|hash| hash == entry.hash), "position {position} has changed");
            Ok(())
        })
        .unwrap();
    assert!(missing.is_empty(), "acknowledged, but lost: {missing:?}");
    store.verify(&mut |_| {}).unwrap();
    for blob in &acknowledged.blobs {
        assert!(store.get_blob(blob).unwrap().is_some(), "acknowledged, but lost: blob {blob}");
    }
    assert!(sample_count(&store) >= acknowledged.samples, "acknowledged samples were lost");
    let snapshot = store.snapshot_before(1, u64::MAX).unwrap().map_or(0, |snapshot| snapshot.position);
    assert!(snapshot >= acknowledged.snapshot, "an acknowledged snapshot was lost");
}

fn sample_count(store: &dyn Store) -> u64 {
    let range = SampleRange { series: "checks".to_owned(), from_minute: 0, to_minute: 1, step_minutes: 1 };
    store.samples(&range).unwrap().iter().map(|sample| sample.measured.count()).sum()
}

#[test]
fn the_child_writes_until_it_is_killed() {
    let Some(dir) = child::folder() else { return };
    let store = SqliteStore::open(&dir, &Options::default()).unwrap();
    let store: &dyn Store = &store;
    thread::scope(|scope| {
        for write in [append, put_blobs, add_samples, save_snapshots] {
            scope.spawn(move || write(store).unwrap());
        }
    });
}

fn append(store: &dyn Store) -> Result<(), StoreError> {
    loop {
        let position = store.head()?.position;
        let head = store.append(position, (position + 1..=position + 1 + position % 3).map(entry).collect())?;
        println!("entry {} {}", head.position, head.hash);
    }
}

fn put_blobs(store: &dyn Store) -> Result<(), StoreError> {
    loop {
        let position = store.head()?.position;
        for digest in store.put_blobs(&[format!("blob {position}").into_bytes()])? {
            println!("blob {digest}");
        }
    }
}

fn add_samples(store: &dyn Store) -> Result<(), StoreError> {
    loop {
        let measured = Sketch::of(&[1.0, 2.0, 3.0]).unwrap();
        store.add_samples(vec![SampleBatch {
            series: "checks".to_owned(),
            minute: 0,
            measured,
            errors: 0,
            parts: Vec::new(),
        }])?;
        println!("samples {}", sample_count(store));
    }
}

fn save_snapshots(store: &dyn Store) -> Result<(), StoreError> {
    loop {
        let position = store.head()?.position;
        store.save_snapshot(Snapshot { schema: 1, position, body: vec![b'x'; 10_000] })?;
        println!("snapshot {position}");
    }
}
