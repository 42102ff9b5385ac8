//! Posts over HTTP, bounded in every way.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use outbound::{Allowed, Judged, NotAllowed, literal};
use reqwest::{
    StatusCode,
    header::{self, HeaderMap},
    redirect,
};
use url::Url;

use crate::{
    address::Credentials,
    outcome::{Class, Failure, RETRY_AFTER_MAX, words},
};

/// How long a connection may take to come about.
pub(crate) const CONNECT_PATIENCE: Duration = Duration::from_secs(5);
/// How long one attempt may take in all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);
/// How much of an answer is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// How many redirects are followed: within one origin, and only those that keep method and body.
const REDIRECTS_MAX: usize = 3;

/// Posts to addresses that were judged.
#[derive(Debug, Clone)]
pub(crate) struct Poster {
    /// For addresses that users give: they lead to what the operator allows.
    guarded: reqwest::Client,
    /// For addresses that the operator gave.
    trusted: reqwest::Client,
    allowed: Arc<Allowed>,
}

/// A post.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) url: Url,
    /// True if the operator gave the address.
    pub(crate) trusted: bool,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) body: String,
}

/// An answer, whatever its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The body's beginning.
    pub(crate) body: String,
    /// How long to wait before the next attempt.
    pub(crate) retry_after: Option<Duration>,
}

impl Poster {
    /// One that may call what is allowed.
    ///
    /// # Errors
    /// If no HTTP client can be had.
    pub(crate) fn new(allowed: Allowed) -> Result<Self, reqwest::Error> {
        let allowed = Arc::new(allowed);
        let guarded = client().dns_resolver(Arc::new(Judged(Arc::clone(&allowed)))).build()?;
        Ok(Self { guarded, trusted: client().build()?, allowed })
    }

    /// Posts once.
    ///
    /// An answer that breaks off is what its status says if that is a refusal. A success that breaks off may be none,
    /// and a message rather comes twice than not at all.
    ///
    /// # Errors
    /// If nothing was answered, or a success broke off.
    pub(crate) async fn post(&self, post: Post, secrets: &[&str]) -> Result<Answer, Failure> {
        if !post.trusted {
            literal(&self.allowed, &post.url).map_err(|wrong| Failure::permanent(wrong.0))?;
        }
        let client = if post.trusted { &self.trusted } else { &self.guarded };
        let mut call = client.post(post.url).header(header::CONTENT_TYPE, post.content_type);
        for (name, value) in &post.headers {
            call = call.header(*name, value);
        }
        call = match post.credentials {
            None => call,
            Some(Credentials::Token(token)) => call.bearer_auth(token),
            Some(Credentials::Password(user, password)) => call.basic_auth(user, Some(password)),
        };
        let failed = |error| failed(error, secrets);
        let mut response = call.body(post.body).send().await.map_err(failed)?;
        let (status, retry_after) = (response.status(), retry_after(response.headers(), SystemTime::now()));
        let mut bytes = Vec::new();
        while bytes.len() < ANSWER_BYTES_MAX {
            match response.chunk().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) if status.is_success() => return Err(failed(error)),
                Err(_) => break,
            }
        }
        bytes.truncate(ANSWER_BYTES_MAX);
        Ok(Answer { status, body: String::from_utf8_lossy(&bytes).into_owned(), retry_after })
    }
}

impl Answer {
    /// The answer, if its status is success.
    ///
    /// # Errors
    /// By the status: what may pass (408, 425, 429 and 5xx) is worth another attempt, everything else is not.
    pub(crate) fn success(self, secrets: &[&str]) -> Result<Self, Failure> {
        if self.status.is_success() {
            return Ok(self);
        }
        let class = self.class();
        let elsewhere =
            if self.status.is_redirection() { " (redirects to other servers are not followed)" } else { "" };
        Err(Failure::new(format!("{}{elsewhere}", self.words(secrets)), class))
    }

    /// What to do, if the answer is a failure.
    pub(crate) fn class(&self) -> Class {
        let may_pass = self.status.is_server_error()
            || matches!(
                self.status,
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
            );
        if may_pass { Class::Retry { after: self.retry_after } } else { Class::Permanent }
    }

    /// Status and body, as they may be kept.
    pub(crate) fn words(&self, secrets: &[&str]) -> String {
        words(format!("{}: {}", self.status, self.body).trim_end_matches([':', ' ']), secrets)
    }
}

fn client() -> reqwest::ClientBuilder {
    let follow = redirect::Policy::custom(|attempt| {
        let keeps = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        let same = attempt.previous().iter().all(|from| from.origin() == attempt.url().origin());
        if keeps && same && attempt.previous().len() <= REDIRECTS_MAX { attempt.follow() } else { attempt.stop() }
    });
    reqwest::Client::builder()
        .connect_timeout(CONNECT_PATIENCE)
        .timeout(PATIENCE)
        .redirect(follow)
        .no_proxy()
        .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
}

/// Why nothing was answered, without the address, which may be a secret.
fn failed(error: reqwest::Error, secrets: &[&str]) -> Failure {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut may_pass = !error.is_builder();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        may_pass &= !cause.is::<NotAllowed>();
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    let class = if may_pass { Class::Retry { after: None } } else { Class::Permanent };
    Failure::new(words(&text, secrets), class)
}

/// What `Retry-After` says (RFC 9110, section 10.2.3): seconds or a date. At most an hour.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let after = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(after.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_at_most_an_hour() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let check = |value: &str, expected: Option<u64>| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now), expected.map(Duration::from_secs), "{value}");
        };
        check("120", Some(120));
        check("Sun, 06 Nov 1994 08:50:37 GMT", Some(60));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("99999999", Some(3_600));
        check("Sat, 06 Nov 2094 08:49:37 GMT", Some(3_600));
        check("-3", None);
        check("soon", None);
    }
}
