//! What must happen outside.
//!
//! An effect is asked for by an event and carried out by the engine, at least once, with the effect's id as its
//! idempotency key. Until its outcome is an event, it is part of the World, so that it survives a crash.

use imbl::{OrdMap, OrdSet};
use jiff::SignedDuration;
use kernel::{Context, EffectId, EntityRef, EventId, Refusal, Stamp, Timestamp, codes};
use serde::{Deserialize, Serialize};

/// The effects that are not done.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Effects {
    pending: OrdMap<EffectId, Effect>,
    /// When each is to be tried next, so that what waits is never searched.
    next: OrdSet<(Timestamp, EffectId)>,
}

/// Something that must happen outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Its id, which is its idempotency key.
    pub id: EffectId,
    /// What is to be called.
    pub call: Call,
    /// The entity that it is for.
    pub subject: EntityRef,
    /// The change that it undoes, where it does.
    pub undoes: Option<EventId>,
    /// When it was asked for.
    pub requested: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is to be tried next.
    pub next: Timestamp,
    /// Why it failed the last time.
    pub last_error: Option<String>,
}

/// A call of somebody's hook: `POST` of a JSON document, unless [`Call::request`] says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// Where.
    pub url: String,
    /// The document, as JSON text.
    pub body: String,
    /// What it is meant to bring about, in words.
    pub purpose: String,
    /// How it is called, where that is not the usual way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// True if it is a page's message, which is found by the effect's id, and no call of a hook.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub message: bool,
}

/// How somebody's webhook is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The method.
    pub method: String,
    /// Headers that are no secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The user of basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The name under which the password and the secret headers are sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// For how long it is tried.
    pub patience: Patience,
}

/// For how long a call is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Patience {
    /// About a day: at once, then after 10 seconds, 1, 2, 5, 10 and 20 minutes as the Pact Broker does, then every hour.
    Day,
}

impl Patience {
    /// How long to wait after this many tries that failed; none if it is given up.
    fn wait(self, failed: u32) -> Option<SignedDuration> {
        const SECONDS: [i64; 6] = [10, 60, 120, 300, 600, 1_200];
        const HOURS: u32 = 23;
        match self {
            Self::Day => match SECONDS.get(failed.saturating_sub(1) as usize) {
                Some(seconds) => Some(SignedDuration::from_secs(*seconds)),
                None => (failed < 6 + HOURS).then(|| SignedDuration::from_hours(1)),
            },
        }
    }
}

impl Effect {
    /// How long to wait if this try fails; none if it is given up then.
    fn wait(&self) -> Option<SignedDuration> {
        if self.call.message {
            return message_wait(self.attempts + 1);
        }
        match &self.call.request {
            Some(request) => request.patience.wait(self.attempts + 1),
            None => (self.attempts + 1 < ATTEMPTS_MAX)
                .then(|| SignedDuration::from_secs(WAIT_S_MAX.min(1 << self.attempts.min(20)))),
        }
    }
}

/// How long to wait after this many tries to deliver a message: a provider that fails for an hour is outlasted, at a try
/// each minute after the first few.
fn message_wait(failed: u32) -> Option<SignedDuration> {
    const SECONDS: [i64; 5] = [2, 5, 10, 20, 30];
    const MINUTES: u32 = 120;
    let index = usize::try_from(failed.saturating_sub(1)).unwrap_or(usize::MAX);
    match SECONDS.get(index) {
        Some(seconds) => Some(SignedDuration::from_secs(*seconds)),
        None => (failed < 5 + MINUTES).then(|| SignedDuration::from_mins(1)),
    }
}

/// What an effect is for that is about nobody in particular.
#[expect(clippy::expect_used, reason = "the parts are constants, and a test makes it")]
pub(crate) fn nobody() -> EntityRef {
    EntityRef::new("webhook", EntityRef::DEFAULT_NAMESPACE, "any").expect("constant parts")
}

/// What happened to an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most are requests, or are read and forgotten")]
pub enum Event {
    /// It was asked for.
    Requested {
        /// All of it.
        effect: Effect,
    },
    /// It was tried, and will be tried again.
    Failed {
        /// Which.
        effect: EffectId,
        /// The entity that it is for.
        subject: EntityRef,
        /// Why.
        error: String,
        /// When it is tried again.
        next: Timestamp,
    },
    /// It is done.
    Done {
        /// Which.
        effect: EffectId,
        /// The entity that it is for.
        subject: EntityRef,
        /// What the other side answered.
        answer: String,
    },
    /// It failed too often and will not be tried again.
    GaveUp {
        /// Which.
        effect: EffectId,
        /// The entity that it is for.
        subject: EntityRef,
        /// The change that it would have undone.
        undoes: Option<EventId>,
        /// Why.
        error: String,
    },
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "effects.requested",
            Self::Failed { .. } => "effects.failed",
            Self::Done { .. } => "effects.done",
            Self::GaveUp { .. } => "effects.gave_up",
        }
    }

    /// What it is about.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::Requested { effect } => vec![effect.subject.clone()],
            Self::Failed { subject, .. } | Self::Done { subject, .. } | Self::GaveUp { subject, .. } => {
                vec![subject.clone()]
            }
        }
    }

    /// What came of a try, as a webhook's delivery remembers it.
    pub(crate) fn outcome(&self) -> Option<(EffectId, contracts::Outcome)> {
        use contracts::Outcome;
        match self {
            Self::Requested { .. } => None,
            Self::Failed { effect, error, next, .. } => {
                Some((*effect, Outcome::Retrying { error: error.clone(), next: *next }))
            }
            Self::Done { effect, answer, .. } => Some((*effect, Outcome::Done { answer: answer.clone() })),
            Self::GaveUp { effect, error, .. } => Some((*effect, Outcome::GaveUp { error: error.clone() })),
        }
    }

    /// The effect, if it is over with this: it was done, or will not be.
    pub(crate) fn ended(&self) -> Option<EffectId> {
        match self {
            Self::Requested { .. } | Self::Failed { .. } => None,
            Self::Done { effect, .. } | Self::GaveUp { effect, .. } => Some(*effect),
        }
    }

    /// One sentence without its actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Requested { effect } => format!("will {}", effect.call.purpose),
            Self::Failed { subject, error, .. } => {
                format!("{} failed and is tried again: {error}", called(subject))
            }
            Self::Done { subject, .. } => format!("{} took the request", called(subject)),
            Self::GaveUp { subject, error, .. } => {
                format!("gave up on {}: {error}", called(subject))
            }
        }
    }
}

