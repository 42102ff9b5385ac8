//! What a client gets.

use kernel::EntityRef;

use crate::State;

/// The answer to one evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Evaluation {
    /// The value.
    pub value: bool,
    /// The name of the value: `on` or `off`.
    pub variant: &'static str,
    /// Why.
    pub reason: Reason,
}

/// Why a client got this value, in OpenFeature's words (specification, section 1.4.7, "resolution details").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The flag has the same value for everybody.
    Static,
}

impl Reason {
    /// OpenFeature's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
        }
    }
}

/// Evaluates a flag in an environment; nothing if there is no such flag.
#[must_use]
pub fn evaluate(state: &State, flag: &EntityRef, environment: &str) -> Option<Evaluation> {
    let value = state.flag(flag)?.is_on(environment);
    Some(Evaluation { value, variant: if value { "on" } else { "off" }, reason: Reason::Static })
}
