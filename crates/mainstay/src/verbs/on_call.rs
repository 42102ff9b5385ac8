//! `mainstay on-call`: who is on call.

use std::process::ExitCode;

use clap::Args;
use kernel::{EntityRef, RefDefaults, Refusal, codes};

use super::{Session, times};
use crate::{
    answers::{Duty, TeamOnCall},
    output::{Printer, Table, Tone, short},
};

pub(crate) const HELP: &str = "\
The exit code is 1 if somebody is missing: a team or service was named, and nobody is on call for it.

Examples:
  mainstay on-call
  mainstay on-call group:checkout
  mainstay on-call payments --at 2026-11-20T03:07:00Z";

/// Whose on-call, and when.
#[derive(Debug, Default, Args)]
pub(crate) struct OnCallArgs {
    /// A service (its owner's on-call) or a team (`group:checkout`); all teams if left out
    of: Option<String>,
    /// When, if not now: a time, or a span from now such as `12h`
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Prints who is on call.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: OnCallArgs, session: &Session) -> Result<ExitCode, Refusal> {
    let at = args.at.as_deref().map(|text| times::future("--at", text, session.out.now())).transpose()?;
    let at = at.map(|at| at.to_string());
    let mut query = Vec::new();
    query.extend(at.as_deref().map(|at| ("at", at)));
    let of = args.of.as_deref().map(reference).transpose()?;
    if let Some(of) = &of {
        query.push((if of.kind() == "group" { "team" } else { "entity" }, of.as_str()));
    }
    let answer = session.client.get(&["on-call"], &query).await?;
    let mut missing = false;
    if let Some(teams) = answer.as_array() {
        let nobody =
            |team: &serde_json::Value| team.get("on_call").is_none_or(|duties| duties == &serde_json::json!([]));
        missing = of.is_some() && (teams.is_empty() || teams.iter().any(nobody));
    }
    session.out.show(answer, |teams: Vec<TeamOnCall>| table(&session.out, &teams))?;
    Ok(if missing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A reference as people write it: a component unless it says otherwise.
///
/// # Errors
/// If it is none.
pub(crate) fn reference(text: &str) -> Result<EntityRef, Refusal> {
    let defaults = RefDefaults { kind: Some("component"), namespace: EntityRef::DEFAULT_NAMESPACE };
    EntityRef::parse(text, defaults).map_err(|error| Refusal::new(&codes::INVALID, error.to_string()))
}

fn table(out: &Printer, teams: &[TeamOnCall]) -> String {
    let mut table = Table::new(&["team", "on call", "until", "next", "rotation"]);
    for team in teams {
        let name = short(&team.team).to_owned();
        if team.on_call.is_empty() {
            let gap = team.gap.clone().unwrap_or_default();
            table.row([name.clone(), format!("{}: {gap}", out.toned(Tone::Bad, "nobody"))]);
        }
        for duty in &team.on_call {
            let next = duty.next.as_deref().map_or("nobody", short).to_owned();
            table.row([name.clone(), person(duty), out.when(duty.until), next, short(&duty.rotation).to_owned()]);
        }
    }
    table.or("Nobody: there is no owner, or no team yet.")
}

/// Who, and for whom.
pub(crate) fn person(duty: &Duty) -> String {
    match &duty.instead_of {
        Some(other) => format!("{} (for {})", short(&duty.person), short(other)),
        None => short(&duty.person).to_owned(),
    }
}
