//! The relay: serves an environment's flags near the callers, and goes on without the server.
//!
//! ```text
//! server ──set, tells of changes──▶ follow ──▶ board ──▶ OFREP, flagd's ports
//!    ▲                                │ keep: the last good set, on disk
//!    └────────── tallies ─────────────┘
//! ```
//!
//! It needs no state: the copy on disk only lets it start while the server is away. Its age is told by `/readyz` and
//! `/metrics`, since flags that may be outdated must not look current.

mod follow;
mod guard;
mod keep;
mod report;
mod sse;
mod state;
mod upstream;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use axum::{Extension, Router, middleware};
use tokio::task::JoinSet;
use url::Url;

use self::{follow::Follower, guard::Guard, keep::Keep, state::State, upstream::Upstream};
use crate::{
    Board, Scope, Serving,
    flagd_ports::{self, Ports},
    listener::{ListenError, Listeners, bind},
    ofrep,
    serving::{InvalidOrigin, cors},
    stream::Limits,
    tally::Tally,
};

/// What a relay needs to know.
#[derive(Clone)]
pub struct Options {
    /// The server's address.
    pub server: Url,
    /// What the relay shows the server.
    pub token: String,
    /// Whose flags it relays.
    pub environment: String,
    /// The folder for the last good set.
    pub folder: PathBuf,
    /// Where it serves OFREP, and its own state. A port of 0 is any that is free.
    pub listen: SocketAddr,
    /// flagd's ports, if they are wanted.
    pub flagd: Option<flagd_ports::Options>,
    /// What callers have to show; any of them. If there are none, everybody is served, which only loopback allows.
    pub tokens: Vec<String>,
    /// Origins whose scripts may evaluate.
    pub origins: Vec<String>,
}

/// Why a relay can't start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// A port is taken.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// An origin is none.
    #[error(transparent)]
    Origin(#[from] InvalidOrigin),
    /// Everybody on the network would be served.
    #[error(
        "{0} can be reached from elsewhere, and callers would need no token: name their tokens, or listen on 127.0.0.1"
    )]
    OpenToAll(SocketAddr),
    /// The server's address is none.
    #[error("\"{0}\" is no address of a server: write it as https://mainstay.example.com")]
    Server(Url),
    /// There is no HTTP client.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The last good set can't be kept.
    #[error("can't write to {folder}: {source}")]
    Folder {
        /// Where.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// A relay that runs.
pub struct Edge {
    /// Where it serves OFREP.
    pub address: SocketAddr,
    /// flagd's ports.
    pub flagd: Option<Ports>,
    serving: Serving,
    upstream: Arc<Upstream>,
    listeners: Listeners,
    tasks: JoinSet<()>,
}

/// Runs a relay until `stop` is done.
///
/// # Errors
/// If it can't start.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<(), EdgeError> {
    let edge = Edge::start(options).await?;
    stop.await;
    edge.close().await;
    Ok(())
}

impl Edge {
    /// Starts a relay: it serves the last good set from disk, if there is one, and fetches the current one.
    ///
    /// # Errors
    /// If it can't listen, can't write to its folder, or its options make no sense.
    pub async fn start(options: Options) -> Result<Self, EdgeError> {
        let Options { server, token, environment, folder, listen, flagd, tokens, origins } = options;
        if tokens.is_empty() && !listen.ip().is_loopback() {
            return Err(EdgeError::OpenToAll(listen));
        }
        let cors = cors(&origins)?;
        let upstream = Arc::new(Upstream::new(server, &token, &environment)?);
        let keep = Keep::open(&folder, &environment).map_err(|source| EdgeError::Folder { folder, source })?;
        let serving = Serving::new(Board::new(), Arc::new(Tally::default()), Limits::default());
        let state = Arc::new(State::default());

        let (server, board) = (Arc::clone(&upstream), Arc::clone(serving.board()));
        let follower = Follower::new(&environment, server, keep, board, Arc::clone(&state)).begin().await;
        let mut tasks = JoinSet::new();
        tasks.spawn(follower.follow());
        tasks.spawn(report::report(Arc::clone(&upstream), Arc::clone(serving.tally())));

        let (listener, address) = bind(listen).await?;
        let guarded = ofrep::router(serving.clone());
        let guarded = if tokens.is_empty() {
            guarded.layer(Extension(Scope::all(environment.clone())))
        } else {
            let guard = Arc::new(Guard::new(&tokens, &environment));
            guarded.layer(middleware::from_fn_with_state(guard, guard::admit))
        };
        let router = Router::new().merge(guarded).merge(state::router(state, serving.clone()));
        let mut listeners = Listeners::new();
        listeners.serve(
            listener,
            match cors {
                None => router,
                Some(cors) => router.layer(cors),
            },
        );
        let flagd = match flagd {
            None => None,
            Some(options) => Some(flagd_ports::open(serving.clone(), options).await?),
        };
        Ok(Self { address, flagd, serving, upstream, listeners, tasks })
    }

    /// Ends the streams, lets requests that have begun finish, and hands in what is still counted, if the server is there.
    pub async fn close(mut self) {
        self.tasks.shutdown().await;
        self.serving.board().close();
        if let Some(flagd) = self.flagd {
            flagd.close().await;
        }
        self.listeners.close().await;
        report::last(&self.upstream, self.serving.tally()).await;
    }
}
