//! Reading a webhook as a client sends it: what is wrong with it, and what of it is secret.

use std::collections::BTreeMap;

use contracts::{
    State, Webhook,
    webhooks::{EVENTS, WebhookRequest, Whose},
};
use serde_json::{Map, Value};

use super::webhook_host;
use crate::{Policy, Secrets};

/// The event of a webhook that names none.
const USUAL_EVENT: &str = "contract_content_changed";
/// The methods that HTTP has.
const METHODS: [&str; 15] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
    "COPY",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "UNLOCK",
];

/// Where a webhook is read for.
pub(super) struct Place<'a> {
    pub(super) state: &'a State,
    pub(super) policy: &'a Policy,
    /// The consumer and the provider that the path names.
    pub(super) consumer: Option<&'a str>,
    pub(super) provider: Option<&'a str>,
    /// The webhook that is changed, with what is secret of it.
    pub(super) known: Option<(&'a Webhook, &'a Secrets)>,
}

#[derive(Default)]
struct Errors(Vec<(String, String)>);

impl Errors {
    fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.0.push((field.into(), text.into()));
    }

    /// A text that must be there.
    fn text(&mut self, object: &Map<String, Value>, key: &str, field: &str) -> Option<String> {
        match object.get(key) {
            None => self.add(field, "is missing"),
            Some(Value::String(text)) if text.trim().is_empty() => self.add(field, "can't be blank"),
            Some(Value::String(text)) if text.contains(['\n', '\r']) => {
                self.add(field, "cannot contain multiple lines")
            }
            Some(Value::String(text)) => return Some(text.clone()),
            Some(Value::Null) => self.add(field, "can't be blank"),
            Some(_) => self.add(field, "must be a string"),
        }
        None
    }

    /// A text that may be left out.
    fn optional(&mut self, object: &Map<String, Value>, key: &str, field: &str) -> Option<String> {
        match object.get(key) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(Value::String(text)) if text.contains(['\n', '\r']) => {
                self.add(field, "cannot contain multiple lines");
                None
            }
            Some(Value::String(text)) => Some(text.clone()),
            Some(_) => {
                self.add(field, "must be a string");
                None
            }
        }
    }
}

/// The webhook that a client sent, and what is secret of it; it has no name yet under which that is sealed.
///
/// # Errors
/// What is wrong with it, by field.
pub(super) fn read(id: &str, body: &Value, place: &Place<'_>) -> Result<(Webhook, Secrets), Vec<(String, String)>> {
    let mut errors = Errors::default();
    let nothing = Map::new();
    let body = body.as_object().unwrap_or(&nothing);
    let description = errors.optional(body, "description", "description");
    let enabled = match body.get("enabled") {
        None => true,
        Some(Value::Bool(enabled)) => *enabled,
        Some(_) => {
            errors.add("enabled", "must be boolean");
            true
        }
    };
    let team = errors.optional(body, "teamUuid", "teamUuid");
    let consumer = whose(&mut errors, place, body, ("consumer", place.consumer));
    let provider = whose(&mut errors, place, body, ("provider", place.provider));
    let events = events(&mut errors, body.get("events"));
    let request = match body.get("request") {
        Some(Value::Object(request)) if !request.is_empty() => read_request(&mut errors, request, place),
        Some(Value::Object(_) | Value::Null) => {
            errors.add("request", "can't be blank");
            None
        }
        Some(_) => {
            errors.add("request", "must be a hash");
            None
        }
        None => {
            errors.add("request", "is missing");
            None
        }
    };
    match (request, errors.0.is_empty()) {
        (Some((request, secrets)), true) => {
            let id = id.to_owned();
            Ok((Webhook { id, description, enabled, consumer, provider, events, request, team }, secrets))
        }
        (_, _) => Err(errors.0),
    }
}

fn whose(
    errors: &mut Errors,
    place: &Place<'_>,
    body: &Map<String, Value>,
    (role, fixed): (&str, Option<&str>),
) -> Option<Whose> {
    if let Some(name) = fixed {
        return Some(Whose::Name(name.to_owned()));
    }
    let party = match body.get(role) {
        None | Some(Value::Null) => return None,
        Some(Value::Object(party)) => party,
        Some(_) => {
            errors.add(role, "must be a hash");
            return None;
        }
    };
    let (at_name, at_label) = (format!("{role}.name"), format!("{role}.label"));
    let name = errors.optional(party, "name", &at_name).filter(|name| !name.trim().is_empty());
    let label = errors.optional(party, "label", &at_label).filter(|label| !label.trim().is_empty());
    match (name, label) {
        (None, None) => errors.add(at_name, "cannot be blank"),
        (Some(_), Some(_)) => errors.add(at_label, "name and label cannot be provided at the same time"),
        (Some(name), None) if place.state.pacticipant_named(&name).is_none() => {
            errors.add(at_name, "does not match an existing pacticipant");
        }
        (Some(name), None) => return Some(Whose::Name(name)),
        (None, Some(label)) => return Some(Whose::Label(label)),
    }
    None
}

fn events(errors: &mut Errors, events: Option<&Value>) -> Vec<String> {
    let list = match events {
        None | Some(Value::Null) => return vec![USUAL_EVENT.to_owned()],
        Some(Value::Array(list)) if list.is_empty() => {
            errors.add("events", "size cannot be less than 1");
            return Vec::new();
        }
        Some(Value::Array(list)) => list,
        Some(_) => {
            errors.add("events", "must be an array");
            return Vec::new();
        }
    };
    let mut named: Vec<String> = Vec::new();
    for (at, event) in list.iter().enumerate() {
        match event.get("name").and_then(Value::as_str) {
            Some(name) if EVENTS.contains(&name) => {
                if !named.iter().any(|known| known == name) {
                    named.push(name.to_owned());
                }
            }
            Some(_) => errors.add("events", format!("name must be one of: {} (at index {at})", EVENTS.join(", "))),
            None => errors.add("events", format!("name is missing (at index {at})")),
        }
    }
    named
}

