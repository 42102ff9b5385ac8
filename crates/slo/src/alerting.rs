//! When a budget burns fast enough to tell somebody.
//!
//! A burn rate is how many times faster the budget is spent than it would last: at 1 it is used up exactly at the end of
//! its period. An alert looks at a long window, so that a blip wakes nobody, and at a short one, so that it ends soon
//! after the trouble does (Google's SRE Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"). Its threshold
//! follows from the share of the budget that may be gone within the long window:
//! `threshold = share x period / long window`.

use serde::{Deserialize, Serialize};

use crate::{Counts, Ledger, Objective, in_letters};

/// How urgent a burning budget is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It can wait for the morning.
    Ticket,
    /// Somebody is to be woken.
    Page,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ticket => "ticket",
            Self::Page => "page",
        }
    }

    /// What other people's words mean. What does not say that it is urgent is a ticket.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let urgent = ["page", "critical", "high", "urgent", "emergency", "sev1", "sev2", "p1", "p2"];
        if urgent.contains(&text.to_lowercase().as_str()) { Self::Page } else { Self::Ticket }
    }
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// `<=`
    Lte,
    /// `>=`
    Gte,
    /// `<`
    Lt,
    /// `>`
    Gt,
}

impl Op {
    /// Whether it holds of these two.
    #[must_use]
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Lte => left <= right,
            Self::Gte => left >= right,
            Self::Lt => left < right,
            Self::Gt => left > right,
        }
    }

    /// The sign for it.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Lte => "<=",
            Self::Gte => ">=",
            Self::Lt => "<",
            Self::Gt => ">",
        }
    }
}

/// One condition under which somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Its name among those of its SLO.
    pub name: String,
    /// How urgent.
    pub severity: Severity,
    /// The long window, in minutes.
    pub long: u32,
    /// The short window, in minutes.
    pub short: u32,
    /// How the burn rate is compared with the threshold.
    pub op: Op,
    /// The burn rate.
    pub threshold: f64,
    /// For how many minutes it must be so.
    pub after: u32,
}

/// The workbook's: so many percent of the budget in so many minutes.
const DEFAULTS: [(f64, u32, Severity); 4] = [
    (2.0, 60, Severity::Page),
    (5.0, 6 * 60, Severity::Page),
    (10.0, 24 * 60, Severity::Ticket),
    (10.0, 3 * 24 * 60, Severity::Ticket),
];
/// A threshold below this is not made by default: at such a rate the budget lasts.
const THRESHOLD_MIN: f64 = 0.9;

/// The burn rate at which so many percent of a period's budget are gone within the long window; both in minutes.
#[must_use]
pub fn threshold(percent: f64, period: u32, long: u32) -> f64 {
    percent / 100.0 * f64::from(period) / f64::from(long.max(1))
}

/// The short window that belongs to a long one: a twelfth, at least a minute.
#[must_use]
pub fn short_of(long: u32) -> u32 {
    (long / 12).max(1)
}

impl Alert {
    /// The workbook's alerts for a period of so many minutes: 2 % in an hour, 5 % in six and 10 % in a day or three,
    /// the first two pages. Left out are those that tell of a budget that lasts, as for short periods.
    #[must_use]
    pub fn defaults(period: u32) -> Vec<Self> {
        let made = DEFAULTS.into_iter().map(|(percent, long, severity)| Self {
            name: format!("{percent}% in {}", in_letters(long)),
            severity,
            long,
            short: short_of(long),
            op: Op::Gte,
            threshold: threshold(percent, period, long),
            after: 0,
        });
        made.filter(|alert| alert.threshold >= THRESHOLD_MIN).collect()
    }

    /// How far back it looks, in minutes.
    #[must_use]
    pub fn reach(&self) -> u32 {
        self.long.max(self.short).saturating_add(self.after)
    }

    /// True if no outage, however bad, burns as fast as it asks for.
    #[must_use]
    pub fn is_out_of_reach(&self, objective: &Objective) -> bool {
        let worst = 1.0 / objective.allowed();
        matches!(self.op, Op::Gte | Op::Gt) && !self.op.holds(worst, self.threshold)
    }
}

/// What an alert saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The budget burns.
    Burning,
    /// It does not: one of the windows is known to be good.
    Quiet,
    /// Too little is known to say. What burnt before still does.
    Unknown,
}

/// What an alert saw, with its numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What it saw.
    pub verdict: Verdict,
    /// The burn rate in the long window, if anything happened in it.
    pub long: Option<f64>,
    /// The burn rate in the short window.
    pub short: Option<f64>,
}

/// The burn rate of these events: none without events.
#[must_use]
pub fn burn(counts: Counts, objective: &Objective) -> Option<f64> {
    Some(counts.error()? / objective.allowed())
}

impl Alert {
    /// What it sees at a minute. With fewer events in the long window than `events_min` it is quiet: one failure
    /// in few says little. A slice is worth one event.
    #[must_use]
    pub fn read(&self, ledger: &Ledger, objective: &Objective, at: i64, events_min: f64) -> Reading {
        let now = self.at(ledger, objective, at, events_min);
        if now.verdict != Verdict::Burning {
            return now;
        }
        let held = (1..=i64::from(self.after))
            .all(|back| self.at(ledger, objective, at - back, events_min).verdict == Verdict::Burning);
        if held { now } else { Reading { verdict: Verdict::Unknown, ..now } }
    }

    fn at(&self, ledger: &Ledger, objective: &Objective, at: i64, events_min: f64) -> Reading {
        let counts = |minutes: u32| ledger.between(at - i64::from(minutes), at);
        let in_long = counts(self.long);
        let (long, short) = (burn(in_long, objective), burn(counts(self.short), objective));
        let over = |rate: f64| self.op.holds(rate, self.threshold);
        let verdict = match (long.map(over), short.map(over)) {
            (Some(_), _) if in_long.total() < events_min => Verdict::Quiet,
            (Some(true), Some(true)) => Verdict::Burning,
            (Some(false), _) | (_, Some(false)) => Verdict::Quiet,
            (None, _) | (_, None) => Verdict::Unknown,
        };
        Reading { verdict, long, short }
    }
}
