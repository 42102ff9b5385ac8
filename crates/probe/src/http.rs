//! One HTTP request, with its redirects, and several in a row.

use std::error::Error;

use checks::{Expectation, HttpCheck, JourneyCheck, StatusRange, hold, shown, template::TemplateError};
use reqwest::{Method, Response, StatusCode, header};
use tokio::time::Instant;
use url::Url;

use crate::{Client, client::HostError, cookies::Cookies, run::Seen, values::Values};

/// How much of a body is read.
const BODY_BYTES: usize = 64 * 1024;

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

/// Makes one request and judges the answer.
pub(crate) async fn request(
    client: &Client,
    http: &HttpCheck,
    values: &Values,
    cookies: &mut Cookies,
    seen: &mut Seen,
) -> Result<(), String> {
    let started = Instant::now();
    exchange(client, http, values, cookies, seen).await.map_err(|fault| fault.to_string())?;
    seen.cookies = cookies.pairs();
    let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    mismatch(&http.expect, seen, latency_ms).map_or(Ok(()), Err)
}

/// Makes the requests of a journey. After one that fails, only those that are always made still are.
pub(crate) async fn journey(
    client: &Client,
    journey: &JourneyCheck,
    values: &mut Values,
    seen: &mut Seen,
) -> Result<(), String> {
    let mut cookies = Cookies::default();
    for (name, value) in &journey.variables {
        let value = values.fill(value).map_err(|error| format!("the variable {name} {error}"))?;
        values.set(name, value);
    }
    let mut failed: Option<(String, Seen)> = None;
    for step in &journey.steps {
        if failed.is_some() && !step.always {
            continue;
        }
        let before = std::mem::take(&mut seen.hops);
        *seen = Seen { hops: before, step: Some(step.name.clone()), ..Seen::default() };
        let mut went = request(client, &step.request, values, &mut cookies, seen).await;
        if went.is_ok() {
            for extract in &step.extract {
                match extract.from.find(&seen.observed(0)) {
                    Some(value) => values.set(&extract.name, value),
                    None => {
                        went = Err(format!("nothing was found for \"{}\"", extract.name));
                        break;
                    }
                }
            }
        }
        if let Err(error) = went
            && failed.is_none()
        {
            failed = Some((format!("step \"{}\": {error}", step.name), seen.clone()));
        }
    }
    match failed {
        Some((error, at)) => {
            *seen = at;
            Err(error)
        }
        None => Ok(()),
    }
}

/// Asks, follows redirects, and reads the beginning of the body.
async fn exchange(
    client: &Client,
    http: &HttpCheck,
    values: &Values,
    cookies: &mut Cookies,
    seen: &mut Seen,
) -> Result<(), Fault> {
    let fill = |what, text: &str| values.fill(text).map_err(|error| Fault::Template(what, error));
    let first = Url::parse(&fill("address", &http.url)?)?;
    let mut url = first.clone();
    let mut method = Method::from_bytes(http.method.as_str().as_bytes()).unwrap_or(Method::GET);
    let mut body = http.body.as_deref().map(|body| fill("body", body)).transpose()?;
    for _ in 0..=http.redirects {
        client.allow(&url)?;
        seen.url = url.to_string();
        // What a redirect leads to elsewhere gets nothing that may be a credential (RFC 9110, section 15.4).
        let at_home = url.origin() == first.origin();
        let mut request = client.http_for(&http.tls)?.request(method.clone(), url.clone());
        for (name, value) in http.headers.iter().filter(|(name, value)| at_home || is_harmless(name, value)) {
            request = request.header(name, fill("header", value)?);
        }
        if let Some((user, password)) = http.basic.as_ref().filter(|_| at_home) {
            request = request.basic_auth(fill("user", user)?, Some(fill("password", password)?));
        }
        if let Some(cookie) = cookies.header(&url) {
            request = request.header(header::COOKIE, cookie);
        }
        if let Some(body) = &body {
            request = request.body(body.clone());
        }
        let sent = Instant::now();
        let mut response = request.send().await?;
        cookies.take(&url, response.headers());
        seen.answered(&method, &url, &response, sent.elapsed());
        let Some(next) = redirect(&response, &url, &http.expect)?.filter(|_| http.redirects > 0) else {
            let reading = Instant::now();
            let read = read(&mut response, &mut seen.body).await;
            seen.transferred(reading.elapsed());
            return read;
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

/// True of a header that may go to another origin.
fn is_harmless(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !value.contains("${")
        && !["authorization", "cookie", "key", "token", "secret"].iter().any(|word| name.contains(word))
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
    let status = seen.status.unwrap_or(0);
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
