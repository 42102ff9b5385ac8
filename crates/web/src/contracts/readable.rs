//! A pact as people read it, whichever version of the specification it is written in.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::rules::{Rule, rules};

/// What a consumer expects in one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interaction<'a> {
    /// What verification results call it.
    pub(super) id: String,
    /// `request`, `message`, `request by message`.
    pub(super) sort: &'static str,
    /// Its description.
    pub(super) description: &'a str,
    /// What must be so at the provider: `an order 7 exists (id: 7)`.
    pub(super) states: Vec<String>,
    /// True if its failure is not to fail the provider's build.
    pub(super) pending: bool,
    /// What its author remarked.
    pub(super) comments: Vec<String>,
    /// Request and response, or contents.
    pub(super) parts: Vec<Said<'a>>,
    /// As it was written.
    pub(super) json: &'a Value,
}

/// One side of an interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said<'a> {
    /// `Request`, `Response`, `Message`.
    pub(super) title: &'static str,
    /// `GET /orders/7?full=true`, `200`.
    pub(super) line: String,
    /// Headers or metadata.
    pub(super) headers: Vec<(String, String)>,
    /// What is sent.
    pub(super) body: Option<Body<'a>>,
    /// What may differ, and how.
    pub(super) rules: Vec<Rule>,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body<'a> {
    /// JSON.
    Json(&'a Value),
    /// A text.
    Text(String),
    /// So many bytes that are no text.
    Binary(usize),
}

impl Body<'_> {
    /// As it is shown.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Json(value) => format!("{value:#}"),
            Self::Text(text) => text.clone(),
            Self::Binary(bytes) => format!("{bytes} bytes that are no text"),
        }
    }
}

/// The interactions and messages of a pact, in its order.
pub(super) fn interactions(pact: &Value) -> Vec<Interaction<'_>> {
    let list = |key: &str| pact.get(key).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let of_requests = list("interactions").iter().map(|json| interaction(json, false));
    of_requests.chain(list("messages").iter().map(|json| interaction(json, true))).collect()
}

fn interaction(json: &Value, is_message: bool) -> Interaction<'_> {
    let text = |key: &str| json.get(key).and_then(Value::as_str);
    let (sort, parts) = match text("type") {
        Some("Asynchronous/Messages") => ("message", vec![message("Message", json)]),
        Some("Synchronous/Messages") => ("request by message", by_message(json)),
        Some(_) | None if is_message => ("message", vec![message("Message", json)]),
        Some(_) | None => ("request", vec![request(json), response(json)]),
    };
    let comments = json.pointer("/comments/text").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    Interaction {
        id: text("_id").map_or_else(|| ::contracts::content::interaction_id(json), str::to_owned),
        sort,
        description: text("description").unwrap_or("(no description)"),
        states: states(json),
        pending: json.get("pending") == Some(&Value::Bool(true)),
        comments: comments.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        parts,
        json,
    }
}

fn states(json: &Value) -> Vec<String> {
    if let Some(state) = json.get("providerState").or(json.get("provider_state")).and_then(Value::as_str) {
        return if state.is_empty() { Vec::new() } else { vec![state.to_owned()] };
    }
    let states = json.get("providerStates").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let named = states.iter().filter_map(|state| {
        let name = state.get("name").and_then(Value::as_str).or(state.as_str())?;
        let params = state.get("params").and_then(Value::as_object).filter(|params| !params.is_empty());
        let params =
            params.map(|params| params.iter().map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>());
        Some(match params {
            Some(params) => format!("{name} ({})", params.join(", ")),
            None => name.to_owned(),
        })
    });
    named.collect()
}

fn request(json: &Value) -> Said<'_> {
    let of = json.get("request").unwrap_or(&Value::Null);
    let method = of.get("method").and_then(Value::as_str).unwrap_or("GET").to_uppercase();
    let path = of.get("path").and_then(Value::as_str).unwrap_or("/");
    let query = query(of.get("query"));
    let joint = if query.is_empty() { "" } else { "?" };
    said("Request", format!("{method} {path}{joint}{query}"), of, "headers", "body")
}

fn response(json: &Value) -> Said<'_> {
    let of = json.get("response").unwrap_or(&Value::Null);
    let status = of.get("status").map_or_else(|| "200".to_owned(), ToString::to_string);
    said("Response", format!("Status {status}"), of, "headers", "body")
}

fn by_message(json: &Value) -> Vec<Said<'_>> {
    let responses = match json.get("response") {
        Some(Value::Array(all)) => all.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    let request = json.get("request").map(|of| message("Request", of));
    request.into_iter().chain(responses.iter().map(|of| message("Response", of))).collect()
}

fn message<'a>(title: &'static str, of: &'a Value) -> Said<'a> {
    let metadata = if of.get("metaData").is_some() { "metaData" } else { "metadata" };
    let contents = if of.get("contents").is_some() { "contents" } else { "content" };
    said(title, String::new(), of, metadata, contents)
}

