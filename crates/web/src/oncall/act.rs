//! `POST /on-call/{namespace}/{name}/{verb}`: puts somebody in, and swaps shifts. Each goes back to the team's schedule.

use axum::{
    extract::{Path, State},
    response::Response,
};
use jiff::{
    civil::{Date, DateTime},
    tz::TimeZone,
};
use kernel::{EventId, Refusal, Timestamp, codes};
use serde::Deserialize;
use world::{Command, World};

use super::{
    team::address,
    wish::{self, Answer},
};
use crate::{
    App,
    api::{not_found, reference},
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    show::named,
};

/// What a form of the schedule says; each uses its own part.
#[derive(Debug, Default, Deserialize)]
pub struct Filled {
    #[serde(default)]
    rotation: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    give: String,
    #[serde(default)]
    take: String,
    id: Option<EventId>,
    /// The day of the calendar that the form stands at.
    day: Option<Date>,
}

/// Does it.
pub async fn act(
    State(app): State<App>,
    by: By,
    Path((namespace, name, verb)): Path<(String, String, String)>,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let team = named("group", &namespace, &name)?;
    let world = app.world();
    let command = wished(&world, &by, &verb, &filled)?;
    let receipt = app.submit(by.request(command, None, None)?).await?;
    let done = if receipt.recorded.is_empty() { Done::Nothing } else { Done::OnCall };
    let place = match filled.day {
        Some(day) => format!("{}?from={day}&day={day}#day", address(&team)),
        None => address(&team),
    };
    Ok(back(&place, done))
}

fn wished(world: &World, by: &By, verb: &str, filled: &Filled) -> Result<Command, Problem> {
    let id = || filled.id.ok_or_else(|| Refusal::new(&codes::INVALID, "which one?").field("id"));
    let grant = &by.0;
    Ok(match verb {
        "override" => {
            let rotation = reference("rotation", &filled.rotation, "rotation")?;
            let zone = world.oncall.roster(&rotation).map(|roster| roster.rotation.time_zone.clone());
            let zone = zone.and_then(|name| kernel::zone(&name)).unwrap_or(TimeZone::UTC);
            let (from, to) = (moment("from", &filled.from, &zone)?, moment("to", &filled.to, &zone)?);
            wish::put_in(world, &filled.rotation, &filled.person, from, to)?
        }
        "clear" => {
            let id = id()?;
            Command::Oncall(oncall::Command::ClearOverride { rotation: wish::rotation_of(world, id)?, id })
        }
        "propose" => {
            let (from_at, rotation, from) = shift("give", &filled.give)?;
            let (to_at, other, to) = shift("take", &filled.take)?;
            if rotation != other {
                let detail = "the two shifts are of different rotations";
                return Err(Refusal::new(&codes::INVALID, detail).field("take").into());
            }
            wish::propose(world, grant, rotation, (Some(from), from_at), (to, to_at))?
        }
        "accept" => wish::answer(world, grant, id()?, Answer::Accept, None)?,
        "decline" => wish::answer(world, grant, id()?, Answer::Decline, None)?,
        "revert" => wish::answer(world, grant, id()?, Answer::Revert, None)?,
        other => return Err(not_found("verb", other)),
    })
}

/// A shift as the swap's form names it: when it begins, by which rotation, and whose it is.
fn shift<'a>(field: &str, text: &'a str) -> Result<(Timestamp, &'a str, &'a str), Refusal> {
    let mut parts = text.split(' ');
    let wrong = || Refusal::new(&codes::INVALID, "choose a shift").field(field);
    let (Some(at), Some(rotation), Some(person)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(wrong());
    };
    Ok((at.parse().map_err(|_| wrong())?, rotation, person))
}

/// A moment: with its offset, or by the clock of the rotation's zone.
fn moment(field: &str, text: &str, zone: &TimeZone) -> Result<Timestamp, Refusal> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let local = text.parse::<DateTime>().and_then(|local| local.to_zoned(zone.clone()));
    local.map(|zoned| zoned.timestamp()).map_err(|_| {
        let shown: String = text.chars().take(40).collect();
        Refusal::new(&codes::INVALID, format!("\"{shown}\" is no time")).field(field).fix("such as 2026-11-23T09:00")
    })
}
