//! `GET /retrospectives`: every team's looks back, and the form that opens the next.

use ::actions::{Retro, Source};
use askama::Template;
use axum::{extract::Query, response::Response};
use kernel::{EntityRef, Refusal};
use serde::Deserialize;

use super::state_of;
use crate::{
    api::reference,
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Callout, Choice, Empty, Field, Filters, Form, Pager, Row, State, Tone},
};

/// The retrospectives.
#[derive(Debug, Template)]
#[template(path = "retros/list.html")]
pub struct RetrosScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Why the last try was refused.
    pub trouble: Option<Callout>,
    /// Team.
    pub filters: Filters,
    /// The retrospectives, the newest first.
    pub rows: Vec<Row>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
    /// Opens the next; none where the reader may not.
    pub form: Option<Form>,
}

/// Whose, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    team: String,
    from: Option<usize>,
}

/// Lists them.
///
/// # Errors
/// For a team that is no reference.
pub async fn index(frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    Ok(screen(&drawn(&frame, &asked, None)?))
}

pub(super) fn drawn(frame: &Frame, asked: &Asked, refused: Option<&Refusal>) -> Result<RetrosScreen, Refusal> {
    let retros = frame.world.actions.retros();
    let team = (!asked.team.is_empty()).then(|| reference("team", &asked.team, "group")).transpose()?;
    let found: Vec<&Retro> = match &team {
        Some(team) => retros.of_team(team).collect(),
        None => retros.iter().collect(),
    };
    let address = match &team {
        Some(team) => format!("/retrospectives?team={}", segment(team.as_str())),
        None => "/retrospectives".to_owned(),
    };
    let page = Paged::of(found, asked.from, &frame.href(address));
    let mut teams: Vec<&EntityRef> = retros.iter().map(|retro| &retro.about.team).collect();
    teams.sort_unstable();
    teams.dedup();
    let named = |team: &EntityRef, current: &str| Choice::new(team.as_str(), frame.catalog_person(team).name, current);
    let choices = teams.into_iter().map(|team| named(team, &asked.team));
    let choices = [Choice::new("", "Any", &asked.team)].into_iter().chain(choices).collect();
    Ok(RetrosScreen {
        chrome: frame.chrome("Retrospectives", Place::Actions),
        trouble: refused.map(|refusal| Callout {
            state: State::new(Tone::Bad, "Not opened"),
            text: refusal.to_string(),
            link: None,
        }),
        filters: Filters {
            action: "/retrospectives".to_owned(),
            fields: vec![Field::select("team", "Team", choices)],
            clear: team.is_some().then(|| frame.href("/retrospectives")),
        },
        rows: page.items.into_iter().map(|retro| row(frame, retro)).collect(),
        none: Empty::new("No team has looked back yet. Whoever opens the next sees what became of what was promised."),
        pager: page.pager,
        form: frame.may_write().then(|| opening(frame)),
    })
}

fn opening(frame: &Frame) -> Form {
    let own = frame.own_teams().into_iter().next().map(|team| team.to_string()).unwrap_or_default();
    let groups = frame.world.catalog.of_kind("group");
    let mut teams: Vec<Choice> =
        groups.map(|group| Choice::new(group.reference().as_str(), crate::show::name(group), &own)).collect();
    teams.sort_by_key(|choice| choice.label.to_lowercase());
    let fields = vec![
        Field::select("team", "Team", teams).id("open-team"),
        Field::line("title", "About", "").hint("The sprint that is now, if it is left empty."),
    ];
    frame.form("/retrospectives", "Open a retrospective", fields)
}

fn row(frame: &Frame, retro: &Retro) -> Row {
    let source = Source::Retrospective { retrospective: retro.about.number };
    let promised = frame.world.actions.of_source(&source).count();
    let (cards, number) = (retro.cards.len(), retro.about.number);
    let note = format!("{}, {cards} cards, {promised} promised", frame.catalog_person(&retro.about.team).name);
    let row = Row::new(retro.about.title.clone(), frame.href(format!("/retrospectives/{number}")));
    row.state(state_of(retro)).note(note).at(frame.ago(retro.opened))
}
