//! `GET` and `POST /api/catalog/entities/by-query`: a page of entities.

use axum::{Json, extract::State, response::Response};
use index::{Filter, Order, Query, Start, TextFilter};
use kernel::{Refusal, codes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    answer,
    error::ErrorBody,
    fields::Fields,
    input::{Parameters, filter},
};
use crate::{App, problem::Problem};

/// How many entities are on a page if nobody says.
const LIMIT: usize = 20;

/// What is asked for.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, rename_all = "camelCase")]
pub struct QueryParameters {
    /// `key=value` or `key`, with commas for *and*; repeated for *or*.
    pub filter: Vec<String>,
    /// The wanted fields, as dotted paths with commas between them; all if left out.
    pub fields: Vec<String>,
    /// How many entities; 20 if left out, at most 10,000.
    pub limit: Option<usize>,
    /// How many to leave out.
    pub offset: Option<usize>,
    /// `metadata.name,asc`; repeated for further fields.
    pub order_field: Vec<String>,
    /// `nextCursor` or `prevCursor` of a page; it stands for the filter, the order and the text.
    pub cursor: Option<String>,
    /// Words that must all occur.
    pub full_text_filter_term: Option<String>,
    /// Where they are looked for; everywhere if left out.
    pub full_text_filter_fields: Vec<String>,
    /// `exclude` if nobody needs to know how many there are.
    pub total_items: Option<String>,
}

/// What is asked for, with a predicate.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = BackstageQueryBody)]
#[serde(rename_all = "camelCase")]
pub struct QueryBody {
    /// Keys and values, or `$all`, `$any`, `$not`; a key may have `$exists`, `$in`, `$hasPrefix`, `$contains`.
    #[schema(value_type = Option<Object>)]
    #[serde(default)]
    pub query: Option<Value>,
    /// The wanted fields, as dotted paths; all if left out.
    #[serde(default)]
    pub fields: Vec<String>,
    /// How many entities; 20 if left out, at most 10,000.
    #[serde(default)]
    pub limit: Option<usize>,
    /// How many to leave out.
    #[serde(default)]
    pub offset: Option<usize>,
    /// The fields to order by.
    #[serde(default)]
    pub order_by: Vec<OrderBy>,
    /// `nextCursor` or `prevCursor` of a page; it stands for the query, the order and the text.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Words that must all occur.
    #[serde(default)]
    pub full_text_filter: Option<FullText>,
    /// `exclude` if nobody needs to know how many there are.
    #[serde(default)]
    pub total_items: Option<String>,
}

/// A field to order by.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = BackstageOrderBy)]
pub struct OrderBy {
    /// The field, as a dotted path.
    pub field: String,
    /// `asc` or `desc`.
    pub order: String,
}

/// Words that must all occur.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = BackstageFullText)]
pub struct FullText {
    /// The words.
    #[serde(default)]
    pub term: String,
    /// Where they are looked for; everywhere if left out.
    #[serde(default)]
    pub fields: Vec<String>,
}

/// A page of entities.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BackstageEntitiesPage)]
#[serde(rename_all = "camelCase")]
pub struct EntitiesPage {
    /// The entities.
    #[schema(value_type = Vec<Object>)]
    pub items: Vec<Value>,
    /// How many match on all pages; 0 with `totalItems=exclude`.
    pub total_items: usize,
    /// The pages beside this one.
    pub page_info: PageInfo,
}

/// The pages beside a page.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = BackstagePageInfo)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// The cursor of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// The cursor of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prev_cursor: Option<String>,
}

/// Finds entities, page by page.
#[utoipa::path(get, path = "/api/catalog/entities/by-query", tag = "Backstage", params(QueryParameters),
    responses((status = 200, body = EntitiesPage), ErrorBody))]
pub async fn find(State(app): State<App>, Parameters(asked): Parameters<QueryParameters>) -> Result<Response, Problem> {
    let query = match &asked.cursor {
        Some(cursor) => Query::from_cursor(cursor, asked.limit.unwrap_or(LIMIT))?,
        None => Query {
            filter: filter(&asked.filter, None)?,
            text: text(asked.full_text_filter_term.as_deref(), &split(&asked.full_text_filter_fields)),
            order: Order::parse(asked.order_field.iter().map(String::as_str))?,
            limit: asked.limit.unwrap_or(LIMIT),
            start: Start::Offset(asked.offset.unwrap_or_default()),
        },
    };
    page(&app, query, Fields::parse(&asked.fields)?, asked.total_items.as_deref()).await
}

/// Finds entities by a predicate, page by page.
#[utoipa::path(post, path = "/api/catalog/entities/by-query", tag = "Backstage", request_body = QueryBody,
    responses((status = 200, body = EntitiesPage), ErrorBody))]
pub async fn find_by_predicate(State(app): State<App>, Json(asked): Json<QueryBody>) -> Result<Response, Problem> {
    let query = match &asked.cursor {
        Some(cursor) => Query::from_cursor(cursor, asked.limit.unwrap_or(LIMIT))?,
        None => {
            let order: Vec<String> =
                asked.order_by.iter().map(|OrderBy { field, order }| format!("{field},{order}")).collect();
            let words = asked.full_text_filter.unwrap_or_default();
            Query {
                filter: asked.query.as_ref().map_or_else(|| Ok(Filter::everything()), Filter::from_predicate)?,
                text: text(Some(&words.term), &words.fields),
                order: Order::parse(order.iter().map(String::as_str))?,
                limit: asked.limit.unwrap_or(LIMIT),
                start: Start::Offset(asked.offset.unwrap_or_default()),
            }
        }
    };
    page(&app, query, Fields::parse(&asked.fields)?, asked.total_items.as_deref()).await
}

async fn page(app: &App, query: Query, fields: Fields, total_items: Option<&str>) -> Result<Response, Problem> {
    let is_counted = match total_items {
        None | Some("include") => true,
        Some("exclude") => false,
        Some(other) => {
            let refusal = Refusal::new(&codes::MALFORMED, format!("\"{other}\" is not known for totalItems"));
            return Err(refusal.field("totalItems").fix("write include or exclude").into());
        }
    };
    answer(app, move |catalog| {
        let page = catalog.index().page(&query);
        Ok(EntitiesPage {
            items: catalog.entities(page.items, &fields),
            total_items: if is_counted { page.total } else { 0 },
            page_info: PageInfo { next_cursor: page.next, prev_cursor: page.previous },
        })
    })
    .await
}

/// Words in fields, if there are words.
fn text(term: Option<&str>, fields: &[impl AsRef<str>]) -> Option<TextFilter> {
    let term = term.map(str::trim).filter(|term| !term.is_empty())?;
    let fields = (!fields.is_empty()).then(|| fields.iter().map(AsRef::as_ref));
    Some(TextFilter::new(term, fields))
}

/// The parts of a parameter that may be repeated, and may hold several values with commas between them.
fn split(parameters: &[String]) -> Vec<&str> {
    let parts = parameters.iter().flat_map(|parameter| parameter.split(','));
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}
