//! `GET /deployments`: what was deployed in a window, whose, and which of it failed; with the five measures of the same.

use std::collections::HashMap;

use askama::Template;
use axum::{extract::Query, response::Response};
use deploys::{Outcome, Record};
use kernel::{EntityRef, EventId, Refusal};
use serde::Deserialize;
use world::measures::{Deployment, Service, measures};

use super::measured::{self, Chart, Scope, ServiceRow, took};
use crate::{
    api::reference,
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Answer, Choice, Empty, Entity, Field, Filters, Moment, Pager, State, Tone},
};

/// The deployments that pass the filters.
#[derive(Debug, Template)]
#[template(path = "deploys/list.html")]
pub struct DeploymentsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Whose, where, what, from, to.
    pub filters: Filters,
    /// The five measures.
    pub answers: Vec<Answer>,
    /// Week by week.
    pub chart: Chart,
    /// Each service's own.
    pub services: Vec<ServiceRow>,
    /// The deployments, newest first.
    pub rows: Vec<DeploymentRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One deployment.
#[derive(Debug)]
pub struct DeploymentRow {
    /// `live`, `failed`, `did not go live`, `judged good`.
    pub state: State,
    /// The version.
    pub version: String,
    /// Its screen.
    pub href: String,
    /// What was deployed.
    pub component: Entity,
    /// Where to.
    pub environment: String,
    /// When.
    pub at: Moment,
    /// Half of its commits' lead times.
    pub lead: Option<String>,
    /// What speaks against it, or why it was made.
    pub note: Option<String>,
}

/// Which deployments.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    component: String,
    team: String,
    environment: String,
    what: String,
    from: String,
    to: String,
    #[serde(rename = "page")]
    after: Option<usize>,
}

/// What can be asked for.
const WHAT: [(&str, &str); 6] = [
    ("", "in production, or where is named"),
    ("failed", "that failed"),
    ("unplanned", "that were unplanned"),
    ("commits", "that say their commits"),
    ("broken", "that did not go live"),
    ("all", "in all environments"),
];

/// Lists deployments.
///
/// # Errors
/// If a filter can't be read.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let scope = which.scope(&frame)?;
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| Ok(screen(&DeploymentsScreen::of(&frame, &which, &scope))));
    Ok(drawn.await?)
}

impl Which {
    fn scope(&self, frame: &Frame) -> Result<Scope, Refusal> {
        let named = |field: &str, text: &str, kind: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| reference(field, text, kind)).transpose()
        };
        Ok(Scope {
            component: named("component", &self.component, "component")?,
            team: named("team", &self.team, "group")?,
            environment: Some(self.environment.trim()).filter(|name| !name.is_empty()).map(str::to_owned),
            window: measured::window(Some(&self.from), Some(&self.to), frame.now)?,
        })
    }

    /// The query with these filters, without what a link sets itself.
    fn query(&self, without: &[&str]) -> String {
        let all = [
            ("component", &self.component),
            ("team", &self.team),
            ("environment", &self.environment),
            ("what", &self.what),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let set: Vec<_> =
            all.into_iter().filter(|(name, value)| !value.is_empty() && !without.contains(name)).collect();
        serde_html_form::to_string(set).unwrap_or_default()
    }

    /// Whether a deployment is asked for; one to another environment than production where that is named, or all are.
    fn passes(&self, record: &Record, named: bool, judged: Option<&Deployment>) -> bool {
        match self.what.as_str() {
            "failed" => judged.is_some_and(Deployment::failed),
            "unplanned" => judged.is_some_and(|judged| judged.unplanned.is_some()),
            "commits" => judged.is_some() && record.commits > 0,
            "broken" => record.outcome == Outcome::Failed,
            "all" => true,
            _ => judged.is_some() || named,
        }
    }
}

