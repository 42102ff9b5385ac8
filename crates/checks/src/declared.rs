//! Reads a check from the catalog (`kind: Check`).

use kernel::EntityRef;
use serde_json::Value;
use spec::{Fields, Problems, SpecProblem, Wrong, read};

use crate::{CheckDefinition, CheckKind, Expectation, HttpCheck, Method, Severity, StatusRange, web_address};

const KEYS: [&str; 9] =
    ["owner", "target", "path", "http", "interval", "timeout", "failures_to_down", "successes_to_up", "severity"];

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const PATH: usize = 50;
const RUNS: u32 = 100;
const HEADERS: usize = 50;
const HEADER_BYTES: usize = 4096;
const BODY_BYTES: usize = 64 * 1024;
const URL_BYTES: usize = 2048;
const CONTAINS_BYTES: usize = 1024;
const STATUSES: usize = 20;

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
    let fields = Fields::of_spec(spec, &KEYS, problems)?;
    let entity = || read::reference(Some("component"), check.namespace());
    let target = fields.required("target", entity());
    let mut path = fields.list("path", PATH, entity());
    path.retain(|other| Some(other) != target.as_ref());
    let http = fields.required_nested("http", &["method", "url", "headers", "body", "expect"]);
    let http = http.and_then(|http| http_check(&http));
    let interval_ms = fields.optional("interval", read::duration_ms(1_000, DAY_MS)).unwrap_or(60_000);
    let timeout_ms = fields.optional("timeout", read::duration_ms(10, 120_000));
    let timeout_ms = timeout_ms.unwrap_or_else(|| interval_ms.min(10_000));
    if timeout_ms > interval_ms {
        fields.wrong("timeout", Wrong::new("must not be longer than the interval: runs would overlap"));
    }
    let times = |key, default| fields.optional(key, read::times(RUNS)).unwrap_or(default);
    let (failures_to_down, successes_to_up) = (times("failures_to_down", 2), times("successes_to_up", 2));
    let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
    let severity = fields.optional("severity", read::one_of(&severities)).unwrap_or(Severity::High);
    Some(CheckDefinition {
        target: target?,
        path,
        kind: CheckKind::Http(http?),
        interval_ms,
        timeout_ms,
        failures_to_down,
        successes_to_up,
        severity,
        check,
        locations: Vec::new(),
        agreement: crate::Agreement::default(),
        slowness: None,
        maintenance: Vec::new(),
    })
}

fn http_check(fields: &Fields<'_>) -> Option<HttpCheck> {
    let methods = Method::ALL.map(|method| (method.as_str(), method));
    let method = fields.optional("method", read::one_of(&methods)).unwrap_or(Method::Get);
    let url = fields.required("url", |value| {
        let url = read::text(URL_BYTES)(value)?;
        web_address::read(&url).map_err(Wrong::new)?;
        Ok(url)
    });
    let headers = fields.pairs("headers", HEADERS, header);
    let body = fields.optional("body", read::text(BODY_BYTES));
    let keys = ["status", "body_contains", "max_latency_ms"];
    let expect = fields.nested("expect", &keys).map(|expect| Expectation {
        status: expect.optional("status", statuses).unwrap_or_else(|| vec![StatusRange::SUCCESS]),
        body_contains: expect.optional("body_contains", read::text(CONTAINS_BYTES)),
        max_latency_ms: expect.optional("max_latency_ms", read::whole(1, 120_000)),
        assertions: Vec::new(),
    });
    let any_success = Expectation {
        status: vec![StatusRange::SUCCESS],
        body_contains: None,
        max_latency_ms: None,
        assertions: Vec::new(),
    };
    Some(HttpCheck {
        method,
        url: url?,
        headers,
        basic: None,
        body,
        redirects: HttpCheck::REDIRECTS,
        tls: Default::default(),
        ip: Default::default(),
        expect: expect.unwrap_or(any_success),
    })
}

/// A header's value, unless it would put a credential where everybody can read it.
fn header(name: &str, value: &Value) -> Result<String, Wrong> {
    const SECRET: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"];
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(Wrong::new("is not a header's name (RFC 9110, section 5.1)"));
    }
    if SECRET.contains(&name.to_lowercase().as_str()) {
        return Err(Wrong::new(
            "would put a credential where everybody can read it; check a path that needs none, such as a health page",
        ));
    }
    let text = read::text(HEADER_BYTES)(value)?;
    if text.chars().any(char::is_control) {
        return Err(Wrong::new("has a control character"));
    }
    Ok(text)
}

/// One status or several: `200`, `2xx`, `200-204`, or a list of these.
fn statuses(value: &Value) -> Result<Vec<StatusRange>, Wrong> {
    match value {
        Value::Array(several) if !several.is_empty() && several.len() <= STATUSES => {
            several.iter().map(status).collect()
        }
        Value::Array(_) => Err(Wrong::new(format!("must have from 1 to {STATUSES} statuses"))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Ok(vec![status(value)?])
        }
    }
}

fn status(value: &Value) -> Result<StatusRange, Wrong> {
    let range = match value {
        Value::Number(number) => number.as_u64().and_then(|status| one_status(&status.to_string())),
        Value::String(text) => one_status(text),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    range.ok_or_else(|| Wrong::new("must be a status from 100 to 599, such as 200, \"2xx\" or \"200-204\""))
}

fn one_status(text: &str) -> Option<StatusRange> {
    let number = |text: &str| text.parse::<u16>().ok().filter(|status| (100..600).contains(status));
    if let Some(hundreds) = text.strip_suffix("xx") {
        let from = number(&format!("{hundreds}00"))?;
        return Some(StatusRange { from, to: from + 99 });
    }
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let (from, to) = (number(from)?, number(to)?);
    (from <= to).then_some(StatusRange { from, to })
}
