//! Environments, and whether deployments to them ask the contracts first.

use axum::{
    Json,
    extract::{Path, State},
};
use contracts::{Environment, Gate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use crate::{
    App,
    api::{Asked, Done, Listed, Paging, carry_out},
    problem::Problem,
};

/// An environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnvironmentView {
    /// Its id, as the Pact Broker's API names it.
    #[schema(value_type = String, format = "uuid")]
    pub id: kernel::EnvironmentId,
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub display_name: Option<String>,
    /// True if it is a production environment.
    pub production: bool,
    /// Whether deployments ask first.
    pub gate: GateView,
    /// How many versions are deployed or released there now.
    pub versions: usize,
}

/// Whether deployments to an environment ask first whether the contracts agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateView {
    /// They don't.
    Off,
    /// They do; without a good answer that is said on the timeline.
    Warn,
    /// They do; without a good answer they are refused.
    Refuse,
}

impl From<Gate> for GateView {
    fn from(gate: Gate) -> Self {
        match gate {
            Gate::Off => Self::Off,
            Gate::Warn => Self::Warn,
            Gate::Refuse => Self::Refuse,
        }
    }
}

impl From<GateView> for Gate {
    fn from(gate: GateView) -> Self {
        match gate {
            GateView::Off => Self::Off,
            GateView::Warn => Self::Warn,
            GateView::Refuse => Self::Refuse,
        }
    }
}

/// Lists the environments by when they were made.
#[utoipa::path(get, path = "/api/v1/contracts/environments", tag = "contracts", params(Paging),
    responses((status = 200, body = Listed<EnvironmentView>)))]
pub async fn list(
    State(app): State<App>,
    axum::extract::Query(paging): axum::extract::Query<Paging>,
) -> Result<Json<Listed<EnvironmentView>>, Problem> {
    let world = app.world();
    let state = &world.contracts;
    let all: Vec<&Environment> = state.environments().map(|known| &known.environment).collect();
    paging.page(all, |environment| EnvironmentView {
        id: environment.id,
        name: environment.name.clone(),
        display_name: environment.display_name.clone(),
        production: environment.production,
        gate: environment.gate.into(),
        versions: state.all_placed_in(environment.id).count(),
    })
}

/// Whether deployments ask first.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGate {
    /// Whether they do.
    pub gate: GateView,
    /// Why.
    pub reason: Option<String>,
}

/// Says whether deployments to an environment ask first whether the contracts agree.
#[utoipa::path(put, path = "/api/v1/contracts/environments/{name}/gate", tag = "contracts", request_body = NewGate,
    params(("name", description = "the environment's name")), responses((status = 200, body = Done)))]
pub async fn set_gate(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<NewGate>,
) -> Result<Json<Done>, Problem> {
    let command = contracts::Command::SetGate { environment: name, gate: asked.body.gate.into() };
    carry_out(&app, &asked, Command::Contracts(command), asked.body.reason.as_deref()).await
}
