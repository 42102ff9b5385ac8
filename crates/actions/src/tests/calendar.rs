use serde_json::{Value, json};

use super::*;
use crate::{Length, Rhythm};

fn read(spec: &Value) -> Result<Cycle, Vec<String>> {
    let read = Cycle::from_spec(reference("cycle:money"), spec);
    read.map_err(|problems| problems.iter().map(|it| format!("{}: {}", it.pointer, it.message)).collect())
}

fn wrong(spec: Value, expected: &[&str]) {
    let problems = read(&spec).unwrap_err();
    assert_eq!(problems.len(), expected.len(), "{problems:?}");
    for (problem, expected) in problems.iter().zip(expected) {
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[test]
fn a_calendar_of_sprints_or_of_cycles_with_cooldowns_is_read() {
    let cycle = sprints();
    assert_eq!(cycle.rhythm, Rhythm::Sprints { length: Length::Days(14) });
    assert_eq!(cycle.in_words(), "sprints of 2 weeks since 2026-01-05 (Europe/Berlin)");
    let spec = json!({
        "team": "money", "owner": "money", "time_zone": "UTC", "name": "Cycle {year}/{number}",
        "cycles": {"length": "6 weeks", "cooldown": "2w", "starts": "2026-01-05T09:00"},
    });
    let cycle = read(&spec).unwrap();
    assert_eq!(cycle.in_words(), "cycles of 6 weeks with 2 weeks of cooldown since 2026-01-05 (UTC)");
    let turn = cycle.at(moment("2026-02-20T00:00:00Z")).unwrap();
    assert_eq!((turn.number, turn.name.as_str()), (1, "Cycle 2026/1"));
    assert_eq!((turn.to, turn.until), (moment("2026-02-16T09:00:00Z"), moment("2026-03-02T09:00:00Z")));
    assert!(turn.is_cooldown(moment("2026-02-20T00:00:00Z")));
    assert!(!turn.is_cooldown(moment("2026-02-16T08:59:59Z")));
}

#[test]
fn a_calendar_for_those_in_a_hurry_goes_by_the_clock() {
    let spec = json!({
        "team": "money", "time_zone": "UTC",
        "cycles": {"length": "1m", "cooldown": "30s", "starts": "2026-01-05T09:00:20"},
    });
    let cycle = read(&spec).unwrap();
    assert_eq!(cycle.in_words(), "cycles of 1 minute with 30 seconds of cooldown since 2026-01-05 (UTC)");
    let turn = cycle.at(moment("2026-01-05T09:02:00Z")).unwrap();
    assert_eq!(turn.number, 2);
    let times = ["2026-01-05T09:01:50Z", "2026-01-05T09:02:50Z", "2026-01-05T09:03:20Z"].map(moment);
    assert_eq!([turn.from, turn.to, turn.until], times);
    assert_eq!(cycle.end_of(2, times[0]), Some(moment("2026-01-05T09:04:50Z")));
}

#[test]
fn a_calendar_without_sprints_or_with_strange_ones_says_what_it_needs() {
    let with = |key: &str, value: Value| {
        let mut spec = json!({"team": "money", "time_zone": "UTC"});
        spec[key] = value;
        spec
    };
    wrong(with("name", json!("S {number}")), &["/spec/sprints: is missing: a calendar needs sprints"]);
    wrong(with("sprints", json!({})), &["/spec/sprints/length: is missing", "/spec/sprints/starts: is missing"]);
    for length in ["0w", "soon", "2", "-1w", "1 year"] {
        let spec = with("sprints", json!({"length": length, "starts": "2026-01-05"}));
        wrong(spec, &["/spec/sprints/length: must be a number of weeks or days"]);
    }
    let sprint = |length: &str, starts: &str| with("sprints", json!({"length": length, "starts": starts}));
    wrong(sprint("27w", "2026-01-05"), &["/spec/sprints/length: must not be longer than 26 weeks"]);
    wrong(sprint("2w", "next monday"), &["/spec/sprints/starts: must be a date"]);
    let mixed = json!({"length": "6w", "cooldown": "8h", "starts": "2026-01-05"});
    wrong(with("cycles", mixed), &["/spec/cycles/cooldown: must be in days or weeks"]);
    let mut both = sprint("2w", "2026-01-05");
    both["cycles"] = json!({"length": "6w", "cooldown": "2w", "starts": "2026-01-05"});
    wrong(both, &["/spec/cycles: must not stand beside `sprints`"]);
    let mut unnumbered = sprint("2w", "2026-01-05");
    unnumbered["name"] = json!("Sprint");
    wrong(unnumbered, &["/spec/name: must have {number} in it"]);
    wrong(json!([]), &["/spec: must be an object"]);
}

#[test]
fn sprints_begin_at_the_same_local_time_on_both_sides_of_a_change_of_the_clocks() {
    let cycle = sprints();
    let turns = cycle.turns(moment("2026-03-20T00:00:00Z"), moment("2026-04-20T00:00:00Z"));
    let begins: Vec<String> = turns.iter().map(|turn| turn.from.to_string()).collect();
    // Berlin's clocks go forward on 29 March.
    assert_eq!(begins, ["2026-03-15T23:00:00Z", "2026-03-29T22:00:00Z", "2026-04-12T22:00:00Z"]);
    assert_eq!(turns.iter().map(|turn| turn.name.as_str()).collect::<Vec<_>>(), ["sprint 6", "sprint 7", "sprint 8"]);
}

#[test]
fn only_whole_sprints_count_and_one_that_begins_now_is_whole() {
    let cycle = sprints();
    let end = |after: &str| cycle.end_of(2, moment(after)).unwrap().to_string();
    assert_eq!(end("2026-01-04T23:00:00Z"), "2026-02-01T23:00:00Z");
    assert_eq!(end("2026-01-04T23:00:01Z"), "2026-02-15T23:00:00Z");
    // Before the calendar begins, the first two.
    assert_eq!(end("2025-06-01T00:00:00Z"), "2026-02-01T23:00:00Z");
    assert_eq!(cycle.at(moment("2025-06-01T00:00:00Z")), None);
}

#[test]
fn turns_of_minutes_are_exact() {
    let spec =
        json!({"team": "money", "time_zone": "Europe/Berlin", "sprints": {"length": "10m", "starts": "2026-03-29"}});
    let cycle = read(&spec).unwrap();
    let turn = cycle.at(moment("2026-03-29T01:05:00Z")).unwrap();
    assert_eq!((turn.number, turn.from), (13, moment("2026-03-29T01:00:00Z")));
}

proptest::proptest! {
    #[test]
    fn turns_follow_one_another_and_each_moment_is_in_the_one_that_is_found(
        minutes in 0_i64..3_000_000,
        length in 1_u16..60,
        cooldown in 1_u16..30,
        zone in proptest::sample::select(vec!["UTC", "Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia"]),
    ) {
        let cycle = Cycle {
            rhythm: Rhythm::Cycles { length: Length::Days(length), cooldown: Length::Days(cooldown) },
            starts: jiff::civil::date(2011, 1, 1).at(2, 30, 0, 0),
            time_zone: zone.to_owned(),
            ..sprints()
        };
        let at = moment("2011-01-02T00:00:00Z").checked_add(SignedDuration::from_mins(minutes)).unwrap();
        let turn = cycle.at(at).unwrap();
        proptest::prop_assert!(turn.from <= at && at < turn.until && turn.from < turn.to && turn.to < turn.until);
        let next = cycle.next(turn.until).unwrap();
        proptest::prop_assert_eq!((next.from, next.number), (turn.until, turn.number + 1));
        proptest::prop_assert_eq!(cycle.next(at).unwrap().number, if turn.from == at { turn.number } else { next.number });
    }
}
