//! Pages: who was told of what, and the ways to answer.

pub mod ack;
pub mod act;
pub mod inbox;
pub mod list;
pub mod message;
pub mod show;

use paging::{Page, Status};

use crate::views::{State, Tone};

/// How a page stands, as a word and a shape.
pub(crate) fn state_of(page: &Page) -> State {
    let tone = match &page.status {
        Status::Open | Status::Exhausted { .. } => Tone::Bad,
        Status::Acknowledged { .. } => Tone::Good,
        Status::Closed { .. } => Tone::Quiet,
    };
    State::new(tone, page.status.word())
}
