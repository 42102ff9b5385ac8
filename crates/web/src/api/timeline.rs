//! The timeline: search it, show one event.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EventId, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use timeline::Query as Search;
use utoipa::ToSchema;

use super::{event::EventView, not_found, reference};
use crate::{App, problem::Problem};

/// Which events.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// About this entity, flag, check or incident, as a whole reference: `component:default/storefront`.
    pub subject: Option<String>,
    /// Kinds that begin with this: `flags.` or `flags.turned`. Several are separated by commas.
    pub kind: Option<String>,
    /// At this time or later, RFC 3339.
    #[param(format = DateTime)]
    pub from: Option<String>,
    /// Before this time, RFC 3339.
    #[param(format = DateTime)]
    pub to: Option<String>,
    /// How many: 1 to 500; 100 if left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of the timeline, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelinePage {
    /// The events.
    pub items: Vec<EventView>,
    /// What to send as `cursor` for older events; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// More kinds at once are refused.
const KINDS_MAX: usize = 20;

impl Which {
    /// The search that is asked for.
    ///
    /// # Errors
    /// If a part of it can't be read.
    pub fn search(&self) -> Result<Search, Refusal> {
        let subjects = match &self.subject {
            Some(subject) => vec![reference("subject", subject, "component")?],
            None => Vec::new(),
        };
        let kinds: Vec<String> = self
            .kind
            .as_deref()
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned)
            .collect();
        if kinds.len() > KINDS_MAX {
            return Err(Refusal::new(&codes::INVALID, format!("at most {KINDS_MAX} kinds")).field("kind"));
        }
        let limit = match self.limit {
            None => 100,
            Some(limit @ 1..=500) => limit,
            Some(_) => return Err(Refusal::new(&codes::INVALID, "limit is from 1 to 500").field("limit")),
        };
        let before = match self.cursor.as_deref().map(str::parse::<u64>) {
            None => None,
            Some(Ok(before)) => Some(before),
            Some(Err(_)) => return Err(Refusal::new(&codes::MALFORMED, "this is no cursor of ours").field("cursor")),
        };
        let (from, to) = (time("from", self.from.as_deref())?, time("to", self.to.as_deref())?);
        Ok(Search { subjects, kinds, from, to, before, limit, ..Search::default() })
    }
}

/// Reads a time from a query.
pub(crate) fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| {
        let detail = format!("\"{text}\" is no time; write it as 2026-11-20T03:07:00Z");
        Refusal::new(&codes::INVALID, detail).field(field)
    })
}

/// Lists events, newest first.
#[utoipa::path(get, path = "/api/v1/timeline", tag = "timeline", params(Which),
    responses((status = 200, body = TimelinePage)))]
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<TimelinePage>, Problem> {
    let search = which.search()?;
    let page = app.blocking(move |engine| Ok(engine.store().find(&search)?)).await?;
    let items = page.entries.iter().map(EventView::of_entry).collect();
    Ok(Json(TimelinePage { items, next: page.next.map(|next| next.to_string()) }))
}

/// Shows an event.
#[utoipa::path(get, path = "/api/v1/timeline/{event}", tag = "timeline",
    params(("event", description = "the event's id")), responses((status = 200, body = EventView)))]
pub async fn show(State(app): State<App>, Path(event): Path<String>) -> Result<Json<EventView>, Problem> {
    let id: EventId =
        event.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "an event's id is a UUID").field("event"))?;
    let search = Search { event: Some(id), limit: 1, ..Search::default() };
    let page = app.blocking(move |engine| Ok(engine.store().find(&search)?)).await?;
    let entry = page.entries.first().ok_or_else(|| not_found("event", &event))?;
    Ok(Json(EventView::of_entry(entry)))
}
