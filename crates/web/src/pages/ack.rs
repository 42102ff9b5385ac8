//! Answering a page by the link in its message, without signing in.
//!
//! The link is signed, is one person's, and lasts for hours. A `GET` shows what is wrong and a button, since mail
//! scanners follow links; only the `POST` answers, in the name of the person. It works once: what is answered already
//! says by whom. A telephone's keypad posts to the same link (Twilio's `Digits`) and is answered in TwiML.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Instant,
};

use askama::Template;
use axum::{
    Extension,
    body::Bytes,
    extract::{ConnectInfo, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use engine::Request;
use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, EntityRef, PageId, Refusal};
use notifier::links;
use paging::{Page, Status, Via};
use world::{Command, World};

use super::message::{ALL, LINK_HOURS, key, who};
use crate::{
    App,
    access::alone,
    problem::Problem,
    security::rate::Caller,
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
    about: String,
    state: String,
}

/// What a link is about.
struct Linked<'a> {
    person: EntityRef,
    pages: Vec<&'a Page>,
}

/// A peer's address, where the server knows it.
type Peer = Option<Extension<ConnectInfo<SocketAddr>>>;

/// Counts a request by its address, apart from tries to sign in: who tries tokens keeps nobody from signing in.
fn count(app: &App, peer: Peer) -> Result<(), Refusal> {
    let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(ConnectInfo(peer))| peer.ip());
    app.links().take(Caller::at(address), Instant::now())
}

/// Shows what is wrong, and the button.
pub async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    peer: Peer,
    Path(token): Path<String>,
) -> Result<Response, Problem> {
    count(&app, peer)?;
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
    peer: Peer,
    Path(token): Path<String>,
    body: Bytes,
) -> Result<Response, Problem> {
    let key_pressed = pressed(&body);
    if key_pressed.is_none() {
        count(&app, peer)?;
    }
    let world = app.world();
    let linked = match (read(&app, &world, &token), &key_pressed) {
        (Ok(linked), _) => linked,
        (Err(wrong), Some(_)) => return Ok(spoken(&format!("This call can acknowledge nothing any more: {wrong}."))),
        (Err(wrong), None) => return Ok(refused(&headers, wrong)),
    };
    // Any other key may be pressed by a pocket or a mailbox.
    if key_pressed.as_deref().is_some_and(|key| key != notifier::ACKNOWLEDGE_DIGIT) {
        return Ok(spoken("Nothing was acknowledged. Goodbye."));
    }
    let open: Vec<PageId> =
        linked.pages.iter().filter(|page| !page.status.is_finished()).map(|page| page.id()).collect();
    let any = !open.is_empty();
    let actor = actor(&world, &linked.person);
    for page in open {
        let via = Via::Notice { person: linked.person.clone(), channel: channel_of(&world, page, &linked.person) };
        let command = Command::Paging(paging::Command::Acknowledge { page, via });
        app.submit(Request { command, actor: actor.clone(), reason: None, id: None }).await?;
    }
    if key_pressed.is_some() {
        let said =
            if any { "Acknowledged. Nobody else is called. Goodbye." } else { "It was answered already. Goodbye." };
        return Ok(spoken(said));
    }
    let world = app.world();
    let pages: Vec<&Page> = linked.pages.iter().filter_map(|page| world.paging.page(page.id())).collect();
    let (heading, text) = if any {
        ("Answered", format!("Thank you, {}. Nobody else is called for it.", linked.person.name()))
    } else {
        ("Answered already", "There was nothing left to answer.".to_owned())
    };
    Ok(respond(&headers, StatusCode::OK, heading, text, shown(&pages), None))
}

/// The key that was pressed on a telephone, if the request comes from a call.
fn pressed(body: &[u8]) -> Option<String> {
    let fields: Vec<(String, String)> = serde_html_form::from_bytes(body).ok()?;
    fields.into_iter().find(|(name, _)| name == "Digits").map(|(_, digits)| digits)
}

fn spoken(sentence: &str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/xml; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (headers, notifier::say(sentence)).into_response()
}

/// Whom the timeline names: the user who is that person, or else the person.
fn actor(world: &World, person: &EntityRef) -> Actor {
    let user = world.access.users().find(|(_, user)| user.person.as_ref() == Some(person));
    Actor::Person(user.map_or_else(|| person.name().to_owned(), |(_, user)| user.name.clone()))
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
        // What was opened after the message went out isn't in it.
        let sent = claim.expires.checked_sub(SignedDuration::from_hours(LINK_HOURS)).unwrap_or(claim.expires);
        let told = |page: &&Page| !page.status.is_finished() && page.opened <= sent;
        world.paging.of_person(&person).filter(told).collect()
    } else {
        let page: PageId = claim.page.parse().map_err(|_| links::Wrong::Forged)?;
        world.paging.page(page).into_iter().collect()
    };
    Ok(Linked { person, pages })
}

fn shown(pages: &[&Page]) -> Vec<Shown> {
    let clock = |at: &Timestamp| at.strftime("%-d %B, %H:%M UTC").to_string();
    let state = |page: &Page| match &page.status {
        Status::Open => format!("open since {}", clock(&page.opened)),
        Status::Exhausted { at } => {
            format!("open since {}; since {} nobody is left to be told", clock(&page.opened), clock(at))
        }
        Status::Acknowledged { by, at, .. } => format!("acknowledged by {} on {}", who(by), clock(at)),
        Status::Closed { at, .. } => format!("over since {}", clock(at)),
    };
    let show = |page: &&Page| Shown {
        number: page.page.number,
        title: page.about.title.clone(),
        about: page.about.subject.short().to_owned(),
        state: state(page),
    };
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
