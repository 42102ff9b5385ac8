//! Gatus' configuration, as of its version 5.

mod condition;
mod endpoint;
mod environment;
mod suite;

use std::collections::BTreeMap;

use checks::{CheckKind, Expected, HeartbeatCheck, Maintenance};
use serde_json::Value;

use crate::{
    document::{Unreadable, as_text, entries_of, list_of, text_of, truth_of, whole_of, yaml},
    imported::{Draft, Import, Imported, Options},
    text,
};

/// What Gatus waits for before it alerts and resolves if an alert doesn't say.
const FAILURES: u64 = 3;
const SUCCESSES: u64 = 2;
/// What Gatus waits between runs if an endpoint doesn't say.
const INTERVAL_MS: u64 = 60_000;
const NESTING_MAX: usize = 64;

/// Reads the files of one configuration of Gatus, which become one as Gatus merges a folder: mappings key by key, lists
/// one behind the other.
///
/// # Errors
/// If a file is too large or no YAML, or there is no endpoint in any.
pub fn gatus(files: &[(&str, &[u8])], options: &Options) -> Result<Imported, Unreadable> {
    let mut import = Import::new(options);
    let mut config = Value::Object(Default::default());
    for (file, bytes) in files {
        merge(&mut config, yaml(file, bytes)?, file, "", 0, &mut import);
    }
    let config = environment::expand(config, &import);
    let lists = ["endpoints", "services", "suites", "external-endpoints"];
    if !lists.into_iter().any(|list| config.get(list).is_some_and(Value::is_array)) {
        let file = files.iter().map(|(file, _)| *file).collect::<Vec<_>>().join(", ");
        let why = "has no endpoints, suites or external-endpoints: it is no configuration of Gatus".to_owned();
        return Err(Unreadable::Other { file, why });
    }
    let shared = Shared::of(&config, &mut import);
    for list in ["endpoints", "services"] {
        for (index, entry) in list_of(&config, list).iter().enumerate() {
            let place = format!("{list}[{index}]");
            if !import.has_room(&place) {
                break;
            }
            import.begin();
            endpoint::read(entry, &place, &shared, &mut import);
        }
    }
    for (index, entry) in list_of(&config, "suites").iter().enumerate() {
        let place = format!("suites[{index}]");
        if !import.has_room(&place) {
            break;
        }
        import.begin();
        suite::read(entry, &place, &shared, &mut import);
    }
    for (index, entry) in list_of(&config, "external-endpoints").iter().enumerate() {
        let place = format!("external-endpoints[{index}]");
        if !import.has_room(&place) {
            break;
        }
        import.begin();
        external(entry, &place, &shared, &mut import);
    }
    Ok(import.done())
}

fn merge(into: &mut Value, from: Value, file: &str, place: &str, depth: usize, import: &mut Import<'_>) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) if depth < NESTING_MAX => {
            for (key, value) in from {
                let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
                match into.get_mut(&key) {
                    Some(present) => merge(present, value, file, &place, depth + 1, import),
                    None => {
                        into.insert(key, value);
                    }
                }
            }
        }
        (Value::Array(into), Value::Array(from)) => into.extend(from),
        (_, Value::Null) => {}
        (into @ Value::Null, from) => *into = from,
        (into, from) if *into == from => {}
        (_, _) => import.changed(place, format!("{place} in {file}"), "another file says it too; the first is kept"),
    }
}

/// What holds for all endpoints.
struct Shared {
    maintenance: Vec<Maintenance>,
    /// By provider, from its default alert: failures to down, successes to up.
    thresholds: BTreeMap<String, (Option<u64>, Option<u64>)>,
}

impl Shared {
    fn of(config: &Value, import: &mut Import<'_>) -> Self {
        let thresholds = entries_of(config, "alerting").map(|(provider, alerting)| {
            let default = alerting.get("default-alert").unwrap_or(&Value::Null);
            (provider.clone(), (whole_of(default, "failure-threshold"), whole_of(default, "success-threshold")))
        });
        let thresholds: BTreeMap<_, _> = thresholds.collect();
        for provider in thresholds.keys() {
            let why = "who is told is said by contact methods and the on-call plan of the component's owner";
            import.info(&format!("alerting.{provider}"), format!("alerts by {provider}"), why);
        }
        let maintenance = config.get("maintenance").filter(|window| window.is_object());
        let maintenance = maintenance.and_then(|window| maintenance_of(window, "maintenance", import));
        for key in ["remote", "announcements", "tunneling", "connectivity"] {
            if config.get(key).is_some_and(|value| !value.is_null()) {
                import.info(key, key, "it has no counterpart in a check");
            }
        }
        Self { maintenance: maintenance.into_iter().collect(), thresholds }
    }
}

