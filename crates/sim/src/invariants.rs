//! What must be true of the World after every step.

use std::collections::BTreeSet;

use flags::{OnFailure, Ramp, RampRun, RampState};
use kernel::{EffectId, Timestamp};
use world::{Event, UndoState, World};

use crate::witness::Witness;

/// Everything that is wrong with this World.
pub(crate) fn check(world: &World, witness: &Witness, now: Timestamp, wrong: &mut Vec<String>) {
    incidents(world, wrong);
    checks(world, wrong);
    undoing(world, wrong);
    bounds(world, wrong);
    guards(world, wrong);
    if world.position == witness.world.position {
        let pending: BTreeSet<EffectId> = world.effects.pending().map(|effect| effect.id).collect();
        if pending != witness.pending() {
            wrong.push("the pending effects are not those that were asked for and are not over".to_owned());
        }
        witness.promises.check(world, now, wrong);
    }
}

/// What must be true as well when nothing has gone wrong for a while: nothing waits for ever.
pub(crate) fn check_quiet(world: &World, wrong: &mut Vec<String>) {
    for incident in world.incidents.open().filter(|incident| !incident.declared) {
        wrong.push(format!("incident {} does not end although everything works", incident.number()));
    }
    for watch in world.checks.watches().filter(|watch| watch.verdict != checks::Verdict::Up) {
        wrong.push(format!("{} is {} although everything works", watch.definition.check, watch.verdict.as_str()));
    }
    for effect in world.effects.pending() {
        wrong.push(format!("a hook is still to be called: {}", effect.call.purpose));
    }
    for (_, pending) in world.deploys.pending() {
        wrong.push(format!("{} still waits to go back", pending.component));
    }
    let asked = |undo: UndoState| matches!(undo, UndoState::Asked { .. });
    for entry in world.journal.newest_first().filter(|entry| asked(entry.undo)) {
        wrong.push(format!("undoing \"{}\" is still asked for", entry.change.summary));
    }
}

/// What is held is what the timeline says: whoever starts again knows the same.
pub(crate) fn is_fold(held: &World, folded: &World, wrong: &mut Vec<String>) {
    let (Ok(ours), Ok(theirs)) = (held.to_snapshot(), folded.to_snapshot()) else {
        return wrong.push("the World can't be written".to_owned());
    };
    if ours != theirs {
        wrong.push(format!("the World at {} is not the fold of the timeline", held.position));
    }
}

/// An open incident has a failing check or was declared; a failing check really is down, and in one open incident only.
fn incidents(world: &World, wrong: &mut Vec<String>) {
    let mut seen = BTreeSet::new();
    for incident in world.incidents.open() {
        let number = incident.number();
        if !incident.declared && incident.failing().next().is_none() {
            wrong.push(format!("incident {number} is open although all its checks have recovered"));
        }
        for failing in incident.failing() {
            let check = failing.check.short();
            let watch = world.checks.watch(&failing.check);
            // A check that is only slow opens an incident if it stops a ramp.
            let fails = watch.is_some_and(|watch| watch.down_since.is_some() || watch.verdict != checks::Verdict::Up)
                || world.alerts.open_alert(&failing.check).is_some()
                || world.checks.probes().any(|(_, probe)| probe.silent && probe.probe == failing.check);
            if !fails {
                wrong.push(format!("incident {number} waits for {check}, which does not fail"));
            }
            if !seen.insert(failing.check.clone()) {
                wrong.push(format!("{check} fails in two open incidents"));
            }
        }
    }
}

/// Each outage is in an incident, even if that was resolved by hand.
fn checks(world: &World, wrong: &mut Vec<String>) {
    for watch in world.checks.watches().filter(|watch| watch.down_since.is_some()) {
        let check = &watch.definition.check;
        let is_known = world.incidents.recent().any(|incident| incident.failing().any(|one| one.check == *check));
        if !is_known {
            wrong.push(format!("{} is down and in no incident", check.short()));
        }
    }
}

