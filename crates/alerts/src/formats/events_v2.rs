//! PagerDuty's Events API v2: `POST /v2/enqueue` and `POST /v2/change/enqueue`.
//!
//! Sources: PagerDuty's API reference ("Send an event to PagerDuty", "Send change events", the events' OpenAPI document),
//! and, for the words of errors, answers of its server that clients' issue trackers quote.

use std::collections::BTreeMap;

use kernel::EntityRef;
use serde_json::{Map, Value, json};

use super::{
    json::{self, inner, items, plain, text},
    labels, time,
};
use crate::{Action, Content, Image, Integration, Link, Reported, Severity, Signal, Telling};

/// The characters of a routing key: `/v2/enqueue` documents 32.
pub const ROUTING_KEY_CHARS: usize = 32;

/// What is wrong with an event. The answer is 400 with [`Invalid::body`]; clients don't try again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// One sentence each.
    pub errors: Vec<String>,
}

impl Invalid {
    /// What is wrong with a routing key that no integration has.
    #[must_use]
    pub fn routing_key(key: &str) -> Self {
        let error = if key.chars().count() == ROUTING_KEY_CHARS {
            "Invalid routing key".to_owned()
        } else {
            format!("Length of 'routing_key' is incorrect (should be {ROUTING_KEY_CHARS} characters)")
        };
        Self { errors: vec![error] }
    }

    /// The answer's body, as PagerDuty's.
    #[must_use]
    pub fn body(&self) -> String {
        json!({ "status": "invalid event", "message": "Event object is invalid", "errors": self.errors }).to_string()
    }
}

/// The answer's body to an event that was taken (status 202), with the dedup key under which it goes on.
#[must_use]
pub fn accepted(dedup_key: &str) -> String {
    json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key }).to_string()
}

/// The answer's body to a change event that was taken (status 202).
#[must_use]
pub fn change_accepted() -> String {
    json!({ "status": "success", "message": "Change event processed" }).to_string()
}

/// A valid alert event. Its routing key says which integration it is for, which then makes it a [`Signal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertEvent {
    /// `routing_key`, required: the integration's key.
    pub routing_key: String,
    event: Map<String, Value>,
    action: Verb,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Trigger,
    Acknowledge,
    Resolve,
}

/// Reads the body of `/v2/enqueue`.
///
/// # Errors
/// All that is wrong with it.
pub fn read(body: &[u8]) -> Result<AlertEvent, Invalid> {
    let event = object(body)?;
    let mut errors = Vec::new();
    let routing_key = required(&event, "routing_key", "routing_key", &mut errors);
    // `event_action`, required.
    let word = required(&event, "event_action", "event_action", &mut errors);
    let action = match word.as_str() {
        "trigger" => Verb::Trigger,
        "acknowledge" => Verb::Acknowledge,
        "resolve" => Verb::Resolve,
        other => {
            if !other.is_empty() {
                let allowed = "(must be one of the following: 'trigger', 'acknowledge' or 'resolve')";
                errors.push(format!("'event_action' is invalid {allowed}"));
            }
            Verb::Resolve
        }
    };
    if action == Verb::Trigger {
        match inner(&event, "payload") {
            Some(payload) => check_payload(payload, &mut errors),
            None => errors.push("'payload' is missing or blank".to_owned()),
        }
    } else if !word.is_empty() && errors.is_empty() {
        // `dedup_key`, required but for a trigger.
        required(&event, "dedup_key", "dedup_key", &mut errors);
    }
    if errors.is_empty() { Ok(AlertEvent { routing_key, event, action }) } else { Err(Invalid { errors }) }
}

fn check_payload(payload: &Map<String, Value>, errors: &mut Vec<String>) {
    required(payload, "summary", "payload.summary", errors);
    required(payload, "source", "payload.source", errors);
    let severity = required(payload, "severity", "payload.severity", errors);
    if !severity.is_empty() && pagerduty_severity(&severity).is_none() {
        let allowed = "(must be one of the following: 'critical', 'warning', 'error' or 'info')";
        errors.push(format!("'payload.severity' is invalid {allowed}"));
    }
}

/// `payload.severity`: PagerDuty takes these four alone.
fn pagerduty_severity(word: &str) -> Option<Severity> {
    Severity::ALL.into_iter().find(|severity| severity.word() == word.trim().to_ascii_lowercase())
}

fn required(object: &Map<String, Value>, name: &str, path: &str, errors: &mut Vec<String>) -> String {
    // Some clients send numbers as `source`.
    match object.get(name).and_then(plain).filter(|text| !text.trim().is_empty()) {
        Some(text) => text,
        None => {
            errors.push(format!("'{path}' is missing or blank"));
            String::new()
        }
    }
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Invalid> {
    match json::parse(body) {
        Ok(Value::Object(event)) => Ok(event),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            Err(Invalid { errors: vec!["The event is no JSON object".to_owned()] })
        }
        Err(error) => Err(Invalid { errors: vec![format!("JSON parse error: {error}")] }),
    }
}

