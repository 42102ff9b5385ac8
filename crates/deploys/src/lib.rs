//! What runs where: the changes of running software, and how to go back.
//!
//! **Cast.** A *place* is one component in one environment. In a place one version is *live*, with one
//! configuration. Whatever deploys (CI, a person, a script) records a *deployment* or a *configuration* when it is
//! done; each is a [`Change`] of that place. The component's *deploy hook* is an address outside, named by the
//! catalog, that can bring a version or a configuration back; Mainstay itself deploys nothing.
//!
//! **Flow.** A [`Command::RecordDeployment`] becomes [`Event::DeploymentFinished`]. Undoing that is a
//! [`Command::RequestRollback`], which becomes [`Event::RollbackRequested`] and names an effect: somebody calls the
//! hook and reports [`Command::ReportUndo`]. The rollback is done when the version that was asked for is recorded as
//! deployed; if that does not happen within [`UNDO_PATIENCE`], it has failed, and can be asked for again. A
//! configuration goes the same way.
//!
//! Other tools' reports are read by [`formats`]; what is counted of deployments is a [`Record`] each, and [`measures`]
//! makes DORA's five measures of them. [`Command::Judge`] is a person's word on whether one failed.
//!
//! **Invariants.**
//! - When a deployment ended decides what is live, not when it was told. A deployment that its reporter has a name for
//!   ([`Told::key`]) is recorded once, however often it is told.
//! - A failed deployment leaves the version that was live before it live.
//! - A change is undone only while it is the newest of its sort in its place, at most one undo of it is under way,
//!   and it is undone once.
//! - No secret enters the timeline: a setting whose name or value looks like one must be a reference or a digest.
//! - Nothing here knows how a hook is called, or by whom.

mod command;
mod event;
pub mod formats;
mod limits;
pub mod measures;
mod pushed;
mod record;
mod state;
#[cfg(test)]
mod tests;
mod undo;

pub use command::{Command, decide, due};
pub use event::{Commit, Event, Outcome, Settings, Told};
pub use limits::{COMMITS_MAX, SAME_DEPLOYMENT, UNDO_PATIENCE, not_after};
pub use record::{LEADS_KEPT, RECORDS_MAX, Record};
pub use state::{Change, Configured, Deployed, Live, Pending, State, Target, Undoing, What};
pub use undo::undo;
