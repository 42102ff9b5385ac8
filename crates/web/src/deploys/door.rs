//! Who may tell of deployments: GitHub signs with a secret that both know, GitLab shows its token or signs, CDEvents come
//! with a key as alerts do. Each door takes the keys of its own kind of integration. What can be told of the headers alone is
//! answered before a byte of the body is read; and nobody's secret is opened for a sender who was wrong too often.
//!
//! Sources: docs.github.com, "Validating webhook deliveries"; docs.gitlab.com, "Webhooks", "Secret token" and "Signing
//! token", which follows Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,BASE64`).
//!
//! The secret that signs is sealed in the vault under the digest of the integration's key, which its event names: it is
//! the key itself.

use alerts::{Integration, Kind};
use axum::{
    extract::{FromRequestParts, Query},
    http::{HeaderMap, request::Parts},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kernel::{Refusal, Sha256, Timestamp, codes};
use ring::hmac;
use serde::Deserialize;

use crate::{
    App,
    alerts::door::{Sender, keyed},
    api::integrations::named,
    problem::Problem,
    vault,
};

/// How far the time of GitLab's signature may be from ours, as Standard Webhooks have it: older ones may be replays.
const SIGNED_WITHIN_S: u64 = 300;

/// Integrations of one kind that are tried where the address names none.
const TRIED_MAX: usize = 20;

/// The header of a signature of Standard Webhooks.
const SIGNATURE: &str = "webhook-signature";

/// Signatures of one delivery that are looked at.
const TAGS_MAX: usize = 10;

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

/// Keeps the key of an integration whose senders sign with it while `submitted` makes it the integration's own; where it
/// doesn't become one's, it is not kept. Others' keys are kept nowhere.
///
/// # Errors
/// What `submitted` answers; or if the store can't be written.
pub async fn keep<T, E: From<Refusal>>(
    app: &App,
    kind: Kind,
    key: &str,
    submitted: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    if !kind.signs() {
        return submitted.await;
    }
    let digest = Sha256::of(key.as_bytes());
    let name = secret_name(digest);
    let sealed = vault::seal(&app.settings().vault_key, &name, key.as_bytes())?;
    put(app, name.clone(), Some(sealed)).await?;
    let done = submitted.await;
    if app.world().alerts.by_key(&digest).is_none() {
        put(app, name, None).await?;
    }
    done
}

async fn put(app: &App, name: String, sealed: Option<Vec<u8>>) -> Result<(), Refusal> {
    app.blocking(move |engine| Ok(engine.store().put_secret(&name, sealed.as_deref())?)).await
}

/// Forgets the key that an integration had.
///
/// # Errors
/// If the store can't be written.
pub async fn forget(app: &App, had: &Integration) -> Result<(), Refusal> {
    let Some(name) = had.key().filter(|_| had.settings.kind.signs()).map(secret_name) else { return Ok(()) };
    put(app, name, None).await
}

/// Which integration, where the signature alone would leave it to trying.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Of {
    /// The integration's id or name.
    pub integration: Option<String>,
}

/// The integrations that a delivery may be of: the one that its address names, else the first [`TRIED_MAX`] of this kind.
fn candidates(app: &App, kind: Kind, parts: &Parts) -> Vec<Integration> {
    let world = app.world();
    let of_kind = |integration: &&Integration| integration.settings.kind == kind && integration.key().is_some();
    let Query(of) = Query::<Of>::try_from_uri(&parts.uri).unwrap_or_default();
    match of.integration.as_deref() {
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

/// A delivery that says GitHub signed it. Nothing of its body is read yet, and no secret opened.
#[derive(Debug)]
pub struct Github {
    sender: Sender,
    tag: Vec<u8>,
    candidates: Vec<Integration>,
}

impl FromRequestParts<App> for Github {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let sender = Sender::of(parts);
        let shown = header(&parts.headers, "x-hub-signature-256");
        let tag = shown.and_then(|text| hex(text.strip_prefix("sha256=")?));
        let candidates = candidates(app, Kind::Github, parts);
        match tag {
            Some(tag) if !candidates.is_empty() => {
                sender.may_try()?;
                Ok(Self { sender, tag, candidates })
            }
            Some(_) | None => {
                sender.wrong()?;
                Err(not_githubs().into())
            }
        }
    }
}

impl Github {
    /// The integration that signed this body.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if none did; `RATE_LIMITED` for who guesses.
    pub async fn integration(self, app: &App, body: &[u8]) -> Result<Integration, Refusal> {
        for integration in self.candidates {
            if let Some(secret) = secret_of(app, &integration).await?
                && is_signed(&secret, body, &self.tag)
            {
                return Ok(integration);
            }
        }
        self.sender.wrong()?;
        Err(not_githubs())
    }
}

fn not_githubs() -> Refusal {
    let detail = "the delivery has no X-Hub-Signature-256 that any GitHub integration's secret makes";
    Refusal::new(&codes::UNAUTHENTICATED, detail).fix("put the integration's secret into the hook at GitHub")
}

/// True if the tag is the body's HMAC-SHA256 under this secret; compared in constant time.
fn is_signed(secret: &[u8], body: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), body, tag).is_ok()
}

