//! What senders post, read into [`Signal`]s: one file for each format, field by field.
//!
//! Readers are lenient where a sender's slip would lose an alert (a text that is too long is cut, an unknown field is
//! passed over, a field of another type counts as missing) and strict where the format's own server answers an error
//! that its clients know. Bodies are bounded by the caller; here their depth is ([`JSON_DEPTH_MAX`]), and the alerts in
//! one body ([`crate::SIGNALS_MAX`]). No input makes a reader panic.

pub mod alertmanager;
pub mod events_v2;
pub mod generic;
pub mod grafana;
mod json;
mod labels;
pub mod opsgenie;
pub mod prometheus;
mod time;

pub use json::JSON_DEPTH_MAX;
pub use labels::fingerprint;
pub use time::parse as parse_time;

use crate::Signal;

/// What was read of a body with several alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// What it wishes, in its order.
    pub signals: Vec<Signal>,
    /// How many alerts its sender left out of it (Alertmanager's `max_alerts`): worth a warning to its operator.
    pub truncated: u64,
    /// Why alerts of it could not be read, at most [`PROBLEMS_MAX`] of them. The others are to be taken all the same.
    pub problems: Vec<String>,
}

/// The problems that a [`Batch`] lists.
pub const PROBLEMS_MAX: usize = 10;

impl Batch {
    fn problem(&mut self, problem: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}
