//! Declarations, read and refused.

use super::*;
use crate::{Hold, OnFailure, Purpose, import};

#[test]
fn a_spec_is_read_whole_or_refused_with_every_problem() {
    let spec = json!({
        "owner": "checkout-team", "usedBy": ["checkout"], "environments": {"production": {"enabled": true}},
        "expires": "2026-12-31",
    });
    let read = Definition::from_spec(flag(), Some("a flag"), &spec).unwrap();
    assert_eq!(read.owner.unwrap().as_str(), "group:default/checkout-team");
    assert!(read.environments["production"].enabled);

    let bad = json!({
        "ownr": "x", "type": "number", "usedBy": "checkout", "environments": {"production": true}, "expires": "soon",
    });
    let problems = Definition::from_spec(flag(), None, &bad).unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/spec/ownr", "/spec/usedBy", "/spec/environments/production", "/spec/expires", "/spec/type"]
    );
    assert_eq!(problems[0].suggestion.as_deref(), Some("owner"));
}

#[test]
fn a_ramp_is_read_with_what_it_need_not_say() {
    let spec = json!({"purpose": "kill-switch", "environments": {"production": {
        "enabled": true,
        "audiences": [{"segment": "staff", "variant": "on"}],
        "ramp": {"steps": [
            {"percent": 0.5, "hold": "10m"}, {"percent": 5, "hold": "approval"},
            {"percent": 50, "hold": {"samples": 1000}}, {"percent": 100},
        ], "guards": ["storefront-home"], "onFailure": "pause"},
        "approvals": 2,
    }}});
    let definition = Definition::from_spec(flag(), None, &spec).unwrap();
    assert_eq!(definition.purpose, Purpose::KillSwitch);
    let setting = &definition.environments["production"];
    assert_eq!((setting.approvals, setting.audiences[0].segment.as_str()), (2, "segment:default/staff"));
    let ramp = setting.ramp.as_ref().unwrap();
    assert_eq!((ramp.variant.as_str(), ramp.from.as_str(), ramp.by.as_str()), ("on", "off", "targetingKey"));
    assert_eq!((ramp.guards[0].as_str(), ramp.on_failure), ("check:default/storefront-home", OnFailure::Pause));
    let steps: Vec<_> = ramp.steps.iter().map(|step| (step.basis_points, step.hold)).take(3).collect();
    let ten_minutes = Hold::For(jiff::SignedDuration::from_mins(10));
    assert_eq!(steps, [(50, ten_minutes), (500, Hold::Approval), (5_000, Hold::Samples(1_000))]);
    let written = serde_json::to_value(&definition).unwrap();
    assert_eq!(serde_json::from_value::<Definition>(written).unwrap(), definition);
}

fn check(spec: Value, expect: &[(&str, &str)]) {
    let problems = Definition::from_spec(flag(), None, &spec).err().unwrap_or_default();
    let found: Vec<_> = problems.iter().map(|it| (it.pointer.as_str(), it.message.as_str())).collect();
    assert_eq!(found.len(), expect.len(), "{spec}: {found:#?}");
    for ((pointer, message), (place, words)) in found.iter().zip(expect) {
        assert!(pointer == place && message.contains(words), "{pointer}: {message}; expected {place}: {words}");
    }
}

fn in_production(setting: Value) -> Value {
    json!({"environments": {"production": setting}})
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    check(
        json!({"variants": {}, "defaultVariant": "a"}),
        &[("/spec/variants", "at least one"), ("/spec/defaultVariant", "none of")],
    );
    check(json!({"variants": {"a": 1, "b": "x"}}), &[("/spec/variants", "number, string")]);
    check(json!({"type": "string", "variants": {"a": 1}}), &[("/spec/type", "number")]);
    check(json!({"offVariant": "offf"}), &[("/spec/offVariant", "\"offf\" is none of the variants on, off")]);
    check(json!({"metadata": {"a": {}}}), &[("/spec/metadata", "only texts")]);
    check(json!({"variants": {"a": 1}, "requires": ["x"]}), &[("/spec/offVariant", "is missing")]);
    check(json!({"targeting": "on"}), &[("/spec/targeting", "must be a JsonLogic rule")]);
    check(json!({"targeting": {"iff": [true, "on"]}}), &[("/spec/targeting/iff", "no operator")]);
    let short = json!({"if": [true, {"sem_ver": ["1"]}, "off"]});
    check(json!({"targeting": short}), &[("/spec/targeting/if/1/sem_ver", "3 arguments")]);
    check(json!({"targeting": {"$ref": "unknown"}}), &[("/spec/targeting/$ref", "no shared rule")]);
    check(json!({"targeting": {"if": [{"$ref": "segment/staff"}, "on", null]}}), &[]);
    check(json!({"targeting": {}}), &[]);
    let production = "/spec/environments/production";
    let at = |rest: &str| format!("{production}{rest}");
    check(in_production(json!({})), &[(&at("/enabled"), "is missing")]);
    check(
        in_production(json!({"enabled": true, "rollout": {"variants": {"onn": 1}}})),
        &[(&at("/rollout/variants/onn"), "none of")],
    );
    check(
        in_production(json!({"enabled": true, "rollout": {"variants": {"on": 0}}})),
        &[(&at("/rollout/variants"), "sum from 1")],
    );
    check(
        in_production(json!({"enabled": true, "rollout": {"variants": {"on": 2_000_000_000, "off": 2_000_000_000}}})),
        &[(&at("/rollout/variants"), "sum from 1")],
    );
    check(in_production(json!({"enabled": true, "ramp": {"steps": []}})), &[(&at("/ramp/steps"), "from 1 to")]);
    let steps = json!([{"percent": 50, "hold": "1h"}, {"percent": 20}]);
    check(
        in_production(json!({"enabled": true, "ramp": {"steps": steps}})),
        &[(&at("/ramp/steps/1/percent"), "more than")],
    );
    let steps = json!([{"percent": 0.001, "hold": "1h"}, {"percent": 100, "hold": "soon"}]);
    check(
        in_production(json!({"enabled": true, "ramp": {"steps": steps}})),
        &[(&at("/ramp/steps/0/percent"), "above 0"), (&at("/ramp/steps/1/hold"), "approval")],
    );
    let both = json!({"enabled": true, "rollout": {"variants": {"on": 1}}, "ramp": {"steps": [{"percent": 1}]}});
    check(in_production(both), &[(&at("/ramp"), "can't be both")]);
}

