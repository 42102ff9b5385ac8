//! `mainstay deploy`: record a deployment, or a configuration, that has taken effect. For CI.

use std::{collections::BTreeMap, process::ExitCode};

use clap::{Args, Subcommand};
use jiff::Timestamp;
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::json;

use super::{Session, deploy_commits, times};
use crate::output::{Table, read, short};

pub(crate) const HELP: &str = "\
Nothing is deployed by this: it tells Mainstay what has been, so that it is on the timeline when something breaks.

Examples:
  mainstay deploy payments 2.8.1 --commit 4f2a91c --link https://ci.example.com/runs/812
  mainstay deploy payments 2.8.1 --environment staging --failed
  mainstay deploy payments 2.8.1 --commits                  # in a local clone: what is new since the version that is live
  mainstay deploy payments 2.8.1 --commits-from v2.8.0
  mainstay deploy payments 2.8.1 --emergency --reason \"checkout is down; this is the way back up\"
  mainstay deploy config payments timeout_ms=500 retries=3
  mainstay deploy list payments
  mainstay deploy judge 4711 --failed --reason \"it broke the checkout for half of all people\"";

/// What has taken effect.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct DeployArgs {
    #[command(subcommand)]
    other: Option<Other>,
    /// The component
    #[arg(required = true)]
    component: Option<String>,
    /// The version
    #[arg(required = true)]
    version: Option<String>,
    /// It failed: the version is not live
    #[arg(long)]
    failed: bool,
    /// The commit that it was built from; where commits are told, the one that is checked out if left out
    #[arg(long, value_name = "SHA")]
    commit: Option<String>,
    /// Tell the commits that it brought, from the local clone: those since the version that is live
    #[arg(long)]
    commits: bool,
    /// Tell the commits that it brought, from the local clone: those since this revision
    #[arg(long, value_name = "REVISION", conflicts_with = "commits")]
    commits_from: Option<String>,
    /// Your own name for it, such as the CI run's: told again by the same name, it is recorded once
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
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
enum Other {
    /// List the last deployments of a component
    #[command(after_help = "Example: mainstay deploy list payments")]
    List {
        /// The component; all if left out
        component: Option<String>,
        /// Where; everywhere if left out
        #[arg(long, short, value_name = "NAME")]
        environment: Option<String>,
        /// How many
        #[arg(long, default_value_t = 20, value_name = "N")]
        limit: usize,
    },
    /// Say whether a deployment failed, whatever the evidence says
    #[command(after_help = "Example: mainstay deploy judge 4711 --good --reason \"the network was down\"")]
    Judge {
        /// The position of its event on the timeline, as `deploy list` shows it
        position: u64,
        /// It failed
        #[arg(long, conflicts_with = "good")]
        failed: bool,
        /// It did not fail; without either it is left to the evidence again
        #[arg(long)]
        good: bool,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
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
    match &args.other {
        Some(Other::Config { component, settings, happened }) => {
            configure(component, settings, happened, session).await
        }
        Some(Other::List { component, environment, limit }) => {
            list(component.as_deref(), environment.as_deref(), *limit, session).await
        }
        Some(Other::Judge { position, failed, good, reason }) => {
            let failed = (*failed || *good).then_some(*failed);
            let path = ["deployments", &position.to_string(), "judge"];
            session.carry_out(&path, &json!({ "failed": failed, "reason": reason })).await
        }
        None => record(&args, session).await,
    }
}

async fn record(deployment: &DeployArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let DeployArgs {
        other: _,
        component,
        version,
        failed,
        commit,
        commits,
        commits_from,
        key,
        link,
        rollback_of,
        emergency,
        happened,
    } = deployment;
    let since = match (commits, commits_from) {
        (_, Some(revision)) => Some(Some(revision.clone())),
        (true, None) => Some(live_commit(component.as_deref(), &happened.environment, session).await?),
        (false, None) => None,
    };
    // The next deployment's commits are those since this one's.
    let commit = match (commit, &since) {
        (None, Some(_)) => Some(deploy_commits::head()?),
        (commit, _) => commit.clone(),
    };
    let brought = since.map(|since| deploy_commits::between(since.as_deref(), commit.as_deref())).transpose()?;
    let body = json!({
        "component": component, "environment": happened.environment, "version": version,
        "outcome": if *failed { "failed" } else { "succeeded" },
        "commit": commit, "url": link, "rollback_of": rollback_of, "emergency": emergency, "key": key,
        "commits": brought.unwrap_or_default(),
        "finished": happened.time(session)?, "reason": happened.reason,
    });
    session.carry_out(&["deployments"], &body).await
}

/// What the server answers of a deployment, as far as it is shown here.
#[derive(Debug, Deserialize)]
struct Known {
    component: String,
    environment: String,
    position: u64,
    at: Timestamp,
    version: Option<String>,
    commit: Option<String>,
    outcome: Option<String>,
    live: bool,
}

/// The commit of the version that is live; none if none is known.
async fn live_commit(component: Option<&str>, environment: &str, session: &Session) -> Result<Option<String>, Refusal> {
    let query = [("component", component.unwrap_or_default()), ("environment", environment)];
    let known: Vec<Known> = read(session.client.list(&["deployments"], &query, 100).await?)?;
    Ok(known.into_iter().find(|known| known.live).and_then(|known| known.commit.or(known.version)))
}

async fn list(
    component: Option<&str>,
    environment: Option<&str>,
    limit: usize,
    session: &Session,
) -> Result<ExitCode, Refusal> {
    let asked = [("component", component), ("environment", environment)];
    let query: Vec<(&str, &str)> = asked.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let answer = session.client.list(&["deployments"], &query, limit).await?;
    session.out.show(answer, |all: Vec<Known>| {
        let mut table = Table::new(&["component", "version", "environment", "outcome", "when", "position"]);
        for one in all {
            table.row([
                short(&one.component).to_owned(),
                one.version.unwrap_or_else(|| "(configuration)".to_owned()),
                one.environment,
                session.out.state(if one.live { "live" } else { one.outcome.as_deref().unwrap_or("applied") }),
                session.out.ago(one.at),
                one.position.to_string(),
            ]);
        }
        table.or("Nothing was deployed yet, as far as is known.")
    })?;
    Ok(ExitCode::SUCCESS)
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
