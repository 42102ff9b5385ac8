//! OpenAPI 3.0, 3.1 and 3.2; Swagger 2.0 differs only where `swagger` says so.

use std::collections::HashSet;

use serde_json::Value;

use crate::document::{entries, flag, items, plain, short, text};
use crate::model::{Body, Group, Operation, Parameter, Reference, Response, Schema, Server, Shape};
use crate::walk::{MAX_PER_OPERATION, Walk};
use crate::{DefinitionKind, MAX_OPERATIONS, ReferenceError, swagger};

const METHODS: [&str; 9] = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

const TYPES: &str = "/components/schemas";

/// Which generation of the format a document is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Swagger2,
    OpenApi3,
}

pub(crate) fn read(root: &Value) -> Result<Reference, ReferenceError> {
    let dialect = match (text(root, "swagger"), text(root, "openapi")) {
        (version, _) if version.starts_with('2') => Dialect::Swagger2,
        (_, version) if version.starts_with('3') => Dialect::OpenApi3,
        (swagger, openapi) if swagger.is_empty() && openapi.is_empty() => {
            return Err(ReferenceError::new(None, "neither `openapi` nor `swagger` says which version this is"));
        }
        (swagger, openapi) => {
            let message = format!("version {swagger}{openapi} isn't one that can be read: 2.0, 3.0, 3.1 and 3.2 are");
            return Err(ReferenceError::new(None, message));
        }
    };
    let types = if dialect == Dialect::Swagger2 { swagger::TYPES } else { TYPES };
    let mut reader = Reader { walk: Walk::new(root, types), dialect, operations: Vec::new() };
    reader.path_items();
    let types = reader.walk.types(types);
    let info = root.get("info").unwrap_or(&Value::Null);
    let groups = grouped(root, reader.operations);
    if groups.is_empty() {
        reader.walk.warnings.add("the definition has no operations");
    }
    Ok(Reference {
        kind: DefinitionKind::OpenApi,
        title: text(info, "title"),
        version: text(info, "version"),
        description: reader.walk.text(info, "description"),
        servers: if dialect == Dialect::Swagger2 { swagger::servers(root) } else { servers(root) },
        groups,
        types,
        warnings: reader.walk.warnings.into_list(),
    })
}

fn servers(root: &Value) -> Vec<Server> {
    items(root, "servers")
        .map(|server| Server { url: text(server, "url"), description: text(server, "description") })
        .collect()
}

/// Groups operations by their first tag: declared tags first, in their order, then the others as they come.
pub(crate) fn grouped(root: &Value, operations: Vec<Operation>) -> Vec<Group> {
    const UNTAGGED: &str = "Operations";
    let mut groups: Vec<Group> = items(root, "tags")
        .map(|tag| Group { name: text(tag, "name"), description: text(tag, "description"), operations: Vec::new() })
        .collect();
    for operation in operations {
        let name = operation.tags.first().map_or(UNTAGGED, String::as_str);
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.operations.push(operation),
            None => {
                groups.push(Group { name: name.to_owned(), description: String::new(), operations: vec![operation] })
            }
        }
    }
    groups.retain(|group| !group.operations.is_empty());
    groups
}

struct Reader<'v> {
    walk: Walk<'v>,
    dialect: Dialect,
    operations: Vec<Operation>,
}

impl<'v> Reader<'v> {
    /// Paths, webhooks, and the path items that no path uses: a file may define some for others to refer to.
    fn path_items(&mut self) {
        let root = self.walk.root;
        let mut referred: HashSet<&str> = HashSet::new();
        for (path, item) in entries(root, "paths").chain(entries(root, "webhooks")) {
            referred.extend(item.get("$ref").and_then(Value::as_str));
            self.path_item(path, item);
        }
        let components = root.get("components").unwrap_or(&Value::Null);
        for (name, item) in entries(components, "pathItems") {
            if !referred.contains(format!("#/components/pathItems/{name}").as_str()) {
                self.path_item(name, item);
            }
        }
    }

