//! What is to be done because time has passed.

use kernel::Timestamp;

use crate::{Command, RampAction, RampState, State, position};

/// The commands whose time has come: steps of ramps to be announced, and approved changes to be made.
#[must_use]
pub fn due(state: &State, now: Timestamp) -> Vec<Command> {
    let steps = state.ramps().filter_map(|(flag, environment, ramp, run)| {
        let at = position(ramp, run, now);
        let is_standing = matches!(at.state, RampState::Waiting { .. } | RampState::RolledBack(_));
        let is_news = run.reached.is_none_or(|reached| reached.step < at.step);
        let (flag, environment) = (flag.definition.flag.clone(), environment.clone());
        (is_news && !is_standing).then_some(Command::Ramp { flag, environment, action: RampAction::Announce })
    });
    let changes = state.requests().filter(|request| request.is_due(now));
    let changes = changes.map(|request| Command::Request { request: request.id, action: crate::RequestAction::Apply });
    steps.chain(changes).collect()
}
