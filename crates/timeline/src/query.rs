//! What a search of the timeline asks for.

use kernel::{Actor, EntityRef, EventId, Timestamp};

use crate::Entry;

/// A search. What is empty or `None` matches everything; what is given must match all at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// This one event.
    pub event: Option<EventId>,
    /// About any of these.
    pub subjects: Vec<EntityRef>,
    /// A kind that begins with any of these: `flags.` or `flags.turned_on`.
    pub kinds: Vec<String>,
    /// By this actor.
    pub actor: Option<Actor>,
    /// At this time or later.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Before this position: [`Page::next`] of the page in front.
    pub before: Option<u64>,
    /// How many entries at most; 0 or above [`limits::PAGE_ENTRIES`](crate::limits::PAGE_ENTRIES) means that many.
    pub limit: usize,
}

/// A page of what was found, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// What to set [`Query::before`] to for the page after; `None` on the last.
    pub next: Option<u64>,
}

impl Query {
    /// Whether an entry is what is asked for, leaving aside `before` and `limit`.
    #[must_use]
    pub fn matches(&self, entry: &Entry) -> bool {
        let stamp = &entry.stamp;
        self.event.is_none_or(|event| event == stamp.event)
            && (self.subjects.is_empty() || entry.subjects.iter().any(|subject| self.subjects.contains(subject)))
            && (self.kinds.is_empty() || self.kinds.iter().any(|prefix| entry.kind.starts_with(prefix.as_str())))
            && self.actor.as_ref().is_none_or(|actor| *actor == stamp.actor)
            && self.from.is_none_or(|from| from <= stamp.at)
            && self.to.is_none_or(|to| stamp.at < to)
    }
}
