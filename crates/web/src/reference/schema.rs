//! A schema as a nested list.

use askama::Template;
use reference::{EnumValue, Field, Schema, Shape};

/// A schema; named types are links.
#[derive(Debug, Clone, Copy, Template)]
#[template(path = "reference/schema.html")]
pub struct SchemaView<'a> {
    schema: &'a Schema,
    /// Where the API's types are: `/apis/ledger/types`.
    types: &'a str,
}

impl<'a> SchemaView<'a> {
    /// The schema, with its types under this address.
    #[must_use]
    pub fn new(schema: &'a Schema, types: &'a str) -> Self {
        Self { schema, types }
    }

    fn of(&self, schema: &'a Schema) -> Self {
        Self { schema, types: self.types }
    }

    /// The fields, where the schema is an object or a list of objects.
    fn fields(&self) -> &'a [Field] {
        match &self.schema.shape {
            Shape::Object { fields, .. } => fields,
            Shape::List(item) => self.of(item).fields(),
            Shape::Any
            | Shape::Scalar { .. }
            | Shape::Named { .. }
            | Shape::Unresolved { .. }
            | Shape::AllOf(_)
            | Shape::OneOf(_)
            | Shape::AnyOf(_)
            | Shape::Cut => &[],
        }
    }

    /// What it is put together of, with the word for how.
    fn parts(&self) -> Option<(&'static str, &'a [Schema])> {
        match &self.schema.shape {
            Shape::AllOf(parts) => Some(("all of", parts)),
            Shape::OneOf(parts) => Some(("exactly one of", parts)),
            Shape::AnyOf(parts) => Some(("one or more of", parts)),
            Shape::Any
            | Shape::Scalar { .. }
            | Shape::Named { .. }
            | Shape::Unresolved { .. }
            | Shape::Object { .. }
            | Shape::List(_)
            | Shape::Cut => None,
        }
    }

    fn type_href(&self) -> Option<String> {
        self.schema.type_id().map(|id| format!("{}/{id}", self.types))
    }

    /// What else there is to say, in a line: `read only, at least 1, default 20`.
    fn remarks(&self) -> String {
        let mut remarks: Vec<String> = Vec::new();
        let flags = [
            (self.schema.deprecated, "deprecated"),
            (self.schema.read_only, "read only"),
            (self.schema.write_only, "write only"),
        ];
        remarks.extend(flags.into_iter().filter(|(set, _)| *set).map(|(_, word)| word.to_owned()));
        remarks.extend(self.schema.constraints.iter().cloned());
        remarks.extend(self.schema.default.as_ref().map(|value| format!("default {value}")));
        let values: Vec<&str> = self.schema.values.iter().map(|EnumValue { name, .. }| name.as_str()).collect();
        if !values.is_empty() {
            remarks.push(format!("one of {}", values.join(", ")));
        }
        remarks.join(", ")
    }
}

crate::views::writes_html!(SchemaView<'_>);
