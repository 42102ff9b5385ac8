//! What strangers send may be anything.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Log, integration};
use crate::{
    Command, Integration, Kind, Signal,
    formats::{JSON_DEPTH_MAX, alertmanager, events_v2, generic, grafana, opsgenie, parse_time, prometheus},
};

/// Every signal that any reader makes of a body.
fn read_all(body: &[u8], integration: &Integration) -> Vec<Signal> {
    let now = Log::new().now;
    let batches = [
        alertmanager::read(body, integration),
        grafana::read(body, integration),
        prometheus::read(body, integration, now),
    ];
    let single = [
        generic::read(body, integration).ok(),
        generic::read_form(body, integration).ok(),
        opsgenie::read_create(body, integration, "fresh").ok(),
        events_v2::read(body).ok().map(|event| event.into_signal(integration, "fresh")),
    ];
    let _ = events_v2::read_change(body);
    batches.into_iter().flatten().flat_map(|batch| batch.signals).chain(single.into_iter().flatten()).collect()
}

/// Reads a body in all ways, takes what it says, and asserts that what is written can be read again.
fn check(body: &[u8]) {
    let (mut log, id) = Log::with(Kind::Generic);
    let integration = log.state.integration(id).unwrap().clone();
    for signal in read_all(body, &integration) {
        let events = log.give(Command::Receive { integration: id, signals: vec![signal] }).unwrap();
        let written = serde_json::to_string(&events).unwrap();
        assert_eq!(serde_json::from_str::<Vec<crate::Event>>(&written).unwrap(), events);
        for event in &events {
            let _ = (event.summary(), event.subjects(), event.upshot());
        }
    }
}

/// Any JSON, with names that readers look for.
fn any_json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        ".{0,40}",
        prop::sample::select(vec![
            "trigger",
            "resolve",
            "acknowledge",
            "firing",
            "resolved",
            "critical",
            "info",
            "P1",
            "https://example.com",
            "2026-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "close",
            "",
            "component:default/a",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "routing_key",
        "event_action",
        "dedup_key",
        "payload",
        "summary",
        "source",
        "severity",
        "timestamp",
        "component",
        "custom_details",
        "links",
        "images",
        "href",
        "src",
        "alerts",
        "status",
        "labels",
        "annotations",
        "startsAt",
        "endsAt",
        "fingerprint",
        "generatorURL",
        "truncatedAlerts",
        "values",
        "imageURL",
        "message",
        "alias",
        "details",
        "entity",
        "service",
        "tags",
        "action",
        "alertname",
        "\u{7}",
        "",
        "client_url",
    ]);
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..12).prop_map(|fields| Value::Object(
                fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&body);
    }

    #[test]
    fn no_json_makes_a_reader_panic_and_what_is_read_can_be_taken(value in any_json(), more in any_json()) {
        check(value.to_string().as_bytes());
        check(json!({ "alerts": [value, more], "summary": "x", "labels": more, "message": "y" }).to_string().as_bytes());
        let event = json!({ "routing_key": "k", "event_action": "trigger", "links": value, "images": more, "payload": {
            "summary": "x", "source": 1, "severity": "info", "timestamp": more, "custom_details": value } });
        check(event.to_string().as_bytes());
    }

    #[test]
    fn no_text_makes_reading_a_time_panic(text in ".{0,70}", shape in "[0-9]{0,5}-?[0-9]{0,3}-?[0-9]{0,3}T?[0-9:.]{0,20}[Zz+-]?[0-9:]{0,6}") {
        let _ = (parse_time(&text), parse_time(&shape));
    }
}

#[test]
fn json_that_is_nested_too_deep_is_refused() {
    let nested = |depth: usize| format!("{{\"summary\":\"x\",\"details\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
    let integration = integration(Kind::Generic);
    assert!(generic::read(nested(JSON_DEPTH_MAX - 1).as_bytes(), &integration).is_ok());
    assert!(generic::read(nested(JSON_DEPTH_MAX).as_bytes(), &integration).is_err());
    check("[".repeat(400_000).as_bytes());
    check("{\"alerts\":".repeat(50_000).as_bytes());
    // Brackets in a text are no nesting.
    let text = json!({ "summary": "[".repeat(1_000), "details": "\\\"[[{{" });
    assert!(generic::read(text.to_string().as_bytes(), &integration).is_ok());
}

#[test]
fn a_body_with_too_many_alerts_is_refused() {
    let alerts = vec![json!({ "labels": { "a": "b" } }); crate::SIGNALS_MAX + 1];
    let integration = integration(Kind::Prometheus);
    let body = Value::from(alerts.clone()).to_string();
    assert!(prometheus::read(body.as_bytes(), &integration, Log::new().now).is_err());
    assert!(alertmanager::read(json!({ "alerts": alerts }).to_string().as_bytes(), &integration).is_err());
}
