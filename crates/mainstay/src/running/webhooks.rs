//! How a webhook is called: its secrets are opened, what only the server knows is filled in, and it is signed.

use broker::TestCall;
use contracts::Delivery;
use kernel::{EffectId, Refusal, codes};
use outbound::{Allowed, Answered, Caller, Failed, Outgoing};
use serde::Deserialize;
use web::{App, WebhookCaller, contracts::signing, vault};
use world::{Effect, effects::Request};

/// What stands for the server's own address in a filled template.
const BASE_URL: &str = "${pactbroker.baseUrl}";

/// What is sealed of a webhook.
#[derive(Debug, Default, Deserialize)]
struct Secrets {
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    headers: std::collections::BTreeMap<String, String>,
}

/// Who calls webhooks, by what the operator allows.
///
/// # Errors
/// If no HTTP client can be had.
pub(crate) fn caller(policy: &broker::Policy) -> Result<Caller, Refusal> {
    let no_client = |error| Refusal::new(&codes::INTERNAL, format!("no client for webhooks: {error}"));
    Caller::new(Allowed::new(&policy.webhook_hosts)).map_err(no_client)
}

/// Who calls a webhook that somebody tries.
///
/// # Errors
/// If no HTTP client can be had.
pub(crate) fn trying(policy: &broker::Policy) -> Result<WebhookCaller, Refusal> {
    let caller = caller(policy)?;
    Ok(WebhookCaller::new(move |app, delivery| try_call(app, &caller, delivery)))
}

fn try_call(app: &App, caller: &Caller, delivery: &Delivery) -> TestCall {
    let request = Request {
        method: delivery.method.clone(),
        headers: delivery.headers.clone(),
        username: delivery.username.clone(),
        secret: delivery.secret.clone(),
        patience: world::effects::Patience::Day,
    };
    let body = delivery.body.as_deref().unwrap_or_default();
    let outgoing = outgoing(app, delivery.effect, &delivery.url, body, &request);
    let sent = format!("{} {}", delivery.method, delivery.url);
    let called = outgoing.map_err(|refusal| Failed { error: refusal.to_string(), may_pass: false });
    let called = called.and_then(|outgoing| tokio::runtime::Handle::current().block_on(caller.call(&outgoing)));
    match called {
        Ok(Answered { status, body }) => TestCall { success: true, log: format!("{sent}\nHTTP/1.1 {status}\n{body}") },
        Err(Failed { error, .. }) => TestCall { success: false, log: format!("{sent}\n{error}") },
    }
}

/// Makes the call that an effect asks for: what was answered, or why not and whether that may pass.
pub(crate) async fn call(
    app: &App,
    caller: &Caller,
    effect: &Effect,
    request: &Request,
) -> (Result<String, String>, bool) {
    let (asked, id, url, body) = (app.clone(), effect.id, effect.call.url.clone(), effect.call.body.clone());
    let request = request.clone();
    let made = app.blocking(move |_| outgoing(&asked, id, &url, &body, &request)).await;
    let outgoing = match made {
        Ok(outgoing) => outgoing,
        Err(refusal) => return (Err(refusal.to_string()), true),
    };
    match caller.call(&outgoing).await {
        Ok(Answered { status, body }) => (Ok(format!("{status}: {body}")), true),
        Err(Failed { error, may_pass }) => (Err(error), may_pass),
    }
}

/// The call, with what is secret and what only the server knows. It reads the store.
fn outgoing(app: &App, id: EffectId, url: &str, body: &str, request: &Request) -> Result<Outgoing, Refusal> {
    let secrets = match &request.secret {
        None => Secrets::default(),
        Some(name) => {
            let missing = || {
                let detail = format!("the webhook's secret {name} is missing: set its password and headers anew");
                Refusal::new(&codes::DATA_CORRUPT, detail)
            };
            let sealed = app.engine().store().get_secret(name)?.ok_or_else(missing)?;
            let opened = vault::open(&app.settings().vault_key, name, &sealed)?;
            serde_json::from_slice(&opened).map_err(|_| missing())?
        }
    };
    let base = format!("{}{}", app.settings().base_url, web::contracts::pact_broker::BASE);
    let fill = |text: &str| text.replace(BASE_URL, &base);
    let mut headers: Vec<(String, String)> =
        request.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect();
    headers.extend(secrets.headers);
    Ok(Outgoing {
        id: id.to_string(),
        method: request.method.clone(),
        url: fill(url),
        headers,
        body: fill(body),
        basic: request.username.clone().map(|user| (user, secrets.password)),
        key: Some(signing::key(app)),
    })
}
