//! Alerts: what other tools report, in their own formats, and what becomes of it.
//!
//! The cast:
//! - An [`Integration`] is one sender, known by the hash of its key, with the entity that its alerts are about.
//! - [`formats`] reads what senders post: bytes become [`Signal`]s, each with a dedup key and what is wished for it.
//! - An [`Alert`] is one occurrence of one dedup key of one integration, from its first signal to its end.
//! - [`Command`] is what may be asked, [`Event`] what happened, [`State`] everything known; [`due`] what time ends.
//!
//! The flow: a body is read into signals, [`Command::Receive`] decides them all at once, and what an event means for
//! incidents is its [`Event::upshot`]: the alert's reference fails or recovers, as a check's does. Alerts are grouped by
//! their entity ([`Alert::group_key`]). An alert of severity [`Severity::Info`] is listed and wakes nobody.
//! [`Command::ReportChange`] is no alert: it records what a sender says was done to a component, for whoever looks for
//! the cause of an incident.
//!
//! Invariants:
//! - One dedup key of one integration has at most one open alert. A trigger after the end opens a new one, under the
//!   same reference, which is made of the two and never changes.
//! - What an alert is about is settled when it opens.
//! - A signal that says nothing new makes no event. An alert that ends by itself is renewed early enough: as soon as no
//!   more remains than half of what the signal would grant ([`Event::Renewed`]), so a sender that repeats itself at
//!   least twice within each grant never loses it.
//! - A signal is never dropped for lack of room: it is refused as busy, and senders try again. Signals that acknowledge
//!   or resolve what is not open do nothing.
//! - Keys are never here, nor are details: those are read from the event that [`Alert::told_by`] names.
//! - Text that is too long is cut, a dedup key that is too long is shortened to one that is as distinct.

mod alert;
mod change;
mod command;
mod event;
pub mod formats;
mod integration;
mod severity;
mod signal;
mod state;

#[cfg(test)]
mod tests;

pub use alert::{About, Acknowledgement, Alert, Cause, Content, Ending, Image, Link, Status};
pub use change::{CHANGES_PER_DAY_MAX, Reported, SAME_CHANGE};
pub use command::{Command, DUE_MAX, EXPIRES_AFTER_MIN, OPEN_MAX, OPEN_OF_INTEGRATION_MAX, UPDATE_EVERY, decide, due};
pub use event::{Event, Upshot};
pub use integration::{INTEGRATIONS_MAX, Integration, IntegrationId, Kind, RESOLVE_TIMEOUT, Settings};
pub use severity::Severity;
pub use signal::{Action, KEY_CHARS_MAX, SIGNALS_MAX, Signal, Telling};
pub use state::{Counts, HELD_BYTES_MAX, RESOLVED_KEPT, State};
