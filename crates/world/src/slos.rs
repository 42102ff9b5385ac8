//! What service level objectives have to do with the rest: whose they are, what a check says of them, and which incidents
//! their budgets open and end.

use checks::{Turn, Verdict};
use incidents::{Failed, Severity};
use kernel::{EntityRef, Timestamp};
use slo::{About, Event, Input, Resolved};

use crate::{Command, World, react::Reaction, suspects};

/// The entity that an SLO is about, whose owner is told: what its annotation or that of its service names; else the
/// component of its service's name; else what its check is about. If nothing is known it is the SLO itself, which has an
/// owner if its document says so.
#[must_use]
pub fn entity_of(world: &World, resolved: &Resolved) -> EntityRef {
    if let Some(entity) = resolved.entity() {
        return entity.clone();
    }
    let component = EntityRef::new("component", resolved.slo.namespace(), &resolved.definition.service).ok();
    if let Some(component) = component.filter(|component| world.catalog.get(component).is_some()) {
        return component;
    }
    let target = match &resolved.input {
        Input::Check { check, .. } => world.checks.watch(check).map(|watch| watch.definition.target.clone()),
        Input::Prometheus { .. } => None,
    };
    target.unwrap_or_else(|| resolved.slo.clone())
}

/// What a check's verdict over time means for an SLO: from each of these moments on good, bad or unknown. None if there is
/// no such check.
#[must_use]
pub fn turns(world: &World, check: &EntityRef, degraded_is_bad: bool) -> Option<Vec<(Timestamp, Option<bool>)>> {
    let watch = world.checks.watch(check)?;
    let worth = |turn: &Turn| match turn.verdict {
        Verdict::Up => Some(true),
        Verdict::Degraded => Some(!degraded_is_bad),
        Verdict::Down => Some(false),
        Verdict::Unknown => None,
    };
    Some(watch.history.iter().map(|turn| (turn.at, worth(turn))).collect())
}

/// What stands in an incident for an SLO: one thing for each urgency and one for missing data, so that a budget that
/// burns slowly and then fast makes its incident more urgent.
fn stand_in(slo: &EntityRef, severity: Option<slo::Severity>) -> EntityRef {
    let kind = match severity {
        Some(slo::Severity::Page) => return slo.clone(),
        Some(slo::Severity::Ticket) => "slo-ticket",
        None => "slo-data",
    };
    EntityRef::new(kind, slo.namespace(), slo.name()).unwrap_or_else(|_| slo.clone())
}

/// The incident that a burning budget opens, joins or leaves.
pub(crate) fn follow(world: &World, event: &Event) -> Vec<Reaction> {
    let command = match event {
        Event::BurnStarted { about, burn } => {
            let severity = match burn.severity {
                slo::Severity::Page => Severity::Sev2,
                slo::Severity::Ticket => Severity::Sev3,
            };
            let evidence = format!(
                "{}\nAlert: {}. In the last {} the budget burnt {:.1} times too fast, in the last {} {:.1} times; {:.2} is too much.",
                event.summary(),
                burn.alert,
                slo::in_letters(burn.long_minutes),
                burn.long,
                slo::in_letters(burn.short_minutes),
                burn.short,
                burn.threshold,
            );
            let title = format!("{}: the budget of {} burns", about.entity.short(), about.slo.short());
            open(world, about, stand_in(&about.slo, Some(burn.severity)), severity, title, evidence)
        }
        Event::DataLost { about, told: true, .. } => {
            let title = format!("{}: nothing is known of {}", about.entity.short(), about.slo.short());
            open(world, about, stand_in(&about.slo, None), Severity::Sev3, title, event.summary())
        }
        Event::BurnEnded { about, severity, .. } => {
            let others = world.slos.standing(&about.slo).firing;
            if others.iter().any(|firing| firing.severity == *severity) {
                return Vec::new();
            }
            Some(incidents::Command::Recover { check: stand_in(&about.slo, Some(*severity)) })
        }
        Event::DataFound { about } => Some(incidents::Command::Recover { check: stand_in(&about.slo, None) }),
        Event::Defined { .. }
        | Event::Removed { .. }
        | Event::BudgetExhausted { .. }
        | Event::BudgetRestored { .. }
        | Event::DataLost { told: false, .. } => None,
    };
    let command = command.map(Command::Incidents);
    command.map(|command| Reaction { command, part: Some("incidents") }).into_iter().collect()
}

fn open(
    world: &World,
    about: &About,
    check: EntityRef,
    severity: Severity,
    title: String,
    evidence: String,
) -> Option<incidents::Command> {
    let entity = about.entity.clone();
    let upstream = suspects::needs(world, &entity).into_iter().map(|(entity, _)| entity).collect();
    let failed = Failed {
        check: Some(check),
        path: vec![entity.clone()],
        entity,
        since: world.at?,
        last_good: None,
        upstream,
        evidence,
    };
    Some(incidents::Command::Open { title, severity, failed })
}
