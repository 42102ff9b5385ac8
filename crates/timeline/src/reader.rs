//! Reading: a few connections that can do nothing else, and the queries over the log.

use std::path::Path;
use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use kernel::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::{Entry, StoreError, limits, rows, sqlite};

/// A pool of read-only connections.
#[derive(Debug)]
pub(crate) struct Readers {
    connections: Vec<Mutex<Connection>>,
    turn: AtomicUsize,
}

impl Readers {
    /// Opens `count` connections to the file.
    pub(crate) fn open(file: &Path, count: usize) -> Result<Self, StoreError> {
        let connections = (0..count.max(1)).map(|_| connect(file).map(Mutex::new)).collect::<Result<_, _>>()?;
        Ok(Self { connections, turn: AtomicUsize::new(0) })
    }

    /// What `read` gives, all of it as of one moment.
    pub(crate) fn at_once<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let connection = self.idle()?;
        let transaction = connection.unchecked_transaction()?;
        read(&transaction)
    }

    /// A connection that nobody uses, or else the one whose turn it is, as soon as it is free.
    fn idle(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut in_turn = self.connections.iter().cycle().skip(turn % self.connections.len());
        let idle = in_turn.clone().take(self.connections.len()).find_map(|connection| connection.try_lock().ok());
        match (idle, in_turn.next()) {
            (Some(idle), _) => Ok(idle),
            (None, Some(next)) => Ok(next.lock().unwrap_or_else(PoisonError::into_inner)),
            (None, None) => Err(StoreError::Io("there is no connection for reading".to_owned())),
        }
    }
}

/// Opens the file for nothing but reading.
pub(crate) fn connect(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    sqlite::harden(&connection)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// See [`Store::read`](crate::Store::read).
pub(crate) fn read(connection: &Connection, after: u64, limit: usize) -> Result<Vec<Entry>, StoreError> {
    let sql = format!("SELECT {} FROM entry WHERE position > ?1 ORDER BY position LIMIT ?2", rows::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(params![representable(after), limit.min(limits::READ_ENTRIES)])?;
    let mut entries = Vec::new();
    let (mut position, mut bytes) = (after, 0);
    while let Some(row) = found.next()? {
        position += 1;
        let entry = rows::entry(row)?;
        if entry.stamp.position != position {
            return Err(StoreError::corrupt_at(position, "the entry is missing"));
        }
        bytes += entry.body.len();
        entries.push(entry);
        if bytes > limits::READ_BYTES {
            break;
        }
    }
    Ok(entries)
}

/// See [`Store::position_at`](crate::Store::position_at).
pub(crate) fn position_at(connection: &Connection, at: Timestamp) -> Result<u64, StoreError> {
    let Ok(at) = rows::nanoseconds(at) else {
        // Out of the range of what can be appended: before everything, or after.
        return if at < Timestamp::UNIX_EPOCH { Ok(0) } else { Ok(rows::tip(connection)?.head.position) };
    };
    let mut statement = connection
        .prepare_cached("SELECT position FROM entry WHERE at <= ?1 ORDER BY at DESC, position DESC LIMIT 1")?;
    Ok(statement.query_row([at], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// A position that came from outside, as a number that the database can have.
pub(crate) fn representable(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// The newest entry.
pub(crate) fn last(connection: &Connection) -> Result<Option<Entry>, StoreError> {
    let sql = format!("SELECT {} FROM entry ORDER BY position DESC LIMIT 1", rows::COLUMNS);
    let mut statement = connection.prepare(&sql)?;
    let mut found = statement.query([])?;
    found.next()?.map(rows::entry).transpose()
}
