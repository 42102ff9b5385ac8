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

/// How far ahead the next person is looked for.
const AHEAD_TURNS: u32 = 104;

/// Who of the team is on call at a moment, by each of its rotations that has begun.
#[must_use]
pub fn current(state: &State, team: &EntityRef, at: Timestamp) -> Vec<OnCall> {
    state.of_team(team).filter_map(|roster| on_call_in(roster, at)).collect()
}

fn on_call_in(roster: &Roster, at: Timestamp) -> Option<OnCall> {
    let turns = Turns::of(&roster.rotation)?;
    let end = turns.begins(turns.number_at(at)?.saturating_add(AHEAD_TURNS))?;
    let mut shifts = schedule(roster, at, end).into_iter();
    let now = shifts.next()?;
    let mut until = now.to;
    let mut next = None;
    for shift in shifts {
        if shift.person != now.person {
            next = Some(shift.person);
            break;
        }
        until = shift.to;
    }
    if next.is_none() {
        // A rotation of one: the hand-over is a formality, but it is the promise's end.
        until = now.to;
    }
    let rotation = roster.rotation.rotation.clone();
    Some(OnCall { rotation, person: now.person, until, next, overridden: now.instead_of })
}

/// The shifts from `from` to `to`, with the overrides, in order. They follow one another without gap or overlap; the
/// first may have begun before `from`, and the last may end after `to`. At most 2,000.
#[must_use]
pub fn schedule(roster: &Roster, from: Timestamp, to: Timestamp) -> Vec<Shift> {
    let Some(turns) = Turns::of(&roster.rotation) else { return Vec::new() };
    let first = turns.number_at(from).unwrap_or(0);
    let mut shifts = Vec::new();
    for number in first.. {
        let Some(shift) = turns.shift(number).filter(|shift| shift.from < to) else { break };
        split(roster, &shift, &mut shifts);
        if shifts.len() >= SHIFTS {
            break;
        }
    }
    shifts.retain(|shift| shift.to > from && shift.from < to);
    shifts.truncate(SHIFTS);
    shifts
}

/// A turn, cut where overrides begin and end.
fn split(roster: &Roster, turn: &Shift, shifts: &mut Vec<Shift>) {
    let overlapping = || roster.overrides.iter().filter(|set| set.from < turn.to && set.to > turn.from);
    let mut cuts: Vec<Timestamp> = overlapping()
        .flat_map(|set| [set.from, set.to])
        .filter(|cut| (turn.from..turn.to).contains(cut))
        .chain([turn.from, turn.to])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    for pair in cuts.windows(2) {
        let &[from, to] = pair else { continue };
        // The newest override holds.
        let put_in = overlapping().rev().find(|set| set.from <= from && set.to >= to).map(|set| &set.person);
        let person = put_in.unwrap_or(&turn.person).clone();
        let instead_of = (person != turn.person).then(|| turn.person.clone());
        let shift = Shift { person, from, to, instead_of };
        match shifts.last_mut() {
            Some(last) if last.to == from && from != turn.from && same_duty(last, &shift) => last.to = to,
            Some(_) | None => shifts.push(shift),
        }
    }
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
