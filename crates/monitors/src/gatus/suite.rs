//! Gatus' suites: endpoints one behind the other that hand values on.

use std::collections::BTreeMap;

use checks::{CheckKind, Extract, JourneyCheck, Source, Step};
use serde_json::Value;

use super::{
    Shared, common, condition, duration,
    endpoint::{self, Http},
    environment, is_off, title,
};
use crate::{
    document::{as_text, entries_of, list_of, text_of, truth_of},
    imported::{Draft, Import},
};

/// What Gatus does if a suite doesn't say.
const INTERVAL_MS: u64 = 600_000;
const TIMEOUT_MS: u64 = 300_000;
/// A journey has at most this many steps.
const STEPS_MAX: usize = 50;

pub(super) fn read(entry: &Value, place: &str, shared: &Shared, import: &mut Import<'_>) {
    if is_off(entry, place, import) {
        return;
    }
    let name = title(entry, place);
    let endpoints = list_of(entry, "endpoints");
    if endpoints.is_empty() || endpoints.len() > STEPS_MAX {
        return import.lost(place, name, format!("a journey has from 1 to {STEPS_MAX} steps; it was left out"));
    }
    let context: BTreeMap<String, String> =
        entries_of(entry, "context").filter_map(|(key, value)| Some((key.clone(), as_text(value)?))).collect();
    let mut steps = Vec::new();
    for (index, endpoint) in endpoints.iter().enumerate() {
        let place = format!("{place}.endpoints[{index}]");
        match step(endpoint, &place, &context, import) {
            Some(mut of_endpoint) => steps.append(&mut of_endpoint),
            None => {
                return import.lost(&place, name, "a journey without this step isn't the same; the suite was left out");
            }
        }
    }
    let variables =
        context.iter().map(|(key, value)| (environment::variable(key), environment::template(value, import)));
    let variables = variables.collect();
    let kind = CheckKind::Journey(JourneyCheck { variables, steps, max_latency_ms: None });
    let draft = common(entry, place, shared, kind, import);
    let timeout = duration(entry, "timeout", place, import).unwrap_or(TIMEOUT_MS);
    let interval_ms = duration(entry, "interval", place, import).unwrap_or(INTERVAL_MS);
    import.add(place, Draft { interval_ms, timeout_ms: Some(timeout), ..draft });
}

fn step(
    endpoint: &Value,
    place: &str,
    context: &BTreeMap<String, String>,
    import: &mut Import<'_>,
) -> Option<Vec<Step>> {
    if truth_of(endpoint, "enabled") == Some(false) {
        return Some(Vec::new());
    }
    let url = text_of(endpoint, "url").unwrap_or_default();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        import.lost(
            place,
            environment::shown(&crate::text::without_user(&url).0),
            "a journey's steps are HTTP requests",
        );
        return None;
    }
    let Http { token, request } = endpoint::http(endpoint, &url, place, context, import)?;
    let mut extracts = Vec::new();
    for (name, from) in entries_of(endpoint, "store") {
        let from = as_text(from).unwrap_or_default();
        let path = from.strip_prefix("[BODY]").ok_or("only parts of the body are remembered here".to_owned());
        match path.and_then(condition::json_path) {
            Ok(path) => extracts.push(Extract { name: environment::variable(name), from: Source::Json(path) }),
            Err(why) => import.lost(&format!("{place}.store.{name}"), from, why),
        }
    }
    let always = truth_of(endpoint, "always-run") == Some(true);
    let step = Step { name: title(endpoint, place), request, extract: extracts, always };
    Some(token.into_iter().map(|token| Step { always, ..token }).chain([step]).collect())
}
