//! One update on its way to all who want to hear of it.
//!
//! It goes through the subscriptions by age, in batches, and remembers how far it is; who could not be reached is tried
//! again later. So 5,000 receivers are 50 events, and a crash repeats at most one batch.

use std::sync::Arc;

use imbl::OrdMap;
use jiff::SignedDuration;
use kernel::{EffectId, EntityRef, EventId, ReportId, SubscriptionId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Subscription;

/// Receivers of one batch.
pub const BATCH_MAX: usize = 100;

/// Minutes between tries; after the last of them it is given up, after about a day.
const WAITS_MIN: [i64; 9] = [1, 5, 15, 30, 60, 120, 240, 480, 480];

/// An update on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broadcast {
    /// Its id: with a subscription's it is a message's id, the same at each try.
    pub effect: EffectId,
    /// The page.
    pub page: EntityRef,
    /// The report.
    pub report: ReportId,
    /// The update.
    pub update: EventId,
    /// When it began.
    pub begun: Timestamp,
    /// The newest subscription that it goes to, by number.
    pub last: u64,
    /// The subscription up to which all were tried once, by number.
    pub through: u64,
    /// To how many it was sent.
    pub sent: u32,
    /// For how many it was given up.
    pub given_up: u32,
    /// Those that are tried again, by number.
    pub waiting: OrdMap<u64, Waiting>,
}

/// A receiver that is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub next: Timestamp,
}

/// The receivers to be tried next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Who, oldest subscription first.
    pub receivers: Vec<Arc<Subscription>>,
    /// Up to which subscription all were tried once after it, by number.
    pub through: u64,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Whose.
    pub subscription: SubscriptionId,
    /// What.
    pub outcome: TriedOutcome,
}

/// What came of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriedOutcome {
    /// The other side took it.
    Sent,
    /// It may be taken later.
    Retry,
    /// It is never taken.
    GaveUp,
}

impl Broadcast {
    /// True if nobody is left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.through >= self.last && self.waiting.is_empty()
    }

    pub(crate) fn note(&mut self, number: u64, outcome: TriedOutcome, at: Timestamp) {
        let before = self.waiting.remove(&number);
        match outcome {
            TriedOutcome::Sent => self.sent = self.sent.saturating_add(1),
            TriedOutcome::GaveUp => self.given_up = self.given_up.saturating_add(1),
            TriedOutcome::Retry => {
                let tries = before.map_or(0, |waiting| waiting.tries).saturating_add(1);
                let wait = usize::try_from(tries - 1).ok().and_then(|at| WAITS_MIN.get(at));
                match wait.and_then(|minutes| at.checked_add(SignedDuration::from_mins(*minutes)).ok()) {
                    Some(next) => drop(self.waiting.insert(number, Waiting { tries, next })),
                    None => self.given_up = self.given_up.saturating_add(1),
                }
            }
        }
    }
}
