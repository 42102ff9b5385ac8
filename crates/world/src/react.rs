//! What follows from an event, across areas.

use checks::Bearing;
use incidents::Failed;
use kernel::{Context, EffectId, EntityRef, EventId};
use serde_json::json;

use crate::{
    Call, Command, Effect, Event, Recorded, World, actions, alerts, contracts, definitions, effects, guard, paging,
    postmortem, slos, suspects, undo,
};

/// A command that follows from an event.
#[derive(Debug, Clone)]
pub struct Reaction {
    /// The command.
    pub command: Command,
    /// The part of Mainstay that acts; none if it is a part of what the first actor did.
    pub part: Option<&'static str>,
}

/// The commands that follow from an event, in order. `world` is as of that event.
#[must_use]
pub fn react(world: &World, recorded: &Recorded, context: &Context) -> Vec<Reaction> {
    let mut reactions = in_areas(world, recorded, context);
    reactions.extend(actions::observe(world, &recorded.event));
    reactions
}

fn in_areas(world: &World, recorded: &Recorded, context: &Context) -> Vec<Reaction> {
    match recorded.event.as_ref() {
        Event::Catalog(event) => {
            let mut reactions = definitions::follow(world, event);
            reactions.extend(contracts::match_component(world, event));
            reactions.extend(actions::hand_on(world, event));
            reactions
        }
        Event::Checks(event) => {
            // The incident comes first, so that what is taken back stands in its time.
            let mut reactions: Vec<Reaction> = incident_for(world, event).into_iter().collect();
            reactions.extend(guard::halt_ramps(world, event));
            reactions
        }
        Event::Contracts(event) => contracts::follow(world, event, recorded, context),
        Event::Deploys(event) => {
            let mut reactions = call_hook(world, event, recorded, context);
            reactions.extend(contracts::follow_deployment(world, event));
            reactions.extend(slos::follow_deployment(world, event, &recorded.stamp));
            reactions.extend(withdraw_hooks(world, event));
            reactions
        }
        Event::Alerts(event) => alerts::follow(world, event),
        Event::Effects(event) => {
            let mut reactions = report_hook(world, event);
            reactions.extend(paging::report(world, event));
            reactions
        }
        Event::Incidents(event) => paging::follow_incident(world, event),
        Event::Paging(event) => paging::follow(world, event, recorded, context),
        Event::Flags(event) => guard::follow(world, event),
        Event::Slo(event) => slos::follow(world, event),
        Event::Actions(event) => actions::follow(event, recorded, context),
        Event::Postmortems(event) => postmortem::follow(event),
        Event::Access(_) | Event::Journal(_) | Event::Oncall(_) | Event::Statuspage(_) => Vec::new(),
    }
}

/// The incident that a check, or a probe that is lost, opens, joins or leaves. A lost probe is one incident, whatever it
/// runs.
fn incident_for(world: &World, event: &checks::Event) -> Option<Reaction> {
    let command = match event.bearing() {
        Bearing::Fails { check, path, since, last_good, evidence } => {
            let watch = world.checks.watch(check)?;
            let entity = watch.definition.target.clone();
            let upstream = suspects::needs(world, &entity).into_iter().map(|(entity, _)| entity).collect();
            incidents::Command::Open {
                title: format!("{} is down: {}", entity.short(), evidence.error),
                severity: severity(watch.definition.severity),
                failed: Failed {
                    check: Some(check.clone()),
                    entity,
                    since,
                    last_good,
                    path: path.to_vec(),
                    upstream,
                    evidence: words_of(evidence),
                },
            }
        }
        Bearing::Works { check } | Bearing::ProbeFound { probe: check } => {
            incidents::Command::Recover { check: check.clone() }
        }
        Bearing::ProbeLost { probe, location, last } => incidents::Command::Open {
            title: format!("the probe at {location} is silent: what it sees is unknown"),
            severity: incidents::Severity::Sev3,
            failed: Failed {
                check: Some(probe.clone()),
                entity: probe.clone(),
                since: last,
                last_good: Some(last),
                path: vec![probe.clone()],
                upstream: Vec::new(),
                evidence: format!("Nothing was heard of it since {last}. Its checks are not down for that."),
            },
        },
        Bearing::Slows { .. } | Bearing::Nothing => return None,
    };
    Some(Reaction { command: Command::Incidents(command), part: Some("incidents") })
}

pub(crate) fn severity(of: checks::Severity) -> incidents::Severity {
    match of {
        checks::Severity::Critical => incidents::Severity::Sev1,
        checks::Severity::High => incidents::Severity::Sev2,
        checks::Severity::Low => incidents::Severity::Sev3,
    }
}

