//! The key that webhooks are signed with. It follows from the operator's key, so that it needs no keeping of its own.

use ring::hmac;

use crate::App;

/// The key of this server.
#[must_use]
pub fn key(app: &App) -> [u8; 32] {
    key_of(&app.settings().vault_key)
}

/// The key of the server with this vault key.
#[must_use]
pub fn key_of(vault_key: &crate::vault::Key) -> [u8; 32] {
    let operator = hmac::Key::new(hmac::HMAC_SHA256, vault_key);
    let tag = hmac::sign(&operator, b"mainstay webhooks, version 1");
    let mut key = [0; 32];
    key.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
    key
}
