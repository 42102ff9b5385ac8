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

#[test]
fn what_was_moved_behind_a_reference_is_compared_with_what_it_was_up_to_a_size() {
    let moved = |schema: &Value| {
        let of = |inline: bool| {
            let (one, two) = (json!({"type": "integer"}), json!({"$ref": "#/components/schemas/Two"}));
            let choice = json!({"oneOf": [one, if inline { schema } else { &two }]});
            let body = json!({"content": {"application/json": {"schema": choice}}});
            json!({"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": body, "responses": {}}}},
                "components": {"schemas": {"Two": schema}}})
            .to_string()
        };
        let changes = openapi::compare(of(true).as_bytes(), of(false).as_bytes()).unwrap();
        changes.into_iter().map(|change| change.rule).collect::<Vec<_>>()
    };
    let mut deep = json!({"type": "string"});
    for _ in 0..20 {
        deep = json!({"type": "object", "properties": {"a": deep}});
    }
    assert_eq!(moved(&deep), Vec::<String>::new());
    let of_values = |count: usize| json!({"enum": (0..count).map(|at| format!("v{at}")).collect::<Vec<_>>()});
    assert_eq!(moved(&of_values(9_000)), Vec::<String>::new());
    assert_eq!(moved(&of_values(11_000)), ["request-body-one-of-added", "request-body-one-of-removed"]);
    let list = json!({"default": 1, "x-list": (0..30_000).collect::<Vec<_>>()});
    assert_eq!(moved(&list), ["request-body-one-of-added", "request-body-one-of-removed"]);
}

#[test]
fn texts_and_places_are_short_however_long_names_and_values_are() {
    let long = "ä".repeat(50_000);
    let of = |pattern: &str, value: &str| {
        let property = json!({"type": "string", "pattern": pattern, "enum": [value], "const": value, "default": value});
        let within =
            json!({"type": "object", "properties": {&long: {"type": "object", "properties": {&long: property}}}});
        let body = json!({"content": {"application/json": {"schema": within}}});
        let path = format!("/{long}");
        json!({"openapi": "3.1.0", "paths": {path: {"post": {"requestBody": body, "responses": {}}}}}).to_string()
    };
    let (before, after) = (of(&long, &long), of(&format!("{long}+"), &format!("{long}!")));
    let changes = openapi::compare(before.as_bytes(), after.as_bytes()).unwrap();
    assert!(changes.len() >= 5, "{}", changes.len());
    for change in &changes {
        for text in [&change.place, &change.text].into_iter().chain(&change.operation) {
            assert!(text.len() <= 2_000, "{}: {}", change.rule, text.len());
        }
    }
}

/// Schemas of which each holds the next one twice, so that there are more ways through them than anybody can walk.
fn doubling(depth: usize, leaf: &Value) -> String {
    let name = |at: usize| json!({"$ref": format!("#/components/schemas/S{at}")});
    let mut schemas: serde_json::Map<String, Value> = (0..depth)
        .map(|at| (format!("S{at}"), json!({"properties": {"a": name(at + 1), "b": name(at + 1), "round": name(0)}})))
        .collect();
    schemas.insert(format!("S{depth}"), leaf.clone());
    json!({"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {"content": {
        "application/json": {"schema": name(0)}}}}}}}, "components": {"schemas": schemas}})
    .to_string()
}

#[test]
fn more_ways_through_schemas_than_can_be_walked_come_to_an_end() {
    let (text, number) = (json!({"type": "string"}), json!({"type": "integer"}));
    let compare = |depth: usize, later: &Value| {
        let (earlier, later) = (doubling(depth, &text), doubling(depth, later));
        openapi::compare(earlier.as_bytes(), later.as_bytes()).unwrap()
    };
    let changes = compare(60, &number);
    assert!(changes.iter().all(|change| change.rule == "response-property-type-changed"), "{changes:?}");
    assert!((1..=8).contains(&changes.len()), "{}", changes.len());
    // However deep references lead, the end is reached.
    let changes = compare(2_000, &number);
    assert_eq!(
        changes.iter().map(|change| change.rule.as_str()).collect::<Vec<_>>(),
        ["response-property-type-changed"]
    );
}

#[test]
fn lists_of_many_are_compared_in_the_end() {
    let of = |from: usize| {
        let values: Vec<String> = (from..from + 40_000).map(|at| format!("v{at}")).collect();
        let alternatives: Vec<Value> = (from..from + 20_000).map(|at| json!({"title": format!("t{at}")})).collect();
        let parameters: Vec<Value> =
            (from..from + 20_000).map(|at| json!({"name": format!("p{at}"), "in": "query"})).collect();
        let content: serde_json::Map<String, Value> =
            (from..from + 20_000).map(|at| (format!("a/t{at}"), json!({}))).collect();
        let headers: serde_json::Map<String, Value> =
            (from..from + 20_000).map(|at| (format!("h{at}"), json!({}))).collect();
        json!({"openapi": "3.1.0", "paths": {"/a": {"post": {"parameters": parameters,
            "requestBody": {"content": {"application/json": {"schema": {"enum": values, "oneOf": alternatives}}}},
            "responses": {"200": {"content": content, "headers": headers}}}}}})
        .to_string()
    };
    let changes = openapi::compare(of(0).as_bytes(), of(10_000).as_bytes()).unwrap();
    assert_eq!(changes.len(), 5_001);
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

/// Any JSON, with the words of the specification where they may do harm.
fn json_value() -> impl Strategy<Value = Value> {
    let words = [
        "$ref",
        "schema",
        "content",
        "headers",
        "name",
        "in",
        "oneOf",
        "type",
        "properties",
        "required",
        "200",
        "items",
    ];
    let texts = ["#/components/a", "#/components", "#", "query", "path", "object", "a/b", "https://elsewhere.example"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(words.to_vec()), inner), 0..4).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
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
        // Nor from itself with another title, where nothing can be skipped.
        let titled = document.replacen('{', r#"{"info": {"title": "other"}, "#, 1);
        prop_assert_eq!(openapi::compare(document.as_bytes(), titled.as_bytes()), Ok(Vec::new()));
    }

    #[test]
    fn any_json_under_an_operation_is_compared(a in json_value(), b in json_value()) {
        let of = |value: &Value| {
            json!({"openapi": "3.1.0", "security": value, "components": value, "webhooks": {"w": value}, "paths": {"/a": {
                "parameters": value, "get": value, "post": {"parameters": [value], "requestBody": value, "responses": value,
                "security": value, "tags": value}}}}).to_string()
        };
        prop_assert!(openapi::compare(of(&a).as_bytes(), of(&b).as_bytes()).is_ok());
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
        let _ = openapi::compare(text.as_bytes(), &bytes);
        let _ = openapi::matches(&text, &text, &text);
    }
}
