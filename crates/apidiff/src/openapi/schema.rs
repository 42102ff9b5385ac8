//! Schemas: what may be said, before and after.
//!
//! **Cast.** A [`Part`] says who says it and how; a [`Pair`] is two schemas at one place. `types`, `values`, `limits` and
//! `keywords` look at a pair alone, `members` and `alternatives` also go further down, through the [`Walk`].
//!
//! **Invariants.**
//! - Some changes are one thing though many keywords differ: null was allowed by a `oneOf`, one object became one of
//!   several, one type became a list of types. They are said once ([`types::Transition`]).
//! - A pair that is under way is not begun again; one without differences is not looked at again; one with differences is
//!   told of at [`TOLD_MAX`] places of a body at most.

mod alternatives;
mod equal;
mod keywords;
mod limits;
mod members;
mod part;
mod types;
mod values;

use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
};

use serde_json::{Map, Value};

pub(super) use self::part::{Given, Part};
use self::types::Transition;
use super::{
    document::{Document, Met, meet},
    report::{Place, Report},
};

/// Nested this deep at most.
const DEPTH_MAX: usize = 96;
/// Values that are looked at, about, in a comparison of two documents.
const STEPS_MAX: usize = 4_000_000;
/// Places of a body at which the same difference of a schema is told.
const TOLD_MAX: u8 = 4;

/// Keywords that hold one schema.
const HOLDING: [&str; 12] = [
    "items",
    "additionalProperties",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "if",
    "then",
    "else",
    "not",
    "contentSchema",
    "additionalItems",
];
/// Keywords that hold schemas by name.
const HOLDING_EACH: [&str; 2] = ["patternProperties", "dependentSchemas"];

/// Two schemas at one place, none of them a reference.
pub(super) struct Pair<'d, 'p> {
    pub(super) part: Part,
    /// How rules begin that are about it.
    pub(super) prefix: &'static str,
    pub(super) before: &'d Map<String, Value>,
    pub(super) after: &'d Map<String, Value>,
    pub(super) place: &'p Place,
}

impl Pair<'_, '_> {
    /// Below the whole of the part.
    fn is_within(&self) -> bool {
        !self.place.path.is_empty()
    }

    /// Whether what is said at this place counts: not what only the other side says.
    fn is_said(&self) -> bool {
        let silent = if self.part.is_request() { "readOnly" } else { "writeOnly" };
        !self.is_within() || !is_true(self.after, silent)
    }
}

fn is_true(schema: &Map<String, Value>, key: &str) -> bool {
    schema.get(key) == Some(&Value::Bool(true))
}

/// A pair's own identity: where the two are, and what they are part of.
type Key = (usize, usize, Part, bool);

/// Two documents, and which pairs of their schemas were compared already.
pub(super) struct Walk<'d> {
    pub(super) earlier: &'d Document,
    pub(super) later: &'d Document,
    /// Pairs under way: a schema that holds itself ends there.
    open: HashSet<(usize, usize, Part)>,
    /// Pairs that don't differ.
    clean: HashSet<Key>,
    /// How often a pair that differs was told of in this body.
    told: HashMap<Key, u8>,
    /// What may still be looked at.
    steps: Cell<usize>,
    depth: usize,
}

impl<'d> Walk<'d> {
    pub(super) fn new(earlier: &'d Document, later: &'d Document) -> Self {
        let (open, clean, told) = (HashSet::new(), HashSet::new(), HashMap::new());
        Self { earlier, later, open, clean, told, steps: Cell::new(STEPS_MAX), depth: 0 }
    }

    /// Takes from what may be looked at; false if it is used up.
    pub(super) fn spend(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get().saturating_sub(steps.saturating_add(1)));
        self.steps.get() > 0
    }

    /// Follows two references of which each may be absent.
    pub(super) fn meet(&self, before: Option<&'d Value>, after: Option<&'d Value>) -> Met<'d> {
        meet(before.map(|value| self.earlier.resolve(value)), after.map(|value| self.later.resolve(value)))
    }

    pub(super) fn compare(
        &mut self,
        part: Part,
        before: &'d Value,
        after: &'d Value,
        place: &Place,
        report: &mut Report,
    ) {
        let (before, after) = match self.meet(Some(before), Some(after)) {
            Met::Values(Some(before), Some(after)) => (before, after),
            Met::Values(..) | Met::Same => return,
            Met::Elsewhere(reference) => return report.elsewhere(reference, place),
        };
        let (Some(one), Some(other)) = (before.as_object(), after.as_object()) else { return };
        let address = |value: &Value| std::ptr::from_ref(value).addr();
        let key = (address(before), address(after), part, !place.path.is_empty());
        if self.depth == 0 {
            self.told.clear();
        }
        let told = self.told.get(&key).copied().unwrap_or_default();
        if told >= TOLD_MAX || self.clean.contains(&key) {
            return;
        }
        if self.depth >= DEPTH_MAX || !self.spend(weight(one) + weight(other)) {
            return report.cut(place);
        }
        if !self.open.insert((key.0, key.1, part)) {
            return;
        }
        let known = report.count();
        self.depth += 1;
        let prefix = part.prefix(!place.path.is_empty());
        self.pair(&Pair { part, prefix, before: one, after: other, place }, report);
        self.depth -= 1;
        self.open.remove(&(key.0, key.1, part));
        if report.count() == known {
            self.clean.insert(key);
        } else {
            self.told.insert(key, told + 1);
        }
    }

    fn pair(&mut self, pair: &Pair<'d, '_>, report: &mut Report) {
        let transition = types::transition(self, pair);
        types::nullable(pair, &transition, report);
        if matches!(transition, Transition::Null { .. }) {
            return;
        }
        let is_told = types::told(pair, &transition, report);
        if !is_told {
            types::compare(self, pair, report);
        }
        if pair.part.is_header() {
            return;
        }
        values::compare(pair, report);
        limits::compare(pair, report);
        keywords::compare(pair, report);
        let moved = match &transition {
            Transition::Several(moved) => moved.as_slice(),
            Transition::None | Transition::Null { .. } | Transition::List { .. } => &[],
        };
        members::compare(self, pair, moved, report);
        alternatives::compare(self, pair, is_told, report);
        for key in HOLDING {
            if let (Some(before), Some(after)) = (pair.before.get(key), pair.after.get(key)) {
                self.compare(pair.part, before, after, &pair.place.at(key), report);
            }
        }
        for key in HOLDING_EACH {
            let each = |schema: &'d Map<String, Value>| schema.get(key).and_then(Value::as_object);
            for (name, before) in each(pair.before).into_iter().flatten() {
                if let Some(after) = each(pair.after).and_then(|each| each.get(name)) {
                    self.compare(pair.part, before, after, &pair.place.at(&format!("{key}[{name}]")), report);
                }
            }
        }
    }
}

/// About how much there is to look at in a schema itself.
fn weight(schema: &Map<String, Value>) -> usize {
    let lists = ["enum", "required", "type", "x-extensible-enum"]
        .map(|key| schema.get(key).and_then(Value::as_array).map_or(0, Vec::len));
    let maps = ["properties", "patternProperties", "dependentSchemas", "dependentRequired"]
        .map(|key| schema.get(key).and_then(Value::as_object).map_or(0, Map::len));
    schema.len() + lists.iter().chain(&maps).sum::<usize>()
}
