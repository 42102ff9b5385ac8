//! The formats, by the examples of their manuals.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Log, entity, integration};
use crate::{
    Action, Kind, Severity, Signal, Telling,
    formats::{alertmanager, events_v2, fingerprint, generic, grafana, opsgenie, parse_time, prometheus},
};

/// PagerDuty's own example of an event.
const PAGERDUTY: &str = r#"{
  "routing_key": "samplekeyheresamplekeyheresample", "event_action": "trigger", "dedup_key": "srv01/mysql",
  "payload": {
    "summary": "DISK at 99% on machine prod-datapipe03.example.com", "timestamp": "2015-07-17T08:42:58.315+0000",
    "severity": "critical", "source": "prod-datapipe03.example.com", "component": "mysql", "group": "prod-datapipe",
    "class": "disk", "custom_details": {"free space": "1%", "ping time": "1500ms", "service": "pipe"}
  },
  "images": [{"src": "https://www.example.com/chart.png", "href": "https://example.com/", "alt": "Chart"}],
  "links": [{"href": "https://example.com/", "text": "Link text"}],
  "client": "Sample Monitoring Service", "client_url": "https://monitoring.example.com"
}"#;

fn told(signal: &Signal) -> &Telling {
    match &signal.action {
        Action::Trigger(telling) => telling,
        Action::Acknowledge | Action::Resolve => panic!("{signal:?} is no trigger"),
    }
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Asserts what PagerDuty would say against an event.
fn errors(event: &serde_json::Value, expected: &[&str]) {
    let invalid = events_v2::read(event.to_string().as_bytes()).unwrap_err();
    assert_eq!(invalid.errors, expected, "{event}");
}

#[test]
fn an_event_of_pagerduty_is_read_with_all_its_fields() {
    let event = events_v2::read(PAGERDUTY.as_bytes()).unwrap();
    assert_eq!(event.routing_key, "samplekeyheresamplekeyheresample");
    let signal = event.into_signal(&integration(Kind::EventsV2), "fresh");
    assert_eq!(signal.key, "srv01/mysql");
    let Telling { content, since, ends, entity: about } = told(&signal);
    assert_eq!(content.summary, "DISK at 99% on machine prod-datapipe03.example.com");
    assert_eq!((content.severity, content.source.as_str()), (Severity::Critical, "prod-datapipe03.example.com"));
    let expected = [("class", "disk"), ("component", "mysql"), ("group", "prod-datapipe"), ("service", "pipe")];
    assert_eq!(content.labels, labels(&expected));
    assert_eq!(content.details, r#"{"free space":"1%","ping time":"1500ms","service":"pipe"}"#);
    assert_eq!(content.images[0].alt, "Chart");
    assert_eq!(
        content.links.iter().map(|link| link.text.as_str()).collect::<Vec<_>>(),
        ["Link text", "Sample Monitoring Service"]
    );
    assert_eq!(since.unwrap().to_string(), "2015-07-17T08:42:58.315Z");
    assert_eq!((ends, about), (&None, &Some(entity("component:pipe"))));
}

#[test]
fn a_trigger_without_a_dedup_key_gets_one_and_the_answer_tells_it() {
    let event = json!({ "routing_key": "k", "event_action": "trigger",
        "payload": { "summary": "x", "source": "y", "severity": "info" } });
    let signal =
        events_v2::read(event.to_string().as_bytes()).unwrap().into_signal(&integration(Kind::EventsV2), "fresh");
    assert_eq!(signal.key, "fresh");
    let answer = r#"{"status":"success","message":"Event processed","dedup_key":"fresh"}"#;
    assert_eq!(events_v2::accepted(&signal.key), answer);
}

#[test]
fn an_event_that_acknowledges_or_resolves_needs_no_payload() {
    for (word, action) in [("acknowledge", Action::Acknowledge), ("resolve", Action::Resolve)] {
        let event = json!({ "routing_key": "k", "event_action": word, "dedup_key": "d" }).to_string();
        let signal = events_v2::read(event.as_bytes()).unwrap().into_signal(&integration(Kind::EventsV2), "fresh");
        assert_eq!(signal, Signal::new("d", action));
    }
}

#[test]
fn what_is_wrong_with_an_event_is_said_in_pagerdutys_words() {
    errors(&json!({}), &["'routing_key' is missing or blank", "'event_action' is missing or blank"]);
    errors(&json!({ "routing_key": "k", "event_action": "trigger" }), &["'payload' is missing or blank"]);
    errors(
        &json!({ "routing_key": "k", "event_action": "trigger", "payload": { "summary": " " } }),
        &[
            "'payload.summary' is missing or blank",
            "'payload.source' is missing or blank",
            "'payload.severity' is missing or blank",
        ],
    );
    let payload = json!({ "summary": "x", "source": "y", "severity": "bad" });
    errors(
        &json!({ "routing_key": "k", "event_action": "trigger", "payload": payload }),
        &["'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"],
    );
    errors(&json!({ "routing_key": "k", "event_action": "resolve" }), &["'dedup_key' is missing or blank"]);
    errors(
        &json!({ "routing_key": "k", "event_action": "page" }),
        &["'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')"],
    );
    errors(&json!([]), &["The event is no JSON object"]);
    assert!(events_v2::read(b"{").unwrap_err().errors[0].starts_with("JSON parse error: "));
    let short = events_v2::Invalid::routing_key("short").body();
    let documented = r#"{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}"#;
    assert_eq!(short, documented);
}

#[test]
fn a_change_event_is_read() {
    let event = json!({ "routing_key": "k", "payload": { "summary": "Build Success:\nIncrease snapshot create timeout",
        "timestamp": "2020-07-17T08:42:58.315+0000", "source": "acme-build-pipeline-tool-default-i-9999",
        "custom_details": { "build_state": "passed" } },
        "links": [{ "href": "https://acme.pagerduty.dev/build/2", "text": "View more" }, { "href": "javascript:x" }] });
    let change = events_v2::read_change(event.to_string().as_bytes()).unwrap().change;
    assert_eq!(change.summary, "Build Success:\nIncrease snapshot create timeout");
    assert_eq!(change.source, "acme-build-pipeline-tool-default-i-9999");
    assert_eq!(change.at.unwrap().to_string(), "2020-07-17T08:42:58.315Z");
    assert_eq!((change.details.as_str(), change.links.len()), (r#"{"build_state":"passed"}"#, 2));
    let invalid = events_v2::read_change(b"{}").unwrap_err();
    assert_eq!(invalid.errors, ["'routing_key' is missing or blank", "'payload' is missing or blank"]);
}

#[test]
fn fingerprints_are_those_of_alertmanager() {
    // From a body that Alertmanager 0.24 sent.
    let sent = [("alertname", "HighValue"), ("instance", "api:8000"), ("job", "api"), ("severity", "high")];
    assert_eq!(fingerprint(&labels(&sent)), "948c667b1fc76492");
    assert_eq!(fingerprint(&BTreeMap::new()), "cbf29ce484222325");
}

#[test]
fn alerts_of_alertmanager_are_told_one_by_one_with_or_without_what_later_versions_add() {
    let body = json!({ "version": "4", "truncatedAlerts": 3, "status": "firing", "externalURL": "http://am:9093",
        "notification_reason": "new", "routeLabels": {}, "alerts": [
        { "status": "firing", "labels": { "alertname": "Down", "severity": "critical", "service": "cart" },
          "annotations": { "summary": "Cart is down", "runbook_url": "https://runbooks.example.com" },
          "startsAt": "2026-03-01T11:00:00.123456789Z", "endsAt": "0001-01-01T00:00:00Z",
          "generatorURL": "http://prom:9090/graph", "fingerprint": "1a30ba71cca2921f" },
        { "status": "resolved", "labels": { "alertname": "HighValue", "instance": "api:8000", "job": "api", "severity": "high", "empty": "" } },
        { "status": "firing" }, 7,
    ]});
    let batch = alertmanager::read(body.to_string().as_bytes(), &integration(Kind::Alertmanager)).unwrap();
    assert_eq!((batch.signals.len(), batch.truncated, batch.problems.len()), (2, 3, 2));
    let telling = told(&batch.signals[0]);
    assert_eq!((telling.content.summary.as_str(), telling.content.severity), ("Cart is down", Severity::Critical));
    assert_eq!((&telling.entity, telling.ends), (&Some(entity("component:cart")), None));
    assert_eq!(
        (telling.content.links[0].text.as_str(), telling.content.source.as_str()),
        ("Runbook", "http://am:9093")
    );
    assert_eq!(batch.signals[0].key, "1a30ba71cca2921f");
    assert_eq!(batch.signals[1], Signal::new("948c667b1fc76492", Action::Resolve));
}

#[test]
fn an_alert_of_prometheus_fires_until_its_end_and_is_over_after_it() {
    let at = |ends: &str| {
        let body = json!([{ "labels": { "alertname": "Down" }, "annotations": {}, "startsAt": "2026-03-01T11:00:00Z",
            "endsAt": ends, "generatorURL": "http://prom:9090/graph" }]);
        let integration = integration(Kind::Prometheus);
        prometheus::read(body.to_string().as_bytes(), &integration, Log::new().now).unwrap().signals.remove(0)
    };
    let ahead = at("2026-03-01T12:04:00Z");
    assert_eq!(told(&ahead).ends, parse_time("2026-03-01T12:04:00Z"));
    assert_eq!(told(&ahead).content.summary, "Down");
    assert_eq!(told(&at("0001-01-01T00:00:00Z")).ends, None);
    assert_eq!(at("2026-03-01T12:00:00Z"), Signal::new(&ahead.key, Action::Resolve));
}

#[test]
fn alerts_of_prometheus_without_labels_are_a_problem_and_the_others_are_taken() {
    let body = json!([{ "labels": {} }, { "labels": { "alertname": "Down" } }, null]);
    let integration = integration(Kind::Prometheus);
    let batch = prometheus::read(body.to_string().as_bytes(), &integration, Log::new().now).unwrap();
    assert_eq!((batch.signals.len(), batch.problems.len()), (1, 2));
    assert_eq!(batch.problems[0], "alerts[0]: at least one label pair required");
}

#[test]
fn grafana_says_more_than_alertmanager() {
    let body = json!({ "receiver": "My Super Webhook", "status": "firing", "orgId": 1, "title": "[FIRING:1]", "alerts": [{
        "status": "firing", "labels": { "alertname": "High memory usage", "team": "blue", "zone": "us-1" },
        "annotations": { "description": "The system has high memory usage", "summary": "This alert was triggered for zone us-1" },
        "startsAt": "2021-10-12T09:51:03.157076+02:00", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "https://play.grafana.org/alerting/1afz29v7z/edit", "fingerprint": "c6eadffa33fcdf37",
        "silenceURL": "https://play.grafana.org/alerting/silence/new", "dashboardURL": "", "panelURL": "https://play.grafana.org/d/x",
        "imageURL": "https://play.grafana.org/a.png", "values": { "B": 44.23943737541908, "C": 1 } }] });
    let batch = grafana::read(body.to_string().as_bytes(), &integration(Kind::Grafana)).unwrap();
    let Telling { content, since, .. } = told(&batch.signals[0]);
    assert_eq!(content.links.iter().map(|link| link.text.as_str()).collect::<Vec<_>>(), ["Panel", "Silence"]);
    assert_eq!(content.images[0].href.as_deref(), Some("https://play.grafana.org/d/x"));
    assert!(content.details.contains("44.2394") && content.details.contains("high memory usage"));
    assert_eq!(since.unwrap().to_string(), "2021-10-12T07:51:03.157076Z");
    assert_eq!(content.severity, Severity::Error);
}

#[test]
fn plain_json_needs_no_more_than_a_summary_and_the_same_texts_close_it() {
    let integration = integration(Kind::Generic);
    let read = |value: serde_json::Value| generic::read(value.to_string().as_bytes(), &integration);
    let opened = read(json!({ "summary": "Backup failed", "details": "no space" })).unwrap();
    let closed = read(json!({ "summary": "Backup failed", "details": "no space", "action": "close" })).unwrap();
    assert_eq!(closed, Signal::new(&opened.key, Action::Resolve));
    assert_eq!(told(&opened).content.details, "\"no space\"");
    let full = read(
        json!({ "summary": "x", "dedup_key": 7, "severity": "P1", "service": "cart", "url": "https://example.com",
        "labels": { "a": 1 }, "status": "firing", "timestamp": "2026-03-01T11:00:00" }),
    )
    .unwrap();
    assert_eq!((full.key.as_str(), &told(&full).entity), ("7", &Some(entity("component:cart"))));
    assert_eq!(told(&full).content.severity, Severity::Critical);
    assert_eq!(told(&full).since, parse_time("2026-03-01T11:00:00Z"));
    assert_eq!(read(json!({ "dedup": "d", "status": "ok" })).unwrap(), Signal::new("d", Action::Resolve));
    assert_eq!(read(json!({ "dedup": "d" })).unwrap_err().field.as_deref(), Some("summary"));
    assert_eq!(read(json!({ "summary": "x", "action": "dance" })).unwrap_err().field.as_deref(), Some("action"));
}

#[test]
fn goalerts_form_is_read() {
    let integration = integration(Kind::Generic);
    let opened = generic::read_form(b"summary=Disk+full&details=50%25+of+%2Fvar&dedup=disk", &integration).unwrap();
    assert_eq!((opened.key.as_str(), told(&opened).content.details.as_str()), ("disk", "\"50% of /var\""));
    assert_eq!(told(&opened).content.summary, "Disk full");
    let closed = generic::read_form(b"action=close&dedup=disk", &integration).unwrap();
    assert_eq!(closed, Signal::new("disk", Action::Resolve));
}

#[test]
fn an_alert_of_opsgenie_is_read() {
    let integration = integration(Kind::Opsgenie);
    let body = json!({ "message": "An example alert message", "alias": "Life is too short for no alias",
        "description": "Every alert needs a description", "responders": [{ "name": "NOC", "type": "team" }],
        "tags": ["OverwriteQuietHours", "Critical"], "details": { "service": "cart" }, "entity": "An example entity", "priority": "P1" });
    let signal = opsgenie::read_create(body.to_string().as_bytes(), &integration, "fresh").unwrap();
    assert_eq!(signal.key, "Life is too short for no alias");
    let telling = told(&signal);
    assert_eq!((telling.content.severity, &telling.entity), (Severity::Critical, &Some(entity("component:cart"))));
    assert!(telling.content.details.contains("OverwriteQuietHours"));
    assert_eq!(opsgenie::close("a"), Signal::new("a", Action::Resolve));
    assert_eq!(opsgenie::read_create(b"{}", &integration, "x").unwrap_err().field.as_deref(), Some("message"));
    let nameless = opsgenie::read_create(br#"{"message":"x"}"#, &integration, "fresh").unwrap();
    assert_eq!(nameless.key, "fresh");
}

#[test]
fn times_are_read_as_senders_write_them() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(parse_time(text).map(|time| time.to_string()).as_deref(), expected, "{text}");
    };
    check("2015-07-17T08:42:58.315+0000", Some("2015-07-17T08:42:58.315Z"));
    check("2015-07-17T08:42:58.315Z", Some("2015-07-17T08:42:58.315Z"));
    check("2015-07-17T10:42:58+02:00", Some("2015-07-17T08:42:58Z"));
    check("2015-07-17 08:42:58", Some("2015-07-17T08:42:58Z"));
    check("2015-07-17T10:42:58.315+02:00Z", Some("2015-07-17T08:42:58.315Z"));
    check("0001-01-01T00:00:00Z", None);
    check("yesterday", None);
    check("", None);
}

#[test]
fn severities_are_known_by_many_words() {
    let check = |words: &[&str], severity| {
        words.iter().for_each(|word| assert_eq!(Severity::of_word(word), severity, "{word}"));
    };
    check(&["critical", " CRITICAL ", "page", "P1", "Disaster"], Some(Severity::Critical));
    check(&["error", "high", "major"], Some(Severity::Error));
    check(&["warning", "Average", "low"], Some(Severity::Warning));
    check(&["info", "none", "P5"], Some(Severity::Info));
    check(&["", "purple"], None);
}
