//! A whole file in flagd's format.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::{Bucketing, Evaluators, Flag, Problem, Set, limits::FLAGS_MAX, problem::step};

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

impl Document {
    /// Reads a file, and lists everything that is wrong with it.
    ///
    /// # Errors
    /// If it is no JSON, has no flags or too many.
    pub fn read(json: &[u8]) -> Result<(Self, Vec<Problem>), Problem> {
        let value = serde_json::from_slice(json);
        let value: Value = value.map_err(|error| Problem::new("", format!("the document is not JSON: {error}")))?;
        let object = |name: &str| value.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let flags: Vec<(String, Value)> = match value.get("flags") {
            Some(Value::Object(flags)) => flags.iter().map(|(key, flag)| (key.clone(), flag.clone())).collect(),
            Some(Value::Array(flags)) => flags
                .iter()
                .filter_map(|flag| {
                    let mut flag = flag.clone();
                    let key = flag.as_object_mut()?.shift_remove("key")?;
                    Some((key.as_str()?.to_owned(), flag))
                })
                .collect(),
            _ => return Err(Problem::new("/flags", "flags must be an object or an array")),
        };
        if flags.len() > FLAGS_MAX {
            return Err(Problem::new("/flags", format!("more than {FLAGS_MAX} flags")));
        }
        let document = Self { flags, evaluators: object("$evaluators"), metadata: object("metadata") };
        let evaluators = Evaluators::new(&document.evaluators);
        let problems = document.flags.iter().flat_map(|(key, flag)| {
            let flag = Flag::compile(key, flag, &evaluators, Bucketing::default());
            let pointer = step("/flags", key);
            flag.problems().iter().map(|problem| problem.clone().below(&pointer)).collect::<Vec<_>>()
        });
        let problems = problems.collect();
        Ok((document, problems))
    }

    /// Compiles all flags.
    pub fn compile(&self, bucketing: Bucketing) -> Set {
        let evaluators = Arc::new(Evaluators::new(&self.evaluators));
        let flags = self.flags.iter().map(|(key, flag)| Arc::new(Flag::compile(key, flag, &evaluators, bucketing)));
        Set::new(flags.collect::<Vec<_>>(), Arc::clone(&evaluators), self.metadata.clone())
    }
}
