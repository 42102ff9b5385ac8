//! A board with flags, and requests to it.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use flagd::{Bucketing, Document, Set};
use serde_json::{Value, json};
use serving::{
    Board, Scope, Serving,
    flagd_ports::{self, Ports},
    stream::Limits,
    tally::Tally,
};
use tower::ServiceExt;

/// Compiles a document that must be good.
pub(crate) fn set(document: &Value) -> Arc<Set> {
    let (document, problems) = Document::read(document.to_string().as_bytes()).unwrap();
    assert_eq!(problems, []);
    Arc::new(document.compile(Bucketing::default()))
}

/// Flags of every kind. `release` is on or off by default.
pub(crate) fn shop(release: &str) -> Value {
    json!({
        "metadata": { "version": "7" },
        "flags": {
            "release": {
                "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": release,
                "metadata": { "flagSetId": "web", "owner": "team-checkout" },
            },
            "banner": {
                "state": "ENABLED", "variants": { "plain": "Hello \"you\"", "staff": "Hello, staff" },
                "defaultVariant": "plain",
                "targeting": { "if": [{ "ends_with": [{ "var": "email" }, "@acme.test"] }, "staff"] },
            },
            "limit": {
                "state": "ENABLED", "variants": { "low": 10, "high": 10.5 }, "defaultVariant": "low",
                "metadata": { "flagSetId": "api" },
            },
            "theme": {
                "state": "ENABLED", "variants": { "dark": { "ink": "white" }, "light": { "ink": "black" } },
                "defaultVariant": "dark",
            },
            "retired": { "state": "DISABLED", "variants": { "on": true, "off": false }, "defaultVariant": "on" },
            "undecided": { "state": "ENABLED", "variants": { "on": true, "off": false } },
            "astray": {
                "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "on",
                "targeting": { "var": "wanted" },
            },
        },
    })
}

/// What serves the shop's flags.
pub(crate) fn serving(document: &Value) -> Serving {
    serving_with(document, Limits::default())
}

/// The same with other limits for streams.
pub(crate) fn serving_with(document: &Value, limits: Limits) -> Serving {
    let board = Board::new();
    board.publish("production", set(document));
    Serving::new(board, Arc::new(Tally::default()), limits)
}

/// An answer that was read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers)).to_str().unwrap()
    }
}

/// Posts to a router as somebody with a scope.
pub(crate) async fn post(
    router: &Router,
    scope: Option<Scope>,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(Method::POST).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body.into()).unwrap();
    if let Some(scope) = scope {
        request.extensions_mut().insert(scope);
    }
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 64 << 20).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// Everything in production.
pub(crate) fn everything() -> Option<Scope> {
    Some(Scope::all("production"))
}

/// flagd's ports on any that are free.
pub(crate) async fn ports(serving: &Serving) -> Ports {
    let options = flagd_ports::Options {
        evaluation: 0,
        management: 0,
        sync: 0,
        ofrep: 0,
        ..flagd_ports::Options::new("production")
    };
    flagd_ports::open(serving.clone(), options).await.unwrap()
}

/// A client that asks this machine.
pub(crate) fn http() -> reqwest::Client {
    // An error says that another test was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
