//! One value against one prepared schema: all faults, not just the first, in the words and the order of the validator that the
//! comparator uses (Ajv with `allErrors`, JSON Schema 2019-09), so that both count the same.
//!
//! Keywords apply by the value's kind, also where the type is wrong: a wrong type and a value outside an `enum` are two faults.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::place::{Key, Place, Spot};
use super::{DEPTH_MAX, Prepared};
use crate::value::Budget;

/// How many faults one value may have.
const FAULTS_MAX: usize = 10_000;

/// A way in which a value breaks a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// In the value, as a JSON pointer.
    pub(crate) at: String,
    /// In the schema, from `#`.
    pub(crate) place: String,
    pub(crate) message: String,
}

impl Fault {
    /// The place in the value as locations have it: `.items.0.id`.
    pub(crate) fn in_value(&self) -> String {
        self.at.replace('/', ".")
    }

    /// The place in the schema as locations have it: `properties.id.type`.
    pub(crate) fn in_schema(&self) -> String {
        self.place.replace('/', ".").chars().skip(2).collect()
    }
}

/// A check under way.
pub(crate) struct Check<'s> {
    pub(super) prepared: &'s Prepared,
    pub(super) budget: &'s Budget,
    coerces: bool,
    absent: bool,
    pub(super) faults: Vec<Fault>,
    /// Whether a limit ended it.
    pub(crate) stopped: bool,
}

/// What kind of value something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is no value, where one is checked all the same.
    Absent,
    Null,
    Truth,
    Number,
    Text,
    List,
    Map,
}

/// What of a value some schema has looked at: for `unevaluatedProperties` and `unevaluatedItems`.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) all_properties: bool,
    pub(super) properties: BTreeSet<String>,
    pub(super) all_items: bool,
    pub(super) items: usize,
}

impl Seen {
    pub(super) fn add(&mut self, more: Self) {
        self.all_properties |= more.all_properties;
        self.properties.extend(more.properties);
        self.all_items |= more.all_items;
        self.items = self.items.max(more.items);
    }
}

/// A schema's keywords and where they are, for those who apply them.
#[derive(Clone, Copy)]
pub(super) struct Site<'a, 's> {
    pub(super) map: &'s Map<String, Value>,
    pub(super) spot: &'a Spot<'a>,
    pub(super) place: &'a Place<'a>,
    pub(super) depth: usize,
}

impl<'s> Check<'s> {
    /// Texts are coerced to what the schema wants if `coerces`.
    pub(crate) fn new(prepared: &'s Prepared, coerces: bool, budget: &'s Budget) -> Self {
        Self { prepared, budget, coerces, absent: false, faults: Vec::new(), stopped: false }
    }

    /// All faults of a value; nothing is a value too.
    pub(crate) fn faults(&mut self, value: Option<Value>) -> Vec<Fault> {
        self.absent = value.is_none();
        let mut value = value.unwrap_or_default();
        self.schema(&self.prepared.root, &mut value, &Spot::ROOT, &Place::Root("#"), 0);
        std::mem::take(&mut self.faults)
    }

    pub(super) fn kind(&self, value: &Value, spot: &Spot<'_>) -> Kind {
        match value {
            Value::Null if self.absent && spot.is_root() => Kind::Absent,
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Truth,
            Value::Number(_) => Kind::Number,
            Value::String(_) => Kind::Text,
            Value::Array(_) => Kind::List,
            Value::Object(_) => Kind::Map,
        }
    }

    pub(super) fn fault(&mut self, site: Site<'_, 's>, keyword: &str, message: String) {
        self.fault_at(site.spot, &site.place.keyword(keyword), message);
    }

    pub(super) fn fault_at(&mut self, spot: &Spot<'_>, place: &Place<'_>, message: String) {
        if self.faults.len() >= FAULTS_MAX {
            self.stopped = true;
            return;
        }
        let fault = Fault { at: spot.to_string(), place: place.to_string(), message };
        let size = fault.at.len() + fault.place.len() + fault.message.len();
        if !self.budget.spend(u64::try_from(size).unwrap_or(u64::MAX) / 8) {
            self.stopped = true;
        }
        self.faults.push(fault);
    }

