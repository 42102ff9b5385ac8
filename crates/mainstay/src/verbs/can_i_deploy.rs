//! `mainstay can-i-deploy`: whether a version may go where it is wanted, and what keeps it from there.

use std::{process::ExitCode, time::Duration};

use clap::{ArgGroup, Args};
use jiff::Timestamp;
use kernel::Refusal;
use serde::Deserialize;
use serde_json::Value;

use super::Session;
use crate::output::{Printer, Tone, add, indented, short, warn};

pub(crate) const HELP: &str = "\
Exit codes: 0 it can be deployed; 1 it can't, or it is not known yet. The verdict comes first, then everything that keeps
it from being deployed: who expects what of whom, since when, whose it is, who is on call, and what to do.

Examples:
  mainstay can-i-deploy checkout 1.4.2 --to-environment production
  mainstay can-i-deploy checkout 1.4.2 --to-environment production --retry-while-unknown 20 --retry-interval 15
  mainstay can-i-deploy checkout --branch main --to-environment staging
  mainstay can-i-deploy checkout 1.4.2 --to prod";

/// What is to be deployed, and where.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("where").required(true).args(["to_environment", "to"])))]
pub(crate) struct CanIDeployArgs {
    /// The application, as its contracts name it
    pacticipant: String,
    /// Its version; the newest of the main branch if neither this nor --branch nor --tag is given
    #[arg(conflicts_with_all = ["branch", "tag"])]
    version: Option<String>,
    /// Instead of the version: the newest of this branch
    #[arg(long, conflicts_with = "tag", value_name = "BRANCH")]
    branch: Option<String>,
    /// Instead of the version: the newest with this tag
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    /// Where it is to go
    #[arg(long, value_name = "ENVIRONMENT")]
    to_environment: Option<String>,
    /// Where it is to go, if environments are tags
    #[arg(long, value_name = "TAG")]
    to: Option<String>,
    /// While it is not known: ask again, this often
    #[arg(long, default_value_t = 0, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(0..=10_000))]
    retry_while_unknown: u32,
    /// Seconds between two questions
    #[arg(long, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=3_600))]
    retry_interval: u64,
}

/// What the server answers.
#[derive(Debug, Deserialize)]
struct Verdict {
    deployable: Option<bool>,
    version: Option<String>,
    reasons: Vec<String>,
    success: usize,
    failed: usize,
    unknown: usize,
    blockers: Vec<Blocker>,
}

#[derive(Debug, Deserialize)]
struct Blocker {
    what: String,
    advice: String,
    party: String,
    owner: Option<String>,
    on_call: Option<String>,
    interactions: Vec<Interaction>,
    since: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct Interaction {
    interaction: String,
    mismatch: Option<String>,
}

/// Asks, and again while it is not known.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: CanIDeployArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let mut left = args.retry_while_unknown;
    let answer = loop {
        let answer = session.client.get(&["contracts", "can-i-deploy"], &args.query()).await?;
        let is_known = answer.get("deployable").is_some_and(Value::is_boolean);
        if is_known || left == 0 {
            break answer;
        }
        left -= 1;
        warn(&format!("Not known yet; asking again in {} s ({left} more questions after that).", args.retry_interval));
        tokio::time::sleep(Duration::from_secs(args.retry_interval)).await;
    };
    let can = answer.get("deployable").and_then(Value::as_bool) == Some(true);
    session.out.show(answer, |verdict: Verdict| text(&session.out, &args, &verdict))?;
    Ok(if can { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

impl CanIDeployArgs {
    fn query(&self) -> Vec<(&str, &str)> {
        let pairs = [
            ("pacticipant", Some(self.pacticipant.as_str())),
            ("version", self.version.as_deref()),
            ("branch", self.branch.as_deref()),
            ("tag", self.tag.as_deref()),
            ("environment", self.to_environment.as_deref()),
            ("to_tag", self.to.as_deref()),
        ];
        pairs.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

fn text(out: &Printer, args: &CanIDeployArgs, verdict: &Verdict) -> String {
    let place = match (&args.to_environment, &args.to) {
        (Some(environment), _) => environment.clone(),
        (None, to) => format!("where {} is", to.as_deref().unwrap_or_default()),
    };
    let which = match (&verdict.version, &args.branch, &args.tag) {
        (Some(version), ..) => version.clone(),
        (None, Some(branch), _) => format!("(newest of {branch})"),
        (None, None, Some(tag)) => format!("(newest with {tag})"),
        (None, None, None) => "(newest of the main branch)".to_owned(),
    };
    let subject = format!("{} {which}", args.pacticipant);
    let (tone, said) = match verdict.deployable {
        Some(true) => (Tone::Good, format!("yes: {subject} can be deployed to {place}")),
        Some(false) => (Tone::Bad, format!("no: {subject} can't be deployed to {place}")),
        None => (Tone::Unknown, format!("not known yet: whether {subject} can be deployed to {place}")),
    };
    let mut text = String::new();
    add(&mut text, out.toned(tone, &said));
    let (success, failed, unknown) = (verdict.success, verdict.failed, verdict.unknown);
    if success + failed + unknown > 0 {
        add(&mut text, out.faint(&format!("  {success} verified, {failed} failed, {unknown} not verified")));
    }
    for blocker in &verdict.blockers {
        add(&mut text, "");
        add_blocker(&mut text, out, blocker);
    }
    if verdict.blockers.is_empty() {
        for reason in &verdict.reasons {
            add(&mut text, format!("  {}", indented(reason, 2)));
        }
    }
    text
}

fn add_blocker(text: &mut String, out: &Printer, blocker: &Blocker) {
    add(text, out.strong(&indented(&blocker.what, 2)));
    for Interaction { interaction, mismatch } in &blocker.interactions {
        add(text, format!("  interaction: {interaction}"));
        if let Some(mismatch) = mismatch {
            add(text, format!("    {}", indented(mismatch, 4)));
        }
    }
    if let Some(since) = blocker.since {
        add(text, format!("  since: {}", out.when(since)));
    }
    let owner = blocker.owner.as_deref().map_or("nobody owns it", short);
    let on_call = blocker.on_call.as_deref().map_or("nobody is on call", short);
    add(text, format!("  whose: {}: {owner}; on call: {on_call}", blocker.party));
    add(text, format!("  do: {}", indented(&blocker.advice, 6)));
}
