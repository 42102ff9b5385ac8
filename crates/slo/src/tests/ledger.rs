//! Counts come in any order and in any portions.

use proptest::prelude::*;

use crate::{Counts, Ledger, Objective, Record, SliceRule, tests::objective};

/// 2026-01-01, on an hour.
const BEGIN: i64 = 29_454_000;

fn counts(good: u64, total: u64) -> Counts {
    Counts::thousandths(good * 1_000, total * 1_000)
}

#[test]
fn what_is_known_of_a_minute_later_counts_what_was_not_counted_yet() {
    let sliced = Objective { slices: Some(SliceRule { minutes: 5, target: 0.9 }), ..objective(0.9) };
    let mut record = Record::new(&[objective(0.99), sliced], 2 * 1_440);
    record.add(BEGIN, counts(10, 10));
    record.add(BEGIN + 1, counts(5, 5));
    record.advance(BEGIN + 600);
    for _ in 0..2 {
        assert!(record.complete(BEGIN, counts(12, 20)), "however often it is told");
        assert!(record.complete(BEGIN + 7, counts(1, 1)));
    }
    assert_eq!(record.of(0).between(BEGIN, BEGIN + 600), counts(18, 26));
    assert_eq!(record.of(1).between(BEGIN, BEGIN + 600), counts(1, 2), "its slice turned bad");
    record.advance(BEGIN + 1_441);
    assert!(!record.complete(BEGIN, counts(30, 40)), "a day later it isn't known minute by minute");
    assert_eq!(record.of(0).between(BEGIN, BEGIN + 1_441), counts(18, 26));
}

/// Portions of one day: the minute, the good and the bad events.
fn portions() -> impl Strategy<Value = Vec<(i64, u64, u64)>> {
    prop::collection::vec((0..1_400_i64, 0..50_u64, 0..5_u64), 1..120)
}

proptest! {
    #[test]
    fn what_is_spent_depends_neither_on_the_order_nor_on_the_portions(
        portions in portions(),
        order in any::<prop::sample::Index>(),
        minutes in 1..1_440_u32,
        slice in prop::sample::select(vec![1_u32, 5, 7, 60, 120]),
    ) {
        let objectives = [objective(0.99), Objective { slices: Some(SliceRule { minutes: slice, target: 0.9 }), ..objective(0.9) }];
        let fill = |portions: &mut dyn Iterator<Item = (i64, u64, u64)>| {
            let mut record = Record::new(&objectives, 2 * 1_440);
            for (minute, good, bad) in portions {
                prop_assert!(record.add(BEGIN + minute, counts(good, good + bad)));
            }
            record.advance(BEGIN + 1_440);
            Ok(record)
        };
        let at_once = fill(&mut portions.iter().copied())?;
        let mut turned = portions.clone();
        turned.rotate_left(order.index(portions.len()));
        turned.reverse();
        // Each portion is handed in event by event.
        let one_by_one = turned.into_iter().flat_map(|(minute, good, bad)| {
            (0..good).map(move |_| (minute, 1, 0)).chain((0..bad).map(move |_| (minute, 0, 1)))
        });
        let piecemeal = fill(&mut one_by_one.collect::<Vec<_>>().into_iter())?;
        let end = BEGIN + 1_440;
        for index in 0..objectives.len() {
            for from in [end - i64::from(minutes), end - 60, BEGIN] {
                prop_assert_eq!(at_once.of(index).between(from, end), piecemeal.of(index).between(from, end));
            }
        }
        prop_assert_eq!(at_once.events().last_known(), piecemeal.events().last_known());
    }

}

proptest! {
    // Each case is a month of minutes.
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn a_window_is_the_exact_sum_from_its_beginning_as_far_as_that_is_rounded(
        seed in any::<u64>(),
        minutes in 1..40_000_u32,
    ) {
        // 31 days, with every minute different.
        let length = 31 * 1_440_i64;
        let of = |minute: i64| {
            let x = seed.wrapping_add(minute.unsigned_abs()).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            counts(x % 900, x % 1_000)
        };
        let mut ledger = Ledger::new(32 * 1_440);
        (0..length).for_each(|minute| { ledger.add(BEGIN + minute, of(minute)); });
        let end = BEGIN + length;
        let from = end - i64::from(minutes);
        let width = match minutes { 0..=1_500 => 1, 1_501..=5_750 => 10, _ => 60 };
        let rounded = from.div_euclid(width) * width;
        let mut exact = Counts::default();
        (rounded.max(BEGIN)..end).for_each(|minute| exact += of(minute - BEGIN));
        prop_assert_eq!(ledger.between(from, end), exact);
    }
}

#[test]
fn a_year_is_held_in_less_than_two_hundred_kilobytes_and_an_old_hour_is_still_known() {
    let mut ledger = Ledger::new(366 * 1_440);
    for hour in 0..400 * 24 {
        ledger.add(BEGIN + hour * 60, counts(u64::from(hour != 1_000), 1));
    }
    let end = BEGIN + 400 * 1_440;
    ledger.advance(end);
    assert_eq!(ledger.between(BEGIN + 1_000 * 60, BEGIN + 1_001 * 60), counts(0, 1));
    assert_eq!(ledger.between(end - 365 * 1_440, end).total(), f64::from(365 * 24));
    assert!(ledger.bytes() < 200_000, "{} bytes", ledger.bytes());
}

#[test]
fn what_comes_more_than_a_day_late_is_not_taken() {
    let mut ledger = Ledger::new(1_440);
    assert!(ledger.add(BEGIN, counts(1, 1)));
    assert!(ledger.add(BEGIN - 1_439, counts(1, 1)));
    assert!(!ledger.add(BEGIN - 1_441, counts(1, 1)));
    assert_eq!(ledger.last(1_500), counts(2, 2));
}

#[test]
fn a_silence_longer_than_everything_that_is_kept_leaves_nothing() {
    let objectives = [Objective { slices: Some(SliceRule { minutes: 7, target: 1.0 }), ..objective(0.9) }];
    let mut record = Record::new(&objectives, 1_440);
    record.add(BEGIN, counts(0, 1));
    record.advance(BEGIN + 40 * 1_440);
    assert!(record.events().last(30 * 1_440).is_empty());
    // The slice that was open when the silence began was judged nevertheless.
    let mut record = Record::new(&objectives, 30 * 1_440);
    record.add(BEGIN, counts(0, 1));
    record.advance(BEGIN + 20 * 1_440);
    assert_eq!(record.of(0).last(29 * 1_440), counts(0, 1));
}

#[test]
fn a_slice_is_judged_when_it_is_over_and_again_when_something_comes_late() {
    let objectives = [Objective { slices: Some(SliceRule { minutes: 5, target: 0.9 }), ..objective(0.9) }];
    let mut record = Record::new(&objectives, 1_440);
    for minute in 0..4 {
        record.add(BEGIN + minute, counts(1, 2));
    }
    assert!(record.of(0).last(60).is_empty(), "it is not over");
    record.advance(BEGIN + 5);
    assert_eq!(record.of(0).last(5), counts(0, 1));
    record.add(BEGIN + 4, counts(1_000, 1_000));
    assert_eq!(record.of(0).last(5), counts(1, 1));
    // Slices without events are not there.
    record.advance(BEGIN + 60);
    assert_eq!(record.of(0).last(60), counts(1, 1));
}
