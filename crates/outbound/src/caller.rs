//! Makes one call.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use reqwest::{Method, StatusCode, header, redirect};

use crate::{Allowed, Judged, Key, NotAllowed, literal, sign};

/// How long a call may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of an answer is kept.
const ANSWER_BYTES_MAX: usize = 2_000;
/// Redirects that are followed: 307 and 308, which keep method and body.
const REDIRECTS_MAX: usize = 3;

/// A call.
#[derive(Debug, Clone, Default)]
pub struct Outgoing {
    /// What makes repetitions known to the receiver: `Idempotency-Key` and `webhook-id`.
    pub id: String,
    /// The method.
    pub method: String,
    /// Where.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// User and password of basic authentication.
    pub basic: Option<(String, Option<String>)>,
    /// What it is signed with.
    pub key: Option<Key>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// In words, without the address: it may hold a secret.
    pub error: String,
    /// True if the same call may succeed later.
    pub may_pass: bool,
}

/// Calls.
#[derive(Debug, Clone)]
pub struct Caller {
    client: reqwest::Client,
    allowed: Arc<Allowed>,
}

impl Caller {
    /// One that may call what is allowed.
    ///
    /// # Errors
    /// If no HTTP client can be had.
    pub fn new(allowed: Allowed) -> Result<Self, reqwest::Error> {
        let allowed = Arc::new(allowed);
        let (names, hops) = (Arc::clone(&allowed), Arc::clone(&allowed));
        let follow = redirect::Policy::custom(move |attempt| {
            let keeps = matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
            if !keeps || attempt.previous().len() > REDIRECTS_MAX {
                return attempt.stop();
            }
            let downgrade = attempt.previous().last().is_some_and(|from| from.scheme() == "https")
                && attempt.url().scheme() != "https";
            // Headers that the HTTP client does not know to be secret would go there too, and the body in any case.
            let leaves = attempt.previous().first().is_none_or(|first| first.origin() != attempt.url().origin());
            let judged = match attempt.url() {
                _ if downgrade => Err(NotAllowed("a redirect leads from https to http".to_owned())),
                url => literal(&hops, url).and_then(|()| if leaves { Err(elsewhere(url)) } else { Ok(()) }),
            };
            match judged {
                Err(wrong) => attempt.error(wrong),
                Ok(()) => attempt.follow(),
            }
        });
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(follow)
            .dns_resolver(Arc::new(Judged(names)))
            .no_proxy()
            .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, allowed })
    }

    /// Makes a call, once.
    ///
    /// # Errors
    /// If nothing was answered, or something else than success (200 to 206).
    pub async fn call(&self, outgoing: &Outgoing) -> Result<Answered, Failed> {
        let never = |error: String| Failed { error, may_pass: false };
        let url =
            url::Url::parse(&outgoing.url).map_err(|error| never(format!("the address can't be read: {error}")))?;
        literal(&self.allowed, &url).map_err(|wrong| never(wrong.0))?;
        let method = Method::from_bytes(outgoing.method.as_bytes());
        let method = method.map_err(|_| never(format!("{} is no method", outgoing.method)))?;
        let mut call = self.client.request(method, url);
        for (name, value) in &outgoing.headers {
            call = call.header(name, value);
        }
        if !outgoing.body.is_empty()
            && !outgoing.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            call = call.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some((user, password)) = &outgoing.basic {
            call = call.basic_auth(user, password.as_ref());
        }
        call = call.header("idempotency-key", &outgoing.id);
        if let Some(key) = &outgoing.key {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
            call = call
                .header("webhook-id", &outgoing.id)
                .header("webhook-timestamp", seconds.to_string())
                .header("webhook-signature", sign(key, &outgoing.id, seconds, &outgoing.body));
        }
        let response = call.body(outgoing.body.clone()).send().await.map_err(failed)?;
        let status = response.status();
        let body = beginning(response, ANSWER_BYTES_MAX).await;
        if (200..=206).contains(&status.as_u16()) {
            return Ok(Answered { status: status.as_u16(), body });
        }
        let may_pass = !status.is_client_error()
            || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT);
        Err(Failed { error: format!("{status}: {body}").trim().to_owned(), may_pass })
    }
}

/// The refusal of a redirect to another server, without what follows its name: it may hold a secret.
fn elsewhere(url: &url::Url) -> NotAllowed {
    NotAllowed(format!("a redirect leads to another server: {}", url.origin().ascii_serialization()))
}

fn failed(error: reqwest::Error) -> Failed {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut may_pass = !error.is_builder();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        may_pass &= !cause.is::<NotAllowed>();
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    Failed { error: words, may_pass }
}

/// The first bytes of an answer's body, as text; what cannot be read any more is left out.
pub async fn beginning(mut response: reqwest::Response, bytes_max: usize) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < bytes_max {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    bytes.truncate(bytes_max);
    String::from_utf8_lossy(&bytes).into_owned()
}
