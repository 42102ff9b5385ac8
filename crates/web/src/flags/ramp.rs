//! The ramp of a flag in one environment, and `POST /flags/{namespace}/{name}/ramp`, which steers it.

use std::cmp::Ordering;

use ::flags::{Flag, Halt, Hold, OnFailure, Position, Ramp, RampAction, RampState, Why};
use axum::{
    extract::{Path, State},
    response::Response,
};
use kernel::EntityRef;
use serde::Deserialize;
use world::Command;

use super::standing::share;
use crate::{
    App,
    frame::Frame,
    guard::By,
    problem::Problem,
    remark::{Done, back},
    security::csrf::PostedForm,
    show::{address, health, named},
    views::{Act, Acts, Entity, Field, Moment, State as Shown, Tone},
};

/// A ramp: where it is, or what it will do once the switch is on.
#[derive(Debug)]
pub struct RampView {
    /// `ramping`, `paused`, `rolled back`.
    pub state: Shown,
    /// What the growing share gets.
    pub variant: String,
    /// The share that it has reached, `25%`, and since when; none while the switch is off.
    pub reached: Option<(String, Moment)>,
    /// The next share, and when it comes if nobody does anything.
    pub next: Option<(String, Option<(Moment, Moment)>)>,
    /// What it waits for, or why it was stopped, if that isn't time.
    pub waits: Option<String>,
    /// The checks that must not fail meanwhile, and how each is.
    pub guards: Vec<(Entity, Shown)>,
    /// What happens if one of them does.
    pub on_failure: &'static str,
    /// The steps, in order.
    pub steps: Vec<RampStep>,
    /// Pause, resume, approve, roll back; none where the reader may not.
    pub steer: Option<Acts>,
}

/// One step of a ramp.
#[derive(Debug)]
pub struct RampStep {
    /// `25%`.
    pub share: String,
    /// How long: `for 10 min`, `until somebody approves`.
    pub hold: String,
    /// Where it stands.
    pub mark: StepMark,
}

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepMark {
    /// It is over.
    Over,
    /// The ramp is there.
    Here,
    /// It comes later.
    Later,
}

impl StepMark {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Here => "here",
            Self::Later => "later",
        }
    }

    pub(super) fn is_here(self) -> bool {
        self == Self::Here
    }

    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self::Over => Some("done"),
            Self::Here => Some("now"),
            Self::Later => None,
        }
    }
}

impl RampView {
    pub(super) fn of(frame: &Frame, flag: &Flag, environment: &str, keys: bool) -> Option<Self> {
        let ramp = flag.definition.setting(environment)?.ramp.as_ref()?;
        let position = flag.ramp_position(environment, frame.now);
        let at = position.as_ref();
        Some(Self {
            state: at.map_or_else(
                || Shown::new(Tone::Quiet, "begins when it is turned on"),
                |position| state(&position.state),
            ),
            variant: ramp.variant.clone(),
            reached: at.map(|position| (percent_of(position), Moment::clock(position.since))),
            next: at.and_then(|position| next(frame, ramp, position)),
            waits: at.and_then(|position| waits(frame, &position.state)),
            guards: ramp.guards.iter().map(|guard| (frame.entity(guard), verdict_of(frame, guard))).collect(),
            on_failure: match ramp.on_failure {
                OnFailure::RollBack => "rolls it back",
                OnFailure::Pause => "pauses it",
            },
            steps: steps(ramp, at),
            steer: at.filter(|_| frame.may_write()).and_then(|at| steer(frame, flag, environment, ramp, at, keys)),
        })
    }
}

fn percent_of(position: &Position) -> String {
    share(f64::from(position.basis_points) / 100.0)
}

/// How a guard is now; one that does not exist holds nothing.
fn verdict_of(frame: &Frame, guard: &EntityRef) -> Shown {
    let known = frame.world.checks.watch(guard).and_then(|_| health(&frame.world, guard));
    known.map_or_else(|| Shown::new(Tone::Unknown, "unknown"), |health| health.state())
}

/// The next share, and when it comes if nobody does anything.
fn next(frame: &Frame, ramp: &Ramp, position: &Position) -> Option<(String, Option<(Moment, Moment)>)> {
    if matches!(position.state, RampState::Done | RampState::RolledBack(_)) {
        return None;
    }
    let step = ramp.steps.get(position.step.saturating_add(usize::from(position.basis_points > 0)))?;
    let at = position.next.map(|at| (Moment::clock(at), frame.ago(at)));
    Some((share(step.percent()), at))
}

fn state(state: &RampState) -> Shown {
    match state {
        RampState::Waiting { .. } => Shown::new(Tone::Quiet, "not begun"),
        RampState::Holding { .. } => Shown::new(Tone::Good, "ramping"),
        RampState::AwaitingApproval => Shown::new(Tone::Warn, "waits for approval"),
        RampState::AwaitingSamples { .. } => Shown::new(Tone::Good, "waits for samples"),
        RampState::Paused(_) => Shown::new(Tone::Warn, "paused"),
        RampState::RolledBack(_) => Shown::new(Tone::Bad, "rolled back"),
        RampState::Done => Shown::new(Tone::Good, "done"),
    }
}

