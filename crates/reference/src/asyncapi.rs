//! AsyncAPI 2 and 3.
//!
//! A reader of the reference is a client of the application. Messages that the client sends are the operation's
//! request; those that it gets are its responses. Version 2 names operations from the client's side (`publish`: the
//! client does), version 3 from the application's (`send`: the application does).

use std::collections::HashSet;

use serde_json::Value;

use crate::document::{entries, items, plain, text};
use crate::model::{Body, Operation, Parameter, Reference, Response, Schema, Server};
use crate::openapi::{grouped, scheme_text, shown};
use crate::walk::{MAX_PER_OPERATION, Walk};
use crate::{DefinitionKind, MAX_OPERATIONS, ReferenceError};

const TYPES: &str = "/components/schemas";

/// Who sends the messages of an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    Client,
    Application,
}

pub(crate) fn read(root: &Value) -> Result<Reference, ReferenceError> {
    let version = text(root, "asyncapi");
    let mut walk = Walk::new(root, TYPES);
    let operations = match version.split('.').next() {
        Some("2") => channels_v2(&mut walk),
        Some("3") => operations_v3(&mut walk),
        Some("") | None => return Err(ReferenceError::new(None, "`asyncapi` doesn't say which version this is")),
        Some(_) => {
            return Err(ReferenceError::new(None, format!("AsyncAPI {version} can't be read: 2 and 3 can")));
        }
    };
    if operations.is_empty() {
        walk.warnings.add("the definition has no operations");
    }
    let info = root.get("info").unwrap_or(&Value::Null);
    let description = walk.text(info, "description");
    let types = walk.types(TYPES);
    let servers = servers(&mut walk);
    // Version 3 keeps the tags' descriptions under `info`.
    let groups = grouped(if root.get("tags").is_some() { root } else { info }, operations);
    Ok(Reference {
        kind: DefinitionKind::AsyncApi,
        title: text(info, "title"),
        version: text(info, "version"),
        description,
        servers,
        groups,
        types,
        warnings: walk.warnings.into_list(),
    })
}

fn servers<'v>(walk: &mut Walk<'v>) -> Vec<Server> {
    entries(walk.root, "servers")
        .filter_map(|(name, server)| {
            let server = walk.resolve(server)?;
            let protocol = text(server, "protocol");
            let address = match text(server, "url") {
                url if url.is_empty() => format!("{}{}", text(server, "host"), text(server, "pathname")),
                url => url,
            };
            let url = if address.contains("://") { address } else { format!("{protocol}://{address}") };
            let description = text(server, "description");
            Some(Server { url, description: if description.is_empty() { name.clone() } else { description } })
        })
        .collect()
}

fn channels_v2<'v>(walk: &mut Walk<'v>) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (name, channel) in entries(walk.root, "channels") {
        let Some(channel) = walk.resolve(channel) else { continue };
        for (key, sender) in [("publish", Sender::Client), ("subscribe", Sender::Application)] {
            let Some(value) = channel.get(key).filter(|_| operations.len() <= MAX_OPERATIONS) else { continue };
            let verb = key.to_uppercase();
            let given_id = text(value, "operationId");
            let id = if given_id.is_empty() { format!("{verb} {name}") } else { given_id };
            let mut operation = operation(walk, value, id, verb, name.clone());
            if operation.description.is_empty() {
                operation.description = walk.text(channel, "description");
            }
            operation.parameters = parameters(walk, channel);
            let messages: Vec<&Value> = match value.get("message") {
                Some(message) if message.get("oneOf").is_some() => items(message, "oneOf").collect(),
                Some(message) => vec![message],
                None => Vec::new(),
            };
            put(walk, &mut operation, sender, messages.into_iter().map(|message| ("", message)));
            operations.push(operation);
        }
    }
    operations
}

fn operations_v3<'v>(walk: &mut Walk<'v>) -> Vec<Operation> {
    let mut operations = Vec::new();
    let mut used: HashSet<String> = HashSet::new();
    for (id, value) in entries(walk.root, "operations").take(MAX_OPERATIONS + 1) {
        let Some(value) = walk.resolve(value) else { continue };
        let channel_reference = value.get("channel").unwrap_or(&Value::Null);
        used.insert(text(channel_reference, "$ref"));
        let channel = walk.resolve(channel_reference).unwrap_or(&Value::Null);
        let sender = if text(value, "action") == "receive" { Sender::Client } else { Sender::Application };
        let verb = text(value, "action").to_uppercase();
        let mut operation = operation(walk, value, id.clone(), verb, address(channel, channel_reference));
        operation.parameters = parameters(walk, channel);
        put_listed(walk, &mut operation, sender, value, channel);
        if let Some(reply) = value.get("reply").and_then(|reply| walk.resolve(reply)) {
            let reference = reply.get("channel").unwrap_or(&Value::Null);
            used.insert(text(reference, "$ref"));
            let channel = walk.resolve(reference).unwrap_or(&Value::Null);
            let replier = if sender == Sender::Client { Sender::Application } else { Sender::Client };
            put_listed(walk, &mut operation, replier, reply, channel);
        }
        operations.push(operation);
    }
    // A channel that no operation uses is still something to know about.
    for (name, channel) in entries(walk.root, "channels") {
        if used.contains(&format!("#/channels/{}", name.replace('~', "~0").replace('/', "~1"))) {
            continue;
        }
        let Some(channel) = walk.resolve(channel) else { continue };
        let mut operation =
            operation(walk, channel, name.clone(), "CHANNEL".to_owned(), address(channel, &Value::Null));
        operation.parameters = parameters(walk, channel);
        put_listed(walk, &mut operation, Sender::Application, channel, channel);
        operations.push(operation);
    }
    operations
}

