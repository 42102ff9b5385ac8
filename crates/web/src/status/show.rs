//! `/status` and `/status/{page}`: how everything is now, for people.

use askama::Template;
use axum::response::Response;
use kernel::{Refusal, Timestamp, codes};
use statuspage::{Bars, Day, Indicator, Kind, Report, Status};

use super::{
    Asked,
    view::{ComponentView, View, percent},
};
use crate::{
    problem::Problem,
    views::{Moment, State, Tone},
};

pub(super) const HTML: &str = "text/html; charset=utf-8";
/// Resolved incidents are on the page for so many days; then in the history.
const PAST_DAYS: i64 = 15;
/// Days with problems that are listed in words.
const DAYS_LISTED: usize = 20;

/// What every public screen has around it.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) title: String,
    pub(crate) page: String,
    pub(crate) base: String,
    pub(crate) support: Option<String>,
    pub(crate) updated: String,
    pub(crate) public: bool,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "status/show.html")]
struct StatusScreen {
    outside: Outside,
    description: String,
    overall: State,
    open: Vec<ReportRow>,
    planned: Vec<ReportRow>,
    groups: Vec<GroupRow>,
    past: Vec<ReportRow>,
    past_days: i64,
}

/// Components under a heading.
#[derive(Debug)]
struct GroupRow {
    name: String,
    description: String,
    components: Vec<ComponentRow>,
}

/// One component.
#[derive(Debug)]
struct ComponentRow {
    name: String,
    description: String,
    state: State,
    uptime: Option<UptimeRow>,
}

/// Uptime of 90 days.
#[derive(Debug)]
struct UptimeRow {
    share: String,
    runs: Vec<Run>,
    days: Vec<String>,
}

/// Days in a row that were alike.
#[derive(Debug)]
struct Run {
    class: &'static str,
    from: usize,
    to: usize,
}

/// One incident or maintenance, with what was said.
#[derive(Debug)]
pub(crate) struct ReportRow {
    pub(crate) title: String,
    pub(crate) href: String,
    pub(crate) state: State,
    /// `Major`, or when a maintenance takes place.
    pub(crate) about: String,
    pub(crate) components: String,
    pub(crate) updates: Vec<UpdateRow>,
}

/// What was said.
#[derive(Debug)]
pub(crate) struct UpdateRow {
    pub(crate) stage: &'static str,
    pub(crate) text: String,
    pub(crate) at: Moment,
    pub(crate) clock: String,
}

/// Shows the page.
pub async fn show(asked: Asked) -> Result<Response, Problem> {
    asked.answer(HTML, |view| drawn(&of(view)))
}

pub(super) fn drawn(screen: &impl Template) -> Result<String, Refusal> {
    screen.render().map_err(|error| Refusal::new(&codes::INTERNAL, format!("a screen could not be drawn: {error}")))
}

fn of(view: &View) -> StatusScreen {
    let since = view.now.checked_sub(jiff::SignedDuration::from_hours(24 * PAST_DAYS)).unwrap_or(view.now);
    let recent = |report: &Report| report.stage().is_over() && report.last().is_some_and(|posted| posted.at >= since);
    let rows = |reports: Vec<&Report>| reports.into_iter().map(|report| report_row(view, report)).collect();
    let groups = view.page.groups.iter().enumerate().map(|(nth, group)| GroupRow {
        name: group.name.clone(),
        description: group.description.clone(),
        components: view.components.iter().filter(|it| it.group == nth).map(component_row).collect(),
    });
    StatusScreen {
        outside: outside(view, view.page.title.clone()),
        description: view.page.description.clone(),
        overall: State::new(tone_of_indicator(view.indicator), view.words),
        open: rows(view.unresolved().map(AsRef::as_ref).collect()),
        planned: rows(view.active().chain(view.upcoming()).map(AsRef::as_ref).collect()),
        groups: groups.collect(),
        past: rows(view.reports.iter().map(AsRef::as_ref).filter(|report| recent(report)).take(20).collect()),
        past_days: PAST_DAYS,
    }
}

pub(super) fn outside(view: &View, title: String) -> Outside {
    Outside {
        title,
        page: view.page.title.clone(),
        base: view.base.clone(),
        support: view.page.support.clone(),
        updated: view.clock(view.now),
        public: view.page.public,
    }
}

/// What is around a screen that belongs to a page which nobody sees any more.
pub(super) fn outside_of_none(now: Timestamp, title: String) -> Outside {
    Outside {
        title,
        page: "Status".to_owned(),
        base: "/status".to_owned(),
        support: None,
        updated: now.strftime("%-d %b %Y, %H:%M UTC").to_string(),
        public: true,
    }
}

