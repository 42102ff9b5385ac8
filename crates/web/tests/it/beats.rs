//! Jobs that report at their secret address.

use axum::{
    body::{Body, to_bytes},
    http::{Method, Request, StatusCode},
};
use checks::{Command as CheckCommand, Verdict};
use kernel::EntityRef;
use serde_json::json;
use tower::ServiceExt as _;

use crate::{browser::Site, server::Server};

async fn site() -> (Site, EntityRef) {
    let site = Site::open_with(|settings| {
        settings.vault_key = [5; 32];
        settings.base_url = "https://mainstay.example".to_owned();
    });
    let check: EntityRef = "check:backup".parse().unwrap();
    define(&site, &check).await;
    (site, check)
}

async fn define(site: &Site, check: &EntityRef) {
    let spec = json!({"target": "component:shop", "heartbeat": {"every": "1h", "grace": "10m", "max_run": "5m"}});
    let definition = checks::CheckDefinition::from_spec(check.clone(), &spec).unwrap();
    site.done_by("ann", world::Command::Checks(CheckCommand::Define { definition })).await;
}

/// The path of its address.
fn address(site: &Site, check: &EntityRef) -> String {
    let address = web::checks::beat::address(&site.app, &site.app.world(), check);
    address.strip_prefix("https://mainstay.example").unwrap().to_owned()
}

async fn ask(site: &Site, method: Method, path: &str, body: impl Into<Body>) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    let response = site.router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap())
}

fn verdict(site: &Site, check: &EntityRef) -> Verdict {
    site.app.world().checks.watch(check).unwrap().verdict
}

#[tokio::test]
async fn a_job_reports_by_get_head_and_post_without_any_token() {
    let (site, check) = site().await;
    let secret = address(&site, &check);
    assert!(secret.starts_with("/beat/backup.") && secret.len() < 60, "{secret}");
    assert_eq!(ask(&site, Method::GET, &secret, "").await, (StatusCode::OK, "OK\n".to_owned()));
    assert_eq!(verdict(&site, &check), Verdict::Up);
    let (fail, ok) = (format!("{secret}/fail"), format!("{secret}/0"));
    assert_eq!(ask(&site, Method::POST, &fail, "no space left").await.0, StatusCode::OK);
    assert_eq!(verdict(&site, &check), Verdict::Down);
    let evidence = site.app.world().checks.watch(&check).unwrap().evidence.clone().unwrap();
    assert_eq!(evidence.body_excerpt.as_deref(), Some("no space left"));
    assert_eq!(ask(&site, Method::HEAD, &ok, "").await, (StatusCode::OK, String::new()));
    assert_eq!(verdict(&site, &check), Verdict::Up);
    assert_eq!(ask(&site, Method::GET, &format!("{secret}/start"), "").await.0, StatusCode::OK);
    assert!(site.app.world().checks.watch(&check).unwrap().beats.as_ref().unwrap().started.is_some());
    let long = format!("{}the end", "x".repeat(3 << 20));
    assert_eq!(ask(&site, Method::POST, &format!("{secret}/28"), long).await.0, StatusCode::OK);
    let evidence = site.app.world().checks.watch(&check).unwrap().evidence.clone().unwrap();
    assert!(evidence.error.contains("exit code 28"), "{}", evidence.error);
    let excerpt = evidence.body_excerpt.unwrap();
    assert!(excerpt.ends_with("the end") && excerpt.len() <= 2_048, "three megabytes are no reason to lose a report");
    for word in ["256", "-1", "done", "start/x"] {
        assert_eq!(ask(&site, Method::GET, &format!("{secret}/{word}"), "").await.0, StatusCode::NOT_FOUND, "{word}");
    }
    let by: Vec<String> = site
        .app
        .blocking(|engine| Ok(engine.store().read(0, 100)?))
        .await
        .unwrap()
        .iter()
        .filter(|entry| entry.kind == "checks.beat")
        .map(|entry| entry.stamp.actor.name().to_owned())
        .collect();
    assert_eq!(by, ["heartbeat backup"; 5]);
}

