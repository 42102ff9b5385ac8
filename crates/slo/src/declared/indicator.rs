//! SLIs and where they come from.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use spec::{Fields, Problems, Wrong, read};

use super::{DESCRIPTION_BYTES, NAME_BYTES, boolean};
use crate::{DataSource, Indicator, Link, Source};

pub(super) const KEYS: [&str; 4] = ["description", "thresholdMetric", "ratioMetric", "owner"];
const QUERY_BYTES: usize = 16 * 1024;
const HEADERS_MAX: usize = 20;

/// `indicator` or `indicatorRef`.
pub(super) fn link(fields: &Fields<'_>, namespace: &str) -> Option<Link<Indicator>> {
    let named = fields.optional("indicatorRef", read::text(NAME_BYTES));
    let inline = fields.nested("indicator", &["apiVersion", "kind", "metadata", "spec"]);
    match (named, inline) {
        (Some(name), None) => Some(Link::Named(name)),
        (None, Some(inline)) => {
            let spec = inline.required_nested("spec", &KEYS)?;
            indicator(&spec, namespace).map(Link::Inline)
        }
        (Some(_), Some(_)) => {
            fields.wrong("indicatorRef", Wrong::new("must not stand beside \"indicator\""));
            None
        }
        (None, None) => {
            fields.wrong("indicator", Wrong::new("is missing; give it here, or by its name as \"indicatorRef\""));
            None
        }
    }
}

/// The `spec` of an SLI.
pub(super) fn indicator(fields: &Fields<'_>, namespace: &str) -> Option<Indicator> {
    fields.optional("description", read::text(DESCRIPTION_BYTES));
    let threshold = fields.nested("thresholdMetric", &["metricSource"]);
    let ratio = fields.nested("ratioMetric", &["counter", "good", "bad", "total", "rawType", "raw"]);
    match (threshold, ratio) {
        (Some(threshold), None) => Some(Indicator::Threshold { source: source(&threshold, namespace)? }),
        (None, Some(ratio)) => ratio_metric(&ratio, namespace),
        (Some(_), Some(_)) => {
            fields.wrong("thresholdMetric", Wrong::new("must not stand beside \"ratioMetric\""));
            None
        }
        (None, None) => {
            fields.wrong("ratioMetric", Wrong::new("is missing; an SLI has it or \"thresholdMetric\""));
            None
        }
    }
}

fn ratio_metric(fields: &Fields<'_>, namespace: &str) -> Option<Indicator> {
    let counter = fields.optional("counter", boolean).unwrap_or(false);
    let metric = |key: &str| fields.nested(key, &["metricSource"]);
    if let Some(raw) = metric("raw") {
        for key in ["good", "bad", "total"] {
            if metric(key).is_some() {
                fields.wrong(key, Wrong::new("must not stand beside \"raw\""));
            }
        }
        let failure = fields.required("rawType", read::one_of(&[("success", false), ("failure", true)]));
        return Some(Indicator::Raw { source: source(&raw, namespace)?, failure: failure? });
    }
    let (bad, part) = match (metric("good"), metric("bad")) {
        (Some(good), None) => (false, good),
        (None, Some(bad)) => (true, bad),
        (Some(_), Some(_)) => {
            fields.wrong("bad", Wrong::new("must not stand beside \"good\""));
            return None;
        }
        (None, None) => {
            fields.wrong("good", Wrong::new("is missing; a ratio has \"good\" or \"bad\" and \"total\", or \"raw\""));
            return None;
        }
    };
    let total = fields.required_nested("total", &["metricSource"]).and_then(|total| source(&total, namespace));
    Some(Indicator::Ratio { counter, bad, part: source(&part, namespace)?, total: total? })
}

fn source(fields: &Fields<'_>, namespace: &str) -> Option<Source> {
    let source = fields.required_nested("metricSource", &["metricSourceRef", "type", "spec"])?;
    let data_source = source.optional("metricSourceRef", read::text(NAME_BYTES));
    let kind = source.optional("type", read::text(NAME_BYTES)).map(|kind| kind.to_lowercase());
    if data_source.is_none() && kind.is_none() {
        source.wrong("type", Wrong::new("is missing; without a metricSourceRef it must say what is asked"));
    }
    let own = kind.as_deref() == Some("mainstay/check");
    let spec = source.optional("spec", |value| read_spec(value, own, namespace)).unwrap_or_default();
    if own && spec.check.is_none() {
        source.wrong("spec", Wrong::new("must name the check, such as {check: shop-buys}"));
    }
    Some(Source { data_source, kind, ..spec })
}

