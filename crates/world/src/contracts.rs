//! Contracts and the rest: webhooks are called, deployments and their pacticipants agree, components are matched, and an
//! environment may refuse what the matrix does not agree to.

use std::collections::BTreeSet;

use contracts::{
    Delivery, Event as Contract, Gate, Via,
    command::{gate_answer, is_there},
};
use deploys::{Outcome, What};
use kernel::{Context, EntityRef, EventId, Refusal, codes};

use crate::{
    Call, Command, Effect, Recorded, World, effects,
    effects::{Patience, Request},
    react::Reaction,
    slos,
};

/// The annotation by which a component says which pacticipant it is, where the name is another.
pub const PACTICIPANT: &str = "mainstay.dev/pacticipant";

const PART: Option<&str> = Some("contracts");

/// What follows from what happened among contracts.
pub(crate) fn follow(world: &World, event: &Contract, recorded: &Recorded, context: &Context) -> Vec<Reaction> {
    if let Contract::WebhookTriggered { delivery, about } | Contract::WebhookRefired { again: delivery, about, .. } =
        event
    {
        return vec![call(delivery, about.first(), recorded, context)];
    }
    let deliveries = contracts::webhooks::triggered(&world.contracts, event, context);
    let calls = deliveries.into_iter().map(|delivery| contracts::Command::Trigger { delivery });
    let mut reactions: Vec<Reaction> =
        calls.map(|command| Reaction { command: Command::Contracts(command), part: PART }).collect();
    reactions.extend(recorded_deployment(world, event));
    reactions
}

fn call(delivery: &Delivery, subject: Option<&EntityRef>, recorded: &Recorded, context: &Context) -> Reaction {
    let request = Request {
        method: delivery.method.clone(),
        headers: delivery.headers.clone(),
        username: delivery.username.clone(),
        secret: delivery.secret.clone(),
        patience: Patience::Day,
    };
    let call = Call {
        url: delivery.url.clone(),
        body: delivery.body.clone().unwrap_or_default(),
        purpose: format!("call the webhook {} because of {}", delivery.webhook_name, delivery.event),
        request: Some(request),
        message: false,
    };
    let effect = Effect {
        id: delivery.effect,
        call,
        subject: subject.cloned().unwrap_or_else(effects::nobody),
        undoes: None,
        requested: recorded.stamp.at,
        attempts: 0,
        next: context.now,
        last_error: None,
    };
    Reaction { command: Command::Effects(effects::Command::Request { effect }), part: PART }
}

/// What a client of contracts says was deployed is a deployment of the component, if the catalog has it.
fn recorded_deployment(world: &World, event: &Contract) -> Option<Reaction> {
    // Whether it may be was asked before.
    deployment_of(world, event).map(|command| Reaction { command: Command::Emergency(command), part: None })
}

/// Refuses what clients of contracts say is deployed, if deployments refuse it. An environment's gate was asked by the
/// contracts themselves.
pub(crate) fn ask_deployments(world: &World, events: &[Contract], context: &Context) -> Result<(), Refusal> {
    for command in events.iter().filter_map(|event| deployment_of(world, event)) {
        // What can't be recorded as the component's is the contracts' own affair.
        let deployments = deploys::decide(&world.deploys, command, context).unwrap_or_default();
        deployments.iter().try_for_each(|event| slos::ask_budgets(world, event, context.now))?;
    }
    Ok(())
}

/// The component's deployment that an event of contracts tells of, unless it is known already.
fn deployment_of(world: &World, event: &Contract) -> Option<deploys::Command> {
    let Contract::VersionDeployed { pacticipant, version, environment_name, via, .. } = event else { return None };
    let is_from_here = matches!(via, Via::Contracts | Via::Tag);
    let component = &pacticipant.component;
    let is_known = world.catalog.get(component).is_some_and(|entity| entity.reference().kind() == "component");
    let is_live = world.deploys.live(component, environment_name).is_some_and(|live| live.version == *version);
    if !is_from_here || !is_known || is_live {
        return None;
    }
    Some(deploys::Command::RecordDeployment {
        component: component.clone(),
        environment: environment_name.clone(),
        version: version.clone(),
        outcome: Outcome::Succeeded,
        url: None,
        commit: None,
        rollback_of: None,
        finished: None,
        told: deploys::Told::default(),
    })
}

