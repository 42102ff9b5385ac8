//! How long a flip takes until clients get it, and an evaluation through the whole router:
//! `cargo run --release -p web --example flags_bench`.
//!
//! 10,000 flags are defined, each off in production and on in staging; then one after the other is turned. "published" is
//! the part of a flip that brings what is served up to date; the rest is deciding and the disk.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::{error::Error, sync::Arc, time::Instant};

use axum::{
    body::{Body, to_bytes},
    http::{Request, header},
};
use engine::{Engine, EngineOptions, SystemClock};
use flags::{Command as FlagCommand, Definition};
use kernel::Sha256;
use timeline::SqliteStore;
use tower::ServiceExt as _;
use web::{App, Settings, evaluation::Published, routes::router, security::Limits};
use world::Command;

const FLAGS: usize = 10_000;
const AT_ONCE: usize = 500;
const FLIPS: usize = 50;
const EVALUATIONS: usize = 2_000;
const TOKEN: &str = "a-token-that-only-this-benchmark-knows";

fn submit(engine: &Engine, command: FlagCommand) -> impl Future<Output = Result<(), kernel::Refusal>> + use<> {
    let engine = engine.clone();
    async move { engine.submit(engine::Request::by_part(Command::Flags(command), "bench")).await.map(drop) }
}

fn told(what: &str, mut times: Vec<f64>) {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("{what:36} {:9.3} ms p50 {:9.3} ms p99", at(50), at(99));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let engine =
        Engine::start(Arc::new(SqliteStore::temporary()?), Arc::new(SystemClock::default()), EngineOptions::default())?;
    let names: Vec<kernel::EntityRef> =
        (0..FLAGS).map(|i| format!("flag:flag-{i}").parse()).collect::<Result<_, _>>()?;
    for some in names.chunks(AT_ONCE) {
        let defined = some.iter().map(|flag| {
            let mut definition = Definition::boolean(flag.clone());
            definition.environments =
                [("production", false), ("staging", true)].map(|(at, on)| (at.to_owned(), on.into())).into();
            submit(&engine, FlagCommand::Define { definition })
        });
        futures::future::try_join_all(defined).await?;
    }
    let begun = Instant::now();
    let settings = Settings { admin_token: Some(Sha256::of(TOKEN.as_bytes())), ..Settings::default() };
    let app = App::new(engine.clone(), settings);
    println!("{:36} {:9.1} ms", "publish 10,000 flags at the start", begun.elapsed().as_secs_f64() * 1e3);

    let alone = Published::new();
    alone.refresh(&engine.world(), engine.now());
    let (mut flips, mut published) = (Vec::new(), Vec::new());
    for flag in names.iter().step_by(FLAGS / FLIPS) {
        let command = FlagCommand::Turn { flag: flag.clone(), environment: "production".to_owned(), on: true };
        let begun = Instant::now();
        app.submit(engine::Request::by_part(Command::Flags(command), "bench")).await?;
        flips.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        alone.refresh(&engine.world(), engine.now());
        published.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    told("a flip, until it is answered", flips);
    told("of that, published", published);

    let limits = Limits { evaluations_per_second: 1e9, ..Limits::default() };
    let (router, _) = router(&app, &limits);
    let mut evaluations = Vec::new();
    for i in 0..EVALUATIONS {
        let body = format!(r#"{{"context":{{"targetingKey":"user-{i}"}}}}"#);
        let request = Request::post(format!("/ofrep/v1/evaluate/flags/flag-{i}"))
            .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
            .body(Body::from(body))?;
        let begun = Instant::now();
        let response = router.clone().oneshot(request).await?;
        to_bytes(response.into_body(), 1 << 20).await?;
        evaluations.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    told("an evaluation, without a socket", evaluations);
    app.engine().stop();
    Ok(())
}
