//! The screens on which something is read: home, the catalog, docs, API reference, search, the manual.

use axum::http::{StatusCode, header};
use catalog::{Bundle, BundleFile};
use kernel::EntityRef;
use world::{Command, read_bundle};

use crate::browser::{Browser, Site};

const SHOP: &str = r##"
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: checkout
  title: "Check<script>alert(1)</script>out"
  description: 'Takes "money" <img src=x onerror=alert(2)>'
  annotations: { mainstay.dev/chat: "javascript:alert(3)" }
  links:
    - { url: "javascript:alert(4)", title: Evil }
    - { url: "https://dash.example/checkout", title: Dashboard }
spec: { type: service, lifecycle: production, owner: payments, system: money, dependsOn: ["component:ledger"], consumesApis: [ledger-api] }
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: { name: payments }
spec: { type: team, profile: { displayName: The Payers }, children: [], members: [ada] }
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: { name: ada }
spec: { profile: { displayName: Ada Fog }, memberOf: [payments] }
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: { name: money }
spec: { owner: payments }
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: { name: ledger }
spec: { type: service, lifecycle: production, owner: nobody-knows, system: money, providesApis: [ledger-api, broken-api] }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: ledger-api }
spec:
  type: openapi
  lifecycle: production
  owner: payments
  definition: |
    openapi: 3.0.3
    info: { title: Ledger, version: "2", description: "<script>alert(5)</script>Movements." }
    paths:
      /movements:
        get:
          operationId: listMovements
          summary: Lists the movements
          responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Movement" } } } } }
    components: { schemas: { Movement: { type: object, properties: { cents: { type: integer } } } } }
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: { name: broken-api }
spec: { type: openapi, lifecycle: production, owner: payments, definition: "openapi: 3.0.3\npaths: [\n" }
"##;

const RUNBOOK: &str = "# When checkout fails\n\nLook at the [ledger](ledger.md), then [the map](map.svg) and [nothing](gone.md).\n\n<script>alert(6)</script>\n\n## Undo\n\nThe zeppelin is first.\n";

async fn apply(site: &Site, files: &[(&str, &str)]) {
    let file = |(path, text): &(&str, &str)| BundleFile { path: (*path).to_owned(), bytes: text.as_bytes().into() };
    let bundle = Bundle { source: "shop".to_owned(), files: files.iter().map(file).collect(), problems: Vec::new() };
    let reading = read_bundle(&bundle);
    let blobs: Vec<Vec<u8>> = reading.blobs.iter().map(|blob| blob.bytes.to_vec()).collect();
    site.app.engine().store().put_blobs(&blobs).unwrap();
    let command = catalog::Command::Apply(catalog::Apply { reading, partial: true });
    site.done_by("ann", Command::Catalog(command)).await;
}

/// A site with a small shop, of which ann is the administrator.
async fn shop(site: &Site) -> Browser<'_> {
    let browser = site.administrator().await;
    let docs = [
        ("checkout/docs/runbook.md", RUNBOOK),
        ("checkout/docs/ledger.md", "# Ledger\n"),
        ("checkout/docs/map.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(7)</script></svg>"),
    ];
    let files: Vec<_> = [("checkout/catalog-info.yaml", SHOP)].into_iter().chain(docs).collect();
    apply(site, &files).await;
    browser
}

