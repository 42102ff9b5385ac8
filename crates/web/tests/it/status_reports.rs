//! Publishing on status pages, by the API and by the screens, and what feeds make of it.

use axum::http::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    browser::{Browser, Site},
    server::Server,
    status_page::{CATALOG, declare, json as public, run},
};

async fn server() -> Server {
    let server = Server::start();
    server.apply("pages", &[("catalog-info.yaml", CATALOG)]).await;
    server
}

async fn read(server: &Server, path: &str) -> Value {
    let answer = server.ask_as(None, Method::GET, path, None).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

#[tokio::test]
async fn an_incident_is_published_updated_and_resolved_and_programs_read_each_step() {
    let server = server().await;
    let incidents = "/api/v1/status-pages/main/incidents";
    let new = json!({"title": "Payments fail", "text": "We look into it.",
        "components": [{"id": "refunds", "status": "major_outage"}], "reason": "sev1"});
    server.post(incidents, new).await;
    let open = read(&server, "/status/api/v2/incidents/unresolved.json").await;
    let incident = &open["incidents"][0];
    assert_eq!((&incident["name"], &incident["status"]), (&json!("Payments fail"), &json!("investigating")));
    assert_eq!(incident["impact"], "critical");
    assert_eq!(incident["components"][0]["status"], "major_outage");
    let id = incident["id"].as_str().unwrap();
    let update = format!("{incidents}/{id}/updates");
    server.post(&update, json!({"text": "A fix is out.", "status": "monitoring"})).await;
    server.post(&update, json!({"text": "It works again.", "status": "resolved"})).await;
    let all = read(&server, "/status/api/v2/incidents.json").await;
    let incident = &all["incidents"][0];
    assert!(incident["resolved_at"].is_string() && incident["monitoring_at"].is_string(), "{incident}");
    let stages: Vec<&str> =
        incident["incident_updates"].as_array().unwrap().iter().map(|it| it["status"].as_str().unwrap()).collect();
    assert_eq!(stages, ["resolved", "monitoring", "investigating"], "the newest first");
    let affected = &incident["incident_updates"][0]["affected_components"][0];
    assert_eq!((&affected["old_status"], &affected["new_status"]), (&json!("major_outage"), &json!("operational")));
    assert_eq!(read(&server, "/status/api/v2/incidents/unresolved.json").await["incidents"], json!([]));
    server.post(&format!("{incidents}/{id}/retract"), json!({})).await;
    assert_eq!(read(&server, "/status/api/v2/incidents.json").await["incidents"], json!([]));
    let gone = server.ask_as(None, Method::GET, &format!("/status/incidents/{id}"), None).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    server.post(&format!("{incidents}/{id}/restore"), json!({})).await;
    assert_eq!(server.get(incidents).await["items"][0]["updates"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_maintenance_is_announced_and_stands_among_the_upcoming() {
    let server = server().await;
    let now = kernel::Timestamp::now();
    let (from, to) = (now + jiff::SignedDuration::from_hours(24), now + jiff::SignedDuration::from_hours(26));
    let new = json!({"title": "Database move", "text": "Read-only.", "components": [{"id": "web-site"}],
        "scheduled_for": from, "scheduled_until": to});
    server.post("/api/v1/status-pages/main/incidents", new).await;
    let upcoming = read(&server, "/status/api/v2/scheduled-maintenances/upcoming.json").await;
    let maintenance = &upcoming["scheduled_maintenances"][0];
    assert_eq!((&maintenance["status"], &maintenance["impact"]), (&json!("scheduled"), &json!("maintenance")));
    assert!(maintenance["scheduled_for"].is_string() && maintenance["scheduled_until"].is_string());
    let summary = read(&server, "/status/api/v2/summary.json").await;
    assert_eq!(
        (&summary["status"]["indicator"], summary["scheduled_maintenances"].as_array().unwrap().len()),
        (&json!("minor"), 1)
    );
    assert_eq!(
        read(&server, "/status/api/v2/scheduled-maintenances/active.json").await["scheduled_maintenances"],
        json!([])
    );
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place() {
    let server = server().await;
    let path = "/api/v1/status-pages/main/incidents";
    for (body, field) in [
        (json!({"title": "x", "text": "x", "status": "broken"}), "/status"),
        (json!({"title": "x", "text": "x", "impact": "huge"}), "/impact"),
        (json!({"title": "x", "text": "x", "components": [{"id": "nothing"}]}), "/components"),
        (json!({"title": "x", "text": "x", "components": [{"id": "refunds", "status": "no_data"}]}), "/components"),
        (json!({"title": "x", "text": "x", "incident": 99}), "/incident"),
        (json!({"title": "x", "text": "x", "template": "none"}), "/template"),
        (json!({"title": "x", "text": "x", "scheduled_for": "2030-01-01T00:00:00Z"}), "/scheduled_until"),
        (json!({"text": "x"}), "/title"),
    ] {
        let refused = server.ask(Method::POST, path, Some(&body)).await;
        assert_eq!(
            (refused.status, &refused.body["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{}",
            refused.body
        );
    }
    let other = server.ask(Method::POST, "/api/v1/status-pages/nothing/incidents", Some(&json!({}))).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let set = "/api/v1/status-pages/main/components/refunds/status";
    let until = kernel::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    server.post(set, json!({"status": "degraded_performance", "until": until, "reason": "slow"})).await;
    let shown = server.get("/api/v1/status-pages/main").await;
    let refunds = shown["components"].as_array().unwrap().iter().find(|it| it["id"] == "refunds").unwrap().clone();
    assert_eq!((&refunds["status"], &refunds["measured"]), (&json!("degraded_performance"), &json!("operational")));
    server.post("/api/v1/status-pages/main/components/refunds/clear", json!({})).await;
}

#[tokio::test]
async fn an_internal_incident_is_published_from_its_own_screen_and_nothing_of_it_is_public_before() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    declare(&site).await;
    run(&site, false, 1).await;
    run(&site, true, 2).await;
    let number = site.app.world().incidents.open().next().unwrap().number();
    site.pass(20);
    let mut reader = Browser::new(&site);
    assert!(reader.see("/status").await.says("Nothing was reported"));
    let screen = format!("/incidents/{number}");
    assert!(ann.see(&screen).await.says("The public is not told of this incident"));
    let fields = [
        ("title", "Checkout fails"),
        ("text", "Paying doesn’t work."),
        ("status", "identified"),
        ("impact", ""),
        ("component", "checkout"),
        ("component_status", "major_outage"),
        ("incident", &number.to_string()),
        ("notify", "yes"),
    ];
    let done = ann.send(&screen, "/status-pages/main/publish", &fields).await;
    assert_eq!(done.location(), "/status-pages/main?done=published", "{}", done.html);
    site.pass(20);
    let shown = reader.see("/status").await;
    for text in ["Checkout fails", "Paying doesn’t work.", "Identified", "Impact: critical"] {
        assert!(shown.says(text), "{text}");
    }
    assert!(ann.see(&screen).await.says("Checkout fails"));
    assert!(ann.see("/timeline").await.says("published"));
    let report = site.app.world().statuspage.of_incident(number).next().unwrap().id;
    let fields =
        [("report", report.to_string()), ("status", "resolved".to_owned()), ("text", "It works again.".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ann.send("/status-pages/main", "/status-pages/main/update", &fields).await;
    site.pass(20);
    let link = format!("/status/incidents/{report}");
    let permalink = reader.see(&link).await;
    assert!(permalink.says("Resolved") && permalink.says("It works again."), "{}", permalink.html);
    assert!(reader.see("/status/history").await.says(&link));
    let refused =
        ann.send("/status-pages/main", "/status-pages/main/publish", &[("title", ""), ("text", "kept text")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("kept text") && refused.says("Refused"));
}

#[tokio::test]
async fn a_refused_form_keeps_what_was_filled_in_and_no_other_form_takes_it() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    declare(&site).await;
    let fields = [("title", "Move"), ("text", "kept text"), ("from", "later"), ("to", "2026-11-19T23:00")];
    let refused = ann.send("/status-pages/main", "/status-pages/main/schedule", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.html);
    assert_eq!(refused.html.matches("kept text").count(), 1, "{}", refused.html);
    assert!(refused.says("2026-11-19T23:00"));
    let ticked = |html: &str, id: &str| {
        let tick = html.split("<input").find(|input| input.contains(&format!("id=\"{id}\""))).unwrap_or_default();
        tick.split('>').next().unwrap_or_default().contains("checked")
    };
    assert!(!ticked(&refused.html, "schedule-notify"), "who didn’t tick it isn’t made to");
    assert!(ticked(&ann.see("/status-pages/main").await.html, "schedule-notify"));
}

#[tokio::test]
async fn a_component_is_set_and_cleared_and_a_maintenance_announced_by_forms_alone() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    declare(&site).await;
    let screen = "/status-pages/main";
    assert!(ann.see("/status-pages").await.says("href=\"/status-pages/main\""));
    let set = [("component", "refunds"), ("status", "partial_outage"), ("hours", "2"), ("reason", "a bank is away")];
    ann.send(screen, "/status-pages/main/set", &set).await;
    assert_eq!(public(&site, "/status/api/v2/components.json").await["components"][3]["status"], "partial_outage");
    assert!(ann.see(screen).await.says("a bank is away"));
    assert!(!Browser::new(&site).see("/status").await.says("a bank is away"), "why is not public");
    ann.send(screen, "/status-pages/main/clear", &[("component", "refunds")]).await;
    assert_eq!(public(&site, "/status/api/v2/components.json").await["components"][3]["status"], "operational");
    let when = [
        ("title", "Move"),
        ("text", "We move."),
        ("from", "2026-11-19T22:00"),
        ("to", "2026-11-19T23:00"),
        ("component", "web-site"),
    ];
    let done = ann.send(screen, "/status-pages/main/schedule", &when).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    let upcoming = public(&site, "/status/api/v2/scheduled-maintenances/upcoming.json").await;
    assert_eq!(upcoming["scheduled_maintenances"][0]["scheduled_for"], "2026-11-19T22:00:00.000Z");
    let calendar = Browser::new(&site).see("/status/maintenances.ics").await;
    assert_eq!(calendar.headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8");
    for line in ["BEGIN:VCALENDAR\r\n", "DTSTART:20261119T220000Z\r\n", "SUMMARY:Move\r\n"] {
        assert!(calendar.says(line), "{}", calendar.html);
    }
}

#[tokio::test]
async fn feeds_have_what_was_published_and_nothing_in_it_is_markup() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    declare(&site).await;
    let fields =
        [("title", "a < b & \"c\""), ("text", "<script>alert(1)</script>\nsecond line"), ("status", "investigating")];
    ann.send("/status-pages/main", "/status-pages/main/publish", &fields).await;
    let mut reader = Browser::new(&site);
    for (path, sort, item) in [
        ("/status/history.atom", "application/atom+xml; charset=utf-8", "<entry>"),
        ("/status/history.rss", "application/rss+xml; charset=utf-8", "<item>"),
        ("/status", "text/html; charset=utf-8", "<article"),
    ] {
        let feed = reader.see(path).await;
        assert_eq!(feed.headers[header::CONTENT_TYPE], sort);
        assert_eq!(feed.html.matches(item).count(), 1, "{path}");
        assert!(
            !feed.says("<script>alert") && feed.says("alert(1)") && feed.says("second line"),
            "{path}: {}",
            feed.html
        );
    }
    let month = reader.see("/status/history?month=2026-11").await;
    assert!(month.says("November 2026") && month.says("second line"), "{}", month.html);
    assert!(reader.see("/status/history?month=2026-10").await.says("Nothing was reported in this month"));
    for wrong in ["2026-13", "x", "9999-01", "2026-11-01"] {
        assert_eq!(
            reader.get(&format!("/status/history?month={wrong}")).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
    }
}
