//! What changed between two definitions of an API, and whom that breaks.
//!
//! The cast: [`openapi::compare`] reads two OpenAPI documents and names each difference with the rule id that oasdiff
//! gives it; [`protobuf::compare`] does the same for two sets of protobuf files in buf's words. A [`Change`] says where it
//! is, how bad it is ([`Level`]) and what it means, in one sentence.
//!
//! Architecture invariants: pure; hostile input is bounded in size, depth and count; what can't be resolved is said, never
//! guessed.

pub mod openapi;
pub mod protobuf;

use serde::{Deserialize, Serialize};

/// How bad a change is for those who use the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Nobody is broken by it.
    Compatible,
    /// It may break those who rely on it.
    Risky,
    /// It breaks those who rely on it.
    Breaking,
}

/// One difference between two definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The rule, in oasdiff's or buf's words: `api-path-removed-without-deprecation`, `FIELD_NO_DELETE`.
    pub rule: String,
    /// How bad it is.
    pub level: Level,
    /// The operation that it is about: `GET /orders/{id}`, or `orders.v1.Orders/Get`; none where it is about no single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// Where in the definition: a path of names, such as `response 200 body /items/price`, or `orders.v1.Order.price`.
    pub place: String,
    /// What it means, in one sentence.
    pub text: String,
}

/// Why two definitions can't be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not a document of the format.
    #[error("the {which} definition can't be read: {problem}")]
    Malformed {
        /// `earlier` or `later`.
        which: &'static str,
        /// What is wrong and where.
        problem: String,
    },
    /// It is larger than is compared.
    #[error("the {which} definition is larger than is compared: {problem}")]
    TooLarge {
        /// `earlier` or `later`.
        which: &'static str,
        /// Which bound.
        problem: String,
    },
}
