//! Changes that others must agree to, or that wait for their time.

use kernel::RequestId;

use super::*;
use crate::{Change, RequestAction, RequestState, hash};

fn guarded() -> Flags {
    let mut flags = Flags::none();
    flags.define("x", json!({"environments": {"production": {"enabled": false, "approvals": 1}}})).unwrap();
    flags
}

fn turn(on: bool) -> Change {
    Change::Turn { flag: named("x"), environment: "production".to_owned(), on }
}

fn ask(flags: &mut Flags, change: Change, at: Option<Timestamp>) -> RequestId {
    flags.give(Command::RequestChange { change, at }, Some("it is time")).unwrap();
    flags.state.requests().last().unwrap().id
}

fn act(flags: &mut Flags, request: RequestId, action: RequestAction) -> Result<Vec<&'static str>, &'static str> {
    flags.give(Command::Request { request, action }, None).map_err(|refusal| refusal.code.name)
}

fn approve(flags: &mut Flags, request: RequestId) -> Result<Vec<&'static str>, &'static str> {
    let hash = flags.state.request(request).unwrap().wish.hash;
    act(flags, request, RequestAction::Approve { hash })
}

#[test]
fn where_others_must_agree_a_direct_change_is_refused_and_turning_off_never_is() {
    let mut flags = guarded();
    assert_eq!(flags.refused(turn(true).into()), codes::NEEDS_APPROVAL.name);
    let other = json!({"environments": {"production": {"enabled": false, "approvals": 0}}});
    assert_eq!(flags.define("x", other).unwrap_err().code, &codes::NEEDS_APPROVAL, "nor can the need be taken away");
    let described = json!({"description": "x", "environments": {"production": {"enabled": false, "approvals": 1}}});
    assert!(flags.define("x", described).is_ok(), "a description alters nothing");
    let request = ask(&mut flags, turn(true), None);
    assert_eq!(
        approve(flags.by("ann"), request).unwrap(),
        ["flags.request_approved", "flags.turned", "flags.request_applied"]
    );
    assert_eq!(flags.give(turn(false).into(), None).unwrap(), ["flags.turned"]);
}

#[test]
fn nobody_approves_what_they_wrote_and_only_people_approve() {
    let mut flags = guarded();
    let request = ask(&mut flags, turn(true), None);
    assert_eq!(approve(&mut flags, request), Err(codes::FOUR_EYES.name));
    flags.actor = Actor::Token("ci".to_owned());
    assert_eq!(approve(&mut flags, request), Err(codes::FOUR_EYES.name));
    let later = flags.now + jiff::SignedDuration::from_hours(1);
    act(flags.by("ann"), request, RequestAction::Amend { change: turn(true), at: Some(later) }).unwrap();
    assert_eq!(approve(&mut flags, request), Err(codes::FOUR_EYES.name), "ann amended it");
    assert!(approve(flags.by("bob"), request).is_ok());
}

#[test]
fn an_edit_after_an_approval_needs_a_new_one() {
    let mut flags = Flags::none();
    let spec = |variant: &str| json!({"defaultVariant": variant, "environments": {"production": {"enabled": true, "approvals": 2}}});
    flags.define("x", spec("off")).unwrap();
    let define = |purpose: &str| {
        let mut spec = spec("on");
        spec["purpose"] = json!(purpose);
        Change::Define { definition: by_hand("x", spec) }
    };
    let request = ask(&mut flags, define("release"), None);
    let read = flags.state.request(request).unwrap().wish.hash;
    assert_eq!(read, hash(&define("release"), None), "the hash is that of the change");
    assert_eq!(approve(flags.by("ann"), request).unwrap(), ["flags.request_approved"]);
    assert!(approve(&mut flags, request).unwrap().is_empty(), "once is enough");
    act(flags.by("jo"), request, RequestAction::Amend { change: define("experiment"), at: None }).unwrap();
    assert!(flags.state.request(request).unwrap().approvals.is_empty());
    assert_eq!(act(flags.by("bob"), request, RequestAction::Approve { hash: read }), Err(codes::MOVED_ON.name));
    approve(flags.by("bob"), request).unwrap();
    assert_eq!(approve(flags.by("ann"), request).unwrap().last(), Some(&"flags.request_applied"));
}

