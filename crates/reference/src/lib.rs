//! API definitions, read into one model that a page can show.
//!
//! The cast: [`parse`] reads the text of a definition (OpenAPI 2.0, 3.0, 3.1 and 3.2; AsyncAPI 2 and 3; a GraphQL
//! schema; a protobuf file) into a [`Reference`]; [`detect`] says which of these a text is; [`search_text`] gives the
//! words by which each operation is found.
//!
//! The flow: `document` reads YAML or JSON within bounds, `walk` follows references inside it, `schema` reads JSON
//! Schema; `openapi`, `swagger` and `asyncapi` stand on these three. `graphql` and `grpc` have parsers of their own.
//! All of them fill the same [`model`](Reference); at the end `finish` bounds it, makes ids unique, and makes examples
//! where the definition gives none (`example`).
//!
//! Architecture invariants:
//!
//! - Lenient: what is unknown, missing or unresolvable becomes a warning beside what could be read. A definition is
//!   refused only where there is nothing to read.
//! - Nothing is fetched: a reference to another file stays a name, marked as unresolved.
//! - Everything is bounded ([`MAX_BYTES`], [`MAX_OPERATIONS`], [`MAX_DEPTH`], and the whole model's size), whatever the
//!   text does with aliases and references.
//! - The same text gives the same model, and an operation's id depends on nothing but its own name.
//! - Descriptions are the author's Markdown, as written; whoever shows them has to sanitise them.

mod asyncapi;
mod document;
mod example;
mod finish;
mod graphql;
mod grpc;
mod model;
mod openapi;
mod schema;
mod search;
mod swagger;
#[cfg(test)]
mod tests;
mod walk;

use serde::Serialize;

pub use model::{
    Body, EnumValue, Field, Group, Operation, Parameter, Reference, Response, Schema, Server, Shape, TypeDoc,
};
pub use search::search_text;

/// The longest definition that is read.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// How many operations are shown.
pub const MAX_OPERATIONS: usize = 10_000;

/// How deep a schema is shown.
pub const MAX_DEPTH: usize = 32;

/// The languages that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DefinitionKind {
    /// OpenAPI, and Swagger before it.
    OpenApi,
    /// AsyncAPI.
    AsyncApi,
    /// GraphQL's schema definition language.
    GraphQl,
    /// Protocol buffers with services.
    Grpc,
}

/// Why a definition can't be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct ReferenceError {
    /// The line of the text, from 1, where it is known.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl ReferenceError {
    pub(crate) fn new(line: Option<u64>, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

/// Reads a definition.
///
/// # Errors
///
/// Where the text is longer than [`MAX_BYTES`], isn't of this language, or breaks its syntax.
pub fn parse(kind: DefinitionKind, text: &str) -> Result<Reference, ReferenceError> {
    if text.len() > MAX_BYTES {
        return Err(ReferenceError::new(None, format!("the definition is longer than {} MB", MAX_BYTES >> 20)));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let reference = match kind {
        DefinitionKind::OpenApi => openapi::read(&document::read(text)?)?,
        DefinitionKind::AsyncApi => asyncapi::read(&document::read(text)?)?,
        DefinitionKind::GraphQl => graphql::read(text)?,
        DefinitionKind::Grpc => grpc::read(text)?,
    };
    Ok(finish::finish(reference))
}

/// Which language a definition is in: by its declared type (Backstage's `spec.type`) where that names one, else by what
/// the text begins with.
#[must_use]
pub fn detect(type_: &str, text: &str) -> Option<DefinitionKind> {
    match type_.to_ascii_lowercase().as_str() {
        "openapi" | "swagger" => return Some(DefinitionKind::OpenApi),
        "asyncapi" => return Some(DefinitionKind::AsyncApi),
        "graphql" => return Some(DefinitionKind::GraphQl),
        "grpc" | "protobuf" | "proto" => return Some(DefinitionKind::Grpc),
        _ => {}
    }
    text.lines().take(MAX_LINES_SNIFFED).find_map(|line| {
        let line = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '"' | '\''));
        let word = line.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let follows = line.get(word.len()..).unwrap_or_default().trim_start_matches(['"', '\'', ' ']);
        match (word, follows.chars().next()) {
            ("openapi" | "swagger", Some(':')) => Some(DefinitionKind::OpenApi),
            ("asyncapi", Some(':')) => Some(DefinitionKind::AsyncApi),
            ("syntax" | "edition", Some('=')) => Some(DefinitionKind::Grpc),
            ("schema", Some('{' | '@')) => Some(DefinitionKind::GraphQl),
            ("type", _) if ["Query", "Mutation", "Subscription"].iter().any(|root| follows.starts_with(root)) => {
                Some(DefinitionKind::GraphQl)
            }
            (_, _) => None,
        }
    })
}

const MAX_LINES_SNIFFED: usize = 2_000;
