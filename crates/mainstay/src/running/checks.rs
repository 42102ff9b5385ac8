//! Runs the checks from within the server, and hands in what they saw.
//!
//! The demo has eleven more probes, which pretend to stand elsewhere. What becomes of a result is the same whichever probe it comes from: `web::checks::intake`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use checks::{CheckDefinition, RunResult, Tally};
use kernel::{EntityRef, Refusal, Timestamp, codes};
use probe::{AddressPolicy, Client, Pace, Prober, Run, Runner, Stagger};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use web::{
    App,
    api::probes::place,
    checks::{intake, runs::Told, trial::TrialRunner},
};
use world::Event;

/// Where this server's own probe stands.
const LOCATION: &str = "home";
/// Where the demo's other probes stand, and how far that is: so many milliseconds more for each run.
const FAR_AWAY: [(&str, u64); 11] = [
    ("ap-south", 118),
    ("ap-tokyo", 142),
    ("au-sydney", 171),
    ("ca-montreal", 61),
    ("eu-north", 24),
    ("eu-south", 31),
    ("eu-west", 18),
    ("me-dubai", 96),
    ("sa-saopaulo", 128),
    ("us-east", 72),
    ("us-west", 104),
];
/// Results that may wait to be handed in.
const RESULTS_MAX: usize = 1_024;
/// How often silence is looked for.
const HOUSEKEEPING: Duration = Duration::from_secs(5);

/// How the checks are run from within the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Probing {
    /// How much faster than declared.
    pub(crate) speed: u32,
    /// Whether there are eleven more probes that pretend to stand far away, for the demo.
    pub(crate) far_away: bool,
}

/// A probe that pretends to stand far away: each of its runs takes so much longer.
struct Far {
    client: Client,
    way_ms: u64,
}

impl Runner for Far {
    async fn run(&self, definition: &CheckDefinition) -> Run {
        let run = self.client.run_once(definition).await;
        tokio::time::sleep(Duration::from_millis(self.way_ms)).await;
        Run { latency_ms: run.latency_ms.saturating_add(self.way_ms), ..run }
    }
}

/// The task that runs the checks until the server stops.
///
/// # Errors
/// If no HTTP client can be had.
pub(super) fn run(
    app: App,
    probing: Probing,
    stopped: watch::Receiver<bool>,
) -> Result<impl Future<Output = ()> + use<>, Refusal> {
    let client = Client::new(AddressPolicy::default())
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("no client for checks: {error}")))?;
    client.set_secrets(probe::Secrets::new(app.settings().check_secrets.clone()));
    Ok(async move {
        let mut probes = JoinSet::new();
        let far_away = FAR_AWAY.into_iter().filter(|_| probing.far_away);
        let locations: Vec<(&str, u64)> = [(LOCATION, 0)].into_iter().chain(far_away).collect();
        let of = u32::try_from(locations.len()).unwrap_or(u32::MAX);
        for (index, (location, way_ms)) in (0..).zip(locations) {
            // The demo's locations take turns among themselves; a server's own does among all that it knows.
            let (index, of) = if probing.far_away { (index, of) } else { place(&app.world(), location) };
            let runner = Far { client: client.clone(), way_ms };
            let clock = app.clone();
            let prober = Prober::new(location, runner, move || clock.now(), Pace::times(probing.speed));
            let prober = prober.staggered(Stagger { index, of });
            probes.spawn(run_at(app.clone(), location, prober, stopped.clone()));
        }
        tokio::join!(keep_house(app, stopped), async { while probes.join_next().await.is_some() {} });
    })
}

/// What tries drafts: from here, under the same policy, and without secrets.
///
/// # Errors
/// If no HTTP client can be had.
pub(super) fn trying() -> Result<TrialRunner, Refusal> {
    let client = Client::new(AddressPolicy::default())
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("no client for checks: {error}")))?;
    Ok(TrialRunner::new(move |definition: CheckDefinition| {
        let client = client.clone();
        async move {
            if !definition.is_run() {
                return None;
            }
            let at = Timestamp::now();
            let run = client.run_once(&definition).await;
            let result = Tally::default().count(&definition.check, LOCATION, at, run.outcome, run.latency_ms);
            Some(RunResult { hops: run.hops, ..result })
        }
    }))
}

/// One probe, at one location.
async fn run_at(app: App, location: &'static str, prober: Prober<Far>, stopped: watch::Receiver<bool>) {
    let about = intake::About { skew_ms: Some(0), inside: true, ..intake::About::default() };
    app.intake().note_about(location, about);
    let told = Told::of(&app, &app.world(), location);
    let (define, definitions) = watch::channel(Arc::new(told.definitions));
    let (ask, asked) = watch::channel(told.now);
    let prober = prober.confirming(asked);
    let (sender, results) = mpsc::channel(RESULTS_MAX);
    let mut stop = stopped.clone();
    let stop = async move {
        let _ = stop.wait_for(|stopped| *stopped).await;
    };
    let follow = follow(app.clone(), location, define, ask, stopped);
    tokio::join!(prober.run(definitions, sender, stop), follow, hand_in(app, location, results));
}

/// Looks for silence until the server stops.
async fn keep_house(app: App, mut stopped: watch::Receiver<bool>) {
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
    loop {
        let stop = tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => true,
            _ = housekeeping.tick() => false,
        };
        if stop {
            return;
        }
        intake::keep_house(&app).await;
    }
}

/// Keeps what is run, and what is to be confirmed, as the World has it.
async fn follow(
    app: App,
    location: &str,
    define: watch::Sender<Arc<Vec<Arc<CheckDefinition>>>>,
    ask: watch::Sender<BTreeMap<EntityRef, Timestamp>>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut commits = app.engine().subscribe();
    let mut requests = app.runs().changes();
    loop {
        let changed = tokio::select! {
            _ = requests.changed() => true,
            _ = stopped.wait_for(|stopped| *stopped) => return,
            commit = commits.recv() => match commit {
                Ok(commit) => commit.recorded.iter().any(|recorded| matches!(*recorded.event, Event::Checks(_))),
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => true,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
            },
        };
        if changed {
            let Told { definitions, now } = Told::of(&app, &app.world(), location);
            ask.send_replace(now);
            let wanted = Arc::new(definitions);
            define.send_if_modified(|known| {
                let differs = **known != *wanted;
                *known = wanted;
                differs
            });
        }
    }
}

/// Hands in what the probe saw, several results at a time.
async fn hand_in(app: App, location: &str, mut results: mpsc::Receiver<RunResult>) {
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING);
    let mut batch = Vec::new();
    loop {
        tokio::select! {
            taken = results.recv_many(&mut batch, RESULTS_MAX) => {
                if taken == 0 {
                    return;
                }
                let results = std::mem::take(&mut batch);
                if let Err(refusal) = intake::take(&app, location, results).await {
                    tracing::warn!(error.code = refusal.code.name, "results of checks were lost: {refusal}");
                }
            }
            _ = housekeeping.tick() => {
                if let Err(refusal) = intake::hear(&app, location).await {
                    tracing::warn!(error.code = refusal.code.name, "the probe could not be noted: {refusal}");
                }
            }
        }
    }
}
