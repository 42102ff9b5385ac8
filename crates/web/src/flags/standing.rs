//! How a flag stands in one environment, in a word.

use ::flags::{Definition, Flag, Position, RampState, Rollout};
use kernel::Timestamp;

use crate::views::{State, Tone};

/// How a flag stands in one environment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Standing {
    /// Everybody gets the off variant.
    Off,
    /// Everybody gets the default, or what a rule says.
    On,
    /// A share of users, in percent, gets something else than the off variant.
    Share(f64),
    /// Users are split over several variants.
    Split,
    /// Its ramp has not begun.
    Waiting,
    /// Its ramp stands at this share until somebody resumes.
    Paused(f64),
    /// Its ramp was taken back.
    RolledBack,
}

impl Standing {
    pub(super) fn of(flag: &Flag, environment: &str, now: Timestamp) -> Self {
        if !flag.is_on(environment) {
            return Self::Off;
        }
        if let Some(position) = flag.ramp_position(environment, now) {
            return Self::of_ramp(&position);
        }
        let rollout = flag.definition.setting(environment).and_then(|setting| setting.rollout.as_ref());
        rollout.map_or(Self::On, |rollout| Self::of_rollout(&flag.definition, rollout))
    }

    fn of_ramp(position: &Position) -> Self {
        let percent = f64::from(position.basis_points) / 100.0;
        match position.state {
            RampState::RolledBack(_) => Self::RolledBack,
            RampState::Paused(_) => Self::Paused(percent),
            RampState::Waiting { .. } => Self::Waiting,
            RampState::Holding { .. }
            | RampState::AwaitingApproval
            | RampState::AwaitingSamples { .. }
            | RampState::Done => {
                if position.is_whole() {
                    Self::On
                } else {
                    Self::Share(percent)
                }
            }
        }
    }

    fn of_rollout(definition: &Definition, rollout: &Rollout) -> Self {
        let served = || rollout.shares.iter().filter(|share| share.weight > 0);
        let total: u64 = served().map(|share| u64::from(share.weight)).sum();
        let mut other = served().filter(|share| Some(&share.variant) != definition.off_variant.as_ref());
        match (other.next(), other.next()) {
            (Some(only), None) if u64::from(only.weight) < total => Self::Share(percent(only.weight, total)),
            (Some(_), None) => Self::On,
            (Some(_), Some(_)) => Self::Split,
            (None, _) => Self::Off,
        }
    }

    pub(super) fn state(self) -> State {
        match self {
            Self::Off => State::new(Tone::Quiet, "off"),
            Self::On => State::new(Tone::Good, "on"),
            Self::Share(percent) => State::new(Tone::Good, format!("on for {}", share(percent))),
            Self::Split => State::new(Tone::Good, "split"),
            Self::Waiting => State::new(Tone::Quiet, "ramp not begun"),
            Self::Paused(percent) => State::new(Tone::Warn, format!("paused at {}", share(percent))),
            Self::RolledBack => State::new(Tone::Warn, "rolled back"),
        }
    }

    /// Whether it is on, but not for everybody.
    pub(super) fn is_partial(self) -> bool {
        match self {
            Self::Share(_) | Self::Split | Self::Waiting | Self::Paused(_) | Self::RolledBack => true,
            Self::Off | Self::On => false,
        }
    }
}

/// `25%`, `0.5%`.
pub(super) fn share(percent: f64) -> String {
    format!("{percent}%")
}

/// A weight as percent of all, with two digits after the point.
pub(super) fn percent(weight: u32, total: u64) -> f64 {
    (f64::from(weight) * 10_000.0 / total.max(1) as f64).round() / 100.0
}
