//! Reads HTTP checks and journeys.

use std::collections::BTreeMap;

use serde_json::Value;
use spec::{Fields, Wrong, read};

use crate::{
    Expectation, Extract, HttpCheck, IpVersion, JourneyCheck, Method, Source, StatusRange, Step, Subject, TlsOptions,
    json_path, pattern, template, web_address,
};

use super::{TEXT_BYTES, URL_BYTES, assertions::assertions, templated};

pub(super) const KEYS: [&str; 9] = ["method", "url", "headers", "basic", "body", "redirects", "tls", "ip", "expect"];
pub(super) const JOURNEY_KEYS: [&str; 3] = ["variables", "steps", "max_latency_ms"];
const STEP_KEYS: [&str; 12] =
    ["name", "method", "url", "headers", "basic", "body", "redirects", "tls", "ip", "expect", "extract", "always"];
const TLS_KEYS: [&str; 3] = ["insecure", "server_name", "ca"];

const HEADERS: usize = 50;
const HEADER_BYTES: usize = 4096;
const BODY_BYTES: usize = 64 * 1024;
const STATUSES: usize = 20;
const REDIRECTS_MAX: u64 = 20;
const STEPS: usize = 50;
const EXTRACTS: usize = 20;
const VARIABLES: usize = 50;
const CA_BYTES: usize = 64 * 1024;

/// One request, in which these variables may be named.
/// A credential is one that a secret gives, or an earlier answer: what is declared can be read by everybody.
pub(super) fn http_check(fields: &Fields<'_>, variables: &[String], extracted: &[String]) -> Option<HttpCheck> {
    let methods = Method::ALL.map(|method| (method.as_str(), method));
    let method = fields.optional("method", read::one_of(&methods)).unwrap_or(Method::Get);
    let url = fields.required("url", |value| {
        let url = templated(URL_BYTES, variables)(value)?;
        // What stands in a hole is not known yet; the address is looked at again before it is asked.
        let stand_in = template::fill(&url, |_| Some("x".to_owned())).map_err(|error| Wrong::new(error.to_string()))?;
        // An address that begins with a variable is known when that is; then the probe refuses a user in it.
        if !url.starts_with("${") {
            web_address::read(&stand_in).map_err(Wrong::new)?;
        }
        Ok(url)
    });
    let headers = fields.pairs("headers", HEADERS, |name, value| header(name, value, variables, extracted));
    let body = fields.optional("body", templated(BODY_BYTES, variables));
    let redirects = fields.optional("redirects", read::whole(0, REDIRECTS_MAX));
    let redirects = redirects.and_then(|most| u8::try_from(most).ok()).unwrap_or(HttpCheck::REDIRECTS);
    let keys = ["status", "body_contains", "max_latency_ms", "assertions"];
    let expect = fields.nested("expect", &keys).map(|expect| Expectation {
        status: expect.optional("status", statuses).unwrap_or_else(|| vec![StatusRange::SUCCESS]),
        body_contains: expect.optional("body_contains", read::text(TEXT_BYTES)),
        max_latency_ms: expect.optional("max_latency_ms", read::whole(1, 120_000)),
        assertions: assertions(&expect, is_seen),
    });
    let any_success = || Expectation {
        status: vec![StatusRange::SUCCESS],
        body_contains: None,
        max_latency_ms: None,
        assertions: Vec::new(),
    };
    Some(HttpCheck {
        method,
        url: url?,
        headers,
        basic: fields
            .nested("basic", &["user", "password"])
            .and_then(|basic| self::basic(&basic, variables, extracted)),
        body,
        redirects,
        tls: fields.nested("tls", &TLS_KEYS).map(|tls| tls_options(&tls)).unwrap_or_default(),
        ip: ip(fields),
        expect: expect.unwrap_or_else(any_success),
    })
}

/// What can be seen of an HTTP answer.
fn is_seen(subject: &Subject) -> bool {
    !matches!(subject, Subject::Rcode | Subject::Answer | Subject::Loss)
}

fn basic(fields: &Fields<'_>, variables: &[String], extracted: &[String]) -> Option<(String, String)> {
    let user = fields.required("user", templated(HEADER_BYTES, variables));
    let password = fields.required("password", |value| {
        let text = templated(HEADER_BYTES, variables)(value)?;
        if template::names_any(&text, extracted) { Ok(text) } else { Err(in_clear()) }
    });
    Some((user?, password?))
}

fn in_clear() -> Wrong {
    Wrong::new("would put a credential where everybody can read it; keep it in the file of --check-secrets-file")
        .suggesting(Some("${secret.NAME}"))
}

