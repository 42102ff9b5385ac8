//! `mainstay flag refs`: where source code names flags.

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode};

use clap::Args;
use interchange::references::{Found, Likeness, Limits, Search, SearchError};
use kernel::{Refusal, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Session, answers::Flag, input};
use crate::output::{self, Printer, Table, Tone, add, read};

pub(super) const HELP: &str = "\
A reference is the flag's name standing alone, or the name as an identifier (newBasket, NEW_BASKET). What .gitignore
names, binary files and files over 1 MiB are left out. With --report the server is told, so that it can say which flags
no code names any more; a source's report replaces its last one.

Examples:
  mainstay flag refs .
  mainstay flag refs . --flag new-basket
  mainstay flag refs . --report --source shop/storefront";

/// Where to look, and for what.
#[derive(Debug, Args)]
pub(super) struct Refs {
    /// The folder with the source code
    dir: PathBuf,
    /// Only this flag; may be given several times. Without any, all that the server knows
    #[arg(long, value_name = "KEY")]
    flag: Vec<String>,
    /// Tell the server
    #[arg(long, requires = "source", conflicts_with = "flag")]
    report: bool,
    /// What the folder is called: the repository's name
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
}

/// Finds references.
///
/// # Errors
/// If the folder can't be read, or what the server refuses.
pub(super) async fn refs(args: &Refs, session: &Session) -> Result<ExitCode, Refusal> {
    let keys = if args.flag.is_empty() { known(session).await? } else { args.flag.clone() };
    let search = Search::new(keys.iter().cloned()).map_err(refused)?;
    let found = search.folder(&args.dir, &Limits::default()).map_err(refused)?;
    let unnamed: Vec<&String> = keys.iter().filter(|key| !found.references.contains_key(*key)).collect();
    found.unreadable.iter().for_each(|file| output::warn(&format!("left out: {file}")));
    if let (true, Some(source)) = (args.report, &args.source) {
        session.client.post(&["flags", "references"], &report(source, &found)).await?;
    }
    let mut answer = serde_json::to_value(&found)
        .map_err(|error| Refusal::new(&codes::INTERNAL, format!("the references can't be written: {error}")))?;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("unnamed".to_owned(), json!(unnamed));
    }
    session.out.show(answer, |searched: Searched| text(&session.out, &searched, args.report))?;
    Ok(ExitCode::SUCCESS)
}

/// The keys of all flags.
async fn known(session: &Session) -> Result<Vec<String>, Refusal> {
    let flags: Vec<Flag> = read(session.client.list(&["flags"], &[], usize::MAX).await?)?;
    Ok(flags.into_iter().map(|flag| flag.key).collect())
}

fn refused(error: SearchError) -> Refusal {
    let field = match &error {
        SearchError::Folder(..) | SearchError::NoFolder(_) => "DIR",
        SearchError::Keys(_) => "--flag",
    };
    input::wrong(field, error.to_string())
}

fn report(source: &str, found: &Found) -> Value {
    let places = found.references.iter().map(|(key, references)| {
        let places = references.iter().map(|reference| json!({"path": reference.path, "line": reference.line}));
        (key, places.collect::<Vec<_>>())
    });
    json!({"source": source, "references": places.collect::<BTreeMap<_, _>>()})
}

/// What was found, with the flags that nothing names.
#[derive(Debug, Deserialize)]
struct Searched {
    #[serde(flatten)]
    found: Found,
    unnamed: Vec<String>,
}

fn text(out: &Printer, Searched { found, unnamed }: &Searched, reported: bool) -> String {
    let mut table = Table::new(&["flag", "where", "line"]);
    for (key, references) in &found.references {
        for reference in references {
            let place = format!("{}:{}:{}", reference.path, reference.line, reference.column);
            let line = match reference.likeness {
                Likeness::Exact => reference.text.clone(),
                Likeness::Identifier => out.faint(&reference.text),
            };
            table.row([key.clone(), place, line]);
        }
    }
    let mut text = table.or("No flag is named.\n");
    if !unnamed.is_empty() {
        add(&mut text, out.toned(Tone::Warn, &format!("not named: {}", unnamed.join(", "))));
    }
    let (files, left_out, dropped) = (found.files, found.left_out, found.dropped);
    let mut counts = format!("{files} files were read, {left_out} left out");
    if dropped > 0 {
        counts.push_str(&format!("; {dropped} more references are not shown"));
    }
    if found.cut {
        counts.push_str("; the folder has more files than are looked at");
    }
    add(&mut text, out.faint(&counts));
    if reported {
        add(&mut text, out.toned(Tone::Good, "the server knows"));
    }
    text
}
