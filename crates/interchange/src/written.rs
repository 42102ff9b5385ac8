//! What was imported, as declarations have it: the `spec` of `kind: Flag` and of `kind: Segment`.

use flags::{Audience, Definition, Requirement, Rollout, Segment, Setting, Share};
use serde_json::{Map, Value, json};

/// The `spec` of a flag, as far as imports fill it in: other services know none of our users and ramps.
pub(crate) fn of_flag(definition: &Definition) -> Value {
    let mut spec = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| spec.insert(name.to_owned(), value));
    put("key", definition.spelling.as_ref().map(|key| json!(key)));
    let description = &definition.description;
    put("description", (!description.is_empty()).then(|| json!(description)));
    put("owner", definition.owner.as_ref().map(|owner| json!(owner)));
    put("purpose", Some(json!(definition.purpose.as_str())));
    put("type", definition.value_type().map(|kind| json!(kind.as_str())));
    put("variants", Some(json!(definition.variants)));
    // Null is not the same as nothing: a boolean flag has defaults.
    put("offVariant", Some(json!(definition.off_variant)));
    put("defaultVariant", Some(json!(definition.default_variant)));
    put("targeting", definition.targeting.clone());
    put("flagSet", definition.flag_set.as_ref().map(|set| json!(set)));
    put("metadata", (!definition.metadata.is_empty()).then(|| json!(definition.metadata)));
    let requires = &definition.requires;
    put("requires", (!requires.is_empty()).then(|| requires.iter().map(of_requirement).collect()));
    let environments: Map<String, Value> =
        definition.environments.iter().map(|(name, setting)| (name.clone(), of_setting(setting))).collect();
    put("environments", Some(Value::Object(environments)));
    Value::Object(spec)
}

/// The `spec` of a segment.
pub(crate) fn of_segment(segment: &Segment) -> Value {
    let mut spec = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| spec.insert(name.to_owned(), value));
    put("description", (!segment.description.is_empty()).then(|| json!(segment.description)));
    put("owner", segment.owner.as_ref().map(|owner| json!(owner)));
    put("members", (!segment.members.is_empty()).then(|| json!(segment.members)));
    put("when", segment.when.clone());
    Value::Object(spec)
}

fn of_requirement(Requirement { flag, variant }: &Requirement) -> Value {
    match variant {
        Some(variant) => json!({"flag": flag.short(), "variant": variant}),
        None => json!(flag.short()),
    }
}

fn of_setting(setting: &Setting) -> Value {
    let mut spec = Map::new();
    let mut put = |name: &str, value: Option<Value>| value.map(|value| spec.insert(name.to_owned(), value));
    put("enabled", Some(json!(setting.enabled)));
    put("defaultVariant", setting.default_variant.as_ref().map(|variant| json!(variant)));
    put("targeting", setting.targeting.clone());
    put("audiences", (!setting.audiences.is_empty()).then(|| setting.audiences.iter().map(of_audience).collect()));
    put("rollout", setting.rollout.as_ref().map(of_rollout));
    Value::Object(spec)
}

fn of_audience(Audience { segment, variant }: &Audience) -> Value {
    json!({"segment": segment.short(), "variant": variant})
}

fn of_rollout(Rollout { by, shares }: &Rollout) -> Value {
    let shares: Map<String, Value> =
        shares.iter().map(|Share { variant, weight }| (variant.clone(), json!(weight))).collect();
    json!({"by": by, "variants": shares})
}
