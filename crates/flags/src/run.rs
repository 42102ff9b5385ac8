//! How far a ramp is: a function of its schedule and the clock.
//!
//! Nothing of the share is stored but what the clock can't tell: gates that were passed, pauses, a rollback, and the
//! step that was announced last, below which the share never falls, whatever the clock does. A pause stops the ramp's own
//! clock, so that what remained of a hold remains.

use jiff::SignedDuration;
use kernel::{Actor, EntityRef, EventId, Stamp, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Hold, OnFailure, Ramp, Step};

/// One run of a ramp: from when the flag was turned on, or the ramp defined, until it is turned off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RampRun {
    /// When it began.
    pub started: Timestamp,
    /// The step that was announced last.
    pub reached: Option<Reached>,
    /// The gates that were passed.
    pub gates: Vec<Gate>,
    /// How long it was paused until now, other than by the present pause.
    pub lost: SignedDuration,
    /// The present pause.
    pub paused: Option<Halt>,
    /// That it was rolled back.
    pub rolled_back: Option<Halt>,
    /// The objectives in spite of whose budgets somebody had it go on.
    #[serde(default)]
    pub despite: Vec<EntityRef>,
}

/// A step that was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Which, from 0.
    pub step: usize,
    /// When it began, by the ramp's own clock.
    pub since: Timestamp,
    /// The event that announced it.
    pub event: EventId,
}

/// A gate that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// The step that it ends.
    pub step: usize,
    /// When, by the ramp's own clock.
    pub passed: Timestamp,
}

/// That somebody or something stopped a ramp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Halt {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: Actor,
    /// Why.
    pub why: Why,
}

/// Why a ramp was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Why {
    /// Somebody wished it.
    ByHand,
    /// A check that guards it failed.
    Guard {
        /// Which.
        check: EntityRef,
    },
    /// The error budget of an objective is gone.
    Budget {
        /// Which objective.
        slo: EntityRef,
    },
}

/// How far a ramp is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The step, from 0.
    pub step: usize,
    /// When it began, by the ramp's own clock.
    pub since: Timestamp,
    /// The share that gets the variant, in hundredths of a percent.
    pub basis_points: u16,
    /// What it waits for.
    pub state: RampState,
    /// When the share changes if nobody does anything.
    pub next: Option<Timestamp>,
}

/// What a ramp waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RampState {
    /// Its start.
    Waiting {
        /// When that is.
        until: Timestamp,
    },
    /// The end of a hold.
    Holding {
        /// When that is.
        until: Timestamp,
    },
    /// Somebody's word.
    AwaitingApproval,
    /// More evaluations.
    AwaitingSamples {
        /// How many since the step began.
        need: u64,
    },
    /// Somebody's word, since it was stopped.
    Paused(Halt),
    /// A new beginning, since it was taken back.
    RolledBack(Halt),
    /// Nothing: it is at its last step.
    Done,
}

impl RampState {
    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Holding { .. } => "holding",
            Self::AwaitingApproval => "awaiting-approval",
            Self::AwaitingSamples { .. } => "awaiting-samples",
            Self::Paused(_) => "paused",
            Self::RolledBack(_) => "rolled-back",
            Self::Done => "done",
        }
    }
}

impl RampRun {
    /// A run that begins now.
    #[must_use]
    pub fn begin(started: Timestamp) -> Self {
        Self {
            started,
            reached: None,
            gates: Vec::new(),
            lost: SignedDuration::ZERO,
            paused: None,
            rolled_back: None,
            despite: Vec::new(),
        }
    }

    /// The same run under another schedule for the same variants: it goes on at the first step that takes nobody back.
    #[must_use]
    pub(crate) fn carried_over(&self, before: &Ramp, after: &Ramp, stamp: &Stamp) -> Self {
        let share = position(before, self, stamp.at).basis_points;
        let last = after.steps.len().saturating_sub(1);
        let step = after.steps.iter().position(|step| step.basis_points >= share).unwrap_or(last);
        let reached = Reached { step, since: stamp.at, event: stamp.event };
        let paused = self.paused.clone().map(|halt| Halt { at: stamp.at, ..halt });
        let started = stamp.at;
        let reached = (share > 0).then_some(reached);
        let (rolled_back, despite) = (self.rolled_back.clone(), self.despite.clone());
        Self { reached, paused, rolled_back, despite, ..Self::begin(started) }
    }