impl DeploymentsScreen {
    fn of(frame: &Frame, which: &Which, scope: &Scope) -> Self {
        let (world, window) = (&frame.world, scope.window);
        let services = scope.services(world);
        let components = scope.components(world);
        let judged: HashMap<EventId, &Deployment> =
            services.iter().flat_map(|service| &service.deployments).map(|one| (one.record.event, one)).collect();
        let mut found: Vec<(&EntityRef, &str, &Record)> = Vec::new();
        for component in &components {
            let named = scope.environment.as_deref();
            let environments = world.deploys.environments(component);
            for environment in environments.filter(|environment| named.is_none_or(|named| named == *environment)) {
                let newest = world.deploys.records_until(component, environment, window.to);
                let within = newest.skip_while(|record| record.at >= window.to);
                let within = within.take_while(|record| record.at >= window.from);
                let passing =
                    within.filter(|record| which.passes(record, named.is_some(), judged.get(&record.event).copied()));
                found.extend(passing.map(|record| (component, environment, record)));
            }
        }
        found.sort_by_key(|(_, _, record)| std::cmp::Reverse((record.at, record.position)));
        let page = Paged::at(found, which.after, &frame.href(format!("/deployments?{}", which.query(&[]))), "page");
        let rows = page.items.into_iter();
        let rows = rows.map(|(component, environment, record)| {
            row(frame, component, environment, record, judged.get(&record.event).copied())
        });
        let (now, before) = (measures(window, &services), measures(window.before(), &services));
        let list = frame.href(format!("/deployments?{}", which.query(&["what"])));
        let weekly = frame.href(format!("/deployments?{}", which.query(&["from", "to"])));
        let times = which.query(&["component", "team", "environment", "what"]);
        let times = if times.is_empty() { times } else { format!("&{times}") };
        Self {
            chrome: frame.chrome("Deployments", Place::Services),
            filters: filters(frame, which),
            answers: measured::answers(&now, &before, &list),
            chart: measured::chart(frame, &now, &components, &weekly),
            services: several(frame, scope, &services, &times),
            rows: rows.collect(),
            none: match world.deploys.components().next() {
                None => Empty::with(
                    "Nothing was deployed yet, as far as is known.",
                    "mainstay integration create github --kind github --entity group:NAME",
                ),
                Some(_) => Empty::new("No deployment passes these filters."),
            },
            pager: page.pager,
        }
    }
}

/// The services' own measures, where there are several.
fn several(frame: &Frame, scope: &Scope, services: &[Service], times: &str) -> Vec<ServiceRow> {
    match scope.component {
        Some(_) => Vec::new(),
        None => measured::rows(frame, scope.window, services, times),
    }
}

/// How a deployment stands, in a word.
pub(super) fn state(record: &Record, judged: Option<&Deployment>) -> State {
    match (record.outcome, judged, record.judged) {
        (Outcome::Failed, ..) => State::new(Tone::Warn, "did not go live"),
        (Outcome::Succeeded, _, Some(true)) => State::new(Tone::Bad, "failed"),
        (Outcome::Succeeded, _, Some(false)) => State::new(Tone::Good, "good"),
        (Outcome::Succeeded, Some(judged), None) if judged.failed() => State::new(Tone::Bad, "failed"),
        (Outcome::Succeeded, ..) => State::new(Tone::Quiet, "deployed"),
    }
}

fn row(
    frame: &Frame,
    component: &EntityRef,
    environment: &str,
    record: &Record,
    judged: Option<&Deployment>,
) -> DeploymentRow {
    let middle = record.leads.get(record.leads.len().saturating_sub(1) / 2);
    let mut notes: Vec<String> =
        judged.into_iter().flat_map(|judged| &judged.evidence).map(super::show::in_short).collect();
    notes.dedup();
    notes.extend(record.judged.map(|_| "a person said so".to_owned()));
    notes.extend(judged.and_then(|judged| judged.unplanned).map(|why| super::show::why_unplanned(&why)));
    DeploymentRow {
        state: state(record, judged),
        version: record.version.to_string(),
        href: frame.href(format!("/deployments/{}", record.position)),
        component: frame.entity(component),
        environment: environment.to_owned(),
        at: frame.ago(record.at),
        lead: middle.map(|seconds| took(u64::from(*seconds))),
        note: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

fn filters(frame: &Frame, which: &Which) -> Filters {
    let what = WHAT.map(|(value, label)| Choice::new(value, label, &which.what)).to_vec();
    Filters {
        action: "/deployments".to_owned(),
        fields: vec![
            Field::line("component", "Component", &which.component),
            Field::line("team", "Team", &which.team),
            Field::line("environment", "Environment", &which.environment),
            Field::select("what", "Which", what),
            Field::line("from", "From", &which.from),
            Field::line("to", "Until", &which.to),
        ],
        clear: (!which.query(&[]).is_empty()).then(|| frame.href("/deployments")),
    }
}
