//! Alertmanager's webhook, version 4, as sent by 0.25 to 0.34.
//!
//! Source: `notify/webhook/webhook.go` (`Message`) and `template/template.go` (`Data`, `Alert`) of
//! prometheus/alertmanager. Fields that later versions added are passed over, those that earlier ones lack are not
//! missed. The documented dedup is by alert, not by group: a group's members come and go.

use std::collections::BTreeMap;

use kernel::{Refusal, codes};
use serde_json::{Map, Value};

use super::{
    Batch,
    json::{self, inner, items, text},
    labels, time,
};
use crate::{Action, Content, Integration, Link, SIGNALS_MAX, Severity, Signal, Telling};

/// Reads the webhook's body.
///
/// # Errors
/// `MALFORMED` if it is no such body; `TOO_LARGE` if it has more than [`SIGNALS_MAX`] alerts.
pub fn read(body: &[u8], integration: &Integration) -> Result<Batch, Refusal> {
    read_with(body, integration, |_, _, _| {})
}

/// Reads the body; `more` adds what a superset of the format has, to each firing alert's content: it is given the whole
/// body and the alert.
pub(super) fn read_with(
    body: &[u8],
    integration: &Integration,
    more: impl Fn(&Map<String, Value>, &Map<String, Value>, &mut Content),
) -> Result<Batch, Refusal> {
    let message = json::object(body)?;
    // `alerts[]`, required.
    if !message.get("alerts").is_some_and(Value::is_array) {
        let detail = "The body has no \"alerts\": it is not what Alertmanager's webhook sends.".to_owned();
        return Err(json::malformed(detail).field("alerts"));
    }
    let alerts = items(&message, "alerts");
    within_bound(alerts.len())?;
    // `truncatedAlerts`: since version 4.
    let truncated = message.get("truncatedAlerts").and_then(Value::as_u64).unwrap_or(0);
    let mut batch = Batch { truncated, ..Batch::default() };
    for (index, alert) in alerts.iter().enumerate() {
        match alert.as_object() {
            Some(alert) => {
                batch.signals.extend(signal(&message, alert, integration, &more, index, &mut batch.problems))
            }
            None => batch.problem(format!("alerts[{index}] is no object")),
        }
    }
    batch.problems.truncate(super::PROBLEMS_MAX);
    Ok(batch)
}

pub(super) fn within_bound(alerts: usize) -> Result<(), Refusal> {
    if alerts <= SIGNALS_MAX {
        return Ok(());
    }
    let detail = format!("The body has {alerts} alerts; at most {SIGNALS_MAX} are taken at once.");
    Err(Refusal::new(&codes::TOO_LARGE, detail).fix("group them more finely, or set max_alerts"))
}

fn signal(
    message: &Map<String, Value>,
    alert: &Map<String, Value>,
    integration: &Integration,
    more: &impl Fn(&Map<String, Value>, &Map<String, Value>, &mut Content),
    index: usize,
    problems: &mut Vec<String>,
) -> Option<Signal> {
    // `labels`: names and values.
    let labels = labels::read(inner(alert, "labels"));
    // `fingerprint`: Alertmanager's identity for the label set; before 0.16 it was not sent.
    let key = match text(alert, "fingerprint") {
        Some(fingerprint) => fingerprint.to_owned(),
        None if labels.is_empty() => {
            problems.push(format!("alerts[{index}] has neither a fingerprint nor labels"));
            return None;
        }
        None => labels::fingerprint(&labels),
    };
    // `status`: `firing` or `resolved`, of the alert; the message's is firing if any of its alerts is.
    let status = text(alert, "status").or_else(|| text(message, "status"));
    if status.is_some_and(|status| status.eq_ignore_ascii_case("resolved")) {
        return Some(Signal::new(&key, Action::Resolve));
    }
    let mut content = content(alert, labels, integration);
    if content.source.is_empty() {
        // `externalURL`: that of the Alertmanager.
        text(message, "externalURL").unwrap_or_default().clone_into(&mut content.source);
    }
    more(message, alert, &mut content);
    let entity = integration.entity_of(&content.labels);
    // `startsAt`. `endsAt` of a firing alert is Go's zero time, and is not looked at: Alertmanager says when it is over.
    let since = text(alert, "startsAt").and_then(time::parse);
    Some(Signal::new(&key, Action::Trigger(Box::new(Telling { content, since, ends: None, entity }))))
}

/// What the labels, the annotations and the address of an alert of Prometheus say.
pub(super) fn content(
    alert: &Map<String, Value>,
    labels: BTreeMap<String, String>,
    integration: &Integration,
) -> Content {
    // `annotations`: by convention `summary`, `description` (or, formerly, `message`), `runbook_url`, `dashboard_url`.
    let annotations = labels::read(inner(alert, "annotations"));
    let annotation = |names: &[&str]| names.iter().find_map(|name| annotations.get(*name)).cloned();
    let summary = annotation(&["summary", "title", "message", "description"])
        .or_else(|| labels.get("alertname").cloned())
        .unwrap_or_else(|| "Alert without a name".to_owned());
    let word = ["severity", "priority"].iter().find_map(|name| labels.get(*name));
    let link = |names: &[&str], text: &str| annotation(names).map(|href| Link { href, text: text.to_owned() });
    Content {
        severity: word.and_then(|word| Severity::of_word(word)).unwrap_or(integration.settings.severity),
        summary,
        source: ["instance", "pod", "job"].iter().find_map(|name| labels.get(*name)).cloned().unwrap_or_default(),
        details: json::details([("annotations", alert.get("annotations"))]),
        links: [link(&["runbook_url", "runbook"], "Runbook"), link(&["dashboard_url", "dashboard"], "Dashboard")]
            .into_iter()
            .flatten()
            .collect(),
        images: Vec::new(),
        // `generatorURL`: the rule's graph.
        url: text(alert, "generatorURL").map(str::to_owned),
        labels,
    }
}
