//! Connections, and what is said on them.
//!
//! **Cast.** [`dial`] finds an address that may be asked and connects; [`tls`] shakes hands and looks at the
//! certificate; [`http`] asks over the connection, and follows redirects.
//!
//! **Invariants.** Every connection is new and is resolved, connected and shaken hands on like a new visitor's; the
//! policy is applied to the address that is connected to.

pub(crate) mod certificate;
pub(crate) mod dial;
pub(crate) mod http;
pub(crate) mod line;
pub(crate) mod tls;

use std::net::IpAddr;

/// Why a run got no answer to judge.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("the address is not one: {0}")]
    Address(String),
    #[error("{0} {1}")]
    Refused(IpAddr, &'static str),
    #[error("the name {0} can't be resolved: {1}")]
    Unresolved(String, String),
    #[error("the name {0} has no address{1}")]
    NoAddress(String, &'static str),
    #[error("can't connect: {0}")]
    Connect(String),
    #[error("the request failed: {0}")]
    Request(String),
    #[error("the answer broke off: {0}")]
    BrokeOff(String),
    #[error("redirected more than {0} times")]
    TooManyRedirects(u8),
    #[error("redirected to {0}, which is not a web address")]
    RedirectedAway(String),
    #[error("redirected to {0}, another site, to which the secret in the body is not sent")]
    SecretAway(String),
    #[error("the check's text {0}")]
    Template(#[from] checks::template::TemplateError),
    #[error(transparent)]
    NoRandom(#[from] crate::values::NoRandom),
    #[error("{0} can't be run: {1}")]
    Program(String, String),
    #[error("the header {0} can't be sent")]
    Header(String),
    /// An answer came, and is not what the protocol says.
    #[error("{0}")]
    Answer(String),
    /// Nothing was asked: this machine doesn't let the probe.
    #[error("{0}")]
    Unable(String),
}

/// The error in the words of its root cause: the layers above it say where in our own code it was found.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
