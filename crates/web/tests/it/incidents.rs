//! Incidents, run by people: roles, times, decisions, the runbook, pictures, merging and splitting, and the running log.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use incidents::{Command as Wish, Failed, Severity};
use kernel::{EntityRef, Sha256};
use serde_json::json;
use tower::ServiceExt as _;
use world::Command;

use crate::{
    browser::Site,
    server::{Server, TOKEN},
    staffed::staff,
};

const SHOP: &str = "
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: web}
spec: {type: team, children: [], members: [kim]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: kim}
spec: {memberOf: [web]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop, annotations: {backstage.io/techdocs-ref: 'dir:.'}}
spec: {type: service, lifecycle: production, owner: group:web}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: mail}
spec: {type: service, lifecycle: production, owner: group:web}
";

const RUNBOOK: &str = "# Runbook: the shop is down\n\n## First\n\n1. Look at the *queue*\n2. Turn `writes` off\n   - [ ] tell support\n\n## Then\n\n- [ ] Look at the queue\n";

/// A smallest PNG by its first bytes.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

async fn shop() -> Server {
    let server = Server::start();
    server
        .apply("shop", &[("catalog-info.yaml", SHOP), ("docs/index.md", "# Shop"), ("docs/runbook.md", RUNBOOK)])
        .await;
    server
}

async fn declare(server: &Server, entity: &str) {
    let body =
        json!({"title": format!("{entity} is odd"), "entity": format!("component:{entity}"), "severity": "sev2"});
    server.post("/api/v1/incidents", body).await;
}

