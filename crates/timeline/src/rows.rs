//! Entries as rows: how they are written and read back.

use std::collections::BTreeSet;

use kernel::{Actor, CommandId, EntityRef, EventId, Sha256, Stamp, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use crate::{Entry, Head, NewEntry, StoreError, chain::sort_of, limits};

/// The columns that [`entry`] reads, in its order.
pub(crate) const COLUMNS: &str =
    "position, event, command, at, actor_sort, actor_name, reason, kind, version, subjects, body, hash";

/// The head, and the time of the entry there.
pub(crate) struct Tip {
    pub(crate) head: Head,
    pub(crate) at: Timestamp,
}

/// The single row that says where the head is.
pub(crate) fn tip(connection: &Connection) -> Result<Tip, StoreError> {
    let mut statement = connection.prepare_cached("SELECT position, hash, at FROM head")?;
    let (position, hash, at) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(Tip { head: Head { position, hash: Sha256(hash) }, at: time_of(at) })
}

/// Refuses entries that are beyond a bound.
pub(crate) fn admit(entries: &[NewEntry]) -> Result<(), StoreError> {
    StoreError::bound("entries in one append", entries.len(), limits::ENTRIES)?;
    StoreError::bound("bytes in one append", entries.iter().map(|e| e.body.len()).sum(), limits::APPEND_BYTES)?;
    for entry in entries {
        StoreError::bound("bytes in an event's body", entry.body.len(), limits::BODY_BYTES)?;
        StoreError::bound("bytes in an event's kind", entry.kind.len(), limits::KIND_BYTES)?;
        StoreError::bound("subjects of an event", entry.subjects.len(), limits::SUBJECTS)?;
        StoreError::bound("bytes in an actor's name", entry.actor.name().len(), limits::TEXT_BYTES)?;
        StoreError::bound("bytes in a reason", entry.reason.as_deref().map_or(0, str::len), limits::TEXT_BYTES)?;
        nanoseconds(entry.at)?;
    }
    Ok(())
}

/// Appends within the transaction that `connection` is in.
pub(crate) fn append(connection: &Connection, expected: u64, entries: &[NewEntry]) -> Result<Head, StoreError> {
    let Tip { mut head, mut at } = tip(connection)?;
    if head.position != expected {
        return Err(StoreError::Conflict { head });
    }
    if entries.is_empty() {
        return Ok(head);
    }
    let mut insert = Insert::prepare(connection)?;
    for new in entries {
        if new.at < at {
            return Err(StoreError::Backwards { at: new.at, previous: at });
        }
        let entry = new.clone().seal(head.position + 1, &head.hash);
        insert.entry(&entry)?;
        at = entry.stamp.at;
        head = entry.head();
    }
    let mut statement = connection.prepare_cached("UPDATE head SET position = ?1, hash = ?2, at = ?3")?;
    statement.execute(params![head.position, head.hash.0, nanoseconds(at)?])?;
    Ok(head)
}

/// The statements that write an entry.
struct Insert<'a> {
    entry: CachedStatement<'a>,
    label: CachedStatement<'a>,
    new_label: CachedStatement<'a>,
    entry_label: CachedStatement<'a>,
}

impl<'a> Insert<'a> {
    fn prepare(connection: &'a Connection) -> Result<Self, StoreError> {
        Ok(Self {
            entry: connection.prepare_cached(
                "INSERT INTO entry VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT (event) DO NOTHING",
            )?,
            label: connection.prepare_cached("SELECT id FROM label WHERE text = ?1")?,
            new_label: connection.prepare_cached("INSERT INTO label (text) VALUES (?1) RETURNING id")?,
            entry_label: connection.prepare_cached("INSERT INTO entry_label VALUES (?1, ?2)")?,
        })
    }

