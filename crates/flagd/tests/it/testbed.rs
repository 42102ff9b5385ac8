//! The evaluator features of open-feature/flagd-testbed.

use std::fs;

use flagd::{Bucketing, Context, Document, ErrorCode, Set};
use serde_json::{Map, Value, json};

use crate::{
    corpus, files,
    gherkin::{self, Case, Step},
};

#[test]
fn every_case_of_the_testbed_passes_but_those_of_the_first_bucketing() {
    let Some(folder) = corpus("flagd-testbed") else { return };
    let flags = fs::read(folder.join("flags/testkit-flags.json")).unwrap();
    let set = Document::read(&flags).unwrap().0.compile(Bucketing::V2);
    let features = files(&folder.join("gherkin"), ".feature");
    let cases = features.iter().flat_map(|path| gherkin::cases(&fs::read_to_string(path).unwrap()));
    let cases: Vec<Case> = cases.filter(|case| !case.tags.iter().any(|tag| tag == "@fractional-v1")).collect();
    let failures: Vec<String> = cases.iter().filter_map(|case| run(&set, case).err()).collect();
    println!("flagd-testbed: {} of {}", cases.len() - failures.len(), cases.len());
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(cases.len() > 100, "only {} cases were found", cases.len());
}

/// What a client of flagd hands to its caller.
#[derive(Default)]
struct Details {
    value: Value,
    reason: String,
    error: String,
    metadata: Map<String, Value>,
}

#[derive(Default)]
struct World {
    key: String,
    kind: String,
    fallback: Value,
    context: Map<String, Value>,
    details: Details,
}

fn run(set: &Set, case: &Case) -> Result<(), String> {
    let mut world = World::default();
    for step in &case.steps {
        world.step(set, step).map_err(|error| format!("{}: {}: {error}", case.name, step.text))?;
    }
    Ok(())
}

impl World {
    fn step(&mut self, set: &Set, step: &Step) -> Result<(), String> {
        let unquoted = step.text.replace("\\\"", "\u{1}");
        let parts: Vec<String> = unquoted.split('"').map(|part| part.replace('\u{1}', "\"")).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            ["an evaluator"] => {}
            [kind, key, " and a fallback value ", fallback, ""] => {
                self.kind = kind.trim_start_matches("a ").trim_end_matches("-flag with key ").to_owned();
                self.key = (*key).to_owned();
                self.fallback = typed(&self.kind, fallback);
            }
            ["a context containing a targeting key with value ", value, ""] => {
                self.context.insert("targetingKey".to_owned(), json!(value));
            }
            ["a context containing a key ", key, ", with type ", kind, " and with value ", value, ""] => {
                self.context.insert((*key).to_owned(), typed(kind, value));
            }
            [start, outer, " and inner key ", inner, ", with value ", value, ""] if start.contains("nested") => {
                self.context.insert((*outer).to_owned(), json!({ *inner: value }));
            }
            ["the flag was evaluated with details"] => self.details = self.evaluate(set),
            ["the resolved details value should be ", value, ""] => {
                expect(&self.details.value, &typed(&self.kind, value))?;
            }
            ["the reason should be ", reason, ""] => expect(&self.details.reason.as_str(), reason)?,
            ["the error-code should be ", code, ""] => expect(&self.details.error.as_str(), code)?,
            ["the resolved metadata is empty"] => expect(&self.details.metadata, &Map::new())?,
            ["the resolved metadata should contain"] => {
                for row in step.rows.iter().skip(1) {
                    expect(&self.details.metadata[&row[0]], &typed(&row[1], &row[2]))?;
                }
            }
            other => return Err(format!("no such step: {other:?}")),
        }
        Ok(())
    }

    /// As flagd's clients do it: no value means the fallback, and a value of another type is an error.
    fn evaluate(&self, set: &Set) -> Details {
        let context = Context::from_value(&Value::Object(self.context.clone()), 0).unwrap();
        let fails = |error: ErrorCode| Details {
            value: self.fallback.clone(),
            reason: "ERROR".to_owned(),
            error: error.as_str().to_owned(),
            ..Details::default()
        };
        match set.evaluate(&self.key, &context) {
            Err(failure) => fails(failure.code),
            Ok(found) => {
                let value = found.value.unwrap_or(&self.fallback);
                if std::mem::discriminant(value) != std::mem::discriminant(&self.fallback) {
                    return fails(ErrorCode::TypeMismatch);
                }
                Details {
                    value: value.clone(),
                    reason: found.reason.as_str().to_owned(),
                    error: String::new(),
                    metadata: found.metadata.clone(),
                }
            }
        }
    }
}

fn typed(kind: &str, text: &str) -> Value {
    match kind {
        "String" => json!(text),
        _ => serde_json::from_str(text).unwrap(),
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(got: &T, expect: &T) -> Result<(), String> {
    if got == expect { Ok(()) } else { Err(format!("got {got:?}")) }
}
