//! Alert policies, conditions and targets.

use serde_json::Value;
use spec::{Fields, Wrong, read};

use super::{DESCRIPTION_BYTES, NAME_BYTES, boolean, number, op, shorthand};
use crate::{AlertCondition, AlertNotificationTarget, AlertPolicy, Link, Op, Severity, Shorthand};

pub(super) const POLICY_KEYS: [&str; 7] = [
    "description",
    "alertWhenNoData",
    "alertWhenResolved",
    "alertWhenBreaching",
    "conditions",
    "notificationTargets",
    "owner",
];
pub(super) const CONDITION_KEYS: [&str; 4] = ["description", "severity", "condition", "owner"];
const INLINE: [&str; 5] = ["apiVersion", "kind", "metadata", "spec", "name"];
const CONDITIONS_MAX: usize = 10;
const TARGETS_MAX: usize = 20;
/// An alert looks back this far at most, in minutes: 31 days.
const LOOKBACK_MAX: u32 = 31 * 24 * 60;
/// A condition must hold for this long at most, in minutes.
const AFTER_MAX: u32 = 24 * 60;

/// The annotations of a condition.
const PERCENT: &str = "mainstay.dev/budget-percent";
const SHORT: &str = "mainstay.dev/short-window";

/// `alertPolicies`: none if it is left out. An empty list wants no alerts.
pub(super) fn policies(fields: &Fields<'_>, max: usize) -> Option<Vec<Link<AlertPolicy>>> {
    // Early documents name the policies in a list of texts; both forms may stand side by side.
    let given = fields.optional("alertPolicies", |value| match value.as_array() {
        Some(items) if items.len() <= max => Ok(items.clone()),
        Some(items) => Err(Wrong::new(format!("has {} items; at most {max} are allowed", items.len()))),
        None => Err(Wrong::new("must be a list")),
    })?;
    if !given.is_empty() && given.iter().all(Value::is_string) {
        return Some(given.iter().filter_map(Value::as_str).map(|name| Link::Named(name.to_owned())).collect());
    }
    let keys = [&INLINE[..], &["alertPolicyRef"]].concat();
    let links = fields.objects("alertPolicies", max, &keys).into_iter().filter_map(|item| {
        if let Some(name) = item.optional("alertPolicyRef", read::text(NAME_BYTES)) {
            return Some(Link::Named(name));
        }
        policy(&item.required_nested("spec", &POLICY_KEYS)?).map(Link::Inline)
    });
    Some(links.collect())
}

pub(super) fn policy(fields: &Fields<'_>) -> Option<AlertPolicy> {
    fields.optional("description", read::text(DESCRIPTION_BYTES));
    let flag = |key: &str| fields.optional(key, boolean);
    // That an alert ended is always told: its incident ends.
    flag("alertWhenResolved");
    let keys = [&INLINE[..], &["conditionRef"]].concat();
    let listed = fields.objects("conditions", CONDITIONS_MAX, &keys);
    if listed.is_empty() {
        fields.wrong("conditions", Wrong::new("must be a list of at least one condition"));
    }
    let conditions = listed.into_iter().filter_map(|item| {
        if let Some(name) = item.optional("conditionRef", read::text(NAME_BYTES)) {
            return Some(Link::Named(name));
        }
        let metadata = item.optional("metadata", |metadata| Ok(serde_json::json!({ "metadata": metadata })));
        let read = condition(&item.required_nested("spec", &CONDITION_KEYS)?, &metadata.unwrap_or_default());
        read.map(Link::Inline)
    });
    let conditions = conditions.collect();
    let target_keys = [&INLINE[..], &["targetRef"]].concat();
    let targets = fields.objects("notificationTargets", TARGETS_MAX, &target_keys).into_iter().filter_map(|item| {
        let named = item.optional("targetRef", read::text(NAME_BYTES));
        named.or_else(|| target(&item.nested("spec", &["target", "description"])?).map(|inline| inline.target))
    });
    let targets = targets.collect();
    Some(AlertPolicy {
        breaching: flag("alertWhenBreaching").unwrap_or(true),
        no_data: flag("alertWhenNoData").unwrap_or(false),
        conditions,
        targets,
    })
}

/// The `spec` of a condition; `document` has its metadata.
pub(super) fn condition(fields: &Fields<'_>, document: &Value) -> Option<AlertCondition> {
    fields.optional("description", read::text(DESCRIPTION_BYTES));
    let severity = fields.required("severity", read::text(NAME_BYTES)).map(|text| Severity::read(&text));
    let condition =
        fields.required_nested("condition", &["kind", "op", "threshold", "lookbackWindow", "alertAfter"])?;
    condition.optional("kind", read::one_of(&[("burnrate", ()), ("Burnrate", ())]));
    let percent = annotation(document, PERCENT).and_then(|text| {
        let percent =
            text.trim_end_matches('%').parse::<f64>().ok().filter(|percent| *percent > 0.0 && *percent <= 100.0);
        if percent.is_none() {
            fields
                .wrong("condition", Wrong::new(format!("has the annotation {PERCENT}, which must be a number to 100")));
        }
        percent
    });
    let threshold = condition.optional("threshold", number(0.0, 1e9));
    match (threshold, percent) {
        (None, None) => condition.wrong("threshold", Wrong::new("is missing: a burn rate, such as 14.4")),
        (Some(_), Some(_)) => {
            condition.wrong("threshold", Wrong::new(format!("must not stand beside the annotation {PERCENT}")));
        }
        (Some(_), None) | (None, Some(_)) => {}
    }
    let lookback = |value: &Value| {
        let read = shorthand(value)?;
        if read.minutes() <= LOOKBACK_MAX { Ok(read) } else { Err(Wrong::new("must be at most 31 days")) }
    };
    let long = condition.required("lookbackWindow", lookback);
    let after = condition.optional("alertAfter", |value| match value.as_str() {
        Some("0" | "0m" | "0h") => Ok(0),
        _ => Some(shorthand(value)?.minutes())
            .filter(|minutes| *minutes <= AFTER_MAX)
            .ok_or_else(|| Wrong::new("must be at most a day")),
    });
    let short = annotation(document, SHORT).and_then(|text| {
        let read = Shorthand::parse(text).ok();
        if read.is_none() {
            fields.wrong("condition", Wrong::new(format!("has the annotation {SHORT}, which must be like \"5m\"")));
        }
        read
    });
    let name = document.pointer("/metadata/name").and_then(Value::as_str);
    Some(AlertCondition {
        name: name.map(|name| name.chars().take(NAME_BYTES).collect()),
        severity: severity?,
        op: condition.optional("op", op).unwrap_or(Op::Gte),
        threshold,
        percent,
        long: long?,
        short,
        after: after.unwrap_or(0),
    })
}

pub(super) fn target(fields: &Fields<'_>) -> Option<AlertNotificationTarget> {
    fields.optional("description", read::text(DESCRIPTION_BYTES));
    Some(AlertNotificationTarget { target: fields.required("target", read::text(NAME_BYTES))? })
}

fn annotation<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    document.get("metadata")?.get("annotations")?.get(name)?.as_str()
}
