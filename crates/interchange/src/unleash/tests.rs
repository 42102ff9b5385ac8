use serde_json::{Value, json};

use super::*;
use crate::{
    Severity::{Changed, Lost, Note},
    testing::{declarable, definition, served, unmapped},
};

fn import(export: &Value) -> Imported {
    declarable(unleash(export.to_string().as_bytes(), None).unwrap())
}

/// A batch export of one toggle that is on in production.
fn with_strategies(strategies: Value) -> Value {
    let strategies: Vec<Value> = strategies
        .as_array()
        .unwrap()
        .iter()
        .map(|strategy| {
            let mut strategy = strategy.clone();
            strategy["featureName"] = json!("cart");
            strategy
        })
        .collect();
    json!({
        "features": [{"name": "cart", "type": "release", "project": "default", "description": "A larger cart."}],
        "featureStrategies": strategies,
        "featureEnvironments": [{"featureName": "cart", "name": "cart", "environment": "production", "enabled": true}],
        "segments": [], "tagTypes": [],
    })
}

/// Who of these gets what, with one strategy that has one constraint.
#[track_caller]
fn check(constraint: Value, cases: &[(Value, &str)]) {
    let imported = import(&with_strategies(json!([{"name": "default", "constraints": [constraint]}])));
    assert_eq!(unmapped(&imported, Lost), [""; 0]);
    for (context, expect) in cases {
        assert_eq!(served(&imported, "cart", "production", context), *expect, "{constraint} {context}");
    }
}

fn constraint(field: &str, operator: &str, values: &[&str]) -> Value {
    json!({"contextName": field, "operator": operator, "values": values, "inverted": false})
}

fn single(field: &str, operator: &str, value: &str) -> Value {
    json!({"contextName": field, "operator": operator, "value": value, "values": []})
}

fn inverted(mut constraint: Value) -> Value {
    constraint["inverted"] = json!(true);
    constraint
}

#[test]
fn lists_compare_a_field_with_values() {
    check(
        constraint("plan", "IN", &["pro", "team"]),
        &[(json!({"plan": "pro"}), "on"), (json!({"plan": "free"}), "off"), (json!({}), "off")],
    );
    check(
        constraint("plan", "NOT_IN", &["free"]),
        &[(json!({"plan": "pro"}), "on"), (json!({"plan": "free"}), "off"), (json!({}), "on")],
    );
    check(constraint("userId", "IN", &["ada"]), &[(json!({"targetingKey": "ada"}), "on"), (json!({}), "off")]);
    check(inverted(constraint("plan", "IN", &["free"])), &[(json!({"plan": "free"}), "off"), (json!({}), "on")]);
}

#[test]
fn texts_numbers_versions_and_dates_are_compared() {
    check(
        constraint("email", "STR_ENDS_WITH", &["@acme.test", "@acme.example"]),
        &[(json!({"email": "ada@acme.test"}), "on"), (json!({"email": "ada@else.test"}), "off"), (json!({}), "off")],
    );
    check(
        constraint("email", "STR_CONTAINS", &["+beta@"]),
        &[(json!({"email": "ada+beta@acme.test"}), "on"), (json!({"email": "ada@acme.test"}), "off")],
    );
    check(
        single("age", "NUM_LT", "18"),
        &[(json!({"age": 17}), "on"), (json!({"age": 18}), "off"), (json!({}), "off")],
    );
    check(single("age", "NUM_GTE", "17.5"), &[(json!({"age": 17.5}), "on"), (json!({"age": 17}), "off")]);
    check(
        single("version", "SEMVER_GT", "2.1.0"),
        &[(json!({"version": "2.10.0"}), "on"), (json!({"version": "2.1.0"}), "off")],
    );
    check(single("currentTime", "DATE_AFTER", "2026-11-19T00:00:00.000Z"), &[(json!({}), "on")]);
    check(single("currentTime", "DATE_BEFORE", "2026-11-19T00:00:00.000Z"), &[(json!({}), "off")]);
    check(single("email", "REGEX", r"@acme\.test$"), &[(json!({"email": "a@acme.test"}), "on")]);
}