    fn path_item(&mut self, path: &str, item: &'v Value) {
        let Some(item) = self.walk.resolve(item) else { return };
        for method in METHODS {
            if self.operations.len() > MAX_OPERATIONS || self.walk.is_full() {
                return;
            }
            if let Some(operation) = item.get(method).filter(|operation| operation.is_object()) {
                let operation = self.operation(method, path, item, operation);
                self.operations.push(operation);
            }
        }
    }

    fn operation(&mut self, method: &str, path: &str, item: &'v Value, value: &'v Value) -> Operation {
        let verb = method.to_uppercase();
        let given_id = text(value, "operationId");
        let all: Vec<&Value> = self.parameters_of(item, value);
        let (in_body, beside): (Vec<&Value>, Vec<&Value>) = all.into_iter().partition(|it| text(it, "in") == "body");
        let request = match self.dialect {
            Dialect::Swagger2 => in_body.into_iter().flat_map(|body| self.walk.swagger_body(value, body)).collect(),
            Dialect::OpenApi3 => self.request_body(value),
        };
        if value.get("callbacks").is_some() {
            self.walk.warnings.add("callbacks aren't shown");
        }
        Operation {
            id: if given_id.is_empty() { format!("{verb} {path}") } else { given_id },
            path: path.to_owned(),
            summary: self.walk.text(value, "summary"),
            description: self.walk.text(value, "description"),
            deprecated: flag(value, "deprecated"),
            parameters: beside.into_iter().map(|parameter| self.parameter(parameter)).collect(),
            request,
            responses: self.responses(value),
            security: self.security(value),
            tags: items(value, "tags").take(MAX_PER_OPERATION).map(plain).collect(),
            verb,
        }
    }

