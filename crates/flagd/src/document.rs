//! A whole file in flagd's format.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{
    Bucketing, Evaluators, Flag, Problem, Set, check,
    limits::FLAGS_MAX,
    place::Place,
    prepare::{self, Purpose},
    problem::step,
};

/// A whole file in flagd's format: flags, shared rules, and what is said about all of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The flags by key. A file that lists them may have a key in several flag sets.
    pub flags: Vec<(String, Value)>,
    /// `$evaluators`.
    pub evaluators: Map<String, Value>,
    /// `metadata`.
    pub metadata: Map<String, Value>,
}

/// The fields of a file.
const FIELDS: [&str; 4] = ["$schema", "$evaluators", "flags", "metadata"];

impl Document {
    /// Reads a file, and lists everything that is wrong with it: with its flags, in whose place the pointers begin with
    /// `/flags`, and with what they share.
    ///
    /// # Errors
    /// If it is no JSON object, or has no flags, or too many.
    pub fn read(json: &[u8]) -> Result<(Self, Vec<Problem>), Problem> {
        let value = serde_json::from_slice(json);
        let value: Value = value.map_err(|error| Problem::error("", format!("the document is not JSON: {error}")))?;
        let Value::Object(mut fields) = value else {
            return Err(Problem::error("", "the document is not a JSON object"));
        };
        let mut problems = Vec::new();
        for name in fields.keys().filter(|name| !FIELDS.contains(&name.as_str())) {
            let problem = Problem::warning(step("", name), format!("a document has no field '{name}'"));
            problems.push(problem.did_you_mean(name, FIELDS));
        }
        let evaluators = object(&mut fields, "$evaluators", &mut problems);
        let metadata = object(&mut fields, "metadata", &mut problems);
        let schema = fields.get("$schema").and_then(Value::as_str).unwrap_or_default();
        if schema.ends_with("/flags.json") && fields.get("flags").is_some_and(Value::is_array) {
            let message = "the schema flags.json wants the flags by key: only flagd.json allows an array";
            problems.push(Problem::warning("/flags", message));
        }
        let placed = flags(fields.shift_remove("flags"), &mut problems)?;
        let shared = Evaluators::new(&evaluators);
        check_shared(&shared, &mut problems);
        check::metadata(&Value::Object(metadata.clone()), "/metadata", &mut problems);
        for (pointer, key, definition) in &placed {
            let flag = Flag::compile(key, definition, &shared, Bucketing::default());
            problems.extend(flag.problems().iter().map(|problem| problem.clone().below(pointer)));
        }
        let flags = placed.into_iter().map(|(_, key, definition)| (key, definition)).collect();
        Ok((Self { flags, evaluators, metadata }, problems))
    }

    /// Compiles all flags.
    pub fn compile(&self, bucketing: Bucketing) -> Set {
        let evaluators = Arc::new(Evaluators::new(&self.evaluators));
        let compile = |(key, flag): &(String, Value)| Arc::new(Flag::compile(key, flag, &evaluators, bucketing));
        let flags: Vec<_> = self.flags.iter().map(compile).collect();
        Set::new(flags, evaluators, self.metadata.clone())
    }
}

fn object(fields: &mut Map<String, Value>, name: &str, problems: &mut Vec<Problem>) -> Map<String, Value> {
    match fields.shift_remove(name) {
        None => Map::new(),
        Some(Value::Object(fields)) => fields,
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            problems.push(Problem::error(step("", name), format!("{name} must be an object")));
            Map::new()
        }
    }
}

/// The flags with the place and the key of each.
fn flags(flags: Option<Value>, problems: &mut Vec<Problem>) -> Result<Vec<(String, String, Value)>, Problem> {
    let count = match &flags {
        Some(Value::Object(flags)) => flags.len(),
        Some(Value::Array(flags)) => flags.len(),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
            return Err(Problem::error("/flags", "flags are an object by key, or an array"));
        }
        None => return Err(Problem::error("", "the document has no flags")),
    };
    if count > FLAGS_MAX {
        return Err(Problem::error(
            "/flags",
            format!("a document has at most {FLAGS_MAX} flags, and this has {count}"),
        ));
    }
    let mut placed = Vec::with_capacity(count);
    match flags {
        Some(Value::Object(flags)) => {
            placed.extend(flags.into_iter().map(|(key, flag)| (step("/flags", &key), key, flag)));
        }
        Some(Value::Array(flags)) => {
            for (i, mut flag) in flags.into_iter().enumerate() {
                let pointer = step("/flags", i);
                match flag.as_object_mut().and_then(|fields| fields.shift_remove("key")) {
                    Some(Value::String(key)) => placed.push((pointer, key, flag)),
                    Some(_) | None => problems.push(Problem::error(pointer, "a flag in an array has a key")),
                }
            }
        }
        Some(_) | None => {}
    }
    for (pointer, key, _) in &placed {
        if key.is_empty() {
            problems.push(Problem::error(pointer, "a flag's key is not empty"));
        }
    }
    Ok(placed)
}

fn check_shared(shared: &Evaluators, problems: &mut Vec<Problem>) {
    let root = Place::new("$evaluators");
    for (name, rule) in shared.rules() {
        let purpose = Purpose { flag: "", evaluators: shared, bucketing: Bucketing::default(), variants: None };
        problems.extend(prepare::check(rule, &root.field(name), purpose).problems);
    }
}
