//! Unleash's own specification of what its clients answer (npm `@unleash/client-specification`): what is imported must
//! answer the same, or it must have been told that it doesn't.

use std::{fs, path::PathBuf};

use serde_json::{Map, Value, json};

use crate::{Imported, Severity, testing::served, unleash};

const NOW: &str = "currentTime";

#[test]
fn an_imported_toggle_answers_as_unleash_specifies_unless_the_import_says_otherwise() {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpora"));
    let corpora = std::env::var_os("MAINSTAY_CORPORA").map_or(beside, PathBuf::from);
    let folder = corpora.join("unleash-client-specification/specifications");
    let Ok(index) = fs::read(folder.join("index.json")) else {
        println!("skipped: {} isn't there; set MAINSTAY_CORPORA", folder.display());
        return;
    };
    let names: Vec<String> = serde_json::from_slice(&index).unwrap();
    let mut score = Score::default();
    for name in names {
        let suite: Value = serde_json::from_slice(&fs::read(folder.join(&name)).unwrap()).unwrap();
        // The others are of a protocol for changes.
        if suite["state"]["features"].is_array() {
            score.run(&name, &suite);
        }
    }
    println!("unleash-client-specification: {} of {} answers; {} told", score.same, score.all, score.told);
    assert_eq!(score.silent, [""; 0]);
    assert!(score.same * 10 > score.all * 7, "{} of {}", score.same, score.all);
}

#[derive(Debug, Default)]
struct Score {
    all: usize,
    same: usize,
    /// Other answers, of flags of which the import says so.
    told: usize,
    /// Other answers, of which nobody was told.
    silent: Vec<String>,
}

impl Score {
    fn run(&mut self, name: &str, suite: &Value) {
        let imported = unleash(suite["state"].to_string().as_bytes(), None).unwrap();
        for (kind, test) in ["tests", "variantTests"]
            .iter()
            .flat_map(|kind| suite[*kind].as_array().into_iter().flatten().map(move |test| (*kind, test)))
        {
            let (toggle, expected) = (test["toggleName"].as_str().unwrap(), &test["expectedResult"]);
            let given = answer(&imported, toggle, &test["context"]);
            let is_off = matches!(&*given, "off" | "default");
            let same = match expected.as_bool() {
                Some(enabled) => enabled != is_off,
                None if expected["enabled"] == true => expected["name"] == given,
                // On, but without a variant, is no variant either.
                None => is_off || given == "on",
            };
            self.all += 1;
            if same {
                self.same += 1;
            } else if is_told(&imported, toggle) {
                self.told += 1;
            } else {
                self.silent.push(format!("{name} {kind}: {}: {given} {expected}", test["description"]));
            }
        }
    }
}

/// What somebody gets; what is not there is off.
fn answer(imported: &Imported, toggle: &str, context: &Value) -> String {
    let key = toggle.to_lowercase();
    if !imported.definitions.iter().any(|definition| definition.key() == key) {
        return "off".to_owned();
    }
    let mut own = Map::new();
    for (name, value) in context.as_object().into_iter().flatten() {
        match name.as_str() {
            "userId" => drop(own.insert("targetingKey".to_owned(), json!(value))),
            "properties" => own.extend(value.as_object().cloned().unwrap_or_default()),
            NOW => {}
            name => drop(own.insert(name.to_owned(), value.clone())),
        }
    }
    served(imported, &key, "production", &Value::Object(own))
}

fn is_told(imported: &Imported, toggle: &str) -> bool {
    imported.unmapped.iter().any(|unmapped| {
        unmapped.severity != Severity::Note && unmapped.flag.as_deref().is_none_or(|flag| flag == toggle)
    })
}
