//! The period that a budget is for.

use jiff::{Span, Timestamp, ToSpan, civil::DateTime, tz::TimeZone};
use kernel::zone;
use serde::{Deserialize, Serialize};

use crate::{Shorthand, Unit};

/// The period that a budget is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Window {
    /// The time up to now.
    Rolling {
        /// How long.
        duration: Shorthand,
    },
    /// Periods that follow one another from a beginning on, by the clock on the wall of a zone.
    Calendar {
        /// How long each is.
        duration: Shorthand,
        /// When the first one begins, on the wall.
        start: DateTime,
        /// The IANA name of the zone.
        time_zone: String,
    },
}

/// One period, in minutes since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its first minute.
    pub from: i64,
    /// The minute after its last; in the future for a calendar period that runs.
    pub to: i64,
}

impl Period {
    /// How many minutes it has.
    #[must_use]
    pub fn minutes(self) -> u32 {
        u32::try_from(self.to.saturating_sub(self.from)).unwrap_or(0)
    }
}

/// The minute since 1970 that a moment is in.
#[must_use]
pub fn minute_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// When a minute since 1970 begins.
#[must_use]
pub fn moment_of(minute: i64) -> Timestamp {
    let second = minute.saturating_mul(60).clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl Window {
    /// How long a period is.
    #[must_use]
    pub fn duration(&self) -> Shorthand {
        match self {
            Self::Rolling { duration } | Self::Calendar { duration, .. } => *duration,
        }
    }

    /// The period that the minute before `now` (in minutes since 1970) is in: what is known ends there. Before the
    /// beginning of a calendar it is the first period.
    #[must_use]
    pub fn period(&self, now: i64) -> Period {
        match self {
            Self::Rolling { duration } => Period { from: now - i64::from(duration.minutes()), to: now },
            Self::Calendar { duration, start, time_zone } => {
                let zone = zone(time_zone).unwrap_or(TimeZone::UTC);
                calendar(*duration, *start, &zone, now.saturating_sub(1))
            }
        }
    }
}

/// The calendar period that a minute is in. The beginnings are counted from the start of the calendar each, so that a
/// month that begins on the 31st does so again after a shorter one. Those that the clocks' change leaves out begin
/// when it is over; those that there are twice, with the first.
fn calendar(duration: Shorthand, start: DateTime, zone: &TimeZone, minute: i64) -> Period {
    let begins = |turn: i64| -> i64 {
        let civil = span(duration, turn).and_then(|span| start.checked_add(span).ok());
        let moment = civil.and_then(|civil| zone.to_zoned(civil).ok()).map(|zoned| zoned.timestamp());
        moment.map_or(if turn < 0 { i64::MIN / 2 } else { i64::MAX / 2 }, minute_of)
    };
    let length = i64::from(duration.minutes().max(1));
    // Months and years are near their mean lengths, and zones near UTC: a few steps from the estimate reach the turn.
    let mut turn = (minute.saturating_sub(begins(0)) / length).max(0);
    while turn > 0 && begins(turn) > minute {
        turn -= 1;
    }
    while begins(turn + 1) <= minute {
        turn += 1;
    }
    Period { from: begins(turn), to: begins(turn + 1) }
}

fn span(duration: Shorthand, turns: i64) -> Option<Span> {
    let count = i64::from(duration.count).checked_mul(turns)?;
    let span = match duration.unit {
        Unit::Minute => Span::new().try_minutes(count),
        Unit::Hour => Span::new().try_hours(count),
        Unit::Day => Span::new().try_days(count),
        Unit::Week => Span::new().try_weeks(count),
        Unit::Month => Span::new().try_months(count),
        Unit::Quarter => Span::new().try_months(count.checked_mul(3)?),
        Unit::Year => Span::new().try_years(count),
    };
    span.ok().or_else(|| (turns == 0).then(|| 0.days()))
}
