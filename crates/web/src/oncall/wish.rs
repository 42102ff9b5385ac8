//! What people want changed about who is on call, read alike from forms and from the API.

use access::{Grant, Scope};
use kernel::{EntityRef, EventId, Refusal, Timestamp, codes};
use world::{Command, World};

use crate::api::reference;

/// In whose name somebody acts: their own, or with the scope `admin` another's.
///
/// # Errors
/// `forbidden` for somebody else's name; `invalid` for an asker whom the catalog doesn't know.
pub(crate) fn in_name_of(grant: &Grant, named: Option<&str>) -> Result<EntityRef, Refusal> {
    let named = named.map(str::trim).filter(|text| !text.is_empty());
    let named = named.map(|text| reference("person", text, "user")).transpose()?;
    match (named, &grant.person) {
        (None, Some(own)) => Ok(own.clone()),
        (Some(named), Some(own)) if named == *own => Ok(named),
        (Some(named), _) if grant.allows(Scope::Admin) => Ok(named),
        (Some(named), _) => {
            let detail = format!("only {} and administrators may do that", named.short());
            Err(Refusal::new(&codes::FORBIDDEN, detail))
        }
        (None, None) => Err(Refusal::new(&codes::INVALID, "it is not known which person of the catalog you are")
            .field("person")
            .fix("name a person, as an administrator; or have one say who you are, under Settings, Users")),
    }
}

/// A person whom the catalog knows.
///
/// # Errors
/// `invalid` for a reference that is none, `not-found` for an unknown person.
pub(crate) fn person(world: &World, field: &str, text: &str) -> Result<EntityRef, Refusal> {
    let person = reference(field, text, "user")?;
    match world.catalog.get(&person) {
        Some(_) if person.kind() == "user" => Ok(person),
        _ => Err(Refusal::new(&codes::NOT_FOUND, format!("the catalog has no user {}", person.short())).field(field)),
    }
}

/// Puts somebody in for a while.
///
/// # Errors
/// If the rotation or the person is not known.
pub(crate) fn put_in(
    world: &World,
    rotation: &str,
    who: &str,
    from: Timestamp,
    to: Timestamp,
) -> Result<Command, Refusal> {
    let rotation = reference("rotation", rotation, "rotation")?;
    let person = person(world, "person", who)?;
    Ok(Command::Oncall(oncall::Command::SetOverride { rotation, person, from, to }))
}

/// The rotation that has this override or this proposal.
///
/// # Errors
/// `not-found` if none has it.
pub(crate) fn rotation_of(world: &World, id: EventId) -> Result<EntityRef, Refusal> {
    let has = |roster: &&oncall::Roster| {
        roster.override_set_by(id).is_some()
            || roster.proposal(id).is_some()
            || roster.overrides.iter().any(|set| set.swap == Some(id))
    };
    let found = world.oncall.rosters().find(has);
    let none = || Refusal::new(&codes::NOT_FOUND, format!("there is no override or swap {id}"));
    found.map(|roster| roster.rotation.rotation.clone()).ok_or_else(none)
}

/// Asks somebody to swap shifts.
///
/// # Errors
/// If one of them is not known, or the asker may not speak for whose shift is given away.
pub(crate) fn propose(
    world: &World,
    grant: &Grant,
    rotation: &str,
    (from, from_at): (Option<&str>, Timestamp),
    (to, to_at): (&str, Timestamp),
) -> Result<Command, Refusal> {
    let rotation = reference("rotation", rotation, "rotation")?;
    let from = in_name_of(grant, from)?;
    let to = person(world, "to", to)?;
    Ok(Command::Oncall(oncall::Command::ProposeSwap { rotation, from, from_at, to, to_at }))
}

/// What is done with a swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Accept,
    Decline,
    Revert,
}

/// Answers a swap, or takes one back.
///
/// # Errors
/// If there is none, or the asker is not one of the two it is between.
pub(crate) fn answer(
    world: &World,
    grant: &Grant,
    id: EventId,
    answer: Answer,
    named: Option<&str>,
) -> Result<Command, Refusal> {
    let rotation = rotation_of(world, id)?;
    let roster = world.oncall.roster(&rotation);
    let proposal = roster.and_then(|roster| roster.proposal(id));
    let by = match (named, &grant.person, proposal) {
        // An administrator who names nobody answers for whoever was asked.
        (None, own, Some(proposal)) if grant.allows(Scope::Admin) => match own {
            Some(own) if *own == proposal.from.person && answer == Answer::Decline => own.clone(),
            _ => proposal.to.person.clone(),
        },
        _ if answer == Answer::Revert && grant.allows(Scope::Admin) => {
            return Ok(Command::Oncall(oncall::Command::RevertSwap { rotation, id }));
        }
        _ => in_name_of(grant, named)?,
    };
    Ok(Command::Oncall(match answer {
        Answer::Accept => oncall::Command::AcceptSwap { rotation, id, by },
        Answer::Decline => oncall::Command::DeclineSwap { rotation, id, by },
        Answer::Revert => {
            let halves = roster.into_iter().flat_map(|roster| roster.overrides.iter()).filter(|set| set.id == id);
            if !halves.into_iter().any(|half| half.person == by) {
                let detail = "only the two who swapped and administrators take a swap back";
                return Err(Refusal::new(&codes::FORBIDDEN, detail));
            }
            oncall::Command::RevertSwap { rotation, id }
        }
    }))
}
