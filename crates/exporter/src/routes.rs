//! What is asked over HTTP.

use std::{sync::atomic::Ordering, time::Duration};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    Exporter, ask,
    ask::{Asked, NotAsked},
    exposition::{Exposition, MEDIA_TYPE},
    report,
};

/// The module if none is named.
const MODULE: &str = "http_2xx";
/// How long a probe may take if neither Prometheus nor the module says.
const TIMEOUT_S: f64 = 120.0;
const SCRAPE_TIMEOUT: &str = "x-prometheus-scrape-timeout-seconds";

pub(crate) fn router(exporter: Exporter) -> Router {
    Router::new()
        .route("/", get(index))
        .route("/probe", get(probe))
        .route("/metrics", get(metrics))
        .route("/-/healthy", get(healthy))
        .route("/-/reload", post(reload).put(reload))
        .with_state(exporter)
}

async fn healthy() -> &'static str {
    "Healthy"
}

async fn index() -> &'static str {
    "Mainstay answers here in place of blackbox_exporter.\n\n/probe?target=https://shop.example/&module=http_2xx\n\
     /probe?target=https://shop.example/&module=http_2xx&debug=true\n/metrics\n/-/healthy\n"
}

fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text.into()).into_response()
}

async fn probe(State(exporter): State<Exporter>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.unwrap_or_default();
    let of = |key: &str| {
        let pair = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key);
        pair.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    };
    let shared = &exporter.shared;
    let name = of("module").unwrap_or_else(|| MODULE.to_owned());
    let modules = shared.modules.load_full();
    let Some(module) = modules.module(&name) else {
        shared.unknown_modules.fetch_add(1, Ordering::Relaxed);
        return plain(StatusCode::BAD_REQUEST, format!("Unknown module {name:?}\n"));
    };
    let told = headers.get(SCRAPE_TIMEOUT).map(|value| value.to_str().unwrap_or("?").trim());
    let within = match within(told, module.timeout_ms(), shared.timeout_offset_s) {
        Ok(within) => within,
        Err(why) => {
            let text = format!("Failed to parse timeout from Prometheus header: {why}\n");
            return plain(StatusCode::INTERNAL_SERVER_ERROR, text);
        }
    };
    let Some(target) = of("target") else {
        return plain(StatusCode::BAD_REQUEST, "Target parameter is missing\n");
    };
    let Some(_place) = shared.places.take(&target) else {
        shared.refused.fetch_add(1, Ordering::Relaxed);
        let text = "Too many probes run at once, of this target or in all\n";
        return plain(StatusCode::SERVICE_UNAVAILABLE, text);
    };
    match ask::ask(&shared.client, module, &target, of("hostname").as_deref(), within).await {
        Ok(asked) => {
            let text = report::metrics(&asked, within).text();
            if of("debug").as_deref() == Some("true") {
                return plain(StatusCode::OK, debugging(&asked, &text));
            }
            ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
        }
        Err(NotAsked::Differs(why)) => {
            let text = format!("Module {name:?} can't be asked here as blackbox_exporter asks it: {why}\n");
            plain(StatusCode::BAD_REQUEST, text)
        }
    }
}

/// How long a probe may take, as blackbox_exporter's `getTimeout` has it.
fn within(told: Option<&str>, module_ms: Option<u64>, offset_s: f64) -> Result<Duration, String> {
    let told = match told.filter(|text| !text.is_empty()) {
        Some(text) => {
            let seconds: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
            Some(seconds).filter(|seconds| *seconds != 0.0)
        }
        None => None,
    };
    let most = told.unwrap_or(TIMEOUT_S) - offset_s;
    let module = module_ms.map(|ms| ms as f64 / 1_000.0);
    let seconds = match module {
        Some(module) if module < most || most < 0.0 => module,
        Some(_) | None => most,
    };
    // A time that is none has run out.
    let seconds = if seconds.is_finite() { seconds.clamp(0.0, TIMEOUT_S) } else { 0.0 };
    Ok(Duration::from_secs_f64(seconds))
}

/// For people: what was done, what was seen, and what the metrics are.
fn debugging(asked: &Asked, metrics: &str) -> String {
    let mut text = "Logs for the probe:\n".to_owned();
    for hop in &asked.run.hops {
        let address = hop.address.as_deref().unwrap_or("not connected");
        let status = hop.status.map_or_else(String::new, |status| format!(", status {status}"));
        text.push_str(&format!("{} at {address}{status}\n", hop.request));
    }
    match asked.error() {
        Some(error) => text.push_str(&format!("Probe failed: {error}\n")),
        None => text.push_str("Probe succeeded\n"),
    }
    format!("{text}\n\n\nMetrics that would have been returned:\n{metrics}")
}

async fn metrics(State(exporter): State<Exporter>) -> Response {
    let shared = &exporter.shared;
    let mut out = Exposition::default();
    let succeeded = if shared.reloaded.load(Ordering::Relaxed) { 1.0 } else { 0.0 };
    let help = "Blackbox exporter config loaded successfully.";
    out.gauge("blackbox_exporter_config_last_reload_successful", help, succeeded);
    let help = "Timestamp of the last successful configuration reload.";
    let at = shared.reloaded_at.load(Ordering::Relaxed) as f64;
    out.gauge("blackbox_exporter_config_last_reload_success_timestamp_seconds", help, at);
    let help = "Count of unknown modules requested by probes";
    let unknown = shared.unknown_modules.load(Ordering::Relaxed) as f64;
    out.counter("blackbox_module_unknown_total", help, unknown);
    out.gauge("mainstay_probe_running", "Probes that run now", shared.places.taken() as f64);
    let help = "Probes that were refused because too many ran";
    out.counter("mainstay_probe_refused_total", help, shared.refused.load(Ordering::Relaxed) as f64);
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], out.text()).into_response()
}

async fn reload(State(exporter): State<Exporter>) -> Response {
    match tokio::task::spawn_blocking(move || exporter.reload()).await {
        Ok(Ok(())) => plain(StatusCode::OK, ""),
        Ok(Err(error)) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("failed to reload config: {error}\n")),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("failed to reload config: {error}\n")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_may_take_what_the_scrape_leaves_or_what_its_module_says() {
        let check = |told, module, expected_ms: u64| {
            assert_eq!(within(told, module, 0.5).unwrap().as_millis(), u128::from(expected_ms), "{told:?} {module:?}");
        };
        check(None, None, 119_500);
        check(Some("10"), None, 9_500);
        check(Some("10"), Some(5_000), 5_000);
        check(Some("3"), Some(5_000), 2_500);
        check(Some("0.2"), Some(5_000), 5_000);
        check(Some("0"), Some(5_000), 5_000);
        check(Some("1e300"), None, 120_000);
        check(Some("inf"), None, 0);
        assert!(within(Some("x"), None, 0.5).is_err());
    }
}
