//! What applying a reading would change: shared by [`decide`](crate::decide) and [`plan`](crate::plan()), so that a plan
//! can't promise what an application does not do.

use std::collections::{BTreeMap, BTreeSet};

use kernel::EntityRef;
use serde_json::Value;

use crate::{Descriptor, DocSet, Moved, Problem, Reading, Rule, State, path};

/// A reading against the catalog.
#[derive(Default)]
pub(crate) struct Difference<'a> {
    pub(crate) added: Vec<&'a Descriptor>,
    /// The entity as the file has it, and as the catalog has it.
    pub(crate) changed: Vec<(&'a Descriptor, &'a Descriptor)>,
    pub(crate) removed: Vec<&'a Descriptor>,
    pub(crate) moved: Vec<Moved>,
    pub(crate) settled: Vec<EntityRef>,
    /// Entities that were undone, and whose file says what it said before: they are left alone.
    pub(crate) drifted: Vec<EntityRef>,
    pub(crate) docs: Vec<DocSet>,
    /// The reading's problems, and entities that belong to another source.
    pub(crate) problems: Vec<Problem>,
}

impl<'a> Difference<'a> {
    pub(crate) fn of(state: &'a State, reading: &'a Reading) -> Self {
        let mut difference = Self { problems: reading.problems.clone(), ..Self::default() };
        let declared: BTreeMap<&EntityRef, &Descriptor> =
            reading.entities.iter().map(|entity| (&entity.reference, entity)).collect();
        for entity in &reading.entities {
            difference.weigh(state, entity);
        }
        difference.find_removed(state, reading, &declared);
        difference.find_docs(state, reading);
        difference
    }

    /// Sorts out one declared entity.
    fn weigh(&mut self, state: &'a State, entity: &'a Descriptor) {
        let source = &*entity.origin.source;
        let said = state.source(source).and_then(|record| record.said.get(&entity.reference));
        let is_news = said != Some(&entity.digest);
        match state.descriptor(&entity.reference) {
            Some(current) if *current.origin.source != *source => {
                let Descriptor { reference, origin, .. } = entity;
                let other = &current.origin;
                let message =
                    format!("{reference} belongs to the catalog {}, in {}:{}", other.source, other.path, other.line);
                let problem = Problem::of_file(Rule::OtherSource, &*origin.path, message).at(origin.line, 1, "");
                self.problems.push(problem.suggest("remove it from one of the two catalogs"));
            }
            Some(current) if current.digest == entity.digest => {
                if is_news {
                    self.settled.push(entity.reference.clone());
                }
                if current.origin != entity.origin {
                    self.moved.push(Moved { entity: entity.reference.clone(), origin: entity.origin.clone() });
                }
            }
            Some(current) if is_news => self.changed.push((entity, current)),
            None if is_news => self.added.push(entity),
            Some(_) | None => self.drifted.push(entity.reference.clone()),
        }
    }

    /// What the source declared before and does not any more. In a file that can't be read, nothing is gone.
    fn find_removed(&mut self, state: &'a State, reading: &Reading, declared: &BTreeMap<&EntityRef, &Descriptor>) {
        let Some(record) = state.source(&reading.source) else { return };
        let broken = reading.broken();
        for reference in record.said.keys().filter(|reference| !declared.contains_key(reference)) {
            match state.descriptor(reference).filter(|entity| entity.origin.source == reading.source) {
                Some(entity) if !is_broken(&broken, &entity.origin.path) => self.removed.push(entity),
                None if broken.is_empty() => self.settled.push(reference.clone()),
                Some(_) | None => {}
            }
        }
    }

    fn find_docs(&mut self, state: &State, reading: &Reading) {
        let broken = reading.broken();
        let published: BTreeMap<&EntityRef, &DocSet> = reading.docs.iter().map(|docs| (&docs.entity, docs)).collect();
        for docs in &reading.docs {
            if state.docs(&docs.entity).is_none_or(|known| **known != *docs) {
                self.docs.push(docs.clone());
            }
        }
        for known in state.all_docs().filter(|known| !published.contains_key(&known.entity)) {
            let origin = state.descriptor(&known.entity).map(|entity| &entity.origin);
            let is_ours = origin.is_some_and(|origin| origin.source == reading.source);
            let is_readable = origin.is_some_and(|origin| !is_broken(&broken, &origin.path));
            if is_ours && is_readable {
                self.docs.push(DocSet::none(known.entity.clone()));
            }
        }
    }
}

/// True if the file, or a folder that it lies in, has an error.
fn is_broken(broken: &BTreeSet<&str>, file: &str) -> bool {
    let mut folder = file;
    loop {
        if broken.contains(folder) {
            return true;
        }
        if folder.is_empty() {
            return false;
        }
        folder = path::folder(folder);
    }
}

/// One field that differs between two documents.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FieldDifference {
    /// Dotted: `spec.owner`, `metadata.annotations["acme.dev/tier"]`.
    pub(crate) path: String,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// The fields that differ, in the order of the documents. Lists are compared as a whole.
pub(crate) fn fields(before: &Value, after: &Value) -> Vec<FieldDifference> {
    let mut found = Vec::new();
    collect(String::new(), before, after, &mut found);
    found
}

fn collect(path: String, before: &Value, after: &Value, found: &mut Vec<FieldDifference>) {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        if before != after {
            found.push(FieldDifference { path, before: Some(before.clone()), after: Some(after.clone()) });
        }
        return;
    };
    for (key, before) in old {
        match new.get(key) {
            Some(after) => collect(join(&path, key), before, after, found),
            None => {
                found.push(FieldDifference { path: join(&path, key), before: Some(before.clone()), after: None });
            }
        }
    }
    for (key, after) in new.iter().filter(|(key, _)| !old.contains_key(*key)) {
        found.push(FieldDifference { path: join(&path, key), before: None, after: Some(after.clone()) });
    }
}

fn join(path: &str, key: &str) -> String {
    let is_plain = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    match (path, is_plain) {
        ("", _) => key.to_owned(),
        (_, true) => format!("{path}.{key}"),
        (_, false) => format!("{path}[\"{key}\"]"),
    }
}
