//! What is decided about incidents and maintenances on pages.

use jiff::SignedDuration;
use kernel::{Actor, Context, EffectId, EntityRef, Refusal, ReportId, Timestamp, codes};
use serde::{Deserialize, Serialize};

use super::{known_component, page};
use crate::{
    About, Affected, Event, Impact, Kind, Page, Report, Stage, State, Status, Update,
    page::{COMPONENTS_MAX, NAME_BYTES_MAX, TEXT_BYTES_MAX},
    state::{REPORTS_KEPT, UPDATES_MAX},
};

/// Reports of all pages that may be open at once.
const OPEN_MAX: usize = REPORTS_KEPT / 2;
/// The longest maintenance, and how far ahead one may be announced.
const MAINTENANCE_LONGEST: SignedDuration = SignedDuration::from_hours(31 * 24);
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(366 * 24);

/// An incident or a maintenance to publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The page.
    pub page: EntityRef,
    /// What it is.
    pub kind: Kind,
    /// Its public title.
    pub title: String,
    /// How bad it is; as bad as its worst component, if left out.
    pub impact: Option<Impact>,
    /// The components, each with how it is.
    pub components: Vec<Affected>,
    /// What is said first.
    pub update: Update,
    /// The number of the internal incident that it tells of.
    pub incident: Option<u64>,
    /// True if the page's own rule publishes it.
    pub automatic: bool,
    /// True if subscribers are told.
    pub notify: bool,
}

/// An update to post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Of which report.
    pub report: ReportId,
    /// What is said.
    pub update: Update,
    /// Its title since; as it was, if left out.
    pub title: Option<String>,
    /// How bad it is since; as it was, if left out.
    pub impact: Option<Impact>,
    /// The components since. If left out they stay, and work again where the report is over.
    pub components: Option<Vec<Affected>>,
    /// When a maintenance takes place since; as it was, if left out.
    pub window: Option<(Timestamp, Timestamp)>,
    /// True if subscribers are told.
    pub notify: bool,
}

/// Announced maintenances that begin or end now.
pub(super) fn due(state: &State, now: Timestamp) -> impl Iterator<Item = Posting> + '_ {
    state.maintenances().filter_map(move |report| {
        let Kind::Maintenance { from, to } = report.kind else { return None };
        let (stage, text) = if to <= now {
            (Stage::Completed, "The scheduled maintenance has been completed.")
        } else if from <= now && report.stage() == Stage::Scheduled {
            (Stage::InProgress, "The scheduled maintenance is now in progress.")
        } else {
            return None;
        };
        let update = Update { stage, text: text.to_owned() };
        let (report, notify) = (report.id, true);
        Some(Posting { report, update, title: None, impact: None, components: None, window: None, notify })
    })
}

pub(super) fn publish(state: &State, new: Publication, context: &Context) -> Result<Vec<Event>, Refusal> {
    let declared = page(state, &new.page)?;
    let title = title(&new.title)?;
    let update = update(&new.update)?;
    let of_maintenance = matches!(new.kind, Kind::Maintenance { .. });
    let stage = update.stage;
    if stage.is_of_maintenance() != of_maintenance || stage == Stage::Postmortem {
        let fix = if of_maintenance {
            "scheduled, in_progress, verifying or completed"
        } else {
            "investigating, identified, monitoring or resolved"
        };
        return Err(wrong("/status", format!("\"{}\" doesn't fit what is published", stage.as_str())).fix(fix));
    }
    if let Kind::Maintenance { from, to } = new.kind {
        window(from, to, context.now)?;
    }
    let open = state.pages().map(|page| state.open_reports(&page.page).count()).sum::<usize>();
    if open >= OPEN_MAX {
        return Err(Refusal::new(&codes::CONFLICT, format!("{OPEN_MAX} reports are open")).fix("resolve some"));
    }
    let components = affected(declared, new.components, of_maintenance, stage)?;
    let impact = new.impact.unwrap_or_else(|| impact(&components));
    let report: ReportId = context.id();
    let about = About { page: new.page.clone(), report, title, incident: new.incident };
    let effect = effect(state, declared, new.notify, context);
    let (kind, automatic) = (new.kind, new.automatic);
    Ok(vec![Event::Published { about, kind, impact, components, update, automatic, effect }])
}

