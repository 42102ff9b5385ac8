//! `GET /on-call`: who is woken, by team, now and next.

pub mod act;
pub mod calendar;
pub mod day;
pub mod feed;
pub mod team;
pub(crate) mod wish;

use std::collections::BTreeSet;

use askama::Template;
use axum::response::Response;
use jiff::SignedDuration;
use kernel::EntityRef;

use crate::{
    api::oncall::gap_in_words,
    frame::Frame,
    shell::{Chrome, Place, screen},
    views::{Empty, Entity, Moment, Who},
};

/// Who is on call.
#[derive(Debug, Template)]
#[template(path = "oncall/list.html")]
pub struct OnCallScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The teams, those with nobody first.
    pub teams: Vec<TeamRow>,
    /// When nobody will be on call in the next weeks, the nearest first.
    pub gaps: Vec<GapRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// Who takes over when, in the next weeks.
    pub coming: Vec<ShiftRow>,
    /// What is said where nobody does.
    pub no_coming: Empty,
}

/// One team.
#[derive(Debug)]
pub struct TeamRow {
    /// Which.
    pub team: Entity,
    /// Its schedule.
    pub schedule: String,
    /// Who is on call; none is a gap.
    pub now: Option<Who>,
    /// Until when.
    pub until: Option<Moment>,
    /// Who is next.
    pub next: Option<Who>,
    /// How many services that covers: `3 services`.
    pub covers: String,
    /// Where the rotation comes from: `weekly, from shop/payments/on-call.yaml`.
    pub rotation: String,
}

/// A time in which nobody is on call for a team.
#[derive(Debug)]
pub struct GapRow {
    /// The day and time at which it begins: `Monday 23 November, 09:00 UTC`.
    pub from: String,
    /// How far away that is.
    pub at: Moment,
    /// How long it lasts: `9 h`.
    pub lasts: String,
    /// Which team's.
    pub team: Entity,
    /// Why.
    pub why: String,
    /// The day in the team's calendar.
    pub href: String,
}

/// One turn to come.
#[derive(Debug)]
pub struct ShiftRow {
    /// The day and time of the hand-over: `Monday 23 November, 09:00 UTC`.
    pub from: String,
    /// How far away that is.
    pub at: Moment,
    /// Whose.
    pub who: Who,
    /// Which team's.
    pub team: Entity,
    /// Whom they replace, and which rotation it is.
    pub note: String,
}

/// So far ahead the schedule is shown.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 28);
/// Turns that are shown at most.
const SHIFTS_MAX: usize = 60;
/// Gaps that are shown at most.
const GAPS_MAX: usize = 20;

/// Shows who is on call, team by team.
pub async fn list(frame: Frame) -> Response {
    let known = teams(&frame);
    let mut teams: Vec<TeamRow> = known.iter().map(|team| row(&frame, team)).collect();
    teams.sort_by_key(|team| (team.now.is_some(), team.team.name.to_lowercase()));
    screen(&OnCallScreen {
        chrome: frame.chrome("On call", Place::OnCall),
        teams,
        gaps: gaps(&frame, &known),
        none: Empty::with("No team is in the catalog yet.", "mainstay apply ./catalog"),
        coming: coming(&frame),
        no_coming: Empty::new("No rotation is declared: add a document of kind Rotation to the catalog."),
    })
}

/// The teams that answer for something or have a rotation: for the others nobody needs to be on call.
fn teams(frame: &Frame) -> Vec<EntityRef> {
    let world = &frame.world;
    let owners = world.catalog.iter().filter(|entity| entity.reference().kind() == "component");
    let mut teams: BTreeSet<EntityRef> = owners.filter_map(|entity| world.owner_of(entity.reference())).collect();
    teams.extend(world.oncall.rosters().map(|roster| roster.rotation.team.clone()));
    teams.into_iter().collect()
}

fn row(frame: &Frame, team: &EntityRef) -> TeamRow {
    let world = &frame.world;
    let covered = world.catalog.iter().filter(|entity| {
        entity.reference().kind() == "component" && world.owner_of(entity.reference()).as_ref() == Some(team)
    });
    let covered = covered.count();
    let duty = frame.on_call_of_team(team);
    let rotations: Vec<String> = world.oncall.of_team(team).map(|roster| roster.rotation.in_words()).collect();
    let gap = oncall::gap(&world.oncall, team, frame.now);
    TeamRow {
        team: frame.entity(team),
        schedule: frame.href(team::address(team)),
        now: duty.as_ref().map(|duty| frame.catalog_person(&duty.person)),
        until: duty.as_ref().map(|duty| frame.ago(duty.until)),
        next: duty.as_ref().and_then(|duty| duty.next.as_ref()).map(|next| frame.catalog_person(next)),
        covers: if covered == 1 { "1 component".to_owned() } else { format!("{covered} components") },
        rotation: match gap {
            Some(gap) => gap_in_words(&gap),
            None => rotations.join("; "),
        },
    }
}

/// When nobody will be on call for a team that has a rotation.
fn gaps(frame: &Frame, teams: &[EntityRef]) -> Vec<GapRow> {
    let end = frame.now.checked_add(AHEAD).unwrap_or(frame.now);
    let mut gaps: Vec<(&EntityRef, oncall::GapSpan)> = teams
        .iter()
        .filter(|team| frame.world.oncall.of_team(team).next().is_some())
        .flat_map(|team| calendar::gaps(frame, team, frame.now, end).into_iter().map(move |gap| (team, gap)))
        .collect();
    gaps.sort_by_key(|(team, gap)| (gap.from, (*team).clone()));
    let row = |(team, gap): (&EntityRef, oncall::GapSpan)| {
        let day = gap.from.to_zoned(calendar::zone_of(frame, team)).date();
        let hours = gap.to.duration_since(gap.from).as_hours();
        GapRow {
            from: gap.from.strftime("%A %-d %B, %H:%M UTC").to_string(),
            at: frame.ago(gap.from),
            lasts: if hours >= 48 { format!("{} days", hours / 24) } else { format!("{hours} h") },
            team: frame.entity(team),
            why: gap.why.in_words(),
            href: frame.href(format!("{}?from={day}&day={day}#day", team::address(team))),
        }
    };
    gaps.into_iter().take(GAPS_MAX).map(row).collect()
}

/// The turns that begin in the next weeks, of all teams, the nearest first.
fn coming(frame: &Frame) -> Vec<ShiftRow> {
    let end = frame.now.checked_add(AHEAD).unwrap_or(frame.now);
    let rosters = frame.world.oncall.rosters();
    let mut shifts: Vec<_> = rosters
        .flat_map(|roster| {
            let shifts = oncall::schedule(roster, frame.now, end);
            shifts.into_iter().filter(|shift| shift.from > frame.now).map(move |shift| (shift, roster))
        })
        .collect();
    shifts.sort_by_key(|(shift, roster)| (shift.from, roster.rotation.rotation.clone()));
    let rows = shifts.into_iter().take(SHIFTS_MAX).map(|(shift, roster)| {
        let instead = shift.instead_of.iter().map(|person| format!("instead of {}", frame.catalog_person(person).name));
        let note = [roster.rotation.rotation.short().to_owned()].into_iter().chain(instead).collect::<Vec<_>>();
        ShiftRow {
            from: shift.from.strftime("%A %-d %B, %H:%M UTC").to_string(),
            at: frame.ago(shift.from),
            who: frame.catalog_person(&shift.person),
            team: frame.entity(&roster.rotation.team),
            note: note.join(", "),
        }
    });
    rows.collect()
}
