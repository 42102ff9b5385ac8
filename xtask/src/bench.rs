//! `cargo xtask bench`: the figures, beside their goals and the machine's facts.
//!
//! Nothing here fails because it is slow: a figure says something about this machine at this moment.

mod flags;
mod paging;
mod probe;

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::{
    http::Connection,
    run::{cargo, succeed, target_directory},
    server::{Folder, Server, TOKEN},
};

const ENTITIES: u64 = 30_000;
const REQUESTS: usize = 300;
/// Between two requests, so that the server's rate limit never answers.
const PAUSE: Duration = Duration::from_millis(6);
const EDITS: usize = 10;
const APPLIED_MAX: Duration = Duration::from_secs(180);
const SEEN_MAX: Duration = Duration::from_secs(30);

/// What is measured over HTTP, with the goal at the 99th percentile.
const ASKED: [(&str, &str, &str); 8] = [
    ("entity screen", "/entities/component/default/service-4242", "5 ms"),
    ("home screen", "/", "10 ms"),
    ("services screen", "/services", "10 ms"),
    ("findings screen", "/findings", "10 ms"),
    ("graph of an entity", "/graph?root=component:default/service-4242", "10 ms"),
    ("search screen", "/search?q=service-4242", "10 ms"),
    ("facets", "/api/catalog/entity-facets?facet=spec.lifecycle&filter=kind=component", "2 ms"),
    ("query with filter", "/api/catalog/entities/by-query?filter=kind=component&limit=20", "-"),
];

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only what a reader of a running server waits for
    #[arg(long)]
    server: bool,
    /// Only flags: evaluated in process, over HTTP beside unleash-edge, and how soon a flip is seen
    #[arg(long, conflicts_with = "server")]
    flags: bool,
    /// Only contracts: whether it can be deployed, what is to be verified, the dashboard and publishing, at a large company
    #[arg(long, conflicts_with_all = ["server", "flags"])]
    contracts: bool,
    /// Only pages: storms of alerts, how soon somebody is told, and the results of ten thousand checks
    #[arg(long, conflicts_with_all = ["server", "flags", "contracts"])]
    paging: bool,
    /// Only probing: HTTPS runs a second on one core, and how well they are timed, beside blackbox_exporter
    #[arg(long, conflicts_with_all = ["server", "flags", "contracts", "paging"])]
    probe: bool,
    /// Only dashboards: a team's, and deployments and objectives, after a year of a company with 200 services
    #[arg(long, conflicts_with_all = ["server", "flags", "contracts", "paging", "probe"])]
    dashboard: bool,
}

/// Builds, measures, prints.
pub(crate) fn run(args: &Args) -> Result<()> {
    if args.flags {
        return flags::run();
    }
    if args.paging {
        return paging::run();
    }
    if args.probe {
        return probe::run();
    }
    machine();
    if args.dashboard {
        return examples(&[("web", "dashboard_bench")]);
    }
    if args.contracts {
        return examples(&[("contracts", "contracts_bench"), ("web", "contracts_api_bench")]);
    }
    succeed(&mut cargo("build --release --locked -p mainstay"))?;
    if !args.server {
        parts()?;
    }
    let binary = target_directory()?.join("release/mainstay");
    line("release binary", &megabytes(fs::metadata(&binary)?.len()), "40 MB");
    server(&binary)
}

/// Each with the program that its own crate has for it.
fn parts() -> Result<()> {
    examples(&[("timeline", "append_bench"), ("engine", "world_bench"), ("index", "index_bench")])?;
    println!(
        "goals: 20,000 durable appends/s by 64 writers; 1,000,000 events folded in 5 s; 30,000 entities started in 1 s, in 150 MB\n"
    );
    Ok(())
}

fn examples(of: &[(&str, &str)]) -> Result<()> {
    for (package, example) in of {
        succeed(&mut cargo(&format!("run --quiet --release --locked -p {package} --example {example}")))?;
    }
    Ok(())
}

/// What the figures depend on.
fn machine() {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map_or("not known", |(_, value)| value.trim()).to_owned()
    };
    let cores = thread::available_parallelism().map_or(0, usize::from);
    println!("processor: {}, {cores} cores", field(&read("/proc/cpuinfo"), "model name"));
    println!("memory:    {}", field(&read("/proc/meminfo"), "MemTotal"));
    println!("load:      {}", read("/proc/loadavg").trim());
}

