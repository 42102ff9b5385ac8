use jiff::civil::Time;
use kernel::{Weekday, codes, zone};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Sim, moment, policy, reference, refused, user};
use crate::{Command, Hours, Place, Plan, Policy, Step, Target, Urgency, cycles, policy::LEGS_MAX};

fn hours(time_zone: &str, from: &str, to: &str, days: &[Weekday]) -> Hours {
    let time = |text: &str| text.parse::<Time>().unwrap();
    Hours { time_zone: time_zone.to_owned(), from: time(from), to: time(to), days: days.to_vec() }
}

fn complete() -> Value {
    json!({
        "owner": "money",
        "steps": [
            {"notify": ["rotation:payments", "owner"], "after": "5m"},
            {"notify": ["user:jo", "group:other/money"], "after": "1h"},
        ],
        "repeat": 2,
        "then": "escalation_policy:last-resort",
        "low_urgency": {"time_zone": "Europe/Berlin", "from": "09:00", "to": "18:00", "days": ["friday", "monday"]},
        "urgency": "low",
    })
}

#[test]
fn a_complete_policy_is_read_from_the_catalog() {
    let policy = policy("payments", &complete());
    let first = vec![Target::Rotation(reference("rotation:payments")), Target::Owner];
    let second = vec![Target::User(user("jo")), Target::Team(reference("group:other/money"))];
    assert_eq!(policy.steps, [Step { notify: first, after_s: 300 }, Step { notify: second, after_s: 3_600 }]);
    assert_eq!((policy.repeat, policy.urgency), (2, Some(Urgency::Low)));
    assert_eq!(policy.then, Some(reference("escalationpolicy:last-resort")));
    let expected = hours("Europe/Berlin", "09:00", "18:00", &[Weekday::Monday, Weekday::Friday]);
    assert_eq!(policy.low_urgency, Some(expected));
}

fn wrong(change: impl FnOnce(&mut Value), pointer: &str, message: &str, suggestion: Option<&str>) {
    let mut spec = complete();
    change(&mut spec);
    let problems = Policy::from_spec(reference("escalationpolicy:payments"), &spec).unwrap_err();
    let problem = problems.first().unwrap();
    assert_eq!(problem.pointer, pointer, "{problems:?}");
    assert!(problem.message.contains(message), "{problems:?}");
    assert_eq!(problem.suggestion.as_deref(), suggestion, "{problems:?}");
}

#[test]
fn what_is_wrong_in_a_policy_is_said_with_its_place_and_what_was_meant() {
    let step = |number: usize, key: &str, value: Value| {
        let key = key.to_owned();
        move |spec: &mut Value| spec["steps"][number][key] = value
    };
    wrong(|spec| spec["steps"] = json!([]), "/spec/steps", "at least one step", None);
    wrong(step(0, "notify", json!([])), "/spec/steps/0/notify", "whom to tell", None);
    wrong(step(1, "notify", json!(["ownr"])), "/spec/steps/1/notify/0", "must be", Some("owner"));
    wrong(step(1, "notify", json!(["kim"])), "/spec/steps/1/notify/0", "must be", Some("user:kim"));
    wrong(step(1, "notify", json!(["team:a"])), "/spec/steps/1/notify/0", "must be", Some("group:a"));
    wrong(step(1, "notify", json!(["owner", "owner"])), "/spec/steps/1/notify", "twice", None);
    wrong(step(0, "after", json!("30s")), "/spec/steps/0/after", "from 1m to 24h", None);
    wrong(step(0, "after", json!("25h")), "/spec/steps/0/after", "from 1m to 24h", None);
    wrong(|spec| spec["steps"] = vec![spec["steps"][0].clone(); 21].into(), "/spec/steps", "at most 20", None);
    wrong(|spec| spec["repeat"] = json!(10), "/spec/repeat", "from 0 to 9", None);
    wrong(|spec| spec["then"] = json!("payments"), "/spec/then", "itself", None);
    wrong(|spec| spec["then"] = json!("user:jo"), "/spec/then", "not an escalation policy", None);
    wrong(|spec| spec["low_urgency"]["to"] = json!("09:00"), "/spec/low_urgency/to", "must not be", None);
    wrong(|spec| spec["low_urgency"]["days"] = json!([]), "/spec/low_urgency/days", "at least one day", None);
    let zone = |spec: &mut Value| spec["low_urgency"]["time_zone"] = json!("Europe/Berln");
    wrong(zone, "/spec/low_urgency/time_zone", "IANA", Some("Europe/Berlin"));
    wrong(|spec| spec["escalate"] = json!(1), "/spec/escalate", "not known", None);
}

