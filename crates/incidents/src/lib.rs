//! Incidents: periods in which a critical path is broken, and the changes that may have caused them.
//!
//! The cast:
//! - An [`Incident`] has one broken entity, the checks that fail because of it, a [`Severity`], a log and an end.
//! - [`Command`] is what may be asked, [`Event`] what happened, [`State`] all incidents as of one position.
//! - [`suspects`] ranks recorded changes by how likely each one caused a failure, and says why in words.
//! - [`accuracy`] says how often the ranking was right by what people found; [`similar`] finds incidents like one.
//! - [`evaluation`] makes random worlds with one guilty change each, to measure that ranking.
//!
//! The flow: a check's verdict turns bad and a reaction gives [`Command::Open`]. It opens an incident, joins one that
//! is open for an overlapping path, or reopens one that ended less than [`REOPENS_WITHIN`] ago. Each recovery is a
//! [`Command::Recover`]; the last one resolves the incident. People acknowledge, note, mark suspects, resolve by hand.
//!
//! Invariants:
//! - A failing check is in at most one open incident. It joins the newest that it overlaps (see [`Incident::overlaps`])
//!   rather than open another; one that overlaps two does not merge them.
//! - A merged incident is over, names the one that goes on, and is never reopened: all that still fails is in the other.
//! - A split leaves something to wait for in both.
//! - What fails anew in an incident, or is merged into it unmitigated, takes back that it was mitigated.
//! - An incident that a person declared is resolved by a person; one that a check opened ends with its last recovery.
//! - Numbers are given once, from 1, without gaps. The newest [`KEPT`] resolved incidents are held; open ones always.
//! - Nothing here reads a clock or the catalog: paths and neighbours come with the command, the graph by
//!   [`suspects::Topology`].

mod accuracy;
mod command;
pub mod evaluation;
mod event;
mod incident;
mod similar;
mod state;
pub mod suspects;

#[cfg(test)]
mod tests;

pub use accuracy::{Accuracy, accuracy};
pub use command::{Command, Failed, REOPENS_WITHIN, decide};
pub use event::{About, Event, Resolution, Role, Severity, Verdict};
pub use incident::{
    Acknowledgement, Assignment, CHECKS_MAX, Ending, FailingCheck, Incident, LogEntry, PICTURES_BYTES_MAX,
    PICTURES_MAX, Picture, Status, SuspectMark, TICKS_MAX, Tick,
};
pub use similar::{Similar, similar};
pub use state::{KEPT, State};
