//! What is promised of flags can be broken, and then it is seen: each promise kept, and broken.

use flags::{Change, Event, Hold, OnFailure, Ramp, RampChange, RequestStep, Setting, Step, Why, Wish};
use jiff::SignedDuration;
use kernel::{Actor, Context, EntityRef, IdSeed, RequestId, Stamp, Timestamp};
use serde_json::json;
use world::{Recorded, World};

use crate::{clock, estate::ENVIRONMENT, invariants, promises::Promises};

/// A timeline that nobody decided.
struct Story {
    world: World,
    promises: Promises,
    now: Timestamp,
    wrong: Vec<String>,
}

fn named(name: &str) -> EntityRef {
    name.parse().unwrap()
}

impl Story {
    /// A check that guards a flag with a ramp, which is on.
    fn new(on_failure: OnFailure, start_min: i64) -> Self {
        let mut story =
            Self { world: World::default(), promises: Promises::default(), now: clock::begin(), wrong: Vec::new() };
        let spec = json!({"owner": "group:web", "target": "component:shop", "interval": "5s", "http": {"url": "http://shop.invalid/"}});
        let definition = checks::CheckDefinition::from_spec(named("check:buy"), &spec).unwrap();
        let hold = Hold::For(SignedDuration::from_hours(1));
        let steps = [500, 3_000, 10_000].map(|basis_points| Step { basis_points, hold }).into();
        let ramp = Ramp {
            variant: "on".to_owned(),
            from: "off".to_owned(),
            by: "targetingKey".to_owned(),
            start: Some(story.now + SignedDuration::from_mins(start_min)),
            steps,
            guards: vec![named("check:buy")],
            on_failure,
        };
        let setting = Setting { enabled: true, ramp: Some(ramp), approvals: 1, ..Setting::default() };
        let environments = [(ENVIRONMENT.to_owned(), setting)].into();
        let flag = flags::Definition { environments, ..flags::Definition::boolean(named("flag:x")) };
        let defined = Event::Defined { definition: Box::new(flag) };
        story.then("jo", [checks::Event::Defined { definition }.into(), defined.into()]);
        story
    }

    /// All of what one command brings.
    fn then(&mut self, by: &str, events: impl IntoIterator<Item = world::Event>) -> &mut Self {
        self.now += SignedDuration::from_secs(1);
        let seed = IdSeed(u128::from(self.world.position) + 1);
        let context = Context::new(self.now, Actor::Person(by.to_owned()), seed);
        for event in events {
            let stamp = Stamp {
                position: self.world.position + 1,
                event: context.id(),
                command: context.command,
                at: context.now,
                actor: context.actor.clone(),
                reason: None,
            };
            self.promises.see(&self.world, &event, &stamp, &mut self.wrong);
            self.world.fold(&Recorded { stamp, event: event.into() });
        }
        self.promises.settle(&mut self.wrong);
        self
    }

    fn pass(&mut self, minutes: i64) -> &mut Self {
        self.now += SignedDuration::from_mins(minutes);
        self
    }

    /// What is wrong, the first that is enough.
    fn wrong(&mut self) -> Option<String> {
        invariants::guards(&self.world, &mut self.wrong);
        self.promises.check(&self.world, self.now, &mut self.wrong);
        std::mem::take(&mut self.wrong).into_iter().next()
    }
}

/// Nothing is wrong, or this is.
fn check(story: &mut Story, expect: Option<&str>) {
    match (story.wrong(), expect) {
        (None, None) => {}
        (Some(wrong), Some(expect)) if wrong.contains(expect) => {}
        (wrong, expect) => panic!("{wrong:?}, and {expect:?} was expected"),
    }
}

fn down() -> world::Event {
    let evidence =
        checks::Evidence { url: String::new(), status: None, latency_ms: 1, ..checks::Evidence::of("502".to_owned()) };
    let (check, location, since) = (named("check:buy"), "home".to_owned(), clock::begin());
    checks::Event::WentDown {
        check,
        path: Vec::new(),
        location,
        since,
        last_good: None,
        evidence,
        agreeing: Vec::new(),
    }
    .into()
}

fn ramp(change: RampChange) -> world::Event {
    let environment = ENVIRONMENT.to_owned();
    Event::Ramp { flag: named("flag:x"), environment, change, affects: Vec::new() }.into()
}

fn rolled_back() -> world::Event {
    ramp(RampChange::RolledBack { variant: "on".to_owned(), from: 500, why: Why::ByHand })
}

fn paused() -> world::Event {
    ramp(RampChange::Paused { why: Why::ByHand })
}

fn stepped(step: usize, to: u16) -> world::Event {
    ramp(RampChange::Stepped { variant: "on".to_owned(), step, since: clock::begin(), from: 0, to })
}

fn turned(on: bool) -> world::Event {
    Event::Turned { flag: named("flag:x"), environment: ENVIRONMENT.to_owned(), on, affects: Vec::new() }.into()
}

