//! The wishes, and what becomes of them.

mod promise;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, Context, EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};

use crate::{
    Action, ActionState, Clock, Cycle, Due, Event, Evidence, Knowledge, Look, Promise, Reminder, RetroCommand, State,
    Told, Why, is_known, retro,
};

/// What somebody wants to happen to a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Have this calendar, as defined here.
    DefineCycle {
        /// What it is from now on.
        definition: Cycle,
    },
    /// Have it no more.
    RemoveCycle {
        /// The calendar.
        cycle: EntityRef,
    },
    /// Promise something.
    Promise {
        /// All of it.
        promise: Promise,
    },
    /// Say that it was done. Where the promise has a condition, that decides, and nobody's word does.
    Done {
        /// The item's number.
        action: u64,
        /// What was done, in Markdown.
        note: String,
        /// Where it can be seen: an `https` address.
        link: String,
    },
    /// Decide that it isn't to be done, under one's name: a person's, or one that a program names.
    Deprioritise {
        /// The item's number.
        action: u64,
        /// Why.
        reason: String,
        /// Whose decision it is, where a program hands it in; a user.
        by: Option<EntityRef>,
    },
    /// Let somebody else do it.
    Reassign {
        /// The item's number.
        action: u64,
        /// Who; a user.
        owner: EntityRef,
    },
    /// Set another deadline: once, before it escalates. When that is stays as it is.
    Postpone {
        /// The item's number.
        action: u64,
        /// The deadline.
        deadline: Timestamp,
        /// Why.
        reason: String,
    },
    /// It isn't done after all, or is to be done after all.
    Reopen {
        /// The item's number.
        action: u64,
        /// Why.
        reason: String,
    },
    /// Look at its condition: something happened that may have changed it.
    Observe {
        /// The item's number.
        action: u64,
    },
    /// Tell a team how its week was.
    Digest {
        /// By which calendar.
        cycle: EntityRef,
    },
    /// Remind whom it concerns.
    Remind {
        /// The item's number.
        action: u64,
        /// Of what.
        of: Reminder,
    },
    /// Let the owner's lead see to it; the next lead, if it is escalated and all of those to whom it was are gone.
    Escalate {
        /// The item's number.
        action: u64,
    },
    /// Something about a retrospective.
    Retro {
        /// What.
        command: RetroCommand,
    },
}

/// One line.
pub const WHAT_BYTES_MAX: usize = 200;
/// A reason, or a note.
pub const TEXT_BYTES_MAX: usize = 5_000;
const LINK_BYTES_MAX: usize = 2_000;
const SEEN_BYTES_MAX: usize = 500;
/// A deadline lies in the future by so much at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(2 * 366 * 24);
/// An item escalates after so many whole sprints of its team.
pub const SPRINTS: u32 = 2;
/// Where the team has no calendar, it escalates after this time.
pub const WITHOUT_CALENDAR: SignedDuration = SignedDuration::from_hours(4 * 7 * 24);
/// How often a deadline can be put off.
const POSTPONED_MAX: u32 = 1;
/// People who are told at the same time.
const TOLD_MAX: usize = 50;
/// Items of which something is done at the same time, because it is due.
pub const DUE_MAX: usize = 200;

