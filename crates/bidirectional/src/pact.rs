//! The consumer's side: a pact of specification 1 to 4, read into the requests and responses that it is made of.
//!
//! Matching rules, generators and provider states are passed over: what is compared are the examples. Up to version 3 a body is
//! JSON as it stands; from version 4 on it lies in an envelope (`content`, `encoded`, `contentType`). Interactions that aren't
//! HTTP keep their place in the count, so that positions are the pact's.

use serde_json::{Map, Value};

use crate::value::{text, truthy};
use crate::{INTERACTIONS_MAX, Unreadable};

/// A pact's interactions.
#[derive(Debug)]
pub(crate) struct Pact {
    /// HTTP interactions with their positions in the pact.
    pub(crate) interactions: Vec<(usize, Interaction)>,
    /// How many interactions are messages or of a kind that isn't known.
    pub(crate) skipped: usize,
}

/// One request and its response.
#[derive(Debug)]
pub(crate) struct Interaction {
    pub(crate) description: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    /// As it would stand in a URL.
    pub(crate) query: String,
    pub(crate) request: Message,
    pub(crate) status: Status,
    pub(crate) response: Message,
}

impl Interaction {
    /// Whether the provider takes the request for a good one; of others the request isn't compared.
    pub(crate) fn is_accepted(&self) -> bool {
        self.status.0 < 400.0
    }
}

/// A status code, which in JSON could be any number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status(f64);

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Status {
    /// The range as documents write it: `2XX`.
    pub(crate) fn range(self) -> String {
        format!("{}XX", (self.0 / 100.0).floor())
    }
}

/// Header fields and a body.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) headers: Vec<(String, String)>,
    /// Nothing where the pact doesn't say; null where it says null.
    pub(crate) body: Option<Value>,
}

/// Reads a pact, and takes it apart on the way, so that a large one isn't there twice.
pub(crate) fn read(mut document: Value) -> Result<Pact, Unreadable> {
    let refuse = |reason: &str| Err(Unreadable::Pact(reason.to_owned()));
    if !document.is_object() {
        return refuse("it is not a map");
    }
    let listed = match document.get_mut("interactions") {
        None => Vec::new(),
        Some(Value::Array(list)) => std::mem::take(list),
        Some(_) => return refuse("interactions are not a list"),
    };
    if listed.len() > INTERACTIONS_MAX {
        return Err(Unreadable::TooManyInteractions);
    }
    let enveloped = version(&document) >= 4;
    let mut pact = Pact { interactions: Vec::new(), skipped: 0 };
    let mut index = 0;
    for one in listed {
        if !one.is_object() && !one.is_array() {
            continue;
        }
        if is_http(&one) {
            match interaction(one, enveloped) {
                Ok(read) => pact.interactions.push((index, read)),
                Err(reason) => return refuse(&format!("interaction {index}: {reason}")),
            }
        } else {
            pact.skipped += 1;
        }
        index += 1;
    }
    // Version 3 has a list of its own for messages.
    pact.skipped += document.get("messages").and_then(Value::as_array).map_or(0, Vec::len);
    Ok(pact)
}

fn version(document: &Value) -> u64 {
    let Some(metadata) = document.get("metadata") else { return 0 };
    let nested = |key: &str| metadata.get(key).and_then(|value| text(value, "version"));
    let version = nested("pactSpecification")
        .or_else(|| text(metadata, "pactSpecificationVersion"))
        .or_else(|| nested("pact-specification"))
        .unwrap_or_default();
    let digits: String = version.trim().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or(0)
}

fn is_http(interaction: &Value) -> bool {
    match interaction.get("type") {
        None => true,
        Some(kind) => kind.as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("synchronous/http")),
    }
}

fn interaction(mut interaction: Value, enveloped: bool) -> Result<Interaction, &'static str> {
    let request = part(&mut interaction, "request").ok_or("it has no request")?;
    let response = part(&mut interaction, "response").ok_or("it has no response")?;
    let (mut request, mut response) = (request, response);
    let (sent, received) = (request.shift_remove("body"), response.shift_remove("body"));
    let field = |key: &str| request.get(key).and_then(Value::as_str).map(str::to_owned);
    let status = response.get("status").and_then(Value::as_f64).ok_or("the response has no status")?;
    Ok(Interaction {
        description: text(&interaction, "description").map(str::to_owned),
        method: field("method").ok_or("the request has no method")?,
        path: field("path").ok_or("the request has no path")?,
        query: query(request.get("query"))?,
        request: message(&request, sent, enveloped)?,
        status: Status(status),
        response: message(&response, received, enveloped)?,
    })
}

fn part(interaction: &mut Value, key: &str) -> Option<Map<String, Value>> {
    match interaction.get_mut(key) {
        Some(Value::Object(map)) => Some(std::mem::take(map)),
        _ => None,
    }
}

fn message(message: &Map<String, Value>, body: Option<Value>, enveloped: bool) -> Result<Message, &'static str> {
    Ok(Message {
        headers: fields(message.get("headers")).ok_or("headers are neither texts nor lists of texts")?,
        body: if enveloped { body.as_ref().and_then(unwrapped) } else { body },
    })
}

fn query(query: Option<&Value>) -> Result<String, &'static str> {
    if let Some(Value::String(query)) = query {
        return Ok(query.clone());
    }
    let fields = fields(query).ok_or("the query is neither a text nor texts nor lists of texts")?;
    let pairs: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    Ok(pairs.join("&"))
}

/// Names with texts; of a list its items with commas between.
fn fields(fields: Option<&Value>) -> Option<Vec<(String, String)>> {
    let clean = |text: &str| text.replace(['\r', '\n', '\0'], "");
    match fields {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| {
                let value = match value {
                    Value::String(text) => clean(text),
                    Value::Array(list) => {
                        let texts: Option<Vec<String>> = list.iter().map(|item| item.as_str().map(clean)).collect();
                        texts?.join(",")
                    }
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => return None,
                };
                Some((name.clone(), value))
            })
            .collect(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => None,
    }
}

/// The body in version 4's envelope.
fn unwrapped(body: &Value) -> Option<Value> {
    if !truthy(body) {
        return None;
    }
    let content = body.get("content").cloned().unwrap_or_else(|| Value::from(""));
    let (Some(encoding), Value::String(encoded)) = (text(body, "encoded"), &content) else {
        return Some(content);
    };
    let decoded = match encoding.to_ascii_lowercase().as_str() {
        "json" => serde_json::from_str(encoded).ok(),
        "base64" | "base64url" => Some(Value::from(String::from_utf8_lossy(&from_base64(encoded)).into_owned())),
        "hex" => Some(Value::from(String::from_utf8_lossy(&from_hex(encoded)).into_owned())),
        _ => None,
    };
    Some(decoded.unwrap_or(content))
}

/// Both alphabets; what belongs to neither is passed over, and padding ends it.
fn from_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for one in text.bytes().take_while(|one| *one != b'=') {
        let six = match one {
            b'A'..=b'Z' => one - b'A',
            b'a'..=b'z' => one - b'a' + 26,
            b'0'..=b'9' => one - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(six)) & 0xFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).unwrap_or_default());
        }
    }
    bytes
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().map_while(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit)).collect()
}
