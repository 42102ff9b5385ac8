//! flagd's faces on the ports where its clients look for them.
//!
//! As with flagd itself nobody has to show a token here, so these listeners belong on the loopback interface or on a
//! network that is trusted. Whoever connects may choose any environment by a selector.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Extension, Router, http::StatusCode, routing::get};
use tower_http::cors::CorsLayer;

use crate::{
    Scope, Serving,
    listener::{ListenError, Listeners, bind},
    metrics::Metrics,
    ofrep, rpc,
    scope::AnyEnvironment,
    sync,
};

/// Where to listen, and for whom. A port of 0 is any that is free.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address of all listeners.
    pub host: IpAddr,
    /// `flagd.evaluation.v1` and `v2`.
    pub evaluation: u16,
    /// `/healthz`, `/readyz` and `/metrics`.
    pub management: u16,
    /// `flagd.sync.v1`.
    pub sync: u16,
    /// OFREP.
    pub ofrep: u16,
    /// What callers see who select no environment.
    pub environment: String,
    /// For scripts of other origins.
    pub cors: Option<CorsLayer>,
}

impl Options {
    /// flagd's own ports on the loopback interface.
    pub fn new(environment: impl Into<String>) -> Self {
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            evaluation: 8013,
            management: 8014,
            sync: 8015,
            ofrep: 8016,
            environment: environment.into(),
            cors: None,
        }
    }
}

/// The open listeners.
pub struct Ports {
    /// Where `flagd.evaluation` is.
    pub evaluation: SocketAddr,
    /// Where the state is told.
    pub management: SocketAddr,
    /// Where `flagd.sync` is.
    pub sync: SocketAddr,
    /// Where OFREP is.
    pub ofrep: SocketAddr,
    serving: Serving,
    listeners: Listeners,
}

/// Opens all listeners, and serves on them until [`Ports::close`].
///
/// # Errors
/// If one of the ports is taken; then none is open.
pub async fn open(serving: Serving, options: Options) -> Result<Ports, ListenError> {
    let Options { host, evaluation, management, sync, ofrep, environment, cors } = options;
    let (evaluation, evaluation_at) = bind(SocketAddr::new(host, evaluation)).await?;
    let (management, management_at) = bind(SocketAddr::new(host, management)).await?;
    let (sync, sync_at) = bind(SocketAddr::new(host, sync)).await?;
    let (ofrep, ofrep_at) = bind(SocketAddr::new(host, ofrep)).await?;
    let open = |router: Router| {
        let router = router.layer(Extension(Scope::all(environment.clone()))).layer(Extension(AnyEnvironment));
        match &cors {
            None => router,
            Some(cors) => router.layer(cors.clone()),
        }
    };
    let mut listeners = Listeners::new();
    listeners.serve(evaluation, open(rpc::router(serving.clone())));
    listeners.serve(management, state(serving.clone()));
    listeners.serve(sync, open(sync::router(serving.clone())));
    listeners.serve(ofrep, open(ofrep::router(serving.clone())));
    let (evaluation, management, sync, ofrep) = (evaluation_at, management_at, sync_at, ofrep_at);
    Ok(Ports { evaluation, management, sync, ofrep, serving, listeners })
}

impl Ports {
    /// Ends the streams of the board, lets requests that have begun finish, and closes the listeners. Whoever is not
    /// done after some seconds is cut off.
    pub async fn close(self) {
        self.serving.board().close();
        self.listeners.close().await;
    }
}

/// The routes for orchestrators.
fn state(serving: Serving) -> Router {
    let ready = serving.clone();
    let readyz = async move || {
        if ready.board().environments().is_empty() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
    };
    let measures = Arc::new(Metrics::default());
    let metrics = async move || measures.answer(&serving);
    Router::new().route("/healthz", get(StatusCode::OK)).route("/readyz", get(readyz)).route("/metrics", get(metrics))
}