#[tokio::test]
async fn an_address_that_is_none_gives_one_answer_whatever_is_wrong_with_it() {
    let (site, check) = site().await;
    let probed: EntityRef = "check:probed".parse().unwrap();
    let spec = json!({"target": "component:shop", "http": {"url": "https://shop.example/"}});
    let definition = checks::CheckDefinition::from_spec(probed.clone(), &spec).unwrap();
    site.done_by("ann", world::Command::Checks(CheckCommand::Define { definition })).await;
    let secret = address(&site, &check);
    let tag = secret.rsplit_once('.').unwrap().1;
    let before = site.position();
    let strip = |body: &str| {
        let mut body: serde_json::Value = serde_json::from_str(body).unwrap();
        body.as_object_mut().unwrap().remove("instance");
        body
    };
    let first = ask(&site, Method::GET, "/beat/backup.AAAA", "").await;
    assert_eq!(first.0, StatusCode::NOT_FOUND);
    for path in [
        format!("/beat/nothing.{tag}"),
        format!("/beat/other~backup.{tag}"),
        address(&site, &probed),
        "/beat/backup".to_owned(),
        format!("{}x", secret),
        format!("/beat/{}.{tag}/start", "x".repeat(500)),
    ] {
        let answer = ask(&site, Method::POST, &path, "").await;
        assert_eq!((answer.0, strip(&answer.1)), (StatusCode::NOT_FOUND, strip(&first.1)), "{path}");
    }
    assert_eq!(site.position(), before);
}

#[tokio::test]
async fn a_renewed_address_takes_the_place_of_the_old_one_even_after_the_check_was_away() {
    let (site, check) = site().await;
    let mut ann = site.administrator().await;
    let old = address(&site, &check);
    let screen = "/checks/default/backup";
    assert!(ann.see(screen).await.says(&old));
    let mut viewer = site.signed_in(&mut ann, "vic", "viewer").await;
    let seen = viewer.see(screen).await;
    assert!(!seen.says("/beat/"), "who may not write does not learn it");
    let sent = ann.send(screen, "/checks/default/backup/renew-address", &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let new = address(&site, &check);
    assert_ne!(old, new);
    assert_eq!(ask(&site, Method::GET, &old, "").await.0, StatusCode::NOT_FOUND);
    assert_eq!(ask(&site, Method::GET, &new, "").await.0, StatusCode::OK);
    site.done_by("ann", world::Command::Checks(CheckCommand::Remove { check: check.clone() })).await;
    assert_eq!(ask(&site, Method::GET, &new, "").await.0, StatusCode::NOT_FOUND);
    define(&site, &check).await;
    assert_eq!(ask(&site, Method::GET, &old, "").await.0, StatusCode::NOT_FOUND, "it does not come back");
    assert_eq!(ask(&site, Method::GET, &new, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn one_address_fills_no_timeline_and_guesses_are_bounded() {
    let (site, check) = site().await;
    let secret = address(&site, &check);
    let mut taken = 0;
    for _ in 0..60 {
        taken += usize::from(ask(&site, Method::GET, &secret, "").await.0 == StatusCode::OK);
    }
    assert!((30..40).contains(&taken), "{taken}");
    let mut refused = Vec::new();
    for guess in 0..100 {
        refused.push(ask(&site, Method::GET, &format!("/beat/backup.{guess}"), "").await.0);
    }
    assert!(refused.contains(&StatusCode::TOO_MANY_REQUESTS));
}

#[tokio::test]
async fn the_api_shows_and_renews_the_address_of_a_heartbeat_alone() {
    let server = Server::start();
    let component = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: till}\nspec: {type: service, lifecycle: production, owner: group:shop}\n";
    let check = |name: &str, kind: &str| {
        format!(
            "---\napiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {{name: {name}}}\nspec: {{target: till, {kind}}}\n"
        )
    };
    let files =
        [component.to_owned(), check("backup", "heartbeat: {every: 1h}"), check("web", "tcp: {address: 'x:1'}")];
    server.apply("town", &[("catalog-info.yaml", &files.concat())]).await;
    let path = "/api/v1/checks/backup/beat-address";
    let shown = server.get(path).await["url"].clone();
    assert!(shown.as_str().unwrap().contains("/beat/backup."));
    let renewed = server.post(&format!("{path}/renew"), json!({"reason": "it was in a log"})).await;
    assert_eq!(renewed["events"][0]["kind"], "checks.beat_address_renewed");
    assert_ne!(renewed["url"], shown);
    assert_eq!(server.get(path).await["url"], renewed["url"]);
    let written = serde_json::to_string(&server.get("/api/v1/timeline").await).unwrap();
    assert!(!written.contains("/beat/"), "no secret is on the timeline");
    let run = server.ask(Method::GET, "/api/v1/checks/web/beat-address", None).await;
    assert_eq!(run.status, StatusCode::UNPROCESSABLE_ENTITY);
    let issued = server.post("/api/v1/tokens", json!({"name": "reader", "scopes": ["read"]})).await;
    let reader = issued["token"].as_str();
    assert_eq!(server.ask_as(reader, Method::GET, path, None).await.status, StatusCode::FORBIDDEN);
}
