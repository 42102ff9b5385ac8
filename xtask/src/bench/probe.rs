//! How many HTTPS runs a second one probe makes on one core, and how well it times them, beside Debian's
//! `prometheus-blackbox-exporter` in the same run.
//!
//! The probe has one core to itself; the target and whoever drives the exporter share the other. They take turns, so
//! that whatever else the machine does hits both, and what is to be believed is the ratio. Runs for each second of its
//! own processor time are what is left of the figure where other programs use the core too. Every run is a connection of
//! its own with a complete, verified handshake (ECDSA P-256, no resumption), which the target counts.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{line, machine, megabytes, until};
use crate::{
    needs,
    run::{cargo, program, succeed, target_directory},
    server::{Folder, memory_kb},
};

const ROUNDS: usize = 3;
const SECONDS: &str = "10";
const PROBES_CORE: &str = "0";
const TARGETS_CORE: &str = "1";
/// More checks, each once a second, than one core can run.
const ENDLESS: u32 = 6_000;
/// Connections to the exporter; what it gets by more of them is longer queues.
const CONNECTIONS: &str = "64";
/// The target's delay when it is measured how well it is reported.
const DELAY_MS: u32 = 100;
/// In clock ticks a second, as Linux reports it to programs (`proc_pid_stat(5)`).
const TICKS: f64 = 100.0;

/// Builds, measures, prints.
pub(super) fn run() -> Result<()> {
    machine();
    let exporter = needs::blackbox_exporter()?;
    succeed(&mut cargo("build --release --locked -p probe --example probe_bench"))?;
    let ours = target_directory()?.join("release/examples/probe_bench");
    let folder = Folder::new("bench-probe")?;
    let mut target = Target::start(&ours, folder.path())?;
    let exporter = exporter.map(|program| Exporter::start(&program, folder.path(), &target)).transpose()?;

    let at_once = target.url(0);
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        mine.push(target.beside(|target| prober(&ours, target, &at_once, ENDLESS))?);
        if let Some(exporter) = &exporter {
            theirs.push(target.beside(|_| exporter.driven(&ours, &at_once, 1_000_000))?);
        }
    }
    let mine = median(mine).context("no round was measured")?;
    mine.print("HTTPS runs of ours", "-");
    let rate = mine.per_second * 0.8;
    let theirs = median(theirs);
    if let Some(theirs) = &theirs {
        theirs.print("HTTPS runs of blackbox_exporter", "-");
        line("  ours to theirs", &format!("{:.2}", mine.per_second / theirs.per_second), "3.00");
        line("  of processor time, ours to theirs", &format!("{:.2}", mine.per_cpu / theirs.per_cpu), "3.00");
    }

    let late = target.url(DELAY_MS);
    let timed = target.beside(|target| prober(&ours, target, &late, rate as u32))?;
    timed.print_accuracy("ours at 80 % of its rate");
    let memory_kb = timed.memory_kb;
    if let (Some(exporter), Some(theirs)) = (&exporter, theirs) {
        let rate = (theirs.per_second * 0.8) as u32;
        let timed = target.beside(|_| exporter.driven(&ours, &late, rate))?;
        timed.print_accuracy("blackbox_exporter at 80 % of its rate");
        line("  memory then, ours to theirs", &format!("{:.2}", memory_kb as f64 / timed.memory_kb as f64), "2.00");
    }
    Ok(())
}

/// What one round measured.
struct Round {
    per_second: f64,
    bad: u64,
    memory_kb: u64,
    /// Runs for each second of processor time that the probe used.
    per_cpu: f64,
    /// The 5th, 50th and 95th percentile of what was reported, in microseconds: of the whole run, and until the answer's
    /// first byte once it was connected.
    reported_us: Vec<f64>,
    processing_us: Vec<f64>,
    /// How much of its core the target used, in percent; what drove the exporter is not in it.
    target_percent: f64,
}

