//! Deployments, from what forges send to what is live, what is counted and what people say of it.

use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use kernel::EntityRef;
use ring::hmac;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use world::Command;

use crate::{browser::Site, evaluation::Client};

const FILES: &str = "
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: checkout, annotations: {github.com/project-slug: Acme/Shop, mainstay.dev/deploys-as: 'pkg:oci/myapp, myApp'}}
spec: {type: service, lifecycle: production, owner: web}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: search, annotations: {gitlab.com/project-slug: acme/search}}
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
";

pub(crate) async fn shop() -> Site {
    let site = Site::open();
    declare(&site, "").await;
    site
}

/// Applies the shop's files with more documents.
pub(crate) async fn declare(site: &Site, more: &str) {
    let bytes = format!("{FILES}{more}").into_bytes().into();
    let file = catalog::BundleFile { path: "catalog-info.yaml".to_owned(), bytes };
    let bundle = catalog::Bundle { source: "shop".to_owned(), files: vec![file], problems: Vec::new() };
    let reading = world::read_bundle(&bundle);
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    let apply = catalog::Apply { reading, partial: false };
    site.done_by("ann", Command::Catalog(catalog::Command::Apply(apply))).await;
}

/// Makes an integration of the team's and returns its key.
pub(crate) async fn integration(site: &Site, kind: &str) -> String {
    let new = json!({ "name": kind, "kind": kind, "entity": "group:web" });
    let made = Client::of(site).done("POST", "/api/v1/integrations", new).await;
    assert_eq!(made["url"].as_str().unwrap().rsplit('/').next(), Some(kind));
    made["key"].as_str().unwrap().to_owned()
}

pub(crate) async fn post(site: &Site, path: &str, headers: &[(&str, String)], body: &str) -> (StatusCode, Value) {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let response = site.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// A `deployment_status` of GitHub's, as it signs it.
pub(crate) fn github(key: &str, body: &str) -> Vec<(&'static str, String)> {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    vec![("x-github-event", "deployment_status".to_owned()), ("x-hub-signature-256", format!("sha256={hex}"))]
}

pub(crate) fn status(id: u64, state: &str, version: &str, at: &str, repository: &str) -> String {
    json!({ "deployment_status": { "state": state, "environment": "production", "created_at": at },
        "deployment": { "id": id, "sha": format!("{id:040x}"), "ref": version, "production_environment": true },
        "repository": { "full_name": repository } })
    .to_string()
}

fn live(site: &Site, component: &str) -> Option<String> {
    let component: EntityRef = component.parse().unwrap();
    site.app.world().deploys.live(&component, "production").map(|live| live.version.clone())
}

pub(crate) fn hours_ago(site: &Site, hours: i64) -> String {
    (site.app.now() - jiff::SignedDuration::from_hours(hours)).to_string()
}

#[tokio::test]
async fn github_tells_once_in_any_order_and_only_with_the_right_signature() {
    let site = shop().await;
    let key = integration(&site, "github").await;
    let newer = status(2, "success", "v2.0.0", &hours_ago(&site, 1), "acme/shop");
    let older = status(1, "success", "v1.0.0", &hours_ago(&site, 5), "acme/shop");

    let (refused, said) = post(&site, "/hooks/github", &github("another", &newer), &newer).await;
    assert_eq!((refused, &said["type"]), (StatusCode::UNAUTHORIZED, &json!("/docs/errors/unauthenticated")));
    let (refused, _) = post(&site, "/hooks/github", &github(&key, &older), &newer).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED, "the signature of another body");
    let (refused, _) = post(&site, "/hooks/github", &[("x-github-event", "ping".to_owned())], "{}").await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED, "no signature");
    assert_eq!(live(&site, "component:checkout"), None);

    let (taken, said) = post(&site, "/hooks/github", &github(&key, &newer), &newer).await;
    assert_eq!(
        (taken, &said["recorded"], &said["components"]),
        (StatusCode::OK, &json!(1), &json!(["component:default/checkout"]))
    );
    let (_, again) = post(&site, "/hooks/github?integration=github", &github(&key, &newer), &newer).await;
    assert_eq!((&again["recorded"], &again["repeated"]), (&json!(0), &json!(1)), "a replay");
    let (_, late) = post(&site, "/hooks/github", &github(&key, &older), &older).await;
    assert_eq!(late["recorded"], json!(1));
    assert_eq!(live(&site, "component:checkout").as_deref(), Some("v2.0.0"), "what ended last is live");
    let history = Client::of(&site).get("/api/v1/deployments?component=checkout").await;
    let versions: Vec<_> = history["items"].as_array().unwrap().iter().map(|item| item["version"].clone()).collect();
    assert_eq!(versions, ["v2.0.0", "v1.0.0"]);

    let pending = status(3, "in_progress", "v3.0.0", &hours_ago(&site, 0), "acme/shop");
    let (_, passed) = post(&site, "/hooks/github", &github(&key, &pending), &pending).await;
    assert!(passed["passed_over"][0].as_str().unwrap().contains("in_progress"), "{passed}");
    let ahead = status(4, "success", "v4.0.0", &hours_ago(&site, -30), "acme/shop");
    let (_, said) = post(&site, "/hooks/github", &github(&key, &ahead), &ahead).await;
    assert_eq!(said["recorded"], json!(1), "a clock in the future is noted: {said}");
    let told = site.app.world().deploys.live(&"component:checkout".parse().unwrap(), "production").unwrap().deployed;
    assert!(told <= site.app.now());
    let secret = "x".repeat(10);
    let text = format!("{:?}", Client::of(&site).get("/api/v1/integrations").await);
    assert!(!text.contains(&key) && !text.contains(&secret), "the secret is told once");

    Client::of(&site).done("POST", "/api/v1/integrations/github/revoke-key", json!({})).await;
    let (refused, _) = post(&site, "/hooks/github", &github(&key, &pending), &pending).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED, "a key that was taken away");
}

