//! The hash chain: what an entry's hash covers, and the walk that checks it.

use kernel::{Actor, Sha256, Timestamp};

use crate::{Entry, Head, StoreError};

/// The hash of `entry` after an entry whose hash is `previous`: SHA-256 over the previous hash and every field, in the
/// order below, each preceded by its length ([`Sha256::of_parts`]). Numbers are little-endian; the time is in
/// nanoseconds since 1970; `reason` is two parts, the first of which tells whether there is one; subjects come last.
#[must_use]
pub fn hash(previous: &Sha256, entry: &Entry) -> Sha256 {
    let Entry { stamp, kind, version, subjects, body, hash: _ } = entry;
    let position = stamp.position.to_le_bytes();
    let at = stamp.at.as_nanosecond().to_le_bytes();
    let version = version.to_le_bytes();
    let has_reason = [u8::from(stamp.reason.is_some())];
    let mut parts: Vec<&[u8]> = vec![
        &previous.0,
        &position,
        stamp.event.as_bytes(),
        stamp.command.as_bytes(),
        &at,
        sort_of(&stamp.actor).as_bytes(),
        stamp.actor.name().as_bytes(),
        &has_reason,
        stamp.reason.as_deref().unwrap_or_default().as_bytes(),
        kind.as_bytes(),
        &version,
        body,
    ];
    parts.extend(subjects.iter().map(|subject| subject.as_str().as_bytes()));
    Sha256::of_parts(&parts)
}

/// The word for each sort of actor, in hashes and in the database. It must never change.
pub(crate) fn sort_of(actor: &Actor) -> &'static str {
    match actor {
        Actor::Person(_) => "person",
        Actor::Token(_) => "token",
        Actor::Source(_) => "source",
        Actor::Mainstay(_) => "mainstay",
    }
}

/// What a walk over the whole chain has found sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub events: u64,
    /// The head that they lead to.
    pub head: Head,
}

/// A walk along the chain from its beginning.
#[derive(Debug)]
pub(crate) struct Walk {
    last: Head,
    at: Timestamp,
}

impl Default for Walk {
    fn default() -> Self {
        Self { last: Head::EMPTY, at: Timestamp::MIN }
    }
}

impl Walk {
    /// Checks the next entry against the ones before it.
    pub(crate) fn step(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let expected = self.last.position + 1;
        let stamp = &entry.stamp;
        if stamp.position != expected {
            return Err(StoreError::corrupt_at(expected, "the entry is missing"));
        }
        if hash(&self.last.hash, entry) != entry.hash {
            return Err(StoreError::corrupt_at(
                expected,
                "the entry was changed after it was written: its hash differs",
            ));
        }
        if stamp.at < self.at {
            return Err(StoreError::corrupt_at(
                expected,
                "the entry's time is before that of the entry in front of it",
            ));
        }
        self.last = entry.head();
        self.at = stamp.at;
        Ok(())
    }

    /// How far the walk has come.
    pub(crate) fn position(&self) -> u64 {
        self.last.position
    }

    /// Checks that the walk has come to `head`.
    pub(crate) fn finish(self, head: Head) -> Result<Verified, StoreError> {
        if self.last == head {
            Ok(Verified { events: head.position, head })
        } else {
            Err(StoreError::corrupt_at(head.position, "the head is not the last entry's hash"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::entry;

    /// The digests were computed by another program, from the description of [`hash`]. If this fails, no timeline that there is
    /// would verify any more.
    #[test]
    fn the_hash_of_an_entry_never_changes() {
        let first = entry(1).seal(1, &Sha256::ZERO);
        let second = entry(2).seal(2, &first.hash);
        assert_eq!(first.hash.to_string(), "005e650955262862810f6bb28d69bf5e9e71837a2955e30461cbe4f073fb0b83");
        assert_eq!(second.hash.to_string(), "033a52678df84ba69d7bcb549946bcad106b74eaf56dc2d72d035fd08322f237");
    }
}
