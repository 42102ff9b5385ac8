//! `GET` and `POST /api/catalog/entity-facets`: which values a field has, and how often.

use std::collections::BTreeMap;

use axum::{Json, extract::State, response::Response};
use index::Filter;
use kernel::{Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    answer,
    error::ErrorBody,
    input::{Parameters, filter},
};
use crate::{App, problem::Problem};

/// The most fields of one request.
const FACETS_MAX: usize = 50;

/// Which fields of which entities.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct FacetParameters {
    /// The field, as a dotted path; repeated for further fields.
    pub facet: Vec<String>,
    /// `key=value` or `key`, with commas for *and*; repeated for *or*.
    pub filter: Vec<String>,
}

/// Which fields of which entities, with a predicate.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackstageFacetBody)]
pub struct FacetBody {
    /// The fields, as dotted paths.
    pub facets: Vec<String>,
    /// Which entities.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub query: Option<Value>,
}

/// The values of each field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageFacets)]
pub struct Facets {
    /// By field.
    pub facets: BTreeMap<String, Vec<FacetView>>,
}

/// A value, and how many entities have it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageFacetView)]
pub struct FacetView {
    /// The value.
    pub value: String,
    /// At least 1.
    pub count: usize,
}

/// Counts the values of fields.
#[utoipa::path(get, path = "/api/catalog/entity-facets", tag = "Backstage", params(FacetParameters),
    responses((status = 200, body = Facets), ErrorBody))]
pub async fn count(
    State(app): State<App>,
    Parameters(asked): Parameters<FacetParameters>,
) -> Result<Response, Problem> {
    facets(&app, asked.facet, filter(&asked.filter, None)?).await
}

/// Counts the values of fields among the entities that a predicate holds for.
#[utoipa::path(post, path = "/api/catalog/entity-facets", tag = "Backstage", request_body = FacetBody,
    responses((status = 200, body = Facets), ErrorBody))]
pub async fn count_by_predicate(State(app): State<App>, Json(asked): Json<FacetBody>) -> Result<Response, Problem> {
    facets(&app, asked.facets, filter(&[], asked.query.as_ref())?).await
}

async fn facets(app: &App, keys: Vec<String>, filter: Filter) -> Result<Response, Problem> {
    if keys.is_empty() || keys.len() > FACETS_MAX {
        let detail = format!("there are {} facets; 1 to {FACETS_MAX} are counted", keys.len());
        return Err(Refusal::new(&codes::MALFORMED, detail).field("facet").into());
    }
    answer(app, move |catalog| {
        let count = |key: String| {
            let facets = catalog.index().facets(&key, &filter).into_iter();
            let values = facets.map(|facet| FacetView { value: facet.value.to_owned(), count: facet.count }).collect();
            (key, values)
        };
        Ok(Facets { facets: keys.into_iter().map(count).collect() })
    })
    .await
}
