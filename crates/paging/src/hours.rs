//! The hours in which pages of low urgency may disturb somebody.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use kernel::{Weekday, zone};
use serde::{Deserialize, Serialize};

/// Hours of some days of the week, in local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// The IANA name of the zone.
    pub time_zone: String,
    /// From then on.
    pub from: Time,
    /// Until then, which is no longer part of it. If it is not later than `from`, it is on the next day.
    pub to: Time,
    /// The days on which they begin. Not empty.
    pub days: Vec<Weekday>,
}

/// A country that skipped a day, or hours that a change of the clocks swallowed, can make the wait a week longer.
const DAYS_AHEAD: i32 = 15;

impl Hours {
    /// The first moment in these hours that is not before `at`. Where there is none, or the zone is not known to this
    /// program, it is `at` itself: a page is rather told at night than never.
    ///
    /// A time that the clocks skip is that much later, and of a time that comes twice it is the first.
    #[must_use]
    pub fn not_before(&self, at: Timestamp) -> Timestamp {
        let Some(zone) = zone(&self.time_zone) else { return at };
        let today = zone.to_datetime(at).date();
        // Hours that began yesterday may reach into today.
        let windows = (-1..=DAYS_AHEAD).filter_map(|day| self.window(today.checked_add(day.days()).ok()?, &zone));
        let mut later = windows.filter(|(_, to)| at < *to);
        later.next().map_or(at, |(from, _)| from.max(at))
    }

    fn window(&self, day: Date, zone: &TimeZone) -> Option<(Timestamp, Timestamp)> {
        if !self.days.contains(&Weekday::of(day)) {
            return None;
        }
        let last = if self.to > self.from { day } else { day.checked_add(1.days()).ok()? };
        let moment = |day: Date, time| zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok();
        let (from, to) = (moment(day, self.from)?, moment(last, self.to)?);
        (from < to).then_some((from, to))
    }

    /// The hours in words: `09:00 to 18:00 on monday, friday (Europe/Berlin)`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let days: Vec<&str> = self.days.iter().map(|day| day.as_str()).collect();
        let (from, to) = (self.from.strftime("%H:%M"), self.to.strftime("%H:%M"));
        format!("{from} to {to} on {} ({})", days.join(", "), self.time_zone)
    }
}
