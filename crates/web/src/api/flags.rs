//! Flags: list, show, turn, create.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{EntityRef, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, not_found, reference};
use crate::{App, problem::Problem};

/// A flag.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlagView {
    /// Its name: what clients ask for.
    pub key: String,
    /// The whole reference.
    #[schema(value_type = String)]
    pub flag: EntityRef,
    /// What it is for.
    pub description: String,
    /// Who keeps it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
    /// True if it is declared in a file.
    pub declared: bool,
    /// Components that evaluate it, declared or seen.
    #[schema(value_type = Vec<String>)]
    pub used_by: Vec<EntityRef>,
    /// When it should be gone.
    pub expires: Option<String>,
    /// Its position per environment.
    pub environments: BTreeMap<String, SwitchView>,
}

/// A flag's position in one environment.
#[derive(Debug, Serialize, ToSchema)]
pub struct SwitchView {
    /// On or off.
    pub on: bool,
    /// Since when.
    #[schema(value_type = String, format = "date-time")]
    pub since: Timestamp,
    /// Who turned it.
    pub by: ActorView,
    /// True if the declaration says otherwise.
    pub drifted: bool,
}

impl FlagView {
    fn of(flag: &flags::Flag) -> Self {
        let definition = &flag.definition;
        let drifted: Vec<&String> = flag.drift().map(|(name, _)| name).collect();
        let environments = flag.switches.iter().map(|(name, switch)| {
            let by = ActorView::of(&switch.by);
            let drifted = drifted.contains(&name);
            (name.clone(), SwitchView { on: switch.on, since: switch.since, by, drifted })
        });
        Self {
            key: definition.flag.short().to_owned(),
            flag: definition.flag.clone(),
            description: definition.description.clone(),
            owner: definition.owner.clone(),
            declared: definition.origin == flags::Origin::Declared,
            used_by: flag.users().cloned().collect(),
            expires: definition.expires.clone(),
            environments: environments.collect(),
        }
    }
}

/// Lists the flags by name.
#[utoipa::path(get, path = "/api/v1/flags", tag = "flags", params(Paging),
    responses((status = 200, body = Listed<FlagView>)))]
pub async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Json<Listed<FlagView>>, Problem> {
    let world = app.world();
    paging.page(world.flags.flags().collect(), FlagView::of)
}

/// Shows a flag.
#[utoipa::path(get, path = "/api/v1/flags/{key}", tag = "flags", params(("key", description = "the flag's name")),
    responses((status = 200, body = FlagView)))]
pub async fn show(State(app): State<App>, Path(key): Path<String>) -> Result<Json<FlagView>, Problem> {
    let world = app.world();
    let flag = world.flags.flag(&reference("key", &key, "flag")?).ok_or_else(|| not_found("flag", &key))?;
    Ok(Json(FlagView::of(flag)))
}

/// A flag that is made by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFlag {
    /// Its name: what clients ask for.
    pub key: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Who keeps it: a group or user.
    pub owner: Option<String>,
    /// Components that evaluate it.
    #[serde(default)]
    pub used_by: Vec<String>,
    /// Whether it starts on, per environment.
    #[serde(default)]
    pub environments: BTreeMap<String, bool>,
    /// When it should be gone: `2026-12-31`.
    pub expires: Option<String>,
}

/// Creates a flag, or changes one that was made by hand.
#[utoipa::path(post, path = "/api/v1/flags", tag = "flags", request_body = NewFlag,
    responses((status = 200, body = Done)))]
pub async fn create(State(app): State<App>, asked: Asked<NewFlag>) -> Result<Json<Done>, Problem> {
    let new = &asked.body;
    let flag = reference("key", &new.key, "flag")?;
    let spec = serde_json::json!({
        "owner": new.owner, "usedBy": new.used_by, "expires": new.expires,
        "environments": new.environments.iter()
            .map(|(name, on)| (name.clone(), serde_json::json!({"enabled": on})))
            .collect::<serde_json::Map<_, _>>(),
    });
    let read = flags::Definition::from_spec(flag, Some(&new.description), &spec);
    let definition = read.map_err(|problems| super::catalog::first_problem(&problems))?;
    let definition = flags::Definition { origin: flags::Origin::ByHand, ..definition };
    carry_out(&app, &asked, Command::Flags(flags::Command::Define { definition }), None).await
}

/// Where, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The environment; `production` if left out.
    #[serde(default = "production")]
    pub environment: String,
    /// Why: shown on the timeline.
    pub reason: Option<String>,
}

pub(crate) fn production() -> String {
    "production".to_owned()
}

/// Turns a flag on.
#[utoipa::path(post, path = "/api/v1/flags/{key}/on", tag = "flags", request_body = Turn,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn on(State(app): State<App>, Path(key): Path<String>, asked: Asked<Turn>) -> Result<Json<Done>, Problem> {
    turn(&app, &key, &asked, true).await
}

/// Turns a flag off.
#[utoipa::path(post, path = "/api/v1/flags/{key}/off", tag = "flags", request_body = Turn,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn off(State(app): State<App>, Path(key): Path<String>, asked: Asked<Turn>) -> Result<Json<Done>, Problem> {
    turn(&app, &key, &asked, false).await
}

async fn turn(app: &App, key: &str, asked: &Asked<Turn>, on: bool) -> Result<Json<Done>, Problem> {
    let flag = reference("key", key, "flag")?;
    let command = flags::Command::Turn { flag, environment: asked.body.environment.clone(), on };
    carry_out(app, asked, Command::Flags(command), asked.body.reason.as_deref()).await
}
