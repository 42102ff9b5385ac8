//! What becomes of flags as flagd JSON, and that it serves what was meant.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{RampAction, evaluators, export, fingerprint, lower_flag};

fn lowered(flags: &Flags, name: &str) -> Value {
    lower_flag(&flags.state, flags.state.flag(&named(name)).unwrap(), "production", flags.now)
}

#[test]
fn a_switch_that_is_off_serves_the_off_variant_or_nothing() {
    let mut flags = Flags::none();
    flags.define("x", json!({"owner": "web", "flagSet": "shop"})).unwrap();
    let variants = json!({"on": true, "off": false});
    let metadata = json!({"flagSetId": "shop", "owner": "web"});
    assert_eq!(
        lowered(&flags, "x"),
        json!({"state": "ENABLED", "variants": variants, "defaultVariant": "off", "metadata": metadata})
    );
    flags.define("y", json!({"offVariant": null})).unwrap();
    assert_eq!(lowered(&flags, "y"), json!({"state": "DISABLED", "variants": variants}));
    assert_eq!(flags.variant("y", json!({})), "DISABLED");
}

#[test]
fn audiences_come_first_then_targeting_then_shares_then_the_default() {
    let mut flags = Flags::none();
    flags.define_segment("staff", json!({"emailDomains": ["acme.test"]})).unwrap();
    flags.define_segment("beta", json!({"groups": ["beta"], "members": ["vip"]})).unwrap();
    let targeting = json!({"if": [{"==": [{"var": "country"}, "NL"]}, "b", null]});
    flags.define("x", json!({
        "variants": {"a": 1, "b": 2, "c": 3, "d": 4}, "offVariant": "d", "defaultVariant": "d", "targeting": targeting,
        "environments": {"production": {
            "enabled": true,
            "audiences": [{"segment": "staff", "variant": "a"}, {"segment": "beta", "variant": "c"}],
            "rollout": {"by": "company", "variants": {"c": 1}},
        }},
    })).unwrap();
    let check = |context: Value, expect: &str| assert_eq!(flags.variant("x", context.clone()), expect, "{context}");
    check(json!({"email": "jo@acme.test", "country": "NL", "groups": ["beta"]}), "a");
    check(json!({"email": "jo@acme.test.evil", "groups": ["alpha", "beta"], "country": "NL"}), "c");
    check(json!({"group": "beta"}), "c");
    check(json!({"targetingKey": "vip"}), "c");
    check(json!({"country": "NL", "company": "acme"}), "b");
    check(json!({"country": "BE", "company": "acme"}), "c");
    check(json!({"country": "BE"}), "d");
    check(json!({}), "d");
}

#[test]
fn a_segment_that_is_unknown_or_empty_has_no_members() {
    let mut flags = Flags::none();
    let spec = json!({
        "defaultVariant": "off", "targeting": {"if": [{"$ref": "segment/gone"}, "on", null]},
        "environments": {"production": {"enabled": true, "audiences": [{"segment": "later", "variant": "on"}]}},
    });
    flags.command(Command::Define { definition: Definition::from_spec(named("x"), None, &spec).unwrap() }).unwrap();
    assert_eq!(flags.variant("x", json!({"targetingKey": "ann"})), "off");
    let before = fingerprint(&flags.state, flags.state.flag(&named("x")).unwrap(), "production", flags.now);
    flags.define_segment("later", json!({})).unwrap();
    assert_eq!(flags.variant("x", json!({"targetingKey": "ann"})), "off");
    flags.define_segment("later", json!({"members": ["ann"]})).unwrap();
    assert_eq!(flags.variant("x", json!({"targetingKey": "ann"})), "on");
    assert_ne!(before, fingerprint(&flags.state, flags.state.flag(&named("x")).unwrap(), "production", flags.now));
}

/// The users, of ten thousand, who get `on`.
fn served_on(flags: &Flags) -> BTreeSet<usize> {
    let document = export(&flags.state, "production", flags.now).to_string();
    let (document, problems) = flagd::Document::read(document.as_bytes()).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    let set = document.compile(flagd::Bucketing::V2);
    let is_on = |user: &usize| {
        let context = flagd::Context::from_value(&json!({"targetingKey": format!("user-{user}")}), 0).unwrap();
        set.evaluate("x", &context).unwrap().variant == Some("on")
    };
    (0..10_000).filter(is_on).collect()
}

#[test]
fn a_growing_share_takes_nobody_back_and_has_its_size() {
    let mut flags = Flags::none();
    let steps = json!([
        {"percent": 1, "hold": "1h"}, {"percent": 10, "hold": "1h"}, {"percent": 33.33, "hold": "1h"},
        {"percent": 90, "hold": "1h"}, {"percent": 100},
    ]);
    let ramp = json!({"steps": steps});
    flags.define("x", json!({"environments": {"production": {"enabled": true, "ramp": ramp}}})).unwrap();
    let mut before = BTreeSet::new();
    for expected in [100, 1_000, 3_333, 9_000, 10_000] {
        flags.wait("1s");
        let now = served_on(&flags);
        assert!(before.is_subset(&now), "at {expected}");
        assert!(now.len().abs_diff(expected) <= 150, "{} of {expected}", now.len());
        assert_eq!(now, served_on(&flags), "the same users");
        before = now;
        flags.pass("59m 59s");
    }
    assert_eq!(flags.variant("x", json!({})), "on", "at the end also those without a key");
    let action = RampAction::RollBack { why: crate::Why::ByHand };
    flags.command(Command::Ramp { flag: named("x"), environment: "production".to_owned(), action }).unwrap();
    assert!(served_on(&flags).is_empty());
}