#[tokio::test]
async fn a_deployment_of_a_forge_brings_the_commits_that_it_pushed_before() {
    let site = shop().await;
    let key = integration(&site, "github").await;
    let commit = |id: u64, hours: i64| json!({ "id": format!("{id:040x}"), "timestamp": hours_ago(&site, hours) });
    let push = json!({ "ref": "refs/heads/main", "repository": { "full_name": "acme/shop", "default_branch": "main" },
        "commits": [commit(1, 9), commit(2, 8), commit(3, 7)] })
    .to_string();
    let mut headers = github(&key, &push);
    headers[0].1 = "push".to_owned();
    let (taken, said) = post(&site, "/hooks/github", &headers, &push).await;
    assert_eq!((taken, &said["commits"]), (StatusCode::OK, &json!(3)), "{said}");
    for (id, hours) in [(1, 6), (3, 5)] {
        let body = status(id, "success", "main", &hours_ago(&site, hours), "acme/shop");
        post(&site, "/hooks/github", &github(&key, &body), &body).await;
    }
    let measures = Client::of(&site).get("/api/v1/measures?component=checkout").await;
    let lead = &measures["now"]["lead_time"];
    assert_eq!(
        (&lead["count"], &lead["p50_s"], &lead["max_s"]),
        (&json!(3), &json!(10_800), &json!(10_800)),
        "{measures}"
    );
}

#[tokio::test]
async fn what_nobody_knows_is_kept_and_is_a_finding() {
    let site = shop().await;
    let key = integration(&site, "github").await;
    let body = status(9, "success", "v1.0.0", &hours_ago(&site, 1), "acme/Left-Over");
    let (taken, said) = post(&site, "/hooks/github", &github(&key, &body), &body).await;
    assert_eq!((taken, &said["unknown"]), (StatusCode::OK, &json!(["component:default/acme-left-over"])), "{said}");
    assert_eq!(live(&site, "component:acme-left-over").as_deref(), Some("v1.0.0"), "the whole name");
    let mut browser = site.administrator().await;
    let findings = browser.see("/findings?rule=unknown-deployment").await;
    assert!(findings.says("acme-left-over") && findings.says("mainstay.dev/deploys-as"));

    let component = |name: &str, annotations: &str| {
        format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}{annotations}}}\nspec: {{type: service, lifecycle: production, owner: web}}\n"
        )
    };
    declare(&site, &component("acme-left-over", "")).await;
    let body = status(10, "success", "v1.1.0", &hours_ago(&site, 0), "acme/Left-Over");
    let (_, said) = post(&site, "/hooks/github", &github(&key, &body), &body).await;
    let other = said["unknown"][0].as_str().unwrap_or_else(|| panic!("{said}"));
    assert!(other.starts_with("component:default/acme-left-over-"), "what happens to be called so is not it: {other}");
    let other = other.rsplit('/').next().unwrap();
    assert!(browser.see("/findings?rule=unknown-deployment").await.says(other));
    declare(&site, &component("leftovers", ", annotations: {mainstay.dev/deploys-as: acme/left-over}")).await;
    let mended = browser.see("/findings?rule=unknown-deployment").await;
    assert!(!mended.says("acme-left-over"), "its name is claimed");
}

