//! What a probe hands in about a run, and what it keeps as evidence.

use jiff::Timestamp;
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::Phase;

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
    /// What was done on the way, in order: each redirect and each step of a journey is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// The request that this run answers, by its time: see what a probe is told to run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
}

/// One exchange of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// The journey's step that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What was asked for, as it may be shown.
    pub request: String,
    /// The address that it was asked of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The status of the answer, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How long each phase took.
    pub phases: Phases,
}

/// How long each phase took, in microseconds; 0 for one that was not reached or not needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phases {
    /// Finding the name's addresses.
    #[serde(default)]
    pub resolve_us: u64,
    /// Connecting.
    #[serde(default)]
    pub connect_us: u64,
    /// The TLS handshake.
    #[serde(default)]
    pub tls_us: u64,
    /// From the request to the first byte of the answer.
    #[serde(default)]
    pub processing_us: u64,
    /// From the first byte to the last.
    #[serde(default)]
    pub transfer_us: u64,
}

impl Phases {
    /// One phase.
    #[must_use]
    pub fn of(&self, phase: Phase) -> u64 {
        match phase {
            Phase::Resolve => self.resolve_us,
            Phase::Connect => self.connect_us,
            Phase::Tls => self.tls_us,
            Phase::Processing => self.processing_us,
            Phase::Transfer => self.transfer_us,
        }
    }

    /// The same, and another's on top.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self {
            resolve_us: self.resolve_us.saturating_add(other.resolve_us),
            connect_us: self.connect_us.saturating_add(other.connect_us),
            tls_us: self.tls_us.saturating_add(other.tls_us),
            processing_us: self.processing_us.saturating_add(other.processing_us),
            transfer_us: self.transfer_us.saturating_add(other.transfer_us),
        }
    }
}

/// The first certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The names that it is for; the first twenty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// From then on.
    pub not_before: Timestamp,
    /// Until then.
    pub not_after: Timestamp,
    /// When the first certificate of the whole chain ends.
    pub chain_ends: Timestamp,
    /// The version of TLS, such as `1.3`.
    pub protocol: String,
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
    /// There was none: the probe can't ask for this where it stands. That says nothing about what is checked.
    Unable {
        /// Why, and what whoever runs the probe can do about it.
        why: String,
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
    /// What was sent, without the body and without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_head: Option<String>,
    /// The status line and headers of the answer. Cookies and credentials are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_head: Option<String>,
    /// What the name resolved to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The certificate that was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// What was done on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
}

impl Evidence {
    /// The longest error that is kept.
    pub const ERROR_BYTES: usize = 2048;
    /// How much of a body is kept.
    pub const EXCERPT_BYTES: usize = 2048;
    /// The longest address that is kept.
    pub const URL_BYTES: usize = 2048;
    /// How much of a head is kept.
    pub const HEAD_BYTES: usize = 4096;
    /// How many addresses are kept.
    pub const ADDRESSES: usize = 16;
    /// How many hops are kept.
    pub const HOPS: usize = 50;

    /// An error, and nothing else known yet.
    #[must_use]
    pub fn of(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            url: String::new(),
            status: None,
            latency_ms: 0,
            body_excerpt: None,
            request_head: None,
            response_head: None,
            addresses: Vec::new(),
            certificate: None,
            hops: Vec::new(),
        }
    }

    /// The same evidence within its bounds.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        cut(&mut self.error, Self::ERROR_BYTES);
        cut(&mut self.url, Self::URL_BYTES);
        if let Some(excerpt) = &mut self.body_excerpt {
            cut(excerpt, Self::EXCERPT_BYTES);
        }
        for head in self.request_head.iter_mut().chain(&mut self.response_head) {
            cut(head, Self::HEAD_BYTES);
        }
        self.addresses.truncate(Self::ADDRESSES);
        self.hops.truncate(Self::HOPS);
        for hop in &mut self.hops {
            cut(&mut hop.request, Self::URL_BYTES);
        }
        if let Some(certificate) = &mut self.certificate {
            certificate.names.truncate(Certificate::NAMES);
            let names = certificate.names.iter_mut();
            names.chain([&mut certificate.subject, &mut certificate.issuer]).for_each(|text| cut(text, 512));
        }
        self
    }
}

impl Certificate {
    /// How many names are kept.
    pub const NAMES: usize = 20;
}

fn cut(text: &mut String, max: usize) {
    text.truncate(text.floor_char_boundary(max));
}

impl Outcome {
    /// True if what is checked works: the run neither failed nor was the probe unable to make it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        match self {
            Self::Passed | Self::Slow { .. } => true,
            Self::Failed { .. } | Self::Unable { .. } => false,
        }
    }

    /// True if it says something about what is checked.
    #[must_use]
    pub fn says_something(&self) -> bool {
        !matches!(self, Self::Unable { .. })
    }
}

/// A location's memory of one check: the streaks, from one run to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    last: Option<(std::mem::Discriminant<Outcome>, bool, Streak, Streak)>,
    last_good: Option<Timestamp>,
}

impl Tally {
    /// Counts a run and makes its result. A tally is of one check at one location. What says nothing about the check
    /// isn't counted.
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
        let (check, location) = (check.clone(), location.to_owned());
        if !outcome.says_something() {
            let (last_good, hops) = (self.last_good, Vec::new());
            return RunResult {
                check,
                location,
                at,
                outcome,
                latency_ms,
                streak: first,
                pace: first,
                last_good,
                hops,
                asked: None,
            };
        }
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
        let last_good = self.last_good;
        RunResult { check, location, at, outcome, latency_ms, streak, pace, last_good, hops: Vec::new(), asked: None }
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
