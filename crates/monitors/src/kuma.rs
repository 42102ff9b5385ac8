//! Uptime Kuma's monitors, of its versions 1 and 2.
//!
//! They stand in the tables of its database, or in the backup that version 1 wrote. A row's fields are named as the
//! database has them, a backup's as its program has them: `retry_interval` and `retryInterval` are one.

mod http;
mod jsonata;
mod network;
#[cfg(test)]
mod tests;
mod windows;

use std::collections::BTreeMap;

use checks::{CheckKind, Expected, HeartbeatCheck};
use serde_json::Value;

use crate::{
    document::{Unreadable, as_text, list_of, text_of, truth_of, whole_of},
    imported::{Draft, Import, Imported, Options},
    text,
};

/// What Uptime Kuma does if a monitor doesn't say.
const INTERVAL_S: u64 = 60;
/// What it adds to a push monitor's interval, for clocks that differ.
const PUSH_BUFFER_MS: u64 = 1_000;

/// Reads the tables `monitor`, `tag`, `monitor_tag`, `maintenance` and `monitor_maintenance`, each a list of rows under
/// its name, or a backup with its `monitorList`.
///
/// # Errors
/// If it is neither.
pub fn kuma(file: &str, document: &Value, options: &Options) -> Result<Imported, Unreadable> {
    let (list, key) = match (list_of(document, "monitor"), document.get("monitorList").and_then(Value::as_array)) {
        (_, Some(list)) => (list.as_slice(), "monitorList"),
        (rows, None) if document.get("monitor").is_some_and(Value::is_array) => (rows, "monitor"),
        (_, None) => {
            let why = "has no monitors: it is no database and no backup of Uptime Kuma".to_owned();
            return Err(Unreadable::Other { file: file.to_owned(), why });
        }
    };
    let mut import = Import::new(options);
    let windows = windows::Windows::of(document, &mut import);
    let shared = Shared { names: names(list), labels: labels(document), windows };
    for (index, monitor) in list.iter().enumerate() {
        let place = whole_of(monitor, "id").map_or_else(|| format!("{key}[{index}]"), |id| format!("monitor {id}"));
        if !import.has_room(&place) {
            break;
        }
        import.begin();
        read(monitor, &place, &shared, &mut import);
    }
    Ok(import.done())
}

struct Shared {
    /// By id.
    names: BTreeMap<u64, String>,
    labels: BTreeMap<u64, BTreeMap<String, String>>,
    windows: windows::Windows,
}

fn names(list: &[Value]) -> BTreeMap<u64, String> {
    list.iter().filter_map(|monitor| Some((whole_of(monitor, "id")?, text_of(monitor, "name")?))).collect()
}

/// The tags of each monitor, from their tables.
fn labels(document: &Value) -> BTreeMap<u64, BTreeMap<String, String>> {
    let tags = names(list_of(document, "tag"));
    let mut labels: BTreeMap<u64, BTreeMap<String, String>> = BTreeMap::new();
    for row in list_of(document, "monitor_tag") {
        let (Some(monitor), Some(tag)) = (whole_of(row, "monitor_id"), whole_of(row, "tag_id")) else { continue };
        if let Some(name) = tags.get(&tag) {
            labels.entry(monitor).or_default().insert(name.clone(), text_of(row, "value").unwrap_or_default());
        }
    }
    labels
}

/// What is under a field, whether it has the database's name or the program's.
fn field<'a>(monitor: &'a Value, name: &str) -> &'a Value {
    monitor.get(name).or_else(|| monitor.get(camel(name))).unwrap_or(&Value::Null)
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut chars = part.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

fn text(monitor: &Value, name: &str) -> Option<String> {
    as_text(field(monitor, name)).filter(|text| !text.is_empty())
}

fn truth(monitor: &Value, name: &str) -> bool {
    truth_of(&serde_json::json!({"it": field(monitor, name)}), "it") == Some(true)
}

fn whole(monitor: &Value, name: &str) -> Option<u64> {
    whole_of(&serde_json::json!({"it": field(monitor, name)}), "it")
}

