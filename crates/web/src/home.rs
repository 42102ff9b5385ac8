//! `GET /`: what is broken, what changed, what is mine, what has no owner.

use std::collections::BTreeMap;

use askama::Template;
use axum::response::Response;
use catalog::{Relation, Severity};
use checks::Verdict;
use incidents::Incident;
use jiff::SignedDuration;
use kernel::EntityRef;

use crate::{
    catalog::findings,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::{Change, Empty, Entity, Moment, Press, State, Tone, Who},
};

/// The first screen.
#[derive(Debug, Template)]
#[template(path = "home/show.html")]
pub struct HomeScreen {
    /// The frame.
    pub chrome: Chrome,
    /// How everything is: `1 of 23 checks is down`.
    pub overall: State,
    /// What that rests on: how many checks, how old.
    pub overall_note: String,
    /// Open incidents, the worst first.
    pub broken: Vec<BrokenRow>,
    /// Pages that nobody has answered, those that nobody is left to be told of first.
    pub paged: Vec<PagedRow>,
    /// The latest changes.
    pub changes: Vec<Change>,
    /// What is said where there are none.
    pub no_changes: Empty,
    /// The reader's own turn on call: `You are on call for Payments until Monday`.
    pub duty: Option<String>,
    /// Who is on call now, the reader's teams first.
    pub on_call: Vec<OnCallLine>,
    /// The services of the reader's teams, the broken first.
    pub mine: Vec<ServiceLine>,
    /// What is said where there are none.
    pub no_mine: Empty,
    /// What is missing, by sort.
    pub gaps: Vec<GapRow>,
    /// What is said where nothing is.
    pub no_gaps: Empty,
}

/// An open incident, on one line.
#[derive(Debug)]
pub struct BrokenRow {
    /// How bad.
    pub state: State,
    /// What is broken.
    pub title: String,
    /// Its screen.
    pub href: String,
    /// Since when ([`Moment::elapsed`]).
    pub since: Moment,
    /// Whose it is.
    pub owner: String,
    /// Who is on call, or that nobody is.
    pub on_call: String,
    /// The likeliest cause in a sentence.
    pub suspect: Option<String>,
}

/// Who is on call for a team, on one line.
#[derive(Debug)]
pub struct OnCallLine {
    /// The team.
    pub team: Entity,
    /// Its schedule.
    pub href: String,
    /// Who; nobody is a gap.
    pub who: Option<Who>,
}

/// A page that nobody has answered, on one line.
#[derive(Debug)]
pub struct PagedRow {
    /// `open`, `unanswered`.
    pub state: State,
    /// What it is about.
    pub title: String,
    /// Its screen.
    pub href: String,
    /// Since when.
    pub since: Moment,
    /// Who was told.
    pub told: String,
    /// Answers it, where the reader may.
    pub answer: Option<Press>,
}

/// A service, on one line.
#[derive(Debug)]
pub struct ServiceLine {
    /// How it is.
    pub state: State,
    /// Which.
    pub entity: Entity,
    /// The last thing that happened to it.
    pub note: String,
}

/// One sort of gap and how often it occurs.
#[derive(Debug)]
pub struct GapRow {
    /// How bad.
    pub state: State,
    /// `4 services have no owner`.
    pub text: String,
    /// The findings of this sort.
    pub href: String,
}

/// Changes older than this are found on the timeline.
const RECENT: SignedDuration = SignedDuration::from_hours(24);
/// No more changes than these are listed.
const CHANGES_MAX: usize = 15;
/// No more services than these are listed.
const MINE_MAX: usize = 25;
/// No more teams than these are listed.
const ON_CALL_MAX: usize = 8;
/// No more open incidents than these are listed.
const BROKEN_MAX: usize = 20;

/// Shows the first screen.
///
/// # Errors
/// If what it rests on can't be made.
pub async fn show(frame: Frame) -> Result<Response, Problem> {
    let app = frame.app.clone();
    Ok(app.blocking(move |_| Ok(screen(&HomeScreen::of(&frame)))).await?)
}

/// The teams that take turns; no more than fit beside the rest.
fn on_call_now(frame: &Frame) -> Vec<OnCallLine> {
    let own = frame.own_teams();
    let mut teams: Vec<&EntityRef> = frame.world.oncall.teams().collect();
    teams.sort_by_key(|team| (!own.contains(team), team.short().to_owned()));
    let line = |team: &EntityRef| OnCallLine {
        team: frame.entity(team),
        href: frame.href(crate::oncall::team::address(team)),
        who: frame.on_call_of_team(team).map(|duty| frame.catalog_person(&duty.person)),
    };
    teams.into_iter().take(ON_CALL_MAX).map(line).collect()
}

