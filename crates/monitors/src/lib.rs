//! Reads other monitors' configurations as checks.
//!
//! **Cast.** [`gatus`](fn@gatus) reads Gatus' YAML, and [`blackbox`](fn@blackbox) what blackbox_exporter and Prometheus
//! are told, and [`kuma`](fn@kuma) the tables of Uptime Kuma; each makes an [`Imported`]: [`Check`]s of ours, and a
//! [`Note`] on everything that is not the same here.
//! [`Monitor::of`] says whose a file is. [`Imported::files`] writes the outcome as catalog YAML. A [`Module`] of
//! blackbox_exporter also makes a check of one target at a time, for whoever answers in its place. [`objectives()`]
//! does the same with Sloth's and Pyrra's files, which become OpenSLO documents.
//!
//! **Flow.** A file becomes a tree of JSON with a bounded reader (`document`); each entry of it becomes a `Draft`, and
//! drafts become checks with a valid name of their own (`imported`). `spec` says a definition in the words of
//! `kind: Check`.
//!
//! **Invariants.**
//! - Nothing is left out in silence: what has no counterpart is a note with its place and the reason.
//! - A check never asks for the opposite of what the original did; where only that could be said it is left out.
//! - No secret's value is in the outcome: a reference with a name stands in its place, and the name is listed.
//! - The same input makes the same output, byte for byte.
//! - Reading has no I/O.

mod blackbox;
mod document;
mod gatus;
mod imported;
mod kuma;
mod monitor;
mod oauth;
mod objectives;
mod spec;
#[cfg(test)]
mod tests;
mod text;
mod write;

pub use blackbox::{Blackbox, Credential, Module, Preference, Prober, Question, blackbox};
pub use document::Unreadable;
pub use gatus::gatus;
pub use imported::{Check, Imported, Note, Options, Severity};
pub use kuma::kuma;
pub use monitor::{Monitor, tree};
pub use objectives::{Objectives, objectives};
