//! Pages on screens: who was told, and the ways to answer.

use axum::http::{Method, StatusCode};
use paging::Status;
use serde_json::json;

use crate::{
    browser::Site,
    server::Server,
    staffed::{STAFF, page, settle, staff},
};

#[tokio::test]
async fn a_page_that_nobody_answered_is_loud_at_home_and_first_in_the_list() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let empty = ann.see("/pages").await;
    assert!(empty.says("mainstay page team:payments") && empty.says("Nobody was paged."));
    let number = page(&site, "Refunds look wrong").await;
    let home = ann.see("/").await;
    for text in ["Paged, and nobody answered", "Refunds look wrong", "told Kim Park, no answer yet", "On call now"] {
        assert!(home.says(text), "{text}");
    }
    let list = ann.see("/pages?team=group:default/web&person=user:default/kim&state=unanswered").await;
    assert!(list.says("Refunds look wrong"), "{}", list.html);
    for other in ["/pages?person=user:default/lee", "/pages?team=group:default/other", "/pages?state=answered"] {
        assert!(!ann.see(other).await.says("Refunds look wrong"), "{other}");
    }
    let shown = ann.see(&format!("/pages/{number}")).await;
    for text in ["nobody has answered", "Kim Park", "email k…@shop.example", "Escalate now", "all-hands"] {
        assert!(shown.says(text), "{text}: {}", shown.html);
    }
}

#[tokio::test]
async fn a_page_is_answered_and_given_to_another_policy_by_its_buttons() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let number = page(&site, "Refunds look wrong").await;
    let screen = format!("/pages/{number}");
    let given =
        ann.send(&screen, &format!("{screen}/reassign"), &[("policy", "escalationpolicy:default/all-hands")]).await;
    assert_eq!(given.status, StatusCode::SEE_OTHER, "{}", given.html);
    settle(&site).await;
    assert_eq!(site.app.world().paging.numbered(number).unwrap().people.len(), 2, "the policy tells the whole team");
    ann.send(&screen, &format!("{screen}/acknowledge"), &[]).await;
    let world = site.app.world();
    let Status::Acknowledged { by, .. } = &world.paging.numbered(number).unwrap().status else { panic!("is open") };
    assert_eq!(by.name(), "ann");
    let after = ann.see(&screen).await;
    assert!(!after.says("Escalate now") && after.says("acknowledged"));
    assert!(!ann.see("/").await.says("Paged, and nobody answered"));
}

#[tokio::test]
async fn an_incident_says_who_was_paged_and_acknowledging_it_answers_the_page() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let declared = [("title", "Cards fail"), ("entity", "component:default/checkout"), ("severity", "sev1")];
    ann.send("/incidents/declare", "/incidents", &declared).await;
    settle(&site).await;
    let shown = ann.see("/incidents/1").await;
    assert!(shown.says("Who was paged") && shown.says("page 1") && shown.says("kim is being told by email"));
    ann.send("/incidents/1", "/incidents/1/acknowledge", &[]).await;
    assert!(site.app.world().paging.numbered(1).unwrap().status.is_finished());
}

#[tokio::test]
async fn a_person_pages_a_team_by_the_api_and_answers_there() {
    let server = Server::start();
    server.apply("staff", &[("catalog-info.yaml", STAFF)]).await;
    server.post("/api/v1/pages", json!({"about": "group:web", "title": "Call the bank", "urgency": "low"})).await;
    let page = server.get("/api/v1/pages").await["items"][0].clone();
    assert_eq!((page["team"].as_str(), page["urgency"].as_str()), (Some("group:default/web"), Some("low")));
    server.post("/api/v1/pages/1/escalate", json!({})).await;
    server.post("/api/v1/pages/1/acknowledge", json!({"reason": "on it"})).await;
    assert_eq!(server.get("/api/v1/pages?state=unanswered").await["total"], 0);
    let log = server.get("/api/v1/pages/1").await["log"].clone();
    assert!(log.as_array().unwrap().iter().any(|line| line["by"]["name"] == "admin"), "{log}");
    for (body, status) in [
        (json!({"about": "nothing", "title": "x"}), StatusCode::NOT_FOUND),
        (json!({"about": "checkout", "title": " "}), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({"about": "checkout", "title": "x", "urgency": "soon"}), StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        let answer = server.ask(Method::POST, "/api/v1/pages", Some(&body)).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
}
