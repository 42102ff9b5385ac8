//! A team's calendar of sprints, or of longer cycles with a cooldown after each: the clock that promises run by.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::DateTime, tz::TimeZone};
use kernel::{EntityRef, zone};
use serde::{Deserialize, Serialize};

use crate::DigestTime;

/// A team's calendar, as it is declared (`kind: Cycle`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cycle {
    /// The calendar itself, such as `cycle:default/payments`.
    pub cycle: EntityRef,
    /// Whose it is. Teams within it that have none of their own go by it too.
    pub team: EntityRef,
    /// What its turns are called and how long they are.
    pub rhythm: Rhythm,
    /// When the first turn begins, in local time.
    pub starts: DateTime,
    /// The IANA name of the zone in whose wall-clock time turns begin.
    pub time_zone: String,
    /// What a turn is called: `{number}` and `{year}` stand for its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When the team is told how its week was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<DigestTime>,
}

/// What turns are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rhythm {
    /// Sprints, one after the other.
    Sprints {
        /// How long one is.
        length: Length,
    },
    /// Cycles with a cooldown after each, such as six weeks and two.
    Cycles {
        /// How long the work of one is.
        length: Length,
        /// How long the cooldown is.
        cooldown: Length,
    },
}

/// How long something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// So many days of the calendar, at least one: a day on which the clocks change is shorter or longer.
    Days(u16),
    /// So many minutes of the clock, at least one.
    Minutes(u32),
    /// So many seconds of the clock, at least one.
    Seconds(u32),
}

/// One sprint or cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Its number, from one.
    pub number: u32,
    /// What it is called.
    pub name: String,
    /// When it begins.
    pub from: Timestamp,
    /// When its work ends.
    pub to: Timestamp,
    /// When the next begins: later than `to` by the cooldown, if there is one.
    pub until: Timestamp,
}

/// Turns that an answer has at most.
pub(crate) const TURNS: usize = 500;

impl Turn {
    /// True in the cooldown after the turn's work.
    #[must_use]
    pub fn is_cooldown(&self, at: Timestamp) -> bool {
        at >= self.to
    }
}

impl Length {
    /// Both after one another. Days are not mixed with what a clock counts in one calendar, which its reader makes sure of.
    fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Days(one), Self::Days(more)) => Self::Days(one.saturating_add(more)),
            (Self::Minutes(one), Self::Minutes(more)) => Self::Minutes(one.saturating_add(more)),
            (Self::Days(_), _) | (_, Self::Days(_)) => self,
            (one, more) => Self::Seconds(one.seconds().saturating_add(more.seconds())),
        }
    }

    /// True if it is of the calendar, and not of the clock.
    #[must_use]
    pub fn is_of_days(self) -> bool {
        matches!(self, Self::Days(_))
    }

    /// How many seconds of the clock; a day has as many as most have.
    fn seconds(self) -> u32 {
        match self {
            Self::Days(days) => u32::from(days).saturating_mul(24 * 60 * 60),
            Self::Minutes(minutes) => minutes.saturating_mul(60),
            Self::Seconds(seconds) => seconds,
        }
    }

    /// The length as it is written: `2 weeks`.
    #[must_use]
    pub fn in_words(self) -> String {
        let (count, unit) = match self {
            Self::Days(days) if days % 7 == 0 => (u32::from(days / 7), "week"),
            Self::Days(days) => (u32::from(days), "day"),
            Self::Minutes(minutes) if minutes % 60 == 0 => (minutes / 60, "hour"),
            Self::Minutes(minutes) => (minutes, "minute"),
            Self::Seconds(seconds) => (seconds, "second"),
        };
        if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
    }
}

impl Rhythm {
    /// How long the work of one turn is.
    #[must_use]
    pub fn length(self) -> Length {
        match self {
            Self::Sprints { length } | Self::Cycles { length, .. } => length,
        }
    }

    fn whole(self) -> Length {
        match self {
            Self::Sprints { length } => length,
            Self::Cycles { length, cooldown } => length.plus(cooldown),
        }
    }

    /// What one turn is called: `sprint` or `cycle`.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Sprints { .. } => "sprint",
            Self::Cycles { .. } => "cycle",
        }
    }
}