fn maintenance_of(window: &Value, place: &str, import: &mut Import<'_>) -> Option<Maintenance> {
    if truth_of(window, "enabled") == Some(false) {
        return None;
    }
    let start = text_of(window, "start").unwrap_or_default();
    let duration = text_of(window, "duration").and_then(|text| text::duration_ms(&text)).unwrap_or(0);
    let zone = text_of(window, "timezone").unwrap_or_else(|| "UTC".to_owned());
    let every = list_of(window, "every").iter().filter_map(as_text);
    let days = every.filter_map(|day| text::day(&day)).collect();
    let read = text::window(days, &start, duration, &zone);
    if read.is_none() {
        let why = "a window has a start such as 23:00, a duration of at most a day, and the name of a time zone";
        import.lost(place, "the window of maintenance", why);
    }
    read
}

/// What every sort of entry has: name, group, labels, thresholds, windows.
fn common(entry: &Value, place: &str, shared: &Shared, kind: CheckKind, import: &mut Import<'_>) -> Draft {
    let mut failures: Option<u64> = None;
    let mut successes: Option<u64> = None;
    for (index, alert) in list_of(entry, "alerts").iter().enumerate() {
        if truth_of(alert, "enabled") == Some(false) {
            continue;
        }
        let provider = text_of(alert, "type").unwrap_or_default();
        let default = shared.thresholds.get(&provider).copied().unwrap_or_default();
        let of_alert = whole_of(alert, "failure-threshold").or(default.0).unwrap_or(FAILURES);
        if failures.is_some_and(|known| known != of_alert) {
            let why = "a check has one number of failures after which it is down; the lowest is used";
            import.changed(&format!("{place}.alerts[{index}]"), "another failure-threshold", why);
        }
        failures = Some(failures.map_or(of_alert, |known| known.min(of_alert)));
        let of_alert = whole_of(alert, "success-threshold").or(default.1).unwrap_or(SUCCESSES);
        successes = Some(successes.map_or(of_alert, |known| known.min(of_alert)));
    }
    let mut maintenance = shared.maintenance.clone();
    for (index, window) in list_of(entry, "maintenance-windows").iter().enumerate() {
        maintenance.extend(maintenance_of(window, &format!("{place}.maintenance-windows[{index}]"), import));
    }
    let labels = entries_of(entry, "extra-labels").filter_map(|(key, value)| Some((key.clone(), as_text(value)?)));
    let times = |times: u64| u32::try_from(times).unwrap_or(u32::MAX);
    Draft {
        title: title(entry, place),
        group: text_of(entry, "group").map(|group| environment::shown(&group)),
        kind,
        interval_ms: duration(entry, "interval", place, import).unwrap_or(INTERVAL_MS),
        timeout_ms: None,
        failures_to_down: times(failures.unwrap_or(FAILURES)),
        successes_to_up: times(successes.unwrap_or(SUCCESSES)),
        maintenance,
        labels: labels.collect(),
    }
}

fn title(entry: &Value, place: &str) -> String {
    text_of(entry, "name").map_or_else(|| place.to_owned(), |name| environment::shown(&name))
}

/// A duration under a key; says so if there is something else.
fn duration(entry: &Value, key: &str, place: &str, import: &mut Import<'_>) -> Option<u64> {
    let text = text_of(entry, key)?;
    let ms = text::duration_ms(&text);
    if ms.is_none() {
        import.changed(
            &format!("{place}.{key}"),
            environment::shown(&text),
            "it is no duration; Gatus' default is used",
        );
    }
    ms
}

/// True if it is switched off, which is said.
fn is_off(entry: &Value, place: &str, import: &mut Import<'_>) -> bool {
    let off = truth_of(entry, "enabled") == Some(false);
    if off {
        import.info(place, title(entry, place), "it is switched off there; it was left out");
    }
    off
}

/// What others report to Gatus: here they report to a heartbeat.
fn external(entry: &Value, place: &str, shared: &Shared, import: &mut Import<'_>) {
    if is_off(entry, place, import) {
        return;
    }
    let heartbeat = entry.get("heartbeat").unwrap_or(&Value::Null);
    let every = duration(heartbeat, "interval", &format!("{place}.heartbeat"), import).filter(|ms| *ms > 0);
    let Some(every_ms) = every else {
        let why = "without heartbeat.interval nothing says when a report is overdue; it was left out";
        return import.lost(place, title(entry, place), why);
    };
    let why = "reports go to the heartbeat's own address; change the job that reports";
    import.changed(&format!("{place}.token"), "the address and token of reports", why);
    // Gatus calls a report overdue as soon as the interval has gone by.
    let kind =
        CheckKind::Heartbeat(HeartbeatCheck { expected: Expected::Every(every_ms), grace_ms: 0, max_run_ms: None });
    let draft = common(entry, place, shared, kind, import);
    import.add(place, Draft { interval_ms: every_ms, ..draft });
}
