//! Maintenances: list, plan, end.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use checks::{Command as CheckCommand, Planned};
use kernel::{EntityRef, EventId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use super::{Asked, Done, Listed, Paging, carry_out, not_found, undo::Why};
use crate::{App, checks::maintenance::concerned, problem::Problem};

/// A time in which checks aren't judged.
#[derive(Debug, Serialize, ToSchema)]
pub struct MaintenanceView {
    /// The event that set it.
    #[schema(value_type = String)]
    pub id: EventId,
    /// The check, or what checks are about.
    #[schema(value_type = String)]
    pub of: EntityRef,
    /// `running`, `planned`, `over` or `called_off`.
    pub state: &'static str,
    /// From then on.
    #[schema(value_type = String, format = "date-time")]
    pub from: Timestamp,
    /// Until then.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// Who set it.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// How many checks it concerns.
    pub checks: usize,
}

/// Lists the maintenances that people set, the latest first. What the catalog declares is in the checks' definitions.
#[utoipa::path(get, path = "/api/v1/maintenances", tag = "checks", params(Paging),
    responses((status = 200, body = Listed<MaintenanceView>)))]
pub async fn list(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<MaintenanceView>>, Problem> {
    let (world, now) = (app.world(), app.now());
    let mut planned: Vec<&Planned> = world.checks.maintenances().collect();
    planned.sort_by_key(|planned| std::cmp::Reverse(planned.from));
    paging.page(planned, |planned| MaintenanceView {
        id: planned.id,
        of: planned.of.clone(),
        state: match planned {
            planned if planned.is_called_off() => "called_off",
            planned if planned.to <= now => "over",
            planned if planned.from <= now => "running",
            _ => "planned",
        },
        from: planned.from,
        to: planned.to,
        by: planned.by.as_ref().map(ToString::to_string),
        reason: planned.reason.clone(),
        checks: world.checks.watches().filter(|watch| planned.concerns(&watch.definition)).count(),
    })
}

/// A maintenance to plan.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewMaintenance {
    /// A check such as `check:pay-by-card`, or what checks are about, such as `component:payments`.
    pub of: String,
    /// From then on; now if left out.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub from: Option<Timestamp>,
    /// Until then: at most 31 days later.
    #[schema(value_type = String, format = "date-time")]
    pub to: Timestamp,
    /// Why.
    pub reason: Option<String>,
}

/// Plans a maintenance: while it holds, nothing bad is judged.
#[utoipa::path(post, path = "/api/v1/maintenances", tag = "checks", request_body = NewMaintenance,
    responses((status = 200, body = Done)))]
pub async fn plan(State(app): State<App>, asked: Asked<NewMaintenance>) -> Result<Json<Done>, Problem> {
    let NewMaintenance { of, from, to, reason } = &asked.body;
    let of = concerned(&app.world(), "/of", of)?;
    let command = CheckCommand::SetMaintenance { of, from: from.unwrap_or_else(|| app.now()), to: *to };
    carry_out(&app, &asked, Command::Checks(command), reason.as_deref()).await
}

/// Ends a maintenance that holds, or calls one off that is to come.
#[utoipa::path(post, path = "/api/v1/maintenances/{id}/end", tag = "checks", request_body = Why,
    params(("id", description = "the maintenance's id")), responses((status = 200, body = Done)))]
pub async fn end(State(app): State<App>, Path(id): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let event = id.parse::<EventId>().map_err(|_| not_found("maintenance", &id))?;
    let command = Command::Checks(CheckCommand::EndMaintenance { id: event });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}
