//! What a store is: its nouns and its verbs.

use std::path::Path;

use kernel::{Actor, CommandId, EntityRef, EventId, Sha256, Stamp, Timestamp};

use crate::{Page, Query, Sample, SampleBatch, SampleRange, Snapshot, StoreError, Verified, chain};

/// How much of everything a store takes; beyond a bound the answer is [`StoreError::Unacceptable`].
pub mod limits {
    /// Bytes of one entry's body.
    pub const BODY_BYTES: usize = 1 << 20;
    /// Bytes of an entry's kind.
    pub const KIND_BYTES: usize = 100;
    /// Bytes of an entry's reason, and of an actor's name.
    pub const TEXT_BYTES: usize = 16 << 10;
    /// Subjects of one entry.
    pub const SUBJECTS: usize = 64;
    /// Entries of one append.
    pub const ENTRIES: usize = 100_000;
    /// Bytes of the bodies of one append.
    pub const APPEND_BYTES: usize = 256 << 20;
    /// Bytes of one blob.
    pub const BLOB_BYTES: usize = 64 << 20;
    /// Bytes of one snapshot before it is compressed.
    pub const SNAPSHOT_BYTES: usize = 1 << 30;
    /// Bytes of a sealed value.
    pub const SECRET_BYTES: usize = 1 << 20;
    /// Bytes of a series' name and of a sealed value's name.
    pub const NAME_BYTES: usize = 512;
    /// Batches of one call that adds samples.
    pub const SAMPLE_BATCHES: usize = 10_000;
    /// Parts that a batch of samples may be made of.
    pub const SAMPLE_PARTS: usize = 16;
    /// Points of one answer with samples.
    pub const SAMPLE_POINTS: u64 = 10_000;
    /// Entries of one read; asking for more gives as many.
    pub const READ_ENTRIES: usize = 10_000;
    /// Bytes of the bodies of one read, after which it stops early.
    pub const READ_BYTES: usize = 16 << 20;
    /// Entries of one page of a search; asking for more gives as many.
    pub const PAGE_ENTRIES: usize = 500;
    /// Entries that one page of a search looks at before it answers with what it has.
    pub const PAGE_SCAN: usize = 20_000;
}

/// An event that is to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The event's id; each may be appended once.
    pub id: EventId,
    /// The command that caused it.
    pub command: CommandId,
    /// When it was decided: not before the head's time, and within the years 1678 to 2261.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// Why, in the actor's words.
    pub reason: Option<String>,
    /// What sort of event, such as `flags.turned_on`.
    pub kind: String,
    /// The version of the body's shape.
    pub version: u16,
    /// What the event is about, most specific first.
    pub subjects: Vec<EntityRef>,
    /// The event, encoded by the caller.
    pub body: Vec<u8>,
}

impl NewEntry {
    /// The entry that this becomes at `position`, after the entry whose hash is `previous`.
    #[must_use]
    pub fn seal(self, position: u64, previous: &Sha256) -> Entry {
        let stamp = Stamp {
            position,
            event: self.id,
            command: self.command,
            at: self.at,
            actor: self.actor,
            reason: self.reason,
        };
        let Self { kind, version, subjects, body, .. } = self;
        let mut entry = Entry { stamp, kind, version, subjects, body, hash: Sha256::ZERO };
        entry.hash = chain::hash(previous, &entry);
        entry
    }
}

/// An event on the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where, who, when and why.
    pub stamp: Stamp,
    /// What sort of event, such as `flags.turned_on`.
    pub kind: String,
    /// The version of the body's shape.
    pub version: u16,
    /// What the event is about, most specific first.
    pub subjects: Vec<EntityRef>,
    /// The event, as the caller encoded it.
    pub body: Vec<u8>,
    /// The hash over the entry and the hash of the entry before: see [`hash`](crate::hash).
    pub hash: Sha256,
}

impl Entry {
    /// The head of the log while this is its newest entry.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { position: self.stamp.position, hash: self.hash }
    }
}

/// The newest entry's position and hash; all later history depends on the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The position, or 0 while the log is empty.
    pub position: u64,
    /// The hash, or zeros while the log is empty.
    pub hash: Sha256,
}

impl Head {
    /// The head of an empty log.
    pub const EMPTY: Self = Self { position: 0, hash: Sha256::ZERO };
}

/// A timeline and what is kept beside it. Every write is durable when the verb returns, and all of it or none happened.
pub trait Store: Send + Sync {
    /// The head of what was committed.
    ///
    /// # Errors
    /// If the store can't be read.
    fn head(&self) -> Result<Head, StoreError>;

    /// Appends `entries`, which were decided when the head was at `expected`. All or none are appended, at the positions
    /// `expected + 1` onwards. Without entries, it only checks the head.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the head is elsewhere; [`StoreError::Backwards`] if a time is before the one in front of
    /// it; [`StoreError::Unacceptable`] beyond a bound of [`limits`] or for an event id that was appended before; and
    /// whatever keeps a store from writing.
    fn append(&self, expected: u64, entries: Vec<NewEntry>) -> Result<Head, StoreError>;

