//! Ramps of flags that are guarded by checks: when a guard fails, the ramp is rolled back or paused by itself.
//!
//! A check that went down opens an incident anyway, on whose timeline the rollback stands. One that only got slow opens
//! none; then the rollback does.

use checks::{Bearing, Verdict};
use flags::{OnFailure, Ramp, RampAction, RampChange, RampRun, Why};
use incidents::Failed;
use kernel::EntityRef;

use crate::{
    Command, World,
    react::{Reaction, severity, words_of},
    slos,
};

/// Stops the ramps that a failing check guards.
pub(crate) fn halt_ramps(world: &World, event: &checks::Event) -> Vec<Reaction> {
    let (Bearing::Fails { check, .. } | Bearing::Slows { check }) = event.bearing() else { return Vec::new() };
    let guarded = world.flags.ramps().filter(|(_, _, ramp, _)| ramp.guards.contains(check));
    let served = guarded.filter(|(_, _, ramp, run)| is_guarded(world, ramp, run));
    served.map(|(flag, environment, ramp, _)| halt(flag, environment, ramp, check)).collect()
}

/// A ramp that begins, or goes on, while its guard is down goes no further; and a rollback without an incident opens one.
pub(crate) fn follow(world: &World, event: &flags::Event) -> Vec<Reaction> {
    match event {
        flags::Event::Defined { definition } => stop_at_start(world, &definition.flag),
        flags::Event::Turned { flag, .. } => stop_at_start(world, flag),
        // Who evaluates it may have no budget left.
        flags::Event::Seen { flag, .. } => slos::pause_at_start(world, flag),
        flags::Event::Ramp { flag, environment, change, .. } => match change {
            RampChange::Stepped { from, .. } => {
                let mut reactions = halt_at_start(world, flag, Some(environment));
                if *from == 0 && reactions.is_empty() {
                    reactions = slos::pause_at_start(world, flag);
                }
                reactions
            }
            // Who resumes what a budget paused has decided against that one, and not against another.
            RampChange::Resumed | RampChange::Restarted => stop_at_start(world, flag),
            RampChange::RolledBack { why: Why::Guard { check }, .. } => {
                incident(world, flag, environment, check, "rolled back").into_iter().collect()
            }
            RampChange::Paused { why: Why::Guard { check } } => {
                incident(world, flag, environment, check, "paused").into_iter().collect()
            }
            RampChange::RolledBack { why: Why::ByHand | Why::Budget { .. }, .. }
            | RampChange::Paused { why: Why::ByHand | Why::Budget { .. } }
            | RampChange::GatePassed { .. } => Vec::new(),
        },
        flags::Event::Removed { .. }
        | flags::Event::Evaluated { .. }
        | flags::Event::ReferencesReported { .. }
        | flags::Event::SegmentDefined { .. }
        | flags::Event::SegmentRemoved { .. }
        | flags::Event::Request { .. }
        | flags::Event::Overridden { .. } => Vec::new(),
    }
}

/// Stops a ramp that begins while its guard is down or a budget is gone.
fn stop_at_start(world: &World, flag: &EntityRef) -> Vec<Reaction> {
    let reactions = halt_at_start(world, flag, None);
    if reactions.is_empty() { slos::pause_at_start(world, flag) } else { reactions }
}

/// `announced` is where a step was announced just now: that it has been watched for long enough, only the schedule says,
/// if steps passed while nobody was there to announce them.
fn halt_at_start(world: &World, flag: &EntityRef, announced: Option<&str>) -> Vec<Reaction> {
    let is_down = |check: &&EntityRef| world.checks.watch(check).is_some_and(|watch| watch.verdict == Verdict::Down);
    let ramps = world.flags.ramps().filter(|(known, ..)| known.definition.flag == *flag);
    let served = ramps.filter(|(_, environment, ramp, run)| {
        let is_late = announced == Some(environment.as_str()) && ramp.on_failure == OnFailure::RollBack;
        is_late || is_guarded(world, ramp, run)
    });
    let halted = served.filter_map(|(flag, environment, ramp, _)| {
        let check = ramp.guards.iter().find(is_down)?;
        Some(halt(flag, environment, ramp, check))
    });
    halted.collect()
}

fn is_guarded(world: &World, ramp: &Ramp, run: &RampRun) -> bool {
    world.at.is_some_and(|now| flags::is_guarded(ramp, run, now))
}

fn halt(flag: &flags::Flag, environment: &str, ramp: &Ramp, check: &EntityRef) -> Reaction {
    let why = Why::Guard { check: check.clone() };
    let action = match ramp.on_failure {
        OnFailure::RollBack => RampAction::RollBack { why },
        OnFailure::Pause => RampAction::Pause { why },
    };
    let (flag, environment) = (flag.definition.flag.clone(), environment.to_owned());
    let command = Command::Flags(flags::Command::Ramp { flag, environment, action });
    Reaction { command, part: Some("guards") }
}

/// The incident of a ramp that was stopped; none if the check is in one.
fn incident(world: &World, flag: &EntityRef, environment: &str, check: &EntityRef, done: &str) -> Option<Reaction> {
    let watch = world.checks.watch(check)?;
    if world.incidents.for_check(check).is_some() {
        return None;
    }
    let definition = &watch.definition;
    let failed = Failed {
        check: Some(check.clone()),
        entity: definition.target.clone(),
        since: watch.since,
        last_good: watch.last_good,
        path: definition.critical_path(),
        upstream: Vec::new(),
        evidence: watch.evidence.as_ref().map(words_of).unwrap_or_default(),
    };
    let title = format!("ramp of {} {done} in {environment}: check {} fails", flag.short(), check.short());
    let command = incidents::Command::Open { title, severity: severity(definition.severity), failed };
    Some(Reaction { command: Command::Incidents(command), part: Some("incidents") })
}
