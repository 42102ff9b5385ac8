//! One item: what was promised, what became of it, and what is due of it.

use std::sync::Arc;

use imbl::Vector;
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, EntityRef, Stamp};
use serde::{Deserialize, Serialize};

use crate::{About, Clock, Due, Event, Evidence, Lead, Promise, Reminder, Told, reference};

/// A promise and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// Its number.
    pub number: u64,
    /// What was promised; owner and deadline are those of now.
    pub promise: Promise,
    /// Who promised it.
    pub by: Actor,
    /// When.
    pub promised: Timestamp,
    /// The deadline that was promised first.
    pub first_deadline: Timestamp,
    /// When it escalates if it is not finished by then.
    pub clock: Clock,
    /// What became of it.
    pub state: ActionState,
    /// How it was escalated, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<Escalation>,
    /// How often its deadline was put off.
    #[serde(default)]
    pub postponed: u32,
    /// How often it was reopened.
    #[serde(default)]
    pub reopened: u32,
    /// Of what the owner was reminded last, since the deadline was set, or of what it was too late to remind them.
    #[serde(default)]
    pub reminded: Option<Reminder>,
    /// What happened to it, the oldest first: the newest [`Action::LOG`].
    pub log: Vector<Entry>,
    /// Entries of the log that were left out.
    #[serde(default)]
    pub log_left_out: u64,
    /// The position of the last event.
    pub(crate) changed_at: u64,
}

/// What became of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ActionState {
    /// It is to be done.
    Open,
    /// It was done.
    Done {
        /// When.
        at: Timestamp,
        /// Who says so.
        by: Actor,
        /// What shows it.
        evidence: Evidence,
    },
    /// It was not done in time, and waits for somebody to do it or to decide against it.
    Escalated {
        /// When.
        at: Timestamp,
    },
    /// Somebody decided against it.
    Deprioritised {
        /// When.
        at: Timestamp,
        /// Who handed the decision in.
        by: Actor,
        /// Whose decision it is, if another.
        person: Option<EntityRef>,
        /// Why.
        reason: String,
    },
}

/// How an item was escalated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub to: Vec<EntityRef>,
    /// Why to them.
    pub lead: Lead,
    /// When they were last told.
    pub told: Timestamp,
}

/// One line of an item's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// What, in words.
    pub what: String,
}

/// The owner is reminded so long before the deadline.
pub(crate) const WARNING: SignedDuration = SignedDuration::from_hours(48);
/// Whoever an item was escalated to is told again after this time.
pub(crate) const AGAIN: SignedDuration = SignedDuration::from_hours(7 * 24);

pub(crate) fn promised(number: u64, promise: &Promise, clock: &Clock, stamp: &Stamp) -> Arc<Action> {
    let mut action = Action {
        number,
        promise: promise.clone(),
        by: stamp.actor.clone(),
        promised: stamp.at,
        first_deadline: promise.deadline,
        clock: clock.clone(),
        state: ActionState::Open,
        escalation: None,
        postponed: 0,
        reopened: 0,
        reminded: too_late_for(promise.deadline, stamp.at),
        log: Vector::new(),
        log_left_out: 0,
        changed_at: stamp.position,
    };
    action.note(stamp, "promised it".to_owned());
    Arc::new(action)
}

impl ActionState {
    /// The word for it, as filters have it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done { .. } => "done",
            Self::Escalated { .. } => "escalated",
            Self::Deprioritised { .. } => "deprioritised",
        }
    }
}

impl Action {
    /// Lines of the log that are held.
    pub const LOG: usize = 100;

    /// The item's own reference.
    #[must_use]
    pub fn reference(&self) -> EntityRef {
        reference(self.number)
    }

    /// What events say of it.
    #[must_use]
    pub fn about(&self) -> About {
        let Promise { what, subject, owner, team, .. } = &self.promise;
        About {
            number: self.number,
            what: what.clone(),
            subject: subject.clone(),
            owner: owner.clone(),
            team: team.clone(),
        }
    }

