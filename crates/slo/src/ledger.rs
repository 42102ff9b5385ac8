//! What was counted, minute by minute, kept so that any recent window is two look-ups.
//!
//! **Form.** Three tiers of running sums: minutes for the last 25 hours, ten minutes for the last four days, hours for
//! as long as is asked for. The sum of a window is the difference of two running sums, so it takes no longer for a month
//! than for five minutes.
//!
//! **Precision.** Counts are never rounded. What is rounded is where a window begins and ends: to the minute if it
//! begins within 25 hours of the newest minute, to ten minutes within four days, to the hour beyond, always towards the
//! past. A window of 30 days so contains at most 59 minutes too much at its old end.
//!
//! **Bounds.** 16 bytes a bucket: 45 KB for 30 days, 175 KB for a year.

use std::collections::VecDeque;

use crate::Counts;

/// How long each minute is kept.
const MINUTES: usize = 25 * 60;
/// How long each ten minutes are kept.
const TENS: usize = 4 * 24 * 6;
/// What comes later than this many minutes after its time is not taken any more.
pub const LATE_MAX: i64 = 24 * 60;
/// The longest that hours are kept: two years and a day.
const HOURS_MAX: usize = (2 * 366 + 1) * 24;

/// What was counted of one thing, minute by minute.
#[derive(Debug, Clone)]
pub struct Ledger {
    minutes: Tier,
    tens: Tier,
    hours: Tier,
    end: Option<i64>,
}

/// Running sums of buckets of one width.
#[derive(Debug, Clone)]
struct Tier {
    width: i64,
    kept: usize,
    /// The number of the bucket after the last.
    end: i64,
    /// The sum of all before the first bucket that is kept.
    before: Counts,
    /// For each bucket that is kept the sum of all up to its end.
    sums: VecDeque<Counts>,
}

impl Tier {
    fn new(width: i64, kept: usize) -> Self {
        // One more than is kept is there for a moment; growing by doubling would take up to twice as much.
        let sums = VecDeque::with_capacity(kept.saturating_add(1));
        Self { width, kept: kept.max(1), end: 0, before: Counts::default(), sums }
    }

    fn first(&self) -> i64 {
        self.end - i64::try_from(self.sums.len()).unwrap_or(0)
    }

    fn last(&self) -> Counts {
        self.sums.back().copied().unwrap_or(self.before)
    }

    /// Makes room up to the bucket of this minute.
    fn reach(&mut self, minute: i64) {
        let bucket = minute.div_euclid(self.width);
        if self.sums.is_empty() {
            // What comes late may be older than what comes first.
            self.end = (minute - LATE_MAX).div_euclid(self.width);
        }
        let kept = i64::try_from(self.kept).unwrap_or(i64::MAX);
        if bucket - self.end > kept {
            // Nothing of what is kept stays.
            self.before = self.last();
            self.sums.clear();
            self.end = bucket - kept;
        }
        while self.end <= bucket {
            self.sums.push_back(self.last());
            self.end += 1;
            if self.sums.len() > self.kept {
                self.before = self.sums.pop_front().unwrap_or_default();
            }
        }
    }

    /// Adds to the bucket of a minute; to the time before if it is not kept any more.
    fn add(&mut self, minute: i64, counts: Counts) {
        let bucket = minute.div_euclid(self.width);
        let first = self.first();
        if bucket < first {
            self.before += counts;
        }
        let from = usize::try_from(bucket - first).unwrap_or(0);
        self.sums.iter_mut().skip(from).for_each(|sum| *sum += counts);
    }

    /// Makes so many events of a minute good, or bad ones if it is negative, that were the other before.
    fn change(&mut self, minute: i64, good: i64) {
        let from = usize::try_from(minute.div_euclid(self.width) - self.first()).unwrap_or(0);
        self.sums.iter_mut().skip(from).for_each(|sum| sum.change(good));
    }

    /// The sum of all before a minute, rounded down to a bucket.
    fn up_to(&self, minute: i64) -> Counts {
        let bucket = minute.div_euclid(self.width);
        let index = bucket - self.first() - 1;
        if index < 0 {
            return self.before;
        }
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        self.sums.get(index).copied().unwrap_or_else(|| self.last())
    }

    fn holds(&self, minute: i64) -> bool {
        !self.sums.is_empty() && minute.div_euclid(self.width) >= self.first()
    }
}

impl Ledger {
    /// One that remembers at least so many minutes.
    #[must_use]
    pub fn new(minutes_kept: u32) -> Self {
        let hours = usize::try_from(minutes_kept / 60 + 25).unwrap_or(HOURS_MAX).min(HOURS_MAX);
        Self { minutes: Tier::new(1, MINUTES), tens: Tier::new(10, TENS), hours: Tier::new(60, hours), end: None }
    }

    /// The minute after the last that is known of; none if nothing was ever told.
    #[must_use]
    pub fn end(&self) -> Option<i64> {
        self.end
    }

    /// Time has passed up to this minute, whether something was counted or not.
    pub fn advance(&mut self, end: i64) {
        if self.end.is_some_and(|known| known >= end) {
            return;
        }
        for tier in [&mut self.minutes, &mut self.tens, &mut self.hours] {
            tier.reach(end - 1);
        }
        self.end = Some(end);
    }

    /// Counts something in a minute. It may come late, and in portions. False if it comes too late, by more than a day:
    /// then it is not taken.
    pub fn add(&mut self, minute: i64, counts: Counts) -> bool {
        self.advance(minute + 1);
        if minute < self.end.unwrap_or(minute) - LATE_MAX {
            return false;
        }
        for tier in [&mut self.minutes, &mut self.tens, &mut self.hours] {
            tier.add(minute, counts);
        }
        true
    }

    /// Changes the verdict on what was counted in a minute already.
    pub(crate) fn change(&mut self, minute: i64, good: i64) {
        for tier in [&mut self.minutes, &mut self.tens, &mut self.hours] {
            tier.change(minute, good);
        }
    }

    /// What was counted from one minute to another, which is not included. See the module for how the ends are rounded.
    #[must_use]
    pub fn between(&self, from: i64, to: i64) -> Counts {
        let tiers = [&self.minutes, &self.tens];
        let tier = tiers.into_iter().find(|tier| tier.holds(from)).unwrap_or(&self.hours);
        // The newest minute belongs to a bucket that is not over; whatever is known of it counts.
        let all = self.end.is_some_and(|end| to >= end);
        let upper = if all { tier.last() } else { tier.up_to(to) };
        upper.since(tier.up_to(from))
    }

    /// What was counted in the last so many minutes.
    #[must_use]
    pub fn last(&self, minutes: u32) -> Counts {
        let Some(end) = self.end else { return Counts::default() };
        self.between(end - i64::from(minutes), end)
    }

    /// How many bytes its buckets take.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        let tiers = [&self.minutes, &self.tens, &self.hours];
        tiers.iter().map(|tier| tier.sums.capacity() * size_of::<Counts>()).sum()
    }

    /// The newest minute in which anything was counted, as exactly as the tiers tell; none if they are empty.
    #[must_use]
    pub fn last_known(&self) -> Option<i64> {
        let found = |tier: &Tier| {
            let last = tier.last();
            let same = tier.sums.iter().rev().take_while(|sum| **sum == last).count();
            let index = tier.sums.len().checked_sub(same)?;
            let earlier = if index == 0 { tier.before } else { *tier.sums.get(index - 1)? };
            (earlier != last).then(|| (tier.first() + i64::try_from(index).unwrap_or(0)) * tier.width)
        };
        [&self.minutes, &self.tens, &self.hours].into_iter().find_map(found)
    }
}
