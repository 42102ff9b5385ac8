//! What a sender's message wishes, whatever its format was.

use kernel::{EntityRef, Sha256, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Content;

/// The signals that one message may have.
pub const SIGNALS_MAX: usize = 5_000;

/// The characters that a dedup key may have (PagerDuty's bound).
pub const KEY_CHARS_MAX: usize = 255;

/// What remains of a key that is too long, in front of its digest.
const KEY_HEAD_CHARS: usize = KEY_CHARS_MAX - 65;

/// What a sender wishes for one dedup key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// The sender's name for the alert, within [`KEY_CHARS_MAX`].
    pub key: String,
    /// The wish.
    pub action: Action,
}

/// A sender's wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Action {
    /// It is so, or still so.
    Trigger(Box<Telling>),
    /// Somebody looks at it.
    Acknowledge,
    /// It is over.
    Resolve,
}

/// What a trigger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Telling {
    /// What to show.
    pub content: Content,
    /// Since when it is so; a time in the future is taken as now.
    pub since: Option<Timestamp>,
    /// When it is over unless it is told again.
    pub ends: Option<Timestamp>,
    /// What it is about, if the message names something else than the integration's entity.
    pub entity: Option<EntityRef>,
}

impl Signal {
    /// A signal. A key that is too long is shortened, always in the same way and to one that is as distinct.
    #[must_use]
    pub fn new(key: &str, action: Action) -> Self {
        Self { key: sound_key(key), action }
    }

    /// Leaves out an entity that `known` doesn't have, so that the alert is about the integration's: a label with any
    /// other text in it must not send an alert where nobody is responsible.
    pub fn keep_entity_if(&mut self, known: impl Fn(&EntityRef) -> bool) {
        if let Action::Trigger(telling) = &mut self.action {
            telling.entity = telling.entity.take().filter(|entity| known(entity));
        }
    }
}

pub(crate) fn sound_key(key: &str) -> String {
    if key.chars().nth(KEY_CHARS_MAX).is_none() {
        return key.to_owned();
    }
    let head: String = key.chars().take(KEY_HEAD_CHARS).collect();
    format!("{head}~{}", Sha256::of(key.as_bytes()))
}
