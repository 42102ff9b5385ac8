//! What a pact says, as far as anything here needs to know it: its identity, its outline, and the ids of its interactions.
//!
//! A content's identity is the Pact Broker's: the SHA-1 of its interactions, messages and specification version, with the
//! keys of all objects in order and the interactions sorted. What else stands in a pact (who made it, with what) doesn't
//! change what a provider must do, so that two pacts which differ only there have the same identity.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize, de::Error as _};
use serde_json::{Map, Value, json};
use sha1::{Digest, Sha1};

/// What a content is known by between one consumer and one provider; 40 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContentSha(pub [u8; 20]);

impl ContentSha {
    /// The identity of a pact.
    #[must_use]
    pub fn of(pact: &Value) -> Self {
        Self::of_text(&json_text(&what_matters(pact)))
    }

    fn of_text(text: &str) -> Self {
        Self(Sha1::digest(text.as_bytes()).into())
    }
}

impl fmt::Display for ContentSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 40 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotASha;

impl fmt::Display for NotASha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the SHA of a pact's content: 40 hexadecimal digits are wanted")
    }
}

impl FromStr for ContentSha {
    type Err = NotASha;

    fn from_str(text: &str) -> Result<Self, NotASha> {
        if text.len() != 40 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NotASha);
        }
        let mut digest = [0_u8; 20];
        for (byte, pair) in digest.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| NotASha)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| NotASha)?;
        }
        Ok(Self(digest))
    }
}

impl Serialize for ContentSha {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentSha {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

/// What is remembered of a content without its document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// How many interactions it has.
    pub interactions: u32,
    /// How many messages it has.
    pub messages: u32,
    /// The requests that it makes, as `GET /orders/7`, without repetition and in order; the first [`Outline::CALLS_MAX`].
    pub calls: Vec<String>,
}

impl Outline {
    /// Requests that are remembered of one content.
    pub const CALLS_MAX: usize = 200;

    /// The outline of a pact.
    #[must_use]
    pub fn of(pact: &Value) -> Self {
        let interactions = parts(pact, "interactions");
        let requests = interactions.iter().filter_map(|interaction| {
            let request = interaction.get("request")?;
            let method = request.get("method").and_then(Value::as_str).unwrap_or("GET").to_uppercase();
            let path = request.get("path").and_then(Value::as_str)?;
            let path: String = path.chars().take(300).collect();
            Some(format!("{method} {path}"))
        });
        let calls: BTreeSet<String> = requests.collect();
        let is_message = |interaction: &&Value| {
            interaction.get("type").and_then(Value::as_str).is_some_and(|sort| sort.contains("Messages"))
        };
        let among = interactions.iter().filter(is_message).count();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self {
            interactions: count(interactions.len() - among),
            messages: count(parts(pact, "messages").len() + among),
            calls: calls.into_iter().take(Self::CALLS_MAX).collect(),
        }
    }
}

fn parts<'a>(pact: &'a Value, key: &str) -> &'a [Value] {
    pact.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The id of an interaction, which verification results refer to: the SHA-1 of it with its keys in order.
#[must_use]
pub fn interaction_id(interaction: &Value) -> String {
    let mut interaction = interaction.clone();
    if let Value::Object(fields) = &mut interaction {
        fields.shift_remove("_id");
    }
    ContentSha::of_text(&json_text(&ordered(&interaction))).to_string()
}

/// The same pact, with an `_id` in front of each interaction and message that has none.
#[must_use]
pub fn with_ids(mut pact: Value) -> Value {
    for key in ["interactions", "messages"] {
        let Some(Value::Array(parts)) = pact.get_mut(key) else { continue };
        for part in parts {
            let id = interaction_id(part);
            if let Value::Object(fields) = part
                && !fields.contains_key("_id")
            {
                let mut with = Map::new();
                with.insert("_id".to_owned(), Value::String(id));
                with.append(fields);
                *fields = with;
            }
        }
    }
    pact
}

/// The same pact without the `_id`s that a broker added; they are no part of what was published.
#[must_use]
pub fn without_ids(mut pact: Value) -> Value {
    for key in ["interactions", "messages"] {
        let Some(Value::Array(parts)) = pact.get_mut(key) else { continue };
        for part in parts.iter_mut().filter_map(Value::as_object_mut) {
            part.shift_remove("_id");
        }
    }
    pact
}

