//! What may be asked of incidents, and what then happens.

mod parting;
mod people;

use jiff::{SignedDuration, Timestamp};
use kernel::{Context, EntityRef, EventId, IncidentId, Refusal, Sha256, codes};
use serde::{Deserialize, Serialize};

use crate::{About, Event, Incident, Resolution, Role, Severity, State, Verdict};

/// A check that fails again within this time after the end reopens the incident: it was not over.
pub const REOPENS_WITHIN: SignedDuration = SignedDuration::from_mins(15);

/// A title is one line, cut to this length.
const TITLE_BYTES_MAX: usize = 200;

/// A note is a page, not a book.
const NOTE_BYTES_MAX: usize = 20_000;

/// What a check said is cut to this length.
const EVIDENCE_BYTES_MAX: usize = 2_000;

/// The entities of a path beyond this many are left out.
const PATH_MAX: usize = 100;

/// A check that fails, with all that an incident is told of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The check; none if a person declares an incident.
    pub check: Option<EntityRef>,
    /// The broken entity.
    pub entity: EntityRef,
    /// The first failure; a time in the future is taken as now.
    pub since: Timestamp,
    /// When the check last passed before that.
    pub last_good: Option<Timestamp>,
    /// The entities on the broken critical path.
    pub path: Vec<EntityRef>,
    /// The entities directly upstream of the broken one: an open incident about one of them is joined.
    pub upstream: Vec<EntityRef>,
    /// What the check, or the person, said.
    pub evidence: String,
}

/// A wish about incidents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Something broke: open an incident, or join or reopen the one that it belongs to.
    Open {
        /// One line for lists.
        title: String,
        /// How bad.
        severity: Severity,
        /// What failed.
        failed: Failed,
    },
    /// Put a failing check into an incident that it would not join by itself.
    Join {
        /// Which incident.
        incident: IncidentId,
        /// What failed; it must name a check.
        failed: Failed,
    },
    /// Take it on.
    Acknowledge {
        /// Which incident.
        incident: IncidentId,
    },
    /// Set how bad it is.
    SetSeverity {
        /// Which incident.
        incident: IncidentId,
        /// How bad.
        severity: Severity,
    },
    /// Write something down.
    AddNote {
        /// Which incident.
        incident: IncidentId,
        /// Markdown.
        text: String,
    },
    /// Judge a suspect.
    MarkSuspect {
        /// Which incident.
        incident: IncidentId,
        /// The change.
        event: EventId,
        /// The judgement.
        verdict: Verdict,
        /// Where the ranking has it now, from 1; 0 if it is not in it; none if it is no change.
        #[serde(default)]
        rank: Option<u16>,
    },
    /// A check passes again, whichever incident it is in, if any.
    Recover {
        /// The check.
        check: EntityRef,
    },
    /// End it by hand.
    Resolve {
        /// Which incident.
        incident: IncidentId,
    },
    /// Give somebody a role, in place of whoever has it; or nobody.
    AssignRole {
        /// Which incident.
        incident: IncidentId,
        /// The role.
        role: Role,
        /// Who: a catalog user.
        person: Option<EntityRef>,
    },
    /// Say that users are well again.
    Mitigate {
        /// Which incident.
        incident: IncidentId,
        /// Since when; now if left out.
        at: Option<Timestamp>,
    },
    /// Say that users are not well again, after all.
    WithdrawMitigation {
        /// Which incident.
        incident: IncidentId,
    },
    /// Say when it really began.
    CorrectImpact {
        /// Which incident.
        incident: IncidentId,
        /// When.
        at: Timestamp,
    },
    /// Call it something else.
    Retitle {
        /// Which incident.
        incident: IncidentId,
        /// One line for lists.
        title: String,
    },
    /// Write down what was decided.
    Decide {
        /// Which incident.
        incident: IncidentId,
        /// Markdown.
        text: String,
    },
    /// Count a picture that is to be shown in its log.
    KeepPicture {
        /// Which incident.
        incident: IncidentId,
        /// The picture: a blob.
        picture: Sha256,
        /// How large that is.
        bytes: u32,
    },
    /// A step of the runbook is done, or is not.
    Tick {
        /// Which incident.
        incident: IncidentId,
        /// Which step: what its text hashes to, in hexadecimal digits.
        step: String,
        /// What it says.
        words: String,
        /// True if it is done.
        done: bool,
    },
    /// It is a part of another, which goes on with its checks.
    Merge {
        /// The incident that is over by that.
        incident: IncidentId,
        /// The one that goes on.
        into: IncidentId,
    },
    /// Some of its checks are another incident.
    Split {
        /// Which incident.
        incident: IncidentId,
        /// Which of its failing checks.
        checks: Vec<EntityRef>,
        /// What the new one is called; of the check's entity if left out.
        title: Option<String>,
        /// How bad the new one is; as bad as the first if left out.
        severity: Option<Severity>,
    },
}