/// A channel's address, else the name by which it is referred to.
fn address(channel: &Value, reference: &Value) -> String {
    let address = text(channel, "address");
    if !address.is_empty() && address != "null" {
        return address;
    }
    let reference = text(reference, "$ref");
    let name = reference.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { text(channel, "title") } else { name.replace("~1", "/").replace("~0", "~") }
}

/// What an operation says about itself, without its messages.
fn operation<'v>(walk: &mut Walk<'v>, value: &'v Value, id: String, verb: String, path: String) -> Operation {
    let summary = match walk.text(value, "summary") {
        summary if summary.is_empty() => text(value, "title"),
        summary => summary,
    };
    let tags = items(value, "tags")
        .take(MAX_PER_OPERATION)
        .filter_map(|tag| walk.resolve(tag))
        .map(|tag| text(tag, "name"))
        .collect();
    Operation {
        id,
        verb,
        path,
        summary,
        description: walk.text(value, "description"),
        security: security(walk, value),
        tags,
        ..Operation::default()
    }
}

/// Version 2 names schemes, version 3 refers to them.
fn security<'v>(walk: &mut Walk<'v>, value: &'v Value) -> Vec<String> {
    let mut ways = Vec::new();
    for way in items(value, "security").take(MAX_PER_OPERATION) {
        if let Some(reference) = way.get("$ref").and_then(Value::as_str) {
            let name = reference.rsplit('/').next().unwrap_or(reference);
            ways.push(format!("{name}{}", walk.lookup(reference).map(scheme_text).unwrap_or_default()));
        } else if way.get("type").is_some() {
            ways.push(scheme_text(way).trim().to_owned());
        } else if let Some(names) = way.as_object() {
            ways.extend(names.keys().cloned());
        }
    }
    ways
}

fn parameters<'v>(walk: &mut Walk<'v>, channel: &'v Value) -> Vec<Parameter> {
    entries(channel, "parameters")
        .take(MAX_PER_OPERATION)
        .filter_map(|(name, value)| {
            let value = walk.resolve(value)?;
            // Version 3 has no schema: every parameter is a string, with its values and examples beside it.
            let schema = match value.get("schema") {
                Some(schema) => walk.schema(schema),
                None => Schema { shape: Schema::scalar("string", "").shape, ..walk.schema(value) },
            };
            let mut parameter = schema.into_parameter(name, "channel", true);
            parameter.description = walk.text(value, "description");
            Some(parameter)
        })
        .collect()
}

/// The messages that an operation lists, or all of its channel's.
fn put_listed<'v>(
    walk: &mut Walk<'v>,
    operation: &mut Operation,
    sender: Sender,
    lister: &'v Value,
    channel: &'v Value,
) {
    if lister.get("messages").is_some_and(Value::is_array) {
        let messages: Vec<(&str, &Value)> = items(lister, "messages")
            .map(|message| {
                let reference = message.get("$ref").and_then(Value::as_str).unwrap_or_default();
                (reference.rsplit('/').next().unwrap_or_default(), message)
            })
            .collect();
        put(walk, operation, sender, messages.into_iter());
    } else {
        put(walk, operation, sender, entries(channel, "messages").map(|(name, message)| (name.as_str(), message)));
    }
}

/// Puts messages, each with the name by which it is listed, on the sender's side of an operation.
fn put<'v>(
    walk: &mut Walk<'v>,
    operation: &mut Operation,
    sender: Sender,
    messages: impl Iterator<Item = (&'v str, &'v Value)>,
) {
    for (name, message) in messages.take(MAX_PER_OPERATION) {
        if walk.is_full() {
            return;
        }
        let Some(message) = walk.resolve(message) else { continue };
        let headers = message_headers(walk, message);
        let body = body(walk, name, message);
        match sender {
            Sender::Client => {
                operation.parameters.extend(headers);
                operation.request.push(body);
            }
            Sender::Application => operation.responses.push(Response {
                status: if body.name.is_empty() { "message".to_owned() } else { body.name.clone() },
                description: body.description.clone(),
                bodies: vec![body],
                headers,
            }),
        }
    }
}

fn body<'v>(walk: &mut Walk<'v>, listed_as: &str, message: &'v Value) -> Body {
    let name = [text(message, "title"), text(message, "name"), listed_as.to_owned()];
    let payload = message.get("payload").unwrap_or(&Value::Null);
    // Version 3 may wrap the schema to say its language.
    let schema = if payload.get("schemaFormat").is_some() { payload.get("schema") } else { Some(payload) };
    let example = items(message, "examples").find_map(|example| example.get("payload"));
    let description = match walk.text(message, "description") {
        description if description.is_empty() => text(message, "summary"),
        description => description,
    };
    Body {
        name: name.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        media_type: match text(message, "contentType") {
            none if none.is_empty() => text(walk.root, "defaultContentType"),
            own => own,
        },
        description,
        schema: schema.map(|schema| walk.schema(schema)).unwrap_or_default(),
        example: example.and_then(|example| walk.copy(example)).map(|example| shown(&example)),
    }
}

/// The fields of a message's headers, which are one schema.
fn message_headers<'v>(walk: &mut Walk<'v>, message: &'v Value) -> Vec<Parameter> {
    let Some(headers) = message.get("headers").and_then(|headers| walk.resolve(headers)) else { return Vec::new() };
    let required: Vec<String> = items(headers, "required").take(MAX_PER_OPERATION).map(plain).collect();
    entries(headers, "properties")
        .take(MAX_PER_OPERATION)
        .map(|(name, schema)| walk.schema(schema).into_parameter(name, "header", required.contains(name)))
        .collect()
}
