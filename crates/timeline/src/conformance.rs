//! What every store must do, whatever it is made on: call [`run`] from the test of a store.

use std::collections::BTreeMap;
use std::path::PathBuf;

use kernel::{Actor, CommandId, EntityRef, EventId, Sha256, Timestamp};

use crate::{
    Entry, Head, NewEntry, Query, SampleBatch, SampleRange, Sketch, Snapshot, Store, StoreError, Verified, limits,
};

type Check = fn(&dyn Store) -> Result<(), StoreError>;

const CHECKS: &[(&str, Check)] = &[
    ("an empty store has an empty head", an_empty_store_has_an_empty_head),
    ("entries come back as they were given", entries_come_back_as_they_were_given),
    ("a loser is told where the head is", a_loser_is_told_where_the_head_is),
    ("an append is all or nothing", an_append_is_all_or_nothing),
    ("what is beyond a bound is refused", what_is_beyond_a_bound_is_refused),
    ("a read can be continued", a_read_can_be_continued),
    ("a search finds what matches", a_search_finds_what_matches),
    ("the position at a time is the last one then", the_position_at_a_time_is_the_last_one_then),
    ("writers at the same time lose nothing", writers_at_the_same_time_lose_nothing),
    ("the newest snapshot before a position is found", the_newest_snapshot_before_a_position_is_found),
    ("blobs are stored once", blobs_are_stored_once),
    ("samples are merged", samples_are_merged),
    ("sealed values can be replaced and forgotten", sealed_values_can_be_replaced_and_forgotten),
    ("a backup has everything", a_backup_has_everything),
];

/// Runs every check against a new, empty store from `make`.
///
/// # Panics
/// If the store doesn't do what it must; the message begins with what that is.
pub fn run(make: impl Fn() -> Box<dyn Store>) {
    for (name, check) in CHECKS {
        assert_eq!(check(&*make()), Ok(()), "{name}");
    }
}

/// A time for tests: `number` seconds after a fixed one.
#[must_use]
pub fn at(number: u64) -> Timestamp {
    let second = 1_780_000_000_u64.saturating_add(number);
    i64::try_from(second).ok().and_then(|second| Timestamp::from_second(second).ok()).unwrap_or(Timestamp::MAX)
}

/// An event for tests, unlike that of any other `number`, decided at [`at`] that number.
#[must_use]
pub fn entry(number: u64) -> NewEntry {
    let name = |sort: &str, count: u64| format!("{sort}{}", number % count);
    let kind = ["flags.turned_on", "flags.turned_off", "deploys.finished", "flagship.sailed"];
    let actor = [Actor::Person, Actor::Token, Actor::Source, Actor::Mainstay];
    let subject = |kind: &str, count| EntityRef::new(kind, "default", &name(kind, count)).ok();
    NewEntry {
        id: EventId::from_bytes(u128::from(number).to_be_bytes()),
        command: CommandId::from_bytes(u128::from(number / 3).to_be_bytes()),
        at: at(number),
        actor: nth(&actor, number % 7).map_or(Actor::mainstay("tests"), |actor| actor(name("jo ", 3))),
        reason: number.is_multiple_of(2).then(|| format!("reason {number} — schön")),
        kind: nth(&kind, number % 5).copied().unwrap_or("checks.failed").to_owned(),
        version: 1,
        subjects: [subject("flag", 10), subject("component", 4)].into_iter().flatten().collect(),
        body: format!("{{\"number\":{number},\"text\":\"{}\"}}", "x".repeat(64)).into_bytes(),
    }
}

fn nth<T>(list: &[T], index: u64) -> Option<&T> {
    list.get(usize::try_from(index).ok()?)
}

fn entries(numbers: std::ops::RangeInclusive<u64>) -> Vec<NewEntry> {
    numbers.map(entry).collect()
}

fn positions(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.stamp.position).collect()
}

fn an_empty_store_has_an_empty_head(store: &dyn Store) -> Result<(), StoreError> {
    assert_eq!(store.head()?, Head::EMPTY);
    assert_eq!(store.read(0, 10)?, []);
    assert_eq!(store.find(&Query::default())?.entries, []);
    assert_eq!(store.position_at(at(0))?, 0);
    assert_eq!(store.append(0, vec![])?, Head::EMPTY);
    assert_eq!(store.verify(&mut |_| {})?, Verified { events: 0, head: Head::EMPTY });
    Ok(())
}

