//! Plain flagd files as declarations.

use flagd::Document;
use kernel::EntityRef;
use serde_json::{Map, Value, json};
use spec::SpecProblem;

use crate::{Definition, check, references};

/// What a flagd file declares.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Its flags by name, each as the `spec` of a `kind: Flag` document, in the environment that the file's or the flag's
    /// `metadata.environment` names, or in all.
    pub flags: Vec<(EntityRef, Value)>,
    /// All that is wrong in it, each with its place in the file. A flag with a problem is left out.
    pub problems: Vec<SpecProblem>,
}

/// Reads a plain flagd file. Shared rules are put in the place of their references, since their names are the file's own;
/// a flag's `state` becomes the switch of its environment.
#[must_use]
pub fn flagd(json: &[u8]) -> Imported {
    let (document, problems) = match Document::read(json) {
        Ok(read) => read,
        Err(problem) => return Imported { problems: vec![spec_problem(&problem)], ..Imported::default() },
    };
    let mut imported = Imported { problems: problems.iter().map(spec_problem).collect(), flags: Vec::new() };
    for (key, flag) in &document.flags {
        let place = format!("/flags/{}", key.replace('~', "~0").replace('/', "~1"));
        let name = EntityRef::new("flag", EntityRef::DEFAULT_NAMESPACE, key).ok();
        let Some(name) = name.filter(|name| name.short() == key.to_lowercase()) else {
            let message = "has a key with white space, \":\" or \"/\"".to_owned();
            imported.problems.push(SpecProblem { pointer: place, message, suggestion: None });
            continue;
        };
        let spec = spec(key, flag, &document);
        match Definition::from_spec(name.clone(), None, &spec) {
            Ok(_) => imported.flags.push((name, spec)),
            Err(problems) => {
                // What flagd found is said already, in the same places.
                let is_said = imported.problems.iter().any(|known| known.pointer.starts_with(&place));
                let own = problems.into_iter().map(|problem| at_flag(&place, problem));
                imported.problems.extend(own.filter(|_| !is_said));
            }
        }
    }
    imported
}

/// The problem of a spec in the place of the file's flag.
fn at_flag(place: &str, problem: SpecProblem) -> SpecProblem {
    let inside = problem.pointer.strip_prefix("/spec").unwrap_or_default();
    SpecProblem { pointer: format!("{place}{inside}"), ..problem }
}

fn spec_problem(problem: &flagd::Problem) -> SpecProblem {
    SpecProblem { pointer: problem.pointer.clone(), message: check::in_words(problem), suggestion: None }
}

fn spec(key: &str, flag: &Value, document: &Document) -> Value {
    let mut metadata = document.metadata.clone();
    metadata.extend(flag.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default());
    let mut taken = |name: &str| metadata.shift_remove(name);
    let environment = taken("environment").and_then(|name| name.as_str().map(str::to_owned));
    let environment = environment.unwrap_or_else(|| Definition::EVERYWHERE.to_owned());
    let (description, owner, flag_set) = (taken("description"), taken("owner"), taken("flagSetId"));
    let is_enabled = flag.get("state").and_then(Value::as_str) == Some("ENABLED");
    let targeting = flag.get("targeting").cloned().map(|rule| expanded(rule, &document.evaluators, EXPANSIONS_MAX));
    json!({
        "key": key,
        "description": description,
        "owner": owner,
        "flagSet": flag_set,
        "variants": flag.get("variants"),
        "offVariant": null,
        "defaultVariant": flag.get("defaultVariant"),
        "targeting": targeting,
        "metadata": metadata,
        "environments": {environment: {"enabled": is_enabled}},
    })
}

/// Shared rules within shared rules, to this depth; a circle of them is flagd's problem and said as such.
const EXPANSIONS_MAX: usize = 16;

fn expanded(rule: Value, shared: &Map<String, Value>, depth: usize) -> Value {
    references::replaced(rule, &mut |name| {
        let body = shared.get(name)?.clone();
        Some(if depth > 0 { expanded(body, shared, depth - 1) } else { body })
    })
}
