//! YAML as a tree in which every value knows its place. The only user of the YAML parser.
//!
//! YAML 1.2 with its core schema (section 10.3), as Backstage reads it: `yes` and `on` are texts, `<<` is an ordinary
//! key. Every document of a file is read on its own: one that is broken does not take the others with it.
//!
//! Invariant: whatever the texts are, reading them makes no more values than their [`Budget`] has, and none deeper than
//! [`DEPTH_MAX`], where an alias counts for all that it stands for.

use std::collections::{HashMap, HashSet};

use serde::{Serialize, Serializer};
use serde_json::Number;
use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, Span};

use crate::Rule;

/// The deepest nesting that is read.
pub(crate) const DEPTH_MAX: usize = 64;
/// The most values that one file may have.
pub(crate) const VALUES_MAX: usize = 500_000;
/// The most values that all files of a bundle may have.
const VALUES_MAX_IN_ALL: usize = 8_000_000;
/// The most documents that one file may have.
pub(crate) const DOCUMENTS_MAX: usize = 50_000;

/// How many more values may be made of a bundle's files.
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(VALUES_MAX_IN_ALL)
    }
}

impl Budget {
    /// How many values may still be made.
    pub(crate) fn left(&self) -> usize {
        self.0
    }

    /// True if it is enough for any file.
    pub(crate) fn is_ample(&self) -> bool {
        self.0 >= VALUES_MAX
    }

    /// Takes off so many values.
    pub(crate) fn spend(&mut self, values: usize) {
        self.0 = self.0.saturating_sub(values);
    }
}

/// A line and a column, both from 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

/// What JSON has, too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping, with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

/// One document of a file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) place: Place,
    /// The value, unless a fault of severity error stood in the way.
    pub(crate) root: Option<Node>,
    pub(crate) faults: Vec<Fault>,
}

/// What is wrong with a document as YAML.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    pub(crate) rule: Rule,
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl Fault {
    fn new(rule: Rule, place: Place, message: impl Into<String>) -> Self {
        Self { rule, place, message: message.into() }
    }
}

impl Node {
    /// The value under a key, if this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// The entries of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => &[],
        }
    }

    /// The text, if this is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What it is, in words.
    pub(crate) fn sort(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The same value, all of it at one place: that of the placeholder which it replaces.
    pub(crate) fn moved_to(self, place: Place) -> Self {
        let value = match self.value {
            Value::List(items) => Value::List(items.into_iter().map(|item| item.moved_to(place)).collect()),
            Value::Map(entries) => {
                let moved =
                    |Entry { key, value, .. }| Entry { key, key_place: place, value: Self::moved_to(value, place) };
                Value::Map(entries.into_iter().map(moved).collect())
            }
            scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_)) => scalar,
        };
        Self { place, value }
    }

    /// JSON as a tree, all of it at one place: that of the placeholder which it replaces.
    pub(crate) fn from_json(json: serde_json::Value, place: Place) -> Self {
        let value = match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Bool(value),
            serde_json::Value::Number(number) => Value::Number(number),
            serde_json::Value::String(text) => Value::Text(text),
            serde_json::Value::Array(items) => {
                Value::List(items.into_iter().map(|item| Self::from_json(item, place)).collect())
            }
            serde_json::Value::Object(map) => {
                let entry = |(key, value)| Entry { key, key_place: place, value: Self::from_json(value, place) };
                Value::Map(map.into_iter().map(entry).collect())
            }
        };
        Self { place, value }
    }

    /// How many levels there are.
    pub(crate) fn depth(&self) -> usize {
        self.measure().1
    }

    /// How many values there are in all, and how many levels.
    fn measure(&self) -> (usize, usize) {
        let children: &mut dyn Iterator<Item = &Self> = match &self.value {
            Value::List(items) => &mut items.iter(),
            Value::Map(entries) => &mut entries.iter().map(|entry| &entry.value),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => &mut std::iter::empty(),
        };
        children.map(Self::measure).fold((1, 1), |(count, depth), (more, deep)| (count + more, depth.max(deep + 1)))
    }
}

impl Serialize for Node {
    /// Without the places, keys in the order in which they stand.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.value {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => number.serialize(serializer),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Map(entries) => serializer.collect_map(entries.iter().map(|entry| (&entry.key, &entry.value))),
        }
    }
}

