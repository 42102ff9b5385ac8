//! Contracts at the size of a large company, through the whole router:
//! `cargo run --release -p web --example contracts_api_bench`.
//!
//! It seeds a store (see [`seed`]), starts from its snapshot, and asks what builds ask all day: whether something can be
//! deployed, what is to be verified, the dashboard, publishing. Folder and size can be given: `FOLDER [DIVISOR]`.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

mod seed;

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use engine::{Engine, EngineOptions, SystemClock};
use kernel::Sha256;
use serde_json::json;
use timeline::{Options, SqliteStore, Store};
use tower::ServiceExt as _;
use web::{App, Settings, routes::router, security::Limits};

const TOKEN: &str = "a-token-that-only-this-benchmark-knows";
const REQUESTS: usize = 400;

type Failed = Box<dyn Error + Send + Sync>;

fn told(what: &str, mut times: Vec<f64>, goal: &str) {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("{what:52} {:9.3} ms p50 {:9.3} ms p99   goal {goal}", at(50), at(99));
}

/// What this process holds, in MB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1024
}

fn open(folder: &Path) -> Result<Arc<dyn Store>, Failed> {
    Ok(Arc::new(SqliteStore::open(folder, &Options::default())?))
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut given = std::env::args().skip(1);
    let folder = given.next().map(PathBuf::from);
    let divisor: usize = given.next().map_or(Ok(1), |text| text.parse())?;
    let own = std::env::temp_dir().join(format!("mainstay-contracts-bench-{}", std::process::id()));
    let at = folder.clone().unwrap_or_else(|| own.clone());
    let result = run(&at, divisor).await;
    if folder.is_none() {
        // What is left over is in the system's temporary folder.
        let _ = std::fs::remove_dir_all(own);
    }
    result
}

async fn run(folder: &Path, divisor: usize) -> Result<(), Failed> {
    if open(folder)?.head()?.position == 0 {
        let begun = Instant::now();
        let counts = seed::seed(open(folder)?.as_ref(), divisor)?;
        println!("seeded {counts} in {:.1} s", begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        let engine = start(folder)?;
        println!("{:52} {:9.1} s", "first start: fold of all", begun.elapsed().as_secs_f64());
        tokio::task::spawn_blocking(move || engine.stop()).await?;
    }
    let before = resident();
    let begun = Instant::now();
    let engine = start(folder)?;
    println!("{:52} {:9.2} s   goal 3 s", "start from the snapshot", begun.elapsed().as_secs_f64());
    println!("{:52} {:9} MB (before: {before} MB)", "memory after it", resident());
    let settings = Settings { admin_token: Some(Sha256::of(TOKEN.as_bytes())), ..Settings::default() };
    let app = App::new(engine, settings);
    let limits = Limits { requests_per_second: 1e9, requests_at_once: 1e9, ..Limits::default() };
    let (router, _) = router(&app, &limits);
    asked(&router, divisor).await?;
    published(&router).await?;
    storm(&router).await?;
    println!("{:52} {:9} MB", "memory at the end", resident());
    let engine = app.engine().clone();
    tokio::task::spawn_blocking(move || engine.stop()).await?;
    Ok(())
}

fn start(folder: &Path) -> Result<Engine, Failed> {
    Ok(Engine::start(open(folder)?, Arc::new(SystemClock::default()), EngineOptions::default())?)
}

async fn send(router: &Router, request: Request<Body>) -> Result<(StatusCode, f64, usize), Failed> {
    let begun = Instant::now();
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), 64 << 20).await?;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    if !status.is_success() {
        return Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into());
    }
    Ok((status, took, body.len()))
}

fn get(path: &str) -> Result<Request<Body>, Failed> {
    Ok(Request::get(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}")).body(Body::empty())?)
}

fn post(path: &str, body: &serde_json::Value) -> Result<Request<Body>, Failed> {
    let request = Request::post(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
    Ok(request.header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))?)
}

async fn asked(router: &Router, divisor: usize) -> Result<(), Failed> {
    let last = seed::versions(divisor) - 1;
    let matrix = |name: &str, version: usize| {
        format!("/pact/matrix?q[][pacticipant]={name}&q[][version]={version}&latestby=cvpv&environment=production")
    };
    let mut times = Vec::new();
    for i in 0..REQUESTS {
        times.push(send(router, get(&matrix(&seed::name(i * 7 % seed::PACTICIPANTS), last - i % 10))?).await?.1);
    }
    told("can-i-deploy to an environment", times, "p99 < 5 ms");
    let repeated = |path: String, count: usize| async move {
        let mut times = Vec::new();
        for _ in 0..count {
            times.push(send(router, get(&path)?).await?.1);
        }
        Ok::<_, Failed>(times)
    };
    told("a provider with 500 deployed consumers", repeated(matrix("hub", 1), 100).await?, "p99 < 20 ms");
    told("a content with 15,000 verifications", repeated(matrix("steady-consumer", 0), REQUESTS).await?, "p99 < 5 ms");
    told("the dashboard", repeated("/pact/dashboard".to_owned(), 100).await?, "p99 < 20 ms");
    let body = json!({"consumerVersionSelectors": [{"mainBranch": true}, {"deployedOrReleased": true}],
        "providerVersionBranch": "main", "includePendingStatus": true, "includeWipPactsSince": "2020-01-01"});
    let mut times = Vec::new();
    for _ in 0..50 {
        times.push(send(router, post("/pact/pacts/provider/wip-provider/for-verification", &body)?).await?.1);
    }
    told("for verification, with WIP and 2,000 open branches", times, "p99 < 20 ms");
    Ok(())
}

/// What a build publishes.
fn publication(consumer: &str, version: &str, providers: usize, salt: usize) -> serde_json::Value {
    let contracts: Vec<serde_json::Value> = (0..providers)
        .map(|at| {
            let provider = seed::name(at);
            let pact = json!({"consumer": {"name": consumer}, "provider": {"name": provider},
                "interactions": [{"description": format!("request {salt} {at}"), "request": {"method": "GET", "path": "/x"},
                    "response": {"status": 200, "body": {"id": at}}}]});
            json!({"consumerName": consumer, "providerName": provider, "specification": "pact",
                "contentType": "application/json", "content": STANDARD.encode(pact.to_string())})
        })
        .collect();
    json!({"pacticipantName": consumer, "pacticipantVersionNumber": version, "branch": "main", "contracts": contracts})
}

async fn published(router: &Router) -> Result<(), Failed> {
    let run = std::process::id();
    let mut times = Vec::new();
    for i in 0..100 {
        let body = publication("bench-publisher", &format!("{run}-{i}"), 1, i);
        times.push(send(router, post("/pact/contracts/publish", &body)?).await?.1);
    }
    told("publish a pact, durable", times, "p99 < 10 ms");
    Ok(())
}

/// 20 clients publish 20 contracts each, at once.
async fn storm(router: &Router) -> Result<(), Failed> {
    let run = std::process::id();
    let begun = Instant::now();
    let clients = (0..20).map(|client| {
        let router = router.clone();
        tokio::spawn(async move {
            let body = publication(&format!("storm-{client}"), &format!("{run}"), 20, client);
            tokio::time::timeout(Duration::from_secs(30), send(&router, post("/pact/contracts/publish", &body)?))
                .await?
        })
    });
    let mut times = Vec::new();
    for done in futures::future::join_all(clients).await {
        times.push(done??.1);
    }
    let all = begun.elapsed().as_secs_f64() * 1e3;
    told("20 clients publish 20 contracts each, at once", times, "no error");
    println!("{:52} {all:9.1} ms", "all of them");
    Ok(())
}
