//! What may be asked of status pages, as the API and the forms read it.

use kernel::{EntityRef, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use statuspage::{Affected, Command as PageCommand, Impact, Kind, Page, Posting, Publication, Stage, Status, Update};
use utoipa::ToSchema;
use world::{Command, World};

/// A component in an incident or a maintenance.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AffectedComponent {
    /// The component's id on its page.
    pub id: String,
    /// How it is: `operational`, `degraded_performance`, `partial_outage`, `major_outage` or `under_maintenance`. A
    /// maintenance knows it by itself.
    pub status: Option<String>,
}

/// An incident or a maintenance to publish.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// The name of one of the page's templates: it fills in what is left out.
    pub template: Option<String>,
    /// The public title.
    pub title: Option<String>,
    /// The first update, in plain text.
    pub text: Option<String>,
    /// Where it stands: `investigating`, `identified`, `monitoring`, `resolved`; of a maintenance `scheduled`,
    /// `in_progress`, `verifying`, `completed`. The first of each, if left out.
    pub status: Option<String>,
    /// `none`, `minor`, `major` or `critical`; as bad as the worst component, if left out.
    pub impact: Option<String>,
    /// The components that it is about.
    #[serde(default)]
    pub components: Vec<AffectedComponent>,
    /// When a maintenance begins. It is one if this is there.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub scheduled_for: Option<Timestamp>,
    /// When it ends.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub scheduled_until: Option<Timestamp>,
    /// The number of the internal incident that it tells of. The public doesn't see it.
    pub incident: Option<u64>,
    /// False to tell no subscribers.
    pub notify: Option<bool>,
    /// Why: shown on the timeline, not to the public.
    pub reason: Option<String>,
}

/// An update to post.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUpdate {
    /// The update, in plain text.
    pub text: String,
    /// Where it stands since; as before, if left out. Of a resolved incident it may be `postmortem`.
    pub status: Option<String>,
    /// The title since.
    pub title: Option<String>,
    /// How bad it is since.
    pub impact: Option<String>,
    /// The components since. As before if left out, and operational where it is over.
    pub components: Option<Vec<AffectedComponent>>,
    /// When a maintenance begins, if that changes.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub scheduled_for: Option<Timestamp>,
    /// When it ends, if that changes.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub scheduled_until: Option<Timestamp>,
    /// False to tell no subscribers.
    pub notify: Option<bool>,
    /// Why: shown on the timeline, not to the public.
    pub reason: Option<String>,
}

/// The page of this name.
///
/// # Errors
/// `not-found` if there is none.
pub(crate) fn page<'a>(world: &'a World, name: &str) -> Result<&'a Page, Refusal> {
    let named = || Refusal::new(&codes::NOT_FOUND, format!("there is no status page {name}"));
    world.statuspage.page_named(name).map(AsRef::as_ref).ok_or_else(named)
}

/// What publishes it.
///
/// # Errors
/// If a word is none of Statuspage's; what the area refuses comes later.
pub(crate) fn publish(world: &World, page: &Page, new: &NewReport) -> Result<Command, Refusal> {
    let template = match new.template.as_deref() {
        None | Some("") => None,
        Some(name) => {
            let found = page.templates.iter().find(|template| template.name == name);
            Some(found.ok_or_else(|| invalid("/template", format!("the page has no template \"{name}\"")))?)
        }
    };
    let window = window(new.scheduled_for, new.scheduled_until)?;
    let kind = window.map_or(Kind::Incident, |(from, to)| Kind::Maintenance { from, to });
    let first = if window.is_some() { Stage::Scheduled } else { Stage::Investigating };
    let stage = match filled(&new.status) {
        Some(word) => stage(word)?,
        None => template.and_then(|template| template.stage).unwrap_or(first),
    };
    let impact = match filled(&new.impact) {
        Some(word) => Some(impact(word)?),
        None => template.and_then(|template| template.impact),
    };
    let or = |given: &Option<String>, of: fn(&statuspage::Template) -> &String| {
        filled(given).map(str::to_owned).or_else(|| template.map(of).cloned()).unwrap_or_default()
    };
    if let Some(number) = new.incident
        && world.incidents.by_number(number).is_none()
    {
        return Err(invalid("/incident", format!("there is no incident {number}")));
    }
    Ok(Command::Statuspage(PageCommand::Publish(Publication {
        page: page.page.clone(),
        kind,
        title: or(&new.title, |template| &template.title),
        impact,
        components: affected(&new.components, Status::PartialOutage)?,
        update: Update { stage, text: or(&new.text, |template| &template.text) },
        incident: new.incident,
        automatic: false,
        notify: new.notify.unwrap_or(true),
    })))
}

