//! Hand-overs and hours where clocks are changed.

use jiff::SignedDuration;
use serde_json::json;

use super::*;

/// The shifts of a rotation: who, and from when to when.
fn shifts(rotation: &Rotation, from: &str, to: &str) -> Vec<String> {
    let log = Log::with(rotation.clone());
    let shifts = schedule(log.state.rosters().next().unwrap(), moment(from), moment(to));
    shifts.iter().map(|shift| format!("{} {} {}", shift.person.name(), shift.from, shift.to)).collect()
}

fn with_hours(mut rotation: Rotation, restrict: Value) -> Rotation {
    rotation.restrict = serde_json::from_value(restrict).unwrap();
    rotation
}

#[test]
fn turns_of_hours_are_hours_of_the_wall_clock() {
    // Lisbon's clocks go forward on 29 March at 01:00 and back on 25 October at 02:00.
    let spring = rotation(&["jo", "kim", "lee"], "Europe/Lisbon", "00:00", "8 hours", "2026-03-28");
    assert_eq!(
        shifts(&spring, "2026-03-28T16:00:00Z", "2026-03-29T12:00:00Z"),
        [
            "lee 2026-03-28T16:00:00Z 2026-03-29T00:00:00Z",
            "jo 2026-03-29T00:00:00Z 2026-03-29T07:00:00Z",
            "kim 2026-03-29T07:00:00Z 2026-03-29T15:00:00Z",
        ]
    );
    assert_eq!(
        shifts(&spring, "2026-10-24T23:00:00Z", "2026-10-25T09:00:00Z"),
        ["jo 2026-10-24T23:00:00Z 2026-10-25T08:00:00Z", "kim 2026-10-25T08:00:00Z 2026-10-25T16:00:00Z"]
    );
}

#[test]
fn an_hour_that_the_clocks_skip_is_a_turn_of_no_length_and_one_that_comes_twice_is_long() {
    let hourly = rotation(&["jo", "kim"], "America/New_York", "00:00", "1 hour", "2026-03-08");
    // 02:00 to 03:00 on 8 March does not exist.
    assert_eq!(
        shifts(&hourly, "2026-03-08T06:00:00Z", "2026-03-08T08:00:00Z"),
        ["kim 2026-03-08T06:00:00Z 2026-03-08T07:00:00Z", "kim 2026-03-08T07:00:00Z 2026-03-08T08:00:00Z"]
    );
    // 01:00 to 02:00 on 1 November comes twice.
    let twice = shifts(&hourly, "2026-11-01T05:30:00Z", "2026-11-01T06:59:00Z");
    assert_eq!(twice, ["kim 2026-11-01T05:00:00Z 2026-11-01T07:00:00Z"]);
}

#[test]
fn half_an_hour_that_lord_howe_skips_shortens_a_turn_by_as_much() {
    // From 02:00 to 02:30 on 4 October 2026 (+10:30 to +11).
    let hourly = rotation(&["jo", "kim"], "Australia/Lord_Howe", "00:00", "1 hour", "2026-10-04");
    assert_eq!(
        shifts(&hourly, "2026-10-03T14:30:00Z", "2026-10-03T16:30:00Z"),
        [
            "kim 2026-10-03T14:30:00Z 2026-10-03T15:30:00Z",
            "jo 2026-10-03T15:30:00Z 2026-10-03T16:00:00Z",
            "kim 2026-10-03T16:00:00Z 2026-10-03T17:00:00Z",
        ]
    );
    let daily = rotation(&["jo", "kim"], "Australia/Lord_Howe", "02:15", "1 day", "2026-10-03");
    // 02:15 is later by the half hour: 02:45, which is 15:45 UTC.
    on_call_at(&daily, "2026-10-03T15:44:59Z", Some(("jo", "2026-10-02T15:45:00Z", "2026-10-03T15:45:00Z")));
    on_call_at(&daily, "2026-10-03T15:45:00Z", Some(("kim", "2026-10-03T15:45:00Z", "2026-10-04T15:15:00Z")));
}

