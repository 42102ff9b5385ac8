//! What people say of an incident: roles, times, a title, pictures, steps of the runbook.

use jiff::{SignedDuration, Timestamp};
use kernel::{EntityRef, Refusal, Sha256, codes};

use super::{cut, one_line};
use crate::{Event, Incident, Role, TICKS_MAX};

/// An incident is not corrected to have begun longer than this before it was seen: that is a slip of the year.
const UNSEEN_MAX: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A step of a runbook is remembered by so many bytes of what it says.
const STEP_BYTES_MAX: usize = 300;

/// The hexadecimal digits of a step's hash.
const STEP_DIGITS_MAX: usize = 64;

pub(super) fn assign(incident: &Incident, role: Role, person: Option<EntityRef>) -> Result<Vec<Event>, Refusal> {
    let (about, known) = (incident.about.clone(), incident.holder(role));
    let Some(person) = person else {
        let left = known.map(|known| Event::RoleLeft { about, role, person: known.clone() });
        return Ok(left.into_iter().collect());
    };
    if person.kind() != "user" {
        let detail = format!("{} is a {}; a role is one person's.", person.short(), person.kind());
        return Err(Refusal::new(&codes::INVALID, detail).field("person"));
    }
    Ok(if known == Some(&person) { Vec::new() } else { vec![Event::RoleTaken { about, role, person }] })
}

pub(super) fn mitigate(incident: &Incident, at: Option<Timestamp>, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let at = at.unwrap_or_else(|| incident.ended.as_ref().map_or(now, |ending| ending.at));
    let ended = incident.ended.as_ref().map(|ending| ending.at);
    let wrong = if at > now {
        Some("The mitigation is in the future.")
    } else if at < incident.since {
        Some("The mitigation is before the incident began.")
    } else if ended.is_some_and(|ended| at > ended) {
        Some("The mitigation is after the incident ended.")
    } else {
        None
    };
    if let Some(detail) = wrong {
        return Err(Refusal::new(&codes::INVALID, detail).field("at"));
    }
    let is_so = incident.mitigated == Some(at);
    Ok(if is_so { Vec::new() } else { vec![Event::Mitigated { about: incident.about.clone(), at }] })
}

pub(super) fn correct_impact(incident: &Incident, at: Timestamp, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    let until = incident.mitigated.or(incident.ended.as_ref().map(|ending| ending.at));
    let wrong = if at > now {
        Some("An incident can't begin in the future.")
    } else if until.is_some_and(|until| at > until) {
        Some("The incident can't begin after it was mitigated or over.")
    } else if incident.opened.duration_since(at) > UNSEEN_MAX {
        Some("That is more than 90 days before the incident was seen.")
    } else {
        None
    };
    if let Some(detail) = wrong {
        return Err(Refusal::new(&codes::INVALID, detail).field("at"));
    }
    let (about, from) = (incident.about.clone(), incident.since);
    Ok(if at == from { Vec::new() } else { vec![Event::ImpactCorrected { about, from, to: at }] })
}

pub(super) fn retitle(incident: &Incident, title: String) -> Result<Vec<Event>, Refusal> {
    let (about, from, to) = (incident.about.clone(), incident.title.clone(), one_line(&title)?);
    Ok(if from == to { Vec::new() } else { vec![Event::Retitled { about, from, to }] })
}

pub(super) fn picture(incident: &Incident, picture: Sha256, bytes: u32) -> Result<Vec<Event>, Refusal> {
    if incident.pictures.iter().any(|known| known.digest == picture) {
        return Ok(Vec::new());
    }
    incident.room_for_picture(bytes)?;
    Ok(vec![Event::PictureKept { about: incident.about.clone(), picture, bytes }])
}

pub(super) fn tick(incident: &Incident, step: String, words: String, done: bool) -> Result<Vec<Event>, Refusal> {
    let is_sound = (8..=STEP_DIGITS_MAX).contains(&step.len()) && step.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_sound {
        return Err(Refusal::new(&codes::INVALID, "A step is named by 8 to 64 hexadecimal digits.").field("step"));
    }
    let about = incident.about.clone();
    match (incident.tick(&step), done) {
        (Some(_), true) | (None, false) => Ok(Vec::new()),
        (Some(known), false) => Ok(vec![Event::StepUnticked { about, step, words: known.words.clone() }]),
        (None, true) if incident.ticks.len() >= TICKS_MAX => {
            Err(Refusal::new(&codes::CONFLICT, format!("{TICKS_MAX} steps are ticked, which is the most.")))
        }
        (None, true) => {
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            Ok(vec![Event::StepTicked { about, step, words: cut(words, STEP_BYTES_MAX) }])
        }
    }
}
