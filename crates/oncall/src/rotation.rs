//! A rotation as it is declared, and whose turn it is.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
};
use kernel::{EntityRef, Weekday};
use serde::{Deserialize, Serialize};

use crate::{Restriction, turns::Turns};

/// A duty that is passed around a team's people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The rotation itself, such as `rotation:default/payments-primary`.
    pub rotation: EntityRef,
    /// The team that is on call by it.
    pub team: EntityRef,
    /// Whose turn it is, in order; nobody twice. With nobody there is a [`Gap`](crate::Gap).
    pub people: Vec<EntityRef>,
    /// The IANA name of the zone in whose wall-clock time hand-overs are.
    pub time_zone: String,
    /// When the duty is passed on.
    pub handover: Handover,
    /// How long a turn is.
    pub length: TurnLength,
    /// The first hand-over is on the first fitting day from this one on.
    pub starts: Date,
    /// The team's schedule that it is a part of. Without one, it is a duty of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// Its layer in the schedule, from 0 (if left out) to 9: where several cover a moment, the highest holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<u8>,
    /// The place of its duty among the team's, from 1 (if left out) to 9: the lowest is asked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u8>,
    /// The hours in which it is on duty; all, if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrict: Vec<Restriction>,
}

/// When the duty is passed on, in local time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// On which day of the week, for turns of weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekday: Option<Weekday>,
    /// At what time.
    pub time: Time,
}

/// How long a turn is, by the rotation's own clock and calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnLength {
    /// So many hours of the wall clock, at least one: a turn in which the clocks go forward is shorter.
    Hours(u16),
    /// So many days, at least one.
    Days(u16),
    /// So many weeks, at least one.
    Weeks(u16),
    /// So many months, at least one, always counted from the first hand-over: from 31 January it goes to the last of
    /// February, and then to 31 March.
    Months(u16),
}

/// One person's turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// Who.
    pub person: EntityRef,
    /// From then on.
    pub from: Timestamp,
    /// Until then, which is no longer part of it.
    pub to: Timestamp,
    /// Whose turn it would have been, if somebody was put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<EntityRef>,
}

/// Whose turn it is at a moment, by the rotation alone: without overrides, and whatever its hours are. Nobody's before the first hand-over, or where the time zone
/// is not known to this program.
#[must_use]
pub fn on_call(rotation: &Rotation, at: Timestamp) -> Option<Shift> {
    let turns = Turns::of(rotation)?;
    turns.shift(turns.number_at(at)?)
}

impl Rotation {
    /// The first hand-over, in local time: on the first fitting day from `starts` on.
    #[must_use]
    pub fn first_handover(&self) -> DateTime {
        let wait = self.handover.weekday.map_or(0, |weekday| {
            let wanted = weekday.offset();
            let actual = self.starts.weekday().to_monday_zero_offset();
            (wanted - actual).rem_euclid(7)
        });
        self.starts.saturating_add(i32::from(wait).days()).to_datetime(self.handover.time)
    }

    /// The rotation in words: `jo and kim, 1 week each, from monday 09:00 (Europe/Berlin)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let people = match self.people.as_slice() {
            [] => "nobody".to_owned(),
            [only] => only.short().to_owned(),
            [first @ .., last] => {
                let first = first.iter().map(EntityRef::short).collect::<Vec<_>>().join(", ");
                format!("{first} and {}", last.short())
            }
        };
        let turns = format!("{} each, from {}", self.length.in_words(), self.handover.in_words());
        let mut words = format!("{people}, {turns} ({})", self.time_zone);
        if let Some((first, rest)) = self.restrict.split_first() {
            words.push_str(", only ");
            words.push_str(&first.in_words());
            for restriction in rest {
                words.push_str(" and ");
                words.push_str(&restriction.in_words());
            }
        }
        if let Some(schedule) = &self.schedule {
            words.push_str(&format!(", layer {} of {schedule}", self.layer.unwrap_or(0)));
        }
        words
    }
}

impl Handover {
    /// The hand-over as it is written: `monday 09:00`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let time = self.time.strftime("%H:%M");
        self.weekday.map_or_else(|| time.to_string(), |weekday| format!("{} {time}", weekday.as_str()))
    }
}

impl TurnLength {
    /// The length as it is written: `1 week`.
    #[must_use]
    pub fn in_words(self) -> String {
        let (count, unit) = match self {
            Self::Hours(hours) => (hours, "hour"),
            Self::Days(days) => (days, "day"),
            Self::Weeks(weeks) => (weeks, "week"),
            Self::Months(months) => (months, "month"),
        };
        if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
    }
}
