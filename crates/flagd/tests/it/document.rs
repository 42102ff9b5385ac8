//! What is said to an author whose definition is wrong, and what a set makes of one that is right.

use flagd::{Bucketing, Context, Document, Problem};
use serde_json::{Value, json};

fn problems(document: &Value) -> Vec<String> {
    let problems = match Document::read(document.to_string().as_bytes()) {
        Ok((_, problems)) => problems,
        Err(problem) => vec![problem],
    };
    problems.iter().map(Problem::to_string).collect()
}

fn check_flag(flag: Value, expect: &[&str]) {
    let shared = json!({ "internal": { "var": "internal" }, "a": { "$ref": "b" }, "b": { "!": { "$ref": "a" } } });
    let document = json!({ "flags": { "f": flag }, "$evaluators": shared });
    let of_flag: Vec<_> = problems(&document).into_iter().filter(|problem| problem.starts_with("/flags")).collect();
    assert_eq!(of_flag, expect);
}

fn check(targeting: Value, expect: &[&str]) {
    check_flag(json!({ "state": "ENABLED", "variants": { "on": 1, "off": 2 }, "targeting": targeting }), expect);
}

#[test]
fn each_problem_has_its_place_and_what_was_probably_meant() {
    check(
        json!({ "if": [{ "end_with": [{ "var": "email" }, "x"] }, "on", "oof"] }),
        &[
            "/flags/f/targeting/if/0/end_with: there is no operator 'end_with' (did you mean 'ends_with'?)",
            "/flags/f/targeting/if/2: there is no variant 'oof' (did you mean 'off'?)",
        ],
    );
    check(
        json!({ "if": [{ "$ref": "interal" }, "on"] }),
        &["/flags/f/targeting/if/0/$ref: there is no shared rule 'interal' (did you mean 'internal'?)"],
    );
    check(json!({ "if": [{ "==": [1] }, "on"] }), &["/flags/f/targeting/if/0/==: '==' takes 2 arguments, and has 1"]);
    check(
        json!({ "if": [{ ">": [{ "var": "$flagd.timestap" }, 1] }, "on"] }),
        &[
            "/flags/f/targeting/if/0/>/0/var: '$flagd.timestap' is neither $flagd.flagKey nor $flagd.timestamp (did you mean 'timestamp'?)",
        ],
    );
    check(
        json!({ "fractional": [["on", -1], ["off", 2_000_000_000], ["off", 2_000_000_000]] }),
        &[
            "/flags/f/targeting/fractional/0/1: a weight is a whole number, 0 or more, or a rule that gives one",
            "/flags/f/targeting/fractional: the weights sum to 4000000000: above 2147483647 the rule gives nothing",
        ],
    );
    check_flag(
        json!({ "state": "enabled", "variants": { "on": true, "off": "x" }, "defaultVariant": "onn", "descripton": "" }),
        &[
            "/flags/f/state: state is either ENABLED or DISABLED (did you mean 'ENABLED'?)",
            "/flags/f/variants/off: all variants are of one type, but this is a text and the first a boolean",
            "/flags/f/defaultVariant: there is no variant 'onn' (did you mean 'on'?)",
            "/flags/f/descripton: a flag has no field 'descripton'",
        ],
    );
}

#[test]
fn shared_rules_in_a_ring_are_refused_wherever_they_are_used() {
    check(
        json!({ "$ref": "a" }),
        &["/flags/f/targeting: in the shared rule 'a': the shared rules refer to each other in a ring: a → b → a"],
    );
}

#[test]
fn what_is_too_large_is_refused_once() {
    let mut deep = json!({ "var": "x" });
    for _ in 0..80 {
        deep = json!({ "!": deep });
    }
    let long = json!({ "or": vec![json!({ "var": "x" }); 10_000] });
    let nested =
        json!({ "map": [{ "var": "a" }, { "map": [{ "var": "b" }, { "map": [{ "var": "c" }, { "var": "" }] }] }] });
    let doubling =
        json!({ "reduce": [vec![1; 40], { "cat": [{ "var": "accumulator" }, { "var": "accumulator" }] }, "x"] });
    for (rule, says) in [(deep, "deeper"), (long, "values"), (nested, "steps"), (doubling, "double")] {
        let flag = json!({ "state": "ENABLED", "variants": { "true": 1, "false": 2 }, "targeting": rule });
        let problems = problems(&json!({ "flags": { "f": flag } }));
        assert!(matches!(problems.as_slice(), [one] if one.contains(says)), "{says}: {problems:?}");
    }
    let variants: serde_json::Map<String, Value> = (0..1001).map(|i| (i.to_string(), json!(i))).collect();
    let problems = problems(&json!({ "flags": { "f": { "state": "ENABLED", "variants": variants } } }));
    assert_eq!(problems, ["/flags/f/variants: a flag has at most 1000 variants, and this has 1001"]);
}

#[test]
fn the_deepest_rule_that_is_accepted_is_evaluated_and_explained() {
    let mut rule = json!({ "var": "x" });
    for _ in 0..62 {
        rule = json!({ "!": rule });
    }
    let flag = json!({ "state": "ENABLED", "variants": { "true": 1, "false": 2 }, "targeting": rule });
    let document = json!({ "flags": { "f": flag } }).to_string();
    let (document, problems) = Document::read(document.as_bytes()).unwrap();
    assert_eq!(problems, []);
    let set = document.compile(Bucketing::V2);
    let context = Context::from_value(&json!({ "x": 1 }), 0).unwrap();
    assert_eq!(set.evaluate("f", &context).unwrap().variant, Some("true"));
    let explanation = set.get("f").unwrap().explain(&context);
    assert_eq!(explanation.resolution.unwrap().variant.as_deref(), Some("true"));
}