pub(super) fn tls_options(fields: &Fields<'_>) -> TlsOptions {
    let truth = |value: &Value| value.as_bool().ok_or_else(|| Wrong::new("must be true or false"));
    TlsOptions {
        insecure: fields.optional("insecure", truth).unwrap_or(false),
        server_name: fields.optional("server_name", read::text(253)),
        ca: fields.optional("ca", |value| {
            let text = read::text(CA_BYTES)(value)?;
            if text.contains("-----BEGIN CERTIFICATE-----") {
                Ok(text)
            } else {
                Err(Wrong::new("must be certificates in PEM"))
            }
        }),
    }
}

pub(super) fn ip(fields: &Fields<'_>) -> IpVersion {
    let version = |value: &Value| match value.as_u64() {
        Some(4) => Ok(IpVersion::V4),
        Some(6) => Ok(IpVersion::V6),
        Some(_) | None if value.as_str() == Some("any") => Ok(IpVersion::Any),
        Some(_) | None => Err(Wrong::new("must be 4, 6 or any")),
    };
    fields.optional("ip", version).unwrap_or_default()
}

/// A header's value, unless it would put a credential where everybody can read it.
pub(super) fn header(name: &str, value: &Value, variables: &[String], extracted: &[String]) -> Result<String, Wrong> {
    const SECRET: [&str; 5] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"];
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(Wrong::new("is not a header's name (RFC 9110, section 5.1)"));
    }
    let text = templated(HEADER_BYTES, variables)(value)?;
    if SECRET.contains(&name.to_lowercase().as_str()) && !template::names_any(&text, extracted) {
        return Err(in_clear());
    }
    if text.chars().any(char::is_control) {
        return Err(Wrong::new("has a control character"));
    }
    Ok(text)
}

/// Several requests. What a step extracts, those after it may name.
pub(super) fn journey(fields: &Fields<'_>) -> Option<JourneyCheck> {
    let declared = fields.pairs("variables", VARIABLES, |name, value| {
        variable(name)?;
        templated(TEXT_BYTES, &[])(value)
    });
    let variables: BTreeMap<String, String> = declared.into_iter().collect();
    let mut known: Vec<String> = variables.keys().cloned().collect();
    let mut extracted: Vec<String> = Vec::new();
    let mut steps = Vec::new();
    for (number, fields) in fields.objects("steps", STEPS, &STEP_KEYS).iter().enumerate() {
        let name = fields.optional("name", read::text(100)).unwrap_or_else(|| format!("step {}", number + 1));
        let request = http_check(fields, &known, &extracted);
        let extract: Vec<Extract> = fields
            .named("extract", EXTRACTS, &["json", "header", "pattern", "body", "cookie", "url"])
            .into_iter()
            .filter_map(|(name, from)| {
                if let Err(wrong) = variable(name) {
                    fields.wrong("extract", wrong);
                    return None;
                }
                Some(Extract { name: name.to_owned(), from: source(&from)? })
            })
            .collect();
        extracted.extend(extract.iter().map(|extract| extract.name.clone()));
        known.extend(extract.iter().map(|extract| extract.name.clone()));
        let truth = |value: &Value| value.as_bool().ok_or_else(|| Wrong::new("must be true or false"));
        let always = fields.optional("always", truth).unwrap_or(false);
        steps.extend(request.map(|request| Step { name, request, extract, always }));
    }
    if steps.is_empty() {
        fields.wrong("steps", Wrong::new("must be a list of at least one step"));
        return None;
    }
    let max_latency_ms = fields.optional("max_latency_ms", read::whole(1, 120_000));
    Some(JourneyCheck { variables, steps, max_latency_ms })
}

fn variable(name: &str) -> Result<(), Wrong> {
    let sound = (1..=50).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if sound {
        Ok(())
    } else {
        Err(Wrong::new("is not a variable's name: letters, digits and underscores, at most 50"))
    }
}

fn source(fields: &Fields<'_>) -> Option<Source> {
    let text = |key| fields.optional(key, read::text(TEXT_BYTES));
    let matching = |key| {
        fields.optional(key, |value| {
            let text = read::text(TEXT_BYTES)(value)?;
            pattern(&text).map_err(Wrong::new)?;
            Ok(text)
        })
    };
    let json = fields.optional("json", |value| {
        let text = read::text(TEXT_BYTES)(value)?;
        json_path(&text).map_err(Wrong::new)?;
        Ok(text)
    });
    let found: Vec<Source> = [
        json.map(Source::Json),
        text("header").map(|name| Source::Header(name, matching("pattern"))),
        matching("body").map(Source::Body),
        text("cookie").map(Source::Cookie),
        matching("url").map(Source::Url),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !matches!(found.as_slice(), [Source::Header(..)]) {
        fields.optional("pattern", |_| -> Result<(), Wrong> {
            Err(Wrong::new("stands beside \"header\" alone; \"body\" and \"url\" are patterns themselves"))
        });
    }
    match <[Source; 1]>::try_from(found) {
        Ok([source]) => Some(source),
        Err(_) => {
            fields.wrong("json", Wrong::new("must say one place: json, header, body, cookie or url"));
            None
        }
    }
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
