//! `GET /ical/{token}`: somebody's shifts or deadlines, or a team's, for a calendar program.
//!
//! A calendar program can't sign in, so its address is the secret: the feed's name and a tag that only this server can
//! make of it. It never expires; it shows who is on call when, or what is promised until when, and nothing else. It goes with the operator's key: a new
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

use crate::{App, actions, frame::Frame, problem::Problem, vault, views::Link};

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
    links.push(Link::new("The team’s sprints and deadlines", deadlines(&frame.app, team)));
    links.extend(frame.person().into_iter().flat_map(|person| {
        let shifts = Link::new("My shifts, in all teams", address(&frame.app, person));
        [shifts, Link::new("My deadlines", deadlines(&frame.app, person))]
    }));
    links
}

/// What stands before whose calendar it is in the name of one with deadlines.
const DEADLINES: &str = "deadlines ";

/// The whole address of the calendar of somebody's shifts, or a team's.
pub(crate) fn address(app: &App, whose: &EntityRef) -> String {
    address_of(app, whose.as_str())
}

/// The whole address of the calendar of somebody's deadlines, or a team's, with its sprints.
pub(crate) fn deadlines(app: &App, whose: &EntityRef) -> String {
    address_of(app, &format!("{DEADLINES}{whose}"))
}

fn address_of(app: &App, name: &str) -> String {
    let token = URL_SAFE_NO_PAD.encode(name);
    let tag: String = URL_SAFE_NO_PAD.encode(tag(app, name));
    format!("{}/ical/{token}.{tag}.ics", app.settings().base_url)
}

fn tag(app: &App, name: &str) -> Vec<u8> {
    let key = vault::derive(&app.settings().vault_key, "calendars");
    vault::tag(&key, name.as_bytes()).into_iter().take(TAG_BYTES).collect()
}

/// Answers with the calendar.
pub async fn show(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Problem> {
    let (whose, deadlines) = read(&app, &token).ok_or_else(|| {
        Refusal::new(&codes::NOT_FOUND, "there is no such calendar").fix("copy its address from the team's schedule")
    })?;
    let now = app.now();
    let (from, to) = (now.checked_sub(BEFORE).unwrap_or(now), now.checked_add(AHEAD).unwrap_or(now));
    let base_url = app.settings().base_url.clone();
    let made = app.blocking(move |engine| {
        let world = engine.world();
        if deadlines {
            return Ok(actions::feed::calendar(&world, &whose, (from, to), now, &base_url));
        }
        let feed = if whose.kind() == "user" { Feed::Person(whose) } else { Feed::Team(whose) };
        Ok(oncall::ical(&world.oncall, &feed, from, to, now))
    });
    let made = made.await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CACHE_CONTROL, "private, max-age=300"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"mainstay.ics\""),
    ];
    Ok((headers, made).into_response())
}

/// Whose calendar it is, and whether it is one of deadlines.
fn read(app: &App, token: &str) -> Option<(EntityRef, bool)> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (name, tag_shown) = token.strip_suffix(".ics")?.split_once('.')?;
    let name = String::from_utf8(URL_SAFE_NO_PAD.decode(name).ok()?).ok()?;
    let deadlines = name.strip_prefix(DEADLINES);
    let whose: EntityRef = deadlines.unwrap_or(&name).parse().ok()?;
    let shown = URL_SAFE_NO_PAD.decode(tag_shown).ok()?;
    let made = tag(app, &name);
    // Every byte is looked at, so that the time taken says nothing about where they differ.
    let same = shown.len() == made.len() && shown.iter().zip(&made).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0;
    (same && matches!(whose.kind(), "user" | "group")).then_some((whose, deadlines.is_some()))
}
