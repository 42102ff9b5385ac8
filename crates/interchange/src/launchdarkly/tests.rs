use serde_json::{Value, json};

use super::*;
use crate::{
    Severity::{Changed, Lost, Note},
    testing::{declarable, definition, served, unmapped},
};

fn import(export: &Value) -> Imported {
    declarable(launchdarkly(export.to_string().as_bytes(), None).unwrap())
}

/// What the REST API gives of one boolean flag, with this in production.
fn flag(config: Value) -> Value {
    json!({
        "key": "cart", "name": "A larger cart", "kind": "boolean", "temporary": true, "tags": ["shop"],
        "variations": [{"_id": "1", "value": true}, {"_id": "2", "value": false}],
        "defaults": {"onVariation": 0, "offVariation": 1},
        "environments": {"production": config},
    })
}

fn with_rules(rules: Value) -> Value {
    flag(json!({
        "on": true, "archived": false, "targets": [], "contextTargets": [], "prerequisites": [], "rules": rules,
        "fallthrough": {"variation": 1}, "offVariation": 1,
    }))
}

fn clause(attribute: &str, op: &str, values: Value) -> Value {
    json!({"attribute": attribute, "op": op, "values": values, "negate": false, "contextKind": "user"})
}

fn negated(mut clause: Value) -> Value {
    clause["negate"] = json!(true);
    clause
}

/// Who of these gets what, with one rule that has one clause.
#[track_caller]
fn check(clause: Value, cases: &[(Value, &str)]) {
    let imported = import(&with_rules(json!([{"variation": 0, "clauses": [clause]}])));
    assert_eq!(unmapped(&imported, Lost), [""; 0]);
    for (context, expect) in cases {
        assert_eq!(served(&imported, "cart", "production", context), *expect, "{clause} {context}");
    }
}

#[test]
fn clauses_compare_attributes() {
    check(clause("key", "in", json!(["ada"])), &[(json!({"targetingKey": "ada"}), "on"), (json!({}), "off")]);
    check(
        clause("email", "endsWith", json!(["@acme.test", "@acme.example"])),
        &[(json!({"email": "ada@acme.example"}), "on"), (json!({"email": "ada@else.test"}), "off"), (json!({}), "off")],
    );
    check(clause("email", "startsWith", json!(["ada"])), &[(json!({"email": "ada@acme.test"}), "on")]);
    check(clause("email", "contains", json!(["+beta"])), &[(json!({"email": "ada+beta@acme.test"}), "on")]);
    check(clause("email", "matches", json!([r"^.*@acme\.test$"])), &[(json!({"email": "ada@acme.test"}), "on")]);
    check(
        clause("age", "lessThan", json!([18])),
        &[(json!({"age": 17}), "on"), (json!({"age": 18}), "off"), (json!({}), "off")],
    );
    check(
        clause("app", "semVerGreaterThan", json!(["2.1.0"])),
        &[(json!({"app": "2.10.0"}), "on"), (json!({"app": "2.1.0"}), "off")],
    );
    check(
        clause("joined", "before", json!(["2026-01-01T00:00:00Z"])),
        &[(json!({"joined": 1_700_000_000_000_u64}), "on"), (json!({"joined": 1_800_000_000_000_u64}), "off")],
    );
    check(clause("/address/city", "in", json!(["Bergen"])), &[(json!({"address": {"city": "Bergen"}}), "on")]);
}

#[test]
fn who_lacks_an_attribute_meets_no_clause() {
    check(
        negated(clause("plan", "in", json!(["free"]))),
        &[(json!({"plan": "pro"}), "on"), (json!({"plan": "free"}), "off"), (json!({}), "off")],
    );
}

#[test]
fn contexts_of_other_kinds_are_objects() {
    let mut clause = clause("key", "in", json!(["acme"]));
    clause["contextKind"] = json!("organization");
    check(
        clause.clone(),
        &[(json!({"organization": {"key": "acme"}}), "on"), (json!({"targetingKey": "acme"}), "off")],
    );
    let imported = import(&with_rules(json!([{"variation": 0, "clauses": [clause.clone(), clause]}])));
    assert_eq!(unmapped(&imported, Changed), ["cart: production, rule 1, clause 1: contexts of the kind organization"]);
}

#[test]
fn what_can_not_be_said_matches_nobody_negated_or_not() {
    for clause in [clause("email", "matches", json!(["a|b"])), negated(clause("email", "matches", json!(["a|b"])))] {
        let imported = import(&with_rules(json!([{"variation": 0, "clauses": [clause]}])));
        assert_eq!(served(&imported, "cart", "production", &json!({"email": "a"})), "off");
        assert_eq!(unmapped(&imported, Lost).len(), 1);
    }
}

