//! What a flag serves, as a rule that other flags can ask: the `$evaluators` entry of a prerequisite.
//!
//! In its own flag a rule knows the flag's key; in another one it would see that one's. So the key stands in it as a
//! literal, also where flagd's shorthand for shares would put it by itself.

use kernel::{EntityRef, RefDefaults, Timestamp};
use serde_json::{Map, Value};

use crate::{Flag, State, TARGETING_KEY, lower, lower::Serving, references};

/// The name of the shared rule that gives what a flag serves.
pub(crate) fn name(flag: &Flag) -> String {
    format!("flag/{}", flag.definition.key())
}

/// The rule that gives the variant which a flag serves; none if it serves everybody the same.
pub(crate) fn rule(state: &State, flag: &Flag, served: Serving, environment: &str, now: Timestamp) -> Option<Value> {
    let definition = &flag.definition;
    let own = localised(served.rule?, definition.key());
    let own = match served.default {
        Some(default) => lower::first_opinion(own, default.into(), &definition.variants),
        None => own,
    };
    Some(references::replaced(own, &mut |name| inlined(state, name, environment, now)))
}

/// The body of a shared rule, in which no other one is named.
pub(crate) fn inlined(state: &State, name: &str, environment: &str, now: Timestamp) -> Option<Value> {
    if let Some(segment) = references::segment(name) {
        return state.segment(&segment).map(lower::members);
    }
    let defaults = RefDefaults { kind: Some("flag"), namespace: EntityRef::DEFAULT_NAMESPACE };
    let flag = state.flag(&EntityRef::parse(name.strip_prefix("flag/")?, defaults).ok()?)?;
    let served = Serving::of(state, flag, environment, now, lower::DEPTH_MAX);
    rule(state, flag, served, environment, now)
}

/// The values which a rule may give for a variant: flagd takes true and false for the variants of these names.
pub(crate) fn spellings(variant: &str) -> Vec<Value> {
    let other = match variant {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    };
    std::iter::once(variant.into()).chain(other).collect()
}

/// The rule with the flag's key in every place where flagd would put it.
fn localised(rule: Value, key: &str) -> Value {
    match rule {
        Value::Array(items) => items.into_iter().map(|item| localised(item, key)).collect(),
        Value::Object(fields) if is_key(&fields) => key.into(),
        Value::Object(fields) => {
            let inner = |(operator, arguments): (String, Value)| {
                let is_short = operator == "fractional" && is_shorthand(&arguments);
                (operator, localised(arguments, key), is_short)
            };
            let mut fields: Vec<_> = fields.into_iter().map(inner).collect();
            match fields.as_mut_slice() {
                [(_, Value::Array(shares), true)] => lower::salted(key.into(), TARGETING_KEY, std::mem::take(shares)),
                _ => fields.into_iter().map(|(name, field, _)| (name, field)).collect(),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => rule,
    }
}

fn is_key(fields: &Map<String, Value>) -> bool {
    let variable = fields.get("var").map(|name| name.get(0).unwrap_or(name));
    fields.len() == 1 && variable.and_then(Value::as_str) == Some("$flagd.flagKey")
}

/// True if no bucketing value comes before the shares, each of which is a list.
fn is_shorthand(arguments: &Value) -> bool {
    arguments.get(0).is_some_and(Value::is_array)
}

/// True if the rule has shares in flagd's shorthand. By the newer bucketing it can't be said in full: it hashes a list of
/// two, which would be taken for a share.
pub(crate) fn has_shorthand(rule: &Value) -> bool {
    match rule {
        Value::Array(items) => items.iter().any(has_shorthand),
        Value::Object(fields) => fields.iter().any(|(operator, arguments)| {
            (operator == "fractional" && is_shorthand(arguments)) || has_shorthand(arguments)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
