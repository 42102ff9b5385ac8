//! How fast flags are evaluated and served, beside unleash-edge in the same run.
//!
//! Both servers have one core to themselves and wrk has another. They take turns, so that whatever else the machine does
//! hits both, and what is to be believed is the ratio.

use std::{
    env, fs,
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use super::{line, machine, megabytes, until};
use crate::{
    needs,
    run::{cargo, program, succeed, target_directory},
    server::{Folder, memory_kb},
};

const ROUNDS: usize = 3;
const ROUND: &str = "5s";
const CONNECTIONS: &str = "32";
const SERVERS_CORE: &str = "0";
const LOADS_CORE: &str = "1";
const READY_MAX: Duration = Duration::from_secs(20);
const EDGE: &str = "unleash-edge";
const EDGE_TOKEN: &str = "*:production.a-token-for-measuring";
/// What everybody asks with.
const USER: &str = "user-4242";
const EMAIL: &str = "somebody@acme.test";

/// Builds, measures, prints.
pub(super) fn run() -> Result<()> {
    machine();
    needs::wrk()?;
    succeed(&mut cargo("build --release --locked -p flagd -p serving --examples"))?;
    for (package, example) in [("flagd", "evaluate_bench"), ("serving", "flip_bench")] {
        succeed(&mut cargo(&format!("run --quiet --release --locked -p {package} --example {example}")))?;
    }
    println!(
        "goals: static under 0.2 µs, targeted and fractional under 1 µs; 10,000 flags of 100 rules loaded in 1 s; \
         flip seen by 1,000 streams within 50 ms at p99\n"
    );
    over_http()
}

/// Our server and unleash-edge in turns: all flags at once, with few and with many flags, and one flag.
fn over_http() -> Result<()> {
    let folder = Folder::new("bench-flags")?;
    for flags in [5, 350] {
        let ours = Pinned::ours(flags)?;
        let edge = Pinned::edge(folder.path(), flags)?;
        let mut paths = vec![(format!("all of {flags} flags"), "/ofrep/v1/evaluate/flags", "/api/frontend/all")];
        if flags == 5 {
            paths.push(("one flag".to_owned(), "/ofrep/v1/evaluate/flags/flag-1", "/api/frontend/features/flag-1"));
        }
        for (what, path, edges) in paths {
            let ofrep = Load::ofrep(folder.path(), &ours, path)?;
            let frontend = edge.as_ref().map(|edge| Load::frontend(folder.path(), edge, edges)).transpose()?;
            side_by_side(&what, &ofrep, frontend.as_ref())?;
        }
        line("  memory of ours", &ours.memory(), "-");
        if let Some(edge) = &edge {
            line("  memory of theirs", &edge.memory(), "-");
        }
    }
    Ok(())
}

fn side_by_side(what: &str, ofrep: &Load, frontend: Option<&Load>) -> Result<()> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(ofrep.measure()?);
        theirs.extend(frontend.map(Load::measure).transpose()?);
    }
    let ours = median(ours).context("no round was measured")?;
    line(&format!("OFREP, {what}"), &ours.to_string(), "-");
    if let Some(theirs) = median(theirs) {
        line(&format!("{EDGE}, {what}"), &theirs.to_string(), "-");
        line("  ours to theirs", &format!("{:.2}", ours.per_second / theirs.per_second), "1.50");
    }
    Ok(())
}

fn median(mut rounds: Vec<Round>) -> Option<Round> {
    rounds.sort_by(|one, other| one.per_second.total_cmp(&other.per_second));
    let middle = rounds.len() / 2;
    rounds.into_iter().nth(middle)
}

/// The flag that our server's example makes of a number, as Unleash puts it: on, on for a domain, on for a share.
fn feature(number: usize) -> Value {
    let name = format!("flag-{number}");
    let strategy = match number % 3 {
        0 => json!({"name": "default", "parameters": {}, "constraints": []}),
        1 => json!({"name": "default", "parameters": {},
            "constraints": [{"contextName": "email", "operator": "STR_ENDS_WITH", "values": ["@acme.test"]}]}),
        _ => json!({"name": "flexibleRollout", "constraints": [],
            "parameters": {"rollout": "25", "stickiness": "userId", "groupId": name}}),
    };
    json!({"name": name, "project": "default", "enabled": true, "strategies": [strategy], "variants": []})
}

/// A server that has one core; it is killed when dropped.
struct Pinned {
    child: Child,
    /// `127.0.0.1:40123`.
    address: String,
}

impl Pinned {
    fn ours(flags: usize) -> Result<Self> {
        let program = target_directory()?.join("release/examples/serve");
        Self::start(&program, |command, port| {
            command.args(["--flags", &flags.to_string(), "--port", &port.to_string(), "--threads", "1"]);
        })
    }

