//! What a page shows of an API, whatever language it was defined in.

use serde::Serialize;
use serde_json::Value;

use crate::DefinitionKind;

/// An API, ready to be shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reference {
    /// The language of the definition.
    pub kind: DefinitionKind,
    /// The API's own title; empty where the language has none (GraphQL).
    pub title: String,
    /// The API's own version; may be empty.
    pub version: String,
    /// Markdown.
    pub description: String,
    /// Where it is served, as the definition says.
    pub servers: Vec<Server>,
    /// The operations, grouped by tag or service, in the definition's order.
    pub groups: Vec<Group>,
    /// The named types, in the definition's order.
    pub types: Vec<TypeDoc>,
    /// What couldn't be read, resolved or shown.
    pub warnings: Vec<String>,
}

impl Reference {
    /// All operations, in the order in which they are shown.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.groups.iter().flat_map(|group| &group.operations)
    }
}

/// A place where an API is served.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Server {
    /// A URL, a host, or a template of one.
    pub url: String,
    /// Markdown.
    pub description: String,
}

/// Operations that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The tag or the service.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Its operations: never empty.
    pub operations: Vec<Operation>,
}

/// One thing that the API can do.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Operation {
    /// A slug that is unique in the definition and stays the same while the operation does: for deep links.
    pub id: String,
    /// `GET`; `PUBLISH`, `SUBSCRIBE`, `SEND`, `RECEIVE`; `query`, `mutation`, `subscription`; `rpc unary`,
    /// `rpc client-stream`, `rpc server-stream`, `rpc bidi-stream`.
    pub verb: String,
    /// The path's template, the channel, the field, or the method's full name.
    pub path: String,
    /// One line.
    pub summary: String,
    /// Markdown.
    pub description: String,
    /// Whether callers should stop using it.
    pub deprecated: bool,
    /// What is sent beside the body.
    pub parameters: Vec<Parameter>,
    /// What is sent: the alternatives, by media type or by message.
    pub request: Vec<Body>,
    /// What comes back.
    pub responses: Vec<Response>,
    /// What a caller has to show; each is one of several ways.
    pub security: Vec<String>,
    /// The definition's tags.
    pub tags: Vec<String>,
}

/// A parameter, a header, or an argument.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query`, `header`, `cookie`, `form`, `channel`, `argument`.
    pub in_: String,
    /// Whether it must be sent.
    pub required: bool,
    /// Whether callers should stop sending it.
    pub deprecated: bool,
    /// Its type, in words.
    pub type_text: String,
    /// The [`TypeDoc::id`] of the named type in it.
    pub type_id: Option<String>,
    /// Markdown.
    pub description: String,
    /// What counts where it isn't sent.
    pub default: Option<Value>,
    /// An example that the definition gives.
    pub example: Option<Value>,
    /// The values that it may have, if they are listed.
    pub values: Vec<EnumValue>,
    /// `at least 1`, `matches ^[a-z]+$`.
    pub constraints: Vec<String>,
}

/// A body, or a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Body {
    /// The message's name, where it has one.
    pub name: String,
    /// `application/json`; empty where the language has none.
    pub media_type: String,
    /// Markdown.
    pub description: String,
    /// Its shape.
    pub schema: Schema,
    /// Ready to be shown: the definition's own example, else one made from the schema.
    pub example: Option<String>,
}

/// One outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Response {
    /// `200`, `4XX`, `default`, or what the language calls it.
    pub status: String,
    /// Markdown.
    pub description: String,
    /// What is in it: the alternatives.
    pub bodies: Vec<Body>,
    /// Its headers.
    pub headers: Vec<Parameter>,
}

/// A named type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TypeDoc {
    /// A slug that is unique in the definition, for links: [`Shape::Named`] refers to it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its shape, and its description.
    pub schema: Schema,
}

/// The shape of a value: a tree that ends at named types, so that a recursive type is finite.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Schema {
    /// What it is made of.
    pub shape: Shape,
    /// Markdown.
    pub description: String,
    /// Whether `null` is allowed as well.
    pub nullable: bool,
    /// Whether callers should stop using it.
    pub deprecated: bool,
    /// Whether it is only ever received.
    pub read_only: bool,
    /// Whether it is only ever sent.
    pub write_only: bool,
    /// The values that it may have, if they are listed.
    pub values: Vec<EnumValue>,
    /// `at least 1`, `matches ^[a-z]+$`.
    pub constraints: Vec<String>,
    /// What counts where it isn't given.
    pub default: Option<Value>,
    /// An example that the definition gives.
    pub example: Option<Value>,
}