#[tokio::test]
async fn gitlab_shows_its_token_or_signs() {
    let site = shop().await;
    let key = integration(&site, "gitlab").await;
    let body =
        json!({ "object_kind": "deployment", "status": "success", "status_changed_at": "2026-01-28 21:50:00 +0200",
        "deployment_id": 15, "environment": "eu-west", "environment_tier": "production",
        "project": { "path_with_namespace": "acme/search", "web_url": "https://gitlab.example/acme/search" },
        "short_sha": "279484c0" })
        .to_string();
    let (refused, _) = post(&site, "/hooks/gitlab", &[("x-gitlab-token", "wrong".to_owned())], &body).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    let (taken, said) = post(&site, "/hooks/gitlab", &[("x-gitlab-token", key.clone())], &body).await;
    assert_eq!((taken, &said["components"]), (StatusCode::OK, &json!(["component:default/search"])), "{said}");

    let secret = STANDARD.decode(key.strip_prefix("whsec_").unwrap()).unwrap();
    assert_eq!(secret.len(), 32);
    let signed = |stamp: i64, body: &str| {
        let text = format!("msg_1.{stamp}.{body}");
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), text.as_bytes());
        vec![
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", stamp.to_string()),
            ("webhook-signature", format!("v1,AAAA v1,{}", STANDARD.encode(tag))),
        ]
    };
    let now = site.app.now().as_second();
    let (taken, said) = post(&site, "/hooks/gitlab", &signed(now, &body), &body).await;
    assert_eq!((taken, &said["repeated"]), (StatusCode::OK, &json!(1)), "{said}");
    let (old, said) = post(&site, "/hooks/gitlab", &signed(now - 3_600, &body), &body).await;
    assert_eq!(old, StatusCode::UNAUTHORIZED, "a replay of an hour ago: {said}");
    let mut bad = signed(now, "{}");
    bad.push(("x-gitlab-token", key.clone()));
    let (refused, _) = post(&site, "/hooks/gitlab", &bad, &body).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED, "a good token doesn't save a bad signature");
}

#[tokio::test]
async fn cdevents_deploy_and_open_and_end_incidents() {
    let site = shop().await;
    let key = integration(&site, "cdevents").await;
    let auth = [("authorization", format!("Bearer {key}"))];
    let event = |kind: &str, id: &str, subject: &str, content: Value| {
        json!({ "context": { "specversion": "0.5.1", "id": id, "source": "/ci", "type": format!("dev.cdevents.{kind}.0.3.0"),
            "timestamp": hours_ago(&site, 1) }, "subject": { "id": subject, "content": content } })
    };
    let place = json!({ "environment": { "id": "production" }, "artifactId": "pkg:oci/myapp@sha256%3A0b31b1c02ff458ad?tag=v7" });
    let deployed = event("service.deployed", "1", "myapp-eu", place);
    let detected = event(
        "incident.detected",
        "2",
        "incident-1",
        json!({ "description": "too slow", "service": { "id": "myApp" } }),
    );
    let built = event("build.finished", "3", "b", json!({}));
    let envelope = json!({ "specversion": "1.0", "id": "1", "source": "/ci", "type": "x", "data": deployed });
    let (taken, said) = post(&site, "/hooks/cdevents", &auth, &json!([envelope, detected, built]).to_string()).await;
    assert_eq!((taken, &said["recorded"], &said["incidents"]), (StatusCode::OK, &json!(1), &json!(1)), "{said}");
    assert!(said["passed_over"][0].as_str().unwrap().starts_with("build.finished"), "{said}");
    assert_eq!(live(&site, "component:checkout").as_deref(), Some("v7"), "the artifact's name is claimed");
    let open: Vec<_> = site.app.world().incidents.open().map(|incident| incident.title.clone()).collect();
    assert_eq!(open.len(), 1);
    assert!(open[0].contains("too slow"), "{open:?}");
    let resolved = event("incident.resolved", "4", "incident-1", json!({}));
    post(&site, "/hooks/cdevents", &auth, &resolved.to_string()).await;
    assert_eq!(site.app.world().incidents.open().count(), 0);
    let (refused, _) = post(&site, "/hooks/cdevents", &[], &resolved.to_string()).await;
    assert_eq!(refused, StatusCode::UNAUTHORIZED);
    let (refused, said) = post(&site, "/hooks/cdevents", &auth, "{\"context\":{}}").await;
    assert_eq!(refused, StatusCode::BAD_REQUEST, "{said}");
}

