//! flagd's ports as a whole.

use axum::http::StatusCode;
use serde_json::Value;

use crate::support::{http, ports, serving, shop};

#[tokio::test]
async fn ofrep_is_open_at_its_port_and_streams_end_when_it_closes() {
    let serving = serving(&shop("on"));
    let ports = ports(&serving).await;
    let flag = format!("http://{}/ofrep/v1/evaluate/flags/release", ports.ofrep);
    let answer: Value = http().post(&flag).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["value"], true);
    let events = format!("http://{}/ofrep/v1/events", ports.ofrep);
    let mut stream = http().get(events).send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    ports.close().await;
    assert!(stream.chunk().await.unwrap().is_none());
    assert!(http().post(&flag).send().await.is_err());
}

#[tokio::test]
async fn the_state_is_told_to_orchestrators() {
    let serving = serving(&shop("on"));
    let ports = ports(&serving).await;
    let get = async |path: &str| {
        let answer = http().get(format!("http://{}{path}", ports.management)).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(get("/healthz").await.0, StatusCode::OK);
    assert_eq!(get("/readyz").await.0, StatusCode::OK);
    let (_, metrics) = get("/metrics").await;
    assert!(metrics.contains("mainstay_flags_served{environment=\"production\"} 7"), "{metrics}");
    serving.board().withdraw("production");
    assert_eq!(get("/readyz").await.0, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let serving = serving(&shop("on"));
    let first = ports(&serving).await;
    let options = serving::flagd_ports::Options {
        evaluation: 0,
        management: first.management.port(),
        sync: 0,
        ofrep: 0,
        ..serving::flagd_ports::Options::new("production")
    };
    let error = serving::flagd_ports::open(serving, options).await.err().unwrap();
    assert!(error.to_string().contains(&first.management.to_string()), "{error}");
}
