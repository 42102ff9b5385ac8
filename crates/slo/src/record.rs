//! Everything that was counted for one SLO.

use crate::{Counts, Ledger, Objective, Slices, ledger::LATE_MAX};

/// Everything that was counted for one SLO: its events, and for each objective its slices, if it has any.
#[derive(Debug, Clone)]
pub struct Record {
    events: Ledger,
    slices: Vec<Option<Slices>>,
}

impl Record {
    /// An empty one for these objectives that remembers at least so many minutes.
    #[must_use]
    pub fn new(objectives: &[Objective], minutes_kept: u32) -> Self {
        let slices = objectives.iter().map(|objective| objective.slices.map(|rule| Slices::new(rule, minutes_kept)));
        Self { events: Ledger::new(minutes_kept), slices: slices.collect() }
    }

    /// The minute after the last that is known of; none if nothing was ever told.
    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.events.end()
    }

    /// Time has passed up to this minute, whether something was counted or not.
    pub fn advance(&mut self, end: i64) {
        match self.events.end() {
            Some(known) if known >= end => {}
            // The slice that was not over yet is judged while its minutes are still known one by one.
            Some(known) if end - known > LATE_MAX => {
                self.reach(known + LATE_MAX);
                self.reach(end);
            }
            Some(_) | None => self.reach(end),
        }
    }

    fn reach(&mut self, end: i64) {
        self.events.advance(end);
        self.slices.iter_mut().flatten().for_each(|slices| slices.settle(&self.events));
    }

    /// Counts something in a minute. See [`Ledger::add`].
    pub fn add(&mut self, minute: i64, counts: Counts) -> bool {
        // The slices before are over, and judged, before the ledger rounds them.
        self.advance(minute);
        let taken = self.events.add(minute, counts);
        if taken {
            for slices in self.slices.iter_mut().flatten() {
                slices.settle(&self.events);
                slices.revise(minute, &self.events);
            }
        }
        taken
    }

    /// What is known of a minute by now, all told: what of it was not counted yet is. See [`Ledger::add`].
    pub fn complete(&mut self, minute: i64, counts: Counts) -> bool {
        let end = self.events.end().unwrap_or(minute);
        if minute < end - LATE_MAX {
            return false;
        }
        let counted = self.events.between(minute, minute + 1);
        self.add(minute, counts.since(counted))
    }

    /// What counts for an objective: slices if it has them, else events.
    #[must_use]
    pub fn of(&self, objective: usize) -> &Ledger {
        self.slices.get(objective).and_then(Option::as_ref).map_or(&self.events, Slices::ledger)
    }

    /// The events themselves.
    #[must_use]
    pub fn events(&self) -> &Ledger {
        &self.events
    }
}
