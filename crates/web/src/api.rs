//! Our own API, under `/api/v1`: JSON in, JSON or `application/problem+json` out.
//!
//! What its handlers share: [`Asked`] reads a body with who sends it, why, and the idempotency key; [`Done`] answers with
//! what was recorded; [`Listed`] is a page of a list.

pub mod access;
pub mod actions;
pub mod alerts;
pub mod beats;
pub mod catalog;
pub mod checks;
pub mod contacts;
pub mod contracts;
pub mod deploys;
pub mod event;
pub mod flags;
pub mod incidents;
pub mod integrations;
pub mod maintenances;
pub mod measures;
pub mod oncall;
pub mod pages;
pub mod postmortems;
pub mod probes;
pub mod retros;
pub mod runs;
pub mod schedule;
pub mod slos;
pub mod status;
pub mod status_pages;
pub mod timeline;
pub mod undo;

use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, Request},
    http::header,
};
use engine::Receipt;
use kernel::{CommandId, EntityRef, RefDefaults, Refusal, Sha256, codes};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use utoipa::ToSchema;
use world::Command;

use crate::{App, guard::By, problem::Problem};
use event::EventView;

/// A body, with who sends it.
#[derive(Debug)]
pub struct Asked<T> {
    /// Who.
    pub by: By,
    /// What.
    pub body: T,
    id: Option<CommandId>,
}

/// The longest idempotency key.
const KEY_BYTES_MAX: usize = 256;

impl<T> Asked<T> {
    /// The body for itself, for a handler that uses it up.
    #[must_use]
    pub fn split(self) -> (Asked<()>, T) {
        (Asked { by: self.by, body: (), id: self.id }, self.body)
    }

    /// What the idempotency key and the body make of this; nothing without a key.
    #[must_use]
    pub fn id(&self) -> Option<CommandId> {
        self.id
    }

    /// The request to the engine that carries out `command` in the sender's name.
    ///
    /// # Errors
    /// If the reason is too long.
    pub fn request(&self, command: Command, reason: Option<&str>) -> Result<engine::Request, Refusal> {
        self.by.request(command, reason, self.id)
    }
}

impl<T: DeserializeOwned> FromRequest<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let by = <By as axum::extract::FromRequestParts<App>>::from_request_parts(&mut parts, app).await?;
        let key = parts.headers.get("idempotency-key").map(|key| key.to_str().unwrap_or_default().to_owned());
        if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > KEY_BYTES_MAX) {
            let detail = format!("Idempotency-Key has 1 to {KEY_BYTES_MAX} printable ASCII characters");
            return Err(Refusal::new(&codes::MALFORMED, detail).field("Idempotency-Key").into());
        }
        let sort = parts.headers.get(header::CONTENT_TYPE).and_then(|sort| sort.to_str().ok()).map(str::to_owned);
        let target = format!("{} {}", parts.method, parts.uri);
        let body = Bytes::from_request(Request::from_parts(parts, body), app).await.map_err(|rejection| {
            let too_large = rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE;
            let code = if too_large { &codes::TOO_LARGE } else { &codes::MALFORMED };
            Refusal::new(code, rejection.body_text())
        })?;
        let id = key.map(|key| {
            let key = Sha256::of_parts(&[by.0.actor.to_string().as_bytes(), key.as_bytes()]);
            CommandId::keyed(&key, &Sha256::of_parts(&[target.as_bytes(), &body]))
        });
        Ok(Self { by, body: read_json(sort.as_deref(), &body)?, id })
    }
}

/// Reads a JSON body; an empty one is an empty object.
fn read_json<T: DeserializeOwned>(sort: Option<&str>, body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    let is_json = sort.is_none_or(|sort| {
        let essence = sort.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence == "application/json" || essence.ends_with("+json")
    });
    if !is_json {
        let detail = format!("the body is {}; application/json is read here", sort.unwrap_or_default());
        return Err(Refusal::new(&codes::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    serde_json::from_slice(body).map_err(|error| {
        let code = if error.is_data() { &codes::INVALID } else { &codes::MALFORMED };
        Refusal::new(code, format!("the body: {error}"))
    })
}

/// What a command brought.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// The position of the timeline that has it; `GET` answers since then show it.
    pub position: u64,
    /// True if this repeats the answer to an earlier request with the same `Idempotency-Key`.
    pub repeated: bool,
    /// The events, in order, with all that followed from them. Empty if all was as wished already.
    pub events: Vec<EventView>,
}

impl Done {
    /// The answer to a command.
    pub fn of(receipt: &Receipt) -> Json<Self> {
        let events = receipt.recorded.iter().map(EventView::of).collect();
        Json(Self { position: receipt.position, repeated: receipt.repeated, events })
    }
}

/// Carries out a command in the name of who asked.
pub(crate) async fn carry_out<T>(
    app: &App,
    asked: &Asked<T>,
    command: Command,
    reason: Option<&str>,
) -> Result<Json<Done>, Problem> {
    let receipt = app.submit(asked.request(command, reason)?).await?;
    Ok(Done::of(&receipt))
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: usize,
    /// What to send as `cursor` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which part of a list is wanted.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paging {
    /// How many items: 1 to 500; 100 if left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl Paging {
    /// The wanted part of `all`. A cursor is the number of items before the page.
    ///
    /// # Errors
    /// If the limit or the cursor is none of ours.
    pub fn page<S, T>(&self, all: Vec<S>, show: impl Fn(S) -> T) -> Result<Json<Listed<T>>, Problem> {
        let limit = self.limit()?;
        let from = match &self.cursor {
            None => 0,
            Some(cursor) => cursor
                .parse::<usize>()
                .map_err(|_| Refusal::new(&codes::MALFORMED, "this is no cursor of ours").field("cursor"))?,
        };
        let total = all.len();
        let items: Vec<T> = all.into_iter().skip(from).take(limit).map(show).collect();
        let end = from.saturating_add(items.len());
        let next = (end < total).then(|| end.to_string());
        Ok(Json(Listed { items, total, next }))
    }

    /// The number of items.
    ///
    /// # Errors
    /// If it is not from 1 to 500.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(100),
            Some(limit @ 1..=500) => Ok(limit),
            Some(_) => Err(Refusal::new(&codes::INVALID, "limit is from 1 to 500").field("limit").into()),
        }
    }
}

/// Reads a reference from a path or a query; `kind` is what it is if it names none.
pub(crate) fn reference(field: &str, text: &str, kind: &str) -> Result<EntityRef, Refusal> {
    let defaults = RefDefaults { kind: Some(kind), namespace: EntityRef::DEFAULT_NAMESPACE };
    EntityRef::parse(text, defaults).map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field(field))
}

/// That there is no such thing.
pub(crate) fn not_found(what: &str, name: &str) -> Problem {
    Refusal::new(&codes::NOT_FOUND, format!("there is no {what} {name}")).into()
}

/// What every refusal looks like (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// The manual's page about this sort of error, relative to the server.
    pub r#type: String,
    /// What sort of error it is.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong, this time.
    pub detail: String,
    /// The id that the server's log has.
    pub instance: Option<String>,
    /// `retryable`, `user-fixable`, `operator-fixable` or `fatal`.
    pub class: String,
    /// Which field is at fault.
    pub field: Option<String>,
    /// How to mend it.
    pub fix: Option<String>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u32>,
}
