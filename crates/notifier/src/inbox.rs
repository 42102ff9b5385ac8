//! The list of messages that a screen shows.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::Message;
use paging::Channel;

/// How many messages are kept; the oldest goes first.
pub const KEPT_MAX: usize = 500;

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Arrived {
    /// Its number: one more than that of the message before.
    pub number: u64,
    /// When it arrived.
    pub at: Timestamp,
    /// The way it took, or would have taken where everything goes to the inbox.
    pub channel: Channel,
    /// To whom; for other channels than the inbox, masked.
    pub to: String,
    /// The message.
    pub message: Message,
}

/// The messages that arrived most recently. Copies share one list; it is gone when the program ends.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    last: u64,
    arrived: VecDeque<Arrived>,
}

impl Inbox {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message, and gives its number. One that is there already, by id, way and receiver, is not added again.
    pub fn push(&self, at: Timestamp, channel: Channel, to: &str, message: Message) -> u64 {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |one: &&Arrived| one.message.id == message.id && one.channel == channel && one.to == to;
        if let Some(before) = kept.arrived.iter().find(same) {
            return before.number;
        }
        kept.last += 1;
        let number = kept.last;
        kept.arrived.push_back(Arrived { number, at, channel, to: to.to_owned(), message });
        while kept.arrived.len() > KEPT_MAX {
            kept.arrived.pop_front();
        }
        number
    }

    /// At most this many messages, the newest first.
    #[must_use]
    pub fn list(&self, max: usize) -> Vec<Arrived> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.arrived.iter().rev().take(max).cloned().collect()
    }

    /// The number of the newest message, or 0. It changes when one arrives.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).last
    }
}
