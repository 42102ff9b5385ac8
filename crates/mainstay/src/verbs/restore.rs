//! `mainstay restore`: a data folder of a backup.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::Refusal;
use serde_json::json;

use crate::{output::Printer, settings};

pub(crate) const HELP: &str = "\
The folder must be missing or empty. Put the file `key` of the old data folder into it before you start the server:
without it, all passwords must be set anew.

Example: mainstay restore /backups/mainstay-2026-11-20.db --data ./restored";

/// What, and where to.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// The data folder to make [default: ./mainstay-data]
    #[arg(long, env = "MAINSTAY_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Makes the folder.
///
/// # Errors
/// If the backup is damaged, or the folder has something in it.
pub(crate) fn run(args: RestoreArgs, out: &Printer) -> Result<ExitCode, Refusal> {
    let data = settings::data_folder(args.data)?;
    let verified = timeline::restore(&args.file, &data)?;
    let head = verified.head;
    let answer = json!({
        "data": data, "events": verified.events, "position": head.position, "hash": head.hash.to_string(),
    });
    out.show(answer, |_: serde_json::Value| {
        let (events, dir) = (verified.events, data.display());
        format!(
            "{events} events are in {dir}, verified; head {} {}\nbefore you start the server: put the old folder's file `key` into it",
            head.position, head.hash
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
