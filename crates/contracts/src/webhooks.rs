//! Webhooks: whom an event concerns outside, and what they are told.
//!
//! A webhook names its events, and perhaps a consumer or a provider (by name or by label). When one happens, the request's
//! template is filled and becomes an effect; the [`Delivery`] remembers what came of it. What only the server knows, the
//! address under which it is reached, stays as `${pactbroker.baseUrl}` in the text until the call is made.

use kernel::{EffectId, Timestamp};
use serde::{Deserialize, Serialize};

mod template;
mod trigger;

pub use template::fill;
pub use trigger::{Trigger, fill_in, triggered};

/// The events that a webhook may name.
pub const EVENTS: [&str; 10] = [
    "contract_published",
    "contract_content_changed",
    "contract_requiring_verification_published",
    "provider_verification_published",
    "provider_verification_succeeded",
    "provider_verification_failed",
    // Upstream has none of these.
    "version_deployed",
    "version_undeployed",
    "version_released",
    "version_tagged",
];

/// A webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// False if it is not called.
    pub enabled: bool,
    /// Only for this consumer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<Whose>,
    /// Only for this provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Whose>,
    /// The events, of [`EVENTS`].
    pub events: Vec<String>,
    /// What is sent.
    pub request: WebhookRequest,
    /// Whose it is, as the client said it, in its own words: we have no such teams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

impl Webhook {
    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.description.as_deref().filter(|text| !text.is_empty()).unwrap_or(&self.id)
    }
}

/// Whom a webhook is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whose {
    /// This pacticipant.
    Name(String),
    /// All with this label.
    Label(String),
}

/// What is sent. Nothing secret is in it: what is secret is sealed beside the timeline under [`WebhookRequest::secret`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRequest {
    /// The method.
    pub method: String,
    /// Where; a template.
    pub url: String,
    /// Headers that are no secret; their values are templates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The names of the headers that are secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_headers: Vec<String>,
    /// The body, a template: a text, or JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// True if the body is a JSON document rather than a text.
    #[serde(default)]
    pub json: bool,
    /// The user of basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// True if there is a password.
    #[serde(default)]
    pub password: bool,
    /// The name under which password and secret headers are sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// One call of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The effect that carries it out.
    pub effect: EffectId,
    /// The webhook.
    pub webhook: String,
    /// What the webhook was called.
    pub webhook_name: String,
    /// What happened.
    pub event: String,
    /// Whose expectations it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// The consumer's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_version: Option<String>,
    /// Of whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_version: Option<String>,
    /// The number of the verification that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verification: Option<u32>,
    /// The method.
    pub method: String,
    /// Where, filled.
    pub url: String,
    /// Headers, filled, without those that are secret.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body, filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// The user of basic authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The name under which password and secret headers are sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Outcome {
    /// It has not been made yet.
    Waiting,
    /// It failed and is made again.
    Retrying {
        /// Why it failed.
        error: String,
        /// When it is made again.
        next: Timestamp,
    },
    /// It was taken.
    Done {
        /// What was answered.
        answer: String,
    },
    /// It failed too often.
    GaveUp {
        /// Why it failed the last time.
        error: String,
    },
}
