//! Who may tell of deployments: GitHub signs with a secret that both know, GitLab shows its token or signs, CDEvents come
//! with a key as alerts do. What is wrong with a signature is answered before a byte of the body is read.
//!
//! Sources: docs.github.com, "Validating webhook deliveries"; docs.gitlab.com, "Webhooks", "Secret token" and "Signing
//! token", which follows Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,BASE64`).
//!
//! The secret that signs is sealed in the vault under the digest of the integration's key, which its event names: it is
//! the key itself.

use alerts::{Integration, Kind};
use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kernel::{Refusal, Sha256, Timestamp, codes};
use ring::hmac;

use crate::{App, alerts::door::Sender, api::integrations::named, vault};

/// How far the time of GitLab's signature may be from ours, as Standard Webhooks have it: older ones may be replays.
const SIGNED_WITHIN_S: u64 = 300;

/// Integrations of one kind that are tried where the address names none.
const TRIED_MAX: usize = 20;

/// What begins a secret of Standard Webhooks.
const WHSEC: &str = "whsec_";

/// A new key for an integration of this kind.
///
/// # Errors
/// If the operating system gives no randomness.
pub fn new_key(kind: Kind) -> Result<String, Refusal> {
    let key = crate::credentials::new_key()?;
    Ok(match kind {
        // GitLab's signing token is `whsec_` and 32 bytes of base64.
        Kind::Gitlab => format!("{WHSEC}{}", STANDARD.encode(key)),
        Kind::EventsV2
        | Kind::Alertmanager
        | Kind::Prometheus
        | Kind::Grafana
        | Kind::Generic
        | Kind::Opsgenie
        | Kind::Github
        | Kind::Cdevents => key,
    })
}

fn secret_name(key: Sha256) -> String {
    format!("integration/{key}")
}

/// Keeps the key of an integration whose senders sign with it; others' keys are kept nowhere.
///
/// # Errors
/// If the store can't be written.
pub async fn keep(app: &App, kind: Kind, key: &str) -> Result<(), Refusal> {
    if !kind.signs() {
        return Ok(());
    }
    let name = secret_name(Sha256::of(key.as_bytes()));
    let sealed = vault::seal(&app.settings().vault_key, &name, key.as_bytes())?;
    app.blocking(move |engine| Ok(engine.store().put_secret(&name, Some(&sealed))?)).await
}

/// Forgets the key that an integration had.
///
/// # Errors
/// If the store can't be written.
pub async fn forget(app: &App, had: &Integration) -> Result<(), Refusal> {
    let Some(name) = had.key().filter(|_| had.settings.kind.signs()).map(secret_name) else { return Ok(()) };
    app.blocking(move |engine| Ok(engine.store().put_secret(&name, None)?)).await
}

/// The integrations that a delivery may be of: the one that its address names, else all of this kind.
fn candidates(app: &App, kind: Kind, wanted: Option<&str>) -> Vec<Integration> {
    let world = app.world();
    let of_kind = |integration: &&Integration| integration.settings.kind == kind && integration.key().is_some();
    match wanted {
        Some(text) => named(&world, text).ok().into_iter().filter(of_kind).cloned().collect(),
        None => world.alerts.integrations().filter(of_kind).take(TRIED_MAX).cloned().collect(),
    }
}

async fn secret_of(app: &App, integration: &Integration) -> Result<Option<Vec<u8>>, Refusal> {
    let Some(name) = integration.key().map(secret_name) else { return Ok(None) };
    let key = app.settings().vault_key;
    app.blocking(move |engine| match engine.store().get_secret(&name)? {
        Some(sealed) => vault::open(&key, &name, &sealed).map(Some),
        None => Ok(None),
    })
    .await
}

