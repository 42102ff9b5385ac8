//! One entity: by name, by uid, with where it came from.

use axum::{
    extract::{Path, State},
    response::Response,
};
use index::Filter;
use kernel::{EntityRef, Refusal, codes};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Catalog, answer, error::ErrorBody, fields::Fields, reference, unknown};
use crate::{App, problem::Problem};

/// An entity, and the entities that brought it into the catalog.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageAncestry)]
#[serde(rename_all = "camelCase")]
pub struct Ancestry {
    /// The entity.
    #[schema(value_type = String)]
    pub root_entity_ref: EntityRef,
    /// The entity itself. Entities are read from the files of a folder, so no entity brings another.
    pub items: Vec<Ancestor>,
}

/// One of these entities.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageAncestor)]
#[serde(rename_all = "camelCase")]
pub struct Ancestor {
    /// The entity.
    #[schema(value_type = Object)]
    pub entity: Value,
    /// The entities that brought it.
    pub parent_entity_refs: Vec<String>,
}

/// Shows an entity.
#[utoipa::path(get, path = "/api/catalog/entities/by-name/{kind}/{namespace}/{name}", tag = "Backstage",
    params(("kind", description = "the kind"), ("namespace", description = "the namespace"),
        ("name", description = "the name")),
    responses((status = 200, body = Object), ErrorBody))]
pub async fn by_name(State(app): State<App>, Path(name): Path<(String, String, String)>) -> Result<Response, Problem> {
    let reference = reference(&name)?;
    answer(&app, move |catalog| show(catalog, &reference)).await
}

/// Shows an entity with the entities that brought it into the catalog.
#[utoipa::path(get, path = "/api/catalog/entities/by-name/{kind}/{namespace}/{name}/ancestry", tag = "Backstage",
    params(("kind", description = "the kind"), ("namespace", description = "the namespace"),
        ("name", description = "the name")),
    responses((status = 200, body = Ancestry), ErrorBody))]
pub async fn ancestry(State(app): State<App>, Path(name): Path<(String, String, String)>) -> Result<Response, Problem> {
    let reference = reference(&name)?;
    answer(&app, move |catalog| {
        let entity = show(catalog, &reference)?;
        let items = vec![Ancestor { entity, parent_entity_refs: Vec::new() }];
        Ok(Ancestry { root_entity_ref: reference, items })
    })
    .await
}

/// Shows the entity of a uid.
#[utoipa::path(get, path = "/api/catalog/entities/by-uid/{uid}", tag = "Backstage",
    params(("uid", description = "`metadata.uid`")), responses((status = 200, body = Object), ErrorBody))]
pub async fn by_uid(State(app): State<App>, Path(uid): Path<String>) -> Result<Response, Problem> {
    answer(&app, move |catalog| show(catalog, &with_uid(catalog, &uid)?)).await
}

/// Says where an entity is declared: only there can it be removed.
#[utoipa::path(delete, path = "/api/catalog/entities/by-uid/{uid}", tag = "Backstage",
    params(("uid", description = "`metadata.uid`")),
    responses((status = 409, description = "The entity is declared in a file.", body = ErrorBody), ErrorBody))]
pub async fn remove(State(app): State<App>, Path(uid): Path<String>) -> Result<Response, Problem> {
    answer(&app, move |catalog| -> Result<Value, Refusal> {
        let reference = with_uid(catalog, &uid)?;
        let entity = catalog.world.catalog.get(&reference).ok_or_else(|| unknown(&reference))?;
        let origin = &entity.descriptor.origin;
        let detail = format!("{reference} is declared in {}/{}, line {}", origin.source, origin.path, origin.line);
        Err(Refusal::new(&codes::CONFLICT, detail).fix("delete it there"))
    })
    .await
}

fn show(catalog: &Catalog, reference: &EntityRef) -> Result<Value, Refusal> {
    catalog.entity(reference, &Fields::default()).ok_or_else(|| unknown(reference))
}

fn with_uid(catalog: &Catalog, uid: &str) -> Result<EntityRef, Refusal> {
    let found = catalog.index().matching(&Filter::is("metadata.uid", uid));
    let found = found.first().map(|reference| (*reference).clone());
    found.ok_or_else(|| Refusal::new(&codes::NOT_FOUND, format!("No entity with uid {uid}")))
}