#[tokio::test]
async fn every_screen_shows_what_is_known() {
    let site = Site::open();
    let mut browser = shop(&site).await;
    for (path, words) in [
        (
            "/",
            &["Nothing is checked", "Nothing has changed", "1 owner does not exist", "1 team has nobody on call"][..],
        ),
        ("/services", &["ledger", "nobody-knows", "unknown", "The Payers", "1 to 2 of 2"]),
        ("/services?kind=", &["ledger-api", "Ada Fog"]),
        ("/services?kind=api&type=openapi&owner=group:default/payments", &["ledger-api", "broken-api"]),
        ("/services?state=down", &["Nothing in the catalog passes"]),
        (
            "/entities/component/default/ledger",
            &["nobody-knows", "No runbook", "no check is about it", "shop/checkout/catalog-info.yaml:"],
        ),
        (
            "/entities/component/default/checkout",
            &["When checkout fails", "https://dash.example/checkout", "Graph", "Docs"],
        ),
        ("/entities/group/default/payments", &["The Payers", "Ada Fog", "Owns", "no rotation"]),
        ("/entities/user/default/ada", &["Ada Fog", "The Payers", "not on call"]),
        ("/entities/system/default/money", &["a part of it", "ledger"]),
        ("/entities/api/default/ledger-api", &["provides it", "calls it", "/apis/default/ledger-api"]),
        ("/graph", &["<svg", "ledger", "The same as a list"]),
        ("/graph?root=component:default/ledger&depth=1", &["Around ledger", "1 step away"]),
        ("/findings", &["does not exist", "declare the group", "nobody is on call"]),
        ("/findings?rule=no-runbook", &["ledger has no runbook", "1 to 1 of 1"]),
        ("/docs", &["The manual", "Every error"]),
        ("/docs/component/default/checkout/docs/runbook.md", &["The zeppelin is first", "gone.md"]),
        ("/apis/default/ledger-api", &["/movements", "Movement", "provides"]),
        ("/apis/default/broken-api", &["can’t be read: line"]),
        ("/search?q=zeppelin", &["When checkout fails", "<mark>zeppelin</mark>"]),
        ("/search?q=movements&in=operations", &["GET /movements", "Lists the"]),
        ("/manual", &["The manual", "/manual/undo.md"]),
        ("/manual/undo.md", &["Undo"]),
        ("/docs/errors", &["moved-on", "/docs/errors/busy"]),
        ("/docs/errors/busy", &["retryable", "503", "75"]),
        ("/help", &["Keys and help", "Entities"]),
    ] {
        let page = browser.see(path).await;
        for word in words {
            assert!(page.says(word), "{path} does not say {word:?}: {}", page.html);
        }
        assert!(page.html.len() < 100_000, "{path} weighs {}", page.html.len());
    }
}

