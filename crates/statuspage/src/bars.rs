//! Uptime of the last 90 days, day by day.
//!
//! As Statuspage counts: a major outage is down time as a whole, a partial one for 30 %; being slow and maintenance are
//! none. Time of which nothing is known is no part of the sum, and a day of which nothing is known has no share.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Span, Timestamp, civil::Date, tz::TimeZone};

use crate::{Component, Measured, Page, State, Status};

/// Days that are shown.
pub const DAYS: usize = 90;

/// One day of one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The day, in the page's zone.
    pub date: Date,
    /// The worst that it was; none if nothing is known of that day.
    pub worst: Option<Status>,
    /// How long it was partly broken.
    pub partial: SignedDuration,
    /// How long it was broken.
    pub major: SignedDuration,
    /// How long anything was known.
    pub known: SignedDuration,
}

/// The last 90 days of one component, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bars {
    /// The days.
    pub days: Vec<Day>,
}

impl Day {
    /// The share of the known time in which it was up; none if nothing is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        share(self.known, self.partial, self.major)
    }
}

fn share(known: SignedDuration, partial: SignedDuration, major: SignedDuration) -> Option<f64> {
    const PARTIAL_WEIGHS: f64 = 0.3;
    let known = known.as_secs_f64();
    let down = major.as_secs_f64() + PARTIAL_WEIGHS * partial.as_secs_f64();
    (known > 0.0).then(|| (1.0 - down / known).clamp(0.0, 1.0))
}

impl Bars {
    /// What is known of a component's last days.
    #[must_use]
    pub fn of(state: &State, page: &Page, component: &Component, measured: &Measured, now: Timestamp) -> Self {
        let zone = kernel::zone(&page.time_zone).unwrap_or(TimeZone::UTC);
        let today = now.to_zoned(zone.clone()).date();
        let back = |days: usize| {
            let span = Span::new().try_days(i64::try_from(days).unwrap_or(0)).ok();
            span.and_then(|span| today.checked_sub(span).ok()).unwrap_or(today)
        };
        let midnight = |date: Date| date.to_zoned(zone.clone()).map_or(now, |zoned| zoned.timestamp());
        let first = midnight(back(DAYS - 1));
        let history = History::of(state, page, component, measured, first, now);
        let days = (0..DAYS).rev().map(|age| {
            let date = back(age);
            let until = if age == 0 { now } else { midnight(back(age - 1)) };
            history.day(date, midnight(date), until)
        });
        Self { days: days.collect() }
    }

    /// The share of the known time in which it was up; none if nothing is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let sum = |of: fn(&Day) -> SignedDuration| {
            self.days.iter().fold(SignedDuration::ZERO, |sum, day| sum.saturating_add(of(day)))
        };
        share(sum(|day| day.known), sum(|day| day.partial), sum(|day| day.major))
    }
}

/// How a component was, from each moment on.
struct History {
    turns: Vec<(Timestamp, Option<Status>)>,
}

impl History {
    fn of(
        state: &State,
        page: &Page,
        component: &Component,
        measured: &Measured,
        from: Timestamp,
        now: Timestamp,
    ) -> Self {
        let reports: Vec<_> =
            state.reports(&page.page).filter(|report| !report.retracted && report.names(&component.key)).collect();
        let sets: Vec<_> = state.sets(&page.page, &component.key).collect();
        let mut moments: BTreeSet<Timestamp> = measured.turns.iter().map(|(at, _)| *at).collect();
        moments.extend(reports.iter().flat_map(|report| report.updates.iter().map(|posted| posted.at)));
        moments.extend(sets.iter().flat_map(|set| [set.at, set.until]));
        moments.retain(|moment| *moment >= from);
        moments.insert(from);
        let at = |moment: &Timestamp| {
            if let Some(set) = sets.iter().rev().find(|set| set.at <= *moment && *moment < set.until) {
                return (*moment, Some(set.status));
            }
            let said: Vec<Status> = reports.iter().filter_map(|report| report.says(&component.key, *moment)).collect();
            if said.contains(&Status::UnderMaintenance) {
                return (*moment, Some(Status::UnderMaintenance));
            }
            let before = measured.turns.partition_point(|(at, _)| at <= moment);
            let by_check = before.checked_sub(1).and_then(|nth| measured.turns.get(nth)).map(|(_, status)| *status);
            let by_hand = component.behind.is_empty().then_some(Status::Operational);
            let measured = by_check.or(by_hand).filter(|status| *status != Status::NoData);
            (*moment, said.into_iter().max().max(measured))
        };
        Self { turns: moments.iter().filter(|moment| **moment < now).map(at).collect() }
    }

    fn day(&self, date: Date, from: Timestamp, until: Timestamp) -> Day {
        let zero = SignedDuration::ZERO;
        let mut day = Day { date, worst: None, partial: zero, major: zero, known: zero };
        for (nth, (at, status)) in self.turns.iter().enumerate() {
            let end = self.turns.get(nth + 1).map_or(until, |(next, _)| *next).min(until);
            let begin = (*at).max(from);
            let Some(status) = status.filter(|_| end > begin) else { continue };
            let lasted = end.duration_since(begin);
            day.known = day.known.saturating_add(lasted);
            day.worst = day.worst.max(Some(status));
            match status {
                Status::MajorOutage => day.major = day.major.saturating_add(lasted),
                Status::PartialOutage => day.partial = day.partial.saturating_add(lasted),
                Status::Operational | Status::UnderMaintenance | Status::NoData | Status::DegradedPerformance => {}
            }
        }
        day
    }
}
