//! `GET /slos`: every service level objective, and what is left of its budget.

use askama::Template;
use axum::{extract::Query, response::Response};
use kernel::EntityRef;
use serde::Deserialize;
use slo::percent;

use super::{
    keeper::Look,
    standing::{WORDS, state_of, window_words},
};
use crate::{
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::address,
    views::{Choice, Empty, Entity, Field, Filters, Pager, Score, State},
};

/// The SLOs that pass the filters.
#[derive(Debug, Template)]
#[template(path = "slos/list.html")]
pub struct SlosScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Text, state.
    pub filters: Filters,
    /// The SLOs, the worst first.
    pub rows: Vec<SloRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One SLO.
#[derive(Debug)]
pub struct SloRow {
    /// How it stands.
    pub state: State,
    /// What it is called.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// What it is about.
    pub entity: Option<Entity>,
    /// `99.9% in 30d rolling`.
    pub target: String,
    /// What is left of the worst budget: how wide its bar is, and in words; none if nothing is known.
    pub left: Option<(u8, String)>,
    /// How fast it burns: `1.2x`.
    pub burn: Option<String>,
    /// Why it is incomplete.
    pub trouble: Option<String>,
}

/// Which SLOs, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    q: String,
    state: String,
    from: Option<usize>,
}

/// Lists the SLOs, the worst first.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let text = which.q.to_lowercase();
    let looked = frame.world.slos.slos().filter_map(|(slo, definition)| {
        let look = frame.app.slos().look(&frame.world, slo, frame.now)?;
        let row = row(&frame, slo, definition, &look);
        let named = |text: &str| slo.short().contains(text) || row.name.to_lowercase().contains(text);
        let about = || row.entity.as_ref().is_some_and(|entity| entity.name.to_lowercase().contains(&text));
        let passes = (named(&text) || about()) && (which.state.is_empty() || row.state.word == which.state);
        passes.then_some(row)
    });
    let mut rows: Vec<SloRow> = looked.collect();
    let badness = |row: &SloRow| WORDS.iter().position(|word| *word == row.state.word).unwrap_or(WORDS.len());
    rows.sort_by_key(badness);
    let pairs = [("q", which.q.as_str()), ("state", which.state.as_str())];
    let set: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let query = serde_html_form::to_string(&set).unwrap_or_default();
    let page = Paged::of(rows, which.from, &frame.href(format!("/slos?{query}")));
    let states = [""].into_iter().chain(WORDS);
    let states = states.map(|word| Choice::new(word, if word.is_empty() { "any" } else { word }, &which.state));
    Ok(screen(&SlosScreen {
        chrome: frame.chrome("Service level objectives", Place::Objectives),
        filters: Filters {
            action: "/slos".to_owned(),
            fields: vec![Field::line("q", "Text", which.q.clone()), Field::select("state", "State", states.collect())],
            clear: (!set.is_empty()).then(|| frame.href("/slos")),
        },
        rows: page.items,
        none: match set.is_empty() {
            true => Empty::with(
                "There is no service level objective yet. They are OpenSLO documents in the catalog files.",
                "mainstay apply ./catalog",
            ),
            false => Empty::new("No service level objective passes these filters."),
        },
        pager: page.pager,
    }))
}

fn row(frame: &Frame, slo: &EntityRef, definition: &slo::Slo, look: &Result<Look, String>) -> SloRow {
    let held = frame.world.slos.standing(slo);
    let targets: Vec<String> = definition.objectives.iter().map(|it| format!("{}%", it.percent())).collect();
    let left = look.as_ref().ok().and_then(|look| look.report.left());
    let burn = look.as_ref().ok().and_then(|look| look.report.burn());
    SloRow {
        state: state_of(look, &held),
        name: definition.display.clone().unwrap_or_else(|| slo.short().to_owned()),
        href: frame.href(address(slo)),
        entity: look.as_ref().ok().map(|look| frame.entity(&look.entity)),
        target: format!("{} in {}", targets.join(", "), window_words(&definition.window)),
        left: left.map(|left| (Score::of(left).percent, percent(left))),
        burn: burn.map(|burn| format!("{burn:.1}x")),
        trouble: look.as_ref().err().cloned(),
    }
}
