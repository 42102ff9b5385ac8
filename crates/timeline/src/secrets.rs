//! Values that the caller has sealed, beside the log and never on it.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{StoreError, limits};

pub(crate) fn admit(name: &str, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    StoreError::bound("bytes in a sealed value's name", name.len(), limits::NAME_BYTES)?;
    StoreError::bound("bytes in a sealed value", sealed.map_or(0, <[u8]>::len), limits::SECRET_BYTES)
}

/// See [`Store::put_secret`](crate::Store::put_secret).
pub(crate) fn put(connection: &Connection, name: &str, sealed: Option<&[u8]>) -> Result<(), StoreError> {
    match sealed {
        Some(sealed) => connection
            .prepare_cached("INSERT OR REPLACE INTO secret (name, sealed) VALUES (?1, ?2)")?
            .execute(params![name, sealed])?,
        None => connection.prepare_cached("DELETE FROM secret WHERE name = ?1")?.execute([name])?,
    };
    Ok(())
}

/// See [`Store::get_secret`](crate::Store::get_secret).
pub(crate) fn get(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT sealed FROM secret WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
