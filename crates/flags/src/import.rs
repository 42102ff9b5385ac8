//! Plain flagd files as declarations.

use flagd::Document;
use kernel::EntityRef;
use serde_json::{Map, Value};
use spec::SpecProblem;

use crate::{Definition, Origin, Setting, check, references};

/// What a flagd file declares.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Its flags, each in the environment that the file's `metadata.environment` names, or in all.
    pub definitions: Vec<Definition>,
    /// All that is wrong in it, each with its place in the file. A flag with an error is left out.
    pub problems: Vec<SpecProblem>,
}

/// Reads a plain flagd file. Shared rules are put in the place of their references, since names of shared rules are the
/// file's own; a flag's `state` becomes the switch of its environment.
#[must_use]
pub fn flagd(json: &[u8]) -> Imported {
    let (document, problems) = match Document::read(json) {
        Ok(read) => read,
        Err(problem) => return Imported { problems: vec![spec_problem(problem)], ..Imported::default() },
    };
    let mut imported = Imported { problems: problems.into_iter().map(spec_problem).collect(), definitions: Vec::new() };
    for (key, flag) in &document.flags {
        match definition(key, flag, &document) {
            Ok(definition) if definition.problems().is_empty() => imported.definitions.push(definition),
            // What flagd found is said already; what only we find is said here.
            Ok(definition) => {
                let place = format!("/flags/{}", key.replace('~', "~0").replace('/', "~1"));
                let own = definition.problems().into_iter().map(|problem| at_flag(&place, problem));
                let new: Vec<_> = own.filter(|problem| !is_said(&imported.problems, problem)).collect();
                imported.problems.extend(new);
            }
            Err(problem) => imported.problems.push(problem),
        }
    }
    imported
}

fn is_said(problems: &[SpecProblem], problem: &SpecProblem) -> bool {
    problems.iter().any(|known| known.pointer.starts_with(&problem.pointer))
}

/// The problem of a definition in the place of the file's flag.
fn at_flag(place: &str, problem: SpecProblem) -> SpecProblem {
    let inside = problem.pointer.strip_prefix("/spec").unwrap_or_default();
    SpecProblem { pointer: format!("{place}{inside}"), ..problem }
}

fn spec_problem(problem: flagd::Problem) -> SpecProblem {
    let message = check::in_words(&problem);
    SpecProblem { pointer: problem.pointer, message, suggestion: None }
}

fn definition(key: &str, flag: &Value, document: &Document) -> Result<Definition, SpecProblem> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let name = EntityRef::new("flag", EntityRef::DEFAULT_NAMESPACE, key).ok();
    let Some(name) = name.filter(|name| name.short() == key) else {
        let pointer = format!("/flags/{}", key.replace('~', "~0").replace('/', "~1"));
        let message = "a flag's key is of lower case, without white space, \":\" and \"/\"".to_owned();
        return Err(SpecProblem { pointer, message, suggestion: None });
    };
    let mut metadata = document.metadata.clone();
    metadata.extend(flag.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default());
    let environment = text(metadata.shift_remove("environment").as_ref());
    let owner = text(metadata.get("owner"));
    let defaults = kernel::RefDefaults { kind: Some("group"), namespace: EntityRef::DEFAULT_NAMESPACE };
    let targeting = flag.get("targeting").filter(|rule| rule.as_object().is_some_and(|fields| !fields.is_empty()));
    let enabled = flag.get("state").and_then(Value::as_str) == Some("ENABLED");
    let environment = environment.unwrap_or_else(|| Definition::EVERYWHERE.to_owned());
    Ok(Definition {
        description: text(metadata.shift_remove("description").as_ref()).unwrap_or_default(),
        owner: owner.and_then(|owner| EntityRef::parse(&owner, defaults).ok()),
        environments: [(environment, Setting::from(enabled))].into(),
        origin: Origin::Declared,
        variants: flag.get("variants").and_then(Value::as_object).cloned().unwrap_or_default(),
        off_variant: None,
        default_variant: text(flag.get("defaultVariant")),
        targeting: targeting.map(|rule| expanded(rule.clone(), &document.evaluators, EXPANSIONS_MAX)),
        flag_set: text(metadata.shift_remove("flagSetId").as_ref()),
        metadata,
        ..Definition::boolean(name)
    })
}

/// Shared rules within shared rules, to this depth; flagd finds circles, and they are left out before.
const EXPANSIONS_MAX: usize = 16;

fn expanded(rule: Value, shared: &Map<String, Value>, depth: usize) -> Value {
    references::replaced(rule, &mut |name| {
        let body = shared.get(name)?.clone();
        Some(if depth > 0 { expanded(body, shared, depth - 1) } else { body })
    })
}
