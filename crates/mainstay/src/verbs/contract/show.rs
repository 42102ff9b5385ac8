//! `mainstay contract show`: a pact as people read it.

use std::process::ExitCode;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use jiff::Timestamp;
use kernel::Refusal;
use serde_json::Value;

use super::Session;
use crate::output::{Printer, add, indented};

/// Which pact.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// Who expects
    consumer: String,
    /// Of whom
    provider: String,
    /// The consumer's version; the newest with a pact if left out
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
}

/// Shows a pact.
///
/// # Errors
/// What the server refuses.
pub(super) async fn show(args: &Show, session: &Session) -> Result<ExitCode, Refusal> {
    let pact = pact(session, (&args.consumer, &args.provider), args.version.as_deref()).await?;
    session.out.show(pact, |pact: Value| text(&session.out, &pact))?;
    Ok(ExitCode::SUCCESS)
}

/// The pact of a version, or the newest.
///
/// # Errors
/// If there is none.
pub(super) async fn pact(
    session: &Session,
    (consumer, provider): (&str, &str),
    version: Option<&str>,
) -> Result<Value, Refusal> {
    let mut path = vec!["pacts", "provider", provider, "consumer", consumer];
    match version {
        Some(version) => path.extend(["version", version]),
        None => path.push("latest"),
    }
    session.client.broker()?.get(&path, &[]).await.map_err(|mut refusal| {
        if refusal.code == &kernel::codes::NOT_FOUND {
            let which = version.map_or_else(String::new, |version| format!(" {version}"));
            refusal.detail = format!("there is no pact of {consumer}{which} with {provider}");
            refusal.fix = Some("`mainstay contract list` shows who has contracts with whom".to_owned());
        }
        refusal
    })
}

/// The parts of a pact that expect something.
pub(super) fn parts(pact: &Value) -> impl Iterator<Item = &Value> {
    ["interactions", "messages"].into_iter().filter_map(|key| pact.get(key)?.as_array()).flatten()
}

/// What an interaction is called.
pub(super) fn description(part: &Value) -> &str {
    part.get("description").and_then(Value::as_str).unwrap_or("without description")
}

/// The states in which the provider must be, as specifications 1 to 4 write them.
pub(super) fn states(part: &Value) -> Vec<String> {
    let one = ["providerState", "provider_state"].into_iter().find_map(|key| part.get(key)?.as_str());
    let several = part.get("providerStates").and_then(Value::as_array);
    let several = several.into_iter().flatten().filter_map(|state| {
        let name = state.get("name")?.as_str()?.to_owned();
        let parameters =
            state.get("params").filter(|parameters| parameters.as_object().is_some_and(|all| !all.is_empty()));
        Some(parameters.map_or_else(|| name.clone(), |parameters| format!("{name} {parameters}")))
    });
    one.map(str::to_owned).into_iter().chain(several).filter(|state| !state.is_empty()).collect()
}

fn text(out: &Printer, pact: &Value) -> String {
    let name = |pointer: &str| pact.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let mut text = String::new();
    let version = name("/_links/pb:consumer-version/name");
    let title = format!("{} {version} expects of {}", name("/consumer/name"), name("/provider/name"));
    add(&mut text, out.strong(&title));
    if let Ok(at) = name("/createdAt").parse::<Timestamp>() {
        add(&mut text, out.faint(&format!("  published {}", out.when(at))));
    }
    for part in parts(pact) {
        add(&mut text, "");
        add(&mut text, description(part));
        for state in states(part) {
            add(&mut text, format!("  given {}", indented(&state, 4)));
        }
        add_part(&mut text, part);
    }
    if parts(pact).next().is_none() {
        add(&mut text, "  nothing");
    }
    text
}

fn add_part(text: &mut String, part: &Value) {
    let as_text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (request, response) = (part.get("request"), part.get("response"));
    if let Some(request) = request.filter(|request| request.get("path").is_some() || request.get("method").is_some()) {
        let method = request.get("method").map_or_else(|| "GET".to_owned(), as_text);
        let path = request.get("path").map_or_else(|| "/".to_owned(), as_text);
        let query = request.get("query").filter(|query| !query.is_null()).map(query);
        let query = query.filter(|query| !query.is_empty()).map_or_else(String::new, |query| format!("?{query}"));
        add(text, format!("  {} {path}{query}", method.to_uppercase()));
        add_content(text, request);
        let status =
            response.and_then(|response| response.get("status")).map_or_else(|| "any status".to_owned(), as_text);
        add(text, format!("  → {status}"));
        response.into_iter().for_each(|response| add_content(text, response));
        return;
    }
    // A message: its content is its own in specification 3, and in `request` and `response` where it is answered.
    add_content(text, part);
    for (word, side) in [("asks", request), ("is answered", response)] {
        let sides = side.map(|side| side.as_array().map_or(std::slice::from_ref(side), Vec::as_slice));
        for side in sides.into_iter().flatten() {
            add(text, format!("  {word}"));
            add_content(text, side);
        }
    }
}