pub(crate) fn words_of(evidence: &checks::Evidence) -> String {
    match &evidence.body_excerpt {
        Some(body) => format!("{}\n{body}", evidence.error),
        None => evidence.error.clone(),
    }
}

/// Somebody asked to go back: the component's hook is called.
fn call_hook(world: &World, event: &deploys::Event, recorded: &Recorded, context: &Context) -> Vec<Reaction> {
    let (component, environment) = event.place();
    let (effect, of, body, purpose) = match event {
        deploys::Event::RollbackRequested { to_version, of, effect, .. } => {
            let body = json!({
                "idempotency_key": effect, "component": component, "environment": environment,
                "version": to_version, "rollback_of": of,
            });
            let purpose = format!("ask the deploy hook of {} for {to_version} in {environment}", component.short());
            (*effect, *of, body, purpose)
        }
        deploys::Event::ConfigRestoreRequested { to, of, effect, .. } => {
            let body = json!({
                "idempotency_key": effect, "component": component, "environment": environment,
                "config": to, "rollback_of": of,
            });
            let purpose =
                format!("ask the config hook of {} for the configuration before in {environment}", component.short());
            (*effect, *of, body, purpose)
        }
        deploys::Event::DeploymentFinished { .. }
        | deploys::Event::ConfigApplied { .. }
        | deploys::Event::UndoAccepted { .. }
        | deploys::Event::UndoFailed { .. }
        | deploys::Event::Judged { .. }
        | deploys::Event::CommitsPushed { .. } => return Vec::new(),
    };
    let Some(url) = undo::hook_for(world, event) else { return Vec::new() };
    let call = Call { url, body: body.to_string(), purpose, request: None, message: false };
    vec![request(effect, of, call, component.clone(), recorded, context)]
}

fn request(
    id: EffectId,
    undoes: EventId,
    call: Call,
    subject: EntityRef,
    recorded: &Recorded,
    context: &Context,
) -> Reaction {
    let effect = Effect {
        id,
        call,
        subject,
        undoes: Some(undoes),
        requested: recorded.stamp.at,
        attempts: 0,
        next: context.now,
        last_error: None,
    };
    Reaction { command: Command::Effects(effects::Command::Request { effect }), part: Some("hooks") }
}

/// A request to go back is over, by its success or its failure: a hook that has not answered yet is not called again, or
/// it would go back once more when nobody expects it.
fn withdraw_hooks(world: &World, event: &deploys::Event) -> Vec<Reaction> {
    let (of, outcome) = match event {
        deploys::Event::DeploymentFinished { rollback_of: Some(of), outcome: deploys::Outcome::Succeeded, .. }
        | deploys::Event::ConfigApplied { restore_of: Some(of), .. } => (*of, Ok("what was asked for was recorded")),
        deploys::Event::DeploymentFinished { rollback_of: Some(of), outcome: deploys::Outcome::Failed, .. } => {
            (*of, Err("the deployment that was asked for failed"))
        }
        deploys::Event::UndoFailed { of, error, .. } => (*of, Err(error.as_str())),
        deploys::Event::DeploymentFinished { rollback_of: None, .. }
        | deploys::Event::ConfigApplied { restore_of: None, .. }
        | deploys::Event::RollbackRequested { .. }
        | deploys::Event::ConfigRestoreRequested { .. }
        | deploys::Event::UndoAccepted { .. }
        | deploys::Event::Judged { .. }
        | deploys::Event::CommitsPushed { .. } => return Vec::new(),
    };
    let outcome = outcome.map(str::to_owned).map_err(str::to_owned);
    let unanswered = world.effects.pending().filter(|effect| effect.undoes == Some(of));
    let withdraw = |effect: &Effect| {
        let command =
            effects::Command::Report { effect: effect.id, outcome: outcome.clone(), retry: false, not_before: None };
        Reaction { command: Command::Effects(command), part: Some("hooks") }
    };
    unanswered.map(withdraw).collect()
}

/// A hook answered, or never will.
fn report_hook(world: &World, event: &effects::Event) -> Vec<Reaction> {
    let (effect, error) = match event {
        effects::Event::Done { effect, .. } => (*effect, None),
        effects::Event::GaveUp { effect, error, .. } => (*effect, Some(error.clone())),
        effects::Event::Requested { .. } | effects::Event::Failed { .. } => return Vec::new(),
    };
    if world.deploys.pending_effect(effect).is_none() {
        return Vec::new();
    }
    let command = Command::Deploys(deploys::Command::ReportUndo { effect, error });
    vec![Reaction { command, part: Some("hooks") }]
}