/// Who or what was called.
fn called(subject: &EntityRef) -> String {
    match subject.kind() {
        "user" => format!("the message to {}", subject.short()),
        _ => format!("the hook of {}", subject.short()),
    }
}

/// What the engine reports of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "there are few commands at a time")]
pub enum Command {
    /// Ask for it.
    Request {
        /// All of it.
        effect: Effect,
    },
    /// It was done.
    Report {
        /// Which.
        effect: EffectId,
        /// The other side's answer, or why it failed.
        outcome: Result<String, String>,
        /// False where trying again can't help.
        retry: bool,
        /// How long the other side wants to be left alone, if it says so.
        not_before: Option<Timestamp>,
    },
}

/// Tries are 1, 2, 4, ... seconds apart, at most five minutes; after this many the effect is given up, in about an hour.
const ATTEMPTS_MAX: u32 = 20;
const WAIT_S_MAX: i64 = 300;
const TEXT_BYTES_MAX: usize = 1_000;
const PENDING_MAX: usize = 100_000;

/// Decides what becomes of an effect.
///
/// # Errors
/// If too many are pending. A report about an effect that is not pending is nothing new.
pub(crate) fn decide(effects: &Effects, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Request { effect } => {
            if effects.pending.len() >= PENDING_MAX {
                let detail = format!("{PENDING_MAX} calls of hooks are waiting, which is the bound");
                return Err(Refusal::new(&codes::BUSY, detail));
            }
            Ok(vec![Event::Requested { effect }])
        }
        Command::Report { effect: id, outcome, retry, not_before } => {
            let Some(effect) = effects.pending.get(&id) else { return Ok(Vec::new()) };
            let subject = effect.subject.clone();
            let event = match outcome {
                Ok(answer) => Event::Done { effect: id, subject, answer: shortened(answer) },
                Err(error) if let Some(wait) = effect.wait().filter(|_| retry) => {
                    let next = context.now.checked_add(wait).unwrap_or(context.now);
                    let next = not_before.map_or(next, |wanted| next.max(wanted));
                    Event::Failed { effect: id, subject, error: shortened(error), next }
                }
                Err(error) => Event::GaveUp { effect: id, subject, undoes: effect.undoes, error: shortened(error) },
            };
            Ok(vec![event])
        }
    }
}

fn shortened(mut text: String) -> String {
    let cut = text.floor_char_boundary(TEXT_BYTES_MAX);
    text.truncate(cut);
    text
}

impl Effects {
    /// Those that are to be tried now, the longest due first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &Effect> {
        let due = self.next.iter().take_while(move |(next, _)| *next <= now);
        due.filter_map(|(_, effect)| self.pending.get(effect))
    }

    /// All that are not done, oldest first.
    pub fn pending(&self) -> impl Iterator<Item = &Effect> {
        self.pending.values()
    }

    /// The effect of this id, if it is not done.
    #[must_use]
    pub fn get(&self, effect: EffectId) -> Option<&Effect> {
        self.pending.get(&effect)
    }

    pub(crate) fn fold(&mut self, event: &Event, _stamp: &Stamp) {
        match event {
            Event::Requested { effect } => {
                if let Some(before) = self.pending.insert(effect.id, effect.clone()) {
                    self.next.remove(&(before.next, before.id));
                }
                self.next.insert((effect.next, effect.id));
            }
            Event::Failed { effect, error, next, .. } => {
                if let Some(effect) = self.pending.get_mut(effect) {
                    self.next.remove(&(effect.next, effect.id));
                    self.next.insert((*next, effect.id));
                    effect.attempts += 1;
                    effect.next = *next;
                    effect.last_error = Some(error.clone());
                }
            }
            Event::Done { effect, .. } | Event::GaveUp { effect, .. } => {
                if let Some(effect) = self.pending.remove(effect) {
                    self.next.remove(&(effect.next, effect.id));
                }
            }
        }
    }
}
