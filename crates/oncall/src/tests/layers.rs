//! Rotations of one team that are one duty.

use serde_json::json;

use super::*;
use crate::{final_schedule, on_call_for};

pub(super) fn named(name: &str, more: Value) -> Rotation {
    let mut spec = json!({
        "team": "money", "people": ["jo"], "time_zone": "Europe/Lisbon",
        "handover": "monday 09:00", "length": "1 week", "starts": "2026-01-05",
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    Rotation::from_spec(reference(&format!("rotation:{name}")), &spec).unwrap()
}

pub(super) fn log_of(rotations: impl IntoIterator<Item = Rotation>) -> Log {
    let mut log = Log::default();
    for definition in rotations {
        log.give(Command::DefineRotation { definition }).unwrap();
    }
    log
}

/// The final schedules in short.
fn finally(log: &Log, from: &str, to: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for schedule in final_schedule(&log.state, &team(), moment(from), moment(to)) {
        for span in schedule.spans {
            lines.push(format!("{}: {} from {} to {}", schedule.name, span.person.name(), span.from, span.to));
        }
    }
    lines
}

fn names(people: &[EntityRef]) -> Vec<&str> {
    people.iter().map(EntityRef::name).collect()
}

fn weekend() -> Vec<Rotation> {
    vec![
        named("base", json!({"schedule": "all", "people": ["jo", "kim"]})),
        named(
            "weekend",
            json!({"schedule": "all", "layer": 1, "people": ["lee"], "restrict": [{"days": ["saturday", "sunday"]}]}),
        ),
    ]
}

#[test]
fn a_weekend_layer_holds_at_weekends_and_the_layer_below_it_on_other_days() {
    let log = log_of(weekend());
    assert_eq!(
        finally(&log, "2026-01-06T00:00:00Z", "2026-01-13T00:00:00Z"),
        [
            "all: jo from 2026-01-05T09:00:00Z to 2026-01-10T00:00:00Z",
            "all: lee from 2026-01-10T00:00:00Z to 2026-01-12T00:00:00Z",
            "all: jo from 2026-01-12T00:00:00Z to 2026-01-12T09:00:00Z",
            "all: kim from 2026-01-12T09:00:00Z to 2026-01-17T00:00:00Z",
        ]
    );
    let now = current(&log.state, &team(), moment("2026-01-09T12:00:00Z"));
    assert_eq!(now.len(), 1, "one duty");
    assert_eq!((now[0].person.name(), now[0].until), ("jo", moment("2026-01-10T00:00:00Z")));
    assert_eq!(now[0].next, Some(reference("user:lee")));
    let now = current(&log.state, &team(), moment("2026-01-11T12:00:00Z"));
    assert_eq!((now[0].person.name(), now[0].rotation.name()), ("lee", "weekend"));
}

#[test]
fn the_sun_is_followed_around_the_world() {
    let hours = |zone: &str, person: &str, from: &str, to: &str| {
        let restrict = json!([{"from": from, "to": to}]);
        named(person, json!({"schedule": "world", "people": [person], "time_zone": zone, "restrict": restrict}))
    };
    let log = log_of([
        hours("UTC", "europe", "08:00", "16:00"),
        hours("UTC", "america", "16:00", "24:00"),
        hours("UTC", "asia", "00:00", "08:00"),
    ]);
    assert_eq!(
        finally(&log, "2026-01-13T00:00:00Z", "2026-01-14T00:00:00Z"),
        [
            "world: asia from 2026-01-13T00:00:00Z to 2026-01-13T08:00:00Z",
            "world: europe from 2026-01-13T08:00:00Z to 2026-01-13T16:00:00Z",
            "world: america from 2026-01-13T16:00:00Z to 2026-01-14T00:00:00Z",
        ]
    );
    let now = current(&log.state, &team(), moment("2026-01-13T10:00:00Z"));
    assert_eq!((now[0].person.name(), now[0].until), ("europe", moment("2026-01-13T16:00:00Z")));
    assert_eq!(now[0].next, Some(reference("user:america")));
}

#[test]
fn an_override_of_a_weekend_layer_does_not_take_the_workdays() {
    let mut log = log_of(weekend());
    let (from, to) = (moment("2026-01-05T00:00:00Z"), moment("2026-01-19T00:00:00Z"));
    let (rotation, person) = (reference("rotation:weekend"), reference("user:max"));
    log.give(Command::SetOverride { rotation, person, from, to }).unwrap();
    let at = |at| names(&on_call_for(&log.state, &team(), moment(at))).join(" ");
    assert_eq!(at("2026-01-09T12:00:00Z"), "jo");
    assert_eq!(at("2026-01-10T12:00:00Z"), "max");
    let span = &final_schedule(&log.state, &team(), from, to)[0].spans[1];
    assert_eq!((span.person.name(), &span.instead_of), ("max", &Some(reference("user:lee"))));
}

#[test]
fn a_rotation_without_a_schedule_is_a_duty_of_its_own_and_the_order_says_who_is_asked_first() {
    let log = log_of([
        named("a-second", json!({"people": ["kim"], "order": 2})),
        named("b-first", json!({"people": ["jo"]})),
        named("c-third", json!({"people": ["jo"], "order": 3})),
    ]);
    let at = moment("2026-01-13T00:00:00Z");
    assert_eq!(names(&on_call_for(&log.state, &team(), at)), ["jo", "kim"]);
    let duties: Vec<String> =
        current(&log.state, &team(), at).iter().map(|duty| duty.rotation.name().to_owned()).collect();
    assert_eq!(duties, ["b-first", "a-second", "c-third"]);
}

#[test]
fn an_override_holds_before_the_first_hand_over() {
    let mut log = Log::with(weekly());
    log.put_in("user:max", "2026-03-10T00:00:00Z", "2026-03-12T00:00:00Z").unwrap();
    let now = current(&log.state, &team(), moment("2026-03-11T00:00:00Z"));
    assert_eq!((now[0].person.name(), now[0].until), ("max", moment("2026-03-12T00:00:00Z")));
    assert_eq!((&now[0].overridden, &now[0].next), (&None, &Some(reference("user:jo"))));
}

#[test]
fn a_rotation_that_changes_its_team_is_found_by_the_new_one_also_in_a_state_that_was_read() {
    let mut log = Log::with(weekly());
    let mut moved = weekly();
    moved.team = reference("group:other");
    log.give(Command::DefineRotation { definition: moved }).unwrap();
    let bytes = rmp_serde::to_vec_named(&log.state).unwrap();
    let read: State = rmp_serde::from_slice(&bytes).unwrap();
    for state in [&log.state, &read] {
        assert_eq!(state.of_team(&team()).count(), 0);
        assert_eq!(state.of_team(&reference("group:other")).count(), 1);
        assert_eq!(state.teams().count(), 1);
    }
    log.give(Command::RemoveRotation { rotation: reference("rotation:money") }).unwrap();
    assert_eq!(log.state.teams().count(), 0);
}

#[test]
fn a_state_that_an_earlier_version_wrote_can_be_read() {
    let definition = serde_json::to_value(weekly()).unwrap();
    let id = "018bd50c-0001-7c11-9a00-0123456789ab";
    let set = json!({
        "id": id, "person": "user:default/kim", "from": "2026-03-18T00:00:00Z", "to": "2026-03-19T00:00:00Z",
    });
    let rosters = json!({"rotation:default/money": {"rotation": definition, "overrides": [set]}});
    let state: State = serde_json::from_value(json!({ "rosters": rosters })).unwrap();
    assert_eq!(names(&on_call_for(&state, &team(), moment("2026-03-18T12:00:00Z"))), ["kim"]);
}

#[test]
fn there_are_2_000_rotations_at_most() {
    let many = (0..crate::command::ROTATIONS).map(|number| named(&format!("r{number}"), json!({})));
    let mut log = log_of(many);
    let one_more = log.give(Command::DefineRotation { definition: named("more", json!({})) });
    refused(one_more, &codes::INVALID, "2000 rotations");
    assert_eq!(log.give(Command::DefineRotation { definition: named("r0", json!({"people": ["kim"]})) }), Ok(1));
}

#[test]
fn everything_that_a_rotation_may_say_is_read_and_said_again_in_words() {
    let rotation = named(
        "nights",
        json!({
            "people": ["jo", "kim"], "handover": "21:00", "length": "3 days", "schedule": "all", "layer": 2, "order": 1,
            "restrict": [
                {"days": ["Sunday", "friday", "friday"], "from": "21:00", "to": "06:30"},
                {"days": ["saturday"]},
                {"from": "20:00", "to": "24:00"},
            ],
        }),
    );
    assert_eq!(
        rotation.in_words(),
        "jo and kim, 3 days each, from 21:00 (Europe/Lisbon), only friday, sunday 21:00–06:30 and saturday all day \
         and daily 20:00–00:00, layer 2 of all"
    );
    for (length, expected) in [("8 hours", TurnLength::Hours(8)), ("1 month", TurnLength::Months(1))] {
        let rotation = named("other", json!({"handover": "09:00", "length": length}));
        assert_eq!((rotation.length, rotation.length.in_words()), (expected, length.to_owned()));
    }
    let log = log_of([rotation.clone()]);
    let json = serde_json::to_string(&log.events[0].0).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), Event::RotationDefined { definition: rotation });
}
