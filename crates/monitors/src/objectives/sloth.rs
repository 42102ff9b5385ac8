//! Sloth's files: <https://sloth.dev/specs/default/>, and the same in the words of its Kubernetes resource.

use serde_json::{Value, json};

use super::{Objectives, Slo, policies, source};
use crate::{
    Severity,
    document::{list_of, text_of, truth_of},
    imported::slug,
};

/// Sloth's period unless it is run with another.
const DAYS: f64 = 30.0;

/// What is under the first of these keys: Sloth's own files and its Kubernetes resource spell them differently.
fn either<'a>(value: &'a Value, keys: [&str; 2]) -> Option<&'a Value> {
    keys.into_iter().find_map(|key| value.get(key)).filter(|value| !value.is_null())
}

pub(super) fn read(read: &mut Objectives, place: &str, spec: &Value) {
    let service = text_of(spec, "service").map(|name| slug(&name)).filter(|name| !name.is_empty());
    let service = service.unwrap_or_else(|| "service".to_owned());
    read.service(&service);
    if let Some(plugins) = either(spec, ["slo_plugins", "sloPlugins"]) {
        read.note(
            None,
            &format!("{place}.slo_plugins"),
            &short(plugins),
            "plugins of Sloth don't run here",
            Severity::Lost,
        );
    }
    let period = "Sloth's period is 30 days unless it is run with --default-slo-period; write another one if it was";
    read.note(None, place, "period", period, Severity::Info);
    for (number, slo) in list_of(spec, "slos").iter().enumerate() {
        one(read, &format!("{place}.slos[{number}]"), &service, slo);
    }
}

fn one(read: &mut Objectives, place: &str, service: &str, slo: &Value) {
    let title = text_of(slo, "name").unwrap_or_else(|| "slo".to_owned());
    let lost = |read: &mut Objectives, what: &str, why: &str| read.note(None, place, what, why, Severity::Lost);
    let Some(percent) = slo.get("objective").and_then(Value::as_f64) else {
        return lost(read, &title, "it has no objective");
    };
    if !(0.0..100.0).contains(&percent) {
        return lost(read, &title, &format!("an objective of {percent} leaves no budget; only less than 100 does"));
    }
    let sli = slo.get("sli").unwrap_or(&Value::Null);
    let query = |value: &Value, keys: [&str; 2]| {
        either(value, keys).and_then(Value::as_str).filter(|query| !query.trim().is_empty()).map(str::to_owned)
    };
    let events = sli.get("events").and_then(|events| {
        Some((query(events, ["error_query", "errorQuery"])?, query(events, ["total_query", "totalQuery"])?))
    });
    let raw = sli.get("raw").and_then(|raw| query(raw, ["error_ratio_query", "errorRatioQuery"]));
    let (ratio, weighs) = match (events, raw) {
        (Some((error, total)), _) => (json!({"counter": false, "bad": source(&error), "total": source(&total)}), true),
        (None, Some(ratio)) => (json!({"rawType": "failure", "raw": source(&ratio)}), false),
        (None, None) => {
            let why = "its SLI is a plugin, whose query is not in the file: write the query that Sloth generates";
            return lost(read, &title, if sli.get("plugin").is_some() { why } else { "it has no SLI" });
        }
    };
    let name = read.name(&format!("{service}-{title}"));
    let said =
        |read: &mut Objectives, what: &str, why: &str, severity| read.note(Some(&name), place, what, why, severity);
    if weighs {
        let why = "over the period every event counts the same here; Sloth takes the mean of ratios of five minutes";
        said(read, "period", why, Severity::Changed);
    } else {
        said(read, "raw", "it does not say how many events there were: each minute counts the same", Severity::Info);
    }
    if slo.get("plugins").is_some_and(|plugins| !plugins.is_null()) {
        said(read, "plugins", "plugins of Sloth don't run here", Severity::Lost);
    }
    let alerting = slo.get("alerting").unwrap_or(&Value::Null);
    let alert = |keys| either(alerting, keys).unwrap_or(&Value::Null);
    let (page, ticket) = (alert(["page_alert", "pageAlert"]), alert(["ticket_alert", "ticketAlert"]));
    if [alerting, page, ticket].iter().any(|it| it.get("labels").is_some() || it.get("annotations").is_some()) {
        let why = "who is told is the owner's escalation policy: labels and annotations route nothing here";
        said(read, "alerting", why, Severity::Changed);
    }
    let disabled = |alert: &Value| truth_of(alert, "disable") == Some(true);
    let policies = match (disabled(page), disabled(ticket)) {
        (false, false) => None,
        (no_page, no_ticket) => {
            let wanted = |severity: &str| if severity == "page" { !no_page } else { !no_ticket };
            Some(policies(DAYS, wanted, false))
        }
    };
    read.add(Slo {
        name,
        title,
        description: text_of(slo, "description"),
        service: service.to_owned(),
        ratio,
        window: "30d".to_owned(),
        percent,
        policies,
    });
}

fn short(value: &Value) -> String {
    value.to_string().chars().take(100).collect()
}
