//! `GET /on-call/{namespace}/{name}`: a team's schedule for four weeks, its gaps, its swaps, and who carries how much.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use kernel::{EntityRef, Timestamp};
use serde::Deserialize;

use super::{
    calendar::{self, Stretch, WEEKS, Week, moved},
    day::{self, ChosenDay},
    feed,
};
use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{named, not_in_catalog, segment},
    views::{Answer, Choice, Cli, Empty, Entry, Field, Form, Link, Pager, Press, Who},
};

/// One team's schedule.
#[derive(Debug, Template)]
#[template(path = "oncall/team.html")]
pub struct TeamScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What the team is called.
    pub name: String,
    /// Its rotations in words.
    pub rotations: Vec<String>,
    /// On call now, next, calendar.
    pub answers: Vec<Answer>,
    /// In which zone the days are.
    pub zone: String,
    /// The weeks.
    pub weeks: Vec<Week>,
    /// The way to other weeks.
    pub pager: Pager,
    /// The day that was chosen.
    pub day: Option<ChosenDay>,
    /// When nobody is on call in them: first when, then why.
    pub gaps: Vec<(String, String)>,
    /// The shifts to come, one after the other.
    pub shifts: Vec<ShiftLine>,
    /// What is said where there are none.
    pub no_shifts: Empty,
    /// Overrides and swaps that hold now or later.
    pub put_in: Vec<PutIn>,
    /// Swaps that wait for an answer.
    pub proposals: Vec<ProposalLine>,
    /// Puts somebody in; none where the reader may not, or a day is chosen, which has its own.
    pub put_in_form: Option<Form>,
    /// Asks somebody to swap; none where the reader has nothing to give.
    pub swap_form: Option<Form>,
    /// Who carried how much in the last 90 days.
    pub load: Vec<LoadRow>,
    /// Calendars to subscribe to.
    pub calendars: Vec<Link>,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// One shift to come.
#[derive(Debug)]
pub struct ShiftLine {
    /// Whose.
    pub who: Who,
    /// From when to when: `Mon 23 Nov 09:00 to Mon 30 Nov 09:00`.
    pub when: String,
    /// By which rotation, and instead of whom.
    pub note: String,
    /// Puts the reader in instead.
    pub take: Option<Press>,
}

/// Somebody who is put in.
#[derive(Debug)]
pub struct PutIn {
    /// Who.
    pub who: Who,
    /// From when to when.
    pub when: String,
    /// `override` or `swap`.
    pub sort: &'static str,
    /// Takes it away.
    pub clear: Option<Press>,
}

/// A swap that waits for an answer.
#[derive(Debug)]
pub struct ProposalLine {
    /// In words.
    pub words: String,
    /// Accept, decline.
    pub presses: Vec<Press>,
}

/// What one person carried.
#[derive(Debug)]
pub struct LoadRow {
    /// Who.
    pub who: Who,
    /// Hours on call.
    pub hours: i64,
    /// Nights with any time on call.
    pub nights: u32,
    /// Hours at weekends.
    pub weekend_hours: i64,
    /// Shifts.
    pub shifts: u32,
    /// How often they stood in for somebody.
    pub overrides: u32,
    /// Pages that reached them.
    pub pages: usize,
    /// Their hours as a share of what each would have if all had the same: `112%`.
    pub of_fair: String,
    /// Hours in the next four weeks.
    pub ahead: i64,
}

/// Which weeks.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    /// A day of the first week.
    from: Option<Date>,
    /// The day that is looked at closely.
    day: Option<Date>,
}

/// What a form begins with.
pub(super) struct Preset {
    /// From when.
    pub(super) from: Timestamp,
    /// Until when.
    pub(super) to: Timestamp,
    /// The day to come back to.
    pub(super) day: Option<Date>,
}

/// So far back the load is summed up.
pub(crate) const LOAD_DAYS: i64 = 90;
/// Shifts that are listed at most.
const SHIFTS_MAX: usize = 60;

