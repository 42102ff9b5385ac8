//! Promises on screens and by the API: made, found, kept, escalated, decided against.

use actions::ActionState;
use axum::http::{Method, StatusCode};
use catalog::{Bundle, BundleFile};
use serde_json::json;
use world::{Command, read_bundle};

use crate::{
    browser::{Browser, PASSWORD, Site},
    server::Server,
    staffed::{STAFF, browser_of, settle, staff, user},
};

const DAY: i64 = 86_400;

/// The lead of everything, a calendar that began on a Monday, and a flag that nobody evaluates.
const COMPANY: &str = "
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: company, annotations: {mainstay.dev/lead: 'user:ann'}}
spec: {type: organization, children: [web]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: ann}
spec: {memberOf: [company], profile: {displayName: Ann Ide, email: ann@shop.example}}
---
apiVersion: mainstay.dev/v1alpha1
kind: Cycle
metadata: {name: company}
spec: {team: company, time_zone: UTC, name: 'Sprint {number}', sprints: {length: 2w, starts: 2026-11-02}}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: lonely}
spec: {type: service, lifecycle: production, owner: nobody-here}
";

async fn apply(site: &Site, text: &str) {
    let files = vec![BundleFile { path: "catalog-info.yaml".to_owned(), bytes: text.as_bytes().into() }];
    let reading = read_bundle(&Bundle { source: "staff".to_owned(), files, problems: Vec::new() });
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    site.done_by("ann", Command::Catalog(catalog::Command::Apply(catalog::Apply { reading, partial: true }))).await;
}

async fn company(site: &Site) {
    apply(site, &format!("{STAFF}{COMPANY}")).await;
}

/// A session ends in the days that pass.
async fn sign_in_again(ann: &mut Browser<'_>) {
    ann.post("/login", &[("name", "ann"), ("password", PASSWORD)]).await;
}

const PROMISE: [(&str, &str); 5] = [
    ("what", "Write the runbook"),
    ("owner", "user:default/kim"),
    ("deadline", "2026-11-30"),
    ("subject", "checkout"),
    ("why", "Nobody **knew** what to do <script>alert(1)</script>"),
];

#[tokio::test]
async fn a_promise_is_made_found_and_kept_with_a_word_and_a_link() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    company(&site).await;
    let empty = ann.see("/actions").await;
    assert!(empty.says("mainstay action promise"), "{}", empty.html);
    let asked = ann.see("/actions/new?subject=component:default/checkout&what=Write").await;
    assert!(asked.says("component:default/checkout") && asked.says("Kim Park"), "{}", asked.html);
    let made = ann.send("/actions/new", "/actions", &PROMISE).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.html);
    let shown = ann.see("/actions/1").await;
    // Promised on 18 November: whole sprints begin on the 30th and on 14 December.
    for text in
        ["Write the runbook", "Kim Park", "30 Nov 2026", "28 Dec 2026", "two whole sprints by company", "<strong>knew"]
    {
        assert!(shown.says(text), "{text}: {}", shown.html);
    }
    assert!(!shown.says("<script>alert(1)"));
    let mut kim = browser_of(&site, &mut ann, "kim").await;
    let list = kim.see("/actions?person=me").await;
    assert!(list.says("Write the runbook") && list.says("1 of them yours, none late"), "{}", list.html);
    for other in ["/actions?person=user:default/lee", "/actions?team=group:default/other", "/actions?state=done"] {
        assert!(!kim.see(other).await.says("Write the runbook"), "{other}");
    }
    let refused = kim.send("/actions/1", "/actions/1/done", &[("note", "it is there"), ("link", "here")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.says("https") && refused.says("it is there"), "what was filled in stays: {}", refused.html);
    let link = "https://docs.example/runbook";
    let done = kim.send("/actions/1", "/actions/1/done", &[("note", "it is there"), ("link", link)]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    let shown = kim.see("/actions/1").await;
    assert!(shown.says("What shows it") && shown.says(link) && shown.says("Reopen"), "{}", shown.html);
    assert!(kim.see("/entities/group/default/web").await.says("none was due"));
}

#[tokio::test]
async fn what_is_wrong_with_a_promise_is_said_beside_its_field_and_nothing_is_lost() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    company(&site).await;
    for (field, value, says) in [
        ("deadline", "2026-11-01", "is over already"),
        ("deadline", "soon", "is no day"),
        ("owner", "user:default/max", "they left"),
        ("what", "", "must not be empty"),
        ("subject", "a b", "not an entity reference"),
        ("team", "nobody-here", "no group of the catalog"),
    ] {
        let mut fields = PROMISE.map(|(name, text)| (name, if name == field { value } else { text })).to_vec();
        if field == "team" {
            fields.push((field, value));
        }
        let refused = ann.send("/actions/new", "/actions", &fields).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {}", refused.html);
        assert!(refused.says(says) && refused.says("Nobody **knew**"), "{field}: {}", refused.html);
        assert!(refused.says(&format!("id=\"{field}-error\"")), "{field}: {}", refused.html);
    }
    assert_eq!(site.app.world().actions.actions().count(), 0);
}

