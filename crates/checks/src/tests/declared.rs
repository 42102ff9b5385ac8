//! What a check may say in a catalog file.

use serde_json::{Value, json};

use crate::{Agreement, Assertion, CheckDefinition, CheckKind, Expected, Phase, Relation, Slowness, Source, Subject};

fn read(more: &Value) -> Result<CheckDefinition, Vec<String>> {
    let mut spec = json!({"target": "shop"});
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let read = CheckDefinition::from_spec("check:shop".parse().unwrap(), &spec);
    read.map_err(|problems| problems.into_iter().map(|it| format!("{} {}", it.pointer, it.message)).collect())
}

fn wrong(more: Value, expected: &str) {
    let problems = read(&more).unwrap_err().join("; ");
    assert!(problems.contains(expected), "{problems}");
}

fn kind(more: Value) -> CheckKind {
    read(&more).unwrap_or_else(|problems| panic!("{problems:?}: {more}")).kind
}

#[test]
fn every_sort_is_read() {
    let one = json!({"http": {"url": "https://shop.example/"}});
    assert!(matches!(kind(one), CheckKind::Http(_)));
    let CheckKind::Tcp(tcp) = kind(
        json!({"tcp": {"address": "db.example:5432", "dialogue": [{"expect": "^220", "send": "EHLO x"}, {"starttls": true}]}}),
    ) else {
        panic!()
    };
    assert_eq!((tcp.address.as_str(), tcp.dialogue.len()), ("db.example:5432", 2));
    let CheckKind::Tls(tls) = kind(json!({"tls": {"address": "[2001:db8::1]:25", "starttls": "smtp"}})) else {
        panic!()
    };
    assert_eq!(tls.days_left, 14);
    let CheckKind::Dns(dns) =
        kind(json!({"dns": {"server": "192.0.2.53", "name": "shop.example", "record": "MX", "transport": "tcp"}}))
    else {
        panic!()
    };
    assert_eq!((dns.rcodes, dns.tcp), (vec!["NOERROR".to_owned()], true));
    assert!(matches!(kind(json!({"icmp": {"host": "192.0.2.1"}})), CheckKind::Icmp(_)));
    assert!(matches!(kind(json!({"grpc": {"address": "pay.example:443", "tls": {}}})), CheckKind::Grpc(_)));
    assert!(matches!(
        kind(json!({"websocket": {"url": "wss://shop.example/live", "send": "ping", "receive": true}})),
        CheckKind::WebSocket(_)
    ));
    assert!(matches!(kind(json!({"exec": {"command": "check_disk", "args": ["-w", "10%"]}})), CheckKind::Exec(_)));
    let heartbeat =
        read(&json!({"heartbeat": {"cron": "0 3 * * *", "time_zone": "Europe/Lisbon", "grace": "10m"}})).unwrap();
    let CheckKind::Heartbeat(job) = &heartbeat.kind else { panic!() };
    assert!(matches!(job.expected, Expected::Cron { .. }) && job.grace_ms == 600_000);
    assert_eq!(heartbeat.failures_to_down, 1);
    wrong(json!({}), "/spec/http is missing; a check has one of http, journey");
    wrong(
        json!({"tcp": {"address": "x:1"}, "icmp": {"host": "x"}}),
        "/spec/icmp is a second sort; the check has \"tcp\"",
    );
}

