//! Runs the checks from within the server, and hands in what they saw.
//!
//! What becomes of a result is the same whichever probe it comes from: `web::checks::intake`.

use std::{sync::Arc, time::Duration};

use checks::RunResult;
use kernel::{Refusal, codes};
use probe::{AddressPolicy, Client, Pace, Prober};
use tokio::sync::{mpsc, watch};
use web::{App, checks::intake};
use world::Event;

/// Where this server's own probe stands.
const LOCATION: &str = "home";
/// Results that may wait to be handed in.
const RESULTS_MAX: usize = 1_024;
/// How often silence is looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// How much faster than declared the checks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Speed(pub(crate) u32);

/// The task that runs the checks until the server stops.
///
/// # Errors
/// If no HTTP client can be had.
pub(super) fn run(
    app: App,
    speed: Speed,
    stopped: watch::Receiver<bool>,
) -> Result<impl Future<Output = ()> + use<>, Refusal> {
    let client = Client::new(AddressPolicy::default())
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("no client for checks: {error}")))?;
    let clock = app.clone();
    let prober = Prober::new(LOCATION, client, move || clock.now(), Pace::times(speed.0));
    let (define, definitions) = watch::channel(Arc::new(app.world().checks.definitions(LOCATION)));
    let (sender, results) = mpsc::channel(RESULTS_MAX);
    Ok(async move {
        let mut stop = stopped.clone();
        let stop = async move {
            let _ = stop.wait_for(|stopped| *stopped).await;
        };
        let follow = follow_definitions(app.clone(), define, stopped);
        tokio::join!(prober.run(definitions, sender, stop), follow, hand_in(app, results));
    })
}

async fn follow_definitions(
    app: App,
    define: watch::Sender<Arc<Vec<Arc<checks::CheckDefinition>>>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut commits = app.engine().subscribe();
    loop {
        let changed = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            commit = commits.recv() => match commit {
                Ok(commit) => commit.recorded.iter().any(|recorded| matches!(*recorded.event, Event::Checks(_))),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => true,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
        };
        if changed {
            let wanted = Arc::new(app.world().checks.definitions(LOCATION));
            define.send_if_modified(|known| {
                let differs = **known != *wanted;
                *known = wanted;
                differs
            });
        }
    }
}

/// Hands in what the probe saw, several results at a time.
async fn hand_in(app: App, mut results: mpsc::Receiver<RunResult>) {
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            taken = results.recv_many(&mut batch, RESULTS_MAX) => {
                if taken == 0 {
                    return;
                }
                let results = std::mem::take(&mut batch);
                if let Err(refusal) = intake::take(&app, LOCATION, results).await {
                    tracing::warn!(error.code = refusal.code.name, "results of checks were lost: {refusal}");
                }
            }
            _ = housekeeping.tick() => {
                if let Err(refusal) = intake::hear(&app, LOCATION).await {
                    tracing::warn!(error.code = refusal.code.name, "the probe could not be noted: {refusal}");
                }
                intake::keep_house(&app).await;
            }
        }
    }
}
