//! What was found, collected up to a limit.

use std::{collections::BTreeSet, rc::Rc};

use super::CHANGES_MAX;
use crate::{
    Change,
    Level::{self, Risky},
};

#[derive(Default)]
pub(super) struct Report {
    changes: Vec<Change>,
    /// How many there were beyond the limit.
    more: usize,
    worst: Option<Level>,
    /// References that were said not to be compared.
    told: BTreeSet<String>,
    is_cut: bool,
}

/// Where in an operation.
#[derive(Clone)]
pub(super) struct Place {
    operation: Option<Rc<str>>,
    /// `response 200 body application/json`.
    part: Rc<str>,
    /// `/items/price`.
    path: String,
}

impl Place {
    pub(super) fn of(operation: &str, part: impl Into<Rc<str>>) -> Self {
        Self { operation: Some(operation.into()), part: part.into(), path: String::new() }
    }

    /// About no single operation.
    pub(super) fn general(part: impl Into<Rc<str>>) -> Self {
        Self { operation: None, part: part.into(), path: String::new() }
    }

    pub(super) fn at(&self, name: &str) -> Self {
        let mut path = String::with_capacity(self.path.len() + 1 + name.len());
        path.push_str(&self.path);
        path.push('/');
        path.push_str(name);
        Self { operation: self.operation.clone(), part: self.part.clone(), path }
    }

    /// Whether this is the whole of a part.
    pub(super) fn is_whole(&self) -> bool {
        self.path.is_empty()
    }

    /// In words.
    fn words(&self) -> String {
        if self.path.is_empty() { self.part.to_string() } else { format!("{} {}", self.part, self.path) }
    }
}

impl Report {
    pub(super) fn put(&mut self, rule: impl Into<String>, level: Level, place: &Place, text: impl Into<String>) {
        if self.changes.len() < CHANGES_MAX {
            let (rule, text) = (rule.into(), text.into());
            self.changes.push(Change {
                rule,
                level,
                operation: place.operation.as_deref().map(str::to_owned),
                place: place.words(),
                text,
            });
        } else {
            self.more += 1;
            self.worst = self.worst.max(Some(level));
        }
    }

    /// A reference that leads elsewhere; said once, however often it is met.
    pub(super) fn elsewhere(&mut self, reference: &str, place: &Place) {
        if self.told.insert(reference.to_owned()) {
            let text = format!("the reference {reference} leads to nothing in the document, and was not compared");
            self.put("reference-not-compared", Risky, place, text);
        }
    }

    /// That a bound was met, and something was not compared; said once.
    pub(super) fn cut(&mut self, place: &Place) {
        if !self.is_cut {
            self.is_cut = true;
            self.put(
                "comparison-cut",
                Risky,
                place,
                "from here on not everything was compared: there is too much of it",
            );
        }
    }

    /// How many changes there are.
    pub(super) fn count(&self) -> usize {
        self.changes.len() + self.more
    }

    /// Puts what was found since then in the order of places.
    pub(super) fn order(&mut self, since: usize) {
        if let Some(found) = self.changes.get_mut(since..) {
            found.sort_by(|one, other| one.place.cmp(&other.place));
        }
    }

    pub(super) fn finish(mut self) -> Vec<Change> {
        if self.more > 0 {
            self.changes.push(Change {
                rule: "more-changes".to_owned(),
                level: self.worst.unwrap_or(Risky),
                operation: None,
                place: String::new(),
                text: format!("there are {} more changes than are named", self.more),
            });
        }
        self.changes
    }
}