/// A delivery that shows a GitLab integration's token, or says that GitLab signed it. Nothing of its body is read yet, and
/// no secret opened.
#[derive(Debug)]
pub struct Gitlab {
    sender: Sender,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Token(Box<Integration>),
    Signed {
        /// What is signed before the body: `ID.TIMESTAMP.`.
        head: String,
        tags: Vec<Vec<u8>>,
        candidates: Vec<Integration>,
    },
}

impl FromRequestParts<App> for Gitlab {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let sender = Sender::of(parts);
        let headers = &parts.headers;
        // A signature that is there must be good: a good token doesn't save it.
        if headers.contains_key(SIGNATURE) {
            let head = signed_head(headers, app.now())?;
            let tags = header(headers, SIGNATURE).unwrap_or_default().split(' ');
            let tags = tags.filter_map(|text| STANDARD.decode(text.strip_prefix("v1,")?).ok());
            let tags: Vec<Vec<u8>> = tags.take(TAGS_MAX).collect();
            let candidates = candidates(app, Kind::Gitlab, parts);
            if !tags.is_empty() && !candidates.is_empty() {
                sender.may_try()?;
                return Ok(Self { sender, shown: Shown::Signed { head, tags, candidates } });
            }
        } else if let Some(token) = header(headers, "x-gitlab-token") {
            let known = sender.integration(app, token, |kind| kind == Kind::Gitlab)?;
            let known = known.ok_or_else(not_gitlabs)?;
            return Ok(Self { sender, shown: Shown::Token(Box::new(known)) });
        }
        sender.wrong()?;
        Err(not_gitlabs().into())
    }
}

impl Gitlab {
    /// The integration whose token was shown, or that signed this body.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` if there is none; `RATE_LIMITED` for who guesses.
    pub async fn integration(self, app: &App, body: &[u8]) -> Result<Integration, Refusal> {
        let (head, tags, candidates) = match self.shown {
            Shown::Token(integration) => return Ok(*integration),
            Shown::Signed { head, tags, candidates } => (head, tags, candidates),
        };
        let signed = [head.as_bytes(), body].concat();
        for integration in candidates {
            let Some(secret) = secret_of(app, &integration).await? else { continue };
            let secret = std::str::from_utf8(&secret).ok().and_then(|text| text.strip_prefix(WHSEC));
            let Some(secret) = secret.and_then(|text| STANDARD.decode(text).ok()) else { continue };
            if tags.iter().any(|tag| is_signed(&secret, &signed, tag)) {
                return Ok(integration);
            }
        }
        self.sender.wrong()?;
        Err(not_gitlabs())
    }
}

fn not_gitlabs() -> Refusal {
    let detail = "the delivery has neither the token of a GitLab integration nor its signature";
    let fix = "put the integration's secret into the hook at GitLab, as its secret token or its signing token";
    Refusal::new(&codes::UNAUTHENTICATED, detail).fix(fix)
}

/// What a signature of Standard Webhooks is over, but for the body that follows: `ID.TIMESTAMP.`.
fn signed_head(headers: &HeaderMap, now: Timestamp) -> Result<String, Refusal> {
    let wrong = |detail: &str| Refusal::new(&codes::UNAUTHENTICATED, detail);
    let id = header(headers, "webhook-id").ok_or_else(|| wrong("the delivery is signed and has no webhook-id"))?;
    let stamp = header(headers, "webhook-timestamp").unwrap_or_default();
    let at: i64 = stamp.parse().map_err(|_| wrong("the delivery is signed and has no webhook-timestamp in seconds"))?;
    if now.as_second().abs_diff(at) > SIGNED_WITHIN_S {
        let detail = format!("the signature is of another time than now by more than {SIGNED_WITHIN_S} seconds");
        return Err(wrong(&detail).fix("deliver it anew, and check both servers' clocks"));
    }
    Ok(format!("{id}.{stamp}."))
}

/// The integration whose key CDEvents come with.
#[derive(Debug)]
pub struct Cdevents(pub Integration);

impl FromRequestParts<App> for Cdevents {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(keyed(parts, app, |kind| kind == Kind::Cdevents)?))
    }
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