impl Round {
    fn read(printed: &str, memory_kb: u64) -> Result<Self> {
        let value: Value = serde_json::from_str(printed.trim()).with_context(|| format!("it said: {printed}"))?;
        let spread = |name: &str| -> Vec<f64> {
            value.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_f64).collect()
        };
        Ok(Self {
            per_second: value.get("per_second").and_then(Value::as_f64).context("no rate")?,
            bad: value.get("bad").and_then(Value::as_u64).context("no count")?,
            memory_kb,
            per_cpu: value.get("per_cpu_second").and_then(Value::as_f64).context("no rate of processor time")?,
            reported_us: spread("reported_us"),
            processing_us: spread("processing_us"),
            target_percent: 0.0,
        })
    }

    fn print(&self, what: &str, goal: &str) {
        let Self { per_second, bad, memory_kb, target_percent, per_cpu, .. } = self;
        let memory = megabytes(memory_kb * 1024);
        line(what, &format!("{per_second:.0}/s, {bad} failed, {memory}"), goal);
        line("  for each second of its processor time", &format!("{per_cpu:.0}"), "-");
        line("  the target's core meanwhile", &format!("{target_percent:.0} % by the target"), "-");
    }

    fn print_accuracy(&self, who: &str) {
        let delay_us = f64::from(DELAY_MS) * 1e3;
        let off = |spread: &[f64]| {
            let parts: Vec<String> =
                spread.iter().map(|us| format!("{:+.1} %", (us - delay_us) / delay_us * 100.0)).collect();
            parts.join(", ")
        };
        line(
            &format!("{DELAY_MS} ms, {who}"),
            &format!("{:.0}/s, {} failed, {}", self.per_second, self.bad, megabytes(self.memory_kb * 1024)),
            "-",
        );
        line("  answer reported, p5, p50, p95", &off(&self.processing_us), "5 %");
        line("  whole run reported, p5, p50, p95", &off(&self.reported_us), "-");
    }
}

fn median(mut rounds: Vec<Round>) -> Option<Round> {
    rounds.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle)
}

/// Pinned to a core, and trusting the target's authority as the machine's own.
fn pinned(core: &str, what: &Path, authority: &Path) -> Command {
    let mut command = program("taskset");
    command.args(["--cpu-list", core]).arg(what).env("SSL_CERT_FILE", authority).env("GOMAXPROCS", "1");
    command.stdin(Stdio::null());
    command
}

/// A round of the prober itself.
fn prober(ours: &Path, target: &Target, url: &str, checks: u32) -> Result<Round> {
    let mut command = pinned(PROBES_CORE, ours, &target.authority);
    let child = command.args(["probe", url, &checks.to_string(), SECONDS]).stdout(Stdio::piped()).spawn()?;
    let (printed, memory_kb) = finish(child, None)?;
    Round::read(&printed, memory_kb)
}

/// What it printed, and the most that it, or whom it drives, held in memory meanwhile.
fn finish(mut child: Child, driven: Option<&Child>) -> Result<(String, u64)> {
    let mut most = 0;
    let status = loop {
        most = most.max(memory_kb(driven.unwrap_or(&child)).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(100));
    };
    ensure!(status.success(), "the measuring program: {status}");
    let mut stdout = child.stdout.take().context("it has no output")?;
    Ok((std::io::read_to_string(&mut stdout)?, most))
}

/// A program's processor time so far, in seconds.
fn worked(child: &Child) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id()))?;
    // What follows the program's name, which may have blanks; utime and stime are fields 14 and 15 of all.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|ticks| ticks.parse::<f64>().ok()).context("no time in stat");
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// The server that both probe; it ends with its standard input.
struct Target {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    port: u64,
    authority: PathBuf,
}