/// What the command makes happen. Nothing (`Ok(vec![])`) if it is so already.
///
/// # Errors
/// `NOT_FOUND` for an incident that is not held; `CONFLICT` for one that is resolved or merged into another, or a
/// declared incident about an entity that has one, or pictures beyond what one incident has; `INVALID` for text that is empty or too long, for times that can't be
/// and checks that don't fail in it.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Open { title, severity, failed } => open(state, title, severity, bounded(failed, context), context),
        Command::Join { incident, failed } => {
            let incident = open_incident(state, incident)?;
            let Some(check) = failed.check.clone() else {
                return Err(Refusal::new(&codes::INVALID, "A check is needed to join an incident.").field("check"));
            };
            Ok(join(state, incident, incident.severity, check, bounded(failed, context)))
        }
        Command::Acknowledge { incident } => {
            let incident = open_incident(state, incident)?;
            let acknowledge = || Event::Acknowledged { about: incident.about.clone() };
            Ok(incident.acknowledged.is_none().then(acknowledge).into_iter().collect())
        }
        Command::SetSeverity { incident, severity } => {
            Ok(severity_event(open_incident(state, incident)?, severity).into_iter().collect())
        }
        Command::AddNote { incident, text } => {
            let about = own(state, incident)?.about.clone();
            let text = sound_text("text", text, NOTE_BYTES_MAX)?;
            Ok(vec![Event::NoteAdded { about, text }])
        }
        Command::MarkSuspect { incident, event, verdict, rank } => {
            let incident = own(state, incident)?;
            if incident.verdict_on(event) == Some(verdict) {
                return Ok(vec![]);
            }
            Ok(vec![Event::SuspectMarked { about: incident.about.clone(), event, verdict, rank }])
        }
        Command::Recover { check } => Ok(recover(state, check)),
        Command::Resolve { incident } => {
            let incident = held(state, incident)?;
            let resolve = || Event::Resolved { about: incident.about.clone(), cause: Resolution::ByHand };
            Ok(incident.is_open().then(resolve).into_iter().collect())
        }
        Command::AssignRole { incident, role, person } => people::assign(own(state, incident)?, role, person),
        Command::Mitigate { incident, at } => people::mitigate(own(state, incident)?, at, context.now),
        Command::WithdrawMitigation { incident } => {
            let incident = open_incident(state, incident)?;
            Ok(withdrawal(incident).into_iter().collect())
        }
        Command::CorrectImpact { incident, at } => people::correct_impact(own(state, incident)?, at, context.now),
        Command::Retitle { incident, title } => people::retitle(own(state, incident)?, title),
        Command::Decide { incident, text } => {
            let about = own(state, incident)?.about.clone();
            let text = sound_text("text", text, NOTE_BYTES_MAX)?;
            Ok(vec![Event::Decided { about, text }])
        }
        Command::KeepPicture { incident, picture, bytes } => people::picture(own(state, incident)?, picture, bytes),
        Command::Tick { incident, step, words, done } => people::tick(own(state, incident)?, step, words, done),
        Command::Merge { incident, into } => parting::merge(state, incident, into),
        Command::Split { incident, checks, title, severity } => {
            parting::split(state, incident, checks, title, severity, context)
        }
    }
}

fn open(
    state: &State,
    title: String,
    severity: Severity,
    failed: Failed,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    if let Some(check) = failed.check.clone() {
        if state.for_check(&check).is_some() {
            return Ok(vec![]);
        }
        // A storm fills incidents; what finds no room opens another one, rather than be in none.
        let overlapping = state.overlapping(&failed.entity, &failed.path, &failed.upstream);
        if let Some(incident) = overlapping {
            return Ok(join(state, incident, severity, check, failed));
        }
        if let Some(incident) = just_ended(state, &check, context.now) {
            return Ok(reopen(incident, severity, check, failed));
        }
    } else if let Some(same) = state.open().find(|open| *open.entity() == failed.entity) {
        let detail = format!("Incident {} is open for {} already.", same.number(), failed.entity.short());
        return Err(Refusal::new(&codes::CONFLICT, detail)
            .field("entity")
            .fix("add a note to it, or resolve it first"));
    }
    let title = one_line(&title)?;
    let Failed { check, entity, since, last_good, path, upstream: _, evidence } = failed;
    let about = About { incident: context.id(), number: state.next_number(), entity };
    Ok(vec![Event::Opened { about, title, severity, check, since, last_good, path, evidence }])
}

