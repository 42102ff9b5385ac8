//! Schemas: what may be said, before and after.
//!
//! **Cast.** A [`Part`] says who says it and how; a [`Pair`] is two schemas at one place. `types`, `values`, `limits` and
//! `keywords` look at a pair alone, `members` and `alternatives` also go further down, through the [`Walk`].
//!
//! **Invariants.**
//! - Some changes are one thing though many keywords differ: null was allowed by a `oneOf`, one object became one of
//!   several, one type became a list of types. They are said once ([`types::Transition`]).
//! - What is behind references waits its turn ([`run`]), and pairs that don't differ are not looked at again.

mod alternatives;
mod equal;
mod keywords;
mod limits;
mod members;
mod part;
mod run;
mod types;
mod values;

use std::{cell::Cell, collections::HashSet};

use serde_json::{Map, Value};

pub(super) use self::part::{Given, Part};
use self::{
    run::{Key, Run},
    types::Transition,
};
use super::{
    document::{Document, Met, meet},
    report::{Place, Report},
};

/// Nested this deep at most; documents are read to about the same depth.
const DEPTH_MAX: usize = 128;
/// Values that are looked at, about, in a comparison of two documents.
const STEPS_MAX: usize = 4_000_000;

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
        !self.place.is_whole()
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

/// Two documents, and which pairs of their schemas were compared already.
pub(super) struct Walk<'d> {
    pub(super) earlier: &'d Document,
    pub(super) later: &'d Document,
    /// Pairs that don't differ.
    clean: HashSet<Key>,
    /// The body at hand.
    run: Run<'d>,
    /// What may still be looked at.
    steps: Cell<usize>,
    depth: usize,
}

impl<'d> Walk<'d> {
    pub(super) fn new(earlier: &'d Document, later: &'d Document) -> Self {
        let (clean, run) = (HashSet::new(), Run::default());
        Self { earlier, later, clean, run, steps: Cell::new(STEPS_MAX), depth: 0 }
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

    /// Compares two schemas at a place: at once, or once it is the turn of what is behind references.
    pub(super) fn compare(
        &mut self,
        part: Part,
        before: &'d Value,
        after: &'d Value,
        place: &Place,
        report: &mut Report,
    ) {
        let is_reference = before.get("$ref").is_some() || after.get("$ref").is_some();
        let (before, after) = match self.meet(Some(before), Some(after)) {
            Met::Values(Some(before), Some(after)) => (before, after),
            Met::Values(..) | Met::Same => return,
            Met::Elsewhere(reference) => return report.elsewhere(reference, place),
        };
        let address = |value: &Value| std::ptr::from_ref(value).addr();
        let key = (address(before), address(after), part);
        let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return };
        if self.clean.contains(&key) {
            return;
        }
        if !self.run.is_under_way() {
            self.run.add(key, (before, after), place);
            return self.body(report);
        }
        if is_reference {
            return self.run.add(key, (before, after), place);
        }
        if self.depth >= DEPTH_MAX || !self.spend(weight(before) + weight(after)) {
            return report.cut(place);
        }
        self.depth += 1;
        let prefix = part.prefix(!place.is_whole());
        self.pair(&Pair { part, prefix, before, after, place }, report);
        self.depth -= 1;
    }

    /// Compares all that waits, which is one body.
    fn body(&mut self, report: &mut Report) {
        let first = report.count();
        let mut is_whole = true;
        while let Some(task) = self.run.next() {
            if !self.spend(weight(task.before) + weight(task.after)) {
                report.cut(&task.place);
                is_whole = false;
                break;
            }
            let known = report.count();
            let prefix = task.part.prefix(!task.place.is_whole());
            let (part, before, after) = (task.part, task.before, task.after);
            self.pair(&Pair { part, prefix, before, after, place: &task.place }, report);
            if report.count() > known {
                self.run.differs();
            }
        }
        let run = std::mem::take(&mut self.run);
        if is_whole && self.spend(0) {
            self.clean.extend(run.end());
        }
        report.order(first);
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