    fn entry(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let stamp = &entry.stamp;
        let written = self.entry.execute(params![
            stamp.position,
            stamp.event.as_bytes(),
            stamp.command.as_bytes(),
            nanoseconds(stamp.at)?,
            sort_of(&stamp.actor),
            stamp.actor.name(),
            stamp.reason,
            entry.kind,
            entry.version,
            join(&entry.subjects),
            entry.body,
            entry.hash.0,
        ])?;
        if written == 0 {
            return Err(StoreError::Unacceptable(format!("event {} was appended before", stamp.event)));
        }
        for text in labels(entry) {
            let label = self.label(&text)?;
            self.entry_label.execute(params![label, stamp.position])?;
        }
        Ok(())
    }

    /// The number that stands for a label, which is given one if it has none.
    fn label(&mut self, text: &str) -> Result<i64, StoreError> {
        if let Some(known) = self.label.query_row([text], |row| row.get(0)).optional()? {
            return Ok(known);
        }
        Ok(self.new_label.query_row([text], |row| row.get(0))?)
    }
}

/// What an entry can be found by.
pub(crate) fn labels(entry: &Entry) -> BTreeSet<String> {
    let subjects = entry.subjects.iter().map(subject_label);
    subjects.chain([kind_label(&entry.kind), actor_label(&entry.stamp.actor)]).collect()
}

/// The label of entries about `subject`.
pub(crate) fn subject_label(subject: &EntityRef) -> String {
    format!("subject {subject}")
}

/// The label of entries of `kind`; a prefix of the kind gives a prefix of the label.
pub(crate) fn kind_label(kind: &str) -> String {
    format!("kind {kind}")
}

/// The label of entries by `actor`.
pub(crate) fn actor_label(actor: &Actor) -> String {
    format!("actor {} {}", sort_of(actor), actor.name())
}

/// Reads an entry from a row with the columns of [`COLUMNS`].
pub(crate) fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let position = row.get(0)?;
    let bad = |what: &str| StoreError::corrupt_at(position, what);
    let value = |error: rusqlite::Error| StoreError::corrupt_at(position, error.to_string());
    let name = row.get(5).map_err(value)?;
    let actor = match row.get_ref(4).map_err(value)?.as_str() {
        Ok("person") => Actor::Person(name),
        Ok("token") => Actor::Token(name),
        Ok("source") => Actor::Source(name),
        Ok("mainstay") => Actor::Mainstay(name),
        Ok(_) | Err(_) => return Err(bad("the entry's actor is of no known sort")),
    };
    let stamp = Stamp {
        position,
        event: EventId::from_bytes(row.get(1).map_err(value)?),
        command: CommandId::from_bytes(row.get(2).map_err(value)?),
        at: time_of(row.get(3).map_err(value)?),
        actor,
        reason: row.get(6).map_err(value)?,
    };
    let subjects = row.get_ref(9).map_err(value)?.as_str().map_err(|_| bad("the entry's subjects are no text"))?;
    Ok(Entry {
        stamp,
        kind: row.get(7).map_err(value)?,
        version: row.get(8).map_err(value)?,
        subjects: split(subjects).map_err(|_| bad("the entry's subjects are no references"))?,
        body: row.get(10).map_err(value)?,
        hash: Sha256(row.get(11).map_err(value)?),
    })
}

/// Subjects as text. A reference has no white space in it, so lines tell them apart.
fn join(subjects: &[EntityRef]) -> String {
    subjects.iter().map(EntityRef::as_str).collect::<Vec<_>>().join("\n")
}

fn split(subjects: &str) -> Result<Vec<EntityRef>, kernel::RefError> {
    subjects.lines().map(str::parse).collect()
}

/// A time as the database has it: whole nanoseconds in 64 bits, so that it comes back as it was given.
pub(crate) fn nanoseconds(at: Timestamp) -> Result<i64, StoreError> {
    i64::try_from(at.as_nanosecond())
        .map_err(|_| StoreError::Unacceptable(format!("the time {at} is not within the years 1678 to 2261")))
}

/// The time that the database has as nanoseconds.
fn time_of(nanoseconds: i64) -> Timestamp {
    // Every count of nanoseconds in 64 bits is within jiff's range.
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::MIN)
}
