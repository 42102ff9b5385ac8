//! Reads a check from the catalog (`kind: Check`).

mod assertions;
mod http;
mod network;

use jiff::civil::Time;
use kernel::{EntityRef, Weekday};
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{
    Agreement, CheckDefinition, CheckKind, Expected, HeartbeatCheck, Maintenance, Severity, Slowness, template,
};

/// Every sort of check, by the field that declares it.
const KINDS: [&str; 10] = ["http", "journey", "tcp", "tls", "dns", "icmp", "grpc", "websocket", "heartbeat", "exec"];
/// What every check has.
const KEYS: [&str; 12] = [
    "owner",
    "target",
    "path",
    "interval",
    "timeout",
    "failures_to_down",
    "successes_to_up",
    "severity",
    "locations",
    "agree",
    "slow",
    "maintenance",
];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const PATH: usize = 50;
const RUNS: u32 = 100;
const LOCATIONS: usize = 200;
const WINDOWS: usize = 20;
const URL_BYTES: usize = 2048;
const TEXT_BYTES: usize = 1024;

impl CheckDefinition {
    /// Reads the `spec` of a `kind: Check` document. `owner` belongs to the catalog and isn't looked at here.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn from_spec(check: EntityRef, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let problems = Problems::default();
        let definition = definition(check, spec, &problems);
        problems.or(definition)
    }
}

fn definition(check: EntityRef, spec: &Value, problems: &Problems) -> Option<CheckDefinition> {
    let keys: Vec<&str> = KEYS.into_iter().chain(KINDS).collect();
    let fields = Fields::of_spec(spec, &keys, problems)?;
    let entity = || read::reference(Some("component"), check.namespace());
    let target = fields.required("target", entity());
    let mut path = fields.list("path", PATH, entity());
    path.retain(|other| Some(other) != target.as_ref());
    let kind = kind(spec, &fields);
    let interval_ms = fields.optional("interval", read::duration_ms(1_000, DAY_MS)).unwrap_or(60_000);
    let timeout_ms = fields.optional("timeout", read::duration_ms(10, 120_000));
    let timeout_ms = timeout_ms.unwrap_or_else(|| interval_ms.min(10_000));
    if timeout_ms > interval_ms {
        fields.wrong("timeout", Wrong::new("must not be longer than the interval: runs would overlap"));
    }
    let times = |key, default| fields.optional(key, read::times(RUNS)).unwrap_or(default);
    // A job says itself that it failed; there is nothing to run again.
    let failures = if matches!(kind, Some(CheckKind::Heartbeat(_))) { 1 } else { 2 };
    let (failures_to_down, successes_to_up) = (times("failures_to_down", failures), times("successes_to_up", failures));
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    let severity = fields.optional("severity", read::one_of(&severities)).unwrap_or(Severity::High);
    let windows = fields.objects("maintenance", WINDOWS, &["days", "from", "for", "time_zone"]);
    Some(CheckDefinition {
        target: target?,
        path,
        interval_ms,
        timeout_ms,
        failures_to_down,
        successes_to_up,
        severity,
        locations: fields.list("locations", LOCATIONS, location),
        agreement: fields.optional("agree", agreement).unwrap_or_default(),
        slowness: fields.nested("slow", &["times", "at_least"]).and_then(|slow| slowness(&slow)),
        maintenance: windows.iter().filter_map(window).collect(),
        kind: kind?,
        check,
    })
}

/// What the check asks for: exactly one sort.
fn kind(spec: &Value, fields: &Fields<'_>) -> Option<CheckKind> {
    let declared: Vec<&str> = KINDS.into_iter().filter(|kind| spec.get(kind).is_some_and(|it| !it.is_null())).collect();
    match declared.as_slice() {
        [] => {
            // HTTP is what most are.
            fields.wrong("http", Wrong::new(format!("is missing; a check has one of {}", KINDS.join(", "))));
            None
        }
        [one] => kind_of(one, fields),
        [first, second, ..] => {
            fields.wrong(second, Wrong::new(format!("is a second sort; the check has \"{first}\" already")));
            None
        }
    }
}

fn kind_of(sort: &str, fields: &Fields<'_>) -> Option<CheckKind> {
    Some(match sort {
        "http" => CheckKind::Http(http::http_check(&fields.nested(sort, &http::KEYS)?, &[], &[])?),
        "journey" => CheckKind::Journey(http::journey(&fields.nested(sort, &http::JOURNEY_KEYS)?)?),
        "tcp" => CheckKind::Tcp(network::tcp(&fields.nested(sort, &network::TCP_KEYS)?)?),
        "tls" => CheckKind::Tls(network::tls(&fields.nested(sort, &network::TLS_KEYS)?)?),
        "dns" => CheckKind::Dns(network::dns(&fields.nested(sort, &network::DNS_KEYS)?)?),
        "icmp" => CheckKind::Icmp(network::icmp(&fields.nested(sort, &network::ICMP_KEYS)?)?),
        "grpc" => CheckKind::Grpc(network::grpc(&fields.nested(sort, &network::GRPC_KEYS)?)?),
        "websocket" => CheckKind::WebSocket(network::websocket(&fields.nested(sort, &network::WEBSOCKET_KEYS)?)?),
        "heartbeat" => CheckKind::Heartbeat(heartbeat(&fields.nested(sort, &HEARTBEAT_KEYS)?)?),
        _ => CheckKind::Exec(network::exec(&fields.nested(sort, &network::EXEC_KEYS)?)?),
    })
}

