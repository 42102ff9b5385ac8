//! How long each verdict held.

use super::*;
use crate::{Turn, Uptime, uptime};

/// Unknown from 0, up from 100, down from 200, up from 230, degraded from 300.
fn watch() -> Watch {
    let mut watch = Story::begin().watch().clone();
    let turns =
        [(0, Verdict::Unknown), (100, Verdict::Up), (200, Verdict::Down), (230, Verdict::Up), (300, Verdict::Degraded)];
    watch.history = turns.into_iter().map(|(second, verdict)| Turn { at: at(second), verdict }).collect();
    watch
}

/// Seconds up, degraded, down and unknown.
fn seconds(from: i64, to: i64) -> [i64; 4] {
    let Uptime { up, degraded, down, unknown } = uptime(&watch(), at(from), at(to));
    [up, degraded, down, unknown].map(|lasted| lasted.as_secs())
}

#[test]
fn every_second_of_a_period_is_counted_once() {
    assert_eq!(seconds(0, 400), [170, 100, 30, 100]);
    for (from, to) in [(0, 400), (-50, 150), (150, 210), (205, 206), (299, 301), (500, 900)] {
        assert_eq!(seconds(from, to).iter().sum::<i64>(), to - from, "{from} to {to}");
    }
}

#[test]
fn a_period_inside_a_verdict_is_wholly_that_verdict() {
    assert_eq!(seconds(205, 225), [0, 0, 20, 0]);
    assert_eq!(seconds(500, 900), [0, 400, 0, 0]);
    assert_eq!(seconds(200, 230), [0, 0, 30, 0], "a verdict holds from its moment to the next one's");
}

#[test]
fn what_was_before_the_first_verdict_is_unknown() {
    assert_eq!(seconds(-300, 0), [0, 0, 0, 300]);
    assert_eq!(uptime(&watch(), at(-300), at(50)).share(), None);
}

#[test]
fn an_empty_or_backward_period_counts_nothing() {
    assert_eq!(seconds(150, 150), [0; 4]);
    assert_eq!(seconds(250, 150), [0; 4]);
}

#[test]
fn the_share_counts_slow_answers_as_answers_and_leaves_out_what_is_unknown() {
    let share = uptime(&watch(), at(0), at(400)).share().unwrap();
    assert!((share - 0.9).abs() < 1e-9, "{share}");
}
