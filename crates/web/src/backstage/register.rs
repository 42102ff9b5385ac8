//! `POST /api/catalog/locations` and `DELETE /api/catalog/locations/{id}`.
//!
//! A server can't be told by a client to read a new folder or to fetch a URL: which folders it reads is the operator's
//! business. So only what is a source already can be "registered", and everybody else is told how to become one.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use catalog::{Apply, Reading};
use kernel::{EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use world::{Command, World};

use super::{ask, error::ErrorBody, fields::Fields, input::Parameters, json, locations::Location, to_json};
use crate::{App, guard::By, problem::Problem};

/// A location that is to be read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackstageNewLocation)]
pub struct NewLocation {
    /// `file`, or what is refused: `url`.
    pub r#type: String,
    /// The folder, or a file in it.
    pub target: String,
}

/// How it is to be registered.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, rename_all = "camelCase")]
pub struct RegisterParameters {
    /// True to see what is read, without registering.
    pub dry_run: Option<String>,
    /// `refresh` if it is no error that the location is known.
    pub on_conflict: Option<String>,
}

/// What was registered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageRegistered)]
pub struct Registered {
    /// The location.
    pub location: Location,
    /// What is read there, in a dry run.
    #[schema(value_type = Vec<Object>)]
    pub entities: Vec<Value>,
    /// True if it was registered already, as it always is.
    pub exists: bool,
}

/// Says whether a folder is read. With `dryRun`, shows what is read there.
#[utoipa::path(post, path = "/api/catalog/locations", tag = "Backstage", params(RegisterParameters),
    request_body = NewLocation, responses((status = 201, body = Registered), ErrorBody))]
pub async fn register(
    State(app): State<App>,
    Parameters(parameters): Parameters<RegisterParameters>,
    Json(asked): Json<NewLocation>,
) -> Result<Response, Problem> {
    let is_dry = parameters.dry_run.is_some_and(|dry| !matches!(dry.as_str(), "false" | "0" | "no"));
    let may_exist = parameters.on_conflict.as_deref() == Some("refresh");
    let body = ask(&app, move |catalog| {
        let location = source_of(&catalog.world, &asked.r#type, &asked.target).ok_or_else(|| not_read(&asked))?;
        if !is_dry && !may_exist {
            let detail = format!("Location {}:{} already exists", location.r#type, location.target);
            return Err(Refusal::new(&codes::CONFLICT, detail));
        }
        let of_source = entities_of(&catalog.world, &location.target).filter(|_| is_dry);
        let entities = catalog.entities(of_source, &Fields::default());
        to_json(&Registered { location, entities, exists: true })
    })
    .await?;
    Ok((StatusCode::CREATED, json(body)).into_response())
}

/// The source that a location is, or lies in.
pub(super) fn source_of(world: &World, sort: &str, target: &str) -> Option<Location> {
    let target = target.trim_end_matches('/');
    let is_it = |location: &Location| {
        let folder = location.target.trim_end_matches('/');
        target.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    Location::all(world).into_iter().filter(|location| sort == location.r#type).find(is_it)
}

pub(super) fn entities_of<'a>(world: &'a World, source: &'a str) -> impl Iterator<Item = &'a EntityRef> {
    let all = world.catalog.iter().filter(move |entity| &*entity.descriptor.origin.source == source);
    all.map(|entity| entity.reference())
}

fn not_read(asked: &NewLocation) -> Refusal {
    let detail = format!("this server does not read {}:{}", asked.r#type, asked.target);
    Refusal::new(&codes::INVALID, detail)
        .field("target")
        .fix("check it out, then start the server with --catalog DIR or run mainstay apply DIR")
}

/// Removes a source and all entities that were read from it. What a server with `--catalog` reads comes back with the next
/// change of its files.
#[utoipa::path(delete, path = "/api/catalog/locations/{id}", tag = "Backstage",
    params(("id", description = "the location's id")), responses((status = 204, description = "It is gone."), ErrorBody))]
pub async fn remove(State(app): State<App>, By(grant): By, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let location = Location::with_id(&app.world(), &id)?;
    let reading = Reading { source: location.target.as_str().into(), ..Reading::default() };
    let command = Command::Catalog(catalog::Command::Apply(Apply { reading, partial: false }));
    let reason = Some(format!("the location {}:{} was deleted", location.r#type, location.target));
    app.submit(engine::Request { command, actor: grant.actor, reason, id: None }).await?;
    Ok(StatusCode::NO_CONTENT)
}
