//! OFREP's event stream: tells clients to fetch their flags anew.
//!
//! A message carries no flags, so one stands for all changes before it. Its id is the revision of what the client may
//! see. A client that comes back shows the last id: if that is what there is now, it missed nothing; if it is anything
//! else, it is told at once.

use std::{
    convert::Infallible,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream::{self, Stream};

use crate::{
    Scope, Serving, Subscription,
    board::View,
    clock,
    ofrep::answer::{refused, unavailable},
};

/// How many event streams may be open, and how often they may be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All that may be open at once.
    pub streams_max: usize,
    /// So many may be opened at once by one peer in one environment. Many clients may share an address.
    pub burst: u32,
    /// And then so many each second.
    pub per_second: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { streams_max: 50_000, burst: 1000, per_second: 10 }
    }
}

/// A comment this often keeps proxies from closing the stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Messages to one client are at least so far apart; what changes meanwhile is told with the next.
const PACE: Duration = Duration::from_millis(100);
/// A client that shows no id may have missed what was published within this time, between its answer and its stream.
const OPENING_S: u64 = 60;
/// Clients come back after this time and up to twice as much, so that they don't come all at once.
const RETRY: Duration = Duration::from_secs(1);

/// `GET /ofrep/v1/events`.
pub(crate) async fn events(State(serving): State<Serving>, request: Request) -> Response {
    let scope = match Scope::of(request.extensions(), request.headers()) {
        Ok(scope) => scope,
        Err(error) => return refused(&error, None),
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    if let Err(wait) = admitted(&serving, &scope, peer) {
        return too_many(wait);
    }
    let Some(subscription) = serving.board.subscribe(&scope) else { return unavailable() };
    let known = request.headers().get("last-event-id").map(HeaderValue::as_bytes);
    let sse = Sse::new(messages(subscription, known)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    ([(header::CACHE_CONTROL, "no-store"), (unbuffered, "no")], sse).into_response()
}

/// Lets one more stream in, or says how long it has to wait.
pub(crate) fn admitted(serving: &Serving, scope: &Scope, peer: Option<IpAddr>) -> Result<(), Duration> {
    serving.gate.admit(peer, &scope.environment, serving.board.subscribers(), Instant::now())
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())]).into_response()
}

fn messages(
    subscription: Subscription,
    known: Option<&[u8]>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + use<> {
    let view = subscription.view();
    let missed = match known {
        Some(id) => id != view.revision().as_bytes(),
        None => clock::now().saturating_sub(view.published_at) < OPENING_S,
    };
    // An event without data is not delivered, but tells the client its place.
    let greeting = if missed { refetch(view) } else { Event::default().id(view.revision()) };
    let greeting = greeting.retry(RETRY + RETRY.mul_f64(random_fraction()));
    let place = Place { subscription, greeting: Some(greeting), told_at: None };
    stream::unfold(place, |mut place| async move { Some((Ok(place.next().await?), place)) })
}

/// One client's place in the stream.
struct Place {
    subscription: Subscription,
    greeting: Option<Event>,
    told_at: Option<tokio::time::Instant>,
}

impl Place {
    async fn next(&mut self) -> Option<Event> {
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        if let Some(told_at) = self.told_at {
            tokio::select! {
                () = tokio::time::sleep_until(told_at + PACE) => {}
                () = self.subscription.ended() => return None,
            }
        }
        self.subscription.next().await?;
        self.told_at = Some(tokio::time::Instant::now());
        Some(refetch(self.subscription.view()))
    }
}

fn refetch(view: &View) -> Event {
    let revision = view.revision();
    let data =
        format!(r#"{{"type":"refetchEvaluation","etag":"\"{revision}\"","lastModified":{}}}"#, view.published_at);
    Event::default().event("message").id(revision).data(data)
}

/// Anything from 0 up to 1, to spread clients over time.
pub(crate) fn random_fraction() -> f64 {
    let random = u32::try_from(RandomState::new().hash_one(()) >> 32).unwrap_or_default();
    f64::from(random) / (f64::from(u32::MAX) + 1.0)
}
