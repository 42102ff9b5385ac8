//! One entity as rows of key and value, by the rules of Backstage's `buildEntitySearch.ts`.

use std::{borrow::Cow, fmt};

use kernel::EntityRef;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::cell;

/// The most rows of one entity. A big real one has about a hundred.
pub const ROWS_MAX: usize = 10_000;

/// Why an entity can't be indexed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reference} can't be searched: {reason}")]
pub struct Unreadable {
    /// The entity.
    pub reference: EntityRef,
    /// The JSON parser's words, or the bound that was passed.
    pub reason: String,
}

/// An entity as it is searched.
///
/// All its keys and cells stand in one text: there are dozens of them in each of many entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub(crate) reference: EntityRef,
    text: Box<str>,
    /// Sorted.
    rows: Box<[Row]>,
}

/// A folded key and a cell, by where they stand in a text: the cell begins where the key ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    key: u32,
    cell: u32,
    end: u32,
}

impl Row {
    fn key(self, text: &str) -> &str {
        text.get(self.key as usize..self.cell as usize).unwrap_or_default()
    }

    fn cell(self, text: &str) -> &str {
        text.get(self.cell as usize..self.end as usize).unwrap_or_default()
    }
}

impl Document {
    /// Reads the Backstage JSON of an entity.
    ///
    /// Its `relations` are given as `relations` here, `metadata.uid` and whatever else is not in the JSON as `extra` pairs
    /// of key and value.
    ///
    /// # Errors
    /// If the JSON is malformed, is no object, is nested deeper than 128 levels or has more than [`ROWS_MAX`] values.
    pub fn read<'a>(
        reference: EntityRef,
        json: &str,
        relations: impl IntoIterator<Item = (&'a str, &'a EntityRef)>,
        extra: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, Unreadable> {
        let mut rows = Rows::default();
        let mut path = String::new();
        let read = |rows: &mut Rows, path: &mut String| {
            let mut deserializer = serde_json::Deserializer::from_str(json);
            deserializer.deserialize_map(Flatten { path, rows, in_array: false })?;
            deserializer.end()
        };
        if let Err(error) = read(&mut rows, &mut path) {
            return Err(Unreadable { reference, reason: error.to_string() });
        }
        for (kind, target) in relations {
            rows.push(&format!("relations.{kind}"), Some(target.as_str()));
        }
        for (key, value) in extra {
            rows.push(key, Some(value));
        }
        rows.complete();
        Ok(Self { reference, text: rows.text.into(), rows: rows.rows.into() })
    }

    /// All rows: the folded key and the cell.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rows.iter().map(|row| (row.key(&self.text), row.cell(&self.text)))
    }

    /// The cells of a folded key, ascending.
    pub(crate) fn cells(&self, key: &str) -> impl Iterator<Item = &str> {
        let start = self.rows.partition_point(|row| row.key(&self.text) < key);
        let rows = self.rows.iter().skip(start).take_while(move |row| row.key(&self.text) == key);
        rows.map(|row| row.cell(&self.text))
    }

    /// What the entity is ordered by under a folded key: the smallest value that is not null.
    pub(crate) fn sort_value(&self, key: &str) -> Option<&str> {
        self.cells(key).find_map(cell::folded)
    }
}

/// The rows as they are found.
#[derive(Default)]
struct Rows {
    text: String,
    rows: Vec<Row>,
}

impl Rows {
    fn push(&mut self, key: &str, value: Option<&str>) {
        let Some(folded) = cell::short(key) else { return };
        let key = self.end();
        self.text.push_str(&folded);
        let cell = self.end();
        self.text.push_str(&value.map_or_else(|| cell::NULL.to_owned(), cell::of));
        self.rows.push(Row { key, cell, end: self.end() });
    }

    fn end(&self) -> u32 {
        // A row has at most a few kilobytes, and there are at most a few times ROWS_MAX of them.
        u32::try_from(self.text.len()).unwrap_or(u32::MAX)
    }

    /// Adds what can be searched for although it is missing, sorts, and keeps the first spelling of each value.
    fn complete(&mut self) {
        let has = |rows: &Self, wanted: &str| rows.rows.iter().any(|row| row.key(&rows.text) == wanted);
        if !has(self, "metadata.namespace") {
            self.push("metadata.namespace", Some(EntityRef::DEFAULT_NAMESPACE));
        }
        if !has(self, "metadata.uid") {
            self.push("metadata.uid", None);
        }
        let text = self.text.as_str();
        let compared = |row: &Row| (row.key(text), cell::folded(row.cell(text)));
        self.rows.sort_by(|a, b| compared(a).cmp(&compared(b)));
        self.rows.dedup_by(|a, b| compared(a) == compared(b));
    }
}

/// What Backstage leaves out: the output-only parts, of which relations are given apart.
const LEFT_OUT: [&str; 4] = ["attachments", "relations", "status", "metadata.etag"];

/// Walks a JSON document without building it, with the path from its root.
struct Flatten<'a> {
    path: &'a mut String,
    rows: &'a mut Rows,
    in_array: bool,
}

impl Flatten<'_> {
    fn scalar<E: serde::de::Error>(self, value: Option<&str>) -> Result<(), E> {
        if self.rows.rows.len() >= ROWS_MAX {
            return Err(E::custom(format_args!("it has more than {ROWS_MAX} values")));
        }
        self.rows.push(self.path, value);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Flatten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flatten<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an entity, which is a JSON object")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.scalar(None)
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.scalar(Some(if value { "true" } else { "false" }))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.scalar(Some(&value.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.scalar(Some(&value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        self.scalar(Some(&value.to_string()))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        let Self { path, rows, in_array } = self;
        Flatten { path, rows, in_array }.scalar::<E>(Some(value))?;
        if !in_array {
            return Ok(());
        }
        // `metadata.tags.java` is true, so that one can ask for several tags at once.
        let parent = path.len();
        path.push('.');
        path.push_str(value);
        rows.push(path, Some("true"));
        path.truncate(parent);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { path, rows, .. } = self;
        while items.next_element_seed(Flatten { path, rows, in_array: true })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { path, rows, .. } = self;
        let parent = path.len();
        while let Some(name) = members.next_key::<Cow<'_, str>>()? {
            if parent > 0 {
                path.push('.');
            }
            path.push_str(&name);
            if LEFT_OUT.contains(&path.as_str()) {
                members.next_value::<IgnoredAny>()?;
            } else {
                members.next_value_seed(Flatten { path, rows, in_array: false })?;
            }
            path.truncate(parent);
        }
        Ok(())
    }
}
