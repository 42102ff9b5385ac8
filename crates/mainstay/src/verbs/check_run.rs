//! `mainstay check run`: a check now, at its locations or right here.
//!
//! By its name, the server asks the check's locations and each is told of as its result comes. With `--file` a declared
//! check is run by this process alone: for whoever writes one, and for CI.

use std::{
    fs,
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use catalog::{Bundle, BundleFile};
use checks::{CheckDefinition, Tally};
use clap::Args;
use jiff::Timestamp;
use kernel::{Refusal, codes};
use probe::{AddressPolicy, Client, Secrets};
use serde_json::{Value, json};
use web::api::runs::{AnswerView, RunView};

use super::Session;
use crate::{
    output::{self, Printer, Tone, add, indented, said, short},
    settings,
};

pub(crate) const HELP: &str = "\
What the locations see counts as any other result. The exit code is 0 if all passed, 1 if one failed, and 75 if one did
not answer in time. With --file nothing is sent to a server, and nothing is judged: it is one run, from this machine.

Examples:
  mainstay check run payments-charge
  mainstay check run payments-charge --location eu-west --location us-east
  mainstay check run --file checks/payments.yaml --secrets-file secrets.env
  mainstay check run --file checks/payments.yaml --name payments-charge -o json";

/// Where these runs take place.
const HERE: &str = "here";
/// The largest file that is read.
const FILE_BYTES_MAX: u64 = 4 << 20;
/// How long one question to the server waits for more.
const WAIT_S: &str = "20";
/// So wide is a bar.
const BAR: usize = 24;

/// Which check, and where.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The check's name
    #[arg(required_unless_present = "file", conflicts_with = "file", value_name = "NAME")]
    pub(super) check: Option<String>,
    /// Only at this location; may be given several times
    #[arg(long = "location", value_name = "NAME", conflicts_with = "file")]
    locations: Vec<String>,
    /// Run the checks that this catalog file declares, from here and without a server
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
    /// Only this check of the file
    #[arg(long, value_name = "NAME", requires = "file")]
    name: Option<String>,
    /// The values of the secrets that the checks name: lines of NAME=value
    #[arg(long, value_name = "FILE", requires = "file")]
    secrets_file: Option<PathBuf>,
    /// Refuse to ask loopback and private addresses
    #[arg(long, requires = "file")]
    public_only: bool,
    /// A folder of programs that keep to the contract of Nagios' plugins; without it, none is run
    #[arg(long, value_name = "DIR", requires = "file")]
    plugins: Option<PathBuf>,
}

/// What came of it, as an exit code says it.
fn exit(answers: &[AnswerView]) -> ExitCode {
    let any = |outcome: &str| answers.iter().any(|answer| answer.outcome == outcome);
    if any("failed") {
        ExitCode::FAILURE
    } else if ["no answer", "unable", "waiting"].into_iter().any(any) {
        ExitCode::from(codes::TIMEOUT.class.exit_code())
    } else {
        ExitCode::SUCCESS
    }
}

/// Runs checks of a file, here.
///
/// # Errors
/// If the file can't be read, or what it declares has errors.
pub(crate) async fn here(args: &RunArgs, file: &Path, out: &Printer) -> Result<ExitCode, Refusal> {
    let definitions = declared(file, args.name.as_deref())?;
    let secrets = settings::check_secrets(args.secrets_file.clone(), "--secrets-file")?;
    let none = |error: probe::ClientError| Refusal::new(&codes::INTERNAL, error.to_string());
    let client = Client::new(AddressPolicy { private: !args.public_only }).map_err(none)?;
    let client = client.with_secrets(Secrets::new(secrets));
    let client = match &args.plugins {
        Some(folder) => client.with_plugins(folder),
        None => client,
    };
    for definition in &definitions {
        if !definition.is_run() {
            let detail =
                format!("{} is {}, which can't be run from here", definition.check.short(), definition.kind.word());
            return Err(Refusal::new(&codes::INVALID, detail).field("--file").fix("name another check with --name"));
        }
    }
    let mut seen = Vec::new();
    for definition in definitions {
        let at = Timestamp::now();
        let run = client.run_once(&definition).await;
        let result = Tally::default().count(&definition.check, HERE, at, run.outcome, run.latency_ms);
        let answer = AnswerView::of(&checks::RunResult { hops: run.hops, ..result });
        if !out.is_json() {
            let named = AnswerView { location: definition.check.short().to_owned(), ..answer.clone() };
            output::line(text(out, &named).trim_end())?;
        }
        seen.push((definition, answer));
    }
    if out.is_json() {
        let all = seen.iter().map(|(definition, answer)| {
            let mut shown = serde_json::to_value(answer).unwrap_or_default();
            if let Value::Object(members) = &mut shown {
                members.insert("check".to_owned(), json!(definition.check));
                members.insert("request".to_owned(), json!(definition.request()));
            }
            shown
        });
        out.json(&all.collect::<Value>())?;
    }
    Ok(exit(&seen.into_iter().map(|(_, answer)| answer).collect::<Vec<_>>()))
}

