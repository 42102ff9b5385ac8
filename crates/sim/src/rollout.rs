//! People who release with flags: they steer ramps, ask for changes, and agree to those of others or don't.

use engine::{Clock as _, Request};
use flags::{
    Audience, Change, ChangeRequest, Definition, Hold, OnFailure, Origin, Ramp, RampAction, RequestAction, Segment,
    Setting, Step, TARGETING_KEY, Why,
};
use jiff::SignedDuration;
use kernel::{Actor, EntityRef, Timestamp};
use world::Command;

use crate::{actors::person, estate::ENVIRONMENT, sim::Sim};

type Wish = Option<(Request, String)>;

/// The flags that people make on a screen.
const BY_HAND: [&str; 2] = ["flag:by-hand-0", "flag:by-hand-1"];
const SEGMENT: &str = "segment:early";

fn named(name: &str) -> EntityRef {
    name.parse().unwrap_or_else(|_| unreachable!("the names are ours"))
}

/// Somebody steers a ramp, or enough evaluations were counted.
pub(crate) fn steer(sim: &mut Sim) -> Wish {
    let (world, now) = (sim.world(), sim.clock.now());
    let running: Vec<(EntityRef, String, usize)> = world
        .flags
        .ramps()
        .map(|(flag, environment, ramp, run)| {
            (flag.definition.flag.clone(), environment.clone(), flags::position(ramp, run, now).step)
        })
        .collect();
    let (flag, environment, step) = sim.dice.pick(&running).cloned()?;
    let counted = RampAction::PassSamples { step, samples: 150 };
    let action = match sim.dice.below(12) {
        0 => RampAction::Pause { why: Why::ByHand },
        1 | 2 => RampAction::Resume,
        3..=5 => RampAction::Approve { step },
        6 => RampAction::RollBack { why: Why::ByHand },
        7..=9 => RampAction::Restart,
        _ => counted.clone(),
    };
    let words = format!("the ramp of {}: {action:?}", flag.short());
    let is_counted = action == counted;
    let command = Command::Flags(flags::Command::Ramp { flag, environment, action });
    let request = if is_counted { Request::by_part(command, "flags") } else { person(sim, command) };
    Some((request, words))
}

/// Somebody makes a change on a screen, perhaps in an emergency.
pub(crate) fn define(sim: &mut Sim) -> Wish {
    let change = change(sim)?;
    let is_emergency = sim.dice.chance(0.3);
    let words = format!("{}{}", change.words(), if is_emergency { " in an emergency" } else { "" });
    if !is_emergency {
        return Some((person(sim, Command::Flags(change.into())), words));
    }
    let request = person(sim, Command::Flags(flags::Command::Override { change }));
    Some((Request { reason: Some("it burns".to_owned()), ..request }, words))
}

/// Somebody asks for a change.
pub(crate) fn ask(sim: &mut Sim) -> Wish {
    let change = change(sim)?;
    let at = some_time(sim);
    let words = format!("asks to {}{}", change.words(), if at.is_some() { " later" } else { "" });
    let command = flags::Command::RequestChange { change, at };
    Some((person(sim, Command::Flags(command)), words))
}

/// Somebody does something with a request that is open; mostly they agree.
pub(crate) fn answer(sim: &mut Sim) -> Wish {
    let world = sim.world();
    let open: Vec<ChangeRequest> =
        world.flags.requests().rev().filter(|request| request.is_open()).take(5).cloned().collect();
    let request = sim.dice.pick(&open).cloned()?;
    let subject = request.wish.change.subject().short().to_owned();
    let (by, action, words) = match sim.dice.below(12) {
        0 => (None, RequestAction::Reject, "rejects"),
        1 => (request.authors.first(), RequestAction::Withdraw, "withdraws"),
        2 | 3 => {
            let change = amended(sim, &request.wish.change);
            let at = some_time(sim);
            (None, RequestAction::Amend { change, at }, "amends")
        }
        _ => (None, RequestAction::Approve { hash: request.wish.hash }, "agrees to"),
    };
    let command = flags::Command::Request { request: request.id, action };
    let sent = person(sim, Command::Flags(command));
    let actor = by.cloned().unwrap_or_else(|| sent.actor.clone());
    let actor = if sim.dice.chance(0.05) { Actor::Token("pipeline".to_owned()) } else { actor };
    Some((Request { actor, ..sent }, format!("somebody {words} a change of {subject}")))
}

