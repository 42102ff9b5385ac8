//! Who may ask the relay.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::keep::sha256;
use crate::{Scope, StreamKey, ofrep};

/// The callers' tokens, as hashes, so that comparing them tells nothing by its duration.
pub(super) struct Guard {
    /// The key of each token's event stream, by the token's hash.
    tokens: HashMap<String, StreamKey>,
    stream_keys: HashSet<String>,
    scope: Scope,
}

impl Guard {
    pub(super) fn new(tokens: &[String], environment: &str) -> Self {
        let key = |token: &String| StreamKey(sha256(format!("event stream of {token}").as_bytes()));
        let tokens: HashMap<_, _> = tokens.iter().map(|token| (sha256(token.as_bytes()), key(token))).collect();
        let stream_keys = tokens.values().map(|key| sha256(key.0.as_bytes())).collect();
        Self { tokens, stream_keys, scope: Scope::all(environment) }
    }

    fn by_token(&self, request: &Request) -> Option<&StreamKey> {
        let headers = request.headers();
        let bearer = headers.get(header::AUTHORIZATION).and_then(|header| header.to_str().ok());
        let bearer = bearer.and_then(|text| text.split_once(' '));
        let bearer = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        let key = headers.get("x-api-key").and_then(|header| header.to_str().ok());
        self.tokens.get(&sha256(bearer.or(key)?.as_bytes()))
    }

    /// Browsers can't send headers with an event stream.
    fn by_address(&self, request: &Request) -> bool {
        let mut query = url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
        request.uri().path() == ofrep::EVENTS
            && query.any(|(name, value)| name == "key" && self.stream_keys.contains(&sha256(value.as_bytes())))
    }
}

/// Lets those in who show a token.
pub(super) async fn admit(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    if let Some(key) = guard.by_token(&request) {
        request.extensions_mut().insert(key.clone());
    } else if !guard.by_address(&request) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    request.extensions_mut().insert(guard.scope.clone());
    next.run(request).await
}
