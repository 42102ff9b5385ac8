//! What tells open pages that something changed: one stream of server-sent events.
//!
//! A message says which areas changed and up to which position; the page fetches itself anew and replaces what differs.
//! So a lost message costs nothing but time, and the stream carries no secrets. A browser that comes back shows its
//! `Last-Event-ID`, and gets one message if anything happened since.

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use engine::{Commit, Engine};
use futures::stream;
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

use crate::App;

/// The commits, for those who stream them.
pub struct Live {
    engine: Engine,
    closed: watch::Sender<bool>,
}

/// At most this many messages a second reach one page; what comes between is told with the next.
const PACE: Duration = Duration::from_millis(200);
/// A comment this often keeps proxies from closing the stream.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

impl Live {
    /// The commits of this engine.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        Self { engine: engine.clone(), closed: watch::Sender::new(false) }
    }

    /// Ends all streams, since they would not end by themselves. Pages come back by themselves.
    pub fn close(&self) {
        self.closed.send_replace(true);
    }

    fn commits(&self) -> broadcast::Receiver<Commit> {
        self.engine.subscribe()
    }
}

/// One page's place in the stream.
struct Place {
    commits: broadcast::Receiver<Commit>,
    closed: watch::Receiver<bool>,
    /// Runs of checks that somebody asked for are no events, and are told like them.
    runs: watch::Receiver<u64>,
    missed: Option<u64>,
}

/// Streams that something changed.
pub async fn stream(State(app): State<App>, headers: HeaderMap) -> Response {
    let commits = app.live().commits();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).and_then(|id| id.parse::<u64>().ok());
    let now = app.world().position;
    let closed = app.live().closed.subscribe();
    let missed = last.filter(|last| *last < now).map(|_| now);
    let runs = app.runs().changes();
    let messages = stream::unfold((app, Place { commits, closed, runs, missed }), |(app, mut place)| async move {
        if let Some(position) = place.missed.take() {
            return Some((message(position, &BTreeSet::from(["all"])), (app, place)));
        }
        let (position, areas) = tokio::select! {
            change = next(&mut place.commits) => change?,
            changed = place.runs.changed() => {
                changed.ok()?;
                (app.world().position, BTreeSet::from(["checks"]))
            }
            _ = place.closed.wait_for(|closed| *closed) => return None,
        };
        Some((message(position, &areas), (app, place)))
    });
    let sse = Sse::new(messages).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    ([("x-accel-buffering", "no"), ("cache-control", "no-store")], sse).into_response()
}

fn message(position: u64, areas: &BTreeSet<&'static str>) -> Result<Event, Infallible> {
    let areas: Vec<&str> = areas.iter().copied().collect();
    Ok(Event::default().event("changed").id(position.to_string()).data(areas.join(" ")))
}

/// The next change, with all that come within the pace after it. Nothing when the server stops.
async fn next(commits: &mut broadcast::Receiver<Commit>) -> Option<(u64, BTreeSet<&'static str>)> {
    let mut areas = BTreeSet::new();
    let mut position = wait(commits, &mut areas).await?;
    let pause = tokio::time::sleep(PACE);
    tokio::pin!(pause);
    loop {
        tokio::select! {
            () = &mut pause => return Some((position, areas)),
            more = wait(commits, &mut areas) => match more {
                Some(later) => position = later,
                None => return Some((position, areas)),
            },
        }
    }
}

async fn wait(commits: &mut broadcast::Receiver<Commit>, areas: &mut BTreeSet<&'static str>) -> Option<u64> {
    loop {
        match commits.recv().await {
            Ok(commit) => {
                areas.extend(commit.recorded.iter().map(|recorded| area(recorded.event.kind())));
                return Some(commit.world.position);
            }
            Err(RecvError::Lagged(_)) => {
                areas.insert("all");
            }
            Err(RecvError::Closed) => return None,
        }
    }
}

fn area(kind: &'static str) -> &'static str {
    kind.split_once('.').map_or(kind, |(area, _)| area)
}
