//! `mainstay flag`: one file per group of verbs.

mod answers;
mod change;
mod create;
mod explain;
mod import;
mod input;
mod list;
mod ramp;
mod refs;
mod request;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use kernel::Refusal;
use serde_json::Value;

use super::Session;
pub(crate) use list::{ListArgs, list};
pub(crate) use show::show;

pub(crate) const HELP: &str = "\
Examples:
  mainstay flag list --stale
  mainstay flag off gift-wrap --reason \"checkout is down\"
  mainstay flag create new-basket --owner checkout --used-by cart --on production
  mainstay flag ramp start new-basket --steps 5:10m,25:1h,100 --guard storefront-home
  mainstay flag explain new-basket --context '{\"targetingKey\": \"ada\"}'
  mainstay flag import launchdarkly flags.json";

/// What to do with flags.
#[derive(Debug, Args)]
pub(crate) struct FlagArgs {
    #[command(subcommand)]
    verb: FlagVerb,
}

#[derive(Debug, Subcommand)]
enum FlagVerb {
    /// List the flags by name
    #[command(after_help = "Example: mainstay flag list --owner checkout --stale")]
    List(ListArgs),
    /// Show a flag: who gets what where, its rules in words, and what is wrong with it
    #[command(after_help = "Example: mainstay flag show gift-wrap")]
    Show {
        /// Its name
        key: String,
    },
    /// Turn a flag on
    #[command(after_help = "Example: mainstay flag on gift-wrap --environment staging")]
    On(change::Turn),
    /// Turn a flag off
    #[command(after_help = "Example: mainstay flag off gift-wrap --reason \"checkout is down\"")]
    Off(change::Turn),
    /// Create a flag, or change one that was created so; flags in catalog files are changed there
    #[command(after_help = create::HELP)]
    Create(create::Create),
    /// Change who gets what in one environment
    #[command(after_help = change::SET_HELP)]
    Set(change::Set),
    /// Start, watch and steer a share that grows by a schedule
    #[command(after_help = ramp::HELP)]
    Ramp(ramp::RampArgs),
    /// Say why somebody gets what they get
    #[command(after_help = explain::HELP)]
    Explain(explain::Explain),
    /// Find where source code names flags, and report it
    #[command(after_help = refs::HELP)]
    Refs(refs::Refs),
    /// Take flags over from another service; shows the plan unless --apply is given
    #[command(after_help = import::HELP)]
    Import(import::Import),
    /// Print all flags of an environment as a flagd file
    #[command(after_help = "Example: mainstay flag export --environment production > flags.flagd.json")]
    Export {
        /// Of where
        #[arg(long, short, default_value = "production", value_name = "NAME")]
        environment: String,
    },
    /// List changes that wait for approval or for their time
    #[command(after_help = "Example: mainstay flag requests")]
    Requests(request::List),
    /// Ask for a change: to have it approved, or done at a time
    #[command(after_help = request::HELP)]
    Request(request::RequestArgs),
    /// Approve a change exactly as it is shown
    #[command(after_help = "Example: mainstay flag approve 01a20507-3830-7391-97f0-ed0fcf78a12b")]
    Approve(request::Approve),
    /// Reject a change
    #[command(
        after_help = "Example: mainstay flag reject 01a20507-3830-7391-97f0-ed0fcf78a12b --reason \"not on a Friday\""
    )]
    Reject {
        /// The request's id
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Take back a change that you asked for
    #[command(after_help = "Example: mainstay flag withdraw 01a20507-3830-7391-97f0-ed0fcf78a12b")]
    Withdraw {
        /// The request's id
        id: String,
    },
}

/// Does it.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: FlagArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        FlagVerb::List(args) => list(&args, session).await,
        FlagVerb::Show { key } => show(&key, session).await,
        FlagVerb::On(turn) => change::turn(&turn, "on", session).await,
        FlagVerb::Off(turn) => change::turn(&turn, "off", session).await,
        FlagVerb::Create(new) => create::create(&new, session).await,
        FlagVerb::Set(set) => change::set(&set, session).await,
        FlagVerb::Ramp(args) => ramp::run(&args, session).await,
        FlagVerb::Explain(args) => explain::explain(&args, session).await,
        FlagVerb::Refs(args) => refs::refs(&args, session).await,
        FlagVerb::Import(args) => import::import(&args, session).await,
        FlagVerb::Export { environment } => export(&environment, session).await,
        FlagVerb::Requests(args) => request::list(&args, session).await,
        FlagVerb::Request(args) => request::ask(&args, session).await,
        FlagVerb::Approve(args) => request::approve(&args, session).await,
        FlagVerb::Reject { id, reason } => request::reject(&id, &reason, session).await,
        FlagVerb::Withdraw { id } => request::withdraw(&id, session).await,
    }
}

/// A flagd file is JSON, whatever the format.
async fn export(environment: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let document: Value = session.client.get(&["flags", "export"], &[("environment", environment)]).await?;
    session.out.json(&document)?;
    Ok(ExitCode::SUCCESS)
}
