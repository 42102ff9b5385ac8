//! Time and randomness.

use kernel::{IdSeed, Timestamp};
use ring::rand::{SecureRandom, SystemRandom};

/// Where the loop has its time and its randomness from.
pub trait Clock: Send + Sync {
    /// What time it is.
    fn now(&self) -> Timestamp;
    /// Randomness for one command's ids.
    fn seed(&self) -> IdSeed;
}

/// The machine's clock and randomness.
#[derive(Debug)]
pub struct SystemClock {
    random: SystemRandom,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { random: SystemRandom::new() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn seed(&self) -> IdSeed {
        let mut bytes = [0_u8; 16];
        // Without randomness ids still differ by their time and are refused by the store if they ever don't.
        if self.random.fill(&mut bytes).is_err() {
            tracing::error!("the operating system gave no randomness");
        }
        IdSeed(u128::from_le_bytes(bytes))
    }
}