#[tokio::test]
async fn what_people_do_in_an_incident_is_done_by_the_api_and_is_in_its_answer() {
    let server = shop().await;
    declare(&server, "shop").await;
    server.post("/api/v1/incidents/1/roles", json!({"role": "commander", "person": "user:kim"})).await;
    server.post("/api/v1/incidents/1/severity", json!({"severity": "sev1", "reason": "nobody can buy"})).await;
    server.post("/api/v1/incidents/1/title", json!({"title": "Nobody can buy"})).await;
    server.post("/api/v1/incidents/1/decisions", json!({"text": "writes stay *off*"})).await;
    server.post("/api/v1/incidents/1/mitigate", json!({})).await;
    let shown = server.get("/api/v1/incidents/1").await;
    assert_eq!(
        (&shown["title"], &shown["severity"], &shown["status"]),
        (&json!("Nobody can buy"), &json!("SEV1"), &json!("mitigated"))
    );
    assert_eq!(shown["roles"][0]["person"], "user:default/kim");
    assert!(shown["times"]["mitigated"].is_string() && shown["times"]["resolved"].is_null());

    for (verb, body, field) in [
        ("roles", json!({"role": "commander", "person": "user:gone"}), "person"),
        ("roles", json!({"role": "commander", "person": "group:web"}), "person"),
        ("roles", json!({"role": "boss", "person": "user:kim"}), "role"),
        ("mitigate", json!({"at": "2999-01-01T00:00:00Z"}), "at"),
        ("impact", json!({"at": "2999-01-01T00:00:00Z"}), "at"),
        ("title", json!({"title": " "}), "title"),
        ("split", json!({"checks": ["check:none"]}), "checks"),
    ] {
        let answer = server.ask(Method::POST, &format!("/api/v1/incidents/1/{verb}"), Some(&body)).await;
        assert_eq!(
            (answer.status, &answer.body["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{}",
            answer.body
        );
    }
    let log = server.get("/api/v1/incidents/1/log?part=people").await;
    let summaries: Vec<&str> =
        log["items"].as_array().unwrap().iter().map(|item| item["summary"].as_str().unwrap()).collect();
    assert!(summaries[0].starts_with("opened incident 1"), "{summaries:?}");
    assert!(summaries.contains(&"made kim commander of incident 1"), "{summaries:?}");
    let decision = log["items"].as_array().unwrap().iter().find(|item| item["decision"] == true).unwrap();
    assert_eq!(decision["text"], "writes stay *off*");
    assert_eq!(
        server.ask(Method::GET, "/api/v1/incidents/1/log?part=nonsense", None).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn the_steps_of_a_runbook_are_ticked_by_number_or_id_and_stay_ticked_when_it_is_edited() {
    let server = shop().await;
    declare(&server, "shop").await;
    let steps = server.get("/api/v1/incidents/1").await["steps"].clone();
    let words: Vec<&str> = steps.as_array().unwrap().iter().map(|step| step["words"].as_str().unwrap()).collect();
    assert_eq!(words, ["Look at the queue", "Turn writes off", "tell support", "Look at the queue"]);
    assert_ne!(steps[0]["id"], steps[3]["id"], "a repetition is a step of its own");
    server.post("/api/v1/incidents/1/steps", json!({"step": "2"})).await;
    server.post("/api/v1/incidents/1/steps", json!({"step": steps[0]["id"]})).await;
    let missing = server.ask(Method::POST, "/api/v1/incidents/1/steps", Some(&json!({"step": "99"}))).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);

    let edited = RUNBOOK.replace("1. Look", "1. Breathe\n1. Look");
    server
        .apply("shop", &[("catalog-info.yaml", SHOP), ("docs/index.md", "# Shop"), ("docs/runbook.md", &edited)])
        .await;
    let steps = server.get("/api/v1/incidents/1").await["steps"].clone();
    let done: Vec<(&str, bool)> = steps
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (step["words"].as_str().unwrap(), step["done_at"].is_string()))
        .collect();
    assert_eq!(done[..3], [("Breathe", false), ("Look at the queue", true), ("Turn writes off", true)]);
    server.post("/api/v1/incidents/1/steps", json!({"step": steps[2]["id"], "done": false})).await;
    assert!(server.get("/api/v1/incidents/1").await["steps"][2]["done_at"].is_null());
}

#[tokio::test]
async fn two_incidents_are_merged_and_the_first_says_where_it_goes_on() {
    let server = shop().await;
    declare(&server, "shop").await;
    declare(&server, "mail").await;
    server.post("/api/v1/incidents/2/merge", json!({"into": 1})).await;
    let merged = server.get("/api/v1/incidents/2").await;
    assert_eq!((&merged["status"], &merged["merged_into"]), (&json!("merged"), &json!(1)));
    assert_eq!(server.get("/api/v1/incidents/1").await["absorbed"], json!([2]));
    let late = server.ask(Method::POST, "/api/v1/incidents/2/notes", Some(&json!({"text": "late"}))).await;
    assert_eq!((late.status, &late.body["fix"]), (StatusCode::CONFLICT, &json!("use incident 1")));
    declare(&server, "mail").await;
    let alike = server.get("/api/v1/incidents/3").await["similar"].clone();
    assert!(
        alike.as_array().unwrap().iter().all(|one| one["number"] != 2),
        "what was merged is found by what goes on: {alike}"
    );
}

#[tokio::test]
async fn a_pasted_picture_is_in_the_log_and_nothing_else_is_served_as_one() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let declared = [("title", "Labels fail"), ("entity", "component:checkout"), ("severity", "sev2"), ("evidence", "")];
    ann.send("/incidents/declare", "/incidents", &declared).await;
    let csrf = ann.see("/incidents/1").await.csrf();
    let send = |csrf: String, picture: Vec<u8>| {
        let mut body = Vec::new();
        for (name, value) in [("csrf", csrf.as_str()), ("note", "the *graph*"), ("sort", "decision")] {
            body.extend(format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
        }
        body.extend(b"--XX\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\nContent-Type: text/html\r\n\r\n");
        body.extend(picture);
        body.extend(b"\r\n--XX--\r\n");
        body
    };
    let address = "/incidents/1/notes";
    let sort = "multipart/form-data; boundary=XX";
    // That a session was used is noted by itself, some time.
    let logged = || site.app.world().incidents.by_number(1).unwrap().log.len();
    let before = logged();
    let forged = ann.post_body(address, sort, send("0".repeat(32), PNG.to_vec())).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN, "{}", forged.html);
    let html = ann.post_body(address, sort, send(csrf.clone(), b"<script>alert(1)</script>".to_vec())).await;
    assert_eq!(html.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let large = [PNG, &vec![0; 2 << 20]].concat();
    assert_eq!(ann.post_body(address, sort, send(csrf.clone(), large)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let garbage = ann.post_body(address, sort, b"--XX\r\nnonsense".to_vec()).await;
    assert_eq!(garbage.status, StatusCode::BAD_REQUEST);
    assert_eq!(logged(), before, "nothing of that was written");

    assert_eq!(ann.post_body(address, sort, send(csrf, PNG.to_vec())).await.status, StatusCode::SEE_OTHER);
    let page = ann.see("/incidents/1?log=people").await;
    assert!(page.says("the <em>graph</em>") && page.says("decision"), "{}", page.html);
    let picture =
        page.html.split("src=\"").find_map(|rest| rest.split('"').next().filter(|src| src.contains("/pictures/")));
    let served = ann.get(picture.unwrap()).await;
    assert_eq!(
        (served.status, &served.headers[header::CONTENT_TYPE]),
        (StatusCode::OK, &header::HeaderValue::from_static("image/png"))
    );
    assert_eq!(served.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(served.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));

    let digest = site.app.blocking(|engine| Ok(engine.store().put_blobs(&[b"<html>".to_vec()])?)).await.unwrap()[0];
    for missing in [digest.to_string(), "0".repeat(64), "nonsense".to_owned()] {
        assert_eq!(
            ann.get(&format!("/incidents/1/pictures/{missing}")).await.status,
            StatusCode::NOT_FOUND,
            "{missing}"
        );
    }
}

#[tokio::test]
async fn pictures_are_bounded_and_are_still_shown_when_their_incident_is_held_no_more() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let declared = |name: &str| {
        let entity = EntityRef::new("component", "default", name).unwrap();
        let (since, path, upstream) = (site.app.now(), Vec::new(), Vec::new());
        let failed = Failed { check: None, entity, since, last_good: None, path, upstream, evidence: String::new() };
        Wish::Open { title: "odd".to_owned(), severity: Severity::Sev3, failed }
    };
    site.done_by("ann", Command::Incidents(declared("checkout"))).await;
    let incident = site.app.world().incidents.by_number(1).unwrap().about.incident;
    let server = |picture: Vec<u8>| {
        let address = "/api/v1/incidents/1/pictures";
        let request = Request::post(address).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        site.router.clone().oneshot(request.body(Body::from(picture)).unwrap())
    };
    assert_eq!(server(PNG.to_vec()).await.unwrap().status(), StatusCode::OK);
    assert_eq!(server(PNG.to_vec()).await.unwrap().status(), StatusCode::OK, "the same one is one");
    assert_eq!(site.app.world().incidents.by_number(1).unwrap().pictures.len(), 1);
    for at in 1..incidents::PICTURES_MAX {
        let picture = Sha256::of(&at.to_be_bytes());
        site.done_by("ann", Command::Incidents(Wish::KeepPicture { incident, picture, bytes: 9 })).await;
    }
    let more = [PNG, b"more"].concat();
    let digest = Sha256::of(&more);
    assert_eq!(server(more).await.unwrap().status(), StatusCode::CONFLICT);
    let kept = site.app.blocking(move |engine| Ok(engine.store().get_blob(&digest)?)).await.unwrap();
    assert_eq!(kept, None, "what is refused is not kept");

    let shown = format!("/incidents/1/pictures/{}", Sha256::of(PNG));
    ann.see(&shown).await;
    site.done_by("ann", Command::Incidents(Wish::Resolve { incident })).await;
    for at in 0..incidents::KEPT {
        site.done_by("ann", Command::Incidents(declared(&format!("s{at}")))).await;
        let incident = site.app.world().incidents.open().next().unwrap().about.incident;
        site.done_by("ann", Command::Incidents(Wish::Resolve { incident })).await;
    }
    assert!(site.app.world().incidents.by_number(1).is_none());
    ann.see(&shown).await;
    for nowhere in ["0", "1002", "x"] {
        let address = shown.replacen('1', nowhere, 1);
        assert_eq!(ann.get(&address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
}

#[tokio::test]
async fn what_people_do_long_after_the_end_is_in_the_log_of_their_incident_alone() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    let declared = [("title", "Labels fail"), ("entity", "component:checkout"), ("severity", "sev2"), ("evidence", "")];
    ann.send("/incidents/declare", "/incidents", &declared).await;
    ann.send("/incidents/1", "/incidents/1/resolve", &[]).await;
    site.pass(6 * 3_600);
    ann.send("/incidents/declare", "/incidents", &declared).await;
    ann.send("/incidents/1", "/incidents/1/notes", &[("note", "it was the toner")]).await;
    ann.send("/incidents/1", "/postmortems", &[("incident", "1")]).await;
    for part in ["", "?log=people"] {
        let page = ann.see(&format!("/incidents/1{part}")).await;
        assert!(page.says("it was the toner") && page.says("began the post-mortem"), "{part}: {}", page.html);
        assert!(!page.says("opened incident 2"), "{part}: {}", page.html);
    }
    assert!(!ann.see("/incidents/1?log=changes").await.says("it was the toner"));
}

#[tokio::test]
async fn an_incident_is_run_from_its_screen() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    staff(&site).await;
    for entity in ["checkout", "billing"] {
        let entity = format!("component:{entity}");
        let declared = [("title", "Labels fail"), ("entity", &entity), ("severity", "sev2"), ("evidence", "")];
        ann.send("/incidents/declare", "/incidents", &declared).await;
    }
    let act = async |ann: &mut crate::browser::Browser<'_>, verb: &str, fields: &[(&str, &str)]| {
        let answer = ann.send("/incidents/2", &format!("/incidents/2/{verb}"), fields).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{verb}: {}", answer.html);
    };
    site.pass(600);
    act(&mut ann, "role", &[("role", "scribe"), ("person", "user:kim")]).await;
    act(&mut ann, "severity", &[("severity", "sev1")]).await;
    act(&mut ann, "title", &[("title", "Nobody can print")]).await;
    act(&mut ann, "mitigate", &[]).await;
    let page = ann.see("/incidents/2").await;
    for said in ["Kim Park", "SEV1, critical", "Nobody can print", "mitigated", "after 10 min", "Users were hit for"] {
        assert!(page.says(said), "{said}: {}", page.html);
    }
    act(&mut ann, "merge", &[("into", "1")]).await;
    let page = ann.see("/incidents/2").await;
    assert!(page.says("It is a part of") && !page.says("action=\"/incidents/2/notes\""), "{}", page.html);
    assert!(ann.see("/incidents/1").await.says("It has taken in"));
    for part in ["people", "changes", "checks", "pages", "public"] {
        ann.see(&format!("/incidents/1?log={part}")).await;
    }
    assert!(ann.see("/incidents").await.says("merged"));
}
