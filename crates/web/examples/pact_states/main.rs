//! Our Pact Broker in the states that other people's pacts ask for: what `pact-verifier` needs to replay them.
//!
//! Two ports of 127.0.0.1, said on the first line: `provider 40123 states 40124`. `POST /` to the second takes a state
//! (`{"state": "...", "action": "setup"}`) and puts an engine with a store of its own, in which it holds, behind the first.
//! That one answers the protocol as `http://example.org/`, for an administrator, and puts right what the verifier does to
//! query strings (see [`query`]). It runs until its standard input is closed.

mod query;
mod states;

use std::{error::Error, io::Write as _, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    http::{HeaderValue, Request, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use engine::{Engine, EngineOptions, SystemClock};
use kernel::{Actor, CommandId, EventId, Sha256, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use timeline::{NewEntry, SqliteStore, Store as _};
use tokio::{net::TcpListener, sync::RwLock};
use tower::ServiceExt as _;
use web::{App, Settings, routes::router, security::Limits};

use states::Seed;

const TOKEN: &str = "an-administrators-token-for-pacts-only";
const BEARER: &str = "Bearer an-administrators-token-for-pacts-only";
/// Where the pacts' authors had their broker.
const HOST: &str = "example.org";
/// The largest answer.
const ANSWER_BYTES_MAX: usize = 4 << 20;

type Failure = Box<dyn Error + Send + Sync>;

/// A server without a socket, on a store that is deleted afterwards.
pub(crate) struct Broker {
    router: Router,
    engine: Engine,
}

impl Broker {
    /// One on whose timeline these facts are.
    async fn knowing(facts: Vec<contracts::Event>) -> Result<Self, Failure> {
        tokio::task::spawn_blocking(move || {
            let store = SqliteStore::temporary()?;
            let entries = facts.into_iter().zip(1_u8..).map(|(fact, number)| entry(fact, number)).collect();
            store.append(0, entries)?;
            let engine = Engine::start(Arc::new(store), Arc::new(SystemClock::default()), EngineOptions::default())?;
            let settings = Settings { admin_token: Some(Sha256::of(TOKEN.as_bytes())), ..Settings::default() };
            let app = App::new(engine.clone(), settings);
            let limits = Limits { requests_at_once: 1e9, requests_per_second: 1e9, ..Limits::default() };
            Ok(Self { router: router(&app, &limits).0, engine })
        })
        .await?
    }

    /// Answers a request that was meant for a broker at `/`.
    async fn answer(&self, mut request: Request<Body>) -> Response {
        let uri = request.uri();
        let query = uri.query().map(|query| format!("?{}", query::in_order(query))).unwrap_or_default();
        let Ok(uri) = format!("/pact{}{query}", uri.path()).parse::<Uri>() else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        *request.uri_mut() = uri;
        request.headers_mut().insert(header::AUTHORIZATION, HeaderValue::from_static(BEARER));
        request.headers_mut().insert(header::HOST, HeaderValue::from_static(HOST));
        // What is compressed can't be put right.
        request.headers_mut().remove(header::ACCEPT_ENCODING);
        let (mut parts, body) = self.router.clone().oneshot(request).await.into_response().into_parts();
        let Ok(body) = axum::body::to_bytes(body, ANSWER_BYTES_MAX).await else {
            return StatusCode::BAD_GATEWAY.into_response();
        };
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, Body::from(at_root(&body)))
    }

    /// Sends something to the protocol, which must take it, and gives back what it answers.
    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::CONTENT_TYPE, "application/json");
        let answer = self.answer(request.body(Body::from(body.to_string()))?).await;
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), ANSWER_BYTES_MAX).await?;
        if !status.is_success() {
            return Err(format!("{method} {path}: {status}: {}", String::from_utf8_lossy(&body)).into());
        }
        Ok(serde_json::from_slice(&body).unwrap_or_default())
    }
}

/// The answer of a broker whose index is at `/`.
fn at_root(body: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(body) {
        Ok(text) => text.replace(&format!("http://{HOST}/pact"), &format!("http://{HOST}")).into_bytes(),
        Err(_) => body.to_vec(),
    }
}

fn entry(fact: contracts::Event, number: u8) -> NewEntry {
    let event = world::Event::Contracts(fact);
    NewEntry {
        id: EventId::from_bytes([number; 16]),
        command: CommandId::from_bytes([number; 16]),
        at: Timestamp::now(),
        actor: Actor::mainstay("pacts"),
        reason: None,
        kind: event.kind().to_owned(),
        version: 1,
        subjects: event.subjects(),
        body: event.to_body(),
    }
}

/// What stands behind the first port now.
type Stage = Arc<RwLock<Broker>>;

/// What the verifier wishes.
#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    action: Option<String>,
}

async fn provide(State(stage): State<Stage>, request: Request<Body>) -> Response {
    stage.read().await.answer(request).await
}

async fn change(State(stage): State<Stage>, Json(change): Json<Change>) -> Response {
    if change.action.as_deref() == Some("teardown") {
        return Json(Value::Null).into_response();
    }
    match set_up(&change.state.unwrap_or_default()).await {
        Ok(broker) => {
            let before = std::mem::replace(&mut *stage.write().await, broker);
            tokio::task::spawn_blocking(move || before.engine.stop());
            Json(Value::Null).into_response()
        }
        // Not one of the 5xx: the verifier would ask again and again.
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n")).into_response(),
    }
}

/// A broker in which a state holds; no state is an empty one.
async fn set_up(state: &str) -> Result<Broker, Failure> {
    let Seed { facts, steps } = Seed::of(state).ok_or_else(|| format!("no such state: {state}"))?;
    let broker = Broker::knowing(facts).await?;
    states::carry_out(&broker, steps).await?;
    Ok(broker)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let stage: Stage = Arc::new(RwLock::new(set_up("").await?));
    let provider = TcpListener::bind("127.0.0.1:0").await?;
    let states = TcpListener::bind("127.0.0.1:0").await?;
    let ports = (provider.local_addr()?.port(), states.local_addr()?.port());
    writeln!(std::io::stdout(), "provider {} states {}", ports.0, ports.1)?;
    let provider = axum::serve(provider, Router::new().fallback(provide).with_state(Arc::clone(&stage)));
    let states = axum::serve(states, Router::new().route("/", post(change)).with_state(Arc::clone(&stage)));
    let closed = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    tokio::select! {
        result = provider.into_future() => result?,
        result = states.into_future() => result?,
        result = closed => { result??; }
    }
    // So that its store is deleted.
    let last = stage.read().await.engine.clone();
    tokio::task::spawn_blocking(move || last.stop()).await?;
    Ok(())
}
