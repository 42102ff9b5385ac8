//! Backups are whole, even while writing goes on, and come back.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use timeline::conformance::entry;
use timeline::{Options, Snapshot, SqliteStore, Store, StoreError, backup_folder, restore, verify_folder};

fn store_with(dir: &Path, entries: u64) -> SqliteStore {
    let store = SqliteStore::open(dir, &Options { durable: false, ..Options::default() }).unwrap();
    store.append(0, (1..=entries).map(entry).collect()).unwrap();
    store
}

#[test]
fn a_backup_that_is_restored_has_everything() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with(&dir.path().join("data"), 200);
    let digests = store.put_blobs(&[b"a document".to_vec()]).unwrap();
    store.put_secret("smtp", Some(b"sealed")).unwrap();
    store.save_snapshot(Snapshot { schema: 1, position: 100, body: b"World".to_vec() }).unwrap();
    let file = dir.path().join("backup.db");
    let saved = store.backup(&file).unwrap();
    store.append(200, vec![entry(201)]).unwrap();

    let verified = restore(&file, &dir.path().join("restored")).unwrap();
    assert_eq!(verified, saved);
    let restored = store_again(&dir.path().join("restored"));
    assert_eq!(restored.verify(&mut |_| {}).unwrap(), saved);
    assert_eq!(restored.read(0, 1000).unwrap(), store.read(0, 200).unwrap());
    assert_eq!(restored.get_blob(&digests[0]).unwrap().unwrap(), b"a document");
    assert_eq!(restored.get_secret("smtp").unwrap().unwrap(), b"sealed");
    assert_eq!(restored.snapshot_before(1, 200).unwrap().unwrap().body, b"World");
    assert_eq!(restored.append(200, vec![entry(201)]).unwrap(), store.head().unwrap());
}

#[test]
fn a_folder_is_backed_up_and_verified_whether_or_not_it_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let (data, missing) = (dir.path().join("data"), dir.path().join("missing"));
    let store = store_with(&data, 20);
    let expect = store.verify(&mut |_| {}).unwrap();
    assert_eq!(verify_folder(&data).unwrap(), expect);
    assert_eq!(backup_folder(&data, &dir.path().join("used.db")).unwrap(), expect);
    drop(store);
    assert_eq!(verify_folder(&data).unwrap(), expect);
    assert_eq!(backup_folder(&data, &dir.path().join("unused.db")).unwrap(), expect);

    assert!(matches!(verify_folder(&missing), Err(StoreError::Misplaced(_))));
    assert!(matches!(backup_folder(&missing, &dir.path().join("none.db")), Err(StoreError::Misplaced(_))));
    assert!(!missing.exists() && !dir.path().join("none.db").exists(), "looking makes nothing");
}

fn store_again(dir: &Path) -> SqliteStore {
    SqliteStore::open(dir, &Options { durable: false, ..Options::default() }).unwrap()
}

#[test]
fn a_backup_is_of_one_moment_while_writing_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = &store_with(&dir.path().join("data"), 2000);
    let stop = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                let position = store.head().unwrap().position;
                store.append(position, (position + 1..position + 6).map(entry).collect()).unwrap();
            }
        });
        let mut events = 0;
        for number in 0..5 {
            let saved = store.backup(&dir.path().join(format!("{number}.db"))).unwrap();
            assert!(saved.events >= events && saved.events.is_multiple_of(5));
            events = saved.events;
        }
        stop.store(true, Ordering::Relaxed);
    });
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 6, "a backup is one file, and nothing unfinished is left: {names:?}");
}

#[test]
fn nothing_is_replaced_by_a_backup_or_by_what_is_restored() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with(&dir.path().join("data"), 10);
    let file = dir.path().join("backup.db");
    fs::write(&file, "precious").unwrap();
    assert!(store.backup(&file).unwrap_err().to_string().contains("exists"));
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    fs::remove_file(&file).unwrap();
    store.backup(&file).unwrap();
    let full = tempfile::tempdir().unwrap();
    fs::write(full.path().join("notes"), "precious").unwrap();
    assert!(restore(&file, full.path()).unwrap_err().to_string().contains("not empty"));
    assert!(matches!(store.backup(&dir.path().join("missing/backup.db")), Err(StoreError::Io(_))));
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let dir = tempfile::tempdir().unwrap();
    let store = store_with(&dir.path().join("data"), 500);
    let file = dir.path().join("backup.db");
    store.backup(&file).unwrap();
    let sound = fs::read(&file).unwrap();
    let text = sound.windows(13).position(|bytes| bytes == br#"{"number":250"#).unwrap();
    let mut changed = sound.clone();
    changed[text + 2] ^= 1;
    for damaged in [&changed[..], &sound[..sound.len() / 2], b"", &b"no database".repeat(100)] {
        fs::write(&file, damaged).unwrap();
        let error = restore(&file, &dir.path().join("restored")).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{error:?}");
        assert!(!dir.path().join("restored/timeline.db").exists());
    }
}
