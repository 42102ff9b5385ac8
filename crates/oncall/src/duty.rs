//! The duties of a team: rotations merged into what is true in the end.
//!
//! A *duty* is one question, "who?", with one answer at most at any moment. A rotation without a `schedule` is a duty of
//! its own. Rotations of one team that name the same `schedule` are one duty: where several of them cover a moment, the
//! highest `layer` holds, and within a layer the first by its reference.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::{
    Roster, State,
    schedule::{LONGEST_VIEW, SPANS, Span, holder_at, spans},
};

/// Who is on call now, by one duty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCall {
    /// The rotation that says so: the highest layer's, in a schedule.
    pub rotation: EntityRef,
    /// Who.
    pub person: EntityRef,
    /// Until when.
    pub until: Timestamp,
    /// The next other person, which may be after a time with nobody. Nobody, in a rotation of one.
    pub next: Option<EntityRef>,
    /// Whose turn it would have been, if somebody was put in.
    pub overridden: Option<EntityRef>,
}

/// What one duty comes to in the end, over a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinalSchedule {
    /// The schedule's name, or the rotation's where it is a duty of its own.
    pub name: String,
    /// Its place among the team's duties: the lowest is asked first.
    pub order: u8,
    /// The rotations that it is made of, the highest layer first.
    pub rotations: Vec<EntityRef>,
    /// Who is on call, in order and without overlap. The first may have begun before the stretch, and the last may end
    /// after it.
    pub spans: Vec<Span>,
}

/// Spans among which the next person is looked for.
const AHEAD: usize = 400;

/// The rotations that are one duty.
pub(crate) struct Duty<'a> {
    pub(crate) name: &'a str,
    pub(crate) order: u8,
    /// The highest layer first.
    pub(crate) rosters: Vec<&'a Roster>,
}

/// The team's duties, the one that is asked first first.
pub(crate) fn duties<'a>(state: &'a State, team: &EntityRef) -> Vec<Duty<'a>> {
    let mut schedules: BTreeMap<&str, Vec<&Roster>> = BTreeMap::new();
    let mut duties = Vec::new();
    let order = |roster: &Roster| roster.rotation.order.unwrap_or(1);
    for roster in state.of_team(team) {
        match &roster.rotation.schedule {
            Some(schedule) => schedules.entry(schedule).or_default().push(roster),
            None => {
                let name = roster.rotation.rotation.name();
                duties.push(Duty { name, order: order(roster), rosters: vec![roster] });
            }
        }
    }
    for (name, mut rosters) in schedules {
        // Stable: within a layer they stay in order of their references.
        rosters.sort_by_key(|roster| std::cmp::Reverse(roster.rotation.layer.unwrap_or(0)));
        let order = rosters.iter().map(|roster| order(roster)).min().unwrap_or(1);
        duties.push(Duty { name, order, rosters });
    }
    duties.sort_by_key(|duty| (duty.order, duty.name));
    duties
}

