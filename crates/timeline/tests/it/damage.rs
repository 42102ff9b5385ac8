//! Damaged files: each gives one clear error, and nothing that is wrong is ever read as right.

use std::fs;
use std::path::{Path, PathBuf};

use kernel::{Refusal, Sha256, codes};
use rusqlite::Connection;
use tempfile::TempDir;
use timeline::conformance::entry;
use timeline::{Entry, Options, SampleBatch, SampleRange, Sketch, Snapshot, SqliteStore, Store, StoreError};

const ENTRIES: u64 = 500;

/// A folder with a timeline that was closed, and what was in it.
struct Sample {
    dir: TempDir,
    entries: Vec<Entry>,
}

impl Sample {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).unwrap();
        store.append(0, (1..=ENTRIES).map(entry).collect()).unwrap();
        let entries = store.read(0, 1000).unwrap();
        Self { dir, entries }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("timeline.db")
    }

    fn sql(&self, sql: &str) {
        Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
    }

    fn open(&self) -> Result<SqliteStore, StoreError> {
        open(self.dir.path())
    }

    /// What opening, verifying and reading everything says.
    fn examine(&self) -> Result<Vec<Entry>, StoreError> {
        let store = self.open()?;
        store.verify(&mut |_| {})?;
        store.read(0, 1000)
    }
}

fn open(dir: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(dir, &Options { durable: false, ..Options::default() })
}

fn assert_corrupt<T>(result: Result<T, StoreError>, expected: &str) {
    let Err(error) = result else { panic!("no error, but wanted: {expected}") };
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains(expected), "{error}\nwanted: {expected}");
    assert_eq!(Refusal::from(error).code, &codes::DATA_CORRUPT);
}

#[test]
fn flipped_bytes_are_found_or_harmless() {
    let sample = Sample::new();
    let sound = fs::read(sample.file()).unwrap();
    let mut found = 0;
    for offset in (0..sound.len()).step_by(sound.len() / 150) {
        let mut damaged = sound.clone();
        damaged[offset] ^= 0xff;
        fs::write(sample.file(), damaged).unwrap();
        match sample.examine() {
            Ok(entries) => assert_eq!(entries, sample.entries, "the byte at {offset} has changed what is read"),
            Err(StoreError::Corrupt { .. }) => found += 1,
            Err(error) => panic!("the byte at {offset}: {error:?}"),
        }
    }
    assert!(found > 50, "only {found} damages were found");
}

#[test]
fn a_file_that_was_cut_is_damaged() {
    let sample = Sample::new();
    let sound = fs::read(sample.file()).unwrap();
    for kept in [1, 99, 100, 4096, sound.len() / 2, sound.len() - 4096, sound.len() - 1] {
        fs::write(sample.file(), &sound[..kept]).unwrap();
        assert_corrupt(sample.examine(), "");
    }
}

#[test]
fn what_is_no_timeline_is_not_replaced_by_an_empty_one() {
    let sample = Sample::new();
    for (bytes, expected) in [("", "is empty"), ("not a database, but long enough", "not a database")] {
        fs::write(sample.file(), bytes.repeat(1000)).unwrap();
        assert_corrupt(sample.open(), expected);
    }
    fs::write(sample.dir.path().join("timeline.db-wal"), "x").unwrap();
    fs::remove_file(sample.file()).unwrap();
    assert_corrupt(sample.open(), "write-ahead log");
}

#[test]
fn a_changed_entry_is_found_with_its_position() {
    let check = |sql: &str, position: u64, expected: &str| {
        let sample = Sample::new();
        sample.sql(sql);
        let error = sample.examine().unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { position: Some(p), .. } if p == position), "{sql}: {error:?}");
        assert_corrupt(Err::<(), _>(error), expected);
    };
    check("UPDATE entry SET body = CAST('{}' AS BLOB) WHERE position = 17", 17, "its hash differs");
    check("UPDATE entry SET actor_name = 'someone else' WHERE position = 18", 18, "its hash differs");
    check("UPDATE entry SET reason = NULL WHERE position = 18", 18, "its hash differs");
    check("UPDATE entry SET at = at + 1 WHERE position = 19", 19, "its hash differs");
    check("UPDATE entry SET hash = zeroblob(32) WHERE position = 20", 20, "its hash differs");
    check("UPDATE entry SET hash = x'00' WHERE position = 20", 20, "");
    check("UPDATE entry SET actor_sort = 'nobody' WHERE position = 21", 21, "no known sort");
    check("UPDATE entry SET subjects = 'no reference' WHERE position = 22", 22, "no references");
    check("UPDATE entry SET version = 70000 WHERE position = 23", 23, "");
    check("DELETE FROM entry WHERE position = 24", 24, "missing");
    check("DELETE FROM entry WHERE position = 1", 1, "missing");
    check("DELETE FROM entry WHERE position = 500", 499, "the last entry is at 499");
    check("UPDATE head SET position = 400", 400, "the last entry is at 500");
    check("UPDATE head SET hash = zeroblob(32)", 500, "");
}

