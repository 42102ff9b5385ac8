//! What else must hold of an answer.

use serde::{Deserialize, Serialize};

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// Of what.
    pub of: Subject,
    /// What must hold of it.
    pub is: Relation,
}

/// What an assertion is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The HTTP status, or a plugin's exit code.
    Status,
    /// A header's value, by name; several of the same name are joined by a comma.
    Header(String),
    /// The body as text: of an HTTP answer, a WebSocket's message, what a TCP server said, a plugin's text.
    Body,
    /// What a JSONPath (RFC 9535) selects: one node's value, or several as a JSON array.
    Json(String),
    /// The length of what it selects: the items of an array, keys of an object, characters of a text.
    JsonLength(String),
    /// The body's size in bytes.
    BodySize,
    /// How long the run took, in milliseconds.
    ResponseTime,
    /// How long one phase took, summed over redirects, in milliseconds.
    PhaseTime(Phase),
    /// Days until the first certificate of the chain ends.
    CertificateDays,
    /// The version of TLS, such as `1.3`; empty without TLS.
    TlsVersion,
    /// The version of HTTP, such as `1.1` or `2`.
    HttpVersion,
    /// The address that answered.
    Address,
    /// Whether a connection could be made: `true` or `false`.
    Connected,
    /// The response code of a name server, such as `NOERROR`.
    Rcode,
    /// The records of a name server's answer, one a line.
    Answer,
    /// Echo requests without an answer, in percent.
    Loss,
}

/// What must hold. Both sides are compared as numbers where both are, else as texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It is this.
    Equals(String),
    /// It is not this, or isn't there.
    NotEquals(String),
    /// It is one of these.
    OneOf(Vec<String>),
    /// It is none of these.
    NoneOf(Vec<String>),
    /// It is a number below this.
    LessThan(String),
    /// It is a number of at most this.
    AtMost(String),
    /// It is a number above this.
    GreaterThan(String),
    /// It is a number of at least this.
    AtLeast(String),
    /// It contains this text.
    Contains(String),
    /// It does not contain it.
    NotContains(String),
    /// A part of it matches this pattern (the syntax of the `regex` crate).
    Matches(String),
    /// No part of it does, or it isn't there.
    NotMatches(String),
    /// It is there.
    Exists,
    /// It is not.
    Missing,
}

/// The phases of a run. What one is called is what blackbox_exporter calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Finding the name's addresses.
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// From the request to the first byte of the answer.
    Processing,
    /// From the first byte to the last.
    Transfer,
}

impl Phase {
    /// Every phase, in the order in which they come.
    pub const ALL: [Self; 5] = [Self::Resolve, Self::Connect, Self::Tls, Self::Processing, Self::Transfer];

    /// The phase's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Processing => "processing",
            Self::Transfer => "transfer",
        }
    }
}
