//! `mainstay on-call`: who is on call, the schedule, and putting somebody in.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use kernel::{EntityRef, RefDefaults, Refusal, codes};
use serde::Deserialize;
use serde_json::json;

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
  mainstay on-call payments --at 2026-11-20T03:07:00Z
  mainstay on-call schedule checkout --weeks 8
  mainstay on-call override checkout-primary --person ada --for 8h";

/// Whose on-call, and when.
#[derive(Debug, Default, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct OnCallArgs {
    #[command(subcommand)]
    verb: Option<OnCallVerb>,
    #[command(flatten)]
    who: WhoArgs,
}

#[derive(Debug, Subcommand)]
enum OnCallVerb {
    /// Show who is on call, which is what is shown without a verb, too
    #[command(after_help = "Example: mainstay on-call who group:checkout --at 12h")]
    Who(WhoArgs),
    /// Show a team's shifts, the gaps between them, and the swaps that wait
    #[command(after_help = SCHEDULE_HELP)]
    Schedule {
        /// The team
        team: String,
        /// How many weeks
        #[arg(long, default_value_t = 4, value_name = "N")]
        weeks: u32,
    },
    /// Put somebody in for a while, whoever's turn it is
    #[command(after_help = "Example: mainstay on-call override checkout-primary --person ada --from 2h --for 8h")]
    Override {
        /// The rotation
        rotation: String,
        /// Who; you, if left out
        #[arg(long, value_name = "NAME")]
        person: Option<String>,
        /// From then on, if not from now on: a time, or a span from now
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until then: a time, or a span from now
        #[arg(long, value_name = "TIME", required_unless_present = "span")]
        to: Option<String>,
        /// For so long, from the beginning on
        #[arg(long = "for", id = "span", value_name = "SPAN", conflicts_with = "to")]
        span: Option<String>,
        /// Why: shown on the timeline
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

const SCHEDULE_HELP: &str = "\
The exit code is 1 if there is a time in which nobody is on call.

Example: mainstay on-call schedule checkout --weeks 8";

/// Whose on-call, and when.
#[derive(Debug, Default, Args)]
struct WhoArgs {
    /// A service (its owner's on-call) or a team (`group:checkout`); all teams if left out
    of: Option<String>,
    /// When, if not now: a time, or a span from now such as `12h`
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Prints who is on call, or does what the verb says.
///
/// # Errors
/// What the server refuses.
pub(crate) async fn run(args: OnCallArgs, session: &Session) -> Result<ExitCode, Refusal> {
    match args.verb {
        None => who(args.who, session).await,
        Some(OnCallVerb::Who(args)) => who(args, session).await,
        Some(OnCallVerb::Schedule { team, weeks }) => schedule(&team, weeks, session).await,
        Some(OnCallVerb::Override { rotation, person, from, to, span, reason }) => {
            let now = session.out.now();
            let from = from.map(|text| times::future("--from", &text, now)).transpose()?;
            let to = match (to, span) {
                (Some(to), _) => times::future("--to", &to, now)?,
                (None, span) => times::future("--for", &span.unwrap_or_default(), from.unwrap_or(now))?,
            };
            let body = json!({"rotation": rotation, "person": person, "from": from, "to": to, "reason": reason});
            session.carry_out(&["on-call", "overrides"], &body).await
        }
    }
}

#[derive(Debug, Deserialize)]
struct Schedule {
    duties: Vec<DutySchedule>,
    gaps: Vec<Gap>,
    swaps: Vec<Swap>,
    load: Vec<Load>,
}

#[derive(Debug, Deserialize)]
struct DutySchedule {
    name: String,
    shifts: Vec<Shift>,
}

#[derive(Debug, Deserialize)]
struct Shift {
    person: String,
    from: Timestamp,
    to: Timestamp,
    instead_of: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Gap {
    from: Timestamp,
    to: Timestamp,
    why: String,
}

#[derive(Debug, Deserialize)]
struct Swap {
    id: String,
    from: String,
    from_at: Timestamp,
    to: String,
    to_at: Timestamp,
}

#[derive(Debug, Deserialize)]
struct Load {
    person: String,
    hours: i64,
    nights: u32,
    weekend_hours: i64,
}

async fn schedule(team: &str, weeks: u32, session: &Session) -> Result<ExitCode, Refusal> {
    let weeks = weeks.to_string();
    let answer = session.client.get(&["on-call", "schedule"], &[("team", team), ("weeks", &weeks)]).await?;
    let any_gap = answer.pointer("/gaps/0").is_some();
    session.out.show(answer, |schedule: Schedule| schedule_in_words(&session.out, &schedule))?;
    Ok(if any_gap { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn schedule_in_words(out: &Printer, schedule: &Schedule) -> String {
    let mut shifts = Table::new(&["duty", "on call", "from", "until"]);
    for duty in &schedule.duties {
        for shift in &duty.shifts {
            let instead = shift.instead_of.as_deref().map(|other| format!(" (for {})", short(other)));
            let who = format!("{}{}", short(&shift.person), instead.unwrap_or_default());
            shifts.row([duty.name.clone(), who, out.when(shift.from), out.when(shift.to)]);
        }
    }
    let mut text = shifts.or("The team has no rotation.");
    for gap in &schedule.gaps {
        let nobody = out.toned(Tone::Bad, "nobody");
        text.push_str(&format!("\n{nobody} from {} to {}: {}", out.when(gap.from), out.when(gap.to), gap.why));
    }
    for swap in &schedule.swaps {
        text.push_str(&format!(
            "\nswap {}: {} gives {} for {} of {}",
            swap.id,
            short(&swap.from),
            out.when(swap.from_at),
            out.when(swap.to_at),
            short(&swap.to)
        ));
    }
    if !schedule.load.is_empty() {
        let mut load = Table::new(&["last 90 days", "hours", "nights", "at weekends"]);
        for Load { person, hours, nights, weekend_hours } in &schedule.load {
            let (hours, weekends) = (format!("{hours} h"), format!("{weekend_hours} h"));
            load.row([short(person).to_owned(), hours, nights.to_string(), weekends]);
        }
        text.push_str("\n\n");
        text.push_str(&load.or(""));
    }
    text
}

async fn who(args: WhoArgs, session: &Session) -> Result<ExitCode, Refusal> {
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
