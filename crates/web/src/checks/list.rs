//! `GET /checks`: every check with its verdict over time and what each location sees now.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::Query, response::Response};
use checks::{Severity, Verdict, Watch};
use kernel::EntityRef;
use serde::Deserialize;

use super::{
    history,
    period::{FOR, Period},
    standing::{self, Seen, seen_at},
    strip::{Strip, turns},
};
use crate::{
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, verdict},
    views::{Choice, Empty, Entity, Field, Filters, Link, Moment, Pager, State, Tone},
};

/// The checks that pass the filters.
#[derive(Debug, Template)]
#[template(path = "checks/list.html")]
pub struct ChecksScreen {
    /// The frame.
    pub chrome: Chrome,
    /// All of them in words: `2 down, 1 unknown, 197 up`.
    pub summary: String,
    /// Text, state, team, location, order, period.
    pub filters: Filters,
    /// Which time the strips show: `the last 24 h`.
    pub period: String,
    /// The checks, the broken first.
    pub rows: Vec<CheckRow>,
    /// The locations, from left to right as each row has them; each leads to the checks as seen from there.
    pub locations: Vec<Link>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
    /// Where a check is made; none where the reader may not.
    pub make: Option<String>,
}

/// One check.
#[derive(Debug)]
pub struct CheckRow {
    /// Where a group begins: its name.
    pub group: Option<String>,
    /// The verdict.
    pub state: State,
    /// What it is called.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// What it covers.
    pub covers: Option<Entity>,
    /// Whether it watches a critical path.
    pub critical: bool,
    /// Until when it is in maintenance.
    pub maintenance: Option<Moment>,
    /// The verdicts of the period.
    pub strip: Strip,
    /// The same in words, for who doesn't see it.
    pub history: String,
    /// What each location sees, side by side; none where there are too many.
    pub places: Option<Strip>,
    /// What the locations say, in words: `down at eu-west; 11 up`.
    pub locations: String,
    /// How fast: `41 ms`.
    pub speed: Option<String>,
    /// Since when the verdict holds.
    pub since: Option<Moment>,
    /// How old the newest result is.
    pub seen: Option<Moment>,
}

/// Which checks, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    q: String,
    state: String,
    team: String,
    location: String,
    by: String,
    #[serde(rename = "for")]
    period: String,
    from: Option<usize>,
}

/// Columns of a strip: as many as weigh little with fifty checks that flap all the time.
const COLUMNS: usize = 96;
/// With more locations than this, words say more than a drawing.
const PLACES_MAX: usize = 40;
/// Choices of a filter.
const CHOICES_MAX: usize = 200;
/// The state of a check that is up although some location sees it down or slow.
const PARTLY: &str = "partly";

/// Lists the checks, the broken first.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let period = Period::of(&which.period);
    let text = which.q.trim().to_lowercase();
    let mut wanted: Vec<&Watch> =
        frame.world.checks.watches().filter(|watch| passes(&frame, &which, &text, watch)).collect();
    // They are in order of their names, and stay so where nothing is worse.
    if which.location.is_empty() {
        wanted.sort_by_key(|watch| badness(watch));
    } else {
        wanted.sort_by_key(|watch| (seen_at(&frame.world.checks, watch, &which.location), badness(watch)));
    }
    let group = |watch: &Watch| group(&frame, &which.by, watch);
    if is_grouped(&which.by) {
        // Groups in which something is broken come first.
        let mut worst: BTreeMap<Option<EntityRef>, u8> = BTreeMap::new();
        for watch in &wanted {
            let worst = worst.entry(group(watch)).or_insert(u8::MAX);
            *worst = (*worst).min(badness(watch));
        }
        wanted.sort_by_cached_key(|watch| {
            let group = group(watch);
            (worst.get(&group).copied(), group)
        });
    }
    let set = which.set();
    let query = serde_html_form::to_string(&set).unwrap_or_default();
    let page = Paged::of(wanted, which.from, &frame.href(format!("/checks?{query}")));
    let locations: Vec<&str> = frame.world.checks.probes().map(|(location, _)| location).collect();
    let mut rows: Vec<CheckRow> = page.items.iter().map(|watch| row(&frame, watch, period, &locations)).collect();
    if is_grouped(&which.by) {
        let mut before = None;
        for (row, watch) in rows.iter_mut().zip(&page.items) {
            let group = group(watch);
            let name = group.as_ref().map_or("in none".to_owned(), |group| frame.entity(group).name);
            row.group = (before.as_ref() != Some(&group)).then_some(name);
            before = Some(group);
        }
    }
    Ok(screen(&ChecksScreen {
        make: frame.may_write().then(|| "/checks/new".to_owned()),
        chrome: frame.chrome("Checks", Place::Checks),
        summary: summary(&frame),
        filters: filters(&frame, &which, period),
        period: period.words.to_owned(),
        rows,
        locations: match locations.len() {
            2..=PLACES_MAX => locations.iter().map(|location| link(&frame, &which, location)).collect(),
            _ => Vec::new(),
        },
        none: match set.iter().all(|(name, _)| *name == FOR) {
            true => Empty::with("No check runs yet. Checks stand in the catalog files.", "mainstay apply ./catalog"),
            false => Empty::new("No check passes these filters."),
        },
        pager: page.pager,
    }))
}

