//! A search is bounded, and many callers at once are served.

use std::{slice, thread};

use timeline::conformance::{at, entry};
use timeline::{NewEntry, Query, SampleBatch, SampleRange, Sketch, SqliteStore, Store, limits};

#[test]
fn a_search_that_finds_little_gives_its_answer_in_bounded_parts() {
    let store = SqliteStore::temporary().unwrap();
    let count = limits::PAGE_SCAN as u64 + 100;
    let alike = |number| NewEntry { subjects: entry(1).subjects, kind: "a.b".to_owned(), at: at(0), ..entry(number) };
    let mut entries: Vec<_> = (1..=count).map(alike).collect();
    entries[49].kind = "sought".to_owned();
    store.append(0, entries).unwrap();
    let query = Query { subjects: entry(1).subjects, kinds: vec!["sought".to_owned()], ..Query::default() };
    let first = store.find(&query).unwrap();
    assert_eq!((first.entries.len(), first.next), (0, Some(101)));
    let second = store.find(&Query { before: first.next, ..query }).unwrap();
    assert_eq!(second.entries[0].stamp.position, 50);
    assert_eq!(second.next, None);
}

#[test]
fn sixty_four_threads_write_and_read_at_once() {
    let store = &SqliteStore::temporary().unwrap();
    let range = SampleRange { series: "all".to_owned(), from_minute: 0, to_minute: 1, step_minutes: 1 };
    thread::scope(|scope| {
        for number in 0..64_u32 {
            let range = &range;
            scope.spawn(move || {
                for part in 0..10 {
                    let measured = Sketch::of(&[f64::from(number)]).unwrap();
                    let batch =
                        SampleBatch { series: "all".to_owned(), minute: 0, measured, errors: 1, parts: Vec::new() };
                    store.add_samples(vec![batch]).unwrap();
                    let blob = format!("{number} {part}").into_bytes();
                    let digest = store.put_blobs(slice::from_ref(&blob)).unwrap()[0];
                    assert_eq!(store.get_blob(&digest).unwrap(), Some(blob));
                    assert!(store.samples(range).unwrap()[0].errors > part);
                }
            });
        }
    });
    let all = store.samples(&range).unwrap();
    assert_eq!((all[0].measured.count(), all[0].errors, all[0].observed()), (640, 640, 1280));
    assert_eq!(all[0].measured.sum(), f64::from((0..64).sum::<u32>() * 10));
    assert_eq!(all[0].measured.range(), Some((0.0, 63.0)));
    let median = all[0].measured.quantile(0.5).unwrap();
    assert!((31.0 * 0.99..=32.0 * 1.01).contains(&median), "{median}");
}
