//! What can be done with a ramp that runs.

use kernel::{EntityRef, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};

use crate::{
    Event, Hold, Position, RampChange, RampState, State, Why,
    command::{affected, existing},
};

/// What somebody does with a ramp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RampAction {
    /// Say that its share has grown by the schedule.
    Announce,
    /// Keep the share as it is.
    Pause {
        /// Why.
        why: Why,
    },
    /// Go on.
    Resume,
    /// Agree that a step has held for long enough.
    Approve {
        /// The step, from 0.
        step: usize,
    },
    /// Say how many evaluations there were since a step began.
    PassSamples {
        /// The step, from 0.
        step: usize,
        /// How many.
        samples: u64,
    },
    /// Give everybody what they had before.
    RollBack {
        /// Why.
        why: Why,
    },
    /// Begin anew.
    Restart,
}

pub(crate) fn decide(
    state: &State,
    flag: &EntityRef,
    environment: String,
    action: RampAction,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let known = existing(state, flag)?;
    let Some((ramp, run)) = known.ramp(&environment) else {
        let detail = format!("no ramp of flag {} runs in {environment}", flag.short());
        return Err(Refusal::new(&codes::CONFLICT, detail).fix("define one, and turn the flag on there"));
    };
    let at = crate::position(ramp, run, now);
    let is_rolled_back = run.rolled_back.is_some();
    let change = match action {
        RampAction::Announce => {
            let from =
                run.reached.map_or(0, |reached| ramp.steps.get(reached.step).map_or(0, |step| step.basis_points));
            let has_moved = run.reached.is_none_or(|reached| reached.step < at.step);
            let is_on = !is_rolled_back && !matches!(at.state, RampState::Waiting { .. }) && at.basis_points > from;
            (has_moved && is_on).then(|| RampChange::Stepped {
                variant: ramp.variant.clone(),
                step: at.step,
                since: at.since,
                from,
                to: at.basis_points,
            })
        }
        RampAction::Pause { why } => (run.paused.is_none() && !is_rolled_back).then_some(RampChange::Paused { why }),
        RampAction::Resume => run.paused.is_some().then_some(RampChange::Resumed),
        RampAction::Approve { step } => Some(approve(&at, ramp.steps.get(at.step).map(|step| step.hold), step)?),
        RampAction::PassSamples { step, samples } => {
            let enough = matches!(at.state, RampState::AwaitingSamples { need } if samples >= need);
            let passed = RampChange::GatePassed { step, samples: Some(samples) };
            (enough && step == at.step).then_some(passed)
        }
        RampAction::RollBack { why } => (!is_rolled_back).then(|| RampChange::RolledBack {
            variant: ramp.variant.clone(),
            from: at.basis_points,
            why,
        }),
        RampAction::Restart => Some(RampChange::Restarted),
    };
    let event = |change| Event::Ramp {
        flag: flag.clone(),
        environment: known.switched_by(&environment).to_owned(),
        change,
        affects: affected(state, known),
    };
    Ok(change.map(event).into_iter().collect())
}

fn approve(at: &Position, hold: Option<Hold>, step: usize) -> Result<RampChange, Refusal> {
    if at.step != step {
        let detail = format!("the ramp is at step {}, not at {}", at.step + 1, step + 1);
        return Err(Refusal::new(&codes::MOVED_ON, detail).field("step"));
    }
    match (&at.state, hold) {
        (RampState::AwaitingApproval, _) => Ok(RampChange::GatePassed { step, samples: None }),
        (RampState::Paused(_), Some(Hold::Approval)) => {
            Err(Refusal::new(&codes::CONFLICT, "the ramp is paused").fix("resume it first"))
        }
        (_, _) => Err(Refusal::new(&codes::CONFLICT, "this step of the ramp waits for nobody's approval")),
    }
}