impl Target {
    fn start(ours: &Path, folder: &Path) -> Result<Self> {
        let authority = folder.join("authority.pem");
        let mut command = pinned(TARGETS_CORE, ours, &authority);
        command.arg("target").arg(&authority).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("could not start taskset and the target")?;
        let stdin = child.stdin.take().context("the target has no input")?;
        let stdout = BufReader::new(child.stdout.take().context("the target has no output")?);
        let mut target = Self { child, stdin, stdout, port: 0, authority };
        target.port = target.said("port")?;
        Ok(target)
    }

    fn url(&self, delay_ms: u32) -> String {
        format!("https://localhost:{}/after/{delay_ms}", self.port)
    }

    fn said(&mut self, name: &str) -> Result<u64> {
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        let value: Value = serde_json::from_str(&line).with_context(|| format!("the target said: {line}"))?;
        value.get(name).and_then(Value::as_u64).with_context(|| format!("the target names no {name}"))
    }

    /// Connections that shook hands so far.
    fn connections(&mut self) -> Result<u64> {
        self.stdin.write_all(b"\n")?;
        self.said("connections")
    }

    /// A round, with what the target did meanwhile.
    fn beside(&mut self, round: impl FnOnce(&Self) -> Result<Round>) -> Result<Round> {
        let (before, begun, began) = (self.connections()?, worked(&self.child)?, Instant::now());
        let mut round = round(self)?;
        round.target_percent = (worked(&self.child)? - begun) / began.elapsed().as_secs_f64() * 100.0;
        let counted = self.connections()? - before;
        let seconds: f64 = SECONDS.parse()?;
        ensure!(counted as f64 >= round.per_second * seconds, "{counted} handshakes for more runs: some were resumed");
        Ok(round)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `blackbox_exporter`, which probes when it is asked.
struct Exporter {
    child: Child,
    address: String,
    authority: PathBuf,
}

impl Exporter {
    fn start(exporter: &Path, folder: &Path, target: &Target) -> Result<Self> {
        let config = folder.join("blackbox.yml");
        let module = "modules:\n  bench:\n    prober: http\n    timeout: 5s\n    http:\n      preferred_ip_protocol: ip4\n      \
                      fail_if_body_not_matches_regexp: ['\"status\": \"ok\"']\n";
        fs::write(&config, module)?;
        // Another program could take the port in between; then this one says so and the bench ends.
        let address = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?.port());
        let mut command = pinned(PROBES_CORE, exporter, &target.authority);
        command.arg(format!("--config.file={}", config.display())).arg(format!("--web.listen-address={address}"));
        command.arg("--log.level=error").stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().with_context(|| format!("could not start {}", exporter.display()))?;
        let mut exporter = Self { child, address, authority: target.authority.clone() };
        until(Duration::from_secs(20), "the exporter listens", || {
            if let Some(status) = exporter.child.try_wait()? {
                bail!("blackbox_exporter: {status}");
            }
            Ok(TcpStream::connect(&exporter.address).is_ok())
        })?;
        Ok(exporter)
    }

    /// A round in which it is asked so often a second at most.
    fn driven(&self, ours: &Path, url: &str, rate: u32) -> Result<Round> {
        let mut command = pinned(TARGETS_CORE, ours, &self.authority);
        let process = self.child.id().to_string();
        command.args(["load", &self.address, &process, url, CONNECTIONS, &rate.to_string(), SECONDS]);
        command.stdout(Stdio::piped());
        let (printed, memory_kb) = finish(command.spawn()?, Some(&self.child))?;
        Round::read(&printed, memory_kb)
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_round_prints_is_read() {
        let printed = "{\"per_second\":1200.5,\"per_cpu_second\":2000,\"bad\":0,\"reported_us\":[1,2,3],\"processing_us\":[4,5,6]}\n";
        let round = Round::read(printed, 10).unwrap();
        assert_eq!((round.per_second, round.reported_us.as_slice()), (1200.5, [1.0, 2.0, 3.0].as_slice()));
        assert!(Round::read("a run failed", 10).is_err());
    }
}
