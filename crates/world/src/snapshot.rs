//! The World as bytes, so that a start need not fold the whole timeline.

use crate::World;

/// Changes whenever a snapshot of before can't be read any more; then the timeline is folded anew.
pub const SNAPSHOT_SCHEMA: u32 = 7;

/// Why a snapshot can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The World can't be written.
    #[error("the World can't be written: {0}")]
    Write(#[from] rmp_serde::encode::Error),
    /// The bytes are no World.
    #[error("the snapshot can't be read: {0}")]
    Read(#[from] rmp_serde::decode::Error),
}

impl World {
    /// The World as MessagePack with named fields.
    ///
    /// # Errors
    /// Only by a bug: everything in the World can be written.
    pub fn to_snapshot(&self) -> Result<Vec<u8>, SnapshotError> {
        Ok(rmp_serde::to_vec_named(self)?)
    }

    /// Reads what [`World::to_snapshot`] wrote.
    ///
    /// # Errors
    /// If the bytes are something else; then the timeline is folded anew.
    pub fn from_snapshot(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Ok(rmp_serde::from_slice(bytes)?)
    }
}