#[test]
fn what_can_not_be_meant_is_refused_with_its_place() {
    wrong(json!({"tcp": {"address": "db.example"}}), "/spec/tcp/address must be a host and a port");
    wrong(json!({"exec": {"command": "../bin/sh"}}), "/spec/exec/command must be a program's name");
    wrong(json!({"heartbeat": {"cron": "every day"}}), "/spec/heartbeat/cron is no cron expression");
    wrong(json!({"heartbeat": {"every": "1h", "cron": "* * * * *"}}), "must not stand beside");
    wrong(json!({"websocket": {"url": "https://x.example"}}), "a WebSocket has ws or wss");
    wrong(
        json!({"websocket": {"url": "wss://x.example", "headers": {"Sec-WebSocket-Extensions": "permessage-deflate"}}}),
        "is the handshake's own header",
    );
    assert!(read(&json!({"websocket": {"url": "wss://x.example/${secret.room}?u=${random.uuid}"}})).is_ok());
    let extracting =
        |from: Value| json!({"journey": {"steps": [{"url": "https://shop.example/", "extract": {"it": from}}]}});
    assert!(read(&extracting(json!({"header": "location", "pattern": "code=(.+)"}))).is_ok());
    for place in ["json", "cookie", "body", "url"] {
        wrong(extracting(json!({place: "$", "pattern": "code=(.+)"})), "stands beside \"header\" alone");
    }
    let http = |more: Value| {
        let mut http = json!({"url": "https://shop.example/"});
        http.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"http": http})
    };
    wrong(
        http(json!({"headers": {"authorization": "Bearer abc"}})),
        "would put a credential where everybody can read it",
    );
    assert!(read(&http(json!({"headers": {"authorization": "Bearer ${secret.api}"}}))).is_ok());
    wrong(http(json!({"basic": {"user": "u", "password": "p"}})), "would put a credential");
    wrong(http(json!({"basic": {"user": "u", "password": "p${random.hex}"}})), "would put a credential");
    wrong(http(json!({"basic": {"user": "u", "password": "a$${secret.b}"}})), "would put a credential");
    let step = json!({"url": "https://shop.example/", "headers": {"authorization": "Bearer ${t}"}});
    wrong(json!({"journey": {"variables": {"t": "abc"}, "steps": [step]}}), "would put a credential");
    wrong(http(json!({"body": "${nobody}"})), "names \"nobody\", which is not known there");
    wrong(
        http(json!({"expect": {"assertions": [{"json": "$.[", "exists": true}]}})),
        "/spec/http/expect/assertions/0/json is no JSONPath",
    );
    wrong(
        http(json!({"expect": {"assertions": [{"of": "body", "matches": "(a{1000}){1000}"}]}})),
        "is a pattern that is too large",
    );
    wrong(
        http(json!({"expect": {"assertions": [{"of": "rcode", "equals": "NOERROR"}]}})),
        "which this sort of check does not see",
    );
    wrong(http(json!({"expect": {"assertions": [{"of": "status"}]}})), "say what must hold");
    wrong(
        http(json!({"expect": {"assertions": [{"of": "response_time", "equals": 300}]}})),
        "a duration with its unit",
    );
    for relation in ["contains", "not_contains", "matches", "not_matches"] {
        let time = json!({"of": "response_time", relation: "300"});
        wrong(http(json!({"expect": {"assertions": [time]}})), "looks for a text in a time");
    }
    wrong(http(json!({"expect": {"assertions": [{"of": "status", "equals": 1, "less_than": 3}]}})), "must stand alone");
    wrong(http(json!({"expect": {"assertions": [{"of": "statsu", "equals": 1}]}})), "must be one of status");
    wrong(json!({"http": {"url": "https://u:p@shop.example/"}}), "has a user or password in it");
    wrong(
        json!({"http": {"url": "https://shop.example/"}, "agree": "0%"}),
        "/spec/agree must be a number of locations",
    );
}

