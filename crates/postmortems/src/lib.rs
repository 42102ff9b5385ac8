//! Post-mortems: what is learnt of an incident, and who promises what because of it.
//!
//! **Cast.** A [`PostMortem`] is one incident's: a Markdown text, which is a blob that events name by its hash, and at most
//! [`ITEMS_MAX`] [`Item`]s, each one person's promise with a deadline and a way to tell that it was kept. An [`Edition`] is
//! a text that was published and never changes.
//!
//! **Flow.** Somebody starts a draft from a template that the caller fills. Each edit names the revision that it was made
//! of, and makes the next one. Review is asked for; somebody who wrote nothing of it approves, or wants changes. Then it is
//! published. A correction is an edit, a review and another edition.
//!
//! **Invariants.**
//! - An edit of what somebody has changed meanwhile is refused: nobody's words are overwritten unseen.
//! - An approval is of one revision. An edit after it needs another.
//! - Whoever wrote a part of it can't approve it, under no name that is known to be theirs.
//! - The first edition has from one to [`ITEMS_MAX`] items; each names one person and a deadline in the future. What is
//!   promised then is recorded elsewhere and goes on there: later editions promise nothing anew, and other items than
//!   those of the first are refused.
//! - No text is in an event, and what was published stays named: nothing is lost by an edit.

mod command;
mod event;
mod post_mortem;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, POST_MORTEMS_MAX, TEXT_BYTES_MAX, decide, missing};
pub use event::{About, DoneWhen, Event, ITEMS_MAX, Item, Opinion};
pub use post_mortem::{Edition, PostMortem, Review, Stage};
pub use state::State;