/// `a=1&b=2`, whether it was written as a text or as lists by name.
fn query(query: &Value) -> String {
    let Value::Object(names) = query else { return query.as_str().unwrap_or_default().to_owned() };
    let pair = |name: &str, value: &Value| format!("{name}={}", value.as_str().unwrap_or_default());
    let pairs = names.iter().flat_map(|(name, values)| {
        let values = values.as_array().map_or(std::slice::from_ref(values), Vec::as_slice);
        values.iter().map(move |value| pair(name, value))
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn add_content(text: &mut String, side: &Value) {
    let headers = side.get("headers").and_then(Value::as_object);
    for (name, value) in headers.into_iter().flatten() {
        let texts = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter();
        let texts = texts.map(|text| text.as_str().map_or_else(|| text.to_string(), str::to_owned));
        let value = texts.collect::<Vec<_>>().join(", ");
        add(text, format!("    {name}: {value}"));
    }
    let metadata = ["metadata", "metaData"].into_iter().find_map(|key| side.get(key)?.as_object());
    for (name, value) in metadata.into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        add(text, format!("    {name}: {}", indented(&value, 4)));
    }
    let body = ["body", "contents"].into_iter().find_map(|key| side.get(key)).filter(|body| !body.is_null());
    if let Some(body) = body {
        // Specification 4 wraps the content with its type.
        let content = body.get("content").filter(|_| body.get("contentType").is_some()).unwrap_or(body);
        let is_encoded = body.get("encoded").is_some_and(|encoded| *encoded == true || encoded == "base64");
        let shown = match content.as_str() {
            Some(written) if is_encoded => decoded(written),
            Some(written) => written.to_owned(),
            None => format!("{content:#}"),
        };
        add(text, format!("    {}", indented(&shown, 4)));
    }
}

/// What was written as base64, where it is text; else how much it is.
fn decoded(written: &str) -> String {
    match STANDARD.decode(written).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(binary)) => format!("({} B that are no text)", binary.as_bytes().len()),
        Err(_) => written.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(part: &Value, expect: &[&str]) {
        let mut text = String::new();
        add_part(&mut text, part);
        assert_eq!(text.lines().map(str::trim).collect::<Vec<_>>(), expect);
    }

    #[test]
    fn requests_and_messages_of_every_specification_are_shown() {
        let two = json!({"request": {"method": "get", "path": "/a", "query": "x=1"}, "response": {"status": 200}});
        check(&two, &["GET /a?x=1", "→ 200"]);
        let three = json!({"request": {"method": "GET", "path": "/a", "query": {"x": ["1", "2"]}, "headers": {"Accept": "x"}},
            "response": {"status": 200, "body": "yes"}});
        check(&three, &["GET /a?x=1&x=2", "Accept: x", "→ 200", "yes"]);
        let four = json!({"request": {"method": "POST", "path": "/a", "body": {"contentType": "application/json", "content": 7}},
            "response": {"status": 201}});
        check(&four, &["POST /a", "7", "→ 201"]);
        check(&json!({"contents": "hello"}), &["hello"]);
        let encoded = |content: &str| {
            json!({"contents": {"contentType": "x/y", "encoded": "base64", "content": content},
            "metadata": {"topic": "orders", "partition": 3}})
        };
        check(&encoded("aGVsbG8="), &["topic: orders", "partition: 3", "hello"]);
        check(&encoded("/w=="), &["topic: orders", "partition: 3", "(1 B that are no text)"]);
        let answered = json!({"request": {"contents": {"contentType": "text/plain", "content": "ping"}},
            "response": [{"contents": {"contentType": "text/plain", "content": "pong"}}]});
        check(&answered, &["asks", "ping", "is answered", "pong"]);
    }

    #[test]
    fn states_are_read_as_every_specification_writes_them() {
        assert_eq!(states(&json!({"providerState": "a card"})), ["a card"]);
        assert_eq!(states(&json!({"provider_state": "a card"})), ["a card"]);
        let several = json!({"providerStates": [{"name": "a card", "params": {"id": 7}}, {"name": "a user"}]});
        assert_eq!(states(&several), ["a card {\"id\":7}", "a user"]);
        assert!(states(&json!({"providerState": null})).is_empty());
    }
}