fn said<'a>(title: &'static str, line: String, of: &'a Value, headers: &str, body: &str) -> Said<'a> {
    let pairs = of.get(headers).and_then(Value::as_object).into_iter().flatten();
    Said {
        title,
        line,
        headers: pairs.map(|(name, value)| (name.clone(), plain(value))).collect(),
        body: of.get(body).and_then(contents),
        rules: rules(of.get("matchingRules")),
    }
}

/// A query, as v2 has it (a text) or as v3 and v4 do (an object of lists).
fn query(of: Option<&Value>) -> String {
    match of {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(all)) => {
            let pairs = all.iter().flat_map(|(name, values)| {
                let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
                values.iter().map(move |value| format!("{name}={}", plain(value)))
            });
            pairs.collect::<Vec<_>>().join("&")
        }
        Some(_) | None => String::new(),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// A body as it stands, or as v4 wraps it: `{content, contentType, encoded}`.
fn contents(of: &Value) -> Option<Body<'_>> {
    let wrapped = of.as_object().filter(|fields| {
        fields.contains_key("content")
            && fields
                .keys()
                .all(|key| matches!(key.as_str(), "content" | "contentType" | "encoded" | "contentTypeHint"))
    });
    let Some(fields) = wrapped else { return unwrapped(of) };
    let content = fields.get("content")?;
    let is_encoded = fields.get("encoded").is_some_and(|encoded| *encoded == Value::Bool(true) || encoded == "base64");
    match content.as_str().filter(|_| is_encoded) {
        Some(text) => {
            let bytes = STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec());
            let size = bytes.len();
            Some(String::from_utf8(bytes).map_or(Body::Binary(size), Body::Text))
        }
        None => unwrapped(content),
    }
}

fn unwrapped(of: &Value) -> Option<Body<'_>> {
    match of {
        Value::Null => None,
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(Body::Text(text.clone())),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(Body::Json(of)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_reads_the_same_in_every_specification() {
        let v2 = json!({"interactions": [{"description": "an order", "providerState": "it exists",
            "request": {"method": "get", "path": "/orders/7", "query": "full=true"},
            "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": {"id": 7}}}]});
        let v4 = json!({"interactions": [{"type": "Synchronous/HTTP", "description": "an order",
            "providerStates": [{"name": "it exists"}],
            "request": {"method": "GET", "path": "/orders/7", "query": {"full": ["true"]}},
            "response": {"status": 200, "headers": {"Content-Type": ["application/json"]},
                "body": {"content": {"id": 7}, "contentType": "application/json", "encoded": false}}}]});
        for pact in [&v2, &v4] {
            let [found] = interactions(pact).try_into().unwrap();
            assert_eq!(
                (found.sort, found.description, found.states.as_slice()),
                ("request", "an order", ["it exists".to_owned()].as_slice())
            );
            let [request, response] = found.parts.try_into().unwrap();
            assert_eq!((request.line.as_str(), response.line.as_str()), ("GET /orders/7?full=true", "Status 200"));
            assert_eq!(response.headers, [("Content-Type".to_owned(), "application/json".to_owned())]);
            assert_eq!(response.body.unwrap().text(), "{\n  \"id\": 7\n}");
        }
    }

    #[test]
    fn messages_are_read_with_their_metadata_and_what_is_encoded_is_decoded() {
        let pact = json!({
            "messages": [{"description": "sold", "providerStates": [{"name": "a sale", "params": {"id": 1}}], "contents": {"a": 1}, "metaData": {"topic": "sales"}}],
            "interactions": [{"type": "Synchronous/Messages", "description": "ask", "pending": true, "comments": {"text": ["why"]},
                "request": {"contents": {"content": "aGVsbG8=", "encoded": "base64"}},
                "response": [{"contents": {"content": "/w==", "encoded": true}}]}]
        });
        let found = interactions(&pact);
        assert_eq!(found[1].states, ["a sale (id: 1)"]);
        assert_eq!((found[1].sort, found[1].parts[0].headers[0].1.as_str()), ("message", "sales"));
        assert!(found[0].pending && found[0].comments == ["why"] && found[0].sort == "request by message");
        assert_eq!(found[0].parts[0].body, Some(Body::Text("hello".to_owned())));
        assert_eq!(found[0].parts[1].body, Some(Body::Binary(1)));
    }

    #[test]
    fn what_is_no_pact_has_no_interactions_and_harms_nobody() {
        for json in [json!(null), json!([]), json!({"interactions": 3, "messages": {}}), json!("x")] {
            assert_eq!(interactions(&json), []);
        }
        assert_eq!(interactions(&json!({"interactions": [null, 3]})).len(), 2);
    }
}
