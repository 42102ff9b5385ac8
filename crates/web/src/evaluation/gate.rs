//! What stands around the routes by which flags are evaluated, instead of [`crate::security::protect`].
//!
//! They are asked more often than all others together, by programs that evaluate on each of their own requests. So there is
//! no log line for each, nothing is compressed or negotiated, and it is the token that bounds how often one may ask: a
//! whole fleet often stands behind one address. Nor is there a time-out, since streams stay open.
//!
//! Who is turned away is told by the status alone, as the OpenFeature Remote Evaluation Protocol has it.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Instant,
};

use access::{Grant, Scope};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    App,
    guard::{Visitor, note_use, peer, shown_token, who},
    security::{
        Limits,
        rate::{Caller, Limiter},
        shield,
    },
};

/// How OpenFeature's clients may show their token, beside `Authorization`.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The routes, with everything of this module around them.
pub(crate) fn around(router: Router, app: &App, limits: &Limits) -> Router {
    let gate = Gate {
        app: app.clone(),
        known: Arc::new(Limiter::new(limits.evaluations_per_second, limits.evaluations_per_second)),
        strangers: Arc::new(Limiter::new(limits.requests_per_second, limits.requests_at_once)),
    };
    router.layer(from_fn_with_state(gate, admit)).layer(CatchPanicLayer::custom(shield::panicked))
}

#[derive(Clone)]
struct Gate {
    app: App,
    known: Arc<Limiter>,
    strangers: Arc<Limiter>,
}

/// Why somebody is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TurnedAway {
    Unknown,
    Forbidden,
    TooOften { wait_s: u32 },
}

async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    match gate.grant(&request) {
        Ok(grant) => {
            note_use(&gate.app, &grant);
            request.extensions_mut().insert(Visitor(Some(grant)));
            next.run(request).await
        }
        Err(turned_away) => turned_away.into_response(),
    }
}

impl Gate {
    fn grant(&self, request: &Request) -> Result<Grant, TurnedAway> {
        let token = shown_token(request.headers()).or_else(|| api_key(request.headers()));
        let Ok(Some(grant)) = who(&self.app, request, token.as_deref()) else {
            self.strangers.take(at(request), Instant::now()).map_err(|refusal| TurnedAway::too_often(&refusal))?;
            return Err(TurnedAway::Unknown);
        };
        let caller = grant.token.map_or_else(|| at(request), Caller::Token);
        self.known.take(caller, Instant::now()).map_err(|refusal| TurnedAway::too_often(&refusal))?;
        if grant.allows(Scope::Evaluate) { Ok(grant) } else { Err(TurnedAway::Forbidden) }
    }
}

fn at(request: &Request) -> Caller {
    Caller::at(peer(request).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

fn api_key(headers: &HeaderMap) -> Option<String> {
    headers.get(X_API_KEY).map(|value| value.to_str().unwrap_or_default().to_owned())
}

impl TurnedAway {
    fn too_often(refusal: &kernel::Refusal) -> Self {
        Self::TooOften { wait_s: refusal.retry_after_s.unwrap_or(1) }
    }
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown => {
                let challenge = HeaderValue::from_static("Bearer realm=\"mainstay\"");
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
            }
            Self::Forbidden => StatusCode::FORBIDDEN.into_response(),
            Self::TooOften { wait_s } => {
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, HeaderValue::from(wait_s))]).into_response()
            }
        }
    }
}
