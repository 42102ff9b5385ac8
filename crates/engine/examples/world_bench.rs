//! How fast the World is made: `cargo run --release -p engine --example world_bench [EVENTS]`.
//! `world_bench catalog DIR` writes the files of its catalog, for whoever measures something else with them.
//!
//! A catalog of 30,000 entities is read and applied, and a fresh process starts from its snapshot. Then a timeline of a
//! million mixed events is folded from its start, as after an upgrade that changed the snapshot's form.
#![expect(clippy::print_stdout, reason = "a benchmark prints what it measured")]

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Write as _,
    path::Path,
    process,
    sync::Arc,
    time::{Duration, Instant},
};

use catalog::{Apply, Bundle, BundleFile};
use engine::{Core, Engine, EngineOptions, Request, SystemClock};
use kernel::{Actor, EntityRef, Refusal};
use timeline::{Options, SqliteStore, Store};
use world::Command;

const ENTITIES: usize = 30_000;
const ENTITIES_OF_A_TEAM: usize = 100;
const FLAGS: usize = 500;
const BATCH: usize = 2_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [verb, dir] = arguments.as_slice() {
        return match verb.as_str() {
            "start" => start(Path::new(dir)),
            "catalog" => write(Path::new(dir)),
            other => Err(format!("there is no {other}").into()),
        };
    }
    let events = arguments.first().map_or(Ok(1_000_000), |events| events.parse())?;
    let dir = tempfile::tempdir()?;
    apply_catalog(dir.path())?;
    // A process of its own: what reading the files took is not what a server holds.
    process::Command::new(std::env::current_exe()?).arg("start").arg(dir.path()).status()?;
    fold(events)
}

fn open(dir: &Path) -> Result<Arc<dyn Store>, Box<dyn Error>> {
    Ok(Arc::new(SqliteStore::open(dir, &Options::default())?))
}

fn apply_catalog(dir: &Path) -> Result<(), Box<dyn Error>> {
    let bundle = catalog_of(ENTITIES)?;
    let begun = Instant::now();
    let reading = world::read_bundle(&bundle);
    report("30,000 entities read from files", begun);
    let begun = Instant::now();
    let store = open(dir)?;
    let engine = Engine::start(Arc::clone(&store), Arc::new(SystemClock::default()), EngineOptions::default())?;
    let apply = catalog::Command::Apply(Apply { reading, partial: false });
    engine.submit_blocking(Request::by_part(Command::Catalog(apply), "bench"))?;
    report("30,000 entities applied", begun);
    let begun = Instant::now();
    engine.stop();
    // The engine keeps it on a thread of its own.
    while store.snapshot_before(world::SNAPSHOT_SCHEMA, u64::MAX)?.is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    report("snapshot kept", begun);
    println!("snapshot: {:.1} MB before compression", engine.world().to_snapshot()?.len() as f64 / 1e6);
    drop(engine);
    // Until that thread has let go of it, another process can't open the folder.
    while Arc::strong_count(&store) > 1 {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

fn write(dir: &Path) -> Result<(), Box<dyn Error>> {
    for file in catalog_of(ENTITIES)?.files {
        let path = dir.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap_or(dir))?;
        std::fs::write(path, &file.bytes)?;
    }
    Ok(())
}

/// What a server does until it has its World.
fn start(dir: &Path) -> Result<(), Box<dyn Error>> {
    let begun = Instant::now();
    let engine = Engine::start(open(dir)?, Arc::new(SystemClock::default()), EngineOptions::default())?;
    report("start from a snapshot of 30,000 entities", begun);
    println!("entities: {}; memory: {}", engine.world().catalog.iter().count(), memory());
    engine.stop();
    Ok(())
}

fn fold(events: usize) -> Result<(), Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let begun = Instant::now();
    let position = fill(open(dir.path())?, events)?;
    report(&format!("{position} mixed events decided and appended"), begun);
    let store = open(dir.path())?;
    let begun = Instant::now();
    let core = Core::open(store, Arc::new(SystemClock::default()))?;
    report(&format!("fold of {} events", core.world().position), begun);
    println!("memory: {}", memory());
    Ok(())
}

fn fill(store: Arc<dyn Store>, events: usize) -> Result<u64, Box<dyn Error>> {
    let mut core = Core::open(store, Arc::new(SystemClock::default()))?;
    let reading = world::read_bundle(&catalog_of(1_000)?);
    let apply = Command::Catalog(catalog::Command::Apply(Apply { reading, partial: false }));
    let flags = (0..FLAGS).map(define).collect::<Result<Vec<_>, _>>()?;
    carry_out(&mut core, std::iter::once(apply).chain(flags).map(by_somebody).collect())?;
    let mut number = 0;
    while core.world().position < events as u64 {
        let commands = (number..number + BATCH).map(mixed).collect::<Result<Vec<_>, _>>()?;
        carry_out(&mut core, commands.into_iter().map(by_somebody).collect())?;
        number += BATCH;
    }
    Ok(core.world().position)
}

