//! Compares documents from the command line, in the shape of openapi-pact-comparator's results, for its judge
//! (`tests/clients/oas_judge.mjs`).
//!
//! `bidirectional --pairs FILE` reads a list of `OAS<tab>PACT`, one pair a line, and prints an array of results a line; a pair
//! that can't be read is an object with `unreadable`. Codes that the comparator doesn't have are left out.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::path::Path;
use std::process::ExitCode;

use bidirectional::{Finding, Kind, compare};
use serde_json::{Value, json};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ["--pairs", list] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        eprintln!("usage: bidirectional --pairs FILE");
        return ExitCode::from(2);
    };
    let Ok(list) = std::fs::read_to_string(list) else {
        eprintln!("the list can't be read");
        return ExitCode::from(2);
    };
    for line in list.lines() {
        let Some((openapi, pact)) = line.split_once('\t') else { continue };
        match results(Path::new(openapi), Path::new(pact)) {
            Ok(results) => println!("{}", Value::from(results)),
            Err(error) => println!("{}", json!({ "unreadable": error })),
        }
    }
    ExitCode::SUCCESS
}

fn results(openapi: &Path, pact: &Path) -> Result<Vec<Value>, String> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()));
    let judgement = compare(&read(openapi)?, &read(pact)?).map_err(|error| error.to_string())?;
    Ok(judgement.findings.iter().filter(|finding| !finding.is_own()).map(result).collect())
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
