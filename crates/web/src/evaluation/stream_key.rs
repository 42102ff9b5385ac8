//! What opens an event stream without a header.
//!
//! A browser sends no headers with an event stream, so the address that a bulk answer announces carries a key. It opens
//! this stream and nothing else, for as long as the token is in force, and is the same from answer to answer.

use access::Grant;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::TokenId;
use ring::hmac;

use crate::{App, vault};

const MAC_BYTES: usize = 16;
const TOKEN_BYTES: usize = 16;

/// What keys are made and known by.
#[derive(Clone)]
pub(crate) struct StreamKeys(hmac::Key);

impl StreamKeys {
    /// By the operator's key, so that they outlast a restart.
    pub(crate) fn new(vault: &vault::Key) -> Self {
        let vault = hmac::Key::new(hmac::HMAC_SHA256, vault);
        let secret = hmac::sign(&vault, b"the keys of flags' event streams");
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref()))
    }

    /// The key of the stream of what this token sees in an environment.
    pub(crate) fn key(&self, token: TokenId, environment: &str) -> String {
        let signed = [token.as_bytes().as_slice(), environment.as_bytes()].concat();
        let mac = hmac::sign(&self.0, &signed);
        let mac = mac.as_ref().iter().take(MAC_BYTES).copied();
        URL_SAFE_NO_PAD.encode(mac.chain(signed.iter().copied()).collect::<Vec<u8>>())
    }

    /// What a key opens: as whom, and in which environment.
    pub(crate) fn open(&self, key: &str, app: &App) -> Option<(Grant, String)> {
        let bytes = URL_SAFE_NO_PAD.decode(key).ok()?;
        let (mac, signed) = bytes.split_at_checked(MAC_BYTES)?;
        let ours = hmac::sign(&self.0, signed);
        // Every byte is looked at, so that the time taken says nothing about where they differ.
        let differ = ours.as_ref().iter().zip(mac).fold(0, |sum, (ours, sent)| sum | (ours ^ sent));
        let (token, environment) = signed.split_first_chunk::<TOKEN_BYTES>().filter(|_| differ == 0)?;
        let environment = std::str::from_utf8(environment).ok()?;
        let grant = app.world().access.grant_of_token(TokenId::from_bytes(*token), app.now())?;
        grant.reach.holds(environment).then(|| (grant, environment.to_owned()))
    }
}