fn carry_out(core: &mut Core, requests: Vec<Request>) -> Result<(), Refusal> {
    core.execute(&requests).0.into_iter().try_for_each(|answer| answer.map(|_| ()))
}

fn by_somebody(command: Command) -> Request {
    Request { command, actor: Actor::Person("somebody".to_owned()), reason: Some("a reason".to_owned()), id: None }
}

fn flag(number: usize) -> Result<EntityRef, kernel::RefError> {
    EntityRef::new("flag", "default", &format!("flag-{}", number % FLAGS))
}

fn define(number: usize) -> Result<Command, Box<dyn Error>> {
    let definition = flags::Definition {
        description: "A flag.".to_owned(),
        environments: BTreeMap::from([("production".to_owned(), false.into())]),
        ..flags::Definition::boolean(flag(number)?)
    };
    Ok(Command::Flags(flags::Command::Define { definition }))
}

/// Half are flags that are turned, the rest deployments and configurations.
fn mixed(number: usize) -> Result<Command, Box<dyn Error>> {
    let component = EntityRef::new("component", "default", &format!("service-{}", number % 700))?;
    let environment = "production".to_owned();
    Ok(match number % 4 {
        0 | 1 => {
            let on = (number / FLAGS).is_multiple_of(2);
            Command::Flags(flags::Command::Turn { flag: flag(number)?, environment, on })
        }
        2 => Command::Deploys(deploys::Command::RecordDeployment {
            component,
            environment,
            version: format!("1.{number}.0"),
            outcome: deploys::Outcome::Succeeded,
            url: Some(format!("https://ci.example/{number}")),
            commit: Some(format!("{number:040x}")),
            rollback_of: None,
            finished: None,
            told: deploys::Told::default(),
        }),
        _ => Command::Deploys(deploys::Command::RecordConfig {
            component,
            environment,
            settings: BTreeMap::from([
                ("WORKERS".to_owned(), number.to_string()),
                ("REGION".to_owned(), "eu".to_owned()),
            ]),
            finished: None,
        }),
    })
}

/// Teams with their services, APIs and resources, one file each.
fn catalog_of(entities: usize) -> Result<Bundle, Box<dyn Error>> {
    let mut files = Vec::new();
    for team in 0..entities / ENTITIES_OF_A_TEAM {
        let mut text = format!(
            "apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {{name: team-{team}}}\nspec: {{type: team, children: []}}\n"
        );
        let first = team * ENTITIES_OF_A_TEAM;
        for number in first..first + ENTITIES_OF_A_TEAM - 1 {
            write!(text, "---\n{}", entity(number, team))?;
        }
        files.push(BundleFile { path: format!("team-{team}/catalog-info.yaml"), bytes: text.into_bytes().into() });
    }
    Ok(Bundle { source: "bench".to_owned(), files, problems: Vec::new() })
}

fn entity(number: usize, team: usize) -> String {
    let metadata = |name: &str| {
        format!(
            "apiVersion: backstage.io/v1alpha1\nmetadata:\n  name: {name}-{number}\n  title: The {name} number {number}\n  \
             description: Answers requests of team {team} for shop {number}.\n  tags: [rust, tier-{tier}]\n  \
             annotations:\n    github.com/project-slug: example/{name}-{number}\n    slack.com/channel: \"#team-{team}\"\n  \
             links:\n    - {{url: \"https://runbooks.example/{name}-{number}\", title: Runbook, type: runbook}}\n",
            tier = number % 4,
        )
    };
    match number % 10 {
        7 | 8 => format!(
            "{}kind: API\nspec: {{type: grpc, lifecycle: production, owner: team-{team}, definition: \"syntax = \\\"proto3\\\";\"}}\n",
            metadata("api")
        ),
        9 => format!("{}kind: Resource\nspec: {{type: database, owner: team-{team}}}\n", metadata("database")),
        _ => format!(
            "{}kind: Component\nspec: {{type: service, lifecycle: production, owner: team-{team}, dependsOn: [component:service-{}]}}\n",
            metadata("service"),
            number / 2,
        ),
    }
}

/// What the process holds, and what it held at most, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let megabytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim_matches([':', '\t', ' ', 'k', 'B']).parse::<u64>().ok()? / 1024)
    };
    match (megabytes("VmRSS"), megabytes("VmHWM")) {
        (Some(now), Some(most)) => format!("{now} MB, {most} MB at most"),
        _ => "not known on this system".to_owned(),
    }
}

fn report(what: &str, begun: Instant) {
    println!("{what}: {:.3} s", begun.elapsed().as_secs_f64());
}
