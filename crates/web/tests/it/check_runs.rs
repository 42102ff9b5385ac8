//! Running a check now: by the API and on the screen.

use axum::http::{Method, StatusCode};
use checks::{Command as CheckCommand, Outcome, RunResult, Tally};
use kernel::{Actor, EntityRef};
use serde_json::{Value, json};
use web::checks::{intake, runs};

use crate::{browser::Site, server::Server};

const CATALOG: &str = "
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: till}
spec: {type: service, lifecycle: production, owner: group:shop}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: till-answers}
spec:
  target: component:till
  timeout: 5s
  locations: [eu-west, us-east]
  http: {url: 'https://till.example/'}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: backup}
spec: {target: component:till, heartbeat: {every: 1h}}
";
const RUNS: &str = "/api/v1/checks/till-answers/runs";

/// A server that knows of three probes.
async fn server() -> (Server, String) {
    let server = Server::start();
    server.apply("town", &[("catalog-info.yaml", CATALOG)]).await;
    let issued = server.post("/api/v1/tokens", json!({"name": "probe", "scopes": ["probe"]})).await;
    let probe = issued["token"].as_str().unwrap().to_owned();
    for location in ["eu-west", "us-east", "elsewhere"] {
        work(&server, &probe, location).await;
    }
    (server, probe)
}

async fn work(server: &Server, probe: &str, location: &str) -> Value {
    server.ask_as(Some(probe), Method::GET, &format!("/api/v1/probes/{location}/work"), None).await.body
}

async fn report(server: &Server, probe: &str, location: &str, asked: &Value, failed: bool) {
    let at = asked.as_str().unwrap();
    let evidence = json!({"error": "answered 500", "url": "https://till.example/", "status": 500, "latency_ms": 9});
    let outcome =
        if failed { json!({"outcome": "failed", "evidence": evidence}) } else { json!({"outcome": "passed"}) };
    let streak = json!({"runs": 1, "since": at});
    let hop =
        json!({"request": "GET https://till.example/", "status": 200, "phases": {"connect_us": 4200, "tls_us": 9000}});
    // The probe's clock is behind by an hour: what counts is which request it answers.
    let result = json!({"check": "check:default/till-answers", "location": "x", "at": "2020-01-01T00:00:00Z",
        "outcome": outcome, "latency_ms": 14, "streak": streak, "pace": streak, "hops": [hop], "asked": at});
    let path = format!("/api/v1/probes/{location}/results");
    let answer = server.ask_as(Some(probe), Method::POST, &path, Some(&json!({"results": [result]}))).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.body);
}

#[tokio::test]
async fn a_check_is_run_now_where_it_is_run_and_its_answers_come_in_one_by_one() {
    let (server, probe) = server().await;
    let before = work(&server, &probe, "eu-west").await;
    assert_eq!(before["confirm"], json!({}));
    let long_poll = format!("/api/v1/probes/eu-west/work?known={}&wait_s=50", before["version"].as_str().unwrap());
    let hears = server.ask_as(Some(&probe), Method::GET, &long_poll, None);
    let everywhere = json!({});
    let asks = server.ask(Method::POST, RUNS, Some(&everywhere));
    let (heard, asked) = tokio::join!(hears, asks);
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.body);
    let run = asked.body;
    let names: Vec<&Value> = run["locations"].as_array().unwrap().iter().map(|one| &one["location"]).collect();
    assert_eq!(names, ["eu-west", "us-east"], "not elsewhere: it does not run it");
    assert_eq!((&run["state"], &run["locations"][0]["outcome"]), (&json!("running"), &json!("waiting")));
    let at = &heard.body["confirm"]["check:default/till-answers"];
    assert_eq!(at, &run["asked"], "a probe that waits hears of it at once");

    let path = format!("{RUNS}/{}", run["id"].as_str().unwrap());
    let waiting = format!("{path}?seen=0&wait_s=25");
    let (first, ()) = tokio::join!(server.get(&waiting), report(&server, &probe, "eu-west", at, false));
    let eu = &first["locations"][0];
    assert_eq!((&eu["outcome"], &eu["latency_ms"], &eu["status"]), (&json!("passed"), &json!(14), &json!(200)));
    assert_eq!(eu["phases"], json!([{"phase": "connect", "ms": 4.2}, {"phase": "tls", "ms": 9.0}]));
    assert_eq!((&first["state"], &first["answers"]), (&json!("running"), &json!(1)));
    assert_eq!(work(&server, &probe, "eu-west").await["confirm"], json!({}), "it has answered");
    report(&server, &probe, "us-east", at, true).await;
    let all = server.get(&path).await;
    assert_eq!((&all["state"], &all["answers"]), (&json!("over"), &json!(2)));
    assert_eq!(all["locations"][1]["error"], "answered 500");
}