/// What we know in a free `spec`. Of our own sort nothing else may be there; others have what they want.
fn read_spec(value: &Value, own: bool, namespace: &str) -> Result<Source, Wrong> {
    let Some(values) = value.as_object() else { return Err(Wrong::new("must be an object")) };
    if !own {
        let query = values.get("query").or_else(|| values.get("promql")).and_then(Value::as_str);
        let query = query.map(str::to_owned);
        if query.as_ref().is_some_and(|query| query.len() > QUERY_BYTES) {
            return Err(Wrong::new(format!("has a query of more than {QUERY_BYTES} bytes")));
        }
        return Ok(Source { query, ..Source::default() });
    }
    if let Some(unknown) = values.keys().find(|key| !matches!(key.as_str(), "check" | "degraded")) {
        return Err(Wrong::new(format!("has the unknown field \"{unknown}\"; known are check, degraded")));
    }
    let check = values.get("check").ok_or_else(|| Wrong::new("must name the check, such as {check: shop-buys}"))?;
    let check = read::reference(Some("check"), namespace)(check)?;
    if check.kind() != "check" {
        return Err(Wrong::new(format!("names {check}, which is no check")));
    }
    let degraded_is_bad = match values.get("degraded") {
        Some(word) => read::one_of(&[("good", false), ("bad", true)])(word)?,
        None => false,
    };
    Ok(Source { check: Some(check), degraded_is_bad, ..Source::default() })
}

/// The `spec` of a DataSource.
pub(super) fn data_source(spec: &Value, problems: &Problems) -> Option<DataSource> {
    let fields = Fields::of_spec(spec, &["description", "type", "connectionDetails", "owner"], problems)?;
    fields.optional("description", read::text(DESCRIPTION_BYTES));
    let kind = fields.required("type", read::text(NAME_BYTES))?.to_lowercase();
    if kind != "prometheus" {
        return Some(DataSource { kind, url: None, headers: BTreeMap::new() });
    }
    let (url, headers) = fields.required("connectionDetails", connection)?;
    Some(DataSource { kind, url: Some(url), headers })
}

fn connection(value: &Value) -> Result<(String, BTreeMap<String, String>), Wrong> {
    let details = value.as_object().ok_or_else(|| Wrong::new("must be an object with url"))?;
    let known = ["url", "headers"];
    if let Some(unknown) = details.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(Wrong::new(format!("has the unknown field \"{unknown}\"; known are url, headers")));
    }
    let url = details.get("url").and_then(Value::as_str).unwrap_or_default();
    let parsed = url::Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    let Some(parsed) = parsed else {
        return Err(Wrong::new("must have the url of a Prometheus, such as https://prometheus.example.com"));
    };
    if parsed.password().is_some() || !parsed.username().is_empty() {
        return Err(Wrong::new("has a credential in its url; write a header with ${secret.NAME} instead"));
    }
    let empty = Map::new();
    let headers = details.get("headers").and_then(Value::as_object).unwrap_or(&empty);
    if headers.len() > HEADERS_MAX {
        return Err(Wrong::new(format!("has more than {HEADERS_MAX} headers")));
    }
    let header = |(name, value): (&String, &Value)| -> Result<(String, String), Wrong> {
        let value = read::text(4_096)(value)?;
        let secret = ["authorization", "cookie"].contains(&name.to_lowercase().as_str());
        if secret && !value.contains("${secret.") {
            let wrong = Wrong::new(format!("has a credential in clear in the header {name}"));
            return Err(wrong.suggesting(Some("Bearer ${secret.NAME}")));
        }
        Ok((name.clone(), value))
    };
    Ok((url.to_owned(), headers.iter().map(header).collect::<Result<_, _>>()?))
}
