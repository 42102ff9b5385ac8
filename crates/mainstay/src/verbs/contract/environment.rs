//! `mainstay contract environment`.

use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};
use kernel::Refusal;
use serde::Deserialize;
use serde_json::json;

use super::Session;
use crate::output::{Table, Tone};

pub(super) const HELP: &str = "\
A gate asks the contracts before a deployment is recorded: `warn` says on the timeline that they did not agree, `refuse`
refuses it, unless `mainstay deploy --emergency --reason ...` is used. Going back is never refused.

Examples:
  mainstay contract environment list
  mainstay contract environment gate production refuse --reason \"after last week's outage\"";

#[derive(Debug, Subcommand)]
pub(super) enum EnvironmentVerb {
    /// List the environments with their gates
    #[command(after_help = "Example: mainstay contract environment list")]
    List,
    /// Say whether deployments to an environment ask the contracts first
    #[command(after_help = "Example: mainstay contract environment gate production refuse")]
    Gate {
        /// The environment
        environment: String,
        /// Whether they ask
        #[arg(value_enum)]
        gate: Gate,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Gate {
    /// They don't
    Off,
    /// Without a good answer, that is said on the timeline
    Warn,
    /// Without a good answer, they are refused
    Refuse,
}

/// An environment.
#[derive(Debug, Deserialize)]
struct Environment {
    name: String,
    display_name: Option<String>,
    production: bool,
    gate: String,
    versions: usize,
}

/// Does it.
///
/// # Errors
/// What the server refuses.
pub(super) async fn run(verb: &EnvironmentVerb, session: &Session) -> Result<ExitCode, Refusal> {
    match verb {
        EnvironmentVerb::List => list(session).await,
        EnvironmentVerb::Gate { environment, gate, reason } => {
            let gate = match gate {
                Gate::Off => "off",
                Gate::Warn => "warn",
                Gate::Refuse => "refuse",
            };
            let path = ["contracts", "environments", environment, "gate"];
            let answer = session.client.put(&path, &json!({"gate": gate, "reason": reason})).await?;
            session.show_done(answer)
        }
    }
}

async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["contracts", "environments"], &[], usize::MAX).await?;
    session.out.show(answer, |found: Vec<Environment>| {
        let mut table = Table::new(&["environment", "name", "production", "there", "gate"]);
        for environment in found {
            let tone = match environment.gate.as_str() {
                "refuse" => Tone::Good,
                "warn" => Tone::Warn,
                _ => Tone::Quiet,
            };
            table.row([
                environment.name,
                environment.display_name.unwrap_or_default(),
                if environment.production { "yes" } else { "no" }.to_owned(),
                environment.versions.to_string(),
                session.out.toned(tone, &environment.gate),
            ]);
        }
        table.or("There is no environment: make one with the Pact CLI, `pact-broker create-environment`.")
    })?;
    Ok(ExitCode::SUCCESS)
}
