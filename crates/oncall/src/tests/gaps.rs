//! When nobody is on call, and who carries how much.

use jiff::SignedDuration;
use serde_json::json;

use super::{
    layers::{log_of, named},
    *,
};
use crate::{GapSpan, gaps, load};

fn found(log: &Log, from: &str, to: &str) -> Vec<String> {
    let exists = |person: &EntityRef| person.name() != "ghost";
    let gaps = gaps(&log.state, &team(), moment(from), moment(to), exists);
    gaps.iter().map(|GapSpan { from, to, why }| format!("{from} {to} {}", why.in_words())).collect()
}

#[test]
fn a_team_without_a_rotation_has_nobody_all_the_time() {
    assert_eq!(
        found(&Log::default(), "2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z"),
        [
            "2026-01-05T00:00:00Z 2026-01-06T00:00:00Z the team has no rotation: declare one (kind: Rotation) in the catalog"
        ]
    );
    assert_eq!(found(&Log::default(), "2026-01-06T00:00:00Z", "2026-01-05T00:00:00Z"), Vec::<String>::new());
}

#[test]
fn before_the_first_hand_over_and_outside_of_the_hours_there_is_nobody() {
    let workdays = json!([{"days": ["monday", "tuesday"], "from": "09:00", "to": "17:00"}]);
    let log = log_of([named("work", json!({"restrict": workdays}))]);
    assert_eq!(
        found(&log, "2026-01-04T00:00:00Z", "2026-01-08T00:00:00Z"),
        [
            "2026-01-04T00:00:00Z 2026-01-05T09:00:00Z work begins at 2026-01-05 09:00 (Europe/Lisbon)",
            "2026-01-05T17:00:00Z 2026-01-06T09:00:00Z the hours of work leave this time out: add a rotation that covers it",
            "2026-01-06T17:00:00Z 2026-01-08T00:00:00Z the hours of work leave this time out: add a rotation that covers it",
        ]
    );
    let why = gap(&log.state, &team(), moment("2026-01-05T20:00:00Z"));
    assert_eq!(why, Some(Gap::NotCovered { rotations: vec![reference("rotation:work")] }));
}

#[test]
fn another_duty_covers_what_one_leaves_out_but_not_somebody_who_does_not_exist() {
    let log = log_of([
        named("days", json!({"restrict": [{"from": "09:00", "to": "21:00"}]})),
        named("nights", json!({"restrict": [{"from": "21:00", "to": "09:00"}]})),
        named("second", json!({"people": ["jo", "ghost"], "order": 2})),
    ]);
    assert_eq!(
        found(&log, "2026-01-06T00:00:00Z", "2026-01-14T00:00:00Z"),
        [
            "2026-01-12T09:00:00Z 2026-01-14T00:00:00Z second names ghost, who is not in the catalog: declare or replace them"
        ]
    );
}

#[test]
fn a_rotation_without_people_is_a_gap_until_somebody_is_put_in() {
    let mut empty = named("empty", json!({}));
    empty.people.clear();
    let mut log = log_of([empty]);
    let (from, to) = (moment("2026-01-06T00:00:00Z"), moment("2026-01-07T00:00:00Z"));
    let (rotation, person) = (reference("rotation:empty"), reference("user:max"));
    assert_eq!(gap(&log.state, &team(), from), Some(Gap::NoPeople { rotation: rotation.clone() }));
    log.give(Command::SetOverride { rotation, person, from, to }).unwrap();
    assert_eq!(
        found(&log, "2026-01-06T12:00:00Z", "2026-01-08T00:00:00Z"),
        ["2026-01-07T00:00:00Z 2026-01-08T00:00:00Z empty has no people: add some in the catalog"]
    );
    assert_eq!(gap(&log.state, &team(), from), None);
}

#[test]
fn a_zone_that_is_not_known_any_more_is_a_gap() {
    let mut lost = named("lost", json!({}));
    lost.time_zone = "Atlantis/Capital".to_owned();
    let log = log_of([lost]);
    let lines = found(&log, "2026-01-06T12:00:00Z", "2026-01-08T00:00:00Z");
    assert_eq!(
        lines,
        ["2026-01-06T12:00:00Z 2026-01-08T00:00:00Z lost is in Atlantis/Capital, which is no known time zone"]
    );
}

#[test]
fn hours_nights_and_weekends_are_counted_by_the_clock_of_the_rotation() {
    let mut log = log_of([named("first", json!({"people": ["jo", "kim"], "time_zone": "America/New_York"}))]);
    // Monday 5 January 09:00 to Monday 12 January 09:00 in New York.
    let (from, to) = (moment("2026-01-05T14:00:00Z"), moment("2026-01-12T14:00:00Z"));
    let (rotation, person) = (reference("rotation:first"), reference("user:max"));
    // Saturday 12:00 to 24:00, of which two hours are night.
    let (begins, ends) = (moment("2026-01-10T17:00:00Z"), moment("2026-01-11T05:00:00Z"));
    log.give(Command::SetOverride { rotation, person, from: begins, to: ends }).unwrap();
    let load = load(&log.state, None, from, to);
    let of = |name: &str| load.get(&reference(name)).unwrap();
    let hours = SignedDuration::from_hours;
    let jo = of("user:jo");
    assert_eq!((jo.on_call, jo.at_night, jo.at_weekends), (hours(156), hours(7 * 9 - 2), hours(36)));
    assert_eq!((jo.nights, jo.shifts, jo.overrides), (7, 2, 0));
    let max = of("user:max");
    assert_eq!((max.on_call, max.at_night, max.at_weekends), (hours(12), hours(2), hours(12)));
    assert_eq!((max.nights, max.shifts, max.overrides), (1, 1, 1));
    assert_eq!(load.len(), 2);
}

#[test]
fn an_hour_on_call_for_two_duties_is_one_hour_and_who_carries_nothing_is_named_if_asked_for() {
    let log = log_of([named("first", json!({})), named("second", json!({"order": 2}))]);
    let people = [reference("user:jo"), reference("user:idle")];
    let (from, to) = (moment("2026-01-06T00:00:00Z"), moment("2026-01-07T00:00:00Z"));
    let load = load(&log.state, Some(&people), from, to);
    assert_eq!(load[&people[0]].on_call, SignedDuration::from_hours(24));
    assert_eq!((load[&people[0]].nights, load[&people[0]].shifts), (2, 2));
    assert_eq!(load[&people[1]], crate::Load::default());
}

#[test]
fn turns_of_an_hour_leave_no_gap_and_are_all_counted_for_as_long_as_one_may_look() {
    let log = log_of([named("first", json!({"length": "1 hour", "handover": "00:00", "people": ["jo", "kim"]}))]);
    assert_eq!(found(&log, "2026-01-06T00:00:00Z", "2029-01-07T00:00:00Z"), Vec::<String>::new());
    let load = load(&log.state, None, moment("2026-01-06T00:00:00Z"), moment("2029-01-07T00:00:00Z"));
    let sum: i64 = load.values().map(|load| load.on_call.as_hours()).sum();
    assert_eq!(sum, 800 * 24);
}
