//! `POST /api/catalog/entities/by-refs`: several entities by name.

use axum::{Json, extract::State, response::Response};
use kernel::{EntityRef, Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    answer,
    error::ErrorBody,
    fields::Fields,
    input::{Parameters, filter},
    parse_reference,
};
use crate::{App, problem::Problem};

/// The most entities of one request. Backstage's client asks for 1,000 at a time.
const REFERENCES_MAX: usize = 10_000;

/// Which of them are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FilterParameters {
    /// `key=value` or `key`, with commas for *and*; repeated for *or*.
    pub filter: Vec<String>,
}

/// Which entities are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackstageReferences)]
#[serde(rename_all = "camelCase")]
pub struct References {
    /// Such as `component:default/cart`.
    pub entity_refs: Vec<String>,
    /// The wanted fields, as dotted paths; all if left out.
    #[serde(default)]
    pub fields: Vec<String>,
    /// Which of the entities are wanted, as a predicate.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub query: Option<Value>,
}

/// The entities.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageFound)]
pub struct Found {
    /// One for each reference, in the same order; `null` where there is no such entity, or it is not wanted.
    #[schema(value_type = Vec<Option<Object>>)]
    pub items: Vec<Option<Value>>,
}

/// Shows several entities.
#[utoipa::path(post, path = "/api/catalog/entities/by-refs", tag = "Backstage", params(FilterParameters),
    request_body = References, responses((status = 200, body = Found), ErrorBody))]
pub async fn find(
    State(app): State<App>,
    Parameters(parameters): Parameters<FilterParameters>,
    Json(asked): Json<References>,
) -> Result<Response, Problem> {
    if asked.entity_refs.len() > REFERENCES_MAX {
        let detail = format!("there are {} entityRefs; at most {REFERENCES_MAX} are read", asked.entity_refs.len());
        return Err(Refusal::new(&codes::TOO_LARGE, detail).field("entityRefs").into());
    }
    let filter = filter(&parameters.filter, asked.query.as_ref())?;
    let fields = Fields::parse(&asked.fields)?;
    let references: Vec<Option<EntityRef>> =
        asked.entity_refs.iter().map(|reference| parse_reference(reference).ok()).collect();
    answer(&app, move |catalog| {
        let mut wanted = catalog.index().holds(&filter, references.iter().flatten()).into_iter();
        let items = references.iter().map(|reference| {
            let reference = reference.as_ref()?;
            wanted.next()?.then(|| catalog.entity(reference, &fields))?
        });
        Ok(Found { items: items.collect() })
    })
    .await
}
