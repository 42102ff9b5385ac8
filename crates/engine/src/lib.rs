//! The loop that everything passes through.
//!
//! The cast: [`Core`] is the loop without threads: it decides a batch of commands against the World, appends all their
//! events in one write, and only then has a new World. [`Engine`] is its handle for everybody else: it runs the core
//! on a thread of its own, gathers what is asked at the same time into one batch, publishes each new World with a
//! pointer swap, and tells subscribers what was committed. A [`Clock`] gives time and randomness, so that the same loop
//! runs in the simulation.
//!
//! The flow: [`Engine::submit`] → queue → [`Core::execute`] → durable → [`Engine::world`] is new → the caller is
//! answered. What follows from an event is decided and written in the same append.
//!
//! Invariants:
//! - A caller is answered only after its events are on disk, and the World that it then reads has them.
//! - A refused command leaves nothing behind; the others of its batch don't notice.
//! - Readers never wait: they hold an `Arc` of a World that never changes.

mod clock;
mod core;
mod engine;
mod past;
mod replay;
mod snapshots;
#[cfg(test)]
mod tests;

pub use clock::{Clock, SystemClock};
pub use core::{Commit, Core, Receipt, Request};
pub use engine::{Engine, EngineOptions};
