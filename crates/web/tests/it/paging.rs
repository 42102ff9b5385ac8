//! From an alert of another tool to a person who answers by the link in the message.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Server, TOKEN};

const CATALOG: &str = "
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till}
spec: {type: service, lifecycle: production, owner: group:shop}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: shop}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: kim}
spec: {memberOf: [shop], profile: {email: kim@shop.example}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Rotation
metadata: {name: shop}
spec: {team: shop, people: [kim], time_zone: UTC, handover: 'monday 09:00', starts: 2023-01-02}
";

async fn staffed() -> Server {
    let server = Server::start();
    server.apply("town", &[("catalog-info.yaml", CATALOG)]).await;
    server
}

async fn integration(server: &Server, name: &str, kind: &str) -> String {
    let new = json!({"name": name, "kind": kind, "entity": "till"});
    server.post("/api/v1/integrations", new).await["key"].as_str().unwrap().to_owned()
}

/// The first page, as soon as somebody was told.
async fn told(server: &Server) -> Value {
    for _ in 0..500 {
        let pages = server.get("/api/v1/pages").await;
        if pages["items"][0]["told"].as_array().is_some_and(|told| !told.is_empty()) {
            return pages["items"][0].clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody was told: {}", server.get("/api/v1/pages").await);
}

async fn state(server: &Server) -> (Value, Value) {
    let incidents = server.get("/api/v1/incidents").await;
    let pages = server.get("/api/v1/pages").await;
    (incidents["items"][0]["status"].clone(), pages["items"][0]["state"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn pagerdutys_protocol_pages_who_is_on_call_and_takes_it_back() {
    let server = staffed().await;
    let key = integration(&server, "monitoring", "events_v2").await;
    assert_eq!(key.len(), 32);
    let event = |action: &str| {
        json!({"routing_key": key, "event_action": action, "dedup_key": "till/disk",
            "payload": {"summary": "disk full", "source": "till-1", "severity": "critical"}})
    };
    let answer = server.ask_as(None, Method::POST, "/v2/enqueue", Some(&event("trigger"))).await;
    assert_eq!((answer.status, answer.body["dedup_key"].as_str()), (StatusCode::ACCEPTED, Some("till/disk")));
    let page = told(&server).await;
    assert_eq!(
        (page["told"][0].as_str(), page["team"].as_str()),
        (Some("user:default/kim"), Some("group:default/shop"))
    );
    assert_eq!(server.get("/api/v1/alerts").await["items"][0]["incident"], 1);
    let answer = server.ask_as(None, Method::POST, "/v2/enqueue", Some(&event("resolve"))).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    assert_eq!(state(&server).await, (json!("resolved"), json!("closed")));

    let mut wrong = event("trigger");
    wrong["routing_key"] = json!("0".repeat(32));
    let answer = server.ask_as(None, Method::POST, "/v2/enqueue", Some(&wrong)).await;
    assert_eq!(
        (answer.status, answer.body["errors"][0].as_str()),
        (StatusCode::BAD_REQUEST, Some("Invalid routing key"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn alertmanager_prometheus_grafana_and_plain_json_open_incidents_and_end_them() {
    let server = staffed().await;
    let cases = [
        ("alertmanager", "/hooks/alertmanager"),
        ("prometheus", "/api/v2/alerts"),
        ("grafana", "/hooks/grafana"),
        ("generic", "/hooks/alerts"),
    ];
    for (number, (kind, path)) in cases.into_iter().enumerate() {
        let key = integration(&server, kind, kind).await;
        let refused = server.ask_as(Some("nobody's"), Method::POST, path, Some(&body(kind, true))).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{kind}: {}", refused.body);
        let taken = server.ask_as(Some(&key), Method::POST, path, Some(&body(kind, true))).await;
        assert!(taken.status.is_success(), "{kind}: {}", taken.body);
        let again = server.ask_as(None, Method::POST, &format!("{path}?key={key}"), Some(&body(kind, true))).await;
        assert!(again.status.is_success(), "{kind}: {}", again.body);
        let alerts = server.get("/api/v1/alerts").await;
        assert_eq!(
            (alerts["total"].as_u64(), alerts["items"][0]["incident"].as_u64()),
            (Some(1), Some(number as u64 + 1))
        );
        server.ask_as(Some(&key), Method::POST, path, Some(&body(kind, false))).await;
        assert_eq!(server.get("/api/v1/alerts").await["total"], 0, "{kind}");
    }
    assert_eq!(server.get("/api/v1/pages").await["total"], 4);
}

fn body(kind: &str, firing: bool) -> Value {
    let (status, ends) = if firing { ("firing", "0001-01-01T00:00:00Z") } else { ("resolved", "2026-01-01T00:05:00Z") };
    let labels = json!({"alertname": "TillDown", "severity": "critical", "service": "till"});
    let alert = json!({"status": status, "labels": labels, "annotations": {"summary": "the till is down"},
        "startsAt": "2026-01-01T00:00:00Z", "endsAt": ends, "generatorURL": "http://prom.example/g"});
    match kind {
        "prometheus" if firing => json!([{"labels": labels, "annotations": {"summary": "the till is down"}}]),
        "prometheus" => json!([{"labels": labels, "endsAt": "2026-01-01T00:05:00Z"}]),
        "generic" => {
            json!({"summary": "the till is down", "dedup": "till", "status": if firing { "firing" } else { "resolved" }})
        }
        _ => json!({"version": "4", "groupKey": "{}", "status": status, "receiver": "mainstay", "alerts": [alert],
            "groupLabels": {}, "commonLabels": labels, "commonAnnotations": {}, "externalURL": "http://am.example"}),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_answers_by_the_link_in_the_message_without_signing_in() {
    let server = staffed().await;
    server.post("/api/v1/pages", json!({"about": "till", "title": "Please look at the till"})).await;
    told(&server).await;
    let link = server.link().await;
    let shown = server.text(Method::GET, &link).await;
    assert!(shown.1.contains("Please look at the till") && shown.1.contains("Acknowledge"), "{}", shown.1);
    assert_eq!(server.get("/api/v1/pages").await["items"][0]["state"], "open", "looking is not answering");
    let forged = server.text(Method::POST, &link.replace("/ack/", "/ack/A")).await;
    assert_eq!(forged.0, StatusCode::FORBIDDEN);
    let answered = server.text(Method::POST, &link).await;
    assert_eq!(answered.0, StatusCode::OK);
    let page = server.get("/api/v1/pages/1").await;
    assert_eq!(page["state"], "acknowledged");
    let log = page["log"].as_array().unwrap();
    assert!(log.iter().any(|line| line["by"] == json!({"by": "person", "name": "kim"})), "{log:?}");
    let twice = server.text(Method::GET, &link).await;
    assert!(twice.1.contains("Answered already") && !twice.1.contains("<button"), "{}", twice.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_with_who_was_told_and_what_comes_next() {
    let server = staffed().await;
    server.post("/api/v1/pages", json!({"about": "group:shop", "title": "Call the bank"})).await;
    let page = told(&server).await;
    assert!(page["escalates"].is_string());
    for path in ["/pages", "/pages/1", "/pages?state=unanswered", "/inbox"] {
        let (status, text) = server.signed_text(TOKEN, path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(path == "/inbox" || text.contains("Call the bank"), "{path}: {text}");
    }
    server.post("/api/v1/pages/1/escalate", json!({})).await;
    server.post("/api/v1/pages/1/acknowledge", json!({"reason": "on it"})).await;
    assert_eq!(server.get("/api/v1/pages?state=unanswered").await["total"], 0);
    let unknown = server.ask(Method::POST, "/api/v1/pages", Some(&json!({"about": "nothing", "title": "x"}))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
