//! `GET /checks`: every synthetic test and what it says now.

use askama::Template;
use axum::{extract::Query, response::Response};
use checks::{Severity, Verdict, Watch};
use serde::Deserialize;

use super::speed::{Speed, speeds};
use crate::{
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::{address, verdict},
    views::{Choice, Empty, Entity, Field, Filters, Moment, Pager, State, Tone},
};

/// The checks that pass the filters.
#[derive(Debug, Template)]
#[template(path = "checks/list.html")]
pub struct ChecksScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Text, state, owner.
    pub filters: Filters,
    /// The checks, the broken first.
    pub rows: Vec<CheckRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One check.
#[derive(Debug)]
pub struct CheckRow {
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
    /// What each location says, in words: `3 of 3 up`.
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
    from: Option<usize>,
}

/// Lists the checks, the broken first.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let text = which.q.to_lowercase();
    let mut wanted: Vec<&Watch> = frame
        .world
        .checks
        .watches()
        .filter(|watch| {
            let named = |text: &str| watch.definition.check.short().contains(text);
            let state = which.state.as_str();
            (named(&text) || watch.definition.target.short().contains(&text))
                && (state.is_empty() || state_of(watch).word == state)
        })
        .collect();
    wanted.sort_by_key(|watch| (badness(watch), watch.definition.check.clone()));
    let pairs = [("q", which.q.as_str()), ("state", which.state.as_str())];
    let set: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let query = serde_html_form::to_string(&set).unwrap_or_default();
    let page = Paged::of(wanted, which.from, &frame.href(format!("/checks?{query}")));
    let speeds = speeds(&frame, &page.items).await?;
    Ok(screen(&ChecksScreen {
        chrome: frame.chrome("Checks", Place::Checks),
        filters: Filters {
            action: "/checks".to_owned(),
            fields: vec![
                Field::line("q", "Text", which.q.clone()),
                Field::select(
                    "state",
                    "State",
                    ["", "down", "degraded", "unknown", "paused", "up"]
                        .map(|state| Choice::new(state, if state.is_empty() { "any" } else { state }, &which.state))
                        .to_vec(),
                ),
            ],
            clear: (!set.is_empty()).then(|| frame.href("/checks")),
        },
        rows: page.items.iter().zip(speeds).map(|(watch, speed)| row(&frame, watch, speed)).collect(),
        none: match set.is_empty() {
            true => Empty::with("No check runs yet. Checks stand in the catalog files.", "mainstay apply ./catalog"),
            false => Empty::new("No check passes these filters."),
        },
        pager: page.pager,
    }))
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

fn row(frame: &Frame, watch: &Watch, speed: Speed) -> CheckRow {
    let definition = &watch.definition;
    CheckRow {
        state: state_of(watch),
        name: frame.entity(&definition.check).name,
        href: frame.href(address(&definition.check)),
        covers: Some(frame.entity(&definition.target)),
        critical: definition.severity == Severity::Critical,
        locations: locations(watch),
        speed: speed.median().map(|median| format!("{median:.0} ms")),
        since: Some(frame.elapsed(watch.since)),
        seen: speed.newest(frame.now).map(|at| frame.ago(at)),
    }
}

/// Where it was seen, and where a failure is not confirmed yet.
fn locations(watch: &Watch) -> String {
    let seen = watch.location.as_ref().map(|location| format!("{} at {location}", watch.verdict.as_str()));
    let doubtful = watch.falters.keys().map(|location| format!("failed once at {location}"));
    let all: Vec<String> = seen.into_iter().chain(doubtful).collect();
    if all.is_empty() { "none has reported".to_owned() } else { all.join(", ") }
}
