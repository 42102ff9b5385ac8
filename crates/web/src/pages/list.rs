//! `GET /pages`: who was told of what; what nobody answered comes first.

use askama::Template;
use axum::{extract::Query, response::Response};
use kernel::{EntityRef, RefDefaults};
use paging::{Page, Status};
use serde::Deserialize;

use super::state_of;
use crate::{
    frame::Frame,
    paging::Paged,
    shell::{Chrome, Place, screen},
    show::segment,
    views::{Choice, Empty, Field, Filters, Moment, Pager, State, Tab, Tabs},
};

/// The pages.
#[derive(Debug, Template)]
#[template(path = "pages/list.html")]
pub struct PagesScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Unanswered, all.
    pub tabs: Tabs,
    /// By team and person.
    pub filters: Filters,
    /// The pages: those that nobody answered, then the latest.
    pub rows: Vec<PageRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
    /// Where the demo's messages are shown; none where they really go out.
    pub inbox: Option<String>,
}

/// One page.
#[derive(Debug)]
pub struct PageRow {
    /// Its number.
    pub number: u64,
    /// Its screen.
    pub href: String,
    /// How it stands.
    pub state: State,
    /// What it is about.
    pub title: String,
    /// When it was opened.
    pub opened: Moment,
    /// Whom it has told, and what comes next.
    pub under: String,
}

/// Which pages, and from which on.
#[derive(Debug, Default, Deserialize)]
pub struct Which {
    state: Option<String>,
    team: Option<String>,
    person: Option<String>,
    from: Option<usize>,
}

/// Lists the pages.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Response {
    let state = which.state.as_deref().unwrap_or_default();
    let paging = &frame.world.paging;
    let unanswered = paging.unfinished_count();
    let tab = |value: &str, label: &str, count| Tab {
        label: label.to_owned(),
        href: frame.href(if value.is_empty() { "/pages".to_owned() } else { format!("/pages?state={value}") }),
        here: state == value,
        count: Some(count),
    };
    let tabs = vec![tab("", "All", paging.pages().count()), tab("unanswered", "Unanswered", unanswered)];
    let (team, person) = (named(which.team.as_deref(), "group"), named(which.person.as_deref(), "user"));
    let fits = |page: &&Page| {
        (state != "unanswered" || !page.status.is_finished())
            && (state != "answered" || page.status.is_finished())
            && team.as_ref().is_none_or(|team| page.about.team.as_ref() == Some(team))
            && person.as_ref().is_none_or(|person| page.people.contains_key(person))
    };
    // What nobody answered is above the rest, whatever its age.
    let rest = paging.pages().filter(|page| page.status.is_finished());
    let wanted: Vec<&Page> = paging.unfinished().chain(rest).filter(fits).collect();
    let pairs =
        [("state", which.state.as_deref()), ("team", which.team.as_deref()), ("person", which.person.as_deref())];
    let query: Vec<String> = pairs
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .map(|(name, value)| format!("{name}={}", segment(value)))
        .collect();
    let address = if query.is_empty() { "/pages".to_owned() } else { format!("/pages?{}", query.join("&")) };
    let page = Paged::of(wanted, which.from, &frame.href(address));
    let to_inbox = frame.app.settings().notifier.as_ref().is_some_and(notifier::Notifier::keeps_all);
    screen(&PagesScreen {
        chrome: frame.chrome("Pages", Place::OnCall),
        tabs: Tabs { label: "Pages by state".to_owned(), tabs },
        rows: page.items.into_iter().map(|page| row(&frame, page)).collect(),
        none: Empty::with(
            "Nobody was paged. An incident pages whoever is on call for the owner of what is broken.",
            "mainstay page team:payments --title 'Please look at the refunds'",
        ),
        pager: page.pager,
        filters: filters(&frame, &which),
        inbox: to_inbox.then(|| "/inbox".to_owned()),
    })
}

/// What a filter names; what is no reference filters nothing.
fn named(text: Option<&str>, kind: &str) -> Option<EntityRef> {
    let text = text.filter(|text| !text.is_empty())?;
    EntityRef::parse(text, RefDefaults { kind: Some(kind), namespace: EntityRef::DEFAULT_NAMESPACE }).ok()
}

fn filters(frame: &Frame, which: &Which) -> Filters {
    let paging = &frame.world.paging;
    let mut teams: Vec<&EntityRef> = paging.pages().filter_map(|page| page.about.team.as_ref()).collect();
    let mut people: Vec<&EntityRef> = paging.pages().flat_map(|page| page.people.keys()).collect();
    let choices = |found: &mut Vec<&EntityRef>, all: &str, current: Option<&str>| {
        found.sort();
        found.dedup();
        let current = current.unwrap_or_default();
        let each = found.iter().map(|one| Choice::new(one.as_str(), frame.catalog_person(one).name, current));
        [Choice::new("", all, current)].into_iter().chain(each).collect::<Vec<_>>()
    };
    let state = which.state.clone().unwrap_or_default();
    let states = [("", "Any"), ("unanswered", "Unanswered"), ("answered", "Answered")];
    let states = states.into_iter().map(|(value, label)| Choice::new(value, label, &state)).collect();
    let filtered = which.team.is_some() || which.person.is_some();
    Filters {
        action: "/pages".to_owned(),
        fields: vec![
            Field::select("state", "State", states),
            Field::select("team", "Team", choices(&mut teams, "Any team", which.team.as_deref())),
            Field::select("person", "Told", choices(&mut people, "Anybody", which.person.as_deref())),
        ],
        clear: filtered.then(|| frame.href("/pages")),
    }
}

fn row(frame: &Frame, page: &Page) -> PageRow {
    let people: Vec<String> = page.people.keys().map(|person| frame.catalog_person(person).name).collect();
    let told = if people.is_empty() { "nobody is told yet".to_owned() } else { format!("told {}", people.join(", ")) };
    let more = match &page.status {
        Status::Open => page.next_at.map_or_else(String::new, |next| {
            let seconds = next.duration_since(frame.now).as_secs().max(0);
            format!(", escalates in {} min", (seconds + 59) / 60)
        }),
        Status::Exhausted { .. } => ", and nobody answered".to_owned(),
        Status::Acknowledged { by, .. } => format!(", acknowledged by {}", frame.who(by).name),
        Status::Closed { why, .. } => format!(", {}", why.words()),
    };
    PageRow {
        number: page.page.number,
        href: frame.href(format!("/pages/{}", page.page.number)),
        state: state_of(page),
        title: page.about.title.clone(),
        opened: frame.ago(page.opened),
        under: format!("{} · {told}{more}", page.about.subject.short()),
    }
}