fn entries_come_back_as_they_were_given(store: &dyn Store) -> Result<(), StoreError> {
    let odd = NewEntry {
        at: at(1) + std::time::Duration::from_nanos(123_456_789),
        actor: Actor::Person("newlines\nand 'quotes' \0".to_owned()),
        reason: Some(String::new()),
        kind: String::new(),
        version: u16::MAX,
        subjects: vec![],
        body: vec![0, 255, 128],
        ..entry(1)
    };
    let given = [vec![odd], entries(2..=20)].concat();
    let mut previous = Sha256::ZERO;
    let mut expected = Vec::new();
    for (position, new) in (1..).zip(&given) {
        let sealed = new.clone().seal(position, &previous);
        previous = sealed.hash;
        expected.push(sealed);
    }
    let head = store.append(0, given)?;
    assert_eq!(head, Head { position: 20, hash: previous });
    assert_eq!(store.head()?, head);
    assert_eq!(store.read(0, 100)?, expected);
    let mut seen = 0;
    assert_eq!(store.verify(&mut |position| seen = position)?, Verified { events: 20, head });
    assert_eq!(seen, 20);
    Ok(())
}

fn a_loser_is_told_where_the_head_is(store: &dyn Store) -> Result<(), StoreError> {
    let head = store.append(0, entries(1..=3))?;
    for elsewhere in [0, 2, 4, u64::MAX] {
        assert_eq!(store.append(elsewhere, entries(4..=4)), Err(StoreError::Conflict { head }));
        assert_eq!(store.append(elsewhere, vec![]), Err(StoreError::Conflict { head }));
    }
    assert_eq!(store.head()?, head);
    assert_eq!(store.append(3, entries(4..=4))?.position, 4);
    Ok(())
}

fn an_append_is_all_or_nothing(store: &dyn Store) -> Result<(), StoreError> {
    let head = store.append(0, entries(1..=3))?;
    let backwards = vec![entry(4), NewEntry { at: at(3), ..entry(5) }];
    assert_eq!(store.append(3, backwards), Err(StoreError::Backwards { at: at(3), previous: at(4) }));
    let before_the_head = vec![NewEntry { at: at(2), ..entry(4) }];
    assert_eq!(store.append(3, before_the_head), Err(StoreError::Backwards { at: at(2), previous: at(3) }));
    for known in [1, 4] {
        let repeated = vec![entry(4), NewEntry { id: entry(known).id, ..entry(5) }];
        assert!(matches!(store.append(3, repeated), Err(StoreError::Unacceptable(_))));
    }
    assert_eq!(store.head()?, head);
    assert_eq!(positions(&store.read(0, 10)?), [1, 2, 3]);
    // The same time again is no step back.
    store.append(3, vec![NewEntry { at: at(3), ..entry(4) }, NewEntry { at: at(3), ..entry(5) }])?;
    store.verify(&mut |_| {}).map(drop)
}

fn what_is_beyond_a_bound_is_refused(store: &dyn Store) -> Result<(), StoreError> {
    let too_much = [
        NewEntry { body: vec![0; limits::BODY_BYTES + 1], ..entry(1) },
        NewEntry { kind: "x".repeat(limits::KIND_BYTES + 1), ..entry(1) },
        NewEntry { reason: Some("x".repeat(limits::TEXT_BYTES + 1)), ..entry(1) },
        NewEntry { actor: Actor::Person("x".repeat(limits::TEXT_BYTES + 1)), ..entry(1) },
        NewEntry { subjects: vec![entry(1).subjects; limits::SUBJECTS].concat(), ..entry(1) },
        NewEntry { at: Timestamp::MAX, ..entry(1) },
    ];
    for entry in too_much {
        assert!(matches!(store.append(0, vec![entry]), Err(StoreError::Unacceptable(_))));
    }
    let refused = |result| assert!(matches!(result, Err(StoreError::Unacceptable(_))));
    refused(store.put_blobs(&[vec![0; limits::BLOB_BYTES + 1]]).map(drop));
    refused(store.put_secret(&"x".repeat(limits::NAME_BYTES + 1), Some(b"")));
    refused(store.put_secret("name", Some(&vec![0; limits::SECRET_BYTES + 1])));
    let long = SampleBatch { series: "x".repeat(limits::NAME_BYTES + 1), ..batch("a", 0, &[])? };
    refused(store.add_samples(vec![long]));
    let many = SampleBatch { parts: vec![1; limits::SAMPLE_PARTS + 1], ..batch("a", 0, &[])? };
    refused(store.add_samples(vec![many]));
    let range = SampleRange { series: "a".to_owned(), from_minute: i64::MIN, to_minute: i64::MAX, step_minutes: 1 };
    refused(store.samples(&range).map(drop));
    assert_eq!(store.head()?, Head::EMPTY);
    Ok(())
}