/// Decides what becomes of a command. No events: there is nothing to do.
///
/// # Errors
/// `not-found` for an unknown item or calendar; `invalid` for values that are not allowed; `conflict` where the item is not
/// in the state that this needs; `forbidden` where it takes a person's name and there is none.
pub fn decide(
    state: &State,
    command: Command,
    known: &dyn Knowledge,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        Command::DefineCycle { definition } => define(state, definition)?,
        Command::RemoveCycle { cycle } => {
            let detail = || format!("there is no calendar {}", cycle.short());
            let team = state.cycle(&cycle).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, detail()))?.team.clone();
            Some(Event::CycleRemoved { cycle, team })
        }
        Command::Promise { promise } => Some(promise::decide(state, promise, known, context)?),
        Command::Done { action, note, link } => Some(done(held(state, action)?, note, link, known)?),
        Command::Deprioritise { action, reason, by } => {
            deprioritise(held(state, action)?, reason, by, known, &context.actor)?
        }
        Command::Reassign { action, owner } => {
            let action = unfinished(held(state, action)?)?;
            is_known("/owner", &owner, known)?;
            (action.promise.owner != owner).then(|| Event::Reassigned { about: action.about(), owner })
        }
        Command::Postpone { action, deadline, reason } => {
            Some(postpone(held(state, action)?, deadline, reason, context.now)?)
        }
        Command::Reopen { action, reason } => {
            let action = held(state, action)?;
            if !action.is_finished() {
                return Ok(Vec::new());
            }
            Some(reopen_by_hand(action, reason, known)?)
        }
        Command::Observe { action } => observe(held(state, action)?, known, context.now),
        Command::Digest { cycle } => digest(state, &cycle, known, context),
        Command::Remind { action, of } => remind(held(state, action)?, of, known, context),
        Command::Escalate { action } => escalate(held(state, action)?, known, context),
        Command::Retro { command } => retro::decide(state, command, known, (&context.actor, context.now))?,
    };
    Ok(event.into_iter().collect())
}

/// The commands whose time has come, those that have waited longest first: at most [`DUE_MAX`], so that what fell due while
/// Mainstay stood still is not one giant write.
pub fn due(state: &State, now: Timestamp) -> impl Iterator<Item = Command> + '_ {
    let items = state.due(now).map(|(action, due)| match due {
        Due::Remind(of) => Command::Remind { action: action.number, of },
        Due::Escalate => Command::Escalate { action: action.number },
    });
    let digests = state.digests().due(now).map(|cycle| Command::Digest { cycle: cycle.clone() });
    items.chain(digests).take(DUE_MAX)
}

/// When a promise of this team escalates that is made now: when its second whole sprint is over, or in four weeks, if there
/// is no calendar, or one that has not begun.
#[must_use]
pub fn clock(calendar: Option<&Cycle>, now: Timestamp) -> Clock {
    let begun = calendar.filter(|calendar| calendar.at(now).is_some());
    let by_calendar = begun.and_then(|calendar| {
        let escalates = calendar.end_of(SPRINTS, now)?;
        Some(Clock { escalates, cycle: Some(calendar.cycle.clone()) })
    });
    by_calendar.unwrap_or_else(|| Clock { escalates: now.saturating_add(WITHOUT_CALENDAR).unwrap_or(now), cycle: None })
}

fn invalid(field: &str, detail: impl Into<String>) -> Refusal {
    Refusal::new(&codes::INVALID, detail).field(field)
}

fn held(state: &State, number: u64) -> Result<&Action, Refusal> {
    let detail = || format!("there is no action {number}");
    state.get(number).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, detail()))
}

fn unfinished(action: &Action) -> Result<&Action, Refusal> {
    if !action.is_finished() {
        return Ok(action);
    }
    let detail = format!("action {} is {}", action.number, action.state.as_str());
    Err(Refusal::new(&codes::CONFLICT, detail).fix("reopen it first, with a reason"))
}

fn define(state: &State, definition: Cycle) -> Result<Option<Event>, Refusal> {
    match state.cycle(&definition.cycle) {
        Some(known) if *known == definition => Ok(None),
        None if state.cycles_count() >= State::CYCLES_MAX => {
            let detail = format!("there are {} calendars already", State::CYCLES_MAX);
            Err(Refusal::new(&codes::INVALID, detail).fix("remove one first"))
        }
        Some(_) | None => Ok(Some(Event::CycleDefined { definition })),
    }
}

fn deadline(deadline: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if deadline <= now {
        let detail = format!("the deadline {} is over already", deadline.strftime("%F %H:%M UTC"));
        return Err(invalid("/deadline", detail).fix("give one in the future"));
    }
    if deadline.duration_since(now) > LONGEST {
        return Err(invalid("/deadline", "the deadline is more than two years ahead").fix("give an earlier one"));
    }
    Ok(())
}

fn text(field: &str, text: String, bytes_max: usize) -> Result<String, Refusal> {
    let name = field.trim_start_matches('/');
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(invalid(field, format!("\"{name}\" must not be empty")));
    }
    if trimmed.len() > bytes_max {
        let detail = format!("\"{name}\" has {} bytes; at most {bytes_max} are allowed", trimmed.len());
        return Err(invalid(field, detail));
    }
    Ok(trimmed.to_owned())
}

