//! Who may tell of deployments, at which door, and what becomes of what nobody agreed to.

use alerts::Kind;
use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use checks::{Outcome, RunResult, Streak};
use contracts::command::{NewPact, Onto};
use kernel::{EntityRef, Refusal, Sha256, codes};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use web::{deploys::door, routes::router, security::Limits, slos::keeper};
use world::Command;

use crate::{
    browser::Site,
    deployments::{declare, github, hours_ago, integration, post, shop, status},
    evaluation::Client,
};

fn checkout() -> EntityRef {
    "component:checkout".parse().unwrap()
}

/// Tells by GitHub that a version of `checkout` was deployed just now.
async fn tell(site: &Site, key: &str, id: u64, version: &str) -> Value {
    let body = status(id, "success", version, &hours_ago(site, 0), "acme/shop");
    let (taken, said) = post(site, "/hooks/github", &github(key, &body), &body).await;
    assert_eq!(taken, StatusCode::OK, "{said}");
    said
}

/// Why the newest change was made, as the timeline has it.
fn reason(site: &Site) -> Option<String> {
    let world = site.app.world();
    let newest = world.journal.newest_first().next().unwrap();
    newest.recorded.stamp.reason.clone()
}

#[tokio::test]
async fn what_the_contracts_refuse_has_happened_all_the_same() {
    let site = shop().await;
    let key = integration(&site, "github").await;
    let pact = NewPact {
        provider: "checkout".to_owned(),
        content: contracts::ContentSha([1; 20]),
        blob: Sha256::of(b"x"),
        outline: contracts::Outline::default(),
        onto: Onto::Any,
    };
    let publish = contracts::Command::Publish {
        pacticipant: "search".to_owned(),
        version: "1".to_owned(),
        branch: None,
        tags: Vec::new(),
        build_url: None,
        pacts: vec![pact],
        may_modify: false,
    };
    site.done_by("ci", Command::Contracts(publish)).await;
    let client = Client::of(&site);
    client.done("POST", "/api/v1/deployments", json!({ "component": "search", "version": "1" })).await;
    tell(&site, &key, 1, "v1.0").await;
    let gate = contracts::Command::SetGate { environment: "production".to_owned(), gate: contracts::Gate::Refuse };
    site.done_by("ann", Command::Contracts(gate)).await;
    site.pass(60);
    assert_eq!(tell(&site, &key, 2, "v2.0").await["recorded"], json!(1));
    assert_eq!(site.app.world().deploys.live(&checkout(), "production").unwrap().version, "v2.0");
    assert_eq!(reason(&site).as_deref(), Some("it has happened already, although the contracts refuse it"));
    assert_eq!(tell(&site, &key, 2, "v2.0").await["repeated"], json!(1), "and is known from then on");
}

const OBJECTIVE: &str = "---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: buys}
spec: {owner: group:web, target: component:checkout, interval: 1m, http: {url: 'http://shop.invalid/'}}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: buyers, annotations: {mainstay.dev/when-exhausted: refuse-deployments}}
spec:
  service: checkout
  indicator: {metadata: {name: buys}, spec: {ratioMetric: {rawType: success, raw: {metricSource: {type: mainstay/check, spec: {check: buys}}}}}}
  timeWindow: [{duration: 7d, isRolling: true}]
  budgetingMethod: Occurrences
  objectives: [{target: 0.999}]
";

async fn report(site: &Site, outcome: Outcome) {
    for runs in 1..=2 {
        site.pass(1);
        let at = site.app.now();
        let streak = Streak { runs, since: at };
        let result = RunResult {
            check: "check:buys".parse().unwrap(),
            location: "home".to_owned(),
            at,
            outcome: outcome.clone(),
            latency_ms: 9,
            streak,
            pace: streak,
            last_good: None,
            hops: Vec::new(),
            asked: None,
        };
        site.done_by("probe", Command::Checks(checks::Command::Report { result })).await;
    }
}