    /// True if it was done, or somebody decided against it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self.state {
            ActionState::Done { .. } | ActionState::Deprioritised { .. } => true,
            ActionState::Open | ActionState::Escalated { .. } => false,
        }
    }

    /// True if it is not done, and its deadline is over.
    #[must_use]
    pub fn is_late(&self, now: Timestamp) -> bool {
        !self.is_finished() && self.promise.deadline <= now
    }

    /// True if it was done after the deadline that was promised first.
    #[must_use]
    pub fn was_late(&self) -> bool {
        matches!(&self.state, ActionState::Done { at, .. } if *at > self.first_deadline)
    }

    /// True if its condition is looked at: until it holds, and if it can fail again, from then on too.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        match self.state {
            ActionState::Open | ActionState::Escalated { .. } => !self.promise.done_when.is_word(),
            ActionState::Done { .. } => self.promise.done_when.is_lasting(),
            ActionState::Deprioritised { .. } => false,
        }
    }

    /// Whose it is to see to it: the owner's, and while it is escalated also theirs to whom it was.
    pub(crate) fn concerned(&self) -> impl Iterator<Item = &EntityRef> {
        let is_escalated = matches!(self.state, ActionState::Escalated { .. });
        let escalation = self.escalation.as_ref().filter(|_| is_escalated);
        let to = escalation.into_iter().flat_map(|escalation| &escalation.to);
        std::iter::once(&self.promise.owner).chain(to)
    }

    /// True of the owner, and while it is escalated also of those to whom it was.
    #[must_use]
    pub fn concerns(&self, person: &EntityRef) -> bool {
        self.concerned().any(|concerned| concerned == person)
    }

    /// When something is due of it, and what.
    #[must_use]
    pub fn next_due(&self) -> Option<(Timestamp, Due)> {
        match &self.state {
            ActionState::Done { .. } | ActionState::Deprioritised { .. } => None,
            ActionState::Escalated { .. } => {
                let told = self.escalation.as_ref()?.told;
                Some((told.saturating_add(AGAIN).ok()?, Due::Remind(Reminder::StillEscalated)))
            }
            ActionState::Open => {
                let escalates = (self.clock.escalates, Due::Escalate);
                let deadline = self.promise.deadline;
                let soon = deadline.saturating_sub(WARNING).unwrap_or(Timestamp::MIN);
                let reminder = match self.reminded {
                    None => (soon, Due::Remind(Reminder::Soon)),
                    Some(Reminder::Soon) => (deadline, Due::Remind(Reminder::Deadline)),
                    Some(Reminder::Deadline | Reminder::StillEscalated) => return Some(escalates),
                };
                // At the same time, the escalation is enough.
                Some(if reminder.0 < escalates.0 { reminder } else { escalates })
            }
        }
    }

    /// What is due of it at a moment: of several things that were missed, the last.
    #[must_use]
    pub fn what_is_due(&self, now: Timestamp) -> Option<Due> {
        let (at, due) = self.next_due()?;
        if at > now {
            return None;
        }
        let is_open = matches!(self.state, ActionState::Open);
        Some(match due {
            Due::Remind(_) if is_open && self.clock.escalates <= now => Due::Escalate,
            Due::Remind(Reminder::Soon) if self.promise.deadline <= now => Due::Remind(Reminder::Deadline),
            Due::Remind(_) | Due::Escalate => due,
        })
    }

    /// Takes in one event about it.
    pub(crate) fn apply(&mut self, event: &Event, stamp: &Stamp) {
        self.changed_at = stamp.position;
        match event {
            Event::Done { evidence, .. } => {
                self.state = ActionState::Done { at: stamp.at, by: stamp.actor.clone(), evidence: evidence.clone() };
            }
            Event::Reopened { clock, .. } => {
                self.reopened += 1;
                match clock {
                    Some(clock) => {
                        self.clock = clock.clone();
                        self.state = ActionState::Open;
                        // The deadline is over mostly; what is due next is that it escalates.
                        self.reminded = too_late_for(self.promise.deadline, stamp.at);
                    }
                    // When they were last told stays: a check that comes and goes must not silence the reminders.
                    None => self.state = ActionState::Escalated { at: stamp.at },
                }
            }
            Event::Escalated { to, lead, .. } => {
                // That it goes on to somebody else makes it no younger.
                if !matches!(self.state, ActionState::Escalated { .. }) {
                    self.state = ActionState::Escalated { at: stamp.at };
                }
                let to = people(to);
                self.escalation = Some(Escalation { at: stamp.at, to, lead: lead.clone(), told: stamp.at });
            }
            Event::Reminded { of, .. } => {
                self.reminded = Some(*of);
                if let Some(escalation) = &mut self.escalation {
                    escalation.told = stamp.at;
                }
            }
            Event::Deprioritised { reason, by, .. } => {
                let (person, reason) = (by.clone(), reason.clone());
                self.state = ActionState::Deprioritised { at: stamp.at, by: stamp.actor.clone(), person, reason };
            }
            Event::Reassigned { owner, .. } => {
                self.promise.owner = owner.clone();
            }
            Event::Postponed { to, .. } => {
                self.promise.deadline = *to;
                self.postponed += 1;
                self.reminded = too_late_for(*to, stamp.at);
            }
            Event::CycleDefined { .. }
            | Event::CycleRemoved { .. }
            | Event::Digested { .. }
            | Event::Promised { .. }
            | Event::RetroOpened { .. }
            | Event::RetroSaid { .. }
            | Event::RetroTakenBack { .. }
            | Event::RetroVoted { .. }
            | Event::RetroClosed { .. } => return,
        }
        self.note(stamp, in_words(event));
    }

    fn note(&mut self, stamp: &Stamp, what: String) {
        if self.log.len() >= Self::LOG {
            self.log.pop_front();
            self.log_left_out += 1;
        }
        self.log.push_back(Entry { at: stamp.at, by: stamp.actor.clone(), what });
    }
}

