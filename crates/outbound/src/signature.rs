//! Signatures by Standard Webhooks (<https://www.standardwebhooks.com>): HMAC-SHA256 over id, time and body.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::hmac;

/// The key that calls are signed with.
pub type Key = [u8; 32];

/// The key as receivers are told it.
#[must_use]
pub fn key_text(key: &Key) -> String {
    format!("whsec_{}", STANDARD.encode(key))
}

/// The value of `webhook-signature` for a call with this id at this time (in seconds since 1970).
#[must_use]
pub fn sign(key: &[u8], id: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(tag))
}
