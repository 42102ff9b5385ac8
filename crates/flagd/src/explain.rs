//! Why a context gets what it gets.

use serde::Serialize;
use serde_json::Value;

use crate::{Context, Failure, Flag, Reason};

/// Why a context gets what it gets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The flag's key.
    pub flag: String,
    /// The answer.
    pub resolution: Result<Answer, Failure>,
    /// The rule with what each of its parts gave; nothing if there is no rule or it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<Node>,
}

/// An answer that outlives its flag.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The variant's name; nothing if the caller's own default applies.
    pub variant: Option<String>,
    /// The variant's value.
    pub value: Option<Value>,
    /// Why this variant.
    pub reason: Reason,
}

/// A part of a rule that was evaluated.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// The part in words.
    pub rule: String,
    /// The part as it is written.
    pub json: Value,
    /// What it gave.
    pub value: Value,
    /// Its own parts, in the order in which they were evaluated.
    pub children: Vec<Node>,
    /// True if the answer came through this part.
    pub taken: bool,
}

impl Flag {
    /// Why a context gets what it gets.
    pub fn explain(&self, context: &Context) -> Explanation {
        let resolution = self.evaluate(context).map(|found| Answer {
            variant: found.variant.map(str::to_owned),
            value: found.value.cloned(),
            reason: found.reason,
        });
        Explanation { flag: self.key().to_owned(), resolution, tree: None }
    }
}