const HEARTBEAT_KEYS: [&str; 5] = ["every", "cron", "time_zone", "grace", "max_run"];

fn heartbeat(fields: &Fields<'_>) -> Option<HeartbeatCheck> {
    let every = fields.optional("every", read::duration_ms(10_000, 366 * DAY_MS));
    let cron = fields.optional("cron", cron);
    let time_zone = fields.optional("time_zone", read::time_zone);
    let grace = fields.optional("grace", read::duration_ms(0, 31 * DAY_MS));
    let max_run_ms = fields.optional("max_run", read::duration_ms(1_000, 31 * DAY_MS));
    let expected = match (every, cron) {
        (Some(every), None) => Expected::Every(every),
        (None, Some(expression)) => {
            Expected::Cron { expression, time_zone: time_zone.unwrap_or_else(|| "UTC".to_owned()) }
        }
        (Some(_), Some(_)) => {
            fields.wrong("cron", Wrong::new("must not stand beside \"every\""));
            return None;
        }
        (None, None) => {
            fields.wrong("every", Wrong::new("is missing; say \"every: 1h\", or \"cron\" with \"time_zone\""));
            return None;
        }
    };
    Some(HeartbeatCheck { expected, grace_ms: grace.unwrap_or(300_000), max_run_ms })
}

fn cron(value: &Value) -> Result<String, Wrong> {
    let text = read::text(100)(value)?;
    let read: Result<croner::Cron, _> = text.parse();
    read.map_err(|error| Wrong::new(format!("is no cron expression: {error}")))?;
    Ok(text)
}

fn location(value: &Value) -> Result<String, Wrong> {
    let name = read::text(63)(value)?;
    let sound = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if sound {
        Ok(name)
    } else {
        Err(Wrong::new("has other characters than letters, digits, dashes, dots and underscores"))
    }
}

/// `2`, or `"50%"`.
fn agreement(value: &Value) -> Result<Agreement, Wrong> {
    let form = || Wrong::new("must be a number of locations such as 2, or a share such as \"50%\"");
    match value {
        Value::Number(number) => {
            let locations = number.as_u64().and_then(|number| u32::try_from(number).ok());
            let locations = locations.filter(|number| (1..=200).contains(number)).ok_or_else(form)?;
            Ok(if locations == 2 { Agreement::Two } else { Agreement::AtLeast(locations) })
        }
        Value::String(text) => {
            let percent = text.strip_suffix('%').and_then(|share| share.trim().parse::<u8>().ok());
            percent.filter(|share| (1..=100).contains(share)).map(Agreement::Percent).ok_or_else(form)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(form()),
    }
}

/// `{times: 3, at_least: 500ms}`.
fn slowness(fields: &Fields<'_>) -> Option<Slowness> {
    let times = fields.required("times", |value| {
        let times = value.as_f64().filter(|times| (1.1..=100.0).contains(times));
        times.ok_or_else(|| Wrong::new("must be a number from 1.1 to 100, such as 3"))
    });
    let at_least_ms = fields.optional("at_least", read::duration_ms(1, 120_000)).unwrap_or(100);
    // Within its bounds, it fits.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 110 to 10,000")]
    let percent = (times? * 100.0).round() as u32;
    Some(Slowness { percent, at_least_ms })
}

/// `{days: [sunday], from: "02:00", for: 1h, time_zone: Europe/Lisbon}`.
fn window(fields: &Fields<'_>) -> Option<Maintenance> {
    let from = fields.required("from", |value| {
        let form = || Wrong::new("must be a local time, such as \"02:00\"");
        Time::strptime("%H:%M", read::text(10)(value)?).map_err(|_| form())
    });
    let duration_ms = fields.required("for", read::duration_ms(60_000, 7 * DAY_MS));
    let time_zone = fields.optional("time_zone", read::time_zone).unwrap_or_else(|| "UTC".to_owned());
    let days = fields.list("days", Weekday::ALL.len(), read::weekday);
    Some(Maintenance { days, from: from?, duration_ms: duration_ms?, time_zone })
}

/// A text of at most so many bytes that may have holes for these variables.
fn templated(max: usize, variables: &[String]) -> impl Fn(&Value) -> Result<String, Wrong> {
    move |value| {
        let text = read::text(max)(value)?;
        match template::problem(&text, variables) {
            Some((problem, meant)) => Err(Wrong::new(problem).suggesting(meant)),
            None => Ok(text),
        }
    }
}
