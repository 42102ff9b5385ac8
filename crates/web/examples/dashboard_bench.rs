//! A team's dashboard, its objectives and what they are made of, after a year of a company with 200 services, through the
//! whole router: `cargo run --release -p web --example dashboard_bench`.
//!
//! 20 teams own ten services each; 20,000 deployments with their commits and 1,000 incidents of checks happen in the order
//! of the year, on a clock that is moved. 200 objectives are kept, half of them of verdicts and half of how long runs took,
//! of 2,000,000 results of checks in the last 30 days. At last there are 1,000 objectives, and each look at all of them is
//! timed.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::{
    error::Error,
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
};
use catalog::{Apply, Bundle, BundleFile};
use checks::{Evidence, Outcome, RunResult, Streak};
use engine::{Clock, Engine, EngineOptions};
use futures::future::try_join_all;
use kernel::{Actor, EntityRef, IdSeed, Refusal, Sha256, Timestamp};
use timeline::{SampleBatch, Sketch, SqliteStore};
use tower::ServiceExt as _;
use web::{
    App, Settings,
    api::measures::{day_minute, interaction_series},
    routes::router,
    security::Limits,
    slos::keeper,
};
use world::Command;

const SERVICES: usize = 200;
const TEAMS: usize = 20;
const DEPLOYMENTS: usize = 20_000;
const INCIDENTS: usize = 1_000;
const RESULTS: usize = 2_000_000;
const RESULT_DAYS: i64 = 30;
const INTERACTIONS_A_DAY: usize = 30;
const OBJECTIVES_MOST: usize = 1_000;
const TICKS: usize = 50;
const LOCATION: &str = "lisbon";
const DAYS: i64 = 365;
const AT_ONCE: usize = 100;
const ROUNDS: usize = 200;
const TOKEN: &str = "a-token-that-only-this-benchmark-knows";
const BEGIN: i64 = 1_760_000_000;

type Failed = Box<dyn Error + Send + Sync>;

/// A clock that is moved through the year.
struct Moved {
    second: AtomicI64,
    seed: AtomicU64,
}

impl Clock for Moved {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.second.load(Ordering::Relaxed)).unwrap_or_default()
    }

    fn seed(&self) -> IdSeed {
        IdSeed(u128::from(self.seed.fetch_add(1, Ordering::Relaxed)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let clock = Arc::new(Moved { second: AtomicI64::new(BEGIN), seed: AtomicU64::new(1) });
    let engine = Engine::start(Arc::new(SqliteStore::temporary()?), clock.clone(), EngineOptions::default())?;
    let settings = Settings { admin_token: Some(Sha256::of(TOKEN.as_bytes())), ..Settings::default() };
    let app = App::new(engine, settings);
    let (router, _) = router(&app, &Limits { requests_at_once: 1e9, requests_per_second: 1e9, ..Limits::default() });
    let begun = Instant::now();
    apply(&app).await?;
    give(&app, Command::Checks(checks::Command::HearProbe { location: LOCATION.to_owned() })).await?;
    year(&app, &clock).await?;
    interactions(&app)?;
    results(&app)?;
    println!("{:44} {:9.1} s", "a year happens", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    count_all(&app).await?;
    println!("{:44} {:9.1} s", "the results of all objectives are counted", begun.elapsed().as_secs_f64());
    let world = app.world();
    println!("{:44} {:9}", "events", world.position);
    println!("{:44} {:9}", "incidents", world.incidents.recent().count());
    println!("{:44} {:9} MB", "memory", resident());
    println!("{:44} {:9} bytes", "a snapshot", world.to_snapshot()?.len());
    println!("{:44} {:>9} {:>9} {:>9} {:>9}", "", "first ms", "p50 ms", "p99 ms", "bytes");
    for (what, path) in [
        ("dashboard of a team, 90 days (goal 50 ms)", "/dashboard/default/team-7"),
        ("dashboard of a team, the year (goal 50 ms)", "/dashboard/default/team-7?from=2025-10-15"),
        ("dashboards of all teams", "/dashboard"),
        ("deployments of a team", "/deployments?team=team-7"),
        ("deployments of all, the year", "/deployments?from=2025-10-15"),
        ("measures of all, the year", "/api/v1/measures?from=2025-10-15"),
        ("measures of one service", "/api/v1/measures?component=service-77"),
        ("objectives", "/slos"),
        ("an objective of verdicts (goal 20 ms)", "/slos/default/slo-6"),
        ("an objective of how long runs take (20 ms)", "/slos/default/slo-7"),
    ] {
        let mut times = Vec::with_capacity(ROUNDS);
        let mut bytes = 0;
        for _ in 0..ROUNDS {
            let begun = Instant::now();
            bytes = ask(&router, path).await?;
            times.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let first = times.first().copied().unwrap_or_default();
        times.sort_by(f64::total_cmp);
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        println!("{what:44} {first:9.2} {:9.2} {:9.2} {bytes:>9}", at(50), at(99));
    }
    ticks(&app, &clock).await?;
    let engine = app.engine().clone();
    tokio::task::spawn_blocking(move || engine.stop()).await?;
    Ok(())
}

/// What this process holds, in MB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or_default() / 1_024
}

async fn ask(router: &Router, path: &str) -> Result<usize, Failed> {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {TOKEN}")).body(Body::empty())?;
    let response = router.clone().oneshot(request).await?;
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await?;
    if !status.is_success() {
        return Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body)).into());
    }
    Ok(body.len())
}

