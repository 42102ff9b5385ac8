//! What strangers send.

use apidiff::{Unreadable, openapi};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn what_is_no_openapi_3_document_is_refused_with_what_it_is() {
    let good = br#"{"openapi": "3.0.0", "paths": {}}"#;
    for bad in ["", "[]", "{", "openapi: 2", "swagger: '2.0'", "a: &a [*a]", "openapi: 3.0.0: x"] {
        let refused = openapi::compare(bad.as_bytes(), good);
        assert!(matches!(refused, Err(Unreadable::Malformed { which: "earlier", .. })), "{bad}: {refused:?}");
        assert!(matches!(openapi::compare(good, bad.as_bytes()), Err(Unreadable::Malformed { which: "later", .. })));
    }
    let large = vec![b' '; 9 << 20];
    assert!(matches!(openapi::compare(&large, good), Err(Unreadable::TooLarge { .. })));
}

#[test]
fn a_schema_that_holds_itself_comes_to_an_end_and_remote_references_are_said() {
    let of = |extra: Value, far: &str| {
        json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {"description": "ok", "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}}}}}}},
            "components": {"schemas": {"Loop": {"$ref": "#/components/schemas/Loop"}, "Tree": {"type": "object", "properties": {
                "left": {"$ref": "#/components/schemas/Tree"}, "right": {"$ref": "#/components/schemas/Tree"},
                "round": {"$ref": "#/components/schemas/Loop"}, "far": {"$ref": far}, "extra": extra}}}}})
        .to_string()
    };
    let before = of(json!({"type": "string"}), "https://elsewhere.example/a.json");
    let after = of(json!({"type": "integer"}), "https://elsewhere.example/b.json");
    let changes = openapi::compare(before.as_bytes(), after.as_bytes()).unwrap();
    let rules: Vec<&str> = changes.iter().map(|change| change.rule.as_str()).collect();
    assert!(
        rules.contains(&"response-property-type-changed") && rules.contains(&"reference-not-compared"),
        "{rules:?}"
    );
    assert_eq!(openapi::compare(before.as_bytes(), before.as_bytes()), Ok(Vec::new()));
}

#[test]
fn many_changes_are_cut_and_counted() {
    let of = |method: &str| {
        let paths: serde_json::Map<String, Value> =
            (0..6_000).map(|i| (format!("/p{i}"), json!({method: {"responses": {}}}))).collect();
        json!({"openapi": "3.0.0", "paths": paths}).to_string()
    };
    let changes = openapi::compare(of("get").as_bytes(), of("put").as_bytes()).unwrap();
    assert_eq!(changes.len(), 5_001);
    assert_eq!(changes.last().unwrap().rule, "more-changes");
}

/// Something like a schema.
fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({"type": "string", "maxLength": 5})),
        Just(json!({"type": ["integer", "null"], "minimum": 1})),
        Just(json!({"$ref": "#/components/schemas/S"})),
        Just(json!({"enum": ["a", 1, null]})),
        Just(json!(true)),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| json!({"type": "object", "required": ["a"], "properties": {"a": a, "b": b}})),
            inner.clone().prop_map(|a| json!({"type": "array", "items": a})),
            (inner.clone(), inner).prop_map(|(a, b)| json!({"oneOf": [a, b]})),
        ]
    })
}

fn of(schema: &Value, other: &Value) -> String {
    json!({"openapi": "3.1.0", "paths": {"/a/{id}": {"post": {
        "parameters": [{"name": "id", "in": "path", "schema": other}],
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"content": {"application/json": {"schema": other}}}}}}},
        "components": {"schemas": {"S": schema}}})
    .to_string()
}

proptest! {
    #[test]
    fn a_document_does_not_differ_from_itself(a in schema(), b in schema()) {
        let document = of(&a, &b);
        prop_assert_eq!(openapi::compare(document.as_bytes(), document.as_bytes()), Ok(Vec::new()));
    }

    #[test]
    fn any_two_documents_are_compared_and_the_same_way_each_time(a in schema(), b in schema(), c in schema()) {
        let (before, after) = (of(&a, &b), of(&b, &c));
        let changes = openapi::compare(before.as_bytes(), after.as_bytes());
        prop_assert!(changes.is_ok());
        prop_assert_eq!(openapi::compare(before.as_bytes(), after.as_bytes()), changes);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,200}") {
        let _ = openapi::compare(&bytes, text.as_bytes());
        let _ = openapi::operations(text.as_bytes());
        let _ = openapi::matches(&text, &text, &text);
    }
}
