//! What a probe is told, what it hands in, and jobs that report by themselves.

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::Server;

const CATALOG: &str = "
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till}
spec: {type: service, lifecycle: production, owner: group:shop}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: till-answers}
spec:
  target: component:till
  http: {url: 'https://till.example/', headers: {authorization: 'Bearer ${secret.till}'}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: backup}
spec: {target: component:till, heartbeat: {every: 1h}}
";

async fn server() -> Server {
    let secrets = [("till", "hunter2"), ("other", "not yours")];
    let secrets: BTreeMap<String, String> =
        secrets.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let server = Server::start_with(|settings| settings.check_secrets = secrets);
    server.apply("town", &[("catalog-info.yaml", CATALOG)]).await;
    server
}

async fn token(server: &Server, scope: &str) -> String {
    let issued = server.post("/api/v1/tokens", json!({"name": scope, "scopes": [scope]})).await;
    issued["token"].as_str().unwrap().to_owned()
}

fn result(at: &str, failed: bool, runs: u32) -> Value {
    let streak = json!({"runs": runs, "since": at});
    let outcome = if failed {
        json!({"outcome": "failed", "evidence": {"error": "answered 500", "url": "https://till.example/", "latency_ms": 9}})
    } else {
        json!({"outcome": "passed"})
    };
    json!({"check": "check:default/till-answers", "location": "somewhere else", "at": at, "outcome": outcome,
        "latency_ms": 9, "streak": streak, "pace": streak})
}

#[tokio::test]
async fn a_probe_is_told_its_checks_and_only_the_secrets_that_they_name() {
    let server = server().await;
    let (probe, pipeline) = (token(&server, "probe").await, token(&server, "report").await);
    let path = "/api/v1/probes/eu-west/work";
    for scope in ["report", "read", "write", "evaluate"] {
        let other = if scope == "report" { pipeline.clone() } else { token(&server, scope).await };
        let answer = server.ask_as(Some(&other), Method::GET, path, None).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{scope}");
    }
    let work = server.ask_as(Some(&probe), Method::GET, path, None).await.body;
    assert_eq!(work["secrets"], json!({"till": "hunter2"}));
    let names: Vec<&str> = work["checks"].as_array().unwrap().iter().map(|it| it["check"].as_str().unwrap()).collect();
    assert_eq!(names, ["check:default/till-answers"], "a job reports by itself");
    let known = format!("{path}?known={}", work["version"].as_str().unwrap());
    let same = server.ask_as(Some(&probe), Method::GET, &known, None).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let nowhere = server.ask_as(Some(&probe), Method::GET, "/api/v1/probes/a%20b/work", None).await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", nowhere.body);
    let listed = server.get("/api/v1/probes").await;
    assert_eq!((listed["total"].as_u64(), listed["items"][0]["state"].as_str()), (Some(1), Some("reporting")));
}

#[tokio::test]
async fn a_probe_speaks_for_its_own_location_and_two_must_agree() {
    let server = server().await;
    let probe = token(&server, "probe").await;
    let verdict = || async { server.get("/api/v1/checks/till-answers").await["verdict"].clone() };
    for location in ["eu-west", "us-east"] {
        server.ask_as(Some(&probe), Method::GET, &format!("/api/v1/probes/{location}/work"), None).await;
    }
    let now = || kernel::Timestamp::now().to_string();
    let report = async |location: &str, result: Value| {
        let path = format!("/api/v1/probes/{location}/results");
        let answer = server.ask_as(Some(&probe), Method::POST, &path, Some(&json!({"results": [result]}))).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    };
    report("eu-west", result(&now(), false, 1)).await;
    assert_eq!(verdict().await, "up");
    report("eu-west", result(&now(), true, 2)).await;
    assert_eq!(verdict().await, "up", "one of two");
    let work = server.ask_as(Some(&probe), Method::GET, "/api/v1/probes/us-east/work", None).await.body;
    assert!(work["confirm"]["check:default/till-answers"].is_string(), "the other one is asked at once: {work}");
    report("us-east", result(&now(), true, 2)).await;
    assert_eq!(verdict().await, "down");
    let why = server.get("/api/v1/checks/till-answers").await["why_paged"].clone();
    assert!(why.as_str().unwrap().contains("2 of 2 reporting locations"), "{why}");
    let incident = server.get("/api/v1/incidents").await["items"][0].clone();
    assert!(incident["title"].as_str().unwrap().starts_with("till is down"), "{incident}");
}

#[tokio::test]
async fn a_probe_that_can_not_run_a_check_says_so_and_is_neither_up_nor_down() {
    let server = server().await;
    let probe = token(&server, "probe").await;
    let report = async |outcome: Value| {
        let mut result = result(&kernel::Timestamp::now().to_string(), false, 1);
        result["outcome"] = outcome;
        let path = "/api/v1/probes/eu-west/results";
        let answer = server.ask_as(Some(&probe), Method::POST, path, Some(&json!({"results": [result]}))).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
    };
    report(json!({"outcome": "unable", "why": "the probe's operator must let it ping"})).await;
    let check = server.get("/api/v1/checks/till-answers").await;
    assert_eq!(check["verdict"], "unknown");
    let why = check["why"].as_str().unwrap();
    assert!(why.contains("At eu-west it can't be run: the probe's operator must let it ping."), "{why}");
    let timeline = server.get("/api/v1/timeline?limit=5").await.to_string();
    assert!(timeline.contains("can't be run at eu-west"), "{timeline}");
    report(json!({"outcome": "passed"})).await;
    let check = server.get("/api/v1/checks/till-answers").await;
    assert_eq!(check["verdict"], "up");
    assert!(!check["why"].as_str().unwrap().contains("can't be run"));
}

#[tokio::test]
async fn a_job_that_failed_is_down_and_one_that_reports_well_is_up() {
    let server = server().await;
    let pipeline = token(&server, "report").await;
    let beat = async |body: Value| {
        let path = "/api/v1/checks/backup/beat";
        server.ask_as(Some(&pipeline), Method::POST, path, Some(&body)).await.status
    };
    let verdict = || async { server.get("/api/v1/checks/backup").await["verdict"].clone() };
    assert_eq!((beat(json!({})).await, verdict().await), (StatusCode::OK, json!("up")));
    assert_eq!(
        (beat(json!({"exit": 3, "output": "disk full"})).await, verdict().await),
        (StatusCode::OK, json!("down"))
    );
    assert_eq!((beat(json!({"exit": 0})).await, verdict().await), (StatusCode::OK, json!("up")));
    assert_eq!(beat(json!({"signal": "maybe"})).await, StatusCode::UNPROCESSABLE_ENTITY);
}
