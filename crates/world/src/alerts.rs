//! What alerts, and probes that fall silent, mean for incidents. Each stands in an incident like a failing check, by its
//! own reference.

use alerts::Upshot;
use incidents::{Failed, Severity};
use kernel::EntityRef;

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

/// The one incident of a probe that is silent, whatever it runs.
pub(crate) fn follow_probe(event: &checks::Event) -> Option<Reaction> {
    let command = match event {
        checks::Event::ProbeFellSilent { probe, location, last } => incidents::Command::Open {
            title: format!("the probe at {location} is silent: what it sees is unknown"),
            severity: Severity::Sev3,
            failed: silent(probe, location, *last),
        },
        checks::Event::ProbeCameBack { probe, .. } | checks::Event::ProbeRetired { probe, .. } => {
            incidents::Command::Recover { check: probe.clone() }
        }
        checks::Event::Defined { .. }
        | checks::Event::Removed { .. }
        | checks::Event::Paused { .. }
        | checks::Event::Resumed { .. }
        | checks::Event::CameUp { .. }
        | checks::Event::Faltered { .. }
        | checks::Event::Steadied { .. }
        | checks::Event::WentDown { .. }
        | checks::Event::LocationFailed { .. }
        | checks::Event::LocationSlowed { .. }
        | checks::Event::LocationRecovered { .. }
        | checks::Event::Degraded { .. }
        | checks::Event::Restored { .. }
        | checks::Event::Recovered { .. }
        | checks::Event::FellSilent { .. }
        | checks::Event::Beat { .. }
        | checks::Event::MaintenanceSet { .. }
        | checks::Event::MaintenanceEnded { .. }
        | checks::Event::ProbeJoined { .. } => return None,
    };
    Some(Reaction { command: Command::Incidents(command), part: Some("incidents") })
}

fn silent(probe: &EntityRef, location: &str, last: jiff::Timestamp) -> Failed {
    Failed {
        check: Some(probe.clone()),
        entity: probe.clone(),
        since: last,
        last_good: Some(last),
        path: vec![probe.clone()],
        upstream: Vec::new(),
        evidence: format!(
            "Nothing was heard of the probe at {location} since {last}. Its checks are not down for that."
        ),
    }
}
