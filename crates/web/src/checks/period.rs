//! How far back a screen of checks looks; the address says it.

use jiff::{SignedDuration, Timestamp};

use crate::views::Choice;

/// A stretch of time that ends now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    /// As the address has it.
    pub(super) word: &'static str,
    /// As people read it.
    pub(super) words: &'static str,
    hours: i64,
}

/// The parameter that says it.
pub(super) const FOR: &str = "for";

impl Period {
    pub(super) const HOUR: Self = Self { word: "1h", words: "the last hour", hours: 1 };
    pub(super) const DAY: Self = Self { word: "24h", words: "the last 24 h", hours: 24 };
    pub(super) const WEEK: Self = Self { word: "7d", words: "the last 7 days", hours: 7 * 24 };
    pub(super) const MONTH: Self = Self { word: "30d", words: "the last 30 days", hours: 30 * 24 };
    pub(super) const QUARTER: Self = Self { word: "90d", words: "the last 90 days", hours: 90 * 24 };
    pub(super) const ALL: [Self; 5] = [Self::HOUR, Self::DAY, Self::WEEK, Self::MONTH, Self::QUARTER];

    /// The one that was asked for; a day for any other word.
    pub(super) fn of(asked: &str) -> Self {
        Self::ALL.into_iter().find(|period| period.word == asked).unwrap_or(Self::DAY)
    }

    /// How long it is.
    pub(super) fn length(self) -> SignedDuration {
        SignedDuration::from_hours(self.hours)
    }

    /// When it began.
    pub(super) fn from(self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.length()).unwrap_or(Timestamp::MIN)
    }

    /// Where a moment lies in it, from 0 to 1; what is outside lies at its edge.
    pub(super) fn place(self, at: Timestamp, now: Timestamp) -> f64 {
        (at.duration_since(self.from(now)).as_secs_f64() / self.length().as_secs_f64()).clamp(0.0, 1.0)
    }

    /// All of them, for a filter.
    pub(super) fn choices(self) -> Vec<Choice> {
        Self::ALL.map(|period| Choice::new(period.word, period.words, self.word)).to_vec()
    }
}
