//! `GET /api/catalog/entities`: all entities, as a plain list.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderValue, header},
    response::Response,
};
use index::{LIMIT_MAX, Order, Query, Start};
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::Value;

use super::{
    Catalog, ask,
    error::ErrorBody,
    fields::Fields,
    input::{Parameters, filter},
    json, to_json,
};
use crate::{App, problem::Problem};

/// Which entities are wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ListParameters {
    /// `key=value` or `key`, with commas for *and*; repeated for *or*.
    pub filter: Vec<String>,
    /// The wanted fields, as dotted paths with commas between them; all if left out.
    pub fields: Vec<String>,
    /// How many entities; all if left out.
    pub limit: Option<usize>,
    /// How many to leave out.
    pub offset: Option<usize>,
    /// The cursor of the `Link` of the page before; it stands for the filter and the order.
    pub after: Option<String>,
    /// `asc:metadata.name`; repeated for further fields.
    pub order: Vec<String>,
}

/// Lists entities. The next page, if there is one, is in the header `Link`.
#[utoipa::path(get, path = "/api/catalog/entities", tag = "Backstage", params(ListParameters),
    responses((status = 200, body = Vec<Object>), ErrorBody))]
pub async fn list(
    State(app): State<App>,
    RawQuery(raw): RawQuery,
    Parameters(asked): Parameters<ListParameters>,
) -> Result<Response, Problem> {
    let limit = asked.limit.unwrap_or(LIMIT_MAX);
    let query = match &asked.after {
        Some(cursor) => Query::from_cursor(cursor, limit)?,
        None => Query {
            filter: filter(&asked.filter, None)?,
            text: None,
            order: order(&asked.order)?,
            limit,
            start: Start::Offset(asked.offset.unwrap_or_default()),
        },
    };
    let fields = Fields::parse(&asked.fields)?;
    let wants_all = asked.limit.is_none();
    let (body, next) = ask(&app, move |catalog| {
        let (entities, next) =
            if wants_all { (all(catalog, query, &fields)?, None) } else { page(catalog, &query, &fields) };
        Ok((to_json(&entities)?, next))
    })
    .await?;
    let mut response = json(body);
    if let Some(link) = next.and_then(|next| link(raw.as_deref().unwrap_or_default(), &next)) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn page(catalog: &Catalog, query: &Query, fields: &Fields) -> (Vec<Value>, Option<String>) {
    let page = catalog.index().page(query);
    (catalog.entities(page.items, fields), page.next)
}

/// The entities of this page and of all pages after it.
fn all(catalog: &Catalog, query: Query, fields: &Fields) -> Result<Vec<Value>, Refusal> {
    let (mut entities, mut next) = page(catalog, &query, fields);
    while let Some(cursor) = next {
        let more;
        (more, next) = page(catalog, &Query::from_cursor(&cursor, query.limit)?, fields);
        entities.extend(more);
    }
    Ok(entities)
}

/// `asc:metadata.name`, as the index reads it.
fn order(parameters: &[String]) -> Result<Vec<Order>, Refusal> {
    let turned: Result<Vec<String>, Refusal> = parameters
        .iter()
        .map(|parameter| match parameter.split_once(':') {
            Some((direction, field)) if !field.is_empty() => Ok(format!("{field},{direction}")),
            _ => {
                let detail = format!("\"{parameter}\" is no order");
                Err(Refusal::new(&codes::MALFORMED, detail).field("order").fix("write asc:field or desc:field"))
            }
        })
        .collect();
    Order::parse(turned?.iter().map(String::as_str))
}

/// The same request for the next page (RFC 8288).
fn link(query: &str, next: &str) -> Option<HeaderValue> {
    let is_kept = |part: &&str| !part.is_empty() && !part.starts_with("offset=") && !part.starts_with("after=");
    let after = format!("after={next}");
    let query: Vec<&str> = query.split('&').filter(is_kept).chain([after.as_str()]).collect();
    HeaderValue::from_str(&format!("</api/catalog/entities?{}>; rel=\"next\"", query.join("&"))).ok()
}
