//! Answering Prometheus in place of blackbox_exporter, for as long as the probe runs.

use std::{net::SocketAddr, path::Path, time::Duration};

use exporter::{ConfigError, Exporter};
use kernel::{Refusal, codes};
use probe::{AddressPolicy, Client};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// How long probes that have begun may go on when it stops.
const GRACE: Duration = Duration::from_secs(5);

/// A listener with what is answered there.
#[derive(Debug)]
pub(crate) struct Answering {
    exporter: Exporter,
    listener: TcpListener,
    address: SocketAddr,
}

/// Reads the modules, and listens.
///
/// # Errors
/// If the file can't be used, or the address can't be listened on.
pub(crate) async fn open(
    listen: SocketAddr,
    config: &Path,
    policy: AddressPolicy,
    timeout_offset_s: f64,
) -> Result<Answering, Refusal> {
    if !(0.0..=60.0).contains(&timeout_offset_s) {
        return Err(Refusal::new(&codes::CONFIG_INVALID, "it must be from 0 to 60 seconds").field("--timeout-offset"));
    }
    let client = Client::new(policy).map_err(|error| Refusal::new(&codes::INTERNAL, error.to_string()))?;
    let exporter = Exporter::open(config, client, timeout_offset_s)
        .map_err(|error| Refusal::new(&codes::CONFIG_INVALID, error.to_string()).field("--blackbox-config"))?;
    let cant = |error: std::io::Error| {
        Refusal::new(&codes::CONFIG_INVALID, format!("can't listen on {listen}: {error}")).field("--listen")
    };
    let listener = TcpListener::bind(listen).await.map_err(cant)?;
    let address = listener.local_addr().map_err(cant)?;
    Ok(Answering { exporter, listener, address })
}

impl Answering {
    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is done. At a hangup signal the modules are read again.
    pub(crate) async fn run(self, stop: impl Future<Output = ()> + Send) {
        let Self { exporter, listener, .. } = self;
        let (stopping, mut stopped) = watch::channel(false);
        let told = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let serving = tokio::spawn(axum::serve(listener, exporter.router()).with_graceful_shutdown(told).into_future());
        tokio::select! {
            () = stop => {}
            () = reload_at_hangup(exporter) => {}
        }
        let _ = stopping.send(true);
        let _ = tokio::time::timeout(GRACE, serving).await;
    }
}

async fn reload_at_hangup(exporter: Exporter) {
    let mut hangup = match signal(SignalKind::hangup()) {
        Ok(hangup) => hangup,
        Err(error) => {
            tracing::warn!(error.message = %error, "hangup signals can't be heard; ask /-/reload instead");
            return std::future::pending().await;
        }
    };
    while hangup.recv().await.is_some() {
        let exporter = exporter.clone();
        let read: Result<Result<(), ConfigError>, _> = tokio::task::spawn_blocking(move || exporter.reload()).await;
        match read {
            Ok(Ok(())) => tracing::info!("the modules were read again"),
            Ok(Err(error)) => tracing::error!(error.message = %error, "the modules can't be read; the old ones stay"),
            Err(error) => tracing::error!(error.message = %error, "the modules can't be read; the old ones stay"),
        }
    }
}
