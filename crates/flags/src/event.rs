//! The facts.

use kernel::EntityRef;
use serde::{Deserialize, Serialize};

use crate::Definition;

/// What happened to a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// The flag was defined, or its definition changed.
    Defined {
        /// All of the definition, as it is from now on.
        definition: Definition,
    },
    /// The flag is gone; clients get their own default.
    Removed {
        /// Which.
        flag: EntityRef,
    },
    /// The flag was turned on or off in one environment.
    Turned {
        /// Which.
        flag: EntityRef,
        /// Where.
        environment: String,
        /// What it is from now on.
        on: bool,
        /// The components that evaluated it at that time: whose behaviour this alters.
        affects: Vec<EntityRef>,
    },
    /// A component evaluated the flag for the first time.
    Seen {
        /// Which.
        flag: EntityRef,
        /// Who asked.
        component: EntityRef,
    },
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Defined { .. } => "flags.defined",
            Self::Removed { .. } => "flags.removed",
            Self::Turned { .. } => "flags.turned",
            Self::Seen { .. } => "flags.seen",
        }
    }

    /// What it is about, most specific first.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::Defined { definition } => {
                std::iter::once(&definition.flag).chain(&definition.used_by).cloned().collect()
            }
            Self::Removed { flag } => vec![flag.clone()],
            Self::Turned { flag, affects, .. } => std::iter::once(flag).chain(affects).cloned().collect(),
            Self::Seen { flag, component } => vec![flag.clone(), component.clone()],
        }
    }

    /// One sentence without its actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::Defined { definition } => format!("defined flag {}", definition.flag.short()),
            Self::Removed { flag } => format!("removed flag {}", flag.short()),
            Self::Turned { flag, environment, on, .. } => {
                format!("turned flag {} {} in {environment}", flag.short(), if *on { "on" } else { "off" })
            }
            Self::Seen { flag, component } => {
                format!("flag {} is evaluated by {}", flag.short(), component.short())
            }
        }
    }
}