/// The checks that a file declares, or the one of this name. They are read as a plan reads them.
fn declared(file: &Path, name: Option<&str>) -> Result<Vec<CheckDefinition>, Refusal> {
    let wrong = |detail: String| Refusal::new(&codes::INVALID, detail).field("--file");
    let cant = |error: std::io::Error| wrong(format!("{}: {error}", file.display()));
    if fs::metadata(file).map_err(cant)?.len() > FILE_BYTES_MAX {
        return Err(wrong(format!("{} is larger than {FILE_BYTES_MAX} bytes", file.display())));
    }
    let path = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let bytes = fs::read(file).map_err(cant)?;
    let files = vec![BundleFile { path, bytes: bytes.into() }];
    let reading = world::read_bundle(&Bundle { source: HERE.to_owned(), files, problems: Vec::new() });
    for problem in &reading.problems {
        output::warn(&catalog::render(problem));
    }
    if reading.errors() > 0 {
        let refusal = Refusal::new(&codes::CATALOG_INVALID, format!("{} has errors", file.display()));
        return Err(refusal.fix("mend what is said above"));
    }
    let wanted = reading.entities.iter().filter(|entity| {
        let reference = &entity.reference;
        reference.kind() == "check"
            && name.is_none_or(|name| [reference.short(), reference.name(), reference.as_str()].contains(&name))
    });
    let read = |entity: &catalog::Descriptor| {
        let document = entity.json();
        CheckDefinition::from_spec(entity.reference.clone(), document.get("spec").unwrap_or(&Value::Null)).ok()
    };
    let definitions: Vec<CheckDefinition> = wanted.filter_map(read).collect();
    if definitions.is_empty() {
        let which = name.map_or_else(|| "a check".to_owned(), |name| format!("the check {name}"));
        return Err(wrong(format!("{} does not declare {which}", file.display())));
    }
    Ok(definitions)
}

/// Asks the server to run a check, and tells of each location as its result comes.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn there(args: &RunArgs, name: &str, session: &Session) -> Result<ExitCode, Refusal> {
    let (client, out) = (&session.client, &session.out);
    let mut answer = client.post(&["checks", name, "runs"], &json!({"locations": args.locations})).await?;
    let mut told: Vec<String> = Vec::new();
    let bar = Bar { shown: !out.is_json() && std::io::stderr().is_terminal() };
    loop {
        let run: RunView = output::read(answer.clone())?;
        bar.clear();
        for seen in run.locations.iter().filter(|seen| seen.outcome != "waiting" && !told.contains(&seen.location)) {
            if !out.is_json() {
                output::line(text(out, seen).trim_end())?;
            }
        }
        told =
            run.locations.iter().filter(|seen| seen.outcome != "waiting").map(|seen| seen.location.clone()).collect();
        if run.state == "over" {
            if out.is_json() {
                out.json(&answer)?;
            } else {
                output::line(out.faint(&format!("{} is {}", short(run.check.as_str()), run.verdict)))?;
            }
            return Ok(exit(&run.locations));
        }
        bar.draw(run.answers, run.locations.len());
        let seen = run.answers.to_string();
        answer = client.get(&["checks", name, "runs", &run.id], &[("seen", &seen), ("wait_s", WAIT_S)]).await?;
    }
}

/// How far it is, on the last line of a terminal.
struct Bar {
    shown: bool,
}

impl Bar {
    fn draw(&self, done: usize, all: usize) {
        let full = done * BAR / all.max(1);
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(BAR - full.min(BAR)));
        self.print(&format!("{bar} {done} of {all} locations"));
    }

    fn clear(&self) {
        self.print("\r\u{1b}[K");
    }

    /// Nobody is told if standard error is closed.
    fn print(&self, text: &str) {
        if self.shown {
            let mut err = std::io::stderr().lock();
            let _ = write!(err, "{text}").and_then(|()| err.flush());
        }
    }
}

/// One location's line, and what it saw where something was wrong.
fn text(out: &Printer, seen: &AnswerView) -> String {
    let tone = match seen.outcome.as_str() {
        "passed" => Tone::Good,
        "slow" => Tone::Warn,
        "failed" => Tone::Bad,
        _ => Tone::Unknown,
    };
    let mut text = String::new();
    let latency = seen.latency_ms.map(|ms| format!("  {ms} ms")).unwrap_or_default();
    let phases: Vec<String> =
        seen.phases.iter().map(|phase| format!("{} {} ms", said(&phase.phase), phase.ms)).collect();
    let phases = if phases.is_empty() { String::new() } else { out.faint(&format!("  {}", phases.join(", "))) };
    add(
        &mut text,
        format!("{}  {}{latency}{phases}", out.toned(tone, &said(&seen.outcome)), out.strong(&said(&seen.location))),
    );
    if let Some(error) = &seen.error {
        add(&mut text, format!("    {}", indented(&said(error), 4)));
        let answered = seen.status.map(|status| format!(" answered {status}")).unwrap_or_default();
        if let Some(url) = &seen.url {
            add(&mut text, format!("    {}{answered}", said(url)));
        }
        for hop in seen.hops.iter().filter(|_| seen.hops.len() > 1) {
            let step = hop.step.as_ref().map(|step| format!("{step}: ")).unwrap_or_default();
            let status = hop.status.map(|status| format!(" {status}")).unwrap_or_default();
            add(
                &mut text,
                out.faint(&format!("    {}{status}, {} ms", said(&format!("{step}{}", hop.request)), hop.ms)),
            );
        }
        if let Some(body) = seen.body.as_deref().filter(|body| !body.trim().is_empty()) {
            let lines: Vec<&str> = body.lines().take(BODY_LINES).collect();
            add(&mut text, out.faint(&format!("    {}", indented(&said(&lines.join("\n")), 4))));
        }
    }
    text
}

/// Lines of an answer's body that are printed.
const BODY_LINES: usize = 8;
