//! What the public is told of, from what checks found.
//!
//! `statuspage` knows nothing of checks; which ones stand behind a component, and what they say together, is found here.

use std::collections::BTreeSet;

use catalog::Relation;
use checks::{Standing, Verdict, Watch};
use jiff::SignedDuration;
use kernel::{EntityRef, Timestamp};
use statuspage::{
    Affected, Component, Kind, Measured, Page, Posting, Publication, Report, Shown, Stage, Status, Update,
};

use crate::{Command, World};

/// The part that tells the public.
pub const PART: &str = "status-page";

/// The longest name that stands in the title of what a page's rule publishes.
const TITLE_NAME_BYTES_MAX: usize = 100;

/// What a page shows of each of its components, in the order of the page.
#[must_use]
pub fn components<'a>(world: &World, page: &'a Page, now: Timestamp) -> Vec<(&'a Component, Measured, Shown)> {
    let of = |component: &'a Component| {
        let measured = measured(world, component, now);
        let shown = statuspage::shown(&world.statuspage, page, component, &measured, now);
        (component, measured, shown)
    };
    page.components().map(of).collect()
}

/// What the checks behind a component say together now: the worst of them counts. A component that has something behind
/// it and no check is not measured, and so nothing is known of it. Its past is [`history`].
#[must_use]
pub fn measured(world: &World, component: &Component, now: Timestamp) -> Measured {
    if component.behind.is_empty() {
        return Measured::by_hand();
    }
    let watches = behind(world, component);
    if watches.is_empty() {
        return Measured::nothing();
    }
    let current: Vec<(Status, Timestamp)> =
        watches.iter().map(|watch| (current(world, watch, now), watch.down_since.unwrap_or(watch.since))).collect();
    let status = current.iter().map(|(status, _)| *status).max().unwrap_or(Status::NoData);
    // The whole is like this since the first of those that are.
    // An outage that got worse goes on, and does not begin anew.
    let alike = |theirs: Status| theirs == status || (theirs.is_outage() && status.is_outage());
    let since = current.iter().filter(|(theirs, _)| alike(*theirs)).map(|(_, since)| *since);
    let since = if status == Status::Operational { since.max() } else { since.min() };
    Measured { status, since, turns: Vec::new() }
}

/// How a component was, as far as its checks remember it.
#[must_use]
pub fn history(world: &World, component: &Component) -> Vec<(Timestamp, Status)> {
    turns(&behind(world, component))
}

/// The checks behind a component.
fn behind<'a>(world: &'a World, component: &Component) -> Vec<&'a Watch> {
    let (mut named, mut targets) = (BTreeSet::new(), BTreeSet::new());
    for reference in &component.behind {
        match reference.kind() {
            "check" => {
                named.insert(reference.clone());
            }
            "system" => targets.extend(world.catalog.related(reference, Relation::HasPart)),
            _ => {
                targets.insert(reference.clone());
            }
        }
        targets.insert(reference.clone());
    }
    let concerns =
        |watch: &&Watch| named.contains(&watch.definition.check) || targets.contains(&watch.definition.target);
    world.checks.watches().filter(concerns).collect()
}

fn current(world: &World, watch: &Watch, now: Timestamp) -> Status {
    if world.checks.maintenance_end(&watch.definition, now).is_some() {
        return Status::UnderMaintenance;
    }
    if watch.paused {
        return Status::NoData;
    }
    if watch.verdict != Verdict::Down {
        return of_verdict(watch.verdict);
    }
    let panel = world.checks.panel(watch);
    let everywhere = panel.reporting.values().all(|standing| *standing == Standing::Down);
    if everywhere { Status::MajorOutage } else { Status::PartialOutage }
}

fn of_verdict(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Up => Status::Operational,
        Verdict::Degraded => Status::DegradedPerformance,
        Verdict::Down => Status::MajorOutage,
        Verdict::Unknown => Status::NoData,
    }
}

/// What the checks said together in the past: the worst of those that there were.
fn turns(watches: &[&Watch]) -> Vec<(Timestamp, Status)> {
    let each = watches.iter().enumerate();
    let mut all: Vec<(Timestamp, usize, Status)> = each
        .flat_map(|(nth, watch)| watch.history.iter().map(move |turn| (turn.at, nth, of_verdict(turn.verdict))))
        .collect();
    all.sort_by_key(|(at, nth, _)| (*at, *nth));
    let mut now: Vec<Option<Status>> = vec![None; watches.len()];
    let mut turns: Vec<(Timestamp, Status)> = Vec::new();
    for (at, nth, status) in all {
        if let Some(slot) = now.get_mut(nth) {
            *slot = Some(status);
        }
        let worst = now.iter().flatten().max().copied().unwrap_or(Status::NoData);
        match turns.last_mut() {
            Some((last, known)) if *last == at => *known = worst,
            Some((_, known)) if *known == worst => {}
            Some(_) | None => turns.push((at, worst)),
        }
    }
    turns
}

