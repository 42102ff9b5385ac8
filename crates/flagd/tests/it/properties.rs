//! What holds of every rule and every context.

use std::{collections::BTreeMap, sync::Arc};

use flagd::{Bucketing, Context, Document, Evaluators, Flag, words};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

const OPERATORS: [&str; 42] = [
    "var",
    "missing",
    "missing_some",
    "if",
    "==",
    "===",
    "!=",
    "!==",
    ">",
    ">=",
    "<",
    "<=",
    "!",
    "!!",
    "or",
    "and",
    "+",
    "-",
    "*",
    "/",
    "%",
    "min",
    "max",
    "map",
    "filter",
    "reduce",
    "all",
    "none",
    "some",
    "merge",
    "in",
    "cat",
    "substr",
    "starts_with",
    "ends_with",
    "sem_ver",
    "fractional",
    "$ref",
    "fractional_v2",
    "is_in",
    "log",
    "nonsense",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Fractions that a text holds exactly.
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        (-5_i64..200).prop_map(Value::from),
        "[a-z.$ ]{0,8}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![
            "on",
            "off",
            "accumulator",
            "current",
            "",
            "1.2.3",
            "$flagd.timestamp",
            "xs",
            "targetingKey"
        ])
        .prop_map(Value::from),
    ]
}

fn rule() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(6, 80, 5, |inner| {
        let operation = (prop::sample::select(OPERATORS.to_vec()), vec(inner.clone(), 0..5));
        prop_oneof![
            1 => vec(inner.clone(), 0..5).prop_map(Value::from),
            1 => (prop::sample::select(OPERATORS.to_vec()), inner).prop_map(|(name, value)| json!({ name: value })),
            6 => operation.prop_map(|(name, arguments)| json!({ name: arguments })),
        ]
    })
}

fn context() -> impl Strategy<Value = Value> {
    let value = scalar().prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,3}", inner, 0..4).prop_map(|fields| fields.into_iter().collect()),
        ]
    });
    let name = prop_oneof![Just("targetingKey".to_owned()), Just("xs".to_owned()), "[a-z]{0,3}".prop_map(String::from)];
    prop::collection::btree_map(name, value, 0..5).prop_map(|fields| fields.into_iter().collect())
}

fn definition(targeting: &Value) -> Value {
    json!({ "state": "ENABLED", "variants": { "on": 1, "off": 2 }, "defaultVariant": "off", "targeting": targeting })
}

fn shared(rule: &Value) -> Evaluators {
    Evaluators::new(&Map::from_iter([("on".to_owned(), rule.clone())]))
}