/// Shows a team's schedule.
pub async fn show(
    frame: Frame,
    Path((namespace, name)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Response, Problem> {
    let team = named("group", &namespace, &name)?;
    if frame.world.catalog.get(&team).is_none() && frame.world.oncall.of_team(&team).next().is_none() {
        return Err(not_in_catalog("group", &namespace, &name).into());
    }
    let zone = calendar::zone_of(&frame, &team);
    let stretch = Stretch::of(&frame, zone, which.from.or(which.day));
    let is_shown = |day: &Date| stretch.first <= *day && *day < moved(stretch.first, WEEKS * 7);
    let day = which.day.filter(is_shown);
    Ok(screen(&drawn(&frame, &team, &stretch, day)))
}

/// The address of a team's schedule.
pub(crate) fn address(team: &EntityRef) -> String {
    format!("/on-call/{}/{}", segment(team.namespace()), segment(team.name()))
}

fn drawn(frame: &Frame, team: &EntityRef, stretch: &Stretch, day: Option<Date>) -> TeamScreen {
    let name = frame.catalog_person(team).name;
    let weeks_from = |date: Date| frame.href(format!("{}?from={date}", address(team)));
    let last = moved(stretch.first, WEEKS * 7 - 1);
    TeamScreen {
        chrome: frame.chrome(format!("On call: {name}"), Place::OnCall),
        rotations: frame.world.oncall.of_team(team).map(rotation_in_words).collect(),
        answers: answers(frame, team).into_iter().chain(crate::actions::team::answers(frame, team)).collect(),
        zone: stretch.zone.iana_name().unwrap_or("UTC").to_owned(),
        weeks: calendar::weeks(frame, team, stretch, day),
        pager: Pager {
            shown: format!("{} to {}", stretch.first.strftime("%-d %b %Y"), last.strftime("%-d %b %Y")),
            before: Some(weeks_from(moved(stretch.first, -WEEKS * 7))),
            after: Some(weeks_from(moved(stretch.first, WEEKS * 7))),
        },
        day: day.map(|day| day::of(frame, team, stretch, day)),
        gaps: gaps(frame, team, stretch),
        shifts: shifts(frame, team, stretch),
        no_shifts: Empty::new("The team has no rotation: add a document of kind Rotation to the catalog."),
        put_in: put_in(frame, team, &stretch.zone),
        proposals: proposals(frame, team, &stretch.zone),
        put_in_form: (frame.may_write() && day.is_none())
            .then(|| put_in_form(frame, team, &stretch.zone, &soon(frame)))
            .flatten(),
        swap_form: frame.may_write().then(|| swap_form(frame, team, stretch)).flatten(),
        load: load(frame, team),
        calendars: feed::links(frame, team),
        commands: commands(frame, team),
        name,
    }
}

fn commands(frame: &Frame, team: &EntityRef) -> Vec<Cli> {
    let put_in = frame.world.oncall.of_team(team).next().map(|roster| {
        let rotation = roster.rotation.rotation.short();
        Cli::new(format!("mainstay on-call override {rotation} --person NAME --for 8h"))
    });
    [Cli::new(format!("mainstay on-call schedule {}", team.short()))].into_iter().chain(put_in).collect()
}

fn rotation_in_words(roster: &oncall::Roster) -> String {
    format!("{}: {}", roster.rotation.rotation.short(), roster.rotation.in_words())
}

fn answers(frame: &Frame, team: &EntityRef) -> Vec<Answer> {
    let duties = oncall::current(&frame.world.oncall, team, frame.now);
    if duties.is_empty() {
        let why = oncall::gap(&frame.world.oncall, team, frame.now).map(|gap| gap.in_words());
        return vec![Answer::to("On call now").gap("Nobody").note(why.unwrap_or_default())];
    }
    let answer = |duty: oncall::OnCall| {
        let next =
            duty.next.as_ref().map_or_else(String::new, |next| format!(", then {}", frame.catalog_person(next).name));
        let until = Stamp(duty.until, calendar::zone_of(frame, team)).to_string();
        let question = if duties_are_many(frame, team) {
            format!("On call now: {}", duty.rotation.short())
        } else {
            "On call now".to_owned()
        };
        Answer::to(question).who(frame.catalog_person(&duty.person)).note(format!("until {until}{next}"))
    };
    duties.into_iter().map(answer).collect()
}

fn duties_are_many(frame: &Frame, team: &EntityRef) -> bool {
    frame.world.oncall.of_team(team).count() > 1
}

/// A moment in a zone, as the schedule writes it.
struct Stamp(Timestamp, TimeZone);

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.to_zoned(self.1.clone()).strftime("%a %-d %b %H:%M"))
    }
}

pub(super) fn when(zone: &TimeZone, from: Timestamp, to: Timestamp) -> String {
    format!("{} to {}", Stamp(from, zone.clone()), Stamp(to, zone.clone()))
}

fn gaps(frame: &Frame, team: &EntityRef, stretch: &Stretch) -> Vec<(String, String)> {
    let gaps = calendar::gaps(frame, team, stretch.from.max(frame.now), stretch.to);
    gaps.into_iter().take(SHIFTS_MAX).map(|gap| (when(&stretch.zone, gap.from, gap.to), gap.why.in_words())).collect()
}

