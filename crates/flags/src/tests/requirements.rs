//! Prerequisites.

use super::*;

fn on(requires: Value) -> Value {
    json!({"requires": requires, "environments": {"production": {"enabled": true}}})
}

#[test]
fn a_flag_serves_its_off_variant_until_what_it_requires_is_served() {
    let mut flags = Flags::none();
    let targeting = json!({"if": [{"==": [{"var": "plan"}, "pro"]}, "on", "off"]});
    flags.define("base", json!({"targeting": targeting, "environments": {"production": {"enabled": true}}})).unwrap();
    flags.define("middle", on(json!(["base"]))).unwrap();
    flags.define("top", on(json!([{"flag": "middle", "variant": "on"}]))).unwrap();
    let check = |flags: &Flags, context: Value, expect: &str| {
        assert_eq!(
            (flags.variant("middle", context.clone()).as_str(), flags.variant("top", context).as_str()),
            (expect, expect)
        );
    };
    check(&flags, json!({"plan": "pro"}), "on");
    check(&flags, json!({"plan": "free"}), "off");
    check(&flags, json!({}), "off");
    let turn = |on| Command::Turn { flag: named("base"), environment: "production".to_owned(), on };
    flags.command(turn(false)).unwrap();
    check(&flags, json!({"plan": "pro"}), "off");
}

#[test]
fn a_prerequisites_shares_are_those_of_the_flag_itself() {
    let mut flags = Flags::none();
    let rollout = json!({"variants": {"on": 30, "off": 70}});
    flags.define("base", json!({"environments": {"production": {"enabled": true, "rollout": rollout}}})).unwrap();
    flags.define("top", on(json!(["base"]))).unwrap();
    let differing = (0..500).filter(|user| {
        let context = json!({"targetingKey": format!("user-{user}")});
        flags.variant("base", context.clone()) != flags.variant("top", context)
    });
    assert_eq!(differing.count(), 0);
    assert_eq!((flags.variant("base", json!({})), flags.variant("top", json!({}))), ("on".to_owned(), "on".to_owned()));
}

#[test]
fn circles_are_refused_with_the_way_round() {
    let mut flags = Flags::none();
    assert_eq!(flags.define("a", on(json!(["a"]))).unwrap_err().code, &codes::NOT_FOUND);
    flags.define("a", on(json!([]))).unwrap();
    flags.define("b", on(json!(["a"]))).unwrap();
    flags.define("c", on(json!(["b"]))).unwrap();
    let refusal = flags.define("a", on(json!(["c"]))).unwrap_err();
    assert_eq!(refusal.detail, "the flags require each other in a circle: a → c → b → a");
    assert_eq!(flags.define("a", on(json!(["a"]))).unwrap_err().code, &codes::INVALID);
}

#[test]
fn what_can_not_be_required_is_refused() {
    let mut flags = Flags::none();
    flags.define("base", on(json!([]))).unwrap();
    let fix = |refusal: Refusal| refusal.fix.unwrap_or_default();
    assert_eq!(fix(flags.define("top", on(json!(["bsae"]))).unwrap_err()), "did you mean base?");
    assert_eq!(
        fix(flags.define("top", on(json!([{"flag": "base", "variant": "onn"}]))).unwrap_err()),
        "did you mean on?"
    );
    flags.define("top", on(json!([{"flag": "base", "variant": "on"}]))).unwrap();
    assert_eq!(flags.refused(Command::Remove { flag: named("base") }), codes::CONFLICT.name);
    let renamed = json!({"variants": {"yes": true, "no": false}});
    assert_eq!(flags.define("base", renamed).unwrap_err().code, &codes::CONFLICT);
}

#[test]
fn long_chains_and_wide_nets_are_refused_before_they_cost_anything() {
    let mut flags = Flags::none();
    flags.define("f0", on(json!([]))).unwrap();
    for number in 1..=8 {
        flags.define(&format!("f{number}"), on(json!([format!("f{}", number - 1)]))).unwrap();
    }
    assert_eq!(flags.variant("f8", json!({})), "on");
    assert!(flags.define("f9", on(json!(["f8"]))).unwrap_err().detail.contains("chain"));
    let mut flags = Flags::none();
    flags.define("g0", on(json!([]))).unwrap();
    let mut below = vec!["g0".to_owned()];
    for number in 1..=6 {
        flags.define(&format!("g{number}"), on(json!(below))).unwrap();
        below.push(format!("g{number}"));
    }
    assert!(flags.define("g7", on(json!(below))).unwrap_err().detail.contains("more than 100"));
}

#[test]
fn a_declared_flag_may_require_what_comes_later() {
    let mut flags = Flags::none();
    let declared = Definition::from_spec(named("top"), None, &on(json!(["base"]))).unwrap();
    flags.command(Command::Define { definition: declared }).unwrap();
    assert_eq!(flags.variant("top", json!({})), "off");
    flags.define("base", on(json!([]))).unwrap();
    assert_eq!(flags.variant("top", json!({})), "on");
}

#[test]
fn turning_a_prerequisite_affects_those_who_evaluate_what_requires_it() {
    let mut flags = Flags::none();
    flags.define("base", on(json!([]))).unwrap();
    flags.define("top", json!({"requires": ["base"], "usedBy": ["shop"]})).unwrap();
    flags.command(Command::Turn { flag: named("base"), environment: "production".to_owned(), on: false }).unwrap();
    assert_eq!(flags.log.last().unwrap().0.subjects().len(), 2);
}