#[test]
fn who_has_no_key_is_outside_of_a_share_that_grows() {
    let mut flags = Flags::none();
    let ramp = json!({"by": "company", "steps": [{"percent": 99.99}]});
    flags.define("x", json!({"environments": {"production": {"enabled": true, "ramp": ramp}}})).unwrap();
    assert_eq!(flags.variant("x", json!({"targetingKey": "ann"})), "off");
    assert_eq!(flags.variant("x", json!({"company": "acme"})), "on");
}

#[test]
fn a_false_that_names_a_variant_is_an_opinion() {
    let mut flags = Flags::none();
    let targeting = json!({"if": [{"var": "known"}, {"==": [{"var": "plan"}, "pro"]}, null]});
    flags.define("x", json!({
        "variants": {"true": 1, "false": 0}, "offVariant": "false", "defaultVariant": "true", "targeting": targeting,
        "environments": {"production": {"enabled": true, "rollout": {"by": "company", "variants": {"true": 1}}}},
    })).unwrap();
    flags
        .define(
            "y",
            json!({"requires": [{"flag": "x", "variant": "true"}], "environments": {"production": {"enabled": true}}}),
        )
        .unwrap();
    let check = |context: Value, x: &str, y: &str| {
        assert_eq!((flags.variant("x", context.clone()), flags.variant("y", context)), (x.to_owned(), y.to_owned()));
    };
    check(json!({"known": true, "plan": "pro"}), "true", "on");
    check(json!({"known": true, "plan": "free", "company": "acme"}), "false", "off");
    check(json!({"company": "acme"}), "true", "on");
}

#[test]
fn a_fingerprint_changes_with_all_that_a_flag_depends_on_and_with_nothing_else() {
    let mut flags = Flags::none();
    let ramp = json!({"steps": [{"percent": 10, "hold": "1h"}, {"percent": 20}]});
    flags.define("base", json!({"environments": {"production": {"enabled": true, "ramp": ramp}}})).unwrap();
    flags.define("top", json!({"requires": ["base"], "environments": {"production": {"enabled": true}}})).unwrap();
    flags.define("other", json!({})).unwrap();
    let all = |flags: &Flags| -> BTreeMap<String, u64> {
        let lowered = crate::lower(&flags.state, "production", flags.now);
        lowered.flags.into_iter().map(|flag| (flag.key, flag.fingerprint)).collect()
    };
    let changed = |before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>| -> Vec<String> {
        after.iter().filter(|(key, print)| before.get(*key) != Some(print)).map(|(key, _)| key.clone()).collect()
    };
    let before = all(&flags);
    flags.pass("30m");
    assert!(changed(&before, &all(&flags)).is_empty());
    flags.pass("31m");
    assert_eq!(changed(&before, &all(&flags)), ["base", "top"], "by the clock alone");
    let before = all(&flags);
    flags.define("other", json!({"description": "edited"})).unwrap();
    assert_eq!(changed(&before, &all(&flags)), ["other"]);
}

#[test]
fn shared_rules_name_no_other_shared_rule() {
    let mut flags = Flags::none();
    flags.define_segment("staff", json!({"emailDomains": ["acme.test"]})).unwrap();
    let audience = json!({"enabled": true, "audiences": [{"segment": "staff", "variant": "on"}]});
    flags.define("a", json!({"defaultVariant": "off", "environments": {"production": audience}})).unwrap();
    flags.define("b", json!({"requires": ["a"], "environments": {"production": {"enabled": true}}})).unwrap();
    flags.define("c", json!({"requires": ["b"], "environments": {"production": {"enabled": true}}})).unwrap();
    let rules = evaluators(&flags.state, "production", flags.now);
    assert_eq!(rules.keys().collect::<Vec<_>>(), ["segment/staff", "flag/a", "flag/b"]);
    assert!(rules.values().all(|rule| rule.is_object() && !rule.to_string().contains("$ref")));
    assert_eq!(flags.variant("c", json!({"email": "jo@acme.test"})), "on");
    assert_eq!(flags.variant("c", json!({})), "off");
}

#[test]
fn the_newer_bucketing_reaches_prerequisites_as_well() {
    let mut flags = Flags::none();
    let rollout = json!({"variants": {"on": 50, "off": 50}});
    flags
        .define("x", json!({"bucketing": "v3", "environments": {"production": {"enabled": true, "rollout": rollout}}}))
        .unwrap();
    flags
        .define("y", json!({"bucketing": "v3", "requires": ["x"], "environments": {"production": {"enabled": true}}}))
        .unwrap();
    for user in 0..200 {
        let context = json!({"targetingKey": format!("user-{user}")});
        assert_eq!(flags.variant("x", context.clone()), flags.variant("y", context));
    }
    let document = export(&flags.state, "production", flags.now);
    assert_eq!(document.pointer("/flags/x/metadata/bucketing"), Some(&json!("v3")), "a relay buckets alike");
    flags.define("s", json!({"bucketing": "v3", "targeting": {"fractional": [["on", 1], ["off", 1]]}})).unwrap();
    let refusal = flags.define("w", json!({"bucketing": "v3", "requires": ["s"]})).unwrap_err();
    assert!(refusal.detail.contains("without a bucketing value"), "{refusal}");
    flags.define("z", json!({})).unwrap();
    assert_eq!(flags.define("w", json!({"bucketing": "v3", "requires": ["z"]})).unwrap_err().code, &codes::INVALID);
}
