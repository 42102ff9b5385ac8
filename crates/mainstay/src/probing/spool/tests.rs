use std::fs;

use checks::{Evidence, Outcome, RunResult, Tally};

use super::*;

const ROOM: u64 = 1 << 20;

fn time(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn result(number: i64) -> RunResult {
    Tally::default().count(&"check:shop".parse().unwrap(), "here", time(number), Outcome::Passed, 1)
}

/// The results of a check that fails at these seconds.
fn runs(seconds: std::ops::Range<i64>, fails: impl Fn(i64) -> bool) -> Vec<RunResult> {
    let mut tally = Tally::default();
    let outcome = |second| match fails(second) {
        true => Outcome::Failed { evidence: Evidence::of("answered 500") },
        false => Outcome::Passed,
    };
    seconds
        .map(|second| tally.count(&"check:shop".parse().unwrap(), "here", time(second), outcome(second), 1))
        .collect()
}

fn handed_in(spool: &Spool) -> Vec<RunResult> {
    let mut all = Vec::new();
    while let Some((batch, results)) = spool.oldest() {
        all.extend(results);
        spool.done(batch);
    }
    all
}

#[test]
fn what_was_put_down_is_there_after_a_restart_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), ROOM).unwrap();
    for number in 0..4 {
        spool.put(&[result(number)]).unwrap();
    }
    let (first, results) = spool.oldest().unwrap();
    assert_eq!(results, [result(0)], "nothing is added to what may be on its way");
    spool.done(first);
    drop(spool);
    let spool = Spool::open(folder.path(), ROOM).unwrap();
    spool.put(&[result(4)]).unwrap();
    assert_eq!(handed_in(&spool), [1, 2, 3, 4].map(result));
}

#[test]
fn a_broken_batch_and_a_line_that_was_not_finished_hold_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("spool")).unwrap();
    let earlier = serde_json::to_string(&[result(1), result(2)]).unwrap();
    let torn = format!("{}\n{{\"check\":\"che", serde_json::to_string(&result(3)).unwrap());
    for (number, text) in [(5, "[{"), (6, &earlier), (7, &torn)] {
        fs::write(folder.path().join(format!("spool/{number:020}.json")), text).unwrap();
    }
    let spool = Spool::open(folder.path(), ROOM).unwrap();
    spool.put(&[result(4)]).unwrap();
    assert_eq!(handed_in(&spool), [1, 2, 3, 4].map(result));
}

#[test]
fn a_full_spool_drops_the_oldest_but_for_what_turned_something() {
    let folder = tempfile::tempdir().unwrap();
    let room = 200 << 10;
    let spool = Spool::open(folder.path(), room).unwrap();
    // An outage within an hour and a half of runs at each second, while the server is away.
    let all = runs(0..5_400, |second| (2_000..2_060).contains(&second));
    for few in all.chunks(10) {
        spool.put(few).unwrap();
        let slack = 500 * 1_000;
        assert!(spool.waiting().bytes() <= room + slack, "{}", spool.waiting().bytes());
    }
    let dropped = spool.waiting().dropped;
    let on_disk: u64 =
        fs::read_dir(folder.path().join("spool")).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(on_disk, spool.waiting().bytes(), "what is counted is what lies there");
    let handed = handed_in(&spool);
    assert_eq!(dropped as usize, all.len() - handed.len(), "what is dropped is counted");
    assert!(dropped > 1_000, "{dropped}");
    assert_eq!(handed.last(), all.last());
    assert!(handed.is_sorted_by_key(|result| result.at));
    let of = |second: i64| handed.iter().find(|result| result.at == time(second));
    let (down, up) = (of(2_002).unwrap(), of(2_061).unwrap());
    assert_eq!((down.streak.runs, down.streak.since), (3, time(2_000)));
    assert!(matches!(down.outcome, Outcome::Failed { .. }));
    assert_eq!((up.streak.runs, up.streak.since), (2, time(2_060)));
    assert!(of(1_500).is_none() && of(2_051).is_none());
}

#[test]
fn batches_are_bounded_by_what_a_server_takes_of_one_request() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), 64 * ROOM).unwrap();
    let telling = |number: i64| {
        let evidence = Evidence { body_excerpt: Some("x".repeat(2_000)), ..Evidence::of("answered 500") };
        let outcome = Outcome::Failed { evidence };
        Tally::default().count(&"check:shop".parse().unwrap(), "here", time(number), outcome, 1)
    };
    let all: Vec<RunResult> = (0..1_000).map(telling).collect();
    all.chunks(400).for_each(|some| spool.put(some).unwrap());
    let sizes: Vec<u64> = spool.waiting().batches.iter().map(|batch| batch.bytes).collect();
    assert!(sizes.len() > 8 && sizes.iter().all(|bytes| *bytes <= BATCH_BYTES), "{sizes:?}");
    assert_eq!(handed_in(&spool), all);
    // What is larger by itself is a batch of its own.
    let evidence = Evidence::of("x".repeat(300 << 10));
    let large = RunResult { outcome: Outcome::Failed { evidence }, ..result(1) };
    spool.put(&[result(0), large.clone(), result(2)]).unwrap();
    assert_eq!(spool.len(), 3);
    assert_eq!(handed_in(&spool), [result(0), large, result(2)]);
}

#[test]
fn batches_without_results_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), ROOM).unwrap();
    (0..2).for_each(|number| spool.put(&[result(number)]).unwrap());
    for entry in fs::read_dir(folder.path().join("spool")).unwrap() {
        fs::write(entry.unwrap().path(), "").unwrap();
    }
    assert_eq!(spool.oldest(), None, "nobody waits for what is not there");
    assert_eq!(spool.len(), 0);
}