#[tokio::test]
async fn what_is_not_done_escalates_to_the_lead_who_is_told_and_only_a_reason_under_a_name_ends_it() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    company(&site).await;
    ann.send("/actions/new", "/actions", &PROMISE).await;
    site.pass(45 * DAY);
    settle(&site).await;
    sign_in_again(&mut ann).await;
    let shown = ann.see("/actions/1").await;
    for text in ["escalated", "Ann Ide", "leads company", "who leads company"] {
        assert!(shown.says(text), "{text}: {}", shown.html);
    }
    assert!(!shown.says("Postpone"), "an escalated item can't be put off");
    let world = site.app.world();
    let effect = world.effects.pending().find(|effect| effect.call.message).unwrap().id;
    let (_, message) = web::pages::message::made(&site.app, &world, effect).unwrap().unwrap();
    assert_eq!(message.subject, "Escalated to you: Write the runbook");
    assert!(message.text.contains("kim promised") && message.link.unwrap().ends_with("/actions/1"));
    let refused = ann.send("/actions/1", "/actions/1/deprioritise", &[("reason", " ")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    ann.send("/actions/1", "/actions/1/deprioritise", &[("reason", "the shop closes")]).await;
    let shown = ann.see("/actions/1").await;
    assert!(shown.says("deprioritised") && shown.says("the shop closes") && shown.says("by ann"), "{}", shown.html);
    assert!(web::pages::message::made(&site.app, &site.app.world(), effect).unwrap().is_none(), "nobody needs it now");
}

#[tokio::test]
async fn a_finding_is_promised_from_where_it_is_shown_and_closes_by_itself_when_it_is_mended() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    company(&site).await;
    let findings = ann.see("/findings?rule=owner-unknown").await;
    let link = findings.html.split("href=\"/actions/new?").nth(1).unwrap().split('"').next().unwrap();
    let link = format!("/actions/new?{}", link.replace("&#38;", "&").replace("&amp;", "&"));
    let asked = ann.see(&link).await;
    assert!(asked.says("Give lonely an owner"), "{link}: {}", asked.html);
    let fields = [
        ("what", "Give lonely an owner"),
        ("owner", "user:default/lee"),
        ("deadline", "2026-11-30"),
        ("subject", "component:default/lonely"),
        ("done", "owned"),
        ("finding", "owner-unknown component:default/lonely"),
    ];
    let made = ann.send(&link, "/actions", &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.html);
    let findings = ann.see("/findings?rule=owner-unknown").await;
    assert!(findings.says("Lee Moss has promised it until 30 Nov"), "{}", findings.html);
    apply(&site, &format!("{STAFF}{}", COMPANY.replace("nobody-here", "web"))).await;
    let shown = ann.see("/actions/1").await;
    assert!(shown.says("web answers for lonely") && !shown.says("Reopen"), "{}", shown.html);
    let why = json!({"reason": "I don't like it"}).to_string().into_bytes();
    let refused = ann.post_body("/api/v1/actions/1/reopen", "application/json", why).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "{}", refused.html);
    assert!(refused.says("web answers for lonely"), "{}", refused.html);
    apply(&site, &format!("{STAFF}{COMPANY}")).await;
    assert!(ann.see("/actions/1").await.says("reopened once"));
}

