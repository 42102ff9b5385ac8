//! Whether a file is what was written: each part of the question apart, from the cheapest to the dearest.

use std::hash::{BuildHasher as _, RandomState};

use rusqlite::Connection;

use crate::{Head, StoreError, Verified, chain, limits, reader, rows};

/// "Mstl": marks the file as ours (SQLite's `application_id`).
pub(crate) const APPLICATION: i32 = 0x4d73_746c;
/// The newest schema that this version knows (SQLite's `user_version`).
pub(crate) const SCHEMA_VERSION: u32 = 2;
/// The oldest that it reads; a store that is opened for writing is brought to the newest.
pub(crate) const SCHEMA_VERSION_MIN: u32 = 1;

/// Refuses files that are not ours or newer than we are.
pub(crate) fn header(connection: &Connection) -> Result<(), StoreError> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION {
        return Err(StoreError::corrupt("the file is not a timeline, but another program's database"));
    }
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match found {
        SCHEMA_VERSION_MIN..=SCHEMA_VERSION => Ok(()),
        0 => Err(StoreError::corrupt("the file has no schema version")),
        found => Err(StoreError::TooNew { found, known: SCHEMA_VERSION }),
    }
}

/// Refuses a timeline whose head is not its last entry: the cheapest sign that a part of the file is older than another.
pub(crate) fn head(connection: &Connection) -> Result<(), StoreError> {
    let head = rows::tip(connection)?.head;
    let last = reader::last(connection)?.map_or(Head::EMPTY, |entry| entry.head());
    if last == head {
        return Ok(());
    }
    let what = format!("the head is at position {}, but the last entry is at {}", head.position, last.position);
    Err(StoreError::corrupt_at(head.position.min(last.position), what))
}

/// SQLite's own check of its pages, tables and constraints.
pub(crate) fn structure(connection: &Connection) -> Result<(), StoreError> {
    let says: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if says == "ok" { Ok(()) } else { Err(StoreError::corrupt(says)) }
}

/// The whole chain, and that the search finds each entry by just the labels that it has.
pub(crate) fn entries(connection: &Connection) -> Result<Verified, StoreError> {
    // As of one moment, while a server goes on appending.
    let connection = &*connection.unchecked_transaction()?;
    let mut walk = chain::Walk::default();
    let mut expected = Fingerprint::default();
    loop {
        let entries = reader::read(connection, walk.position(), limits::READ_ENTRIES)?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            walk.step(entry)?;
            rows::labels(entry).iter().for_each(|label| expected.add(label, walk.position()));
        }
    }
    let verified = walk.finish(rows::tip(connection)?.head)?;
    let mut actual = Fingerprint { sum: 0, ..expected };
    let mut statement = connection
        .prepare("SELECT label.text, position FROM entry_label JOIN label ON label.id = entry_label.label")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        actual.add(row.get_ref(0)?.as_str().map_err(|error| StoreError::corrupt(error.to_string()))?, row.get(1)?);
    }
    if actual.sum == expected.sum {
        return Ok(verified);
    }
    Err(StoreError::corrupt("the index that searches go by differs from the entries, which are sound"))
}

/// All of it.
pub(crate) fn everything(connection: &Connection) -> Result<Verified, StoreError> {
    header(connection)?;
    structure(connection)?;
    entries(connection)
}

/// Tells two sets of labelled positions apart, in whatever order they come: by the sum of their hashes.
#[derive(Default, Clone)]
struct Fingerprint {
    sum: u64,
    hasher: RandomState,
}

impl Fingerprint {
    fn add(&mut self, label: &str, position: u64) {
        self.sum = self.sum.wrapping_add(self.hasher.hash_one((label, position)));
    }
}