#[test]
fn what_ignores_case_matches_in_three_cases_and_says_so() {
    let mut constraint = constraint("email", "STR_ENDS_WITH", &["@Acme.test"]);
    constraint["caseInsensitive"] = json!(true);
    check(
        constraint.clone(),
        &[
            (json!({"email": "a@Acme.test"}), "on"),
            (json!({"email": "a@acme.test"}), "on"),
            (json!({"email": "a@aCmE.test"}), "off"),
        ],
    );
    let imported = import(&with_strategies(json!([{"name": "default", "constraints": [constraint]}])));
    assert_eq!(
        unmapped(&imported, Changed),
        ["cart: production, strategy 1, constraint 1: email STR_ENDS_WITH @Acme.test"]
    );
}

#[test]
fn what_can_not_be_said_matches_nobody_inverted_or_not() {
    for regex in [single("email", "REGEX", "a|b"), inverted(single("email", "REGEX", "a|b"))] {
        let imported = import(&with_strategies(json!([
            {"name": "default", "constraints": [regex, constraint("plan", "IN", &["pro"])]},
            {"name": "userWithId", "parameters": {"userIds": "ada, grace"}},
        ])));
        assert_eq!(served(&imported, "cart", "production", &json!({"email": "x", "plan": "pro"})), "off");
        assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "grace"})), "on");
        assert_eq!(unmapped(&imported, Lost).len(), 1);
    }
    let imported = import(&with_strategies(json!([{"name": "byMoonPhase", "parameters": {}}])));
    assert_eq!(served(&imported, "cart", "production", &json!({})), "off");
    assert_eq!(unmapped(&imported, Lost), ["cart: production, strategy 1: the strategy byMoonPhase"]);
}

#[test]
fn a_toggle_without_strategies_is_on_for_everybody_and_one_without_enabled_ones_is_off() {
    let imported = import(&with_strategies(json!([])));
    assert_eq!(served(&imported, "cart", "production", &json!({})), "on");
    assert_eq!(served(&imported, "cart", "staging", &json!({})), "off");
    let imported = import(&with_strategies(json!([{"name": "default", "disabled": true}])));
    assert_eq!(served(&imported, "cart", "production", &json!({})), "off");
    assert_eq!(unmapped(&imported, Note), ["cart: production: every strategy is disabled"]);
}

fn share(imported: &Imported, count: usize, expect: &str) -> usize {
    let gets =
        |index: &usize| served(imported, "cart", "production", &json!({"targetingKey": format!("user-{index}")}));
    (0..count).filter(|index| gets(index) == expect).count()
}

#[test]
fn a_gradual_rollout_alone_is_a_rollout_and_before_others_a_rule() {
    let gradual =
        json!({"name": "flexibleRollout", "parameters": {"rollout": "30", "stickiness": "default", "groupId": "cart"}});
    let imported = import(&with_strategies(json!([gradual])));
    let setting = &definition(&imported, "cart").environments["production"];
    let rollout = setting.rollout.as_ref().unwrap();
    assert_eq!((&*rollout.by, rollout.shares[0].weight, rollout.shares[1].weight), ("targetingKey", 30, 70));
    assert_eq!(setting.targeting, None);
    assert_eq!(served(&imported, "cart", "production", &json!({})), "off");
    assert!((250..350).contains(&share(&imported, 1000, "on")));
    assert_eq!(unmapped(&imported, Changed), ["cart: production, strategy 1: 30%"]);

    let pro = json!({"name": "default", "constraints": [constraint("plan", "IN", &["pro"])]});
    let imported = import(&with_strategies(json!([gradual, pro])));
    assert!((250..350).contains(&share(&imported, 1000, "on")));
    assert_eq!(served(&imported, "cart", "production", &json!({"plan": "pro"})), "on");
}

