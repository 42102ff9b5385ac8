//! The document's schemas: made ready for comparing, then values checked against them.
//!
//! **Flow.** [`Prepared::new`] copies a schema with all that it refers to ([`collect`]), merges its `allOf` ([`flatten`]) and, for
//! responses, closes its objects and asks for nothing ([`received`]). [`check`] then applies it to a value, with the parts in
//! [`scalars`], [`objects`], [`arrays`] and [`choices`]; texts from a URL or a header are coerced first ([`coerce`]).
//!
//! **Invariant.** A prepared schema is self-contained: its references lead to its own copies. Those that lead nowhere in the
//! document are listed, and fit everything.

mod arrays;
mod check;
mod choices;
mod coerce;
mod collect;
mod flatten;
mod formats;
mod objects;
mod place;
mod received;
mod scalars;

use std::cell::RefCell;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use serde_json::Value;

pub(crate) use check::{Check, Fault};

use crate::value::{Budget, at, pointer, weight};

/// How deep schemas and values may go in one another: every level takes stack.
const DEPTH_MAX: usize = 64;

/// How many values one schema may be made of, with all that it refers to.
const NODES_MAX: u64 = 1_000_000;

/// Which side a schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    /// The consumer sends the value, which must be all that is asked for.
    Sent,
    /// The consumer receives the value and names what it uses.
    Received,
}

/// A schema, ready to be applied.
#[derive(Debug)]
pub(crate) struct Prepared {
    root: Value,
    /// References that lead nowhere.
    pub(crate) unresolved: Vec<String>,
    /// Whether something was left out, because it is too large, too deep or in a circle.
    pub(crate) incomplete: bool,
    /// How many values it is made of.
    pub(crate) weight: u64,
    tracks: bool,
    inlined: RefCell<HashMap<String, bool>>,
    patterns: RefCell<HashMap<String, Option<Regex>>>,
}

impl Prepared {
    pub(crate) fn new(schema: &Value, document: &Value, side: Side, budget: &Budget) -> Self {
        let mut collected = collect::collect(schema, document, budget);
        let mut incomplete = collected.incomplete;
        let mut root = std::mem::take(&mut collected.root);
        flatten::flatten(&mut root, &collected.references, budget, &mut incomplete);
        if side == Side::Received {
            received::close(&mut root, budget, &mut incomplete);
        }
        let tracks = has_key(&root, &|key| key.starts_with("unevaluated"));
        Self {
            weight: weight(&root),
            root,
            unresolved: collected.unresolved,
            incomplete,
            tracks,
            inlined: RefCell::default(),
            patterns: RefCell::default(),
        }
    }

    /// What a reference means; a chain of bare references is as good as one.
    fn target(&self, reference: &str) -> Option<&Value> {
        let mut target = at(&self.root, &pointer(reference)?)?;
        for _ in 0..DEPTH_MAX {
            match target.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("$ref")) {
                Some(next) => target = at(&self.root, &pointer(next.as_str()?)?)?,
                None => break,
            }
        }
        Some(target)
    }

    /// Whether a reference's target refers to nothing itself. Faults within such a target are located by the reference,
    /// those of others by the target alone.
    fn is_inlined(&self, reference: &str) -> bool {
        if let Some(known) = self.inlined.borrow().get(reference) {
            return *known;
        }
        let refers =
            |key: &str| matches!(key, "$ref" | "$recursiveRef" | "$recursiveAnchor" | "$dynamicRef" | "$dynamicAnchor");
        let inlined = self.target(reference).is_some_and(|target| !has_key(target, &refers));
        self.inlined.borrow_mut().insert(reference.to_owned(), inlined);
        inlined
    }

    /// Whether a text matches a pattern; nothing where the pattern isn't one that can be applied in linear time, or where
    /// the budget ends.
    fn matches(&self, pattern: &str, text: &str, budget: &Budget) -> Option<bool> {
        let steps = 1 + pattern.len() / 64 + text.len() / 64 + pattern.len().saturating_mul(text.len()) / 4_096;
        if !budget.spend(u64::try_from(steps).unwrap_or(u64::MAX)) {
            return None;
        }
        let mut patterns = self.patterns.borrow_mut();
        if let Some(known) = patterns.get(pattern) {
            return known.as_ref().map(|regex| regex.is_match(text));
        }
        let regex = compiled(pattern, budget);
        let matches = regex.as_ref().map(|regex| regex.is_match(text));
        patterns.insert(pattern.to_owned(), regex);
        matches
    }
}

/// How many bytes a pattern may take when it is compiled, and what it costs: short patterns may take megabytes.
const PATTERN_SIZES: [(usize, u64); 3] = [(1 << 14, 100), (1 << 17, 2_000), (1 << 20, 20_000)];

/// The pattern of a document, which is ECMAScript's: digits are ASCII, a slash may be escaped.
fn compiled(pattern: &str, budget: &Budget) -> Option<Regex> {
    let mut adapted = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(one) = rest.next() {
        if one != '\\' {
            adapted.push(one);
            continue;
        }
        match rest.next() {
            Some('d') => adapted.push_str("[0-9]"),
            Some('w') => adapted.push_str("[A-Za-z0-9_]"),
            Some('D') => adapted.push_str("[^0-9]"),
            Some('W') => adapted.push_str("[^A-Za-z0-9_]"),
            Some('/') => adapted.push('/'),
            Some(other) => {
                adapted.push('\\');
                adapted.push(other);
            }
            None => adapted.push('\\'),
        }
    }
    for (size, steps) in PATTERN_SIZES {
        if !budget.spend(steps) {
            return None;
        }
        match RegexBuilder::new(&adapted).size_limit(size).dfa_size_limit(size.max(1 << 17)).build() {
            Ok(regex) => return Some(regex),
            Err(regex::Error::CompiledTooBig(_)) => {}
            Err(_) => return None,
        }
    }
    None
}

fn has_key(value: &Value, suits: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Object(map) => map.iter().any(|(key, value)| suits(key) || has_key(value, suits)),
        Value::Array(list) => list.iter().any(|value| has_key(value, suits)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
