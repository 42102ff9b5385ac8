//! Retrospectives: what went well, what went badly, what puzzles; votes; and what became of what was promised last time.
//!
//! A retrospective opens with a verdict that nobody can talk away: of each promise of the team's last one, what became of
//! it. What is promised in it is an action like any other, whose source it is.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use kernel::{Actor, EntityRef, Refusal, Stamp, codes};
use serde::{Deserialize, Serialize};

use crate::{Action, ActionState, Event, Knowledge, Source, State};

/// A retrospective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retro {
    /// What events say of it.
    pub about: RetroAbout,
    /// When it was opened.
    pub opened: Timestamp,
    /// By whom.
    pub by: Actor,
    /// The team's retrospective before, by its number.
    pub previous: Option<u64>,
    /// What had become of what was promised there, when this one was opened.
    pub verdict: Vec<Verdict>,
    /// What was said, in order.
    pub cards: Vec<Card>,
    /// The newest card's number; numbers are not used again, or a vote could go to another card.
    pub(crate) said: u32,
    /// When it was closed, and by whom.
    pub closed: Option<(Timestamp, Actor)>,
}

/// What an event about a retrospective says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetroAbout {
    /// Its number.
    pub number: u64,
    /// Whose it is.
    pub team: EntityRef,
    /// What it is about: the sprint's name, or what was given.
    pub title: String,
}

/// What became of something that was promised in the last retrospective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The item's number.
    pub action: u64,
    /// What was promised.
    pub what: String,
    /// By whom.
    pub owner: EntityRef,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a promise, in the machine's view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done by the deadline that was promised first.
    InTime,
    /// Done later.
    Late,
    /// It has time left.
    Open,
    /// Not done, and its deadline is over.
    Overdue,
    /// Not done, and escalated.
    Escalated,
    /// Decided against.
    Deprioritised,
}

/// Something that was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its number in the retrospective, from one.
    pub number: u32,
    /// Where it stands.
    pub column: Column,
    /// What it says.
    pub text: String,
    /// Who said it.
    pub by: Actor,
    /// Who votes for it, by name.
    pub votes: OrdSet<String>,
}

/// Where a card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// It went well.
    Well,
    /// It went badly.
    Badly,
    /// It puzzles.
    Puzzle,
}

/// What somebody wants to happen to a retrospective.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RetroCommand {
    /// Begin one: a team has one at a time.
    Open {
        /// Whose.
        team: EntityRef,
        /// What it is about; the sprint that is now, if it is empty.
        title: String,
    },
    /// Say something.
    Say {
        /// Which retrospective.
        retro: u64,
        /// Where it stands.
        column: Column,
        /// What.
        text: String,
    },
    /// Take back what one said.
    TakeBack {
        /// Which retrospective.
        retro: u64,
        /// The card's number.
        card: u32,
    },
    /// Vote for a card, or not any more.
    Vote {
        /// Which retrospective.
        retro: u64,
        /// The card's number.
        card: u32,
        /// Whether it has the vote.
        on: bool,
    },
    /// End it.
    Close {
        /// Which retrospective.
        retro: u64,
    },
}

/// Votes that everybody has in one retrospective.
pub const VOTES: usize = 5;
const CARDS_MAX: usize = 200;
const TEXT_BYTES_MAX: usize = 1_000;
const TITLE_BYTES_MAX: usize = 100;
const VERDICTS_MAX: usize = 100;

/// All retrospectives that are held.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Retros {
    retros: OrdMap<u64, Arc<Retro>>,
    last: u64,
    by_team: OrdMap<EntityRef, OrdSet<u64>>,
}

/// The retrospective's own reference: `retrospective:default/<number>`.
///
/// # Panics
/// Never: the parts of it are constants and digits.
#[must_use]
#[expect(clippy::expect_used, reason = "the parts are constants and digits, and a test makes it")]
pub fn retro_reference(number: u64) -> EntityRef {
    EntityRef::new("retrospective", EntityRef::DEFAULT_NAMESPACE, &number.to_string()).expect("constant parts")
}

impl Outcome {
    /// What became of an item, at a moment.
    #[must_use]
    pub fn of(action: &Action, now: Timestamp) -> Self {
        match &action.state {
            ActionState::Done { .. } if action.was_late() => Self::Late,
            ActionState::Done { .. } => Self::InTime,
            ActionState::Escalated { .. } => Self::Escalated,
            ActionState::Deprioritised { .. } => Self::Deprioritised,
            ActionState::Open if action.is_late(now) => Self::Overdue,
            ActionState::Open => Self::Open,
        }
    }

    /// The words for it.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::InTime => "done in time",
            Self::Late => "done late",
            Self::Open => "open",
            Self::Overdue => "late",
            Self::Escalated => "escalated",
            Self::Deprioritised => "decided against",
        }
    }
}

