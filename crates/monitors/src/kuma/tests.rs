use serde_json::{Value, json};

use crate::{Imported, Options, Severity, kuma};

fn imported(document: &Value) -> Imported {
    kuma("kuma.db", document, &Options::default()).unwrap()
}

/// The specs of these rows, which all are checks.
fn specs(rows: Value) -> Vec<Value> {
    let imported = imported(&json!({"monitor": rows}));
    let rows = rows_of(&imported);
    assert_eq!(rows.len(), imported.checks.len());
    rows
}

fn rows_of(imported: &Imported) -> Vec<Value> {
    for check in &imported.checks {
        let read = checks::CheckDefinition::from_spec(check.definition.check.clone(), &check.spec()).unwrap();
        assert_eq!(read.kind, check.definition.kind, "{}", check.title);
    }
    imported.checks.iter().map(crate::Check::spec).collect()
}

#[test]
fn a_row_and_a_backup_of_one_monitor_are_one_check() {
    let row = json!({"monitor": [{"id": 1, "name": "Shop", "type": "keyword", "active": 1, "interval": 60, "maxretries": 2,
        "retry_interval": 30, "timeout": 48, "url": "https://shop.example/", "keyword": "Welcome", "invert_keyword": 1,
        "accepted_statuscodes_json": "[\"200-299\",\"404\"]", "ignore_tls": 1, "maxredirects": 0, "parent": 2,
        "upside_down": 0}, {"id": 2, "name": "Front", "type": "group", "active": 1}],
        "tag": [{"id": 7, "name": "team"}], "monitor_tag": [{"monitor_id": 1, "tag_id": 7, "value": "web"}]});
    let backup = json!({"version": "1.23.0", "monitorList": [{"id": 1, "name": "Shop", "type": "keyword", "active": true,
        "interval": 60, "maxretries": 2, "retryInterval": 30, "timeout": 48, "url": "https://shop.example/",
        "keyword": "Welcome", "invertKeyword": true, "accepted_statuscodes": ["200-299", "404"], "ignoreTls": true,
        "maxredirects": 0, "parent": 2, "upsideDown": false, "tags": [{"name": "team", "value": "web"}]},
        {"id": 2, "name": "Front", "type": "group", "active": true}]});
    let (from_row, from_backup) = (imported(&row), imported(&backup));
    assert_eq!(from_row.checks, from_backup.checks);
    let [check] = from_row.checks.as_slice() else { panic!("{:?}", from_row.notes) };
    assert_eq!((check.group.as_deref(), check.labels["team"].as_str()), (Some("Front"), "web"));
    let spec = check.spec();
    assert_eq!((&spec["interval"], &spec["timeout"]), (&json!("1m"), &json!("48s")));
    assert_eq!((&spec["failures_to_down"], &spec["successes_to_up"]), (&json!(3), &json!(1)));
    assert_eq!(
        spec["http"],
        json!({"url": "https://shop.example/", "redirects": 0, "tls": {"insecure": true}, "expect": {
            "status": ["2xx", 404], "assertions": [{"of": "body", "not_contains": "Welcome"}]}})
    );
    let changed: Vec<&str> = from_row
        .notes
        .iter()
        .filter(|note| note.severity == Severity::Changed)
        .map(|note| note.place.as_str())
        .collect();
    assert_eq!(changed, ["monitor 1.retry_interval"]);
}

#[test]
fn every_type_that_has_a_counterpart_becomes_it() {
    let specs = specs(json!([
        {"id": 1, "name": "json", "type": "json-query", "url": "https://x.example/", "json_path": "$.a[0].b",
         "json_path_operator": ">=", "expected_value": "5", "interval": 60},
        {"id": 2, "name": "port", "type": "port", "hostname": "::1", "port": 5432, "interval": 60},
        {"id": 3, "name": "ping", "type": "ping", "hostname": "x.example", "packet_size": 56, "interval": 60},
        {"id": 4, "name": "dns", "type": "dns", "hostname": "x.example", "dns_resolve_server": "1.1.1.1", "port": 5353,
         "dns_resolve_type": "MX", "interval": 60},
        {"id": 5, "name": "push", "type": "push", "interval": 300, "maxretries": 1, "retry_interval": 60},
        {"id": 6, "name": "grpc", "type": "grpc-keyword", "grpc_url": "x.example:50051", "grpc_service_name": "Health",
         "grpc_method": "check", "grpc_protobuf": "package grpc.health.v1;", "keyword": "SERVING", "grpc_enable_tls": 1,
         "grpc_body": "{\"service\": \"s\"}", "interval": 60},
        {"id": 7, "name": "ws", "type": "websocket-upgrade", "url": "wss://x.example/", "interval": 60,
         "accepted_statuscodes_json": "[\"1000\"]"},
        {"id": 8, "name": "ptr", "type": "dns", "hostname": "192.0.2.1", "dns_resolve_type": "PTR", "interval": 60},
        {"id": 9, "name": "post", "type": "http", "url": "https://x.example/", "method": "post", "body": "{\"a\": \"$1\"}",
         "headers": "{\"X-A\": \"b\"}", "interval": 60, "auth_method": "bearer", "bearer_token": "hunter2"},
    ]));
    assert_eq!(specs[0]["http"]["expect"]["assertions"], json!([{"json": "$['a'][0]['b']", "at_least": "5"}]));
    assert_eq!(specs[1]["tcp"], json!({"address": "[::1]:5432"}));
    assert_eq!(specs[2]["icmp"], json!({"host": "x.example", "count": 1, "payload_bytes": 56}));
    let some = json!([{"of": "answer", "matches": r"\S"}]);
    assert_eq!(
        specs[3]["dns"],
        json!({"server": "1.1.1.1:5353", "name": "x.example", "record": "MX", "rcodes": ["NOERROR"], "assertions": some})
    );
    assert_eq!(specs[4]["heartbeat"], json!({"every": "5m", "grace": "61s"}));
    assert_eq!(specs[5]["grpc"], json!({"address": "x.example:50051", "service": "s", "tls": {}}));
    assert_eq!(specs[6]["websocket"], json!({"url": "wss://x.example/"}));
    assert_eq!(specs[7]["dns"]["name"], "1.2.0.192.in-addr.arpa");
    assert_eq!(
        specs[8]["http"]["headers"],
        json!({"X-A": "b", "Content-Type": "application/json", "Authorization": "Bearer ${secret.POST_TOKEN}"})
    );
    assert_eq!(specs[8]["http"]["body"], "{\"a\": \"$$1\"}");
}

