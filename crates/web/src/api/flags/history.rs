//! What happened to a flag.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use flags::{Definition, Flag};
use kernel::{EventId, Refusal, Timestamp, codes};
use serde::Serialize;
use timeline::{Entry, Query as Search};
use utoipa::ToSchema;
use world::Event;

use crate::{
    App,
    api::{Paging, event::ActorView, reference},
    problem::Problem,
};

/// A page of what happened to a flag, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct History {
    /// The events.
    pub items: Vec<Happened>,
    /// What to send as `cursor` for older events; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One thing that happened to a flag.
#[derive(Debug, Serialize, ToSchema)]
pub struct Happened {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who.
    pub by: ActorView,
    /// Why, in their words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event's id: what is undone.
    #[schema(value_type = String, format = "uuid")]
    pub event: EventId,
    /// What sort of event: `flags.turned`.
    pub kind: String,
    /// One sentence without the actor.
    pub summary: String,
    /// What it changed, one sentence each; empty where the summary says it all.
    pub differences: Vec<String>,
}

/// Shows what happened to a flag, also to one that is gone.
#[utoipa::path(get, path = "/api/v1/flags/{key}/history", tag = "flags", params(Paging,
    ("key", description = "the flag's name")), responses((status = 200, body = History)))]
pub async fn list(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(paging): Query<Paging>,
) -> Result<Json<History>, Problem> {
    let flag = reference("key", &key, "flag")?;
    let before = match paging.cursor.as_deref().map(str::parse::<u64>) {
        None => None,
        Some(Ok(before)) => Some(before),
        Some(Err(_)) => {
            return Err(Refusal::new(&codes::MALFORMED, "this is no cursor of ours").field("cursor").into());
        }
    };
    let (subjects, kinds, limit) = (vec![flag.clone()], vec!["flags.".to_owned()], paging.limit()?);
    let search = Search { subjects, kinds, before, limit, ..Search::default() };
    let page = app.blocking(move |engine| Ok(engine.store().find(&search)?)).await?;
    let world = app.world();
    let before = world.flags.flag(&flag).map(definitions_before).unwrap_or_default();
    let items = page.entries.iter().map(|entry| happened(entry, &before)).collect();
    Ok(Json(History { items, next: page.next.map(|next| next.to_string()) }))
}

/// By event, the definition that it replaced, as far as those are remembered.
fn definitions_before(flag: &Flag) -> HashMap<EventId, &Definition> {
    let pairs = flag.history.iter().zip(flag.history.iter().skip(1));
    pairs.map(|(before, after)| (after.event, before.definition.as_ref())).collect()
}

fn happened(entry: &Entry, before: &HashMap<EventId, &Definition>) -> Happened {
    let event = Event::from_body(&entry.kind, &entry.body);
    let differences = match &event {
        Ok(Event::Flags(flags::Event::Defined { definition })) => {
            let replaced = before.get(&entry.stamp.event);
            replaced.map(|before| flags::difference(Some(before), definition)).unwrap_or_default()
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    Happened {
        at: entry.stamp.at,
        by: ActorView::of(&entry.stamp.actor),
        reason: entry.stamp.reason.clone(),
        event: entry.stamp.event,
        kind: entry.kind.clone(),
        summary: event.map_or_else(|error| error.to_string(), |event| event.summary()),
        differences,
    }
}
