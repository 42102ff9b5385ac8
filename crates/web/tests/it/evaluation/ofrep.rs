//! What a client of the OpenFeature Remote Evaluation Protocol gets of the whole server.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{browser::Site, server::TOKEN};

const ALL: &str = "/ofrep/v1/evaluate/flags";

/// Somebody with a token.
struct Client<'a> {
    site: &'a Site,
    token: String,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl<'a> Client<'a> {
    /// With the administrator's token.
    fn of(site: &'a Site) -> Self {
        Self { site, token: TOKEN.to_owned() }
    }

    /// With a token that was issued for `what`.
    async fn with_token(&self, what: Value) -> Client<'a> {
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

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let request = self.request(method, path, headers, body);
        let response = self.site.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn define(&self, key: &str) {
        let answer = self.send("POST", "/api/v1/flags", &[], Some(json!({ "key": key }))).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    async fn turn(&self, key: &str, to: &str, environment: &str) {
        let body = json!({ "environment": environment });
        let answer = self.send("POST", &format!("/api/v1/flags/{key}/{to}"), &[], Some(body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }

    async fn evaluate(&self, key: &str, context: Value) -> Answer {
        self.send("POST", &format!("{ALL}/{key}"), &[], Some(json!({ "context": context }))).await
    }

    async fn all(&self, context: Value, known: Option<&str>) -> Answer {
        let known: Vec<_> = known.map(|etag| ("if-none-match", etag)).into_iter().collect();
        self.send("POST", ALL, &known, Some(json!({ "context": context }))).await
    }
}

fn keys(answer: &Answer) -> Vec<&str> {
    answer.body["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect()
}

fn etag(answer: &Answer) -> &str {
    answer.headers[header::ETAG].to_str().unwrap()
}

#[tokio::test]
async fn who_turned_a_flag_is_answered_when_it_evaluates_so() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("dark-mode").await;
    assert_eq!(client.evaluate("dark-mode", json!({})).await.body["value"], false);
    for (to, value) in [("on", true), ("off", false), ("on", true)] {
        client.turn("dark-mode", to, "production").await;
        assert_eq!(client.evaluate("dark-mode", json!({ "targetingKey": "jo" })).await.body["value"], value);
    }
    let unknown = client.evaluate("drak-mode", json!({})).await;
    assert_eq!((unknown.status, &unknown.body["errorCode"]), (StatusCode::NOT_FOUND, &json!("FLAG_NOT_FOUND")));
}

#[tokio::test]
async fn an_environment_is_chosen_by_the_context_and_one_that_nobody_named_is_off() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("dark-mode").await;
    client.turn("dark-mode", "on", "staging").await;
    let check = async |context: Value, value: bool| {
        assert_eq!(client.evaluate("dark-mode", context.clone()).await.body["value"], value, "{context}");
    };
    check(json!({ "environment": "staging" }), true).await;
    check(json!({ "environment": "production" }), false).await;
    check(json!({}), false).await;
    check(json!({ "environment": "qa" }), false).await;
    client.turn("dark-mode", "on", "qa").await;
    check(json!({ "environment": "qa" }), true).await;
    check(json!({ "environment": "x".repeat(200) }), false).await;
    for i in 0..150 {
        check(json!({ "environment": format!("nobody-named-{i}") }), false).await;
    }
}

#[tokio::test]
async fn a_confined_token_evaluates_its_environment_and_flag_sets_and_does_nothing_else() {
    let site = Site::open();
    let admin = Client::of(&site);
    for (flag, set) in [("flag:dark-mode", "web"), ("flag:batch-size", "jobs")] {
        let definition = flags::Definition::boolean(flag.parse().unwrap());
        let definition = flags::Definition { flag_set: Some(set.to_owned()), ..definition };
        site.done_by("ann", world::Command::Flags(flags::Command::Define { definition })).await;
    }
    admin.turn("dark-mode", "on", "staging").await;
    let sdk = json!({ "name": "web", "scopes": ["evaluate"], "environment": "staging", "flag_sets": ["web"] });
    let sdk = admin.with_token(sdk).await;

    let all = sdk.all(json!({ "environment": "production" }), None).await;
    assert_eq!(keys(&all), ["dark-mode"]);
    assert_eq!(all.body["flags"][0]["value"], true, "the token's environment counts, not the context's");
    assert_eq!(sdk.evaluate("batch-size", json!({})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(keys(&admin.all(json!({}), None).await), ["batch-size", "dark-mode"]);
    for path in ["/api/v1/flags", "/api/v1/me", "/metrics"] {
        assert_eq!(sdk.send("GET", path, &[], None).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn an_answer_is_sent_again_when_the_flags_or_the_context_changed_and_only_then() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("dark-mode").await;
    let (jo, joe) = (json!({ "targetingKey": "u1", "plan": "free" }), json!({ "targetingKey": "u1", "plan": "paid" }));
    let first = client.all(jo.clone(), None).await;
    let again = client.all(jo.clone(), Some(etag(&first))).await;
    assert_eq!((again.status, &again.body), (StatusCode::NOT_MODIFIED, &Value::Null));
    assert_eq!(client.all(joe, Some(etag(&first))).await.status, StatusCode::OK, "the same key, another context");
    client.turn("dark-mode", "on", "staging").await;
    assert_eq!(client.all(jo.clone(), Some(etag(&first))).await.status, StatusCode::NOT_MODIFIED, "elsewhere");
    client.turn("dark-mode", "on", "production").await;
    assert_eq!(client.all(jo, Some(etag(&first))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_announced_stream_opens_without_a_token_and_tells_of_a_flip() {
    let site = Site::open();
    let admin = Client::of(&site);
    admin.define("dark-mode").await;
    let sdk = admin.with_token(json!({ "name": "web", "scopes": ["evaluate"] })).await;
    let all = sdk.all(json!({ "environment": "staging" }), None).await;
    let address = all.body["eventStreams"][0]["endpoint"]["requestUri"].as_str().unwrap().to_owned();
    let again = sdk.all(json!({ "environment": "staging" }), None).await;
    assert_eq!(again.body["eventStreams"][0]["endpoint"]["requestUri"], address, "it stays the same");

    let open = async |address: &str| {
        let request = Request::get(address).body(Body::empty()).unwrap();
        site.router.clone().oneshot(request).await.unwrap()
    };
    let tampered = address.replace("key=", "key=A");
    assert_eq!(open(&tampered).await.status(), StatusCode::UNAUTHORIZED);
    let stream = open(&address).await;
    assert_eq!(stream.status(), StatusCode::OK);
    let mut messages = stream.into_body().into_data_stream();
    let mut next = async || String::from_utf8(messages.next().await.unwrap().unwrap().to_vec()).unwrap();
    next().await;
    admin.turn("dark-mode", "on", "production").await;
    admin.turn("dark-mode", "on", "staging").await;
    assert!(next().await.contains("refetchEvaluation"));

    let key = address.split("key=").nth(1).unwrap();
    let elsewhere = Request::post(format!("{ALL}?key={key}")).body(Body::empty()).unwrap();
    let elsewhere = site.router.clone().oneshot(elsewhere).await.unwrap();
    assert_eq!(elsewhere.status(), StatusCode::UNAUTHORIZED, "the key opens the stream alone");
}