/// Deploys a version of `checkout` that brings a commit of two hours ago; returns the position of its event.
async fn deploy(site: &Site, version: &str) -> u64 {
    let commit = json!({ "sha": format!("{version:a<40}"), "at": hours_ago(site, 2), "author": "Kim" });
    let new = json!({ "component": "checkout", "version": version, "commits": [commit] });
    let done = Client::of(site).done("POST", "/api/v1/deployments", new).await;
    done["events"][0]["position"].as_u64().unwrap_or_else(|| panic!("{done}"))
}

async fn alert(site: &Site, key: &str, action: &str) {
    let auth = [("authorization", format!("Bearer {key}"))];
    let body =
        json!({ "summary": "checkout is slow", "dedup": "slow", "action": action, "entity": "component:checkout" });
    let (taken, said) = post(site, "/hooks/alerts", &auth, &body.to_string()).await;
    assert_eq!(taken, StatusCode::ACCEPTED, "{said}");
}

/// A deployment that broke something, one during the incident that mended it, and one long after.
async fn broken_and_mended(site: &Site) -> [u64; 4] {
    let new = json!({ "name": "monitor", "kind": "generic", "entity": "component:checkout" });
    let made = Client::of(site).done("POST", "/api/v1/integrations", new).await;
    let key = made["key"].as_str().unwrap();
    let first = deploy(site, "v1").await;
    site.pass(3 * 3_600);
    let bad = deploy(site, "v2").await;
    site.pass(600);
    alert(site, key, "trigger").await;
    site.pass(600);
    let fix = deploy(site, "v3").await;
    site.pass(60);
    alert(site, key, "close").await;
    site.pass(3 * 3_600);
    let last = deploy(site, "v4").await;
    site.pass(60);
    [first, bad, fix, last]
}

