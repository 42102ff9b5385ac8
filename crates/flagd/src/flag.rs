//! One flag: compiled once, evaluated often.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Bucketing, Context, ErrorCode, Failure, Problem, check,
    limits::VARIANTS_MAX,
    place::Place,
    prepare::{Purpose, prepare},
    rule::Rule,
};

/// Named shared rules: `$evaluators`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluators(Map<String, Value>);

impl Evaluators {
    /// The rules by name, as a document holds them.
    pub fn new(rules: &Map<String, Value>) -> Self {
        Self(rules.clone())
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
    definition: Value,
    problems: Vec<Problem>,
    is_enabled: bool,
    variants: Vec<Variant>,
    by_name: HashMap<String, usize>,
    default: Option<usize>,
    rule: Option<Rule>,
    depends_on_time: bool,
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
        let (rule, depends_on_time) = compile_rule(field("targeting"), purpose, &mut problems);
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
            definition: definition.clone(),
            problems,
            variants,
            by_name,
            default,
            rule,
            depends_on_time,
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
        self.depends_on_time
    }

    /// The flag set that it says it belongs to.
    pub fn flag_set(&self) -> Option<&str> {
        self.metadata.get("flagSetId")?.as_str()
    }

    /// The flag's JSON as it was given.
    pub fn definition(&self) -> &Value {
        &self.definition
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
        let picked = rule.evaluate(context, |value| {
            let written = |name: &str| self.by_name.get(name).copied().ok_or_else(|| name.to_owned());
            match value.as_bool() {
                _ if value.is_null() => Ok(None),
                Some(true) => written("true").map(Some),
                Some(false) => written("false").map(Some),
                None => value.as_str().map_or_else(|| written(&value.to_json_string()), written).map(Some),
            }
        });
        let picked = picked.map_err(|error| {
            Failure::new(ErrorCode::ParseError, format!("the rule of flag '{}' failed: {error}", self.key))
        })?;
        match picked {
            Ok(None) => Ok(self.resolution(self.default, Reason::Default)),
            Ok(picked) => Ok(self.resolution(picked, Reason::TargetingMatch)),
            Err(name) => {
                let message = format!("the rule of flag '{}' gave '{name}', which is none of its variants", self.key);
                Err(Failure::new(ErrorCode::General, message))
            }
        }
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

/// The rule of a flag that has one, and whether it reads the time.
fn compile_rule(targeting: Option<&Value>, purpose: Purpose<'_>, problems: &mut Vec<Problem>) -> (Option<Rule>, bool) {
    match targeting {
        None | Some(Value::Null) => (None, false),
        Some(Value::Object(rule)) if rule.is_empty() => (None, false),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            problems.push(Problem::error("/targeting", "targeting is a rule, that is an object with one operator"));
            (None, false)
        }
        Some(targeting @ Value::Object(_)) => {
            let prepared = prepare(targeting, &Place::new("targeting"), purpose);
            problems.extend(prepared.problems);
            if problems.iter().any(Problem::is_error) {
                return (None, prepared.depends_on_time);
            }
            let rule = Rule::compile(prepared.rule);
            let rule = rule.map_err(|error| problems.push(Problem::error("/targeting", error))).ok();
            (rule, prepared.depends_on_time)
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
