//! `mainstay probe`: runs checks from where it stands, and hands in what it saw; or answers Prometheus in place of
//! blackbox_exporter; or both.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::{Refusal, codes};
use probe::AddressPolicy;

use super::Session;
use crate::{
    answers::Probe,
    client::ClientArgs,
    output::{self, Table},
    probing::{self, Options, exporting},
    running::{asked_to_stop, log},
};

pub(crate) const HELP: &str = "\
Examples:
  mainstay token create probe-eu-west --scope probe
  mainstay probe --location eu-west --server https://mainstay.example.com --token TOKEN
  mainstay probe --location office --server https://mainstay.example.com --token TOKEN --canary 192.0.2.1:443
  mainstay probe --listen 127.0.0.1:9115 --blackbox-config blackbox.yml

The probe asks the server what to run and hands in what it saw; nothing needs to reach it. While the server is away it
goes on with what it knows, and keeps results in its folder. A failing run is reported only if the server or a canary
can be reached: a probe that is cut off says nothing, and its location is unknown.

With --listen it answers /probe?target=...&module=... as blackbox_exporter does, with or without a server. Whoever reaches
that address can have anything asked that the probe may reach.";

/// Where the probe stands, and what it may do.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProbeArgs {
    /// The location's name, such as eu-west; what it sees is told apart by it
    #[arg(long, env = "MAINSTAY_PROBE_LOCATION", value_name = "NAME", required_unless_present = "listen")]
    location: Option<String>,
    /// The folder for results that wait, and for what the server said last
    #[arg(long, env = "MAINSTAY_PROBE_STATE_DIR", value_name = "DIR", default_value = "mainstay-probe")]
    state_dir: PathBuf,
    /// Mebibytes of results that may wait for the server in that folder. Beyond it the oldest are dropped, but for those by
    /// which a check turned
    #[arg(long, env = "MAINSTAY_PROBE_SPOOL_MIB", value_name = "MIB", default_value_t = 1_024, value_parser = clap::value_parser!(u32).range(1..))]
    spool_mib: u32,
    /// What must be reachable, besides the server, for a failure to be believed; may be given several times
    #[arg(long = "canary", env = "MAINSTAY_PROBE_CANARIES", value_name = "HOST:PORT", value_delimiter = ',')]
    canaries: Vec<String>,
    /// Refuse to ask loopback and private addresses
    #[arg(long, env = "MAINSTAY_PROBE_PUBLIC_ONLY")]
    public_only: bool,
    /// A folder of programs that keep to the contract of Nagios' plugins; without it, none is run
    #[arg(long, env = "MAINSTAY_PROBE_PLUGINS", value_name = "DIR")]
    plugins: Option<PathBuf>,
    /// The address at which Prometheus is answered in place of blackbox_exporter
    #[arg(long, env = "MAINSTAY_PROBE_LISTEN", value_name = "ADDR", requires = "blackbox_config")]
    listen: Option<SocketAddr>,
    /// The modules by which Prometheus has targets asked: blackbox_exporter's blackbox.yml
    #[arg(long, env = "MAINSTAY_PROBE_BLACKBOX_CONFIG", value_name = "FILE", requires = "listen")]
    blackbox_config: Option<PathBuf>,
    /// What a scrape's timeout is less for the answer itself, in seconds
    #[arg(long, env = "MAINSTAY_PROBE_TIMEOUT_OFFSET", value_name = "SECONDS", default_value_t = exporter::TIMEOUT_OFFSET_S)]
    timeout_offset: f64,
}

/// Probes until it is told to stop.
///
/// # Errors
/// What keeps it from starting.
pub(crate) async fn run(args: ProbeArgs, server: ClientArgs) -> Result<ExitCode, Refusal> {
    log::to_stderr();
    let ProbeArgs {
        location,
        state_dir,
        spool_mib,
        canaries,
        public_only,
        plugins,
        listen,
        blackbox_config,
        timeout_offset,
    } = args;
    let policy = AddressPolicy { private: !public_only };
    let answering = match (listen, blackbox_config) {
        (Some(listen), Some(config)) => Some(exporting::open(listen, &config, policy, timeout_offset).await?),
        (Some(_) | None, _) => None,
    };
    let (stopped, stopped_too) = (asked_to_stop(), asked_to_stop());
    if let Some(answering) = &answering {
        output::line(format!("Mainstay answers Prometheus at http://{}", answering.address()))?;
    }
    let Some(location) = location else {
        if let Some(answering) = answering {
            answering.run(stopped).await;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let (server, token) = server.whom()?;
    let missing = || {
        let refusal = Refusal::new(&codes::CONFIG_INVALID, "the probe needs a token").field("--token");
        refusal.fix(format!("mainstay token create probe-{location} --scope probe"))
    };
    let token = token.ok_or_else(missing)?;
    output::line(format!("Mainstay probes from {location} for {server}"))?;
    let options = Options {
        location,
        server,
        token,
        folder: state_dir,
        canaries,
        policy,
        plugins,
        spool_bytes: u64::from(spool_mib) << 20,
    };
    let answered = answering.map(|answering| tokio::spawn(answering.run(stopped)));
    probing::run(options, stopped_too).await?;
    if let Some(answered) = answered {
        // It stops at the same sign.
        let _ = answered.await;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists the probes that the server knows; exit code 1 if one is silent.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["probes"], &[], usize::MAX).await?;
    let is_silent = |probe: &serde_json::Value| probe.get("state").is_some_and(|state| state == "silent");
    let silent = answer.as_array().is_some_and(|probes| probes.iter().any(is_silent));
    session.out.show(answer, |probes: Vec<Probe>| {
        let mut table = Table::new(&["location", "state", "since", "heard", "checks", "version", "clock", "uplink"]);
        for probe in probes {
            let heard = probe.heard.map_or_else(|| "-".to_owned(), |at| session.out.ago(at));
            let version = if probe.inside { "in the server".to_owned() } else { probe.version.unwrap_or_else(none) };
            let clock = probe.skew_ms.map_or_else(none, |ms| format!("{:.1} s", ms as f64 / 1_000.0));
            let uplink = probe.uplink.map_or_else(none, |works| if works { "works" } else { "failed" }.to_owned());
            let (since, checks) = (session.out.ago(probe.since), probe.checks.to_string());
            table.row([probe.location, probe.state, since, heard, checks, version, clock, uplink]);
        }
        table.or("No probe has reported yet: `mainstay probe --help` says how one is started.")
    })?;
    Ok(if silent { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What the probe has not said.
fn none() -> String {
    "-".to_owned()
}
