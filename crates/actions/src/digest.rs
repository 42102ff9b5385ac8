//! When a team is told how its week was: at the weekday and the time that its calendar names.

use imbl::{OrdMap, OrdSet};
use jiff::{
    Timestamp, ToSpan as _,
    civil::{DateTime, Time, Weekday},
    tz::TimeZone,
};
use kernel::{EffectId, EntityRef, zone};
use serde::{Deserialize, Serialize};

use crate::{Cycle, Told};

/// A weekday and a time, on the wall of the calendar's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestTime {
    /// The weekday: 1 is Monday, 7 is Sunday.
    pub weekday: i8,
    /// The minute of the day.
    pub minute: u16,
}

/// When each calendar's digest is due, and those that are on their way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Digests {
    next: OrdMap<EntityRef, Timestamp>,
    due: OrdSet<(Timestamp, EntityRef)>,
    messages: OrdMap<EffectId, WeekNotice>,
}

/// A digest that somebody is to get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeekNotice {
    /// Whose week.
    pub team: EntityRef,
    /// When it began.
    pub from: Timestamp,
    /// When it was over.
    pub until: Timestamp,
    /// To whom.
    pub person: EntityRef,
}

impl Digests {
    /// When a calendar's digest is due next.
    #[must_use]
    pub fn next(&self, cycle: &EntityRef) -> Option<Timestamp> {
        self.next.get(cycle).copied()
    }

    /// The calendars whose digest is due, the longest due first.
    pub(crate) fn due(&self, now: Timestamp) -> impl Iterator<Item = &EntityRef> {
        self.due.iter().take_while(move |(at, _)| *at <= now).map(|(_, cycle)| cycle)
    }

    /// The digest that an effect is, until it has arrived.
    #[must_use]
    pub fn message(&self, message: EffectId) -> Option<&WeekNotice> {
        self.messages.get(&message)
    }

    /// A calendar was defined, maybe anew. What is due already stays so.
    pub(crate) fn plan(&mut self, cycle: &Cycle, now: Timestamp) {
        let waiting = self.next(&cycle.cycle).filter(|due| *due <= now && cycle.digest.is_some());
        self.sent(&cycle.cycle, waiting.or_else(|| cycle.next_digest(now)));
    }

    /// The next one is due then.
    pub(crate) fn sent(&mut self, cycle: &EntityRef, next: Option<Timestamp>) {
        self.forget(cycle);
        if let Some(next) = next {
            self.next.insert(cycle.clone(), next);
            self.due.insert((next, cycle.clone()));
        }
    }

    pub(crate) fn forget(&mut self, cycle: &EntityRef) {
        if let Some(due) = self.next.remove(cycle) {
            self.due.remove(&(due, cycle.clone()));
        }
    }

    pub(crate) fn announce(&mut self, team: &EntityRef, (from, until): (Timestamp, Timestamp), to: &[Told]) {
        for told in to {
            if let Some(message) = told.message {
                let notice = WeekNotice { team: team.clone(), from, until, person: told.person.clone() };
                self.messages.insert(message, notice);
            }
        }
    }

    pub(crate) fn note_delivery(&mut self, message: EffectId) {
        self.messages.remove(&message);
    }
}

/// Weeks that are looked through for the newest one that is over; a longer standstill ends in the last one anyway.
const WEEKS_MAX: u32 = 600;

impl DigestTime {
    const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    /// Where no time is said.
    const MORNING: u16 = 8 * 60;

    /// Reads `monday` or `monday 08:00`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (day, time) = text.split_once(' ').map_or((text.as_str(), None), |(day, time)| (day, Some(time.trim())));
        let day = Self::NAMES.iter().position(|name| *name == day)?;
        let minute = match time {
            None => Self::MORNING,
            Some(time) => {
                let time = Time::strptime("%H:%M", time).ok()?;
                u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
            }
        };
        Some(Self { weekday: i8::try_from(day).ok()? + 1, minute })
    }

    /// As it is written: `monday 08:00`.
    #[must_use]
    pub fn in_words(self) -> String {
        let day = usize::try_from(self.weekday - 1).ok().and_then(|day| Self::NAMES.get(day)).unwrap_or(&"monday");
        format!("{day} {:02}:{:02}", self.minute / 60, self.minute % 60)
    }

    /// The first such moment after another.
    fn after(self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let weekday = Weekday::from_monday_one_offset(self.weekday).ok()?;
        let today = zone.to_datetime(at).date();
        let this = if today.weekday() == weekday { today } else { today.nth_weekday(1, weekday).ok()? };
        [this, this.checked_add(1.week()).ok()?].into_iter().find_map(|date| {
            let time = Time::new(i8::try_from(self.minute / 60).ok()?, i8::try_from(self.minute % 60).ok()?, 0, 0);
            let moment = zone.to_ambiguous_timestamp(DateTime::from_parts(date, time.ok()?)).compatible().ok()?;
            (moment > at).then_some(moment)
        })
    }
}

impl Cycle {
    /// When the team's next digest is due after a moment; none if the calendar names no time for it.
    #[must_use]
    pub fn next_digest(&self, after: Timestamp) -> Option<Timestamp> {
        self.digest?.after(after, &zone(&self.time_zone)?)
    }

    /// The newest week that is over, of a digest that was due at `due`: what Mainstay stood still for is not made up for
    /// with several mails.
    pub(crate) fn week(&self, due: Timestamp, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let zone = zone(&self.time_zone)?;
        let mut to = due;
        for _ in 0..WEEKS_MAX {
            match self.next_digest(to).filter(|next| *next <= now) {
                Some(next) => to = next,
                None => break,
            }
        }
        let from = zone.to_datetime(to).checked_sub(1.week()).ok()?;
        Some((zone.to_ambiguous_timestamp(from).compatible().ok()?, to))
    }
}
