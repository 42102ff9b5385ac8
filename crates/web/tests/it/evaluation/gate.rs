//! Who may evaluate, and how often.

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode, header},
};
use serde_json::json;
use tower::ServiceExt as _;
use web::{routes::router, security::Limits};

use crate::{browser::Site, server::TOKEN};

const ADDRESS: &str = "/ofrep/v1/evaluate/flags/dark-mode";

async fn ask(router: &Router, header: &str, value: &str) -> Response<Body> {
    let body = Body::from(json!({ "context": { "targetingKey": "jo" } }).to_string());
    let request = Request::post(ADDRESS).header(header::CONTENT_TYPE, "application/json").header(header, value);
    router.clone().oneshot(request.body(body).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_token_may_be_shown_as_openfeature_s_clients_show_it() {
    let site = Site::open();
    for (header, value) in [("authorization", format!("Bearer {TOKEN}")), ("x-api-key", TOKEN.to_owned())] {
        assert_eq!(ask(&site.router, header, &value).await.status(), StatusCode::NOT_FOUND, "{header}: no such flag");
    }
    let elsewhere = Request::get("/api/v1/me").header("x-api-key", TOKEN).body(Body::empty()).unwrap();
    assert_eq!(site.router.clone().oneshot(elsewhere).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_is_not_known_is_told_by_the_status_alone() {
    let site = Site::open();
    for (header, value) in [("x-api-key", "mst_wrong"), ("authorization", "Bearer mst_wrong"), ("accept", "*/*")] {
        let response = ask(&site.router, header, value).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{header}");
        assert!(to_bytes(response.into_body(), 1).await.unwrap().is_empty(), "{header}");
    }
}

#[tokio::test]
async fn a_token_bounds_how_often_one_may_ask_and_strangers_are_bounded_apart() {
    let site = Site::open();
    let limits =
        Limits { evaluations_per_second: 2.0, requests_per_second: 1.0, requests_at_once: 1.0, ..Limits::default() };
    let (router, _) = router(&site.app, &limits);
    let mut answers = Vec::new();
    for token in [TOKEN, TOKEN, TOKEN, "mst_wrong", "mst_wrong"] {
        let response = ask(&router, "x-api-key", token).await;
        let wait = response.headers().get(header::RETRY_AFTER).map(|value| value.to_str().unwrap().to_owned());
        answers.push((response.status().as_u16(), wait));
    }
    let once = Some("1".to_owned());
    assert_eq!(answers, [(404, None), (404, None), (429, once.clone()), (401, None), (429, once)]);
}
