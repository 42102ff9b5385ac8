//! Flags, as those who define and those who evaluate them see the whole server.

mod api;
mod gate;
mod ofrep;
mod tallies;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{browser::Site, server::TOKEN};

const ALL: &str = "/ofrep/v1/evaluate/flags";

/// Somebody with a token.
pub(crate) struct Client<'a> {
    site: &'a Site,
    token: String,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl<'a> Client<'a> {
    /// With the administrator's token.
    pub(crate) fn of(site: &'a Site) -> Self {
        Self { site, token: TOKEN.to_owned() }
    }

    /// With a token that was issued for `what`.
    pub(crate) async fn with_token(&self, what: Value) -> Client<'a> {
        let issued = self.send("POST", "/api/v1/tokens", &[], Some(what)).await;
        assert_eq!(issued.status, StatusCode::OK, "{}", issued.body);
        Client { site: self.site, token: issued.body["token"].as_str().unwrap().to_owned() }
    }

    fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Request<Body> {
        let request = Request::builder().method(method).uri(path).header("x-api-key", &self.token);
        let request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let request = self.request(method, path, headers, body);
        let response = self.site.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// What is answered to what is done; it must be good.
    pub(crate) async fn done(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.send(method, path, &[], Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{method} {path}: {}", answer.body);
        answer.body
    }

    /// What is shown there; it must be good.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, &[], None).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.body
    }

    pub(crate) async fn define(&self, key: &str, mut spec: Value) {
        spec["key"] = key.into();
        self.done("POST", "/api/v1/flags", spec).await;
    }

    pub(crate) async fn turn(&self, key: &str, to: &str, environment: &str) {
        self.done("POST", &format!("/api/v1/flags/{key}/{to}"), json!({ "environment": environment })).await;
    }

    pub(crate) async fn evaluate(&self, key: &str, context: Value) -> Answer {
        self.send("POST", &format!("{ALL}/{key}"), &[], Some(json!({ "context": context }))).await
    }

    pub(crate) async fn all(&self, context: Value, known: Option<&str>) -> Answer {
        let known: Vec<_> = known.map(|etag| ("if-none-match", etag)).into_iter().collect();
        self.send("POST", ALL, &known, Some(json!({ "context": context }))).await
    }
}