#[test]
fn what_has_no_counterpart_is_left_out_aloud_and_no_check_asks_for_the_opposite() {
    let imported = imported(&json!({"monitor": [
        {"id": 1, "name": "up", "type": "http", "url": "https://x.example/", "upside_down": 1},
        {"id": 2, "name": "jsonata", "type": "json-query", "url": "https://x.example/", "json_path": "$count(a)"},
        {"id": 3, "name": "mqtt", "type": "mqtt"},
        {"id": 4, "name": "grpc", "type": "grpc-keyword", "grpc_service_name": "Shop", "grpc_method": "buy"},
        {"id": 5, "name": "off", "type": "http", "url": "https://x.example/", "active": 0},
        {"id": 6, "name": "ntlm", "type": "http", "url": "https://x.example/", "auth_method": "ntlm"},
    ]}));
    assert!(imported.checks.is_empty());
    let severities: Vec<Severity> = imported.notes.iter().map(|note| note.severity).collect();
    let (lost, info) = (Severity::Lost, Severity::Info);
    assert_eq!(severities, [lost, lost, lost, lost, info, lost]);
}

#[test]
fn no_secret_is_written_down() {
    let imported = imported(&json!({"monitor": [
        {"id": 1, "name": "a", "type": "http", "url": "https://u:hunter2@x.example/?api_key=hunter2", "auth_method": "basic",
         "basic_auth_user": "me", "basic_auth_pass": "hunter2", "headers": "{\"Cookie\": \"hunter2\"}", "interval": 60},
        {"id": 2, "name": "b", "type": "http", "url": "https://x.example/", "auth_method": "oauth2-cc", "interval": 60,
         "oauth_client_id": "me", "oauth_client_secret": "hunter2", "oauth_token_url": "https://x.example/t"},
        {"id": 3, "name": "c", "type": "push", "push_token": "hunter2", "interval": 60},
    ]}));
    assert_eq!(imported.checks.len(), 3, "{:?}", imported.notes);
    assert!(!imported.yaml().contains("hunter2") && !format!("{:?}", imported.notes).contains("hunter2"));
    let secrets: Vec<&str> = imported.secrets.iter().map(String::as_str).collect();
    assert_eq!(secrets, ["A_API_KEY", "A_COOKIE", "A_PASSWORD", "B_CLIENT_SECRET"]);
}

#[test]
fn maintenances_that_come_again_are_the_checks_own() {
    let imported = imported(&json!({
        "monitor": [{"id": 1, "name": "a", "type": "port", "hostname": "x.example", "port": 1, "interval": 60}],
        "maintenance": [
            {"id": 1, "title": "nights", "active": 1, "strategy": "recurring-weekday", "weekdays": "[0,6]",
             "start_time": "23:30", "end_time": "01:00", "timezone": "Europe/Lisbon"},
            {"id": 2, "title": "once", "active": 1, "strategy": "single"},
            {"id": 3, "title": "daily", "active": 1, "strategy": "recurring-interval", "interval_day": 1,
             "start_time": "02:00:00", "end_time": "03:00:00", "timezone": "UTC"},
        ],
        "monitor_maintenance": [{"monitor_id": 1, "maintenance_id": 1}, {"monitor_id": 1, "maintenance_id": 2},
            {"monitor_id": 1, "maintenance_id": 3}],
    }));
    assert_eq!(
        imported.checks[0].spec()["maintenance"],
        json!([
            {"days": ["sunday", "saturday"], "from": "23:30", "for": "90m", "time_zone": "Europe/Lisbon"},
            {"from": "02:00", "for": "1h", "time_zone": "UTC"},
        ])
    );
    assert_eq!(imported.notes.iter().filter(|note| note.severity == Severity::Lost).count(), 1);
}

#[test]
fn what_has_no_monitors_is_refused() {
    let error = kuma("x.json", &json!({"a": 1}), &Options::default()).unwrap_err();
    assert!(error.to_string().contains("no monitors"));
}
