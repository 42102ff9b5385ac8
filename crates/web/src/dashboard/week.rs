//! The weekly digest: how a team's week was beside the week before, as a message that is made when it is sent.

use std::fmt::Write as _;

use actions::WeekNotice;
use catalog::Relation;
use deploys::measures::Window;
use incidents::Incident;
use kernel::{EffectId, Refusal, Timestamp};
use notifier::{Address, Message, Urgency};
use slo::percent;
use world::{World, measures::measures, slos::entity_of};

use super::{address_of, broke};
use crate::{
    App,
    deploys::measured::{Scope, rate, took_if_known},
    pages::message::address_of as address_behind,
    slos::standing::state_of,
};

/// Lines of one list; the dashboard has all.
const LINES_MAX: usize = 5;

/// The digest of this id, and to whom it goes; nothing if the team or the address is gone.
///
/// # Errors
/// If the address can't be had.
pub(crate) fn ready(
    app: &App,
    world: &World,
    effect: EffectId,
    notice: &WeekNotice,
) -> Result<Option<(Address, Message)>, Refusal> {
    if world.catalog.get(&notice.team).is_none() {
        return Ok(None);
    }
    let Some(method) = world::actions::method_of(world, &notice.person) else { return Ok(None) };
    let address = address_behind(app, world, &method)?;
    let week = Week::of(app, world, notice);
    Ok(Some((
        address,
        Message {
            id: effect.to_string(),
            thread: format!("digest-{}", notice.team),
            at: world.effects.get(effect).map(|effect| effect.requested),
            urgency: Urgency::Low,
            subject: week.subject,
            text: week.text,
            facts: week.facts,
            link: Some(week.link),
            acknowledge: None,
            unsubscribe: None,
        },
    )))
}

/// What the message says.
struct Week {
    subject: String,
    text: String,
    facts: Vec<(String, String)>,
    link: String,
}

impl Week {
    fn of(app: &App, world: &World, notice: &WeekNotice) -> Self {
        let (team, window) = (&notice.team, Window { from: notice.from, to: notice.until });
        let scope = Scope { team: Some(team.clone()), component: None, environment: None, window };
        let services = scope.services(world);
        let (now, before) = (measures(window, &services), measures(window.before(), &services));
        let owned = world.catalog.related(team, Relation::OwnerOf);
        let incidents: Vec<&Incident> = broke::incidents(world, &owned, window).collect();
        let incidents_before = broke::incidents(world, &owned, window.before()).count();
        let pages = |window: Window| world.paging.of_team(team).filter(|page| window.has(page.opened)).count();
        let kept = world.actions.follow_through(team, notice.until);
        let fact = |name: &str, is: String, was: String| (name.to_owned(), format!("{is} (the week before: {was})"));
        let half = |of: &deploys::measures::Distribution| took_if_known(of.p50_s);
        let mut facts = vec![
            fact("Deployments", now.deployments.to_string(), before.deployments.to_string()),
            fact("Lead time, half", half(&now.lead_time), half(&before.lead_time)),
            fact("Failed", rate(now.change_fail_rate()), rate(before.change_fail_rate())),
            fact("Recovery, half", half(&now.recovery), half(&before.recovery)),
            fact("Incidents", incidents.len().to_string(), incidents_before.to_string()),
            fact("Pages", pages(window).to_string(), pages(window.before()).to_string()),
        ];
        facts.extend(kept.percent().map(|percent| {
            let of = format!("{percent}%, {} of {} that fell due in 90 days", kept.in_time, kept.due);
            ("Promises kept in time".to_owned(), of)
        }));
        let late: Vec<String> = world
            .actions
            .of_team(team)
            .filter(|action| !action.is_finished() && action.is_late(notice.until))
            .map(|action| {
                format!("{} ({}, action {})", action.promise.what, action.promise.owner.name(), action.number)
            })
            .collect();
        let name =
            world.catalog.get(team).map_or_else(|| team.short().to_owned(), |group| group.display_name().to_owned());
        let lists = [
            ("What broke", incidents.iter().map(|incident| told(incident, notice.until)).collect()),
            ("Budgets that are not well", budgets(app, world, notice)),
            ("Promised, and late", late.clone()),
        ];
        let mut text = format!("How the week of {name} was, from {} to {}.\n", day(notice.from), day(notice.until));
        lists.iter().for_each(|(title, lines)| list(&mut text, title, lines));
        if lists.iter().all(|(_, lines)| lines.is_empty()) {
            text.push_str("\nNothing broke, every budget is well, and no promise is late.\n");
        }
        text.push_str("\nThe team's calendar in the catalog says when this comes (`digest`).");
        let subject = format!(
            "{name}, week to {}: {}, {}, {}",
            day(notice.until),
            counted(now.deployments, "deployment"),
            counted(incidents.len(), "incident"),
            counted(late.len(), "late promise"),
        );
        let address = format!("{}?from={}&to={}", address_of(team), notice.from, notice.until);
        Self { subject, text, facts, link: format!("{}{address}", app.settings().base_url) }
    }
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    // Writing into a String can't fail.
    let _ = writeln!(text, "\n{title}:");
    for line in lines.iter().take(LINES_MAX) {
        let _ = writeln!(text, "- {line}");
    }
    if lines.len() > LINES_MAX {
        let _ = writeln!(text, "- and {} more", lines.len() - LINES_MAX);
    }
}

fn told(incident: &Incident, now: Timestamp) -> String {
    let minutes = incident.impact(now).as_mins();
    format!(
        "{} ({}, users were hit for {minutes} min, incident {})",
        incident.title,
        incident.severity.name(),
        incident.number()
    )
}

/// The team's budgets that burn, are used up or are not known, by name.
fn budgets(app: &App, world: &World, notice: &WeekNotice) -> Vec<String> {
    let line = |(slo, definition): (&kernel::EntityRef, &slo::Slo)| {
        let look = app.slos().look(world, slo, notice.until)?;
        let about = look.as_ref().map_or_else(|_| slo.clone(), |look| entity_of(world, &look.resolved));
        let state = state_of(&look, &world.slos.standing(slo)).word;
        if world.owner_of(&about).as_ref() != Some(&notice.team) || state == "in budget" {
            return None;
        }
        let left = look.ok().and_then(|look| look.report.left());
        let left = left.map_or_else(String::new, |left| format!(", {} is left", percent(left)));
        Some(format!("{}: {state}{left}", definition.display.as_deref().unwrap_or(slo.short())))
    };
    world.slos.slos().filter_map(line).collect()
}
