//! `/status/history.atom`, `.rss` and `/status/maintenances.ics`: for feed readers and calendars.

use askama::Template;
use axum::response::Response;
use jiff::Timestamp;
use kernel::Sha256;
use oncall::ics;
use statuspage::{Kind, Report};

use super::{
    Asked,
    show::drawn,
    view::{LISTED, View},
};
use crate::problem::Problem;

/// An Atom feed (RFC 4287).
#[derive(Debug, Template)]
#[template(path = "status/atom.xml")]
struct Atom {
    title: String,
    url: String,
    updated: String,
    entries: Vec<Entry>,
}

/// An RSS 2.0 feed (<https://www.rssboard.org/rss-specification>).
#[derive(Debug, Template)]
#[template(path = "status/rss.xml")]
struct Rss {
    title: String,
    description: String,
    url: String,
    updated: String,
    entries: Vec<Entry>,
}

/// One incident or maintenance in a feed.
#[derive(Debug)]
struct Entry {
    id: String,
    title: String,
    link: String,
    published: String,
    updated: String,
    text: String,
}

/// Answers with the Atom feed.
pub async fn atom(asked: Asked) -> Result<Response, Problem> {
    asked.answer("application/atom+xml; charset=utf-8", |view| {
        drawn(&Atom {
            title: clean(&view.page.title),
            url: view.url.clone(),
            updated: rfc3339(view.updated),
            entries: entries(view, rfc3339),
        })
    })
}

/// Answers with the RSS feed.
pub async fn rss(asked: Asked) -> Result<Response, Problem> {
    asked.answer("application/rss+xml; charset=utf-8", |view| {
        drawn(&Rss {
            title: clean(&view.page.title),
            description: clean(&view.page.description),
            url: view.url.clone(),
            updated: rfc2822(view.updated),
            entries: entries(view, rfc2822),
        })
    })
}

fn entries(view: &View, clock: fn(Timestamp) -> String) -> Vec<Entry> {
    let entry = |report: &Report| {
        let said = report.updates.iter().rev().map(|posted| {
            let (stage, text) = (posted.update.stage.label(), clean(&posted.update.text));
            format!("{}\n{stage} – {text}", view.clock(posted.at))
        });
        let window = match report.kind {
            Kind::Incident => None,
            Kind::Maintenance { from, to } => Some(format!("{} – {}", view.clock(from), view.clock(to))),
        };
        Entry {
            id: format!("urn:uuid:{}", report.id),
            title: clean(&report.title),
            link: view.link(report.id),
            published: clock(report.published().unwrap_or(view.now)),
            updated: clock(report.last().map_or(view.now, |posted| posted.at)),
            text: window.into_iter().chain(said).collect::<Vec<_>>().join("\n\n"),
        }
    };
    view.reports.iter().take(LISTED).map(|report| entry(report)).collect()
}

fn rfc3339(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn rfc2822(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The text without characters that XML can't have, escaped or not.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(c)))
        .collect()
}

/// Answers with the maintenances as a calendar (RFC 5545).
pub async fn calendar(asked: Asked) -> Result<Response, Problem> {
    asked.answer("text/calendar; charset=utf-8", |view| Ok(calendar_of(view)))
}

fn calendar_of(view: &View) -> String {
    let mut calendar = ics::begin("Status page", &view.page.title);
    for report in view.maintenances().take(LISTED) {
        let Kind::Maintenance { from, to } = report.kind else { continue };
        let changed = report.last().map_or(view.now, |posted| posted.at);
        let text = report.last().map(|posted| posted.update.text.as_str()).unwrap_or_default();
        let uid = Sha256::of(report.id.to_string().as_bytes()).to_string();
        ics::line(&mut calendar, "BEGIN:VEVENT");
        ics::line(&mut calendar, &format!("UID:{}@mainstay", uid.get(..32).unwrap_or(&uid)));
        ics::line(&mut calendar, &format!("DTSTAMP:{}", ics::utc(changed)));
        ics::line(&mut calendar, &format!("LAST-MODIFIED:{}", ics::utc(changed)));
        ics::line(&mut calendar, &format!("SEQUENCE:{}", report.updates.len().saturating_sub(1)));
        ics::line(&mut calendar, &format!("DTSTART:{}", ics::utc(from)));
        ics::line(&mut calendar, &format!("DTEND:{}", ics::utc(to)));
        ics::line(&mut calendar, &format!("SUMMARY:{}", ics::escaped(&report.title)));
        ics::line(&mut calendar, &format!("DESCRIPTION:{}", ics::escaped(text)));
        ics::line(&mut calendar, &format!("URL:{}", view.link(report.id)));
        ics::line(&mut calendar, "END:VEVENT");
    }
    ics::line(&mut calendar, "END:VCALENDAR");
    calendar
}
