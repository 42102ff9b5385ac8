//! When nobody is on call, or nobody that there is, and why. To be shown as loudly as a failure.

use jiff::{Timestamp, civil::DateTime};
use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::{
    Roster, State,
    duty::{Duty, duties},
    hours::{Stretch, union},
    schedule::{LONGEST_VIEW, SPANS, Span, holder_at},
    turns::Turns,
};

/// Why nobody of a team is on call.
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
    /// It is outside of the hours to which the team's rotations are restricted.
    NotCovered {
        /// The team's rotations that have begun, the first of them if they are many.
        rotations: Vec<EntityRef>,
    },
    /// A duty has no people.
    NoPeople {
        /// The rotation.
        rotation: EntityRef,
    },
    /// Whoever is on call doesn't exist.
    UnknownPerson {
        /// The rotation.
        rotation: EntityRef,
        /// Who would be on call.
        person: EntityRef,
    },
    /// The time zone of a rotation is not known to this program, so that nobody can say whose turn it is.
    UnknownZone {
        /// The rotation.
        rotation: EntityRef,
        /// Its zone.
        time_zone: String,
    },
}

/// A stretch of time with a gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapSpan {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub to: Timestamp,
    /// Why.
    pub why: Gap,
}

/// Rotations that a gap names at most.
const NAMED: usize = 5;

impl Gap {
    /// The gap in words, with what to do.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::NoRotation => "the team has no rotation: declare one (kind: Rotation) in the catalog".to_owned(),
            Self::NotStarted { rotation, starts, time_zone } => {
                format!("{} begins at {} ({time_zone})", rotation.short(), starts.strftime("%Y-%m-%d %H:%M"))
            }
            Self::NotCovered { rotations } => {
                let names: Vec<&str> = rotations.iter().map(EntityRef::short).collect();
                format!("the hours of {} leave this time out: add a rotation that covers it", names.join(", "))
            }
            Self::NoPeople { rotation } => format!("{} has no people: add some in the catalog", rotation.short()),
            Self::UnknownPerson { rotation, person } => {
                format!(
                    "{} names {}, who is not in the catalog: declare or replace them",
                    rotation.short(),
                    person.short()
                )
            }
            Self::UnknownZone { rotation, time_zone } => {
                format!("{} is in {time_zone}, which is no known time zone", rotation.short())
            }
        }
    }
}

/// Why nobody of the team is on call at a moment, if nobody is.
#[must_use]
pub fn gap(state: &State, team: &EntityRef, at: Timestamp) -> Option<Gap> {
    if state.of_team(team).any(|roster| holder_at(roster, at).is_some()) {
        return None;
    }
    let rosters: Vec<&Roster> = state.of_team(team).collect();
    let Some(first) = rosters.first() else { return Some(Gap::NoRotation) };
    let usable: Vec<&Roster> = rosters.iter().copied().filter(|roster| unusable(roster).is_none()).collect();
    if usable.is_empty() { unusable(first) } else { why(&usable, at) }
}

/// When nobody of the team is on call from `from` to `to`, and why; and when somebody is who doesn't exist, or a duty has
/// nobody at all, even if somebody else of the team is on call. In order; at most 2,000, and 800 days.
#[must_use]
pub fn gaps(
    state: &State,
    team: &EntityRef,
    from: Timestamp,
    to: Timestamp,
    exists: impl Fn(&EntityRef) -> bool,
) -> Vec<GapSpan> {
    let to = to.min(from.saturating_add(LONGEST_VIEW).unwrap_or(Timestamp::MAX));
    if from >= to {
        return Vec::new();
    }
    let duties = duties(state, team);
    if duties.is_empty() {
        return vec![GapSpan { from, to, why: Gap::NoRotation }];
    }
    let mut gaps = Vec::new();
    let mut covered = Vec::new();
    for duty in &duties {
        let spans = duty.spans(from, to);
        let held: Vec<Stretch> = spans.iter().map(|span| (span.from.max(from), span.to.min(to))).collect();
        gaps.extend(unknown(&spans, (from, to), &exists));
        if let Some(why) = hopeless(duty) {
            let nobody = complement(&union(held.clone()), (from, to));
            gaps.extend(nobody.into_iter().map(|(from, to)| GapSpan { from, to, why: why.clone() }));
        }
        covered.extend(held);
    }
    let usable: Vec<&Roster> = state.of_team(team).filter(|roster| unusable(roster).is_none()).collect();
    // Why may change where a rotation begins.
    let starts: Vec<Timestamp> = usable.iter().filter_map(|roster| starts(roster)).collect();
    for (from, to) in complement(&union(covered), (from, to)) {
        for (from, to) in cut((from, to), &starts) {
            gaps.extend(why(&usable, from).map(|why| GapSpan { from, to, why }));
        }
    }
    gaps.sort_by_key(|gap| (gap.from, gap.to));
    gaps.truncate(SPANS);
    gaps
}