#[test]
fn targets_come_before_rules_and_rules_in_their_order() {
    let imported = import(&flag(json!({
        "on": true, "offVariation": 1, "fallthrough": {"variation": 1},
        "targets": [{"values": ["eve"], "variation": 1}],
        "contextTargets": [
            {"values": [], "variation": 1, "contextKind": "user"},
            {"values": ["acme"], "variation": 0, "contextKind": "organization"},
        ],
        "rules": [
            {"variation": 1, "clauses": [clause("plan", "in", json!(["free"]))]},
            {"variation": 0, "clauses": [clause("email", "endsWith", json!(["@acme.test"]))]},
        ],
    })));
    for (context, expect) in [
        (json!({"targetingKey": "eve", "email": "eve@acme.test"}), "off"),
        (json!({"targetingKey": "bob", "email": "bob@acme.test"}), "on"),
        (json!({"targetingKey": "bob", "email": "bob@acme.test", "plan": "free"}), "off"),
        (json!({"targetingKey": "bob", "organization": {"key": "acme"}, "plan": "free"}), "on"),
        (json!({}), "off"),
    ] {
        assert_eq!(served(&imported, "cart", "production", &context), expect, "{context}");
    }
}

fn share(imported: &Imported, count: usize, expect: &str) -> usize {
    let gets =
        |index: &usize| served(imported, "cart", "production", &json!({"targetingKey": format!("user-{index}")}));
    (0..count).filter(|index| gets(index) == expect).count()
}

#[test]
fn a_percentage_rollout_keeps_its_shares() {
    let rollout =
        json!({"rollout": {"variations": [{"variation": 0, "weight": 30000}, {"variation": 1, "weight": 70000}]}});
    let imported = import(&flag(json!({"on": true, "offVariation": 1, "fallthrough": rollout, "rules": []})));
    let setting = &definition(&imported, "cart").environments["production"];
    let weights: Vec<u32> = setting.rollout.as_ref().unwrap().shares.iter().map(|share| share.weight).collect();
    assert_eq!(weights, [30, 70]);
    assert!((250..350).contains(&share(&imported, 1000, "on")));
    assert_eq!(unmapped(&imported, Changed), ["cart: production, default rule: a percentage rollout"]);
}

#[test]
fn an_experiment_leaves_its_shares_and_says_so() {
    let rollout = json!({"rollout": {
        "kind": "experiment", "contextKind": "user", "seed": 7,
        "variations": [{"variation": 0, "weight": 50000}, {"variation": 1, "weight": 50000, "untracked": true}],
    }});
    let imported = import(&flag(json!({"on": true, "offVariation": 1, "fallthrough": rollout})));
    assert_eq!(unmapped(&imported, Lost), ["cart: production, default rule: an experiment"]);
    assert!((450..550).contains(&share(&imported, 1000, "on")));
}

#[test]
fn off_is_the_off_variation_or_the_callers_default() {
    let imported = import(&flag(json!({"on": false, "offVariation": 1, "fallthrough": {"variation": 0}})));
    assert_eq!(definition(&imported, "cart").off_variant.as_deref(), Some("off"));
    assert_eq!(served(&imported, "cart", "production", &json!({})), "off");
    let mut export = flag(json!({"on": false, "fallthrough": {"variation": 0}}));
    assert_eq!(definition(&import(&export), "cart").off_variant, None);
    export["environments"]["staging"] = json!({"on": false, "offVariation": 1, "fallthrough": {"variation": 0}});
    assert_eq!(unmapped(&import(&export), Changed), ["cart: staging: what is served while it is off: \"off\""]);
}

#[test]
fn variations_are_named_by_name_value_or_number() {
    let mut export = with_rules(json!([]));
    export["variations"] =
        json!([{"value": "a", "name": "Control"}, {"value": "b"}, {"value": "c", "name": "Control"}]);
    let variants = &definition(&import(&export), "cart").variants.clone();
    assert_eq!(json!(variants), json!({"Control": "a", "b": "b", "variation-2": "c"}));
    for (variations, why) in [
        (json!([{"value": [1]}, {"value": [2]}]), "a variation is a list or null"),
        (json!([{"value": 1}, {"value": "one"}]), "its variations are of several types"),
        (json!([]), "it has no variations"),
    ] {
        export["variations"] = variations;
        let imported = import(&export);
        assert!(imported.definitions.is_empty());
        assert!(imported.unmapped[0].why.starts_with(why), "{:?}", imported.unmapped);
    }
}

#[test]
fn prerequisites_are_requirements() {
    let mut shop = flag(json!({"on": true, "offVariation": 1, "fallthrough": {"variation": 0}}));
    shop["key"] = json!("shop");
    shop["temporary"] = json!(false);
    let cart = |prerequisites: Value| {
        flag(json!({"on": true, "offVariation": 1, "fallthrough": {"variation": 0}, "prerequisites": prerequisites}))
    };
    let imported = import(&json!({"items": [cart(json!([{"key": "shop", "variation": 0}])), shop], "totalCount": 2}));
    let required = &definition(&imported, "cart").requires;
    assert_eq!((required[0].flag.short(), required[0].variant.as_deref()), ("shop", Some("on")));
    assert_eq!(definition(&imported, "shop").purpose, Purpose::Permission);
    let imported = import(&cart(json!([{"key": "shop", "variation": 0}])));
    assert_eq!(unmapped(&imported, Lost), ["cart: : the prerequisite shop, variation 0"]);
    assert_eq!(served(&imported, "cart", "production", &json!({})), "off");
}

