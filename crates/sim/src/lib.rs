//! Deterministic simulation of the whole system.
//!
//! **Cast.** An *estate* is the truth: services that need each other, what really runs, and which changes are guilty.
//! *Actors* act on it and tell Mainstay, or not: people, pipelines, probes, the runner of hooks. Between Mainstay's loop
//! ([`engine::Core`]) and its store stands a *faulty store*, which refuses, writes and denies it, goes dark, stalls, or lets
//! another server write first; and the whole server dies now and then. A *witness* reads the timeline on its own, and
//! keeps what was *promised* of flags: who had to agree, which ramps had to stop, what share was announced.
//!
//! On call ([`Scene::OnCall`]) there are people and teams besides, tools that send alerts, providers that fail in every
//! way, and probes at several places; a *ledger* keeps what went in and out.
//!
//! **Flow.** [`run`] takes a seed. Each step one actor acts; then the witness reads what was written, and the
//! *invariants* are checked against the World. The first step that violates one is the last.
//!
//! **Invariants.**
//! - Time is virtual and chance is seeded: the same seed gives the same log, byte for byte, on every machine.
//! - A step's line tells who did what, what went wrong on purpose, and what was answered.
//! - After the last step nothing goes wrong any more; within forty minutes everything is well, and nothing waits for ever.
//!
//! What it can't find: races between threads ([`engine::Engine`] is not run, only its core), what SQLite does to a file,
//! and whatever no actor does.

mod actors;
mod answers;
mod arrival;
mod clock;
mod dice;
mod duty;
mod estate;
mod evaluation;
mod faulty;
mod hooks;
mod invariants;
mod keys;
mod memory;
mod outposts;
mod post;
mod probes;
mod promises;
mod rollout;
mod roster;
mod senders;
mod sim;
#[cfg(test)]
mod tests;
mod undoing;
mod witness;

use std::{collections::BTreeMap, sync::Arc};

use kernel::Sha256;
use timeline::{Store, StoreError};

pub use evaluation::{Accuracy, evaluate};
pub use memory::MemoryStore;

/// How long and how rough a simulation is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How many steps.
    pub steps: usize,
    /// The share of calls of the loop in which something goes wrong with the store.
    pub fault_rate: f64,
    /// What it is about.
    pub scene: Scene,
}

/// What a simulation is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scene {
    /// Changes, and the way back: pipelines, flags and ramps, one probe, nobody on call.
    #[default]
    Releases,
    /// Pages, and that each arrives: alerts, probes at several places, providers that fail, people who answer or don't.
    OnCall,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 300, fault_rate: 0.15, scene: Scene::Releases }
    }
}

/// What came of a simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many events the timeline has.
    pub events: u64,
    /// The hash of the last of them, which depends on all.
    pub head: Sha256,
    /// The digest over every step's line.
    pub log_digest: Sha256,
    /// What happened how often: kinds of events, faults, crashes, refusals. It tells whether a simulation is worth
    /// anything.
    pub met: BTreeMap<String, u64>,
    /// What is wrong; empty if all is well.
    pub violations: Vec<String>,
    /// Every step's line.
    pub log: Vec<String>,
}

/// Simulates what follows from a seed, on a store in memory.
///
/// # Errors
/// If the simulation can't begin.
pub fn run(seed: u64, options: Options) -> Result<Report, StoreError> {
    run_on(Arc::new(MemoryStore::default()), seed, options)
}

/// Simulates what follows from a seed, on an empty store.
///
/// # Errors
/// If the store can't be read.
pub fn run_on(store: Arc<dyn Store>, seed: u64, options: Options) -> Result<Report, StoreError> {
    Ok(sim::Sim::new(seed, options, store)?.run())
}