/// Whoever said that users are well again did not know of what fails now.
fn join(state: &State, incident: &Incident, severity: Severity, check: EntityRef, failed: Failed) -> Vec<Event> {
    if state.for_check(&check).is_some() || !incident.has_room() {
        return vec![];
    }
    let Failed { entity, since, last_good, path, evidence, .. } = failed;
    let about = incident.about.clone();
    let joined = Event::Joined { about, check, entity, since, last_good, path, evidence };
    let worse = severity_event(incident, severity.min(incident.severity));
    [joined].into_iter().chain(withdrawal(incident)).chain(worse).collect()
}

/// That users are not well again, if somebody said that they were.
fn withdrawal(incident: &Incident) -> Option<Event> {
    incident.mitigated.map(|_| Event::MitigationWithdrawn { about: incident.about.clone() })
}

fn reopen(incident: &Incident, severity: Severity, check: EntityRef, failed: Failed) -> Vec<Event> {
    let Failed { since, last_good, evidence, .. } = failed;
    let reopened = Event::Reopened { about: incident.about.clone(), check, since, last_good, evidence };
    [reopened].into_iter().chain(severity_event(incident, severity.min(incident.severity))).collect()
}

fn severity_event(incident: &Incident, to: Severity) -> Option<Event> {
    let (about, from) = (incident.about.clone(), incident.severity);
    (from != to).then_some(Event::SeverityChanged { about, from, to })
}

/// A check that still failed when its incident was resolved by hand recovers in it later: otherwise it would keep the
/// incident open after a relapse of another.
fn recover(state: &State, check: EntityRef) -> Vec<Event> {
    let Some(incident) = state.for_check(&check).or_else(|| state.abandoned(&check)) else { return vec![] };
    let last = incident.failing().all(|failing| failing.check == check);
    let about = incident.about.clone();
    let mut events = vec![Event::Recovered { about: about.clone(), check }];
    if last && incident.is_open() && !incident.declared {
        events.push(Event::Resolved { about, cause: Resolution::ByRecovery });
    }
    events
}

fn just_ended<'a>(state: &'a State, check: &EntityRef, now: Timestamp) -> Option<&'a Incident> {
    let recently = |incident: &&Incident| {
        incident.ended.as_ref().is_some_and(|ending| now.duration_since(ending.at) <= REOPENS_WITHIN)
    };
    let mut own = state.recent().filter(recently).filter(|incident| incident.merged.is_none());
    own.find(|incident| incident.checks.iter().any(|known| known.check == *check))
}

fn held(state: &State, incident: IncidentId) -> Result<&Incident, Refusal> {
    state.get(incident).ok_or_else(|| Refusal::new(&codes::NOT_FOUND, "There is no incident with this id."))
}

/// An incident that is not a part of another.
fn own(state: &State, incident: IncidentId) -> Result<&Incident, Refusal> {
    let incident = held(state, incident)?;
    let Some(into) = &incident.merged else { return Ok(incident) };
    let detail = format!("Incident {} was merged into incident {}.", incident.number(), into.number);
    Err(Refusal::new(&codes::CONFLICT, detail).fix(format!("use incident {}", into.number)))
}

fn open_incident(state: &State, incident: IncidentId) -> Result<&Incident, Refusal> {
    let incident = own(state, incident)?;
    if incident.is_open() {
        return Ok(incident);
    }
    Err(Refusal::new(&codes::CONFLICT, format!("Incident {} is resolved.", incident.number())))
}

fn one_line(title: &str) -> Result<String, Refusal> {
    let one_line = title.split_whitespace().collect::<Vec<_>>().join(" ");
    sound_text("title", cut(one_line, TITLE_BYTES_MAX), TITLE_BYTES_MAX)
}

fn sound_text(field: &str, text: String, bytes_max: usize) -> Result<String, Refusal> {
    let invalid = |detail: String| Err(Refusal::new(&codes::INVALID, detail).field(field));
    if text.trim().is_empty() {
        return invalid(format!("The {field} is empty."));
    }
    if text.len() > bytes_max {
        return invalid(format!("The {field} has {} bytes; at most {bytes_max} are allowed.", text.len()));
    }
    Ok(text)
}

/// What a check says is the world's doing, not the asker's: it is cut rather than refused.
fn bounded(mut failed: Failed, context: &Context) -> Failed {
    failed.path.truncate(PATH_MAX);
    failed.since = failed.since.min(context.now);
    failed.evidence = cut(failed.evidence, EVIDENCE_BYTES_MAX);
    failed
}

fn cut(mut text: String, bytes_max: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}