/// What was deployed as a component was deployed as its pacticipants.
pub(crate) fn follow_deployment(world: &World, event: &deploys::Event) -> Option<Reaction> {
    let deploys::Event::DeploymentFinished {
        component,
        environment,
        version,
        outcome: Outcome::Succeeded,
        rollback_of,
        ..
    } = event
    else {
        return None;
    };
    // What is told late, when another version is live already, is history.
    if world.deploys.live(component, environment).is_none_or(|live| live.version != *version) {
        return None;
    }
    world.contracts.pacticipants_of(component).next()?;
    let goes_back = rollback_of.is_some_and(|of| takes_back(world, (component, environment), version, of));
    let command = contracts::Command::Follow {
        component: component.clone(),
        version: version.clone(),
        environment: environment.clone(),
        goes_back,
    };
    Some(Reaction { command: Command::Contracts(command), part: PART })
}

/// A component that names its pacticipant is taken for it; one that does so no more is not.
pub(crate) fn match_component(world: &World, event: &catalog::Event) -> Vec<Reaction> {
    let (reference, named) = match event {
        catalog::Event::EntityDeclared { entity, .. } | catalog::Event::EntityChanged { entity, .. } => {
            (&entity.reference, annotated(&entity.document))
        }
        catalog::Event::EntityRemoved { entity, .. } => (&entity.reference, None),
        catalog::Event::SourceApplied { .. } | catalog::Event::DocsPublished { .. } => return Vec::new(),
    };
    if reference.kind() != "component" {
        return Vec::new();
    }
    let mut commands = Vec::new();
    if let Some(name) = &named
        && name.len() <= 255
    {
        if world.contracts.pacticipant_named(name).is_none() {
            let details = contracts::event::Details::default();
            commands.push(contracts::Command::PutPacticipant { name: name.clone(), details });
        }
        commands.push(contracts::Command::Match { name: name.clone(), component: Some(reference.clone()) });
    }
    for key in world.contracts.pacticipants_of(reference) {
        let name = world.contracts.name(key);
        if named.as_deref().is_some_and(|named| named != name) {
            commands.push(contracts::Command::Match { name: name.to_owned(), component: None });
        }
    }
    commands.into_iter().map(|command| Reaction { command: Command::Contracts(command), part: None }).collect()
}

/// The value of the annotation; the document is only parsed where it can have one.
fn annotated(document: &str) -> Option<String> {
    if !document.contains(PACTICIPANT) {
        return None;
    }
    let document: serde_json::Value = serde_json::from_str(document).ok()?;
    let value = document.pointer("/metadata/annotations")?.get(PACTICIPANT)?.as_str()?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// Refuses a deployment that the environment's contracts do not agree to. Neither going back nor
/// deploying again what is there is refused.
pub(crate) fn ask_gate(world: &World, event: &deploys::Event) -> Result<(), Refusal> {
    let deploys::Event::DeploymentFinished {
        component,
        environment,
        version,
        outcome: Outcome::Succeeded,
        rollback_of,
        ..
    } = event
    else {
        return Ok(());
    };
    let place = (component, environment.as_str());
    if world.contracts.gate(environment) != Gate::Refuse
        || rollback_of.is_some_and(|of| takes_back(world, place, version, of))
    {
        return Ok(());
    }
    let answers: BTreeSet<String> = {
        let names = world.contracts.pacticipants_of(component).map(|key| world.contracts.name(key));
        let names = names.filter(|name| !is_there(&world.contracts, name, version, environment));
        names.filter_map(|name| gate_answer(&world.contracts, name, version, environment)).collect()
    };
    if answers.is_empty() {
        return Ok(());
    }
    let why = answers.into_iter().collect::<Vec<_>>().join("; ");
    let detail = format!("{} {version} must not be deployed to {environment}: {why}", component.short());
    let fix = "ask `mainstay can-i-deploy` who expects what; in an emergency add `emergency: true` and a reason";
    Err(Refusal::new(&codes::CONTRACT_BROKEN, detail).field("version").fix(fix))
}

/// True if a deployment of the version takes this one back: one of the same component to the same environment, before
/// which the version ran there.
pub(crate) fn takes_back(
    world: &World,
    (component, environment): (&EntityRef, &str),
    version: &str,
    of: EventId,
) -> bool {
    let mut changes = world.deploys.history(component, environment).skip_while(|change| change.event != of);
    let Some(What::Deployed(taken_back)) = changes.next().map(|change| &change.what) else { return false };
    let mut before = changes.filter_map(|change| match &change.what {
        What::Deployed(before) if before.outcome == Outcome::Succeeded => Some(before.version.as_str()),
        What::Deployed(_) | What::Configured(_) => None,
    });
    taken_back.version != version
        && (taken_back.previous.as_deref() == Some(version) || before.any(|before| before == version))
}
