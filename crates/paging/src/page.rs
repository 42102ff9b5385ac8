//! A page: what it is about, where it stands, and who was told.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use jiff::Timestamp;
use kernel::{Actor, EffectId, EntityRef, PageId};
use serde::{Deserialize, Serialize};

use crate::{Closing, IncidentRef, Kind, Method, MethodId, Opening, PageRef, Place, Plan, Urgency, Via};

/// Entries of a page's log that are held; the oldest make room.
pub const LOG_MAX: usize = 500;

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Status {
    /// People are told, step by step; or it waits for the hours of its policy.
    Open,
    /// Somebody answered.
    Acknowledged {
        /// Who.
        by: Actor,
        /// On which way.
        via: Via,
        /// When.
        at: Timestamp,
    },
    /// All was done and nobody answered. It can still be acknowledged or closed.
    Exhausted {
        /// When the end was reached.
        at: Timestamp,
    },
    /// It is over.
    Closed {
        /// Why.
        why: Closing,
        /// Who closed it.
        by: Actor,
        /// When.
        at: Timestamp,
    },
}

impl Status {
    /// The word for it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Acknowledged { .. } => "acknowledged",
            Self::Exhausted { .. } => "unanswered",
            Self::Closed { .. } => "closed",
        }
    }

    /// True if nothing more becomes of it.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        match self {
            Self::Open | Self::Exhausted { .. } => false,
            Self::Acknowledged { .. } | Self::Closed { .. } => true,
        }
    }
}

/// Where a notice stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NoticeState {
    /// It isn't due, or waits for the least time between two messages.
    Waiting,
    /// The message is on its way.
    Sending {
        /// What carries it out.
        effect: EffectId,
    },
    /// The message failed and is tried again.
    Retrying {
        /// What carries it out.
        effect: EffectId,
        /// Why it failed.
        error: String,
    },
    /// The other side took it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It failed for good.
    Failed {
        /// Why.
        error: String,
    },
    /// It wasn't needed any more.
    Dropped,
}

impl NoticeState {
    /// True if nothing more becomes of it.
    pub(crate) fn is_final(&self) -> bool {
        match self {
            Self::Waiting | Self::Sending { .. } | Self::Retrying { .. } => false,
            Self::Sent { .. } | Self::Failed { .. } | Self::Dropped => true,
        }
    }

    /// True if a message with this id is on its way.
    pub(crate) fn is_carried_by(&self, id: EffectId) -> bool {
        match self {
            Self::Sending { effect } | Self::Retrying { effect, .. } => *effect == id,
            Self::Waiting | Self::Sent { .. } | Self::Failed { .. } | Self::Dropped => false,
        }
    }
}

/// One thing to tell one person by one method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Whom.
    pub person: EntityRef,
    /// By what.
    pub method: Arc<Method>,
    /// What.
    pub kind: Kind,
    /// Which of the person's rules it follows from; none for what everybody is told again.
    pub rule: Option<u8>,
    /// When it falls due.
    pub at: Timestamp,
    /// Where it stands.
    pub state: NoticeState,
    /// The step that it belongs to, counted over the page's life.
    pub(crate) run: u32,
    /// True once its failure has brought the next one forward.
    pub(crate) fell_through: bool,
}

/// How a person was told of a page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// By which methods; empty as long as nothing has gone out that can have arrived.
    pub by: Vector<ToldBy>,
}

/// A method by which a message went out that did not fail for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldBy {
    /// The method.
    pub method: Arc<Method>,
    /// True once the other side took one.
    pub sent: bool,
}

/// One of the incidents that a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concern {
    /// The incident.
    pub incident: IncidentRef,
    /// True once it ended.
    pub ended: bool,
}

