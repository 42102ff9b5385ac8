//! `GET /actions`: what is promised: the reader's own first, and what is late.

use ::actions::{Action, ActionState};
use askama::Template;
use axum::{extract::Query, response::Response};
use kernel::{EntityRef, Timestamp};
use serde::Deserialize;
use world::World;

use super::{
    state_of,
    wish::{SOURCES, STATES, Which},
};
use crate::{
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Choice, Empty, Entity, Field, Filters, Moment, Pager, State, Tab, Tabs, Who},
};

/// The items that pass the filters.
#[derive(Debug, Template)]
#[template(path = "actions/list.html")]
pub struct ActionsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// How many of the reader's are late, in a sentence.
    pub summary: String,
    /// Where something is promised; none where the reader may not.
    pub promise: Option<String>,
    /// Mine, all.
    pub tabs: Tabs,
    /// Person, team, state, source.
    pub filters: Filters,
    /// The items.
    pub rows: Vec<ActionRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One item, on one line.
#[derive(Debug)]
pub struct ActionRow {
    /// How it stands.
    pub state: State,
    /// Its number.
    pub number: u64,
    /// What was promised.
    pub what: String,
    /// Its screen.
    pub href: String,
    /// Whose it is.
    pub owner: Who,
    /// True if the owner is in the catalog no more.
    pub owner_left: bool,
    /// True if it is the reader's, or was escalated to them.
    pub mine: bool,
    /// What it is about.
    pub subject: Entity,
    /// Until when.
    pub deadline: Moment,
    /// `done when check buy exists and is green`, `from the post-mortem of incident 3`.
    pub notes: Vec<String>,
}

/// Which items, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    person: String,
    team: String,
    state: String,
    source: String,
    subject: String,
    from: Option<usize>,
}

impl Asked {
    fn address(&self) -> String {
        let all = [
            ("person", &self.person),
            ("team", &self.team),
            ("state", &self.state),
            ("source", &self.source),
            ("subject", &self.subject),
        ];
        let set: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        if set.is_empty() {
            return "/actions".to_owned();
        }
        format!("/actions?{}", serde_html_form::to_string(set).unwrap_or_default())
    }
}

/// Lists the items.
///
/// # Errors
/// For a filter that can't be read.
pub async fn index(frame: Frame, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let Asked { person, team, state, source, subject, .. } = &asked;
    let which = Which {
        person: person.clone(),
        team: team.clone(),
        state: state.clone(),
        source: source.clone(),
        subject: subject.clone(),
    };
    let found = which.pick(&frame.world, frame.person(), frame.now)?;
    let page = Paged::of(found, asked.from, &frame.href(asked.address()));
    Ok(screen(&ActionsScreen {
        chrome: frame.chrome("Actions", Place::Actions),
        summary: summary(&frame),
        promise: frame.may_write().then(|| "/actions/new".to_owned()),
        tabs: tabs(&frame, &asked),
        filters: filters(&frame, &asked),
        rows: page.items.into_iter().map(|action| row(&frame, action)).collect(),
        none: Empty::with(
            "No promise passes these filters. One is made in a post-mortem, beside a finding, or by hand.",
            "mainstay action promise 'Watch the checkout' --about shop --owner kim --until 2026-12-01",
        ),
        pager: page.pager,
    }))
}

fn summary(frame: &Frame) -> String {
    let unfinished = frame.world.actions.unfinished_count();
    let open = if unfinished == 1 { "1 promise is open".to_owned() } else { format!("{unfinished} promises are open") };
    let Some(person) = frame.person() else { return format!("{open}.") };
    let (mine, late) = own(&frame.world, person, frame.now);
    match (mine, late) {
        (0, _) => format!("{open}, none of them yours."),
        (mine, 0) => format!("{open}, {mine} of them yours, none late."),
        (mine, late) => format!("{open}, {mine} of them yours, {late} late."),
    }
}

/// How many items are a person's, or were escalated to them, and how many of those are late.
fn own(world: &World, person: &EntityRef, now: Timestamp) -> (usize, usize) {
    let mine = world.actions.concerning(person);
    mine.fold((0, 0), |(mine, late), action| (mine + 1, late + usize::from(action.is_late(now))))
}

