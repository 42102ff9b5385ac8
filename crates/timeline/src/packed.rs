//! Bytes as they lie in the database: compressed where that helps, with the digest that they are checked against.

use kernel::Sha256;

use crate::StoreError;

/// zstd's default: level 3 compresses about as fast as a disk writes.
const LEVEL: i32 = 3;

/// Bytes ready to be stored.
pub(crate) struct Packed {
    /// Of the bytes before they were compressed.
    pub(crate) digest: Sha256,
    /// Of the bytes before they were compressed.
    pub(crate) size: usize,
    /// zstd if that is shorter than `size`, else the bytes themselves.
    pub(crate) body: Vec<u8>,
}

impl Packed {
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, StoreError> {
        let compressed = zstd::bulk::compress(bytes, LEVEL)?;
        let body = if compressed.len() < bytes.len() { compressed } else { bytes.to_vec() };
        Ok(Self { digest: Sha256::of(bytes), size: bytes.len(), body })
    }

    /// The bytes, or what is wrong with them.
    pub(crate) fn unpack(self) -> Result<Vec<u8>, &'static str> {
        let bytes = if self.body.len() < self.size {
            zstd::bulk::decompress(&self.body, self.size).map_err(|_| "can't be decompressed")?
        } else {
            self.body
        };
        if Sha256::of(&bytes) == self.digest { Ok(bytes) } else { Err("is not what was stored: its digest differs") }
    }
}
