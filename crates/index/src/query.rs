//! What is asked of the index, and the cursors in which a question travels to a client and back.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kernel::{EntityRef, Refusal, codes};
use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{cell, document::Document, filter::Filter};

/// The most entities on one page.
pub const LIMIT_MAX: usize = 10_000;
/// The most fields to order by.
pub const ORDER_FIELDS_MAX: usize = 3;
/// The most words of a full-text filter; the rest is left out.
pub const WORDS_MAX: usize = 16;
/// The longest cursor, in bytes: a filter of the largest size fits.
pub const CURSOR_BYTES_MAX: usize = 1 << 20;

/// One page of entities is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Which entities.
    pub filter: Filter,
    /// And which of them, by their text.
    pub text: Option<TextFilter>,
    /// In which order; by reference where they are equal, or where no order is given.
    pub order: Vec<Order>,
    /// How many, at most [`LIMIT_MAX`].
    pub limit: usize,
    /// From where on.
    pub start: Start,
}

impl Query {
    /// The first page of the entities that match, by reference.
    #[must_use]
    pub fn new(filter: Filter, limit: usize) -> Self {
        Self { filter, text: None, order: Vec::new(), limit, start: Start::Offset(0) }
    }

    /// The question that a cursor of [`Page`](crate::Page) holds, for a page of this size.
    ///
    /// # Errors
    /// If it is not such a cursor.
    pub fn from_cursor(cursor: &str, limit: usize) -> Result<Self, Refusal> {
        let refuse = |what: &str| {
            Refusal::new(&codes::MALFORMED, format!("the cursor {what}"))
                .field("cursor")
                .fix("use it as it was given, or leave it out to start anew")
        };
        if cursor.len() > CURSOR_BYTES_MAX {
            return Err(refuse("is too long"));
        }
        let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refuse("is not base64"))?;
        let cursor: Cursor = serde_json::from_slice(&json).map_err(|error| refuse(&format!("is damaged: {error}")))?;
        if cursor.order.len() > ORDER_FIELDS_MAX || cursor.values.len() != cursor.order.len() {
            return Err(refuse("has another number of values than of fields"));
        }
        let position = Position { values: cursor.values, reference: cursor.reference };
        Ok(Self {
            filter: Filter::from_cursor(&cursor.filter)?,
            text: cursor.text,
            order: cursor.order,
            limit,
            start: if cursor.back { Start::Before(position) } else { Start::After(position) },
        })
    }

    /// The cursor of the same question on another page.
    pub(crate) fn cursor(&self, position: Position, back: bool) -> String {
        let cursor = Cursor {
            filter: self.filter.to_predicate(),
            text: self.text.clone(),
            order: self.order.clone(),
            values: position.values,
            reference: position.reference,
            back,
        };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }
}

/// From where on a page goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// After leaving out as many.
    Offset(usize),
    /// After this entity, or where it would be.
    After(Position),
    /// So that it ends before this entity.
    Before(Position),
}

/// An entity's place in an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub(crate) values: Vec<Option<String>>,
    pub(crate) reference: EntityRef,
}

/// One field to order by. Entities without it come last in either direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub(crate) key: String,
    pub(crate) descending: bool,
}

impl Order {
    /// By this key.
    #[must_use]
    pub fn by(key: &str, descending: bool) -> Self {
        Self { key: cell::fold(key), descending }
    }

    /// Reads the repeated `orderField` parameter: `metadata.name`, `metadata.name,asc` or `metadata.name,desc`.
    ///
    /// # Errors
    /// If the direction is another, or there are more than [`ORDER_FIELDS_MAX`].
    pub fn parse<'a>(parameters: impl IntoIterator<Item = &'a str>) -> Result<Vec<Self>, Refusal> {
        let refuse = |detail: String| Refusal::new(&codes::MALFORMED, detail).field("orderField");
        let mut fields = Vec::new();
        for parameter in parameters {
            let (key, direction) = parameter.split_once(',').unwrap_or((parameter, "asc"));
            let descending = match direction {
                "asc" => false,
                "desc" => true,
                other => return Err(refuse(format!("\"{other}\" is not a direction")).fix("write asc or desc")),
            };
            fields.push(Self::by(key, descending));
        }
        if fields.len() > ORDER_FIELDS_MAX {
            return Err(refuse(format!("there are {} fields to order by", fields.len()))
                .fix(format!("name at most {ORDER_FIELDS_MAX}")));
        }
        Ok(fields)
    }
}

/// A full-text filter: each word of the term occurs in one of the fields, perhaps within a longer word.
///
/// Backstage looks for the whole term in one field; what it finds is among what this finds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextFilter {
    pub(crate) words: Vec<String>,
    pub(crate) fields: Option<Vec<String>>,
}

impl TextFilter {
    /// These words in these fields, or in any if there are none given. Truth values are no text.
    #[must_use]
    pub fn new<'a>(term: &str, fields: Option<impl IntoIterator<Item = &'a str>>) -> Self {
        Self {
            words: term.split_whitespace().take(WORDS_MAX).map(cell::fold).collect(),
            fields: fields.map(|fields| fields.into_iter().map(cell::fold).collect()),
        }
    }

    pub(crate) fn search(&self) -> TextSearch<'_> {
        TextSearch {
            words: self.words.iter().map(|word| Finder::new(word.as_bytes())).collect(),
            fields: self.fields.as_deref(),
        }
    }
}

/// A full-text filter made ready for many texts.
pub(crate) struct TextSearch<'a> {
    pub(crate) words: Vec<Finder<'a>>,
    pub(crate) fields: Option<&'a [String]>,
}

impl TextSearch<'_> {
    /// Whether a cell is text to be searched when no fields are chosen.
    pub(crate) fn is_text(cell: &str) -> bool {
        cell != "true" && cell != "false"
    }

    /// Whether it holds for this one entity.
    pub(crate) fn matches(&self, document: &Document) -> bool {
        let within = |cell: &str, word: &Finder<'_>| {
            cell::folded(cell).is_some_and(|value| word.find(value.as_bytes()).is_some())
        };
        self.words.iter().all(|word| match self.fields {
            Some(fields) => fields.iter().any(|key| document.cells(key).any(|cell| within(cell, word))),
            None => document.rows().any(|(_, cell)| Self::is_text(cell) && within(cell, word)),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    filter: Value,
    text: Option<TextFilter>,
    order: Vec<Order>,
    values: Vec<Option<String>>,
    reference: EntityRef,
    back: bool,
}