fn paged(frame: &Frame, page: &paging::Page) -> PagedRow {
    let people: Vec<String> = page.people.keys().map(|person| frame.catalog_person(person).name).collect();
    let address = format!("/pages/{}", page.number());
    PagedRow {
        state: crate::pages::state_of(page),
        title: page.about.title.clone(),
        since: frame.elapsed(page.opened),
        told: match people.as_slice() {
            [] => "nobody is told yet".to_owned(),
            people => format!("told {}, no answer yet", people.join(", ")),
        },
        answer: frame.may_write().then(|| frame.press(format!("{address}/acknowledge"), "Acknowledge")),
        href: frame.href(address),
    }
}

impl HomeScreen {
    fn of(frame: &Frame) -> Self {
        let (overall, overall_note) = overall(frame);
        let broken: Vec<BrokenRow> =
            frame.world.incidents.open().take(BROKEN_MAX).map(|incident| broken(frame, incident)).collect();
        // The list below says it already.
        let chrome = Chrome { incident: None, ..frame.chrome("Home", Place::Home) };
        Self {
            chrome,
            overall,
            overall_note,
            broken,
            on_call: on_call_now(frame),
            paged: frame.world.paging.unfinished().take(BROKEN_MAX).map(|page| paged(frame, page)).collect(),
            changes: changes(frame),
            no_changes: Empty::new("Nothing has changed in the last 24 h."),
            duty: duty(frame),
            mine: mine(frame),
            no_mine: no_mine(frame),
            gaps: gaps(frame),
            no_gaps: Empty::new("Nothing is missing: every service has an owner, somebody on call, and a runbook."),
        }
    }
}

/// How everything is that is checked, and what that rests on.
fn overall(frame: &Frame) -> (State, String) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = 0;
    for watch in frame.world.checks.watches() {
        let verdict = if watch.paused { Verdict::Unknown } else { watch.verdict };
        *counts.entry(verdict.as_str()).or_default() += 1;
        all += 1;
    }
    let of = |verdict: Verdict| counts.get(verdict.as_str()).copied().unwrap_or_default();
    let (down, degraded, unknown) = (of(Verdict::Down), of(Verdict::Degraded), of(Verdict::Unknown));
    let open = frame.world.incidents.open().count();
    let state = match (all, down, degraded, unknown) {
        (0, ..) => State::new(Tone::Unknown, "Nothing is checked"),
        (_, 1.., ..) => State::new(Tone::Bad, format!("{} down", are(down, "critical path"))),
        (..) if open > 0 => State::new(Tone::Bad, format!("{} open", are(open, "incident"))),
        (_, _, 1.., _) => State::new(Tone::Warn, format!("{} degraded", are(degraded, "critical path"))),
        (.., 1..) => State::new(Tone::Unknown, format!("{} unknown", are(unknown, "check"))),
        (..) => State::new(Tone::Good, "Everything that is checked is up"),
    };
    let parts = [Verdict::Up, Verdict::Degraded, Verdict::Down, Verdict::Unknown].into_iter();
    let parts: Vec<String> = parts
        .filter(|verdict| of(*verdict) > 0)
        .map(|verdict| format!("{} {}", of(verdict), verdict.as_str()))
        .collect();
    let note = match all {
        0 => "Declare a check (kind: Check) in the catalog to know how your services are.".to_owned(),
        _ => format!("{all} checks: {}.", parts.join(", ")),
    };
    (state, note)
}

/// `1 check is`, `2 checks are`.
fn are(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what} is") } else { format!("{count} {what}s are") }
}

fn broken(frame: &Frame, incident: &Incident) -> BrokenRow {
    let entity = incident.entity();
    let culprits = world::culprits(&frame.world, incident, frame.now);
    let suspect = culprits.suspects.first().and_then(|suspect| frame.world.journal.get(suspect.event));
    let on_call = match frame.on_call(entity) {
        Some(duty) => format!("{} is on call", frame.catalog_person(&duty.person).name),
        None => "nobody is on call".to_owned(),
    };
    let acknowledged = match &incident.acknowledged {
        Some(taken) => format!(", acknowledged by {}", frame.who(&taken.by).name),
        None => ", not acknowledged".to_owned(),
    };
    BrokenRow {
        state: State::new(Tone::Bad, incident.status().word()),
        title: incident.title.clone(),
        href: frame.href(format!("/incidents/{}", incident.number())),
        since: frame.elapsed(incident.since),
        owner: frame.owner(entity).map_or_else(|| "No owner".to_owned(), |owner| owner.name),
        on_call: format!("{on_call}{acknowledged}"),
        suspect: suspect.map(|entry| format!("{}: {}", frame.who(&entry.change.actor).name, entry.change.summary)),
    }
}

