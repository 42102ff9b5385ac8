//! Flags as flagd's definitions, one environment at a time.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use flags::{Flag, State};
use kernel::Timestamp;
use serde_json::{Map, Value, json};

pub(crate) fn environments(state: &State) -> impl Iterator<Item = &str> {
    state.flags().flat_map(|flag| flag.switches.keys().chain(flag.definition.environments.keys())).map(String::as_str)
}

pub(crate) fn fingerprint(_: &State, flag: &Flag, environment: &str, _: Timestamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    (flag.is_on(environment), format!("{:?}", flag.definition)).hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn lower_flag(_: &State, flag: &Flag, environment: &str, _: Timestamp) -> Value {
    let served = if flag.is_on(environment) { &flag.definition.default_variant } else { &flag.definition.off_variant };
    let metadata = flag.definition.flag_set.as_ref().map_or(json!({}), |set| json!({ "flagSetId": set }));
    json!({ "state": "ENABLED", "variants": flag.definition.variants, "defaultVariant": served, "metadata": metadata })
}

pub(crate) fn evaluators(_: &State, _: &str, _: Timestamp) -> Map<String, Value> {
    Map::new()
}

pub(crate) fn next_change(_: &State, _: Timestamp) -> Option<Timestamp> {
    None
}
