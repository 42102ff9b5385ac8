//! Ramps, step by step.

use super::*;
use crate::{Event, RampAction, RampChange, RampState, Why, is_guarded};

const HOLDS: &str = r#"[{"percent": 5, "hold": "10m"}, {"percent": 25, "hold": "1h"}, {"percent": 100}]"#;

fn ramped(steps: &str) -> Flags {
    let mut flags = Flags::none();
    let steps: Value = serde_json::from_str(steps).unwrap();
    let ramp = json!({"steps": steps, "guards": ["home"]});
    flags
        .define("x", json!({"usedBy": ["shop"], "environments": {"production": {"enabled": true, "ramp": ramp}}}))
        .unwrap();
    flags
}

fn act(flags: &mut Flags, action: RampAction) -> Result<Vec<&'static str>, Refusal> {
    flags.give(Command::Ramp { flag: named("x"), environment: "production".to_owned(), action }, None)
}

fn share(flags: &Flags) -> (u16, &'static str) {
    let position = flags.state.flag(&named("x")).unwrap().ramp_position("production", flags.now).unwrap();
    (position.basis_points, position.state.as_str())
}

/// What the share is after each wait.
fn check(steps: &str, waits: &[(&str, u16, &str)]) {
    let mut flags = ramped(steps);
    for (wait, basis_points, state) in waits {
        flags.wait(wait);
        assert_eq!(share(&flags), (*basis_points, *state), "after {wait}");
    }
}