#[test]
fn a_group_draws_alike_for_all_of_its_toggles() {
    let gradual =
        json!({"name": "flexibleRollout", "parameters": {"rollout": 50, "stickiness": "sessionId", "groupId": "shop"}});
    let imported = import(&with_strategies(json!([gradual])));
    let targeting = definition(&imported, "cart").environments["production"].targeting.as_ref().unwrap();
    assert!(targeting.to_string().contains(r#"{"cat":["shop",{"var":"sessionId"}]}"#), "{targeting}");
}

#[test]
fn variants_are_values_by_weight_and_independent_of_the_share() {
    let mut export = with_strategies(json!([{
        "name": "flexibleRollout", "parameters": {"rollout": "50", "stickiness": "userId"},
        "variants": [
            {"name": "blue", "weight": 500, "stickiness": "userId", "payload": {"type": "json", "value": "{\"hue\": 240}"}},
            {"name": "red", "weight": 500, "stickiness": "userId", "payload": {"type": "json", "value": "{\"hue\": 0}"}},
        ],
    }]));
    let imported = import(&export);
    assert_eq!(definition(&imported, "cart").variants["blue"], json!({"hue": 240}));
    for (variant, bounds) in [("blue", 200..300), ("red", 200..300), ("default", 450..550)] {
        assert!(bounds.contains(&share(&imported, 1000, variant)), "{variant}");
    }
    export["featureStrategies"][0]["parameters"]["rollout"] = json!("100");
    let imported = import(&export);
    assert!(definition(&imported, "cart").environments["production"].rollout.is_some());
    assert_eq!(share(&imported, 100, "default"), 0);
}

#[test]
fn variants_of_a_toggle_have_overrides_and_one_type() {
    let mut export = with_strategies(json!([{"name": "default"}]));
    export["featureEnvironments"][0]["variants"] = json!([
        {"name": "few", "weight": 1000, "payload": {"type": "number", "value": "3"}},
        {"name": "many", "weight": 0, "payload": {"type": "number", "value": "30"},
         "overrides": [{"contextName": "userId", "values": ["ada"]}]},
    ]);
    let imported = import(&export);
    assert_eq!(definition(&imported, "cart").variants["many"], json!(30));
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "ada"})), "many");
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "grace"})), "few");
    export["featureEnvironments"][0]["variants"][0]["payload"] = json!({"type": "string", "value": "three"});
    assert_eq!(definition(&import(&export), "cart").variants["many"], json!("30"));
}

#[test]
fn dependencies_are_requirements() {
    let mut export = with_strategies(json!([]));
    export["features"].as_array_mut().unwrap().push(json!({"name": "shop", "type": "kill-switch"}));
    export["dependencies"] = json!([{"feature": "cart", "dependencies": [{"feature": "shop", "enabled": true}]}]);
    let imported = import(&export);
    let required = &definition(&imported, "cart").requires;
    assert_eq!((required[0].flag.short(), required[0].variant.as_deref()), ("shop", None));
    assert_eq!(definition(&imported, "shop").purpose, Purpose::KillSwitch);
    export["dependencies"][0]["dependencies"][0]["enabled"] = json!(false);
    assert_eq!(definition(&import(&export), "cart").requires[0].variant.as_deref(), Some("off"));
    export["dependencies"][0]["dependencies"] = json!([{"feature": "shop", "variants": ["a", "b"]}]);
    let imported = import(&export);
    assert_eq!(unmapped(&imported, Lost), ["cart: : the dependency on shop (enabled, one of a, b)"]);
    assert_eq!(served(&imported, "cart", "production", &json!({})), "off");
}

