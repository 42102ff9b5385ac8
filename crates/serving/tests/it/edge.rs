//! The relay, with a server that comes and goes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{self, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use serving::{
    Scope, Serving,
    edge::{Edge, EdgeError, Options},
    flagd_ports, ofrep,
    proto::sync_v1::{FetchAllFlagsRequest, flag_sync_service_client::FlagSyncServiceClient},
    tally::Batch,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::support::{http, serving, set, shop};

const TOKEN: &str = "the-relays-token";

/// A server, as far as a relay sees it.
struct Server {
    serving: Serving,
    address: SocketAddr,
    tallies: Arc<Mutex<Vec<(String, Batch)>>>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<()>,
}

async fn document(
    State(serving): State<Serving>,
    extract::Path(environment): extract::Path<String>,
    headers: HeaderMap,
) -> Response {
    if headers.get(header::AUTHORIZATION).is_none_or(|token| token != &format!("Bearer {TOKEN}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Some(set) = serving.board().set(&Scope::all(environment)) else { return StatusCode::NOT_FOUND.into_response() };
    let etag = format!("\"{:x}\"", set.revision());
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == &etag) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([(header::ETAG, etag)], set.document().as_ref().to_owned()).into_response()
}

impl Server {
    async fn start(serving: Serving, address: SocketAddr) -> Self {
        let tallies: Arc<Mutex<Vec<(String, Batch)>>> = Arc::default();
        let taken = Arc::clone(&tallies);
        let take = async move |headers: HeaderMap, Json(batch): Json<Batch>| {
            let key = headers["idempotency-key"].to_str().unwrap().to_owned();
            taken.lock().unwrap().push((key, batch));
        };
        let router = Router::new()
            .route("/api/v1/flags/sets/{environment}", get(document))
            .route("/api/v1/flags/tallies", post(take))
            .with_state(serving.clone())
            .merge(ofrep::router(serving.clone()).layer(Extension(Scope::all("production"))));
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let told = async {
            let _ = stopped.await;
        };
        let done =
            tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(told).await.unwrap() });
        Self { serving, address, tallies, stop, done }
    }

    async fn new(flags: &Value) -> Self {
        Self::start(serving(flags), SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    async fn stop(self) -> SocketAddr {
        self.serving.board().close();
        self.stop.send(()).unwrap();
        self.done.await.unwrap();
        self.address
    }
}

fn options(server: SocketAddr, folder: &Path) -> Options {
    let _ = http();
    Options {
        server: format!("http://{server}").parse().unwrap(),
        token: TOKEN.to_owned(),
        environment: "production".to_owned(),
        folder: folder.to_owned(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        flagd: None,
        tokens: Vec::new(),
        origins: Vec::new(),
    }
}

/// Asks until the answer is as wanted; it comes as soon as the relay has heard from the server.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

async fn release(edge: &Edge) -> Option<bool> {
    let url = format!("http://{}/ofrep/v1/evaluate/flags/release", edge.address);
    let answer: Value = http().post(url).send().await.unwrap().json().await.unwrap();
    answer["value"].as_bool()
}

async fn readiness(edge: &Edge) -> (StatusCode, Value) {
    let answer = http().get(format!("http://{}/readyz", edge.address)).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_relay_answers_as_the_server_does_and_follows_its_flips() {
    let server = Server::new(&shop("on")).await;
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::start(options(server.address, folder.path())).await.unwrap();
    until("the flags come", async || release(&edge).await == Some(true)).await;
    until("the stream is open", async || readiness(&edge).await.1["connected"] == true).await;
    let mut events = http().get(format!("http://{}/ofrep/v1/events", edge.address)).send().await.unwrap();
    events.chunk().await.unwrap().unwrap();
    server.serving.board().publish("production", set(&shop("off")));
    let told = events.chunk().await.unwrap().unwrap();
    assert!(told.windows(17).any(|text| text == b"refetchEvaluation"));
    assert_eq!(release(&edge).await, Some(false));
    edge.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_relay_answers_from_memory_while_the_server_is_away_and_says_so() {
    let server = Server::new(&shop("on")).await;
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::start(options(server.address, folder.path())).await.unwrap();
    until("the stream is open", async || readiness(&edge).await.1["connected"] == true).await;
    let address = server.stop().await;
    until("the loss is noticed", async || readiness(&edge).await.1["connected"] == false).await;
    assert_eq!(release(&edge).await, Some(true));
    let (status, state) = readiness(&edge).await;
    assert_eq!((status, &state["ready"]), (StatusCode::OK, &json!(true)));
    assert!(state["stale_seconds"].is_u64() && state["problem"].is_string(), "{state}");

    let server = Server::start(serving(&shop("off")), address).await;
    until("the relay comes back", async || release(&edge).await == Some(false)).await;
    until("the stream is open", async || readiness(&edge).await.1["connected"] == true).await;
    assert_eq!(readiness(&edge).await.1.get("problem"), None);
    edge.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_relay_starts_from_disk_while_the_server_is_away() {
    let server = Server::new(&shop("on")).await;
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::start(options(server.address, folder.path())).await.unwrap();
    until("the stream is open", async || readiness(&edge).await.1["connected"] == true).await;
    edge.close().await;
    let address = server.stop().await;

    let edge = Edge::start(options(address, folder.path())).await.unwrap();
    assert_eq!(release(&edge).await, Some(true));
    let (status, state) = readiness(&edge).await;
    assert_eq!((status, &state["connected"]), (StatusCode::OK, &json!(false)));
    edge.close().await;
}

#[tokio::test]
async fn a_torn_file_is_named_and_replaced() {
    let server = Server::new(&shop("on")).await;
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::start(options(server.address, folder.path())).await.unwrap();
    until("the stream is open", async || readiness(&edge).await.1["connected"] == true).await;
    edge.close().await;
    let address = server.stop().await;
    let file = folder.path().join("flags-production.kept");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();

    let edge = Edge::start(options(address, folder.path())).await.unwrap();
    let (status, state) = readiness(&edge).await;
    assert_eq!((status, &state["ready"]), (StatusCode::SERVICE_UNAVAILABLE, &json!(false)));
    let url = format!("http://{}/ofrep/v1/evaluate/flags/release", edge.address);
    assert_eq!(http().post(url).send().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    let server = Server::start(serving(&shop("on")), address).await;
    until("the flags come", async || readiness(&edge).await.1["connected"] == true).await;
    assert_eq!(std::fs::read(&file).unwrap().len(), whole.len());
    edge.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_a_relay_counted_is_handed_in() {
    let server = Server::new(&shop("on")).await;
    let folder = tempfile::tempdir().unwrap();
    let edge = Edge::start(options(server.address, folder.path())).await.unwrap();
    until("the flags come", async || release(&edge).await == Some(true)).await;
    release(&edge).await;
    edge.close().await;
    let taken = server.tallies.lock().unwrap().clone();
    let [(key, batch)] = taken.as_slice() else { panic!("{taken:?}") };
    assert!(!key.is_empty());
    let count = &batch.counts[0];
    assert_eq!((&*count.flag, count.variant.as_deref(), count.count), ("release", Some("on"), 2));
    server.stop().await;
}

#[tokio::test]
async fn callers_show_one_of_the_relays_tokens() {
    let server = Server::new(&shop("on")).await;
    let folder = tempfile::tempdir().unwrap();
    let tokens = vec!["alpha".to_owned(), "beta".to_owned()];
    let edge = Edge::start(Options { tokens, ..options(server.address, folder.path()) }).await.unwrap();
    until("the stream is open", async || readiness(&edge).await.1["connected"] == true).await;
    let ask = async |name: &str, value: &str| {
        let url = format!("http://{}/ofrep/v1/evaluate/flags", edge.address);
        http().post(url).header(name, value).send().await.unwrap()
    };
    assert_eq!(ask("x-nothing", "").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask("authorization", "Bearer gamma").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask("authorization", "Basic alpha").await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask("x-api-key", "beta").await.status(), StatusCode::OK);
    let answer: Value = ask("authorization", "bearer alpha").await.json().await.unwrap();
    let stream = answer["eventStreams"][0]["endpoint"]["requestUri"].as_str().unwrap().to_owned();
    let open = async |path: &str| http().get(format!("http://{}{path}", edge.address)).send().await.unwrap().status();
    assert_eq!(open(&stream).await, StatusCode::OK, "a browser opens what was announced");
    assert_eq!(open("/ofrep/v1/events").await, StatusCode::UNAUTHORIZED);
    assert_eq!(open("/ofrep/v1/events?key=alpha").await, StatusCode::UNAUTHORIZED);
    let elsewhere = stream.replace("/events", "/evaluate/flags");
    let answer = http().post(format!("http://{}{elsewhere}", edge.address)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "the key opens nothing but the stream");
    edge.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_relay_serves_flagds_ports_too() {
    let server = Server::new(&shop("on")).await;
    let folder = tempfile::tempdir().unwrap();
    let ports = flagd_ports::Options {
        evaluation: 0,
        management: 0,
        sync: 0,
        ofrep: 0,
        ..flagd_ports::Options::new("production")
    };
    let edge = Edge::start(Options { flagd: Some(ports), ..options(server.address, folder.path()) }).await.unwrap();
    until("the flags come", async || release(&edge).await == Some(true)).await;
    let address = edge.flagd.as_ref().unwrap().sync;
    let mut client = FlagSyncServiceClient::connect(format!("http://{address}")).await.unwrap();
    let answer = client.fetch_all_flags(FetchAllFlagsRequest::default()).await.unwrap().into_inner();
    assert_eq!(answer.flag_configuration, &*set(&shop("on")).document());
    edge.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_set_that_is_too_large_or_unreadable_changes_nothing() {
    let answers = Arc::new(Mutex::new(String::new()));
    let given = Arc::clone(&answers);
    let router = Router::new()
        .route("/api/v1/flags/sets/{environment}", get(async move || Body::from(given.lock().unwrap().clone())))
        .merge(ofrep::router(serving(&shop("on"))).layer(Extension(Scope::all("production"))));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let folder = tempfile::tempdir().unwrap();
    let check = async |body: String, expect: &str| {
        *answers.lock().unwrap() = body;
        let edge = Edge::start(options(address, folder.path())).await.unwrap();
        until(expect, async || {
            readiness(&edge).await.1["problem"].as_str().is_some_and(|problem| problem.contains(expect))
        })
        .await;
        assert_eq!(readiness(&edge).await.0, StatusCode::SERVICE_UNAVAILABLE);
        edge.close().await;
    };
    check("x".repeat((64 << 20) + 1), "larger than 64 MiB").await;
    check("{".to_owned(), "can't be read").await;
    check("[]".to_owned(), "not a JSON object").await;
}

#[tokio::test]
async fn a_relay_that_makes_no_sense_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let good = || options(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), folder.path());
    let open = Options { listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)), ..good() };
    assert!(matches!(Edge::start(open).await.err(), Some(EdgeError::OpenToAll(_))));
    let nowhere = Options { server: "mailto:ada@acme.test".parse().unwrap(), ..good() };
    assert!(matches!(Edge::start(nowhere).await.err(), Some(EdgeError::Server(_))));
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(matches!(Edge::start(Options { folder: file, ..good() }).await.err(), Some(EdgeError::Folder { .. })));
    let origins = vec!["shop".to_owned()];
    assert!(matches!(Edge::start(Options { origins, ..good() }).await.err(), Some(EdgeError::Origin(_))));
}
