//! A walk over a document: follows local references, knows the named types, and keeps the whole within bounds.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::document::short;
use crate::model::{Schema, TypeDoc};

/// How many references in a row are followed.
const MAX_HOPS: usize = 16;

/// How many schemas the whole model may hold.
const MAX_SCHEMAS: usize = 200_000;

/// How many bytes of descriptions the whole model may hold: references can repeat a long one at will.
const MAX_TEXT_BYTES: usize = 16 * 1024 * 1024;

const MAX_WARNINGS: usize = 100;

/// How many parameters, responses, messages or tags one operation may have.
pub(crate) const MAX_PER_OPERATION: usize = 500;

/// Warnings, each once, up to a number that is still readable.
#[derive(Default)]
pub(crate) struct Warnings {
    seen: BTreeSet<String>,
    list: Vec<String>,
}

impl Warnings {
    pub(crate) fn add(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if self.list.len() < MAX_WARNINGS && self.seen.insert(warning.clone()) {
            self.list.push(warning);
        }
    }

    pub(crate) fn into_list(self) -> Vec<String> {
        self.list
    }
}

pub(crate) struct Walk<'v> {
    pub(crate) root: &'v Value,
    pub(crate) warnings: Warnings,
    /// The id and the name of the type at each pointer (`#/components/schemas/Order`).
    named: HashMap<String, (String, String)>,
    /// The references that are being shown inline, outermost first: one of them again would be a cycle.
    pub(crate) inline: Vec<&'v str>,
    schemas_left: usize,
    text_left: usize,
}

impl<'v> Walk<'v> {
    /// A walk over `root`, where the types stand in the map at `types` (`/components/schemas`).
    pub(crate) fn new(root: &'v Value, types: &str) -> Self {
        let mut ids = Slugs::default();
        let names = root.pointer(types).and_then(Value::as_object).into_iter().flat_map(|types| types.keys());
        let named = names
            .map(|name| {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                (format!("#{types}/{escaped}"), (ids.unique(&format!("type-{name}")), short(name)))
            })
            .collect();
        Self {
            root,
            warnings: Warnings::default(),
            named,
            inline: Vec::new(),
            schemas_left: MAX_SCHEMAS,
            text_left: MAX_TEXT_BYTES,
        }
    }

    /// The id and the name of the type that a reference means.
    pub(crate) fn named(&self, reference: &str) -> Option<&(String, String)> {
        self.named.get(reference)
    }

    /// Every named type, in the document's order.
    pub(crate) fn types(&mut self, types: &str) -> Vec<TypeDoc> {
        let Some(map) = self.root.pointer(types).and_then(Value::as_object) else { return Vec::new() };
        map.iter()
            .filter_map(|(name, value)| {
                let escaped = name.replace('~', "~0").replace('/', "~1");
                let (id, name) = self.named(&format!("#{types}/{escaped}"))?.clone();
                Some(TypeDoc { id, name, schema: self.schema(value) })
            })
            .collect()
    }

    /// What a value means: itself, or what its `$ref` leads to. `None`, with a warning, where that leads nowhere.
    pub(crate) fn resolve(&mut self, value: &'v Value) -> Option<&'v Value> {
        let mut target = value;
        for _ in 0..MAX_HOPS {
            let Some(reference) = target.get("$ref").and_then(Value::as_str) else { return Some(target) };
            match self.lookup(reference) {
                Some(next) => target = next,
                None => {
                    self.unresolved(reference);
                    return None;
                }
            }
        }
        self.warnings.add("a chain of references never ends".to_owned());
        None
    }

    pub(crate) fn unresolved(&mut self, reference: &str) {
        self.warnings.add(format!("{} can't be resolved; only references inside the file are", short(reference)));
    }

    pub(crate) fn lookup(&self, reference: &str) -> Option<&'v Value> {
        let pointer = reference.strip_prefix('#')?;
        self.root.pointer(pointer).or_else(|| {
            let decoded = pointer.replace("%7B", "{").replace("%7D", "}").replace("%20", " ");
            self.root.pointer(&decoded)
        })
    }

    /// Takes one schema from the whole model's allowance.
    pub(crate) fn may_add_schema(&mut self) -> bool {
        let left = self.schemas_left.checked_sub(1);
        if left.is_none() {
            self.warnings.add(format!("the definition has more than {MAX_SCHEMAS} schemas; the rest is left out"));
        }
        self.schemas_left = left.unwrap_or(0);
        left.is_some()
    }

    /// The text under a key, taken from the whole model's allowance.
    pub(crate) fn text(&mut self, value: &Value, key: &str) -> String {
        match value.get(key).and_then(Value::as_str) {
            Some(text) if self.may_add_text(text.len()) => text.to_owned(),
            Some(_) | None => String::new(),
        }
    }

    /// Takes so many bytes of text from the whole model's allowance.
    pub(crate) fn may_add_text(&mut self, bytes: usize) -> bool {
        let left = self.text_left.checked_sub(bytes);
        if left.is_none() {
            self.warnings.add("the definition repeats too much text; some of it is left out");
        }
        self.text_left = left.unwrap_or(self.text_left);
        left.is_some()
    }

    /// Whether the model is full, so that nothing more should be read.
    pub(crate) fn is_full(&self) -> bool {
        self.schemas_left == 0
    }

    /// A copy of a value of the definition, such as an example, taken from the same allowance.
    pub(crate) fn copy(&mut self, value: &Value) -> Option<Value> {
        self.may_add_text(size_of_value(value)).then(|| value.clone())
    }

    /// A schema with nothing but what is under `schema` in `holder`.
    pub(crate) fn schema_in(&mut self, holder: &'v Value, key: &str) -> Schema {
        holder.get(key).map(|value| self.schema(value)).unwrap_or_default()
    }
}

fn size_of_value(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 8,
        Value::Array(items) => items.iter().map(size_of_value).sum::<usize>() + 8,
        Value::Object(map) => map.iter().map(|(key, value)| key.len() + size_of_value(value)).sum::<usize>() + 8,
    }
}

/// Makes names into unique slugs. The first to ask for a name gets it as it is.
#[derive(Default)]
pub(crate) struct Slugs {
    used: HashMap<String, usize>,
}

impl Slugs {
    pub(crate) fn unique(&mut self, name: &str) -> String {
        let base = slug(name);
        let mut candidate = base.clone();
        while self.used.contains_key(&candidate) {
            let count = self.used.entry(base.clone()).or_insert(1);
            *count += 1;
            candidate = format!("{base}-{count}");
        }
        self.used.insert(candidate.clone(), 1);
        candidate
    }
}

/// Letters and digits of a name, in lower case, with a hyphen for whatever stands between them and at each hump.
fn slug(name: &str) -> String {
    const MAX_CHARS: usize = 120;
    let mut slug = String::new();
    let mut after_small = false;
    for c in name.chars().take(MAX_CHARS) {
        let is_word = c.is_alphanumeric() || c == '_';
        if (!is_word || (c.is_uppercase() && after_small)) && !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if is_word {
            slug.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase() || c.is_numeric();
    }
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.is_empty() { "unnamed".to_owned() } else { slug }
}
