//! Whether what must hold of an answer does.

use std::{borrow::Cow, cell::LazyCell};

use regex::{Regex, RegexBuilder};
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::{Assertion, Certificate, Phases, Relation, Source, Subject};

/// A compiled pattern has at most this size, so that none takes the memory of its probe.
const PATTERN_BYTES: usize = 1 << 20;
/// What an answer says of a value is cut to this length.
const SHOWN_CHARS: usize = 120;

/// What was seen of an answer.
#[derive(Debug, Clone, Default)]
pub struct Observed<'a> {
    /// The HTTP status, or a plugin's exit code.
    pub status: Option<u16>,
    /// Header names and values, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, or as much of it as is judged.
    pub body: Cow<'a, [u8]>,
    /// All of the body's bytes, as far as they were counted.
    pub body_size: u64,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// How long each phase took.
    pub phases: Phases,
    /// The certificate that was shown, and in how many days its chain ends.
    pub certificate: Option<(Certificate, i64)>,
    /// The version of HTTP.
    pub http_version: Option<String>,
    /// The address that answered.
    pub address: Option<String>,
    /// The address that was asked in the end, after redirects.
    pub url: String,
    /// Whether a connection was made.
    pub connected: bool,
    /// A name server's response code.
    pub rcode: Option<String>,
    /// Its records, one a line.
    pub answer: Option<String>,
    /// Echo requests without an answer, in percent.
    pub loss: Option<u8>,
    /// Cookies that were set on the way.
    pub cookies: Vec<(String, String)>,
}

/// A pattern, within its bounds.
///
/// # Errors
/// Why it is none, in words.
pub fn pattern(text: &str) -> Result<Regex, String> {
    let made = RegexBuilder::new(text).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build();
    made.map_err(|error| {
        if matches!(error, regex::Error::CompiledTooBig(_)) {
            return "is a pattern that is too large".to_owned();
        }
        format!("is no pattern: {}", error.to_string().lines().last().unwrap_or_default().trim())
    })
}

/// A JSONPath.
///
/// # Errors
/// Why it is none, in words.
pub fn json_path(text: &str) -> Result<JsonPath, String> {
    JsonPath::parse(text).map_err(|error| format!("is no JSONPath (RFC 9535): {error}"))
}

/// The first of these that does not hold, in words.
///
/// # Errors
/// What is seen, and what is wanted.
pub fn hold(assertions: &[Assertion], observed: &Observed<'_>) -> Result<(), String> {
    // The body is read as JSON once, however many assertions ask for parts of it.
    let document = LazyCell::new(|| serde_json::from_slice::<Value>(&observed.body).ok());
    for assertion in assertions {
        let seen = if let Subject::Json(path) = &assertion.of {
            document.as_ref().and_then(|document| selected(document, path))
        } else if let Subject::JsonLength(path) = &assertion.of {
            document.as_ref().and_then(|document| length(document, path))
        } else {
            seen(&assertion.of, observed)
        };
        judge(assertion, seen)?;
    }
    Ok(())
}

/// What is seen of a subject other than JSON; none if it isn't there.
fn seen(subject: &Subject, observed: &Observed<'_>) -> Option<String> {
    match subject {
        Subject::Status => observed.status.map(|status| status.to_string()),
        Subject::Header(name) => {
            let values = observed.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            let values: Vec<&str> = values.map(|(_, value)| value.as_str()).collect();
            (!values.is_empty()).then(|| values.join(", "))
        }
        Subject::Body => Some(String::from_utf8_lossy(&observed.body).into_owned()),
        Subject::Json(_) | Subject::JsonLength(_) => None,
        Subject::BodySize => Some(observed.body_size.to_string()),
        Subject::ResponseTime => Some(observed.latency_ms.to_string()),
        Subject::PhaseTime(phase) => Some((observed.phases.of(*phase) / 1_000).to_string()),
        Subject::CertificateDays => observed.certificate.as_ref().map(|(_, days)| days.to_string()),
        Subject::TlsVersion => observed.certificate.as_ref().map(|(certificate, _)| certificate.protocol.clone()),
        Subject::HttpVersion => observed.http_version.clone(),
        Subject::Address => observed.address.clone(),
        Subject::Connected => Some(observed.connected.to_string()),
        Subject::Rcode => observed.rcode.clone(),
        Subject::Answer => observed.answer.clone(),
        Subject::Loss => observed.loss.map(|loss| loss.to_string()),
    }
}