#[tokio::test]
async fn what_failed_is_counted_by_evidence_and_a_person_corrects_it() {
    let site = shop().await;
    let [first, bad, fix, last] = broken_and_mended(&site).await;
    let client = Client::of(&site);
    let of = |measures: &Value| {
        let now = measures["now"].clone();
        [now["deployments"].clone(), now["failed"].clone(), now["unplanned"].clone(), now["lead_time"]["p50_s"].clone()]
    };
    let measures = client.get("/api/v1/measures?component=checkout").await;
    assert_eq!(of(&measures), [json!(4), json!(1), json!(1), json!(7_200)], "{measures}");
    assert_eq!(measures["now"]["recovery"]["p50_s"], json!(1_260), "from the deployment to the incident's end");
    assert_eq!(measures["before"]["deployments"], json!(0));
    let team = client.get("/api/v1/measures?team=web").await;
    assert_eq!((of(&team), team["services"].as_array().unwrap().len()), (of(&measures), 1));

    let detail = client.get(&format!("/api/v1/deployments/{bad}")).await;
    assert_eq!((&detail["failed"], &detail["judged"]), (&json!(true), &json!(null)), "{detail}");
    let evidence = detail["evidence"].as_array().unwrap();
    assert!(evidence[0].as_str().unwrap().contains("turned bad"), "{detail}");
    assert_eq!(evidence.len(), 2, "and the next one was made because of it: {detail}");
    for (position, unplanned) in [(first, false), (fix, true), (last, false)] {
        let detail = client.get(&format!("/api/v1/deployments/{position}")).await;
        assert_eq!((&detail["failed"], &detail["unplanned"]), (&json!(false), &json!(unplanned)), "{detail}");
    }

    let mut ann = site.administrator().await;
    let address = format!("/deployments/{bad}");
    let shown = ann.see(&address).await;
    assert!(shown.says("It counts as failed, because of what speaks against it"));
    assert!(shown.says("turned bad soon after it: incident 1") && shown.says("/incidents/1"));
    let said =
        ann.send(&address, &format!("{address}/judge"), &[("failed", "no"), ("reason", "the network was down")]).await;
    assert_eq!(said.location(), address);
    assert!(ann.see(&address).await.says("although something speaks against it"));
    let corrected = client.get("/api/v1/measures?component=checkout").await;
    assert_eq!(corrected["now"]["failed"], json!(0));
    let timeline = client.get("/api/v1/timeline?limit=1").await;
    assert_eq!(timeline["items"][0]["reason"], json!("the network was down"), "{timeline}");
    client.done("POST", &format!("/api/v1/deployments/{first}/judge"), json!({ "failed": true })).await;
    client.done("POST", &format!("/api/v1/deployments/{bad}/judge"), json!({ "failed": null })).await;
    assert_eq!(client.get("/api/v1/measures?component=checkout").await["now"]["failed"], json!(2));

    let failed = ann.see("/deployments?team=web&what=failed").await;
    assert!(failed.says("v2") && !failed.says("<a class=\"name\" data-open href=\"/deployments/{last}\""));
    let list = ann.see("/deployments?component=checkout").await;
    for words in ["v1", "v4", "made during incident 1", "2 failed", "1 unplanned", "2.0 h"] {
        assert!(list.says(words), "{words}");
    }
    let new = json!({ "component": "checkout", "version": "v9-try", "environment": "staging" });
    client.done("POST", "/api/v1/deployments", new).await;
    site.pass(1);
    assert!(!ann.see("/deployments?component=checkout").await.says("v9-try"));
    let staging = ann.see("/deployments?component=checkout&environment=staging").await;
    assert!(
        staging.says("v9-try") && !staging.says(&format!("/deployments/{last}\"")) && staging.says("none in this time")
    );
    assert!(ann.see("/deployments?component=checkout&environment=production").await.says("2 failed"));
    let none = ann.see("/deployments?component=checkout&from=2020-01-01&to=2020-02-01").await;
    assert!(none.says("No deployment passes these filters."));
    assert_eq!(ann.get("/deployments?from=yesterday").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_dashboard_has_a_teams_numbers_and_each_leads_to_what_it_was_counted_of() {
    let site = shop().await;
    broken_and_mended(&site).await;
    let client = Client::of(&site);
    let times = json!({ "component": "checkout", "milliseconds": [400.0, 800.0, 1_200.0] });
    let taken = client.done("POST", "/api/v1/interactions", times).await;
    assert_eq!(taken["taken"], json!(3));
    let wrong = json!({ "component": "checkout", "milliseconds": [-1.0] });
    let refused = client.send("POST", "/api/v1/interactions", &[], Some(wrong)).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);

    let mut ann = site.administrator().await;
    assert!(ann.see("/dashboard").await.says("/dashboard/default/web"));
    let shown = ann.see("/dashboard/default/web").await;
    for words in ["4 deployments", "1 failed", "1 unplanned", "21 min", "0.80 s", "incident 1", "what=failed&#38;"] {
        assert!(shown.says(words) || shown.says(&words.replace("&#38;", "")), "{words}");
    }
    let before = ann.see("/dashboard/default/web?from=2020-01-01&to=2020-03-01").await;
    assert!(before.says("none in this time") && before.says("2020-01-01 to 2020-03-01"));
    let empty = ann.see("/dashboard/default/web?from=2020-01-01&to=2020-03-01").await;
    assert!(empty.says("/api/v1/interactions"), "an empty section says how to fill it");
    assert_eq!(ann.get("/dashboard/default/nobody").await.status, StatusCode::NOT_FOUND);
}
