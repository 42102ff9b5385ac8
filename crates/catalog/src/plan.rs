//! What applying a reading would do, before it is done.

use std::fmt::Write as _;

use kernel::EntityRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Apply, Counts, Descriptor, Problem, State,
    difference::{Difference, fields},
};

/// What an application would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The source.
    pub source: String,
    /// What would happen to entities, sorted by reference.
    pub changes: Vec<PlannedChange>,
    /// How many would be added, changed and removed.
    pub counts: Counts,
    /// Whose docs would change.
    pub docs: Vec<EntityRef>,
    /// Entities that stay as they are, because a change of theirs was undone and their file says nothing new.
    pub left_alone: Vec<EntityRef>,
    /// What is wrong with the files. With an error in it, only a partial application is possible.
    pub problems: Vec<Problem>,
}

/// What would happen to one entity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// Added, changed or removed.
    pub action: Action,
    /// The entity.
    pub entity: EntityRef,
    /// The file and line that declares it, or did.
    pub place: String,
    /// The fields that would change. An entity that is added or removed shows all of them.
    pub fields: Vec<FieldChange>,
}

/// What would happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It would come to be.
    Add,
    /// Its document would change.
    Change,
    /// It would be gone.
    Remove,
}

/// One field that would change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Dotted: `spec.owner`.
    pub path: String,
    /// What it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What the application would do.
#[must_use]
pub fn plan(state: &State, apply: &Apply) -> Plan {
    let difference = Difference::of(state, &apply.reading);
    let Difference { added, changed, removed, docs, drifted, problems, .. } = difference;
    let counts = Counts { added: added.len() as u64, changed: changed.len() as u64, removed: removed.len() as u64 };
    let nothing = Value::Object(serde_json::Map::new());
    let added = added.into_iter().map(|entity| planned(Action::Add, entity, &nothing, &entity.json()));
    let changed =
        changed.into_iter().map(|(entity, before)| planned(Action::Change, entity, &before.json(), &entity.json()));
    let removed = removed.into_iter().map(|entity| planned(Action::Remove, entity, &entity.json(), &nothing));
    let mut changes: Vec<PlannedChange> = added.chain(changed).chain(removed).collect();
    changes.sort_by(|a, b| a.entity.cmp(&b.entity));
    let docs = docs.into_iter().map(|docs| docs.entity).collect();
    Plan { source: apply.reading.source.to_string(), changes, counts, docs, left_alone: drifted, problems }
}

fn planned(action: Action, entity: &Descriptor, before: &Value, after: &Value) -> PlannedChange {
    let fields = fields(before, after).into_iter();
    let fields = fields.map(|field| FieldChange { path: field.path, before: field.before, after: field.after });
    let place = format!("{}:{}", entity.origin.path, entity.origin.line);
    PlannedChange { action, entity: entity.reference.clone(), place, fields: fields.collect() }
}

impl Plan {
    /// True if nothing would change.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.docs.is_empty()
    }

    /// The plan as a terminal shows it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for change in &self.changes {
            change.write(&mut text);
        }
        for entity in &self.docs {
            text.push_str(&format!("~ docs of {entity}\n\n"));
        }
        for entity in &self.left_alone {
            text.push_str(&format!(
                "! {entity} stays as it is: a change of it was undone, and its file is unchanged\n\n"
            ));
        }
        let Counts { added, changed, removed } = self.counts;
        let errors = self.problems.iter().filter(|problem| problem.is_error()).count();
        let _ = match (self.is_empty(), errors) {
            (true, 0) => writeln!(text, "Nothing to do: the catalog says what {} says.", self.source),
            (_, 0) => writeln!(text, "Plan: {added} to add, {changed} to change, {removed} to remove."),
            (_, _) => {
                writeln!(text, "Plan: {added} to add, {changed} to change, {removed} to remove; {errors} errors.")
            }
        };
        text
    }
}

impl PlannedChange {
    fn write(&self, text: &mut String) {
        let sign = match self.action {
            Action::Add => '+',
            Action::Change => '~',
            Action::Remove => '-',
        };
        text.push_str(&format!("{sign} {}  ({})\n", self.entity, self.place));
        let width = self.fields.iter().map(|field| field.path.chars().count()).max().unwrap_or_default();
        for FieldChange { path, before, after } in &self.fields {
            let line = match (before, after) {
                (Some(before), Some(after)) => format!("~ {path:width$}  {} -> {}", shown(before), shown(after)),
                (None, Some(after)) => format!("+ {path:width$}  {}", shown(after)),
                (Some(before), None) => format!("- {path:width$}  {}", shown(before)),
                (None, None) => continue,
            };
            text.push_str(&format!("    {line}\n"));
        }
        text.push('\n');
    }
}

/// A value on one line, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(Plan::SHOWN_CHARS_MAX) {
        Some((cut, _)) => format!("{}… ({} bytes)", text.get(..cut).unwrap_or_default(), text.len()),
        None => text,
    }
}

impl Plan {
    /// Longer values are cut in the text, and whole in the structure.
    const SHOWN_CHARS_MAX: usize = 100;
}
