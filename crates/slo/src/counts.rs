//! How many events there were, and how many of them were good.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Good and all events, in thousandths of one event.
///
/// They are whole numbers, so that adding them gives the same sum in whatever order and in whatever portions they come.
/// For a check an event is a second that was judged; for time slices it is a slice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    good: u64,
    total: u64,
}

/// Thousandths in one event.
const SCALE: f64 = 1_000.0;
/// More events than this in one portion are taken as this many: a year of such minutes can still be added up.
const EVENTS_MAX: f64 = 1e10;

impl Counts {
    /// So many events, rounded to thousandths. What is negative or no number counts as none; more good ones than there
    /// are at all count as all.
    #[must_use]
    pub fn events(good: f64, total: f64) -> Self {
        Self::thousandths(scaled(good), scaled(total))
    }

    /// The same in thousandths of an event.
    #[must_use]
    pub fn thousandths(good: u64, total: u64) -> Self {
        Self { good: good.min(total), total }
    }

    /// All events.
    #[must_use]
    pub fn total(self) -> f64 {
        self.total as f64 / SCALE
    }

    /// The good ones.
    #[must_use]
    pub fn good(self) -> f64 {
        self.good as f64 / SCALE
    }

    /// The bad ones.
    #[must_use]
    pub fn bad(self) -> f64 {
        self.total.saturating_sub(self.good) as f64 / SCALE
    }

    /// True if nothing is known.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.total == 0
    }

    /// The share of bad events, from 0 to 1. Without events it is unknown, and not 0.
    #[must_use]
    pub fn error(self) -> Option<f64> {
        let bad = self.total.saturating_sub(self.good);
        (self.total > 0).then(|| bad as f64 / self.total as f64)
    }

    /// True if at least this share of the events is good; none if there are none.
    #[must_use]
    pub fn reach(self, share: f64) -> Option<bool> {
        // Dividing the whole numbers rounds once; a share such as 0.95 is reached by 19 of 20.
        (self.total > 0).then(|| self.good as f64 / self.total as f64 >= share)
    }

    pub(crate) fn change(&mut self, good: i64) {
        self.good = self.good.saturating_add_signed(good).min(self.total);
    }

    /// What this sum has more than an earlier one.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { good: self.good.saturating_sub(earlier.good), total: self.total.saturating_sub(earlier.total) }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.good = self.good.saturating_add(other.good);
        self.total = self.total.saturating_add(other.total);
    }
}

fn scaled(events: f64) -> u64 {
    // `as` would do for what is negative or no number, too; that it saturates is said here.
    if events.is_nan() { 0 } else { (events.clamp(0.0, EVENTS_MAX) * SCALE).round() as u64 }
}
