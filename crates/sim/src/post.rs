//! What brings messages to people, and the providers behind it, which hang, lie, refuse and recover.
//!
//! The part of the server is done as `mainstay` does it: a message that is due is tried, what came of it is handed in until
//! it is recorded, and a crash forgets all of that. Phones and mailboxes are outside and remember.

use std::collections::BTreeMap;

use engine::{Clock as _, Request};
use jiff::SignedDuration;
use kernel::{EffectId, EntityRef, PageId, Timestamp};
use paging::Channel;
use world::{Command, Effect, effects};

use crate::sim::Sim;

/// How long an attempt takes that nobody answers.
const PATIENCE: SignedDuration = SignedDuration::from_secs(15);
/// Messages that are tried at one go.
const AT_ONCE: usize = 12;

/// How a provider behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Well,
    /// It answers nothing.
    Hangs,
    /// It takes messages and brings none.
    Lies,
    /// It answers 500, until its trouble is over.
    Down(Timestamp),
    /// It answers 429, and when to come back.
    Busy(SignedDuration),
    /// It refuses for good.
    Refuses,
    /// It brings messages, and its answers are lost.
    Mute,
}

/// What came of an attempt and has yet to be recorded.
#[derive(Debug, Clone)]
struct Outcome {
    effect: EffectId,
    result: Result<String, String>,
    retry: bool,
    not_before: Option<Timestamp>,
}

/// A message as its receiver has it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) person: EntityRef,
    pub(crate) channel: Channel,
    pub(crate) pages: Vec<PageId>,
}

/// Providers, phones, and the part of the server that is between.
#[derive(Debug, Default)]
pub(crate) struct Post {
    moods: BTreeMap<Channel, Mood>,
    /// Attempts that nobody has answered, and when they are given up.
    flights: BTreeMap<EffectId, Timestamp>,
    outcomes: Vec<Outcome>,
    /// What people have got, the oldest first.
    pub(crate) received: Vec<Received>,
}

impl Post {
    /// The server dies, and with it what it had not recorded. Gives the messages that were taken, of which nothing is
    /// known now.
    pub(crate) fn die(&mut self) -> Vec<EffectId> {
        self.flights.clear();
        let outcomes = std::mem::take(&mut self.outcomes);
        outcomes.into_iter().filter(|outcome| outcome.result.is_ok()).map(|outcome| outcome.effect).collect()
    }

    /// Every provider does what it should.
    pub(crate) fn calm(&mut self) {
        self.moods.clear();
    }
}

/// A provider gets into trouble, or out of it.
pub(crate) fn weather(sim: &mut Sim) {
    let channel = *sim.dice.pick(&Channel::ALL).unwrap_or(&Channel::Email);
    let now = sim.clock.now();
    let mood = match sim.dice.below(11) {
        0 | 1 => Mood::Hangs,
        2 => Mood::Lies,
        3 | 4 => Mood::Down(now + SignedDuration::from_hours(1)),
        5 => Mood::Busy(SignedDuration::from_secs(sim.dice.between(1, 3_600))),
        6 => Mood::Refuses,
        7 => Mood::Mute,
        _ => Mood::Well,
    };
    sim.note(format!("{channel} is now {mood:?}"));
    sim.post.moods.insert(channel, mood);
}

/// The server delivers what is due, and records what came of it.
pub(crate) fn deliver(sim: &mut Sim) {
    let now = sim.clock.now();
    let late = |(effect, until): (&EffectId, &Timestamp)| (*until <= now).then_some(*effect);
    let late: Vec<EffectId> = sim.post.flights.iter().filter_map(late).collect();
    for effect in late {
        sim.post.flights.remove(&effect);
        let result = Err("nobody answered".to_owned());
        sim.post.outcomes.push(Outcome { effect, result, retry: true, not_before: None });
    }
    let world = sim.world();
    let busy = |effect: &Effect| {
        sim.post.flights.contains_key(&effect.id) || sim.post.outcomes.iter().any(|known| known.effect == effect.id)
    };
    let due = world.effects.due(now).filter(|effect| effect.call.message && !busy(effect));
    let due: Vec<EffectId> = due.take(AT_ONCE).map(|effect| effect.id).collect();
    sim.note(format!("messages: {} due", due.len()));
    for effect in due {
        if sim.chance_of_trouble(0.02) {
            sim.note(", dies before it sends");
            return sim.crash();
        }
        attempt(sim, effect);
        if sim.chance_of_trouble(0.02) {
            sim.note(", dies before it records");
            return sim.crash();
        }
    }
    record(sim);
}

/// One attempt, as `mainstay` makes it.
fn attempt(sim: &mut Sim, effect: EffectId) {
    let world = sim.world();
    let mut over = |result, retry, not_before| {
        sim.post.outcomes.push(Outcome { effect, result, retry, not_before });
    };
    let Some(message) = world.paging.message(effect) else {
        return over(Err("it is not on its way any more".to_owned()), false, None);
    };
    let lines = world.paging.lines(message);
    if lines.is_empty() {
        return over(Err("nobody needs to hear of it any more".to_owned()), false, None);
    }
    let (now, channel) = (sim.clock.now(), message.method.channel);
    let mood = sim.post.moods.get(&channel).copied().unwrap_or_default();
    let received =
        Received { person: message.person.clone(), channel, pages: lines.iter().map(|line| line.page.page).collect() };
    let refused = |words: &str| Err(words.to_owned());
    let outcome = |result, retry, not_before| Outcome { effect, result, retry, not_before };
    let outcome = match mood {
        Mood::Well => {
            sim.arrive(effect, received);
            outcome(Ok("taken".to_owned()), true, None)
        }
        Mood::Lies => outcome(Ok("taken".to_owned()), true, None),
        Mood::Hangs => {
            sim.note(format!(" {channel} hangs"));
            // Some hang after they brought it.
            if sim.dice.chance(0.3) {
                sim.ledger.excuse(effect);
                sim.arrive(effect, received);
            }
            sim.post.flights.insert(effect, now + PATIENCE);
            return;
        }
        Mood::Down(until) if until > now => outcome(refused("500"), true, None),
        Mood::Down(_) => {
            sim.post.moods.remove(&channel);
            sim.arrive(effect, received);
            outcome(Ok("taken".to_owned()), true, None)
        }
        Mood::Busy(wait) => {
            // It keeps its word.
            sim.post.moods.remove(&channel);
            outcome(refused("429"), true, Some(now + wait))
        }
        Mood::Refuses => outcome(refused("no such address"), false, None),
        Mood::Mute => {
            sim.ledger.excuse(effect);
            sim.arrive(effect, received);
            outcome(refused("the answer was lost"), true, None)
        }
    };
    if outcome.result.is_ok() {
        sim.ledger.accepted(effect);
    }
    sim.post.outcomes.push(outcome);
}

/// Hands in what is not recorded; what the store doesn't take is handed in again later.
fn record(sim: &mut Sim) {
    for outcome in std::mem::take(&mut sim.post.outcomes) {
        let Outcome { effect, result, retry, not_before } = outcome.clone();
        sim.note(format!(" {}", result.as_ref().unwrap_or_else(|error| error)));
        let was_taken = result.is_ok();
        let command = effects::Command::Report { effect, outcome: result, retry, not_before };
        let answers = sim.execute(&[Request::by_part(Command::Effects(command), "paging")]);
        if answers.iter().any(Result::is_err) {
            sim.post.outcomes.push(outcome);
        } else if was_taken {
            let world = sim.world();
            sim.ledger.recorded(&world, effect);
        }
    }
}
