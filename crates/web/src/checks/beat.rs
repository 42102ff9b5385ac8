//! `/beat/{secret}`: a job reports by asking for an address, without a token.
//!
//! The address is the secret: the check's name, and a tag that only this server can make of it and of the event that
//! renewed it last. It lets its owner report for this one job and shows nothing. Whatever is wrong with it, the answer is
//! the same. It goes with the operator's key: a new key makes all addresses new.
//!
//! A report is an event, so there is a bound on how many one address may bring, whoever has learnt it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Instant,
};

use axum::{
    Extension,
    body::Body,
    extract::{ConnectInfo, Path, State},
    http::header,
    response::{IntoResponse as _, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use checks::Signal;
use futures::StreamExt as _;
use kernel::{Actor, EntityRef, Refusal, codes};
use world::{Command, World};

use super::run::Nothing;
use crate::{
    App,
    guard::By,
    problem::Problem,
    security::{
        csrf::PostedForm,
        rate::{Caller, Limiter},
    },
    show::{address as screen_of, named},
    vault,
};

/// How long a secret may be.
const SECRET_BYTES_MAX: usize = 400;
/// How many bytes of the tag are used.
const TAG_BYTES: usize = 24;
/// So much of what a job wrote is looked at; the end of it is kept.
const OUTPUT_READ_MAX: usize = 8 << 20;
/// The end of it.
const OUTPUT_KEPT: usize = 4 << 10;

/// One job may report this often: with its begin and end every ten seconds, and a burst of as many as a clumsy loop makes.
const REPORTS_PER_SECOND: f64 = 0.5;
const REPORTS_AT_ONCE: f64 = 30.0;
/// Addresses that nobody has may be tried this often from one place.
const TRIES_PER_SECOND: f64 = 1.0;
const TRIES_AT_ONCE: f64 = 60.0;

/// What bounds how often jobs report.
#[derive(Debug)]
pub struct Beats {
    reports: Limiter,
    strangers: Limiter,
}

impl Default for Beats {
    fn default() -> Self {
        Self {
            reports: Limiter::new(REPORTS_PER_SECOND, REPORTS_AT_ONCE),
            strangers: Limiter::new(TRIES_PER_SECOND, TRIES_AT_ONCE),
        }
    }
}

/// The whole address at which the job of a heartbeat reports.
#[must_use]
pub fn address(app: &App, world: &World, check: &EntityRef) -> String {
    let namespace = match check.namespace() {
        EntityRef::DEFAULT_NAMESPACE => String::new(),
        namespace => format!("{namespace}~"),
    };
    let tag = URL_SAFE_NO_PAD.encode(tag(app, world, check));
    format!("{}/beat/{namespace}{}.{tag}", app.settings().base_url, check.name())
}

/// What only this server can make: of the check, and of the event that renewed its address last.
fn tag(app: &App, world: &World, check: &EntityRef) -> Vec<u8> {
    let key = vault::derive(&app.settings().vault_key, "heartbeats");
    let renewed = world.checks.beat_address(check).map(|event| event.to_string()).unwrap_or_default();
    vault::tag(&key, format!("{check} {renewed}").as_bytes()).into_iter().take(TAG_BYTES).collect()
}

/// The heartbeat whose address this is.
fn read(app: &App, world: &World, secret: &str) -> Option<EntityRef> {
    if secret.len() > SECRET_BYTES_MAX {
        return None;
    }
    let (name, shown) = secret.rsplit_once('.')?;
    let (namespace, name) = name.split_once('~').unwrap_or((EntityRef::DEFAULT_NAMESPACE, name));
    let check = EntityRef::new("check", namespace, name).ok()?;
    let shown = URL_SAFE_NO_PAD.decode(shown).ok()?;
    let made = tag(app, world, &check);
    // Every byte is looked at, so that the time taken says nothing about where they differ.
    let same = shown.len() == made.len() && shown.iter().zip(&made).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0;
    let waits = |check: &EntityRef| world.checks.watch(check).is_some_and(|watch| !watch.definition.is_run());
    Some(check).filter(|check| same && waits(check))
}

/// A peer's address, where the server knows it.
type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// `/beat/{secret}`: the job is done, and went well.
pub async fn succeed(
    State(app): State<App>,
    peer: Peer,
    Path(secret): Path<String>,
    body: Body,
) -> Result<Response, Problem> {
    take(&app, peer, &secret, "0", body).await
}

/// `/beat/{secret}/start`, `/fail`, or the exit code.
pub async fn signal(
    State(app): State<App>,
    peer: Peer,
    Path((secret, signal)): Path<(String, String)>,
    body: Body,
) -> Result<Response, Problem> {
    take(&app, peer, &secret, &signal, body).await
}

async fn take(app: &App, peer: Peer, secret: &str, word: &str, body: Body) -> Result<Response, Problem> {
    let unknown = || Refusal::new(&codes::NOT_FOUND, "no job reports at this address");
    let Some(check) = read(app, &app.world(), secret) else {
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.ip());
        app.beats().strangers.take(Caller::at(address), Instant::now())?;
        return Err(unknown().into());
    };
    app.beats().reports.take(Caller::named(check.as_str()), Instant::now())?;
    let signal = match word {
        "start" => Signal::Started,
        "0" | "success" => Signal::Succeeded,
        "fail" => Signal::Failed { exit: None, output: end_of(body).await },
        code => {
            let exit = code.parse::<u8>().map_err(|_| {
                let detail = "a report is /start, /fail, or an exit code from 0 to 255";
                Refusal::new(&codes::NOT_FOUND, detail)
            })?;
            let output = end_of(body).await;
            if exit == 0 { Signal::Succeeded } else { Signal::Failed { exit: Some(i32::from(exit)), output } }
        }
    };
    let actor = Actor::Token(format!("heartbeat {}", check.short()));
    let command = Command::Checks(checks::Command::Beat { check, signal });
    app.submit(engine::Request { command, actor, reason: None, id: None }).await?;
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, "OK\n").into_response())
}

/// The end of what a job wrote. A report counts even if its output is too long, or breaks off.
async fn end_of(body: Body) -> String {
    let (mut kept, mut read) = (Vec::new(), 0_usize);
    let mut parts = body.into_data_stream();
    while let Some(Ok(part)) = parts.next().await {
        read = read.saturating_add(part.len());
        kept.extend_from_slice(&part);
        let too_much = kept.len().saturating_sub(OUTPUT_KEPT);
        kept.drain(..too_much);
        if read > OUTPUT_READ_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&kept).trim_end().to_owned()
}

/// `POST /checks/{namespace}/{name}/renew-address`: gives a job another address.
pub async fn renew(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(Nothing {}): PostedForm<Nothing>,
) -> Result<Response, Problem> {
    let check = named("check", &namespace, &name)?;
    let command = Command::Checks(checks::Command::RenewBeatAddress { check: check.clone() });
    app.submit(by.request(command, None, None)?).await?;
    Ok(Redirect::to(&format!("{}#address", screen_of(&check))).into_response())
}
