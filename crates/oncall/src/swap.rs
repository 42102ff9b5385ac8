//! Two people swap shifts: one asks, the other answers.
//!
//! A shift that can be swapped is a turn, or what overrides leave of it, without regard to the rotation's hours: whoever
//! takes somebody's week over takes all its hours. What is agreed to is two overrides in one event.

use jiff::{SignedDuration, Timestamp};
use kernel::{EntityRef, EventId, Refusal, codes};

use crate::{Event, Override, Proposal, Roster, State, SwapShift, schedule::holders};

/// The longest shift that can be swapped: the longest turn, with a day for a change of the clocks.
const LONGEST_SHIFT: SignedDuration = SignedDuration::from_hours(367 * 24);

pub(crate) fn propose(
    roster: &Roster,
    (from, from_at): (EntityRef, Timestamp),
    (to, to_at): (EntityRef, Timestamp),
    now: Timestamp,
) -> Result<Option<Event>, Refusal> {
    if from == to {
        return Err(Refusal::new(&codes::INVALID, "a swap takes two people").field("/to").fix("name another person"));
    }
    let from = shift(roster, &from, from_at, "/from_at")?;
    let to = shift(roster, &to, to_at, "/to_at")?;
    for (shift, field) in [(&from, "/from_at"), (&to, "/to_at")] {
        if shift.from <= now {
            let detail = format!("{}'s shift has begun at {}", shift.person.short(), shift.from);
            return Err(Refusal::new(&codes::INVALID, detail)
                .field(field)
                .fix("name a later shift, or set an override for the rest of this one"));
        }
    }
    if roster.proposals.iter().any(|waiting| waiting.from == from && waiting.to == to) {
        return Ok(None);
    }
    if roster.proposals.iter().filter(|waiting| waiting.is_open(now)).count() >= State::PROPOSALS {
        let detail = format!("{} swaps wait for an answer already", State::PROPOSALS);
        return Err(Refusal::new(&codes::INVALID, detail).fix("answer some of them first"));
    }
    let (rotation, team) = names(roster);
    Ok(Some(Event::SwapProposed { rotation, team, from, to }))
}

pub(crate) fn accept(roster: &Roster, id: EventId, by: &EntityRef, now: Timestamp) -> Result<Event, Refusal> {
    let Proposal { id: proposal, from, to } = waiting(roster, id)?.clone();
    if *by != to.person {
        let detail = format!("only {} can agree to it", to.person.short());
        return Err(Refusal::new(&codes::FORBIDDEN, detail).field("/by"));
    }
    if from.from <= now || to.from <= now {
        return Err(Refusal::new(&codes::CONFLICT, "one of the shifts has begun").fix("set an override instead"));
    }
    for (proposed, field) in [(&from, "/from"), (&to, "/to")] {
        if shift(roster, &proposed.person, proposed.from, field)? != *proposed {
            let detail = format!("{}'s shift has changed since", proposed.person.short());
            return Err(Refusal::new(&codes::CONFLICT, detail).field(field).fix("propose the swap again"));
        }
    }
    let (rotation, team) = names(roster);
    Ok(Event::SwapAccepted { rotation, team, proposal, from, to })
}

pub(crate) fn decline(roster: &Roster, id: EventId, by: EntityRef) -> Result<Event, Refusal> {
    let Proposal { id: proposal, from, to } = waiting(roster, id)?.clone();
    if by != to.person && by != from.person {
        let detail = format!("it is between {} and {}", from.person.short(), to.person.short());
        return Err(Refusal::new(&codes::FORBIDDEN, detail).field("/by"));
    }
    let (rotation, team) = names(roster);
    Ok(Event::SwapDeclined { rotation, team, proposal, by, from, to })
}

pub(crate) fn revert(roster: &Roster, id: EventId) -> Result<Event, Refusal> {
    let (proposal, given, taken) = halves(roster, id)?;
    // Who was put in for a shift is whose the other shift is.
    let side =
        |shift: &Override, whose: &Override| SwapShift { person: whose.person.clone(), from: shift.from, to: shift.to };
    let (from, to) = (side(given, taken), side(taken, given));
    let (rotation, team) = names(roster);
    Ok(Event::SwapReverted { rotation, team, id, proposal, from, to })
}

pub(crate) fn restore(roster: &Roster, proposal: EventId, from: SwapShift, to: SwapShift) -> Result<Event, Refusal> {
    if roster.overrides.iter().any(|set| set.swap == Some(proposal)) {
        return Err(Refusal::new(&codes::CONFLICT, "the swap has been made again"));
    }
    for (shift, field) in [(&from, "/from"), (&to, "/to")] {
        let length = shift.to.duration_since(shift.from);
        let sound = shift.person.kind() == "user" && shift.from < shift.to && length <= LONGEST_SHIFT;
        if !sound {
            return Err(Refusal::new(&codes::INVALID, "is not a shift of a user").field(field));
        }
    }
    if from.person == to.person {
        return Err(Refusal::new(&codes::INVALID, "a swap takes two people").field("/to"));
    }
    let (rotation, team) = names(roster);
    Ok(Event::SwapAccepted { rotation, team, proposal, from, to })
}

/// The proposal, and the two overrides of a swap: for the shift of whoever asked, and for the other's.
pub(crate) fn halves(roster: &Roster, id: EventId) -> Result<(EventId, &Override, &Override), Refusal> {
    let mut halves = roster.overrides.iter().filter(|set| set.id == id);
    match (halves.next(), halves.next()) {
        (Some(given), Some(taken)) if given.swap.is_some() => Ok((given.swap.unwrap_or(id), given, taken)),
        _ => Err(Refusal::new(&codes::CONFLICT, "the swap is not there any more")),
    }
}

fn waiting(roster: &Roster, id: EventId) -> Result<&Proposal, Refusal> {
    roster.proposal(id).ok_or_else(|| {
        let detail = format!("rotation {} has no swap {id} that waits", roster.rotation.rotation.short());
        Refusal::new(&codes::NOT_FOUND, detail)
    })
}

/// The person's shift at a moment.
fn shift(roster: &Roster, person: &EntityRef, at: Timestamp, field: &'static str) -> Result<SwapShift, Refusal> {
    let until = at.saturating_add(SignedDuration::from_nanos(1)).unwrap_or(at);
    match holders(roster, at, until).next() {
        Some(span) if span.person == *person => Ok(SwapShift { person: span.person, from: span.from, to: span.to }),
        other => {
            let who = other.map_or_else(|| "nobody is".to_owned(), |span| format!("{} is", span.person.short()));
            let detail = format!("{} is not on call at {at}: {who}", person.short());
            Err(Refusal::new(&codes::CONFLICT, detail).field(field).fix("name a moment in one of their shifts"))
        }
    }
}

fn names(roster: &Roster) -> (EntityRef, EntityRef) {
    (roster.rotation.rotation.clone(), roster.rotation.team.clone())
}
