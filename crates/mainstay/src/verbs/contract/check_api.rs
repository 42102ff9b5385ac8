//! `mainstay contract check-api`: a definition compared before it is published.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kernel::Refusal;
use serde::Deserialize;
use serde_json::json;

use super::{
    Session,
    publish::{read, wrong},
};
use crate::output::{self, Printer, Tone, add, indented, short};

pub(super) const HELP: &str = "\
Exit codes: 0 nobody is broken; 1 somebody who is known to call it is. Who calls what is known from pacts and from the
catalog (`consumesApis`). --strict also says no where something breaks that nobody is known to call.

Examples:
  mainstay contract check-api openapi.yaml --api payments
  mainstay contract check-api payments.proto --api payments-grpc --deployed";

/// What is compared.
#[derive(Debug, Args)]
pub(super) struct CheckApi {
    /// The definition as it is to be: OpenAPI, or a .proto file
    file: PathBuf,
    /// The API of the catalog
    #[arg(long, value_name = "NAME")]
    api: String,
    /// Compare only with what is deployed, not with the catalog's current definition
    #[arg(long)]
    deployed: bool,
    /// Also say no to what breaks nobody who is known
    #[arg(long)]
    strict: bool,
}

#[derive(Debug, Deserialize)]
struct Compared {
    api: String,
    breaking: bool,
    breaks_somebody: bool,
    comparisons: Vec<Comparison>,
}

#[derive(Debug, Deserialize)]
struct Comparison {
    current: bool,
    deployed_in: Vec<String>,
    breaking: u32,
    risky: u32,
    compatible: u32,
    changes: Vec<Change>,
    consumers: Vec<Caller>,
}

#[derive(Debug, Deserialize)]
struct Change {
    rule: String,
    level: String,
    operation: Option<String>,
    text: String,
}

#[derive(Debug, Deserialize)]
struct Caller {
    component: String,
    owner: Option<String>,
    operations: Vec<String>,
}

/// Compares a definition.
///
/// # Errors
/// If the file can't be read, or what the server refuses.
pub(super) async fn check(args: &CheckApi, session: &Session) -> Result<ExitCode, Refusal> {
    let bytes = read("FILE", &args.file)?;
    let definition =
        String::from_utf8(bytes).map_err(|_| wrong("FILE", format!("{} is not UTF-8", args.file.display())))?;
    let body = json!({"api": args.api, "definition": definition, "deployed": args.deployed});
    let answer = session.client.ask(&["contracts", "compare"], &body).await?;
    let compared: Compared = output::read(answer.clone())?;
    let no = compared.breaks_somebody || (args.strict && compared.breaking);
    session.out.show(answer, |compared: Compared| text(&session.out, &compared, no))?;
    Ok(if no { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn text(out: &Printer, compared: &Compared, no: bool) -> String {
    let api = short(&compared.api);
    let mut text = String::new();
    let (tone, verdict) = match (no, compared.breaking) {
        (true, _) => (Tone::Bad, format!("no: this definition of {api} breaks its callers")),
        (false, true) => {
            (Tone::Warn, format!("yes: this definition of {api} breaks something, but nobody who is known"))
        }
        (false, false) => (Tone::Good, format!("yes: this definition of {api} breaks nobody")),
    };
    add(&mut text, out.toned(tone, &verdict));
    if compared.comparisons.is_empty() {
        add(&mut text, "  Nothing is known to be deployed, so that there is nothing to compare with.");
    }
    for comparison in &compared.comparisons {
        add(&mut text, "");
        add_comparison(&mut text, out, comparison);
    }
    text
}

fn add_comparison(text: &mut String, out: &Printer, comparison: &Comparison) {
    let deployed =
        (!comparison.deployed_in.is_empty()).then(|| format!("what runs in {}", comparison.deployed_in.join(", ")));
    let current = comparison.current.then(|| "the catalog's definition".to_owned());
    let with = [current, deployed].into_iter().flatten().collect::<Vec<_>>().join(", which is ");
    let Comparison { breaking, risky, compatible, .. } = comparison;
    let counts = match (breaking, risky, compatible) {
        (0, 0, 0) => "nothing changes".to_owned(),
        _ => format!("{breaking} breaking, {risky} risky, {compatible} compatible changes"),
    };
    add(text, out.strong(&format!("compared with {with}: {counts}")));
    for change in &comparison.changes {
        let tone = match change.level.as_str() {
            "breaking" => Tone::Bad,
            "risky" => Tone::Warn,
            _ => Tone::Good,
        };
        let place = change.operation.as_ref().map_or_else(String::new, |operation| format!("{operation}: "));
        let said = format!("{place}{} [{}]", indented(&change.text, 4), change.rule);
        add(text, format!("  {}", out.toned(tone, &said)));
    }
    for caller in &comparison.consumers {
        let owner = caller.owner.as_deref().map_or("nobody owns it", short);
        let calls = if caller.operations.is_empty() {
            "says that it consumes this API".to_owned()
        } else {
            format!("calls {}", caller.operations.join(", "))
        };
        add(text, format!("  breaks {} ({owner}): {calls}", short(&caller.component)));
    }
}
