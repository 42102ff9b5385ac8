//! A file that an earlier version wrote can be read for ever.

use std::path::{Path, PathBuf};
use std::{env, fs};

use kernel::Sha256;
use tempfile::TempDir;
use timeline::conformance::entry;
use timeline::{Options, SampleBatch, SampleRange, Sketch, Snapshot, SqliteStore, Store};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden");

/// `MAINSTAY_WRITE_GOLDEN=1` writes the file anew. It is done once for each schema version, under a new name.
#[test]
fn a_file_of_version_2_can_be_read() {
    if env::var_os("MAINSTAY_WRITE_GOLDEN").is_some() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path());
        let written = fs::read(dir.path().join("timeline.db")).unwrap();
        fs::write(file(2), zstd::encode_all(&*written, 19).unwrap()).unwrap();
    }
    assert_eq!(parts_in(2), [1, 0, 70_000]);
}

#[test]
fn a_file_of_version_1_is_brought_to_the_newest_and_takes_what_that_one_does() {
    assert_eq!(parts_in(1), [0; 0]);
    let dir = put_down(1);
    for _ in 0..2 {
        let store = SqliteStore::open(dir.path(), &Options::default()).unwrap();
        let measured = Sketch::of(&[1.0]).unwrap();
        let batch = SampleBatch { series: "latency".to_owned(), minute: 7, measured, errors: 0, parts: vec![3, 4] };
        store.add_samples(vec![batch]).unwrap();
    }
    let store = SqliteStore::open(dir.path(), &Options::default()).unwrap();
    let range = SampleRange { series: "latency".to_owned(), from_minute: 0, to_minute: 10, step_minutes: 1 };
    let sample = store.samples(&range).unwrap().remove(0);
    assert_eq!((sample.parts, sample.measured.count()), (vec![6, 8], 5));
}

fn file(version: u32) -> PathBuf {
    Path::new(FILES).join(format!("version-{version}.db.zst"))
}

fn put_down(version: u32) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let written = zstd::decode_all(&*fs::read(file(version)).unwrap()).unwrap();
    fs::write(dir.path().join("timeline.db"), written).unwrap();
    dir
}

/// Reads all of it; gives the parts of its sample.
fn parts_in(version: u32) -> Vec<u64> {
    let dir = put_down(version);
    let store = SqliteStore::open(dir.path(), &Options::default()).unwrap();
    let head = store.verify(&mut |_| {}).unwrap().head;
    assert_eq!(head.position, 30);
    let mut previous = Sha256::ZERO;
    for found in store.read(0, 100).unwrap() {
        let expected = entry(found.stamp.position).seal(found.stamp.position, &previous);
        assert_eq!(found, expected);
        previous = expected.hash;
    }
    assert_eq!(store.get_blob(&Sha256::of(&document())).unwrap(), Some(document()));
    assert_eq!(store.snapshot_before(1, 30).unwrap().unwrap().body, document());
    assert_eq!(store.get_secret("smtp").unwrap().unwrap(), b"sealed");
    let range = SampleRange { series: "latency".to_owned(), from_minute: 0, to_minute: 10, step_minutes: 1 };
    let samples = store.samples(&range).unwrap();
    assert_eq!((samples[0].minute, samples[0].errors, samples[0].measured.sum()), (7, 2, 6.5));
    assert_eq!(samples[0].measured.quantile(0.5), Sketch::of(&[1.0, 2.0, 3.5]).unwrap().quantile(0.5));
    samples[0].parts.clone()
}

fn document() -> Vec<u8> {
    b"a document ".repeat(100)
}

fn write(dir: &Path) {
    let store = SqliteStore::open(dir, &Options::default()).unwrap();
    store.append(0, (1..=30).map(entry).collect()).unwrap();
    store.put_blobs(&[document()]).unwrap();
    store.save_snapshot(Snapshot { schema: 1, position: 20, body: document() }).unwrap();
    store.put_secret("smtp", Some(b"sealed")).unwrap();
    let measured = Sketch::of(&[1.0, 2.0, 3.5]).unwrap();
    store
        .add_samples(vec![SampleBatch {
            series: "latency".to_owned(),
            minute: 7,
            measured,
            errors: 2,
            parts: vec![1, 0, 70_000],
        }])
        .unwrap();
}
