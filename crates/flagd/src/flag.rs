//! One flag: compiled once, evaluated often.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock},
};

use datalogic_rs::DataValue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Bucketing, Context, ErrorCode, Failure, Problem, check, limits::VARIANTS_MAX, prepare::Purpose, rule::Rule,
};

/// Named shared rules: `$evaluators`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluators(Arc<Map<String, Value>>);

impl Evaluators {
    /// The rules by name, as a document holds them.
    pub fn new(rules: &Map<String, Value>) -> Self {
        Self(Arc::new(rules.clone()))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn rules(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// One compiled flag. It doesn't change, and is shared behind an `Arc`.
pub struct Flag {
    key: String,
    /// The definition as text: a tenth of the size that it has when it is parsed, and wanted as text more often.
    json: String,
    definition: OnceLock<Value>,
    problems: Vec<Problem>,
    is_enabled: bool,
    variants: Vec<Variant>,
    by_name: HashMap<String, usize>,
    default: Option<usize>,
    rule: Option<Rule>,
    metadata: Map<String, Value>,
    metadata_json: String,
}

struct Variant {
    name: String,
    value: Value,
    json: String,
}

impl Flag {
    /// Compiles flagd's JSON of one flag. Never fails: a flag with errors answers `PARSE_ERROR` with the first.
    pub fn compile(key: &str, definition: &Value, evaluators: &Evaluators, bucketing: Bucketing) -> Self {
        let mut problems = Vec::new();
        check::check(definition, &mut problems);
        let field = |name: &str| definition.get(name);
        let variants = field("variants").and_then(Value::as_object);
        let purpose = Purpose { flag: key, evaluators, bucketing, variants };
        let rule = Rule::check(field("targeting"), purpose, &mut problems);
        let variants = variants.into_iter().flatten().take(VARIANTS_MAX);
        let variant = |(name, value): (&String, &Value)| Variant {
            name: name.clone(),
            value: value.clone(),
            json: value.to_string(),
        };
        let variants: Vec<Variant> = variants.map(variant).collect();
        let by_name: HashMap<_, _> = variants.iter().enumerate().map(|(i, v)| (v.name.clone(), i)).collect();
        let default = field("defaultVariant").and_then(Value::as_str).and_then(|name| by_name.get(name).copied());
        let metadata = field("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
        let metadata_json = serde_json::to_string(&metadata).unwrap_or_default();
        Self {
            key: key.to_owned(),
            is_enabled: field("state").and_then(Value::as_str) == Some("ENABLED"),
            json: definition.to_string(),
            definition: OnceLock::new(),
            problems,
            variants,
            by_name,
            default,
            rule,
            metadata,
            metadata_json,
        }
    }

    /// The flag's key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong with the definition, be it an error or only a warning.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// True if the answer may change by itself: the rule reads `$flagd.timestamp`.
    pub fn depends_on_time(&self) -> bool {
        self.rule.as_ref().is_some_and(|rule| rule.depends_on_time)
    }

    /// The flag set that it says it belongs to.
    pub fn flag_set(&self) -> Option<&str> {
        self.metadata.get("flagSetId")?.as_str()
    }

    /// The flag's JSON as it was given.
    pub fn definition(&self) -> &Value {
        // It was written by ourselves, so that it can be read.
        self.definition.get_or_init(|| serde_json::from_str(&self.json).unwrap_or_default())
    }

    pub(crate) fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// Which variant the context gets, and why.
    ///
    /// # Errors
    /// `ParseError` if the definition is wrong or the rule can't be evaluated, `General` if the rule gives no variant.
    pub fn evaluate<'a>(&'a self, context: &Context) -> Result<Resolution<'a>, Failure> {
        if let Some(problem) = self.problems.iter().find(|problem| problem.is_error()) {
            return Err(Failure::new(ErrorCode::ParseError, format!("flag '{}': {problem}", self.key)));
        }
        if !self.is_enabled {
            return Ok(self.resolution(None, Reason::Disabled));
        }
        let Some(rule) = &self.rule else {
            let reason = if self.default.is_some() { Reason::Static } else { Reason::Default };
            return Ok(self.resolution(self.default, reason));
        };
        let picked = rule.evaluate(self, context, |value| {
            let named = |name: &str| self.by_name.get(name).copied().map(Some).ok_or_else(|| format!("'{name}'"));
            match value {
                DataValue::Null => Ok(None),
                DataValue::Bool(true) => named("true"),
                DataValue::Bool(false) => named("false"),
                DataValue::Number(_) => named(&value.to_json_string()),
                DataValue::String(name) => named(name),
                DataValue::Array(_) => Err("an array".to_owned()),
                DataValue::Object(_) => Err("an object".to_owned()),
            }
        });
        let picked = picked.map_err(|error| {
            Failure::new(ErrorCode::ParseError, format!("the rule of flag '{}' failed: {error}", self.key))
        })?;
        match picked {
            Ok(None) => Ok(self.resolution(self.default, Reason::Default)),
            Ok(picked) => Ok(self.resolution(picked, Reason::TargetingMatch)),
            Err(given) => {
                let message = format!("the rule of flag '{}' gave {given}, which is none of its variants", self.key);
                Err(Failure::new(ErrorCode::General, message))
            }
        }
    }

    /// The rule and what it was made of; nothing if an evaluation doesn't come to it.
    pub(crate) fn asked_rule(&self) -> Option<(&Rule, &Value)> {
        let is_asked = self.is_enabled && !self.problems.iter().any(Problem::is_error);
        self.rule.as_ref().filter(|_| is_asked).zip(self.definition().get("targeting"))
    }

    /// The definition as JSON.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// A hash of all that the answers depend on, but for shared rules.
    pub(crate) fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.key, &self.json, self.rule.as_ref().map(|rule| rule.bucketing)).hash(&mut hasher);
        hasher.finish()
    }

    fn resolution(&self, variant: Option<usize>, reason: Reason) -> Resolution<'_> {
        let variant = variant.and_then(|variant| self.variants.get(variant));
        Resolution {
            variant: variant.map(|variant| variant.name.as_str()),
            value: variant.map(|variant| &variant.value),
            value_json: variant.map(|variant| variant.json.as_str()),
            reason,
            metadata: &self.metadata,
            metadata_json: &self.metadata_json,
        }
    }
}

/// The answer to "which variant?".
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resolution<'a> {
    /// The variant's name; nothing if the caller's own default applies.
    pub variant: Option<&'a str>,
    /// The variant's value.
    pub value: Option<&'a Value>,
    /// The value, already written as JSON.
    pub value_json: Option<&'a str>,
    /// Why this variant.
    pub reason: Reason,
    /// The flag's metadata; from a [`crate::Set`], over that of the set.
    pub metadata: &'a Map<String, Value>,
    /// The metadata, already written as JSON.
    pub metadata_json: &'a str,
}

/// Why a variant was chosen, in OpenFeature's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    /// The flag has no rule: everybody gets the same.
    Static,
    /// The rule gave nothing, or there is no default variant: the default applies.
    Default,
    /// The rule gave the variant.
    TargetingMatch,
    /// The flag is disabled: the caller's own default applies.
    Disabled,
}

impl Reason {
    /// As the protocols write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Static => "STATIC",
            Self::Default => "DEFAULT",
            Self::TargetingMatch => "TARGETING_MATCH",
            Self::Disabled => "DISABLED",
        }
    }
}