/// The last reminder of a deadline whose time is over already, so that it isn't sent.
fn too_late_for(deadline: Timestamp, now: Timestamp) -> Option<Reminder> {
    if deadline <= now {
        return Some(Reminder::Deadline);
    }
    (deadline.duration_since(now) <= WARNING).then_some(Reminder::Soon)
}

fn people(told: &[Told]) -> Vec<EntityRef> {
    told.iter().map(|told| told.person.clone()).collect()
}

/// What an event did, in words for the log of the item that it is about.
fn in_words(event: &Event) -> String {
    use crate::Why;
    let told = |to: &[Told]| {
        let words: Vec<String> = to
            .iter()
            .map(|told| match told.message {
                Some(_) => told.person.short().to_owned(),
                None => format!("{} (no address of theirs is known)", told.person.short()),
            })
            .collect();
        if words.is_empty() { "nobody: there is nobody to tell".to_owned() } else { words.join(", ") }
    };
    match event {
        Event::Done { evidence: Evidence::Word { note, link }, .. } => format!("did it: {note} ({link})"),
        Event::Done { evidence: Evidence::Seen { words }, .. } => format!("found it done: {words}"),
        Event::Reopened { why: Why::Failed { words }, .. } => format!("reopened it: {words}"),
        Event::Reopened { why: Why::ByHand { reason }, .. } => format!("reopened it: {reason}"),
        Event::Escalated { to, lead: Lead::Leads { team }, .. } => {
            format!("escalated it to {}, who leads {}", told(to), team.short())
        }
        Event::Escalated { to, lead: Lead::Nobody { team: Some(team) }, .. } => {
            format!("escalated it to all of {}, which nobody leads: {}", team.short(), told(to))
        }
        Event::Escalated { lead: Lead::Nobody { team: None }, .. } => {
            "escalated it to nobody: it is no team’s".to_owned()
        }
        Event::Reminded { of: Reminder::Soon, to, .. } => format!("reminded {}: two days are left", told(to)),
        Event::Reminded { of: Reminder::Deadline, to, .. } => format!("reminded {}: the deadline has come", told(to)),
        Event::Reminded { of: Reminder::StillEscalated, to, .. } => {
            format!("reminded {}: it is still escalated", told(to))
        }
        Event::Deprioritised { reason, by: Some(by), .. } => {
            format!("handed in that {} deprioritised it: {reason}", by.short())
        }
        Event::Deprioritised { reason, by: None, .. } => format!("deprioritised it: {reason}"),
        Event::Reassigned { about, owner } => format!("gave it from {} to {}", about.owner.short(), owner.short()),
        Event::Postponed { from, to, reason, .. } => {
            format!("postponed it from {} to {}: {reason}", from.strftime("%F"), to.strftime("%F"))
        }
        Event::CycleDefined { .. }
        | Event::CycleRemoved { .. }
        | Event::Digested { .. }
        | Event::Promised { .. }
        | Event::RetroOpened { .. }
        | Event::RetroSaid { .. }
        | Event::RetroTakenBack { .. }
        | Event::RetroVoted { .. }
        | Event::RetroClosed { .. } => String::new(),
    }
}
