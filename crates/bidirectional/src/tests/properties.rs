use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{exchange, found, with_bodies};
use crate::compare;

/// A schema of what OpenAPI has, with a value that it was written for.
fn schema_and_example() -> impl Strategy<Value = (Value, Value)> {
    let scalar = prop_oneof![
        "[a-z]{1,5}".prop_map(|text| (json!({ "type": "string" }), json!(text))),
        any::<i32>()
            .prop_map(|number| (json!({ "type": "integer", "format": "int32", "minimum": number }), json!(number))),
        any::<bool>().prop_map(|truth| (json!({ "type": "boolean" }), json!(truth))),
        Just((json!({ "type": "string", "nullable": true }), Value::Null)),
        Just((json!({ "enum": ["low", 3, null] }), json!(3))),
        Just((json!({ "type": "string", "format": "date" }), json!("2024-02-29"))),
    ];
    scalar.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::btree_map("[a-e]", inner.clone(), 0..4).prop_map(|fields| {
                let names: Vec<&String> = fields.keys().collect();
                let schemas: Map<String, Value> =
                    fields.iter().map(|(name, (schema, _))| (name.clone(), schema.clone())).collect();
                let values: Map<String, Value> =
                    fields.iter().map(|(name, (_, value))| (name.clone(), value.clone())).collect();
                (json!({ "type": "object", "required": names, "properties": schemas }), Value::Object(values))
            }),
            inner.clone().prop_map(|(schema, value)| (json!({ "type": "array", "items": schema }), json!([value]))),
            inner
                .clone()
                .prop_map(|(schema, value)| (json!({ "anyOf": [{ "type": "array", "minItems": 9 }, schema] }), value)),
            inner.prop_map(|(schema, value)| (json!({ "allOf": [schema] }), value)),
        ]
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "type",
        "object",
        "string",
        "array",
        "properties",
        "items",
        "allOf",
        "oneOf",
        "anyOf",
        "not",
        "$ref",
        "#/components/schemas/A",
        "#/paths",
        "nullable",
        "required",
        "additionalProperties",
        "enum",
        "format",
        "pattern",
        "(",
        "discriminator",
        "propertyName",
        "if",
        "then",
        "else",
        "contains",
        "unevaluatedProperties",
        "date",
        "a",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((words.clone(), inner), 0..5).prop_map(|pairs| pairs
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect::<Map<_, _>>()
                .into()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pact_made_of_the_documents_own_examples_fits((schema, example) in schema_and_example()) {
        let findings = found(&with_bodies(&schema, &schema), &exchange(example.clone(), example));
        prop_assert!(findings.is_empty(), "{:?}", findings);
    }

    #[test]
    fn any_schema_and_any_body_are_compared_without_panic_and_the_same_each_time(schema in any_json(), body in any_json(), part in any_json()) {
        let mut document = with_bodies(&schema, &schema);
        document["components"]["schemas"]["A"] = part;
        let pact = exchange(body.clone(), body);
        prop_assert_eq!(found(&document, &pact), found(&document, &pact));
    }

    #[test]
    fn any_bytes_are_read_or_refused(openapi in any::<Vec<u8>>(), pact in any::<Vec<u8>>()) {
        let _ = compare(&openapi, &pact);
        let _ = compare(with_bodies(&json!({}), &json!({})).to_string().as_bytes(), &pact);
    }

    #[test]
    fn any_request_is_compared(path in "[/a-z{}%#?*:.]{0,12}", url in "\\PC{0,12}", query in "[a-c=&\\[\\].,0-9%]{0,24}", name in "\\PC{0,6}", value in "\\PC{0,6}") {
        let parameters = json!([{ "name": "a", "in": "query", "schema": { "type": "object", "properties": { "b": { "type": "integer" } } } }]);
        let operation = json!({ "get": { "parameters": parameters, "responses": { "200": {} } } });
        let mut document = with_bodies(&json!({}), &json!({}));
        document["paths"] = json!({ format!("/{path}"): operation, "/{a}": operation, "/": operation });
        let mut headers = Map::new();
        headers.insert(name, Value::from(value));
        for path in [format!("/{url}"), "/".to_owned()] {
            let request = json!({ "method": "GET", "path": path, "query": query, "headers": headers });
            found(&document, &super::pact(request, json!({ "status": 200, "headers": headers })));
        }
    }
}
