//! Who may open a data folder, and when.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::slice;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use kernel::{Class, Refusal, Sha256, codes};
use rusqlite::Connection;
use timeline::conformance::{at, entry};
use timeline::{Options, SqliteStore, Store, StoreError, doctor};

#[test]
fn a_folder_is_opened_by_one_store_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), &Options::default()).unwrap();
    let second = SqliteStore::open(dir.path(), &Options::default()).unwrap_err();
    assert_eq!(second, StoreError::Locked { holder: Some(id()) });
    assert_eq!(Refusal::from(second).code, &codes::DATA_LOCKED);
    store.append(0, vec![entry(1)]).unwrap();
    drop(store);
    let again = SqliteStore::open(dir.path(), &Options::default()).unwrap();
    assert_eq!(again.head().unwrap().position, 1);
}

#[test]
fn a_store_that_was_closed_is_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(dir.path(), &Options::default()).unwrap();
    store.append(0, vec![entry(1)]).unwrap();
    drop(store);
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["lock", "timeline.db"]);
}

#[test]
fn a_crash_while_the_file_is_made_is_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("timeline.new"), "half a file").unwrap();
    SqliteStore::open(dir.path(), &Options::default()).unwrap();
}

#[test]
fn a_newer_schema_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(dir.path(), &Options::default()).unwrap());
    let file = dir.path().join("timeline.db");
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 7).unwrap();
    let before = fs::read(&file).unwrap();
    let error = SqliteStore::open(dir.path(), &Options::default()).unwrap_err();
    assert_eq!(error, StoreError::TooNew { found: 7, known: 2 });
    assert_eq!(Refusal::from(error).class(), Class::OperatorFixable);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn another_programs_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("timeline.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
    let before = fs::read(&file).unwrap();
    let error = SqliteStore::open(dir.path(), &Options::default()).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { what, .. } if what.contains("another program")), "{error}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

/// The superuser may write to any file, except to one that is marked immutable; where that can't be done (another file
/// system, another user), permissions are taken away instead.
#[test]
fn a_file_that_cant_be_written_is_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    drop(SqliteStore::open(dir.path(), &Options::default()).unwrap());
    for name in ["timeline.db", "lock"] {
        let protected = Immutable::new(dir.path().join(name));
        let error = SqliteStore::open(dir.path(), &Options::default()).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly(_)), "{name}: {error}");
        assert_eq!(Refusal::from(error).code, &codes::DATA_READ_ONLY);
        drop(protected);
    }
    SqliteStore::open(dir.path(), &Options::default()).unwrap();
}

struct Immutable(PathBuf);

impl Immutable {
    fn new(file: PathBuf) -> Self {
        let marked = Command::new("chattr").arg("+i").arg(&file).output().is_ok_and(|output| output.status.success());
        if !marked {
            set_read_only(&file, true);
        }
        Self(file)
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let _ = Command::new("chattr").arg("-i").arg(&self.0).output();
        set_read_only(&self.0, false);
    }
}

fn set_read_only(file: &Path, read_only: bool) {
    let mut permissions = fs::metadata(file).unwrap().permissions();
    permissions.set_readonly(read_only);
    fs::set_permissions(file, permissions).unwrap();
}

#[test]
fn documents_that_are_there_and_new_ones_are_told_apart() {
    let store = SqliteStore::temporary().unwrap();
    let (old, new) = (b"an old document".to_vec(), b"a new document".to_vec());
    let first = store.put_blobs(slice::from_ref(&old)).unwrap();
    let both = store.put_blobs(&[new.clone(), old.clone(), new.clone()]).unwrap();
    assert_eq!(both, [Sha256::of(&new), first[0], Sha256::of(&new)]);
    assert_eq!(store.get_blob(&both[0]).unwrap(), Some(new));
    assert_eq!(store.get_blob(&both[1]).unwrap(), Some(old));
}

#[test]
fn the_doctor_finds_a_sound_folder_sound_while_it_is_used_and_afterwards() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("data");
    let store = SqliteStore::open(&dir, &Options::default()).unwrap();
    store.append(0, (1..=100).map(entry).collect()).unwrap();
    store.put_blobs(&[b"a document".to_vec()]).unwrap();
    let used = doctor(&dir, at(100));
    assert!(used.iter().all(|finding| finding.ok), "{used:#?}");
    assert!(used.iter().any(|finding| finding.detail.contains(&format!("process {}", id()))), "{used:#?}");
    drop(store);
    let unused = doctor(&dir, at(100));
    assert!(unused.iter().all(|finding| finding.ok), "{unused:#?}");
    assert_eq!(unused.len(), 10);
}

#[test]
fn the_doctor_says_what_is_wrong_and_what_to_do() {
    let check = |dir: &Path, now, what: &str| {
        let bad: Vec<_> = doctor(dir, at(now)).into_iter().filter(|finding| !finding.ok).collect();
        assert_eq!(bad.iter().map(|finding| finding.what).collect::<Vec<_>>(), [what], "{bad:#?}");
        assert!(bad[0].fix.is_some());
    };
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("data");
    check(&dir.join("missing"), 0, "folder");
    let store = SqliteStore::open(&dir, &Options::default()).unwrap();
    store.append(0, (1..=100).map(entry).collect()).unwrap();
    drop(store);
    check(&dir, 99, "clock");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).unwrap();
    check(&dir, 100, "permissions");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    let file = dir.join("timeline.db");
    let sql = |sql: &str| Connection::open(&file).unwrap().execute_batch(sql).unwrap();
    sql("INSERT INTO snapshot VALUES (1, 7, zeroblob(32), 4, x'01020304')");
    check(&dir, 100, "snapshots");
    sql("DELETE FROM snapshot; INSERT INTO blob VALUES (zeroblob(32), 4, x'01020304')");
    check(&dir, 100, "blobs");
    sql("DELETE FROM blob; DELETE FROM entry_label WHERE position = 50");
    check(&dir, 100, "chain");
}

#[test]
fn the_doctor_opens_nothing_that_is_no_timeline() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("data");
    drop(SqliteStore::open(&dir, &Options::default()).unwrap());
    fs::write(dir.join("timeline.db"), "").unwrap();
    let last = doctor(&dir, at(0)).pop().unwrap();
    assert_eq!((last.what, last.ok), ("timeline", false));
    fs::remove_file(dir.join("timeline.db")).unwrap();
    assert!(doctor(&dir, at(0)).iter().all(|finding| finding.ok));
}

#[test]
fn the_doctor_can_look_while_events_are_appended() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("data");
    let store = &SqliteStore::open(&dir, &Options { durable: false, ..Options::default() }).unwrap();
    let appended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for position in 0..1000 {
                store.append(position, vec![entry(position + 1)]).unwrap();
            }
            appended.store(true, Ordering::Relaxed);
        });
        while !appended.load(Ordering::Relaxed) {
            let findings = doctor(&dir, at(1000));
            assert!(findings.iter().all(|finding| finding.ok), "{findings:#?}");
        }
    });
}
