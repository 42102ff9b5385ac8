//! Catalog folders on disk.
//!
//! - [`gather`] reads a folder into a [`catalog::Bundle`], within [`Limits`]. What can't be read is a problem of the
//!   bundle; everything else is there all the same.
//! - [`Gatherer`] does so again and again, and reads only what has changed since.
//! - [`watch`] gathers whenever something changes, by the system's notifications or, where these fail, once a second.
//! - [`write_export`] writes files back.
//!
//! Architecture invariants: nothing is read from outside of the folder and nothing is written there, whatever links or
//! paths say; nothing here understands what a file means.

mod export;
mod gather;
mod limits;
mod walk;
mod watch;

pub use export::{EXPORT_FILES_MAX, Outcome, Written, write_export};
pub use gather::{Gatherer, gather};
pub use limits::Limits;
pub use watch::{Gathered, Pace, watch};
