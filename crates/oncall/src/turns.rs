//! The turns of a rotation, numbered.

use jiff::{SignedDuration, Timestamp, ToSpan as _, civil::DateTime, tz::TimeZone};
use kernel::zone;

use crate::{Rotation, Shift, TurnLength};

/// A rotation with its zone looked up.
pub(crate) struct Turns<'a> {
    rotation: &'a Rotation,
    pub(crate) zone: TimeZone,
    first: DateTime,
}

impl<'a> Turns<'a> {
    pub(crate) fn of(rotation: &'a Rotation) -> Option<Self> {
        let zone = zone(&rotation.time_zone)?;
        Some(Self { rotation, zone, first: rotation.first_handover() })
    }

    /// When turn `number` begins, counted from zero.
    pub(crate) fn begins(&self, number: u32) -> Option<Timestamp> {
        let times = |unit: u16| i64::from(number).checked_mul(i64::from(unit.max(1)));
        let after = match self.rotation.length {
            TurnLength::Hours(hours) => times(hours).filter(|hours| *hours < MAX_DAYS * 24)?.hours(),
            TurnLength::Days(days) => times(days).filter(|days| *days < MAX_DAYS)?.days(),
            TurnLength::Weeks(weeks) => times(weeks).filter(|weeks| *weeks < MAX_DAYS / 7)?.weeks(),
            TurnLength::Months(months) => times(months).filter(|months| *months < MAX_DAYS / 31)?.months(),
        };
        let local = self.first.checked_add(after).ok()?;
        match self.rotation.length {
            // Several hand-overs can be within what the clocks skip; each being later by as much would put them behind
            // the ones that come after it.
            TurnLength::Hours(_) => edge(&self.zone, local),
            TurnLength::Days(_) | TurnLength::Weeks(_) | TurnLength::Months(_) => {
                self.zone.to_ambiguous_timestamp(local).compatible().ok()
            }
        }
    }

    /// The turn that contains `at`.
    pub(crate) fn number_at(&self, at: Timestamp) -> Option<u32> {
        let local = self.zone.to_datetime(at);
        let days = i64::from(local.date().since(self.first.date()).ok()?.get_days());
        let per = |unit: u16| i64::from(unit.max(1));
        let passed = match self.rotation.length {
            TurnLength::Hours(hours) => (days * 24 + i64::from(local.hour() - self.first.hour())) / per(hours),
            TurnLength::Days(days_each) => days / per(days_each),
            TurnLength::Weeks(weeks) => days / 7 / per(weeks),
            TurnLength::Months(months) => {
                let years = i64::from(local.year() - self.first.year());
                (years * 12 + i64::from(local.month() - self.first.month())) / per(months)
            }
        };
        // One too many at most, since `at` may be before that day's hand-over, or some too few where the clocks were
        // put back: from there, walk to the right one.
        let mut number = u32::try_from(passed).unwrap_or(0) + 1;
        while self.begins(number + 1)? <= at {
            number += 1;
        }
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
        let (from, to) = (self.begins(number)?, self.begins(number.checked_add(1)?)?);
        Some(Shift { person, from, to, instead_of: None })
    }
}

/// All the days that there are, and what a span of time can hold: beyond them a turn has no number.
const MAX_DAYS: i64 = 7_304_484;

/// The first moment at which the wall clock shows this time or a later one: of a time that comes twice the first, and
/// of one that is skipped the moment at which the clocks skip it. In order, whatever the clocks do.
pub(crate) fn edge(zone: &TimeZone, local: DateTime) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    let gap = matches!(ambiguous.offset(), jiff::tz::AmbiguousOffset::Gap { .. });
    if !gap {
        return ambiguous.earlier().ok();
    }
    let later = ambiguous.later().ok()?;
    let just_after = later.checked_add(SignedDuration::from_secs(1)).ok()?;
    Some(zone.preceding(just_after).next().map_or(later, |transition| transition.timestamp()))
}