fn named(name: &str, then: Option<&str>) -> Policy {
    let mut spec = json!({"steps": [{"notify": ["owner"], "after": "1m"}]});
    if let Some(then) = then {
        spec["then"] = json!(then);
    }
    policy(name, &spec)
}

#[test]
fn policies_that_go_on_with_each_other_in_a_circle_are_found_and_refused() {
    let declared = [named("a", Some("b")), named("b", Some("c")), named("c", Some("b")), named("d", None)];
    let found = cycles(&declared);
    let names: Vec<&str> = found.iter().map(|(policy, _)| policy.name()).collect();
    assert_eq!(names, ["b", "c"]);
    assert!(found[0].1.ends_with("b → c → b"), "{}", found[0].1);

    let mut sim = Sim::new();
    sim.ok(Command::DefinePolicy { definition: named("b", Some("c")) });
    refused(sim.give(Command::DefinePolicy { definition: named("c", Some("b")) }), &codes::INVALID, "circle");
    assert_eq!(sim.ok(Command::DefinePolicy { definition: named("c", None) }), 1);
    assert_eq!(sim.ok(Command::DefinePolicy { definition: named("c", None) }), 0, "the same again");
}

#[test]
fn policies_that_no_catalog_could_hold_are_refused() {
    let mut sim = Sim::new();
    let mut define = |change: &dyn Fn(&mut Policy), words: &str| {
        let mut definition = named("a", None);
        change(&mut definition);
        refused(sim.give(Command::DefinePolicy { definition }), &codes::INVALID, words);
    };
    define(&|policy| policy.steps.clear(), "from 1 to 20 steps");
    define(&|policy| policy.steps[0].notify.clear(), "from 1 to 50 targets");
    define(&|policy| policy.steps[0].after_s = 0, "from a minute to a day");
    let hours = || Some(hours("Europe/Berlin", "09:00", "10:00", &[]));
    define(&|policy| policy.low_urgency = hours(), "from 1 to 7 days");
    define(&|policy| policy.repeat = 10, "at most 9 times");
    refused(
        sim.give(Command::RemovePolicy { policy: reference("escalationpolicy:a") }),
        &codes::NOT_FOUND,
        "no policy a",
    );
}

#[test]
fn a_plan_goes_through_steps_rounds_and_policies_and_ends() {
    let mut sim = Sim::new();
    let two = json!({
        "steps": [{"notify": ["owner"], "after": "1m"}, {"notify": ["owner"], "after": "1m"}],
        "repeat": 1, "then": "last",
    });
    sim.ok(Command::DefinePolicy { definition: named("last", None) });
    sim.ok(Command::DefinePolicy { definition: policy("first", &two) });
    let first = sim.state.policy(&reference("escalationpolicy:first")).unwrap();
    let plan = Plan::of(first, |name| sim.state.policy(name));
    let mut way = vec![Place::default()];
    while let Some(next) = plan.after(*way.last().unwrap(), true) {
        way.push(next);
    }
    let way: Vec<_> = way.into_iter().map(|place| (place.leg, place.round, place.step)).collect();
    assert_eq!(way, [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (1, 0, 0)]);
    // A round in which nobody could be reached is not worth repeating.
    let after = plan.after(Place { leg: 0, round: 0, step: 1 }, false);
    assert_eq!(after, Some(Place { leg: 1, round: 0, step: 0 }));
}

