//! What service level objectives have to do with the rest: whose they are, what a check says of them, and which incidents
//! their budgets open and end.

use checks::{Turn, Verdict};
use deploys::Outcome;
use flags::{RampAction, RampRun, RampState, Why};
use incidents::{Failed, Severity};
use kernel::{EntityRef, Refusal, Stamp, Timestamp, codes};
use slo::{About, Consequences, Event, Input, Resolved};

use crate::{Command, World, contracts, react::Reaction, suspects};

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
        Input::Check { check, .. } | Input::Runs { check, .. } => {
            world.checks.watch(check).map(|watch| watch.definition.target.clone())
        }
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
    if let Event::BudgetExhausted { about, .. } = event {
        return pause_ramps(world, about);
    }
    if let Event::Defined { reference, .. } = event {
        // What it says of a budget that is gone may be new.
        let standing = world.slos.standing(reference);
        let gone = standing.about.filter(|_| !standing.exhausted.is_empty());
        return gone.map(|about| pause_ramps(world, &about)).unwrap_or_default();
    }
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
        | Event::Overridden { .. }
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

/// Pauses the ramps that a budget that is gone stops: of flags that what it is about evaluates.
fn pause_ramps(world: &World, about: &About) -> Vec<Reaction> {
    let Some(consequences) = world.slos.slo(&about.slo).and_then(|slo| slo.consequences.as_ref()) else {
        return Vec::new();
    };
    let ramps = world.flags.ramps().filter(|(flag, environment, _, run)| {
        is_stopped(consequences, about, flag, environment, run) && is_growing(world, flag, environment)
    });
    ramps.map(|(flag, environment, ..)| pause(&flag.definition.flag, environment, about)).collect()
}

/// Pauses a ramp that begins, or concerns more than before, although a budget is gone.
pub(crate) fn pause_at_start(world: &World, flag: &EntityRef) -> Vec<Reaction> {
    let ramps = world
        .flags
        .ramps()
        .filter(|(known, environment, ..)| known.definition.flag == *flag && is_growing(world, known, environment));
    let stopped = ramps.filter_map(|(known, environment, _, run)| {
        let stops = |consequences, about| is_stopped(consequences, about, known, environment, run);
        let (_, about, _) = world.slos.exhausted().find(|(consequences, about, _)| stops(consequences, about))?;
        Some(pause(flag, environment, about))
    });
    stopped.collect()
}

fn is_growing(world: &World, flag: &flags::Flag, environment: &str) -> bool {
    let position = world.at.and_then(|now| flag.ramp_position(environment, now));
    position.is_some_and(|position| match position.state {
        RampState::Holding { .. } | RampState::AwaitingApproval | RampState::AwaitingSamples { .. } => true,
        RampState::Waiting { .. } | RampState::Paused(_) | RampState::RolledBack(_) | RampState::Done => false,
    })
}

/// True if a budget that is gone stops a ramp. One that is declared for all environments is one ramp, which stands in all
/// of them; what somebody had go on in spite of the budget is on their word.
fn is_stopped(
    consequences: &Consequences,
    about: &About,
    flag: &flags::Flag,
    environment: &str,
    run: &RampRun,
) -> bool {
    consequences.pause_ramps
        && consequences.environments.iter().any(|named| flag.switched_by(named) == environment)
        && flag.users().any(|user| *user == about.entity)
        && !run.despite.contains(&about.slo)
}

fn pause(flag: &EntityRef, environment: &str, about: &About) -> Reaction {
    let action = RampAction::Pause { why: Why::Budget { slo: about.slo.clone() } };
    let (flag, environment) = (flag.clone(), environment.to_owned());
    Reaction { command: Command::Flags(flags::Command::Ramp { flag, environment, action }), part: Some("slos") }
}

/// The budgets that were gone when a deployment ended, and have it refused. Neither going back nor deploying again what is
/// there is refused.
fn refusing<'a>(world: &'a World, event: &deploys::Event, at: Timestamp) -> Vec<&'a About> {
    let deploys::Event::DeploymentFinished {
        component,
        environment,
        version,
        outcome: Outcome::Succeeded,
        previous,
        rollback_of,
        ..
    } = event
    else {
        return Vec::new();
    };
    let goes_back = rollback_of.is_some_and(|of| contracts::takes_back(world, (component, environment), version, of));
    if goes_back || previous.as_ref() == Some(version) {
        return Vec::new();
    }
    let exhausted = world.slos.exhausted().filter(|(consequences, about, since)| {
        consequences.refuse_deployments
            && consequences.environments.contains(environment)
            && about.entity == *component
            && *since <= at
    });
    exhausted.map(|(_, about, _)| about).collect()
}

/// Refuses a deployment, which ended `at`, of what has no budget left.
pub(crate) fn ask_budgets(world: &World, event: &deploys::Event, at: Timestamp) -> Result<(), Refusal> {
    let budgets: Vec<&str> = refusing(world, event, at).into_iter().map(|about| about.slo.short()).collect();
    let deploys::Event::DeploymentFinished { component, environment, version, .. } = event else { return Ok(()) };
    if budgets.is_empty() {
        return Ok(());
    }
    let budgets = budgets.join(", ");
    let detail = format!(
        "{} {version} must not be deployed to {environment}: the budget of {budgets} is used up",
        component.short()
    );
    let fix = "wait until it is back, or in an emergency add `emergency: true` and a reason";
    Err(Refusal::new(&codes::BUDGET_EXHAUSTED, detail).field("version").fix(fix))
}

/// Takes note of a deployment that a budget would have refused: somebody said that it is an emergency.
/// What is told late, when another deployment followed already, is history.
pub(crate) fn follow_deployment(world: &World, event: &deploys::Event, stamp: &Stamp) -> Vec<Reaction> {
    let deploys::Event::DeploymentFinished { component, environment, version, .. } = event else { return Vec::new() };
    if world.deploys.live(component, environment).is_none_or(|live| live.event != stamp.event) {
        return Vec::new();
    }
    let noted = refusing(world, event, event.took_effect(stamp)).into_iter().map(|about| {
        let (component, version, environment) = (component.clone(), version.clone(), environment.clone());
        let command = slo::Command::Override { about: about.clone(), component, version, environment };
        Reaction { command: Command::Slo(command), part: None }
    });
    noted.collect()
}
