//! The one append-only, gapless, hash-chained log, and what is kept beside it.
//!
//! **Cast.** A [`Store`] keeps [`Entry`]s: bytes with an envelope ([`kernel::Stamp`], kind, subjects). It knows nothing
//! of event types. Beside the log it keeps what is no event: snapshots of the World, samples (one [`Sketch`] per series
//! and minute), blobs under their SHA-256, and values that the caller has sealed. [`SqliteStore`] is the store that a
//! server of its own has; the trait is small so that another database can follow, and [`conformance`] says what each must
//! do.
//!
//! **Flow.** A caller reads, decides, and appends *at the position that the decision saw*; if the log has moved on since,
//! the append is a [`StoreError::Conflict`] and the caller decides again. One writer thread takes requests from a
//! bounded queue, carries out all that wait in one transaction, commits, and then answers them all: the cost of making
//! things durable is shared by whoever writes at the same time. Readers have connections of their own and never wait for
//! the writer.
//!
//! **Promises.**
//! - What was acknowledged is on disk: it survives `kill -9` and, if the disk honours `fsync`, a power cut.
//! - An append is all or nothing. Positions are 1, 2, 3, ... without gaps, and times never go back.
//! - Each entry's hash covers the entry and the hash before it, so that [`Store::verify`] finds a changed one.
//! - One refusal harms nobody else's write, even in the same transaction.
//! - After a full disk the store works on as soon as there is room.
//! - One process at a time has a data folder open for writing; a lock on a file in it sees to that.
//!
//! **What it can't promise.** If the newest pages of SQLite's write-ahead log are damaged after a crash, SQLite falls
//! back to the newest intact commit, and nothing in the folder tells that there was a later one. A backup's head, kept
//! elsewhere, does.
//!
//! Architecture invariants: no clock, no randomness, no async; entries are never updated or deleted.

mod backup;
mod blobs;
mod chain;
pub mod conformance;
mod doctor;
mod error;
mod find;
mod folder;
mod integrity;
mod packed;
mod query;
mod reader;
mod rows;
mod samples;
mod secrets;
mod snapshots;
mod sqlite;
mod store;
mod writer;

pub use backup::{backup_folder, restore, verify_folder};
pub use chain::{Verified, hash};
pub use doctor::{Finding, doctor};
pub use error::StoreError;
pub use query::{Page, Query};
pub use samples::{NotFinite, Sample, SampleBatch, SampleRange, Sketch, add_parts};
pub use snapshots::Snapshot;
pub use sqlite::{Options, SqliteStore};
pub use store::{Entry, Head, NewEntry, Store, limits};
