//! The fixtures of open-feature/flagd-schemas.

use std::{fs, path::Path};

use flagd::{Document, Problem};
use serde_json::{Value, json};

use crate::{corpus, files};

#[test]
fn every_positive_fixture_is_accepted_and_every_negative_refused() {
    let Some(folder) = corpus("flagd-schemas") else { return };
    let (mut right, mut wrong) = (0, Vec::new());
    for kind in ["flags", "flagd", "targeting"] {
        for (side, accepted) in [("positive", true), ("negative", false)] {
            let folder = folder.join("test").join(kind).join(side);
            for path in if folder.is_dir() { files(&folder, ".json") } else { Vec::new() } {
                let problems = problems(kind, &path);
                if problems.is_empty() == accepted { right += 1 } else { wrong.push((path, problems)) }
            }
        }
    }
    println!("flagd-schemas: {right} of {}", right + wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(right >= 25, "only {right} fixtures were found");
}

fn problems(kind: &str, path: &Path) -> Vec<Problem> {
    let json = fs::read(path).unwrap();
    if kind != "targeting" {
        return Document::read(&json).map_or_else(|problem| vec![problem], |(_, problems)| problems);
    }
    // The schema of a rule knows nothing of what the rule refers to, nor of variants.
    let rule: Value = serde_json::from_slice(&json).unwrap();
    let document = json!({
        "$evaluators": { "rule": rule, "some-ref": { "==": [1, 1] } },
        "flags": {},
    });
    Document::read(document.to_string().as_bytes()).unwrap().1
}
