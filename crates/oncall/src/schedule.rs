//! One rotation with its overrides and its hours.

use jiff::{SignedDuration, Timestamp};
use kernel::{EntityRef, EventId};
use serde::{Deserialize, Serialize};

use crate::{
    Override, Roster, Shift,
    hours::{hours, in_hours},
    turns::Turns,
};

/// A stretch of time in which one person is on call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// From then on.
    pub from: Timestamp,
    /// Until then, which is no longer part of it.
    pub to: Timestamp,
    /// Who.
    pub person: EntityRef,
    /// By which rotation.
    pub rotation: EntityRef,
    /// Whose turn it would have been, if somebody was put in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<EntityRef>,
    /// The override or swap that put the person in, by its event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_in: Option<EventId>,
}

/// Shifts or spans that an answer has at most.
pub(crate) const SPANS: usize = 2_000;

/// The longest stretch of time that is looked at, from its beginning on.
pub(crate) const LONGEST_VIEW: SignedDuration = SignedDuration::from_hours(800 * 24);

/// The shifts from `from` to `to`, with the overrides and in the rotation's hours, in order and without overlap. The
/// first may have begun before `from`, and the last may end after `to`. At most 2,000, and 800 days.
#[must_use]
pub fn schedule(roster: &Roster, from: Timestamp, to: Timestamp) -> Vec<Shift> {
    let to = to.min(from.saturating_add(LONGEST_VIEW).unwrap_or(Timestamp::MAX));
    if from >= to {
        return Vec::new();
    }
    let shift = |span: Span| Shift { person: span.person, from: span.from, to: span.to, instead_of: span.instead_of };
    spans(roster, from, to).take(SPANS).map(shift).collect()
}

/// The spans that reach into `from` to `to`, in order and without overlap; neither the first nor the last is cut off.
pub(crate) fn spans(roster: &Roster, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Span> + '_ {
    let zone = Turns::of(&roster.rotation).map(|turns| turns.zone);
    let within = move |span: Span| -> Vec<Span> {
        let Some(zone) = &zone else { return Vec::new() };
        let hours = hours(&roster.rotation.restrict, zone, span.from, span.to);
        hours.into_iter().map(|(from, to)| Span { from, to, ..span.clone() }).collect()
    };
    holders(roster, from, to).flat_map(within).filter(move |span| span.to > from && span.from < to)
}

/// The same without regard to the rotation's hours: whose turn it is, or who was put in.
pub(crate) fn holders(roster: &Roster, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Span> + '_ {
    let turns = Turns::of(&roster.rotation);
    slots(roster, turns, from)
        .take_while(move |slot| slot.from < to)
        .filter(move |slot| slot.to > from)
        .flat_map(|slot| split(roster, &slot))
        .filter(move |span| span.to > from && span.from < to)
}

/// A stretch of time and whose turn it is. Nobody's before the first hand-over, and in a rotation without people.
struct Slot {
    from: Timestamp,
    to: Timestamp,
    turn: Option<EntityRef>,
}

/// All time from the turn at `from` on, or from ever on if there is none.
fn slots<'a>(roster: &Roster, turns: Option<Turns<'a>>, from: Timestamp) -> impl Iterator<Item = Slot> + use<'a> {
    let nobodys = |to| Some(Slot { from: Timestamp::MIN, to, turn: None });
    let begins = turns.as_ref().filter(|_| !roster.rotation.people.is_empty()).and_then(|turns| turns.begins(0));
    let (before, first) = match begins {
        None => (nobodys(Timestamp::MAX), None),
        Some(begins) if begins > from => (nobodys(begins), Some(0)),
        // There is none where time ends.
        Some(_) => (None, turns.as_ref().and_then(|turns| turns.number_at(from))),
    };
    let numbers = first.into_iter().flat_map(|first| first..);
    let turn = move |number| turns.as_ref().and_then(|turns| turns.shift(number));
    let slot = |shift: Shift| Slot { from: shift.from, to: shift.to, turn: Some(shift.person) };
    before.into_iter().chain(numbers.map_while(turn).map(slot))
}

/// A slot, cut where overrides begin and end.
fn split(roster: &Roster, slot: &Slot) -> Vec<Span> {
    let overlapping = || roster.overrides.iter().filter(|set| set.from < slot.to && set.to > slot.from);
    let mut cuts: Vec<Timestamp> = overlapping()
        .flat_map(|set| [set.from, set.to])
        .filter(|cut| (slot.from..slot.to).contains(cut))
        .chain([slot.from, slot.to])
        .collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut spans: Vec<Span> = Vec::new();
    for pair in cuts.windows(2) {
        let &[from, to] = pair else { continue };
        // The newest override holds.
        let set = overlapping().rev().find(|set| set.from <= from && set.to >= to);
        let Some(span) = held(roster, slot.turn.as_ref(), set, (from, to)) else { continue };
        match spans.last_mut() {
            Some(last) if last.to == from && same_duty(last, &span) => last.to = to,
            Some(_) | None => spans.push(span),
        }
    }
    spans
}

fn held(
    roster: &Roster,
    turn: Option<&EntityRef>,
    set: Option<&Override>,
    (from, to): (Timestamp, Timestamp),
) -> Option<Span> {
    let person = set.map(|set| &set.person).or(turn)?.clone();
    // To put somebody in for their own turn changes nothing.
    let set = set.filter(|_| turn != Some(&person));
    let instead_of = set.and(turn).cloned();
    let rotation = roster.rotation.rotation.clone();
    Some(Span { from, to, person, rotation, instead_of, put_in: set.map(|set| set.id) })
}

fn same_duty(one: &Span, other: &Span) -> bool {
    one.person == other.person && one.instead_of == other.instead_of && one.put_in == other.put_in
}

/// Who holds the rotation at a moment. Looks at that moment only, which makes it fast.
pub(crate) fn holder_at(roster: &Roster, at: Timestamp) -> Option<EntityRef> {
    let turns = Turns::of(&roster.rotation)?;
    if !in_hours(&roster.rotation.restrict, &turns.zone, at) {
        return None;
    }
    let set = roster.overrides.iter().rev().find(|set| set.from <= at && at < set.to);
    match set {
        Some(set) => Some(set.person.clone()),
        None => turns.shift(turns.number_at(at)?).map(|shift| shift.person),
    }
}
