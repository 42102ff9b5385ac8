//! Everything Mainstay knows, and how it changes.
//!
//! The cast: the [`World`] has one field per area and is a pure fold of [`Event`]s. A [`Command`] is somebody's wish;
//! [`decide`] turns it into events or refuses it. What crosses areas lives here: [`react`] says which commands follow
//! from an event (a check that goes down opens an incident), [`due`] which follow from time passing, the [`Journal`]
//! remembers the changes of software with what undoes them, and [`Effects`] what must still happen outside.
//!
//! The flow: command → [`decide`] → events → [`World::fold`] → [`react`] → further commands, all within one append to
//! the timeline, so that a cause is never written without its consequences.
//!
//! Architecture invariants:
//! - Everything here is pure and total: no clock, no randomness, no I/O. Folding can't fail.
//! - `world` is the only crate that knows more than one area.

pub mod actions;
mod alerts;
mod command;
pub mod contracts;
mod definitions;
mod due;
pub mod effects;
mod event;
mod guard;
mod incident;
pub mod journal;
pub mod measures;
pub mod paging;
pub mod postmortem;
mod react;
pub mod slos;
mod snapshot;
pub mod statuspage;
mod suspects;
#[cfg(test)]
mod tests;
mod undo;
mod world;

pub use command::{Command, Undo, decide};
pub use definitions::read_bundle;
pub use due::due;
pub use effects::{Call, Effect, Effects};
pub use event::{Event, Recorded, UnknownEvent};
pub use journal::{Entry, Journal, UndoState};
pub use react::{Reaction, react};
pub use snapshot::{SNAPSHOT_SCHEMA, SnapshotError};
pub use suspects::{Culprits, culprits};
pub use undo::{UndoPlan, plan_undo};
pub use world::World;