#[test]
fn an_approved_change_waits_for_its_time_and_is_not_made_if_the_flag_was_changed_since() {
    let mut flags = guarded();
    let at = flags.now + jiff::SignedDuration::from_hours(2);
    let request = ask(&mut flags, turn(true), Some(at));
    approve(flags.by("ann"), request).unwrap();
    assert!(flags.wait("1h").is_empty());
    assert_eq!(flags.wait("1h"), ["flags.turned", "flags.request_applied"]);
    assert_eq!(flags.variant("x", json!({})), "on");

    let mut flags = guarded();
    let request = ask(&mut flags, turn(true), Some(at));
    approve(flags.by("ann"), request).unwrap();
    flags
        .define("x", json!({"description": "new", "environments": {"production": {"enabled": false, "approvals": 1}}}))
        .unwrap();
    assert_eq!(flags.wait("2h"), ["flags.request_failed"]);
    let state = &flags.state.request(request).unwrap().state;
    assert!(matches!(state, RequestState::Failed { why, .. } if why == "x was changed since"), "{state:?}");
}

#[test]
fn where_nobody_must_agree_a_schedule_is_a_request_with_a_time() {
    let mut flags = Flags::none();
    flags.define("x", json!({})).unwrap();
    let at = flags.now + jiff::SignedDuration::from_hours(2);
    ask(&mut flags, turn(true), Some(at));
    assert_eq!(flags.wait("2h"), ["flags.turned", "flags.request_applied"]);
    let past = Command::RequestChange { change: turn(false), at: Some(at) };
    assert_eq!(flags.refused(past), codes::INVALID.name);
    let nothing = Command::RequestChange { change: turn(true), at: None };
    assert_eq!(flags.refused(nothing), codes::CONFLICT.name);
}

#[test]
fn a_request_that_is_over_stays_over() {
    let mut flags = guarded();
    let request = ask(&mut flags, turn(true), None);
    assert_eq!(act(flags.by("ann"), request, RequestAction::Withdraw), Err(codes::FOUR_EYES.name));
    act(&mut flags, request, RequestAction::Reject).unwrap();
    assert_eq!(approve(flags.by("bob"), request), Err(codes::CONFLICT.name));
    let request = ask(flags.by("jo"), turn(true), None);
    act(&mut flags, request, RequestAction::Withdraw).unwrap();
    assert_eq!(act(&mut flags, request, RequestAction::Reject), Err(codes::CONFLICT.name));
    assert_eq!(flags.variant("x", json!({})), "off");
}

#[test]
fn an_emergency_needs_a_reason_and_is_loud() {
    let mut flags = guarded();
    let now = Command::Override { change: turn(true) };
    assert_eq!(flags.refused(now.clone()), codes::INVALID.name);
    assert_eq!(flags.give(now.clone(), Some("shop is down")).unwrap(), ["flags.turned", "flags.overridden"]);
    let words = flags.log.last().unwrap().0.summary();
    assert_eq!(words, "made a change in an emergency without the 1 approval: turn flag x on in production");
    assert!(flags.give(now, Some("again")).unwrap().is_empty());
}

#[test]
fn a_segment_of_a_guarded_flag_is_guarded_as_well() {
    let mut flags = Flags::none();
    flags.define_segment("staff", json!({"members": ["ann"]})).unwrap();
    let audiences = json!([{"segment": "staff", "variant": "on"}]);
    let spec = json!({"defaultVariant": "off", "environments": {"production": {"enabled": true, "audiences": audiences, "approvals": 1}}});
    flags.define("x", spec).unwrap();
    let refusal = flags.define_segment("staff", json!({"members": ["ann", "bob"]})).unwrap_err();
    assert_eq!(refusal.code, &codes::NEEDS_APPROVAL);
}

#[test]
fn a_change_of_a_segment_is_not_made_if_a_guarded_flag_began_to_use_it_since() {
    let mut flags = Flags::none();
    flags.define_segment("staff", json!({"members": ["ann"]})).unwrap();
    let segment = Segment { members: vec!["bob".to_owned()], ..flags.state.segments().next().unwrap().clone() };
    let at = flags.now + jiff::SignedDuration::from_hours(1);
    let request = ask(&mut flags, Change::DefineSegment { segment }, Some(at));
    let audiences = json!([{"segment": "staff", "variant": "on"}]);
    flags
        .define("x", json!({"environments": {"production": {"enabled": true, "audiences": audiences, "approvals": 1}}}))
        .unwrap();
    assert_eq!(flags.wait("2h"), ["flags.request_failed"]);
    let state = &flags.state.request(request).unwrap().state;
    assert!(
        matches!(state, RequestState::Failed { why, .. } if why.starts_with("more people must agree")),
        "{state:?}"
    );
}
