//! `mainstay check`: list, show, run, pause, resume, import.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::{Refusal, codes};
use serde_json::json;

use super::{Session, check_import, check_run};
use crate::{
    answers::Check,
    output::{Printer, Table, Tone, add, indented, short},
};

pub(crate) const HELP: &str = "\
Examples:
  mainstay check list
  mainstay check run payments-charge
  mainstay check pause payments-charge --reason \"the bank's maintenance\"";

/// What to do with checks.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(subcommand)]
    verb: CheckVerb,
}

#[derive(Debug, Subcommand)]
enum CheckVerb {
    /// List the checks by name
    #[command(after_help = "Example: mainstay check list")]
    List,
    /// Show a check; exit code 1 unless it is up
    #[command(after_help = "Example: mainstay check show payments-charge")]
    Show {
        /// Its name
        name: String,
    },
    /// Run a check now: at its locations, or one that a file declares from here
    #[command(after_help = check_run::HELP)]
    Run(check_run::RunArgs),
    /// Stop a check from judging, such as during maintenance
    #[command(after_help = "Example: mainstay check pause payments-charge --reason \"the bank's maintenance\"")]
    Pause(Why),
    /// Let a paused check judge again
    #[command(after_help = "Example: mainstay check resume payments-charge")]
    Resume(Why),
    /// Make catalog files of another monitor's configuration
    #[command(after_help = check_import::HELP)]
    Import(check_import::ImportArgs),
}

#[derive(Debug, Args)]
struct Why {
    /// The check's name
    name: String,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Lists, shows, pauses or resumes.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: CheckArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        CheckVerb::List => list(session).await,
        CheckVerb::Show { name } => show(&name, session).await,
        CheckVerb::Run(args) => match (&args.file, &args.check) {
            (Some(file), _) => check_run::here(&args, file, &session.out).await,
            (None, Some(name)) => check_run::there(&args, name, session).await,
            (None, None) => Err(Refusal::new(&codes::INVALID, "which check?").field("NAME")),
        },
        CheckVerb::Pause(why) => turn(&why, "pause", session).await,
        CheckVerb::Resume(why) => turn(&why, "resume", session).await,
        CheckVerb::Import(args) => check_import::run(&args, &session.out),
    }
}

/// Lists the checks.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn list(session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.list(&["checks"], &[], usize::MAX).await?;
    session.out.show(answer, |checks: Vec<Check>| {
        let mut table = Table::new(&["check", "state", "since", "target", "request"]);
        for check in &checks {
            let (name, target) = (short(&check.check).to_owned(), short(&check.target).to_owned());
            table.row([name, state(&session.out, check), session.out.ago(check.since), target, check.request.clone()]);
        }
        table.or("There is no check yet: declare one in the catalog (kind: Check).")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Shows a check; the exit code says whether it is up.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn show(name: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.get(&["checks", name], &[]).await?;
    let is_up = answer.get("verdict").is_some_and(|verdict| verdict == "up");
    session.out.show(answer, |check: Check| text(&session.out, &check))?;
    Ok(if is_up { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn text(out: &Printer, check: &Check) -> String {
    let mut text = String::new();
    add(&mut text, format!("{}  {}", out.strong(short(&check.check)), state(out, check)));
    add(&mut text, format!("  since      {}", out.when(check.since)));
    add(&mut text, format!("  target     {}", short(&check.target)));
    add(&mut text, format!("  request    {}, every {} s", check.request, check.interval_ms / 1_000));
    if let Some(error) = check.error.as_deref().filter(|_| check.verdict != "up") {
        add(&mut text, format!("  saw        {}", indented(error, 13)));
    }
    let last_good = check.last_good.map_or_else(|| "not known".to_owned(), |at| out.when(at));
    if check.verdict != "up" {
        add(&mut text, format!("  last good  {last_good}"));
    }
    text
}

fn state(out: &Printer, check: &Check) -> String {
    if check.paused {
        return out.toned(Tone::Warn, &format!("paused ({})", check.verdict));
    }
    out.state(&check.verdict)
}

async fn turn(why: &Why, to: &str, session: &Session) -> Result<ExitCode, Refusal> {
    session.carry_out(&["checks", &why.name, to], &json!({"reason": why.reason})).await
}
