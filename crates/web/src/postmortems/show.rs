//! `GET /postmortems/{number}`: what was learnt of one incident, who promised what, and what keeps it from being published.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use postmortems::{Opinion, PostMortem};
use serde::Deserialize;
use world::postmortem::missing;

use super::{by_number, in_words, items, state_of, texts};
use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Choice, Cli, Entry, Field, Form, Link, Moment, Press, State, Tone, Who},
};

/// One post-mortem.
#[derive(Debug, Template)]
#[template(path = "postmortems/show.html")]
pub struct PostMortemScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The incident's number.
    pub number: u64,
    /// What it is called.
    pub title: String,
    /// Where it stands.
    pub state: State,
    /// Which text is shown: `edition 1, published 4 d ago`.
    pub shown: String,
    /// The text, as HTML that is safe to write out.
    pub html: String,
    /// What is promised.
    pub items: Vec<ItemRow>,
    /// What people thought of it, the latest first.
    pub reviews: Vec<ReviewRow>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// What keeps it from being published.
    pub missing: Vec<String>,
    /// Publishes the draft, if that is shown and nothing is missing.
    pub publish: Option<Press>,
    /// Where it is edited; none where the reader may not.
    pub edit: Option<String>,
    /// Asks for a review of the draft, and reviews it, if that is shown.
    pub forms: Vec<(&'static str, Form)>,
    /// The incident, the draft, the editions.
    pub links: Vec<Link>,
    /// The same from a terminal.
    pub command: Cli,
}

/// Something that is promised.
#[derive(Debug)]
pub struct ItemRow {
    /// What.
    pub what: String,
    /// Who.
    pub who: Who,
    /// Until when.
    pub deadline: Moment,
    /// How one can tell.
    pub done_when: String,
    /// How it stands, and its own screen, once it is promised.
    pub action: Option<(State, Link)>,
}

/// What somebody thought.
#[derive(Debug)]
pub struct ReviewRow {
    /// `approved`, `changes wanted`.
    pub state: State,
    /// Who.
    pub by: String,
    /// When.
    pub at: Moment,
    /// Why, as HTML that is safe to write out.
    pub note: String,
    /// Whether it is of what the draft says now.
    pub current: bool,
}

/// Which text.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    edition: Option<u32>,
    draft: Option<String>,
}

/// Shows a post-mortem.
pub async fn show(frame: Frame, Path(number): Path<String>, Query(which): Query<Which>) -> Result<Response, Problem> {
    let of = by_number(&frame.world, &number)?.clone();
    let edition = match which.edition {
        Some(wanted) => {
            let known = of.editions.iter().find(|known| known.edition == wanted);
            Some(known.ok_or_else(|| not_found("edition", &wanted.to_string()))?)
        }
        None if which.draft.is_some() => None,
        None => of.newest(),
    };
    let (title, text) = edition.map_or((&of.title, of.text), |edition| (&edition.title, edition.text));
    let html = texts::rendered(&of, &texts::read(&frame.app, text).await?).html;
    let shown = match edition {
        Some(edition) => {
            let at = frame.ago(edition.at);
            format!("edition {}, published by {} {}", edition.edition, frame.who(&edition.by).name, at.text())
        }
        None => format!("draft, revision {}", of.revision),
    };
    let is_current = of.published_revision == Some(of.revision);
    // Who reviews or publishes what they see must see the draft.
    let judges = frame.may_write() && !is_current && edition.is_none();
    let missing = if is_current { Vec::new() } else { missing(&frame.world, &of, frame.now) };
    let number = of.about.incident;
    let press = Press {
        hidden: vec![("revision".to_owned(), of.revision.to_string())],
        main: true,
        ..frame.press(format!("/postmortems/{number}/publish"), "Publish it")
    };
    Ok(screen(&PostMortemScreen {
        chrome: frame.chrome(title, Place::Incidents),
        number,
        title: title.clone(),
        state: state_of(of.stage()),
        shown,
        html,
        items: rows(&frame, &of),
        reviews: reviews(&frame, &of),
        authors: of.authors.clone(),
        publish: (judges && missing.is_empty()).then_some(press),
        missing: missing.iter().map(in_words).collect(),
        edit: frame.may_write().then(|| format!("/postmortems/{number}/edit")),
        forms: if judges { forms(&frame, &of) } else { Vec::new() },
        links: links(&frame, &of),
        command: Cli::new(format!("mainstay postmortem show {number}")),
    }))
}

