//! Rules in words.

use flagd::{Evaluators, words};
use serde_json::{Value, json};

fn check(rule: Value, expect: &[&str]) {
    let shared = json!({ "internal": { "ends_with": [{ "var": "email" }, "@acme.test"] } });
    let evaluators = Evaluators::new(shared.as_object().unwrap());
    let lines: Vec<String> = words(&rule, &evaluators).iter().map(ToString::to_string).collect();
    assert_eq!(lines, expect, "{rule}");
}

#[test]
fn each_branch_is_a_line() {
    let share = json!({ "fractional": [["on", 20], ["off", 80]] });
    check(
        json!({ "if": [{ "ends_with": [{ "var": "email" }, "@acme.test"] }, "on", share] }),
        &["if email ends with @acme.test → on", "otherwise 20% on, 80% off, by targetingKey"],
    );
    check(
        json!({ "if": [{ "$ref": "internal" }, "on", { "==": [{ "var": "plan" }, "free"] }, "off", null] }),
        &["if internal (email ends with @acme.test) → on", "if plan is free → off", "otherwise → the default variant"],
    );
}

#[test]
fn a_branch_within_a_branch_is_indented() {
    check(
        json!({ "if": [{ "var": "beta" }, { "if": [{ ">=": [{ "var": "age" }, 18] }, "on"] }, "off"] }),
        &["if beta is set:", "  if age ≥ 18 → on", "otherwise → off"],
    );
    check(
        json!({ "fractional": [{ "var": "org" }, [{ "if": [{ "var": "beta" }, "on", "off"] }, 1], ["off", 2]] }),
        &[
            "a share of users, by org:",
            "  33.3333%:",
            "    if beta is set → on",
            "    otherwise → off",
            "  66.6667% → off",
        ],
    );
}

#[test]
fn conditions_are_sentences() {
    let condition = |condition: Value, expect: &str| {
        check(json!({ "if": [condition, "on"] }), &[&format!("if {expect} → on")]);
    };
    condition(json!({ "in": [{ "var": "country" }, ["de", "fr"]] }), "country is one of de, fr");
    condition(json!({ "in": ["@acme", { "var": "email" }] }), "email contains @acme");
    condition(
        json!({ "and": [{ "var": "a" }, { "or": [{ "!": { "var": "b" } }, { "<": [1, { "var": "c" }, 5] }] }] }),
        "a is set and (b is not set or 1 < c < 5)",
    );
    condition(json!({ "sem_ver": [{ "var": "version" }, "^", "2.0.0"] }), "version has the same major number as 2.0.0");
    condition(json!({ "==": [{ "var": "city" }, "Porto Alegre"] }), "city is \"Porto Alegre\"");
    condition(json!({ ">": [{ "+": [{ "var": "a" }, 1] }, 2] }), "(a + 1) > 2");
    condition(json!({ "missing": ["a", "b"] }), "a or b is missing");
    condition(json!({ "some": [{ "var": "tags" }, { "==": [{ "var": "" }, "x"] }] }), "some of tags: the item is x");
}

#[test]
fn a_rule_without_end_has_words_with_an_end() {
    let mut rule = json!({ "var": "a" });
    for _ in 0..60 {
        rule = json!({ "and": [rule.clone(), { "var": "b" }] });
    }
    let evaluators = json!({ "loop": { "and": [{ "$ref": "loop" }, { "$ref": "loop" }] } });
    let evaluators = Evaluators::new(evaluators.as_object().unwrap());
    for rule in [rule, json!({ "$ref": "loop" }), json!({ "if": vec![json!({ "$ref": "loop" }); 10_000] })] {
        let length: usize = words(&rule, &evaluators).iter().map(|line| line.text.len()).sum();
        assert!(length < 1_000_000, "{length}");
    }
}
