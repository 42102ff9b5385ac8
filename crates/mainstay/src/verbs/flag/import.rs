//! `mainstay flag import`: flags of other services.

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use interchange::{Imported, Problem, Severity, Unmapped};
use kernel::{EntityRef, RefDefaults, Refusal, codes};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Session, answers::Flag, input};
use crate::output::{Printer, Table, Tone, add, read};

pub(super) const HELP: &str = "\
Without --apply it only shows what it would make of the file, and what is not the same here; no server is asked then.
Flags that are here already are left as they are, unless --replace is given. The manual's page \"Moving from flagd,
Unleash or LaunchDarkly\" says how to get the files, and what maps to what.

Examples:
  mainstay flag import flagd flags.flagd.json --environment production
  mainstay flag import unleash export.json --segments segments.json
  mainstay flag import launchdarkly flags.json --rename prod=production --owner checkout --apply";

/// What to import.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// Whose file it is
    #[arg(value_enum)]
    service: Service,
    /// The file
    file: PathBuf,
    /// The service's segments, where they have a file of their own
    #[arg(long, value_name = "FILE")]
    segments: Option<PathBuf>,
    /// Where the flags hold, if the file doesn't say; everywhere if left out
    #[arg(long, short, value_name = "NAME")]
    environment: Option<String>,
    /// What an environment of the file is called here; may be given several times
    #[arg(long, value_name = "THERE=HERE")]
    rename: Vec<String>,
    /// Who keeps them: a group or user
    #[arg(long, value_name = "GROUP")]
    owner: Option<String>,
    /// Only show what would be made, which is so without --apply, too
    #[arg(long, conflicts_with = "apply")]
    dry_run: bool,
    /// Do it
    #[arg(long)]
    apply: bool,
    /// Also replace flags that are here already
    #[arg(long, requires = "apply")]
    replace: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Service {
    Flagd,
    Unleash,
    #[value(name = "launchdarkly")]
    LaunchDarkly,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Self::Flagd => "flagd",
            Self::Unleash => "Unleash",
            Self::LaunchDarkly => "LaunchDarkly",
        }
    }
}

/// Shows what would be made of a file, or makes it.
///
/// # Errors
/// If the file can't be read, or what the server refuses.
pub(super) async fn import(args: &Import, session: &Session) -> Result<ExitCode, Refusal> {
    let imported = imported(args)?;
    let plan = json!({
        "flags": specs(imported.flag_specs()), "segments": specs(imported.segment_specs()), "unmapped": imported.unmapped,
    });
    if !args.apply {
        session.out.show(plan, |plan: Plan| text(&session.out, &plan))?;
        return Ok(ExitCode::SUCCESS);
    }
    let applied = apply(&imported, args, session).await?;
    let refused = !applied.refused.is_empty();
    let mut answer = plan;
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("made".to_owned(), json!(applied.made));
        answer.insert("left".to_owned(), json!(applied.left));
        answer.insert("refused".to_owned(), applied.refused());
    }
    session.out.show(answer, |plan: Plan| text(&session.out, &plan))?;
    Ok(if refused { ExitCode::from(codes::INVALID.class.exit_code()) } else { ExitCode::SUCCESS })
}

fn imported(args: &Import) -> Result<Imported, Refusal> {
    let file = input::file("FILE", &args.file)?;
    let segments = args.segments.as_ref().map(|path| input::file("--segments", path)).transpose()?;
    let segments = segments.as_deref();
    let imported = match args.service {
        Service::Flagd if segments.is_some() => {
            return Err(input::wrong("--segments", "a flagd file has its shared rules in itself"));
        }
        Service::Flagd => interchange::flagd(&file),
        Service::Unleash => interchange::unleash(&file, segments),
        Service::LaunchDarkly => interchange::launchdarkly(&file, segments),
    };
    let mut imported = imported.map_err(|problem: Problem| input::wrong("FILE", problem.to_string()))?;
    for (there, here) in input::pairs("--rename", args.rename.iter().map(String::as_str))? {
        rename(&mut imported, there, here)?;
    }
    if let Some(environment) = &args.environment {
        // What the file says of named environments stays.
        imported.rename_environment(flags::Definition::EVERYWHERE, environment);
    }
    if let Some(owner) = &args.owner {
        let defaults = RefDefaults { kind: Some("group"), namespace: EntityRef::DEFAULT_NAMESPACE };
        let owner = EntityRef::parse(owner, defaults).map_err(|error| input::wrong("--owner", error.to_string()))?;
        imported.give_to(&owner);
    }
    Ok(imported)
}

fn rename(imported: &mut Imported, there: &str, here: &str) -> Result<(), Refusal> {
    if imported.rename_environment(there, here) {
        return Ok(());
    }
    let names: BTreeSet<&str> = imported.environments().collect();
    let names = names.into_iter().collect::<Vec<_>>().join(", ");
    Err(input::wrong("--rename", format!("the file has no environment \"{there}\"; it has {names}")))
}

fn specs<'a>(specs: impl Iterator<Item = (&'a str, Value)>) -> Vec<Value> {
    specs.map(|(key, spec)| json!({"key": key, "spec": spec})).collect()
}

/// What came of applying.
#[derive(Debug, Default)]
struct Applied {
    made: Vec<String>,
    left: Vec<String>,
    refused: Vec<(String, Refusal)>,
}

impl Applied {
    fn refused(&self) -> Value {
        let refused = self.refused.iter().map(|(key, refusal)| json!({"key": key, "why": refusal.to_string()}));
        refused.collect()
    }
}