fn shifts(frame: &Frame, team: &EntityRef, stretch: &Stretch) -> Vec<ShiftLine> {
    let state = &frame.world.oncall;
    let schedules = oncall::final_schedule(state, team, stretch.from, stretch.to);
    let mut spans: Vec<oncall::Span> = schedules.into_iter().flat_map(|schedule| schedule.spans).collect();
    spans.sort_by_key(|span| (span.from, span.rotation.clone()));
    let own = frame.person();
    let line = |span: oncall::Span| {
        let instead = span.instead_of.iter().map(|person| format!("instead of {}", frame.catalog_person(person).name));
        let note: Vec<String> = [span.rotation.short().to_owned()].into_iter().chain(instead).collect();
        let mine = own == Some(&span.person);
        let take = own.filter(|_| frame.may_write() && !mine && span.to > frame.now).map(|own| Press {
            hidden: vec![
                ("rotation".to_owned(), span.rotation.to_string()),
                ("person".to_owned(), own.to_string()),
                ("from".to_owned(), span.from.max(frame.now).to_string()),
                ("to".to_owned(), span.to.to_string()),
            ],
            ..frame.press(format!("{}/override", address(team)), "Take over")
        });
        ShiftLine {
            who: frame.catalog_person(&span.person),
            when: when(&stretch.zone, span.from, span.to),
            note: note.join(", "),
            take,
        }
    };
    let ahead = spans.into_iter().filter(|span| span.to > stretch.from.max(frame.now));
    ahead.take(SHIFTS_MAX).map(line).collect()
}

fn put_in(frame: &Frame, team: &EntityRef, zone: &TimeZone) -> Vec<PutIn> {
    let rosters = frame.world.oncall.of_team(team);
    let overrides = rosters.flat_map(|roster| roster.overrides.iter()).filter(|set| set.to > frame.now);
    let line = |set: &oncall::Override| {
        let (sort, verb) = if set.swap.is_some() { ("swap", "revert") } else { ("override", "clear") };
        let clear = frame.may_write().then(|| Press {
            hidden: vec![("id".to_owned(), set.id.to_string())],
            ..frame.press(format!("{}/{verb}", address(team)), "Take back")
        });
        PutIn { who: frame.catalog_person(&set.person), when: when(zone, set.from, set.to), sort, clear }
    };
    overrides.map(line).collect()
}

fn proposals(frame: &Frame, team: &EntityRef, zone: &TimeZone) -> Vec<ProposalLine> {
    let rosters = frame.world.oncall.of_team(team);
    let waiting = rosters.flat_map(|roster| roster.proposals.iter()).filter(|proposal| proposal.is_open(frame.now));
    let line = |proposal: &oncall::Proposal| {
        let (from, to) = (&proposal.from, &proposal.to);
        let words = format!(
            "{} gives {} and takes {} of {}",
            frame.catalog_person(&from.person).name,
            when(zone, from.from, from.to),
            when(zone, to.from, to.to),
            frame.catalog_person(&to.person).name
        );
        let press = |verb: &str, label: &str| Press {
            hidden: vec![("id".to_owned(), proposal.id.to_string())],
            ..frame.press(format!("{}/{verb}", address(team)), label)
        };
        let admin = frame.may(access::Scope::Admin);
        let (asked, asks) = (frame.person() == Some(&to.person), frame.person() == Some(&from.person));
        let mut presses = Vec::new();
        if frame.may_write() && (asked || admin) {
            presses.push(press("accept", "Accept"));
        }
        if frame.may_write() && (asked || asks || admin) {
            presses.push(press("decline", if asks { "Withdraw" } else { "Decline" }));
        }
        ProposalLine { words, presses }
    };
    waiting.map(line).collect()
}

/// A moment as a form's field has it.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string()
}

fn rotations(frame: &Frame, team: &EntityRef) -> Vec<Choice> {
    let rosters = frame.world.oncall.of_team(team);
    let choice = |roster: &oncall::Roster| {
        let rotation = &roster.rotation.rotation;
        Choice::new(rotation.as_str(), rotation.short(), "")
    };
    rosters.map(choice).collect()
}

/// From now on, for the eight hours that somebody is mostly put in for.
fn soon(frame: &Frame) -> Preset {
    let to = frame.now.checked_add(SignedDuration::from_hours(8)).unwrap_or(frame.now);
    Preset { from: frame.now, to, day: None }
}