/// Reads all documents of a text. Empty documents are left out.
pub(crate) fn parse(text: &str, budget: &mut Budget) -> Vec<Document> {
    let options = granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: 2 * DEPTH_MAX,
        block_nesting_limit: 2 * DEPTH_MAX,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut documents = Vec::new();
    let values_max = VALUES_MAX.min(budget.0);
    let mut values = 0;
    while let Some(mut document) = next_document(&mut parser, &mut values, values_max) {
        let broken = document.faults.iter().any(|fault| fault.rule.severity() == crate::Severity::Error);
        if documents.len() == DOCUMENTS_MAX {
            let message = format!("there are more than {DOCUMENTS_MAX} documents in this file");
            let faults = vec![Fault::new(Rule::TooManyDocuments, document.place, message)];
            documents.push(Document { place: document.place, root: None, faults });
            break;
        }
        if broken {
            document.root = None;
        }
        let empty = document.root.as_ref().is_none_or(|root| root.value == Value::Null);
        if broken || !empty {
            documents.push(document);
        }
        if broken && !matches!(parser.proceed_next_document(), Ok(true)) {
            break;
        }
    }
    budget.spend(values);
    documents
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum of errors is non-exhaustive")]
fn next_document<'a, T: granit_parser::input::BorrowedInput<'a>>(
    parser: &mut Parser<'a, T>,
    values: &mut usize,
    values_max: usize,
) -> Option<Document> {
    let mut builder = Builder::new(values, values_max);
    let mut start = None;
    loop {
        let fault = match parser.next_event()? {
            Ok((Event::StreamEnd, _)) => return None,
            Ok((Event::DocumentEnd, _)) => {
                let place = start.unwrap_or_default();
                return Some(Document { place, root: builder.root, faults: builder.faults });
            }
            Ok((Event::StreamStart | Event::DocumentStart(..), _)) => None,
            Ok((event, span)) => {
                start.get_or_insert_with(|| place_of(&span));
                builder.take(event, place_of(&span)).err()
            }
            Err(error) => {
                let mark = error.marker();
                let place = place(mark.line(), mark.col());
                Some(match error.kind() {
                    ErrorKind::RecursionLimitExceeded => too_deep(place),
                    _ => Fault::new(Rule::Syntax, place, error.info()),
                })
            }
        };
        if let Some(fault) = fault {
            let place = start.unwrap_or(fault.place);
            builder.faults.push(fault);
            return Some(Document { place, root: None, faults: builder.faults });
        }
    }
}

fn too_deep(place: Place) -> Fault {
    Fault::new(Rule::TooDeep, place, format!("nested more than {DEPTH_MAX} levels deep"))
}

fn place_of(span: &Span) -> Place {
    place(span.start.line(), span.start.col())
}

/// The parser counts lines from 1 and columns from 0.
fn place(line: usize, column: usize) -> Place {
    let clamp = |number| u32::try_from(number).unwrap_or(u32::MAX);
    Place { line: clamp(line).max(1), column: clamp(column).saturating_add(1) }
}

/// Builds one document's tree from the parser's events.
struct Builder<'a> {
    root: Option<Node>,
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    /// How many values the file has so far, and how many it may have.
    values: &'a mut usize,
    values_max: usize,
    faults: Vec<Fault>,
}

/// A collection that has begun and not ended.
struct Open {
    place: Place,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, keys: HashSet<String>, key: Option<(String, Place)> },
}

/// True if the key stands in the mapping already. `keys` is filled for large mappings only: in small ones, looking at
/// each entry is faster.
fn is_known(key: &str, entries: &[Entry], keys: &mut HashSet<String>) -> bool {
    const SMALL: usize = 32;
    if entries.len() < SMALL {
        return entries.iter().any(|entry| entry.key == key);
    }
    if keys.is_empty() {
        keys.extend(entries.iter().map(|entry| entry.key.clone()));
    }
    !keys.insert(key.to_owned())
}

