//! `mainstay apply`: apply a catalog folder.

use std::process::ExitCode;

use clap::Args;
use kernel::{Refusal, codes};

use super::{
    Session,
    plan::{Folder, problems},
};
use crate::output;

pub(crate) const HELP: &str = "\
A folder with errors is refused as a whole (exit code 65), and every error is shown with its place. With --partial,
what is right in it is applied all the same.

Examples:
  mainstay apply ./catalog
  mainstay apply ./catalog --partial --reason \"the new team\"";

/// Which folder, and how.
#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    #[command(flatten)]
    folder: Folder,
    /// Apply what is right although other things are wrong
    #[arg(long)]
    partial: bool,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Applies the folder.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: ApplyArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let mut files = args.folder.gather()?;
    files.partial = args.partial;
    files.reason = args.reason;
    // All that is wrong, also where the rest is applied: an apply answers with what it has done alone.
    for problem in problems(&files, session).await? {
        output::warn(&problem);
    }
    match session.client.post(&["catalog", "apply"], &files).await {
        Ok(answer) => session.show_done(answer),
        Err(refusal) if refusal.code == &codes::CATALOG_INVALID => {
            Err(refusal.fix("mend the files, or apply the rest of them with --partial"))
        }
        Err(refusal) => Err(refusal),
    }
}