#[test]
fn tables_that_are_missing_or_other_than_they_should_be_are_damage() {
    for sql in ["DELETE FROM head", "DROP TABLE head", "DROP TABLE entry", "ALTER TABLE entry DROP COLUMN reason"] {
        let sample = Sample::new();
        sample.sql(sql);
        assert_corrupt(sample.examine(), "");
    }
}

/// The folder as a killed process leaves it: part of the timeline is in the write-ahead log only.
fn killed() -> (TempDir, Vec<u8>, Vec<Entry>) {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).unwrap();
    for number in 1..=50 {
        store.append(number - 1, vec![entry(number)]).unwrap();
    }
    let copy = tempfile::tempdir().unwrap();
    for name in ["timeline.db", "timeline.db-wal"] {
        fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    let wal = fs::read(copy.path().join("timeline.db-wal")).unwrap();
    (copy, wal, store.read(0, 1000).unwrap())
}

#[test]
fn a_damaged_write_ahead_log_is_read_up_to_the_damage() {
    let (dir, wal, entries) = killed();
    let main = fs::read(dir.path().join("timeline.db")).unwrap();
    let check = |damaged: &[u8]| {
        fs::write(dir.path().join("timeline.db"), &main).unwrap();
        fs::write(dir.path().join("timeline.db-wal"), damaged).unwrap();
        let store = open(dir.path()).unwrap();
        let read = store.read(0, 1000).unwrap();
        assert_eq!(store.verify(&mut |_| {}).unwrap().events, read.len() as u64);
        assert!(entries.starts_with(&read));
        read.len()
    };
    assert_eq!(check(&wal), 50);
    assert_eq!(check(b""), 0);
    assert_eq!(check(&b"garbage".repeat(10_000)), 0);
    for kept in [31, 32, wal.len() / 3, wal.len() / 2, wal.len() - 1] {
        assert!(check(&wal[..kept]) < 50);
    }
    let mut flipped = wal.clone();
    flipped[wal.len() / 2] ^= 1;
    assert!((1..50).contains(&check(&flipped)));
}

#[test]
fn a_damaged_snapshot_is_passed_over() {
    let sample = Sample::new();
    let store = sample.open().unwrap();
    for position in [100, 200, 300] {
        store.save_snapshot(Snapshot { schema: 1, position, body: b"World ".repeat(1000) }).unwrap();
    }
    drop(store);
    sample.sql("UPDATE snapshot SET body = zeroblob(length(body)) WHERE position = 300");
    sample.sql("UPDATE snapshot SET size = 1 << 60 WHERE position = 200");
    let found = sample.open().unwrap().snapshot_before(1, 1000).unwrap().unwrap();
    assert_eq!((found.position, found.body), (100, b"World ".repeat(1000)));
}

#[test]
fn a_damaged_blob_is_named() {
    let sample = Sample::new();
    let blobs = [b"text ".repeat(1000), Sha256::of(b"noise").0.to_vec()];
    let damages = ["body = zeroblob(length(body))", "size = 1 << 40", "body = x'00'"];
    for damage in damages {
        let store = sample.open().unwrap();
        let digests = store.put_blobs(&blobs).unwrap();
        drop(store);
        sample.sql(&format!("UPDATE blob SET {damage}"));
        let store = sample.open().unwrap();
        for digest in digests {
            assert_corrupt(store.get_blob(&digest), &digest.to_string());
        }
        drop(store);
        sample.sql("DELETE FROM blob");
    }
}

#[test]
fn damaged_samples_are_named() {
    let sample = Sample::new();
    let store = sample.open().unwrap();
    let measured = Sketch::of(&[1.0]).unwrap();
    let batch = SampleBatch { series: "latency".to_owned(), minute: 7, measured, errors: 0, parts: Vec::new() };
    store.add_samples(vec![batch.clone()]).unwrap();
    drop(store);
    sample.sql("UPDATE sample SET sketch = substr(sketch, 1, length(sketch) - 1)");
    let store = sample.open().unwrap();
    let range = SampleRange { series: "latency".to_owned(), from_minute: 0, to_minute: 10, step_minutes: 1 };
    assert_corrupt(store.samples(&range), "series latency at minute 7");
    assert_corrupt(store.add_samples(vec![batch]), "series latency at minute 7");
}
