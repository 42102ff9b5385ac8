//! Feature flags: release without deploying, and take it back at once.
//!
//! The cast: a [`Definition`] says what a flag is and whose it is; it is declared in a catalog file or made on a
//! screen. Its state per environment (`production`, `staging`, ...) is on or off. [`evaluate`] answers what a client
//! gets, and [`State`] remembers which components asked, because a flag's blast radius is who evaluates it.
//!
//! The flow: a [`Command`] is decided into [`Event`]s, which [`State::fold`] applies. Every `Turned` event can be
//! undone, unless the flag was turned since.
//!
//! Invariants:
//! - A flag that is declared in a file follows the file only where the file *changes*: what somebody turned on a
//!   screen stays until the declaration says otherwise, and the difference is shown as drift.
//! - `flags` knows nothing of HTTP; a client's protocol is `web`'s affair.

mod command;
mod declared;
mod definition;
mod evaluate;
mod event;
mod ramp;
mod segment;
mod setting;
mod state;
#[cfg(test)]
mod tests;

pub use command::{Command, decide, undo};
pub use definition::{Definition, Origin, Purpose, Requirement, ValueType};
pub use evaluate::{Evaluation, Reason, evaluate};
pub use event::Event;
pub use ramp::{Hold, OnFailure, Ramp, Step};
pub use segment::Segment;
pub use setting::{Audience, Rollout, Setting, Share, TARGETING_KEY};
pub use state::{Flag, State, Switch};
