//! Keeps service level objectives: asks each Prometheus for what happened, and looks at every budget.
//!
//! A Prometheus is asked once a minute for whole minutes that are over, and after a restart, or when an SLO is new, for
//! the past as well. What it says is stored before it counts, so it is never counted twice.

mod prometheus;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use kernel::{EntityRef, Refusal, codes};
use outbound::Allowed;
use slo::{Input, Resolved, minute_of};
use tokio::{sync::watch, task::JoinSet};
use web::{
    App,
    slos::keeper::{self, RUNS_LAG_MINUTES},
};

use prometheus::Prometheus;

use super::resting::Resting;

/// How often every budget is looked at, and who must be asked is looked for.
const LOOK: Duration = Duration::from_secs(10);
/// SLOs that are asked for at the same time.
const ASKED_MAX: usize = 8;
/// Minutes that one question is about.
const MINUTES_MAX: i64 = 1_000;
/// A minute is asked for when it has been over for so many minutes: a Prometheus needs time to collect it.
const LAG_MINUTES: i64 = 1;
/// After a question that failed the next one waits for so long.
const REST: Duration = Duration::from_secs(30);

/// The task that keeps them until the server stops.
///
/// # Errors
/// If no HTTP client can be had.
pub(super) fn run(app: App, mut stopped: watch::Receiver<bool>) -> Result<impl Future<Output = ()> + use<>, Refusal> {
    let settings = app.settings();
    let allowed = Allowed::new(&settings.contracts.webhook_hosts);
    let prometheus = Prometheus::new(allowed, settings.check_secrets.clone())
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("no client for Prometheus: {error}")))?;
    let prometheus = Arc::new(prometheus);
    Ok(async move {
        let mut asking = JoinSet::<(EntityRef, bool)>::new();
        let mut under_way = BTreeSet::<EntityRef>::new();
        let mut resting = Resting::<EntityRef>::new(REST, REST);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            // What was waited for is let go of before anything else is awaited.
            let looks = tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(done) = asking.join_next(), if !asking.is_empty() => {
                    if let Ok((slo, known)) = done {
                        under_way.remove(&slo);
                        match known {
                            true => resting.went_well(&slo),
                            false => resting.rest(slo, Instant::now()),
                        }
                    }
                    false
                }
                _ = look.tick() => true,
            };
            if !looks {
                continue;
            }
            keeper::keep(&app).await;
            let (world, now) = (app.world(), Instant::now());
            resting.keep(|slo| world.slos.slo(slo).is_some());
            for resolved in asked(&app) {
                if under_way.len() >= ASKED_MAX {
                    break;
                }
                if resting.rests(&resolved.slo, now) {
                    continue;
                }
                if under_way.insert(resolved.slo.clone()) {
                    asking.spawn(ask(app.clone(), Arc::clone(&prometheus), resolved));
                }
            }
        }
        asking.shutdown().await;
    })
}

/// The SLOs of which something is not known yet, those that were asked for the longest time ago first.
fn asked(app: &App) -> Vec<Resolved> {
    let (world, now) = (app.world(), app.now());
    let mut asked: Vec<(Option<i64>, Resolved)> = Vec::new();
    for (slo, _) in world.slos.slos() {
        let Some(Ok(resolved)) = world.slos.resolve(slo) else { continue };
        let lag = match resolved.input {
            // The World has it.
            Input::Check { .. } => continue,
            Input::Runs { .. } => RUNS_LAG_MINUTES,
            Input::Prometheus { .. } => LAG_MINUTES,
        };
        let known = app.slos().asked_up_to(&resolved);
        if known.is_none_or(|known| known < minute_of(now) - lag) {
            asked.push((known, resolved));
        }
    }
    asked.sort_by_key(|(known, _)| *known);
    asked.into_iter().map(|(_, resolved)| resolved).collect()
}

/// Asks until everything is known, or something fails: then the second is false.
async fn ask(app: App, prometheus: Arc<Prometheus>, resolved: Resolved) -> (EntityRef, bool) {
    let slo = resolved.slo.clone();
    if let Err(refusal) = keeper::recall(&app, &resolved).await {
        tracing::warn!(error.code = refusal.code.name, "what was stored of {slo} could not be read: {refusal}");
        app.slos().fail(&resolved, refusal.to_string());
        return (slo, false);
    }
    if let Input::Runs { .. } = resolved.input {
        return runs(app, resolved).await;
    }
    let until = minute_of(app.now()) - LAG_MINUTES;
    while let Some(from) = app.slos().asked_up_to(&resolved).filter(|from| *from < until) {
        let end = until.min(from + MINUTES_MAX);
        match prometheus.count(&resolved.input, from, end).await {
            Ok(minutes) => {
                if let Err(refusal) = keeper::take(&app, &resolved, minutes, end).await {
                    tracing::warn!(error.code = refusal.code.name, "what was told of {slo} was not stored: {refusal}");
                    app.slos().fail(&resolved, refusal.to_string());
                    return (slo, false);
                }
            }
            Err(trouble) => {
                app.slos().fail(&resolved, trouble);
                return (slo, false);
            }
        }
    }
    (slo, true)
}

/// Counts a check's runs until everything is known, or the store can't be read: then the second is false.
async fn runs(app: App, resolved: Resolved) -> (EntityRef, bool) {
    let until = minute_of(app.now()) - RUNS_LAG_MINUTES;
    while let Some(from) = app.slos().asked_up_to(&resolved).filter(|from| *from < until) {
        let end = until.min(from + MINUTES_MAX);
        if let Err(refusal) = keeper::count_runs(&app, &resolved, from, end).await {
            tracing::warn!(error.code = refusal.code.name, "the runs of {} could not be read: {refusal}", resolved.slo);
            app.slos().fail(&resolved, refusal.to_string());
            return (resolved.slo, false);
        }
        // A check that is gone has no more.
        if app.slos().asked_up_to(&resolved) == Some(from) {
            break;
        }
    }
    (resolved.slo, true)
}
