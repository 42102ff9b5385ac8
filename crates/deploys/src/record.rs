//! What is held of each deployment for counting: a hundred bytes or two, for years. The rest is read from its event.

use std::sync::Arc;

use imbl::{OrdSet, Vector};
use jiff::Timestamp;
use kernel::{EntityRef, EventId, Sha256, Stamp};
use serde::{Deserialize, Serialize};

use crate::{Outcome, Told};

/// The records of all places together.
pub const RECORDS_MAX: usize = 100_000;

/// The names of deployments that are remembered, to know them again when they are told again.
const KEYS_MAX: usize = 50_000;

/// The lead times that one record holds: of more commits, as many evenly spread ones stand for all.
pub const LEADS_KEPT: usize = 32;

/// What is counted of one deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its event.
    pub event: EventId,
    /// The event's position on the timeline.
    pub position: u64,
    /// When it ended.
    pub at: Timestamp,
    /// The version.
    pub version: Arc<str>,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether the environment is one of production, where its reporter said so.
    pub production: Option<bool>,
    /// The deployment that it took back, by its event.
    pub rollback_of: Option<EventId>,
    /// How many commits it brought, as far as was told.
    pub commits: u32,
    /// For each of them the seconds from its commit to the deployment's end, ascending; at most [`LEADS_KEPT`].
    pub leads: Arc<[u32]>,
    /// What a person said of whether it failed.
    pub judged: Option<bool>,
}

impl Record {
    pub(crate) fn of(
        stamp: &Stamp,
        at: Timestamp,
        (version, outcome, rollback_of): (&str, Outcome, Option<EventId>),
        told: &Told,
    ) -> Self {
        let lead =
            |committed: Timestamp| u32::try_from(at.duration_since(committed).as_secs().max(0)).unwrap_or(u32::MAX);
        let mut leads: Vec<u32> = told.commits.iter().map(|commit| lead(commit.at)).collect();
        leads.sort_unstable();
        Self {
            event: stamp.event,
            position: stamp.position,
            at,
            version: version.into(),
            outcome,
            production: told.production,
            rollback_of,
            commits: u32::try_from(leads.len()).unwrap_or(u32::MAX),
            leads: spread(&leads).into(),
            judged: None,
        }
    }
}

/// The middle one of each of [`LEADS_KEPT`] equal parts.
fn spread(sorted: &[u32]) -> Vec<u32> {
    if sorted.len() <= LEADS_KEPT {
        return sorted.to_vec();
    }
    let middle = |part: usize| sorted.get((2 * part + 1) * sorted.len() / (2 * LEADS_KEPT)).copied();
    (0..LEADS_KEPT).filter_map(middle).collect()
}

/// A reporter's name for a deployment, as it is remembered.
pub(crate) fn told_as((component, environment): (&EntityRef, &str), key: &str) -> Sha256 {
    Sha256::of_parts(&[component.to_string().as_bytes(), environment.as_bytes(), key.as_bytes()])
}

/// The names that were told last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Keys {
    known: OrdSet<Sha256>,
    order: Vector<Sha256>,
}

impl Keys {
    pub(crate) fn has(&self, key: Sha256) -> bool {
        self.known.contains(&key)
    }

    pub(crate) fn add(&mut self, key: Sha256) {
        if self.known.insert(key).is_some() {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}
