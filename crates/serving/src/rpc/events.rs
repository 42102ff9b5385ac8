//! Tells callers when flags change, so that they forget what they remember.

use std::{net::SocketAddr, time::Duration};

use axum::extract::ConnectInfo;
use futures::{Stream, stream};
use prost_types::Struct;
use serde_json::{Map, Value, json};
use tonic::{Extensions, Status};

use super::{unavailable, values};
use crate::{Change, Scope, Serving, Subscription, changes, stream::admitted};

/// What is told.
pub(super) enum Event {
    /// The stream is open.
    Ready,
    /// These flags may answer differently.
    Changed(Vec<(String, Change)>),
    /// Nothing happened.
    KeepAlive,
    /// The stream ends, since the server stops.
    Shutdown,
}

impl Event {
    /// flagd's word for it.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Ready => "provider_ready",
            Self::Changed(_) => "configuration_change",
            Self::KeepAlive => "keep_alive",
            Self::Shutdown => "provider_shutdown",
        }
    }

    /// Which flags, as flagd says it.
    pub(super) fn data(&self) -> Option<Struct> {
        let Self::Changed(flags) = self else { return None };
        let flag = |(key, change): &(String, Change)| (key.clone(), json!({ "type": change.as_str() }));
        let flags: Map<String, Value> = flags.iter().map(flag).collect();
        Some(values::structure(&Map::from_iter([("flags".to_owned(), Value::Object(flags))])))
    }
}

/// flagd's own interval.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Opens a caller's stream.
pub(super) fn open(
    serving: &Serving,
    scope: &Scope,
    extensions: &Extensions,
) -> Result<impl Stream<Item = Event> + Send + use<>, Status> {
    let subscription = subscribe(serving, scope, extensions)?;
    Ok(stream::unfold(Phase::Opening(subscription), next))
}

/// A caller's place among those who wait for changes, if there is room.
pub(crate) fn subscribe(serving: &Serving, scope: &Scope, extensions: &Extensions) -> Result<Subscription, Status> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    admitted(serving, scope, peer).map_err(|wait| {
        Status::resource_exhausted(format!("too many streams are opened; wait {} s", wait.as_secs() + 1))
    })?;
    serving.board.subscribe(scope).ok_or_else(|| unavailable(scope))
}

enum Phase {
    Opening(Subscription),
    Open(Subscription),
    Ended,
}

async fn next(phase: Phase) -> Option<(Event, Phase)> {
    match phase {
        Phase::Opening(subscription) => Some((Event::Ready, Phase::Open(subscription))),
        Phase::Open(mut subscription) => {
            let event = match tokio::time::timeout(KEEP_ALIVE, subscription.next()).await {
                Ok(Some(before)) => Event::Changed(changes(&before, subscription.seen())),
                Ok(None) => return Some((Event::Shutdown, Phase::Ended)),
                Err(_) => Event::KeepAlive,
            };
            Some((event, Phase::Open(subscription)))
        }
        Phase::Ended => None,
    }
}
