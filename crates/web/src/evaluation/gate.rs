//! What stands around the routes by which flags are evaluated, instead of [`crate::security::protect`].
//!
//! They are asked more often than all others together, by programs that evaluate on each of their own requests. So there is
//! no log line for each, nothing is compressed or negotiated, and it is the token that bounds how often one may ask: a
//! whole fleet often stands behind one address. Nor is there a time-out, since streams stay open.
//!
//! Who is let in gets a [`Scope`]: the environment is the token's, else that of an announced stream's key, else what the
//! caller names (`context.environment`, or `?environment=` of a stream), else `production`. Who is turned away is told by
//! the status alone, as the OpenFeature Remote Evaluation Protocol has it.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Instant,
};

use access::Grant;
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, request::Parts},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serving::{Scope, StreamKey, ofrep::BODY_BYTES_MAX};
use tower_http::catch_panic::CatchPanicLayer;

use super::stream_key::StreamKeys;
use crate::{
    App,
    guard::{note_use, peer, shown_token, who},
    security::{
        Limits,
        rate::{Caller, Limiter},
        shield,
    },
};

/// How OpenFeature's clients may show their token, beside `Authorization`.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// The route that announces event streams.
const ALL: &str = "/ofrep/v1/evaluate/flags";

/// The routes, with everything of this module around them.
pub(crate) fn around(router: Router, app: &App, limits: &Limits) -> Router {
    let gate = Gate {
        app: app.clone(),
        keys: StreamKeys::new(&app.settings().vault_key),
        known: Arc::new(Limiter::new(limits.evaluations_per_second, limits.evaluations_per_second)),
        strangers: Arc::new(Limiter::new(limits.requests_per_second, limits.requests_at_once)),
    };
    let router = router.layer(from_fn_with_state(gate, admit)).layer(CatchPanicLayer::custom(shield::panicked));
    // Browsers ask beforehand without a token, so this is outside of the gate.
    match &app.settings().evaluation_cors {
        Some(cors) => router.layer(cors.clone()),
        None => router,
    }
}

#[derive(Clone)]
struct Gate {
    app: App,
    keys: StreamKeys,
    known: Arc<Limiter>,
    strangers: Arc<Limiter>,
}

/// Why somebody is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TurnedAway {
    Unknown,
    Forbidden,
    TooLarge,
    TooOften { wait_s: u32 },
}

async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    match gate.admitted(request).await {
        Ok(request) => next.run(request).await,
        Err(turned_away) => turned_away.into_response(),
    }
}

impl Gate {
    /// The request, with what it may see among its extensions.
    async fn admitted(&self, request: Request) -> Result<Request, TurnedAway> {
        let named = Named::of(&request);
        let (grant, environment) = self.grant(&request, &named)?;
        note_use(&self.app, &grant);
        let (mut parts, body) = request.into_parts();
        let (environment, body) = match grant.reach.environment.clone().or(environment).or(named.environment) {
            Some(environment) => (environment, body),
            None => environment_in(&parts, body).await?,
        };
        let environment = self.app.published().environment(&self.app, environment).await;
        if let Some(token) = grant.token
            && parts.uri.path().trim_end_matches('/') == ALL
        {
            parts.extensions.insert(StreamKey(self.keys.key(token, &environment)));
        }
        let flag_sets = (!grant.reach.flag_sets.is_empty()).then_some(grant.reach.flag_sets);
        parts.extensions.insert(Scope { environment, flag_sets });
        Ok(Request::from_parts(parts, body))
    }

    /// Who asks, and the environment that an announced stream is about.
    fn grant(&self, request: &Request, named: &Named) -> Result<(Grant, Option<String>), TurnedAway> {
        let opened = named.key.as_deref().and_then(|key| self.keys.open(key, &self.app));
        let (grant, environment) = match opened {
            Some((grant, environment)) => (grant, Some(environment)),
            None => {
                let token = shown_token(request.headers()).or_else(|| api_key(request.headers()));
                let Ok(Some(grant)) = who(&self.app, request, token.as_deref()) else {
                    take(&self.strangers, at(request))?;
                    return Err(TurnedAway::Unknown);
                };
                (grant, None)
            }
        };
        take(&self.known, grant.token.map_or_else(|| at(request), Caller::Token))?;
        if grant.allows(access::Scope::Evaluate) { Ok((grant, environment)) } else { Err(TurnedAway::Forbidden) }
    }
}

fn take(limiter: &Limiter, caller: Caller) -> Result<(), TurnedAway> {
    let too_often = |refusal: kernel::Refusal| TurnedAway::TooOften { wait_s: refusal.retry_after_s.unwrap_or(1) };
    limiter.take(caller, Instant::now()).map_err(too_often)
}

fn at(request: &Request) -> Caller {
    Caller::at(peer(request).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

fn api_key(headers: &HeaderMap) -> Option<String> {
    headers.get(X_API_KEY).map(|value| value.to_str().unwrap_or_default().to_owned())
}

/// What the address of an event stream says.
#[derive(Debug, Default, Deserialize)]
struct Named {
    key: Option<String>,
    environment: Option<String>,
}

impl Named {
    fn of(request: &Request) -> Self {
        if request.method() != Method::GET {
            return Self::default();
        }
        Query::try_from_uri(request.uri()).map(|Query(named)| named).unwrap_or_default()
    }
}

/// What of a body chooses the environment. The rest is read by who answers.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow)]
    context: Option<Where<'a>>,
}

#[derive(Deserialize)]
struct Where<'a> {
    #[serde(borrow)]
    environment: Option<Cow<'a, str>>,
}

/// The environment that the context names, and the body as it was. What can't be read is left to who answers.
async fn environment_in(parts: &Parts, body: Body) -> Result<(String, Body), TurnedAway> {
    let production = || "production".to_owned();
    if parts.method != Method::POST {
        return Ok((production(), body));
    }
    let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| TurnedAway::TooLarge)?;
    let asked = serde_json::from_slice::<Asked<'_>>(&body).ok();
    let environment = asked.and_then(|asked| asked.context?.environment).map_or_else(production, Cow::into_owned);
    Ok((environment, Body::from(body)))
}

impl IntoResponse for TurnedAway {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown => {
                let challenge = HeaderValue::from_static("Bearer realm=\"mainstay\"");
                (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, challenge)]).into_response()
            }
            Self::Forbidden => StatusCode::FORBIDDEN.into_response(),
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Self::TooOften { wait_s } => {
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, HeaderValue::from(wait_s))]).into_response()
            }
        }
    }
}
