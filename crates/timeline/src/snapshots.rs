//! Snapshots of the World: what spares replaying the whole log. They can all be lost without harm.

use std::collections::BTreeSet;

use kernel::Sha256;
use rusqlite::{Connection, Row, params};

use crate::{StoreError, limits, packed::Packed, reader::representable, rows};

/// The World as of one position, encoded by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Which encoding the body has: a reader asks for the one that it knows.
    pub schema: u32,
    /// The last position that the body has folded in.
    pub position: u64,
    /// The World.
    pub body: Vec<u8>,
}

pub(crate) struct PackedSnapshot {
    schema: u32,
    position: u64,
    body: Packed,
}

pub(crate) fn pack(snapshot: &Snapshot) -> Result<PackedSnapshot, StoreError> {
    StoreError::bound("bytes in a snapshot", snapshot.body.len(), limits::SNAPSHOT_BYTES)?;
    let Snapshot { schema, position, body } = snapshot;
    Ok(PackedSnapshot { schema: *schema, position: *position, body: Packed::new(body)? })
}

/// See [`Store::save_snapshot`](crate::Store::save_snapshot).
pub(crate) fn save(connection: &Connection, snapshot: &PackedSnapshot) -> Result<(), StoreError> {
    let PackedSnapshot { schema, position, body } = snapshot;
    let head = rows::tip(connection)?.head.position;
    if *position > head {
        return Err(StoreError::Unacceptable(format!(
            "a snapshot at position {position}, ahead of the head at {head}"
        )));
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO snapshot (schema, position, digest, size, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![schema, position, body.digest.0, body.size, body.body])?;
    prune(connection, *schema)
}

fn prune(connection: &Connection, schema: u32) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached("SELECT position FROM snapshot WHERE schema = ?1")?;
    let positions = statement.query_map([schema], |row| row.get(0))?.collect::<Result<BTreeSet<u64>, _>>()?;
    let mut delete = connection.prepare_cached("DELETE FROM snapshot WHERE schema = ?1 AND position = ?2")?;
    for position in superfluous(&positions) {
        delete.execute(params![schema, position])?;
    }
    connection
        .prepare_cached(
            "DELETE FROM snapshot WHERE schema <> ?1 AND position < (SELECT max(position) FROM snapshot AS newer
             WHERE newer.schema = snapshot.schema)",
        )?
        .execute([schema])?;
    Ok(())
}

/// Which of these positions need no snapshot any more: besides the newest, the oldest stays of those whose distance to it has
/// the same number of binary digits. So there are at most 65, and as a snapshot ages its neighbours go before it does.
fn superfluous(positions: &BTreeSet<u64>) -> Vec<u64> {
    let Some(newest) = positions.last() else { return Vec::new() };
    let digits = |position: &u64| u64::BITS - (newest - position).leading_zeros();
    let mut kept = BTreeSet::new();
    positions.iter().copied().filter(|position| !kept.insert(digits(position))).collect()
}

/// See [`Store::snapshot_before`](crate::Store::snapshot_before).
pub(crate) fn newest(connection: &Connection, schema: u32, position: u64) -> Result<Option<Snapshot>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT position, digest, size, body FROM snapshot WHERE schema = ?1 AND position <= ?2 ORDER BY position DESC",
    )?;
    let mut found = statement.query(params![schema, representable(position)])?;
    while let Some(row) = found.next()? {
        let position = row.get(0)?;
        match unpack(packed(row)?) {
            Ok(body) => return Ok(Some(Snapshot { schema, position, body })),
            Err(what) => {
                tracing::warn!(
                    mainstay.timeline.position = position,
                    error.message = what,
                    "a snapshot was passed over"
                );
            }
        }
    }
    Ok(None)
}

/// The position of each snapshot, whatever its schema, and whether it is sound.
pub(crate) fn all(connection: &Connection) -> Result<Vec<(u64, bool)>, StoreError> {
    let mut statement = connection.prepare("SELECT position, digest, size, body FROM snapshot")?;
    let mut found = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        all.push((row.get(0)?, unpack(packed(row)?).is_ok()));
    }
    Ok(all)
}

fn packed(row: &Row<'_>) -> Result<Packed, StoreError> {
    Ok(Packed { digest: Sha256(row.get(1)?), size: row.get(2)?, body: row.get(3)? })
}

fn unpack(packed: Packed) -> Result<Vec<u8>, &'static str> {
    if packed.size > limits::SNAPSHOT_BYTES { Err("has an impossible size") } else { packed.unpack() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_thin_out_as_they_age_and_the_newest_two_stay() {
        let mut positions = BTreeSet::new();
        for position in (100..=100_000).step_by(100) {
            positions.insert(position);
            for old in superfluous(&positions) {
                positions.remove(&old);
            }
            let newest_two: Vec<u64> = positions.iter().rev().take(2).copied().collect();
            assert_eq!(newest_two.first(), Some(&position));
            assert!(newest_two.get(1).is_none_or(|second| position - second <= 200), "{positions:?}");
            assert!(positions.len() <= 20, "{positions:?}");
        }
        assert_eq!(positions.first(), Some(&100));
    }
}