fn changes(frame: &Frame) -> Vec<Change> {
    let since = frame.now.checked_sub(RECENT).unwrap_or(frame.now);
    let recent = frame.world.journal.since(since).take(CHANGES_MAX);
    recent.map(|entry| frame.change(entry, None)).collect()
}

fn duty(frame: &Frame) -> Option<String> {
    let person = frame.person()?;
    let teams = frame.own_teams().into_iter();
    let (team, duty) = teams
        .filter_map(|team| Some((frame.on_call_of_team(&team)?, team)))
        .find(|(duty, _)| duty.person == *person)
        .map(|(duty, team)| (team, duty))?;
    Some(format!("You are on call for {} until {}.", frame.entity(&team).name, duty.until.strftime("%A %H:%M UTC")))
}

/// The services of the reader's teams, the broken first.
fn mine(frame: &Frame) -> Vec<ServiceLine> {
    let catalog = &frame.world.catalog;
    let owned = frame.own_teams().into_iter().flat_map(|team| catalog.related(&team, Relation::OwnerOf));
    let mut lines: Vec<(u8, ServiceLine)> = owned
        .filter(|entity| entity.kind() == "component")
        .filter_map(|entity| Some((show::health(&frame.world, &entity)?, entity)))
        .map(|(health, entity)| (health.rank(), line(frame, &entity, &health)))
        .collect();
    lines.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    lines.into_iter().map(|(_, line)| line).take(MINE_MAX).collect()
}

fn line(frame: &Frame, entity: &EntityRef, health: &show::Health) -> ServiceLine {
    let note = match frame.world.journal.about(entity).next() {
        Some(last) => format!("{} {}", show::sort_of_change(last.change.kind), frame.ago(last.change.at).text()),
        None => health.source.clone(),
    };
    ServiceLine { state: health.state(), entity: frame.entity(entity), note }
}

fn no_mine(frame: &Frame) -> Empty {
    match frame.person() {
        Some(_) => Empty::new("Your teams own no service."),
        None => Empty::new("Your account belongs to nobody in the catalog yet, so that nothing is known to be yours."),
    }
}

/// What is missing, by sort, the worst first.
fn gaps(frame: &Frame) -> Vec<GapRow> {
    let searched = findings::Searched::of(frame);
    let mut counts: BTreeMap<(Severity, &'static str), usize> = BTreeMap::new();
    for gap in searched.gaps() {
        *counts.entry((gap.severity, gap.rule)).or_default() += 1;
    }
    let rows = counts.into_iter().map(|((severity, rule), count)| GapRow {
        state: findings::severity(severity),
        text: in_words(rule, count),
        href: frame.href(format!("/findings?rule={rule}")),
    });
    rows.collect()
}

fn in_words(rule: &str, count: usize) -> String {
    let (one, many) = match rule {
        "no-owner" => ("1 entity has no owner", "entities have no owner"),
        "owner-unknown" => ("1 owner does not exist", "owners do not exist"),
        "dangling-reference" => ("1 reference leads nowhere", "references lead nowhere"),
        "codeowners-conflict" => ("1 owner contradicts CODEOWNERS", "owners contradict CODEOWNERS"),
        "empty-team" => ("1 team has no members", "teams have no members"),
        "no-runbook" => ("1 service has no runbook", "services have no runbook"),
        "no-api-docs" => ("1 API has no definition", "APIs have no definition"),
        "api-docs-unreadable" => ("1 API definition can’t be read", "API definitions can’t be read"),
        "deprecated-in-use" => ("1 deprecated thing is still used", "deprecated things are still used"),
        "circle" => ("1 circle of dependencies", "circles of dependencies"),
        "orphan" => ("1 component is related to nothing", "components are related to nothing"),
        "drift" => ("1 file says otherwise than what holds", "files say otherwise than what holds"),
        "source-problems" => ("1 catalog folder has errors", "catalog folders have errors"),
        findings::STALE_FLAG => ("1 flag should be gone", "flags should be gone"),
        findings::NO_ON_CALL => ("1 team has nobody on call", "teams have nobody on call"),
        rule => return format!("{count} of {rule}"),
    };
    if count == 1 { one.to_owned() } else { format!("{count} {many}") }
}