#[test]
fn every_subject_and_relation_can_be_said() {
    let said = json!({"http": {"url": "https://shop.example/", "expect": {"assertions": [
        {"of": "status", "one_of": [200, 204]},
        {"header": "content-type", "matches": "^application/json"},
        {"json": "$.status", "equals": "ok"},
        {"json_length": "$.items", "at_least": 3},
        {"of": "response_time", "less_than": "300ms"},
        {"of": "response_time", "not_equals": "300ms"},
        {"phase": "resolve", "one_of": ["1ms", "2s"]},
        {"phase": "tls", "at_most": "100ms"},
        {"of": "certificate_days", "greater_than": 14},
        {"of": "body", "not_contains": "error"},
        {"of": "tls_version", "exists": true},
        {"header": "x-debug", "missing": true},
    ]}}});
    let CheckKind::Http(http) = kind(said) else { panic!() };
    let assertion = |of, is| Assertion { of, is };
    let text = |text: &str| text.to_owned();
    assert_eq!(
        http.expect.assertions,
        [
            assertion(Subject::Status, Relation::OneOf(vec![text("200"), text("204")])),
            assertion(Subject::Header(text("content-type")), Relation::Matches(text("^application/json"))),
            assertion(Subject::Json(text("$.status")), Relation::Equals(text("ok"))),
            assertion(Subject::JsonLength(text("$.items")), Relation::AtLeast(text("3"))),
            assertion(Subject::ResponseTime, Relation::LessThan(text("300"))),
            assertion(Subject::ResponseTime, Relation::NotEquals(text("300"))),
            assertion(Subject::PhaseTime(Phase::Resolve), Relation::OneOf(vec![text("1"), text("2000")])),
            assertion(Subject::PhaseTime(Phase::Tls), Relation::AtMost(text("100"))),
            assertion(Subject::CertificateDays, Relation::GreaterThan(text("14"))),
            assertion(Subject::Body, Relation::NotContains(text("error"))),
            assertion(Subject::TlsVersion, Relation::Exists),
            assertion(Subject::Header(text("x-debug")), Relation::Missing),
        ]
    );
}

#[test]
fn where_it_runs_and_when_it_is_judged_can_be_said() {
    let definition = read(&json!({
        "http": {"url": "https://shop.example/"}, "locations": ["eu-west", "home"], "agree": "50%",
        "slow": {"times": 2.5, "at_least": "400ms"},
        "maintenance": [{"days": ["sunday"], "from": "02:00", "for": "1h", "time_zone": "Europe/Lisbon"}],
    }))
    .unwrap();
    assert!(definition.is_for("home") && !definition.is_for("us-east"));
    assert_eq!(definition.agreement, Agreement::Percent(50));
    assert_eq!(definition.slowness, Some(Slowness { percent: 250, at_least_ms: 400 }));
    assert_eq!(
        (definition.maintenance[0].days.as_slice(), definition.maintenance[0].duration_ms),
        ([kernel::Weekday::Sunday].as_slice(), 3_600_000)
    );
    let plain = read(&json!({"http": {"url": "https://shop.example/"}})).unwrap();
    let written = serde_json::to_value(&plain).unwrap();
    assert!(written.get("agreement").is_none() && written.get("locations").is_none(), "as it was written before");
}

#[test]
fn an_oauth_code_flow_with_pkce_and_a_renewed_token_can_be_said() {
    let file = include_str!("../../../../examples/checks/oauth-journey.yaml");
    let document: Value = serde_saphyr::from_str(file).unwrap();
    let read = CheckDefinition::from_spec("check:sign-in".parse().unwrap(), &document["spec"]).unwrap();
    let CheckKind::Journey(journey) = read.kind else { panic!() };
    assert_eq!(journey.steps.len(), 6);
    assert!(!journey.steps[0].request.expect.status[0].contains(200), "a page has no location");
    assert!(journey.steps[5].always);
    assert_eq!(journey.steps[2].extract[0].from, Source::Json("$.access_token".to_owned()));
    assert!(CheckDefinition::from_spec("check:x".parse().unwrap(), &json!({
        "target": "shop", "journey": {"steps": [{"url": "https://shop.example/${access}", "extract": {"access": {"json": "$.a"}}}]},
    })).is_err(), "a step can't name what only it extracts");
}

#[test]
fn the_examples_of_other_sorts_can_be_planned() {
    let example = |file: &str| {
        let document: Value = serde_saphyr::from_str(file).unwrap();
        CheckDefinition::from_spec("check:example".parse().unwrap(), &document["spec"]).unwrap().kind
    };
    assert!(matches!(example(include_str!("../../../../examples/checks/ping.yaml")), CheckKind::Icmp(_)));
    assert!(matches!(example(include_str!("../../../../examples/checks/grpc-health.yaml")), CheckKind::Grpc(_)));
    assert!(matches!(example(include_str!("../../../../examples/checks/websocket.yaml")), CheckKind::WebSocket(_)));
}