/// Why a rotation can't have anybody on call, whenever it is.
fn unusable(roster: &Roster) -> Option<Gap> {
    let rotation = roster.rotation.rotation.clone();
    if Turns::of(&roster.rotation).is_none() {
        let time_zone = roster.rotation.time_zone.clone();
        return Some(Gap::UnknownZone { rotation, time_zone });
    }
    roster.rotation.people.is_empty().then_some(Gap::NoPeople { rotation })
}

/// Why a duty can't, if none of its rotations can.
fn hopeless(duty: &Duty<'_>) -> Option<Gap> {
    let mut reasons = duty.rosters.iter().map(|roster| unusable(roster));
    let first = reasons.next()??;
    reasons.all(|reason| reason.is_some()).then_some(first)
}

fn starts(roster: &Roster) -> Option<Timestamp> {
    Turns::of(&roster.rotation)?.begins(0)
}

/// Why none of these rotations, which have people, has anybody on call.
fn why(usable: &[&Roster], at: Timestamp) -> Option<Gap> {
    let begun = usable.iter().filter(|roster| starts(roster).is_some_and(|starts| starts <= at));
    let rotations: Vec<EntityRef> = begun.map(|roster| roster.rotation.rotation.clone()).take(NAMED).collect();
    if !rotations.is_empty() {
        return Some(Gap::NotCovered { rotations });
    }
    let first = usable.iter().min_by_key(|roster| starts(roster).unwrap_or(Timestamp::MAX))?;
    Some(Gap::NotStarted {
        rotation: first.rotation.rotation.clone(),
        starts: first.rotation.first_handover(),
        time_zone: first.rotation.time_zone.clone(),
    })
}

/// The spans of people who don't exist, with what meets joined.
fn unknown(spans: &[Span], (from, to): Stretch, exists: impl Fn(&EntityRef) -> bool) -> Vec<GapSpan> {
    let mut gaps: Vec<GapSpan> = Vec::new();
    for span in spans.iter().filter(|span| !exists(&span.person)) {
        let why = Gap::UnknownPerson { rotation: span.rotation.clone(), person: span.person.clone() };
        let (from, to) = (span.from.max(from), span.to.min(to));
        match gaps.last_mut() {
            Some(last) if last.to == from && last.why == why => last.to = to,
            Some(_) | None => gaps.push(GapSpan { from, to, why }),
        }
    }
    gaps
}

/// What these stretches, which are in order and don't overlap, leave out.
fn complement(stretches: &[Stretch], (from, to): Stretch) -> Vec<Stretch> {
    let mut left_out = Vec::new();
    let mut at = from;
    for &(begins, ends) in stretches {
        if begins > at {
            left_out.push((at, begins));
        }
        at = at.max(ends);
    }
    if at < to {
        left_out.push((at, to));
    }
    left_out
}

/// A stretch, cut at these moments.
fn cut((from, to): Stretch, at: &[Timestamp]) -> Vec<Stretch> {
    let mut cuts: Vec<Timestamp> = at.iter().copied().filter(|at| from < *at && *at < to).chain([from, to]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    // Only the first beginning changes the reason, but each changes whom it names.
    cuts.windows(2).filter_map(|pair| if let &[from, to] = pair { Some((from, to)) } else { None }).collect()
}
