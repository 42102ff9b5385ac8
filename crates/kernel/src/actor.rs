//! Who did something.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who caused an event. Shown on every line of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "by", content = "name", rename_all = "snake_case")]
pub enum Actor {
    /// A person who is signed in; the user's name.
    Person(String),
    /// A program that showed an API token; the token's name.
    Token(String),
    /// A catalog folder that was applied; the folder as the operator named it.
    Source(String),
    /// Mainstay itself; the part of it that acted, such as `checks` or `incidents`.
    Mainstay(String),
}

impl Actor {
    /// Mainstay itself, acting by one of its parts.
    #[must_use]
    pub fn mainstay(part: &str) -> Self {
        Self::Mainstay(part.to_owned())
    }

    /// The name without the sort of actor.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Person(name) | Self::Token(name) | Self::Source(name) | Self::Mainstay(name) => name,
        }
    }

    /// True for people: what a person did on purpose is weighed otherwise than what a machine did.
    #[must_use]
    pub fn is_person(&self) -> bool {
        matches!(self, Self::Person(_))
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(name) => f.write_str(name),
            Self::Token(name) => write!(f, "token {name}"),
            Self::Source(name) => write!(f, "catalog {name}"),
            Self::Mainstay(part) => write!(f, "Mainstay ({part})"),
        }
    }
}
