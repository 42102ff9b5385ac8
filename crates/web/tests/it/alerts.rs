//! Alerts of other tools, from what they post to the person who is paged.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use futures::StreamExt as _;
use incidents::Severity;
use kernel::EntityRef;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use world::Command;

use crate::{browser::Site, evaluation::Client};

const FILES: &str = "
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout}
spec: {type: service, lifecycle: production, owner: web}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: search}
spec: {type: service, lifecycle: production, owner: web}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: web}
spec: {type: team, children: [], members: [kim]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: kim}
spec: {memberOf: [web], profile: {email: kim@shop.example}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Rotation
metadata: {name: web}
spec: {team: web, people: [kim], time_zone: UTC, handover: 'monday 09:00', starts: 2023-01-02}
";

/// A site with a small catalog.
async fn staffed() -> Site {
    let site = Site::open();
    let bytes = FILES.as_bytes().to_vec().into();
    let file = catalog::BundleFile { path: "catalog-info.yaml".to_owned(), bytes };
    let bundle = catalog::Bundle { source: "shop".to_owned(), files: vec![file], problems: Vec::new() };
    let apply = catalog::Apply { reading: world::read_bundle(&bundle), partial: false };
    site.done_by("ann", Command::Catalog(catalog::Command::Apply(apply))).await;
    site
}

/// Makes an integration for `checkout` and returns its key.
async fn integration(site: &Site, kind: &str) -> String {
    let new = json!({ "name": kind, "kind": kind, "entity": "component:checkout" });
    let made = Client::of(site).done("POST", "/api/v1/integrations", new).await;
    made["key"].as_str().unwrap().to_owned()
}

async fn post_raw(site: &Site, path: &str, auth: Option<&str>, sort: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, sort);
    if let Some(auth) = auth {
        request = request.header(header::AUTHORIZATION, auth);
    }
    let response = site.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

async fn post(site: &Site, path: &str, auth: Option<&str>, body: &Value) -> (StatusCode, Value) {
    post_raw(site, path, auth, "application/json", body.to_string().into_bytes()).await
}

fn open_alerts(site: &Site) -> usize {
    site.app.world().alerts.counts().open()
}

fn page_event(key: &str, action: &str, dedup: &str) -> Value {
    json!({ "routing_key": key, "event_action": action, "dedup_key": dedup, "payload": {
        "summary": "the disk is full", "source": "db-1", "severity": "critical" } })
}

fn fired(status: &str, fingerprint: &str) -> Value {
    json!({ "version": "4", "status": status, "alerts": [{
        "status": status, "fingerprint": fingerprint, "startsAt": "2026-11-18T00:00:00Z",
        "labels": { "alertname": "Down", "service": "search", "severity": "page" },
        "annotations": { "summary": "search is down", "runbook_url": "https://wiki.example/search" } }] })
}

#[tokio::test]
async fn an_event_of_pagerdutys_clients_opens_an_incident_and_pages_and_its_end_ends_both() {
    let site = staffed().await;
    let key = integration(&site, "events_v2").await;
    assert_eq!(key.len(), 32, "PagerDuty's clients insist on it");
    let taken = post(&site, "/v2/enqueue", None, &page_event(&key, "trigger", "disk")).await;
    let said = json!({ "status": "success", "message": "Event processed", "dedup_key": "disk" });
    assert_eq!(taken, (StatusCode::ACCEPTED, said));
    let world = site.app.world();
    let incident = world.incidents.open().next().unwrap();
    assert_eq!(incident.severity, Severity::Sev1);
    assert!(incident.title.contains("the disk is full"), "{}", incident.title);
    assert_eq!(world.paging.pages().count(), 1, "whoever is on call is paged");
    post(&site, "/v2/enqueue", None, &page_event(&key, "trigger", "disk")).await;
    let told = site.app.world().alerts.open_alerts().map(|alert| alert.count).collect::<Vec<_>>();
    assert_eq!(told, [1], "a repetition says nothing new");
    let (status, _) = post(&site, "/v2/enqueue", None, &page_event(&key, "acknowledge", "disk")).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    assert!(site.app.world().incidents.open().next().unwrap().acknowledged.is_some());
    post(&site, "/v2/enqueue", None, &page_event(&key, "resolve", "disk")).await;
    assert_eq!(open_alerts(&site), 0);
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_said_as_pagerduty_says_it() {
    let site = staffed().await;
    let key = integration(&site, "events_v2").await;
    let cases = [
        (page_event("0123456789abcdef0123456789abcdef", "trigger", "x"), "Invalid routing key"),
        (page_event("short", "trigger", "x"), "Length of 'routing_key' is incorrect (should be 32 characters)"),
        (json!({ "routing_key": key, "event_action": "trigger" }), "'payload' is missing or blank"),
    ];
    for (event, error) in cases {
        let (status, said) = post(&site, "/v2/enqueue", None, &event).await;
        assert_eq!((status, &said["status"]), (StatusCode::BAD_REQUEST, &json!("invalid event")));
        assert_eq!(said["errors"], json!([error]));
    }
    assert_eq!(open_alerts(&site), 0);
}

#[tokio::test]
async fn a_change_event_is_a_suspect_with_its_links_and_opens_nothing() {
    let site = staffed().await;
    let key = integration(&site, "events_v2").await;
    let change = |service: &str| {
        json!({ "routing_key": key, "payload": { "summary": "Deployed 4.2.0", "source": "pipeline",
                "custom_details": { "service": service } },
            "links": [{ "href": "https://ci.example/build/2", "text": "The build" }] })
    };
    let taken = post(&site, "/v2/change/enqueue", None, &change("no such thing")).await;
    assert_eq!(taken, (StatusCode::ACCEPTED, json!({ "status": "success", "message": "Change event processed" })));
    post(&site, "/v2/change/enqueue", None, &change("no such thing")).await;
    post(&site, "/v2/change/enqueue", None, &change("search")).await;
    let world = site.app.world();
    let changed: Vec<&str> = world.journal.newest_first().take(2).map(|entry| entry.change.subject.name()).collect();
    assert_eq!(changed, ["search", "checkout"], "a repetition is no other change");
    assert_eq!((world.incidents.open().count(), open_alerts(&site)), (0, 0));

    post(&site, "/v2/enqueue", None, &page_event(&key, "trigger", "disk")).await;
    let admin = Client::of(&site);
    let number = site.app.world().incidents.open().next().unwrap().number();
    let incident = admin.get(&format!("/api/v1/incidents/{number}")).await;
    let suspect = &incident["suspects"][0];
    assert_eq!(suspect["summary"], "changed checkout: Deployed 4.2.0 (pipeline)", "{incident}");
    assert_eq!(suspect["actor"]["name"], "events_v2");
    let mut ann = site.administrator().await;
    let screen = ann.see(&format!("/timeline/{}", suspect["event"].as_str().unwrap())).await;
    assert!(screen.says("https://ci.example/build/2") && screen.says("another tool reported it"), "{screen:?}");
    assert!(ann.see("/entities/component/default/checkout").await.says("Deployed 4.2.0"));

    let (status, said) = post(&site, "/v2/change/enqueue", None, &json!({ "routing_key": "short" })).await;
    assert_eq!((status, &said["errors"]), (StatusCode::BAD_REQUEST, &json!(["'payload' is missing or blank"])));
    let (status, said) = post(&site, "/v2/change/enqueue", None, &change("x")).await;
    assert_eq!((status, &said["message"]), (StatusCode::ACCEPTED, &json!("Change event processed")));
    let stranger = json!({ "routing_key": "0".repeat(32), "payload": { "summary": "x" } });
    let (status, said) = post(&site, "/v2/change/enqueue", None, &stranger).await;
    assert_eq!((status, &said["errors"]), (StatusCode::BAD_REQUEST, &json!(["Invalid routing key"])));
}

#[tokio::test]
async fn alertmanagers_webhook_is_about_the_component_that_its_label_names() {
    let site = staffed().await;
    let key = integration(&site, "alertmanager").await;
    let auth = format!("Bearer {key}");
    let (status, said) = post(&site, "/hooks/alertmanager", Some(&auth), &fired("firing", "f1")).await;
    assert_eq!((status, &said["taken"]), (StatusCode::OK, &json!(1)));
    let entity: EntityRef = "component:search".parse().unwrap();
    let world = site.app.world();
    assert_eq!(world.incidents.open().next().unwrap().entity(), &entity);
    let alert = world.alerts.of_entity(&entity).next().unwrap().about.alert.clone();
    let shown = Client::of(&site).get(&format!("/api/v1/alerts/{}", alert.name())).await;
    assert_eq!(shown["links"][0]["href"], "https://wiki.example/search");
    assert_eq!(shown["incident"], world.incidents.open().next().unwrap().number());
    let listed = Client::of(&site).get("/api/v1/alerts?entity=search&severity=critical&integration=alertmanager").await;
    assert_eq!(listed["total"], 1);
    assert_eq!(Client::of(&site).get("/api/v1/alerts?severity=info").await["total"], 0);
    post(&site, "/hooks/alertmanager", Some(&auth), &fired("resolved", "f1")).await;
    assert_eq!(open_alerts(&site), 0);
    assert_eq!(Client::of(&site).get("/api/v1/alerts?status=resolved").await["total"], 1);
}

#[tokio::test]
async fn prometheus_takes_us_for_an_alertmanager_with_the_key_as_its_password() {
    let site = staffed().await;
    let key = integration(&site, "prometheus").await;
    let basic = base64_of(&format!("prometheus:{key}"));
    let fires = json!([{ "labels": { "alertname": "Slow", "severity": "warning" }, "annotations": { "summary": "slow" },
        "startsAt": "2026-11-18T00:00:00Z", "generatorURL": "http://prometheus.example/graph" }]);
    let (status, _) = post(&site, "/api/v2/alerts", Some(&format!("Basic {basic}")), &fires).await;
    assert_eq!((status, open_alerts(&site)), (StatusCode::OK, 1));
    let half = json!([{ "labels": {} }, { "labels": { "alertname": "Other" } }]);
    let (status, _) = post(&site, "/api/v2/alerts", Some(&format!("Bearer {key}")), &half).await;
    assert_eq!((status, open_alerts(&site)), (StatusCode::BAD_REQUEST, 2), "what can be read is taken all the same");
}

fn base64_of(text: &str) -> String {
    use std::fmt::Write as _;
    // RFC 4648, for as little as the tests need.
    let table: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut out = String::new();
    for three in text.as_bytes().chunks(3) {
        let mut bits = 0_u32;
        for index in 0..3 {
            bits = bits << 8 | u32::from(three.get(index).copied().unwrap_or(0));
        }
        for index in 0..4 {
            let digit = table[(bits >> (18 - 6 * index) & 63) as usize];
            write!(out, "{}", if index <= three.len() { digit } else { '=' }).unwrap();
        }
    }
    out
}

#[tokio::test]
async fn grafana_and_whoever_can_set_no_header_put_the_key_into_the_address() {
    let site = staffed().await;
    let key = integration(&site, "grafana").await;
    let (status, _) = post(&site, &format!("/hooks/grafana?key={key}"), None, &fired("firing", "g1")).await;
    assert_eq!((status, open_alerts(&site)), (StatusCode::OK, 1));
    let form = "application/x-www-form-urlencoded";
    let path = format!("/hooks/alerts?token={key}");
    let body = b"summary=backup+failed&dedup=backup".to_vec();
    let taken = post_raw(&site, &path, None, form, body).await;
    assert_eq!(taken, (StatusCode::ACCEPTED, json!({ "dedup": "backup" })));
    let curl = br#"{"summary": "curl says that this is a form"}"#.to_vec();
    assert_eq!(post_raw(&site, &path, None, form, curl).await.0, StatusCode::ACCEPTED);
    assert_eq!(open_alerts(&site), 3);
    let body = b"dedup=backup&action=close".to_vec();
    post_raw(&site, &path, None, form, body).await;
    assert_eq!(open_alerts(&site), 2);
}

#[tokio::test]
async fn opsgenies_clients_create_acknowledge_and_close_by_alias() {
    let site = staffed().await;
    let auth = format!("GenieKey {}", integration(&site, "opsgenie").await);
    let alert = json!({ "message": "queue is stuck", "alias": "queue/1", "priority": "P1" });
    let (status, said) = post(&site, "/v2/alerts", Some(&auth), &alert).await;
    assert_eq!((status, &said["result"]), (StatusCode::ACCEPTED, &json!("Request will be processed")));
    for (verb, open, taken_on) in [("acknowledge", 1, true), ("close", 0, false)] {
        let path = format!("/v2/alerts/queue%2F1/{verb}?identifierType=alias");
        assert_eq!(post(&site, &path, Some(&auth), &json!({})).await.0, StatusCode::ACCEPTED);
        assert_eq!(open_alerts(&site), open);
        assert_eq!(site.app.world().alerts.counts().acknowledged > 0, taken_on);
    }
}

#[tokio::test]
async fn a_key_lets_alerts_in_and_opens_nothing_else_and_a_revoked_one_lets_nothing_in() {
    let site = staffed().await;
    let key = integration(&site, "generic").await;
    let auth = format!("Bearer {key}");
    let alert = json!({ "summary": "x" });
    for wrong in [None, Some("Bearer wrong"), Some("Basic !"), Some("GenieKey"), Some("Bearer ")] {
        let (status, said) = post(&site, "/hooks/alerts", wrong, &alert).await;
        assert_eq!((status, &said["status"]), (StatusCode::UNAUTHORIZED, &json!(401)), "{wrong:?}");
    }
    let request = Request::get("/api/v1/alerts").header(header::AUTHORIZATION, &auth).body(Body::empty()).unwrap();
    assert_eq!(site.router.clone().oneshot(request).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    let admin = Client::of(&site);
    let renewed = admin.done("POST", "/api/v1/integrations/generic/renew-key", json!({})).await;
    let fresh = format!("Bearer {}", renewed["key"].as_str().unwrap());
    assert_eq!(post(&site, "/hooks/alerts", Some(&auth), &alert).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(post(&site, "/hooks/alerts", Some(&fresh), &alert).await.0, StatusCode::ACCEPTED);
    admin.done("POST", "/api/v1/integrations/generic/revoke-key", json!({})).await;
    assert_eq!(post(&site, "/hooks/alerts", Some(&fresh), &alert).await.0, StatusCode::UNAUTHORIZED);
    let listed = admin.get("/api/v1/integrations").await;
    assert_eq!((&listed["items"][0]["open"], &listed["items"][0]["keyed"]), (&json!(1), &Value::Null));
    assert!(!listed.to_string().contains(&key), "keys are shown once");
    admin.done("DELETE", "/api/v1/integrations/generic", json!({})).await;
    assert_eq!(admin.get("/api/v1/integrations").await["total"], 0);
}

#[tokio::test]
async fn no_body_makes_the_door_fall_and_one_that_is_too_large_is_refused() {
    let site = staffed().await;
    let key = integration(&site, "alertmanager").await;
    let auth = format!("Bearer {key}");
    let paths = [
        "/v2/enqueue",
        "/v2/change/enqueue",
        "/api/v2/alerts",
        "/hooks/alertmanager",
        "/hooks/grafana",
        "/hooks/alerts",
        "/v2/alerts",
    ];
    let bodies: [Vec<u8>; 7] = [
        Vec::new(),
        b"null".to_vec(),
        b"[null, 1, {}]".to_vec(),
        b"{\"alerts\": [{\"labels\": 3}]}".to_vec(),
        "[".repeat(100_000).into_bytes(),
        vec![0xff; 1_000],
        b"{\"summary\": 7, \"routing_key\": {}}".to_vec(),
    ];
    for path in paths {
        for body in &bodies {
            let (status, _) = post_raw(&site, path, Some(&auth), "application/json", body.clone()).await;
            assert!(!status.is_server_error(), "{path} answers {status}");
        }
        let large = vec![b' '; web::alerts::door::BODY_BYTES_MAX + 1];
        let (status, _) = post_raw(&site, path, Some(&auth), "application/json", large).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
    }
    assert_eq!(open_alerts(&site), 0);
}

#[tokio::test]
async fn an_alert_is_taken_on_and_ended_by_hand() {
    let site = staffed().await;
    let key = integration(&site, "generic").await;
    post(&site, &format!("/hooks/alerts?key={key}"), None, &json!({ "summary": "x", "dedup": "x" })).await;
    let admin = Client::of(&site);
    let listed = admin.get("/api/v1/alerts").await;
    let name = listed["items"][0]["alert"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    admin.done("POST", &format!("/api/v1/alerts/{name}/acknowledge"), json!({ "reason": "mine" })).await;
    assert_eq!(admin.get("/api/v1/alerts?status=acknowledged").await["items"][0]["acknowledged_by"]["name"], "admin");
    admin.done("POST", &format!("/api/v1/alerts/{name}/resolve"), json!({})).await;
    assert_eq!(open_alerts(&site), 0);
}

#[tokio::test]
async fn screens_make_an_integration_show_its_key_once_and_take_an_alert_on() {
    let site = staffed().await;
    let mut ann = site.administrator().await;
    assert!(ann.see("/alerts").await.says("mainstay integration create"));
    let address = "/settings/integrations";
    let wish =
        [("name", "disk watch"), ("kind", "alertmanager"), ("entity", "component:checkout"), ("label", "service")];
    let wrong = [("name", "x"), ("kind", "generic"), ("entity", "component:nowhere"), ("label", "")];
    let refused = ann.send(address, address, &wrong).await;
    assert!(refused.status.is_client_error() && refused.says("is not in the catalog"), "{}", refused.html);
    let made = ann.send(address, address, &wish).await;
    assert!(made.says("it is not shown again") && made.says("webhook_configs"), "{}", made.html);
    assert_eq!(made.headers[header::CACHE_CONTROL], "no-store");
    let key = made.html.split("<code tabindex=\"0\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(!ann.see(address).await.says(&key));
    let auth = format!("Bearer {key}");
    post(&site, "/hooks/alertmanager", Some(&auth), &fired("firing", "f1")).await;
    let listed = ann.see("/alerts?integration=disk+watch&severity=critical").await;
    assert!(listed.says("search is down") && listed.says("Incident 1"), "{}", listed.html);
    assert!(ann.see("/alerts?status=resolved").await.says("No alert passes these filters"));
    assert_eq!(ann.get("/alerts?status=nonsense").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let alert = site.app.world().alerts.open_alerts().next().unwrap().about.alert.clone();
    let screen = format!("/alerts/{}", alert.name());
    let shown = ann.see(&screen).await;
    assert!(shown.says("https://wiki.example/search") && shown.says("alertname"), "{}", shown.html);
    ann.send(&screen, &format!("{screen}/acknowledge"), &[]).await;
    assert!(ann.see(&screen).await.says("by ann"));
    ann.send(&screen, &format!("{screen}/resolve"), &[]).await;
    assert_eq!(open_alerts(&site), 0);
    assert!(ann.see("/alerts?status=resolved").await.says("search is down"));
    let id = site.app.world().alerts.integrations().next().unwrap().id;
    let revoked = ann.send(address, &format!("{address}/{id}/revoke-key"), &[]).await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER);
    assert!(ann.see(address).await.says("no key"));
    ann.send(address, &format!("{address}/{id}/remove"), &[]).await;
    assert!(ann.see(address).await.says("No tool may send alerts yet"));
}

/// The rate is printed. For the real one: `MAINSTAY_STORM=100000 cargo test --release -p web --test it storm -- --nocapture`.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_alerts_is_taken_without_loss() {
    let site = staffed().await;
    let key = integration(&site, "events_v2").await;
    let count: usize = std::env::var("MAINSTAY_STORM").ok().map_or(500, |text| text.parse().unwrap());
    let began = std::time::Instant::now();
    let answers = futures::stream::iter(0..count).map(|index| {
        let (router, event) = (site.router.clone(), page_event(&key, "trigger", &format!("disk-{index}")));
        async move {
            let request = Request::post("/v2/enqueue").body(Body::from(event.to_string())).unwrap();
            tokio::spawn(router.oneshot(request)).await.unwrap().unwrap().status()
        }
    });
    let answers: Vec<StatusCode> = answers.buffer_unordered(256).collect().await;
    let seconds = began.elapsed().as_secs_f64();
    println!("{count} alerts in {seconds:.2} s: {:.0} a second", count as f64 / seconds);
    assert!(answers.iter().all(|status| *status == StatusCode::ACCEPTED));
    assert_eq!(open_alerts(&site), count);
    assert_eq!(site.app.world().incidents.open().count(), 1, "they are one incident");
}