impl Which {
    /// What is asked for, as an address has it.
    fn set(&self) -> Vec<(&'static str, &str)> {
        let pairs = [
            ("q", self.q.as_str()),
            ("state", self.state.as_str()),
            ("team", self.team.as_str()),
            ("location", self.location.as_str()),
            ("by", self.by.as_str()),
            (FOR, self.period.as_str()),
        ];
        pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// Whether a check passes the filters; `text` is what to look for, in small letters.
fn passes(frame: &Frame, which: &Which, text: &str, watch: &Watch) -> bool {
    let definition = &watch.definition;
    let named = |entity: &EntityRef| entity.short().contains(text);
    let state = match which.state.as_str() {
        "" => true,
        PARTLY => watch.verdict == Verdict::Up && !watch.paused && !watch.failing.is_empty(),
        state => state_of(watch).word == state,
    };
    state
        && (text.is_empty() || named(&definition.check) || named(&definition.target))
        && (which.location.is_empty() || standing::is_seen_from(&frame.world.checks, watch, &which.location))
        && (which.team.is_empty()
            || frame.world.owner_of(&definition.target).is_some_and(|owner| owner.as_str() == which.team))
}

fn is_grouped(by: &str) -> bool {
    matches!(by, "target" | "system" | "team")
}

/// Which group a check is in.
fn group(frame: &Frame, by: &str, watch: &Watch) -> Option<EntityRef> {
    let target = &watch.definition.target;
    match by {
        "target" => Some(target.clone()),
        "system" => frame.world.catalog.get(target).and_then(|entity| entity.system.clone()),
        "team" => frame.world.owner_of(target),
        _ => None,
    }
}

/// `2 down, 1 unknown, 197 up`.
fn summary(frame: &Frame) -> String {
    let mut counts: [usize; 5] = [0; 5];
    for watch in frame.world.checks.watches() {
        if let Some(count) = counts.get_mut(usize::from(badness(watch))) {
            *count += 1;
        }
    }
    let words = ["down", "unknown", "degraded", "paused", "up"];
    let parts = words.iter().zip(counts).filter(|(_, count)| *count > 0);
    parts.map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

fn filters(frame: &Frame, which: &Which, period: Period) -> Filters {
    let any = |label: &str, current: &str| Choice::new("", label, current);
    let states = ["down", "degraded", "unknown", "paused", "up"].map(|state| Choice::new(state, state, &which.state));
    let partly = Choice::new(PARTLY, "up, but not everywhere", &which.state);
    let teams = frame.world.catalog.of_kind("group").take(CHOICES_MAX);
    let teams = teams.map(|team| Choice::new(team.reference().as_str(), crate::show::name(team), &which.team));
    let probes = frame.world.checks.probes().take(CHOICES_MAX);
    let places = probes.map(|(location, _)| Choice::new(location, location, &which.location));
    let orders = [("", "worst first"), ("target", "by target"), ("system", "by system"), ("team", "by team")];
    Filters {
        action: "/checks".to_owned(),
        fields: vec![
            Field::line("q", "Text", which.q.clone()),
            Field::select(
                "state",
                "State",
                [any("any", &which.state)].into_iter().chain(states).chain([partly]).collect(),
            ),
            Field::select("team", "Team", [any("any", &which.team)].into_iter().chain(teams).collect()),
            Field::select(
                "location",
                "Seen from",
                [any("anywhere", &which.location)].into_iter().chain(places).collect(),
            ),
            Field::select("by", "Order", orders.map(|(word, label)| Choice::new(word, label, &which.by)).to_vec()),
            Field::select(FOR, "Strip", period.choices()),
        ],
        clear: (!which.set().is_empty()).then(|| frame.href("/checks")),
    }
}

/// The checks as one location sees them, with the other filters kept.
fn link(frame: &Frame, which: &Which, location: &str) -> Link {
    let mut set = which.set();
    set.retain(|(name, _)| *name != "location");
    set.push(("location", location));
    let query = serde_html_form::to_string(&set).unwrap_or_default();
    Link::new(location, frame.href(format!("/checks?{query}")))
}

/// What a check says; one that is paused says nothing.
pub(super) fn state_of(watch: &Watch) -> State {
    if watch.paused { State::new(Tone::Unknown, "paused") } else { verdict(watch.verdict) }
}

fn badness(watch: &Watch) -> u8 {
    match (watch.paused, watch.verdict) {
        (false, Verdict::Down) => 0,
        (false, Verdict::Unknown) => 1,
        (false, Verdict::Degraded) => 2,
        (true, _) => 3,
        (false, Verdict::Up) => 4,
    }
}

fn row(frame: &Frame, watch: &Watch, period: Period, locations: &[&str]) -> CheckRow {
    let (definition, checks) = (&watch.definition, &frame.world.checks);
    let seen = standing::seen(checks, watch);
    let tones: Vec<Option<Tone>> =
        locations.iter().map(|location| seen.get(location).map(|seen: &Seen| seen.state().tone)).collect();
    // What was measured lately is known of the present only.
    let recent = if frame.past().is_none() { frame.app.intake().recent(&definition.check) } else { Vec::new() };
    let mut took: Vec<u64> = recent.iter().filter(|run| run.good).map(|run| run.latency_ms).collect();
    took.sort_unstable();
    CheckRow {
        group: None,
        state: state_of(watch),
        name: frame.entity(&definition.check).name,
        href: frame.href(address(&definition.check)),
        covers: Some(frame.entity(&definition.target)),
        critical: definition.severity == Severity::Critical,
        maintenance: checks.maintenance_end(definition, frame.now).map(|end| frame.ago(end)),
        strip: Strip::of_verdicts(watch, checks, period, frame.now, COLUMNS),
        history: history::words(&turns(watch, period.from(frame.now), frame.now)),
        places: (2..=PLACES_MAX).contains(&locations.len()).then(|| Strip::of_places(&tones)),
        locations: if definition.is_run() { standing::in_words(&seen) } else { "the job reports by itself".to_owned() },
        speed: took.get(took.len() / 2).map(|median| format!("{median} ms")),
        since: Some(frame.elapsed(watch.since)),
        seen: recent.iter().map(|run| run.at).max().map(|at| frame.ago(at)),
    }
}
