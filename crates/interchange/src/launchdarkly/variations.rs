//! Variations, which have numbers, as variants, which have names.

use flags::ValueType;
use serde_json::{Map, Value};

use super::document::{FlagDocument, Variation};

/// A flag's variations with the names that they get.
#[derive(Debug)]
pub(super) struct Variations {
    named: Vec<(String, Value)>,
    default_off: Option<usize>,
}

/// A value longer than this is no name of itself.
const NAME_BYTES_MAX: usize = 40;

impl Variations {
    pub(super) fn of(flag: &FlagDocument) -> Self {
        let mut named: Vec<(String, Value)> = Vec::new();
        for (index, variation) in flag.variations.iter().enumerate() {
            let wished = name(variation).unwrap_or_else(|| format!("variation-{index}"));
            let is_free = |name: &String| named.iter().all(|(known, _)| known != name);
            let name = Some(wished).filter(is_free).unwrap_or_else(|| format!("variation-{index}"));
            named.push((name, variation.value.clone()));
        }
        Self { named, default_off: flag.default_off() }
    }

    /// The name of a variation.
    pub(super) fn name(&self, index: usize) -> Option<&str> {
        self.named.get(index).map(|(name, _)| &**name)
    }

    /// The name of the variation that new environments serve while the flag is off.
    pub(super) fn default_off(&self) -> Option<&str> {
        self.default_off.and_then(|index| self.name(index))
    }

    pub(super) fn values(&self) -> Map<String, Value> {
        self.named.iter().cloned().collect()
    }

    /// Why no flag of ours can have these values.
    pub(super) fn unfit(&self) -> Option<&'static str> {
        let types: Vec<Option<ValueType>> = self.named.iter().map(|(_, value)| ValueType::of(value)).collect();
        let Some(first) = types.first() else { return Some("it has no variations") };
        if types.contains(&None) {
            return Some("a variation is a list or null: a value here is true or false, a text, a number or an object");
        }
        let mixed = types.iter().any(|kind| kind != first);
        mixed.then_some("its variations are of several types")
    }
}

/// The name that a variation brings along: of a boolean, on or off; else its own, or its value.
fn name(variation: &Variation) -> Option<String> {
    match (&variation.value, &variation.name) {
        (Value::Bool(true), _) => Some("on".to_owned()),
        (Value::Bool(false), _) => Some("off".to_owned()),
        (_, Some(name)) if !name.trim().is_empty() => Some(name.trim().to_owned()),
        (Value::String(text), _) if !text.is_empty() && text.len() <= NAME_BYTES_MAX => Some(text.clone()),
        (Value::Number(number), _) => Some(number.to_string()),
        (Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_), _) => None,
    }
}
