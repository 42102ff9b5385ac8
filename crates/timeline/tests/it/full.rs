//! A full disk: what was acknowledged stays, reading goes on, and writing resumes as soon as there is room.

use std::fs;
use std::path::Path;
use std::process::Command;

use kernel::{Refusal, codes};
use timeline::conformance::entry;
use timeline::{Options, SampleBatch, Sketch, SqliteStore, Store, StoreError};

/// Appends until there is no room; returns the last acknowledged position.
fn fill(store: &dyn Store) -> u64 {
    let mut position = store.head().unwrap().position;
    loop {
        match store.append(position, (position + 1..=position + 20).map(entry).collect()) {
            Ok(head) => position = head.position,
            Err(error) => {
                assert_eq!(error, StoreError::DiskFull);
                assert_eq!(Refusal::from(error).code, &codes::DISK_FULL);
                return position;
            }
        }
    }
}

fn assert_has(store: &dyn Store, position: u64) {
    assert_eq!(store.verify(&mut |_| {}).unwrap().events, position);
    assert_eq!(store.read(position - 1, 10).unwrap().len(), 1);
}

#[test]
fn at_the_bound_on_its_size_a_store_waits_for_room() {
    let dir = tempfile::tempdir().unwrap();
    let options = Options { max_bytes: Some(1 << 20), ..Options::default() };
    let store = SqliteStore::open(dir.path(), &options).unwrap();
    let measured = Sketch::of(&(1..500).map(f64::from).collect::<Vec<_>>()).unwrap();
    let batch = |minute| SampleBatch {
        series: "a".to_owned(),
        minute,
        measured: measured.clone(),
        errors: 0,
        parts: Vec::new(),
    };
    store.add_samples((0..300).map(batch).collect()).unwrap();
    let full = fill(&store);
    assert_has(&store, full);
    // A smaller request may still find room, so only that nothing is lost can be said of it.
    let large =
        b"no room for this".iter().cycle().take(100_000).enumerate().map(|(i, b)| b.wrapping_mul(i as u8)).collect();
    assert!(matches!(store.put_blobs(&[large]), Ok(_) | Err(StoreError::DiskFull)));
    store.prune_samples(300).unwrap();
    let more = fill(&store);
    assert!(more > full, "there was room again, but writing did not resume");
    assert_has(&store, more);
    drop(store);
    assert_has(&SqliteStore::open(dir.path(), &options).unwrap(), more);
}

/// A real file system of two megabytes. Making one needs the right to mount; without it, the test says so and ends.
#[test]
fn on_a_full_disk_a_store_waits_for_room() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::mount(dir.path()) else {
        eprintln!("skipped: this user can't mount a file system");
        return;
    };
    let ballast = dir.path().join("ballast");
    fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let data = dir.path().join("data");
    let store = SqliteStore::open(&data, &Options::default()).unwrap();
    let full = fill(&store);
    assert!(full > 0);
    assert_has(&store, full);
    fs::remove_file(ballast).unwrap();
    let more = fill(&store);
    assert!(more > full, "there was room again, but writing did not resume");
    assert_has(&store, more);
    drop(store);
    assert_has(&SqliteStore::open(&data, &Options::default()).unwrap(), more);
}

#[test]
fn a_disk_too_small_for_an_empty_timeline_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_disk) = Disk::mount(dir.path()) else {
        eprintln!("skipped: this user can't mount a file system");
        return;
    };
    let ballast = dir.path().join("ballast");
    let mut bytes = vec![0; 2 << 20];
    while fs::write(&ballast, &bytes).is_err() {
        bytes.truncate(bytes.len() - 4096);
    }
    assert_eq!(SqliteStore::open(dir.path(), &Options::default()).unwrap_err(), StoreError::DiskFull);
    fs::remove_file(ballast).unwrap();
    SqliteStore::open(dir.path(), &Options::default()).unwrap();
}

#[test]
fn a_disk_mounted_read_only_is_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    let Some(disk) = Disk::mount(dir.path()) else {
        eprintln!("skipped: this user can't mount a file system");
        return;
    };
    drop(SqliteStore::open(dir.path(), &Options::default()).unwrap());
    disk.remount_read_only();
    let error = SqliteStore::open(dir.path(), &Options::default()).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly(_)), "{error}");
}

struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(at))
    }

    fn remount_read_only(&self) {
        assert!(Command::new("mount").args(["-o", "remount,ro"]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}