#[test]
fn segments_come_from_their_own_file() {
    let mut export = with_strategies(json!([{"name": "default", "segments": [7]}]));
    export["segments"] = json!([{"id": 7, "name": "Beta users"}]);
    let imported = import(&export);
    assert_eq!(unmapped(&imported, Lost), ["*: segment beta-users: its constraints"]);
    assert_eq!(served(&imported, "cart", "production", &json!({"beta": "yes"})), "off");

    let segments =
        json!({"segments": [{"id": 7, "name": "Beta users", "constraints": [constraint("beta", "IN", &["yes"])]}]});
    let imported = unleash(export.to_string().as_bytes(), Some(segments.to_string().as_bytes())).unwrap();
    assert_eq!(unmapped(&imported, Lost), [""; 0]);
    assert_eq!(served(&imported, "cart", "production", &json!({"beta": "yes"})), "on");
    assert_eq!(definition(&imported, "cart").environments["production"].audiences.len(), 1);
    export["segments"] = json!([]);
    assert_eq!(unmapped(&import(&export), Lost), ["cart: production, strategy 1: segment 7"]);
}

#[test]
fn the_state_export_has_all_environments() {
    let imported = import(&json!({
        "version": 4,
        "features": [{"name": "cart", "type": "operational", "project": "shop", "variants": []}],
        "featureStrategies": [
            {"id": "s1", "featureName": "cart", "projectName": "shop", "environment": "production", "strategyName": "default",
             "parameters": {}, "constraints": []},
            {"id": "s2", "featureName": "cart", "projectName": "shop", "environment": "staging", "strategyName": "userWithId",
             "parameters": {"userIds": "ada"}, "constraints": []},
        ],
        "environments": [{"name": "production"}, {"name": "staging"}],
        "featureEnvironments": [
            {"enabled": true, "featureName": "cart", "environment": "production"},
            {"enabled": true, "featureName": "cart", "environment": "staging"},
        ],
        "segments": [{"id": 1, "name": "beta", "constraints": [constraint("beta", "IN", &["yes"])]}],
        "featureStrategySegments": [{"featureStrategyId": "s1", "segmentId": 1}],
        "featureTags": [{"featureName": "cart", "tagType": "simple", "tagValue": "shop"}],
    }));
    assert_eq!(served(&imported, "cart", "production", &json!({"beta": "yes"})), "on");
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "ada"})), "off");
    assert_eq!(served(&imported, "cart", "staging", &json!({"targetingKey": "ada"})), "on");
    let cart = definition(&imported, "cart");
    assert_eq!(json!(cart.metadata), json!({"project": "shop", "tags": "simple:shop"}));
    assert_eq!(cart.purpose, Purpose::Operational);
}

#[test]
fn the_first_state_exports_and_the_sdks_answer_have_strategies_in_features() {
    let mut export = json!({"version": 1, "features": [
        {"name": "cart", "enabled": true, "strategies": [{"name": "userWithId", "parameters": {"userIds": "ada"}}]},
        {"name": "old", "archived": true, "enabled": true, "strategies": []},
    ]});
    let imported = import(&export);
    assert_eq!(served(&imported, "cart", "production", &json!({"targetingKey": "ada"})), "on");
    assert_eq!(unmapped(&imported, Note), ["old: : the whole flag"]);
    export["query"] = json!({"environment": "staging"});
    assert_eq!(served(&import(&export), "cart", "production", &json!({"targetingKey": "ada"})), "off");
}

#[test]
fn names_that_are_none_here_are_told() {
    let imported = import(&json!({"features": [
        {"name": "newCart", "enabled": true, "strategies": []},
        {"name": "newcart", "enabled": true, "strategies": []},
        {"name": "shop:cart", "enabled": true, "strategies": []},
    ]}));
    assert_eq!(imported.definitions.len(), 1);
    assert_eq!(imported.definitions[0].key(), "newCart");
    assert_eq!(unmapped(&imported, Lost), ["newcart: : the whole flag", "shop:cart: : the name \"shop:cart\""]);
}

#[test]
fn another_file_is_refused_with_the_reason() {
    for file in ["", "[]", "{}", r#"{"flags": {}}"#, "{\"features\": 1}"] {
        let problem = unleash(file.as_bytes(), None).unwrap_err();
        assert!(problem.to_string().starts_with("this is no Unleash export: "), "{problem}");
    }
}
