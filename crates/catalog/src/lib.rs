//! The catalog: who owns what, and what depends on what.
//!
//! **Cast.** A [`Bundle`] is the files of one *source*, a folder that the operator named. [`read`] makes of it a
//! [`Reading`]: [`Descriptor`]s in Backstage's format, [`DocSet`]s, and every [`Problem`] of every file at once. An
//! [`Entity`] is a descriptor in the catalog's [`State`], with its [`Relation`]s to others. A [`Finding`] is what is
//! wrong with the catalog as a whole, such as a reference that leads nowhere.
//!
//! **Flow.** files → [`Bundle`] → [`read`] → [`Apply`] → [`plan`](plan()) or [`decide`] → [`Event`] → [`State::fold`].
//! [`undo`] puts an entity back; [`export`](export()) writes the catalog as files again.
//! What was read of a file is kept with its [`Content`], so that a file that has not changed is not read again.
//!
//! **Invariants.**
//! - Reading is pure, total and bounded: no bytes make it fail, hang or grow beyond its limits.
//! - A good entity counts although its neighbours are bad; what is left out is a problem with a place, never silence.
//! - A document is kept whole: keys that mean nothing to us come back from the API and from an export as they were.
//! - What a broken file declared before stays until the file can be read again.
//! - An entity belongs to the source that declared it first.
//! - An undone change stays undone until its file says something new; meanwhile the drift is shown.

mod backstage;
mod bundle;
mod circles;
mod codeowners;
mod command;
mod content;
mod difference;
mod docs;
mod entity;
mod event;
mod export;
mod file;
mod files;
mod findings;
mod kinds;
mod locations;
mod names;
mod path;
mod plan;
mod pointer;
mod problem;
mod read;
mod recent;
mod relations;
mod report;
mod rules;
mod runbook;
mod state;
mod substitute;
#[cfg(test)]
mod tests;
mod yaml;

pub use backstage::{to_backstage_json, uid};
pub use bundle::{Bundle, BundleFile};
pub use command::{Apply, Command, decide, undo};
pub use content::Content;
pub use docs::{Blob, DocSet, NavItem, Page};
pub use entity::{ApiDefinition, Definition, Descriptor, Entity, Link, Origin};
pub use event::{Counts, Event, Moved};
pub use export::{export, to_yaml};
pub use findings::{Finding, FindingRule, findings};
pub use plan::{Action, FieldChange, Plan, PlannedChange, plan};
pub use pointer::problem_at;
pub use problem::{Problem, Rule, Severity, render};
pub use read::{Reading, read};
pub use relations::Relation;
pub use runbook::{Runbook, RunbookTarget};
pub use state::{Reached, Source, State};