    /// The entries after position `after`, ascending: at most `limit`, and fewer if they are large. None means that there
    /// are none.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the position that can't be read.
    fn read(&self, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError>;

    /// A page of the entries that match `query`, newest first. [`Page::next`] continues; a page can be short, even empty,
    /// and still have a next one, since the work for one page is bounded.
    ///
    /// # Errors
    /// If the store can't be read.
    fn find(&self, query: &Query) -> Result<Page, StoreError>;

    /// The last position whose time is `at` or before; 0 if there is none.
    ///
    /// # Errors
    /// If the store can't be read.
    fn position_at(&self, at: Timestamp) -> Result<u64, StoreError>;

    /// Keeps a snapshot, which replaces one of the same schema and position. Of the older ones, the newest stays, then one for
    /// each doubling of the distance; of other schemas, only the newest.
    ///
    /// # Errors
    /// [`StoreError::Unacceptable`] if it is ahead of the head or too large.
    fn save_snapshot(&self, snapshot: Snapshot) -> Result<(), StoreError>;

    /// The newest sound snapshot of `schema` at `position` or before. A damaged one is passed over with a warning: the log
    /// has everything that it had.
    ///
    /// # Errors
    /// If the store can't be read.
    fn snapshot_before(&self, schema: u32, position: u64) -> Result<Option<Snapshot>, StoreError>;

    /// Stores each blob under its SHA-256, once, and returns these in order.
    ///
    /// # Errors
    /// [`StoreError::Unacceptable`] if one is too large.
    fn put_blobs(&self, blobs: &[Vec<u8>]) -> Result<Vec<Sha256>, StoreError>;

    /// The blob with this digest, checked against it; or `None`.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] names the digest if the bytes are not what was stored.
    fn get_blob(&self, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError>;

    /// Merges each batch into its series and minute. It is not idempotent: a batch that is added twice counts twice.
    ///
    /// # Errors
    /// [`StoreError::Unacceptable`] beyond a bound of [`limits`].
    fn add_samples(&self, batches: Vec<SampleBatch>) -> Result<(), StoreError>;

    /// The samples of a range, one for each step that has any, ascending.
    ///
    /// # Errors
    /// [`StoreError::Unacceptable`] if the range has more than [`limits::SAMPLE_POINTS`] steps.
    fn samples(&self, range: &SampleRange) -> Result<Vec<Sample>, StoreError>;

    /// Deletes the samples of all minutes before `minute`, of all series; returns how many minutes these were.
    ///
    /// # Errors
    /// If the store can't be written.
    fn prune_samples(&self, minute: i64) -> Result<u64, StoreError>;

    /// Keeps `sealed` under `name`, or forgets the name if it is `None`. The store never looks into the bytes: whoever
    /// calls has encrypted them.
    ///
    /// # Errors
    /// [`StoreError::Unacceptable`] if it is too large.
    fn put_secret(&self, name: &str, sealed: Option<&[u8]>) -> Result<(), StoreError>;

    /// The sealed bytes under `name`.
    ///
    /// # Errors
    /// If the store can't be read.
    fn get_secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes a copy of everything, as of one moment, to the new file `to`, while reading and writing go on; then verifies
    /// the copy. The file appears under its name only when it is complete.
    ///
    /// # Errors
    /// If `to` exists or can't be written, or if the copy doesn't verify.
    fn backup(&self, to: &Path) -> Result<Verified, StoreError>;

    /// Shows every entry after position `after` to `visit`, ascending, up to the head at the time of the call. It holds no
    /// lock and no connection while `visit` runs.
    ///
    /// # Errors
    /// The first error of the store or of `visit`.
    fn for_each(&self, after: u64, visit: &mut dyn FnMut(Entry) -> Result<(), StoreError>) -> Result<Head, StoreError> {
        let head = self.head()?;
        let mut after = after;
        while after < head.position {
            let wanted = usize::try_from(head.position - after).unwrap_or(usize::MAX);
            let entries = self.read(after, wanted.min(limits::READ_ENTRIES))?;
            let Some(last) = entries.last() else {
                return Err(StoreError::corrupt_at(after + 1, "the entry is missing"));
            };
            after = last.stamp.position;
            entries.into_iter().try_for_each(&mut *visit)?;
        }
        Ok(head)
    }

    /// Walks the whole chain up to the head: positions without gaps, times that never go back, and every hash. `progress`
    /// is told each position that is sound.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] with the first bad position and what is wrong there.
    fn verify(&self, progress: &mut dyn FnMut(u64)) -> Result<Verified, StoreError> {
        let mut walk = chain::Walk::default();
        let head = self.for_each(0, &mut |entry| {
            walk.step(&entry)?;
            progress(entry.stamp.position);
            Ok(())
        })?;
        walk.finish(head)
    }
}