#[tokio::test]
async fn what_a_budget_refuses_has_happened_all_the_same() {
    let site = shop().await;
    let key = integration(&site, "github").await;
    declare(&site, OBJECTIVE).await;
    keeper::keep(&site.app).await;
    report(&site, Outcome::Passed).await;
    tell(&site, &key, 1, "v1.0").await;
    site.pass(86_400);
    keeper::keep(&site.app).await;
    report(&site, Outcome::Failed { evidence: checks::Evidence::of("500".to_owned()) }).await;
    site.pass(3_600);
    keeper::keep(&site.app).await;
    assert_eq!(site.app.world().slos.exhausted().count(), 1);
    site.pass(60);
    let new = json!({ "component": "checkout", "version": "v2.0" });
    let refused = Client::of(&site).send("POST", "/api/v1/deployments", &[], Some(new)).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    assert_eq!(tell(&site, &key, 2, "v2.0").await["recorded"], json!(1));
    assert_eq!(reason(&site).as_deref(), Some("it has happened already, although a budget that is used up refuses it"));
}

#[tokio::test]
async fn each_door_takes_the_keys_of_its_own_kind() {
    let site = shop().await;
    let alert = json!({ "summary": "slow", "dedup": "slow" }).to_string();
    let event = json!({ "context": { "specversion": "0.5.1", "id": "1", "source": "/ci", "type": "dev.cdevents.build.finished.0.3.0",
        "timestamp": hours_ago(&site, 1) }, "subject": { "id": "b", "content": {} } })
    .to_string();
    for (kind, alerts, cdevents) in [
        ("generic", StatusCode::ACCEPTED, StatusCode::UNAUTHORIZED),
        ("cdevents", StatusCode::UNAUTHORIZED, StatusCode::OK),
        ("github", StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED),
        ("gitlab", StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED),
    ] {
        let new = json!({ "name": kind, "kind": kind, "entity": "group:web" });
        let made = Client::of(&site).done("POST", "/api/v1/integrations", new).await;
        let key = made["key"].as_str().unwrap();
        let auth = [("authorization", format!("Bearer {key}"))];
        assert_eq!(post(&site, "/hooks/alerts", &auth, &alert).await.0, alerts, "{kind}");
        assert_eq!(post(&site, "/hooks/cdevents", &auth, &event).await.0, cdevents, "{kind}");
        if kind != "gitlab" {
            let shown = [("x-gitlab-token", key.to_owned())];
            assert_eq!(post(&site, "/hooks/gitlab", &shown, "{}").await.0, StatusCode::UNAUTHORIZED, "{kind}");
        }
        let page = json!({ "routing_key": key, "event_action": "trigger",
            "payload": { "summary": "slow", "source": "x", "severity": "error" } });
        let taken = if alerts == StatusCode::ACCEPTED { StatusCode::ACCEPTED } else { StatusCode::BAD_REQUEST };
        assert_eq!(post(&site, "/v2/enqueue", &[], &page.to_string()).await.0, taken, "{kind}");
    }
}

#[tokio::test]
async fn who_is_wrong_is_told_before_the_body_is_read_and_is_not_tried_for_ever() {
    let site = shop().await;
    let key = integration(&site, "github").await;
    integration(&site, "gitlab").await;
    let limits = Limits { requests_at_once: 4.0, requests_per_second: 0.001, ..Limits::default() };
    let (router, _) = router(&site.app, &limits);
    let send = async |path: &str, headers: Vec<(&'static str, String)>, body: String| {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap().status()
    };
    let long = || "x".repeat(600_000);
    let body = status(1, "success", "v1.0", &hours_ago(&site, 1), "acme/shop");
    let wrong = || vec![("x-gitlab-token", "wrong".to_owned())];
    assert_eq!(send("/hooks/github", Vec::new(), long()).await, StatusCode::UNAUTHORIZED, "one");
    assert_eq!(send("/hooks/gitlab", wrong(), long()).await, StatusCode::UNAUTHORIZED, "two");
    assert_eq!(send("/hooks/gitlab", wrong(), long()).await, StatusCode::UNAUTHORIZED, "three: each counts once");
    assert_eq!(
        send("/hooks/github", github(&key, &body), body.clone()).await,
        StatusCode::OK,
        "who is right counts not"
    );
    assert_eq!(send("/hooks/github", github("another", &body), body.clone()).await, StatusCode::UNAUTHORIZED, "four");
    assert_eq!(send("/hooks/gitlab", wrong(), long()).await, StatusCode::TOO_MANY_REQUESTS);
    let again = send("/hooks/github", github(&key, &body), body.clone()).await;
    assert_eq!(again, StatusCode::TOO_MANY_REQUESTS, "no secret is opened any more");
}

