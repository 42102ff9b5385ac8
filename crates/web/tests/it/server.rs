//! A server without a socket: the router on a store that is deleted afterwards.

use std::sync::Arc;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use engine::{Engine, EngineOptions, SystemClock};
use kernel::Sha256;
use serde_json::{Value, json};
use timeline::SqliteStore;
use tower::ServiceExt as _;
use web::{App, Settings, routes::router, security::Limits};

/// The administrator's token.
pub(crate) const TOKEN: &str = "a-token-that-only-these-tests-know-0123456789";

/// A server.
pub(crate) struct Server {
    app: App,
    router: Router,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Server {
    /// A server with an empty timeline.
    pub(crate) fn start() -> Self {
        Self::start_with(|_| ())
    }

    /// The same, with what an operator chooses.
    pub(crate) fn start_with(choose: impl FnOnce(&mut Settings)) -> Self {
        let store = Arc::new(SqliteStore::temporary().unwrap());
        let engine = Engine::start(store, Arc::new(SystemClock::default()), EngineOptions::default()).unwrap();
        let mut settings = Settings { admin_token: Some(Sha256::of(TOKEN.as_bytes())), ..Settings::default() };
        choose(&mut settings);
        let app = App::new(engine, settings);
        let limits = Limits { requests_at_once: 1e9, requests_per_second: 1e9, ..Limits::default() };
        let (router, _) = router(&app, &limits);
        Self { app, router }
    }

    /// Asks with the administrator's token, or with another.
    pub(crate) async fn ask_as(&self, token: Option<&str>, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Asks with the administrator's token.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        self.ask_as(Some(TOKEN), method, path, body).await
    }

    /// What is answered to an administrator; it must be good.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.ask_as(Some(TOKEN), Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    }

    /// What is answered to what an administrator sends; it must be good.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.ask_as(Some(TOKEN), Method::POST, path, Some(&body)).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        answer.body
    }

    /// Applies the files of a catalog source.
    pub(crate) async fn apply(&self, source: &str, files: &[(&str, &str)]) {
        let files: Vec<Value> = files.iter().map(|(path, text)| json!({ "path": path, "text": text })).collect();
        self.post("/api/v1/catalog/apply", json!({ "source": source, "files": files })).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.app.engine().stop();
    }
}
