//! Whether this machine reaches anything at all.
//!
//! A probe that is cut off sees everything down. Before a failing run is believed, one of the canaries must have taken a
//! connection a short while ago: the server itself, and whatever else the operator names.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kernel::{Refusal, codes};
use tokio::{net::TcpStream, time::Instant};

use super::sync::Server;

/// For how long a success is believed.
const FRESH: Duration = Duration::from_secs(10);
/// For how long a failure is, so that a storm of failing runs doesn't test at each one.
const STALE: Duration = Duration::from_secs(2);
/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// Canaries there may be.
const CANARIES: usize = 20;

/// The self-test.
pub(super) struct Uplink {
    canaries: Vec<String>,
    tested: Option<(Instant, bool)>,
    health: Health,
}

/// What the last self-test said, for whoever tells the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Health(Arc<Mutex<Option<bool>>>);

impl Health {
    /// True if it reached something; none if there was no test yet.
    pub(super) fn get(&self) -> Option<bool> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, works: bool) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(works);
    }
}

impl Uplink {
    /// Tests these, each written as `host:port`, and the server.
    ///
    /// # Errors
    /// If one has no port, or there are too many.
    pub(super) fn new(server: &Server, mut canaries: Vec<String>, health: Health) -> Result<Self, Refusal> {
        let wrong = |detail: String| Refusal::new(&codes::CONFIG_INVALID, detail).field("--canary");
        if canaries.len() > CANARIES {
            return Err(wrong(format!("there may be {CANARIES} canaries")));
        }
        for canary in &canaries {
            let port =
                canary.rsplit_once(':').and_then(|(host, port)| port.parse::<u16>().ok().filter(|_| !host.is_empty()));
            if port.is_none() {
                return Err(wrong(format!("\"{canary}\" is not written as host:port")));
            }
        }
        canaries.extend(server.host_and_port());
        Ok(Self { canaries, tested: None, health })
    }

    /// True if one of the canaries takes a connection, or did so just now.
    pub(super) async fn works(&mut self) -> bool {
        if let Some((when, works)) = self.tested
            && when.elapsed() < if works { FRESH } else { STALE }
        {
            return works;
        }
        let mut tries = tokio::task::JoinSet::new();
        for canary in self.canaries.clone() {
            tries.spawn(async move {
                tokio::time::timeout(CONNECT, TcpStream::connect(canary)).await.is_ok_and(|connected| connected.is_ok())
            });
        }
        let mut works = false;
        while let Some(tried) = tries.join_next().await {
            works = tried.unwrap_or(false);
            if works {
                break;
            }
        }
        self.tested = Some((Instant::now(), works));
        self.health.set(works);
        works
    }
}