fn component_row(it: &ComponentView) -> ComponentRow {
    ComponentRow {
        name: it.name.clone(),
        description: it.description.clone(),
        state: State::new(tone(it.status), it.status.label()),
        uptime: it.bars.as_ref().map(uptime_row),
    }
}

fn uptime_row(bars: &Bars) -> UptimeRow {
    let mut runs: Vec<Run> = Vec::new();
    for (nth, day) in bars.days.iter().enumerate() {
        let class = day.worst.map_or("bar-none", class);
        match runs.last_mut() {
            Some(run) if run.class == class => run.to = 3 * nth + 2,
            Some(_) | None => runs.push(Run { class, from: 3 * nth, to: 3 * nth + 2 }),
        }
    }
    let bad = bars.days.iter().rev().filter(|day| day.worst.is_some_and(|worst| worst != Status::Operational));
    let mut days: Vec<String> = bad.clone().take(DAYS_LISTED).map(in_words).collect();
    let more = bad.count().saturating_sub(DAYS_LISTED);
    if more > 0 {
        days.push(format!("and {more} more days with problems"));
    }
    let unknown = bars.days.iter().filter(|day| day.worst.is_none()).count();
    if unknown > 0 {
        days.push(format!("{unknown} of {} days without data", bars.days.len()));
    }
    if days.is_empty() {
        days.push("No day with a problem".to_owned());
    }
    let known = bars.days.len() - unknown;
    let share = match bars.share() {
        None => "no data".to_owned(),
        Some(share) if unknown == 0 => format!("{} uptime", percent(share)),
        Some(share) => format!("{} uptime, on {known} of them with data", percent(share)),
    };
    UptimeRow { share, runs, days }
}

fn in_words(day: &Day) -> String {
    let date = day.date.strftime("%-d %b");
    let worst = day.worst.map_or("no data", Status::label).to_lowercase();
    let down = day.partial.saturating_add(day.major);
    let minutes = (down.as_secs() + 59) / 60;
    let lasted = match minutes {
        0 => String::new(),
        1..120 => format!(", {minutes} min"),
        _ => format!(", {} h", minutes / 60),
    };
    let share = day.share().filter(|share| *share < 1.0).map(|share| format!(", {}", percent(share)));
    format!("{date}: {worst}{lasted}{}", share.unwrap_or_default())
}

pub(crate) fn report_row(view: &View, report: &Report) -> ReportRow {
    let over = report.stage().is_over();
    let about = match report.kind {
        Kind::Incident => format!("Impact: {}", report.impact.label().to_lowercase()),
        Kind::Maintenance { from, to } => format!("{} – {}", view.clock(from), view.clock(to)),
    };
    let tone = match report.kind {
        _ if over => Tone::Good,
        Kind::Maintenance { .. } => Tone::Quiet,
        Kind::Incident => match report.impact {
            statuspage::Impact::None => Tone::Quiet,
            statuspage::Impact::Minor | statuspage::Impact::Major => Tone::Warn,
            statuspage::Impact::Critical => Tone::Bad,
        },
    };
    let names: Vec<&str> = report.components().map(|key| view.name_of(key)).collect();
    let update = |posted: &statuspage::Posted| UpdateRow {
        stage: posted.update.stage.label(),
        text: posted.update.text.clone(),
        at: Moment::ago(posted.at, view.now),
        clock: view.clock(posted.at),
    };
    ReportRow {
        title: report.title.clone(),
        href: format!("{}/incidents/{}", view.base, report.id),
        state: State::new(tone, report.stage().label()),
        about,
        components: names.join(", "),
        updates: report.updates.iter().rev().map(update).collect(),
    }
}

/// How a component's status is to be taken. Maintenance is neither good nor bad; what nobody knows is never good.
pub(crate) fn tone(status: Status) -> Tone {
    match status {
        Status::Operational => Tone::Good,
        Status::UnderMaintenance => Tone::Quiet,
        Status::NoData => Tone::Unknown,
        Status::DegradedPerformance | Status::PartialOutage => Tone::Warn,
        Status::MajorOutage => Tone::Bad,
    }
}

pub(crate) fn tone_of_indicator(indicator: Indicator) -> Tone {
    match indicator {
        Indicator::None => Tone::Good,
        Indicator::Maintenance => Tone::Quiet,
        Indicator::Minor | Indicator::Major => Tone::Warn,
        Indicator::Critical => Tone::Bad,
    }
}

fn class(status: Status) -> &'static str {
    match status {
        Status::Operational => "bar-good",
        Status::UnderMaintenance => "bar-plan",
        Status::NoData => "bar-none",
        Status::DegradedPerformance => "bar-slow",
        Status::PartialOutage => "bar-part",
        Status::MajorOutage => "bar-down",
    }
}