fn done(action: &Action, note: String, link: String, known: &dyn Knowledge) -> Result<Event, Refusal> {
    let action = unfinished(action)?;
    let condition = &action.promise.done_when;
    if !condition.is_word() {
        let seen = match known.look(condition, action.promised) {
            Look::Holds(words) => return Ok(Event::Done { about: action.about(), evidence: Evidence::Seen { words } }),
            Look::Fails(words) | Look::Unsure(words) => words,
        };
        let detail =
            format!("action {} is done when {}, and it is not so: {seen}", action.number, condition.in_words());
        return Err(Refusal::new(&codes::CONFLICT, detail)
            .fix("make it so, and the action closes by itself; or deprioritise it with a reason"));
    }
    let note = text("/note", note, TEXT_BYTES_MAX)?;
    let link = link.trim().to_owned();
    let host = link.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_sound = host.is_some_and(|host| !host.is_empty())
        && link.len() <= LINK_BYTES_MAX
        && !link.contains(|letter: char| letter.is_whitespace() || letter.is_control());
    if !is_sound {
        return Err(invalid("/link", "evidence needs an https address of at most 2,000 bytes")
            .fix("give the address of the change, document or ticket that shows it"));
    }
    Ok(Event::Done { about: action.about(), evidence: Evidence::Word { note, link } })
}

fn deprioritise(
    action: &Action,
    reason: String,
    by: Option<EntityRef>,
    known: &dyn Knowledge,
    actor: &Actor,
) -> Result<Option<Event>, Refusal> {
    if matches!(action.state, ActionState::Deprioritised { .. }) {
        return Ok(None);
    }
    let action = unfinished(action)?;
    let by = match (actor, by) {
        // Who is signed in decides under their own name, unless they hand in another's decision.
        (Actor::Person(_), None) => None,
        (Actor::Person(_) | Actor::Token(_), Some(by)) => {
            is_known("/by", &by, known)?;
            Some(by)
        }
        (Actor::Token(_), None) => {
            return Err(invalid("/by", "it takes a person to decide against a promise")
                .fix("say by whom it is decided: a user of the catalog"));
        }
        (Actor::Source(_) | Actor::Mainstay(_), _) => {
            return Err(Refusal::new(&codes::FORBIDDEN, "only a person decides against a promise"));
        }
    };
    let reason = text("/reason", reason, TEXT_BYTES_MAX)?;
    Ok(Some(Event::Deprioritised { about: action.about(), reason, by }))
}

fn postpone(action: &Action, to: Timestamp, reason: String, now: Timestamp) -> Result<Event, Refusal> {
    let action = unfinished(action)?;
    if matches!(action.state, ActionState::Escalated { .. }) {
        let detail = format!("action {} is escalated, and can't be put off any more", action.number);
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("do it, or deprioritise it with a reason"));
    }
    if action.postponed >= POSTPONED_MAX {
        let detail = format!("the deadline of action {} was put off before", action.number);
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("do it, or deprioritise it with a reason"));
    }
    deadline(to, now)?;
    let from = action.promise.deadline;
    if to <= from {
        return Err(invalid("/deadline", "the new deadline is not later than the one that it has"));
    }
    let reason = text("/reason", reason, TEXT_BYTES_MAX)?;
    Ok(Event::Postponed { about: action.about(), from, to, reason })
}

/// It escalates when it would have: to decide against a promise and to reopen it gives nobody more time.
fn reopen_by_hand(action: &Action, reason: String, known: &dyn Knowledge) -> Result<Event, Refusal> {
    let condition = &action.promise.done_when;
    if let Look::Holds(words) = known.look(condition, action.promised) {
        let detail = format!("action {} is done when {}, and it is so: {words}", action.number, condition.in_words());
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("promise what is still to be done"));
    }
    let reason = text("/reason", reason, TEXT_BYTES_MAX)?;
    Ok(reopened(action, Why::ByHand { reason }, || action.clock.clone()))
}

