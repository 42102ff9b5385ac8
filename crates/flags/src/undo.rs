//! How a change of a flag is reversed.

use kernel::{EventId, Refusal, Stamp, codes};

use crate::{
    Command, Event, Flag, Origin, RampAction, RampChange, RequestStep, State, Why, command::existing, state::Replaced,
};

/// The command that reverses a change event.
///
/// # Errors
/// `MOVED_ON` if the flag was changed since, `IRREVERSIBLE` for events that are no change of behaviour or whose opposite
/// somebody must choose.
pub fn undo(state: &State, event: &Event, stamp: &Stamp) -> Result<Command, Refusal> {
    let irreversible = |detail: String, fix: &str| Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix(fix));
    match event {
        Event::Turned { flag, environment, on, .. } => {
            let known = existing(state, flag)?;
            turned_last(known, environment, stamp.event)?;
            Ok(Command::Turn { flag: flag.clone(), environment: environment.clone(), on: !on })
        }
        Event::Defined { definition } if definition.origin == Origin::Declared => irreversible(
            format!("the definition of {} is changed where it was made", definition.key()),
            "change its file and apply it",
        ),
        Event::Defined { definition } => defined_before(existing(state, &definition.flag)?, stamp.event),
        Event::Ramp { flag, environment, change, .. } => {
            let known = existing(state, flag)?;
            match change {
                RampChange::Stepped { .. } => {
                    stepped_last(known, environment, stamp.event)?;
                    let action = RampAction::RollBack { why: Why::ByHand };
                    Ok(Command::Ramp { flag: flag.clone(), environment: environment.clone(), action })
                }
                RampChange::RolledBack { .. } => irreversible(
                    format!("the ramp of {} begins anew when somebody says so", flag.short()),
                    "restart it with `mainstay flag ramp restart`",
                ),
                RampChange::GatePassed { .. }
                | RampChange::Paused { .. }
                | RampChange::Resumed
                | RampChange::Restarted => irreversible(
                    format!("the ramp of {} is steered by hand", flag.short()),
                    "pause, resume or roll it back",
                ),
            }
        }
        Event::Removed { flag } => {
            irreversible(format!("{} was removed with all that was known of it", flag.short()), "define it again")
        }
        Event::SegmentDefined { segment, .. } => irreversible(
            format!("the segment {} is changed where it was made", segment.segment.short()),
            "define it anew",
        ),
        Event::SegmentRemoved { segment, .. } => {
            irreversible(format!("the segment {} was removed", segment.short()), "define it again")
        }
        Event::Request { step: RequestStep::Applied, .. } | Event::Overridden { .. } => {
            irreversible("this event only says how a change came about".to_owned(), "undo the change itself")
        }
        Event::Request { .. } | Event::Seen { .. } | Event::Evaluated { .. } | Event::ReferencesReported { .. } => {
            Err(Refusal::new(&codes::IRREVERSIBLE, "an observation is no change"))
        }
    }
}

fn turned_last(flag: &Flag, environment: &str, event: EventId) -> Result<(), Refusal> {
    match flag.switches.get(environment) {
        Some(switch) if switch.event == event => Ok(()),
        Some(switch) => {
            let detail = format!(
                "{} turned {} {} in {environment} since, at {}",
                switch.by,
                flag.definition.key(),
                if switch.on { "on" } else { "off" },
                switch.since.strftime("%Y-%m-%d %H:%M:%SZ"),
            );
            Err(Refusal::new(&codes::MOVED_ON, detail))
        }
        None => Err(Refusal::new(&codes::MOVED_ON, format!("{} was defined anew since", flag.definition.key()))),
    }
}

fn defined_before(flag: &Flag, event: EventId) -> Result<Command, Refusal> {
    match flag.replaced_by(event) {
        Replaced::Definition(before) => Ok(Command::Define { definition: before.as_ref().clone() }),
        Replaced::Nothing => Ok(Command::Remove { flag: flag.definition.flag.clone() }),
        Replaced::Since(last) => {
            let at = last.at.strftime("%Y-%m-%d %H:%M:%SZ");
            let detail = format!("{} defined {} anew since, at {at}", last.by, flag.definition.key());
            Err(Refusal::new(&codes::MOVED_ON, detail))
        }
    }
}

fn stepped_last(flag: &Flag, environment: &str, event: EventId) -> Result<(), Refusal> {
    let reached = flag.runs.get(environment).and_then(|run| run.reached);
    if reached.is_some_and(|reached| reached.event == event) {
        return Ok(());
    }
    let detail = format!("the ramp of {} in {environment} has moved on since", flag.definition.key());
    Err(Refusal::new(&codes::MOVED_ON, detail))
}
