//! A rotation, and whose turn it is.

use std::sync::LazyLock;

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime, Time},
    tz::{TimeZone, TimeZoneDatabase},
};
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

/// A duty that is passed around a team's people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotation {
    /// The rotation itself, such as `rotation:default/payments-primary`.
    pub rotation: EntityRef,
    /// The team that is on call by it.
    pub team: EntityRef,
    /// Whose turn it is, in order. Not empty, and nobody twice.
    pub people: Vec<EntityRef>,
    /// The IANA name of the zone in whose wall-clock time hand-overs are.
    pub time_zone: String,
    /// When the duty is passed on.
    pub handover: Handover,
    /// How long a turn is.
    pub length: TurnLength,
    /// The first hand-over is on the first fitting day from this one on.
    pub starts: Date,
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

/// How long a turn is, in days of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnLength {
    /// So many days, at least one.
    Days(u16),
    /// So many weeks, at least one.
    Weeks(u16),
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the days")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
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

/// Whose turn it is at a moment, by the rotation alone. Nobody's before the first hand-over, or where the time zone
/// is not known to this program.
#[must_use]
pub fn on_call(rotation: &Rotation, at: Timestamp) -> Option<Shift> {
    let turns = Turns::of(rotation)?;
    turns.shift(turns.number_at(at)?)
}

/// A rotation with its zone looked up.
pub(crate) struct Turns<'a> {
    rotation: &'a Rotation,
    zone: TimeZone,
    first: DateTime,
}

impl<'a> Turns<'a> {
    pub(crate) fn of(rotation: &'a Rotation) -> Option<Self> {
        let zone = zone(&rotation.time_zone)?;
        Some(Self { rotation, zone, first: rotation.first_handover() })
    }

    /// When turn `number` begins, counted from zero.
    pub(crate) fn begins(&self, number: u32) -> Option<Timestamp> {
        let days = i64::from(number).checked_mul(i64::from(self.rotation.length.days()))?;
        let days = days.try_into().ok().filter(|days: &i32| *days < MAX_DAYS)?;
        let local = self.first.checked_add(days.days()).ok()?;
        self.zone.to_ambiguous_timestamp(local).compatible().ok()
    }

    /// The turn that contains `at`.
    pub(crate) fn number_at(&self, at: Timestamp) -> Option<u32> {
        let local_day = self.zone.to_datetime(at).date();
        let days = local_day.since(self.first.date()).ok()?.get_days();
        // A day late at most, since `at` may be before the day's hand-over: from there, walk to the right one.
        let mut number = u32::try_from(days / i32::from(self.rotation.length.days())).unwrap_or(0) + 1;
        while self.begins(number)? > at {
            number = number.checked_sub(1)?;
        }
        Some(number)
    }

    /// Turn `number`.
    pub(crate) fn shift(&self, number: u32) -> Option<Shift> {
        let people = u32::try_from(self.rotation.people.len()).ok()?;
        let turn = number.checked_rem(people)?;
        let person = self.rotation.people.get(usize::try_from(turn).ok()?)?.clone();
        let (from, to) = (self.begins(number)?, self.begins(number + 1)?);
        Some(Shift { person, from, to, instead_of: None })
    }
}

/// Some 2,700 years: beyond it a turn has no number.
const MAX_DAYS: i32 = 1_000_000;

/// The zones in this program, not the machine's. Kept, because it remembers the zones that it has read.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of this IANA name.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// Every name that [`zone`] knows.
pub(crate) fn zone_names() -> Vec<String> {
    ZONES.available().map(|name| name.to_string()).collect()
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
        format!("{people}, {} each, from {} ({})", self.length.in_words(), self.handover.in_words(), self.time_zone)
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
    /// The length in days.
    #[must_use]
    pub fn days(self) -> u16 {
        match self {
            Self::Days(days) => days.max(1),
            Self::Weeks(weeks) => weeks.max(1).saturating_mul(7),
        }
    }

    /// The length as it is written: `1 week`.
    #[must_use]
    pub fn in_words(self) -> String {
        let (count, unit) = match self {
            Self::Days(days) => (days, "day"),
            Self::Weeks(weeks) => (weeks, "week"),
        };
        if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
    }
}

impl Weekday {
    /// The week, in ISO 8601's order.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The day's name, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    /// Days after Monday.
    fn offset(self) -> i8 {
        match self {
            Self::Monday => 0,
            Self::Tuesday => 1,
            Self::Wednesday => 2,
            Self::Thursday => 3,
            Self::Friday => 4,
            Self::Saturday => 5,
            Self::Sunday => 6,
        }
    }
}
