//! `mainstay backup`: a data folder in one file.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::Refusal;
use serde_json::json;

use crate::{output::Printer, settings};

pub(crate) const HELP: &str = "\
It runs on the machine with the data folder, also while a server uses it, and the copy is verified. The file `key` in
the data folder, which opens the stored secrets, is NOT in it: keep a copy of that elsewhere.

Example: mainstay backup /backups/mainstay-2026-11-20.db --data ./mainstay-data";

/// What, and where to.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write; it must not exist
    file: PathBuf,
    /// The data folder [default: ./mainstay-data]
    #[arg(long, env = "MAINSTAY_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Writes the copy.
///
/// # Errors
/// If there is no sound timeline in the folder, or the file exists or can't be written.
pub(crate) fn run(args: BackupArgs, out: &Printer) -> Result<ExitCode, Refusal> {
    let data = settings::data_folder(args.data)?;
    let verified = timeline::backup_folder(&data, &args.file)?;
    let head = verified.head;
    let answer = json!({
        "file": args.file, "events": verified.events, "position": head.position, "hash": head.hash.to_string(),
    });
    out.show(answer, |_: serde_json::Value| {
        let (file, key) = (args.file.display(), data.join("key"));
        format!(
            "{} events are in {file}, verified; head {} {}\nnot in it: {}, which opens the stored secrets; keep a copy elsewhere",
            verified.events,
            head.position,
            head.hash,
            key.display()
        )
    })?;
    Ok(ExitCode::SUCCESS)
}
