//! `$text`, `$json` and `$yaml`: a mapping with that one key stands for the content of the file that it names.
//!
//! Only files of the bundle are read. A URL stays as it is: a server that fetches what a descriptor names can be made
//! to fetch from inside its own network.

use crate::{
    Rule,
    files::Files,
    path,
    report::Report,
    yaml::{self, Budget, Node, Place, Value},
};

const KEYS: &[&str] = &["$text", "$json", "$yaml"];

/// True if the node stands for a file's content: after [`substitute`], for a content that could not be had.
pub(crate) fn is_placeholder(node: &Node) -> bool {
    matches!(node.entries(), [entry] if KEYS.contains(&entry.key.as_str()))
}

/// Replaces every placeholder in the tree; true if there was one.
pub(crate) fn substitute(node: &mut Node, file: &str, files: &Files<'_>, report: &mut Report<'_>) -> bool {
    if is_placeholder(node) {
        if let Some(value) = content(node, file, files, report) {
            node.value = value;
        }
        return true;
    }
    let mut any = |found: bool, node: &mut Node| substitute(node, file, files, report) || found;
    match &mut node.value {
        Value::List(items) => items.iter_mut().fold(false, any),
        Value::Map(entries) => entries.iter_mut().fold(false, |found, entry| any(found, &mut entry.value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => false,
    }
}

/// What the placeholder stands for. Where that can't be had, the problem is reported.
fn content(node: &Node, file: &str, files: &Files<'_>, report: &mut Report<'_>) -> Option<Value> {
    let [entry] = node.entries() else { return None };
    let (key, place) = (entry.key.as_str(), entry.value.place);
    let Some(target) = entry.value.text() else {
        let message = format!("{key} must be a path relative to this file, not {}", entry.value.sort());
        report.add(Rule::WrongType, place, message);
        return None;
    };
    if url::Url::parse(target).is_ok() {
        let message =
            format!("{key} names \"{target}\", which is not fetched: only files beside the descriptors are read");
        let fix = "keep a copy of the file in the repository and name that".to_owned();
        report.add_with(Rule::SubstitutionRemote, place, message, Some(fix));
        return None;
    }
    let Some(wanted) = path::normal(path::folder(file), target) else {
        let message = format!("{key} names \"{target}\", which lies outside of the catalog's folder");
        report.add(Rule::SubstitutionOutside, place, message);
        return None;
    };
    let Some(found) = files.get(&wanted) else {
        let message = format!("{key} names \"{target}\", but there is no file {wanted}");
        let fix = files.likely(&wanted).map(|likely| format!("did you mean {likely}?"));
        report.add_with(Rule::SubstitutionMissing, place, message, fix);
        return None;
    };
    match files.include(found).and_then(|text| read(key, text, place)) {
        Ok(value) => Some(value),
        Err(reason) => {
            report.add(Rule::SubstitutionContent, place, format!("{key} can't use {wanted}: {reason}"));
            None
        }
    }
}

fn read(key: &str, text: &str, place: Place) -> Result<Value, String> {
    match key {
        "$json" => {
            let json = serde_json::from_str(text).map_err(|error| error.to_string())?;
            Ok(Node::from_json(json, place).value)
        }
        "$yaml" => {
            let mut documents = yaml::parse(text, &mut Budget::default());
            let document = documents.pop().ok_or("it is empty")?;
            if !documents.is_empty() {
                return Err("it must hold exactly one YAML document".to_owned());
            }
            if let Some(fault) = document.faults.into_iter().find(|fault| fault.rule != Rule::MergeKey) {
                return Err(format!("line {}: {}", fault.place.line, fault.message));
            }
            // Places are told apart by line alone, so those of another file would mislead.
            document.root.map(|root| root.moved_to(place).value).ok_or("it is empty".to_owned())
        }
        _ => Ok(Value::Text(text.to_owned())),
    }
}