impl AlertEvent {
    /// What it wishes of this integration. A trigger without `dedup_key` gets `fresh_key`, which must be new and is told
    /// to the sender ([`accepted`] with [`Signal::key`]).
    #[must_use]
    pub fn into_signal(self, integration: &Integration, fresh_key: &str) -> Signal {
        let key = self.event.get("dedup_key").and_then(plain).filter(|key| !key.trim().is_empty());
        let action = match self.action {
            Verb::Trigger => Action::Trigger(Box::new(telling(&self.event, integration))),
            Verb::Acknowledge => Action::Acknowledge,
            Verb::Resolve => Action::Resolve,
        };
        Signal::new(key.as_deref().unwrap_or(fresh_key), action)
    }
}

fn telling(event: &Map<String, Value>, integration: &Integration) -> Telling {
    let empty = Map::new();
    let payload = inner(event, "payload").unwrap_or(&empty);
    let plain_of = |name: &str| payload.get(name).and_then(plain).unwrap_or_default();
    // `custom_details`: an object by the documentation, any value in practice.
    let custom = payload.get("custom_details");
    // `component`, `group` and `class` are what PagerDuty has for labels; the integration's own is looked for in the
    // custom details too.
    let mut labels: BTreeMap<_, _> = ["component", "group", "class"]
        .into_iter()
        .map(|name| (name.to_owned(), plain_of(name)))
        .filter(|(_, value)| !value.is_empty())
        .collect();
    let own = &integration.settings.label;
    let named = custom.and_then(Value::as_object).and_then(|custom| custom.get(own)).and_then(plain);
    if let Some(value) = named.filter(|value| !value.is_empty()) {
        labels.insert(own.clone(), value);
    }
    // `client` and `client_url`: the tool that sent it.
    let client = text(event, "client").unwrap_or_default().to_owned();
    let client_url = text(event, "client_url").map(str::to_owned);
    let content = Content {
        severity: pagerduty_severity(&plain_of("severity")).unwrap_or(integration.settings.severity),
        summary: plain_of("summary"),
        source: plain_of("source"),
        details: custom.filter(|custom| !json::is_empty(custom)).map(Value::to_string).unwrap_or_default(),
        links: links(event)
            .into_iter()
            .chain(client_url.iter().map(|href| Link { href: href.clone(), text: client.clone() }))
            .collect(),
        images: images(event),
        url: client_url,
        labels,
    };
    let entity = integration.entity_of(&content.labels);
    // `timestamp`: when the source noticed.
    Telling { since: text(payload, "timestamp").and_then(time::parse), ends: None, entity, content }
}

/// `links[]`: `href` and `text`.
fn links(event: &Map<String, Value>) -> Vec<Link> {
    let link = |value: &Value| {
        let link = value.as_object()?;
        Some(Link { href: text(link, "href")?.to_owned(), text: text(link, "text").unwrap_or_default().to_owned() })
    };
    items(event, "links").iter().filter_map(link).collect()
}

/// `images[]`: `src`, `href` and `alt`.
fn images(event: &Map<String, Value>) -> Vec<Image> {
    let image = |value: &Value| {
        let image = value.as_object()?;
        Some(Image {
            src: text(image, "src")?.to_owned(),
            href: text(image, "href").map(str::to_owned),
            alt: text(image, "alt").unwrap_or_default().to_owned(),
        })
    };
    items(event, "images").iter().filter_map(image).collect()
}

/// A valid change event: something was done to a component. It opens nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeEvent {
    /// `routing_key`, required: the key of the integration whose component was changed.
    pub routing_key: String,
    /// What was done.
    pub change: Reported,
    labels: BTreeMap<String, String>,
}

impl ChangeEvent {
    /// The entity that the custom details name, by the integration's label.
    #[must_use]
    pub fn entity(&self, integration: &Integration) -> Option<EntityRef> {
        integration.entity_of(&self.labels)
    }
}

/// Reads the body of `/v2/change/enqueue`.
///
/// # Errors
/// All that is wrong with it.
pub fn read_change(body: &[u8]) -> Result<ChangeEvent, Invalid> {
    let event = object(body)?;
    let mut errors = Vec::new();
    let routing_key = required(&event, "routing_key", "routing_key", &mut errors);
    // `payload.summary`, required: what was done.
    let payload = inner(&event, "payload");
    let summary = match payload {
        Some(payload) => required(payload, "summary", "payload.summary", &mut errors),
        None => {
            errors.push("'payload' is missing or blank".to_owned());
            String::new()
        }
    };
    if !errors.is_empty() {
        return Err(Invalid { errors });
    }
    let empty = Map::new();
    let payload = payload.unwrap_or(&empty);
    // `payload.custom_details`: an object by the documentation, any value in practice.
    let custom = payload.get("custom_details");
    let change = Reported {
        summary,
        // `payload.source`: who or what did it.
        source: payload.get("source").and_then(plain).map(|source| source.trim().to_owned()).unwrap_or_default(),
        // `payload.timestamp`: when it was done.
        at: text(payload, "timestamp").and_then(time::parse),
        details: custom.filter(|value| !json::is_empty(value)).map(Value::to_string).unwrap_or_default(),
        // `links[]`; `images[]` is of alerts alone.
        links: links(&event),
    };
    Ok(ChangeEvent { routing_key, change, labels: labels::read(custom.and_then(Value::as_object)) })
}
