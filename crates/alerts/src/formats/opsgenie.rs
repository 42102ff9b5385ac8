//! Opsgenie's alert API: `POST /v2/alerts` and `POST /v2/alerts/{identifier}/close` and `/acknowledge`.
//!
//! Source: Opsgenie's manual, "Alert API". Its server answers 202 with [`accepted`] and does the rest later; the key
//! comes as `Authorization: GenieKey <key>`.

use kernel::{Refusal, codes};
use serde_json::{Map, Value, json};

use super::{
    json::{self, inner, items, plain, text},
    labels,
};
use crate::{Action, Content, Integration, Severity, Signal, Telling};

/// The answer's body (status 202).
#[must_use]
pub fn accepted(request_id: &str) -> String {
    json!({ "result": "Request will be processed", "took": 0.0, "requestId": request_id }).to_string()
}

/// Reads the body of `POST /v2/alerts`. An alert without `alias` goes by `fresh_key`, which must be new.
///
/// # Errors
/// `MALFORMED` if it is no JSON object; `INVALID` without a message.
pub fn read_create(body: &[u8], integration: &Integration, fresh_key: &str) -> Result<Signal, Refusal> {
    let alert = json::object(body)?;
    // `message`, required; Opsgenie's bound of 130 characters is not kept.
    let Some(message) = text(&alert, "message") else {
        return Err(Refusal::new(&codes::INVALID, "The alert has no message.").field("message"));
    };
    // `alias`: the sender's name for the alert; `{identifier}` when it is closed with `identifierType=alias`.
    let key = text(&alert, "alias").unwrap_or(fresh_key);
    Ok(Signal::new(key, Action::Trigger(Box::new(telling(&alert, message, integration)))))
}

/// What `POST /v2/alerts/{identifier}/close` wishes; the body (`user`, `source`, `note`) is of no consequence.
#[must_use]
pub fn close(identifier: &str) -> Signal {
    Signal::new(identifier, Action::Resolve)
}

/// What `POST /v2/alerts/{identifier}/acknowledge` wishes.
#[must_use]
pub fn acknowledge(identifier: &str) -> Signal {
    Signal::new(identifier, Action::Acknowledge)
}

fn telling(alert: &Map<String, Value>, message: &str, integration: &Integration) -> Telling {
    // `details`: names and values, which are labels here.
    let labels = labels::read(inner(alert, "details"));
    // `entity`: in Opsgenie any text that says what the alert is about; a label says it more surely.
    let entity = integration
        .entity_of(&labels)
        .or_else(|| text(alert, "entity").and_then(|name| integration.entity_named(name)));
    let tags: Vec<_> = items(alert, "tags").iter().filter_map(Value::as_str).collect();
    let tags = json!(tags);
    let content = Content {
        // `priority`: P1 to P5; P3 if it is missing, by the manual. Here the integration says it.
        severity: text(alert, "priority").and_then(Severity::of_word).unwrap_or(integration.settings.severity),
        summary: message.to_owned(),
        // `source`: the sender's name; `entity` says more where both are there.
        source: ["entity", "source"].iter().find_map(|name| alert.get(*name).and_then(plain)).unwrap_or_default(),
        // `description`, `tags`, `note` and `user`. `responders`, `visibleTo` and `actions` are Opsgenie's own.
        details: json::details([
            ("description", alert.get("description")),
            ("tags", Some(&tags)),
            ("note", alert.get("note")),
            ("user", alert.get("user")),
        ]),
        links: Vec::new(),
        images: Vec::new(),
        url: None,
        labels,
    };
    Telling { content, since: None, ends: None, entity }
}
