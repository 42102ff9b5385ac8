//! Listening, and stopping without dropping anybody.

use std::{net::SocketAddr, time::Duration};

use axum::serve::ListenerExt as _;
use kernel::{Refusal, codes};
use tokio::net::TcpListener;

use crate::{App, routes::router, security::Limits};

/// How long requests that have begun may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Listens on an address.
///
/// # Errors
/// `PORT_IN_USE` if somebody else does, `CONFIG_INVALID` for an address that is not this machine's.
pub async fn listen(address: &str) -> Result<TcpListener, Refusal> {
    TcpListener::bind(address).await.map_err(|error| {
        let field = |refusal: Refusal| refusal.field("--listen");
        if error.kind() == std::io::ErrorKind::AddrInUse {
            field(Refusal::new(&codes::PORT_IN_USE, format!("{address} is taken by another program")))
                .fix("stop it, or choose another address with --listen")
        } else {
            field(Refusal::new(&codes::CONFIG_INVALID, format!("can't listen on {address}: {error}")))
        }
    })
}

/// Serves until `stop` is done, then finishes what has begun.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    app: App,
    limits: Limits,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Refusal> {
    let (router, _) = router(&app, &limits);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let (stopping, mut stopped) = tokio::sync::watch::channel(false);
    let told = async move {
        stop.await;
        app.live().close();
        app.published().serving().board().close();
        let _ = stopping.send(true);
    };
    let listener = listener.tap_io(|stream| {
        // A message of a stream must not wait for the next; without the option it comes late, but it comes.
        let _ = stream.set_nodelay(true);
    });
    let serving = axum::serve(listener, service).with_graceful_shutdown(told);
    let patience = async move {
        // Whoever reads an answer slowly is cut off after the grace.
        let _ = stopped.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = serving.into_future() => {
            result.map_err(|error| Refusal::new(&codes::INTERNAL, format!("the listener failed: {error}")))
        }
        () = patience => Ok(()),
    }
}