/// What was escalated once is escalated again at once: a moment's success doesn't silence it.
fn reopened(action: &Action, why: Why, clock: impl FnOnce() -> Clock) -> Event {
    Event::Reopened { about: action.about(), why, clock: action.escalation.is_none().then(clock) }
}

/// It is looked at now, and not when the event came that made somebody look: that may have been in the midst of a change.
fn observe(action: &Action, known: &dyn Knowledge, now: Timestamp) -> Option<Event> {
    if !action.is_watched() {
        return None;
    }
    let cut = |mut words: String| {
        words.truncate(words.floor_char_boundary(SEEN_BYTES_MAX));
        words
    };
    match (&action.state, known.look(&action.promise.done_when, action.promised)) {
        (ActionState::Open | ActionState::Escalated { .. }, Look::Holds(words)) => {
            Some(Event::Done { about: action.about(), evidence: Evidence::Seen { words: cut(words) } })
        }
        (ActionState::Done { .. }, Look::Fails(words)) => {
            let calendar = action.promise.team.as_ref().and_then(|team| known.calendar(team));
            Some(reopened(action, Why::Failed { words: cut(words) }, || clock(calendar, now)))
        }
        (ActionState::Open | ActionState::Escalated { .. }, Look::Fails(_))
        | (ActionState::Done { .. }, Look::Holds(_))
        | (ActionState::Deprioritised { .. }, _)
        | (_, Look::Unsure(_)) => None,
    }
}

/// The owner is reminded, or, if they left, whoever would get it by escalation.
fn remind(action: &Action, of: Reminder, known: &dyn Knowledge, context: &Context) -> Option<Event> {
    if action.what_is_due(context.now) != Some(Due::Remind(of)) {
        return None;
    }
    if let Some(handed_on) = escalate(action, known, context) {
        return Some(handed_on);
    }
    let mut people = match (&action.escalation, of) {
        (Some(escalation), Reminder::StillEscalated) => escalation.to.clone(),
        (Some(_) | None, Reminder::Soon | Reminder::Deadline) | (None, Reminder::StillEscalated) => Vec::new(),
    };
    people.insert(0, action.promise.owner.clone());
    people.retain(|person| known.is_person(person));
    if people.is_empty() {
        people = known.leads(&action.promise.owner, action.promise.team.as_ref()).0;
    }
    Some(Event::Reminded { about: action.about(), of, to: tell(people, known, context) })
}

/// Its time is over, or all of those to whom it was escalated are gone.
fn escalate(action: &Action, known: &dyn Knowledge, context: &Context) -> Option<Event> {
    let leads = || known.leads(&action.promise.owner, action.promise.team.as_ref());
    let (people, lead) = match (&action.state, &action.escalation) {
        (ActionState::Open, _) if action.clock.escalates <= context.now => leads(),
        (ActionState::Escalated { .. }, Some(escalation))
            if !escalation.to.iter().any(|person| known.is_person(person)) =>
        {
            // That it is still nobody's is no news.
            Some(leads()).filter(|(people, _)| !(people.is_empty() && escalation.to.is_empty()))?
        }
        (
            ActionState::Open
            | ActionState::Escalated { .. }
            | ActionState::Done { .. }
            | ActionState::Deprioritised { .. },
            _,
        ) => return None,
    };
    Some(Event::Escalated { about: action.about(), to: tell(people, known, context), lead })
}

/// The newest week that is over, once.
fn digest(state: &State, cycle: &EntityRef, known: &dyn Knowledge, context: &Context) -> Option<Event> {
    let due = state.digests().next(cycle).filter(|due| *due <= context.now)?;
    let calendar = state.cycle(cycle)?;
    let (from, until) = calendar.week(due, context.now)?;
    let team = calendar.team.clone();
    let to = tell(known.members(&team), known, context);
    Some(Event::Digested { cycle: cycle.clone(), team, from, until, to })
}

fn tell(people: Vec<EntityRef>, known: &dyn Knowledge, context: &Context) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for person in people.into_iter().take(TOLD_MAX) {
        if told.iter().all(|known| known.person != person) {
            let message = known.can_be_told(&person).then(|| context.id());
            told.push(Told { person, message });
        }
    }
    told
}