/// How many of a person's own items are late.
pub(crate) fn late_of(world: &World, person: &EntityRef, now: Timestamp) -> usize {
    world.actions.concerning(person).filter(|action| action.promise.owner == *person && action.is_late(now)).count()
}

fn tabs(frame: &Frame, asked: &Asked) -> Tabs {
    let tab = |label: &str, person: &str, state: &str| Tab {
        label: label.to_owned(),
        href: frame.href(Asked { person: person.to_owned(), state: state.to_owned(), ..Asked::default() }.address()),
        here: asked.person == person && asked.state == state,
        count: None,
    };
    let mine = frame.person().map(|_| tab("Mine", "me", ""));
    let others =
        [tab("Open", "", ""), tab("Late", "", "late"), tab("Escalated", "", "escalated"), tab("Done", "", "done")];
    Tabs { label: "Promises by state".to_owned(), tabs: mine.into_iter().chain(others).collect() }
}

fn filters(frame: &Frame, asked: &Asked) -> Filters {
    let named = |any: &str, all: &mut dyn Iterator<Item = &EntityRef>, current: &str| {
        let mut choices: Vec<Choice> = all
            .map(|reference| Choice::new(reference.as_str(), frame.catalog_person(reference).name, current))
            .collect();
        choices.sort_by_key(|choice| choice.label.to_lowercase());
        choices.insert(0, Choice::new("", any, current));
        choices
    };
    let state = &frame.world.actions;
    let mut people = named("Anybody", &mut state.owners(), &asked.person);
    if frame.person().is_some() {
        people.insert(1, Choice::new("me", "Me", &asked.person));
    }
    let words = |any: &str, all: &[&str], current: &str| {
        let each = all.iter().map(|word| Choice::new(*word, *word, current));
        [Choice::new("", any, current)].into_iter().chain(each).collect::<Vec<_>>()
    };
    let states = words("Unfinished", STATES.get(1..).unwrap_or_default(), &asked.state);
    let is_set = asked.address() != "/actions";
    let mut fields = vec![
        Field::select("person", "Person", people),
        Field::select("team", "Team", named("Any", &mut state.teams(), &asked.team)),
        Field::select("state", "State", states),
        Field::select("source", "From", words("Anywhere", &SOURCES, &asked.source)),
    ];
    if !asked.subject.is_empty() {
        fields.push(Field::line("subject", "About", &asked.subject));
    }
    Filters { action: "/actions".to_owned(), fields, clear: is_set.then(|| frame.href("/actions")) }
}

/// One item, on one line.
pub(crate) fn row(frame: &Frame, action: &Action) -> ActionRow {
    let promise = &action.promise;
    let mut notes = Vec::new();
    match &action.state {
        ActionState::Escalated { .. } => {
            let to = action.escalation.as_ref().map(|escalation| escalation.to.as_slice()).unwrap_or_default();
            let names: Vec<String> = to.iter().map(|person| frame.catalog_person(person).name).collect();
            notes.push(if names.is_empty() {
                "escalated to nobody".to_owned()
            } else {
                format!("escalated to {}", names.join(", "))
            });
        }
        ActionState::Deprioritised { reason, .. } => notes.push(reason.clone()),
        ActionState::Open | ActionState::Done { .. } => {}
    }
    if !promise.done_when.is_word() {
        notes.push(format!("done when {}", promise.done_when.in_words()));
    }
    if promise.source != ::actions::Source::ByHand {
        notes.push(promise.source.in_words());
    }
    let at = match &action.state {
        ActionState::Done { at, .. } | ActionState::Deprioritised { at, .. } => *at,
        ActionState::Open | ActionState::Escalated { .. } => promise.deadline,
    };
    ActionRow {
        state: state_of(action, frame.now),
        number: action.number,
        what: promise.what.clone(),
        href: frame.href(format!("/actions/{}", action.number)),
        owner: frame.catalog_person(&promise.owner),
        owner_left: !action.is_finished() && frame.world.catalog.get(&promise.owner).is_none(),
        mine: frame.person().is_some_and(|person| action.concerns(person)),
        subject: frame.entity(&promise.subject),
        deadline: frame.ago(at),
        notes,
    }
}
