//! `mainstay plan`: what applying a catalog folder would change.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::{Refusal, codes};
use serde::Serialize;

use super::Session;
use crate::{
    answers::{Plan, Planned},
    output::{Printer, Tone, add, read},
};

pub(crate) const HELP: &str = "\
Errors in the files are shown with their place; the exit code is then 65. With --exit-code it is 1 if there is
something to change, for CI.

Examples:
  mainstay plan ./catalog
  mainstay plan ./catalog --exit-code";

/// Which folder.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    folder: Folder,
    /// Exit with 1 if there is something to change
    #[arg(long)]
    exit_code: bool,
}

/// A catalog folder on this machine.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The folder with the catalog's files
    dir: PathBuf,
    /// Under which name it is applied; the folder's own if left out. What is applied under one name belongs together:
    /// what is no longer in the folder is removed
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

/// The files of a folder as the server takes them.
#[derive(Debug, Serialize)]
pub(crate) struct Files {
    #[serde(flatten)]
    bundle: catalog::Bundle,
    pub(crate) partial: bool,
    pub(crate) reason: Option<String>,
}

impl Folder {
    /// Reads the folder.
    ///
    /// # Errors
    /// If it is none, or can't be read.
    pub(crate) fn gather(&self) -> Result<Files, Refusal> {
        let gathered = sources::gather(&self.dir, &sources::Limits::default());
        // Here it is no setting of the operator that is wrong, but what was asked.
        let wrong = |refusal: Refusal| Refusal { code: &codes::INVALID, ..refusal }.field("DIR");
        let mut bundle = gathered.map_err(wrong)?;
        if let Some(source) = self.source.clone().or_else(|| self.own_name()) {
            bundle.source = source;
        }
        Ok(Files { bundle, partial: false, reason: None })
    }

    /// The folder's name, the same however its path is written.
    fn own_name(&self) -> Option<String> {
        let path = self.dir.canonicalize().ok()?;
        path.file_name().map(|name| name.to_string_lossy().into_owned())
    }
}

/// Prints the plan.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: PlanArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let answer = session.client.post(&["catalog", "plan"], &args.folder.gather()?).await?;
    let planned: Planned = read(answer.clone())?;
    session.out.show(answer, |planned: Planned| text(&session.out, &planned))?;
    if planned.errors > 0 {
        return Ok(ExitCode::from(codes::CATALOG_INVALID.class.exit_code()));
    }
    let Plan { counts, docs } = &planned.plan;
    let changes = counts.added + counts.changed + counts.removed > 0 || !docs.is_empty();
    Ok(if args.exit_code && changes { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn text(out: &Printer, planned: &Planned) -> String {
    let mut text = String::new();
    planned.problems.iter().for_each(|problem| add(&mut text, problem));
    text.push_str(&planned.text);
    if planned.errors > 0 {
        let words = format!("{} errors: `mainstay apply` refuses this folder without --partial", planned.errors);
        add(&mut text, out.toned(Tone::Bad, &words));
    }
    text
}

/// All that is wrong with the files, each with its place.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn problems(files: &Files, session: &Session) -> Result<Vec<String>, Refusal> {
    let planned: Planned = read(session.client.post(&["catalog", "plan"], files).await?)?;
    Ok(planned.problems)
}
