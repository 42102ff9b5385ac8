//! As much of Mainstay as the company uses: it keeps flags, and remembers what it was told.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    routing::post,
};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "a token of the tests";

#[derive(Default)]
struct Told {
    deployments: Vec<Value>,
    configs: Vec<Value>,
    flags: BTreeMap<String, bool>,
    /// What the next changes are answered instead of being taken.
    failures: VecDeque<StatusCode>,
    /// Whether evaluations are refused.
    away: bool,
}

pub(crate) struct FakeMainstay {
    pub(crate) url: String,
    told: Arc<Mutex<Told>>,
    _server: tokio::task::JoinSet<()>,
}

type Shared = State<Arc<Mutex<Told>>>;

impl FakeMainstay {
    pub(crate) async fn start() -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let router = Router::new()
            .route("/api/v1/deployments", post(deployed))
            .route("/api/v1/configs", post(configured))
            .route("/api/v1/flags/{key}/{verb}", post(turn))
            .route("/ofrep/v1/evaluate/flags/{key}", post(evaluate))
            .with_state(Arc::clone(&told));
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut server = tokio::task::JoinSet::new();
        server.spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { url, told, _server: server }
    }

    pub(crate) fn deployments_of(&self, component: &str) -> Vec<Value> {
        self.told.lock().unwrap().deployments.iter().filter(|body| is_about(body, component)).cloned().collect()
    }

    pub(crate) fn configs_of(&self, component: &str) -> Vec<Value> {
        self.told.lock().unwrap().configs.iter().filter(|body| is_about(body, component)).cloned().collect()
    }

    pub(crate) fn changes(&self) -> usize {
        let told = self.told.lock().unwrap();
        told.deployments.len() + told.configs.len() + told.flags.len()
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.told.lock().unwrap().flags.get(key).copied()
    }

    pub(crate) fn set_flag(&self, key: &str, on: bool) {
        self.told.lock().unwrap().flags.insert(key.to_owned(), on);
    }

    pub(crate) fn fail_next_change(&self, status: StatusCode) {
        self.told.lock().unwrap().failures.push_back(status);
    }

    pub(crate) fn go_away(&self) {
        self.told.lock().unwrap().away = true;
    }
}

fn is_about(body: &Value, component: &str) -> bool {
    body["component"] == format!("component:default/{component}")
}

fn change(
    told: &Mutex<Told>,
    headers: &HeaderMap,
    body: &Value,
    take: impl FnOnce(&mut Told),
) -> (StatusCode, Json<Value>) {
    assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(body["environment"], "production");
    let mut told = told.lock().unwrap();
    if let Some(status) = told.failures.pop_front() {
        return (status, Json(json!({"detail": "not now"})));
    }
    take(&mut told);
    (StatusCode::CREATED, Json(json!({})))
}

async fn deployed(State(told): Shared, headers: HeaderMap, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    change(&told, &headers, &body, |told| told.deployments.push(body.clone()))
}

async fn configured(State(told): Shared, headers: HeaderMap, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    change(&told, &headers, &body, |told| told.configs.push(body.clone()))
}

async fn turn(
    State(told): Shared,
    Path((key, verb)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    assert!(matches!(verb.as_str(), "on" | "off"), "{verb}");
    assert!(body["reason"].as_str().is_some_and(|reason| !reason.is_empty()));
    change(&told, &headers, &body, |told| told.flags.extend([(key, verb == "on")]))
}

async fn evaluate(
    State(told): Shared,
    Path(key): Path<String>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> (StatusCode, Json<Value>) {
    assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
    assert!(body["context"]["targetingKey"].is_string() && body["context"]["service"].is_string());
    let told = told.lock().unwrap();
    if told.away {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"key": key, "errorCode": "GENERAL"})));
    }
    match told.flags.get(&key) {
        Some(on) => (StatusCode::OK, Json(json!({"key": key, "value": on, "reason": "STATIC", "variant": "on"}))),
        None => (StatusCode::NOT_FOUND, Json(json!({"key": key, "errorCode": "FLAG_NOT_FOUND"}))),
    }
}