#[tokio::test]
async fn of_two_findings_of_one_component_one_is_promised() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let broken = STAFF.replace(
        "spec: {type: service, lifecycle: production, owner: web}",
        "spec: {type: service, lifecycle: production, owner: web, dependsOn: [resource:ledger, resource:till]}",
    );
    apply(&site, &broken).await;
    let fields = [
        ("what", "Declare the ledger"),
        ("owner", "user:default/lee"),
        ("deadline", "2026-11-30"),
        ("subject", "checkout"),
        ("finding", "dangling-reference component:default/checkout resource:default/ledger"),
    ];
    let made = ann.send("/actions/new", "/actions", &fields).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.html);
    let findings = ann.see("/findings?rule=dangling-reference").await;
    assert_eq!(findings.html.matches("has promised it until").count(), 1, "{}", findings.html);
    assert_eq!(findings.html.matches("Promise to mend it").count(), 1, "{}", findings.html);
}

#[tokio::test]
async fn an_administrator_hands_in_whose_decision_it_is_and_nobody_else_does() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    company(&site).await;
    ann.send("/actions/new", "/actions", &PROMISE).await;
    let mut kim = browser_of(&site, &mut ann, "kim").await;
    let path = "/api/v1/actions/1/deprioritise";
    let against = |by: &str| json!({"reason": "the shop closes", "by": by}).to_string().into_bytes();
    let refused = kim.post_body(path, "application/json", against("lee")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.html);
    let done = ann.post_body(path, "application/json", against("lee")).await;
    assert_eq!(done.status, StatusCode::OK, "{}", done.html);
    assert!(ann.see("/actions/1").await.says("by Lee Moss"));
    ann.send("/actions/1", "/actions/1/reopen", &[("reason", "it stays")]).await;
    let own = kim.post_body(path, "application/json", against("kim")).await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.html);
    let ActionState::Deprioritised { person, by, .. } = site.app.world().actions.get(1).unwrap().state.clone() else {
        panic!()
    };
    assert_eq!((person, by.name()), (None, "kim"));
}

#[tokio::test]
async fn a_team_sees_its_sprint_its_follow_through_and_subscribes_to_both() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    company(&site).await;
    ann.send("/actions/new", "/actions", &PROMISE).await;
    let shown = ann.see("/on-call/default/web").await;
    assert!(shown.says("Sprint now") && shown.says("Sprint 2") && shown.says("1 open"), "{}", shown.html);
    let feed = shown.html.split("sprints and deadlines").next().unwrap().rsplit("href=\"").next().unwrap();
    let feed = feed.split('"').next().unwrap().split_once("/ical/").unwrap().1.to_owned();
    let calendar = ann.see(&format!("/ical/{feed}")).await;
    for text in ["SUMMARY:Sprint 3", "DTSTART:20261130T000000Z", "SUMMARY:Due: Write the runbook (kim)"] {
        assert!(calendar.says(text), "{text}: {}", calendar.html);
    }
    let other = ann.get(&format!("/ical/{}", feed.replace(".ics", "x.ics"))).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    site.pass(20 * DAY);
    sign_in_again(&mut ann).await;
    let shown = ann.see("/entities/group/default/web").await;
    assert!(shown.says("0 %") && shown.says("Promises") && shown.says("Write the runbook"), "{}", shown.html);
}