    /// unleash-edge with the same flags, where it is installed.
    fn edge(folder: &Path, flags: usize) -> Result<Option<Self>> {
        let named = env::var_os("UNLEASH_EDGE").filter(|named| !named.is_empty()).map(PathBuf::from);
        let Some(program) = named.or_else(|| needs::on_path(&[EDGE])) else {
            println!(
                "{EDGE} is not measured: put it on the path (`cargo install --locked {EDGE}`), or name it in UNLEASH_EDGE"
            );
            return Ok(None);
        };
        let file = folder.join("features.json");
        let features: Vec<_> = (0..flags).map(feature).collect();
        fs::write(&file, json!({"version": 2, "features": features}).to_string())?;
        let started = Self::start(&program, |command, port| {
            command.arg("offline").env("BOOTSTRAP_FILE", file).env("PORT", port.to_string());
            command.env("INTERFACE", "127.0.0.1").env("RUST_LOG", "warn");
            command.env("CLIENT_TOKENS", EDGE_TOKEN).env("FRONTEND_TOKENS", EDGE_TOKEN);
        })?;
        Ok(Some(started))
    }

    fn start(server: &Path, configure: impl FnOnce(&mut Command, u16)) -> Result<Self> {
        // Another program could take the port in between; then this one says so and the bench ends.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = program("taskset");
        command.args(["--cpu-list", SERVERS_CORE]).arg(server);
        configure(&mut command, port);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().with_context(|| format!("could not start {}", server.display()))?;
        let mut pinned = Self { child, address: format!("127.0.0.1:{port}") };
        until(READY_MAX, "the server answers", || {
            if let Some(status) = pinned.child.try_wait()? {
                bail!("{}: {status}", server.display());
            }
            Ok(TcpStream::connect(&pinned.address).is_ok())
        })?;
        Ok(pinned)
    }

    fn memory(&self) -> String {
        memory_kb(&self.child).map_or("not known".to_owned(), |kb| megabytes(kb * 1024))
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One kind of request, sent as fast as it is answered.
struct Load {
    script: PathBuf,
    address: String,
}

impl Load {
    fn ofrep(folder: &Path, server: &Pinned, path: &str) -> Result<Self> {
        Self::new(folder, server, path, &json!({"context": {"targetingKey": USER, "email": EMAIL}}), "")
    }

    fn frontend(folder: &Path, server: &Pinned, path: &str) -> Result<Self> {
        let authorization = format!("wrk.headers[\"Authorization\"] = \"{EDGE_TOKEN}\"");
        Self::new(folder, server, path, &json!({"userId": USER, "properties": {"email": EMAIL}}), &authorization)
    }

    /// With a script that wrk reads: it posts the body.
    fn new(folder: &Path, server: &Pinned, path: &str, body: &Value, more: &str) -> Result<Self> {
        let script = folder.join(format!("{}.lua", path.replace('/', "-")));
        let head = "wrk.method = \"POST\"\nwrk.headers[\"Content-Type\"] = \"application/json\"";
        fs::write(&script, format!("{head}\nwrk.body = [[{body}]]\n{more}\n"))?;
        Ok(Self { script, address: format!("http://{}{path}", server.address) })
    }

    fn measure(&self) -> Result<Round> {
        let mut command = program("taskset");
        command.args(["--cpu-list", LOADS_CORE, "wrk", "--latency", "--threads", "1"]);
        command
            .args(["--connections", CONNECTIONS, "--duration", ROUND, "--script"])
            .arg(&self.script)
            .arg(&self.address);
        let output = command.stdin(Stdio::null()).output().context("could not start taskset and wrk")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk: {}{printed}", String::from_utf8_lossy(&output.stderr));
        Round::read(&printed).with_context(|| format!("{}: wrk said:\n{printed}", self.address))
    }
}

/// What wrk measured.
#[derive(Debug, PartialEq)]
struct Round {
    per_second: f64,
    /// The 99th percentile, with its unit.
    slow: String,
}

impl Round {
    /// Nothing if an answer was no success.
    fn read(printed: &str) -> Option<Self> {
        let after = |name: &str| printed.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
        if after("Non-2xx").is_some() || after("Socket errors").is_some() {
            return None;
        }
        Some(Self { per_second: after("Requests/sec:")?.parse().ok()?, slow: after("99%")?.to_owned() })
    }
}

impl std::fmt::Display for Round {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} requests/s, p99 {}", self.per_second, self.slow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_prints_is_read_unless_an_answer_was_no_success() {
        let printed = "  Latency Distribution\n     50%  455.00us\n     99%    1.62ms\n  200 requests in 5.00s\nRequests/sec:  39000.50\n";
        assert_eq!(Round::read(printed), Some(Round { per_second: 39000.5, slow: "1.62ms".to_owned() }));
        assert_eq!(Round::read(&format!("{printed}  Non-2xx or 3xx responses: 7\n")), None);
        assert_eq!(Round::read("unable to connect"), None);
    }
}