/// What posts it.
///
/// # Errors
/// If there is no such report on this page, or a word is none of Statuspage's.
pub(crate) fn post(world: &World, page: &Page, id: &str, new: &NewUpdate) -> Result<Command, Refusal> {
    let report = report(world, page, id)?;
    let stage = filled(&new.status).map(stage).transpose()?.unwrap_or_else(|| report.stage());
    let components = new.components.as_deref().map(|given| affected(given, Status::PartialOutage)).transpose()?;
    let window = match (new.scheduled_for, new.scheduled_until, report.kind) {
        (None, None, _) => None,
        (from, to, Kind::Maintenance { from: was_from, to: was_to }) => {
            Some((from.unwrap_or(was_from), to.unwrap_or(was_to)))
        }
        (_, _, Kind::Incident) => return Err(invalid("/scheduled_for", "only a maintenance is scheduled".to_owned())),
    };
    Ok(Command::Statuspage(PageCommand::Post(Posting {
        report: report.id,
        update: Update { stage, text: new.text.clone() },
        title: filled(&new.title).map(str::to_owned),
        impact: filled(&new.impact).map(impact).transpose()?,
        components,
        window,
        notify: new.notify.unwrap_or(true),
    })))
}

/// A report of this page, retracted or not.
///
/// # Errors
/// `not-found` if it has none of this id.
pub(crate) fn report<'a>(world: &'a World, page: &Page, id: &str) -> Result<&'a statuspage::Report, Refusal> {
    let found = id.parse().ok().and_then(|id| world.statuspage.report(id)).filter(|report| report.page == page.page);
    let shown: String = id.chars().take(60).collect();
    let none = || Refusal::new(&codes::NOT_FOUND, format!("status page {} has no incident {shown}", page.name()));
    found.map(AsRef::as_ref).ok_or_else(none)
}

/// What sets a component's status.
///
/// # Errors
/// If the word is none of Statuspage's.
pub(crate) fn set(page: &EntityRef, component: String, word: &str, until: Timestamp) -> Result<Command, Refusal> {
    let status = status("/status", word)?;
    let page = page.clone();
    Ok(Command::Statuspage(PageCommand::SetStatus { page, component, status, until }))
}

fn window(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Option<(Timestamp, Timestamp)>, Refusal> {
    match (from, to) {
        (None, None) => Ok(None),
        (Some(from), Some(to)) => Ok(Some((from, to))),
        (Some(_), None) => Err(invalid("/scheduled_until", "say when the maintenance ends".to_owned())),
        (None, Some(_)) => Err(invalid("/scheduled_for", "say when the maintenance begins".to_owned())),
    }
}

fn affected(given: &[AffectedComponent], usual: Status) -> Result<Vec<Affected>, Refusal> {
    let one = |it: &AffectedComponent| {
        let status = filled(&it.status).map(|word| status("/components", word)).transpose()?.unwrap_or(usual);
        Ok(Affected { component: it.id.clone(), status })
    };
    given.iter().map(one).collect()
}

fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.trim().is_empty())
}

fn stage(word: &str) -> Result<Stage, Refusal> {
    named("/status", word, Stage::named(word), Stage::ALL.iter().map(|stage| stage.as_str()))
}

fn impact(word: &str) -> Result<Impact, Refusal> {
    named("/impact", word, Impact::named(word), Impact::ALL.iter().map(|impact| impact.as_str()))
}

fn status(field: &str, word: &str) -> Result<Status, Refusal> {
    let sayable = Status::ALL.iter().filter(|status| **status != Status::NoData).map(|status| status.as_str());
    named(field, word, Status::named(word), sayable)
}

fn named<T>(
    field: &str,
    word: &str,
    found: Option<T>,
    known: impl Iterator<Item = &'static str>,
) -> Result<T, Refusal> {
    let shown: String = word.chars().take(40).collect();
    let known = || format!("one of {}", known.collect::<Vec<_>>().join(", "));
    found.ok_or_else(|| invalid(field, format!("\"{shown}\" is not known here")).fix(known()))
}

fn invalid(field: &str, detail: String) -> Refusal {
    Refusal::new(&codes::INVALID, detail).field(field)
}
