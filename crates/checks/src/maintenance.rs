//! Maintenance: times in which a check isn't judged.
//!
//! A failing run in a maintenance brings nothing about. A failure that goes on after the end counts from the end. Good
//! runs count always: an outage may end in a maintenance.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use kernel::{EntityRef, EventId, Weekday, zone};
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
}

impl Planned {
    /// Maintenances that are remembered.
    pub const KEPT: usize = 1_000;
    /// The longest one.
    pub const LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);
}

impl State {
    /// The maintenances that people set, oldest first.
    pub fn maintenances(&self) -> impl Iterator<Item = &Planned> {
        self.maintenances.iter()
    }

    /// When the maintenance ends in which a check is at a moment; none if it is in none.
    #[must_use]
    pub fn maintenance_end(&self, definition: &CheckDefinition, at: Timestamp) -> Option<Timestamp> {
        let concerns = |planned: &&Planned| {
            planned.of == definition.check || planned.of == definition.target || definition.path.contains(&planned.of)
        };
        let by_hand = self.maintenances.iter().filter(|planned| planned.from <= at && at < planned.to);
        let declared = definition.maintenance.iter().filter_map(|window| window.end_at(at));
        by_hand.filter(concerns).map(|planned| planned.to).chain(declared).max()
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
    fn every_day_is_the_default_and_an_unknown_zone_has_no_window() {
        assert!(ends(&[], "02:00", 1, "UTC", "2026-11-25T02:30:00Z").is_some());
        assert!(ends(&[], "02:00", 1, "Moon/Tranquility", "2026-11-25T02:30:00Z").is_none());
        assert!(ends(&[], "02:00", 50, "UTC", "2026-11-25T01:30:00Z").is_some(), "longer than a day");
    }
}
