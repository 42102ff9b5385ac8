//! `GET` and `POST /maintenance`, `POST /maintenance/end`: times in which checks aren't judged. What holds, what comes,
//! and planning one.

use askama::Template;
use axum::{
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use checks::{Command as CheckCommand, Planned, Watch};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use kernel::{EntityRef, EventId, Refusal, codes, zone};
use serde::Deserialize;
use world::{Command, World};

use crate::{
    App,
    api::reference,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    shell::{Chrome, Place, screen},
    views::{Callout, Cli, Empty, Entity, Entry, Field, Form, Moment, Press, State as Shown, Tone, Who},
};

/// The maintenances.
#[derive(Debug, Template)]
#[template(path = "checks/maintenance.html")]
pub struct MaintenanceScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// Those that hold.
    pub running: Vec<MaintenanceRow>,
    /// What is said where none does.
    pub no_running: Empty,
    /// Those to come: planned by people, and declared in the catalog for the next days.
    pub coming: Vec<MaintenanceRow>,
    /// What is said where there are none.
    pub no_coming: Empty,
    /// The last that are over.
    pub over: Vec<MaintenanceRow>,
    /// Plans one; none where the reader may not.
    pub form: Option<Form>,
    /// The same from a terminal.
    pub command: Cli,
}

/// One maintenance.
#[derive(Debug)]
pub struct MaintenanceRow {
    /// `running`, `planned`, `over`, `called off`.
    pub state: Shown,
    /// What it is about.
    pub of: Entity,
    /// From when.
    pub from: Moment,
    /// Until when.
    pub to: Moment,
    /// From when to when, in words, in the zone that it is in: `Sun 29 Nov 02:00 to 03:00 UTC`.
    pub when: String,
    /// Why, and how many checks it concerns.
    pub note: String,
    /// Who planned it; none for one that the catalog declares.
    pub by: Option<Who>,
    /// Ends it or calls it off.
    pub end: Option<Press>,
}

/// What is known already of the one to plan.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Known {
    of: String,
}

/// What was filled in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filled {
    of: String,
    from: String,
    to: String,
    lasting: String,
    time_zone: String,
    reason: String,
}

/// Which one is to end.
#[derive(Debug, Deserialize)]
pub struct Which {
    id: EventId,
    next: Option<String>,
}

/// Rows of each list.
const ROWS_MAX: usize = 50;
/// Checks whose declared windows are looked at.
const DECLARED_MAX: usize = 500;

/// Shows them.
pub async fn show(frame: Frame, Query(known): Query<Known>) -> Response {
    let blank = Filled { of: known.of, lasting: "1h".to_owned(), ..Filled::default() };
    screen(&drawn(&frame, &blank, None))
}

/// Plans one. What was filled in comes back if it is refused.
pub async fn plan(
    State(app): State<App>,
    frame: Frame,
    by: By,
    PostedForm(filled): PostedForm<Filled>,
) -> Result<Response, Problem> {
    let planned = async {
        let command = wish(&frame.world, &filled, frame.now)?;
        app.submit(by.request(command, Some(filled.reason.as_str()), None)?).await
    };
    match planned.await {
        Ok(_) => Ok(back("/maintenance", Done::Maintenance)),
        Err(refusal) if refusal.field.is_some() => {
            let again = screen(&drawn(&frame, &filled, Some(&refusal)));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, again).into_response())
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Ends one, or calls it off.
pub async fn end(
    State(app): State<App>,
    by: By,
    PostedForm(Which { id, next }): PostedForm<Which>,
) -> Result<Response, Problem> {
    let command = Command::Checks(CheckCommand::EndMaintenance { id });
    let receipt = app.submit(by.request(command, None, None)?).await?;
    let done = if receipt.recorded.is_empty() { Done::Nothing } else { Done::Maintenance };
    Ok(back(next.as_deref().unwrap_or("/maintenance"), done))
}

/// What maintenance may be about: a check, or what some check is about.
///
/// # Errors
/// `invalid` for what is no reference, `not-found` where no check is concerned.
pub(crate) fn concerned(world: &World, field: &str, text: &str) -> Result<EntityRef, Refusal> {
    let of = reference(field, text.trim(), "component")?;
    if world.checks.watch(&of).is_some() || world.checks.about(&of).next().is_some() {
        return Ok(of);
    }
    let refusal = Refusal::new(&codes::NOT_FOUND, format!("no check is about {}", of.short())).field(field);
    Err(refusal.fix("name a check, such as check:pay-by-card, or what one covers"))
}

fn wish(world: &World, filled: &Filled, now: Timestamp) -> Result<Command, Refusal> {
    let of = concerned(world, "of", &filled.of)?;
    let name = filled.time_zone.trim();
    let known = if name.is_empty() { Some(TimeZone::UTC) } else { zone(name) };
    let zone = known.ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        Refusal::new(&codes::INVALID, format!("\"{shown}\" is no time zone"))
            .field("time_zone")
            .fix("such as Europe/Lisbon")
    })?;
    let from = if filled.from.trim().is_empty() { now } else { moment("from", &filled.from, &zone)? };
    let to = match (filled.to.trim(), filled.lasting.trim()) {
        ("", "") => return Err(Refusal::new(&codes::INVALID, "until when, or for how long?").field("lasting")),
        ("", lasting) => from
            .checked_add(span(lasting)?)
            .map_err(|_| Refusal::new(&codes::INVALID, "is too long").field("lasting"))?,
        (to, _) => moment("to", to, &zone)?,
    };
    Ok(Command::Checks(CheckCommand::SetMaintenance { of, from, to }))
}

