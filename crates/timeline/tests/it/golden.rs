//! A file that an earlier version wrote can be read for ever.

use std::path::Path;
use std::{env, fs};

use kernel::Sha256;
use timeline::conformance::entry;
use timeline::{Options, SampleBatch, SampleRange, Sketch, Snapshot, SqliteStore, Store};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/golden/version-1.db.zst");

/// `MAINSTAY_WRITE_GOLDEN=1` writes the file anew. It is done once for each schema version, under a new name.
#[test]
fn a_file_of_version_1_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    if env::var_os("MAINSTAY_WRITE_GOLDEN").is_some() {
        write(dir.path());
        fs::create_dir_all(Path::new(FILE).parent().unwrap()).unwrap();
        fs::write(FILE, zstd::encode_all(&*fs::read(dir.path().join("timeline.db")).unwrap(), 19).unwrap()).unwrap();
    }
    fs::write(dir.path().join("timeline.db"), zstd::decode_all(&*fs::read(FILE).unwrap()).unwrap()).unwrap();
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
    store.add_samples(vec![SampleBatch { series: "latency".to_owned(), minute: 7, measured, errors: 2 }]).unwrap();
}