#[tokio::test]
async fn what_others_wrote_stays_text_and_its_links_lead_nowhere_dangerous() {
    let site = Site::open();
    let mut browser = shop(&site).await;
    let paths = [
        "/",
        "/services",
        "/entities/component/default/checkout",
        "/entities/component/default/ledger",
        "/graph",
        "/findings",
        "/docs",
        "/docs/component/default/checkout",
        "/apis/default/ledger-api",
        "/search?q=%3Cscript%3Ealert(8)%3C/script%3E",
        "/search?q=money",
    ];
    for path in paths {
        let page = browser.see(path).await;
        assert!(!page.says("<script>alert") && !page.says("<img src=x"), "{path}: {}", page.html);
        assert!(!page.says("href=\"javascript:"), "{path}");
    }
    let palette = browser.see("/search/palette?q=checkout").await;
    assert_eq!(palette.headers[header::CONTENT_TYPE], "application/json");
    assert!(palette.says("/entities/component/default/checkout"));
    let image = browser.see("/docs/component/default/checkout/docs/map.svg").await;
    assert_eq!(image.headers[header::CONTENT_TYPE], "image/svg+xml");
    assert!(image.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
}

#[tokio::test]
async fn the_operations_and_types_of_an_api_have_addresses_of_their_own() {
    let site = Site::open();
    let mut browser = shop(&site).await;
    let list = browser.see("/apis/default/ledger-api").await;
    let operation = list.html.split("href=\"/apis/default/ledger-api/operations/").nth(1).unwrap();
    let id = operation.split('"').next().unwrap();
    let page = browser.see(&format!("/apis/default/ledger-api/operations/{id}")).await;
    assert!(page.says("Lists the movements") && page.says("/apis/default/ledger-api/types/"));
    let id = page.html.split("/apis/default/ledger-api/types/").nth(1).unwrap().split('"').next().unwrap();
    let page = browser.see(&format!("/apis/default/ledger-api/types/{id}")).await;
    assert!(page.says("cents"));
    assert_eq!(browser.get("/apis/default/ledger-api/operations/none").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_not_there_is_a_screen_that_says_so() {
    let site = Site::open();
    let mut browser = shop(&site).await;
    for path in [
        "/entities/component/default/nope",
        "/entities/component/default/a%20b",
        "/docs/component/default/ledger",
        "/docs/component/default/checkout/none.md",
        "/apis/default/nope",
        "/docs/errors/nope",
        "/manual/nope.md",
        "/manual/../Cargo.toml",
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8", "{path}");
    }
    assert_eq!(browser.get("/graph?root=nonsense").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn any_screen_can_be_asked_for_the_past_and_then_offers_nothing_to_press() {
    let site = Site::open();
    let mut browser = site.administrator().await;
    apply(&site, &[("catalog-info.yaml", SHOP)]).await;
    let before = engine::Clock::now(site.clock.as_ref());
    site.pass(3_600);
    apply(
        &site,
        &[("catalog-info.yaml", &SHOP.replace("name: ledger }", "name: ledger, description: Counts twice. }"))],
    )
    .await;
    let flag: EntityRef = "flag:twice".parse().unwrap();
    let spec =
        serde_json::json!({ "usedBy": ["component:ledger"], "environments": { "production": { "enabled": false } } });
    let definition = flags::Definition::from_spec(flag.clone(), None, &spec).unwrap();
    site.done_by("ann", Command::Flags(flags::Command::Define { definition })).await;
    let turn = flags::Command::Turn { flag, environment: "production".to_owned(), on: true };
    site.done_by("bo", Command::Flags(turn)).await;

    let now = browser.see("/entities/component/default/ledger").await;
    assert!(now.says("Counts twice.") && now.says("turned flag twice on") && now.says("/undo/"));
    let then = browser.see(&format!("/entities/component/default/ledger?at={before}")).await;
    assert!(then.says("You see the past") && !then.says("Counts twice.") && !then.says("/undo/"));
    assert!(then.says(&format!("/graph?root=component%3Adefault%2Fledger&#38;at={before}")), "links keep the moment");
    for path in
        ["/", "/services", "/services?kind=", "/findings", "/graph", "/docs", "/search?q=ledger", "/help", "/manual"]
    {
        let joint = if path.contains('?') { '&' } else { '?' };
        let then = browser.see(&format!("{path}{joint}at={before}")).await;
        assert!(then.says("You see the past"), "{path}");
    }
    let now = browser.see("/services").await;
    assert!(now.says("Counts twice."), "looking at the past leaves the present's index as it is");
    assert_eq!(browser.get("/?at=tomorrow").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(browser.get("/?at=2099-01-01T00:00Z").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_stranger_reads_about_errors_and_nothing_else() {
    let site = Site::open();
    shop(&site).await;
    let mut stranger = Browser::new(&site);
    let page = stranger.see("/docs/errors/unauthenticated").await;
    assert!(page.says("Sign in") && !page.says("ledger") && !page.says("data-live-url"));
    assert!(!page.says("class=\"count\""), "how much is wrong is nobody's business");
    for path in ["/", "/services", "/docs", "/manual", "/search/palette?q=a"] {
        let page = stranger.get(path).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{path}");
    }
}

#[tokio::test]
async fn search_follows_what_is_applied() {
    let site = Site::open();
    let mut browser = shop(&site).await;
    assert!(browser.see("/search?q=zeppelin").await.says("When checkout fails"));
    let renamed = SHOP.replace("name: ledger }", "name: ledger, description: A balloon. }");
    apply(
        &site,
        &[("checkout/catalog-info.yaml", &renamed), ("checkout/docs/runbook.md", "# When checkout fails\n\nAsk.\n")],
    )
    .await;
    assert!(!browser.see("/search?q=zeppelin").await.says("When checkout fails"));
    assert!(browser.see("/search?q=balloon").await.says("/entities/component/default/ledger"));
}