#[test]
fn a_chain_of_policies_is_followed_only_so_far_and_the_page_says_so() {
    let mut sim = Sim::with_jo();
    for number in 0..LEGS_MAX + 2 {
        let (name, then) = (format!("p{number}"), format!("p{}", number + 1));
        sim.ok(Command::DefinePolicy { definition: named(&name, Some(&then)) });
    }
    let page = sim.open_by(Some("p0"), Urgency::High, "checkout is down");
    assert_eq!(sim.page(page).plan.legs.len(), LEGS_MAX);
    assert!(sim.log(page).contains("policy p10 does not follow: the policies are too many or too long"));
    let page = sim.open_by(Some("p11"), Urgency::High, "checkout is down");
    assert!(sim.log(page).contains("policy p12 does not follow: it is not there"));
}

#[test]
fn policies_are_bounded() {
    let mut sim = Sim::new();
    for number in 0..2_000 {
        sim.ok(Command::DefinePolicy { definition: named(&format!("p{number}"), None) });
    }
    let more = Command::DefinePolicy { definition: named("one-more", None) };
    refused(sim.give(more), &codes::INVALID, "2000 policies already");
    assert_eq!(sim.ok(Command::DefinePolicy { definition: named("p1", Some("p2")) }), 1, "a change is no new one");
}

fn not_before(hours: &Hours, at: &str, expected: &str) {
    assert_eq!(hours.not_before(moment(at)), moment(expected), "at {at}");
}

#[test]
fn hours_are_local_on_both_sides_of_a_change_of_the_clocks() {
    let week = hours("Europe/Berlin", "09:00", "18:00", &Weekday::ALL[..5]);
    not_before(&week, "2026-03-27T16:59:59Z", "2026-03-27T16:59:59Z");
    // Friday evening: the clocks go forward on Sunday, so that Monday's nine o'clock is an hour earlier.
    not_before(&week, "2026-03-27T17:00:00Z", "2026-03-30T07:00:00Z");
    not_before(&week, "2026-03-30T07:00:00Z", "2026-03-30T07:00:00Z");
    // And back in October.
    not_before(&week, "2026-10-23T16:00:00Z", "2026-10-26T08:00:00Z");
}

#[test]
fn hours_may_end_on_the_next_day_and_begin_at_a_time_that_the_clocks_skip() {
    let night = hours("Europe/Berlin", "22:00", "06:00", &[Weekday::Saturday]);
    not_before(&night, "2026-06-07T03:59:59Z", "2026-06-07T03:59:59Z");
    not_before(&night, "2026-06-07T04:00:00Z", "2026-06-13T20:00:00Z");
    let skipped = hours("Europe/Berlin", "02:30", "04:00", &[Weekday::Sunday]);
    not_before(&skipped, "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z");
    // These hours are skipped as a whole: the next ones are a week later.
    let swallowed = hours("Europe/Berlin", "02:00", "03:00", &[Weekday::Sunday]);
    not_before(&swallowed, "2026-03-29T00:00:00Z", "2026-04-05T00:00:00Z");
}

#[test]
fn hours_of_an_unknown_zone_hold_nothing_back() {
    not_before(
        &hours("Atlantis/Centre", "09:00", "10:00", &[Weekday::Monday]),
        "2026-06-03T00:00:00Z",
        "2026-06-03T00:00:00Z",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_wait_for_hours_ends_within_them_and_within_a_fortnight(
        at in 1_700_000_000_i64..1_900_000_000,
        zone_name in proptest::sample::select(vec!["Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kolkata", "Australia/Lord_Howe"]),
        day in 0..7_usize, from in 0..24_i8, to in 0..24_i8,
    ) {
        prop_assume!(from != to);
        let time = |hour| Time::new(hour, 0, 0, 0).unwrap();
        let hours = Hours { time_zone: zone_name.to_owned(), from: time(from), to: time(to), days: vec![Weekday::ALL[day]] };
        let at = jiff::Timestamp::from_second(at).unwrap();
        let then = hours.not_before(at);
        prop_assert!(then >= at && then.duration_since(at).as_hours() <= 24 * 15);
        prop_assert_eq!(hours.not_before(then), then);
        let local = zone(zone_name).unwrap().to_datetime(then);
        let within = if from < to { local.time() >= time(from) && local.time() < time(to) }
            else { local.time() >= time(from) || local.time() < time(to) };
        prop_assert!(within, "{}", local);
    }
}
