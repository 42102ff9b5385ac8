//! Public status pages: what anybody sees, and what nobody may.

use axum::http::{StatusCode, header};
use catalog::{Bundle, BundleFile};
use serde_json::Value;
use world::{Command, read_bundle};

use crate::browser::{Browser, Page, Site};

pub(crate) const CATALOG: &str = "
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: secretteam}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: hidden-till}
spec: {type: service, lifecycle: production, owner: secretteam}
---
apiVersion: mainstay.dev/v1alpha1
kind: Check
metadata: {name: hidden-check}
spec: {target: component:hidden-till, interval: 1m, http: {url: 'https://db-7.internal.example/'}}
---
apiVersion: mainstay.dev/v1alpha1
kind: StatusPage
metadata: {name: main}
spec:
  title: Shop status
  description: How the shop is.
  public: true
  main: true
  components:
    - {name: Web site, description: What you see.}
  groups:
    - name: Payments
      components:
        - {name: Checkout, behind: [component:hidden-till]}
        - {name: Refunds}
---
apiVersion: mainstay.dev/v1alpha1
kind: StatusPage
metadata: {name: partners}
spec: {title: Partner status, public: true, components: [{name: Partner API}]}
---
apiVersion: mainstay.dev/v1alpha1
kind: StatusPage
metadata: {name: draft}
spec: {title: Draft status, public: false, components: [{name: Later}]}
";

pub(crate) async fn declare(site: &Site) {
    let files = vec![BundleFile { path: "catalog-info.yaml".to_owned(), bytes: CATALOG.as_bytes().into() }];
    let reading = read_bundle(&Bundle { source: "pages".to_owned(), files, problems: Vec::new() });
    assert!(reading.problems.is_empty(), "{:?}", reading.problems);
    site.done_by("ann", Command::Catalog(catalog::Command::Apply(catalog::Apply { reading, partial: true }))).await;
}

/// Lets the check report.
pub(crate) async fn run(site: &Site, failed: bool, runs: u32) {
    site.pass(10);
    let at = site.app.now();
    let streak = checks::Streak { runs, since: at };
    let evidence = checks::Evidence::of("secret words: connection refused by db-7.internal");
    let outcome = if failed { checks::Outcome::Failed { evidence } } else { checks::Outcome::Passed };
    let result = checks::RunResult {
        check: "check:hidden-check".parse().unwrap(),
        location: "home".to_owned(),
        at,
        outcome,
        latency_ms: 9,
        streak,
        pace: streak,
        last_good: None,
        hops: Vec::new(),
        asked: None,
    };
    site.done_by("probe", Command::Checks(checks::Command::Report { result })).await;
}

pub(crate) async fn json(site: &Site, path: &str) -> Value {
    let page = Browser::new(site).see(path).await;
    assert_eq!(page.headers[header::CONTENT_TYPE], "application/json; charset=utf-8");
    assert_eq!(page.headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    serde_json::from_str(&page.html).unwrap()
}

/// Everything that is public of the main page.
const PUBLIC: [&str; 12] = [
    "/status",
    "/status/main",
    "/status/history",
    "/status/api/v2/summary.json",
    "/status/api/v2/status.json",
    "/status/api/v2/components.json",
    "/status/api/v2/incidents.json",
    "/status/api/v2/incidents/unresolved.json",
    "/status/api/v2/scheduled-maintenances.json",
    "/status/api/v2/scheduled-maintenances/upcoming.json",
    "/status/api/v2/scheduled-maintenances/active.json",
    "/status/main/api/v2/summary.json",
];

fn leaks(page: &Page) -> Option<&'static str> {
    ["hidden-", "secret", "internal", "default/", "group:"].into_iter().find(|word| page.says(word))
}

