//! Time that passes only when it is told to.

use std::sync::{Mutex, MutexGuard, PoisonError};

use engine::Clock;
use jiff::SignedDuration;
use kernel::{IdSeed, Timestamp};

use crate::dice::Dice;

/// Where every simulation begins: a Monday morning.
const BEGIN_S: i64 = 1_793_000_000;

/// When every simulation begins.
pub(crate) fn begin() -> Timestamp {
    Timestamp::from_second(BEGIN_S).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// When a simulation with people on call begins: on that Monday, or an hour before the clocks change in Europe or America.
pub(crate) fn begin_on_call(seed: u64) -> Timestamp {
    const AUTUMN_S: i64 = 1_792_886_400;
    const SPRING_S: i64 = 1_806_192_000;
    const AMERICA_S: i64 = 1_793_508_300;
    let begin_s = match seed % 6 {
        0 => AUTUMN_S,
        1 => SPRING_S,
        2 => AMERICA_S,
        _ => BEGIN_S,
    };
    Timestamp::from_second(begin_s).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A clock that stands still until it is moved, forwards or backwards, and that makes ids from a seed.
#[derive(Debug)]
pub(crate) struct VirtualClock {
    state: Mutex<(Timestamp, Dice)>,
}

impl VirtualClock {
    pub(crate) fn new(seed: u64) -> Self {
        Self::beginning(begin(), seed)
    }

    /// One that begins at another time.
    pub(crate) fn beginning(at: Timestamp, seed: u64) -> Self {
        Self { state: Mutex::new((at, Dice::new(!seed))) }
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut state = self.state();
        state.0 = state.0.checked_add(by).unwrap_or(state.0);
    }

    fn state(&self) -> MutexGuard<'_, (Timestamp, Dice)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.state().0
    }

    fn seed(&self) -> IdSeed {
        let dice = &mut self.state().1;
        IdSeed(u128::from(dice.next()) << 64 | u128::from(dice.next()))
    }
}
