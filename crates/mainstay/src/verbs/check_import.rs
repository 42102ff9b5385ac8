//! `mainstay check import`: other monitors' configurations become catalog files.

mod kuma_db;

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use kernel::{EntityRef, RefDefaults, Refusal, codes};
use monitors::{Imported, Monitor, Note, Options, Severity, Unreadable};

use crate::output::{self, Printer, Tone};

pub(crate) const HELP: &str = "\
Whose configuration it is is known by its content: Gatus', blackbox_exporter's with Prometheus', or Uptime Kuma's
database, or the backup that its version 1 wrote.
Nothing is sent to a server: the checks are written as catalog files, to be read, planned and applied. What is not the
same, or could not be taken, is said with its place. The exit code is 1 if something was lost.

Examples:
  mainstay check import config.yaml --target component:shop --owner group:shop
  mainstay check import gatus/*.yaml --out ./catalog/checks
  mainstay check import prometheus.yml blackbox.yml --out ./catalog/checks
  mainstay check import kuma.db --out ./catalog/checks";

/// More of a file is not read: it is refused as too large.
const FILE_BYTES_MAX: u64 = (4 << 20) + 1;

/// What to read, and where to.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The files of one configuration
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What all of them are checks of; else the component of each check's group
    #[arg(long, value_name = "ENTITY")]
    target: Option<String>,
    /// Who keeps them, such as group:shop
    #[arg(long, value_name = "GROUP")]
    owner: Option<String>,
    /// The folder to write to, a file for each group; else all is printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Reads, writes, and says what is not the same.
///
/// # Errors
/// If a file can't be read or written.
pub(crate) fn run(args: &ImportArgs, out: &Printer) -> Result<ExitCode, Refusal> {
    let named = |text: &Option<String>, kind: &str, field: &str| -> Result<Option<EntityRef>, Refusal> {
        let defaults = RefDefaults { kind: Some(kind), namespace: EntityRef::DEFAULT_NAMESPACE };
        let read = text.as_deref().map(|text| EntityRef::parse(text, defaults)).transpose();
        read.map_err(|error| Refusal::new(&codes::INVALID, error.to_string()).field(field))
    };
    let options = Options {
        owner: named(&args.owner, "group", "--owner")?,
        target: named(&args.target, "component", "--target")?,
        ..Options::default()
    };
    let imported = imported(&args.files, &options)?;
    match &args.out {
        Some(folder) => write(&imported, folder)?,
        None => output::line(imported.yaml())?,
    }
    tell(&imported, out);
    let lost = imported.notes.iter().any(|note| note.severity == Severity::Lost);
    Ok(if lost { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn imported(paths: &[PathBuf], options: &Options) -> Result<Imported, Refusal> {
    let refused = |why: String| Refusal::new(&codes::INVALID, why).field("FILE");
    let mut files = Vec::new();
    for path in paths {
        let cant = |error: std::io::Error| refused(format!("{}: {error}", path.display()));
        if kuma_db::is_database(path).map_err(cant)? {
            let [path] = paths else {
                return Err(refused("a database of Uptime Kuma is imported alone".to_owned()));
            };
            let file = path.display().to_string();
            let rows = kuma_db::rows(path).map_err(|why| refused(format!("{file} {why}")))?;
            return monitors::kuma(&file, &rows, options).map_err(|error| refused(error.to_string()));
        }
        let mut bytes = Vec::new();
        fs::File::open(path).map_err(cant)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(cant)?;
        files.push((path.display().to_string(), bytes));
    }
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let imported = Monitor::of(&files).and_then(|monitor| match (monitor, files.as_slice()) {
        (Monitor::Gatus, files) => monitors::gatus(files, options),
        (Monitor::Blackbox, files) => monitors::blackbox(files, options),
        (Monitor::Kuma, [(file, bytes)]) => monitors::kuma(file, &monitors::tree(file, bytes)?, options),
        (Monitor::Kuma, files) => {
            let file = files.iter().map(|(file, _)| *file).collect::<Vec<_>>().join(", ");
            Err(Unreadable::Other { file, why: "are several; a backup of Uptime Kuma is imported alone".to_owned() })
        }
    });
    imported.map_err(|error| refused(error.to_string()))
}

fn write(imported: &Imported, folder: &Path) -> Result<(), Refusal> {
    let cant = |error: std::io::Error| {
        Refusal::new(&codes::INVALID, format!("{} can't be written: {error}", folder.display())).field("--out")
    };
    fs::create_dir_all(folder).map_err(cant)?;
    for (name, text) in imported.files() {
        // Nothing of somebody's is written over.
        let path = folder.join(&name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(cant)?;
        file.write_all(text.as_bytes()).map_err(cant)?;
        output::line(format!("wrote {}", path.display()))?;
    }
    Ok(())
}

/// The report goes beside the YAML, not into it.
fn tell(imported: &Imported, out: &Printer) {
    let mut lines = vec![format!("{} checks", imported.checks.len())];
    lines.extend(imported.notes.iter().map(|note| told(note, out)));
    let secrets = imported.secrets.iter();
    lines.extend(secrets.map(|secret| format!("  set the secret {secret} in the file of --check-secrets-file")));
    // Whoever closed stderr does not want the report.
    let _ = writeln!(std::io::stderr(), "{}", lines.join("\n"));
}

/// Something that is not the same, as a line of the report.
pub(super) fn told(note: &Note, out: &Printer) -> String {
    let (tone, word) = match note.severity {
        Severity::Lost => (Tone::Bad, "lost"),
        Severity::Changed => (Tone::Warn, "changed"),
        Severity::Info => (Tone::Quiet, "note"),
    };
    let of = note.check.as_deref().map_or_else(String::new, |check| format!(" ({check})"));
    format!("  {} {}{of}: {}: {}", out.toned(tone, word), note.place, note.what, note.why)
}