#[tokio::test]
async fn the_page_shows_declared_names_alone_and_says_so_where_nothing_is_known() {
    let site = Site::open();
    site.administrator().await;
    declare(&site).await;
    let mut reader = Browser::new(&site);
    let shown = reader.see("/status").await;
    for text in ["Shop status", "How the shop is.", "Web site", "What you see.", "Payments", "Checkout", "No data"] {
        assert!(shown.says(text), "{text}");
    }
    assert!(!shown.says("All systems operational") && shown.says("Some systems report no data"));
    run(&site, false, 1).await;
    site.pass(20);
    let good = reader.see("/status").await;
    assert!(good.says("All systems operational") && !good.says("No data"), "{}", good.html);
    assert!(
        good.says("90 days: 100 % uptime, on 1 of them with data") && good.says("89 of 90 days without data"),
        "{}",
        good.html
    );
    run(&site, true, 2).await;
    site.pass(20);
    let bad = reader.see("/status").await;
    assert!(bad.says("Partial system outage") && bad.says("Major outage"), "{}", bad.html);
    for path in PUBLIC {
        let page = reader.see(path).await;
        assert_eq!(leaks(&page), None, "{path}: {}", page.html);
        assert!(page.html.len() < 50_000, "{path}");
    }
}

#[tokio::test]
async fn each_page_has_its_address_and_one_that_is_not_public_is_for_those_who_are_signed_in() {
    let site = Site::open();
    let mut ann = site.administrator().await;
    assert_eq!(Browser::new(&site).get("/status").await.status, StatusCode::NOT_FOUND, "none is declared");
    declare(&site).await;
    let mut reader = Browser::new(&site);
    assert!(reader.see("/status/partners").await.says("Partner API"));
    for path in ["/status/draft", "/status/draft/api/v2/summary.json", "/status/nothing", "/status/api/v2/nothing.json"]
    {
        assert_eq!(reader.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let preview = ann.see("/status/draft").await;
    assert!(preview.says("Not public"));
    assert_eq!(preview.headers[header::CACHE_CONTROL], "private, no-store");
    assert_eq!(reader.get("/status/draft").await.status, StatusCode::NOT_FOUND, "nothing is kept of a preview");
}

#[tokio::test]
async fn programs_read_it_as_they_read_statuspage() {
    let site = Site::open();
    declare(&site).await;
    run(&site, false, 1).await;
    run(&site, true, 2).await;
    let summary = json(&site, "/status/api/v2/summary.json").await;
    assert_eq!(summary["page"]["id"], "main");
    assert_eq!(summary["status"]["indicator"], "major");
    let components = summary["components"].as_array().unwrap();
    let named: Vec<_> =
        components.iter().map(|it| (it["id"].as_str().unwrap(), it["status"].as_str().unwrap())).collect();
    assert_eq!(
        named,
        [
            ("web-site", "operational"),
            ("group.payments", "major_outage"),
            ("checkout", "major_outage"),
            ("refunds", "operational")
        ]
    );
    assert_eq!((&components[1]["group"], &components[1]["components"][0]), (&Value::Bool(true), &"checkout".into()));
    assert_eq!(components[2]["group_id"], "group.payments");
    for part in ["incidents", "scheduled_maintenances"] {
        assert!(summary[part].as_array().unwrap().is_empty());
    }
    for (path, words) in [
        ("/status/api/v2/status.json", "Partial system outage"),
        ("/status/partners/api/v2/status.json", "All systems operational"),
    ] {
        assert_eq!(json(&site, path).await["status"]["description"], words);
    }
}

#[tokio::test]
async fn an_answer_is_kept_by_proxies_and_not_sent_twice() {
    let site = Site::open();
    declare(&site).await;
    let mut reader = Browser::new(&site);
    for path in ["/status", "/status/api/v2/summary.json"] {
        let page = reader.see(path).await;
        let kept = page.headers[header::CACHE_CONTROL].to_str().unwrap();
        assert!(kept.starts_with("public, max-age=") && kept.contains("stale-if-error="), "{kept}");
        assert!(!page.headers.contains_key(header::SET_COOKIE));
        let etag = page.headers[header::ETAG].to_str().unwrap().to_owned();
        for tag in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}")] {
            let again = reader.get_with(path, header::IF_NONE_MATCH, &tag).await;
            assert_eq!((again.status, again.html.as_str()), (StatusCode::NOT_MODIFIED, ""));
        }
        let other = reader.get_with(path, header::IF_NONE_MATCH, "\"other\"").await;
        assert_eq!(other.status, StatusCode::OK);
    }
}
