//! Who is on call, with the overrides: now, and in the weeks to come.

use jiff::{Timestamp, civil::DateTime};
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::{Roster, Shift, State, on_call, rotation::Turns};

/// Who is on call now, by one rotation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCall {
    /// The rotation.
    pub rotation: EntityRef,
    /// Who.
    pub person: EntityRef,
    /// Until when.
    pub until: Timestamp,
    /// Who comes then. Nobody else, in a rotation of one.
    pub next: Option<EntityRef>,
    /// Whose turn it would have been, if somebody was put in.
    pub overridden: Option<EntityRef>,
}

/// Why nobody of a team is on call. To be shown as loudly as a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "gap", rename_all = "snake_case")]
pub enum Gap {
    /// The team has no rotation.
    NoRotation,
    /// The team's rotations have not begun.
    NotStarted {
        /// The rotation that begins first.
        rotation: EntityRef,
        /// When it begins, in its own local time.
        starts: DateTime,
        /// Its zone.
        time_zone: String,
    },
}

/// Shifts that [`schedule`] gives at most.
const SHIFTS: usize = 2_000;

/// Shifts among which the next person is looked for.
const AHEAD: usize = 104;

/// Who of the team is on call at a moment, by each of its rotations that has begun.
#[must_use]
pub fn current(state: &State, team: &EntityRef, at: Timestamp) -> Vec<OnCall> {
    state.of_team(team).filter_map(|roster| on_call_in(roster, at)).collect()
}

fn on_call_in(roster: &Roster, at: Timestamp) -> Option<OnCall> {
    let turns = Turns::of(&roster.rotation)?;
    let mut coming = shifts(roster, &turns, turns.number_at(at)?).skip_while(|shift| shift.to <= at).take(AHEAD);
    let now = coming.next()?;
    let mut last = now.to;
    let next = coming.find(|shift| {
        let another = shift.person != now.person;
        if !another {
            last = shift.to;
        }
        another
    });
    // Where nobody else ever comes, the hand-over is a formality, but it is the promise's end.
    let until = if next.is_some() { last } else { now.to };
    let rotation = roster.rotation.rotation.clone();
    Some(OnCall {
        rotation,
        person: now.person,
        until,
        next: next.map(|shift| shift.person),
        overridden: now.instead_of,
    })
}

/// The shifts from `from` to `to`, with the overrides, in order. They follow one another without gap or overlap; the
/// first may have begun before `from`, and the last may end after `to`. At most 2,000.
#[must_use]
pub fn schedule(roster: &Roster, from: Timestamp, to: Timestamp) -> Vec<Shift> {
    let Some(turns) = Turns::of(&roster.rotation) else { return Vec::new() };
    let first = turns.number_at(from).unwrap_or(0);
    shifts(roster, &turns, first)
        .skip_while(|shift| shift.to <= from)
        .take_while(|shift| shift.from < to)
        .take(SHIFTS)
        .collect()
}

/// The shifts from turn `first` on, without end.
fn shifts<'a>(roster: &'a Roster, turns: &'a Turns<'a>, first: u32) -> impl Iterator<Item = Shift> + 'a {
    (first..).map_while(|number| turns.shift(number)).flat_map(|turn| split(roster, &turn))
}

/// A turn, cut where overrides begin and end.
fn split(roster: &Roster, turn: &Shift) -> Vec<Shift> {
    let overlapping = || roster.overrides.iter().filter(|set| set.from < turn.to && set.to > turn.from);
    let mut cuts: Vec<Timestamp> = overlapping()
        .flat_map(|set| [set.from, set.to])
        .filter(|cut| (turn.from..turn.to).contains(cut))
        .chain([turn.from, turn.to])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut shifts: Vec<Shift> = Vec::new();
    for pair in cuts.windows(2) {
        let &[from, to] = pair else { continue };
        // The newest override holds.
        let put_in = overlapping().rev().find(|set| set.from <= from && set.to >= to).map(|set| &set.person);
        let person = put_in.unwrap_or(&turn.person).clone();
        let instead_of = (person != turn.person).then(|| turn.person.clone());
        let shift = Shift { person, from, to, instead_of };
        match shifts.last_mut() {
            Some(last) if same_duty(last, &shift) => last.to = to,
            Some(_) | None => shifts.push(shift),
        }
    }
    shifts
}

fn same_duty(one: &Shift, other: &Shift) -> bool {
    one.person == other.person && one.instead_of == other.instead_of
}

/// Why nobody of the team is on call at a moment, if nobody is.
#[must_use]
pub fn gap(state: &State, team: &EntityRef, at: Timestamp) -> Option<Gap> {
    let mut rosters = state.of_team(team).peekable();
    if rosters.peek().is_none() {
        return Some(Gap::NoRotation);
    }
    let mut first: Option<&Roster> = None;
    for roster in rosters {
        if on_call(&roster.rotation, at).is_some() {
            return None;
        }
        let earlier = |first: &Roster| roster.rotation.first_handover() < first.rotation.first_handover();
        if first.is_none_or(earlier) {
            first = Some(roster);
        }
    }
    first.map(|roster| Gap::NotStarted {
        rotation: roster.rotation.rotation.clone(),
        starts: roster.rotation.first_handover(),
        time_zone: roster.rotation.time_zone.clone(),
    })
}