/// The integration that signed a delivery of GitHub's.
///
/// # Errors
/// `UNAUTHENTICATED` without a good signature; `RATE_LIMITED` for who guesses.
pub async fn github(
    app: &App,
    sender: &Sender,
    headers: &HeaderMap,
    wanted: Option<&str>,
    body: &[u8],
) -> Result<Integration, Refusal> {
    let shown = header(headers, "x-hub-signature-256").and_then(|text| hex(text.strip_prefix("sha256=")?));
    if let Some(tag) = shown {
        for integration in candidates(app, Kind::Github, wanted) {
            if let Some(secret) = secret_of(app, &integration).await?
                && is_signed(&secret, body, &tag)
            {
                return Ok(integration);
            }
        }
    }
    sender.wrong()?;
    let detail = "the delivery has no X-Hub-Signature-256 that any GitHub integration's secret makes";
    Err(Refusal::new(&codes::UNAUTHENTICATED, detail).fix("put the integration's secret into the hook at GitHub"))
}

/// True if the tag is the body's HMAC-SHA256 under this secret; compared in constant time.
fn is_signed(secret: &[u8], body: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), body, tag).is_ok()
}

/// The integration whose token a delivery of GitLab's shows, or that signed it.
///
/// # Errors
/// `UNAUTHENTICATED` without a good token or signature; `RATE_LIMITED` for who guesses.
pub async fn gitlab(
    app: &App,
    sender: &Sender,
    headers: &HeaderMap,
    wanted: Option<&str>,
    body: &[u8],
) -> Result<Integration, Refusal> {
    // A signature that is there must be good: a good token doesn't save it.
    if let Some(signatures) = header(headers, "webhook-signature") {
        let signed = signed_text(headers, app.now(), body)?;
        for integration in candidates(app, Kind::Gitlab, wanted) {
            let Some(secret) = secret_of(app, &integration).await? else { continue };
            let secret = std::str::from_utf8(&secret).ok().and_then(|text| text.strip_prefix(WHSEC));
            let Some(secret) = secret.and_then(|text| STANDARD.decode(text).ok()) else { continue };
            let tags = signatures.split(' ').filter_map(|text| STANDARD.decode(text.strip_prefix("v1,")?).ok());
            if tags.take(10).any(|tag| is_signed(&secret, &signed, &tag)) {
                return Ok(integration);
            }
        }
        sender.wrong()?;
    } else if let Some(token) = header(headers, "x-gitlab-token")
        && let Some(integration) = sender.integration(app, token)?
        && integration.settings.kind == Kind::Gitlab
    {
        return Ok(integration);
    } else {
        sender.wrong()?;
    }
    let detail = "the delivery has neither the token of a GitLab integration nor its signature";
    let fix = "put the integration's secret into the hook at GitLab, as its secret token or its signing token";
    Err(Refusal::new(&codes::UNAUTHENTICATED, detail).fix(fix))
}

/// What a signature of Standard Webhooks is over: `ID.TIMESTAMP.BODY`.
fn signed_text(headers: &HeaderMap, now: Timestamp, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let wrong = |detail: &str| Refusal::new(&codes::UNAUTHENTICATED, detail);
    let id = header(headers, "webhook-id").ok_or_else(|| wrong("the delivery is signed and has no webhook-id"))?;
    let stamp = header(headers, "webhook-timestamp").unwrap_or_default();
    let at: i64 = stamp.parse().map_err(|_| wrong("the delivery is signed and has no webhook-timestamp in seconds"))?;
    if now.as_second().abs_diff(at) > SIGNED_WITHIN_S {
        let detail = format!("the signature is of another time than now by more than {SIGNED_WITHIN_S} seconds");
        return Err(wrong(&detail).fix("deliver it anew, and check both servers' clocks"));
    }
    Ok([id.as_bytes(), b".", stamp.as_bytes(), b".", body].concat())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// 64 hexadecimal digits.
fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    (text.len() == 64).then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn githubs_own_example_of_a_signature_is_good_and_any_other_is_not() {
        // docs.github.com, "Validating webhook deliveries", "Testing the webhook payload validation".
        let tag = hex("757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17").unwrap();
        let secret = b"It's a Secret to Everybody";
        assert!(is_signed(secret, b"Hello, World!", &tag));
        assert!(!is_signed(secret, b"Hello, World", &tag));
        assert!(!is_signed(b"It's a secret to everybody", b"Hello, World!", &tag));
        assert!(!is_signed(secret, b"Hello, World!", &tag[..31]));
        assert_eq!((hex("75"), hex(&"zz".repeat(32)), hex(&"é".repeat(32))), (None, None, None));
    }
}
