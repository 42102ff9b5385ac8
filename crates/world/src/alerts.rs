//! What alerts mean for incidents. Each stands in one like a failing check, by its own reference.

use alerts::Upshot;
use incidents::{Failed, Severity};

use crate::{Command, World, react::Reaction, suspects};

/// The incident that an alert opens, joins or leaves.
pub(crate) fn follow(world: &World, event: &alerts::Event) -> Vec<Reaction> {
    let command = match event.upshot() {
        Some(Upshot::Fails { about, content, since }) => {
            let held = world.alerts.get(&about.alert);
            let since = since.or_else(|| held.map(|alert| alert.since)).or(world.at);
            let Some(since) = since else { return Vec::new() };
            let severity = match content.severity {
                alerts::Severity::Critical => Severity::Sev1,
                alerts::Severity::Error => Severity::Sev2,
                alerts::Severity::Warning | alerts::Severity::Info => Severity::Sev3,
            };
            let entity = about.entity.clone();
            let upstream = suspects::needs(world, &entity).into_iter().map(|(entity, _)| entity).collect();
            let failed = Failed {
                check: Some(about.alert.clone()),
                path: vec![entity.clone()],
                entity,
                since,
                last_good: None,
                upstream,
                evidence: evidence(content),
            };
            let title = format!("{}: {}", about.entity.short(), content.summary);
            incidents::Command::Open { title, severity, failed }
        }
        Some(Upshot::Recovers { about }) => incidents::Command::Recover { check: about.alert.clone() },
        None => return acknowledge(world, event),
    };
    vec![Reaction { command: Command::Incidents(command), part: Some("incidents") }]
}

fn evidence(content: &alerts::Content) -> String {
    let labels: Vec<String> = content.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    [content.summary.clone(), labels.join(" ")]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Who takes an alert on in the tool that sent it takes on its incident.
fn acknowledge(world: &World, event: &alerts::Event) -> Vec<Reaction> {
    let alerts::Event::Acknowledged { about } = event else { return Vec::new() };
    let incident = world.incidents.for_check(&about.alert).filter(|incident| incident.acknowledged.is_none());
    let command = incident.map(|incident| incidents::Command::Acknowledge { incident: incident.about.incident });
    command.map(|command| Reaction { command: Command::Incidents(command), part: None }).into_iter().collect()
}
