//! Why somebody gets what they get.

use flagd::{Bucketing, Context, Evaluators, Flag, Node};
use serde_json::{Value, json};

fn explain(targeting: Value, context: Value) -> flagd::Explanation {
    let definition = json!({
        "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off", "targeting": targeting,
    });
    let shared = json!({ "internal": { "ends_with": [{ "var": "email" }, "@acme.test"] } });
    let flag = Flag::compile("flag", &definition, &Evaluators::new(shared.as_object().unwrap()), Bucketing::V2);
    flag.explain(&Context::from_value(&context, 0).unwrap())
}

/// The tree, one line for each part: an arrow before those that the answer came through.
fn draw(node: &Node, depth: usize, lines: &mut Vec<String>) {
    let arrow = if node.taken { '→' } else { ' ' };
    lines.push(format!("{arrow}{:1$} {2} = {3}", "", depth * 2, node.rule, node.value));
    node.children.iter().for_each(|child| draw(child, depth + 1, lines));
}

fn check(targeting: Value, context: Value, expect: &[&str]) {
    let explanation = explain(targeting, context);
    let mut lines = Vec::new();
    draw(&explanation.tree.unwrap(), 0, &mut lines);
    assert_eq!(lines, expect);
}

#[test]
fn only_the_branches_that_were_asked_are_shown() {
    let rule = json!({ "if": [{ "$ref": "internal" }, "on", { "var": "beta" }, "off", { "var": "never" }, "on"] });
    check(
        rule,
        json!({ "email": "ada@other.test", "beta": 1 }),
        &[
            "→ (on if internal (email ends with @acme.test), else (off if beta is set, else (on if never is set))) = \"off\"",
            "    internal (email ends with @acme.test) = false",
            "      email ends with @acme.test = false",
            "        email = \"ada@other.test\"",
            "→   beta = 1",
            "→   off = \"off\"",
        ],
    );
}

#[test]
fn a_draw_shows_hash_bucket_and_ranges() {
    check(
        json!({ "fractional": [["on", 20], ["off", 80]] }),
        json!({ "targetingKey": "ada" }),
        &[
            "→ 20% on, 80% off, by targetingKey: \"flagada\" has the hash 1666937689, which is bucket 38 of 100 = \"off\"",
            "    buckets 0 to 19 give on = \"on\"",
            "→   buckets 20 to 99 give off = \"off\"",
        ],
    );
    check(
        json!({ "fractional": [["on", 20], ["off", 80]] }),
        json!({}),
        &["→ 20% on, 80% off, by targetingKey: nobody to draw for, or no weights to draw by = null"],
    );
}

#[test]
fn an_explanation_gives_the_same_answer_as_an_evaluation_and_a_disabled_flag_has_no_tree() {
    let explanation = explain(json!({ "var": "wish" }), json!({ "wish": "on" }));
    let answer = explanation.resolution.unwrap();
    assert_eq!((answer.variant.as_deref(), answer.reason.as_str()), (Some("on"), "TARGETING_MATCH"));
    let disabled = json!({ "state": "DISABLED", "variants": { "on": true }, "targeting": { "var": "x" } });
    let flag = Flag::compile("flag", &disabled, &Evaluators::default(), Bucketing::V2);
    assert_eq!(flag.explain(&Context::from_value(&json!({}), 0).unwrap()).tree, None);
}