fn a_read_can_be_continued(store: &dyn Store) -> Result<(), StoreError> {
    store.append(0, entries(1..=10))?;
    assert_eq!(positions(&store.read(0, 4)?), [1, 2, 3, 4]);
    assert_eq!(positions(&store.read(4, 4)?), [5, 6, 7, 8]);
    assert_eq!(positions(&store.read(8, 4)?), [9, 10]);
    assert_eq!(store.read(10, 4)?, []);
    assert_eq!(store.read(u64::MAX, usize::MAX)?, []);
    assert_eq!(store.read(0, 0)?, []);
    let mut seen = Vec::new();
    store.for_each(7, &mut |entry| {
        seen.push(entry.stamp.position);
        Ok(())
    })?;
    assert_eq!(seen, [8, 9, 10]);
    let stopped = store.for_each(0, &mut |_| Err(StoreError::Busy));
    assert_eq!(stopped, Err(StoreError::Busy));
    Ok(())
}

fn a_search_finds_what_matches(store: &dyn Store) -> Result<(), StoreError> {
    store.append(0, entries(1..=200))?;
    let all = store.read(0, 200)?;
    for query in queries() {
        let mut expected = all.iter().rev().filter(|entry| query.matches(entry)).cloned().collect::<Vec<_>>();
        let first = store.find(&query)?;
        assert_eq!(first.entries, expected, "{query:?}");
        assert_eq!(first.next, None, "{query:?}");
        // In pages of seven it is the same, and positions behind the cursor are left out.
        let mut query = Query { limit: 7, before: Some(150), ..query };
        expected.retain(|entry| entry.stamp.position < 150);
        let mut found = Vec::new();
        loop {
            let page = store.find(&query)?;
            assert!(page.entries.len() <= 7, "{query:?}");
            found.extend(page.entries);
            query.before = page.next;
            if page.next.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "{query:?}");
    }
    Ok(())
}

fn queries() -> Vec<Query> {
    let any = Query::default;
    let subjects = |number: u64| entry(number).subjects;
    let kinds = |kinds: &[&str]| kinds.iter().map(|&kind| kind.to_owned()).collect::<Vec<_>>();
    vec![
        any(),
        Query { event: Some(entry(17).id), ..any() },
        Query { event: Some(entry(1017).id), ..any() },
        Query { event: Some(entry(17).id), kinds: kinds(&["nothing."]), ..any() },
        Query { subjects: subjects(3), ..any() },
        Query { subjects: [subjects(3), subjects(3), subjects(4)].concat(), ..any() },
        Query { subjects: EntityRef::new("flag", "default", "absent").into_iter().collect(), ..any() },
        Query { kinds: kinds(&["flags."]), ..any() },
        Query { kinds: kinds(&["flags.turned_o", "flags.turned_on", "checks.failed", "flagship"]), ..any() },
        Query { kinds: kinds(&["nothing."]), ..any() },
        Query { actor: Some(entry(8).actor), ..any() },
        Query { actor: Some(entry(8).actor), kinds: kinds(&["deploys."]), subjects: subjects(7), ..any() },
        Query { from: Some(at(50)), to: Some(at(60)), ..any() },
        Query { from: Some(at(60)), to: Some(at(50)), ..any() },
        Query { from: Some(at(190)), subjects: subjects(3), ..any() },
        Query { from: Some(Timestamp::MIN), to: Some(Timestamp::MAX), actor: Some(entry(5).actor), ..any() },
    ]
}

fn the_position_at_a_time_is_the_last_one_then(store: &dyn Store) -> Result<(), StoreError> {
    let twice = NewEntry { at: at(20), ..entry(3) };
    store.append(0, vec![entry(10), entry(20), twice, entry(30)])?;
    let wanted =
        [(Timestamp::MIN, 0), (at(9), 0), (at(10), 1), (at(20), 3), (at(29), 3), (at(30), 4), (Timestamp::MAX, 4)];
    for (time, position) in wanted {
        assert_eq!(store.position_at(time)?, position, "{time}");
    }
    Ok(())
}

fn writers_at_the_same_time_lose_nothing(store: &dyn Store) -> Result<(), StoreError> {
    let write = |writer: u64| -> Result<(), StoreError> {
        for number in 1..=20 {
            let new = NewEntry { at: at(0), ..entry(writer * 100 + number) };
            let mut expected = store.head()?.position;
            while let Err(error) = store.append(expected, vec![new.clone()]) {
                let StoreError::Conflict { head } = error else { return Err(error) };
                expected = head.position;
            }
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|writer| scope.spawn(move || write(writer))).collect();
        for writer in writers {
            assert_eq!(writer.join().ok(), Some(Ok(())));
        }
    });
    assert_eq!(store.verify(&mut |_| {})?.events, 160);
    Ok(())
}