fn rows(frame: &Frame, of: &PostMortem) -> Vec<ItemRow> {
    let source = actions::Source::PostMortem { incident: of.about.incident };
    let promised: Vec<&actions::Action> = frame.world.actions.of_source(&source).collect();
    if promised.is_empty() {
        let row = |item: &postmortems::Item| ItemRow {
            what: item.what.clone(),
            who: frame.catalog_person(&item.owner),
            deadline: frame.ago(item.deadline),
            done_when: items::in_words(&item.done_when),
            action: None,
        };
        return of.items.iter().map(row).collect();
    }
    let row = |action: &&actions::Action| {
        let tone = if action.is_finished() { Tone::Good } else { Tone::Warn };
        let link = Link::new(format!("action {}", action.number), frame.href(format!("/actions/{}", action.number)));
        let words = of.items.iter().find(|item| item.what == action.promise.what);
        ItemRow {
            what: action.promise.what.clone(),
            who: frame.catalog_person(&action.promise.owner),
            deadline: frame.ago(action.promise.deadline),
            done_when: words
                .map_or_else(|| action.promise.done_when.in_words(), |item| items::in_words(&item.done_when)),
            action: Some((State::new(tone, action.state.as_str()), link)),
        }
    };
    promised.iter().map(row).collect()
}

fn reviews(frame: &Frame, of: &PostMortem) -> Vec<ReviewRow> {
    let row = |review: &postmortems::Review| ReviewRow {
        state: match review.opinion {
            Opinion::Approved => State::new(Tone::Good, "approved"),
            Opinion::ChangesWanted => State::new(Tone::Warn, "changes wanted"),
        },
        by: review.by.clone(),
        at: frame.ago(review.at),
        note: prose::render(&review.note, &prose::Links::nowhere()).html,
        current: review.revision == of.revision,
    };
    of.reviews.iter().rev().map(row).collect()
}

fn forms(frame: &Frame, of: &PostMortem) -> Vec<(&'static str, Form)> {
    let number = of.about.incident;
    let revision = vec![("revision".to_owned(), of.revision.to_string())];
    let whom = Field::line("reviewers", "Whom", "")
        .hint("Users of the catalog, with blanks between. Empty: anybody who wrote nothing of it.");
    let ask = frame.form(format!("/postmortems/{number}/ask-review"), "Ask for a review", vec![whom]);
    let opinions = vec![
        Choice::new("approved", "It can be published", "approved"),
        Choice::new("changes_wanted", "Something must be changed", "approved"),
    ];
    let fields = vec![
        Field::select("opinion", "What I think", opinions),
        Field::new("note", "Why", Entry::Lines { value: String::new() }).hint("Markdown. What is to be changed."),
    ];
    let review = frame.form(format!("/postmortems/{number}/review"), "Say so", fields);
    vec![("Ask for a review", ask), ("Review it", Form { hidden: revision, ..review })]
}

fn links(frame: &Frame, of: &PostMortem) -> Vec<Link> {
    let number = of.about.incident;
    let incident = Link::new(format!("Incident {number}"), frame.href(format!("/incidents/{number}")));
    let has_draft = !of.editions.is_empty() && of.published_revision != Some(of.revision);
    let draft = has_draft.then(|| Link::new("The draft", frame.href(format!("/postmortems/{number}?draft=1"))));
    let edition = |edition: &postmortems::Edition| {
        let address = format!("/postmortems/{number}?edition={}", edition.edition);
        Link::new(format!("Edition {}", edition.edition), frame.href(address))
    };
    [incident].into_iter().chain(draft).chain(of.editions.iter().rev().take(10).map(edition)).collect()
}
