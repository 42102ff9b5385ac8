//! Who carries how much of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, civil::time};
use kernel::{EntityRef, EventId, Weekday, zone};
use serde::{Deserialize, Serialize};

use crate::{
    Restriction, State,
    duty::duties,
    hours::{Stretch, hours, union},
    schedule::LONGEST_VIEW,
};

/// What one person carries over a stretch of time. An hour on call for two duties is one hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Time on call.
    pub on_call: SignedDuration,
    /// Time on call at night: 22:00 to 07:00 in the rotation's zone.
    pub at_night: SignedDuration,
    /// Nights with any time on call.
    pub nights: u32,
    /// Time on call on Saturdays and Sundays in the rotation's zone.
    pub at_weekends: SignedDuration,
    /// Shifts: uninterrupted spans of the final schedules.
    pub shifts: u32,
    /// Overrides and swaps by which the person is on call instead of somebody else.
    pub overrides: u32,
}

#[derive(Default)]
struct Carried {
    on_call: Vec<Stretch>,
    nights: Vec<Stretch>,
    weekends: Vec<Stretch>,
    begun_nights: BTreeSet<Timestamp>,
    shifts: u32,
    overrides: BTreeSet<EventId>,
}

/// What each person carries from `from` to `to` (800 days at most), by the final schedules of all teams. Of these people
/// only, where some are given; who carries nothing is then in the answer all the same.
#[must_use]
pub fn load(state: &State, people: Option<&[EntityRef]>, from: Timestamp, to: Timestamp) -> BTreeMap<EntityRef, Load> {
    let to = to.min(from.saturating_add(LONGEST_VIEW).unwrap_or(Timestamp::MAX));
    let asked: Option<BTreeSet<&EntityRef>> = people.map(|people| people.iter().collect());
    let mut carried: BTreeMap<EntityRef, Carried> = BTreeMap::new();
    for person in people.unwrap_or_default() {
        carried.entry(person.clone()).or_default();
    }
    let (night, weekend) = (night(), weekend());
    for duty in state.teams().flat_map(|team| duties(state, team)) {
        let takes_part = |person: &EntityRef| asked.as_ref().is_none_or(|asked| asked.contains(person));
        if !duty.people().any(takes_part) {
            continue;
        }
        for span in duty.spans(from, to).into_iter().filter(|span| takes_part(&span.person)) {
            let (from, to) = (span.from.max(from), span.to.min(to));
            let zone = state.roster(&span.rotation).and_then(|roster| zone(&roster.rotation.time_zone));
            let (Some(zone), true) = (zone, from < to) else { continue };
            let carried = carried.entry(span.person).or_default();
            carried.on_call.push((from, to));
            carried.nights.extend(hours(&night, &zone, from, to));
            carried.weekends.extend(hours(&weekend, &zone, from, to));
            let nights = night.iter().flat_map(|night| night.stretches(&zone, from, to));
            carried.begun_nights.extend(nights.map(|(begins, _)| begins));
            carried.shifts = carried.shifts.saturating_add(1);
            carried.overrides.extend(span.put_in);
        }
    }
    carried.into_iter().map(|(person, carried)| (person, carried.summed())).collect()
}

impl Carried {
    fn summed(self) -> Load {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Load {
            on_call: length(self.on_call),
            at_night: length(self.nights),
            nights: count(self.begun_nights.len()),
            at_weekends: length(self.weekends),
            shifts: self.shifts,
            overrides: count(self.overrides.len()),
        }
    }
}

fn length(stretches: Vec<Stretch>) -> SignedDuration {
    let add = |sum: SignedDuration, (from, to): &Stretch| sum.saturating_add(to.duration_since(*from));
    union(stretches).iter().fold(SignedDuration::ZERO, add)
}

fn night() -> [Restriction; 1] {
    [Restriction { days: Vec::new(), from: time(22, 0, 0, 0), to: time(7, 0, 0, 0) }]
}

fn weekend() -> [Restriction; 1] {
    let midnight = time(0, 0, 0, 0);
    [Restriction { days: vec![Weekday::Saturday, Weekday::Sunday], from: midnight, to: midnight }]
}