#[test]
fn a_share_grows_by_its_schedule() {
    check(
        HOLDS,
        &[("0s", 500, "holding"), ("9m 59s", 500, "holding"), ("1s", 2_500, "holding"), ("1h", 10_000, "done")],
    );
    check(r#"[{"percent": 1, "hold": "approval"}, {"percent": 2}]"#, &[("1000h", 100, "awaiting-approval")]);
    check(r#"[{"percent": 1, "hold": {"samples": 9}}, {"percent": 2}]"#, &[("1h", 100, "awaiting-samples")]);
    check(r#"[{"percent": 40}]"#, &[("0s", 4_000, "done")]);
}

#[test]
fn guards_watch_the_last_step_for_as_long_as_it_says_or_an_hour() {
    let guarded = |steps: &str, wait: &str| {
        let mut flags = ramped(steps);
        flags.wait(wait);
        flags.state.ramps().any(|(_, _, ramp, run)| is_guarded(ramp, run, flags.now))
    };
    let quick = r#"[{"percent": 5, "hold": "10m"}, {"percent": 100}]"#;
    assert!(guarded(quick, "1m") && guarded(quick, "1h 9m") && !guarded(quick, "1h 10m"));
    let watched = r#"[{"percent": 5, "hold": "10m"}, {"percent": 100, "hold": "48h"}]"#;
    assert!(guarded(watched, "48h") && !guarded(watched, "48h 10m"));
}

#[test]
fn each_step_is_announced_once_and_overdue_ones_in_one_event() {
    let mut flags = ramped(HOLDS);
    assert_eq!(flags.wait("1s"), ["flags.ramp_stepped"]);
    assert!(flags.wait("1m").is_empty());
    assert_eq!(flags.wait("48h"), ["flags.ramp_stepped"], "two steps passed");
    let Some((Event::Ramp { change: RampChange::Stepped { from, to, .. }, affects, .. }, _)) = flags.log.last() else {
        panic!("no step")
    };
    assert_eq!((*from, *to, affects.len()), (500, 10_000, 1));
    assert!(flags.wait("48h").is_empty());
}

#[test]
fn a_clock_that_is_set_back_takes_nobody_back() {
    let mut flags = ramped(HOLDS);
    flags.wait("11m");
    assert_eq!(share(&flags).0, 2_500);
    flags.pass("-11m");
    assert_eq!(share(&flags).0, 2_500);
}

#[test]
fn a_start_in_the_future_is_waited_for() {
    let mut flags = Flags::none();
    let ramp = json!({"start": "2023-11-15T00:00:00Z", "steps": [{"percent": 10, "hold": "1h"}, {"percent": 20}]});
    flags.define("x", json!({"environments": {"production": {"enabled": true, "ramp": ramp}}})).unwrap();
    assert!(flags.wait("1s").is_empty());
    assert_eq!(share(&flags), (0, "waiting"));
    assert_eq!(crate::next_change(&flags.state, flags.now), Some("2023-11-15T00:00:00Z".parse().unwrap()));
    assert_eq!(flags.wait("2h"), ["flags.ramp_stepped"]);
    assert_eq!(share(&flags), (1_000, "holding"));
}

#[test]
fn a_pause_stops_the_clock_of_the_ramp() {
    let mut flags = ramped(HOLDS);
    flags.wait("4m");
    act(&mut flags, RampAction::Pause { why: Why::ByHand }).unwrap();
    assert!(act(&mut flags, RampAction::Pause { why: Why::ByHand }).unwrap().is_empty());
    assert!(flags.wait("72h").is_empty());
    assert_eq!(share(&flags), (500, "paused"));
    act(&mut flags, RampAction::Resume).unwrap();
    flags.wait("5m");
    assert_eq!(share(&flags), (500, "holding"), "nine of ten minutes");
    flags.wait("1m");
    assert_eq!(share(&flags), (2_500, "holding"));
}

#[test]
fn a_gate_is_passed_only_at_its_own_step() {
    let mut flags =
        ramped(r#"[{"percent": 1, "hold": "approval"}, {"percent": 2, "hold": {"samples": 100}}, {"percent": 3}]"#);
    flags.wait("1s");
    assert_eq!(act(&mut flags, RampAction::Approve { step: 1 }).unwrap_err().code, &codes::MOVED_ON);
    assert_eq!(act(&mut flags, RampAction::Approve { step: 0 }).unwrap(), ["flags.ramp_gate_passed"]);
    assert_eq!(flags.wait("1s"), ["flags.ramp_stepped"]);
    assert_eq!(act(&mut flags, RampAction::Approve { step: 1 }).unwrap_err().code, &codes::CONFLICT);
    assert!(act(&mut flags, RampAction::PassSamples { step: 1, samples: 99 }).unwrap().is_empty());
    assert_eq!(act(&mut flags, RampAction::PassSamples { step: 1, samples: 100 }).unwrap(), ["flags.ramp_gate_passed"]);
    assert_eq!(flags.wait("1s"), ["flags.ramp_stepped"]);
    assert_eq!(share(&flags), (300, "done"));
}

#[test]
fn a_rollback_gives_everybody_what_they_had_until_somebody_restarts() {
    let mut flags = ramped(HOLDS);
    flags.wait("11m");
    let check: EntityRef = "check:home".parse().unwrap();
    let why = Why::Guard { check };
    assert_eq!(act(&mut flags, RampAction::RollBack { why: why.clone() }).unwrap(), ["flags.ramp_rolled_back"]);
    assert_eq!(
        flags.log.last().unwrap().0.summary(),
        "rolled back the ramp of flag x in production from 25% on, because check home fails"
    );
    assert!(act(&mut flags, RampAction::RollBack { why }).unwrap().is_empty());
    assert!(flags.wait("72h").is_empty());
    assert_eq!(share(&flags), (0, "rolled-back"));
    assert_eq!(flags.variant("x", json!({"targetingKey": "anybody"})), "off");
    assert_eq!(flags.undo(flags.log.len() - 1), Err(codes::IRREVERSIBLE.name));
    act(&mut flags, RampAction::Restart).unwrap();
    assert_eq!(share(&flags), (500, "holding"));
}

#[test]
fn undoing_a_step_rolls_back_unless_the_ramp_has_moved_on() {
    let mut flags = ramped(HOLDS);
    flags.wait("1s");
    let first = flags.log.len() - 1;
    let action = RampAction::RollBack { why: Why::ByHand };
    let back = Command::Ramp { flag: named("x"), environment: "production".to_owned(), action };
    assert_eq!(flags.undo(first), Ok(back));
    flags.wait("20m");
    assert_eq!(flags.undo(first), Err(codes::MOVED_ON.name));
}

#[test]
fn turning_off_ends_the_run_and_turning_on_begins_another() {
    let mut flags = ramped(HOLDS);
    flags.wait("11m");
    let turn = |on| Command::Turn { flag: named("x"), environment: "production".to_owned(), on };
    flags.command(turn(false)).unwrap();
    assert_eq!(flags.variant("x", json!({"targetingKey": "anybody"})), "off");
    assert_eq!(act(&mut flags, RampAction::Resume).unwrap_err().code, &codes::CONFLICT);
    assert!(flags.wait("1h").is_empty());
    flags.command(turn(true)).unwrap();
    assert_eq!(share(&flags), (500, "holding"));
}

#[test]
fn another_schedule_goes_on_where_it_takes_nobody_back() {
    let mut flags = ramped(HOLDS);
    flags.wait("11m");
    let ramp = json!({"steps": [{"percent": 1, "hold": "1h"}, {"percent": 30, "hold": "1h"}, {"percent": 60}]});
    let spec = |ramp: Value| json!({"environments": {"production": {"enabled": true, "ramp": ramp}}});
    flags.define("x", spec(ramp)).unwrap();
    assert_eq!(share(&flags), (3_000, "holding"));
    flags.define("x", spec(json!({"from": "on", "variant": "off", "steps": [{"percent": 7}]}))).unwrap();
    assert_eq!(share(&flags), (700, "done"), "other variants: another run");
}

#[test]
fn every_run_has_a_position_at_every_time() {
    let mut flags = ramped(HOLDS);
    for at in [Timestamp::MIN, Timestamp::from_second(0).unwrap(), Timestamp::MAX] {
        flags.now = at;
        let position = flags.state.flag(&named("x")).unwrap().ramp_position("production", at).unwrap();
        assert!(position.next.is_none_or(|next| next > at), "{position:?}");
        assert!(!matches!(position.state, RampState::RolledBack(_)));
    }
}
