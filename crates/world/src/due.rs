//! What follows from time passing.

use kernel::Timestamp;

use crate::{Command, World};

/// The commands whose time has come, each with the part of Mainstay that gives it.
#[must_use]
pub fn due(world: &World, now: Timestamp) -> Vec<(Command, &'static str)> {
    let deploys = deploys::due(&world.deploys, now).into_iter().map(|command| (Command::Deploys(command), "hooks"));
    let flags = flags::due(&world.flags, now).into_iter().map(|command| (Command::Flags(command), "flags"));
    let checks = checks::due(&world.checks, now).into_iter().map(|command| (Command::Checks(command), "checks"));
    let alerts = alerts::due(&world.alerts, now).into_iter().map(|command| (Command::Alerts(command), "alerts"));
    let actions = crate::actions::due(world, now).map(|command| (command, crate::actions::PART));
    let pages = crate::paging::due(world, now).map(|command| (command, "paging"));
    let public = crate::statuspage::due(world, now).map(|command| (command, crate::statuspage::PART));
    deploys.chain(flags).chain(checks).chain(alerts).chain(pages).chain(public).chain(actions).collect()
}
