//! The door for senders of alerts: what stands around their routes instead of [`crate::security::protect`] and
//! [`crate::guard`].
//!
//! A sender is known by its integration's key, which is no token of ours: it lets alerts in and does nothing else. A
//! storm of alerts comes from one address, so who shows a good key isn't bound by address; who shows a wrong one is.
//! There is no log line for each request: addresses may have the key in them.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Instant,
};

use alerts::{Integration, Kind, Reported, Signal};
use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Query},
    http::{HeaderMap, header, request::Parts},
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use kernel::{Actor, EntityRef, Refusal, Sha256, codes};
use serde::Deserialize;
use tower_http::catch_panic::CatchPanicLayer;
use world::Command;

use crate::{
    App,
    guard::shown_token,
    problem::{self, Problem},
    security::{
        Limits,
        rate::{Caller, Limiter},
        shield,
    },
};

/// The largest body: PagerDuty's bound.
pub const BODY_BYTES_MAX: usize = 512 * 1_024;

/// What bounds how often somebody at one address may show a wrong key.
#[derive(Debug, Clone)]
struct Strangers(Arc<Limiter>);

/// The routes, with everything of this module around them.
pub(crate) fn around(router: Router, limits: &Limits) -> Router {
    let strangers = Strangers(Arc::new(Limiter::new(limits.requests_per_second, limits.requests_at_once)));
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(axum::Extension(strangers))
        .layer(from_fn_with_state(limits.request_time_max, shield::time_out))
        .layer(CatchPanicLayer::custom(shield::panicked))
        .layer(from_fn(problem::negotiate))
}

/// Who sends, as far as that can be known before the body is read.
#[derive(Debug, Clone)]
pub struct Sender {
    address: IpAddr,
    strangers: Option<Strangers>,
}

impl Sender {
    pub(crate) fn of(parts: &Parts) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let address = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        Self { address, strangers: parts.extensions.get::<Strangers>().cloned() }
    }

    /// The integration with this key, of a kind that may come in here. None if there is none, which is counted as wrong.
    ///
    /// # Errors
    /// `RATE_LIMITED` for who guesses.
    pub fn integration(
        &self,
        app: &App,
        key: &str,
        may: impl Fn(Kind) -> bool,
    ) -> Result<Option<Integration>, Refusal> {
        let world = app.world();
        let known = world.alerts.by_key(&Sha256::of(key.as_bytes()));
        let known = known.filter(|integration| may(integration.settings.kind)).cloned();
        if known.is_none() {
            self.wrong()?;
        }
        Ok(known)
    }

    /// Looks whether this sender has shown so much that was wrong that nothing of theirs is tried any more.
    ///
    /// # Errors
    /// `RATE_LIMITED` for who guesses.
    pub fn may_try(&self) -> Result<(), Refusal> {
        match &self.strangers {
            Some(Strangers(limiter)) => limiter.look(Caller::at(self.address), Instant::now()),
            None => Ok(()),
        }
    }

    /// Notes that what was shown is no good.
    ///
    /// # Errors
    /// `RATE_LIMITED` for who guesses.
    pub fn wrong(&self) -> Result<(), Refusal> {
        match &self.strangers {
            Some(Strangers(limiter)) => limiter.take(Caller::at(self.address), Instant::now()),
            None => Ok(()),
        }
    }
}

impl FromRequestParts<App> for Sender {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

/// The integration whose key the request shows, in a header or in its address: one that sends alerts, of whatever kind.
#[derive(Debug)]
pub struct Keyed(pub Integration);

impl FromRequestParts<App> for Keyed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(keyed(parts, app, |kind| !kind.deploys())?))
    }
}

/// The integration whose key the request shows, of a kind that may come in here.
///
/// # Errors
/// `UNAUTHENTICATED` if there is none; `RATE_LIMITED` for who guesses.
pub(crate) fn keyed(parts: &Parts, app: &App, may: impl Fn(Kind) -> bool) -> Result<Integration, Refusal> {
    let known = match shown_key(parts) {
        Some(key) => Sender::of(parts).integration(app, &key, may)?,
        None => None,
    };
    known.ok_or_else(|| {
        let detail = "no integration that may send here has the key that was sent, or none was sent";
        let fix = "send the integration's key as `Authorization: Bearer KEY`, or as `?key=KEY`, to its own address";
        Refusal::new(&codes::UNAUTHENTICATED, detail).fix(fix)
    })
}

/// What the address of a sender that can't set headers says; GoAlert's senders say `token`.
#[derive(Debug, Default, Deserialize)]
struct Named {
    key: Option<String>,
    token: Option<String>,
}

/// The key: a bearer's, basic authentication's password, Opsgenie's `GenieKey`, or the address's.
fn shown_key(parts: &Parts) -> Option<String> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return genie_key(&parts.headers).or_else(|| shown_token(&parts.headers));
    }
    let Query(named) = Query::<Named>::try_from_uri(&parts.uri).unwrap_or_default();
    named.key.or(named.token)
}

fn genie_key(headers: &HeaderMap) -> Option<String> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("GenieKey").then(|| key.trim().to_owned())
}

/// Takes a message's signals, all of them or none. When it answers, they are on disk.
///
/// # Errors
/// `BUSY` where there is no room, and whatever keeps the store from writing: senders try again.
pub async fn receive(app: &App, integration: &Integration, mut signals: Vec<Signal>) -> Result<(), Refusal> {
    if signals.is_empty() {
        return Ok(());
    }
    let world = app.world();
    for signal in &mut signals {
        signal.keep_entity_if(|entity| world.catalog.get(entity).is_some());
    }
    submit(app, integration, alerts::Command::Receive { integration: integration.id, signals }).await
}

/// Records a change that a sender reports, of this entity if the catalog has it. When it answers, it is on disk.
///
/// # Errors
/// `RATE_LIMITED` for who reports too much, and whatever keeps the store from writing: senders try again.
pub async fn report(
    app: &App,
    integration: &Integration,
    entity: Option<EntityRef>,
    change: Reported,
) -> Result<(), Refusal> {
    let world = app.world();
    let entity = entity.filter(|entity| world.catalog.get(entity).is_some());
    submit(app, integration, alerts::Command::ReportChange { integration: integration.id, entity, change }).await
}

async fn submit(app: &App, integration: &Integration, command: alerts::Command) -> Result<(), Refusal> {
    let actor = Actor::Token(integration.settings.name.clone());
    let command = Command::Alerts(command);
    app.submit(engine::Request { command, actor, reason: None, id: None }).await.map(drop)
}

/// JSON that is written already.
pub(super) fn json(status: axum::http::StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}