fn selected(document: &Value, path: &str) -> Option<String> {
    let path = json_path(path).ok()?;
    let nodes = path.query(document).all();
    match nodes.as_slice() {
        [] => None,
        [Value::String(text)] => Some(text.clone()),
        [one] => Some(one.to_string()),
        several => serde_json::to_string(several).ok(),
    }
}

fn length(document: &Value, path: &str) -> Option<String> {
    let path = json_path(path).ok()?;
    let nodes = path.query(document).all();
    let length = match nodes.as_slice() {
        [] => return None,
        [Value::Array(items)] => items.len(),
        [Value::Object(fields)] => fields.len(),
        [Value::String(text)] => text.chars().count(),
        [Value::Null | Value::Bool(_) | Value::Number(_)] => return None,
        several => several.len(),
    };
    Some(length.to_string())
}

fn judge(assertion: &Assertion, seen: Option<String>) -> Result<(), String> {
    let relation = &assertion.is;
    let holds = match (relation, &seen) {
        (Relation::Exists, seen) => seen.is_some(),
        (Relation::Missing, seen) => seen.is_none(),
        (Relation::NotEquals(_) | Relation::NotContains(_) | Relation::NotMatches(_) | Relation::NoneOf(_), None) => {
            true
        }
        (_, None) => false,
        (Relation::Equals(wanted), Some(seen)) => is_same(seen, wanted),
        (Relation::NotEquals(unwanted), Some(seen)) => !is_same(seen, unwanted),
        (Relation::OneOf(wanted), Some(seen)) => wanted.iter().any(|wanted| is_same(seen, wanted)),
        (Relation::NoneOf(unwanted), Some(seen)) => !unwanted.iter().any(|unwanted| is_same(seen, unwanted)),
        (Relation::LessThan(bound), Some(seen)) => compared(seen, bound, |order| order.is_lt()),
        (Relation::AtMost(bound), Some(seen)) => compared(seen, bound, |order| order.is_le()),
        (Relation::GreaterThan(bound), Some(seen)) => compared(seen, bound, |order| order.is_gt()),
        (Relation::AtLeast(bound), Some(seen)) => compared(seen, bound, |order| order.is_ge()),
        (Relation::Contains(text), Some(seen)) => seen.contains(text.as_str()),
        (Relation::NotContains(text), Some(seen)) => !seen.contains(text.as_str()),
        (Relation::Matches(text), Some(seen)) => pattern(text).is_ok_and(|pattern| pattern.is_match(seen)),
        (Relation::NotMatches(text), Some(seen)) => pattern(text).is_ok_and(|pattern| !pattern.is_match(seen)),
    };
    if holds {
        return Ok(());
    }
    let what = assertion.of.in_words();
    match seen {
        Some(seen) => Err(format!("{what} is {}; {} is wanted", shown(&seen), relation.in_words())),
        None => Err(format!("{what} is not there; {} is wanted", relation.in_words())),
    }
}

fn is_same(seen: &str, wanted: &str) -> bool {
    seen == wanted || order(seen, wanted).is_some_and(|order| order.is_eq())
}

fn compared(seen: &str, bound: &str, holds: impl Fn(std::cmp::Ordering) -> bool) -> bool {
    order(seen, bound).is_some_and(holds)
}

