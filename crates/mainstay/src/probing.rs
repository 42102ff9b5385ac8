//! A probe away from its server: `mainstay probe`.
//!
//! It asks the server what to run ([`sync`]), runs it, and puts what it saw into a folder ([`spool`]) before it hands it
//! in, so that neither an outage of the server nor its own restart loses anything. With what it was last told it goes on
//! alone. Before it says that something is down it makes sure that it isn't itself cut off ([`uplink`]).
//!
//! Everything goes out from here; nothing needs to come in.

pub(crate) mod exporting;
mod spool;
mod sync;
mod uplink;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use checks::RunResult;
use jiff::{SignedDuration, Timestamp};
use kernel::{Refusal, codes};
use probe::{AddressPolicy, Client, Pace, Prober, Stagger};
use reqwest::Url;
use tokio::sync::{mpsc, watch};

use spool::Spool;
use sync::Server;
use uplink::{Health, Uplink};

/// Results that may wait to be put down.
const RESULTS_MAX: usize = 4_096;
/// How long results are gathered before they are put down together.
const GATHER: Duration = Duration::from_millis(500);
/// Results in one batch.
const BATCH_MAX: usize = 500;

/// What a probe is told when it starts.
pub(crate) struct Options {
    pub(crate) location: String,
    pub(crate) server: Url,
    pub(crate) token: String,
    pub(crate) folder: PathBuf,
    pub(crate) canaries: Vec<String>,
    pub(crate) policy: AddressPolicy,
    pub(crate) plugins: Option<PathBuf>,
    /// Bytes of results that may wait.
    pub(crate) spool_bytes: u64,
}

/// By how much the server's clock is ahead of this machine's, in milliseconds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skew(Arc<AtomicI64>);

impl Skew {
    /// The server's time.
    fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_millis(self.0.load(Ordering::Relaxed));
        let now = Timestamp::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// In milliseconds.
    fn ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, ahead: SignedDuration) {
        let ms = i64::try_from(ahead.as_millis()).unwrap_or(0);
        self.0.store(ms, Ordering::Relaxed);
    }
}

/// Probes until `stop` is done; what is under way is finished and put down first.
///
/// # Errors
/// What keeps it from starting.
pub(crate) async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<(), Refusal> {
    let Options { location, server, token, folder, canaries, policy, plugins, spool_bytes } = options;
    let spool = Arc::new(Spool::open(&folder, spool_bytes)?);
    let skew = Skew::default();
    let health = Health::default();
    let server = Server::new(server, token, &location, skew.clone(), health.clone())?;
    let uplink = Uplink::new(&server, canaries, health)?;
    let client = Client::new(policy).map_err(|error| Refusal::new(&codes::INTERNAL, error.to_string()))?;
    let client = match plugins {
        Some(folder) => client.with_plugins(folder),
        None => client,
    };
    let (define, definitions) = watch::channel(Arc::new(Vec::new()));
    let (ask, asked) = watch::channel(std::collections::BTreeMap::new());
    let told = sync::Told { define, ask, client: client.clone() };
    let mut stop = std::pin::pin!(stop);
    let work = match sync::last_known(&folder) {
        Some(work) => work,
        None => tokio::select! {
            work = sync::first(&server) => work,
            () = &mut stop => return Ok(()),
        },
    };
    // Locations take turns over a check's interval; how many there are is learnt anew at each start.
    let stagger = Stagger { index: work.index, of: work.of };
    told.publish(work);
    let (sender, results) = mpsc::channel(RESULTS_MAX);
    let (stopping, stopped) = watch::channel(false);
    let clock = skew.clone();
    let prober =
        Prober::new(location.clone(), client, move || clock.now(), Pace::DECLARED).staggered(stagger).confirming(asked);
    let follow = tokio::spawn(sync::follow(server.clone(), folder, told, stopped.clone()));
    let deliver = tokio::spawn(sync::deliver(server, Arc::clone(&spool), stopped));
    let probing = async {
        prober.run(definitions, sender, stop).await;
    };
    tokio::join!(probing, put_down(results, uplink, &spool));
    // Both hold the receiver, or have ended.
    let _ = stopping.send(true);
    let _ = tokio::join!(follow, deliver);
    Ok(())
}

/// Puts results into the spool, several at a time. A failure that may be this machine's own is not believed.
async fn put_down(mut results: mpsc::Receiver<RunResult>, mut uplink: Uplink, spool: &Spool) {
    let mut batch = Vec::new();
    while results.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let until = tokio::time::Instant::now() + GATHER;
        while batch.len() < BATCH_MAX {
            let room = BATCH_MAX - batch.len();
            match tokio::time::timeout_at(until, results.recv_many(&mut batch, room)).await {
                Ok(taken) if taken > 0 => {}
                Ok(_) | Err(_) => break,
            }
        }
        let mut believed = Vec::with_capacity(batch.len());
        for result in batch.drain(..) {
            if result.outcome.is_good() || uplink.works().await {
                believed.push(result);
            } else {
                tracing::warn!(
                    check = %result.check,
                    "a failing run is not reported: this probe reaches neither its server nor its canaries"
                );
            }
        }
        if let Err(error) = spool.put(&believed) {
            tracing::error!(error.message = %error, "results can't be written to the spool, and are lost");
        }
    }
}
