//! Checks that are made on the screen or by the API.

use std::sync::{Arc, Mutex};

use axum::http::{Method, StatusCode};
use checks::{CheckDefinition, Evidence, Outcome, Tally};
use serde_json::json;
use web::checks::trial::TrialRunner;

use crate::{browser::Site, server::Server};

const NEW: &str = "/checks/new";
const TILL: [(&str, &str); 6] = [
    ("form", "http"),
    ("name", "till"),
    ("target", "component:shop"),
    ("url", "https://shop.example/till"),
    ("severity", "critical"),
    ("act", "save"),
];

fn with<'a>(fields: &[(&'a str, &'a str)], more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = fields.iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name));
    kept.chain(more).copied().collect()
}

#[tokio::test]
async fn a_check_is_made_changed_undone_and_removed_on_the_screen() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    assert!(ann.see("/checks").await.says("href=\"/checks/new\""));
    let made = ann.send(NEW, NEW, &TILL).await;
    assert_eq!((made.status, made.location()), (StatusCode::SEE_OTHER, "/checks/default/till?done=check-saved"));
    let check = "check:till".parse().unwrap();
    let definition = || site.app.world().checks.watch(&check).unwrap().definition.clone();
    assert_eq!(definition().request(), "GET https://shop.example/till");
    let page = ann.see(made.location()).await;
    assert!(
        page.says("Made on the screen") && page.says("/checks/default/till/edit") && page.says("The check is saved")
    );

    let edit = "/checks/default/till/edit";
    let form = ann.see(edit).await;
    assert!(form.says("value=\"https://shop.example/till\"") && form.says("selected>critical"));
    let was = form.html.split("name=\"was\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let changed = with(&TILL, &[("interval", "30s"), ("status", "200, 204"), ("was", &was), ("reason", "it is slow")]);
    assert_eq!(ann.send(edit, edit, &changed).await.status, StatusCode::SEE_OTHER);
    assert_eq!(definition().interval_ms, 30_000);
    let late = ann.send(edit, edit, &with(&changed, &[("interval", "10s")])).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY, "somebody saved since");
    assert!(late.says("was changed since") && late.says("value=\"10s\""), "and what was typed is not lost");

    let position = site.position();
    let undone = ann
        .send(
            &format!("/undo/{}", change_at(&site).await),
            &format!("/undo/{}", change_at(&site).await),
            &[("reason", "")],
        )
        .await;
    assert_eq!(undone.status, StatusCode::SEE_OTHER, "{}", undone.html);
    assert!(site.position() > position && definition().interval_ms == 60_000, "undo puts it back");

    let removed = ann.send(edit, "/checks/default/till/remove", &[("reason", "closed")]).await;
    assert_eq!(removed.status, StatusCode::SEE_OTHER);
    assert!(site.app.world().checks.watch(&check).is_none());
    assert_eq!(ann.get(edit).await.status, StatusCode::NOT_FOUND);
}

/// The position of the last change of an entity.
async fn change_at(site: &Site) -> u64 {
    let entries = site.app.blocking(|engine| Ok(engine.store().read(0, 1_000)?)).await.unwrap();
    entries.iter().rfind(|entry| entry.kind == "catalog.entity_changed").unwrap().stamp.position
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    for (field, value, words) in [
        ("url", "shop", "url-error"),
        ("name", "a b", "name-error"),
        ("interval", "soon", "interval-error"),
        ("max_latency", "fast", "max_latency-error"),
        ("status", "999", "status-error"),
        ("agree", "all", "agree-error"),
        ("target", "", "target-error"),
        ("timeout", "2m", "timeout-error"),
    ] {
        let page = ann.send(NEW, NEW, &with(&TILL, &[(field, value)])).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(page.says(words) && page.says("Not saved"), "{field}: {}", page.html);
    }
    let yaml =
        "apiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {name: till}\nspec:\n  target: shop\n  htpt: {}\n";
    let form = "/checks/new?form=yaml";
    let page = ann.send(form, NEW, &[("form", "yaml"), ("yaml", yaml), ("act", "save")]).await;
    assert!(page.says("yaml-error") && page.says("Line ") && page.says("htpt"), "{}", page.html);
    for (wrong, words) in [("kind: Component", "here belongs a check"), ("", "no check in it")] {
        let text = if wrong.is_empty() {
            String::new()
        } else {
            "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: a}\nspec: {type: service, lifecycle: production, owner: shop}\n".to_owned()
        };
        let page = ann.send(form, NEW, &[("form", "yaml"), ("yaml", &text), ("act", "save")]).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(words), "{}", page.html);
    }
    assert_eq!(ann.send(NEW, NEW, &TILL).await.status, StatusCode::SEE_OTHER);
    assert!(ann.send(NEW, NEW, &TILL).await.says("There is such a check already"));
}

