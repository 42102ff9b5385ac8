//! The hours in which a rotation is on duty.
//!
//! A restriction is a stretch of the wall clock on some days: it begins when the clock first shows `from` or later, and
//! ends when it first shows `to` or later. So stretches that meet on the clock meet in time, also where the clocks skip
//! an hour, or a country a day; and of an hour that comes twice, both belong to the stretch it is in.

use jiff::{Timestamp, ToSpan as _, civil::Time, tz::TimeZone};
use kernel::Weekday;
use serde::{Deserialize, Serialize};

use crate::turns::edge;

/// A stretch of the wall clock on some days of the week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// The days on which it begins; every day, if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// From this time on.
    pub from: Time,
    /// Until this time; on the next day, if it is not later than `from`.
    pub to: Time,
}

/// A stretch of time, without its end.
pub(crate) type Stretch = (Timestamp, Timestamp);

impl Restriction {
    /// The restriction in words: `monday, friday 09:00–17:00`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let days: Vec<&str> = self.days.iter().map(|day| day.as_str()).collect();
        let days = if days.is_empty() { "daily".to_owned() } else { days.join(", ") };
        if self.from == Time::midnight() && self.to == self.from {
            return format!("{days} all day");
        }
        let time = |time: Time| time.strftime("%H:%M").to_string();
        format!("{days} {}–{}", time(self.from), time(self.to))
    }

    /// The stretches that reach into `from` to `to`, in order.
    pub(crate) fn stretches(&self, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
        let mut stretches = Vec::new();
        // A day more on both sides: a stretch may begin on the day before, and the clock may be behind what it has shown.
        let Ok(mut day) = zone.to_datetime(from).date().checked_sub(1.day()) else { return stretches };
        let last = zone.to_datetime(to).date().saturating_add(1.day());
        while day <= last {
            let Ok(tomorrow) = day.tomorrow() else { break };
            let on = self.days.is_empty() || self.days.contains(&Weekday::of(day));
            if on {
                let until = if self.to > self.from { day } else { tomorrow };
                let begins = edge(zone, day.to_datetime(self.from));
                let ends = edge(zone, until.to_datetime(self.to));
                if let (Some(begins), Some(ends)) = (begins, ends)
                    && begins < ends
                    && begins < to
                    && ends > from
                {
                    stretches.push((begins, ends));
                }
            }
            day = tomorrow;
        }
        stretches
    }
}

/// Whether a moment is in these hours.
pub(crate) fn in_hours(restrict: &[Restriction], zone: &TimeZone, at: Timestamp) -> bool {
    let Ok(next) = at.checked_add(1.nanosecond()) else { return false };
    restrict.is_empty() || restrict.iter().any(|restriction| !restriction.stretches(zone, at, next).is_empty())
}

/// What of `from` to `to` is in these hours, in order, without overlap, and what meets joined.
pub(crate) fn hours(restrict: &[Restriction], zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Stretch> {
    if restrict.is_empty() {
        return vec![(from, to)];
    }
    let all = restrict.iter().flat_map(|restriction| restriction.stretches(zone, from, to));
    union(all.map(|(begins, ends)| (begins.max(from), ends.min(to))).collect())
}

/// The same stretches in order, without overlap, and what meets joined.
pub(crate) fn union(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.sort_unstable();
    let mut joined: Vec<Stretch> = Vec::new();
    for (from, to) in stretches {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            Some(_) | None => joined.push((from, to)),
        }
    }
    joined
}
