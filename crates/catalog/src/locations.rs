//! What a Location points at: further descriptors, by path or by glob.

use crate::{
    Rule,
    files::Files,
    path,
    report::Report,
    yaml::{Node, Value},
};

/// The files that a Location's targets match, as paths in the bundle. What can't be followed is reported.
pub(crate) fn targets<'a>(root: &Node, file: &str, files: &Files<'a>, report: &mut Report<'_>) -> Vec<&'a str> {
    let Some(spec) = root.get("spec") else { return Vec::new() };
    let is_required = spec.get("presence").and_then(Node::text) != Some("optional");
    let list = match spec.get("targets").map(|targets| &targets.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    let sort = spec.get("type").and_then(Node::text).unwrap_or("file");
    let mut found = Vec::new();
    for node in spec.get("target").into_iter().chain(list) {
        let Some(target) = node.text() else { continue };
        if target.contains("://") || !matches!(sort, "file" | "url") {
            let message =
                format!("the target \"{target}\" is not fetched: only files below the catalog's folder are read");
            let fix = "check the repository out and give its folder as a catalog of its own".to_owned();
            report.add_with(Rule::LocationRemote, node.place, message, Some(fix));
            continue;
        }
        let Some(wanted) = path::normal(path::folder(file), target) else {
            let message = format!("the target \"{target}\" lies outside of the catalog's folder");
            let fix = "give that folder as a catalog of its own".to_owned();
            report.add_with(Rule::LocationRemote, node.place, message, Some(fix));
            continue;
        };
        let before = found.len();
        if wanted.contains(['*', '?']) {
            found.extend(files.iter().map(|file| file.path.as_str()).filter(|path| path::fits(&wanted, path)));
        } else {
            found.extend(files.get(&wanted).map(|file| file.path.as_str()));
        }
        if found.len() == before && is_required {
            let message = format!("the target \"{target}\" matches no file");
            let fix = files.likely(&wanted).map(|likely| format!("did you mean {likely}?"));
            report.add_with(Rule::LocationNoMatch, node.place, message, fix);
        }
    }
    found
}
