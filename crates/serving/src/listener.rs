//! Listening.

use std::{io, net::SocketAddr, time::Duration};

use axum::{Router, serve::ListenerExt};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};

/// An address that can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}: {source}")]
pub struct ListenError {
    /// Where.
    pub address: SocketAddr,
    /// Why.
    pub source: io::Error,
}

/// Opens a listener, and says where it is.
pub(crate) async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ListenError> {
    let failed = |source| ListenError { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Listeners that stop together.
pub(crate) struct Listeners {
    stop: watch::Sender<bool>,
    tasks: JoinSet<io::Result<()>>,
}

impl Listeners {
    pub(crate) fn new() -> Self {
        Self { stop: watch::Sender::new(false), tasks: JoinSet::new() }
    }

    /// Serves HTTP/1 and HTTP/2.
    pub(crate) fn serve(&mut self, listener: TcpListener, router: Router) {
        let listener = listener.tap_io(|stream| {
            // A message of a stream must not wait for the next; without the option it comes late, but it comes.
            let _ = stream.set_nodelay(true);
        });
        let mut stopped = self.stop.subscribe();
        let told = async move {
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        self.tasks.spawn(axum::serve(listener, service).with_graceful_shutdown(told).into_future());
    }

    /// Lets requests that have begun finish, for some seconds.
    pub(crate) async fn close(mut self) {
        self.stop.send_replace(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(GRACE, all).await;
    }
}

/// How long requests that have begun may go on.
const GRACE: Duration = Duration::from_secs(5);