fn waits(frame: &Frame, state: &RampState) -> Option<String> {
    let stopped = |what: &str, halt: &Halt| {
        let who = frame.who(&halt.by).name;
        let why = match &halt.why {
            Why::ByHand => format!("by {who}"),
            Why::Guard { check } => format!("because check {} failed", frame.entity(check).name),
            Why::Budget { slo } => format!("because the error budget of {} was used up", frame.entity(slo).name),
        };
        format!("{what} {} {why}", frame.ago(halt.at).text())
    };
    match state {
        RampState::AwaitingApproval => Some("when somebody approves".to_owned()),
        RampState::AwaitingSamples { need } => Some(format!("after {need} evaluations at this step")),
        RampState::Paused(halt) => Some(stopped("when somebody resumes it: paused", halt)),
        RampState::RolledBack(halt) => Some(stopped("rolled back", halt)),
        RampState::Waiting { .. } | RampState::Holding { .. } | RampState::Done => None,
    }
}

fn steps(ramp: &Ramp, position: Option<&Position>) -> Vec<RampStep> {
    let last = ramp.steps.len().saturating_sub(1);
    let has_begun =
        |position: &&Position| !matches!(position.state, RampState::Waiting { .. } | RampState::RolledBack(_));
    let here = position.filter(has_begun).map(|position| position.step);
    let mark = |at: usize| match here.map(|here| at.cmp(&here)) {
        Some(Ordering::Less) => StepMark::Over,
        Some(Ordering::Equal) => StepMark::Here,
        Some(Ordering::Greater) | None => StepMark::Later,
    };
    let steps = ramp.steps.iter().enumerate().map(|(at, step)| RampStep {
        share: share(step.percent()),
        hold: if at == last { "from then on".to_owned() } else { hold(step.hold) },
        mark: mark(at),
    });
    steps.collect()
}

/// `for 10m`, `until somebody approves`.
pub(super) fn hold(hold: Hold) -> String {
    match hold {
        Hold::For(time) => format!("for {time:#}"),
        Hold::Approval => "until somebody approves".to_owned(),
        Hold::Samples(count) => format!("until {count} evaluations"),
    }
}

/// What may be done to it now; nothing if it is over.
fn steer(frame: &Frame, flag: &Flag, environment: &str, ramp: &Ramp, position: &Position, keys: bool) -> Option<Acts> {
    let key = |key: char| keys.then_some(key);
    let roll_back = || Act::new("rollback", "Roll back").key(key('b'));
    let pause = || Act::new("pause", "Pause").key(key('p'));
    let acts = match &position.state {
        RampState::Waiting { .. } => vec![pause()],
        RampState::Holding { .. } | RampState::AwaitingSamples { .. } => vec![pause(), roll_back()],
        RampState::AwaitingApproval => {
            let next = ramp.steps.get(position.step.saturating_add(1)).map(|step| share(step.percent()));
            let label = format!("Go on to {}", next.unwrap_or_default());
            vec![Act::new("approve", label).main().key(key('a')), pause(), roll_back()]
        }
        RampState::Paused(_) => vec![Act::new("resume", "Resume").key(key('p')), roll_back()],
        RampState::RolledBack(_) => vec![Act::new("restart", "Start it again").key(key('p'))],
        RampState::Done => return None,
    };
    let reason = Field::line("reason", "Reason", "").id(format!("ramp-reason-{environment}"));
    let hidden = [("environment", environment.to_owned()), ("step", position.step.to_string())];
    let hidden = hidden.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Some(Acts { hidden, ..frame.acts(format!("{}/ramp", address(&flag.definition.flag)), vec![reason], acts) })
}

/// Where, what, and why.
#[derive(Debug, Deserialize)]
pub struct Steer {
    environment: String,
    act: Steering,
    step: usize,
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Steering {
    Pause,
    Resume,
    Approve,
    Rollback,
    Restart,
}

/// Steers it and goes back to the flag's screen.
pub async fn steer_it(
    State(app): State<App>,
    by: By,
    Path((namespace, name)): Path<(String, String)>,
    PostedForm(Steer { environment, act, step, reason }): PostedForm<Steer>,
) -> Result<Response, Problem> {
    let flag = named("flag", &namespace, &name)?;
    let screen = address(&flag);
    let action = match act {
        Steering::Pause => RampAction::Pause { why: Why::ByHand },
        Steering::Resume => RampAction::Resume,
        Steering::Approve => RampAction::Approve { step },
        Steering::Rollback => RampAction::RollBack { why: Why::ByHand },
        Steering::Restart => RampAction::Restart,
    };
    let command = Command::Flags(::flags::Command::Ramp { flag, environment, action });
    let receipt = app.submit(by.request(command, reason.as_deref(), None)?).await?;
    Ok(back(&screen, if receipt.recorded.is_empty() { Done::Nothing } else { Done::Steered }))
}
