//! Our own simple JSON, for whoever can send nothing else, and GoAlert's generic API, which is the same in fewer fields.
//!
//! Source of GoAlert's part: `genericapi/handler.go` (`ServeCreateAlert`) of target/goalert: `summary`, `details`,
//! `action` and `dedup`, as JSON or as a form; an action other than `close` opens; without `dedup` the texts identify it.

use kernel::{Refusal, Sha256, codes};
use serde_json::{Map, Value};

use super::{
    json::{self, inner, items, plain, text},
    labels, time,
};
use crate::{Action, Content, Integration, Link, Severity, Signal, Telling};

/// Reads a JSON body: one alert.
///
/// # Errors
/// `MALFORMED` if it is no JSON object; `INVALID` without a summary, or for an action that is not known.
pub fn read(body: &[u8], integration: &Integration) -> Result<Signal, Refusal> {
    signal(&json::object(body)?, integration)
}

/// Reads a form (`application/x-www-form-urlencoded`), or the query of an address, with the same fields.
///
/// # Errors
/// As [`read`].
pub fn read_form(form: &[u8], integration: &Integration) -> Result<Signal, Refusal> {
    let fields = url::form_urlencoded::parse(form);
    signal(&fields.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect(), integration)
}

fn signal(alert: &Map<String, Value>, integration: &Integration) -> Result<Signal, Refusal> {
    let first = |names: &[&str]| names.iter().find_map(|name| text(alert, name));
    // `action`, or `status`: what to do; a trigger if neither is there.
    let word = first(&["action", "status"]).map_or_else(|| "trigger".to_owned(), str::to_ascii_lowercase);
    // `summary`, or what else senders call it.
    let summary = first(&["summary", "title", "message"]);
    // `dedup`, or `dedup_key`: the sender's name for the alert.
    let key = ["dedup", "dedup_key"].iter().find_map(|name| alert.get(*name).and_then(plain));
    let key = match (key.filter(|key| !key.trim().is_empty()), summary) {
        (Some(key), _) => key,
        (None, Some(summary)) => own_key(summary, alert.get("details")),
        (None, None) => return Err(missing_summary()),
    };
    let action = match word.trim() {
        "trigger" | "triggered" | "firing" | "open" | "alert" | "problem" => {
            let summary = summary.ok_or_else(missing_summary)?;
            Action::Trigger(Box::new(telling(alert, summary, integration)))
        }
        "close" | "closed" | "resolve" | "resolved" | "ok" | "recovery" => Action::Resolve,
        "acknowledge" | "acknowledged" | "ack" => Action::Acknowledge,
        _ => {
            let detail = "The action is none of trigger, acknowledge and resolve.";
            return Err(Refusal::new(&codes::INVALID, detail).field("action").fix("leave it out to open an alert"));
        }
    };
    Ok(Signal::new(&key, action))
}

fn missing_summary() -> Refusal {
    let fix = "say in one line what is wrong; to close an alert, its dedup key is enough";
    Refusal::new(&codes::INVALID, "The alert has no summary.").field("summary").fix(fix)
}

/// The same texts are the same alert, so that it can be closed without a dedup key.
fn own_key(summary: &str, details: Option<&Value>) -> String {
    let details = details.map(|details| plain(details).unwrap_or_else(|| details.to_string())).unwrap_or_default();
    format!("auto:{}", Sha256::of_parts(&[summary.trim().as_bytes(), details.trim().as_bytes()]))
}

fn telling(alert: &Map<String, Value>, summary: &str, integration: &Integration) -> Telling {
    let labels = labels::read(inner(alert, "labels"));
    // `entity`, or `service`: what it is about; the integration's label is looked for among the labels and beside them.
    let own = alert.get(&integration.settings.label).and_then(Value::as_str);
    let named = text(alert, "entity").or_else(|| text(alert, "service")).or(own);
    let entity = named.and_then(|name| integration.entity_named(name)).or_else(|| integration.entity_of(&labels));
    // `severity`, or `priority`.
    let word = text(alert, "severity").or_else(|| text(alert, "priority"));
    // `url`, or `link`: where to read on.
    let url = text(alert, "url").or_else(|| text(alert, "link")).map(str::to_owned);
    // `links[]`, as PagerDuty's.
    let link = |value: &Value| {
        let link = value.as_object()?;
        Some(Link { href: text(link, "href")?.to_owned(), text: text(link, "text").unwrap_or_default().to_owned() })
    };
    let content = Content {
        severity: word.and_then(Severity::of_word).unwrap_or(integration.settings.severity),
        summary: summary.to_owned(),
        source: alert.get("source").and_then(plain).unwrap_or_default(),
        // `details`: a text, or any JSON.
        details: alert.get("details").filter(|value| !json::is_empty(value)).map(Value::to_string).unwrap_or_default(),
        links: items(alert, "links").iter().filter_map(link).collect(),
        images: Vec::new(),
        url,
        labels,
    };
    // `timestamp`: since when it is so.
    Telling { content, since: text(alert, "timestamp").and_then(time::parse), ends: None, entity }
}
