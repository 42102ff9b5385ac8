//! `GET /pages`: who was told of what; what nobody answered comes first.

use askama::Template;
use axum::{extract::Query, response::Response};
use paging::{Page, Status};
use serde::Deserialize;

use super::state_of;
use crate::{
    frame::Frame,
    paging::Paged,
    shell::{Chrome, Place, screen},
    views::{Empty, Moment, Pager, State, Tab, Tabs},
};

/// The pages.
#[derive(Debug, Template)]
#[template(path = "pages/list.html")]
pub struct PagesScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Unanswered, all.
    pub tabs: Tabs,
    /// The pages, the latest first.
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
    let wanted: Vec<&Page> = match state {
        "unanswered" => paging.unfinished().collect(),
        _ => paging.pages().collect(),
    };
    let address = if state.is_empty() { "/pages".to_owned() } else { format!("/pages?state={state}") };
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
        inbox: to_inbox.then(|| "/inbox".to_owned()),
    })
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
