//! What holds of a flag in one environment.

use kernel::EntityRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Ramp;

/// What holds of a flag in one environment. While its switch is on, a client gets the variant of the first audience that
/// it is in, else what the targeting says, else its share of the ramp or the rollout, else the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written")]
pub struct Setting {
    /// Whether it starts on.
    pub enabled: bool,
    /// Instead of the flag's default variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_variant: Option<String>,
    /// Instead of the flag's targeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub targeting: Option<Value>,
    /// Who gets what before any rule is asked; the first match wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<Audience>,
    /// What those get whom no rule matches, by shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// What those get whom no rule matches, by a share that grows; instead of a rollout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ramp: Option<Ramp>,
    /// How many people other than its author must agree to a change here.
    pub approvals: u8,
}

/// The members of a segment, and what they get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    /// The segment.
    pub segment: EntityRef,
    /// What its members get.
    pub variant: String,
}

/// Shares of users. A user keeps the variant while the shares are the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// The attribute of the context that decides; who has none gets the default.
    pub by: String,
    /// The shares, in order.
    pub shares: Vec<Share>,
}

/// One share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// What those in it get.
    pub variant: String,
    /// Its size, relative to the sum of all.
    pub weight: u32,
}

/// The attribute by which users are told apart unless something else is said: OpenFeature's name for it.
pub const TARGETING_KEY: &str = "targetingKey";

/// A setting as events have it: early ones only had a switch.
#[derive(Deserialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "it exists only while an event is read")]
enum Written {
    Switch(bool),
    Whole {
        enabled: bool,
        #[serde(default)]
        default_variant: Option<String>,
        #[serde(default)]
        targeting: Option<Value>,
        #[serde(default)]
        audiences: Vec<Audience>,
        #[serde(default)]
        rollout: Option<Rollout>,
        #[serde(default)]
        ramp: Option<Ramp>,
        #[serde(default)]
        approvals: u8,
    },
}

impl From<Written> for Setting {
    fn from(written: Written) -> Self {
        match written {
            Written::Switch(enabled) => enabled.into(),
            Written::Whole { enabled, default_variant, targeting, audiences, rollout, ramp, approvals } => {
                Self { enabled, default_variant, targeting, audiences, rollout, ramp, approvals }
            }
        }
    }
}

impl From<bool> for Setting {
    fn from(enabled: bool) -> Self {
        Self { enabled, ..Self::default() }
    }
}