    /// Applies a schema; whether the value fits is whether there are more faults than before.
    pub(super) fn schema(
        &mut self,
        schema: &'s Value,
        value: &mut Value,
        spot: &Spot<'_>,
        place: &Place<'_>,
        depth: usize,
    ) -> Seen {
        let mut seen = Seen::default();
        let map = match schema {
            Value::Bool(false) => {
                self.fault_at(spot, &place.keyword("false schema"), "boolean schema is false".to_owned());
                return seen;
            }
            Value::Object(map) => map,
            Value::Null | Value::Bool(true) | Value::Number(_) | Value::String(_) | Value::Array(_) => return seen,
        };
        if depth > DEPTH_MAX || !self.budget.spend(1) {
            self.stopped = true;
        }
        if self.stopped {
            return seen;
        }
        let site = Site { map, spot, place, depth };
        self.types(site, value);
        match self.kind(value, spot) {
            Kind::Number => self.number(site, value),
            Kind::Text => self.text(site, value),
            Kind::Absent | Kind::Null | Kind::Truth | Kind::List | Kind::Map => {}
        }
        seen.add(self.reference(site, value));
        self.constants(site, value);
        seen.add(self.choices(site, value));
        match self.kind(value, spot) {
            Kind::List => self.list(site, value, &mut seen),
            Kind::Map => self.map(site, value, &mut seen),
            Kind::Absent | Kind::Null | Kind::Truth | Kind::Number | Kind::Text => {}
        }
        if self.prepared.tracks { seen } else { Seen::default() }
    }

    /// Whether a schema fits, without any trace in the faults.
    pub(super) fn fits(&mut self, schema: &'s Value, value: &mut Value, site: Site<'_, 's>) -> (bool, Seen) {
        let before = self.faults.len();
        let seen = self.schema(schema, value, site.spot, site.place, site.depth + 1);
        let fits = self.faults.len() == before;
        self.faults.truncate(before);
        (fits, seen)
    }

    fn types(&mut self, site: Site<'_, 's>, value: &mut Value) {
        let types = types_of(site.map);
        let kind = self.kind(value, site.spot);
        if types.is_empty() || types.iter().any(|name| is(name, kind, value)) {
            return;
        }
        if self.coerces
            && kind != Kind::Absent
            && let Some(coerced) = types.iter().find_map(|name| super::coerce::coerced(name, value))
        {
            *value = coerced;
            return;
        }
        let named = match site.map.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
            Some(Value::String(kind)) => kind.clone(),
            _ => String::new(),
        };
        self.fault(site, "type", format!("must be {named}"));
    }

    fn reference(&mut self, site: Site<'_, 's>, value: &mut Value) -> Seen {
        let Some(reference) = site.map.get("$ref").and_then(Value::as_str) else { return Seen::default() };
        let Some(target) = self.prepared.target(reference) else { return Seen::default() };
        let root = if self.prepared.is_inlined(reference) { reference } else { "#" };
        self.schema(target, value, site.spot, &Place::Root(root), site.depth + 1)
    }

    fn constants(&mut self, site: Site<'_, 's>, value: &Value) {
        let absent = self.kind(value, site.spot) == Kind::Absent;
        if let Some(constant) = site.map.get("const")
            && (absent || !crate::value::same(constant, value))
        {
            self.fault(site, "const", "must be equal to constant".to_owned());
        }
        if let Some(Value::Array(allowed)) = site.map.get("enum") {
            if !self.budget.spend(u64::try_from(allowed.len()).unwrap_or(u64::MAX)) {
                self.stopped = true;
            } else if absent || !allowed.iter().any(|one| crate::value::same(one, value)) {
                self.fault(site, "enum", "must be equal to one of the allowed values".to_owned());
            }
        }
    }

    /// Whether a text matches a pattern; nothing where that isn't known.
    pub(super) fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        let matches = self.prepared.matches(pattern, text, self.budget);
        self.stopped |= !self.budget.spend(0);
        matches
    }

    /// Applies a keyword's schema to a part of the value.
    pub(super) fn part(
        &mut self,
        site: Site<'_, 's>,
        place: &Place<'_>,
        schema: &'s Value,
        key: Key<'_>,
        value: &mut Value,
    ) {
        self.schema(schema, value, &site.spot.below(key), place, site.depth + 1);
    }
}

/// The types that a schema allows; none where it says nothing.
pub(super) fn types_of(map: &Map<String, Value>) -> Vec<&str> {
    let mut types: Vec<&str> = match map.get("type") {
        Some(Value::String(kind)) if !kind.is_empty() => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if map.get("nullable") == Some(&Value::Bool(true)) && !types.contains(&"null") && !types.is_empty() {
        types.push("null");
    }
    types
}

/// Whether a value is of a type.
pub(super) fn is(name: &str, kind: Kind, value: &Value) -> bool {
    match name {
        "null" => kind == Kind::Null,
        "boolean" => kind == Kind::Truth,
        "number" => kind == Kind::Number,
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "string" => kind == Kind::Text,
        "array" => kind == Kind::List,
        "object" => kind == Kind::Map,
        // A type that nobody knows, such as Swagger's `file`, says nothing.
        _ => true,
    }
}
