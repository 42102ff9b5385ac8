//! `GET /timeline/{position}`: one event, whole.

use askama::Template;
use axum::{extract::Path, response::Response};
use kernel::EventId;
use serde_json::Value;
use timeline::{Entry, Query as Search};
use world::Event;

use crate::{
    api::not_found,
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show::outside,
    views::{Change, Cli, Entity, Link, Moment, Undo, Who},
};

/// One event.
#[derive(Debug, Template)]
#[template(path = "timeline/show.html")]
pub struct EventScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Its place on the timeline.
    pub position: u64,
    /// What happened, in one sentence.
    pub summary: String,
    /// When.
    pub at: Moment,
    /// Who did it.
    pub who: Who,
    /// Why, in their words.
    pub reason: Option<String>,
    /// What it is about.
    pub subjects: Vec<Entity>,
    /// Where to read on, outside: what to call it, and its address.
    pub links: Vec<(String, String)>,
    /// What can be done about it.
    pub undo: Undo,
    /// What the same command caused besides.
    pub together: Vec<Change>,
    /// The event as it is stored.
    pub json: String,
    /// The event's hash, which the next one's contains.
    pub hash: String,
    /// The state of the world just before it.
    pub before: Option<Link>,
    /// The same from a terminal.
    pub command: Cli,
}

/// Shows an event.
pub async fn show(frame: Frame, Path(position): Path<String>) -> Result<Response, Problem> {
    let entry = entry_at(&frame, &position).await?;
    let together = together(&frame, &entry).await?;
    let (summary, links) = match Event::from_body(&entry.kind, &entry.body) {
        Ok(event) => (event.summary(), links(&event)),
        Err(error) => (error.to_string(), Vec::new()),
    };
    let json = match serde_json::from_slice::<Value>(&entry.body) {
        Ok(body) => format!("{body:#}"),
        Err(_) => String::from_utf8_lossy(&entry.body).into_owned(),
    };
    let stamp = &entry.stamp;
    let moment = stamp.at.checked_sub(jiff::SignedDuration::from_nanos(1)).ok();
    let before = moment.zip(entry.subjects.first()).map(|(moment, subject)| {
        let (name, address) = (frame.entity(subject).name, crate::show::address(subject));
        Link::new(
            format!("{name} as it was at {}", stamp.at.strftime("%H:%M:%S UTC")),
            format!("{address}?at={moment}"),
        )
    });
    Ok(screen(&EventScreen {
        chrome: frame.chrome(&summary, Place::Timeline),
        position: stamp.position,
        summary,
        at: frame.ago(stamp.at),
        who: frame.who(&stamp.actor),
        reason: stamp.reason.clone(),
        subjects: entry.subjects.iter().map(|subject| frame.entity(subject)).collect(),
        links,
        undo: frame.undo(stamp.event),
        together,
        json,
        hash: entry.hash.to_string(),
        before,
        command: Cli::new(format!("mainstay timeline show {}", stamp.event)),
    }))
}

/// Where whoever told of a change says more about it.
fn links(event: &Event) -> Vec<(String, String)> {
    let shown = |text: &str, href: &str| {
        let href = outside(href)?;
        Some((if text.is_empty() { href.clone() } else { text.to_owned() }, href))
    };
    match event {
        Event::Alerts(alerts::Event::ChangeReported { change, .. }) => {
            change.links.iter().filter_map(|link| shown(&link.text, &link.href)).collect()
        }
        Event::Deploys(deploys::Event::DeploymentFinished { url: Some(url), .. }) => {
            shown("", url).into_iter().collect()
        }
        Event::Access(_)
        | Event::Actions(_)
        | Event::Alerts(_)
        | Event::Catalog(_)
        | Event::Checks(_)
        | Event::Contracts(_)
        | Event::Deploys(_)
        | Event::Effects(_)
        | Event::Flags(_)
        | Event::Incidents(_)
        | Event::Journal(_)
        | Event::Oncall(_)
        | Event::Paging(_)
        | Event::Postmortems(_)
        | Event::Statuspage(_)
        | Event::Slo(_) => Vec::new(),
    }
}

/// The event at this place of the timeline, or with this id; one that had not happened at the moment that is shown does
/// not exist.
///
/// # Errors
/// `NOT_FOUND` if there is none; whatever keeps the store from being read.
pub async fn entry_at(frame: &Frame, text: &str) -> Result<Entry, Problem> {
    let none = || not_found("event", text);
    let position: Option<u64> = text.parse().ok();
    let id: Option<EventId> = text.parse().ok();
    let found = frame.app.blocking(move |engine| {
        let store = engine.store();
        Ok(match (position, id) {
            (Some(position), _) => {
                let Some(after) = position.checked_sub(1) else { return Ok(None) };
                store.read(after, 1)?.into_iter().next()
            }
            (None, Some(id)) => {
                store.find(&Search { event: Some(id), limit: 1, ..Search::default() })?.entries.into_iter().next()
            }
            (None, None) => None,
        })
    });
    let entry = found.await?.ok_or_else(none)?;
    let known = frame.past().is_none() || entry.stamp.position <= frame.world.position;
    if known { Ok(entry) } else { Err(none()) }
}

/// Neighbours that are looked at for events of the same command.
const TOGETHER_MAX: u64 = 25;

/// What the same command caused besides: its events are consecutive.
async fn together(frame: &Frame, entry: &Entry) -> Result<Vec<Change>, Problem> {
    let position = entry.stamp.position;
    let after = position.saturating_sub(TOGETHER_MAX + 1);
    let found = frame.app.blocking(move |engine| Ok(engine.store().read(after, 2 * TOGETHER_MAX as usize + 1)?));
    let entries = found.await?;
    let same =
        entries.iter().filter(|other| other.stamp.command == entry.stamp.command && other.stamp.position != position);
    Ok(same.map(|other| frame.event(other, None)).collect())
}
