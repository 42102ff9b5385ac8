//! Budgets, burn rates and alerts, with numbers.

use std::{hint::black_box, time::Instant};

use jiff::Timestamp;

use crate::{
    Alert, Counts, Ledger, Objective, Op, Period, Severity, SliceRule, Verdict, budget, burn, burn_down, exhausted_in,
    growth, judged, minute_of, spent, tests::objective, threshold,
};

const END: i64 = 29_600_000;
const MONTH: u32 = 30 * 1_440;

/// A ledger of 30 days in which each minute, counted back from the end, has what `of` says: good and all events.
fn ledger(of: impl Fn(i64) -> (f64, f64)) -> Ledger {
    let mut ledger = Ledger::new(MONTH + 3 * 1_440);
    for back in (1..=i64::from(MONTH)).rev() {
        let (good, total) = of(back);
        ledger.add(END - back, Counts::events(good, total));
    }
    ledger.advance(END);
    ledger
}

fn month() -> Period {
    Period { from: END - i64::from(MONTH), to: END }
}

#[track_caller]
fn near(actual: f64, expected: f64) {
    assert!((actual - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{actual} is not {expected}");
}

#[test]
fn the_factors_are_those_of_the_workbook_for_30_days_and_follow_the_period() {
    let factors = |days: u32| Alert::defaults(days * 1_440).iter().map(|alert| alert.threshold).collect::<Vec<_>>();
    for (actual, expected) in factors(30).into_iter().zip([14.4, 6.0, 3.0, 1.0]) {
        near(actual, expected);
    }
    for (actual, expected) in factors(28).into_iter().zip([13.44, 5.6, 2.8, 0.28 / 0.3]) {
        near(actual, expected);
    }
    let alerts = Alert::defaults(30 * 1_440);
    let windows: Vec<_> = alerts.iter().map(|alert| (alert.long, alert.short, alert.severity)).collect();
    assert_eq!(
        windows,
        [
            (60, 5, Severity::Page),
            (360, 30, Severity::Page),
            (1_440, 120, Severity::Ticket),
            (4_320, 360, Severity::Ticket)
        ]
    );
    near(threshold(2.0, 30 * 1_440, 60), 14.4);
    // In a week 10 % within three days is a rate at which the budget lasts for a month: no alert.
    assert_eq!(Alert::defaults(7 * 1_440).len(), 2);
}

#[test]
fn a_total_outage_at_three_nines_pages_after_52_seconds_worth_of_errors() {
    // 3600 s x 14.4 x 0.001 = 51.84 s.
    let objective = objective(0.999);
    let page = &Alert::defaults(MONTH)[0];
    let with_bad_seconds = |seconds: f64| ledger(|back| (if back == 1 { 60.0 - seconds } else { 60.0 }, 60.0));
    let read = |seconds| page.read(&with_bad_seconds(seconds), &objective, END, 0.0).verdict;
    assert_eq!((read(51.8), read(51.9)), (Verdict::Quiet, Verdict::Burning));
}

#[test]
fn every_event_counts_the_same_however_quiet_the_hour_was_in_which_it_was() {
    // Busy minutes are good, and one quiet hour is bad: a mean of ratios would call that 1/720 of the month.
    let quiet = |back: i64| (61..=120).contains(&back);
    let ledger = ledger(|back| if quiet(back) { (0.0, 1.0) } else { (100.0, 100.0) });
    let budget = budget(&ledger, &objective(0.999), month(), END).unwrap();
    let total = f64::from(MONTH - 60) * 100.0 + 60.0;
    near(budget.error, 60.0 / total);
    near(budget.left, 1.0 - 60.0 / total / 0.001);
    assert!(budget.left > 0.98, "a mean of ratios would have spent 139 % of the budget");
}

#[test]
fn nothing_counted_is_unknown_and_neither_good_nor_bad() {
    let nothing = ledger(|_| (0.0, 0.0));
    let objective = objective(0.999);
    assert_eq!(budget(&nothing, &objective, month(), END), None);
    assert_eq!(burn(nothing.last(60), &objective), None);
    for alert in Alert::defaults(MONTH) {
        assert_eq!(alert.read(&nothing, &objective, END, 0.0).verdict, Verdict::Unknown);
    }
    // An outage, then silence: the short window has nothing, so what burnt is not over.
    let silent = ledger(|back| {
        if back <= 10 {
            (0.0, 0.0)
        } else if back < 50 {
            (0.0, 10.0)
        } else {
            (10.0, 10.0)
        }
    });
    assert_eq!(Alert::defaults(MONTH)[0].read(&silent, &objective, END, 0.0).verdict, Verdict::Unknown);
    assert_eq!(Counts::events(f64::NAN, f64::NAN), Counts::default());
    assert_eq!(Counts::events(5.0, 3.0), Counts::events(3.0, 3.0));
    assert_eq!(Counts::events(-1.0, 1.0).error(), Some(1.0));
}

#[test]
fn an_alert_ends_as_soon_as_the_short_window_is_good() {
    let objective = objective(0.999);
    let page = &Alert::defaults(MONTH)[0];
    let over_for = |minutes: i64| {
        ledger(move |back| if back > minutes && back <= minutes + 20 { (0.0, 10.0) } else { (10.0, 10.0) })
    };
    assert_eq!(page.read(&over_for(2), &objective, END, 0.0).verdict, Verdict::Burning);
    let over = page.read(&over_for(5), &objective, END, 0.0);
    assert_eq!(over.verdict, Verdict::Quiet);
    assert!(over.long.unwrap() > 14.4 && over.short == Some(0.0));
}

#[test]
fn an_alert_with_too_few_events_is_quiet() {
    let objective = objective(0.999);
    let page = &Alert::defaults(MONTH)[0];
    let rare = ledger(|back| if back % 20 == 0 || back == 1 { (0.0, 1.0) } else { (0.0, 0.0) });
    assert_eq!(page.read(&rare, &objective, END, 0.0).verdict, Verdict::Burning);
    assert_eq!(page.read(&rare, &objective, END, 50.0).verdict, Verdict::Quiet);
}

#[test]
fn an_alert_that_must_hold_for_a_while_waits_for_it() {
    let objective = objective(0.99);
    let alert = Alert {
        name: "a".to_owned(),
        severity: Severity::Page,
        long: 10,
        short: 2,
        op: Op::Gt,
        threshold: 10.0,
        after: 5,
    };
    let bad_for = |minutes: i64| ledger(move |back| if back <= minutes { (0.0, 1.0) } else { (1.0, 1.0) });
    assert_eq!(alert.read(&bad_for(4), &objective, END, 0.0).verdict, Verdict::Unknown);
    assert_eq!(alert.read(&bad_for(12), &objective, END, 0.0).verdict, Verdict::Burning);
}

#[test]
fn an_alert_that_no_outage_can_set_off_is_known() {
    let out_of_reach = |target: f64| Alert::defaults(MONTH)[0].is_out_of_reach(&objective(target));
    assert!(out_of_reach(0.9) && !out_of_reach(0.95));
    assert!(!Alert::defaults(MONTH)[3].is_out_of_reach(&objective(0.0)));
}

#[test]
fn slices_are_held_against_all_slices_of_the_period() {
    let rule = SliceRule { minutes: 5, target: 0.95 };
    let sliced = Objective { slices: Some(rule), ..objective(0.99) };
    // One bad slice, and only a day is known of the month.
    let mut slices = Ledger::new(MONTH);
    for slice in 0..288 {
        slices.add(END - 1_440 + slice * 5 + 4, Counts::events(f64::from(u8::from(slice != 7)), 1.0));
    }
    let budget = budget(&slices, &sliced, month(), END).unwrap();
    near(budget.allowed, 8_640.0 * 0.01);
    near(budget.left, 1.0 - 1.0 / 86.4);
}

#[test]
fn the_burn_down_ends_with_what_is_left_and_its_parts_add_up() {
    let objective = objective(0.999);
    let ledger = ledger(|back| if back % 997 == 0 { (9.0, 10.0) } else { (10.0, 10.0) });
    let now = budget(&ledger, &objective, month(), END).unwrap();
    let line = burn_down(&ledger, &now, month(), &[month().from, END - 10_000, END]);
    near(line[0].1, 1.0);
    near(line[2].1, now.left);
    let middle = END - 9_960;
    near(spent(&ledger, &now, month().from, middle) + spent(&ledger, &now, middle, END), 1.0 - now.left);
    // At ten times too fast what is left lasts a tenth as long.
    let fast = self::ledger(|back| if back <= 60 { (99.0, 100.0) } else { (100.0, 100.0) });
    let now = budget(&fast, &objective, month(), END).unwrap();
    near(exhausted_in(&now, &fast, &objective, month(), END, 60).unwrap(), now.left * f64::from(MONTH) / 10.0);
    assert_eq!(exhausted_in(&now, &self::ledger(|_| (1.0, 1.0)), &objective, month(), END, 60), None);
}

#[test]
fn a_counter_that_is_reset_has_grown_by_what_it_is_now() {
    let at = |minute: i64| Timestamp::from_second((END + minute) * 60).unwrap();
    let points = [(at(0), 100.0), (at(1), 107.0), (at(2), 3.0), (at(3), 3.0), (at(30), 50.0), (at(31), 51.0)];
    let grown: Vec<(i64, f64)> = growth(&points).into_iter().map(|(minute, by)| (minute - END, by)).collect();
    // After a long silence it only begins again.
    assert_eq!(grown, [(0, 7.0), (1, 3.0), (2, 0.0), (30, 1.0)]);
    assert!(growth(&[(at(0), f64::NAN), (at(1), 5.0)]).is_empty());
}

#[test]
fn a_check_is_judged_by_the_second_and_what_is_unknown_is_left_out() {
    let at = |seconds: i64| Timestamp::from_second(END * 60 + seconds).unwrap();
    let turns = [(at(30), Some(true)), (at(90), Some(false)), (at(105), None), (at(180), Some(true))];
    let counts = judged(turns, END, END + 5);
    let of = |minute: i64| {
        counts.iter().find(|(at, _)| *at == END + minute).map(|(_, counts)| (counts.good(), counts.total()))
    };
    assert_eq!(
        (of(0), of(1), of(2), of(3), of(4)),
        (Some((30.0, 30.0)), Some((30.0, 45.0)), None, Some((60.0, 60.0)), Some((60.0, 60.0)))
    );
    assert_eq!(minute_of(at(59)), END);
}

#[test]
fn a_thousand_objectives_are_judged_in_less_than_a_tenth_of_a_second() {
    let ledger = ledger(|back| (10.0 - f64::from(u8::from(back % 91 == 0)), 10.0));
    let (objective, alerts) = (objective(0.999), Alert::defaults(MONTH));
    let began = Instant::now();
    for _ in 0..1_000 {
        let budget = budget(black_box(&ledger), &objective, month(), END);
        let read: Vec<_> = alerts.iter().map(|alert| alert.read(&ledger, &objective, END, 0.0)).collect();
        black_box((budget, read));
    }
    let took = began.elapsed();
    println!("1,000 objectives with four alerts each: {took:?}");
    assert!(took.as_millis() < 100, "{took:?}");
}