#[tokio::test]
async fn a_journey_is_made_as_yaml_and_edited_as_yaml() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    let form = "/checks/new?form=yaml";
    let example = ann.see(form).await;
    let yaml = example.html.split("<textarea").nth(1).unwrap().split('>').nth(1).unwrap();
    let yaml = yaml.split('<').next().unwrap().replace("&#34;", "\"").replace("&quot;", "\"").replace("&#39;", "'");
    let made = ann.send(form, NEW, &[("form", "yaml"), ("yaml", &yaml), ("act", "save")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.html);
    let edit = ann.see("/checks/default/shop-buys/edit").await;
    assert!(edit.says("edited as it is") && edit.says("journey:"));
    let other = yaml.replace("shop-buys", "other");
    let path = "/checks/default/shop-buys/edit";
    let page = ann.send(path, path, &[("form", "yaml"), ("yaml", &other), ("act", "save")]).await;
    assert!(page.says("can’t be changed"), "{}", page.html);
}

/// A runner that notes what it was asked, and sees it fail.
fn failing(asked: Arc<Mutex<Vec<CheckDefinition>>>) -> TrialRunner {
    TrialRunner::new(move |definition: CheckDefinition| {
        asked.lock().unwrap().push(definition.clone());
        let evidence = Evidence { status: Some(500), ..Evidence::of("answered 500, and not 2xx") };
        let (at, outcome) = (kernel::Timestamp::now(), Outcome::Failed { evidence });
        std::future::ready(Some(Tally::default().count(&definition.check, "home", at, outcome, 12)))
    })
}

#[tokio::test]
async fn a_draft_is_tried_before_it_is_saved_and_nothing_is_kept() {
    let asked = Arc::default();
    let site = Site::open_with(|settings| settings.check_trial = Some(failing(Arc::clone(&asked))));
    let mut ann = site.administrator().await;
    let before = site.position();
    let page = ann.send(NEW, NEW, &with(&TILL, &[("act", "try"), ("interval", "2m"), ("timeout", "60s")])).await;
    assert!(page.says("answered 500, and not 2xx") && page.says("Nothing is saved yet"), "{}", page.html);
    assert!(page.says("value=\"https://shop.example/till\""), "the form is as it was");
    assert_eq!(asked.lock().unwrap()[0].timeout_ms, 20_000, "a request may not take longer");
    let secret = "apiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {name: till}\nspec:\n  target: shop\n  http: {url: 'https://shop.example/', headers: {authorization: 'Bearer ${secret.till}'}}\n";
    let page = ann.send("/checks/new?form=yaml", NEW, &[("form", "yaml"), ("yaml", secret), ("act", "try")]).await;
    assert!(page.says("is told no secrets"), "{}", page.html);
    assert_eq!(asked.lock().unwrap().len(), 1);
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(ann.send(NEW, NEW, &with(&TILL, &[("act", "try")])).await.says("requests per second"));
    }
    assert!(refused > 5, "{refused}");
    assert_eq!(site.position(), before, "nothing is on the timeline");
    let silent = Site::open();
    let mut ann = silent.administrator().await;
    assert!(ann.send(NEW, NEW, &with(&TILL, &[("act", "try")])).await.says("runs no checks"));
}

const FOLDER: &str = "
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: shop}
spec: {type: service, lifecycle: production, owner: group:shop}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: declared}
spec: {target: shop, tcp: {address: 'shop.example:443'}}
";

