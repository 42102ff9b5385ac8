//! Every wish there is.

use deploys::Outcome;
use kernel::{Context, EventId, Refusal};
use serde::{Deserialize, Serialize};

use crate::{Event, World, contracts, effects, incident, postmortem, slos, undo};

/// A wish, of any area.
#[derive(Debug, Clone)]
pub enum Command {
    /// Users, tokens, sessions.
    Access(access::Command),
    /// Promises, and the calendars of sprints.
    Actions(::actions::Command),
    /// Alerts that other tools send in.
    Alerts(alerts::Command),
    /// Entities.
    Catalog(catalog::Command),
    /// Checks.
    Checks(checks::Command),
    /// Consumer-driven contracts.
    Contracts(::contracts::Command),
    /// Deployments and configurations.
    Deploys(deploys::Command),
    /// The same, although contracts or a budget may refuse it.
    Emergency(deploys::Command),
    /// Effects.
    Effects(effects::Command),
    /// Flags.
    Flags(flags::Command),
    /// Incidents.
    Incidents(incidents::Command),
    /// Rotations.
    Oncall(oncall::Command),
    /// Pages.
    Paging(paging::Command),
    /// Post-mortems.
    Postmortems(postmortems::Command),
    /// Public status pages.
    Statuspage(statuspage::Command),
    /// Service level objectives.
    Slo(slo::Command),
    /// Reverse a change.
    Undo(Undo),
}

/// Reverse a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undo {
    /// The change.
    pub event: EventId,
}

/// Decides what happens. An empty answer means that all is as wished already.
///
/// # Errors
/// What the area refuses, and why.
pub fn decide(world: &World, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    fn wrap<E: Into<Event>>(events: Vec<E>) -> Vec<Event> {
        events.into_iter().map(Into::into).collect()
    }
    match command {
        Command::Access(command) => access::decide(&world.access, command, context).map(wrap),
        Command::Actions(command) => ::actions::decide(&world.actions, command, world, context).map(wrap),
        Command::Alerts(command) => alerts::decide(&world.alerts, command, context).map(wrap),
        Command::Catalog(command) => catalog::decide(&world.catalog, command, context).map(wrap),
        Command::Checks(command) => checks::decide(&world.checks, command, context).map(wrap),
        Command::Contracts(command) => {
            let is_emergency = matches!(command, ::contracts::Command::Deploy { emergency: true, .. });
            let events = ::contracts::decide(&world.contracts, command, context)?;
            if !is_emergency {
                contracts::ask_deployments(world, &events, context)?;
            }
            Ok(wrap(events))
        }
        Command::Deploys(command) => {
            let events = deploys::decide(&world.deploys, command, context)?;
            events.iter().try_for_each(|event| ask_gates(world, event, context))?;
            Ok(wrap(events))
        }
        Command::Emergency(command) => deploys::decide(&world.deploys, command, context).map(wrap),
        Command::Effects(command) => effects::decide(&world.effects, command, context).map(wrap),
        Command::Flags(command) => flags::decide(&world.flags, command, context).map(wrap),
        Command::Incidents(command) => incident::decide(world, command, context).map(wrap),
        Command::Oncall(command) => oncall::decide(&world.oncall, command, context).map(wrap),
        Command::Paging(command) => paging::decide(&world.paging, command, context).map(wrap),
        Command::Postmortems(command) => postmortem::decide(world, command, context).map(wrap),
        Command::Statuspage(command) => statuspage::decide(&world.statuspage, command, context).map(wrap),
        Command::Slo(command) => slo::decide(&world.slos, command, context).map(wrap),
        Command::Undo(Undo { event }) => undo::decide(world, event, context),
    }
}

/// Refuses a deployment that contracts or a budget don't agree to. What was told before has no event, so that nothing is
/// asked of it again; and what another version followed already, by the time that it ended, is history.
fn ask_gates(world: &World, event: &deploys::Event, context: &Context) -> Result<(), Refusal> {
    let deploys::Event::DeploymentFinished { component, environment, outcome: Outcome::Succeeded, finished, .. } =
        event
    else {
        return Ok(());
    };
    let at = finished.map_or(context.now, |at| at.min(context.now));
    if world.deploys.live(component, environment).is_some_and(|live| live.deployed > at) {
        return Ok(());
    }
    contracts::ask_gate(world, event)?;
    slos::ask_budgets(world, event, at)
}