impl Column {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Well, Self::Badly, Self::Puzzle];

    /// The word for it in addresses and forms.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Well => "well",
            Self::Badly => "badly",
            Self::Puzzle => "puzzle",
        }
    }

    /// What stands above it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Well => "Went well",
            Self::Badly => "Went badly",
            Self::Puzzle => "Puzzles",
        }
    }
}

impl Retro {
    /// The card of this number.
    #[must_use]
    pub fn card(&self, number: u32) -> Option<&Card> {
        self.cards.iter().find(|card| card.number == number)
    }

    /// How many votes somebody has given.
    #[must_use]
    pub fn votes_of(&self, name: &str) -> usize {
        self.cards.iter().filter(|card| card.votes.contains(name)).count()
    }

    /// The cards of a column, those with the most votes first.
    #[must_use]
    pub fn column(&self, column: Column) -> Vec<&Card> {
        let mut cards: Vec<&Card> = self.cards.iter().filter(|card| card.column == column).collect();
        cards.sort_by_key(|card| (std::cmp::Reverse(card.votes.len()), card.number));
        cards
    }
}

impl Retros {
    /// Retrospectives that are held; older ones are on the timeline.
    const KEPT: usize = 5_000;

    /// The retrospective of this number.
    #[must_use]
    pub fn get(&self, number: u64) -> Option<&Retro> {
        self.retros.get(&number).map(Arc::as_ref)
    }

    /// Every retrospective, the newest first.
    pub fn iter(&self) -> impl Iterator<Item = &Retro> {
        self.retros.values().rev().map(Arc::as_ref)
    }

    /// A team's retrospectives, the newest first.
    pub fn of_team(&self, team: &EntityRef) -> impl Iterator<Item = &Retro> + use<'_> {
        self.by_team.get(team).into_iter().flatten().rev().filter_map(|number| self.get(*number))
    }

    /// A team's newest retrospective: what is promised in it is judged when the next is opened.
    #[must_use]
    pub fn newest(&self, team: &EntityRef) -> Option<&Retro> {
        self.of_team(team).next()
    }

    pub(crate) fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::RetroOpened { about, previous, verdict } => {
                let retro = Retro {
                    about: about.clone(),
                    opened: stamp.at,
                    by: stamp.actor.clone(),
                    previous: *previous,
                    verdict: verdict.clone(),
                    cards: Vec::new(),
                    said: 0,
                    closed: None,
                };
                self.last = self.last.max(about.number);
                self.by_team.entry(about.team.clone()).or_default().insert(about.number);
                self.retros.insert(about.number, Arc::new(retro));
                self.forget_oldest();
            }
            Event::RetroSaid { about, card, column, text } => self.change(about, |retro| {
                let (number, column, text) = (*card, *column, text.clone());
                retro.said = retro.said.max(number);
                retro.cards.push(Card { number, column, text, by: stamp.actor.clone(), votes: OrdSet::new() });
            }),
            Event::RetroTakenBack { about, card } => self.change(about, |retro| {
                retro.cards.retain(|known| known.number != *card);
            }),
            Event::RetroVoted { about, card, on } => self.change(about, |retro| {
                let name = stamp.actor.to_string();
                if let Some(card) = retro.cards.iter_mut().find(|known| known.number == *card) {
                    if *on {
                        card.votes.insert(name)
                    } else {
                        card.votes.remove(&name)
                    };
                }
            }),
            Event::RetroClosed { about } => {
                self.change(about, |retro| retro.closed = Some((stamp.at, stamp.actor.clone())));
            }
            Event::CycleDefined { .. }
            | Event::CycleRemoved { .. }
            | Event::Digested { .. }
            | Event::Promised { .. }
            | Event::Done { .. }
            | Event::Reopened { .. }
            | Event::Escalated { .. }
            | Event::Reminded { .. }
            | Event::Deprioritised { .. }
            | Event::Reassigned { .. }
            | Event::Postponed { .. } => {}
        }
    }

    fn change(&mut self, about: &RetroAbout, change: impl FnOnce(&mut Retro)) {
        if let Some(retro) = self.retros.get_mut(&about.number) {
            change(Arc::make_mut(retro));
        }
    }

    fn forget_oldest(&mut self) {
        while self.retros.len() > Self::KEPT
            && let Some((number, oldest)) = self.retros.get_min().map(|(number, retro)| (*number, Arc::clone(retro)))
        {
            self.retros.remove(&number);
            if let Some(numbers) = self.by_team.get_mut(&oldest.about.team) {
                numbers.remove(&number);
            }
        }
    }
}

