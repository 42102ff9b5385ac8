//! Reads other flag services' exports, and finds references to flags in source code.
//!
//! The cast: [`unleash`](fn@unleash), [`launchdarkly`](fn@launchdarkly) and [`flagd`](fn@flagd) each turn a file of that
//! service into [`Imported`]: definitions and segments of ours, and [`Unmapped`], which says of everything that is not
//! the same here what it was, where it stood, and why. [`Imported::flag_specs`] gives them as declarations. [`references`] walks a
//! folder of source code and finds where flags are named.
//!
//! The flow: a file is read leniently into the shapes of its service (`*/document.rs`); conditions become JsonLogic
//! (`logic`); what a flag serves, and to whom, becomes a list of `rules::Arm`s, which `rules::lay_out` turns into the
//! setting of an environment.
//!
//! Invariants:
//! - What can't be said here is never left out in silence, and never lets more people in: a condition without a
//!   counterpart makes its rule match nobody, and a prerequisite without one leaves the flag off.
//! - Reading has no I/O; only `references` touches files.

mod flagd_file;
mod imported;
mod launchdarkly;
mod logic;
mod names;
mod pattern;
pub mod references;
mod rules;
#[cfg(test)]
mod testing;
mod unleash;
mod written;

pub use flagd_file::flagd;
pub use imported::{Imported, Problem, Severity, Unmapped};
pub use launchdarkly::launchdarkly;
pub use unleash::unleash;