async fn give(app: &App, command: Command) -> Result<(), Refusal> {
    let actor = Actor::Token("bench".to_owned());
    app.submit(engine::Request { command, actor, reason: None, id: None }).await.map(drop)
}

async fn apply(app: &App) -> Result<(), Failed> {
    let mut text = String::new();
    for team in 0..TEAMS {
        write!(
            text,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{ name: team-{team} }}\nspec: {{ type: team, children: [] }}\n"
        )?;
    }
    for number in 0..SERVICES {
        let (team, needed) = (number % TEAMS, number / 3);
        write!(
            text,
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{ name: service-{number} }}\nspec: {{ type: service, lifecycle: production, owner: team-{team}, dependsOn: [\"component:service-{needed}\"] }}\n\
             ---\napiVersion: mainstay.dev/v1alpha1\nkind: Check\nmetadata: {{ name: check-{number} }}\nspec: {{ target: \"component:service-{number}\", http: {{ url: \"https://service-{number}.example/\" }} }}\n\
",
        )?;
    }
    objectives(&mut text, 0..SERVICES)?;
    apply_file(app, "company", text).await
}

/// Objectives: of a check's verdicts, and every other one of how long its runs take.
fn objectives(text: &mut String, numbers: std::ops::Range<usize>) -> Result<(), Failed> {
    for number in numbers {
        let service = number % SERVICES;
        let source = format!("metricSource: {{ type: mainstay/check, spec: {{ check: check-{service} }} }}");
        let (indicator, objective) = if number % 2 == 0 {
            (format!("ratioMetric: {{ rawType: success, raw: {{ {source} }} }}"), "target: 0.999")
        } else {
            (format!("thresholdMetric: {{ {source} }}"), "op: lte, value: 500, target: 0.99")
        };
        write!(
            text,
            "---\napiVersion: openslo/v1\nkind: SLO\nmetadata: {{ name: slo-{number} }}\nspec:\n  service: service-{service}\n  indicator: {{ metadata: {{ name: sli-{number} }}, spec: {{ {indicator} }} }}\n  timeWindow: [{{ duration: 30d, isRolling: true }}]\n  budgetingMethod: Occurrences\n  objectives: [{{ {objective} }}]\n",
        )?;
    }
    Ok(())
}

async fn apply_file(app: &App, source: &str, text: String) -> Result<(), Failed> {
    let file = BundleFile { path: "catalog-info.yaml".to_owned(), bytes: text.into_bytes().into() };
    let bundle = Bundle { source: source.to_owned(), files: vec![file], problems: Vec::new() };
    let reading = world::read_bundle(&bundle);
    Ok(give(app, Command::Catalog(catalog::Command::Apply(Apply { reading, partial: false }))).await?)
}

fn service(number: usize) -> Result<EntityRef, kernel::RefError> {
    EntityRef::new("component", EntityRef::DEFAULT_NAMESPACE, &format!("service-{number}"))
}

fn check(number: usize) -> Result<EntityRef, kernel::RefError> {
    EntityRef::new("check", EntityRef::DEFAULT_NAMESPACE, &format!("check-{number}"))
}

/// Deployments and incidents, in the order of the year.
async fn year(app: &App, clock: &Moved) -> Result<(), Failed> {
    let step = DAYS * 86_400 / i64::try_from(DEPLOYMENTS / AT_ONCE)? - 1_800;
    let broken = DEPLOYMENTS / INCIDENTS;
    for first in (0..DEPLOYMENTS).step_by(AT_ONCE) {
        clock.second.fetch_add(step, Ordering::Relaxed);
        let now = clock.now();
        let commands = (first..first + AT_ONCE).map(|number| {
            let commits = (1..=1 + number % 8).map(|commit| deploys::Commit {
                sha: format!("{:040x}", number * 10 + commit),
                at: now - jiff::SignedDuration::from_mins(i64::try_from(commit * (number % 97) * 13).unwrap_or(0)),
                author: None,
            });
            Ok(Command::Deploys(deploys::Command::RecordDeployment {
                component: service(number * 7 % SERVICES)?,
                environment: "production".to_owned(),
                version: format!("1.{number}.0"),
                outcome: deploys::Outcome::Succeeded,
                url: Some(format!("https://ci.example/{number}")),
                commit: Some(format!("{number:040x}")),
                rollback_of: None,
                finished: None,
                told: deploys::Told {
                    key: Some(format!("run-{number}")),
                    commits: commits.collect(),
                    ..deploys::Told::default()
                },
            }))
        });
        let commands = commands.collect::<Result<Vec<_>, kernel::RefError>>()?;
        try_join_all(commands.into_iter().map(|command| give(app, command))).await?;
        clock.second.fetch_add(600, Ordering::Relaxed);
        let failing = (first..first + AT_ONCE).step_by(broken).map(|number| check(number * 7 % SERVICES));
        let failing: Vec<EntityRef> = failing.collect::<Result<_, _>>()?;
        let failed = Outcome::Failed { evidence: Evidence::of("it answered 500".to_owned()) };
        report(app, clock, &failing, &failed).await?;
        clock.second.fetch_add(1_200, Ordering::Relaxed);
        report(app, clock, &failing, &Outcome::Passed).await?;
    }
    clock.second.fetch_add(3_600, Ordering::Relaxed);
    Ok(())
}

/// Two runs of each of these checks, a second apart: enough for a verdict, of which an incident comes, or ends.
async fn report(app: &App, clock: &Moved, checks: &[EntityRef], outcome: &Outcome) -> Result<(), Failed> {
    let since = clock.now();
    for runs in 1..=2 {
        clock.second.fetch_add(1, Ordering::Relaxed);
        let results = checks.iter().map(|check| {
            let result = RunResult {
                check: check.clone(),
                location: LOCATION.to_owned(),
                at: clock.now(),
                outcome: outcome.clone(),
                latency_ms: 90,
                streak: Streak { runs, since },
                pace: Streak { runs, since },
                last_good: None,
                hops: Vec::new(),
                asked: None,
            };
            give(app, Command::Checks(checks::Command::Report { result }))
        });
        try_join_all(results).await?;
    }
    Ok(())
}

/// Times to first meaningful interaction of every service and day.
fn interactions(app: &App) -> Result<(), Failed> {
    let now = app.now();
    for number in 0..SERVICES {
        let series = interaction_series(&service(number)?);
        let batch = |day: i64| {
            let value = |value: usize| 300.0 + ((value * 37 + number) % 900) as f64;
            let values: Vec<f64> = (0..INTERACTIONS_A_DAY).map(value).collect();
            let minute = day_minute(now - jiff::SignedDuration::from_hours(24 * day));
            sample(series.clone(), minute, &values)
        };
        let batches: Vec<SampleBatch> = (0..DAYS).map(batch).collect::<Result<_, Failed>>()?;
        app.engine().store().add_samples(batches)?;
    }
    Ok(())
}

/// Every check's results in the last days, each in a minute of its own; one of 500 took too long.
fn results(app: &App) -> Result<(), Failed> {
    let each = RESULTS / SERVICES;
    let (now, minutes) = (slo::minute_of(app.now()), RESULT_DAYS * 24 * 60);
    for number in 0..SERVICES {
        let series = checks::series(&check(number)?, LOCATION);
        let batch = |result: usize| {
            let minute = now - minutes + i64::try_from(result)? * minutes / i64::try_from(each)?;
            let ms = if result % 500 == number { 900.0 } else { 40.0 + ((result * 37 + number) % 200) as f64 };
            sample(series.clone(), minute, &[ms])
        };
        let batches: Vec<SampleBatch> = (0..each).map(batch).collect::<Result<_, Failed>>()?;
        for some in batches.chunks(1_000) {
            app.engine().store().add_samples(some.to_vec())?;
        }
    }
    Ok(())
}

fn sample(series: String, minute: i64, values: &[f64]) -> Result<SampleBatch, Failed> {
    let measured = Sketch::of(values).map_err(|_| "a value is no number")?;
    Ok(SampleBatch { series, minute, measured, errors: 0, parts: Vec::new() })
}

/// Counts the runs of all objectives that are about them, up to now.
async fn count_all(app: &App) -> Result<(), Failed> {
    let world = app.world();
    let resolved: Vec<_> = world.slos.slos().filter_map(|(slo, _)| world.slos.resolve(slo)?.ok()).collect();
    let now = slo::minute_of(app.now());
    for resolved in resolved.iter().filter(|resolved| matches!(resolved.input, slo::Input::Runs { .. })) {
        keeper::recall(app, resolved).await?;
        while let Some(from) = app.slos().asked_up_to(resolved).filter(|from| *from < now) {
            keeper::count_runs(app, resolved, from, now.min(from + 1_000)).await?;
        }
    }
    keeper::keep(app).await;
    Ok(())
}

/// A look at 1,000 objectives each minute.
async fn ticks(app: &App, clock: &Moved) -> Result<(), Failed> {
    let mut text = String::new();
    objectives(&mut text, SERVICES..OBJECTIVES_MOST)?;
    apply_file(app, "more", text).await?;
    let begun = Instant::now();
    count_all(app).await?;
    println!("{:44} {:9.1} s", "1,000 objectives are counted and looked at", begun.elapsed().as_secs_f64());
    let mut times = Vec::with_capacity(TICKS);
    for _ in 0..TICKS {
        clock.second.fetch_add(60, Ordering::Relaxed);
        let begun = Instant::now();
        keeper::keep(app).await;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    println!("{:44} {:9.2} {:9.2}", "a look at 1,000 objectives (goal 100 ms)", at(50), at(99));
    println!("{:44} {:9} MB", "memory, at last", resident());
    Ok(())
}
