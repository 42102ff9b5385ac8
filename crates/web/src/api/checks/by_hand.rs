//! Checks that are made by the API.

use axum::{
    Json,
    extract::{Path, State},
};
use kernel::{Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    App,
    api::{Asked, Done, carry_out, reference, undo::Why},
    checks::by_hand,
    problem::Problem,
};

/// A check, as a catalog file declares it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCheck {
    /// `description`, `annotations`, `labels` and the like; the name is that of the path.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// The `spec` of a `kind: Check` document.
    #[schema(value_type = Object)]
    pub spec: Value,
    /// Why: shown on the timeline.
    pub reason: Option<String>,
}

/// Makes a check, or makes one that was made so into another. One that a catalog folder declares is changed there.
#[utoipa::path(put, path = "/api/v1/checks/{name}", tag = "checks", request_body = NewCheck,
    params(("name", description = "the check's name")), responses((status = 200, body = Done)))]
pub async fn put(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<NewCheck>,
) -> Result<Json<Done>, Problem> {
    let (asked, NewCheck { metadata, spec, reason }) = asked.split();
    let check = reference("name", &name, "check")?;
    if check.kind() != "check" {
        return Err(Refusal::new(&codes::INVALID, format!("{check} is no check")).field("name").into());
    }
    let document = by_hand::document(check.name(), check.namespace(), metadata, spec);
    let draft = by_hand::read_document(&document).map_err(|faults| faults.refusal())?;
    let command = by_hand::declaring(&app.world(), draft);
    carry_out(&app, &asked, command, reason.as_deref()).await
}

/// Removes a check that was made on the screen or by the API.
#[utoipa::path(delete, path = "/api/v1/checks/{name}", tag = "checks", request_body = Why,
    params(("name", description = "the check's name")), responses((status = 200, body = Done)))]
pub async fn remove(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let check = reference("name", &name, "check")?;
    carry_out(&app, &asked, by_hand::withdrawing(check), asked.body.reason.as_deref()).await
}

/// Where a check is declared, and how.
#[derive(Debug, Serialize, ToSchema)]
pub struct Declaration {
    /// The catalog's source; `made on the screen` for one that no folder declares.
    pub source: String,
    /// The file there.
    pub path: String,
    /// Its line.
    pub line: u32,
    /// The document, as YAML.
    pub yaml: String,
}

/// Shows where a check is declared, and its document.
#[utoipa::path(get, path = "/api/v1/checks/{name}/declaration", tag = "checks",
    params(("name", description = "the check's name")), responses((status = 200, body = Declaration)))]
pub async fn declaration(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Declaration>, Problem> {
    let check = reference("name", &name, "check")?;
    let world = app.world();
    let entity = world.catalog.get(&check).ok_or_else(|| crate::api::not_found("check", &name))?;
    let origin = &entity.descriptor.origin;
    Ok(Json(Declaration {
        source: origin.source.to_string(),
        path: origin.path.to_string(),
        line: origin.line,
        yaml: catalog::to_yaml(&entity.descriptor)?,
    }))
}