#[tokio::test]
async fn what_was_live_when_a_rollback_ended_is_what_it_took_back() {
    let site = shop().await;
    let key = integration(&site, "cdevents").await;
    let auth = [("authorization", format!("Bearer {key}"))];
    let event = |kind: &str, version: &str, hours: i64| {
        json!({ "context": { "specversion": "0.5.1", "id": format!("{version}-{hours}"), "source": "/ci",
            "type": format!("dev.cdevents.service.{kind}.0.3.0"), "timestamp": hours_ago(&site, hours) },
            "subject": { "id": "checkout", "content": { "environment": { "id": "production" },
            "artifactId": format!("pkg:oci/checkout@{version}") } } })
    };
    let told = [("deployed", "1", 5), ("deployed", "2", 4), ("deployed", "3", 1), ("rolledback", "1", 3)];
    for (kind, version, hours) in told {
        let (taken, said) = post(&site, "/hooks/cdevents", &auth, &event(kind, version, hours).to_string()).await;
        assert_eq!((taken, &said["recorded"]), (StatusCode::OK, &json!(1)), "{said}");
    }
    let world = site.app.world();
    let records: Vec<_> = world.deploys.records(&checkout(), "production").collect();
    let versions: Vec<&str> = records.iter().map(|record| &*record.version).collect();
    assert_eq!(versions, ["1", "2", "1", "3"]);
    assert_eq!(records[2].rollback_of, Some(records[1].event), "not 3, which came after");
}

#[tokio::test]
async fn an_incident_of_something_unknown_is_nobody_elses() {
    let site = shop().await;
    let key = integration(&site, "cdevents").await;
    let auth = [("authorization", format!("Bearer {key}"))];
    let detected = json!({ "context": { "specversion": "0.5.1", "id": "1", "source": "/ci",
        "type": "dev.cdevents.incident.detected.0.3.0", "timestamp": hours_ago(&site, 0) },
        "subject": { "id": "incident-1", "content": { "description": "too slow", "service": { "id": "other#checkout" } } } });
    let (taken, said) = post(&site, "/hooks/cdevents", &auth, &detected.to_string()).await;
    assert_eq!(taken, StatusCode::OK, "{said}");
    let world = site.app.world();
    assert_eq!(world.incidents.open().next().unwrap().entity().to_string(), "group:default/web", "the integration's");
}

#[tokio::test]
async fn the_secret_of_an_integration_that_was_refused_is_kept_nowhere() {
    let site = shop().await;
    let kept = async |key: &'static str| {
        let name = format!("integration/{}", Sha256::of(key.as_bytes()));
        site.app.blocking(move |engine| Ok(engine.store().get_secret(&name)?.is_some())).await.unwrap()
    };
    let settings = |name: &str| alerts::Settings {
        name: name.to_owned(),
        entity: "group:web".parse().unwrap(),
        kind: Kind::Github,
        severity: alerts::Severity::Error,
        auto_resolve_after_s: None,
        label: alerts::Settings::default_label(),
    };
    let make = async |key: &'static str| {
        let command =
            alerts::Command::CreateIntegration { settings: settings("forge"), key: Sha256::of(key.as_bytes()) };
        let actor = kernel::Actor::Person("ann".to_owned());
        let request = engine::Request { command: Command::Alerts(command), actor, reason: None, id: None };
        door::keep(&site.app, Kind::Github, key, async { site.app.submit(request).await }).await
    };
    make("one").await.unwrap();
    let refused: Refusal = make("two").await.unwrap_err();
    assert_eq!(refused.code, &codes::CONFLICT, "{refused}");
    assert!(kept("one").await && !kept("two").await);
}
