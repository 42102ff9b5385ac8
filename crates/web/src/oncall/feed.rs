//! `GET /ical/{token}`: somebody's shifts, or a team's, for a calendar program.
//!
//! A calendar program can't sign in, so its address is the secret: the feed's name and a tag that only this server can
//! make of it. It never expires; it shows who is on call when, and nothing else. It goes with the operator's key: a new
//! key makes all addresses new.

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::SignedDuration;
use kernel::{EntityRef, Refusal, codes};
use oncall::Feed;

use crate::{App, frame::Frame, problem::Problem, vault, views::Link};

/// How much of the past and of the future a calendar has.
const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 60);
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 180);
/// How long a token may be.
const TOKEN_BYTES_MAX: usize = 600;
/// How many bytes of the tag are used.
const TAG_BYTES: usize = 24;

/// The calendars that a team's screen offers: the team's, and the reader's own.
pub(super) fn links(frame: &Frame, team: &EntityRef) -> Vec<Link> {
    let mut links = vec![Link::new("The team’s shifts", address(&frame.app, team))];
    links.extend(frame.person().map(|person| Link::new("My shifts, in all teams", address(&frame.app, person))));
    links
}

/// The whole address of somebody's calendar, or a team's.
pub(crate) fn address(app: &App, whose: &EntityRef) -> String {
    let token = URL_SAFE_NO_PAD.encode(format!("{whose}"));
    let tag: String = URL_SAFE_NO_PAD.encode(tag(app, whose));
    format!("{}/ical/{token}.{tag}.ics", app.settings().base_url)
}

fn tag(app: &App, whose: &EntityRef) -> Vec<u8> {
    let key = vault::derive(&app.settings().vault_key, "calendars");
    vault::tag(&key, whose.to_string().as_bytes()).into_iter().take(TAG_BYTES).collect()
}

/// Answers with the calendar.
pub async fn show(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Problem> {
    let whose = read(&app, &token).ok_or_else(|| {
        Refusal::new(&codes::NOT_FOUND, "there is no such calendar").fix("copy its address from the team's schedule")
    })?;
    let feed = if whose.kind() == "user" { Feed::Person(whose) } else { Feed::Team(whose) };
    let now = app.now();
    let (from, to) = (now.checked_sub(BEFORE).unwrap_or(now), now.checked_add(AHEAD).unwrap_or(now));
    let made = app.blocking(move |engine| Ok(oncall::ical(&engine.world().oncall, &feed, from, to, now))).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=300"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"on-call.ics\""),
    ];
    Ok((headers, made).into_response())
}

fn read(app: &App, token: &str) -> Option<EntityRef> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (whose, tag_shown) = token.strip_suffix(".ics")?.split_once('.')?;
    let whose = String::from_utf8(URL_SAFE_NO_PAD.decode(whose).ok()?).ok()?;
    let whose: EntityRef = whose.parse().ok()?;
    let shown = URL_SAFE_NO_PAD.decode(tag_shown).ok()?;
    let made = tag(app, &whose);
    // Every byte is looked at, so that the time taken says nothing about where they differ.
    let same = shown.len() == made.len() && shown.iter().zip(&made).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0;
    (same && matches!(whose.kind(), "user" | "group")).then_some(whose)
}
