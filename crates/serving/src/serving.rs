//! What every face shares.

use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue, Method, header};
use flagd::Context;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{Board, gate::Gate, scope::SELECTOR_HEADER, stream::Limits, tally::Tally};

/// The board, the tally and the limits, as every face needs them. Cheap to clone.
#[derive(Clone)]
pub struct Serving {
    pub(crate) board: Arc<Board>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) gate: Arc<Gate>,
}

impl Serving {
    /// Serves what is on the board, and counts into the tally.
    pub fn new(board: Arc<Board>, tally: Arc<Tally>, limits: Limits) -> Self {
        Self { board, tally, gate: Arc::new(Gate::new(limits)) }
    }

    /// The board.
    pub fn board(&self) -> &Arc<Board> {
        &self.board
    }

    /// The tally.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Counts the answers of one request.
    pub(crate) fn count<'a>(
        &self,
        environment: &str,
        answers: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
        context: &Context,
    ) {
        let name = ["service", "app"].into_iter().find_map(|field| context.get(field));
        let caller = name.as_ref().and_then(|name| name.as_str());
        self.tally.record(environment, answers, caller, context.now());
    }
}

/// An origin that browsers never send.
#[derive(Debug, thiserror::Error)]
#[error("\"{0}\" is not an origin: write it as https://app.example.com, or * for any")]
pub struct InvalidOrigin(String);

/// Lets scripts of these origins evaluate flags; `*` lets any. Nothing if there are none.
///
/// Any origin is safe: callers show tokens, which browsers don't add by themselves. The layer belongs outside of whoever
/// authenticates, since browsers ask beforehand without a token.
///
/// # Errors
/// If one of them is not an origin.
pub fn cors(origins: &[String]) -> Result<Option<CorsLayer>, InvalidOrigin> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().map(|origin| header_of(origin)).collect::<Result<Vec<_>, _>>()?)
    };
    let sent = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_NONE_MATCH,
        header::CACHE_CONTROL,
        HeaderName::from_static("last-event-id"),
        HeaderName::from_static("x-api-key"),
        HeaderName::from_static(SELECTOR_HEADER),
    ];
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::POST, Method::GET])
        .allow_headers(sent)
        .expose_headers([header::ETAG, header::RETRY_AFTER])
        .max_age(std::time::Duration::from_secs(3600));
    Ok(Some(layer))
}

fn header_of(origin: &str) -> Result<HeaderValue, InvalidOrigin> {
    let wrong = || InvalidOrigin(origin.to_owned());
    let url = url::Url::parse(origin).map_err(|_| wrong())?;
    if url.origin().ascii_serialization() != origin {
        return Err(wrong());
    }
    HeaderValue::from_str(origin).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_alone() {
        let check = |origin: &str, good: bool| assert_eq!(cors(&[origin.to_owned()]).is_ok(), good, "{origin}");
        check("*", true);
        check("https://app.shop.test", true);
        check("http://localhost:3000", true);
        check("https://app.shop.test/", false);
        check("app.shop.test", false);
        check("file:///home", false);
        assert!(cors(&[]).unwrap().is_none());
    }
}
