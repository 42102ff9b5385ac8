//! Joins a pact with the one that the same version has already published, as parallel test runs need it.

use std::collections::HashMap;

use serde_json::{Value, json};

/// By what an interaction is known: its description and its provider states, as text.
fn key(interaction: &Value) -> (String, String) {
    let states = ["provider_state", "providerState", "providerStates"];
    let state = states.iter().find_map(|key| interaction.get(key).filter(|state| !state.is_null()));
    let text = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
    (text(interaction.get("description")), text(state))
}

/// The known pact with the interactions of the other: one of the same description and state is replaced.
pub(super) fn merged(mut known: Value, other: &Value) -> Value {
    for kind in ["interactions", "messages"] {
        let Some(new) = other.get(kind).and_then(Value::as_array) else { continue };
        let Value::Object(fields) = &mut known else { continue };
        let Value::Array(list) = fields.entry(kind).or_insert_with(|| json!([])) else { continue };
        let mut places: HashMap<(String, String), usize> = HashMap::with_capacity(list.len());
        for (place, interaction) in list.iter().enumerate() {
            places.entry(key(interaction)).or_insert(place);
        }
        for interaction in new {
            let next = list.len();
            let place = *places.entry(key(interaction)).or_insert(next);
            match list.get_mut(place) {
                Some(known) => *known = interaction.clone(),
                None => list.push(interaction.clone()),
            }
        }
    }
    known
}

/// True if an interaction of the same description and state has another request.
pub(super) fn conflicts(known: &Value, other: &Value) -> bool {
    let interactions = |pact: &Value| pact.get("interactions").and_then(Value::as_array).cloned();
    let (Some(known), Some(new)) = (interactions(known), interactions(other)) else { return true };
    let part =
        |interaction: &Value, key: &str| interaction.get("request").and_then(|request| request.get(key)).cloned();
    let differ = |one: &Value, other: &Value| {
        ["method", "path", "query", "body", "headers"].iter().any(|key| part(one, key) != part(other, key))
    };
    // Two different requests under one key are enough: whatever comes conflicts with one of them.
    let mut requests: HashMap<(String, String), (&Value, Option<&Value>)> = HashMap::with_capacity(known.len());
    for interaction in &known {
        let (first, second) = requests.entry(key(interaction)).or_insert((interaction, None));
        if second.is_none() && differ(first, interaction) {
            *second = Some(interaction);
        }
    }
    new.iter().any(|new| {
        let known = requests.get(&key(new));
        known.is_some_and(|(first, second)| second.is_some() || differ(first, new))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pact(interactions: &Value) -> Value {
        json!({"consumer": {"name": "Till"}, "interactions": interactions})
    }

    #[test]
    fn an_interaction_of_the_same_description_and_state_is_replaced_and_others_are_added() {
        let known = pact(&json!([{"description": "a price", "providerState": "open", "request": {"path": "/1"}}]));
        let other = pact(&json!([
            {"description": "a price", "providerState": "open", "request": {"path": "/1"}, "response": {"status": 200}},
            {"description": "a price", "providerState": "closed", "request": {"path": "/1"}},
        ]));
        let merged = merged(known, &other);
        assert_eq!(merged.get("interactions"), other.get("interactions"));
    }

    #[test]
    fn only_another_request_is_a_conflict() {
        let known = pact(&json!([{"description": "a price", "request": {"path": "/1"}, "response": {"status": 200}}]));
        let same = pact(&json!([{"description": "a price", "request": {"path": "/1"}, "response": {"status": 404}}]));
        let another = pact(&json!([{"description": "a price", "request": {"path": "/2"}}]));
        assert!(!conflicts(&known, &same));
        assert!(conflicts(&known, &another));
        assert!(conflicts(&known, &json!({"messages": []})), "what has no interactions cannot be compared");
    }

    #[test]
    fn many_interactions_are_merged_in_time_that_grows_with_their_number() {
        let many: Vec<Value> = (0..50_000).map(|number| json!({"description": format!("the {number}th")})).collect();
        let begun = std::time::Instant::now();
        let merged = merged(pact(&Value::Array(many.clone())), &pact(&Value::Array(many)));
        assert_eq!(merged.get("interactions").and_then(Value::as_array).map(Vec::len), Some(50_000));
        assert!(begun.elapsed().as_secs() < 20, "pairs were compared one by one");
    }
}
