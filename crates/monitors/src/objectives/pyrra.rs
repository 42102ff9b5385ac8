//! Pyrra's resources: `pyrra.dev/v1alpha1`, `kind: ServiceLevelObjective`.

use serde_json::{Value, json};

use super::{Objectives, Slo, policies, source};
use crate::{
    Severity,
    document::{list_of, text_of, truth_of},
    imported::slug,
};

pub(super) fn read(read: &mut Objectives, place: &str, document: &Value) {
    let spec = document.get("spec").unwrap_or(&Value::Null);
    let metadata = document.get("metadata").unwrap_or(&Value::Null);
    let title = text_of(metadata, "name").unwrap_or_else(|| "slo".to_owned());
    let lost = |read: &mut Objectives, why: &str| read.note(None, place, &title, why, Severity::Lost);
    let percent = text_of(spec, "target").and_then(|target| target.parse::<f64>().ok());
    let Some(percent) = percent.filter(|percent| (0.0..100.0).contains(percent)) else {
        return lost(read, "its target must be a number from 0 to less than 100");
    };
    let Some((window, days)) = text_of(spec, "window").and_then(|window| days(&window)) else {
        return lost(read, "its window must be a duration of hours, days, weeks or years, such as 4w");
    };
    let indicator = spec.get("indicator").unwrap_or(&Value::Null);
    let metric = |sort: &str, key: &str| text_of(indicator.get(sort)?.get(key)?, "metric");
    let (mut grouping, mut changed) = (Vec::new(), None);
    let mut grouped = |sort: &str| {
        let of = indicator.get(sort).unwrap_or(&Value::Null);
        grouping = list_of(of, "grouping").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    };
    let ratio = if let (Some(errors), Some(total)) = (metric("ratio", "errors"), metric("ratio", "total")) {
        grouped("ratio");
        json!({"counter": true, "bad": source(&errors), "total": source(&total)})
    } else if let (Some(success), Some(total)) = (metric("latency", "success"), metric("latency", "total")) {
        grouped("latency");
        json!({"counter": true, "good": source(&success), "total": source(&total)})
    } else if let Some(gauge) = indicator.get("bool_gauge").and_then(|gauge| text_of(gauge, "metric")) {
        grouped("bool_gauge");
        changed = Some("each minute counts the same, by the mean of all series");
        json!({"rawType": "success", "raw": source(&format!("avg({gauge})"))})
    } else {
        let native = indicator.get("latencyNative").is_some();
        let why = "native histograms can't be taken over: write a thresholdMetric, or a ratio with histogram_fraction";
        return lost(read, if native { why } else { "its indicator is not known here" });
    };
    let service = text_of(metadata, "namespace").map(|name| slug(&name)).filter(|name| !name.is_empty());
    let service = service.unwrap_or_else(|| "service".to_owned());
    read.service(&service);
    let name = read.name(&title);
    let said =
        |read: &mut Objectives, what: &str, why: &str, severity| read.note(Some(&name), place, what, why, severity);
    said(read, "service", "Pyrra has none: the namespace stands for it; name the component instead", Severity::Info);
    if let Some(why) = changed {
        said(read, "bool_gauge", why, Severity::Changed);
    }
    if !grouping.is_empty() {
        let why = "Pyrra makes an objective of its own for each group; here all groups share one budget";
        said(read, &format!("grouping {}", grouping.join(", ")), why, Severity::Changed);
    }
    let alerting = spec.get("alerting").unwrap_or(&Value::Null);
    let off = truth_of(alerting, "disabled") == Some(true);
    let burns = !off && truth_of(alerting, "burnrates") != Some(false);
    let absent = !off && truth_of(alerting, "absent") != Some(false);
    if burns {
        let why =
            "Pyrra's windows grow with the period; these are the workbook's, of which the factor follows the period";
        said(read, "alerting", why, Severity::Changed);
    } else if absent {
        said(read, "alerting.absent", "without alerts on burn rates nobody is told of missing data", Severity::Lost);
    }
    read.add(Slo {
        name,
        title,
        description: text_of(spec, "description"),
        service,
        ratio,
        window,
        percent,
        policies: Some(if burns { policies(days, |_| true, absent) } else { Vec::new() }),
    });
}

/// A Prometheus duration of one unit, as OpenSLO writes it, and how many days it is.
fn days(text: &str) -> Option<(String, f64)> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u32 = number.parse().ok().filter(|count| *count > 0)?;
    let (letter, days) = match unit {
        "h" => ("h", 1.0 / 24.0),
        "d" => ("d", 1.0),
        "w" => ("w", 7.0),
        "y" => ("Y", 365.0),
        _ => return None,
    };
    let whole = days * f64::from(count);
    (whole <= 731.0).then(|| (format!("{count}{letter}"), whole))
}