    /// When the first step begins.
    fn beginning(&self, ramp: &Ramp) -> Timestamp {
        ramp.start.map_or(self.started, |start| start.max(self.started))
    }

    /// The time by the ramp's own clock, which stands while it is paused.
    #[must_use]
    pub(crate) fn clock(&self, now: Timestamp) -> Timestamp {
        let running = self.paused.as_ref().map_or(now, |pause| now.min(pause.at));
        earlier(running, self.lost)
    }

    /// A time of the ramp's own clock as everybody's.
    fn real(&self, time: Timestamp) -> Timestamp {
        later(time, self.lost)
    }

    pub(crate) fn resume(&mut self, ramp: &Ramp, now: Timestamp) {
        if let Some(pause) = self.paused.take() {
            let stood_since = pause.at.max(self.beginning(ramp));
            self.lost += now.duration_since(stood_since).max(SignedDuration::ZERO);
            if let Why::Budget { slo } = pause.why
                && !self.despite.contains(&slo)
            {
                self.despite.push(slo);
            }
        }
    }

    fn ends(&self, hold: Hold, step: usize, since: Timestamp) -> Option<Timestamp> {
        match hold {
            Hold::For(time) => Some(later(since, time)),
            Hold::Approval | Hold::Samples(_) => {
                self.gates.iter().find(|gate| gate.step == step).map(|gate| gate.passed.max(since))
            }
        }
    }
}

/// How far a ramp is at a time.
#[must_use]
pub fn position(ramp: &Ramp, run: &RampRun, now: Timestamp) -> Position {
    let clock = run.clock(now);
    let beginning = run.beginning(ramp);
    if run.reached.is_none() && clock < beginning {
        let state = RampState::Waiting { until: beginning };
        return stopped(run, Position { step: 0, since: beginning, basis_points: 0, next: None, state });
    }
    let last = ramp.steps.len().saturating_sub(1);
    let (mut step, mut since) = match run.reached {
        Some(reached) => (reached.step.min(last), reached.since),
        None => (0, beginning),
    };
    let state = loop {
        let Some(current) = ramp.steps.get(step).filter(|_| step < last) else { break RampState::Done };
        match (run.ends(current.hold, step, since), current.hold) {
            (Some(end), _) if end <= clock => (step, since) = (step + 1, end),
            (Some(end), _) => break RampState::Holding { until: run.real(end) },
            (None, Hold::Samples(need)) => break RampState::AwaitingSamples { need },
            (None, Hold::Approval | Hold::For(_)) => break RampState::AwaitingApproval,
        }
    };
    let basis_points = ramp.steps.get(step).map_or(0, |step| step.basis_points);
    stopped(run, Position { step, since, basis_points, next: None, state })
}

/// What a pause or a rollback makes of the position that the schedule gives.
fn stopped(run: &RampRun, position: Position) -> Position {
    if let Some(halt) = &run.rolled_back {
        return Position { basis_points: 0, state: RampState::RolledBack(halt.clone()), ..position };
    }
    if let Some(halt) = &run.paused {
        return Position { state: RampState::Paused(halt.clone()), ..position };
    }
    let next = match position.state {
        RampState::Waiting { until } | RampState::Holding { until } => Some(until),
        RampState::AwaitingApproval
        | RampState::AwaitingSamples { .. }
        | RampState::Paused(_)
        | RampState::RolledBack(_)
        | RampState::Done => None,
    };
    Position { next, ..position }
}

impl Position {
    /// True if it serves its variant to everybody whom no rule matched, for good.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.state == RampState::Done && self.basis_points == Step::WHOLE
    }
}

/// True while a failing guard concerns a ramp: from its first step until the last one has been watched for long enough.
/// What is at its last step can be taken back, but no longer be paused.
#[must_use]
pub fn is_guarded(ramp: &Ramp, run: &RampRun, now: Timestamp) -> bool {
    let at = position(ramp, run, now);
    match at.state {
        RampState::Waiting { .. } | RampState::RolledBack(_) => false,
        RampState::Done => ramp.on_failure == OnFailure::RollBack && run.clock(now) < later(at.since, ramp.watched()),
        RampState::Holding { .. }
        | RampState::AwaitingApproval
        | RampState::AwaitingSamples { .. }
        | RampState::Paused(_) => true,
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}
