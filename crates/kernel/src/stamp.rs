//! What the timeline knows of an event besides the event.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Actor, CommandId, EventId};

/// Who, when and why: the envelope of every event. `fold` is given it with the event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The event's place on the timeline: 1 for the first, without gaps.
    pub position: u64,
    /// The event's id.
    pub event: EventId,
    /// The command that caused it; events of one command are consecutive and were written together.
    pub command: CommandId,
    /// When it was decided. Never earlier than that of the position before.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// Why, in the actor's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
