//! Maintenance: times in which a check isn't judged.
//!
//! A failing run in a maintenance brings nothing about. A failure that goes on after the end counts from the end. Good
//! runs count always: an outage may end in a maintenance.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use kernel::{Actor, EntityRef, EventId, Weekday, zone};
use serde::{Deserialize, Serialize};

use crate::{CheckDefinition, Maintenance, State};

/// A maintenance that somebody set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The event that set it.
    pub id: EventId,
    /// A check, or the entity whose checks are meant.
    pub of: EntityRef,
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
    /// Who set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Planned {
    /// Maintenances that are remembered.
    pub const KEPT: usize = 1_000;
    /// The longest one.
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);

    /// True if the check isn't judged while this holds.
    #[must_use]
    pub fn concerns(&self, definition: &CheckDefinition) -> bool {
        self.of == definition.check || self.of == definition.target || definition.path.contains(&self.of)
    }

    /// True if it was called off before it began.
    #[must_use]
    pub fn is_called_off(&self) -> bool {
        self.to <= self.from
    }
}

impl State {
    /// The maintenances that people set, oldest first.
    pub fn maintenances(&self) -> impl Iterator<Item = &Planned> {
        self.maintenances.iter()
    }

    /// When the maintenance ends in which a check is at a moment; none if it is in none.
    #[must_use]
    pub fn maintenance_end(&self, definition: &CheckDefinition, at: Timestamp) -> Option<Timestamp> {
        let by_hand = self.maintenances.iter().filter(|planned| planned.from <= at && at < planned.to);
        let declared = definition.maintenance.iter().filter_map(|window| window.end_at(at));
        by_hand.filter(|planned| planned.concerns(definition)).map(|planned| planned.to).chain(declared).max()
    }
}

impl Maintenance {
    /// When the window ends that contains `at`, if one does.
    #[must_use]
    pub fn end_at(&self, at: Timestamp) -> Option<Timestamp> {
        let zone = zone(&self.time_zone)?;
        let today = zone.to_datetime(at).date();
        let days = i32::try_from(self.duration_ms / 86_400_000).unwrap_or(i32::MAX).min(31) + 1;
        (0..=days).find_map(|back| {
            let (from, to) = self.on(today.checked_sub(back.days()).ok()?, &zone)?;
            (from <= at && at < to).then_some(to)
        })
    }

    /// The next window that begins after `at`, within a week and a day: from when to when.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let zone = zone(&self.time_zone)?;
        let today = zone.to_datetime(at).date();
        (0..=8).find_map(|ahead| self.on(today.checked_add(ahead.days()).ok()?, &zone).filter(|(from, _)| *from > at))
    }

    /// The window that begins on a day, if one does.
    fn on(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        if !self.days.is_empty() && !self.days.contains(&Weekday::of(day)) {
            return None;
        }
        let from = zone.to_ambiguous_timestamp(day.to_datetime(self.from)).compatible().ok()?;
        let lasting = SignedDuration::from_millis(i64::try_from(self.duration_ms).ok()?);
        Some((from, from.checked_add(lasting).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(days: &[Weekday], from: &str, hours: u64, time_zone: &str, at: &str) -> Option<String> {
        let window = Maintenance {
            days: days.to_vec(),
            from: from.parse().unwrap(),
            duration_ms: hours * 3_600_000,
            time_zone: time_zone.to_owned(),
        };
        window.end_at(at.parse().unwrap()).map(|end| end.to_string())
    }

    #[test]
    fn a_window_is_in_its_own_zone_and_may_pass_midnight() {
        let sunday = |at| ends(&[Weekday::Sunday], "23:00", 3, "Europe/Lisbon", at);
        assert_eq!(sunday("2026-11-29T22:59:59Z"), None);
        assert_eq!(sunday("2026-11-29T23:00:00Z").as_deref(), Some("2026-11-30T02:00:00Z"));
        assert_eq!(
            sunday("2026-11-30T01:59:59Z").as_deref(),
            Some("2026-11-30T02:00:00Z"),
            "Monday, but begun on Sunday"
        );
        assert_eq!(sunday("2026-11-30T02:00:00Z"), None);
        assert_eq!(sunday("2026-11-30T23:30:00Z"), None, "Monday's night is another one");
        assert_eq!(sunday("2026-07-05T22:30:00Z").as_deref(), Some("2026-07-06T01:00:00Z"), "summer time");
    }

    #[test]
    fn the_next_window_begins_after_now_even_while_one_holds() {
        let window = |days: &[Weekday]| Maintenance {
            days: days.to_vec(),
            from: "02:00".parse().unwrap(),
            duration_ms: 3_600_000,
            time_zone: "Europe/Lisbon".to_owned(),
        };
        let next =
            |window: Maintenance, at: &str| window.next_after(at.parse().unwrap()).map(|(from, _)| from.to_string());
        let daily = || window(&[]);
        assert_eq!(next(daily(), "2026-11-25T01:30:00Z").as_deref(), Some("2026-11-25T02:00:00Z"));
        assert_eq!(next(daily(), "2026-11-25T02:00:00Z").as_deref(), Some("2026-11-26T02:00:00Z"));
        let sunday = || window(&[Weekday::Sunday]);
        assert_eq!(next(sunday(), "2026-11-29T02:30:00Z").as_deref(), Some("2026-12-06T02:00:00Z"));
        assert_eq!(next(Maintenance { time_zone: "Moon".to_owned(), ..daily() }, "2026-11-25T01:30:00Z"), None);
    }

    #[test]
    fn every_day_is_the_default_and_an_unknown_zone_has_no_window() {
        assert!(ends(&[], "02:00", 1, "UTC", "2026-11-25T02:30:00Z").is_some());
        assert!(ends(&[], "02:00", 1, "Moon/Tranquility", "2026-11-25T02:30:00Z").is_none());
        assert!(ends(&[], "02:00", 50, "UTC", "2026-11-25T01:30:00Z").is_some(), "longer than a day");
    }
}
