//! Promises: the list "mine, and what I am late on", one item, promising something, and what is done with it.

pub mod act;
pub mod feed;
pub mod list;
pub mod message;
pub mod new;
pub mod show;
pub(crate) mod team;
pub(crate) mod wish;

use ::actions::{Action, ActionState};
use kernel::Timestamp;

use crate::views::{State, Tone};

/// How an item stands, as a word and a shape.
pub(crate) fn state_of(action: &Action, now: Timestamp) -> State {
    match &action.state {
        ActionState::Open if action.is_late(now) => State::new(Tone::Bad, "late"),
        ActionState::Open if ::actions::State::is_due_soon(action, now) => State::new(Tone::Warn, "due soon"),
        ActionState::Open => State::new(Tone::Quiet, "open"),
        ActionState::Escalated { .. } => State::new(Tone::Bad, "escalated"),
        ActionState::Done { .. } if action.was_late() => State::new(Tone::Good, "done late"),
        ActionState::Done { .. } => State::new(Tone::Good, "done"),
        ActionState::Deprioritised { .. } => State::new(Tone::Quiet, "deprioritised"),
    }
}