/// A moment: with its offset, or by the clock of a zone.
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

fn span(text: &str) -> Result<SignedDuration, Refusal> {
    text.parse::<SignedDuration>().ok().filter(|span| span.is_positive()).ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Refusal::new(&codes::INVALID, format!("\"{shown}\" is no span of time"))
            .field("lasting")
            .fix("such as 90m or 2h")
    })
}

fn drawn(frame: &Frame, filled: &Filled, refusal: Option<&Refusal>) -> MaintenanceScreen {
    let (now, checks) = (frame.now, &frame.world.checks);
    let mut planned: Vec<&Planned> = checks.maintenances().collect();
    planned.sort_by_key(|planned| planned.from);
    let row = |planned: &&Planned| row(frame, planned, "/maintenance");
    let running = planned.iter().filter(|planned| planned.from <= now && now < planned.to);
    let mut coming: Vec<(Timestamp, MaintenanceRow)> = planned
        .iter()
        .filter(|planned| planned.from > now && !planned.is_called_off())
        .map(|one| (one.from, row(one)))
        .collect();
    let with_windows = checks.watches().filter(|watch| !watch.definition.maintenance.is_empty()).take(DECLARED_MAX);
    let (holding, declared): (Vec<_>, Vec<_>) =
        with_windows.flat_map(|watch| declared(frame, watch)).partition(|(from, _)| *from <= now);
    coming.extend(declared);
    coming.sort_by_key(|(from, _)| *from);
    let over = planned.iter().rev().filter(|planned| planned.to <= now || planned.is_called_off());
    MaintenanceScreen {
        chrome: frame.chrome("Maintenance", Place::Checks),
        trouble: refusal.map(|refusal| Callout {
            state: Shown::new(Tone::Bad, "Not planned"),
            text: refusal.to_string(),
            link: None,
        }),
        running: running.map(row).chain(holding.into_iter().map(|(_, row)| row)).take(ROWS_MAX).collect(),
        no_running: Empty::new("Nothing is in maintenance: every check is judged."),
        coming: coming.into_iter().map(|(_, row)| row).take(ROWS_MAX).collect(),
        no_coming: Empty::new("None is planned."),
        over: over.take(ROWS_MAX).map(row).collect(),
        form: frame.may_write().then(|| form(frame, filled, refusal)),
        command: Cli::new("mainstay maintenance plan component:NAME --from 2h --for 1h --reason \"new disks\""),
    }
}

