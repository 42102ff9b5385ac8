//! One run of one check.

use std::error::Error;

use checks::{
    CheckDefinition, CheckKind, Evidence, Expectation, HttpCheck, Observed, Outcome, StatusRange, hold, shown,
    template::{self, TemplateError},
};
use reqwest::{Method, Response, StatusCode, header};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::{Client, client::HostError};

/// How a run went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Whether it passed, and what it saw if it did not.
    pub outcome: Outcome,
    /// How long it took, to the end of the answer or to its failure.
    pub latency_ms: u64,
}

/// How much of a body is read.
const BODY_BYTES: usize = 64 * 1024;

/// What has been seen so far; it outlives a run that is cut off.
#[derive(Default)]
struct Seen {
    url: Option<Url>,
    status: Option<StatusCode>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Why a run got no answer to judge.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the address is not one: {0}")]
    Address(#[from] url::ParseError),
    #[error(transparent)]
    Host(#[from] HostError),
    #[error("{}", in_words(.0))]
    Http(#[from] reqwest::Error),
    #[error("redirected more than {0} times")]
    TooManyRedirects(u8),
    #[error("the {0} {1}")]
    Template(&'static str, TemplateError),
    #[error("redirected to {0}, which is not a web address")]
    RedirectedAway(String),
}

impl Client {
    /// Runs a check once. Never fails: what goes wrong is the run's outcome.
    pub async fn run_once(&self, definition: &CheckDefinition) -> Run {
        let CheckKind::Http(http) = &definition.kind else {
            let evidence = Evidence::of(format!("this probe can't run {}", definition.kind.word()));
            return Run { outcome: Outcome::Failed { evidence }, latency_ms: 0 };
        };
        let mut seen = Seen::default();
        let started = Instant::now();
        let exchanged = timeout(definition.timeout(), self.exchange(http, &mut seen)).await;
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let failure = match exchanged {
            Ok(Ok(())) => mismatch(&http.expect, &seen, latency_ms),
            Ok(Err(fault)) => Some(fault.to_string()),
            Err(_) => {
                let part = seen.status.map_or("no answer", |_| "no complete answer");
                Some(format!("{part} within {} ms", definition.timeout_ms))
            }
        };
        let evidence = |error| seen.evidence(error, &http.url, latency_ms);
        let outcome = match (failure, http.expect.max_latency_ms) {
            (Some(error), _) => Outcome::Failed { evidence: evidence(error) },
            (None, Some(max)) if latency_ms > max => {
                Outcome::Slow { evidence: evidence(format!("took {latency_ms} ms; at most {max} ms are wanted")) }
            }
            (None, _) => Outcome::Passed,
        };
        Run { outcome, latency_ms }
    }

    /// Asks, follows redirects, and reads the beginning of the body.
    async fn exchange(&self, http: &HttpCheck, seen: &mut Seen) -> Result<(), Fault> {
        let fill = |what, text: &str| template::fill(text, |_| None).map_err(|error| Fault::Template(what, error));
        let mut url = Url::parse(&fill("address", &http.url)?)?;
        let mut method = Method::from_bytes(http.method.as_str().as_bytes()).unwrap_or(Method::GET);
        let mut body = http.body.as_deref().map(|body| fill("body", body)).transpose()?;
        for _ in 0..=http.redirects {
            self.allow(&url)?;
            seen.url = Some(url.clone());
            let mut request = self.http.request(method.clone(), url.clone());
            for (name, value) in &http.headers {
                request = request.header(name, fill("header", value)?);
            }
            if let Some((user, password)) = &http.basic {
                request = request.basic_auth(fill("user", user)?, Some(fill("password", password)?));
            }
            if let Some(body) = &body {
                request = request.body(body.clone());
            }
            let mut response = request.send().await?;
            seen.status = Some(response.status());
            seen.headers = response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
                .collect();
            if http.redirects == 0 {
                return read(&mut response, &mut seen.body).await;
            }
            let Some(next) = redirect(&response, &url, &http.expect)? else {
                return read(&mut response, &mut seen.body).await;
            };
            // RFC 9110, section 15.4: after 303, and by custom after 301 and 302 to a POST, the next request is a GET.
            let status = response.status();
            let posted = method == Method::POST && matches!(status, StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND);
            if status == StatusCode::SEE_OTHER || posted {
                method = if method == Method::HEAD { Method::HEAD } else { Method::GET };
                body = None;
            }
            url = next;
        }
        Err(Fault::TooManyRedirects(http.redirects))
    }
}

/// Where the answer redirects to, unless this very status is what the check wants.
fn redirect(response: &Response, from: &Url, expect: &Expectation) -> Result<Option<Url>, Fault> {
    let status = response.status();
    let wanted = expect.status.iter().any(|range| range.contains(status.as_u16()));
    let follows = matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(header::LOCATION).and_then(|location| location.to_str().ok());
    let Some(location) = location.filter(|_| follows && !wanted) else { return Ok(None) };
    let mut next = from.join(location)?;
    if !matches!(next.scheme(), "http" | "https") || !next.has_host() {
        return Err(Fault::RedirectedAway(shown(next.as_str())));
    }
    // A server must not make the probe sign in somewhere; both can't fail for an address with a host.
    let _ = next.set_password(None);
    let _ = next.set_username("");
    Ok(Some(next))
}

/// Reads the body, or its beginning: the rest of a long one is left unread.
async fn read(response: &mut Response, body: &mut Vec<u8>) -> Result<(), Fault> {
    while let Some(chunk) = response.chunk().await? {
        let room = BODY_BYTES - body.len();
        body.extend(chunk.iter().take(room));
        if body.len() >= BODY_BYTES {
            break;
        }
    }
    Ok(())
}

/// In what the answer differs from what is wanted.
fn mismatch(expect: &Expectation, seen: &Seen, latency_ms: u64) -> Option<String> {
    let status = seen.status.map_or(0, |status| status.as_u16());
    if !expect.status.iter().any(|range| range.contains(status)) {
        let wanted = expect.status.iter().map(StatusRange::to_string).collect::<Vec<_>>().join(" or ");
        return Some(format!("answered {status}; {wanted} is wanted"));
    }
    let Some(text) = expect.body_contains.as_ref().filter(|text| !contains(&seen.body, text.as_bytes())) else {
        return hold(&expect.assertions, &seen.observed(latency_ms)).err();
    };
    let part = if seen.body.len() < BODY_BYTES { "the answer" } else { "the first 64 KB of the answer" };
    Some(format!("{part} does not contain \"{text}\""))
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

impl Seen {
    fn observed(&self, latency_ms: u64) -> Observed<'_> {
        Observed {
            status: self.status.map(|status| status.as_u16()),
            headers: self.headers.clone(),
            body: self.body.as_slice().into(),
            body_size: self.body.len() as u64,
            latency_ms,
            url: self.url.as_ref().map(Url::to_string).unwrap_or_default(),
            connected: self.status.is_some(),
            ..Observed::default()
        }
    }

    fn evidence(&self, error: String, asked: &str, latency_ms: u64) -> Evidence {
        let url = self.url.as_ref().map_or(asked, Url::as_str);
        let excerpt = self.body.get(..Evidence::EXCERPT_BYTES).unwrap_or(&self.body);
        let excerpt = String::from_utf8_lossy(excerpt).into_owned();
        Evidence {
            error,
            url: shown(url),
            status: self.status.map(|status| status.as_u16()),
            latency_ms,
            body_excerpt: (!excerpt.is_empty()).then_some(excerpt),
            ..Evidence::of(String::new())
        }
        .bounded()
    }
}

/// The error in the words of its root cause. The layers above it say where in our own code it was found, and the
/// address, which may hold a credential.
fn in_words(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let what = if error.is_connect() {
        "can't connect"
    } else if error.is_body() || error.is_decode() {
        "the answer broke off"
    } else {
        "the request failed"
    };
    if cause.is::<reqwest::Error>() { what.to_owned() } else { format!("{what}: {cause}") }
}
