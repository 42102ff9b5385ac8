//! Time slices: a slice is good or bad as a whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Counts, Ledger, ledger::LATE_MAX};

/// How slices are judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SliceRule {
    /// How long a slice is, at most a day. Slices follow one another from 1970 on.
    pub minutes: u32,
    /// The share of good events from which on a slice is good; from 0 to 1.
    pub target: f64,
}

/// The slices of one objective. A slice in which nothing was counted is neither good nor bad: it is not there.
#[derive(Debug, Clone)]
pub struct Slices {
    rule: SliceRule,
    /// Slices stand in the minute that ends them, so that one is within a window as soon as it is over.
    ledger: Ledger,
    /// The slices that may still change, by their first minutes.
    open: BTreeMap<i64, bool>,
    settled: Option<i64>,
}

impl Slices {
    pub(crate) fn new(rule: SliceRule, minutes_kept: u32) -> Self {
        Self { rule, ledger: Ledger::new(minutes_kept), open: BTreeMap::new(), settled: None }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    fn width(&self) -> i64 {
        i64::from(self.rule.minutes.max(1))
    }

    /// Judges the slices that are over.
    pub(crate) fn settle(&mut self, events: &Ledger) {
        let Some(end) = events.end() else { return };
        let width = self.width();
        let over = end.div_euclid(width) * width;
        // The first slice is the one that the oldest minute is in; what is before it is empty anyway.
        let mut start = self.settled.unwrap_or(over - width);
        while start < over {
            self.judge(start, events);
            start += width;
        }
        self.settled = Some(over.max(self.settled.unwrap_or(over)));
        self.ledger.advance(end);
        let past = end - LATE_MAX - 2 * width;
        while self.open.first_key_value().is_some_and(|(start, _)| *start < past) {
            self.open.pop_first();
        }
    }

    /// Something was counted in this minute after its slice had been judged.
    pub(crate) fn revise(&mut self, minute: i64, events: &Ledger) {
        let start = minute.div_euclid(self.width()) * self.width();
        if self.settled.is_some_and(|settled| start < settled) {
            self.judge(start, events);
        }
    }

    fn judge(&mut self, start: i64, events: &Ledger) {
        let Some(good) = events.between(start, start + self.width()).reach(self.rule.target) else { return };
        if self.open.get(&start) == Some(&good) {
            return;
        }
        let revised = self.open.insert(start, good).is_some();
        let minute = start + self.width() - 1;
        self.ledger.turn(minute, revised, good);
    }
}

impl Ledger {
    /// Counts one slice, or changes the verdict on it.
    fn turn(&mut self, minute: i64, revised: bool, good: bool) {
        match (revised, good) {
            (false, good) => {
                self.add(minute, Counts::thousandths(u64::from(good) * 1_000, 1_000));
            }
            (true, good) => self.change(minute, if good { 1_000 } else { -1_000 }),
        }
    }
}
