//! `GET /apis/{namespace}/{name}/operations/{id}` and `GET /apis/{namespace}/{name}/types/{id}`.

use askama::Template;
use axum::{extract::Path, response::Response};
use kernel::{Refusal, codes};
use reference::{Operation, Reference, Schema, TypeDoc};

use super::SchemaView;
use crate::{
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::Link,
};

/// One operation.
#[derive(Debug, Template)]
#[template(path = "reference/show.html")]
pub struct OperationScreen<'a> {
    /// The frame.
    pub chrome: Chrome,
    /// The API.
    pub api: Link,
    /// The operation.
    pub operation: &'a Operation,
    /// Its description as HTML that has been made safe.
    pub description: String,
    /// Where the API's types are.
    pub types: &'a str,
}

impl<'a> OperationScreen<'a> {
    fn schema(&self, schema: &'a Schema) -> SchemaView<'a> {
        SchemaView::new(schema, self.types)
    }
}

/// One named type.
#[derive(Debug, Template)]
#[template(path = "reference/type.html")]
pub struct TypeScreen<'a> {
    /// The frame.
    pub chrome: Chrome,
    /// The API.
    pub api: Link,
    /// The type.
    pub doc: &'a TypeDoc,
    /// Where the API's types are.
    pub types: &'a str,
}

impl<'a> TypeScreen<'a> {
    fn schema(&self) -> SchemaView<'a> {
        SchemaView::new(&self.doc.schema, self.types)
    }
}

/// Shows one operation of an API.
///
/// # Errors
/// `NOT_FOUND` if there is none of this id.
pub async fn operation(frame: Frame, Path(path): Path<(String, String, String)>) -> Result<Response, Problem> {
    draw(frame, path, |frame, reference, api, types, id| {
        let operation = reference.operations().find(|operation| operation.id == id)?;
        Some(screen(&OperationScreen {
            chrome: frame.chrome(format!("{} {}", operation.verb, operation.path), Place::Services),
            api,
            operation,
            description: prose::render(&operation.description, &prose::Links::nowhere()).html,
            types,
        }))
    })
    .await
}

/// Shows one named type of an API.
///
/// # Errors
/// `NOT_FOUND` if there is none of this id.
pub async fn named_type(frame: Frame, Path(path): Path<(String, String, String)>) -> Result<Response, Problem> {
    draw(frame, path, |frame, reference, api, types, id| {
        let doc = reference.types.iter().find(|doc| doc.id == id)?;
        Some(screen(&TypeScreen { chrome: frame.chrome(&doc.name, Place::Services), api, doc, types }))
    })
    .await
}

async fn draw(
    frame: Frame,
    (namespace, name, id): (String, String, String),
    show_it: impl FnOnce(&Frame, &Reference, Link, &str, &str) -> Option<Response> + Send + 'static,
) -> Result<Response, Problem> {
    let api = show::named("api", &namespace, &name)?;
    let app = frame.app.clone();
    let drawn = app.blocking(move |_| {
        let Some(entity) = frame.world.catalog.get(&api) else {
            return Err(show::not_in_catalog("api", &namespace, &name));
        };
        let base = show::api_address(&api);
        let link = Link::new(entity.display_name(), frame.href(base.clone()));
        let read = frame.app.indexes().reference(entity);
        let found = read.as_deref().and_then(|read| read.as_ref().ok());
        let shown = found.and_then(|found| show_it(&frame, found, link, &format!("{base}/types"), &id));
        shown.ok_or_else(|| {
            let id: String = id.chars().take(120).collect();
            Refusal::new(&codes::NOT_FOUND, format!("the API {name} has no {id}"))
                .fix(format!("{base} lists what it has"))
        })
    });
    Ok(drawn.await?)
}