proptest! {
    #[test]
    fn nothing_panics_and_an_explanation_agrees_with_the_evaluation(rule in rule(), other in rule(), context in context()) {
        let context = Context::from_value(&context, 1).unwrap();
        let evaluators = shared(&other);
        for bucketing in [Bucketing::V2, Bucketing::V3] {
            let flag = Flag::compile("flag", &definition(&rule), &evaluators, bucketing);
            let found = flag.evaluate(&context).map(|found| found.variant.map(str::to_owned));
            let explained = flag.explain(&context).resolution.map(|answer| answer.variant);
            prop_assert_eq!(found, explained);
        }
        words(&rule, &evaluators);
    }

    #[test]
    fn a_document_of_any_kind_is_read_or_refused(definition in rule(), key in any::<String>(), bytes in vec(any::<u8>(), 0..64)) {
        let document = json!({ "flags": { key.clone(): definition.clone() }, "$evaluators": { "on": definition }, "metadata": {} });
        let (document, _) = Document::read(document.to_string().as_bytes()).unwrap();
        let set = document.compile(Bucketing::V2);
        let _ = set.evaluate(&key, &Context::from_value(&json!({}), 0).unwrap());
        let again = Document::read(set.document().as_bytes()).unwrap().0.compile(Bucketing::V2);
        prop_assert_eq!(set.revision(), again.revision());
        let _ = Document::read(&bytes);
        let _ = Context::parse(&bytes, 0);
    }

    #[test]
    fn a_subject_keeps_its_variant(subject in ".{1,20}", weights in vec(0_u32..1000, 1..6), v3 in any::<bool>()) {
        let bucketing = if v3 { Bucketing::V3 } else { Bucketing::V2 };
        let context = Context::from_value(&json!({ "targetingKey": subject, "noise": 1 }), 1).unwrap();
        let later = Context::from_value(&json!({ "noise": 2, "targetingKey": subject }), 2).unwrap();
        let once = drawing(&weights, bucketing);
        let again = drawing(&weights, bucketing);
        prop_assert_eq!(once.evaluate(&context).unwrap().variant, again.evaluate(&later).unwrap().variant);
    }

    #[test]
    fn a_share_that_grows_loses_nobody(subject in "[a-z0-9]{1,12}", small in 0_u32..100, more in 0_u32..100) {
        let large = (small + more).min(100);
        let context = Context::from_value(&json!({ "targetingKey": subject }), 0).unwrap();
        let before = drawing(&[small, 100 - small], Bucketing::V2);
        let after = drawing(&[large, 100 - large], Bucketing::V2);
        let had = before.evaluate(&context).unwrap().variant == Some("v0");
        let has = after.evaluate(&context).unwrap().variant == Some("v0");
        prop_assert!(has || !had);
    }

    #[test]
    fn a_digest_is_blind_to_order_and_time_but_to_nothing_else(fields in prop::collection::btree_map("[a-z]{1,4}", scalar(), 1..6)) {
        let forwards: Map<String, Value> = fields.clone().into_iter().collect();
        let backwards: Map<String, Value> = fields.into_iter().rev().collect();
        let mut changed = forwards.clone();
        changed.insert("another".to_owned(), json!(1));
        let digest = |fields: Map<String, Value>, now| Context::from_value(&Value::Object(fields), now).unwrap().digest();
        prop_assert_eq!(digest(forwards.clone(), 1), digest(backwards, 2));
        prop_assert_ne!(digest(forwards, 1), digest(changed, 1));
    }
}

/// A flag with variants `v0`, `v1`, … of these weights.
fn drawing(weights: &[u32], bucketing: Bucketing) -> Arc<Flag> {
    let variants: Map<String, Value> = (0..weights.len()).map(|i| (format!("v{i}"), json!(i))).collect();
    let buckets: Vec<Value> = weights.iter().enumerate().map(|(i, weight)| json!([format!("v{i}"), weight])).collect();
    let definition = json!({ "state": "ENABLED", "variants": variants, "targeting": { "fractional": buckets } });
    Arc::new(Flag::compile("drawing", &definition, &Evaluators::default(), bucketing))
}

#[test]
fn users_are_spread_as_the_weights_say() {
    const USERS: usize = 20_000;
    for bucketing in [Bucketing::V2, Bucketing::V3] {
        for weights in [vec![50, 50], vec![1, 99], vec![10, 20, 30, 40], vec![1, 0, 1], vec![i32::MAX as u32 - 1, 1]] {
            let flag = drawing(&weights, bucketing);
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for user in 0..USERS {
                let context = Context::from_value(&json!({ "targetingKey": format!("user-{user}") }), 0).unwrap();
                *counts.entry(flag.evaluate(&context).unwrap().variant.unwrap().to_owned()).or_default() += 1;
            }
            let total: f64 = weights.iter().copied().map(f64::from).sum();
            for (i, weight) in weights.iter().enumerate() {
                let expected = USERS as f64 * f64::from(*weight) / total;
                let got = counts.get(&format!("v{i}")).copied().unwrap_or_default() as f64;
                // Five standard deviations of the binomial distribution.
                let tolerance = 5.0 * (expected * (1.0 - f64::from(*weight) / total)).sqrt();
                assert!((got - expected).abs() <= tolerance, "{bucketing:?} {weights:?}: v{i} {got}, not {expected}");
            }
        }
    }
}