/// How two numbers compare; none if one is no number. Whole numbers are compared exactly.
fn order(one: &str, other: &str) -> Option<std::cmp::Ordering> {
    let (one, other) = (one.trim(), other.trim());
    if let (Ok(one), Ok(other)) = (one.parse::<i128>(), other.parse::<i128>()) {
        return Some(one.cmp(&other));
    }
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    number(one)?.partial_cmp(&number(other)?)
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("\"{}{more}\"", short.replace(['\n', '\r'], " "))
}

impl Subject {
    /// The subject in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Status => "the status".to_owned(),
            Self::Header(name) => format!("the header {name}"),
            Self::Body => "the body".to_owned(),
            Self::Json(path) => path.clone(),
            Self::JsonLength(path) => format!("the length of {path}"),
            Self::BodySize => "the body's size".to_owned(),
            Self::ResponseTime => "the response time in ms".to_owned(),
            Self::PhaseTime(phase) => format!("the time of phase {} in ms", phase.as_str()),
            Self::CertificateDays => "the days until the certificate ends".to_owned(),
            Self::TlsVersion => "the version of TLS".to_owned(),
            Self::HttpVersion => "the version of HTTP".to_owned(),
            Self::Address => "the address".to_owned(),
            Self::Connected => "connected".to_owned(),
            Self::Rcode => "the response code".to_owned(),
            Self::Answer => "the answer".to_owned(),
            Self::Loss => "the loss in percent".to_owned(),
        }
    }
}

impl Relation {
    /// What is wanted, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let list = |texts: &[String]| texts.iter().map(|text| shown(text)).collect::<Vec<_>>().join(" or ");
        match self {
            Self::Equals(text) => shown(text),
            Self::NotEquals(text) => format!("anything but {}", shown(text)),
            Self::OneOf(texts) => list(texts),
            Self::NoneOf(texts) => format!("neither {}", list(texts)),
            Self::LessThan(bound) => format!("less than {bound}"),
            Self::AtMost(bound) => format!("at most {bound}"),
            Self::GreaterThan(bound) => format!("more than {bound}"),
            Self::AtLeast(bound) => format!("at least {bound}"),
            Self::Contains(text) => format!("one that contains {}", shown(text)),
            Self::NotContains(text) => format!("one that does not contain {}", shown(text)),
            Self::Matches(text) => format!("one that matches {}", shown(text)),
            Self::NotMatches(text) => format!("one that does not match {}", shown(text)),
            Self::Exists => "that it is there".to_owned(),
            Self::Missing => "that it is not there".to_owned(),
        }
    }
}

impl Source {
    /// What is found there; none if nothing is.
    #[must_use]
    pub fn find(&self, observed: &Observed<'_>) -> Option<String> {
        let body = || String::from_utf8_lossy(&observed.body).into_owned();
        match self {
            Self::Json(path) => selected(&serde_json::from_slice(&observed.body).ok()?, path),
            Self::Header(name, within) => {
                let value = seen(&Subject::Header(name.clone()), observed)?;
                match within {
                    Some(within) => matched(within, &value),
                    None => Some(value),
                }
            }
            Self::Body(within) => matched(within, &body()),
            Self::Cookie(name) => {
                let set = observed.cookies.iter().rev().find(|(known, _)| known == name);
                set.map(|(_, value)| value.clone())
            }
            Self::Url(within) => matched(within, &observed.url),
        }
    }
}