#[test]
fn the_hours_of_a_day_that_a_country_skipped_are_not_handed_over_in_another() {
    // Samoa had no 30 December 2011: 10:00 UTC was the end of the 29th and the beginning of the 31st.
    let hourly = rotation(&["jo", "kim", "lee"], "Pacific/Apia", "00:00", "12 hours", "2011-12-29");
    assert_eq!(
        shifts(&hourly, "2011-12-29T22:00:00Z", "2011-12-30T23:00:00Z"),
        [
            "kim 2011-12-29T22:00:00Z 2011-12-30T10:00:00Z",
            "kim 2011-12-30T10:00:00Z 2011-12-30T22:00:00Z",
            "lee 2011-12-30T22:00:00Z 2011-12-31T10:00:00Z",
        ]
    );
    let weekly = rotation(&["jo"], "Pacific/Apia", "monday 00:00", "1 week", "2011-12-26");
    let fridays = with_hours(weekly.clone(), json!([{"days": ["friday"], "from": "09:00:00", "to": "17:00:00"}]));
    assert_eq!(shifts(&fridays, "2011-12-26T12:00:00Z", "2012-01-02T00:00:00Z"), Vec::<String>::new());
    let daily = with_hours(weekly, json!([{"from": "09:00:00", "to": "17:00:00"}]));
    assert_eq!(
        shifts(&daily, "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z"),
        ["jo 2011-12-29T19:00:00Z 2011-12-30T03:00:00Z", "jo 2011-12-30T19:00:00Z 2011-12-31T03:00:00Z"]
    );
}

#[test]
fn months_are_counted_from_the_first_hand_over() {
    let monthly = rotation(&["jo", "kim", "lee"], "Europe/Lisbon", "09:00", "1 month", "2026-01-31");
    assert_eq!(
        shifts(&monthly, "2026-02-10T00:00:00Z", "2026-04-10T00:00:00Z"),
        [
            "jo 2026-01-31T09:00:00Z 2026-02-28T09:00:00Z",
            "kim 2026-02-28T09:00:00Z 2026-03-31T08:00:00Z",
            "lee 2026-03-31T08:00:00Z 2026-04-30T08:00:00Z",
        ]
    );
}

#[test]
fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
    let weekly = rotation(&["jo", "kim"], "Europe/Lisbon", "monday 09:00", "1 week", "2026-01-05");
    let nights = with_hours(weekly, json!([{"days": ["sunday"], "from": "22:00:00", "to": "10:00:00"}]));
    // The night of Sunday is handed over on Monday morning.
    assert_eq!(
        shifts(&nights, "2026-01-11T00:00:00Z", "2026-01-13T00:00:00Z"),
        ["jo 2026-01-11T22:00:00Z 2026-01-12T09:00:00Z", "kim 2026-01-12T09:00:00Z 2026-01-12T10:00:00Z"]
    );
}

#[test]
fn hours_that_meet_on_the_clock_meet_where_it_is_changed() {
    // 02:30 on 29 March doesn't exist in Berlin, and comes twice on 25 October.
    for day in ["2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z"] {
        let weekly = rotation(&["jo"], "Europe/Berlin", "monday 09:00", "1 week", "2026-01-05");
        let all = json!([{"from": "02:30:00", "to": "12:00:00"}, {"from": "12:00:00", "to": "02:30:00"}]);
        let whole = with_hours(weekly.clone(), all);
        let to = moment(day) + SignedDuration::from_hours(6);
        assert_eq!(shifts(&whole, day, &to.to_string()).len(), 1, "{day}");
        let morning = with_hours(weekly.clone(), json!([{"from": "02:30:00", "to": "12:00:00"}]));
        let evening = with_hours(weekly, json!([{"from": "12:00:00", "to": "02:30:00"}]));
        for minute in 0..360 {
            let at = moment(day) + SignedDuration::from_mins(minute);
            let on = |rotation: &Rotation| !current(&Log::with(rotation.clone()).state, &team(), at).is_empty();
            assert_ne!(on(&morning), on(&evening), "{at}");
        }
    }
}

#[test]
fn a_schedule_is_answered_at_the_ends_of_time() {
    let hourly = rotation(&["jo", "kim"], "Europe/Lisbon", "00:00", "1 hour", "2026-01-05");
    let log = Log::with(hourly);
    let roster = log.state.rosters().next().unwrap();
    assert!(schedule(roster, Timestamp::MIN, moment("2026-01-01T00:00:00Z")).is_empty());
    assert!(schedule(roster, Timestamp::MAX, Timestamp::MAX).is_empty());
    assert!(current(&log.state, &team(), Timestamp::MAX).is_empty());
    assert_eq!(schedule(roster, moment("2026-01-05T00:00:00Z"), Timestamp::MAX).len(), 2_000);
    assert!(!schedule(roster, moment("9990-01-05T00:00:00Z"), Timestamp::MAX).is_empty());
}
