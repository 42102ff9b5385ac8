//! What a decision is given besides the World and the command.

use std::cell::Cell;

use jiff::Timestamp;
use uuid::{Builder, Uuid};

use crate::{Actor, CommandId, TypedId};

/// The randomness that a [`Context`] makes its ids of. Two contexts with the same time and seed make the same ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdSeed(pub u128);

/// The who, when and why of one command.
///
/// `decide` has no clock and no randomness of its own: the time is [`Context::now`], and new ids come from
/// [`Context::id`], so that the same command in the same context always gives the same events.
#[derive(Debug, Clone)]
pub struct Context {
    /// When the command was taken.
    pub now: Timestamp,
    /// Who gave it.
    pub actor: Actor,
    /// Why, in the actor's own words.
    pub reason: Option<String>,
    /// The command's own id, which all its events carry.
    pub command: CommandId,
    state: Cell<u128>,
}

impl Context {
    /// A context at `now` for `actor`; `seed` must be unpredictable outside tests.
    #[must_use]
    pub fn new(now: Timestamp, actor: Actor, seed: IdSeed) -> Self {
        let state = Cell::new(seed.0);
        let command = CommandId::from(next_uuid(now, &state));
        Self { now, actor, reason: None, command, state }
    }

    /// The same context with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// The same context for a command that has an id already: one with an idempotency key, or one that follows from it.
    #[must_use]
    pub fn of_command(mut self, command: CommandId) -> Self {
        self.command = command;
        self
    }

    /// A new id. Within one context, ids are made in ascending order of nothing but chance: sort by position instead.
    #[must_use]
    pub fn id<I: TypedId>(&self) -> I {
        I::from(next_uuid(self.now, &self.state))
    }
}

fn next_uuid(now: Timestamp, state: &Cell<u128>) -> Uuid {
    let drawn = mix(state.get());
    state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let random = drawn.to_le_bytes();
    let mut tail = [0_u8; 10];
    tail.copy_from_slice(random.split_at(10).0);
    Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
}

/// Two rounds of SplitMix64's finaliser over each half: the seed's 128 bits spread over the id's 74.
fn mix(state: u128) -> u128 {
    let finalise = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let (low, high) = (state as u64, (state >> 64) as u64);
    let a = finalise(low ^ finalise(high));
    let b = finalise(high.wrapping_add(a));
    (u128::from(b) << 64) | u128::from(a)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventId;

    #[test]
    fn the_same_seed_makes_the_same_ids_and_another_seed_makes_others() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let ids = |seed| {
            let context = Context::new(now, Actor::mainstay("test"), IdSeed(seed));
            [context.id::<EventId>(), context.id(), context.id()]
        };
        assert_eq!(ids(7), ids(7));
        assert_ne!(ids(7), ids(8));
        assert_ne!(ids(7)[0], ids(7)[1]);
    }

    #[test]
    fn a_keyed_command_is_recognised_with_the_same_request_and_with_another() {
        let key = crate::Sha256::of(b"key");
        let keyed = |request: &[u8]| CommandId::keyed(&key, &crate::Sha256::of(request));
        assert_eq!(keyed(b"a"), keyed(b"a"));
        assert_ne!(keyed(b"a"), keyed(b"b"));
        let (from, to) = keyed(b"a").same_key();
        assert!((from..=to).contains(&keyed(b"b")) && keyed(b"a").is_keyed());
        let other = CommandId::keyed(&crate::Sha256::of(b"other"), &crate::Sha256::of(b"a"));
        assert!(!(from..=to).contains(&other));
    }

    #[test]
    fn ids_are_uuid_version_7_and_sort_by_time() {
        let at = |second| {
            let now = Timestamp::from_second(second).unwrap();
            Context::new(now, Actor::mainstay("test"), IdSeed(1)).id::<EventId>()
        };
        assert!(at(1_700_000_000) < at(1_700_000_001));
        assert!(at(1_700_000_000).to_string().chars().nth(14) == Some('7'));
    }
}
