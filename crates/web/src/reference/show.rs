//! `GET /apis/{ref}/operations/{id}` and `GET /apis/{ref}/types/{id}`.

use askama::Template;
use reference::{Operation, Schema, TypeDoc};

use super::SchemaView;
use crate::{shell::Chrome, views::Link};

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
