//! How a webhook is called: its secrets are opened, what only the server knows is filled in, and it is signed.

use broker::{Secrets, TestCall};
use contracts::Delivery;
use kernel::{EffectId, Refusal, codes};
use outbound::{Allowed, Answered, Caller, Failed, Outgoing};
use web::{App, WebhookCaller, contracts::signing, vault};
use world::{Effect, effects::Request};

/// What stands for the server's own address in a filled template.
const BASE_URL: &str = "${pactbroker.baseUrl}";

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
    let called = called.and_then(|prepared| tokio::runtime::Handle::current().block_on(made(caller, &prepared)));
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
    let prepared = app.blocking(move |_| outgoing(&asked, id, &url, &body, &request)).await;
    let prepared = match prepared {
        Ok(prepared) => prepared,
        Err(refusal) => return (Err(refusal.to_string()), true),
    };
    match made(caller, &prepared).await {
        Ok(Answered { status, body }) => (Ok(format!("{status}: {body}")), true),
        Err(Failed { error, may_pass }) => (Err(error), may_pass),
    }
}

/// A call, and what of it nobody is to read.
struct Prepared {
    outgoing: Outgoing,
    secrets: Secrets,
}

/// Makes a call; what a receiver repeats of its secrets is masked.
async fn made(caller: &Caller, prepared: &Prepared) -> Result<Answered, Failed> {
    let user = prepared.outgoing.basic.as_ref().map(|(user, _)| user.as_str());
    let masked = |text: &str| prepared.secrets.masked(user, text);
    match caller.call(&prepared.outgoing).await {
        Ok(Answered { status, body }) => Ok(Answered { status, body: masked(&body) }),
        Err(Failed { error, may_pass }) => Err(Failed { error: masked(&error), may_pass }),
    }
}

/// The call, with what is secret and what only the server knows. It reads the store.
fn outgoing(app: &App, id: EffectId, url: &str, body: &str, request: &Request) -> Result<Prepared, Refusal> {
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
    headers.extend(secrets.headers.clone());
    let outgoing = Outgoing {
        id: id.to_string(),
        method: request.method.clone(),
        url: fill(url),
        headers,
        body: fill(body),
        basic: request.username.clone().map(|user| (user, secrets.password.clone())),
        key: Some(signing::key(app)),
    };
    Ok(Prepared { outgoing, secrets })
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
    };

    use super::*;

    /// A receiver that answers its request.
    fn echo(status: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 8_192];
            let read = stream.read(&mut request).unwrap();
            let begin = format!("HTTP/1.1 {status}\r\ncontent-length: {read}\r\nconnection: close\r\n\r\n");
            stream.write_all(begin.as_bytes()).unwrap();
            stream.write_all(&request[..read]).unwrap();
        });
        port
    }

    fn prepared(port: u16) -> Prepared {
        let headers = vec![("x-api-key".to_owned(), "key-of-ann".to_owned())];
        let secrets = Secrets { password: Some("hush".to_owned()), headers: headers.iter().cloned().collect() };
        let outgoing = Outgoing {
            id: "evt-1".to_owned(),
            method: "POST".to_owned(),
            url: format!("http://127.0.0.1:{port}/hook"),
            headers,
            basic: Some(("ann".to_owned(), Some("hush".to_owned()))),
            ..Outgoing::default()
        };
        Prepared { outgoing, secrets }
    }

    fn check(text: &str) {
        assert!(text.contains("x-api-key: **********") && text.contains("Basic **********"), "{text}");
        for secret in ["key-of-ann", "hush", "YW5uOmh1c2g="] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }

    #[tokio::test]
    async fn what_a_receiver_repeats_of_the_secrets_is_masked_whether_it_takes_the_call_or_not() {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let caller = Caller::new(Allowed::new(&["127.0.0.1".to_owned()])).unwrap();
        check(&made(&caller, &prepared(echo("200 OK"))).await.unwrap().body);
        check(&made(&caller, &prepared(echo("500 Oops"))).await.unwrap_err().error);
    }
}