impl Cycle {
    /// The turn at a moment, its cooldown being a part of it. None before the first.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<Turn> {
        let clock = self.clock()?;
        self.turn(&clock, clock.number_at(at)?)
    }

    /// The first turn that begins at the moment, or after it.
    #[must_use]
    pub fn next(&self, at: Timestamp) -> Option<Turn> {
        let clock = self.clock()?;
        let Some(number) = clock.number_at(at) else { return self.turn(&clock, 0) };
        let current = self.turn(&clock, number)?;
        if current.from == at { Some(current) } else { self.turn(&clock, number.checked_add(1)?) }
    }

    /// When the `count`-th whole turn after a moment is over, its cooldown included: a turn that has begun doesn't count.
    #[must_use]
    pub fn end_of(&self, count: u32, after: Timestamp) -> Option<Timestamp> {
        let clock = self.clock()?;
        let next = self.next(after)?;
        // Numbers are from one here, and from zero there.
        clock.begins(next.number.checked_add(count)?.checked_sub(1)?)
    }

    /// The turns that reach into `from` to `to`, at most 500.
    #[must_use]
    pub fn turns(&self, from: Timestamp, to: Timestamp) -> Vec<Turn> {
        let Some(clock) = self.clock() else { return Vec::new() };
        let first = clock.number_at(from).unwrap_or(0);
        let numbers = first..first.saturating_add(TURNS as u32);
        let turns = numbers.map_while(|number| self.turn(&clock, number)).take_while(|turn| turn.from < to);
        turns.filter(|turn| turn.until > from).collect()
    }

    /// The calendar in words: `sprints of 2 weeks since 2026-01-05 (Europe/Berlin)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let since = self.starts.date();
        match self.rhythm {
            Rhythm::Sprints { length } => {
                format!("sprints of {} since {since} ({})", length.in_words(), self.time_zone)
            }
            Rhythm::Cycles { length, cooldown } => format!(
                "cycles of {} with {} of cooldown since {since} ({})",
                length.in_words(),
                cooldown.in_words(),
                self.time_zone
            ),
        }
    }

    fn clock(&self) -> Option<Clock> {
        let zone = zone(&self.time_zone)?;
        let first = zone.to_ambiguous_timestamp(self.starts).compatible().ok()?;
        Some(Clock { zone, first: (self.starts, first), whole: self.rhythm.whole(), work: self.rhythm.length() })
    }

    fn turn(&self, clock: &Clock, number: u32) -> Option<Turn> {
        let from = clock.begins(number)?;
        let to = clock.work_ends(number)?;
        let until = clock.begins(number.checked_add(1)?)?;
        let number = number.checked_add(1)?;
        let year = clock.zone.to_datetime(from).year();
        let name = match &self.name {
            Some(pattern) => pattern.replace("{number}", &number.to_string()).replace("{year}", &year.to_string()),
            None => format!("{} {number}", self.rhythm.noun()),
        };
        Some(Turn { number, name, from, to, until })
    }
}

/// A calendar with its zone looked up. Turns are counted from zero here.
struct Clock {
    zone: TimeZone,
    first: (DateTime, Timestamp),
    whole: Length,
    work: Length,
}

/// Longer ago or ahead than people plan; it keeps the arithmetic small.
const MAX_DAYS: i64 = 366 * 400;

impl Clock {
    fn begins(&self, number: u32) -> Option<Timestamp> {
        self.after(self.whole, number, None)
    }

    fn work_ends(&self, number: u32) -> Option<Timestamp> {
        self.after(self.whole, number, Some(self.work))
    }

    /// `number` times `length` after the first turn's beginning, and `more`.
    fn after(&self, length: Length, number: u32, more: Option<Length>) -> Option<Timestamp> {
        let (local, first) = self.first;
        let units = |length: Length| match length {
            Length::Days(days) => i64::from(days.max(1)),
            Length::Minutes(_) | Length::Seconds(_) => i64::from(length.seconds().max(1)),
        };
        let count = units(length).checked_mul(i64::from(number))?.checked_add(more.map_or(0, units))?;
        match length {
            Length::Days(_) => {
                let days = Some(count).filter(|days| *days < MAX_DAYS)?;
                let local = local.checked_add(days.days()).ok()?;
                self.zone.to_ambiguous_timestamp(local).compatible().ok()
            }
            Length::Minutes(_) | Length::Seconds(_) => {
                let seconds = Some(count).filter(|seconds| *seconds < MAX_DAYS * 24 * 60 * 60)?;
                first.checked_add(SignedDuration::from_secs(seconds)).ok()
            }
        }
    }

    fn number_at(&self, at: Timestamp) -> Option<u32> {
        let (local, first) = self.first;
        let guess = match self.whole {
            Length::Days(days) => {
                let passed = self.zone.to_datetime(at).date().since(local.date()).ok()?.get_days();
                i64::from(passed).div_euclid(i64::from(days.max(1)))
            }
            Length::Minutes(_) | Length::Seconds(_) => {
                at.duration_since(first).as_secs().div_euclid(i64::from(self.whole.seconds().max(1)))
            }
        };
        // The guess looks at dates alone, so that it is off by one at most.
        let near = [guess + 1, guess, guess - 1].into_iter().filter_map(|number| u32::try_from(number).ok());
        near.into_iter().find(|number| self.begins(*number).is_some_and(|begins| begins <= at))
    }
}