fn the_newest_snapshot_before_a_position_is_found(store: &dyn Store) -> Result<(), StoreError> {
    store.append(0, entries(1..=100))?;
    let snapshot = |schema, position| Snapshot { schema, position, body: vec![b'x'; 1000 + position as usize] };
    for (schema, position) in [(1, 40), (2, 10), (2, 60), (2, 90)] {
        store.save_snapshot(snapshot(schema, position))?;
    }
    assert_eq!(store.snapshot_before(2, 100)?, Some(snapshot(2, 90)));
    assert_eq!(store.snapshot_before(2, 90)?, Some(snapshot(2, 90)));
    assert_eq!(store.snapshot_before(2, 89)?, Some(snapshot(2, 60)));
    assert_eq!(store.snapshot_before(2, 9)?, None);
    assert_eq!(store.snapshot_before(1, u64::MAX)?, Some(snapshot(1, 40)));
    assert_eq!(store.snapshot_before(3, 100)?, None);
    let other = Snapshot { body: vec![], ..snapshot(2, 90) };
    store.save_snapshot(other.clone())?;
    assert_eq!(store.snapshot_before(2, 100)?, Some(other));
    assert!(matches!(store.save_snapshot(snapshot(2, 101)), Err(StoreError::Unacceptable(_))));
    Ok(())
}

fn blobs_are_stored_once(store: &dyn Store) -> Result<(), StoreError> {
    let noise = Sha256::of(b"noise").0.to_vec();
    let blobs = [vec![], b"text ".repeat(10_000), noise, vec![]];
    let digests = store.put_blobs(&blobs)?;
    assert_eq!(digests, blobs.iter().map(|blob| Sha256::of(blob)).collect::<Vec<_>>());
    assert_eq!(store.put_blobs(&blobs)?, digests);
    for (digest, blob) in digests.iter().zip(blobs) {
        assert_eq!(store.get_blob(digest)?, Some(blob));
    }
    assert_eq!(store.get_blob(&Sha256::of(b"absent"))?, None);
    Ok(())
}

fn batch(series: &str, minute: i64, values: &[f64]) -> Result<SampleBatch, StoreError> {
    let measured = Sketch::of(values).map_err(|error| StoreError::Unacceptable(error.to_string()))?;
    Ok(SampleBatch {
        series: series.to_owned(),
        minute,
        measured,
        errors: values.len() as u64,
        parts: parts(values.len() as u64),
    })
}

/// As many as there are values, and many times that; nothing where there are none.
fn parts(values: u64) -> Vec<u64> {
    if values == 0 { Vec::new() } else { vec![values, 0, values << 40] }
}

fn samples_are_merged(store: &dyn Store) -> Result<(), StoreError> {
    store.add_samples(vec![batch("a", 5, &[1.0, 2.0])?, batch("a", 6, &[])?, batch("b", 5, &[100.0])?])?;
    store.add_samples(vec![batch("a", 5, &[-3.5])?, batch("a", 9, &[4.0])?, batch("a", 5, &[0.0])?])?;
    let wanted = |step_minutes, from_minute, to_minute| -> Result<BTreeMap<i64, (u64, u64, String)>, StoreError> {
        let found = store.samples(&SampleRange { series: "a".to_owned(), from_minute, to_minute, step_minutes })?;
        Ok(found
            .into_iter()
            .map(|s| {
                assert_eq!(s.parts, parts(s.measured.count()), "the parts of all values");
                (s.minute, (s.measured.count(), s.errors, s.measured.sum().to_string()))
            })
            .collect())
    };
    let five = (4, 4, "-0.5".to_owned());
    let (six, nine) = ((0, 0, "0".to_owned()), (1, 1, "4".to_owned()));
    assert_eq!(wanted(1, 0, 100)?, [(5, five.clone()), (6, six), (9, nine.clone())].into());
    assert_eq!(wanted(0, 5, 6)?, [(5, five.clone())].into());
    assert_eq!(wanted(3, 4, 10)?, [(4, five), (7, nine.clone())].into());
    assert_eq!(wanted(100, 0, 100)?, [(0, (5, 5, "3.5".to_owned()))].into());
    assert_eq!(wanted(1, 100, 0)?, [].into());
    assert_eq!(store.prune_samples(9)?, 3);
    assert_eq!(wanted(1, 0, 100)?, [(9, nine)].into());
    Ok(())
}

fn sealed_values_can_be_replaced_and_forgotten(store: &dyn Store) -> Result<(), StoreError> {
    assert_eq!(store.get_secret("smtp")?, None);
    for sealed in [Some(b"one".as_slice()), Some(b""), None, None, Some(b"two")] {
        store.put_secret("smtp", sealed)?;
        assert_eq!(store.get_secret("smtp")?.as_deref(), sealed);
    }
    assert_eq!(store.get_secret("SMTP")?, None);
    Ok(())
}

fn a_backup_has_everything(store: &dyn Store) -> Result<(), StoreError> {
    let head = store.append(0, entries(1..=50))?;
    let dir = tempfile::tempdir()?;
    let file: PathBuf = dir.path().join("backup");
    assert_eq!(store.backup(&file)?, Verified { events: 50, head });
    assert!(store.backup(&file).is_err(), "a backup must not replace a file");
    Ok(())
}