fn server(binary: &Path) -> Result<()> {
    let folder = Folder::new("bench")?;
    let (data, catalog) = (folder.path().join("data"), folder.path().join("catalog"));
    fs::create_dir(&catalog)?;
    let mut write = cargo("run --quiet --release --locked -p engine --example world_bench catalog");
    succeed(write.arg(&catalog))?;
    println!();

    let begun = Instant::now();
    let server = Server::start(binary, &data, &catalog)?;
    let mut connection = Connection::open(&server.address, TOKEN)?;
    until(APPLIED_MAX, "the catalog is applied", || Ok(total(&mut connection)? == ENTITIES))?;
    line("30,000 entities read and applied at first start", &seconds(begun.elapsed()), "-");
    edits(&mut connection, &catalog)?;
    server.stop()?;

    let begun = Instant::now();
    let server = Server::start(binary, &data, &catalog)?;
    let mut connection = Connection::open(&server.address, TOKEN)?;
    ensure!(total(&mut connection)? == ENTITIES, "the server starts with another catalog than it stopped with");
    line("started again, until the first answer", &seconds(begun.elapsed()), "1 s");
    // The folder is read again after the start: what is measured next is a server at rest.
    thread::sleep(Duration::from_secs(10));
    let memory = |server: &Server| server.memory_kb().map_or("not known".to_owned(), |kb| megabytes(kb * 1024));
    line("memory, at rest", &memory(&server), "150 MB");
    for (what, path, goal) in ASKED {
        asked(&mut connection, what, path, goal)?;
    }
    line("memory, after being asked", &memory(&server), "150 MB");
    server.stop()
}

/// How many entities the catalog has, by Backstage's API.
fn total(connection: &mut Connection) -> Result<u64> {
    let answer = connection.get("/api/catalog/entities/by-query?limit=1&fields=kind")?;
    ensure!(answer.status == 200, "by-query answers {}", answer.status);
    let answer: Value = serde_json::from_slice(&answer.body)?;
    answer.get("totalItems").and_then(Value::as_u64).context("by-query names no total")
}

/// Edits a file again and again, and asks until the API has the new text.
fn edits(connection: &mut Connection, catalog: &Path) -> Result<()> {
    let file = catalog.join("team-42/catalog-info.yaml");
    let original = fs::read_to_string(&file)?;
    let mut times = Vec::with_capacity(EDITS);
    for edit in 0..EDITS {
        let title = format!("Edited {edit} times");
        fs::write(&file, original.replace("The service number 4242", &title))?;
        let begun = Instant::now();
        until(SEEN_MAX, "the edit is seen", || {
            let answer = connection.get("/api/catalog/entities/by-name/component/default/service-4242")?;
            Ok(String::from_utf8_lossy(&answer.body).contains(&title))
        })?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    line("changed file visible, median", &seconds(percentile(&times, 50)), "1 s");
    line("changed file visible, slowest of ten", &seconds(percentile(&times, 100)), "1 s");
    Ok(())
}

fn asked(connection: &mut Connection, what: &str, path: &str, goal: &str) -> Result<()> {
    let (mut times, mut bytes) = (Vec::with_capacity(REQUESTS), 0);
    for _ in 0..REQUESTS {
        thread::sleep(PAUSE);
        let begun = Instant::now();
        let answer = connection.get(path)?;
        times.push(begun.elapsed());
        ensure!(answer.status == 200, "GET {path} answers {}", answer.status);
        bytes = answer.body.len();
    }
    times.sort_unstable();
    let at = |percent| format!("{:.2} ms", percentile(&times, percent).as_secs_f64() * 1e3);
    line(what, &format!("p50 {}, p99 {}, {:.1} kB", at(50), at(99), bytes as f64 / 1e3), goal);
    Ok(())
}

/// The smallest of the sorted times that so many percent do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

fn until(max: Duration, what: &str, mut ask: impl FnMut() -> Result<bool>) -> Result<()> {
    let begun = Instant::now();
    while !ask()? {
        if begun.elapsed() > max {
            bail!("waited {} s in vain until {what}", max.as_secs());
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn line(what: &str, figure: &str, goal: &str) {
    println!("{what:50} {figure:40} goal {goal}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_times() {
        let times: Vec<_> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(100));
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times, 100), Duration::from_millis(200));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
