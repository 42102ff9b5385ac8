//! Trying a draft: one run from this server, of which nothing is kept.
//!
//! It is bounded, since it asks whatever address somebody names: by the server's own policy of addresses, by how many are
//! under way, by how often one person may, and in time. Secrets are told to checks that stand on the timeline alone: a
//! draft that names one is not run.

use std::{fmt, pin::Pin, sync::Arc, time::Instant};

use checks::{CheckDefinition, RunResult};
use kernel::{Refusal, codes};
use tokio::sync::Semaphore;

use crate::{
    App,
    guard::By,
    security::rate::{Caller, Limiter},
};

/// Trials under way.
const AT_ONCE: usize = 4;
/// One person may try this often.
const PER_SECOND: f64 = 0.5;
const IN_ONE_GO: f64 = 10.0;
/// The longest that a trial takes: less than a request may.
const TIMEOUT_MS_MAX: u64 = 20_000;

type Ran = Pin<Box<dyn Future<Output = Option<RunResult>> + Send>>;

/// Runs a draft once; gives nothing if this sort of check can't be run here.
#[derive(Clone)]
pub struct TrialRunner(Arc<dyn Fn(CheckDefinition) -> Ran + Send + Sync>);

impl TrialRunner {
    /// By this function.
    pub fn new<F: Future<Output = Option<RunResult>> + Send + 'static>(
        run: impl Fn(CheckDefinition) -> F + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(move |definition| Box::pin(run(definition))))
    }
}

impl fmt::Debug for TrialRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TrialRunner(..)")
    }
}

/// What bounds trials.
#[derive(Debug)]
pub struct Trials {
    places: Semaphore,
    people: Limiter,
}

impl Default for Trials {
    fn default() -> Self {
        Self { places: Semaphore::new(AT_ONCE), people: Limiter::new(PER_SECOND, IN_ONE_GO) }
    }
}

/// Runs a draft once.
///
/// # Errors
/// `invalid` for what can't be run here or names secrets, `rate-limited`, and `busy` if too many are under way.
pub(super) async fn run(app: &App, by: &By, mut definition: CheckDefinition) -> Result<RunResult, Refusal> {
    let cant = |why: &str| Refusal::new(&codes::INVALID, format!("it can't be tried: {why}"));
    let runner = app.settings().check_trial.clone().ok_or_else(|| cant("this server runs no checks"))?;
    let written = serde_json::to_string(&definition).unwrap_or_default();
    if checks::template::secrets(&written).next().is_some() {
        return Err(cant("a draft is told no secrets").fix("make the check, then run it"));
    }
    app.trials().people.take(Caller::named(&by.0.actor.to_string()), Instant::now())?;
    let busy = || Refusal::new(&codes::BUSY, "other drafts are being tried").retry_after(5);
    let _place = app.trials().places.try_acquire().map_err(|_| busy())?;
    definition.timeout_ms = definition.timeout_ms.min(TIMEOUT_MS_MAX);
    tracing::info!(check = %definition.check, user.name = %by.0.actor, request = definition.request(), "a draft is tried");
    let sort = definition.kind.word();
    (runner.0)(definition).await.ok_or_else(|| cant(&format!("this server doesn’t run {sort}")))
}
