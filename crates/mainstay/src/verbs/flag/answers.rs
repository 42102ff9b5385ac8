//! What the server answers about flags, as far as verbs print it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::answers::Actor;

/// A flag.
#[derive(Debug, Deserialize)]
pub(super) struct Flag {
    pub(super) key: String,
    pub(super) description: String,
    pub(super) owner: Option<String>,
    pub(super) declared: bool,
    pub(super) used_by: Vec<String>,
    pub(super) expires: Option<String>,
    pub(super) environments: BTreeMap<String, Setting>,
    #[serde(default)]
    pub(super) purpose: Option<String>,
    #[serde(default)]
    pub(super) variants: serde_json::Map<String, Value>,
    #[serde(default)]
    pub(super) off_variant: Option<String>,
    #[serde(default)]
    pub(super) default_variant: Option<String>,
    #[serde(default)]
    pub(super) flag_set: Option<String>,
    #[serde(default)]
    pub(super) requires: Vec<Requirement>,
    /// In words, for each environment.
    #[serde(default)]
    pub(super) rules: BTreeMap<String, Vec<Line>>,
    /// Why it should go.
    #[serde(default)]
    pub(super) stale: Vec<String>,
    /// How often each source of code names it.
    #[serde(default)]
    pub(super) references: BTreeMap<String, usize>,
    #[serde(default)]
    pub(super) evaluated: Option<Timestamp>,
}

/// Another flag that must serve a certain variant.
#[derive(Debug, Deserialize)]
pub(super) struct Requirement {
    pub(super) flag: String,
    pub(super) variant: Option<String>,
}

/// A flag in one environment.
#[derive(Debug, Deserialize)]
pub(super) struct Setting {
    pub(super) on: bool,
    pub(super) since: Timestamp,
    pub(super) by: Actor,
    pub(super) drifted: bool,
    #[serde(default)]
    pub(super) ramp: Option<Ramp>,
    #[serde(default)]
    pub(super) approvals: u8,
}

/// A share that grows by a schedule, as it stands.
#[derive(Debug, Deserialize)]
pub(super) struct Ramp {
    pub(super) variant: String,
    pub(super) from: String,
    pub(super) steps: Vec<Step>,
    /// The step that it stands at, from 0; none while the flag is off.
    pub(super) step: Option<usize>,
    pub(super) percent: f64,
    pub(super) state: String,
    pub(super) next: Option<Timestamp>,
    #[serde(default)]
    pub(super) guards: Vec<String>,
}

/// One step.
#[derive(Debug, Deserialize)]
pub(super) struct Step {
    pub(super) percent: f64,
    /// A span, `approval`, or `{"samples": 1000}`.
    #[serde(default)]
    pub(super) hold: Value,
}

/// One line of a rule in words.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    pub(super) depth: usize,
    pub(super) text: String,
    /// What is served there.
    pub(super) variant: Option<String>,
}

/// Why somebody gets what they get.
#[derive(Debug, Deserialize)]
pub(super) struct Explained {
    pub(super) environment: String,
    pub(super) variant: Option<String>,
    #[serde(default)]
    pub(super) value: Value,
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) error: Option<Value>,
    #[serde(default)]
    pub(super) tree: Option<Node>,
    #[serde(default)]
    pub(super) notes: Vec<String>,
}

/// A part of a rule, with what it gave.
#[derive(Debug, Deserialize)]
pub(super) struct Node {
    pub(super) rule: String,
    #[serde(default)]
    pub(super) value: Value,
    #[serde(default)]
    pub(super) children: Vec<Node>,
    #[serde(default)]
    pub(super) taken: bool,
}

/// A change that somebody asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) id: String,
    pub(super) flag: String,
    pub(super) summary: String,
    /// What it would change, in words.
    pub(super) change: Vec<String>,
    pub(super) hash: String,
    pub(super) at: Option<Timestamp>,
    pub(super) by: Option<Actor>,
    pub(super) reason: Option<String>,
    pub(super) state: String,
    /// Why it was rejected or failed.
    pub(super) why: Option<String>,
    pub(super) approvals: Vec<Approval>,
    pub(super) needed: u8,
}

/// Somebody's agreement.
#[derive(Debug, Deserialize)]
pub(super) struct Approval {
    pub(super) by: Actor,
}
