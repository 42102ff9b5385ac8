//! `mainstay export`: the catalog as files.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::Refusal;
use serde_json::json;
use sources::{Outcome, write_export};

use super::Session;
use crate::{answers::Exported, output::read};

pub(crate) const HELP: &str = "\
Files of the same name are replaced; all others in the folder are left alone.

Example: mainstay export ./catalog";

/// Where to.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The folder to write into; it is made if it is missing
    dir: PathBuf,
}

/// Writes the files.
///
/// # Errors
/// What the server refuses, or a folder that can't be written.
pub(crate) async fn run(args: ExportArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let exported: Exported = read(session.client.get(&["catalog", "export"], &[]).await?)?;
    let files: Vec<(String, String)> = exported.files.into_iter().map(|file| (file.path, file.text)).collect();
    let written = write_export(&args.dir, &files)?;
    let count = |outcome: Outcome| written.iter().filter(|file| file.outcome == outcome).count();
    let (created, replaced) = (count(Outcome::Created), count(Outcome::Replaced));
    let unchanged = count(Outcome::Unchanged);
    let answer = json!({"dir": args.dir, "created": created, "replaced": replaced, "unchanged": unchanged});
    session.out.show(answer, |_: serde_json::Value| {
        let dir = args.dir.display();
        format!("{} files in {dir}: {created} created, {replaced} replaced, {unchanged} as they were", written.len())
    })?;
    Ok(ExitCode::SUCCESS)
}
