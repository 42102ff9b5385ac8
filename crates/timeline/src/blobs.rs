//! Documents under their SHA-256.

use std::collections::HashSet;

use kernel::Sha256;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{StoreError, limits, packed::Packed};

/// The digest of a blob that may be stored.
pub(crate) fn digest(blob: &[u8]) -> Result<Sha256, StoreError> {
    StoreError::bound("bytes in a blob", blob.len(), limits::BLOB_BYTES)?;
    Ok(Sha256::of(blob))
}

/// Those of which there is no blob yet.
pub(crate) fn absent(connection: &Connection, digests: &[Sha256]) -> Result<HashSet<Sha256>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT 1 FROM blob WHERE digest = ?1")?;
    let mut absent = HashSet::new();
    for digest in digests {
        if !statement.exists([digest.0])? {
            absent.insert(*digest);
        }
    }
    Ok(absent)
}

/// Stores the blob unless it is there.
pub(crate) fn put(connection: &Connection, blob: &Packed) -> Result<(), StoreError> {
    let mut statement =
        connection.prepare_cached("INSERT OR IGNORE INTO blob (digest, size, body) VALUES (?1, ?2, ?3)")?;
    statement.execute(params![blob.digest.0, blob.size, blob.body])?;
    Ok(())
}

/// See [`Store::get_blob`](crate::Store::get_blob).
pub(crate) fn get(connection: &Connection, digest: &Sha256) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT size, body FROM blob WHERE digest = ?1")?;
    let packed = statement
        .query_row([digest.0], |row| Ok(Packed { digest: *digest, size: row.get(0)?, body: row.get(1)? }))
        .optional()?;
    let Some(packed) = packed else { return Ok(None) };
    StoreError::bound("bytes in a blob", packed.size, limits::BLOB_BYTES)
        .map_err(|_| StoreError::corrupt_blob(digest, "has an impossible size"))?;
    packed.unpack().map(Some).map_err(|what| StoreError::corrupt_blob(digest, what))
}
