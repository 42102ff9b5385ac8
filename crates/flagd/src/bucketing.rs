//! Which bucket a user falls into: stable, spread evenly, and the same in every language that speaks flagd's format.

use serde::{Deserialize, Serialize};

/// How a bucketing value becomes a hash. A user's bucket depends on it, so a flag keeps the one that it began with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucketing {
    /// Hash of the UTF-8 text. What flagd itself and most of its SDKs do.
    #[default]
    V2,
    /// Hash of the canonical CBOR of a value of any type. What flagd's newer Python and Rust SDKs do.
    V3,
}

/// The largest sum of weights.
pub(crate) const WEIGHTS_MAX: u64 = i32::MAX as u64;

/// The bucket, from 0 to `total - 1`, of a hash: the hash's position in its own range, scaled.
pub(crate) fn bucket(hash: u32, total: u64) -> u64 {
    (u64::from(hash) * total) >> u32::BITS
}

/// MurmurHash3_x86_32 (Austin Appleby, public domain) with seed 0.
pub(crate) fn murmur3(bytes: &[u8]) -> u32 {
    let (blocks, tail) = bytes.as_chunks::<4>();
    let mut hash = 0;
    for block in blocks {
        hash = (hash ^ scramble(u32::from_le_bytes(*block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
    }
    if !tail.is_empty() {
        let rest = tail.iter().rev().fold(0, |rest, byte| (rest << 8) | u32::from(*byte));
        hash ^= scramble(rest);
    }
    hash ^= bytes.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

fn scramble(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, hash: u32) {
        assert_eq!(murmur3(text.as_bytes()), hash, "{text:?}");
    }

    #[test]
    fn the_hash_is_murmur3_x86_32_with_seed_0() {
        check("", 0);
        check("a", 0x3c25_69b2);
        check("ab", 0x9bbf_d75f);
        check("abc", 0xb3dd_93fa);
        check("abcd", 0x43ed_676a);
        check("hello", 0x248b_fa47);
        check("hello, world", 0x149b_bb7f);
        check("The quick brown fox jumps over the lazy dog", 0x2e4f_f723);
    }

    #[test]
    fn the_hashes_that_the_testbed_chose_lie_at_the_edges() {
        check("ejOoVL", 0);
        check("bY9fO-", 1);
        check("SI7p-", 0x7fff_ffff);
        check("6LvT0", 0x8000_0000);
        check("ceQdGm", 0xffff_ffff);
    }

    #[test]
    fn a_bucket_is_the_scaled_hash() {
        assert_eq!(bucket(0, 100), 0);
        assert_eq!(bucket(u32::MAX, 100), 99);
        assert_eq!(bucket(0x8000_0000, 2), 1);
        assert_eq!(bucket(u32::MAX, WEIGHTS_MAX), WEIGHTS_MAX - 1);
    }
}
