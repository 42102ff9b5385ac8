//! The server, as a relay asks it.

use std::time::Duration;

use futures::StreamExt;
use reqwest::{Client, Response, StatusCode, header};
use url::{Host, Url};

use super::{EdgeError, sse};
use crate::{clock, tally::Batch};

/// The server, with the relay's token.
pub(super) struct Upstream {
    http: Client,
    token: String,
    sets: Url,
    events: Url,
    tallies: Url,
}

/// A larger set is refused.
pub(super) const SET_BYTES_MAX: usize = 64 << 20;
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// For one answer.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// The server sends a comment every 15 seconds. If three are missing, it is gone.
const SILENCE: Duration = Duration::from_secs(45);

/// Why the server gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum UpstreamError {
    /// It can't be reached, or broke off.
    #[error("the server can't be reached: {0}")]
    Unreachable(String),
    /// It answered something else than it should.
    #[error("the server answered {status}{}", hint(*.status))]
    Status {
        /// What it answered.
        status: StatusCode,
        /// When it wants to be asked again.
        wait: Option<Duration>,
    },
    /// The set is more than the limit.
    #[error("the server's set is larger than {} MiB", SET_BYTES_MAX >> 20)]
    TooLarge,
    /// The stream said nothing for too long, or what is no event stream.
    #[error("the server's event stream {0}")]
    Stream(&'static str),
    /// The set can't be read.
    #[error("the server's set can't be read: {0}")]
    Document(flagd::Problem),
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => ": it does not know the relay's token",
        StatusCode::FORBIDDEN => ": the relay's token is not for this environment",
        StatusCode::NOT_FOUND => ": it does not know this environment",
        _ => "",
    }
}

impl From<reqwest::Error> for UpstreamError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = error.to_string();
            cause = error.source();
        }
        Self::Unreachable(text)
    }
}

/// An environment's set.
pub(super) struct Fetched {
    pub(super) etag: Option<String>,
    pub(super) document: Vec<u8>,
}

impl Upstream {
    pub(super) fn new(server: Url, token: &str, environment: &str) -> Result<Self, EdgeError> {
        if !matches!(server.scheme(), "http" | "https") || server.cannot_be_a_base() {
            return Err(EdgeError::Server(server));
        }
        let at = |segments: &[&str]| {
            let mut url = server.clone();
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().extend(segments);
            }
            url
        };
        let mut http = Client::builder()
            .connect_timeout(CONNECT_TIME)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("mainstay-edge-flags/", env!("CARGO_PKG_VERSION")));
        let local = match server.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if local {
            // A proxy elsewhere would look for the server on its own machine.
            http = http.no_proxy();
        }
        let mut events = at(&["ofrep", "v1", "events"]);
        // A token that isn't confined would otherwise hear of production.
        events.query_pairs_mut().append_pair("environment", environment);
        Ok(Self {
            http: http.build()?,
            token: token.to_owned(),
            sets: at(&["api", "v1", "flags", "sets", environment]),
            events,
            tallies: at(&["api", "v1", "flags", "tallies"]),
        })
    }

    /// The set as it is now; nothing if it is the one with this tag.
    pub(super) async fn fetch(&self, etag: Option<&str>) -> Result<Option<Fetched>, UpstreamError> {
        let mut request = self.http.get(self.sets.clone()).bearer_auth(&self.token).timeout(ANSWER_TIME);
        if let Some(etag) = etag {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        let response = request.send().await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            return Ok(None);
        }
        let response = good(response)?;
        let etag = response.headers().get(header::ETAG).and_then(|etag| etag.to_str().ok()).map(ToOwned::to_owned);
        let mut document = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await.transpose()? {
            if document.len() + piece.len() > SET_BYTES_MAX {
                return Err(UpstreamError::TooLarge);
            }
            document.extend_from_slice(&piece);
        }
        Ok(Some(Fetched { etag, document }))
    }

    /// Opens the stream that tells of changes after the event with this id.
    pub(super) async fn events(&self, last: Option<&str>) -> Result<Events, UpstreamError> {
        let mut request = self.http.get(self.events.clone()).bearer_auth(&self.token);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let answer = tokio::time::timeout(ANSWER_TIME, request.send()).await;
        let response = answer.map_err(|_| UpstreamError::Stream("does not begin"))??;
        Ok(Events { response: good(response)?, reader: sse::Reader::default() })
    }

    /// Hands in what was counted. The key makes a repetition count once.
    pub(super) async fn hand_in(&self, key: &str, batch: &Batch) -> Result<(), UpstreamError> {
        let request = self.http.post(self.tallies.clone()).bearer_auth(&self.token).timeout(ANSWER_TIME);
        good(request.header("idempotency-key", key).json(batch).send().await?)?;
        Ok(())
    }
}

fn good(response: Response) -> Result<Response, UpstreamError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let wait = response.headers().get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    Err(UpstreamError::Status { status, wait: wait.map(Duration::from_secs) })
}

/// The stream that tells of changes.
pub(super) struct Events {
    response: Response,
    reader: sse::Reader,
}

/// What came by the stream.
pub(super) enum Told {
    /// The server is there.
    Alive,
    /// There is another set.
    Changed,
}

impl Events {
    /// Waits for the next piece.
    pub(super) async fn next(&mut self) -> Result<Told, UpstreamError> {
        let piece = tokio::time::timeout(SILENCE, self.response.chunk()).await;
        let piece = piece.map_err(|_| UpstreamError::Stream("is silent"))??;
        let piece = piece.ok_or(UpstreamError::Stream("ended"))?;
        let told = self.reader.read(&piece).map_err(|_| UpstreamError::Stream("is none"))?;
        Ok(if told { Told::Changed } else { Told::Alive })
    }

    /// The last event's id.
    pub(super) fn id(&self) -> Option<&str> {
        self.reader.id()
    }
}

/// A key that no other batch has.
pub(super) fn fresh_key() -> String {
    use std::hash::{BuildHasher, RandomState};
    format!("{:016x}{:016x}", clock::now(), RandomState::new().hash_one(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_asks_for_its_own_environment_everywhere() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Url::parse("https://mainstay.example/under/").unwrap();
        let upstream = Upstream::new(server, "token", "staging & more").unwrap();
        let under = "https://mainstay.example/under/";
        assert_eq!(upstream.sets.as_str(), format!("{under}api/v1/flags/sets/staging%20&%20more"));
        assert_eq!(upstream.events.as_str(), format!("{under}ofrep/v1/events?environment=staging+%26+more"));
    }
}