#[test]
fn a_page_a_summary_and_an_archived_flag_are_told() {
    let mut archived = flag(json!({}));
    archived["archived"] = json!(true);
    let mut summary = flag(json!({"on": true, "_summary": {"variations": {}, "prerequisites": 0}}));
    summary["key"] = json!("summary");
    let imported = import(&json!({"items": [archived, summary], "totalCount": 40}));
    assert_eq!(unmapped(&imported, Lost), ["*: : 38 of 40 flags", "summary: production: its targeting"]);
    assert_eq!(unmapped(&imported, Note), ["cart: : the whole flag"]);
    assert_eq!(served(&imported, "summary", "production", &json!({})), "off");
}

/// What SDKs have.
fn sdk_data() -> Value {
    json!({
        "flags": {"cart": {
            "key": "cart", "version": 12, "on": true, "salt": "abc", "variations": [true, false], "offVariation": 1,
            "prerequisites": null, "targets": null, "fallthrough": {"variation": 1},
            "rules": [{"id": "r1", "variation": 0, "clauses": [{"attribute": "", "op": "segmentMatch", "values": ["beta"]}]}],
        }},
        "segments": {"beta": {
            "key": "beta", "included": ["ada"], "excluded": ["eve"], "salt": "x", "version": 1,
            "rules": [{"clauses": [{"attribute": "email", "op": "endsWith", "values": ["@acme.test"]}]}],
        }},
    })
}

#[test]
fn a_segment_has_the_included_and_those_that_rules_name_without_the_excluded() {
    for export in [sdk_data(), json!({"path": "/", "data": sdk_data()})] {
        let imported = import(&export);
        assert_eq!(definition(&imported, "cart").environments["*"].audiences.len(), 1);
        for (context, expect) in [
            (json!({"targetingKey": "ada"}), "on"),
            (json!({"targetingKey": "eve", "email": "eve@acme.test"}), "off"),
            (json!({"targetingKey": "bob", "email": "bob@acme.test"}), "on"),
            (json!({"targetingKey": "bob"}), "off"),
        ] {
            assert_eq!(served(&imported, "cart", "production", &context), expect, "{context}");
        }
    }
}

#[test]
fn segments_that_the_file_lacks_come_from_another() {
    let mut export = sdk_data();
    let beta = export["segments"].take();
    let imported = import(&export);
    assert_eq!(unmapped(&imported, Lost), ["*: segment beta: its members and rules"]);
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "ada"})), "off");
    let segments = json!({"items": [beta["beta"]]});
    let imported = launchdarkly(export.to_string().as_bytes(), Some(segments.to_string().as_bytes())).unwrap();
    assert_eq!(unmapped(&imported, Lost), [""; 0]);
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "ada"})), "on");
}

#[test]
fn a_segment_in_another_is_put_in_its_place_and_a_circle_matches_nobody() {
    let mut export = sdk_data();
    let inner = clause("", "segmentMatch", json!(["beta"]));
    export["segments"]["all"] = json!({"key": "all", "rules": [{"clauses": [inner]}]});
    export["flags"]["cart"]["rules"][0]["clauses"][0]["values"] = json!(["all"]);
    let imported = import(&export);
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "ada"})), "on");
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "bob"})), "off");
    export["segments"]["beta"]["rules"][0]["clauses"] = json!([clause("", "segmentMatch", json!(["all"]))]);
    assert_eq!(
        unmapped(&import(&export), Lost),
        ["*: segment all, rule 1, clause 1, segment beta, rule 1, clause 1: the segment all"]
    );
}

#[test]
fn a_share_of_a_segment_is_kept() {
    let mut export = sdk_data();
    export["segments"]["beta"] = json!({"key": "beta", "rules": [{"clauses": [], "weight": 50000}], "unbounded": true});
    let imported = import(&export);
    assert!((450..550).contains(&share(&imported, 1000, "on")));
    assert_eq!(unmapped(&imported, Lost), ["*: segment beta: a big segment"]);
}

#[test]
fn flag_values_are_the_same_for_everybody() {
    let imported = import(&json!({"flagValues": {"cart": true, "greeting": "hello"}}));
    assert_eq!(served(&imported, "cart", "production", &json!({})), "on");
    assert_eq!(definition(&imported, "greeting").variants["hello"], "hello");
}

#[test]
fn another_file_is_refused_with_the_reason() {
    for file in ["", "[]", "{}", r#"{"features": []}"#, r#"{"items": [{"key": 1}]}"#] {
        let problem = launchdarkly(file.as_bytes(), None).unwrap_err();
        assert!(problem.to_string().starts_with("this is no LaunchDarkly export: "), "{problem}");
    }
}