/// One line of a page's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// What happened, in words.
    pub words: String,
    /// True for what somebody must look into: nobody could be reached, a message failed.
    pub loud: bool,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its id and number.
    pub page: PageRef,
    /// What it is about.
    pub about: Arc<Opening>,
    /// The policy that it follows now: another than at first if somebody gave it to one.
    pub policy: Option<EntityRef>,
    /// All that is done as long as nobody answers.
    pub plan: Arc<Plan>,
    /// When it was opened.
    pub opened: Timestamp,
    /// The incidents that it is about: more than one only if there are too many pages.
    pub concerns: Vector<Concern>,
    /// How often something else was put into it.
    pub joined: u32,
    /// Where it stands.
    pub status: Status,
    /// The step that was reached last.
    pub reached: Option<Place>,
    /// The step that is reached next; none if the end is.
    pub next: Option<Place>,
    /// When that is; none if nobody waits for an answer any more.
    pub next_at: Option<Timestamp>,
    /// Everybody who was reached, and how they were told.
    pub people: OrdMap<EntityRef, Told>,
    /// The notices by their numbers. Of a person who is reached again, those that are done are left out.
    pub notices: OrdMap<u32, Notice>,
    /// The newest entries of its log, oldest first.
    pub log: Vector<LogEntry>,
    /// True once somebody escalated by hand: then it doesn't wait for hours.
    pub(crate) pressed: bool,
    /// True if somebody was reached in the current round.
    pub(crate) reached_in_round: bool,
    /// Steps that were reached, in all rounds.
    pub(crate) run: u32,
    /// The number of the next notice.
    pub(crate) notice_number: u32,
}

impl Page {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> PageId {
        self.page.page
    }

    /// The number that people use.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.page.number
    }

    /// The first moment, not before `at`, at which it may tell somebody: later only for low urgency outside the hours
    /// of the policy at `place`.
    #[must_use]
    pub fn allowed(&self, place: Option<Place>, at: Timestamp) -> Timestamp {
        if self.pressed { at } else { allowed(&self.plan, self.about.urgency, place, at) }
    }

    /// True if nobody of the step that was reached last can hear of it any more: all has failed for good.
    pub(crate) fn step_is_lost(&self) -> bool {
        let of_step = || self.notices.values().filter(|notice| notice.run == self.run && notice.rule.is_some());
        let failed = |notice: &Notice| matches!(notice.state, NoticeState::Failed { .. });
        self.status == Status::Open && of_step().next().is_some() && of_step().all(failed)
    }

    /// The notice of this person that falls due next.
    pub(crate) fn next_notice(&self, person: &EntityRef) -> Option<(u32, &Notice)> {
        let waiting = |notice: &Notice| notice.rule.is_some() && notice.state == NoticeState::Waiting;
        let of_person = self.notices.iter().filter(|(_, notice)| notice.person == *person && waiting(notice));
        of_person.min_by_key(|(number, notice)| (notice.at, **number)).map(|(number, notice)| (*number, notice))
    }

    /// The methods by which this person was told; all that were meant, if none has worked.
    pub(crate) fn methods(&self, person: &EntityRef) -> Vec<Arc<Method>> {
        let told = self.people.get(person).into_iter().flat_map(|told| &told.by);
        let told: Vec<_> = told.map(|by| Arc::clone(&by.method)).collect();
        if !told.is_empty() {
            return told;
        }
        let mut meant: Vec<Arc<Method>> = Vec::new();
        for notice in self.notices.values().filter(|notice| notice.person == *person) {
            if !meant.iter().any(|method| method.id == notice.method.id) {
                meant.push(Arc::clone(&notice.method));
            }
        }
        meant
    }

    /// Remembers that a message went out to this person.
    pub(crate) fn note_told(&mut self, person: &EntityRef, method: &Arc<Method>) {
        let told = self.people.entry(person.clone()).or_default();
        if !told.by.iter().any(|by| by.method.id == method.id) {
            told.by.push_back(ToldBy { method: Arc::clone(method), sent: false });
        }
    }

    /// Remembers what became of it: none was told by what failed for good.
    pub(crate) fn note_outcome(&mut self, person: &EntityRef, method: MethodId, sent: bool) {
        let Some(told) = self.people.get_mut(person) else { return };
        if sent {
            told.by.iter_mut().filter(|by| by.method.id == method).for_each(|by| by.sent = true);
        } else {
            told.by = told.by.iter().filter(|by| by.method.id != method || by.sent).cloned().collect();
        }
    }

    pub(crate) fn note(&mut self, at: Timestamp, by: &Actor, words: String, loud: bool) {
        if self.log.len() >= LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(LogEntry { at, by: by.clone(), words, loud });
    }
}

/// [`Page::allowed`] for a page that isn't there yet.
pub(crate) fn allowed(plan: &Plan, urgency: Urgency, place: Option<Place>, at: Timestamp) -> Timestamp {
    let hours = place.and_then(|place| plan.leg(place)?.low_urgency.as_ref());
    match (urgency, hours) {
        (Urgency::Low, Some(hours)) => hours.not_before(at),
        (Urgency::Low, None) | (Urgency::High, _) => at,
    }
}
