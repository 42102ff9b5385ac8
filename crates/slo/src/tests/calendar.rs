//! Periods by the calendar of a zone.

use jiff::{Timestamp, civil::DateTime};

use crate::{Period, Shorthand, Window, minute_of, moment_of};

fn minute(at: &str) -> i64 {
    minute_of(at.parse::<Timestamp>().unwrap())
}

fn period(duration: &str, start: &str, zone: &str, now: &str) -> (String, String) {
    let window = Window::Calendar {
        duration: Shorthand::parse(duration).unwrap(),
        start: start.parse::<DateTime>().unwrap(),
        time_zone: zone.to_owned(),
    };
    let Period { from, to } = window.period(minute(now));
    (moment_of(from).to_string(), moment_of(to).to_string())
}

fn check(duration: &str, start: &str, zone: &str, now: &str, from: &str, to: &str) {
    assert_eq!(period(duration, start, zone, now), (from.to_owned(), to.to_owned()), "{duration} {zone} at {now}");
}

#[test]
fn a_month_begins_at_midnight_of_the_zone_on_both_sides_of_a_change_of_the_clocks() {
    let (zone, start) = ("Europe/Lisbon", "2020-01-01 00:00:00");
    check("1M", start, zone, "2026-03-15T12:00:00Z", "2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z");
    check("1M", start, zone, "2026-10-15T12:00:00Z", "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z");
    // The first minute of a month belongs to it; what is known at its very beginning is the month before.
    check("1M", start, zone, "2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z");
    check("1M", start, zone, "2026-03-01T00:01:00Z", "2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z");
}

#[test]
fn a_day_has_23_or_25_hours_when_the_clocks_change() {
    let (zone, start) = ("America/New_York", "2020-01-21 00:00:00");
    check("1d", start, zone, "2026-03-08T12:00:00Z", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z");
    check("1d", start, zone, "2026-11-01T12:00:00Z", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
    // 02:30 is not on the clock that day: the period begins when it is over.
    check("1d", "2020-01-21 02:30:00", zone, "2026-03-08T12:00:00Z", "2026-03-08T07:30:00Z", "2026-03-09T06:30:00Z");
}

#[test]
fn quarters_years_weeks_and_months_of_the_31st_are_counted_from_the_beginning() {
    check("1Q", "2020-01-01 00:00:00", "UTC", "2026-05-05T00:00:00Z", "2026-04-01T00:00:00Z", "2026-07-01T00:00:00Z");
    check("1Y", "2020-02-29 00:00:00", "UTC", "2026-03-05T00:00:00Z", "2026-02-28T00:00:00Z", "2027-02-28T00:00:00Z");
    check("2w", "2026-01-05 09:00:00", "UTC", "2026-01-20T00:00:00Z", "2026-01-19T09:00:00Z", "2026-02-02T09:00:00Z");
    check("1M", "2020-01-31 00:00:00", "UTC", "2026-03-30T00:00:00Z", "2026-02-28T00:00:00Z", "2026-03-31T00:00:00Z");
}

#[test]
fn before_its_beginning_a_calendar_is_in_its_first_period() {
    check("1M", "2026-06-01 00:00:00", "UTC", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z");
}

#[test]
fn a_rolling_window_ends_now() {
    let window = Window::Rolling { duration: Shorthand::parse("4w").unwrap() };
    assert_eq!(window.period(1_000_000), Period { from: 1_000_000 - 28 * 1_440, to: 1_000_000 });
}
