//! `mainstay deploy`: record a deployment, or a configuration, that has taken effect. For CI.

use std::{collections::BTreeMap, process::ExitCode};

use clap::{Args, Subcommand};
use kernel::{Refusal, codes};
use serde_json::json;

use super::{Session, times};

pub(crate) const HELP: &str = "\
Nothing is deployed by this: it tells Mainstay what has been, so that it is on the timeline when something breaks.

Examples:
  mainstay deploy payments 2.8.1 --commit 4f2a91c --link https://ci.example.com/runs/812
  mainstay deploy payments 2.8.1 --environment staging --failed
  mainstay deploy payments 2.8.1 --emergency --reason \"checkout is down; this is the way back up\"
  mainstay deploy config payments timeout_ms=500 retries=3";

/// What has taken effect.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct DeployArgs {
    #[command(subcommand)]
    config: Option<Config>,
    /// The component
    #[arg(required = true)]
    component: Option<String>,
    /// The version
    #[arg(required = true)]
    version: Option<String>,
    /// It failed: the version is not live
    #[arg(long)]
    failed: bool,
    /// The commit that it was built from
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
    /// A page about it
    #[arg(long, value_name = "URL")]
    link: Option<String>,
    /// The event of the deployment that it takes back
    #[arg(long, value_name = "EVENT")]
    rollback_of: Option<String>,
    /// Record it although the environment's contracts refuse it; everybody is shown that, with the reason
    #[arg(long, requires = "reason")]
    emergency: bool,
    #[command(flatten)]
    happened: Happened,
}

#[derive(Debug, Subcommand)]
enum Config {
    /// Record the settings that a component runs with from now on
    #[command(after_help = "Example: mainstay deploy config payments timeout_ms=500 retries=3")]
    Config {
        /// The component
        component: String,
        /// Every setting, without secrets
        #[arg(required = true, value_name = "NAME=VALUE")]
        settings: Vec<String>,
        #[command(flatten)]
        happened: Happened,
    },
}

#[derive(Debug, Args)]
struct Happened {
    /// Where
    #[arg(long, short, default_value = "production", value_name = "NAME")]
    environment: String,
    /// When, if that was some time ago: `10min`, or 2026-11-20T03:07:00Z
    #[arg(long, value_name = "TIME")]
    finished: Option<String>,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Records it.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: DeployArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match &args.config {
        Some(Config::Config { component, settings, happened }) => {
            configure(component, settings, happened, session).await
        }
        None => record(&args, session).await,
    }
}

async fn record(deployment: &DeployArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let DeployArgs { config: _, component, version, failed, commit, link, rollback_of, emergency, happened } =
        deployment;
    let body = json!({
        "component": component, "environment": happened.environment, "version": version,
        "outcome": if *failed { "failed" } else { "succeeded" },
        "commit": commit, "url": link, "rollback_of": rollback_of, "emergency": emergency,
        "finished": happened.time(session)?, "reason": happened.reason,
    });
    session.carry_out(&["deployments"], &body).await
}

async fn configure(
    component: &str,
    settings: &[String],
    happened: &Happened,
    session: &Session,
) -> Result<ExitCode, Refusal> {
    let body = json!({
        "component": component, "environment": happened.environment, "config": pairs(settings)?,
        "finished": happened.time(session)?, "reason": happened.reason,
    });
    session.carry_out(&["configs"], &body).await
}

impl Happened {
    fn time(&self, session: &Session) -> Result<Option<String>, Refusal> {
        let time = self.finished.as_deref().map(|text| times::past("--finished", text, session.out.now()));
        Ok(time.transpose()?.map(|at| at.to_string()))
    }
}

/// `name=value` each, no name twice.
fn pairs(settings: &[String]) -> Result<BTreeMap<&str, &str>, Refusal> {
    let mut pairs = BTreeMap::new();
    for setting in settings {
        let refuse = |why: &str| Err(Refusal::new(&codes::INVALID, format!("\"{setting}\" {why}")).field("NAME=VALUE"));
        let Some((name, value)) = setting.split_once('=').filter(|(name, _)| !name.is_empty()) else {
            return refuse("is not of the form name=value");
        };
        if pairs.insert(name, value).is_some() {
            return refuse("sets a name that is set before");
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_names_with_values() {
        let settings = ["url=http://a/?b=c".to_owned(), "empty=".to_owned()];
        assert_eq!(pairs(&settings).unwrap(), BTreeMap::from([("url", "http://a/?b=c"), ("empty", "")]));
        for wrong in [vec!["timeout"], vec!["=5"], vec!["a=1", "a=2"]] {
            let settings: Vec<String> = wrong.iter().map(ToString::to_string).collect();
            assert!(pairs(&settings).is_err(), "{wrong:?}");
        }
    }
}
