//! Calls what must be called outside: the effects that are due.
//!
//! At least once, with the effect's id as `Idempotency-Key`; what came of it is an event, from which the next attempt
//! follows. A crash loses nothing: what is not done is still pending in the World.

use std::{collections::BTreeSet, time::Duration};

use kernel::{EffectId, Refusal, codes};
use reqwest::{StatusCode, header};
use tokio::{sync::watch, task::JoinSet};
use web::App;
use world::{Command, Effect, effects};

use super::{record::record, webhooks};

/// How often it is looked for what is due, beside whenever something happens.
const LOOK: Duration = Duration::from_millis(500);
/// How long a hook may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many hooks are called at the same time.
const CALLS_MAX: usize = 16;
/// How much of an answer is kept.
const ANSWER_BYTES_MAX: usize = 500;

/// The task that calls hooks until the server stops.
///
/// # Errors
/// If no HTTP client can be had.
pub(super) fn run(
    app: App,
    secret: Option<String>,
    mut stopped: watch::Receiver<bool>,
) -> Result<impl Future<Output = ()> + use<>, Refusal> {
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("mainstay/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("no client for hooks: {error}")))?;
    let caller = webhooks::caller(&app.settings().contracts)?;
    Ok(async move {
        let mut calls = JoinSet::new();
        let mut under_way = BTreeSet::<EffectId>::new();
        let mut look = tokio::time::interval(LOOK);
        let ends = stopped.clone();
        loop {
            tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => break,
                Some(done) = calls.join_next(), if !calls.is_empty() => {
                    if let Ok(effect) = done {
                        under_way.remove(&effect);
                    }
                }
                _ = look.tick() => {
                    let world = app.world();
                    let due = world.effects.due(world.not_before(app.now())).filter(|effect| !effect.call.message && !under_way.contains(&effect.id));
                    let due: Vec<Effect> = due.take(CALLS_MAX - under_way.len().min(CALLS_MAX)).cloned().collect();
                    for effect in due {
                        under_way.insert(effect.id);
                        let (client, caller) = (client.clone(), caller.clone());
                        calls.spawn(carry_out(app.clone(), client, caller, secret.clone(), effect, ends.clone()));
                    }
                }
            }
        }
        // A call that was made is waited for, so that its outcome is recorded and it is not made again.
        while calls.join_next().await.is_some() {}
    })
}

async fn carry_out(
    app: App,
    client: reqwest::Client,
    caller: outbound::Caller,
    secret: Option<String>,
    effect: Effect,
    stopped: watch::Receiver<bool>,
) -> EffectId {
    let id = effect.id;
    let (outcome, retry) = match effect.call.request.clone() {
        Some(request) => webhooks::call(&app, &caller, &effect, &request).await,
        None => call_hook(&client, secret, effect).await,
    };
    let command = Command::Effects(effects::Command::Report { effect: id, outcome, retry, not_before: None });
    record(&app, command, "hooks", stopped).await;
    id
}

/// Calls a component's own hook: what it answered, or why not and whether that may pass.
async fn call_hook(client: &reqwest::Client, secret: Option<String>, effect: Effect) -> (Result<String, String>, bool) {
    let mut call = client
        .post(&effect.call.url)
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", effect.id.to_string())
        .body(effect.call.body);
    if let Some(secret) = secret {
        call = call.bearer_auth(secret);
    }
    match call.send().await {
        Ok(response) => {
            let status = response.status();
            let answer = outbound::beginning(response, ANSWER_BYTES_MAX).await;
            let answer = format!("{status}: {answer}");
            if status.is_success() { (Ok(answer), true) } else { (Err(answer), may_pass(status)) }
        }
        Err(error) => (Err(without_address(error)), true),
    }
}

/// True where the same call may succeed later.
fn may_pass(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
}

/// The error without the address, which may hold a secret.
fn without_address(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut words = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
