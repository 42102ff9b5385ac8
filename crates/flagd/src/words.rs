//! A rule in readable words.

use serde::Serialize;
use serde_json::Value;

use crate::Evaluators;

/// One branch of a rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How far it is indented.
    pub depth: usize,
    /// The words.
    pub text: String,
    /// The variant that the line ends in, if it names one.
    pub variant: Option<String>,
}

/// The rule in readable words, one line for each branch.
pub fn words(targeting: &Value, _evaluators: &Evaluators) -> Vec<Line> {
    vec![Line { depth: 0, text: targeting.to_string(), variant: None }]
}