#[test]
fn a_wrong_flag_answers_parse_error_and_leaves_the_others_alone() {
    let right = json!({ "state": "ENABLED", "variants": { "on": 1 }, "defaultVariant": "on" });
    let wrong = json!({ "state": "ENABLED", "variants": { "on": 1 }, "targeting": { "nonsense": [] } });
    let document = json!({ "flags": { "right": right, "wrong": wrong } }).to_string();
    let set = Document::read(document.as_bytes()).unwrap().0.compile(Bucketing::V2);
    let context = Context::from_value(&json!({}), 0).unwrap();
    assert_eq!(set.evaluate("right", &context).unwrap().variant, Some("on"));
    let failure = set.evaluate("wrong", &context).unwrap_err();
    assert_eq!(failure.to_string(), "PARSE_ERROR: flag 'wrong': /targeting/nonsense: there is no operator 'nonsense'");
    assert_eq!(set.evaluate("none", &context).unwrap_err().code.as_str(), "FLAG_NOT_FOUND");
}

#[test]
fn a_set_can_be_narrowed_to_flag_sets_and_metadata_are_merged() {
    let flag = |set: &str| json!({ "key": "f", "state": "ENABLED", "variants": { set: 1 }, "defaultVariant": set, "metadata": { "flagSetId": set } });
    let document = json!({ "flags": [flag("web"), flag("app")], "metadata": { "version": "7" } }).to_string();
    let set = Document::read(document.as_bytes()).unwrap().0.compile(Bucketing::V2);
    let context = Context::from_value(&json!({}), 0).unwrap();
    let variant = |set: &flagd::Set| set.evaluate("f", &context).unwrap().variant.map(str::to_owned);
    assert_eq!(set.flags().count(), 2);
    assert_eq!(variant(&set.only(&["web".to_owned()])), Some("web".to_owned()));
    assert_eq!(variant(&set.only(&["app".to_owned()])), Some("app".to_owned()));
    assert_eq!(set.only(&["none".to_owned()]).flags().count(), 0);
    let only = set.only(&["web".to_owned()]);
    let found = only.evaluate("f", &context).unwrap();
    assert_eq!(found.metadata_json, r#"{"version":"7","flagSetId":"web"}"#);
    assert_eq!(serde_json::from_str::<Value>(&only.document()).unwrap()["flags"]["f"]["defaultVariant"], "web");
}

#[test]
fn the_time_and_the_key_of_the_flag_can_be_asked_for() {
    let flag = json!({
        "state": "ENABLED", "variants": { "f before": 1, "f after": 2 },
        "targeting": { "cat": [{ "var": "$flagd.flagKey" }, { "if": [{ ">=": [{ "var": "$flagd.timestamp" }, 100] }, " after", " before"] }] },
    });
    let document = json!({ "flags": { "f": flag } }).to_string();
    let set = Document::read(document.as_bytes()).unwrap().0.compile(Bucketing::V2);
    let at = |now| {
        let spoofed = Context::from_value(&json!({ "$flagd": { "timestamp": 5000 } }), now).unwrap();
        set.evaluate("f", &spoofed).unwrap().variant.map(str::to_owned)
    };
    assert!(set.depends_on_time());
    assert_eq!((at(99).as_deref(), at(100).as_deref()), (Some("f before"), Some("f after")));
}

#[test]
fn what_is_no_number_counts_as_nothing() {
    let answer = |targeting: Value, context: Value| {
        let flag = json!({ "state": "ENABLED", "variants": { "on": 1, "off": 2 }, "targeting": targeting });
        let document = json!({ "flags": { "f": flag } }).to_string();
        let set = Document::read(document.as_bytes()).unwrap().0.compile(Bucketing::V2);
        let context = Context::from_value(&context, 0).unwrap();
        set.evaluate("f", &context).unwrap().variant.map(str::to_owned)
    };
    let adult = json!({ "if": [{ ">=": [{ "var": "age" }, 18] }, "on", "off"] });
    assert_eq!(answer(adult.clone(), json!({ "age": "unknown" })).as_deref(), Some("off"));
    assert_eq!(answer(adult, json!({ "age": "21" })).as_deref(), Some("on"));
    let sum = json!({ "if": [{ "==": [{ "+": [{ "var": "age" }, 1] }, 1] }, "on", "off"] });
    assert_eq!(answer(sum, json!({ "age": "unknown" })).as_deref(), Some("on"));
    let no_address = json!({ "if": [{ "==": [{ "var": "email" }, ""] }, "on", "off"] });
    assert_eq!(answer(no_address, json!({})).as_deref(), Some("off"));
}

#[test]
fn a_context_that_is_too_much_is_refused() {
    let refused = |json: &str| Context::parse(json.as_bytes(), 0).unwrap_err().to_string();
    assert!(refused("[1]").ends_with("must be a JSON object"));
    assert!(refused("{").contains("not JSON"));
    assert!(refused(&format!("{{\"a\":{}", "[".repeat(1000))).contains("deeper than 64"));
    assert!(refused(&json!({ "a": vec![0; 10_001] }).to_string()).contains("array of 10001 items"));
    assert!(refused(&json!({ "a": "x".repeat(1 << 20) }).to_string()).contains("text of 1048576 bytes"));
    let context = Context::parse(b" { \"a\" : 1, \"a\": 2 } ", 0).unwrap();
    assert_eq!((context.get("a"), context.get("$flagd"), context.targeting_key()), (Some(json!(1)), None, None));
    assert!(Context::parse(b"", 0).is_ok());
}
