//! How fast Backstage's catalog API answers: `cargo run --release -p web --example catalog_bench`.
//!
//! 30,000 entities are applied; then each question is asked of the whole router, guards included, without a socket, and
//! again after each of a few changes, when the index has to be brought up to date first.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::{error::Error, fmt::Write as _, sync::Arc, time::Instant};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use catalog::{Apply, Bundle, BundleFile};
use engine::{Engine, EngineOptions, SystemClock};
use kernel::{Actor, Refusal, Sha256};
use timeline::SqliteStore;
use tower::ServiceExt as _;
use web::{App, Settings, routes::router, security::Limits};
use world::Command;

const ENTITIES: usize = 30_000;
const ENTITIES_OF_A_TEAM: usize = 100;
const ROUNDS: usize = 300;
const CHANGES: usize = 20;
const TOKEN: &str = "a-token-that-only-this-benchmark-knows";

const QUESTIONS: &[(&str, &str)] = &[
    ("by-query, 20 of all", "entities/by-query?limit=20"),
    (
        "by-query, filtered and ordered",
        "entities/by-query?filter=kind=component,spec.lifecycle=production&orderField=metadata.name&limit=20",
    ),
    ("by-query, of one team", "entities/by-query?filter=relations.ownedBy=group:default/team-7&limit=20"),
    ("by-query, full text", "entities/by-query?filter=kind=component&fullTextFilterTerm=service-29&limit=20"),
    ("by-query, three fields", "entities/by-query?fields=kind,metadata.name,spec.owner&limit=20"),
    ("facets, one", "entity-facets?facet=spec.lifecycle"),
    (
        "facets, three and a filter",
        "entity-facets?facet=spec.type&facet=metadata.tags&facet=relations.ownedBy&filter=kind=component",
    ),
    ("one entity by name", "entities/by-name/component/default/service-777"),
    ("locations", "locations"),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine =
        Engine::start(Arc::new(SqliteStore::temporary()?), Arc::new(SystemClock::default()), EngineOptions::default())?;
    let settings = Settings { admin_token: Some(Sha256::of(TOKEN.as_bytes())), ..Settings::default() };
    let app = App::new(engine, settings);
    let (router, _) = router(&app, &Limits { requests_at_once: 1e9, requests_per_second: 1e9, ..Limits::default() });
    let begun = Instant::now();
    apply(&app, bundle("company", ENTITIES, 0)?).await?;
    println!("{:36} {:9.1} ms", "read and apply 30,000 entities", begun.elapsed().as_secs_f64() * 1e3);
    let begun = Instant::now();
    ask(&router, "entity-facets?facet=kind").await?;
    println!("{:36} {:9.1} ms", "the first question: build the index", begun.elapsed().as_secs_f64() * 1e3);

    println!("{:36} {:>9} {:>9} {:>9}", "", "p50 ms", "p99 ms", "bytes");
    for (name, path) in QUESTIONS {
        let mut times = Vec::with_capacity(ROUNDS);
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            bytes = ask(&router, path).await?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        report(name, times, bytes);
    }
    let mut times = Vec::with_capacity(CHANGES);
    for change in 1..=CHANGES {
        apply(&app, bundle("other", 10, change)?).await?;
        let begun = Instant::now();
        ask(&router, "entities/by-query?limit=20").await?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    report("by-query, the first after a change", times, 0);
    let begun = Instant::now();
    let bytes = ask(&router, "entities").await?;
    println!("{:36} {:9.1} ms {bytes:>19}", "all entities at once", begun.elapsed().as_secs_f64() * 1e3);
    app.engine().stop();
    Ok(())
}

fn report(name: &str, mut times: Vec<f64>, bytes: usize) {
    times.sort_by(f64::total_cmp);
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len() - 1)).copied().unwrap_or_default();
    println!("{name:36} {:9.3} {:9.3} {bytes:>9}", at(50), at(99));
}

async fn ask(router: &Router, path: &str) -> Result<usize, Box<dyn Error>> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(format!("/api/catalog/{path}"))
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .body(Body::empty())?;
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    if !status.is_success() {
        return Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(body.len())
}

async fn apply(app: &App, bundle: Bundle) -> Result<(), Refusal> {
    let reading = world::read_bundle(&bundle);
    let command = Command::Catalog(catalog::Command::Apply(Apply { reading, partial: false }));
    let actor = Actor::Source(bundle.source);
    app.submit(engine::Request { command, actor, reason: None, id: None }).await.map(|_| ())
}

/// The files of a company: one for each team. `version` changes every entity.
fn bundle(source: &str, entities: usize, version: usize) -> Result<Bundle, std::fmt::Error> {
    let name = if source == "company" { "service" } else { source };
    let mut files = Vec::new();
    for first in (0..entities).step_by(ENTITIES_OF_A_TEAM) {
        let team = first / ENTITIES_OF_A_TEAM;
        let mut text = format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{ name: {source}-team-{team} }}\nspec: {{ type: team, children: [] }}\n"
        );
        for number in first..(first + ENTITIES_OF_A_TEAM).min(entities) {
            let lifecycle = if number % 5 == 0 { "experimental" } else { "production" };
            let sort = if number % 7 == 0 { "library" } else { "service" };
            let needed = number / 3;
            write!(
                text,
                "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: {name}-{number}\n  \
                 description: Does the work of number {number} since version {version}\n  \
                 annotations: {{ github.com/project-slug: acme/{name}-{number} }}\n  tags: [tag-{}, tag-{}]\n  \
                 links: [{{ url: \"https://runbooks.example/{number}\", title: Runbook, type: runbook }}]\nspec:\n  \
                 type: {sort}\n  lifecycle: {lifecycle}\n  owner: team-{team}\n  dependsOn: [\"component:{name}-{needed}\"]\n",
                number % 20,
                number % 31 + 20,
            )?;
        }
        files.push(BundleFile { path: format!("team-{team}/catalog-info.yaml"), bytes: text.into_bytes().into() });
    }
    Ok(Bundle { source: source.to_owned(), files, problems: Vec::new() })
}
