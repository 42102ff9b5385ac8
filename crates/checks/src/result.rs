//! What a probe hands in about a run, and what it keeps as evidence.

use jiff::Timestamp;
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

/// One run of one check at one location. A sample, not an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunResult {
    /// The check.
    pub check: EntityRef,
    /// Where the probe stands.
    pub location: String,
    /// When the run began.
    pub at: Timestamp,
    /// How it went.
    pub outcome: Outcome,
    /// How long it took, to the end of the answer or to its failure.
    pub latency_ms: u64,
    /// The runs in a row at this location, this one included, that failed as this one did, or that didn't as it did
    /// not: a slow run counts with the passing ones.
    pub streak: Streak,
    /// The runs in a row, this one included, of this very outcome: slow with slow.
    pub pace: Streak,
    /// The last run at this location that did not fail, if the probe knows of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good: Option<Timestamp>,
}

/// Runs in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streak {
    /// How many; at least one.
    pub runs: u32,
    /// When the first of them began.
    pub since: Timestamp,
}

/// How a run went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The answer was as expected.
    Passed,
    /// It was, but it took longer than the check allows.
    Slow {
        /// What was seen.
        evidence: Evidence,
    },
    /// It was not, or none came.
    Failed {
        /// What was seen.
        evidence: Evidence,
    },
}

/// What a failing run saw. Bounded, and without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What is wrong, in one sentence.
    pub error: String,
    /// The address that was asked, after redirects, as it may be shown.
    pub url: String,
    /// The status of the answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long the run took.
    pub latency_ms: u64,
    /// The beginning of the body, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_excerpt: Option<String>,
}

impl Evidence {
    /// The longest error that is kept.
    pub const ERROR_BYTES: usize = 2048;
    /// How much of a body is kept.
    pub const EXCERPT_BYTES: usize = 2048;
    /// The longest address that is kept.
    pub const URL_BYTES: usize = 2048;

    /// The same evidence within its bounds.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        cut(&mut self.error, Self::ERROR_BYTES);
        cut(&mut self.url, Self::URL_BYTES);
        if let Some(excerpt) = &mut self.body_excerpt {
            cut(excerpt, Self::EXCERPT_BYTES);
        }
        self
    }
}

fn cut(text: &mut String, max: usize) {
    text.truncate(text.floor_char_boundary(max));
}

impl Outcome {
    /// True unless the run failed.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::Passed | Self::Slow { .. } => true,
            Self::Failed { .. } => false,
        }
    }
}

/// A location's memory of one check: the streaks, from one run to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    last: Option<(std::mem::Discriminant<Outcome>, bool, Streak, Streak)>,
    last_good: Option<Timestamp>,
}

impl Tally {
    /// Counts a run and makes its result. A tally is of one check at one location.
    pub fn count(
        &mut self,
        check: &EntityRef,
        location: &str,
        at: Timestamp,
        outcome: Outcome,
        latency_ms: u64,
    ) -> RunResult {
        let sort = std::mem::discriminant(&outcome);
        let good = outcome.is_good();
        let first = Streak { runs: 1, since: at };
        let (streak, pace) = match self.last {
            Some((last_sort, last_good, streak, pace)) => (
                if last_good == good { streak.and_one() } else { first },
                if last_sort == sort { pace.and_one() } else { first },
            ),
            None => (first, first),
        };
        self.last = Some((sort, good, streak, pace));
        if good {
            self.last_good = Some(at);
        }
        let (check, location, last_good) = (check.clone(), location.to_owned(), self.last_good);
        RunResult { check, location, at, outcome, latency_ms, streak, pace, last_good }
    }
}

impl Streak {
    fn and_one(self) -> Self {
        Self { runs: self.runs.saturating_add(1), ..self }
    }
}

/// The name of the series that a check's latencies at a location are kept under.
#[must_use]
pub fn series(check: &EntityRef, location: &str) -> String {
    format!("checks.latency_ms/{check}@{location}")
}