fn read_request(
    errors: &mut Errors,
    request: &Map<String, Value>,
    place: &Place<'_>,
) -> Option<(WebhookRequest, Secrets)> {
    let before = errors.0.len();
    let method = errors.text(request, "method", "request.method");
    if let Some(wrong) = method.as_deref().and_then(|method| method_refusal(method, &place.policy.webhook_methods)) {
        errors.add("request.method", wrong);
    }
    let url = errors.text(request, "url", "request.url");
    let (schemes, hosts) = (&place.policy.webhook_schemes, &place.policy.webhook_hosts);
    if let Some(wrong) = url.as_deref().and_then(|url| webhook_host::refusal(url, schemes, hosts)) {
        errors.add("request.url", wrong);
    }
    let kept = Kept { known: place.known, url: url.as_deref().unwrap_or_default() };
    let username = errors.optional(request, "username", "request.username");
    let password = password(errors, request, &kept);
    let mut secrets = Secrets { password, headers: BTreeMap::new() };
    let headers = headers(errors, request.get("headers"), &kept, &mut secrets);
    let (body, json) = match request.get("body") {
        None | Some(Value::Null) => (None, false),
        Some(Value::String(text)) => (Some(text.clone()), false),
        Some(document) => (Some(document.to_string()), true),
    };
    let (method, url) = (method?.to_uppercase(), url?);
    let request = WebhookRequest {
        method,
        url,
        headers,
        secret_headers: secrets.headers.keys().cloned().collect(),
        body,
        json,
        username,
        password: secrets.password.is_some(),
        secret: None,
    };
    (errors.0.len() == before).then_some((request, secrets))
}

fn method_refusal(method: &str, allowed: &[String]) -> Option<String> {
    if !METHODS.iter().any(|known| known.eq_ignore_ascii_case(method)) {
        return Some("is not a recognised HTTP method".to_owned());
    }
    if allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(method)) {
        return None;
    }
    let one_of = if allowed.len() == 1 { "" } else { "one of " };
    Some(format!("must be {one_of}{}. See /doc/webhooks#whitelist for more information.", allowed.join(", ")))
}

/// What may be kept of the webhook that is changed.
struct Kept<'a> {
    known: Option<(&'a Webhook, &'a Secrets)>,
    url: &'a str,
}

impl Kept<'_> {
    /// A secret that is sent as it was shown is the one that is known, as long as it goes to the same server: who may
    /// change webhooks is not for that reason someone who knows their secrets.
    fn secret(&self, of: impl Fn(&Secrets) -> Option<String>) -> Result<String, &'static str> {
        let Some((webhook, secrets)) = self.known else {
            return Err("is masked, and nothing is known that it stands for");
        };
        let secret = of(secrets).ok_or("is masked, and nothing is known that it stands for")?;
        if webhook_host::same_origin(&webhook.request.url, self.url) {
            return Ok(secret);
        }
        Err("must be given anew, because the webhook now calls another server")
    }
}

fn is_mask(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

fn password(errors: &mut Errors, request: &Map<String, Value>, kept: &Kept<'_>) -> Option<String> {
    let password = errors.optional(request, "password", "request.password")?;
    if password.contains("${") {
        errors.add("request.password", "cannot have a template parameter");
        return None;
    }
    if !is_mask(&password) {
        return Some(password);
    }
    kept.secret(|secrets| secrets.password.clone()).map_err(|wrong| errors.add("request.password", wrong)).ok()
}

/// True if a header of this name says something that nobody is to read.
fn is_secret(name: &str) -> bool {
    const MARKS: [&str; 10] =
        ["auth", "token", "secret", "apikey", "accesskey", "password", "cookie", "credential", "session", "signature"];
    let name = name.to_lowercase().replace(['-', '_', '.'], "");
    MARKS.iter().any(|mark| name.contains(mark))
}

fn headers(
    errors: &mut Errors,
    headers: Option<&Value>,
    kept: &Kept<'_>,
    secrets: &mut Secrets,
) -> Vec<(String, String)> {
    const FIELD: &str = "request.headers";
    let headers = match headers {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Object(headers)) => headers,
        Some(_) => {
            errors.add(FIELD, "must be a hash");
            return Vec::new();
        }
    };
    let mut plain: BTreeMap<String, String> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    for (name, value) in headers {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null => continue,
            Value::Array(_) | Value::Object(_) => {
                errors.add(FIELD, format!("{name} must be a string"));
                continue;
            }
        };
        if !is_token(name) {
            errors.add(FIELD, format!("{name:?} is not the name of a header"));
        } else if value.chars().any(char::is_control) {
            errors.add(FIELD, format!("{name} cannot contain multiple lines or control characters"));
        } else if is_secret(name) && value.contains("${") {
            errors.add(FIELD, format!("{name} is secret and cannot have a template parameter"));
        } else if is_secret(name) {
            let name = name.to_lowercase();
            let known = |secrets: &Secrets| secrets.headers.get(&name).cloned();
            let value = if is_mask(&value) {
                match kept.secret(known) {
                    Ok(value) => value,
                    Err(wrong) => {
                        errors.add(FIELD, format!("{name} {wrong}"));
                        continue;
                    }
                }
            } else {
                value
            };
            secrets.headers.insert(name, value);
        } else {
            let name = name.to_lowercase();
            if plain.insert(name.clone(), value).is_none() {
                order.push(name);
            }
        }
    }
    order.into_iter().filter_map(|name| plain.remove_entry(&name)).collect()
}

fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}
