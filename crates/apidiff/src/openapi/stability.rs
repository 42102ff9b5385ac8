//! `x-stability-level`: how much something is to be relied on.

use serde_json::{Map, Value};

use crate::Level::{self, Breaking, Compatible};

/// From what may go any day to what stays. What says nothing is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stability {
    Draft,
    Alpha,
    Beta,
    Stable,
}

impl Stability {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }

    /// Whether somebody may rely on it at all.
    pub(super) fn is_promised(self) -> bool {
        self >= Self::Beta
    }
}

/// How stable it is said to be.
///
/// # Errors
/// With what it says in place of a level.
pub(super) fn of(fields: &Map<String, Value>) -> Result<Stability, String> {
    let Some(said) = fields.get("x-stability-level") else { return Ok(Stability::Stable) };
    match said.as_str() {
        Some("draft") => Ok(Stability::Draft),
        Some("alpha") => Ok(Stability::Alpha),
        Some("beta") => Ok(Stability::Beta),
        Some("stable" | "") => Ok(Stability::Stable),
        Some(_) | None => Err(said.to_string()),
    }
}

/// What a change is called in rules, and how bad it is. That what promised nothing is stable now is no news.
pub(super) fn change(had: Stability, has: Stability) -> Option<(&'static str, Level)> {
    match has.cmp(&had) {
        std::cmp::Ordering::Less if had.is_promised() => Some(("decreased", Breaking)),
        std::cmp::Ordering::Greater if had.is_promised() => Some(("increased", Compatible)),
        std::cmp::Ordering::Less | std::cmp::Ordering::Greater | std::cmp::Ordering::Equal => None,
    }
}
