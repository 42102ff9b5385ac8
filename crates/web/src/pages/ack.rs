//! Answering a page by the link in its message, without signing in.
//!
//! The link is signed, is one person's, and lasts for hours. A `GET` shows what is wrong and a button, since mail
//! scanners follow links; only the `POST` answers, in the name of the person. It works once: what is answered already
//! says by whom.

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use engine::Request;
use kernel::{Actor, EntityRef, PageId};
use notifier::links;
use paging::{Page, Status, Via};
use world::{Command, World};

use super::message::{ALL, key, who};
use crate::{
    App,
    access::alone,
    problem::Problem,
    shell::{Chrome, screen},
};

/// The screen behind a link.
#[derive(Template)]
#[template(path = "pages/ack.html")]
struct AckScreen {
    chrome: Chrome,
    text: String,
    pages: Vec<Shown>,
    /// Where the button posts to; none if there is nothing to answer.
    post: Option<String>,
}

struct Shown {
    number: u64,
    title: String,
    state: String,
}

/// What a link is about.
struct Linked<'a> {
    person: EntityRef,
    pages: Vec<&'a Page>,
}

/// Shows what is wrong, and the button.
pub async fn show(State(app): State<App>, headers: HeaderMap, Path(token): Path<String>) -> Result<Response, Problem> {
    let world = app.world();
    let linked = match read(&app, &world, &token) {
        Ok(linked) => linked,
        Err(wrong) => return Ok(refused(&headers, wrong)),
    };
    let open = linked.pages.iter().any(|page| !page.status.is_finished());
    let heading = if open { "Answer this page?" } else { "Answered already" };
    let text = format!("Sent to {}. Whoever answers takes it on: nobody else is called.", linked.person.short());
    let post = open.then(|| format!("/ack/{token}"));
    Ok(respond(&headers, StatusCode::OK, heading, text, shown(&linked.pages), post))
}

/// Answers, in the name of the person whose link it is.
pub async fn answer(
    State(app): State<App>,
    headers: HeaderMap,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    let world = app.world();
    let linked = match read(&app, &world, &token) {
        Ok(linked) => linked,
        Err(wrong) => return Ok(refused(&headers, wrong)),
    };
    let actor = Actor::Person(linked.person.name().to_owned());
    let open = linked.pages.iter().filter(|page| !page.status.is_finished());
    for page in open.map(|page| page.id()).collect::<Vec<PageId>>() {
        let via = Via::Notice { person: linked.person.clone(), channel: channel_of(&world, page, &linked.person) };
        let command = Command::Paging(paging::Command::Acknowledge { page, via });
        app.submit(Request { command, actor: actor.clone(), reason: None, id: None }).await?;
    }
    let world = app.world();
    let pages: Vec<&Page> = linked.pages.iter().filter_map(|page| world.paging.page(page.id())).collect();
    let text = format!("Thank you, {}. Nobody else is called for it.", linked.person.name());
    Ok(respond(&headers, StatusCode::OK, "Answered", text, shown(&pages), None))
}

/// By which way the person was told last.
fn channel_of(world: &World, page: PageId, person: &EntityRef) -> paging::Channel {
    let told = world.paging.page(page).and_then(|page| page.people.get(person));
    told.and_then(|told| told.by.last().map(|by| by.method.channel)).unwrap_or(paging::Channel::Email)
}

fn read<'a>(app: &App, world: &'a World, token: &str) -> Result<Linked<'a>, links::Wrong> {
    let claim = links::read(&key(app), token, app.now())?;
    let person =
        claim.person.split_once('/').and_then(|(namespace, name)| EntityRef::new("user", namespace, name).ok());
    let person = person.ok_or(links::Wrong::Forged)?;
    let pages = if claim.page == ALL {
        world.paging.of_person(&person).filter(|page| !page.status.is_finished()).collect()
    } else {
        let page: PageId = claim.page.parse().map_err(|_| links::Wrong::Forged)?;
        world.paging.page(page).into_iter().collect()
    };
    Ok(Linked { person, pages })
}

fn shown(pages: &[&Page]) -> Vec<Shown> {
    let state = |page: &Page| match &page.status {
        Status::Open => "open".to_owned(),
        Status::Exhausted { at } => format!("nobody has answered since {at}"),
        Status::Acknowledged { by, at, .. } => format!("acknowledged by {} at {at}", who(by)),
        Status::Closed { at, .. } => format!("over since {at}"),
    };
    let show = |page: &&Page| Shown { number: page.page.number, title: page.about.title.clone(), state: state(page) };
    pages.iter().map(show).collect()
}

fn refused(headers: &HeaderMap, wrong: links::Wrong) -> Response {
    let (status, text) = match wrong {
        links::Wrong::Expired => {
            (StatusCode::GONE, "It has expired. Sign in and answer the page there; it is still open if nobody did.")
        }
        links::Wrong::Forged => (StatusCode::FORBIDDEN, "It was changed on its way, or another server made it."),
    };
    respond(headers, status, "This link does not work", text.to_owned(), Vec::new(), None)
}

fn respond(
    headers: &HeaderMap,
    status: StatusCode,
    heading: &str,
    text: String,
    pages: Vec<Shown>,
    post: Option<String>,
) -> Response {
    let shown = screen(&AckScreen { chrome: alone(headers, heading), text, pages, post });
    (status, [(header::CACHE_CONTROL, "no-store")], shown).into_response()
}
