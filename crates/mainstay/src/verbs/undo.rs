//! `mainstay undo`: take a change back, after showing what that does.

use std::process::ExitCode;

use clap::Args;
use kernel::Refusal;
use serde_json::json;

use super::{Session, consent};
use crate::{
    answers::UndoPlan,
    output::{self, Printer, read},
};

pub(crate) const HELP: &str = "\
It first shows what will be done, and asks. It is refused (exit code 65) if somebody has changed the same thing since,
if it was undone before, or if Mainstay can't undo it; the message says what to do instead. If you answer no, the exit
code is 1.

Examples:
  mainstay undo 01a20507-3830-7391-97f0-ed0fcf78a12b
  mainstay undo 01a20507-3830-7391-97f0-ed0fcf78a12b --yes --reason \"checkout is down\"
  mainstay undo 01a20507-3830-7391-97f0-ed0fcf78a12b --dry-run";

/// What to take back.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// The change, by its event: see `mainstay incident show` and `mainstay timeline list`
    event: String,
    /// Don't ask
    #[arg(long, short)]
    yes: bool,
    /// Only show what would be done
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Shows what would be done, asks, and does it.
///
/// # Errors
/// If it can't be undone, or nobody is there to be asked.
pub(crate) async fn run(args: UndoArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let path = ["changes", &args.event, "undo"];
    let plan = session.client.get(&path, &[]).await?;
    if args.dry_run {
        session.out.show(plan, |plan: UndoPlan| words(&session.out, &plan))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !session.out.is_json() {
        session.out.show(plan, |plan: UndoPlan| words(&session.out, &plan))?;
    } else {
        read::<UndoPlan>(plan)?;
    }
    if !args.yes && !consent::given("Undo it?", "--yes")? {
        output::line("Nothing was done.")?;
        return Ok(ExitCode::FAILURE);
    }
    session.carry_out(&path, &json!({"reason": args.reason})).await
}

fn words(out: &Printer, plan: &UndoPlan) -> String {
    let asks = if plan.asks { "\n  whoever runs it is asked to act; until they report, the change stands" } else { "" };
    format!("  was   {}\n  will  {}{asks}", plan.change, out.strong(&plan.will))
}