fn form(frame: &Frame, filled: &Filled, refusal: Option<&Refusal>) -> Form {
    let wrong = |field: Field| match refusal
        .filter(|refusal| refusal.field.as_deref().map(|at| at.trim_start_matches('/')) == Some(field.name.as_str()))
    {
        Some(refusal) => field.error(refusal.detail.clone()),
        None => field,
    };
    let time = |name: &str, label: &str, value: &str| {
        Field::new(name, label, Entry::Line { kind: "datetime-local", value: value.to_owned() })
    };
    let fields = vec![
        Field::line("of", "Of", &filled.of).required().hint("A check, or what checks are about: component:payments."),
        time("from", "From", &filled.from).hint("Now, if left empty."),
        Field::line("lasting", "For", &filled.lasting).hint("Such as 90m or 2h; or give an end. At most 31 days."),
        time("to", "Until", &filled.to),
        Field::line("time_zone", "Time zone", &filled.time_zone).hint("Of both times; UTC, if left empty."),
        Field::line("reason", "Reason", &filled.reason),
    ];
    frame.form("/maintenance", "Plan", fields.into_iter().map(wrong).collect())
}

/// One that people planned; what ends it comes back to `next`.
pub(super) fn row(frame: &Frame, planned: &Planned, next: &str) -> MaintenanceRow {
    let (now, checks) = (frame.now, &frame.world.checks);
    let about = checks.watches().filter(|watch| planned.concerns(&watch.definition)).count();
    let (state, verb) = match planned {
        planned if planned.is_called_off() => (Shown::new(Tone::Quiet, "called off"), None),
        planned if planned.to <= now => (Shown::new(Tone::Quiet, "over"), None),
        planned if planned.from <= now => (Shown::new(Tone::Unknown, "running"), Some("End now")),
        _ => (Shown::new(Tone::Quiet, "planned"), Some("Call off")),
    };
    let count = if about == 1 { "1 check".to_owned() } else { format!("{about} checks") };
    let end = verb.filter(|_| frame.may_write()).map(|verb| Press {
        hidden: vec![("id".to_owned(), planned.id.to_string()), ("next".to_owned(), next.to_owned())],
        ..frame.press("/maintenance/end", verb)
    });
    MaintenanceRow {
        state,
        of: frame.entity(&planned.of),
        from: frame.ago(planned.from),
        to: frame.ago(planned.to),
        when: when(planned.from, planned.to, &TimeZone::UTC),
        note: planned.reason.iter().cloned().chain([count]).collect::<Vec<_>>().join(" · "),
        by: planned.by.as_ref().map(|actor| frame.who(actor)),
        end,
    }
}

/// The windows that a check's definition declares: the one that holds, and the next of each.
pub(super) fn declared(frame: &Frame, watch: &Watch) -> Vec<(Timestamp, MaintenanceRow)> {
    let (now, definition) = (frame.now, &watch.definition);
    let row = |state: Shown, from: Timestamp, to: Timestamp, zone: &TimeZone| MaintenanceRow {
        state,
        of: frame.entity(&definition.check),
        from: frame.ago(from),
        to: frame.ago(to),
        when: when(from, to, zone),
        note: "declared in the catalog".to_owned(),
        by: None,
        end: None,
    };
    let windows = definition.maintenance.iter().filter_map(|window| Some((window, zone(&window.time_zone)?)));
    windows
        .flat_map(|(window, zone)| {
            let lasting = SignedDuration::from_millis(i64::try_from(window.duration_ms).unwrap_or(i64::MAX));
            let holds = window.end_at(now).and_then(|to| Some((to.checked_sub(lasting).ok()?, to)));
            let holds = holds.map(|(from, to)| (from, row(Shown::new(Tone::Unknown, "running"), from, to, &zone)));
            let next = window.next_after(now);
            let next = next.map(|(from, to)| (from, row(Shown::new(Tone::Quiet, "declared"), from, to, &zone)));
            holds.into_iter().chain(next)
        })
        .collect()
}

/// `Sun 29 Nov 02:00 to 03:00 UTC`.
fn when(from: Timestamp, to: Timestamp, zone: &TimeZone) -> String {
    let (from, to) = (from.to_zoned(zone.clone()), to.to_zoned(zone.clone()));
    let same = from.date() == to.date();
    let end = to.strftime(if same { "%H:%M" } else { "%a %-d %b %H:%M" });
    format!("{} to {end} {}", from.strftime("%a %-d %b %H:%M"), zone.iana_name().unwrap_or("UTC"))
}