impl<'a> Builder<'a> {
    fn new(values: &'a mut usize, values_max: usize) -> Self {
        Self { root: None, open: Vec::new(), anchors: HashMap::new(), values, values_max, faults: Vec::new() }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum is non-exhaustive")]
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.as_ref().map(|tag| tag.core_suffix().unwrap_or("str"));
                let text = text.into_owned();
                let is_key = matches!(self.open.last(), Some(Open { content: Content::Map { key: None, .. }, .. }));
                let value = if is_key { Value::Text(text) } else { resolve(text, style, tag) };
                self.put(Node { place, value }, anchor)
            }
            Event::SequenceStart(_, anchor, _) => self.open(place, anchor, Content::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.open(place, anchor, Content::Map { entries: Vec::new(), keys: HashSet::new(), key: None })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let measure = self.anchors.get(&anchor).map(Node::measure);
                let Some((values, depth)) = measure else {
                    return Err(Fault::new(Rule::Syntax, place, "the alias stands inside of what it stands for"));
                };
                self.count(values, self.open.len() + depth, place)?;
                let value = self.anchors.get(&anchor).map_or(Value::Null, |node| node.value.clone());
                self.put(Node { place, value }, 0)
            }
            // The parser is asked for no other event of a node; those of the stream are the caller's.
            _ => Ok(()),
        }
    }

    fn open(&mut self, place: Place, anchor: usize, content: Content) -> Result<(), Fault> {
        if let Some(Open { content: Content::Map { key: None, .. }, .. }) = self.open.last() {
            return Err(Fault::new(Rule::KeyNotText, place, "a key must be a text, not a list or a mapping"));
        }
        self.count(0, self.open.len() + 1, place)?;
        self.open.push(Open { place, anchor, content });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(Open { place, anchor, content }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Content::List(items) => Value::List(items),
            Content::Map { entries, .. } => Value::Map(entries),
        };
        self.put(Node { place, value }, anchor)
    }

    fn count(&mut self, values: usize, depth: usize, place: Place) -> Result<(), Fault> {
        *self.values += values;
        if depth > DEPTH_MAX {
            return Err(too_deep(place));
        }
        if *self.values > self.values_max {
            let message =
                format!("the file has more than {} values, counting what its aliases stand for", self.values_max);
            return Err(Fault::new(Rule::TooManyValues, place, message));
        }
        Ok(())
    }

    fn put(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        self.count(1, 0, node.place)?;
        if anchor != 0 {
            // What is kept for later aliases is a copy, so it counts as well.
            self.count(node.measure().0, 0, node.place)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut().map(|open| &mut open.content) {
            None => self.root = Some(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { entries, keys, key }) => match key.take() {
                Some((key, key_place)) => entries.push(Entry { key, key_place, value: node }),
                None => {
                    let place = node.place;
                    let Value::Text(text) = node.value else {
                        return Err(Fault::new(
                            Rule::KeyNotText,
                            place,
                            "a key must be a text, not a list or a mapping",
                        ));
                    };
                    if text == "<<" {
                        let message = "`<<` does not merge: it is an ordinary key here, as it is in Backstage";
                        self.faults.push(Fault::new(Rule::MergeKey, place, message));
                    }
                    if is_known(&text, entries, keys) {
                        let message = format!("the key \"{text}\" stands twice in the same mapping");
                        self.faults.push(Fault::new(Rule::DuplicateKey, place, message));
                    }
                    *key = Some((text, place));
                }
            },
        }
        Ok(())
    }
}

/// The value of a scalar by YAML 1.2's core schema (section 10.3.2), unless quotes or a tag say that it is a text.
fn resolve(text: String, style: ScalarStyle, tag: Option<&str>) -> Value {
    let plain = match tag {
        None => style == ScalarStyle::Plain,
        Some(tag) => tag != "str",
    };
    if !plain {
        return Value::Text(text);
    }
    match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(&text).map_or(Value::Text(text), Value::Number),
    }
}

/// The number that a text is by the core schema. Infinity and "not a number" stay texts: JSON has neither.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        if let Some(rest) = text.strip_prefix(prefix) {
            // The parser of numbers would take a sign here.
            let is_number = rest.chars().all(|c| c.is_digit(radix));
            return u64::from_str_radix(rest, radix).ok().filter(|_| is_number).map(Number::from);
        }
    }
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') || !digits.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if !digits.chars().all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')) {
        return None;
    }
    let whole = text.strip_prefix('+').unwrap_or(text);
    let integer = whole.parse::<i64>().map(Number::from).or_else(|_| whole.parse::<u64>().map(Number::from));
    integer.ok().or_else(|| whole.parse::<f64>().ok().and_then(Number::from_f64))
}

/// One document as text.
pub(crate) fn write(document: &serde_json::Value) -> Result<String, serde_saphyr::SerializeError> {
    serde_saphyr::to_string(document)
}