/// The first group of the first match, or all of it if the pattern has no group.
fn matched(within: &str, text: &str) -> Option<String> {
    let found = pattern(within).ok()?.captures(text)?;
    Some(found.get(1).or_else(|| found.get(0))?.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;

    fn observed() -> Observed<'static> {
        Observed {
            status: Some(200),
            headers: vec![
                ("Content-Type".to_owned(), "application/json".to_owned()),
                ("via".to_owned(), "a".to_owned()),
                ("Via".to_owned(), "b".to_owned()),
            ],
            body:
                br#"{"status":"UP","count":3,"items":[{"id":1},{"id":2}],"name":"john.doe","big":18446744073709551615}"#
                    .into(),
            body_size: 99,
            latency_ms: 120,
            phases: Phases { tls_us: 42_000, ..Phases::default() },
            url: "https://shop.example/callback?code=abc&state=x".to_owned(),
            connected: true,
            cookies: vec![("session".to_owned(), "old".to_owned()), ("session".to_owned(), "new".to_owned())],
            ..Observed::default()
        }
    }

    fn check(of: Subject, is: Relation, expected: Result<(), &str>) {
        let actual = hold(&[Assertion { of: of.clone(), is: is.clone() }], &observed());
        assert_eq!(
            actual.as_ref().map_err(String::as_str),
            expected.as_ref().map(|()| &()).map_err(|text| *text),
            "{of:?} {is:?}"
        );
    }

    fn json(path: &str) -> Subject {
        Subject::Json(path.to_owned())
    }

    #[test]
    fn each_relation_holds_or_says_what_is_seen_and_what_is_wanted() {
        let text = |text: &str| text.to_owned();
        check(Subject::Status, Relation::Equals(text("200")), Ok(()));
        check(Subject::Status, Relation::OneOf(vec![text("204"), text("200")]), Ok(()));
        check(Subject::Status, Relation::LessThan(text("300")), Ok(()));
        check(Subject::Status, Relation::Equals(text("201")), Err("the status is \"200\"; \"201\" is wanted"));
        check(json("$.status"), Relation::Equals(text("UP")), Ok(()));
        check(json("$.items[*].id"), Relation::Equals(text("[1,2]")), Ok(()));
        check(json("$.big"), Relation::Equals(text("18446744073709551615")), Ok(()));
        check(
            json("$.big"),
            Relation::LessThan(text("18446744073709551615")),
            Err("$.big is \"18446744073709551615\"; less than 18446744073709551615 is wanted"),
        );
        check(json("$.none"), Relation::Exists, Err("$.none is not there; that it is there is wanted"));
        check(json("$.none"), Relation::NotEquals(text("x")), Ok(()));
        check(json("$.none"), Relation::Missing, Ok(()));
        check(json("$.name"), Relation::Matches(text("^john")), Ok(()));
        check(Subject::JsonLength(text("$.items")), Relation::AtLeast(text("2")), Ok(()));
        check(Subject::JsonLength(text("$.name")), Relation::Equals(text("8")), Ok(()));
        check(Subject::Header(text("content-type")), Relation::Contains(text("json")), Ok(()));
        check(Subject::Header(text("via")), Relation::Equals(text("a, b")), Ok(()));
        check(Subject::Body, Relation::NotContains(text("error")), Ok(()));
        check(Subject::ResponseTime, Relation::AtMost(text("120")), Ok(()));
        check(
            Subject::PhaseTime(Phase::Tls),
            Relation::LessThan(text("42")),
            Err("the time of phase tls in ms is \"42\"; less than 42 is wanted"),
        );
        check(
            Subject::CertificateDays,
            Relation::AtLeast(text("14")),
            Err("the days until the certificate ends is not there; at least 14 is wanted"),
        );
    }

    #[test]
    fn what_is_remembered_is_found_in_the_answer() {
        let find = |source: Source| source.find(&observed());
        assert_eq!(find(Source::Json("$.items[0].id".to_owned())).as_deref(), Some("1"));
        assert_eq!(find(Source::Url("code=([^&]+)".to_owned())).as_deref(), Some("abc"));
        assert_eq!(find(Source::Cookie("session".to_owned())).as_deref(), Some("new"));
        assert_eq!(find(Source::Header("via".to_owned(), Some("[b-z]".to_owned()))).as_deref(), Some("b"));
        assert_eq!(find(Source::Body("nowhere".to_owned())), None);
    }

    #[test]
    fn a_pattern_that_would_take_all_memory_is_refused() {
        assert_eq!(pattern("(a{1000}){1000}").unwrap_err(), "is a pattern that is too large");
        assert!(pattern("(").unwrap_err().starts_with("is no pattern"));
        assert!(json_path("$.[").is_err());
    }
}