/// Some changes are to be made later.
fn some_time(sim: &mut Sim) -> Option<Timestamp> {
    let by = SignedDuration::from_secs(sim.dice.between(1, 1_200));
    sim.dice.chance(0.4).then(|| sim.clock.now() + by)
}

/// Another change of the same subject.
fn amended(sim: &mut Sim, change: &Change) -> Change {
    match change {
        Change::Define { .. } | Change::Remove { .. } => {
            Change::Define { definition: definition(sim, change.subject().clone()) }
        }
        Change::DefineSegment { .. } | Change::RemoveSegment { .. } => Change::DefineSegment { segment: segment(sim) },
        Change::Turn { flag, environment, on } => {
            Change::Turn { flag: flag.clone(), environment: environment.clone(), on: on ^ sim.dice.chance(0.3) }
        }
    }
}

fn change(sim: &mut Sim) -> Option<Change> {
    let world = sim.world();
    let by_hand = named(sim.dice.pick(&BY_HAND)?);
    Some(match sim.dice.below(12) {
        0..=2 => Change::Define { definition: definition(sim, by_hand) },
        3 => Change::Remove { flag: by_hand },
        4 | 5 => Change::DefineSegment { segment: segment(sim) },
        6 if sim.dice.chance(0.3) => Change::RemoveSegment { segment: named(SEGMENT) },
        _ => {
            let known: Vec<EntityRef> = world.flags.flags().map(|flag| flag.definition.flag.clone()).collect();
            let flag = sim.dice.pick(&known).cloned()?;
            // Mostly the opposite of what is.
            let is_on = world.flags.flag(&flag).is_some_and(|flag| flag.is_on(ENVIRONMENT));
            Change::Turn { flag, environment: ENVIRONMENT.to_owned(), on: is_on ^ sim.dice.chance(0.9) }
        }
    })
}

fn segment(sim: &mut Sim) -> Segment {
    Segment {
        segment: named(SEGMENT),
        description: String::new(),
        owner: None,
        members: vec![format!("user-{}", sim.dice.below(5))],
        email_domains: Vec::new(),
        groups: Vec::new(),
        when: None,
        origin: Origin::ByHand,
    }
}

fn definition(sim: &mut Sim, flag: EntityRef) -> Definition {
    let audience = || Audience { segment: named(SEGMENT), variant: "on".to_owned() };
    let ramp = if sim.dice.chance(0.8) { ramp(sim) } else { None };
    let setting = Setting {
        enabled: sim.dice.chance(0.5),
        audiences: sim.dice.chance(0.5).then(audience).into_iter().collect(),
        ramp,
        approvals: *sim.dice.pick(&[0, 0, 1, 2]).unwrap_or(&0),
        ..Setting::default()
    };
    Definition { environments: [(ENVIRONMENT.to_owned(), setting)].into(), ..Definition::boolean(flag) }
}

fn ramp(sim: &mut Sim) -> Option<Ramp> {
    let guard = sim.estate.guard(&mut sim.dice)?;
    let hold = |sim: &mut Sim| match sim.dice.below(4) {
        0 => Hold::Approval,
        1 => Hold::Samples(100),
        _ => Hold::For(SignedDuration::from_secs(sim.dice.between(10, 400))),
    };
    let first = *sim.dice.pick(&[100, 1_000, 2_000]).unwrap_or(&100);
    let steps = [first, 3_000, 10_000].map(|basis_points| Step { basis_points, hold: hold(sim) });
    Some(Ramp {
        variant: "on".to_owned(),
        from: "off".to_owned(),
        by: TARGETING_KEY.to_owned(),
        start: sim.dice.chance(0.2).then(|| sim.clock.now() + SignedDuration::from_mins(10)),
        steps: steps.into(),
        guards: vec![guard],
        on_failure: *sim.dice.pick(&[OnFailure::RollBack, OnFailure::Pause]).unwrap_or(&OnFailure::RollBack),
    })
}