fn what_matters(pact: &Value) -> Value {
    let interactions = pact.get("interactions").filter(|part| part.is_array());
    let messages = pact.get("messages").filter(|part| part.is_array());
    if interactions.is_none() && messages.is_none() {
        return pact.clone();
    }
    let sorted = sorted_part(pact);
    let mut matters = Map::new();
    for (key, part) in [("interactions", interactions), ("messages", messages)] {
        if let Some(part) = part {
            let part = if sorted == Some(key) { sorted_list(part) } else { ordered(part) };
            matters.insert(key.to_owned(), part);
        }
    }
    if let Some(version) = specification(pact) {
        matters.insert("pact_specification_version".to_owned(), ordered(&version));
    }
    Value::Object(matters)
}

/// As upstream, only the first of the two lists is sorted.
fn sorted_part(pact: &Value) -> Option<&'static str> {
    let has = |key: &str| pact.get(key).is_some_and(|part| !part.is_null() && *part != json!(false));
    ["interactions", "messages"].into_iter().find(|key| has(key))
}

fn sorted_list(list: &Value) -> Value {
    let Value::Array(list) = list else { return ordered(list) };
    let mut texts: Vec<(String, Value)> = list.iter().map(ordered).map(|part| (json_text(&part), part)).collect();
    texts.sort_by(|(a, _), (b, _)| a.cmp(b));
    Value::Array(texts.into_iter().map(|(_, part)| part).collect())
}

/// The version of Pact's specification that a pact names, wherever its library put it.
#[must_use]
pub fn specification(pact: &Value) -> Option<Value> {
    let metadata = pact.get("metadata")?;
    let nested = |key: &str| metadata.get(key).and_then(|specification| specification.get("version"));
    let found = nested("pactSpecification")
        .or_else(|| nested("pact-specification"))
        .or(metadata.get("pactSpecificationVersion"));
    found.filter(|version| !version.is_null()).cloned()
}

/// The value with the keys of all objects in order.
fn ordered(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            let in_order = keys.into_iter().filter_map(|key| Some((key.clone(), ordered(fields.get(key)?))));
            Value::Object(in_order.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn json_text(value: &Value) -> String {
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(one: &Value, other: &Value) {
        assert_eq!(ContentSha::of(one), ContentSha::of(other), "{one} {other}");
    }

    #[test]
    fn the_order_of_keys_and_interactions_and_who_made_the_pact_do_not_matter() {
        let one = json!({"consumer": {"name": "a"}, "interactions": [{"x": 1, "y": 2}, {"z": [1, 2]}],
            "metadata": {"pactSpecification": {"version": "3.0.0"}, "made": "by one"}});
        let other = json!({"interactions": [{"z": [1, 2]}, {"y": 2, "x": 1}],
            "metadata": {"made": "by another", "pactSpecification": {"version": "3.0.0"}}});
        same(&one, &other);
    }

    #[test]
    fn another_expectation_or_specification_is_another_content() {
        let one = json!({"interactions": [{"x": [1, 2]}]});
        assert_ne!(ContentSha::of(&one), ContentSha::of(&json!({"interactions": [{"x": [2, 1]}]})));
        let with = json!({"interactions": [{"x": [1, 2]}], "metadata": {"pactSpecificationVersion": "4"}});
        assert_ne!(ContentSha::of(&one), ContentSha::of(&with));
    }

    #[test]
    fn the_sha_is_the_one_of_the_pact_broker() {
        // SHA-1 of {"interactions":[]}.
        let sha = ContentSha::of(&json!({"consumer": {"name": "a"}, "interactions": []}));
        assert_eq!(sha, ContentSha::of_text(r#"{"interactions":[]}"#));
        assert_eq!(sha.to_string().parse(), Ok(sha));
        assert_eq!("xyz".parse::<ContentSha>(), Err(NotASha));
    }

    #[test]
    fn ids_are_added_in_front_and_taken_away_again() {
        let pact = json!({"interactions": [{"description": "b", "a": 1}], "messages": []});
        let with = with_ids(pact.clone());
        let id = interaction_id(&json!({"a": 1, "description": "b"}));
        assert_eq!(with["interactions"][0], json!({"_id": id, "description": "b", "a": 1}));
        assert_eq!(without_ids(with), pact);
    }

    #[test]
    fn the_outline_lists_requests_once() {
        let request = json!({"request": {"method": "get", "path": "/a"}});
        let pact = json!({"interactions": [request, request, {"type": "Asynchronous/Messages"}], "messages": [{}]});
        let outline = Outline::of(&pact);
        assert_eq!(outline, Outline { interactions: 2, messages: 2, calls: vec!["GET /a".to_owned()] });
    }
}
