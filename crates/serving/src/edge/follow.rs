//! Follows the server: fetches the set, waits for changes, and begins anew when the server comes back.

use std::{convert::Infallible, fmt::Display, io, sync::Arc, time::Duration};

use flagd::{Bucketing, Document, Evaluators, Flag, Set};
use serde_json::Value;

use super::{
    keep::{Keep, Kept},
    state::State,
    upstream::{Events, Told, Upstream, UpstreamError},
};
use crate::{Board, clock, stream::random_fraction};

/// The relay's copy, and where it comes from.
pub(super) struct Follower {
    environment: String,
    upstream: Arc<Upstream>,
    keep: Keep,
    board: Arc<Board>,
    state: Arc<State>,
    /// The server's tag of what is on the board.
    etag: Option<String>,
    last_event: Option<String>,
}

/// The first pause after a failure; each is twice the one before.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// The set is asked for so often, even if the stream tells of no change.
const CHECK: Duration = Duration::from_secs(300);

impl Follower {
    pub(super) fn new(
        environment: &str,
        upstream: Arc<Upstream>,
        keep: Keep,
        board: Arc<Board>,
        state: Arc<State>,
    ) -> Self {
        Self { environment: environment.to_owned(), upstream, keep, board, state, etag: None, last_event: None }
    }

    /// Publishes what is on disk, if there is anything good.
    pub(super) async fn begin(mut self) -> Self {
        let keep = self.keep.clone();
        let kept = match tokio::task::spawn_blocking(move || keep.read()).await {
            Ok(Ok(Some(kept))) => kept,
            Ok(Ok(None)) | Err(_) => return self,
            Ok(Err(error)) => {
                self.unusable(&error);
                return self;
            }
        };
        match read(&kept.document) {
            Ok(set) => {
                self.board.publish(&self.environment, Arc::new(set));
                self.state.current(kept.fetched_at);
                self.etag = kept.etag;
            }
            Err(problem) => self.unusable(&problem),
        }
        self
    }

    fn unusable(&self, error: &dyn Display) {
        tracing::warn!(error = %error, "the kept flags can't be used");
        self.state.failed(error.to_string());
    }

    /// Follows the server for ever.
    pub(super) async fn follow(mut self) {
        let mut pause = PAUSE_MIN;
        loop {
            let Err(error) = self.connection(&mut pause).await;
            tracing::warn!(error = %error, "the server is away; the flags stay as they are");
            let wait = match &error {
                UpstreamError::Status { wait, .. } => wait.unwrap_or_default().min(PAUSE_MAX),
                UpstreamError::Unreachable(_)
                | UpstreamError::TooLarge
                | UpstreamError::Stream(_)
                | UpstreamError::Document(_) => Duration::ZERO,
            };
            self.state.failed(error.to_string());
            // Relays that lost the server at the same moment must not come back at the same moment.
            tokio::time::sleep(wait.max(pause.mul_f64(0.5 + random_fraction() / 2.0))).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Stays with the server until something fails. The stream is opened first, so that no change is missed between.
    async fn connection(&mut self, pause: &mut Duration) -> Result<Infallible, UpstreamError> {
        let mut events = self.upstream.events(self.last_event.as_deref()).await?;
        self.fetch().await?;
        self.state.connected();
        *pause = PAUSE_MIN;
        loop {
            let check = tokio::time::Instant::now() + CHECK;
            self.wait(&mut events, check).await?;
            self.fetch().await?;
        }
    }

    /// Waits until the set should be fetched.
    async fn wait(&mut self, events: &mut Events, check: tokio::time::Instant) -> Result<(), UpstreamError> {
        loop {
            let told = match tokio::time::timeout_at(check, events.next()).await {
                Ok(told) => told?,
                Err(_) => return Ok(()),
            };
            self.last_event = events.id().map(ToOwned::to_owned);
            match told {
                Told::Alive => self.state.current(clock::now()),
                Told::Changed => return Ok(()),
            }
        }
    }

    /// Fetches the set if it is another, publishes it, and keeps it.
    async fn fetch(&mut self) -> Result<(), UpstreamError> {
        let fetched_at = clock::now();
        if let Some(fetched) = self.upstream.fetch(self.etag.as_deref()).await? {
            let set = read(&fetched.document).map_err(UpstreamError::Document)?;
            self.board.publish(&self.environment, Arc::new(set));
            self.etag.clone_from(&fetched.etag);
            let kept = Kept { etag: fetched.etag, fetched_at, document: fetched.document };
            let keep = self.keep.clone();
            // Callers have the set already; if the disk is full, only a restart without the server is worse off.
            let written = tokio::task::spawn_blocking(move || keep.write(&kept)).await;
            if let Err(error) = written.map_err(io::Error::other).and_then(|written| written) {
                tracing::error!(error = %error, "the flags can't be kept on disk");
            }
        }
        self.state.current(fetched_at);
        Ok(())
    }
}

/// Compiles a document. A flag says in its metadata how it buckets if that is not the usual way, or else the set does.
fn read(document: &[u8]) -> Result<Set, flagd::Problem> {
    let (document, _) = Document::read(document)?;
    let of_set = document.metadata.get("bucketing");
    let evaluators = Arc::new(Evaluators::new(&document.evaluators));
    let compile = |(key, definition): &(String, Value)| {
        let own = definition.pointer("/metadata/bucketing").or(of_set);
        let bucketing = own.and_then(|own| serde_json::from_value(own.clone()).ok()).unwrap_or(Bucketing::default());
        Arc::new(Flag::compile(key, definition, &evaluators, bucketing))
    };
    let flags: Vec<_> = document.flags.iter().map(compile).collect();
    Ok(Set::new(flags, evaluators, document.metadata))
}
