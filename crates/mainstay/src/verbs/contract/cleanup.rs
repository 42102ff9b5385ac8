//! `mainstay contract cleanup`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use kernel::Refusal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Session;
use crate::output::{Printer, Table, add, read, warn};

pub(super) const HELP: &str = "\
Versions go that are older than --keep-days and that nobody needs, with their pacts, verifications, tags and definitions.
These always stay: what is deployed or released now; the heads of branches and tags; each application's newest version,
its newest pact with each provider and its newest definition. --keep main keeps the whole main branch, --keep deployed what
was ever deployed or released. It says exactly what it removes, and removes exactly that; it can't be undone.

Examples:
  mainstay contract cleanup --keep-days 90 --dry-run
  mainstay contract cleanup --keep-days 90 --keep main,deployed";

/// What is to go.
#[derive(Debug, Args)]
pub(super) struct Cleanup {
    /// Younger versions stay
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    keep_days: u32,
    /// What else stays
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    keep: Vec<Keep>,
    /// Only this application's versions
    #[arg(long, value_name = "NAME")]
    pacticipant: Option<String>,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Why: shown on the timeline
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Keep {
    /// Every version on the main branch
    Main,
    /// Every version that was ever deployed or released
    Deployed,
}

#[derive(Debug, Deserialize)]
struct Cleaned {
    dry_run: bool,
    removed: Vec<Removed>,
    left: usize,
    kept: Kept,
}

#[derive(Debug, Deserialize)]
struct Removed {
    pacticipant: String,
    version: String,
    created: Option<Timestamp>,
    pacts: usize,
}

#[derive(Debug, Deserialize)]
struct Kept {
    young: usize,
    deployed: usize,
    heads: usize,
    newest: usize,
    main: usize,
}

/// Versions of one request.
const AT_MOST: u32 = 200;
/// Versions that a dry run shows.
const SHOWN_MAX: u32 = 500;

/// Removes batch by batch until there is nothing left to remove.
///
/// # Errors
/// What the server refuses; what was removed until then is printed.
pub(super) async fn cleanup(args: &Cleanup, session: &Session) -> Result<ExitCode, Refusal> {
    let keep: Vec<&str> = args
        .keep
        .iter()
        .map(|keep| match keep {
            Keep::Main => "main",
            Keep::Deployed => "deployed",
        })
        .collect();
    let body = json!({
        "keep_days": args.keep_days, "keep": keep, "pacticipant": args.pacticipant, "dry_run": args.dry_run,
        "reason": args.reason, "at_most": if args.dry_run { SHOWN_MAX } else { AT_MOST },
    });
    let mut all: Option<Value> = None;
    let failed = loop {
        let answer = match session.client.post(&["contracts", "cleanup"], &body).await {
            Ok(answer) => answer,
            Err(refusal) => break Some(refusal),
        };
        let batch: Cleaned = read(answer.clone())?;
        let goes_on = !batch.dry_run && batch.left > 0 && !batch.removed.is_empty();
        all = Some(joined(all, answer));
        if !goes_on {
            break None;
        }
    };
    let has_removed = all.is_some();
    if let Some(all) = all {
        session.out.show(all, |cleaned: Cleaned| text(&session.out, &cleaned))?;
    }
    match failed {
        Some(refusal) => {
            if has_removed {
                warn("It stopped before the end; run it again to go on.");
            }
            Err(refusal)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

/// The later answer with what the earlier ones removed.
fn joined(before: Option<Value>, mut answer: Value) -> Value {
    let before = before.as_ref().and_then(|before| before.get("removed")).and_then(Value::as_array);
    if let (Some(before), Some(Value::Array(removed))) = (before, answer.get_mut("removed")) {
        removed.splice(0..0, before.iter().cloned());
    }
    answer
}

fn text(out: &Printer, cleaned: &Cleaned) -> String {
    let mut table = Table::new(&["application", "version", "known since", "pacts"]);
    for removed in &cleaned.removed {
        let since = removed.created.map(|at| out.when(at)).unwrap_or_default();
        table.row([removed.pacticipant.clone(), removed.version.clone(), since, removed.pacts.to_string()]);
    }
    let mut text = table.or("There is nothing to remove.\n");
    let count = match cleaned.removed.len() {
        1 => "1 version".to_owned(),
        many => format!("{many} versions"),
    };
    if cleaned.removed.is_empty() {
        // It was said.
    } else if cleaned.dry_run {
        let more = if cleaned.left > 0 { format!(", and {} more", cleaned.left) } else { String::new() };
        add(&mut text, format!("\nTo be removed: {count}{more}. Nothing was: this was a dry run."));
    } else {
        add(&mut text, format!("\nRemoved: {count}."));
    }
    let Kept { young, deployed, heads, newest, main } = cleaned.kept;
    let why = [
        (young, "are young"),
        (deployed, "are or were deployed or released"),
        (heads, "are the head of a branch or tag"),
        (newest, "are the newest"),
        (main, "are on the main branch"),
    ];
    let why: Vec<String> =
        why.iter().filter(|(count, _)| *count > 0).map(|(count, why)| format!("{count} {why}")).collect();
    if !why.is_empty() {
        add(&mut text, format!("What stays: {}.", why.join(", ")));
    }
    text
}
