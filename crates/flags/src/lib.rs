//! Feature flags: release without deploying, and take it back at once.
//!
//! The cast: a [`Definition`] says what a flag is, whose it is, and in each environment ([`Setting`]) who gets what: the
//! members of a [`Segment`], those whom a rule in flagd's JsonLogic picks, a share of users, or a share that grows by a
//! [`Ramp`]. It is declared in a catalog file or made on a screen. Its switch is on or off per environment. [`State`]
//! also remembers which components ask for it, because a flag's blast radius is who evaluates it.
//!
//! The flow: a [`Command`] is decided into [`Event`]s, which [`State::fold`] applies; [`due`] gives the commands whose
//! time has come. [`lower`](lower()) makes plain flagd JSON of the state, which everything that serves flags evaluates:
//! there is one language of rules, and one evaluator.
//!
//! Invariants:
//! - A flag that is declared in a file follows the file only where the file *changes*: what somebody turned on a
//!   screen stays until the declaration says otherwise, and the difference is shown as drift.
//! - Turning a flag off needs nobody's approval and waits for nothing.
//! - A growing share takes nobody back, and how large it is, is a function of its schedule and the clock ([`position`]).
//! - Who agrees to a change agrees to its hash: what was edited since is not done.
//! - `flags` knows nothing of HTTP; a client's protocol is `web`'s affair.

mod approval;
mod check;
mod command;
mod dangling;
mod declared;
mod definition;
mod difference;
mod due;
mod evaluate;
mod event;
mod gate;
pub mod import;
mod lower;
mod observation;
mod ramp;
mod references;
mod request;
mod requirement;
mod run;
mod segment;
mod setting;
mod shared;
mod stale;
mod state;
#[cfg(test)]
mod tests;
mod undo;

pub use approval::needed;
pub use command::{Command, decide};
pub use dangling::{Dangling, dangling};
pub use definition::{Definition, Origin, Purpose, Requirement, ValueType};
pub use difference::{change_in_words, difference, ramp_in_words, rollout_in_words, segment_difference};
pub use due::due;
pub use evaluate::{evaluate, explain};
pub use event::{Event, RampChange, RequestStep, Wish};
pub use gate::RampAction;
pub use lower::{Lowered, LoweredFlag, evaluators, export, fingerprint, lower, lower_flag, next_change};
pub use observation::CodeReference;
pub use ramp::{Hold, OnFailure, Ramp, Step};
pub use request::{Approval, Change, ChangeRequest, RequestAction, RequestState, hash};
pub use requirement::circles;
pub use run::{Gate, Halt, Position, RampRun, RampState, Reached, Why, is_guarded, position};
pub use segment::Segment;
pub use setting::{Audience, Rollout, Setting, Share, TARGETING_KEY};
pub use stale::{Stale, StaleReason, reasons as stale_reasons, stale};
pub use state::{Flag, Past, State, Switch};
pub use undo::undo;
