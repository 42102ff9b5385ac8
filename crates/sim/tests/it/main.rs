//! The simulation: many seeds, the seeds that once failed, and that the simulation itself is deterministic and worth
//! something.

#![expect(clippy::unwrap_used, reason = "a test that can't run has failed")]

use std::{collections::BTreeMap, sync::Arc};

use sim::{MemoryStore, Options, Report, Scene};
use timeline::{SqliteStore, conformance};

/// Seeds that found something once, each with what it was.
const KEPT: &str = include_str!("../seeds.txt");
const SEEDS: std::ops::Range<u64> = 0..200;
/// `cargo xtask sim` plays as many as one likes.
const ON_CALL_SEEDS: std::ops::Range<u64> = 0..40;
const ON_CALL: Options = Options { steps: 200, fault_rate: 0.15, scene: Scene::OnCall };

fn run(seed: u64) -> Report {
    sim::run(seed, Options::default()).unwrap()
}

fn check(seed: u64) -> Report {
    judge(seed, run(seed))
}

fn check_on_call(seed: u64) -> Report {
    judge(seed, sim::run(seed, ON_CALL).unwrap())
}

fn judge(seed: u64, report: Report) -> Report {
    let last: Vec<&str> = report.log.iter().rev().take(50).rev().map(String::as_str).collect();
    assert!(report.violations.is_empty(), "seed {seed}: {:?}\n{}", report.violations, last.join("\n"));
    report
}

#[test]
fn the_store_in_memory_is_a_store() {
    conformance::run(|| Box::new(MemoryStore::default()));
}

#[test]
fn two_hundred_histories_violate_nothing_and_meet_everything() {
    meets_all(SEEDS, check, WORTH_MEETING);
}

#[test]
fn on_call_every_page_arrives_whatever_goes_wrong() {
    meets_all(ON_CALL_SEEDS, check_on_call, WORTH_MEETING_ON_CALL);
}

/// Plays histories in two threads; each of `worth` happened in some.
fn meets_all(seeds: std::ops::Range<u64>, check: fn(u64) -> Report, worth: &[&str]) {
    let mut met: BTreeMap<String, u64> = BTreeMap::new();
    let middle = seeds.start.midpoint(seeds.end);
    let halves = [seeds.start..middle, middle..seeds.end];
    let reports = std::thread::scope(|scope| {
        let threads = halves.map(|half| scope.spawn(move || half.map(check).collect::<Vec<_>>()));
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for (what, count) in reports.into_iter().flat_map(|report| report.met) {
        *met.entry(what).or_default() += count;
    }
    for what in worth {
        let count = met.get(*what).copied().unwrap_or(0);
        assert!(count >= 5, "\"{what}\" happened {count} times: {met:#?}");
    }
}

#[test]
fn seeds_that_found_something_once_are_kept() {
    for line in KEPT.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        check(line.split_whitespace().next().unwrap().parse().unwrap());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let (one, again, other) = (run(42), run(42), run(43));
    assert_eq!(one, again);
    assert_ne!((one.log_digest, one.head), (other.log_digest, other.head));
    assert_eq!(sim::run(42, ON_CALL), sim::run(42, ON_CALL));
}

#[test]
fn the_store_on_sqlite_gives_the_same_bytes_as_the_one_in_memory() {
    for seed in 1_000..1_003 {
        let store = Arc::new(SqliteStore::temporary().unwrap());
        assert_eq!(sim::run_on(store, seed, Options::default()).unwrap(), check(seed), "seed {seed}");
    }
}

#[test]
fn the_guilty_change_is_mostly_found_from_end_to_end() {
    let accuracy = sim::evaluate(0..100).unwrap();
    let share = |part: u32| f64::from(part) / f64::from(accuracy.histories);
    println!("{accuracy:?}");
    assert!(accuracy.histories >= 50, "{accuracy:?}");
    assert!(share(accuracy.first) >= 0.7 && share(accuracy.among_three) >= 0.85, "{accuracy:?}");
}

/// The same of pages.
const WORTH_MEETING_ON_CALL: &[&str] = &[
    "a message arrived",
    "another server writes first",
    "crash between the sending and its record",
    "crash, snapshots Sound",
    "the append writes and reports a failure",
    "alerts.acknowledged",
    "alerts.resolved",
    "alerts.triggered",
    "alerts.updated",
    "checks.fell_silent",
    "checks.location_failed",
    "checks.probe_came_back",
    "checks.probe_fell_silent",
    "checks.went_down",
    "effects.done",
    "effects.failed",
    "effects.gave_up",
    "incidents.joined",
    "incidents.reopened",
    "incidents.resolved",
    "paging.acknowledged",
    "paging.closed",
    "paging.delivered",
    "paging.dispatched",
    "paging.escalated",
    "paging.exhausted",
    "paging.method_added",
    "paging.opened",
    "paging.reached",
    "paging.reassigned",
    "paging.renotified",
    "paging.rules_set",
];

/// A simulation in which these don't happen proves little.
const WORTH_MEETING: &[&str] = &[
    "the append fails",
    "the append writes and reports a failure",
    "the append writes and reports a failure, and reading fails",
    "another server writes first",
    "another server writes first, and reading fails",
    "others write all the time",
    "the append takes long",
    "crash, snapshots Sound",
    "crash, snapshots Gone",
    "crash, snapshots Torn",
    "refused: busy",
    "refused: catalog-invalid",
    "refused: conflict",
    "refused: disk-full",
    "refused: four-eyes",
    "refused: idempotency-mismatch",
    "refused: irreversible",
    "refused: moved-on",
    "refused: needs-approval",
    "refused: not-found",
    "catalog.entity_changed",
    "catalog.entity_removed",
    "checks.degraded",
    "checks.fell_silent",
    "checks.paused",
    "checks.recovered",
    "checks.removed",
    "checks.went_down",
    "deploys.config_restore_requested",
    "deploys.rollback_requested",
    "deploys.undo_accepted",
    "deploys.undo_failed",
    "effects.done",
    "effects.failed",
    "effects.gave_up",
    "flags.change_requested",
    "flags.overridden",
    "flags.ramp_gate_passed",
    "flags.ramp_paused",
    "flags.ramp_restarted",
    "flags.ramp_resumed",
    "flags.ramp_rolled_back",
    "flags.ramp_stepped",
    "flags.removed",
    "flags.request_amended",
    "flags.request_applied",
    "flags.request_approved",
    "flags.request_failed",
    "flags.request_rejected",
    "flags.request_withdrawn",
    "flags.segment_defined",
    "flags.turned",
    "incidents.acknowledged",
    "incidents.joined",
    "incidents.reopened",
    "incidents.resolved",
    "journal.undone",
];
