//! What Prometheus sends to an Alertmanager: `POST /api/v2/alerts`.
//!
//! Sources: `api/v2/openapi.yaml` of prometheus/alertmanager (`postableAlerts`), its `api/v2/api.go`
//! (`postAlertsHandler`), and `rules/manager.go` of prometheus/prometheus (`SendAlerts`): a firing alert is sent again
//! each minute (`--rules.alert.resend-delay`) with an end four times as far ahead; it is over when it is sent with an end
//! that has passed, or not sent again until its end.
//!
//! Ends are compared with our clock, as an Alertmanager does with its own: a Prometheus whose clock is more than four
//! minutes behind ours has no alerts here.

use kernel::{Refusal, Timestamp};
use serde_json::{Map, Value};

use super::{
    Batch, alertmanager,
    json::{self, inner, text},
    labels, time,
};
use crate::{Action, Integration, Signal, Telling};

/// Reads the body, an array of alerts.
///
/// # Errors
/// `MALFORMED` if it is no array; `TOO_LARGE` if it has too many alerts.
pub fn read(body: &[u8], integration: &Integration, now: Timestamp) -> Result<Batch, Refusal> {
    let value = json::parse(body).map_err(|error| json::malformed(format!("The body is no JSON: {error}.")))?;
    let Some(alerts) = value.as_array() else {
        return Err(json::malformed("The body is no array of alerts.".to_owned()));
    };
    alertmanager::within_bound(alerts.len())?;
    let mut batch = Batch::default();
    for (index, alert) in alerts.iter().enumerate() {
        match alert.as_object().and_then(|alert| signal(alert, integration, now)) {
            Some(signal) => batch.signals.push(signal),
            // Alertmanager answers 400 to such a body, and takes its other alerts all the same.
            None => batch.problem(format!("alerts[{index}]: at least one label pair required")),
        }
    }
    Ok(batch)
}

fn signal(alert: &Map<String, Value>, integration: &Integration, now: Timestamp) -> Option<Signal> {
    // `labels`, required: what identifies the alert.
    let labels = labels::read(inner(alert, "labels"));
    if labels.is_empty() {
        return None;
    }
    let key = labels::fingerprint(&labels);
    // `endsAt`: if it lies ahead, the alert fires until then; without it, for as long as the integration grants.
    let ends = alert.get("endsAt").and_then(Value::as_str).and_then(time::parse);
    if ends.is_some_and(|ends| ends <= now) {
        return Some(Signal::new(&key, Action::Resolve));
    }
    let content = alertmanager::content(alert, labels, integration);
    let entity = integration.entity_of(&content.labels);
    let since = text(alert, "startsAt").and_then(time::parse);
    Some(Signal::new(&key, Action::Trigger(Box::new(Telling { content, since, ends, entity }))))
}
