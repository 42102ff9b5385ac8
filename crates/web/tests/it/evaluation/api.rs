//! Flags over our own API: defined, changed, explained, asked for.

use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::Client;
use crate::browser::Site;

#[tokio::test]
async fn a_flag_is_defined_as_its_document_would_and_shown_with_what_it_serves_in_words() {
    let site = Site::open();
    let client = Client::of(&site);
    client.done("PUT", "/api/v1/segments/staff", json!({ "emailDomains": ["acme.example"] })).await;
    let flag = json!({
        "description": "Colours", "purpose": "experiment", "variants": { "red": "#f00", "blue": "#00f" },
        "offVariant": "red", "defaultVariant": "red",
        "environments": { "production": { "enabled": true, "audiences": [{ "segment": "staff", "variant": "blue" }] } },
    });
    client.define("colour", flag.clone()).await;
    let shown = client.get("/api/v1/flags/colour").await;
    assert_eq!((&shown["type"], &shown["purpose"]), (&json!("string"), &json!("experiment")));
    let audiences = json!([{ "segment": "segment:default/staff", "variant": "blue" }]);
    assert_eq!(shown["environments"]["production"]["audiences"], audiences);
    assert!(!shown["rules"]["production"].as_array().unwrap().is_empty());
    assert_eq!(client.evaluate("colour", json!({ "email": "jo@acme.example" })).await.body["value"], "#00f");
    assert_eq!(client.evaluate("colour", json!({ "email": "jo@other.example" })).await.body["value"], "#f00");

    let again = client.send("POST", "/api/v1/flags", &[], Some(with(&flag, "key", json!("colour")))).await;
    assert_eq!(again.body["events"], json!([]), "all is as wished");
    let wrong = client.send("PUT", "/api/v1/flags/colour", &[], Some(with(&flag, "offVariant", json!("rde")))).await;
    assert_eq!((wrong.status, &wrong.body["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("/spec/offVariant")));

    let used = client.send("DELETE", "/api/v1/segments/staff", &[], None).await;
    assert_eq!(used.status, StatusCode::CONFLICT, "{}", used.body);
    client.done("DELETE", "/api/v1/flags/colour", json!({ "reason": "done" })).await;
    client.done("DELETE", "/api/v1/segments/staff", json!({})).await;
    assert_eq!(client.evaluate("colour", json!({})).await.status, StatusCode::NOT_FOUND);
    let history = client.get("/api/v1/flags/colour/history").await;
    let last = &history["items"][0];
    assert_eq!((&last["summary"], &last["reason"]), (&json!("removed flag colour"), &json!("done")));
}

fn with(flag: &Value, key: &str, value: Value) -> Value {
    let mut flag = flag.clone();
    flag[key] = value;
    flag
}

#[tokio::test]
async fn flags_are_listed_by_what_is_asked_for() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("dark-mode", json!({ "owner": "web", "description": "Easy on the eyes" })).await;
    client.define("load-shedding", json!({ "purpose": "kill-switch", "owner": "user:jo" })).await;
    client.turn("dark-mode", "on", "staging").await;
    let check = async |query: &str, expected: &[&str]| {
        let listed = client.get(&format!("/api/v1/flags?{query}")).await;
        let keys: Vec<&str> =
            listed["items"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
        assert_eq!(keys, expected, "{query}");
    };
    check("", &["dark-mode", "load-shedding"]).await;
    check("state=on", &[]).await;
    check("state=on&environment=staging", &["dark-mode"]).await;
    check("environment=staging", &["dark-mode"]).await;
    check("owner=web", &["dark-mode"]).await;
    check("owner=user:jo", &["load-shedding"]).await;
    check("purpose=kill-switch", &["load-shedding"]).await;
    check("q=EYES", &["dark-mode"]).await;
    check("stale=true", &[]).await;
    check("stale=false&limit=1", &["dark-mode"]).await;
}

#[tokio::test]
async fn one_environment_is_changed_and_the_rest_of_the_flag_stays() {
    let site = Site::open();
    let client = Client::of(&site);
    client
        .define("dark-mode", json!({ "targeting": { "if": [{ "==": [{ "var": "plan" }, "paid"] }, "on", "off"] } }))
        .await;
    client.turn("dark-mode", "on", "production").await;
    let set = async |body: Value| client.done("POST", "/api/v1/flags/dark-mode/set", body).await;
    let value = async |plan: &str| {
        client.evaluate("dark-mode", json!({ "plan": plan, "targetingKey": "u" })).await.body["value"].clone()
    };
    assert_eq!((value("paid").await, value("free").await), (json!(true), json!(false)));
    set(json!({ "targeting": { "if": [{ "==": [{ "var": "plan" }, "free"] }, "on", "off"] } })).await;
    assert_eq!((value("paid").await, value("free").await), (json!(false), json!(true)));
    set(json!({ "environment": "staging", "rollout": { "variants": { "on": 1, "off": 1 } } })).await;
    set(json!({ "targeting": null })).await;
    assert_eq!((value("paid").await, value("free").await), (json!(true), json!(false)));
    let shown = client.get("/api/v1/flags/dark-mode").await;
    assert_eq!(shown["environments"]["staging"]["rollout"]["variants"], json!({ "on": 1, "off": 1 }));
    assert_eq!(shown["environments"]["staging"]["on"], false, "the switch stays where it was");

    let check = async |body: Value, field: &str| {
        let answer = client.send("POST", "/api/v1/flags/dark-mode/set", &[], Some(body)).await;
        assert_eq!(
            (answer.status, answer.body["field"].as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, Some(field)),
            "{}",
            answer.body
        );
    };
    check(json!({ "targetting": {} }), "targetting").await;
    check(json!({ "defaultVariant": "onn" }), "/spec/environments/production/defaultVariant").await;
}

#[tokio::test]
async fn a_ramp_advances_by_the_clock_and_its_etag_with_it() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("dark-mode", json!({})).await;
    let steps = json!([{ "percent": 1, "hold": "10m" }, { "percent": 50, "hold": "approval" }, { "percent": 100 }]);
    client.done("POST", "/api/v1/flags/dark-mode/set", json!({ "ramp": { "steps": steps } })).await;
    client.turn("dark-mode", "on", "production").await;
    let jo = json!({ "targetingKey": "jo" });
    let first = client.all(jo.clone(), None).await;
    let etag = first.headers[header::ETAG].to_str().unwrap().to_owned();
    site.pass(599);
    assert_eq!(client.all(jo.clone(), Some(&etag)).await.status, StatusCode::NOT_MODIFIED);
    site.pass(2);
    let second = client.all(jo.clone(), Some(&etag)).await;
    assert_eq!(second.status, StatusCode::OK);
    let ramp = async || client.get("/api/v1/flags/dark-mode").await["environments"]["production"]["ramp"].clone();
    let shown = ramp().await;
    assert_eq!((&shown["percent"], &shown["state"]), (&json!(50.0), &json!("awaiting-approval")));

    client.done("POST", "/api/v1/flags/dark-mode/ramp", json!({ "action": "approve", "step": 1 })).await;
    assert_eq!(client.evaluate("dark-mode", jo.clone()).await.body["value"], true);
    client.done("POST", "/api/v1/flags/dark-mode/ramp", json!({ "action": "rollback" })).await;
    assert_eq!(client.evaluate("dark-mode", jo).await.body["value"], false);
    assert_eq!(ramp().await["state"], "rolled-back");
}

#[tokio::test]
async fn an_answer_is_explained() {
    let site = Site::open();
    let client = Client::of(&site);
    let rule = json!({ "if": [{ "ends_with": [{ "var": "email" }, "@acme.example"] }, "on", "off"] });
    client.define("dark-mode", json!({ "targeting": rule })).await;
    let question = json!({ "context": { "email": "jo@acme.example" } });
    let explain = async || client.done("POST", "/api/v1/flags/dark-mode/explain", question.clone()).await;
    let off = explain().await;
    assert_eq!((&off["variant"], &off["reason"]), (&json!("off"), &json!("STATIC")));
    assert!(off["notes"][0].as_str().unwrap().contains("the switch is off in production"));
    client.turn("dark-mode", "on", "production").await;
    let on = explain().await;
    assert_eq!((&on["variant"], &on["value"], &on["reason"]), (&json!("on"), &json!(true), &json!("TARGETING_MATCH")));
    assert_eq!(on["notes"], json!([]));
    assert!(on["words"].as_array().unwrap().iter().any(|line| line["text"].as_str().unwrap().contains("acme.example")));
}

#[tokio::test]
async fn what_needs_approval_is_asked_for_and_an_emergency_is_told() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("dark-mode", json!({ "environments": { "production": { "enabled": false, "approvals": 1 } } })).await;
    let turn = async |body: Value| client.send("POST", "/api/v1/flags/dark-mode/on", &[], Some(body)).await;
    let refused = turn(json!({})).await;
    assert_eq!(refused.body["type"], "/docs/errors/needs-approval", "{}", refused.body);

    let asked = json!({ "flag": "dark-mode", "change": { "type": "turn", "on": true }, "reason": "launch" });
    client.done("POST", "/api/v1/flags/requests", asked).await;
    let open = client.get("/api/v1/flags/requests?state=open").await;
    let request = &open["items"][0];
    assert_eq!((&request["flag"], &request["needed"]), (&json!("dark-mode"), &json!(1)));
    let id = request["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("/api/v1/flags/requests/{id}")).await["hash"], request["hash"]);
    let approve = json!({ "hash": request["hash"] });
    let own = client.send("POST", &format!("/api/v1/flags/requests/{id}/approve"), &[], Some(approve)).await;
    assert!(own.status.is_client_error(), "nobody agrees to what they asked for: {}", own.body);
    let later = json!({ "change": { "type": "set", "approvals": null }, "at": "2030-01-01T00:00:00Z" });
    client.done("POST", &format!("/api/v1/flags/requests/{id}/amend"), later).await;
    client.done("POST", &format!("/api/v1/flags/requests/{id}/withdraw"), json!({})).await;
    assert_eq!(client.get("/api/v1/flags/requests?state=open").await["total"], 0);

    assert_eq!(turn(json!({ "emergency": true })).await.body["field"], "reason");
    let emergency = turn(json!({ "emergency": true, "reason": "all is dark" })).await;
    assert_eq!(emergency.status, StatusCode::OK, "{}", emergency.body);
    assert_eq!(client.evaluate("dark-mode", json!({})).await.body["value"], true);
}

#[tokio::test]
async fn a_relay_gets_the_set_that_its_token_reaches_and_asks_again_for_nothing() {
    let site = Site::open();
    let admin = Client::of(&site);
    admin.define("dark-mode", json!({ "flagSet": "web" })).await;
    admin.define("batch-size", json!({ "flagSet": "jobs" })).await;
    let relay = json!({ "name": "relay", "scopes": ["evaluate"], "environment": "staging", "flag_sets": ["web"] });
    let relay = admin.with_token(relay).await;
    let set =
        async |known: &str| relay.send("GET", "/api/v1/flags/sets/staging", &[("if-none-match", known)], None).await;
    let first = set("").await;
    let keys: Vec<&String> = first.body["flags"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["dark-mode"]);
    let etag = first.headers[header::ETAG].to_str().unwrap().to_owned();
    assert_eq!(set(&etag).await.status, StatusCode::NOT_MODIFIED);
    admin.turn("dark-mode", "on", "staging").await;
    assert_eq!(set(&etag).await.status, StatusCode::OK);
    let elsewhere = relay.send("GET", "/api/v1/flags/sets/production", &[], None).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN);
    let exported = admin.get("/api/v1/flags/export?environment=staging").await;
    assert_eq!(exported["flags"].as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn references_in_code_are_reported_by_source() {
    let site = Site::open();
    let client = Client::of(&site);
    client.define("dark-mode", json!({})).await;
    let report = json!({ "source": "shop", "references": {
        "dark-mode": [{ "path": "src/a.rs", "line": 3 }, { "path": "src/b.rs", "line": 5 }],
        "gone": [{ "path": "src/c.rs", "line": 1 }],
    } });
    client.done("POST", "/api/v1/flags/references", report).await;
    assert_eq!(client.get("/api/v1/flags/dark-mode").await["references"], json!({ "shop": 2 }));
    client.done("POST", "/api/v1/flags/references", json!({ "source": "shop", "references": {} })).await;
    assert_eq!(client.get("/api/v1/flags/dark-mode").await["references"], json!({}));
}
