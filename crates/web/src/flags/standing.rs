//! How a flag stands in one environment, in a word.

use ::flags::{Definition, Flag, Rollout};
use kernel::Timestamp;
use world::World;

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
}

impl Standing {
    pub(super) fn state(self) -> State {
        match self {
            Self::Off => State::new(Tone::Quiet, "off"),
            Self::On => State::new(Tone::Good, "on"),
            Self::Share(percent) => State::new(Tone::Good, format!("on for {}", share(percent))),
            Self::Split => State::new(Tone::Good, "split"),
        }
    }

    /// Whether not everybody is treated alike.
    pub(super) fn is_partial(self) -> bool {
        match self {
            Self::Share(_) | Self::Split => true,
            Self::Off | Self::On => false,
        }
    }
}

/// `25 %`, `0.5 %`.
pub(super) fn share(percent: f64) -> String {
    format!("{percent} %")
}

/// How the flag stands there.
pub(super) fn standing(_world: &World, flag: &Flag, environment: &str, _now: Timestamp) -> Standing {
    if !flag.is_on(environment) {
        return Standing::Off;
    }
    let rollout = flag.definition.setting(environment).and_then(|setting| setting.rollout.as_ref());
    rollout.map_or(Standing::On, |rollout| of_rollout(&flag.definition, rollout))
}

fn of_rollout(definition: &Definition, rollout: &Rollout) -> Standing {
    let served = || rollout.shares.iter().filter(|share| share.weight > 0);
    let total: u64 = served().map(|share| u64::from(share.weight)).sum();
    let mut other = served().filter(|share| Some(&share.variant) != definition.off_variant.as_ref());
    match (other.next(), other.next()) {
        (Some(only), None) if u64::from(only.weight) < total => {
            let hundredths = (f64::from(only.weight) * 10_000.0 / total as f64).round();
            Standing::Share(hundredths / 100.0)
        }
        (Some(_), None) => Standing::On,
        (Some(_), Some(_)) => Standing::Split,
        (None, _) => Standing::Off,
    }
}
