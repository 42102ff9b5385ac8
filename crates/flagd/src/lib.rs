//! flagd's flag definition format: read, checked, compiled, evaluated and explained.

mod bucketing;
mod cbor;
mod check;
mod compare;
mod context;
mod document;
mod explain;
mod flag;
mod limits;
mod operator;
mod place;
mod prepare;
mod problem;
mod rule;
mod set;
mod version;
mod words;

pub use bucketing::Bucketing;
pub use context::Context;
pub use document::Document;
pub use explain::{Answer, Explanation, Node};
pub use flag::{Evaluators, Flag, Reason, Resolution};
pub use limits::{DEPTH_MAX, FLAGS_MAX, NODES_MAX, VARIANTS_MAX};
pub use problem::{ErrorCode, Failure, Problem, Severity};
pub use set::Set;
pub use words::{Line, words};