/// Decides what becomes of a wish about retrospectives.
pub(crate) fn decide(
    state: &State,
    command: RetroCommand,
    known: &dyn Knowledge,
    (actor, now): (&Actor, Timestamp),
) -> Result<Option<Event>, Refusal> {
    let retros = state.retros();
    Ok(match command {
        RetroCommand::Open { team, title } => Some(open(state, team, &title, known, now)?),
        RetroCommand::Say { retro, column, text } => {
            let retro = running(retros, retro)?;
            if retro.cards.len() >= CARDS_MAX {
                let detail = format!("{CARDS_MAX} cards are what one retrospective can hold");
                return Err(Refusal::new(&codes::CONFLICT, detail));
            }
            let text = text.trim().to_owned();
            if text.is_empty() || text.len() > TEXT_BYTES_MAX {
                let detail = format!("a card has from 1 to {TEXT_BYTES_MAX} bytes");
                return Err(Refusal::new(&codes::INVALID, detail).field("/text"));
            }
            let card = retro.said + 1;
            Some(Event::RetroSaid { about: retro.about.clone(), card, column, text })
        }
        RetroCommand::TakeBack { retro, card } => {
            let retro = running(retros, retro)?;
            let said = card_of(retro, card)?;
            if said.by != *actor {
                let detail = format!("only {} can take that back", said.by);
                return Err(Refusal::new(&codes::FORBIDDEN, detail));
            }
            Some(Event::RetroTakenBack { about: retro.about.clone(), card })
        }
        RetroCommand::Vote { retro, card, on } => {
            let retro = running(retros, retro)?;
            if !actor.is_person() {
                let refusal = Refusal::new(&codes::FORBIDDEN, "only a person votes: a program has no votes");
                return Err(refusal.fix("sign in"));
            }
            let name = actor.to_string();
            let has = card_of(retro, card)?.votes.contains(&name);
            if has == on {
                return Ok(None);
            }
            if on && retro.votes_of(&name) >= VOTES {
                let detail = format!("you have given your {VOTES} votes");
                return Err(Refusal::new(&codes::CONFLICT, detail).fix("take one back first"));
            }
            Some(Event::RetroVoted { about: retro.about.clone(), card, on })
        }
        RetroCommand::Close { retro } => {
            let detail = || format!("there is no retrospective {retro}");
            let retro = retros.get(retro).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, detail()))?;
            retro.closed.is_none().then(|| Event::RetroClosed { about: retro.about.clone() })
        }
    })
}

fn running(retros: &Retros, number: u64) -> Result<&Retro, Refusal> {
    let detail = || format!("there is no retrospective {number}");
    let retro = retros.get(number).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, detail()))?;
    if retro.closed.is_none() {
        return Ok(retro);
    }
    Err(Refusal::new(&codes::CONFLICT, format!("retrospective {number} is closed")).fix("open the next one"))
}

fn card_of(retro: &Retro, card: u32) -> Result<&Card, Refusal> {
    let detail = || format!("retrospective {} has no card {card}", retro.about.number);
    retro.card(card).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, detail()))
}

fn open(state: &State, team: EntityRef, title: &str, known: &dyn Knowledge, now: Timestamp) -> Result<Event, Refusal> {
    let retros = state.retros();
    if !known.is_team(&team) {
        let detail = format!("{team} is no group of the catalog");
        return Err(Refusal::new(&codes::INVALID, detail).field("/team").fix("name a group"));
    }
    let previous = retros.newest(&team);
    if let Some(running) = previous.filter(|retro| retro.closed.is_none()) {
        let detail = format!("retrospective {} of {} is open", running.about.number, team.short());
        return Err(Refusal::new(&codes::CONFLICT, detail).field("/team").fix("close it first"));
    }
    let title = title.trim();
    if title.len() > TITLE_BYTES_MAX || title.contains(char::is_control) {
        let detail = format!("a title is one line of at most {TITLE_BYTES_MAX} bytes");
        return Err(Refusal::new(&codes::INVALID, detail).field("/title"));
    }
    let turn = known.calendar(&team).and_then(|calendar| calendar.at(now));
    let title = match (title, turn) {
        ("", Some(turn)) => turn.name,
        ("", None) => now.strftime("%F").to_string(),
        (title, _) => title.to_owned(),
    };
    let promised = previous.into_iter().flat_map(|retro| {
        state.of_source(&Source::Retrospective { retrospective: retro.about.number }).take(VERDICTS_MAX)
    });
    let verdict = promised.map(|action| Verdict {
        action: action.number,
        what: action.promise.what.clone(),
        owner: action.promise.owner.clone(),
        outcome: Outcome::of(action, now),
    });
    let verdict = verdict.collect();
    let about = RetroAbout { number: retros.last + 1, team, title };
    Ok(Event::RetroOpened { about, previous: previous.map(|retro| retro.about.number), verdict })
}
