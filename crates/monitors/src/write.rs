//! An import as catalog YAML.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Value, json};

use crate::imported::{Check, Imported, Note, slug};

impl Imported {
    /// The checks as catalog YAML: one file for each group, `checks.yaml` for those in none, in the order of their
    /// names. What is not the same stands as a comment before its check, the rest and the secrets at the top of the
    /// first file.
    #[must_use]
    pub fn files(&self) -> Vec<(String, String)> {
        let mut groups: BTreeMap<String, Vec<&Check>> = BTreeMap::new();
        for check in &self.checks {
            let group = check.group.as_deref().map(slug).filter(|slug| !slug.is_empty());
            let file = group.map_or_else(|| "checks.yaml".to_owned(), |group| format!("checks-{group}.yaml"));
            groups.entry(file).or_default().push(check);
        }
        let mut files: Vec<(String, String)> =
            groups.into_iter().map(|(file, checks)| (file, self.documents(&checks))).collect();
        let preface = self.preface();
        match files.first_mut() {
            Some((_, text)) => text.insert_str(0, &preface),
            None if preface.is_empty() => {}
            None => files.push(("checks.yaml".to_owned(), preface)),
        }
        files
    }

    /// All of it as one file.
    #[must_use]
    pub fn yaml(&self) -> String {
        let checks: Vec<&Check> = self.checks.iter().collect();
        format!("{}{}", self.preface(), self.documents(&checks))
    }

    fn preface(&self) -> String {
        let mut text = String::new();
        if !self.secrets.is_empty() {
            comment(&mut text, "Set these secrets before the checks run:");
            for secret in &self.secrets {
                comment(&mut text, &format!("  {secret}"));
            }
        }
        for note in self.notes.iter().filter(|note| note.check.is_none()) {
            comment(&mut text, &line(note));
        }
        text
    }

    fn documents(&self, checks: &[&Check]) -> String {
        let mut notes: BTreeMap<&str, Vec<&Note>> = BTreeMap::new();
        for note in &self.notes {
            if let Some(check) = &note.check {
                notes.entry(check).or_default().push(note);
            }
        }
        let mut text = String::new();
        for check in checks {
            text.push_str("---\n");
            for note in notes.get(check.definition.check.name()).into_iter().flatten() {
                comment(&mut text, &line(note));
            }
            // A document of plain JSON values can always be written.
            text.push_str(&serde_saphyr::to_string(&document(check)).unwrap_or_default());
            if !text.ends_with('\n') {
                text.push('\n');
            }
        }
        text
    }
}

fn document(check: &Check) -> Value {
    let mut metadata = Map::new();
    metadata.insert("name".to_owned(), check.definition.check.name().into());
    if check.title != check.definition.check.name() {
        metadata.insert("title".to_owned(), check.title.as_str().into());
    }
    let mut annotations: Map<String, Value> = Map::new();
    if let Some(group) = &check.group {
        annotations.insert("mainstay.dev/group".to_owned(), group.as_str().into());
    }
    for (key, value) in &check.labels {
        let key = slug(key);
        if !key.is_empty() {
            annotations.insert(format!("mainstay.dev/label-{key}"), value.as_str().into());
        }
    }
    if !annotations.is_empty() {
        metadata.insert("annotations".to_owned(), annotations.into());
    }
    json!({"apiVersion": "mainstay.dev/v1alpha1", "kind": "Check", "metadata": metadata, "spec": check.spec()})
}

pub(crate) fn line(note: &Note) -> String {
    format!("{}: {}: {}: {}", note.severity.as_str(), note.place, note.what, note.why)
}

/// A comment, whatever the text is: each of its lines is one.
pub(crate) fn comment(text: &mut String, comment: &str) {
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}');
    for line in comment.split(is_break) {
        let line: String = line.chars().filter(|c| !c.is_control()).collect();
        // Writing into a text can't fail.
        let _ = writeln!(text, "# {line}");
    }
}
