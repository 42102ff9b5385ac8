//! `mainstay slo import`: Sloth's and Pyrra's files become OpenSLO documents.

use std::{fs, io::Write as _, path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::{Refusal, codes};
use monitors::Severity;

use super::check_import::told;
use crate::output::{self, Printer};

pub(crate) const HELP: &str = "\
Nothing is sent to a server: the objectives are written as a catalog file, to be read, planned and applied. What is not
the same, or could not be taken, is said with its place. The exit code is 1 if something was lost.

Example: mainstay slo import sloth/*.yml --prometheus https://prometheus.example.com --out ./catalog/slos.yaml";

/// What to read, and where to.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files of Sloth or Pyrra
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The Prometheus that their queries go to
    #[arg(long, value_name = "URL")]
    prometheus: String,
    /// The file to write; else all is printed
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Reads, writes, and says what is not the same.
///
/// # Errors
/// If a file can't be read or written.
pub(crate) fn run(args: &ImportArgs, out: &Printer) -> Result<ExitCode, Refusal> {
    let mut files = Vec::new();
    for path in &args.files {
        let bytes = fs::read(path)
            .map_err(|error| Refusal::new(&codes::INVALID, format!("{}: {error}", path.display())).field("FILE"))?;
        files.push((path.display().to_string(), bytes));
    }
    let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let read = monitors::objectives(&borrowed, &args.prometheus)
        .map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field("FILE"))?;
    match &args.out {
        Some(path) => {
            let cant = |error: std::io::Error| {
                Refusal::new(&codes::INVALID, format!("{} can't be written: {error}", path.display())).field("--out")
            };
            // Nothing of somebody's is written over.
            let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(cant)?;
            file.write_all(read.yaml().as_bytes()).map_err(cant)?;
            output::line(format!("wrote {}", path.display()))?;
        }
        None => output::line(read.yaml())?,
    }
    let lines: Vec<String> = [format!("{} objectives", read.slos)]
        .into_iter()
        .chain(read.notes.iter().map(|note| told(note, out)))
        .collect();
    // Whoever closed stderr does not want the report.
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
    let lost = read.notes.iter().any(|note| note.severity == Severity::Lost);
    Ok(if lost { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
