//! `GET /alerts`: what other tools report, by what it is about.

use std::collections::BTreeMap;

use alerts::{Alert, Severity, Status};
use askama::Template;
use axum::{extract::Query, response::Response};
use kernel::EntityRef;
use serde::Deserialize;

use crate::{
    api::alerts::Which as Wanted,
    frame::Frame,
    paging::Paged,
    problem::Problem,
    shell::{Chrome, Place, screen},
    views::{Choice, Empty, Entity, Field, Filters, Moment, Pager, State, Tone},
};

/// The alerts that pass the filters.
#[derive(Debug, Template)]
#[template(path = "alerts/list.html")]
pub struct AlertsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Status, severity, entity, integration.
    pub filters: Filters,
    /// The alerts by what they are about, those with the newest first.
    pub groups: Vec<AlertGroup>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// The alerts about one entity that are on this page.
#[derive(Debug)]
pub struct AlertGroup {
    /// What they are about.
    pub entity: Entity,
    /// The alerts, the newest first.
    pub rows: Vec<AlertRow>,
}

/// One alert.
#[derive(Debug)]
pub struct AlertRow {
    /// Where it stands.
    pub state: State,
    /// How bad it is.
    pub severity: &'static str,
    /// One line.
    pub summary: String,
    /// Its screen.
    pub href: String,
    /// Who sent it, and where it comes from.
    pub under: String,
    /// The open incident that it stands in: what to call it, and its screen.
    pub incident: Option<(String, String)>,
    /// Since when.
    pub since: Moment,
}

/// Which alerts, and from which on.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    status: String,
    severity: String,
    entity: String,
    integration: String,
    from: Option<usize>,
}

/// Lists the alerts, the newest first.
pub async fn index(frame: Frame, Query(which): Query<Which>) -> Result<Response, Problem> {
    let text = |text: &String| Some(text.clone());
    let wanted = Wanted {
        status: text(&which.status),
        entity: text(&which.entity),
        integration: text(&which.integration),
        severity: text(&which.severity),
    };
    let alerts = wanted.of(&frame.world)?;
    let pairs = [
        ("status", &which.status),
        ("severity", &which.severity),
        ("entity", &which.entity),
        ("integration", &which.integration),
    ];
    let set: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let query = serde_html_form::to_string(&set).unwrap_or_default();
    let page = Paged::of(alerts, which.from, &frame.href(format!("/alerts?{query}")));
    let no_integration = frame.world.alerts.integrations().next().is_none();
    Ok(screen(&AlertsScreen {
        chrome: frame.chrome("Alerts", Place::Incidents),
        filters: filters(&frame, &which, !set.is_empty()),
        groups: groups(&frame, &page.items),
        none: match (set.is_empty(), no_integration) {
            (true, true) => Empty::with(
                "No tool sends its alerts here yet: make an integration for it.",
                "mainstay integration create prometheus --kind alertmanager --entity component:NAME",
            ),
            (true, false) => Empty::new("No alert is open."),
            (false, _) => Empty::new("No alert passes these filters."),
        },
        pager: page.pager,
    }))
}

fn filters(frame: &Frame, which: &Which, any: bool) -> Filters {
    let choices = |words: &[&str], first: &str, current: &str| {
        let choice = |word: &&str| Choice::new(*word, if word.is_empty() { first } else { word }, current);
        words.iter().map(choice).collect()
    };
    let severities: Vec<&str> = [""].into_iter().chain(Severity::ALL.map(Severity::word)).collect();
    let names = frame.world.alerts.integrations().map(|integration| integration.settings.name.as_str());
    let names: Vec<&str> = [""].into_iter().chain(names).collect();
    Filters {
        action: "/alerts".to_owned(),
        fields: vec![
            Field::select(
                "status",
                "Status",
                choices(&["", "triggered", "acknowledged", "resolved"], "open", &which.status),
            ),
            Field::select("severity", "Severity", choices(&severities, "any", &which.severity)),
            Field::line("entity", "About", which.entity.clone()),
            Field::select("integration", "Integration", choices(&names, "any", &which.integration)),
        ],
        clear: any.then(|| frame.href("/alerts")),
    }
}

fn groups(frame: &Frame, alerts: &[&Alert]) -> Vec<AlertGroup> {
    let mut places: BTreeMap<&EntityRef, usize> = BTreeMap::new();
    let mut groups: Vec<AlertGroup> = Vec::new();
    for alert in alerts {
        let place = *places.entry(alert.group_key()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(AlertGroup { entity: frame.entity(alert.group_key()), rows: Vec::new() });
        }
        if let Some(group) = groups.get_mut(place) {
            group.rows.push(row(frame, alert));
        }
    }
    groups
}

fn row(frame: &Frame, alert: &Alert) -> AlertRow {
    let parts = [super::sender(frame, alert), alert.source.clone()];
    let under: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    AlertRow {
        state: state_of(alert),
        severity: alert.severity.word(),
        summary: alert.summary.clone(),
        href: frame.href(super::address(alert)),
        under: under.join(" · "),
        incident: super::incident(frame, alert),
        since: frame.ago(alert.since),
    }
}

/// Where an alert stands; how bad it is gives the shape of one that nobody has taken on.
pub(super) fn state_of(alert: &Alert) -> State {
    let tone = match (alert.status(), alert.severity) {
        (Status::Resolved, _) => Tone::Good,
        (Status::Acknowledged, _) => Tone::Warn,
        (Status::Triggered, Severity::Critical | Severity::Error) => Tone::Bad,
        (Status::Triggered, Severity::Warning) => Tone::Warn,
        (Status::Triggered, Severity::Info) => Tone::Quiet,
    };
    State::new(tone, alert.status().word())
}
