//! What a client of the OpenFeature Remote Evaluation Protocol gets of the whole server.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{ALL, Answer, Client};
use crate::browser::Site;

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
    client.define("dark-mode", json!({})).await;
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
    client.define("dark-mode", json!({})).await;
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
    admin.define("dark-mode", json!({ "flagSet": "web" })).await;
    admin.define("batch-size", json!({ "flagSet": "jobs" })).await;
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
    client.define("dark-mode", json!({})).await;
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
    admin.define("dark-mode", json!({})).await;
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

#[tokio::test]
async fn what_a_flag_requires_and_who_is_in_its_segments_counts_at_once_in_every_environment() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("cart", json!({})).await;
    client.done("PUT", "/api/v1/segments/staff", json!({ "members": ["jo"] })).await;
    let audiences = json!([{ "segment": "staff", "variant": "on" }]);
    let setting = json!({ "enabled": true, "defaultVariant": "off", "audiences": audiences });
    let checkout = json!({ "requires": ["cart"], "environments": { "*": setting } });
    client.define("checkout", checkout).await;
    client.define("coupons", json!({ "requires": ["checkout"], "environments": { "*": { "enabled": true } } })).await;
    let check = async |environment: &str, expected: [bool; 2]| {
        let context = json!({ "targetingKey": "jo", "environment": environment });
        for (key, value) in ["checkout", "coupons"].into_iter().zip(expected) {
            let answer = client.evaluate(key, context.clone()).await;
            assert_eq!(answer.body["value"], value, "{key} in {environment}");
        }
    };
    check("production", [false, false]).await;
    check("nobody-named", [false, false]).await;
    client.turn("cart", "on", "production").await;
    check("production", [true, true]).await;
    check("nobody-named", [false, false]).await;
    client.turn("cart", "on", "nobody-named").await;
    check("nobody-named", [true, true]).await;
    client.done("PUT", "/api/v1/segments/staff", json!({ "members": ["ada"] })).await;
    check("production", [false, false]).await;
    check("nobody-named", [false, false]).await;
    client.done("PUT", "/api/v1/segments/staff", json!({ "members": ["ada", "jo"] })).await;
    client.turn("cart", "off", "production").await;
    check("production", [false, false]).await;
    check("nobody-named", [true, true]).await;
}
