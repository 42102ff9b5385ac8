//! The deployer's hooks.

use axum::http::StatusCode;
use serde_json::json;

use crate::{Stage, until};

#[tokio::test]
async fn a_hook_without_the_secret_is_refused() {
    let stage = Stage::new().await;
    let body = json!({"component": "payments", "environment": "production", "version": "2.8.0"});
    let answer = stage.http.post(stage.url("deployer", "/hooks/deploy")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_cannot_be_deployed_is_refused_with_a_reason() {
    let stage = Stage::new().await;
    let cases = [
        ("/hooks/deploy", json!({"component": "payments", "version": "9.9.9"}), 422, "payments 9.9.9 was never built"),
        ("/hooks/deploy", json!({"component": "payments", "version": "new"}), 400, "version: \"new\" is none"),
        ("/hooks/deploy", json!({"component": "moon", "version": "1.0.0"}), 422, "there is no component \"moon\""),
        ("/hooks/config", json!({"component": "moon", "config": {}}), 422, "there is no component \"moon\""),
    ];
    for (path, body, status, error) in cases {
        assert_eq!(stage.post("deployer", path, body).await, (status, json!({"error": error})));
    }
}

#[tokio::test]
async fn a_hook_that_is_repeated_with_its_key_deploys_once() {
    let stage = Stage::new().await;
    let body = |key| json!({"component": "cart", "version": "1.9.4", "idempotency_key": key});
    for key in ["a", "a", "b"] {
        assert_eq!(stage.post("deployer", "/hooks/deploy", body(key)).await.0, 202);
    }
    // Orders are carried out in turn: when this last one is reported, all before it were.
    let last = json!({"component": "component:default/email", "version": "2.2.0"});
    assert_eq!(stage.post("deployer", "/hooks/deploy", last).await.0, 202);
    until("the last order is done", async || !stage.mainstay.deployments_of("email").is_empty()).await;
    assert_eq!(stage.mainstay.deployments_of("cart").len(), 2);
}

#[tokio::test]
async fn a_report_is_repeated_while_mainstay_cannot_take_it() {
    let stage = Stage::new().await;
    stage.mainstay.fail_next_change(StatusCode::SERVICE_UNAVAILABLE);
    let body = json!({"component": "cart", "version": "1.9.4"});
    assert_eq!(stage.post("deployer", "/hooks/deploy", body).await.0, 202);
    until("the report arrives", async || stage.mainstay.deployments_of("cart").len() == 1).await;
}
