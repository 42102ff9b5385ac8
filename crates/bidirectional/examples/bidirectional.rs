//! Compares documents from the command line, in the shape of openapi-pact-comparator's results.
//!
//! - `bidirectional OAS PACT` prints an array of results.
//! - `bidirectional --pairs FILE` reads a list of `OAS<tab>PACT`, one pair a line, and prints one array a line; a pair that
//!   can't be read is an object with `unreadable`.
//! - `bidirectional --fixtures FOLDER` goes through the comparator's own fixtures (folders with `oas.yaml`, `pact.json` and
//!   `results.json`) and prints each difference and the score. `BIDIRECTIONAL_FIXTURES` names the folder too.
//!
//! Codes that the comparator doesn't have are left out, unless `--own` comes first.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bidirectional::{Finding, Kind, compare};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let own = arguments.first().is_some_and(|first| first == "--own");
    if own {
        arguments.remove(0);
    }
    let fixtures = std::env::var("BIDIRECTIONAL_FIXTURES").ok();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--pairs", list] => pairs(Path::new(list), own),
        ["--fixtures", folder] => score(Path::new(folder)),
        [] if fixtures.is_some() => score(Path::new(&fixtures.unwrap_or_default())),
        [openapi, pact] => one(Path::new(openapi), Path::new(pact), own),
        _ => {
            eprintln!("usage: bidirectional [--own] OAS PACT | [--own] --pairs FILE | --fixtures FOLDER");
            ExitCode::from(2)
        }
    }
}

fn results(openapi: &Path, pact: &Path, own: bool) -> Result<Vec<Value>, String> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let judgement = compare(&read(openapi)?, &read(pact)?).map_err(|error| error.to_string())?;
    Ok(judgement.findings.iter().filter(|finding| own || !finding.is_own()).map(result).collect())
}

fn result(finding: &Finding) -> Value {
    json!({
        "code": finding.code,
        "message": finding.message,
        "mockDetails": { "interactionDescription": finding.interaction, "location": finding.mock },
        "specDetails": { "location": finding.spec },
        "type": match finding.kind { Kind::Error => "error", Kind::Warning => "warning" },
    })
}

fn one(openapi: &Path, pact: &Path, own: bool) -> ExitCode {
    match results(openapi, pact, own) {
        Ok(results) => {
            let errors = results.iter().any(|result| result.get("type").is_some_and(|kind| kind == "error"));
            println!("{}", Value::from(results));
            ExitCode::from(u8::from(errors))
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn pairs(list: &Path, own: bool) -> ExitCode {
    let Ok(list) = std::fs::read_to_string(list) else {
        eprintln!("the list can't be read");
        return ExitCode::from(2);
    };
    for line in list.lines() {
        let Some((openapi, pact)) = line.split_once('\t') else { continue };
        match results(Path::new(openapi), Path::new(pact), own) {
            Ok(results) => println!("{}", Value::from(results)),
            Err(error) => println!("{}", json!({ "unreadable": error })),
        }
    }
    ExitCode::SUCCESS
}

fn score(root: &Path) -> ExitCode {
    let mut folders = Vec::new();
    gather(root, &mut folders);
    folders.sort();
    let (mut right, mut messages, mut all) = (0, Vec::new(), 0);
    for folder in &folders {
        let name = folder.strip_prefix(root).unwrap_or(folder).display().to_string();
        if !folder.join("oas.yaml").exists() || folder.join("asyncapi.yaml").exists() {
            messages.push(name);
            continue;
        }
        all += 1;
        match differences(folder) {
            Ok(differences) if differences.is_empty() => right += 1,
            Ok(differences) => {
                println!("{name}");
                differences.iter().for_each(|difference| println!("  {difference}"));
            }
            Err(error) => println!("{name}\n  {error}"),
        }
    }
    println!("{right}/{all} of {} fixtures", folders.len());
    println!("not compared, since they need an AsyncAPI document: {}", messages.join(", "));
    ExitCode::from(u8::from(right < all))
}

fn gather(folder: &Path, folders: &mut Vec<PathBuf>) {
    if folder.join("pact.json").exists() {
        folders.push(folder.to_owned());
        return;
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        gather(&entry.path(), folders);
    }
}

/// How often each code, kind and pair of locations is expected more (or, below zero, less) than it is found.
fn differences(folder: &Path) -> Result<Vec<String>, String> {
    let expected = std::fs::read_to_string(folder.join("results.json")).map_err(|error| error.to_string())?;
    let expected: Vec<Value> = serde_json::from_str(&expected).map_err(|error| error.to_string())?;
    let found = results(&folder.join("oas.yaml"), &folder.join("pact.json"), false)?;
    let mut counts = BTreeMap::<String, i64>::new();
    let key = |result: &Value| {
        let text = |pointer: &str| result.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let places = [text("/mockDetails/location"), text("/specDetails/location")];
        format!("{} {} {}", text("/type"), text("/code"), places.join(" <- "))
    };
    expected.iter().for_each(|result| *counts.entry(key(result)).or_default() += 1);
    found.iter().for_each(|result| *counts.entry(key(result)).or_default() -= 1);
    let differing = counts.into_iter().filter(|(_, count)| *count != 0);
    Ok(differing
        .map(|(key, count)| format!("{} {} {key}", if count > 0 { "missing" } else { "surplus" }, count.abs()))
        .collect())
}
