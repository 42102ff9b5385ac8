//! `POST /api/catalog/refresh`: Backstage's wish to read an entity's file again.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{error::ErrorBody, parse_reference, unknown};
use crate::{App, problem::Problem};

/// What is to be read again.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackstageRefresh)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    /// The entity.
    pub entity_ref: String,
}

/// Answers that the entity is current: folders are watched and applied within a second of a change, so there is nothing
/// to wait for.
#[utoipa::path(post, path = "/api/catalog/refresh", tag = "Backstage", request_body = Refresh,
    responses((status = 200, description = "It is current."), ErrorBody))]
pub async fn refresh(State(app): State<App>, Json(asked): Json<Refresh>) -> Result<(), Problem> {
    let reference = parse_reference(&asked.entity_ref)?;
    match app.world().catalog.get(&reference) {
        Some(_) => Ok(()),
        None => Err(unknown(&reference).into()),
    }
}