#[tokio::test]
async fn whoever_left_is_named_and_their_item_given_to_somebody_else() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    ann.send("/actions/new", "/actions", &PROMISE).await;
    let without: Vec<&str> = STAFF.split("---").filter(|part| !part.contains("{name: kim}")).collect();
    let without = without.join("---").replace("[kim, lee]", "[lee]").replace("[kim,", "[");
    apply(&site, &without).await;
    let shown = ann.see("/actions/1").await;
    assert!(shown.says("kim left") && shown.says("four weeks"), "{}", shown.html);
    ann.send("/actions/1", "/actions/1/reassign", &[("owner", "user:default/lee")]).await;
    assert_eq!(site.app.world().actions.get(1).unwrap().promise.owner, user("lee"));
}

#[tokio::test]
async fn the_api_promises_lists_and_ends_what_was_promised() {
    let server = Server::start();
    server.apply("staff", &[("catalog-info.yaml", &format!("{STAFF}{COMPANY}"))]).await;
    let new = json!({
        "what": "Depend on the ledger", "subject": "checkout", "owner": "kim", "deadline": "2099-01-01",
    });
    let refused = server.ask(Method::POST, "/api/v1/actions", Some(&new)).await;
    assert_eq!((refused.status, refused.body["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("/deadline")));
    let soon = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(100)).unwrap().to_string();
    let with = |more: serde_json::Value| {
        let mut new = new.clone();
        new["deadline"] = json!(soon);
        new.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        new
    };
    let depends = json!({"kind": "depends_on", "from": "component:checkout", "to": "component:ledger"});
    let lost = with(json!({"source": {"kind": "post_mortem", "incident": 3}}));
    let refused = server.ask(Method::POST, "/api/v1/actions", Some(&lost)).await;
    assert_eq!(refused.body["field"], "/source/incident", "{}", refused.body);
    let source = json!({"kind": "finding", "key": "orphan component:default/checkout"});
    server.post("/api/v1/actions", with(json!({"done_when": depends, "source": source}))).await;
    let unknown = with(json!({"done_when": {"kind": "magic"}}));
    let refused = server.ask(Method::POST, "/api/v1/actions", Some(&unknown)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    let listed = server.get("/api/v1/actions?team=web&source=finding").await;
    let item = &listed["items"][0];
    assert_eq!(
        (item["team"].as_str(), item["cycle"].as_str()),
        (Some("group:default/web"), Some("cycle:default/company"))
    );
    assert_eq!(item["seen"], "checkout is not declared to depend on ledger");
    let shown = json!({"note": "done", "link": "https://example.com/"});
    let refused = server.ask(Method::POST, "/api/v1/actions/1/done", Some(&shown)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT, "the condition decides: {}", refused.body);
    let refused = server.ask(Method::POST, "/api/v1/actions/1/deprioritise", Some(&json!({"reason": "no"}))).await;
    assert_eq!(refused.body["field"], "/by", "a token names whose decision it is: {}", refused.body);
    server.post("/api/v1/actions/1/deprioritise", json!({"reason": "no", "by": "lee"})).await;
    server.post("/api/v1/actions/1/reopen", json!({"reason": "yes"})).await;
    server.post("/api/v1/actions/1/reassign", json!({"owner": "lee"})).await;
    let later = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(200)).unwrap().to_string();
    server.post("/api/v1/actions/1/postpone", json!({"deadline": later, "reason": "ill"})).await;
    let shown = server.get("/api/v1/actions/1").await;
    assert_eq!((shown["state"].as_str(), shown["owner"].as_str()), (Some("open"), Some("user:default/lee")));
    assert_eq!(shown["log"].as_array().unwrap().len(), 5);
    for (path, status) in [
        ("/api/v1/actions?state=lost", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/actions?person=me", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/actions/9", StatusCode::NOT_FOUND),
        ("/api/v1/cycles/nobody", StatusCode::NOT_FOUND),
    ] {
        let answer = server.ask(Method::GET, path, None).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
    let cycle = server.get("/api/v1/cycles/web").await;
    assert!(cycle["turns"].as_array().unwrap().iter().any(|turn| turn["now"] == true), "{cycle}");
    assert_eq!(cycle["follow_through"]["due"], 0);
}
