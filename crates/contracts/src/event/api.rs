//! What a comparison of two definitions of an API found.

use kernel::{EntityRef, Sha256};
use serde::{Deserialize, Serialize};

/// What changed between two definitions of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiComparison {
    /// The earlier document.
    pub from: Sha256,
    /// The later one.
    pub to: Sha256,
    /// The environment where the earlier one is deployed; none if it is the one before in the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_in: Option<String>,
    /// How many changes break callers.
    pub breaking: u32,
    /// How many may.
    pub risky: u32,
    /// How many do not.
    pub compatible: u32,
    /// The first changes, the worst first.
    pub changes: Vec<ApiChange>,
    /// Those who call an operation that was broken, by their pacts or their catalog entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<ApiConsumer>,
}

/// One difference between two definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiChange {
    /// The rule, in oasdiff's or buf's words.
    pub rule: String,
    /// `breaking`, `risky` or `compatible`.
    pub level: String,
    /// The operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What it means.
    pub text: String,
}

/// Somebody who calls a broken operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiConsumer {
    /// Who.
    pub component: EntityRef,
    /// The operations that it is known to call; none if it is only known to consume the API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
}
