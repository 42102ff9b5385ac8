//! When a check runs.

use std::time::Duration;

use checks::CheckDefinition;
use jiff::Timestamp;
use kernel::{EntityRef, Sha256};
use tokio::time::Instant;

use super::{CONFIRM_AFTER, FIRST_RUN_WITHIN, Pace};

/// Which of several locations this one is. Each starts a check a part of the interval after the one before it: twelve of
/// them run a check of five minutes every 25 seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stagger {
    /// This location's place, from 0.
    pub index: u32,
    /// How many locations there are.
    pub of: u32,
}

/// When a check runs: at fixed slots, one interval apart, so that a late run doesn't shift those after it.
pub(super) struct Timing {
    pub(super) first: Instant,
    slot: Instant,
    interval: Duration,
    pub(super) confirm_after: Duration,
}

impl Timing {
    /// `now` is the wall-clock time: by it the slots of several locations are apart as they should be.
    pub(super) fn of(
        definition: &CheckDefinition,
        location: &str,
        stagger: Option<Stagger>,
        pace: Pace,
        now: Timestamp,
    ) -> Self {
        let interval = pace.of(definition.interval());
        let phase = interval.mul_f64(phase(&definition.check, location, stagger));
        let nanos = interval.as_nanos().max(1);
        let since_epoch = now.duration_since(Timestamp::UNIX_EPOCH).unsigned_abs().as_nanos() % nanos;
        let wait = (phase.as_nanos() + nanos - since_epoch) % nanos;
        let wait = Duration::from_nanos(u64::try_from(wait).unwrap_or(0));
        let spread = wait.as_secs_f64() / interval.as_secs_f64().max(f64::MIN_POSITIVE);
        let now = Instant::now();
        Self {
            first: now + interval.min(FIRST_RUN_WITHIN).mul_f64(spread),
            slot: now + wait,
            interval,
            confirm_after: pace.of(CONFIRM_AFTER),
        }
    }

    /// The first slot after `now`; slots that were missed are left out.
    pub(super) fn slot_after(&self, now: Instant) -> Instant {
        let Some(late) = now.checked_duration_since(self.slot) else { return self.slot };
        let missed = late.as_nanos() / self.interval.as_nanos().max(1);
        self.slot + self.interval.saturating_mul(u32::try_from(missed + 1).unwrap_or(u32::MAX))
    }
}

/// Where in the interval this check runs at this location: a fraction that is the same after a restart. Locations that
/// know of each other share the check's own fraction, and add their places to it.
fn phase(check: &EntityRef, location: &str, stagger: Option<Stagger>) -> f64 {
    match stagger {
        Some(Stagger { index, of }) => {
            let of = of.max(1);
            (hashed(&[check.as_str().as_bytes()]) + f64::from(index % of) / f64::from(of)).fract()
        }
        None => hashed(&[check.as_str().as_bytes(), location.as_bytes()]),
    }
}

fn hashed(parts: &[&[u8]]) -> f64 {
    let digest = Sha256::of_parts(parts);
    let head = digest.0.iter().take(4).fold(0_u32, |head, byte| (head << 8) | u32::from(*byte));
    f64::from(head) / (f64::from(u32::MAX) + 1.0)
}
