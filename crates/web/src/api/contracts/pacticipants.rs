//! Applications as contracts name them, and the components that they are taken for.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use contracts::{Pacticipant, PacticipantKey};
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, World};

use crate::{
    App,
    api::{Asked, Done, Listed, Paging, carry_out, reference},
    problem::Problem,
};

/// A pacticipant.
#[derive(Debug, Serialize, ToSchema)]
pub struct PacticipantView {
    /// Its name.
    pub name: String,
    /// The component that it is taken for.
    #[schema(value_type = String)]
    pub component: EntityRef,
    /// True if the catalog has that component.
    pub in_catalog: bool,
    /// The team that owns it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
    /// Its name for people.
    pub display_name: Option<String>,
    /// Its main branch.
    pub main_branch: Option<String>,
    /// Where its source code is.
    pub repository_url: Option<String>,
    /// Its labels.
    pub labels: Vec<String>,
    /// How many versions it has.
    pub versions: usize,
    /// Its newest version.
    pub newest: Option<String>,
    /// Its versions by environment: where it is now.
    pub environments: BTreeMap<String, Vec<String>>,
    /// When it became known.
    #[schema(value_type = String, format = "date-time")]
    pub created: Timestamp,
}

impl PacticipantView {
    fn of(world: &World, key: PacticipantKey, known: &Pacticipant) -> Self {
        let state = &world.contracts;
        let mut environments: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for environment in state.environments().map(|known| &known.environment) {
            let there: Vec<String> =
                state.placed_in(environment.id, key).map(|placed| state.number(placed.version).to_owned()).collect();
            if !there.is_empty() {
                environments.insert(environment.name.clone(), there);
            }
        }
        Self {
            name: known.name.to_string(),
            component: known.component.clone(),
            in_catalog: world.catalog.get(&known.component).is_some(),
            owner: world.owner_of(&known.component),
            display_name: known.details.display_name.clone(),
            main_branch: known.details.main_branch.clone(),
            repository_url: known.details.repository_url.clone(),
            labels: known.labels.keys().cloned().collect(),
            versions: state.versions_of(key).count(),
            newest: state.versions_of(key).next_back().map(|version| state.number(version).to_owned()),
            environments,
            created: known.created,
        }
    }
}

/// Which pacticipants.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those whose name has this in it.
    #[param(max_length = 255)]
    pub q: Option<String>,
    /// Those that are taken for this component.
    #[param(max_length = 400)]
    pub component: Option<String>,
}

/// Lists pacticipants by name.
#[utoipa::path(get, path = "/api/v1/contracts/pacticipants", tag = "contracts", params(Which, Paging),
    responses((status = 200, body = Listed<PacticipantView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<PacticipantView>>, Problem> {
    let world = app.world();
    let words = which.q.unwrap_or_default().to_lowercase();
    let component = which.component.as_deref().map(|name| reference("component", name, "component")).transpose()?;
    let found: Vec<(PacticipantKey, &Pacticipant)> = world
        .contracts
        .pacticipants()
        .filter(|(_, known)| known.name.to_lowercase().contains(&words))
        .filter(|(_, known)| component.as_ref().is_none_or(|component| known.component == *component))
        .collect();
    paging.page(found, |(key, known)| PacticipantView::of(&world, key, known))
}

/// Which component.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComponent {
    /// The component; null for the one of the same name.
    pub component: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// Takes a pacticipant for a component of the catalog: its owners, incidents and deployments are then the pacticipant's.
#[utoipa::path(put, path = "/api/v1/contracts/pacticipants/{name}/component", tag = "contracts",
    request_body = NewComponent, params(("name", description = "the pacticipant's name")),
    responses((status = 200, body = Done)))]
pub async fn take_for(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<NewComponent>,
) -> Result<Json<Done>, Problem> {
    let component = asked.body.component.as_deref();
    let component = component.map(|name| reference("component", name, "component")).transpose()?;
    let command = contracts::Command::Match { name, component };
    carry_out(&app, &asked, Command::Contracts(command), asked.body.reason.as_deref()).await
}