    /// The path's parameters and the operation's own, which win.
    fn parameters_of(&mut self, item: &'v Value, operation: &'v Value) -> Vec<&'v Value> {
        let mut parameters: Vec<&Value> = Vec::new();
        for parameter in items(item, "parameters").chain(items(operation, "parameters")).take(MAX_PER_OPERATION) {
            let Some(parameter) = self.walk.resolve(parameter) else { continue };
            let is_same = |other: &&Value| ["name", "in"].iter().all(|key| other.get(key) == parameter.get(key));
            parameters.retain(|other| !is_same(other));
            parameters.push(parameter);
        }
        parameters
    }

    fn parameter(&mut self, value: &'v Value) -> Parameter {
        let in_ = match text(value, "in").as_str() {
            "formData" => "form".to_owned(),
            other => other.to_owned(),
        };
        self.named_value(&text(value, "name"), &in_, value)
    }

    /// A parameter or a header: its schema stands under `schema`, or under the first media type, or (in Swagger) among
    /// its own keys.
    fn named_value(&mut self, name: &str, in_: &str, value: &'v Value) -> Parameter {
        let schema = value.get("schema").or_else(|| entries(value, "content").next()?.1.get("schema"));
        let schema = match (schema, self.dialect) {
            (Some(schema), _) => self.walk.schema(schema),
            (None, Dialect::Swagger2) => self.walk.schema(value),
            (None, Dialect::OpenApi3) => Schema::default(),
        };
        let mut parameter = schema.into_parameter(name, in_, flag(value, "required"));
        let description = self.walk.text(value, "description");
        if !description.is_empty() {
            parameter.description = description;
        }
        parameter.deprecated |= flag(value, "deprecated");
        if let Some(example) = self.walk.media_example(value) {
            parameter.example = Some(example);
        }
        parameter
    }

    fn request_body(&mut self, operation: &'v Value) -> Vec<Body> {
        let Some(body) = operation.get("requestBody").and_then(|body| self.walk.resolve(body)) else {
            return Vec::new();
        };
        let mut bodies = self.contents(body);
        for body_by_type in &mut bodies {
            body_by_type.description = self.walk.text(body, "description");
        }
        bodies
    }

    fn contents(&mut self, holder: &'v Value) -> Vec<Body> {
        entries(holder, "content")
            .take(MAX_PER_OPERATION)
            .map(|(media_type, media)| {
                let schema = match media.get("itemSchema") {
                    // OpenAPI 3.2: a stream of items.
                    Some(item) => Schema::of(Shape::List(Box::new(self.walk.schema(item)))),
                    None => self.walk.schema_in(media, "schema"),
                };
                Body {
                    name: String::new(),
                    media_type: short(media_type),
                    description: String::new(),
                    schema,
                    example: self.walk.media_example(media).map(|example| shown(&example)),
                }
            })
            .collect()
    }

    fn responses(&mut self, operation: &'v Value) -> Vec<Response> {
        let mut responses = Vec::new();
        let listed = entries(operation, "responses").filter(|(status, _)| !status.starts_with("x-"));
        for (status, response) in listed.take(MAX_PER_OPERATION) {
            let Some(value) = self.walk.resolve(response) else { continue };
            let bodies = match self.dialect {
                Dialect::Swagger2 => self.walk.swagger_response(operation, value),
                Dialect::OpenApi3 => self.contents(value),
            };
            let headers = entries(value, "headers")
                .take(MAX_PER_OPERATION)
                .filter_map(|(name, header)| {
                    let header = self.walk.resolve(header)?;
                    Some(self.named_value(&short(name), "header", header))
                })
                .collect();
            let description = self.walk.text(value, "description");
            responses.push(Response { status: short(status), description, bodies, headers });
        }
        responses
    }

    /// Each way to be let in: the schemes that it takes together, with what they are.
    fn security(&mut self, operation: &Value) -> Vec<String> {
        let root = self.walk.root;
        let ways = operation.get("security").or_else(|| root.get("security")).and_then(Value::as_array);
        let schemes = match self.dialect {
            Dialect::Swagger2 => root.get("securityDefinitions"),
            Dialect::OpenApi3 => root.pointer("/components/securitySchemes"),
        };
        let name_of = |(name, scopes): (&String, &Value)| {
            let kind = schemes.and_then(|schemes| schemes.get(name)).map(scheme_text).unwrap_or_default();
            let scopes: Vec<String> = scopes.as_array().into_iter().flatten().map(plain).collect();
            let needs = if scopes.is_empty() { String::new() } else { format!(" with {}", scopes.join(", ")) };
            format!("{name}{kind}{needs}")
        };
        ways.into_iter()
            .flatten()
            .take(MAX_PER_OPERATION)
            .filter_map(Value::as_object)
            .map(|way| way.iter().map(name_of).collect::<Vec<_>>().join(" and "))
            .map(|way| if way.is_empty() { "none".to_owned() } else { way })
            .collect()
    }
}

/// ` (http bearer)`, ` (apiKey X-API-Key in header)`.
pub(crate) fn scheme_text(scheme: &Value) -> String {
    let words: Vec<String> =
        ["type", "scheme", "name"].iter().map(|key| text(scheme, key)).filter(|word| !word.is_empty()).collect();
    let place = text(scheme, "in");
    match (words.is_empty(), place.is_empty()) {
        (true, _) => String::new(),
        (false, true) => format!(" ({})", words.join(" ")),
        (false, false) => format!(" ({} in {place})", words.join(" ")),
    }
}

impl<'v> Walk<'v> {
    /// The first example beside a schema: `example`, or the first of the named `examples`.
    pub(crate) fn media_example(&mut self, value: &'v Value) -> Option<Value> {
        if let Some(example) = value.get("example") {
            return self.copy(example);
        }
        let (_, first) = entries(value, "examples").next()?;
        let first = self.resolve(first)?;
        self.copy(first.get("value")?)
    }
}

/// An example as it is shown: text as it is, anything else as indented JSON.
pub(crate) fn shown(example: &Value) -> String {
    match example.as_str() {
        Some(text) => text.to_owned(),
        None => serde_json::to_string_pretty(example).unwrap_or_default(),
    }
}
