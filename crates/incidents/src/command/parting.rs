//! What is one incident, and what is two.

use kernel::{Context, EntityRef, IncidentId, Refusal, codes};

use super::{held, one_line, open_incident, severity_event, withdrawal};
use crate::{About, CHECKS_MAX, Event, Severity, State};

pub(super) fn merge(state: &State, incident: IncidentId, into: IncidentId) -> Result<Vec<Event>, Refusal> {
    let is_so = |known: &About| known.incident == into;
    if held(state, incident)?.merged.as_ref().is_some_and(is_so) {
        return Ok(Vec::new());
    }
    let (merged, kept) = (open_incident(state, incident)?, open_incident(state, into)?);
    if merged.number() == kept.number() {
        return Err(Refusal::new(&codes::INVALID, "An incident can't be merged into itself.").field("into"));
    }
    if kept.checks.len() + merged.failing().count() > CHECKS_MAX {
        let detail = format!("Incident {} has no room for the other's checks: {CHECKS_MAX} at most.", kept.number());
        return Err(Refusal::new(&codes::CONFLICT, detail).field("into").fix("merge it into another, or keep both"));
    }
    let event = Event::Merged { about: merged.about.clone(), into: kept.about.clone() };
    let worse = severity_event(kept, merged.severity.min(kept.severity));
    let hurts = if merged.mitigated.is_none() { withdrawal(kept) } else { None };
    Ok([event].into_iter().chain(hurts).chain(worse).collect())
}

pub(super) fn split(
    state: &State,
    incident: IncidentId,
    mut checks: Vec<EntityRef>,
    title: Option<String>,
    severity: Option<Severity>,
    context: &Context,
) -> Result<Vec<Event>, Refusal> {
    let origin = open_incident(state, incident)?;
    checks.sort();
    checks.dedup();
    if let Some(other) = checks.iter().find(|check| !origin.failing().any(|failing| failing.check == **check)) {
        let detail = format!("{} does not fail in incident {}.", other.short(), origin.number());
        return Err(Refusal::new(&codes::INVALID, detail).field("checks"));
    }
    let moved = origin.failing().filter(|failing| checks.contains(&failing.check));
    let Some(first) = moved.min_by_key(|failing| failing.since) else {
        return Err(Refusal::new(&codes::INVALID, "Name the checks that are another incident.").field("checks"));
    };
    let stays = origin.failing().any(|failing| !checks.contains(&failing.check));
    if !stays && !origin.declared {
        let detail = format!("Nothing would be left to fail in incident {}.", origin.number());
        return Err(Refusal::new(&codes::CONFLICT, detail)
            .field("checks")
            .fix("leave one of its failing checks in it, or change its title"));
    }
    let by_itself = || format!("{} is down (split off incident {})", first.entity.short(), origin.number());
    let title = one_line(&title.filter(|title| !title.trim().is_empty()).unwrap_or_else(by_itself))?;
    let about = About { incident: context.id(), number: state.next_number(), entity: first.entity.clone() };
    let (from, severity) = (origin.about.clone(), severity.unwrap_or(origin.severity));
    Ok(vec![Event::SplitOff { about, from, title, severity, checks }])
}
