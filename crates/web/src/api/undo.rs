//! Undo: what it would do, and doing it.

use axum::{
    Json,
    extract::{Path, State},
};
use kernel::{EventId, Refusal, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, Undo, plan_undo};

use super::{Asked, Done, carry_out};
use crate::{App, problem::Problem};

/// What undoing a change would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct UndoView {
    /// The change.
    #[schema(value_type = String, format = "uuid")]
    pub event: EventId,
    /// The change, in words.
    pub change: String,
    /// What will be done, in words.
    pub will: String,
    /// True if somebody outside is asked to act: the change stands until they report.
    pub asks: bool,
}

fn event_id(text: &str) -> Result<EventId, Refusal> {
    text.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "an event's id is a UUID").field("event"))
}

/// Shows what undoing a change would do; refused as undoing would be.
#[utoipa::path(get, path = "/api/v1/changes/{event}/undo", tag = "timeline",
    params(("event", description = "the event's id")), responses((status = 200, body = UndoView)))]
pub async fn plan(State(app): State<App>, Path(event): Path<String>) -> Result<Json<UndoView>, Problem> {
    let event = event_id(&event)?;
    let plan = plan_undo(&app.world(), event)?;
    Ok(Json(UndoView { event, change: plan.change, will: plan.will, asks: plan.asks }))
}

/// Why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Why: shown on the timeline.
    pub reason: Option<String>,
}

/// Undoes a change.
#[utoipa::path(post, path = "/api/v1/changes/{event}/undo", tag = "timeline", request_body = Why,
    params(("event", description = "the event's id")), responses((status = 200, body = Done)))]
pub async fn undo(State(app): State<App>, Path(event): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let event = event_id(&event)?;
    carry_out(&app, &asked, Command::Undo(Undo { event }), asked.body.reason.as_deref()).await
}