#[test]
fn null_is_a_wish_for_the_clients_own_default() {
    let definition = Definition::from_spec(flag(), None, &json!({"offVariant": null})).unwrap();
    assert_eq!((definition.off_variant, definition.default_variant.as_deref()), (None, Some("on")));
    let definition = Definition::from_spec(flag(), None, &json!({"variants": {"yes": true, "no": false}})).unwrap();
    assert_eq!((definition.off_variant.as_deref(), definition.default_variant.as_deref()), (Some("no"), Some("yes")));
}

#[test]
fn a_segment_is_read_whole_or_refused_with_every_problem() {
    let name: EntityRef = "segment:staff".parse().unwrap();
    let read =
        Segment::from_spec(name.clone(), None, &json!({"emailDomains": ["acme.test"], "groups": ["qa"]})).unwrap();
    assert_eq!((read.email_domains.len(), read.groups.len()), (1, 1));
    let bad = json!({"emailDomain": [], "emailDomains": ["@acme.test"], "when": {"$ref": "segment/other"}});
    let problems = Segment::from_spec(name, None, &bad).unwrap_err();
    let pointers: Vec<_> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/spec/emailDomain", "/spec/emailDomains/0", "/spec/when"]);
}

#[test]
fn a_plain_flagd_file_declares_its_flags() {
    let file = json!({
        "flags": {
            "banner": {
                "state": "ENABLED", "variants": {"red": "#f00", "blue": "#00f"}, "defaultVariant": "red",
                "targeting": {"if": [{"$ref": "staff"}, "blue", null]}, "metadata": {"owner": "web"},
            },
            "old": {"state": "DISABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"},
            "Bad Key": {"state": "ENABLED", "variants": {"on": true}},
            "wrong": {"state": "ENABLED", "variants": {"on": true}, "defaultVariant": "off"},
        },
        "$evaluators": {"staff": {"ends_with": [{"var": "email"}, "@acme.test"]}},
        "metadata": {"flagSetId": "shop", "environment": "production"},
    });
    let imported = import::flagd(file.to_string().as_bytes());
    let keys: Vec<_> = imported.flags.iter().map(|(flag, _)| flag.short()).collect();
    assert_eq!(keys, ["banner", "old"]);
    let pointers: Vec<_> = imported.problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert!(pointers.iter().any(|at| at.starts_with("/flags/Bad Key")), "{pointers:?}");
    assert!(pointers.iter().any(|at| at.starts_with("/flags/wrong")), "{pointers:?}");
    let mut flags = Flags::none();
    for (name, spec) in imported.flags {
        let definition = Definition::from_spec(name, None, &spec).unwrap();
        flags.command(Command::Define { definition }).unwrap();
    }
    assert_eq!(flags.variant("banner", json!({"email": "jo@acme.test"})), "blue");
    assert_eq!(flags.variant("banner", json!({})), "red");
    assert_eq!(flags.variant("old", json!({})), "DISABLED");
    assert_eq!(flags.state.flag(&named("banner")).unwrap().definition.flag_set.as_deref(), Some("shop"));
}

#[test]
fn clients_ask_for_a_flag_as_it_is_spelled_and_it_is_found_by_any_case() {
    let read = |key: &str| Definition::from_spec(named("newcart"), None, &json!({ "key": key }));
    assert_eq!(read("newCart").unwrap().key(), "newCart");
    assert_eq!(read("newcart").unwrap(), Definition::from_spec(named("newcart"), None, &json!({})).unwrap());
    assert_eq!(read("newCarts").unwrap_err()[0].pointer, "/spec/key");
    let mut flags = Flags::none();
    flags.give(Command::Define { definition: read("newCart").unwrap() }, None).unwrap();
    let document = crate::export(&flags.state, "production", flags.now);
    assert!(document.pointer("/flags/newCart").is_some(), "{document}");
}
