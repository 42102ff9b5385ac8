//! How long a check was up, degraded, down and unknown.

use jiff::{SignedDuration, Timestamp};

use crate::{Verdict, Watch};

/// How long each verdict held in a period; together they are the whole period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Uptime {
    /// It worked.
    pub up: SignedDuration,
    /// It worked slowly.
    pub degraded: SignedDuration,
    /// It was broken.
    pub down: SignedDuration,
    /// Nothing could be said.
    pub unknown: SignedDuration,
}

impl Uptime {
    /// How long something was known.
    #[must_use]
    pub fn known(&self) -> SignedDuration {
        self.up + self.degraded + self.down
    }

    /// The share of the known time in which it answered, slowly or not, from 0 to 1; none if nothing is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let known = self.known().as_secs_f64();
        (known > 0.0).then(|| (self.up + self.degraded).as_secs_f64() / known)
    }

    fn add(&mut self, verdict: Verdict, lasted: SignedDuration) {
        let sum = match verdict {
            Verdict::Up => &mut self.up,
            Verdict::Degraded => &mut self.degraded,
            Verdict::Down => &mut self.down,
            Verdict::Unknown => &mut self.unknown,
        };
        *sum = sum.saturating_add(lasted);
    }
}

/// How long each verdict held from one moment to another. What was before the first verdict that is remembered is
/// unknown, never up; so is the time in which the check was paused. All is zero if the period is empty.
#[must_use]
pub fn uptime(watch: &Watch, from: Timestamp, to: Timestamp) -> Uptime {
    let mut uptime = Uptime::default();
    let (mut begin, mut verdict) = (from, Verdict::Unknown);
    for turn in &watch.history {
        if turn.at >= to {
            break;
        }
        if turn.at > begin {
            uptime.add(verdict, turn.at.duration_since(begin));
            begin = turn.at;
        }
        verdict = turn.verdict;
    }
    if to > begin {
        uptime.add(verdict, to.duration_since(begin));
    }
    uptime
}
