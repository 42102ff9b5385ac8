//! Where Swagger 2.0 differs from OpenAPI 3: servers, bodies and media types.

use serde_json::Value;

use crate::document::{items, plain, text};
use crate::model::{Body, Server};
use crate::openapi::shown;
use crate::walk::{MAX_PER_OPERATION, Walk};

/// Where the types stand.
pub(crate) const TYPES: &str = "/definitions";

const JSON: &str = "application/json";

/// `host`, `basePath` and `schemes` as URLs.
pub(crate) fn servers(root: &Value) -> Vec<Server> {
    let (host, base) = (text(root, "host"), text(root, "basePath"));
    if host.is_empty() && base.is_empty() {
        return Vec::new();
    }
    let server = |url: String| Server { url, description: String::new() };
    let schemes: Vec<Server> =
        items(root, "schemes").map(|scheme| server(format!("{}://{host}{base}", plain(scheme)))).collect();
    if schemes.is_empty() || host.is_empty() { vec![server(format!("{host}{base}"))] } else { schemes }
}

/// The media types under a key of the operation, else of the whole definition, else JSON.
fn media_types(root: &Value, operation: &Value, key: &str) -> Vec<String> {
    let own = if operation.get(key).is_some() { operation } else { root };
    let listed: Vec<String> = items(own, key).take(MAX_PER_OPERATION).map(plain).collect();
    if listed.is_empty() { vec![JSON.to_owned()] } else { listed }
}

impl<'v> Walk<'v> {
    /// The body of a request, from the parameter that is `in: body`.
    pub(crate) fn swagger_body(&mut self, operation: &Value, parameter: &'v Value) -> Vec<Body> {
        media_types(self.root, operation, "consumes")
            .into_iter()
            .map(|media_type| Body {
                name: text(parameter, "name"),
                media_type,
                description: self.text(parameter, "description"),
                schema: self.schema_in(parameter, "schema"),
                example: None,
            })
            .collect()
    }

    /// The bodies of a response, with its examples by media type.
    pub(crate) fn swagger_response(&mut self, operation: &Value, response: &'v Value) -> Vec<Body> {
        if response.get("schema").is_none() {
            return Vec::new();
        }
        media_types(self.root, operation, "produces")
            .into_iter()
            .map(|media_type| {
                let example = response.get("examples").and_then(|examples| examples.get(&media_type));
                Body {
                    name: String::new(),
                    example: example.and_then(|example| self.copy(example)).map(|example| shown(&example)),
                    media_type,
                    description: String::new(),
                    schema: self.schema_in(response, "schema"),
                }
            })
            .collect()
    }
}