#[test]
fn a_ramp_that_does_not_stop_when_its_guard_fails_is_seen() {
    for (on_failure, stop, expect) in [
        (OnFailure::RollBack, Some(rolled_back()), None),
        (OnFailure::RollBack, None, Some("was not stopped: its guard failed")),
        (OnFailure::Pause, Some(paused()), None),
        (OnFailure::Pause, None, Some("was not stopped: its guard failed")),
    ] {
        let mut story = Story::new(on_failure, 0);
        check(story.then("mainstay", [down()].into_iter().chain(stop)), expect);
    }
}

#[test]
fn a_ramp_that_goes_on_while_its_guard_is_down_is_seen() {
    let resumed = || ramp(RampChange::Resumed);
    for (on_failure, after, expect) in [
        (OnFailure::RollBack, vec![ramp(RampChange::Restarted)], Some("although its guard is down")),
        (OnFailure::RollBack, vec![ramp(RampChange::Restarted), rolled_back()], None),
        (OnFailure::RollBack, vec![paused()], None),
        (OnFailure::Pause, vec![resumed()], Some("although its guard is down")),
        (OnFailure::Pause, vec![resumed(), paused()], None),
    ] {
        let stop = if on_failure == OnFailure::RollBack { rolled_back() } else { paused() };
        let mut story = Story::new(on_failure, 0);
        check(story.then("mainstay", [down(), stop]), None);
        check(story.then("jo", after), expect);
    }
}

#[test]
fn a_ramp_that_steps_while_its_guard_is_down_is_seen() {
    for (stop, expect) in [(Some(rolled_back()), None), (None, Some("stepped while its guard was down"))] {
        let mut story = Story::new(OnFailure::RollBack, 10);
        check(story.then("mainstay", [down()]), None);
        check(story.pass(11).then("mainstay", [stepped(0, 500)].into_iter().chain(stop)), expect);
    }
}

#[test]
fn a_share_below_what_was_announced_is_seen() {
    let mut story = Story::new(OnFailure::RollBack, 0);
    let before = story.world.clone();
    check(story.then("mainstay", [stepped(1, 3_000)]), None);
    let after = std::mem::replace(&mut story.world, before);
    check(&mut story, Some("and 3000 was announced"));
    story.world = after;
    check(story.then("jo", [rolled_back()]), None);
    check(story.then("jo", [ramp(RampChange::Restarted)]), None);
}

/// Jo asks to turn the flag on later, which needs one other person.
fn asked() -> (RequestId, Wish) {
    let change = Change::Turn { flag: named("flag:x"), environment: ENVIRONMENT.to_owned(), on: true };
    let at = Some(clock::begin() + SignedDuration::from_mins(5));
    let id = Context::new(clock::begin(), Actor::Person("jo".to_owned()), IdSeed(99)).id();
    (id, Wish { hash: flags::hash(&change, at), change, at, base: 0, needed: 1 })
}

#[test]
fn a_request_that_is_done_without_enough_others_is_seen() {
    let (id, wish) = asked();
    let step = |step| -> world::Event { Event::Request { request: id, subject: named("flag:x"), step }.into() };
    let ask = || step(RequestStep::Asked { wish: Box::new(wish.clone()) });
    let amend = || step(RequestStep::Amended { wish: Box::new(wish.clone()) });
    let agree = || step(RequestStep::Approved { hash: wish.hash });
    let apply = || [turned(true), step(RequestStep::Applied)];
    for (who, minutes, expect) in [
        (vec![("ann", agree())], 6, None),
        (vec![], 6, Some("0 of 1 approvals")),
        (vec![("jo", agree())], 6, Some("0 of 1 approvals")),
        (vec![("ann", amend()), ("ann", agree())], 6, Some("0 of 1 approvals")),
        (vec![("ann", agree()), ("bob", amend())], 6, Some("0 of 1 approvals")),
        (vec![("ann", agree()), ("bob", amend()), ("cy", agree())], 6, None),
        (vec![("ann", agree())], 0, Some("before its time")),
    ] {
        let mut story = Story::new(OnFailure::RollBack, 0);
        story.then("jo", [turned(false)]).then("jo", [ask()]);
        for (by, event) in who {
            story.then(by, [event]);
        }
        check(story.pass(minutes).then("mainstay", apply()), expect);
    }
}

#[test]
fn a_change_that_needed_others_and_asked_nobody_is_seen() {
    let overridden =
        Event::Overridden { subject: named("flag:x"), change: "turn flag x on".to_owned(), needed: 1 }.into();
    for (after, expect) in [(None, Some("without the approvals")), (Some(overridden), None)] {
        let mut story = Story::new(OnFailure::RollBack, 0);
        check(story.then("jo", [turned(false)]), None);
        check(story.then("jo", [turned(true)].into_iter().chain(after)), expect);
    }
}

#[test]
fn a_world_that_is_not_the_fold_of_the_timeline_is_seen() {
    let mut story = Story::new(OnFailure::RollBack, 0);
    let mut wrong = Vec::new();
    let kept = World::from_snapshot(&story.world.to_snapshot().unwrap()).unwrap();
    invariants::is_fold(&kept, &story.world, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:?}");
    story.then("jo", [stepped(0, 500)]);
    let mut held = story.world.clone();
    held.flags = kept.flags;
    invariants::is_fold(&held, &story.world, &mut wrong);
    assert_eq!(wrong.len(), 1);
}