/// The journal and the area agree on what was undone, and a request that is pending is one that somebody waits for.
fn undoing(world: &World, wrong: &mut Vec<String>) {
    for entry in world.journal.newest_first() {
        let Event::Deploys(event) = entry.recorded.event.as_ref() else { continue };
        let (component, environment) = event.place();
        let of = entry.recorded.stamp.event;
        let Some(change) = world.deploys.history(component, environment).find(|change| change.event == of) else {
            continue;
        };
        let agree = match change.undoing {
            deploys::Undoing::No => entry.undo == UndoState::Standing,
            deploys::Undoing::Asked(effect) => {
                matches!(entry.undo, UndoState::Asked { .. }) && world.deploys.pending_effect(effect).is_some()
            }
            deploys::Undoing::Done(_) => matches!(entry.undo, UndoState::Undone { .. }),
        };
        if !agree {
            let summary = event.summary();
            wrong
                .push(format!("\"{summary}\" is {:?} for deploys and {:?} in the journal", change.undoing, entry.undo));
        }
    }
    for effect in world.effects.pending().filter(|effect| effect.undoes.is_some()) {
        if world.deploys.pending_effect(effect.id).is_none() {
            wrong.push(format!("a hook will be called that nobody waits for: {}", effect.call.purpose));
        }
    }
}

/// While a check is down, a ramp that it guards serves nobody, or stays where it is, as its definition says.
pub(crate) fn guards(world: &World, wrong: &mut Vec<String>) {
    let Some(now) = world.at else { return };
    for (flag, environment, ramp, run) in world.flags.ramps() {
        let is_down = |watch: &checks::Watch| watch.verdict == checks::Verdict::Down;
        let mut guards = ramp.guards.iter().filter_map(|guard| world.checks.watch(guard));
        if guards.any(is_down) && !is_stopped(ramp, run, now) {
            let at = flags::position(ramp, run, now);
            let (flag, state) = (flag.definition.flag.short(), at.state.as_str());
            wrong.push(format!(
                "the ramp of {flag} in {environment} is {state} at {} although its guard is down",
                at.basis_points
            ));
        }
    }
}

/// True if a ramp may stand as it does while its guard is down.
fn is_stopped(ramp: &Ramp, run: &RampRun, now: Timestamp) -> bool {
    let at = flags::position(ramp, run, now);
    // Its time came, and its first step is yet to be announced: that stops it.
    let is_to_begin = run.reached.is_none() && ramp.start.is_some_and(|start| start > run.started);
    let is_stopped = match (ramp.on_failure, &at.state) {
        (_, RampState::RolledBack(_)) => at.basis_points == 0,
        (_, RampState::Waiting { .. }) => true,
        (OnFailure::Pause, RampState::Paused(_) | RampState::Done) => true,
        // Somebody may pause what has been watched for long enough, as well.
        (OnFailure::RollBack, RampState::Done | RampState::Paused(_)) => {
            let is_last = at.step + 1 >= ramp.steps.len();
            is_last && now.duration_since(at.since).saturating_sub(run.lost) >= ramp.watched()
        }
        (_, RampState::Holding { .. } | RampState::AwaitingApproval | RampState::AwaitingSamples { .. }) => false,
    };
    is_stopped || is_to_begin
}

fn bounds(world: &World, wrong: &mut Vec<String>) {
    let mut bound = |what: &str, count: usize, max: usize| {
        if count > max {
            wrong.push(format!("{count} {what}, and {max} are allowed"));
        }
    };
    bound("changes in the journal", world.journal.newest_first().count(), world::Journal::CAPACITY);
    let resolved = world.incidents.recent().filter(|incident| !incident.is_open()).count();
    bound("resolved incidents", resolved, incidents::KEPT);
    for incident in world.incidents.recent() {
        bound("lines in an incident's log", incident.log.len(), 200);
    }
    for component in world.deploys.components() {
        for environment in world.deploys.environments(component) {
            bound("changes of a place", world.deploys.history(component, environment).count(), 100);
        }
    }
}