/// The page's checks, components and systems that the catalog doesn't have.
#[must_use]
pub fn dangling<'a>(world: &World, page: &'a Page) -> Vec<&'a EntityRef> {
    let all = page.components().flat_map(|component| &component.behind);
    all.filter(|reference| world.catalog.get(reference).is_none()).collect()
}

/// What is due of status pages: maintenances that begin and end, and outages that publish themselves where a page says so.
pub(crate) fn due(world: &World, now: Timestamp) -> impl Iterator<Item = Command> + '_ {
    let by_time = statuspage::due(&world.statuspage, now);
    let pages = world.statuspage.pages().filter(|page| page.public && page.publish_after_s.is_some());
    let by_rule = pages.flat_map(move |page| by_rule(world, page, now));
    by_time.into_iter().chain(by_rule).map(Command::Statuspage)
}

fn by_rule(world: &World, page: &Page, now: Timestamp) -> Vec<statuspage::Command> {
    let after = SignedDuration::from_secs(i64::from(page.publish_after_s.unwrap_or(u32::MAX)));
    let state = &world.statuspage;
    // Looked at often: where nothing is down and nothing was published by rule, nothing can be due.
    let any_down = world.checks.watches().any(|watch| watch.verdict == Verdict::Down);
    if !any_down && !state.open_reports(&page.page).any(|report| report.automatic) {
        return Vec::new();
    }
    let shown = components(world, page, now);
    let mut commands: Vec<statuspage::Command> = state
        .open_reports(&page.page)
        .filter(|report| is_over(report, &shown))
        .map(|report| statuspage::Command::Post(resolved(report)))
        .collect();
    // Who took a report of this outage back, or said that it is over, is not contradicted by the rule.
    let told = |key: &str, since: Timestamp| {
        state.reports(&page.page).filter(|report| report.names(key)).any(|report| {
            let is_open = !report.retracted && !report.stage().is_over();
            is_open || report.last().is_some_and(|posted| posted.at >= since)
        })
    };
    let broken = shown.iter().filter(|(component, measured, shown)| {
        let lasting = measured.since.filter(|since| now.duration_since(*since) >= after);
        let outage = measured.status.is_outage() && shown.status.is_outage() && !shown.by_hand;
        outage && lasting.is_some_and(|since| !told(&component.key, since))
    });
    let broken: Vec<_> = broken.collect();
    if !broken.is_empty() {
        commands.push(statuspage::Command::Publish(publication(page, &broken)));
    }
    commands
}

/// True if nobody but the page's rule has said anything in a report, and all that it names works.
fn is_over(report: &Report, shown: &[(&Component, Measured, Shown)]) -> bool {
    let alone = report.automatic && report.updates.len() == 1;
    let works = |key: &str| {
        let measured =
            shown.iter().find(|(component, ..)| component.key == key).map(|(_, measured, _)| measured.status);
        measured.is_none_or(|status| matches!(status, Status::Operational | Status::DegradedPerformance))
    };
    alone && report.components().all(works)
}

fn resolved(report: &Report) -> Posting {
    let text = "The problem no longer occurs.".to_owned();
    let update = Update { stage: Stage::Resolved, text };
    let (report, notify) = (report.id, true);
    Posting { report, update, title: None, impact: None, components: None, window: None, notify }
}

fn publication(page: &Page, broken: &[&(&Component, Measured, Shown)]) -> Publication {
    let names: Vec<&str> = broken.iter().map(|(component, ..)| component.name.as_str()).take(5).collect();
    let title = match names.as_slice() {
        // A title is one line, and not as long as a name may be.
        [one] if one.len() <= TITLE_NAME_BYTES_MAX && !one.contains(char::is_control) => format!("Problem with {one}"),
        [_] => "Problem with one system".to_owned(),
        [..] => "Problem with several systems".to_owned(),
    };
    let text = format!("We are aware of a problem with {} and are looking into it.", names.join(", "));
    let affected = |(component, measured, _): &&(&Component, Measured, Shown)| Affected {
        component: component.key.clone(),
        status: measured.status,
    };
    Publication {
        page: page.page.clone(),
        kind: Kind::Incident,
        title,
        impact: None,
        components: broken.iter().map(affected).collect(),
        update: Update { stage: Stage::Investigating, text },
        incident: None,
        automatic: true,
        notify: true,
    }
}