#[tokio::test]
async fn the_api_makes_changes_exports_and_removes_a_check_and_leaves_those_of_folders_alone() {
    let server = Server::start();
    server.apply("town", &[("catalog-info.yaml", FOLDER)]).await;
    let (path, spec) = (
        "/api/v1/checks/till",
        json!({"target": "shop", "owner": "group:shop", "tcp": {"address": "shop.example:80"}}),
    );
    let put = async |path: &str, body: serde_json::Value| server.ask(Method::PUT, path, Some(&body)).await;
    let made = put(path, json!({"spec": spec, "metadata": {"description": "The till."}, "reason": "new"})).await;
    assert_eq!(
        (made.status, &made.body["events"][0]["kind"]),
        (StatusCode::OK, &json!("catalog.entity_declared")),
        "{}",
        made.body
    );
    assert_eq!(
        put(path, json!({"spec": spec, "metadata": {"description": "The till."}})).await.body["events"],
        json!([])
    );
    assert_eq!(server.get(path).await["request"], "TCP shop.example:80");
    let declared = server.get(&format!("{path}/declaration")).await;
    assert_eq!(declared["source"], "made on the screen");
    assert!(declared["yaml"].as_str().unwrap().contains("description: The till."), "{declared}");
    let entity = server.get("/api/v1/entities/check/default/till").await;
    assert_eq!(entity["spec"]["owner"], "group:shop", "it is an entity like any other");
    let exported = server.get("/api/v1/catalog/export").await;
    let file =
        exported["files"].as_array().unwrap().iter().find(|file| file["path"] == "made-on-the-screen/checks/till.yaml");
    assert!(file.is_some(), "{exported}");

    server.apply("town", &[("catalog-info.yaml", FOLDER)]).await;
    server.apply("village", &[]).await;
    assert_eq!(server.get(path).await["verdict"], "unknown", "no folder removes it");

    for (body, field) in [
        (json!({"spec": {"target": "shop", "tcp": {"address": "nowhere"}}}), "/spec/tcp/address"),
        (json!({"spec": {"target": "shop", "tpc": {}}}), "/spec"),
    ] {
        let answer = put(path, body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body["field"].as_str().unwrap().starts_with(field), "{}", answer.body);
    }
    assert_eq!(
        put("/api/v1/checks/component:shop", json!({"spec": spec})).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let theirs = put("/api/v1/checks/declared", json!({"spec": spec})).await;
    assert_eq!(theirs.status, StatusCode::CONFLICT);
    assert!(
        theirs.body["detail"].as_str().unwrap().contains("in the catalog town, in catalog-info.yaml:"),
        "{}",
        theirs.body
    );
    assert_eq!(server.ask(Method::DELETE, "/api/v1/checks/declared", None).await.status, StatusCode::CONFLICT);
    let reserved = json!({"source": "made on the screen", "files": []});
    let reserved = server.ask(Method::POST, "/api/v1/catalog/apply", Some(&reserved)).await;
    assert_eq!(reserved.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reserved.body);
    assert_eq!(server.ask(Method::DELETE, path, None).await.status, StatusCode::OK);
    assert_eq!(server.ask(Method::DELETE, path, None).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_check_of_a_folder_says_where_it_is_declared_and_is_not_edited_here() {
    let site = Site::open();
    let bundle = catalog::Bundle {
        source: "town".to_owned(),
        files: vec![catalog::BundleFile { path: "a.yaml".to_owned(), bytes: FOLDER.as_bytes().into() }],
        problems: Vec::new(),
    };
    let apply = catalog::Apply { reading: world::read_bundle(&bundle), partial: false };
    site.done_by("town", world::Command::Catalog(catalog::Command::Apply(apply))).await;
    let mut ann = site.administrator().await;
    let page = ann.see("/checks/default/declared").await;
    assert!(
        page.says("In the catalog town, in a.yaml, line 7") && !page.says("/checks/default/declared/edit"),
        "{}",
        page.html
    );
    let edit = ann.get("/checks/default/declared/edit").await;
    assert_eq!(edit.status, StatusCode::CONFLICT);
    let mut vic = site.signed_in(&mut ann, "vic", "viewer").await;
    assert_eq!(vic.get(NEW).await.status, StatusCode::FORBIDDEN);
    assert!(!vic.see("/checks").await.says(NEW));
}
