//! Webhooks: what there is, what was called, what came of it. They are made and changed by the Pact Broker's API.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use contracts::{KnownDelivery, KnownWebhook, Outcome, webhooks::Whose};
use kernel::{EffectId, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use crate::{
    App,
    api::{Asked, Done, Listed, Paging, carry_out, undo::Why},
    contracts::signing,
    problem::Problem,
};

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// False if it is not called.
    pub enabled: bool,
    /// Only for this consumer, or for those with this label (`label:...`).
    pub consumer: Option<String>,
    /// Only for this provider, or for those with this label.
    pub provider: Option<String>,
    /// The events that it is called for.
    pub events: Vec<String>,
    /// The method.
    pub method: String,
    /// Where; a template.
    pub url: String,
    /// When it was made.
    #[schema(value_type = String, format = "date-time")]
    pub created: Timestamp,
}

impl WebhookView {
    fn of(known: &KnownWebhook) -> Self {
        let webhook = &known.webhook;
        let whose = |whose: &Option<Whose>| {
            whose.as_ref().map(|whose| match whose {
                Whose::Name(name) => name.clone(),
                Whose::Label(label) => format!("label:{label}"),
            })
        };
        Self {
            id: webhook.id.clone(),
            name: webhook.name().to_owned(),
            enabled: webhook.enabled,
            consumer: whose(&webhook.consumer),
            provider: whose(&webhook.provider),
            events: webhook.events.clone(),
            method: webhook.request.method.clone(),
            url: webhook.request.url.clone(),
            created: known.created,
        }
    }
}

/// Lists webhooks.
#[utoipa::path(get, path = "/api/v1/contracts/webhooks", tag = "contracts", params(Paging),
    responses((status = 200, body = Listed<WebhookView>)))]
pub async fn list(State(app): State<App>, Query(paging): Query<Paging>) -> Result<Json<Listed<WebhookView>>, Problem> {
    let world = app.world();
    paging.page(world.contracts.webhooks().collect(), WebhookView::of)
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It has not been made yet.
    Waiting,
    /// It failed and is made again.
    Retrying,
    /// It was taken.
    Done,
    /// It failed too often.
    GaveUp,
}

/// A call of a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: EffectId,
    /// The webhook's id.
    pub webhook: String,
    /// What the webhook was called.
    pub name: String,
    /// What happened.
    pub event: String,
    /// The consumer.
    pub consumer: Option<String>,
    /// The consumer's version.
    pub consumer_version: Option<String>,
    /// The provider.
    pub provider: Option<String>,
    /// The provider's version.
    pub provider_version: Option<String>,
    /// The method.
    pub method: String,
    /// Where.
    pub url: String,
    /// When it was asked for.
    #[schema(value_type = String, format = "date-time")]
    pub created: Timestamp,
    /// What came of it.
    pub state: DeliveryState,
    /// What was answered, or why it failed the last time.
    pub answer: Option<String>,
    /// When it is made again.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub next: Option<Timestamp>,
    /// Every try.
    pub tries: Vec<TryView>,
}

/// One try of a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct TryView {
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// What came of it.
    pub outcome: String,
}

impl DeliveryView {
    fn of(known: &KnownDelivery) -> Self {
        let delivery = &known.delivery;
        let (state, answer, next) = match &known.outcome {
            Outcome::Waiting => (DeliveryState::Waiting, None, None),
            Outcome::Retrying { error, next } => (DeliveryState::Retrying, Some(error.clone()), Some(*next)),
            Outcome::Done { answer } => (DeliveryState::Done, Some(answer.clone()), None),
            Outcome::GaveUp { error } => (DeliveryState::GaveUp, Some(error.clone()), None),
        };
        Self {
            id: delivery.effect,
            webhook: delivery.webhook.clone(),
            name: delivery.webhook_name.clone(),
            event: delivery.event.clone(),
            consumer: delivery.consumer.clone(),
            consumer_version: delivery.consumer_version.clone(),
            provider: delivery.provider.clone(),
            provider_version: delivery.provider_version.clone(),
            method: delivery.method.clone(),
            url: delivery.url.clone(),
            created: known.created,
            state,
            answer,
            next,
            tries: known.tries.iter().map(|(at, outcome)| TryView { at: *at, outcome: outcome.clone() }).collect(),
        }
    }
}

/// Which calls.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WhichDeliveries {
    /// Those of this webhook.
    #[param(max_length = 100)]
    pub webhook: Option<String>,
    /// Those of which this came.
    #[param(inline)]
    pub state: Option<DeliveryState>,
}

/// Lists the last calls of webhooks, newest first.
#[utoipa::path(get, path = "/api/v1/contracts/webhooks/deliveries", tag = "contracts", params(WhichDeliveries, Paging),
    responses((status = 200, body = Listed<DeliveryView>)))]
pub async fn deliveries(
    State(app): State<App>,
    Query(which): Query<WhichDeliveries>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<DeliveryView>>, Problem> {
    let world = app.world();
    let found: Vec<DeliveryView> = world
        .contracts
        .deliveries()
        .filter(|known| which.webhook.as_deref().is_none_or(|id| known.delivery.webhook == id))
        .map(DeliveryView::of)
        .filter(|view| which.state.is_none_or(|state| view.state == state))
        .collect();
    paging.page(found, |view| view)
}

/// Makes a call again, with what it was filled with then.
#[utoipa::path(post, path = "/api/v1/contracts/webhooks/deliveries/{id}/refire", tag = "contracts", request_body = Why,
    params(("id", description = "the call's id")), responses((status = 200, body = Done)))]
pub async fn refire(State(app): State<App>, Path(id): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let delivery: EffectId =
        id.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "a call's id is a UUID").field("id"))?;
    let command = contracts::Command::Refire { delivery };
    carry_out(&app, &asked, Command::Contracts(command), asked.body.reason.as_deref()).await
}

/// The key that calls of webhooks are signed with.
#[derive(Debug, Serialize, ToSchema)]
pub struct SigningKey {
    /// The key, as libraries for Standard Webhooks take it: `whsec_` and base64.
    pub key: String,
}

/// Shows the key that calls of webhooks are signed with, so that who is called can tell that it was this server.
#[utoipa::path(get, path = "/api/v1/contracts/webhooks/signing-key", tag = "contracts",
    responses((status = 200, body = SigningKey)))]
pub async fn signing_key(State(app): State<App>) -> Json<SigningKey> {
    Json(SigningKey { key: format!("whsec_{}", STANDARD.encode(signing::key(&app))) })
}