pub(super) fn put_in_form(frame: &Frame, team: &EntityRef, zone: &TimeZone, preset: &Preset) -> Option<Form> {
    let rotations = rotations(frame, team);
    if rotations.is_empty() {
        return None;
    }
    let members = frame.world.catalog.members(team);
    let own = frame.person().map(EntityRef::to_string).unwrap_or_default();
    let mut people: Vec<Choice> = frame
        .world
        .catalog
        .of_kind("user")
        .map(|user| Choice::new(user.reference().as_str(), crate::show::name(user), &own))
        .collect();
    let is_member = |choice: &Choice| members.iter().any(|member| member.as_str() == choice.value);
    people.sort_by_key(|choice| (!is_member(choice), choice.label.to_lowercase()));
    let named = zone.iana_name().unwrap_or("UTC");
    let time = |name: &str, label: &str, at: Timestamp| {
        let value = local(at, zone);
        Field::new(name, label, Entry::Line { kind: "datetime-local", value }).required()
    };
    let fields = vec![
        Field::select("person", "Who", people),
        Field::select("rotation", "Rotation", rotations),
        time("from", "From", preset.from),
        time("to", "Until", preset.to).hint(format!("Both in {named}. At most 90 days.")),
    ];
    let hidden = preset.day.map(|day| ("day".to_owned(), day.to_string())).into_iter().collect();
    Some(Form { hidden, ..frame.form(format!("{}/override", address(team)), "Put in", fields) })
}

fn swap_form(frame: &Frame, team: &EntityRef, stretch: &Stretch) -> Option<Form> {
    let own = frame.person()?;
    let end = frame.now.checked_add(SignedDuration::from_hours(24 * 7 * 8)).ok()?;
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for roster in frame.world.oncall.of_team(team) {
        let rotation = &roster.rotation.rotation;
        for shift in oncall::schedule(roster, frame.now, end).into_iter().filter(|shift| shift.from > frame.now) {
            let value = format!("{} {} {}", shift.from, rotation, shift.person);
            let hours = when(&stretch.zone, shift.from, shift.to);
            if shift.person == *own {
                mine.push(Choice::new(value, format!("{hours} ({})", rotation.short()), ""));
            } else {
                let name = frame.catalog_person(&shift.person).name;
                theirs.push(Choice::new(value, format!("{name}: {hours} ({})", rotation.short()), ""));
            }
        }
    }
    theirs.truncate(SHIFTS_MAX);
    if mine.is_empty() || theirs.is_empty() {
        return None;
    }
    let fields = vec![
        Field::select("give", "Your shift", mine),
        Field::select("take", "For theirs", theirs)
            .hint("Of the same rotation. They are asked, and accept or decline."),
    ];
    Some(frame.form(format!("{}/propose", address(team)), "Ask to swap", fields))
}

fn load(frame: &Frame, team: &EntityRef) -> Vec<LoadRow> {
    let from = frame.now.checked_sub(SignedDuration::from_hours(24 * LOAD_DAYS)).unwrap_or(frame.now);
    let rosters = frame.world.oncall.of_team(team);
    let mut people: Vec<EntityRef> = rosters.flat_map(|roster| roster.rotation.people.iter().cloned()).collect();
    people.sort();
    people.dedup();
    if people.is_empty() {
        return Vec::new();
    }
    let load = oncall::load(&frame.world.oncall, Some(&people), from, frame.now);
    let end = frame.now.checked_add(SignedDuration::from_hours(24 * 7 * WEEKS)).unwrap_or(frame.now);
    let ahead = oncall::load(&frame.world.oncall, Some(&people), frame.now, end);
    let all: f64 = load.values().map(|load| load.on_call.as_secs_f64()).sum();
    let fair = all / people.len() as f64;
    let of_fair = |load: &oncall::Load| match fair > 0.0 {
        true => format!("{:.0}%", load.on_call.as_secs_f64() * 100.0 / fair),
        false => "–".to_owned(),
    };
    let row = |(person, load): (&EntityRef, &oncall::Load)| LoadRow {
        of_fair: of_fair(load),
        ahead: ahead.get(person).map_or(0, |load| load.on_call.as_hours()),
        who: frame.catalog_person(person),
        hours: load.on_call.as_hours(),
        nights: load.nights,
        weekend_hours: load.at_weekends.as_hours(),
        shifts: load.shifts,
        overrides: load.overrides,
        pages: frame.world.paging.of_person(person).take_while(|page| page.opened >= from).count(),
    };
    let mut rows: Vec<LoadRow> = load.iter().map(row).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.hours), row.who.name.to_lowercase()));
    rows
}
