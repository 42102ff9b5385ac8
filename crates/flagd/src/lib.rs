//! flagd's flag definition format: read, checked, compiled, evaluated and explained.
//!
//! A [`Document`] is a file as its author wrote it; reading it lists every [`Problem`] with its place. It compiles to a
//! [`Set`] of [`Flag`]s, which don't change and are shared. A [`Context`] is what is known about the one who asks, parsed
//! once for any number of flags. [`Set::evaluate`] gives a [`Resolution`], [`Flag::explain`] the way there, and [`words`]
//! the rule as a person would say it.
//!
//! Inside, a rule goes from `check` (the flag around it) and `prepare` (the rule itself: checked, shared rules put in) to
//! `rule` (compiled and evaluated by a JSON Logic engine with the operators of `operator`). A flag is checked at once, but
//! its rule is compiled when it is first asked.
//!
//! # What holds
//!
//! - The crate knows no clock, no randomness and no network: the time comes with the context.
//! - The same flag, context and time give the same answer on every machine and in every version: a user's bucket is a
//!   hash, and which hash is part of the flag ([`Bucketing`]).
//! - Whatever the rule and the context, an evaluation ends soon: nodes, depth, steps, arrays and texts are bounded, and
//!   what is over a bound is refused before it is evaluated.
//! - A flag with an error answers `PARSE_ERROR`, and no other flag notices. A [`Severity::Warning`] changes no answer.
//!
//! # Where implementations of the format differ
//!
//! flagd itself (in Go) is followed. Its JavaScript evaluator, against which `tests/clients/flagd-core.test.mjs` compares
//! random rules, differs in this:
//!
//! - It fails with `GENERAL` where a text is compared with or added to a number. Here, as in flagd, the comparison doesn't
//!   hold and the text counts as 0. A rule that does fail answers `PARSE_ERROR`, as in flagd.
//! - To it null equals 0 and false. Here null equals null alone.
//! - It joins null to a text as `null`, counts a text's letters as fields, takes `all` of what is no array for true, and
//!   finds no empty text in an empty text. Here null joins as nothing, a text has no fields, `all` of no array is false.
//! - It takes a targeting key of any type. Here, as in flagd, it is a text.
//! - It refuses a rule with a constant division by zero at once. Here such a rule is evaluated.
//!
//! A bucketing value that is there but null gives nothing, as in the JavaScript and the Python evaluator and flagd's test
//! bed, though some versions of flagd fall back to the targeting key. Of several fields of a context with the same name
//! the first counts; elsewhere it is the last.
//!
//! Operators that flagd's schema doesn't list are refused, even those that one or another evaluator would know: a rule
//! must mean the same in every SDK. Inside of `map` and its like, `$flagd` is not there, but `fractional` is.

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
pub use limits::{DEPTH_MAX, FLAGS_MAX, ITEMS_MAX, NODES_MAX, TEXT_BYTES_MAX, VARIANTS_MAX};
pub use problem::{ErrorCode, Failure, Problem, Severity};
pub use set::Set;
pub use words::{Line, words};