/// Makes segments first, since flags refer to them. What refers to something that is not there yet is tried again after
/// the others.
async fn apply(imported: &Imported, args: &Import, session: &Session) -> Result<Applied, Refusal> {
    let there: Vec<Flag> = read(session.client.list(&["flags"], &[], usize::MAX).await?)?;
    let there: BTreeSet<String> = there.into_iter().map(|flag| flag.key).collect();
    let mut applied = Applied::default();
    let reason = &format!("imported from {}", args.service.name());
    let segments: Vec<_> = imported.segment_specs().collect();
    put_all("segments", segments, reason, &mut applied, session).await?;
    let (old, new): (Vec<_>, Vec<_>) = imported.flag_specs().partition(|(key, _)| there.contains(*key));
    let flags = if args.replace {
        new.into_iter().chain(old).collect()
    } else {
        applied.left = old.into_iter().map(|(key, _)| key.to_owned()).collect();
        new
    };
    put_all("flags", flags, reason, &mut applied, session).await?;
    Ok(applied)
}

async fn put_all(
    collection: &str,
    mut waiting: Vec<(&str, Value)>,
    reason: &str,
    applied: &mut Applied,
    session: &Session,
) -> Result<(), Refusal> {
    loop {
        let mut refused = Vec::new();
        let count = waiting.len();
        for (key, mut spec) in waiting {
            if let Some(spec) = spec.as_object_mut() {
                spec.insert("reason".to_owned(), json!(reason));
            }
            match session.client.put(&[collection, key], &spec).await {
                Ok(_) => applied.made.push(format!("{collection}/{key}")),
                Err(refusal) if refusal.class() == kernel::Class::UserFixable => refused.push((key, spec, refusal)),
                // A server that is away or out of order is so for all that is left.
                Err(refusal) => return Err(refusal),
            }
        }
        if refused.len() == count {
            let refused = refused.into_iter().map(|(key, _, refusal)| (format!("{collection}/{key}"), refusal));
            applied.refused.extend(refused);
            return Ok(());
        }
        waiting = refused.into_iter().map(|(key, spec, _)| (key, spec)).collect();
    }
}

/// What would be made, or was.
#[derive(Debug, Deserialize)]
struct Plan {
    flags: Vec<Item>,
    segments: Vec<Item>,
    unmapped: Vec<Unmapped>,
    made: Option<Vec<String>>,
    #[serde(default)]
    left: Vec<String>,
    #[serde(default)]
    refused: Vec<Refused>,
}

#[derive(Debug, Deserialize)]
struct Item {
    key: String,
    spec: Value,
}

#[derive(Debug, Deserialize)]
struct Refused {
    key: String,
    why: String,
}

fn text(out: &Printer, plan: &Plan) -> String {
    let mut text = String::new();
    let mut table = Table::new(&["flag", "type", "variants", "environments"]);
    for Item { key, spec } in &plan.flags {
        let kind = spec.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        table.row([key.clone(), kind, names(spec, "variants", |_| ""), names(spec, "environments", standing)]);
    }
    add(&mut text, table.or("The file has no flags.\n"));
    if !plan.segments.is_empty() {
        let names: Vec<&str> = plan.segments.iter().map(|segment| &*segment.key).collect();
        add(&mut text, format!("segments: {}\n", names.join(", ")));
    }
    for (severity, heading) in [
        (Severity::Lost, out.toned(Tone::Bad, "LOST: mend this by hand")),
        (Severity::Changed, out.toned(Tone::Warn, "CHANGED: not quite the same here")),
        (Severity::Note, out.toned(Tone::Quiet, "GOOD TO KNOW")),
    ] {
        unmapped(&plan.unmapped, severity, &heading, &mut text);
    }
    add(&mut text, counts(out, plan));
    text
}

fn names(spec: &Value, member: &str, more: impl Fn(&Value) -> &'static str) -> String {
    let members = spec.get(member).and_then(Value::as_object);
    let names = members.into_iter().flatten().map(|(name, value)| format!("{name}{}", more(value)));
    names.collect::<Vec<_>>().join(", ")
}

fn standing(setting: &Value) -> &'static str {
    if setting.get("enabled").and_then(Value::as_bool).unwrap_or_default() { " on" } else { " off" }
}

fn unmapped(all: &[Unmapped], severity: Severity, heading: &str, text: &mut String) {
    let mut of_this = all.iter().filter(|unmapped| unmapped.severity == severity).peekable();
    if of_this.peek().is_none() {
        return;
    }
    add(text, heading);
    for Unmapped { flag, place, what, why, .. } in of_this {
        let place = if place.is_empty() { String::new() } else { format!(" ({place})") };
        add(text, format!("  {}{place}: {what}\n      {why}", flag.as_deref().unwrap_or("all flags")));
    }
    text.push('\n');
}

fn counts(out: &Printer, plan: &Plan) -> String {
    let Some(made) = &plan.made else {
        let counts = format!("{} flags and {} segments would be made", plan.flags.len(), plan.segments.len());
        return format!("{counts}: add --apply to make them");
    };
    let mut text = String::new();
    for Refused { key, why } in &plan.refused {
        add(&mut text, out.toned(Tone::Bad, &format!("{key} was refused: {why}")));
    }
    if !plan.left.is_empty() {
        let words = format!("left as they are, since they are here already (--replace): {}", plan.left.join(", "));
        add(&mut text, out.toned(Tone::Warn, &words));
    }
    add(&mut text, out.toned(Tone::Good, &format!("{} made", made.len())));
    text
}
