//! JsonLogic, piece by piece.

use serde_json::{Value, json};

/// The attribute that says who it is, as OpenFeature has it.
pub(crate) const TARGETING_KEY: &str = flags::TARGETING_KEY;

/// Who is meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Always,
    Never,
    When(Value),
}

impl Condition {
    /// All of these.
    pub(crate) fn all(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut rules = Vec::new();
        for condition in conditions {
            match condition {
                Self::Always => {}
                Self::Never => return Self::Never,
                Self::When(rule) => rules.push(rule),
            }
        }
        Self::joined("and", rules).unwrap_or(Self::Always)
    }

    /// Any of these.
    pub(crate) fn any(conditions: impl IntoIterator<Item = Self>) -> Self {
        let mut rules = Vec::new();
        for condition in conditions {
            match condition {
                Self::Always => return Self::Always,
                Self::Never => {}
                Self::When(rule) => rules.push(rule),
            }
        }
        Self::joined("or", rules).unwrap_or(Self::Never)
    }

    fn joined(operator: &str, mut rules: Vec<Value>) -> Option<Self> {
        let rule = if rules.len() > 1 { json!({operator: rules}) } else { rules.pop()? };
        Some(Self::When(rule))
    }

    /// All others.
    pub(crate) fn inverted(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Never => Self::Always,
            Self::When(rule) => Self::When(json!({"!": [rule]})),
        }
    }

    /// The rule of a segment of those who are meant; none for nobody.
    pub(crate) fn into_rule(self) -> Option<Value> {
        match self {
            Self::Always => Some(json!({"!!": [true]})),
            Self::Never => None,
            Self::When(rule) => Some(rule),
        }
    }

    /// The same, or all others.
    pub(crate) fn inverted_if(self, inverted: bool) -> Self {
        if inverted { self.inverted() } else { self }
    }

    /// Those of them who have this attribute.
    pub(crate) fn if_present(self, attribute: &str) -> Self {
        Self::all([present(attribute), self])
    }
}

/// The value of an attribute; dots lead into objects.
pub(crate) fn var(attribute: &str) -> Value {
    json!({"var": attribute})
}

/// Those who have this attribute.
pub(crate) fn present(attribute: &str) -> Condition {
    Condition::When(json!({"!==": [var(attribute), null]}))
}

/// Those whose attribute is one of these.
pub(crate) fn is_one_of(attribute: &str, values: &[Value]) -> Condition {
    match values {
        [] => Condition::Never,
        [value] => Condition::When(json!({"===": [var(attribute), value]})),
        values => Condition::When(json!({"in": [var(attribute), values]})),
    }
}

/// Those whose attribute, a text, has this in it.
pub(crate) fn contains(attribute: &str, part: &str) -> Condition {
    Condition::When(json!({"in": [part, var(attribute)]}))
}

/// Those whose attribute, a text, begins so.
pub(crate) fn starts_with(attribute: &str, start: &str) -> Condition {
    Condition::When(json!({"starts_with": [var(attribute), start]}))
}

/// Those whose attribute, a text, ends so.
pub(crate) fn ends_with(attribute: &str, end: &str) -> Condition {
    Condition::When(json!({"ends_with": [var(attribute), end]}))
}

/// Those whose attribute, a number, compares so; nobody without it, since JsonLogic takes what is missing for zero.
pub(crate) fn compares(attribute: &str, operator: &str, number: &Value) -> Condition {
    Condition::When(json!({operator: [var(attribute), number]})).if_present(attribute)
}

/// Those whose attribute, a version, compares so (`=`, `<`, `>=`, ...).
pub(crate) fn version(attribute: &str, operator: &str, version: &str) -> Condition {
    Condition::When(json!({"sem_ver": [var(attribute), operator, version]}))
}

/// The members of a segment.
pub(crate) fn in_segment(name: &str) -> Condition {
    Condition::When(json!({"$ref": format!("{SEGMENT}{name}")}))
}

/// How rules refer to segments.
pub(crate) const SEGMENT: &str = "segment/";

/// By what users fall into shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bucketing {
    /// The attribute that tells users apart.
    pub(crate) attribute: String,
    /// What makes one flag's shares independent of another's; none: the flag's own key.
    pub(crate) salt: Option<String>,
}

impl Bucketing {
    /// By who it is.
    pub(crate) fn by(attribute: impl Into<String>) -> Self {
        Self { attribute: attribute.into(), salt: None }
    }

    /// Who gets what, by weight; null for those without the attribute.
    pub(crate) fn split(&self, shares: &[(String, u32)]) -> Value {
        let shares = shares.iter().map(|(variant, weight)| json!([variant, weight]));
        if self.attribute == TARGETING_KEY && self.salt.is_none() {
            return json!({"fractional": shares.collect::<Vec<_>>()});
        }
        let salt = self.salt.as_ref().map_or_else(|| var("$flagd.flagKey"), |salt| json!(salt));
        let by = json!({"cat": [salt, var(&self.attribute)]});
        let split: Vec<Value> = std::iter::once(by).chain(shares).collect();
        json!({"if": [{"!==": [var(&self.attribute), null]}, {"fractional": split}, null]})
    }

    /// Those in a share of `part` out of `whole`.
    pub(crate) fn share(&self, part: u32, whole: u32) -> Condition {
        match part {
            0 => Condition::Never,
            part if part >= whole => Condition::Always,
            part => {
                let split = self.split(&[("in".to_owned(), part), ("out".to_owned(), whole - part)]);
                Condition::When(json!({"===": [split, "in"]}))
            }
        }
    }
}