/// What is text in the database, and a tree in a backup or in what the text says.
fn tree(monitor: &Value, name: &str) -> Value {
    let value = field(monitor, name);
    value.as_str().map_or_else(|| value.clone(), |text| serde_json::from_str(text).unwrap_or(Value::Null))
}

fn read(monitor: &Value, place: &str, shared: &Shared, import: &mut Import<'_>) {
    let title = text_of(monitor, "name").unwrap_or_else(|| place.to_owned());
    let sort = text_of(monitor, "type").unwrap_or_default();
    if sort == "group" {
        return import.info(place, title, "a group is no check: its monitors have its name, and its component");
    }
    if monitor.get("active").is_some() && !truth(monitor, "active") {
        return import.info(place, title, "it is switched off there; it was left out");
    }
    if truth(monitor, "upside_down") {
        let why = "it is good there when it fails; a check asks for what works, and it was left out";
        return import.lost(place, title, why);
    }
    let interval_ms =
        whole(monitor, "interval").filter(|seconds| *seconds > 0).unwrap_or(INTERVAL_S).saturating_mul(1_000);
    let retries = whole(monitor, "maxretries").unwrap_or(0);
    let kind = match sort.as_str() {
        "http" | "keyword" | "json-query" => http::kind(monitor, &title, &sort, place, import),
        "port" => network::port(monitor),
        "ping" => network::ping(monitor, place, import),
        "dns" => network::dns(monitor, place, import),
        "grpc-keyword" => network::grpc(monitor),
        "websocket-upgrade" => network::websocket(monitor, &title, place, import),
        "push" => {
            let why = "reports go to the heartbeat's own address; change the job that reports";
            import.changed(&format!("{place}.push_token"), "the address and token of reports", why);
            let retry_ms = whole(monitor, "retry_interval").unwrap_or(0).saturating_mul(1_000);
            let retry_ms = if retry_ms > 0 { retry_ms } else { interval_ms };
            let grace_ms = PUSH_BUFFER_MS.saturating_add(retries.saturating_mul(retry_ms));
            Ok(CheckKind::Heartbeat(HeartbeatCheck {
                expected: Expected::Every(interval_ms),
                grace_ms: grace_ms.min(24 * 3_600_000),
                max_run_ms: None,
            }))
        }
        other => Err(format!("monitors of type \"{other}\" are not checked here")),
    };
    let kind = match kind {
        Ok(kind) => kind,
        Err(why) => return import.lost(place, title, format!("{why}; it was left out")),
    };
    if truth(monitor, "domain_expiry_notification") {
        let why = "when a domain's registration ends is not checked here";
        import.lost(&format!("{place}.domain_expiry_notification"), "the domain's end", why);
    }
    let retry_ms = whole(monitor, "retry_interval").unwrap_or(0).saturating_mul(1_000);
    if retries > 0 && retry_ms > 0 && retry_ms != interval_ms && sort != "push" {
        let why = "a first failure is repeated after a second here, and then at the interval";
        import.changed(&format!("{place}.retry_interval"), format!("a retry after {} s", retry_ms / 1_000), why);
    }
    let id = whole_of(monitor, "id").unwrap_or(0);
    let mut labels = shared.labels.get(&id).cloned().unwrap_or_default();
    for tag in list_of(monitor, "tags") {
        labels.extend(text_of(tag, "name").map(|name| (name, text_of(tag, "value").unwrap_or_default())));
    }
    let timeout_s = field(monitor, "timeout").as_f64().filter(|seconds| *seconds > 0.0);
    let timeout_ms = timeout_s.map_or(interval_ms / 5 * 4, |seconds| text::whole(seconds * 1_000.0));
    let draft = Draft {
        title,
        group: whole(monitor, "parent").and_then(|parent| shared.names.get(&parent).cloned()),
        kind,
        interval_ms,
        timeout_ms: Some(timeout_ms),
        failures_to_down: u32::try_from(retries.saturating_add(1)).unwrap_or(u32::MAX),
        successes_to_up: 1,
        maintenance: shared.windows.of_monitor(id),
        labels,
    };
    import.add(place, draft);
}