impl Duty<'_> {
    /// Who is on call from `from` to `to`, in order and without overlap; neither the first span nor the last is cut off.
    /// 800 days at most.
    pub(crate) fn spans(&self, from: Timestamp, to: Timestamp) -> Vec<Span> {
        let to = to.min(from.saturating_add(LONGEST_VIEW).unwrap_or(Timestamp::MAX));
        if from >= to {
            return Vec::new();
        }
        if let [only] = self.rosters.as_slice() {
            return spans(only, from, to).collect();
        }
        // A span that `from` is within began no earlier than its layer's span did, and so it is with `to`.
        let first = |roster: &&Roster| spans(roster, from, to).next().map(|span| span.from);
        let since = self.rosters.iter().filter_map(first).min().unwrap_or(from).min(from);
        let last = to.saturating_sub(SignedDuration::from_nanos(1)).unwrap_or(from).max(from);
        let last = |roster: &&Roster| spans(roster, last, to).last().map(|span| span.to);
        let until = self.rosters.iter().filter_map(last).max().unwrap_or(to).max(to);
        let layers = self.rosters.iter().map(|roster| spans(roster, since, until).collect()).collect();
        let reach = |span: &Span| span.to > from && span.from < to;
        merged(layers).into_iter().filter(reach).collect()
    }

    /// Who is on call at a moment.
    fn holder_at(&self, at: Timestamp) -> Option<EntityRef> {
        self.rosters.iter().find_map(|roster| holder_at(roster, at))
    }

    fn on_call(&self, at: Timestamp) -> Option<OnCall> {
        self.holder_at(at)?;
        let mut coming = self.coming(at);
        let now = coming.next()?;
        let mut until = now.to;
        let mut unbroken = true;
        let mut next = None;
        for span in coming {
            if span.person != now.person {
                next = Some(span.person);
                break;
            }
            unbroken &= span.from == until;
            if unbroken {
                until = span.to;
            }
        }
        // Where nobody else ever comes, the hand-over is a formality, but it is the promise's end.
        if next.is_none() {
            until = now.to;
        }
        Some(OnCall { rotation: now.rotation, person: now.person, until, next, overridden: now.instead_of })
    }

    /// The span at a moment and those after it, as far as it takes to know who is next.
    fn coming(&self, at: Timestamp) -> Box<dyn Iterator<Item = Span> + '_> {
        let end = at.saturating_add(LONGEST_VIEW).unwrap_or(Timestamp::MAX);
        let ahead = if self.of_one(at) { 1 } else { AHEAD };
        match self.rosters.as_slice() {
            [only] => Box::new(spans(only, at, end).take(ahead)),
            _ => {
                // Most often the next weeks tell; the whole view only where they don't.
                let near = at.saturating_add(SignedDuration::from_hours(15 * 24)).unwrap_or(Timestamp::MAX);
                let mut found = self.spans(at, near);
                if ahead > 1 && found.iter().all(|span| found.first().is_none_or(|now| now.person == span.person)) {
                    found = self.spans(at, end);
                }
                Box::new(found.into_iter().take(ahead))
            }
        }
    }

    /// Everybody who takes turns in it or was ever put in; some of them several times.
    pub(crate) fn people(&self) -> impl Iterator<Item = &EntityRef> {
        let turns = self.rosters.iter().flat_map(|roster| &roster.rotation.people);
        turns.chain(self.rosters.iter().flat_map(|roster| roster.overrides.iter()).map(|set| &set.person))
    }

    /// Whether there is nobody but one person from a moment on.
    fn of_one(&self, at: Timestamp) -> bool {
        let turns = self.rosters.iter().flat_map(|roster| &roster.rotation.people);
        let put_in = self.rosters.iter().flat_map(|roster| roster.overrides.iter());
        let mut people = turns.chain(put_in.filter(|set| set.to > at).map(|set| &set.person));
        let first = people.next();
        people.all(|person| Some(person) == first)
    }
}

/// Layers, the highest first, merged: the highest that covers a moment holds.
fn merged(layers: Vec<Vec<Span>>) -> Vec<Span> {
    let mut merged: Vec<Span> = Vec::new();
    for layer in layers {
        let mut below = Vec::new();
        // Both are in order, so what lies before one span of the lower layer lies before the next one too.
        let mut higher = merged.iter().peekable();
        for span in layer {
            let mut from = span.from;
            while higher.next_if(|above| above.to <= from).is_some() {}
            for above in higher.clone().take_while(|above| above.from < span.to) {
                if above.from > from {
                    below.push(Span { from, to: above.from, ..span.clone() });
                }
                from = from.max(above.to);
            }
            if from < span.to {
                below.push(Span { from, ..span });
            }
        }
        merged.extend(below);
        merged.sort_by_key(|span| span.from);
    }
    merged
}

/// Who of the team is on call at a moment, by each of its duties; the one that is asked first first.
#[must_use]
pub fn current(state: &State, team: &EntityRef, at: Timestamp) -> Vec<OnCall> {
    duties(state, team).iter().filter_map(|duty| duty.on_call(at)).collect()
}

/// Who of the team is on call at a moment, the primary first, nobody twice. Looks at that moment only, which makes it
/// faster than [`current`].
#[must_use]
pub fn on_call_for(state: &State, team: &EntityRef, at: Timestamp) -> Vec<EntityRef> {
    let mut people = Vec::new();
    for person in duties(state, team).iter().filter_map(|duty| duty.holder_at(at)) {
        if !people.contains(&person) {
            people.push(person);
        }
    }
    people
}

/// Who of the team is on call from `from` to `to`, by each of its duties, with layers and overrides merged. At most 2,000
/// spans for each, and 800 days.
#[must_use]
pub fn final_schedule(state: &State, team: &EntityRef, from: Timestamp, to: Timestamp) -> Vec<FinalSchedule> {
    let schedule = |duty: Duty<'_>| FinalSchedule {
        name: duty.name.to_owned(),
        order: duty.order,
        rotations: duty.rosters.iter().map(|roster| roster.rotation.rotation.clone()).collect(),
        spans: duty.spans(from, to).into_iter().take(SPANS).collect(),
    };
    duties(state, team).into_iter().map(schedule).collect()
}
