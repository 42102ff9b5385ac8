//! What a flag is.

use std::collections::BTreeMap;

use kernel::{EntityRef, RefDefaults, closest};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a flag is, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name; clients use the part after `flag:default/`.
    pub flag: EntityRef,
    /// What it is for.
    pub description: String,
    /// Who keeps it.
    pub owner: Option<EntityRef>,
    /// The components that are known to evaluate it.
    pub used_by: Vec<EntityRef>,
    /// Whether it starts on, per environment. An environment that is not named starts off.
    pub environments: BTreeMap<String, bool>,
    /// When it should be gone, as the declaration has it: an ISO 8601 date.
    pub expires: Option<String>,
    /// Where it was defined.
    pub origin: Origin,
}

/// Where a flag was defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// In a catalog file: only its switch can be changed elsewhere.
    Declared,
    /// On a screen, by the CLI or the API.
    ByHand,
}

/// What is wrong in a flag's `spec`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecProblem {
    /// Where, as a JSON pointer (RFC 6901) into the document.
    pub pointer: String,
    /// What is wrong.
    pub message: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

/// A flag names at most this many environments and users.
const ENTRIES_MAX: usize = 200;
const KEYS: [&str; 6] = ["owner", "type", "usedBy", "environments", "description", "expires"];

impl Definition {
    /// The longest name of an environment, in bytes.
    pub const ENVIRONMENT_BYTES_MAX: usize = 63;

    /// Reads the `spec` of a `kind: Flag` document.
    ///
    /// # Errors
    /// All that is wrong, each with its place.
    pub fn from_spec(flag: EntityRef, description: Option<&str>, spec: &Value) -> Result<Self, Vec<SpecProblem>> {
        let mut reader = Reader { namespace: flag.namespace().to_owned(), problems: Vec::new() };
        let Some(fields) = spec.as_object() else {
            return Err(vec![problem("/spec", "a flag needs a spec", None)]);
        };
        for key in fields.keys().filter(|key| !KEYS.contains(&key.as_str())) {
            let suggestion = closest(key, KEYS).map(str::to_owned);
            reader.problems.push(problem(&format!("/spec/{key}"), &format!("a flag has no \"{key}\""), suggestion));
        }
        match spec.get("type").map(|value| (value, value.as_str())) {
            None | Some((_, Some("boolean"))) => {}
            Some((value, _)) => reader.wrong("/spec/type", &format!("the type {value} is not known; \"boolean\" is")),
        }
        let definition = Self {
            description: description.or_else(|| spec.get("description")?.as_str()).unwrap_or_default().to_owned(),
            owner: spec.get("owner").and_then(|owner| reader.reference("/spec/owner", owner, Some("group"))),
            used_by: reader.references("/spec/usedBy", spec.get("usedBy")),
            environments: reader.environments(spec.get("environments")),
            expires: reader.date(spec.get("expires")),
            origin: Origin::Declared,
            flag,
        };
        if reader.problems.is_empty() { Ok(definition) } else { Err(reader.problems) }
    }
}

fn problem(pointer: &str, message: &str, suggestion: Option<String>) -> SpecProblem {
    SpecProblem { pointer: pointer.to_owned(), message: message.to_owned(), suggestion }
}

struct Reader {
    namespace: String,
    problems: Vec<SpecProblem>,
}

impl Reader {
    fn wrong(&mut self, pointer: &str, message: &str) {
        self.problems.push(problem(pointer, message, None));
    }

    fn reference(&mut self, pointer: &str, value: &Value, kind: Option<&str>) -> Option<EntityRef> {
        let Some(text) = value.as_str() else {
            self.wrong(pointer, "an entity reference is a text");
            return None;
        };
        let defaults = RefDefaults { kind, namespace: &self.namespace };
        EntityRef::parse(text, defaults).map_err(|error| self.wrong(pointer, &error.to_string())).ok()
    }

    fn references(&mut self, pointer: &str, value: Option<&Value>) -> Vec<EntityRef> {
        let Some(value) = value else { return Vec::new() };
        let Some(items) = value.as_array().filter(|items| items.len() <= ENTRIES_MAX) else {
            self.wrong(pointer, &format!("a list of at most {ENTRIES_MAX} components is wanted"));
            return Vec::new();
        };
        let read = |(at, item)| self.reference(&format!("{pointer}/{at}"), item, Some("component"));
        items.iter().enumerate().filter_map(read).collect()
    }

    fn environments(&mut self, value: Option<&Value>) -> BTreeMap<String, bool> {
        let mut environments = BTreeMap::new();
        let Some(value) = value else { return environments };
        let Some(fields) = value.as_object().filter(|fields| fields.len() <= ENTRIES_MAX) else {
            self.wrong("/spec/environments", "a map from environments to {enabled: true or false} is wanted");
            return environments;
        };
        for (name, state) in fields {
            let pointer = format!("/spec/environments/{name}");
            let enabled = state.get("enabled").and_then(Value::as_bool);
            match enabled {
                Some(enabled) if !name.is_empty() && name.len() <= Definition::ENVIRONMENT_BYTES_MAX => {
                    environments.insert(name.clone(), enabled);
                }
                Some(_) => self.wrong(&pointer, "an environment's name has 1 to 63 characters"),
                None => self.wrong(&pointer, "\"enabled: true\" or \"enabled: false\" is wanted"),
            }
        }
        environments
    }

    fn date(&mut self, value: Option<&Value>) -> Option<String> {
        let value = value?;
        let date = value.as_str().filter(|text| text.parse::<jiff::civil::Date>().is_ok());
        if date.is_none() {
            self.wrong("/spec/expires", &format!("{value} is no date; write it as \"2026-12-31\""));
        }
        date.map(str::to_owned)
    }
}