#[tokio::test]
async fn a_check_can_not_be_asked_again_and_again() {
    let (server, probe) = server().await;
    let run = server.post(RUNS, json!({"locations": ["eu-west"]})).await;
    let again = server.ask(Method::POST, RUNS, Some(&json!({}))).await;
    assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS, "{}", again.body);
    report(&server, &probe, "eu-west", &run["asked"], false).await;
    let again = server.ask(Method::POST, RUNS, Some(&json!({}))).await;
    assert_eq!(again.status, StatusCode::TOO_MANY_REQUESTS, "there is a pause: {}", again.body);
    assert!(again.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn what_can_not_be_run_is_refused_with_the_reason() {
    let (server, _) = server().await;
    let refused = async |path: &str, body: Value| {
        let answer = server.ask(Method::POST, path, Some(&body)).await;
        (answer.status.as_u16(), answer.body["detail"].as_str().unwrap_or_default().to_owned())
    };
    let (status, detail) = refused("/api/v1/checks/backup/runs", json!({})).await;
    assert!(status == 422 && detail.contains("is a heartbeat"), "{status} {detail}");
    let (status, detail) = refused(RUNS, json!({"locations": ["mars"]})).await;
    assert!(status == 422 && detail.contains("no probe at \"mars\""), "{status} {detail}");
    let (status, detail) = refused(RUNS, json!({"locations": ["elsewhere"]})).await;
    assert!(status == 422 && detail.contains("not run at \"elsewhere\""), "{status} {detail}");
    assert_eq!(refused("/api/v1/checks/nothing/runs", json!({})).await.0, 404);
    assert_eq!(refused(RUNS, json!({"location": "eu-west"})).await.0, 422);
    assert_eq!(server.ask(Method::GET, &format!("{RUNS}/1-1"), None).await.status, StatusCode::NOT_FOUND);
    let lonely = Server::start();
    lonely.apply("town", &[("catalog-info.yaml", CATALOG)]).await;
    assert_eq!(lonely.ask(Method::POST, RUNS, None).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_paused_check_is_run_when_asked_for_and_judges_nothing() {
    let (server, probe) = server().await;
    server.post("/api/v1/checks/till-answers/pause", json!({})).await;
    assert_eq!(work(&server, &probe, "eu-west").await["checks"], json!([]));
    let run = server.post(RUNS, json!({"locations": ["eu-west"]})).await;
    let told = work(&server, &probe, "eu-west").await;
    assert_eq!(told["checks"][0]["check"], "check:default/till-answers");
    assert_eq!(work(&server, &probe, "us-east").await["checks"], json!([]), "it was not asked");
    report(&server, &probe, "eu-west", &run["asked"], true).await;
    let run = server.get(&format!("{RUNS}/{}", run["id"].as_str().unwrap())).await;
    assert_eq!((&run["locations"][0]["outcome"], &run["verdict"]), (&json!("failed"), &json!("unknown")));
    assert_eq!(work(&server, &probe, "eu-west").await["checks"], json!([]), "and then it rests again");
}

/// A site with a check that is run from `home`.
async fn site() -> (Site, EntityRef) {
    let site = Site::open();
    let check: EntityRef = "check:till".parse().unwrap();
    let spec = json!({"target": "component:shop", "timeout": "5s", "http": {"url": "https://till.example/"}});
    let definition = checks::CheckDefinition::from_spec(check.clone(), &spec).unwrap();
    site.done_by("ann", world::Command::Checks(CheckCommand::Define { definition })).await;
    site.done_by("home", world::Command::Checks(CheckCommand::HearProbe { location: "home".to_owned() })).await;
    (site, check)
}

fn passes(site: &Site, check: &EntityRef, asked: Option<kernel::Timestamp>) -> RunResult {
    let at = site.app.now();
    RunResult { asked, ..Tally::default().count(check, "home", at, Outcome::Passed, 7) }
}

#[tokio::test]
async fn a_location_that_does_not_answer_is_waited_for_no_longer_than_its_run_may_take() {
    let (site, check) = site().await;
    let by = || (Actor::Person("ann".to_owned()), None);
    let run = runs::start(&site.app, &check, &[], by()).unwrap();
    assert_eq!(run.until.duration_since(run.asked).as_secs(), 25, "its time-out, and the way");
    site.pass(24);
    assert!(!run.is_over(site.app.now()) && runs::start(&site.app, &check, &[], by()).is_err());
    site.pass(1);
    assert!(run.is_over(site.app.now()));
    let refusal = runs::start(&site.app, &check, &[], by()).unwrap_err();
    assert_eq!((refusal.code.name, refusal.retry_after_s), ("rate-limited", Some(6)));
    site.pass(5);
    let second = runs::start(&site.app, &check, &[], by()).unwrap();
    intake::take(&site.app, "home", vec![passes(&site, &check, Some(run.asked))]).await.unwrap();
    let answers = |run: &runs::Run| site.app.runs().get(&check, &run.id).unwrap().answers();
    assert_eq!((answers(&run), answers(&second)), (1, 1), "late for the first, and begun after the second");
    assert_eq!(site.app.intake().recent(&check).len(), 1, "it counts as any other");
}

#[tokio::test]
async fn a_request_that_is_repeated_with_its_key_is_the_same_run() {
    let (site, check) = site().await;
    let key = Some(kernel::CommandId::from_bytes([3; 16]));
    let by = || (Actor::Person("ann".to_owned()), key);
    let first = runs::start(&site.app, &check, &[], by()).unwrap();
    assert_eq!(runs::start(&site.app, &check, &[], by()).unwrap().id, first.id);
}

#[tokio::test]
async fn the_button_runs_it_and_the_screen_says_what_came() {
    let (site, check) = site().await;
    let mut ann = site.administrator().await;
    let (screen, button) = ("/checks/default/till", "/checks/default/till/run");
    let sent = ann.send(screen, button, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let run = sent.location().to_owned();
    let page = ann.see(&run).await;
    assert!(page.says("0 of 1 location answered so far") && page.says("waiting") && page.says("Look again"));
    assert!(!page.says("Run again"), "it is under way");
    let twice = ann.send(screen, button, &[]).await;
    assert_eq!(twice.location(), run, "who presses twice sees the same run");
    let asked = site.app.runs().last(&check).unwrap().asked;
    intake::take(&site.app, "home", vec![passes(&site, &check, Some(asked))]).await.unwrap();
    let page = ann.see(&run).await;
    assert!(page.says("1 location: 1 passed.") && page.says("7 ms") && page.says("Run again"), "{}", page.html);
    assert!(page.says("Asked for by ann"));
    let mut reader = site.signed_in(&mut ann, "rea", "viewer").await;
    let action = format!("action=\"{button}\"");
    assert!(ann.see(screen).await.html.contains(&action));
    assert!(!reader.see(screen).await.html.contains(&action), "who may not write gets no button");
    assert!(reader.see(&run).await.says("1 passed"), "but sees what came");
}