/// What a value is made of.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Anything.
    #[default]
    Any,
    /// A single value.
    Scalar {
        /// `string`, `integer`, or what the language calls it.
        name: String,
        /// `date-time`, `int64`; may be empty.
        format: String,
    },
    /// A type of [`Reference::types`].
    Named {
        /// Its [`TypeDoc::id`].
        id: String,
        /// Its name.
        name: String,
    },
    /// A type that isn't in the definition.
    Unresolved {
        /// How the definition refers to it.
        name: String,
    },
    /// Named fields.
    Object {
        /// The fields, in the definition's order.
        fields: Vec<Field>,
        /// What any other field holds, if there may be others and the definition says so.
        others: Option<Box<Schema>>,
    },
    /// Any number of the same.
    List(Box<Schema>),
    /// All of these at once.
    AllOf(Vec<Schema>),
    /// Exactly one of these.
    OneOf(Vec<Schema>),
    /// One or more of these.
    AnyOf(Vec<Schema>),
    /// Not shown, since it is nested too deep or too large.
    Cut,
}

/// A field of an object.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// Its shape.
    pub schema: Schema,
}

/// A value out of a list.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EnumValue {
    /// The value, as it is written.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Whether callers should stop using it.
    pub deprecated: bool,
}

impl Schema {
    /// A schema that is this shape and says nothing else.
    #[must_use]
    pub fn of(shape: Shape) -> Self {
        Self { shape, ..Self::default() }
    }

    /// A schema that is a single value of this type.
    #[must_use]
    pub fn scalar(name: &str, format: &str) -> Self {
        Self::of(Shape::Scalar { name: name.to_owned(), format: format.to_owned() })
    }

    /// Its type in words: `list of Order`, `string (date-time) or null`.
    #[must_use]
    pub fn type_text(&self) -> String {
        let text = match &self.shape {
            Shape::Any => "anything".to_owned(),
            Shape::Scalar { name, format } if format.is_empty() => name.clone(),
            Shape::Scalar { name, format } => format!("{name} ({format})"),
            Shape::Named { name, .. } | Shape::Unresolved { name } => name.clone(),
            Shape::Object { fields, others: Some(others) } if fields.is_empty() => {
                format!("map of string to {}", others.type_text())
            }
            Shape::Object { .. } => "object".to_owned(),
            Shape::List(item) => format!("list of {}", item.type_text()),
            Shape::AllOf(parts) => joined(parts, " and "),
            Shape::OneOf(parts) | Shape::AnyOf(parts) => joined(parts, " or "),
            Shape::Cut => "…".to_owned(),
        };
        if self.nullable { format!("{text} or null") } else { text }
    }

    /// The [`TypeDoc::id`] of the named type that this is, or is a list or a map of.
    #[must_use]
    pub fn type_id(&self) -> Option<&str> {
        match &self.shape {
            Shape::Named { id, .. } => Some(id),
            Shape::List(item) | Shape::Object { others: Some(item), .. } => item.type_id(),
            Shape::AllOf(parts) => match parts.as_slice() {
                [only] => only.type_id(),
                _ => None,
            },
            Shape::Any
            | Shape::Scalar { .. }
            | Shape::Unresolved { .. }
            | Shape::Object { others: None, .. }
            | Shape::OneOf(_)
            | Shape::AnyOf(_)
            | Shape::Cut => None,
        }
    }

    /// This schema as a parameter.
    pub(crate) fn into_parameter(self, name: &str, in_: &str, required: bool) -> Parameter {
        Parameter {
            name: name.to_owned(),
            in_: in_.to_owned(),
            required,
            deprecated: self.deprecated,
            type_text: self.type_text(),
            type_id: self.type_id().map(str::to_owned),
            description: self.description,
            default: self.default,
            example: self.example,
            values: self.values,
            constraints: self.constraints,
        }
    }
}

fn joined(parts: &[Schema], word: &str) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<String> = parts.iter().take(SHOWN).map(Schema::type_text).collect();
    if parts.len() > SHOWN {
        names.push("…".to_owned());
    }
    names.join(word)
}
