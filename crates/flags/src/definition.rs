//! What a flag is.

use std::collections::BTreeMap;

use flagd::Bucketing;
use kernel::EntityRef;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Setting;

/// What a flag is, and whose. What is missing in an event of before this was known is as it was then: a boolean flag
/// that everybody gets alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name; clients use the part after `flag:default/`.
    pub flag: EntityRef,
    /// How clients write its key, where that is not in lower case, as references are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<String>,
    /// What it is for.
    pub description: String,
    /// Who keeps it.
    pub owner: Option<EntityRef>,
    /// The components that are known to evaluate it.
    pub used_by: Vec<EntityRef>,
    /// What holds in each environment; [`Definition::EVERYWHERE`] is for those that aren't named. Where none holds, the
    /// flag is off.
    pub environments: BTreeMap<String, Setting>,
    /// When it should be gone, as the declaration has it: an ISO 8601 date.
    pub expires: Option<String>,
    /// Where it was defined.
    pub origin: Origin,
    /// What sort of flag it is, and so how long it should live.
    #[serde(default)]
    pub purpose: Purpose,
    /// The values that there are, by name; all of one type.
    #[serde(default = "on_and_off")]
    pub variants: Map<String, Value>,
    /// What everybody gets while the switch is off; none: the client's own default (flagd's `DISABLED`).
    #[serde(default = "off")]
    pub off_variant: Option<String>,
    /// What is served while the switch is on and no rule says otherwise; none: the client's own default.
    #[serde(default = "on")]
    pub default_variant: Option<String>,
    /// flagd's JsonLogic: it gives the name of a variant, or null for no opinion. `{"$ref": "segment/x"}` is true for
    /// the members of a segment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targeting: Option<Value>,
    /// flagd's `flagSetId`: which clients get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag_set: Option<String>,
    /// Flat facts that clients get with every answer.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// How users fall into shares. Frozen when the flag is made: another one would give users other variants.
    #[serde(default)]
    pub bucketing: Bucketing,
    /// Other flags that must serve a certain variant; else this one serves its off variant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
}

/// Another flag that must serve a certain variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Which.
    pub flag: EntityRef,
    /// What it must serve; none: anything but its off variant.
    pub variant: Option<String>,
}

/// Where a flag or segment was defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In a catalog file: only its switch can be changed elsewhere.
    Declared,
    /// On a screen, by the CLI or the API.
    ByHand,
}

/// What sort of flag it is. Flags other than the permanent ones are meant to go, or they rot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// It hides what is not finished, or lets it out by and by.
    #[default]
    Release,
    /// It compares variants.
    Experiment,
    /// It helps through a migration or another piece of work on the running system.
    Operational,
    /// It sheds load or cuts off what is broken; it stays.
    KillSwitch,
    /// It says who may do what; it stays.
    Permission,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Release, Self::Experiment, Self::Operational, Self::KillSwitch, Self::Permission];

    /// How many days such a flag should live, as Unleash has it; none: it is permanent.
    #[must_use]
    pub fn expected_days(self) -> Option<u16> {
        match self {
            Self::Release | Self::Experiment => Some(40),
            Self::Operational => Some(7),
            Self::KillSwitch | Self::Permission => None,
        }
    }

    /// Its word, as declarations have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Experiment => "experiment",
            Self::Operational => "operational",
            Self::KillSwitch => "kill-switch",
            Self::Permission => "permission",
        }
    }
}

/// The type of all of a flag's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueType {
    /// `true` or `false`.
    Boolean,
    /// A text.
    String,
    /// A number.
    Number,
    /// A JSON object.
    Object,
}

impl ValueType {
    /// The type of a value; none for those that no flag can have.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(_) => Some(Self::Boolean),
            Value::String(_) => Some(Self::String),
            Value::Number(_) => Some(Self::Number),
            Value::Object(_) => Some(Self::Object),
            Value::Null | Value::Array(_) => None,
        }
    }

    /// Its word, as declarations have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Boolean => "boolean",
            Self::String => "string",
            Self::Number => "number",
            Self::Object => "object",
        }
    }
}

impl Definition {
    /// The name that stands for every environment that isn't named.
    pub const EVERYWHERE: &'static str = "*";

    /// A boolean flag made by hand, off everywhere.
    #[must_use]
    pub fn boolean(flag: EntityRef) -> Self {
        Self {
            flag,
            spelling: None,
            description: String::new(),
            owner: None,
            used_by: Vec::new(),
            environments: BTreeMap::new(),
            expires: None,
            origin: Origin::ByHand,
            purpose: Purpose::default(),
            variants: on_and_off(),
            off_variant: off(),
            default_variant: on(),
            targeting: None,
            flag_set: None,
            metadata: Map::new(),
            bucketing: Bucketing::default(),
            requires: Vec::new(),
        }
    }

    /// What holds in an environment.
    #[must_use]
    pub fn setting(&self, environment: &str) -> Option<&Setting> {
        self.environments.get(environment).or_else(|| self.environments.get(Self::EVERYWHERE))
    }

    /// The type of its values.
    #[must_use]
    pub fn value_type(&self) -> Option<ValueType> {
        self.variants.values().next().and_then(ValueType::of)
    }

    /// The same flag, with the key as clients write it. What differs in more than the case of letters is another flag's.
    #[must_use]
    pub fn spelled(mut self, key: &str) -> Self {
        let is_its = key.to_lowercase() == self.flag.short() && key != self.flag.short();
        if is_its {
            self.spelling = Some(key.to_owned());
        }
        self
    }

    /// What clients ask for.
    #[must_use]
    pub fn key(&self) -> &str {
        self.spelling.as_deref().unwrap_or_else(|| self.flag.short())
    }
}

/// The variants of a boolean flag that names none.
pub(crate) fn on_and_off() -> Map<String, Value> {
    [("on".to_owned(), Value::Bool(true)), ("off".to_owned(), Value::Bool(false))].into_iter().collect()
}

#[expect(clippy::unnecessary_wraps, reason = "it is the default of an optional field")]
fn on() -> Option<String> {
    Some("on".to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "it is the default of an optional field")]
fn off() -> Option<String> {
    Some("off".to_owned())
}
