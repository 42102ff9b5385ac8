//! `GET /api/catalog/locations` and what is below: the catalog's sources, as Backstage's locations.

use std::collections::BTreeSet;

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use index::{Document, Filter, Index, Order, Query, Start};
use kernel::{EntityRef, Refusal, Sha256, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use world::World;

use super::{answer, by_query::PageInfo, error::ErrorBody, reference, to_json, unknown};
use crate::{App, problem::Problem};

/// How many locations are on a page if nobody says.
const LIMIT: usize = 20;

/// A source of the catalog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = BackstageLocation)]
pub struct Location {
    /// A UUID made of the source's name: the same for ever.
    pub id: String,
    /// Always `file`: sources are folders.
    pub r#type: &'static str,
    /// The folder, as the operator named it.
    pub target: String,
}

impl Location {
    /// The type of every location.
    pub(super) const TYPE: &'static str = "file";

    /// The location of a source.
    pub(super) fn of(source: &str) -> Self {
        let id = key(source).map(|key| catalog::uid(&key)).unwrap_or_default();
        Self { id, r#type: Self::TYPE, target: source.to_owned() }
    }

    /// All locations, by target. A source that has been emptied without an error is none any more.
    pub(super) fn all(world: &World) -> Vec<Self> {
        let filled: BTreeSet<&str> = world.catalog.iter().map(|entity| &*entity.descriptor.origin.source).collect();
        let sources = world.catalog.sources();
        sources
            .filter(|(name, source)| filled.contains(name) || source.problems_total > 0)
            .map(|(name, _)| Self::of(name))
            .collect()
    }

    /// The location of this id.
    pub(super) fn with_id(world: &World, id: &str) -> Result<Self, Refusal> {
        let found = Self::all(world).into_iter().find(|location| location.id == id);
        found.ok_or_else(|| Refusal::new(&codes::NOT_FOUND, format!("Found no location with ID {id}")))
    }
}

/// What stands for a source among references: a source's own name may have any characters.
fn key(source: &str) -> Option<EntityRef> {
    let name: String = Sha256::of(source.as_bytes()).to_string().chars().take(40).collect();
    EntityRef::new("location", EntityRef::DEFAULT_NAMESPACE, &name).ok()
}

/// A location, as lists have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageLocationItem)]
pub struct LocationItem {
    /// The location.
    pub data: Location,
}

/// Which locations are wanted.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = BackstageLocationQuery)]
pub struct LocationQuery {
    /// A predicate on `id`, `type` and `target`.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub query: Option<Value>,
    /// How many; 20 if left out.
    #[serde(default)]
    pub limit: Option<usize>,
    /// `nextCursor` of a page.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// A page of locations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageLocationsPage)]
#[serde(rename_all = "camelCase")]
pub struct LocationsPage {
    /// The locations.
    pub items: Vec<Location>,
    /// How many match on all pages.
    pub total_items: usize,
    /// The pages beside this one.
    pub page_info: PageInfo,
}

/// Lists the catalog's sources.
#[utoipa::path(get, path = "/api/catalog/locations", tag = "Backstage",
    responses((status = 200, body = Vec<LocationItem>), ErrorBody))]
pub async fn list(State(app): State<App>) -> Json<Vec<LocationItem>> {
    Json(Location::all(&app.world()).into_iter().map(|data| LocationItem { data }).collect())
}

/// Finds sources of the catalog, page by page.
#[utoipa::path(post, path = "/api/catalog/locations/by-query", tag = "Backstage", request_body = LocationQuery,
    responses((status = 200, body = LocationsPage), ErrorBody))]
pub async fn find(State(app): State<App>, Json(asked): Json<LocationQuery>) -> Result<Json<LocationsPage>, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT);
    let query = match &asked.cursor {
        Some(cursor) => Query::from_cursor(cursor, limit)?,
        None => Query {
            filter: asked.query.as_ref().map_or_else(|| Ok(Filter::everything()), Filter::from_predicate)?,
            text: None,
            order: vec![Order::by("target", false)],
            limit,
            start: Start::Offset(0),
        },
    };
    let locations = Location::all(&app.world());
    let documents: Result<Vec<Document>, Refusal> = locations.iter().map(document).collect();
    let index = Index::build(documents?);
    let page = index.page(&query);
    let items = page
        .items
        .iter()
        .filter_map(|found| locations.iter().find(|location| key(&location.target).as_ref() == Some(*found)).cloned());
    Ok(Json(LocationsPage {
        items: items.collect(),
        total_items: page.total,
        page_info: PageInfo { next_cursor: page.next, prev_cursor: page.previous },
    }))
}

fn document(location: &Location) -> Result<Document, Refusal> {
    let internal = |detail: String| Refusal::new(&codes::INTERNAL, detail);
    let key = key(&location.target).ok_or_else(|| internal("a digest is no name".to_owned()))?;
    let json = String::from_utf8(to_json(location)?).map_err(|error| internal(error.to_string()))?;
    Document::read(key, &json, [], []).map_err(|error| internal(error.to_string()))
}

/// Shows a source of the catalog.
#[utoipa::path(get, path = "/api/catalog/locations/{id}", tag = "Backstage",
    params(("id", description = "the location's id")), responses((status = 200, body = Location), ErrorBody))]
pub async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<Location>, Problem> {
    Ok(Json(Location::with_id(&app.world(), &id)?))
}

/// Shows the source that an entity was read from.
#[utoipa::path(get, path = "/api/catalog/locations/by-entity/{kind}/{namespace}/{name}", tag = "Backstage",
    params(("kind", description = "the kind"), ("namespace", description = "the namespace"),
        ("name", description = "the name")),
    responses((status = 200, body = Location), ErrorBody))]
pub async fn of_entity(
    State(app): State<App>,
    Path(name): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let reference = reference(&name)?;
    answer(&app, move |catalog| {
        let entity = catalog.world.catalog.get(&reference).ok_or_else(|| unknown(&reference))?;
        Ok(Location::of(&entity.descriptor.origin.source))
    })
    .await
}