pub(super) fn post(state: &State, posting: Posting, context: &Context) -> Result<Vec<Event>, Refusal> {
    let report = report(state, posting.report)?;
    let declared = page(state, &report.page)?;
    let update = update(&posting.update)?;
    let stage = update.stage;
    let maintenance = report.is_maintenance();
    if stage.is_of_maintenance() != maintenance {
        let kind = if maintenance { "a maintenance" } else { "an incident" };
        return Err(wrong("/status", format!("\"{}\" is no stage of {kind}", stage.as_str())));
    }
    if report.retracted {
        return Err(Refusal::new(&codes::CONFLICT, "it was retracted").fix("restore it first"));
    }
    if stage == Stage::Postmortem && !report.stage().is_over() {
        let refusal = Refusal::new(&codes::CONFLICT, "a postmortem comes after the incident is resolved");
        return Err(refusal.field("/status").fix("post it as resolved first"));
    }
    // What time brings about is never refused: it would be tried again and again.
    if report.updates.len() >= UPDATES_MAX && !matches!(context.actor, Actor::Mainstay(_)) {
        return Err(Refusal::new(&codes::CONFLICT, format!("a report has at most {UPDATES_MAX} updates")));
    }
    if let Some((from, to)) = posting.window {
        if !maintenance {
            return Err(wrong("/scheduled_for", "only a maintenance is scheduled".to_owned()));
        }
        window(from, to, context.now)?;
    }
    let before = report.last().map(|posted| posted.components.clone()).unwrap_or_default();
    let components = match posting.components {
        Some(components) => affected(declared, components, maintenance, stage)?,
        None if stage.is_over() => {
            before.into_iter().map(|it| Affected { status: Status::Operational, ..it }).collect()
        }
        None => before,
    };
    let impact = posting.impact.unwrap_or(report.impact);
    let title = posting.title.as_deref().map(title).transpose()?.unwrap_or_else(|| report.title.clone());
    let about = About { title, ..about(report) };
    let effect = effect(state, declared, posting.notify, context);
    Ok(vec![Event::Updated { about, window: posting.window, impact, components, update, effect }])
}

pub(super) fn retract(state: &State, id: ReportId) -> Result<Vec<Event>, Refusal> {
    let report = report(state, id)?;
    Ok((!report.retracted).then(|| Event::Retracted { about: about(report) }).into_iter().collect())
}

pub(super) fn restore(state: &State, id: ReportId) -> Result<Vec<Event>, Refusal> {
    let report = report(state, id)?;
    Ok(report.retracted.then(|| Event::Restored { about: about(report) }).into_iter().collect())
}

pub(super) fn about(report: &Report) -> About {
    About { page: report.page.clone(), report: report.id, title: report.title.clone(), incident: report.incident }
}

fn report(state: &State, id: ReportId) -> Result<&Report, Refusal> {
    let held = state.report(id).map(AsRef::as_ref);
    held.ok_or_else(|| Refusal::new(&codes::NOT_FOUND, "no status page has such an incident or maintenance"))
}

/// A broadcast, if there is anybody to hear it.
fn effect(state: &State, page: &Page, notify: bool, context: &Context) -> Option<EffectId> {
    let heard = notify && page.public && state.subscriptions(&page.page).next().is_some();
    heard.then(|| context.id())
}

fn wrong(field: &str, detail: String) -> Refusal {
    Refusal::new(&codes::INVALID, detail).field(field)
}

fn title(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    let fits = (1..=NAME_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(wrong("/title", format!("a title is a line of at most {NAME_BYTES_MAX} bytes")))
    }
}

fn update(update: &Update) -> Result<Update, Refusal> {
    let text = update.text.replace("\r\n", "\n");
    let text = text.trim();
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if text.is_empty() || text.len() > TEXT_BYTES_MAX || text.contains(odd) {
        let detail = format!("an update has a text of at most {TEXT_BYTES_MAX} bytes, without control characters");
        return Err(wrong("/text", detail));
    }
    Ok(Update { stage: update.stage, text: text.to_owned() })
}

fn window(from: Timestamp, to: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    if to <= from {
        return Err(wrong("/scheduled_until", "a maintenance ends after it begins".to_owned()));
    }
    if to <= now {
        return Err(wrong("/scheduled_until", "this is over already".to_owned()));
    }
    if to.duration_since(from) > MAINTENANCE_LONGEST {
        return Err(wrong("/scheduled_until", "a maintenance lasts at most 31 days".to_owned()));
    }
    if from.duration_since(now) > AHEAD_MAX {
        return Err(wrong("/scheduled_for", "a maintenance is announced at most a year ahead".to_owned()));
    }
    Ok(())
}

/// The components of a report: each once, each of the page, each with a status that a person can know.
fn affected(page: &Page, given: Vec<Affected>, maintenance: bool, stage: Stage) -> Result<Vec<Affected>, Refusal> {
    if given.len() > COMPONENTS_MAX {
        return Err(wrong("/components", format!("at most {COMPONENTS_MAX} components")));
    }
    let mut known: Vec<Affected> = Vec::new();
    for affected in given {
        known_component(page, &affected.component)?;
        if affected.status == Status::NoData {
            return Err(wrong("/components", "\"no_data\" is what nobody can say".to_owned()));
        }
        if !known.iter().any(|earlier| earlier.component == affected.component) {
            let over = if stage.is_over() { Status::Operational } else { Status::UnderMaintenance };
            let status = if maintenance { over } else { affected.status };
            known.push(Affected { status, ..affected });
        }
    }
    Ok(known)
}

fn impact(components: &[Affected]) -> Impact {
    components.iter().map(|affected| affected.status.impact()).max().unwrap_or(Impact::None)
}
