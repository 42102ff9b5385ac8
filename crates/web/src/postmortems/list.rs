//! `GET /postmortems`: what was learnt, searched by its words; and what is missing.

use askama::Template;
use axum::{extract::Query, response::Response};
use postmortems::PostMortem;
use serde::Deserialize;

use super::{state_of, texts, wanted};
use crate::{
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Choice, Empty, Field, Filters, Moment, Pager, Press, State},
};

/// The post-mortems.
#[derive(Debug, Template)]
#[template(path = "postmortems/list.html")]
pub struct PostMortemsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Words, state.
    pub filters: Filters,
    /// Bad incidents of which nothing is published although they have been over for days.
    pub missing: Vec<Missing>,
    /// The post-mortems: the best hit first, else that of the newest incident.
    pub rows: Vec<PostMortemRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// A bad incident without a post-mortem.
#[derive(Debug)]
pub struct Missing {
    /// `7: nobody can pay`.
    pub name: String,
    /// The incident, or the draft.
    pub href: String,
    /// `SEV1`.
    pub severity: String,
    /// When it ended.
    pub ended: Moment,
    /// Begins it; none where there is a draft, or the reader may not.
    pub start: Option<Press>,
}

/// One post-mortem.
#[derive(Debug)]
pub struct PostMortemRow {
    /// The incident's number.
    pub number: u64,
    /// Its screen.
    pub href: String,
    /// `draft`, `published`.
    pub state: State,
    /// What it is called.
    pub title: String,
    /// Who wrote it.
    pub authors: String,
    /// When it was changed last.
    pub at: Moment,
}

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    from: Option<usize>,
}

/// Bad incidents without one that are shown.
const MISSING_MAX: usize = 20;

/// Lists post-mortems.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let Which { q, state, from } = which;
    let found: Vec<&PostMortem> = if q.trim().is_empty() {
        frame.world.postmortems.all().collect()
    } else {
        let hits = texts::search(&frame.app, &frame.world, &q).await?;
        hits.into_iter().filter_map(|number| frame.world.postmortems.get(number)).collect()
    };
    let wanted_state = |of: &&PostMortem| match state.as_str() {
        "published" => !of.editions.is_empty(),
        "draft" => of.editions.is_empty(),
        _ => true,
    };
    let found = found.into_iter().filter(wanted_state).collect();
    let address = format!("/postmortems?q={}&state={state}", segment(&q));
    let page = Paged::of(found, from, &frame.href(address));
    let row = |of: &PostMortem| PostMortemRow {
        number: of.about.incident,
        href: frame.href(format!("/postmortems/{}", of.about.incident)),
        state: state_of(of.stage()),
        title: of.newest().map_or(&of.title, |newest| &newest.title).clone(),
        authors: of.authors.iter().take(3).cloned().collect::<Vec<_>>().join(", "),
        at: frame.ago(of.edited),
    };
    let missing = wanted(&frame.world, frame.now).take(MISSING_MAX).map(|incident| {
        let number = incident.number();
        let draft = frame.world.postmortems.get(number);
        let hidden = vec![("incident".to_owned(), number.to_string())];
        let start = Press { hidden, ..frame.press("/postmortems", "Write it") };
        Missing {
            name: format!("{number}: {}", incident.title),
            href: frame.href(format!("/{}/{number}", if draft.is_some() { "postmortems" } else { "incidents" })),
            severity: incident.severity.name().to_owned(),
            ended: frame.ago(incident.ended.as_ref().map_or(incident.since, |ending| ending.at)),
            start: (draft.is_none() && frame.may_write()).then_some(start),
        }
    });
    let states = [("", "All"), ("published", "Published"), ("draft", "Not published")];
    let states = states.map(|(word, label)| Choice::new(word, label, &state)).to_vec();
    let is_set = !q.is_empty() || !state.is_empty();
    Ok(screen(&PostMortemsScreen {
        chrome: frame.chrome("Post-mortems", Place::Incidents),
        filters: Filters {
            action: "/postmortems".to_owned(),
            fields: vec![
                Field::line("q", "Words in what is published", q.as_str()),
                Field::select("state", "State", states),
            ],
            clear: is_set.then(|| frame.href("/postmortems")),
        },
        missing: missing.collect(),
        rows: page.items.into_iter().map(row).collect(),
        none: match is_set {
            true => Empty::new("No post-mortem matches."),
            false => Empty::with(
                "There is none yet. One is begun from the screen of an incident that is over.",
                "mainstay postmortem start 7",
            ),
        },
        pager: page.pager,
    }))
}
