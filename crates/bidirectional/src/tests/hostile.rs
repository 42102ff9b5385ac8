use serde_json::{Value, json};

use super::{document, exchange, found, judged, pact, received, with_bodies};
use crate::{FINDINGS_MAX, INTERACTIONS_MAX, Kind, PACT_BYTES_MAX, TEXT_BYTES_MAX, Unreadable, compare};

#[test]
fn references_in_circles_end() {
    let schemas = json!({
        "Tree": { "type": "object", "properties": { "next": { "$ref": "#/components/schemas/Tree" } } },
        "Loop": { "$ref": "#/components/schemas/Pool" },
        "Pool": { "$ref": "#/components/schemas/Loop" },
        "Sum": { "allOf": [{ "$ref": "#/components/schemas/Sum" }, { "properties": { "s": { "$ref": "#/components/schemas/Sum" } } }] },
        "Any": { "anyOf": [{ "$ref": "#/components/schemas/Any" }] },
    });
    for name in ["Tree", "Loop", "Sum", "Any"] {
        let mut document = with_bodies(&json!({}), &json!({ "$ref": format!("#/components/schemas/{name}") }));
        document["components"]["schemas"] = schemas.clone();
        let body = json!({ "next": { "next": { "wrong": 1 } } });
        let findings = found(&document, &exchange(json!({}), body));
        let expected =
            if name == "Tree" { "response.body.incompatible [0].response.body.next.next" } else { " [0].request" };
        assert!(findings.iter().any(|finding| finding.ends_with(expected)), "{name}: {findings:?}");
    }
}

#[test]
fn choices_within_choices_end() {
    let mut schemas = serde_json::Map::new();
    for level in 0..40 {
        let next = json!({ "$ref": format!("#/components/schemas/S{}", level + 1) });
        schemas.insert(format!("S{level}"), json!({ "anyOf": [next, next], "allOf": [next, next] }));
    }
    schemas.insert("S40".to_owned(), json!({ "type": "string" }));
    let mut document = with_bodies(&json!({}), &json!({ "$ref": "#/components/schemas/S0" }));
    document["components"]["schemas"] = Value::Object(schemas);
    let judgement = judged(&document, &exchange(json!({}), json!(1)));
    assert!(judgement.findings.iter().any(|finding| finding.code == "comparison.incomplete"), "{judgement:?}");
    assert!(!judgement.fits());
}

#[test]
fn what_could_not_be_compared_in_full_does_not_fit_for_want_of_errors() {
    let mut document = with_bodies(&json!({ "$ref": "#/components/schemas/A" }), &json!({}));
    document["components"]["schemas"]["A"] =
        json!({ "anyOf": [{ "properties": { "a": { "$ref": "#/components/schemas/A" } } }] });
    let mut value = json!("x");
    for _ in 0..45 {
        value = json!({ "a": value });
    }
    let judgement = judged(&document, &exchange(value, Value::Null));
    assert!(judgement.findings.iter().all(|finding| finding.kind == Kind::Warning), "{judgement:?}");
    assert!(!judgement.complete && !judgement.fits());
}

#[test]
fn a_limit_invents_no_error() {
    let deep = json!({ "$ref": "#/components/schemas/Deep" });
    let schemas = json!({ "Deep": { "type": "object", "properties": { "a": deep } } });
    let mut value = json!({});
    for _ in 0..45 {
        value = json!({ "a": value });
    }
    let cases = [
        (json!({ "oneOf": [deep, { "required": ["b"] }] }), value.clone()),
        (json!({ "contains": deep, "maxContains": 1 }), json!([value, 1])),
        (
            json!({ "anyOf": [{ "properties": { "a": deep } }, { "properties": { "z": {} } }], "unevaluatedProperties": false }),
            json!({ "a": value["a"], "z": 1 }),
        ),
        (
            json!({ "not": { "items": deep }, "anyOf": [{ "items": [{}, {}] }], "unevaluatedItems": false }),
            json!([value, 1]),
        ),
    ];
    for (schema, value) in cases {
        let mut document = with_bodies(&schema, &json!({}));
        document["components"]["schemas"] = schemas.clone();
        let judgement = judged(&document, &exchange(value, Value::Null));
        assert!(judgement.findings.iter().all(|finding| finding.kind == Kind::Warning), "{schema}: {judgement:?}");
        assert!(!judgement.complete, "{schema}");
    }
}

#[test]
fn deep_schemas_and_deep_values_end() {
    let mut schema = json!({ "type": "string" });
    let mut value = json!(1);
    for _ in 0..45 {
        schema = json!({ "type": "object", "properties": { "a": schema } });
        value = json!({ "a": value });
    }
    let findings = received(&schema, value.clone());
    assert!(findings.iter().any(|finding| finding.starts_with("response.body.incompatible")), "{findings:?}");
    let mut recursive = with_bodies(&json!({}), &json!({ "$ref": "#/components/schemas/A" }));
    let branch = json!({ "oneOf": [{ "$ref": "#/components/schemas/A" }] });
    recursive["components"]["schemas"]["A"] = json!({ "allOf": [{ "anyOf": [{ "properties": { "a": branch } }] }] });
    for _ in 0..60 {
        value = json!({ "a": value });
    }
    let findings = found(&recursive, &exchange(json!({}), value));
    assert!(findings.iter().any(|finding| finding.starts_with("comparison.incomplete")), "{findings:?}");
}

#[test]
fn more_findings_than_are_listed_are_said() {
    let interaction = json!({ "request": { "method": "GET", "path": "/nowhere" }, "response": { "status": 200 } });
    let all = vec![interaction; FINDINGS_MAX + 5];
    let findings = found(&document(&json!({}), &json!({})), &json!({ "interactions": all }));
    assert_eq!(findings.len(), FINDINGS_MAX);
    assert!(findings.last().is_some_and(|last| last.starts_with("comparison.incomplete")));
}

#[test]
fn an_error_is_listed_after_however_many_warnings() {
    let headers: serde_json::Map<String, Value> =
        (0..FINDINGS_MAX + 5).map(|at| (format!("x-{at}"), json!("y"))).collect();
    let document = document(&json!({ "/lamps": { "get": { "responses": { "200": {} } } } }), &json!({}));
    let request = json!({ "method": "GET", "path": "/lamps", "headers": headers });
    let mut pact = pact(request, json!({ "status": 200 }));
    let unknown = json!({ "request": { "method": "GET", "path": "/nowhere" }, "response": { "status": 200 } });
    pact["interactions"].as_array_mut().expect("a list").push(unknown);
    let findings = found(&document, &pact);
    assert!(findings.contains(&"request.path-or-method.unknown [1].request.path".to_owned()), "{findings:?}");
    assert!(findings.len() <= FINDINGS_MAX);
    assert!(findings.last().is_some_and(|last| last.starts_with("comparison.incomplete")));
}

#[test]
fn texts_of_findings_are_short_however_long_names_are() {
    let long = "ä".repeat(100_000);
    let schema = json!({ "type": "object", "properties": { &long: { "type": "integer" } } });
    let mut pact = exchange(json!({ &long: "x" }), Value::Null);
    pact["interactions"][0]["description"] = json!(long);
    pact["interactions"]
        .as_array_mut()
        .expect("a list")
        .push(json!({ "request": { "method": &long, "path": &long }, "response": { "status": 200 } }));
    let judgement = judged(&with_bodies(&schema, &json!({})), &pact);
    assert!(judgement.findings.len() >= 2, "{}", judgement.findings.len());
    for finding in &judgement.findings {
        let texts = [&finding.message, &finding.mock, &finding.spec];
        let all = texts.into_iter().chain(&finding.interaction).chain(&finding.operation);
        all.for_each(|text| assert!(text.len() <= TEXT_BYTES_MAX, "{}", text.len()));
    }
}

#[test]
fn a_long_name_above_many_schemas_is_not_copied_for_each() {
    // Copies would be 3 GB.
    let long = "a".repeat(300_000);
    let many: serde_json::Map<String, Value> =
        (0..10_000).map(|at| (format!("p{at}"), json!({ "type": "string" }))).collect();
    let schema = json!({ "type": "object", "properties": { &long: { "type": "object", "required": ["p0"], "properties": many } } });
    assert_eq!(received(&schema, json!({ &long: { "p1": "x" } })), super::NONE);
    assert_eq!(received(&schema, json!({ &long: { "other": 1 } })).len(), 1);
}

#[test]
fn chains_of_references_are_followed_for_32_steps() {
    let with = |length: usize| {
        let mut document = document(&json!({}), &json!({}));
        for hop in 0..length {
            document["components"]["parameters"][format!("P{hop}")] =
                json!({ "$ref": format!("#/components/parameters/P{}", hop + 1) });
        }
        document["components"]["parameters"][format!("P{length}")] =
            json!({ "in": "query", "name": "q", "required": true, "schema": { "type": "string" } });
        let parameters = json!([{ "$ref": "#/components/parameters/P0" }]);
        document["paths"]["/lamps"]["get"] = json!({ "parameters": parameters, "responses": { "200": {} } });
        found(&document, &pact(json!({ "method": "GET", "path": "/lamps" }), json!({ "status": 200 })))
    };
    assert_eq!(with(31), ["request.query.incompatible [0].request.query.q"]);
    assert_eq!(with(32), ["spec.reference.unresolved [0].request"]);
    assert_eq!(with(3_000), ["spec.reference.unresolved [0].request"]);
}

#[test]
fn paths_that_share_too_much_are_refused() {
    let refused = |paths: usize, item: Value| {
        let mut document = document(&json!({}), &json!({}));
        document["x-item"] = item;
        document["paths"] = (0..paths).map(|at| (format!("/p{at}"), json!({ "$ref": "#/x-item" }))).collect();
        matches!(compare(document.to_string().as_bytes(), b"{}"), Err(Unreadable::Openapi(_)))
    };
    let parameters: Vec<Value> = (0..2_000).map(|at| json!({ "in": "query", "name": format!("q{at}") })).collect();
    assert!(!refused(50, json!({ "get": {}, "parameters": parameters })));
    assert!(refused(2_000, json!({ "get": {}, "parameters": parameters })));
    assert!(refused(30_000, json!({ "get": {}, "put": {}, "post": {}, "patch": {} })));
}

#[test]
fn long_paths_against_many_patterns_end() {
    let letters = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let paths: serde_json::Map<String, Value> = (0..200)
        .map(|at| {
            let after = letters.map(|letter| format!("{{{letter}}}{letter}{at}")).concat();
            (format!("/{after}"), json!({ "get": { "responses": { "200": {} } } }))
        })
        .collect();
    let request = json!({ "method": "GET", "path": format!("/{}", "a".repeat(60_000)) });
    let judgement = judged(&document(&Value::Object(paths), &json!({})), &pact(request, json!({ "status": 200 })));
    assert_eq!(judgement.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["comparison.incomplete"]);
    assert!(!judgement.fits());
}

#[test]
fn many_names_against_many_patterns_end() {
    let patterns: serde_json::Map<String, Value> =
        (0..1_000).map(|at| (format!("^x{at}$"), json!({ "type": "string" }))).collect();
    let body = |count: usize| (0..count).map(|at| (format!("n{at}"), json!(1))).collect::<Value>();
    let judge = |schema: Value, body: Value| judged(&with_bodies(&schema, &json!({})), &exchange(body, Value::Null));
    for schema in [
        json!({ "patternProperties": patterns }),
        json!({ "patternProperties": patterns, "additionalProperties": false }),
    ] {
        assert!(judge(schema.clone(), body(10)).complete);
        let cut = judge(schema, body(5_000));
        assert!(!cut.complete && !cut.fits(), "{} findings", cut.findings.len());
    }
}

#[test]
fn patterns_that_compile_to_much_end() {
    let properties: serde_json::Map<String, Value> =
        (0..100).map(|at| (format!("p{at}"), json!({ "pattern": format!("^[a-z]{{{}}}$", 3_000 + at) }))).collect();
    let body: Value = properties.keys().map(|name| (name.clone(), json!("x"))).collect();
    let cut = judged(&with_bodies(&json!({ "properties": properties }), &json!({})), &exchange(body, Value::Null));
    assert!(!cut.complete && !cut.fits(), "{} findings", cut.findings.len());
}

#[test]
fn texts_that_should_be_patterns_are_not_compiled_at_any_length() {
    let schema = json!({ "items": { "type": "string", "format": "regex" } });
    let judge = |text: &str, count: usize| {
        judged(&with_bodies(&schema, &json!({})), &exchange(json!(vec![text; count]), Value::Null))
    };
    assert!(judge("(a{100}){100}", 1).fits());
    assert!(!judge("(a{100}){100", 1).fits());
    assert!(!judge(&"a".repeat(20_000), 1).complete);
    assert!(!judge("(\\w{100}){100}", 1_000).complete);
}

#[test]
fn many_media_types_against_many_and_many_declarations_end() {
    let types: serde_json::Map<String, Value> = (0..2_000).map(|at| (format!("a/t{at}"), json!({}))).collect();
    let fields: serde_json::Map<String, Value> = (0..2_000).map(|at| (format!("X-{at}"), json!({}))).collect();
    let parameters: Vec<Value> = (0..2_000).map(|at| json!({ "in": "query", "name": format!("q{at}") })).collect();
    let cut = |operation: Value, accept: &str, count: usize| {
        let document = document(&json!({ "/lamps": { "get": operation } }), &json!({}));
        let request = json!({ "method": "GET", "path": "/lamps", "headers": { "Accept": accept } });
        let mut pact = pact(request, json!({ "status": 200 }));
        pact["interactions"] = json!(vec![pact["interactions"][0].clone(); count]);
        let judgement = judged(&document, &pact);
        !judgement.complete && !judgement.fits()
    };
    let accept = "b/c,".repeat(1_000);
    assert!(cut(json!({ "responses": { "200": { "content": types } } }), &accept, 1));
    assert!(cut(json!({ "responses": { "200": { "headers": fields } } }), "*/*", 500));
    assert!(cut(json!({ "parameters": parameters, "responses": { "200": {} } }), "*/*", 500));
    assert!(!cut(json!({ "parameters": parameters, "responses": { "200": {} } }), "*/*", 5));
}

#[test]
fn a_query_or_a_form_that_is_too_long_is_not_said_to_fit() {
    let url = "application/x-www-form-urlencoded";
    let operation = json!({
        "parameters": [{ "in": "query", "name": "q", "schema": {} }, { "in": "header", "name": "X-H", "schema": {} }],
        "requestBody": { "content": { url: { "schema": {} } } },
        "responses": { "200": {} },
    });
    let document = document(&json!({ "/lamps": { "post": operation } }), &json!({}));
    let with = |query: &str, field: &str, form: &str| {
        let headers = json!({ "Content-Type": url, "X-H": field });
        let request = json!({ "method": "POST", "path": "/lamps", "query": query, "headers": headers, "body": form });
        judged(&document, &pact(request, json!({ "status": 200 })))
    };
    let long = format!("q={}", "1,".repeat(40_000));
    assert!(with("q=1", "a=1", "q=1").fits());
    for cut in [with(&long, "a=1", "q=1"), with("q=1", &long, "q=1"), with("q=1", "a=1", &long)] {
        assert!(!cut.complete && !cut.fits(), "{cut:?}");
        assert_eq!(cut.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["comparison.incomplete"]);
    }
}

#[test]
fn a_path_of_the_document_that_is_too_long_leads_nowhere() {
    let path = format!("/{{{}}}", "a".repeat(20_000));
    let document = document(&json!({ path: { "get": { "responses": { "200": {} } } } }), &json!({}));
    let pact = pact(json!({ "method": "GET", "path": "/x" }), json!({ "status": 200 }));
    assert_eq!(found(&document, &pact), ["request.path-or-method.unknown [0].request.path"]);
}

#[test]
fn what_is_too_large_is_refused() {
    let openapi = document(&json!({}), &json!({})).to_string();
    let all = vec![json!({}); INTERACTIONS_MAX + 1];
    let many = json!({ "interactions": all }).to_string();
    assert_eq!(compare(openapi.as_bytes(), many.as_bytes()), Err(Unreadable::TooManyInteractions));
    assert_eq!(compare(openapi.as_bytes(), &vec![b' '; PACT_BYTES_MAX + 1]), Err(Unreadable::PactTooLarge));
    assert_eq!(compare(&vec![b' '; crate::OPENAPI_BYTES_MAX + 1], b"{}"), Err(Unreadable::OpenapiTooLarge));
}

#[test]
fn odd_shapes_are_taken_as_they_come() {
    let odd = [json!(null), json!(1), json!("x"), json!([]), json!([null]), json!({ "a": null }), json!(true)];
    let keys = [
        "/paths",
        "/paths/~1lamps",
        "/paths/~1lamps/post",
        "/paths/~1lamps/post/responses",
        "/paths/~1lamps/post/requestBody",
        "/paths/~1lamps/post/requestBody/content/application~1json/schema",
        "/components",
        "/info",
        "/paths/~1lamps/post/responses/200",
        "/paths/~1lamps/post/responses/200/content/application~1json/schema/properties",
        "/components/securitySchemes/key",
    ];
    for key in keys {
        for value in &odd {
            let mut document = with_bodies(&json!({}), &json!({ "properties": {} }));
            if let Some(place) = document.pointer_mut(key) {
                *place = value.clone();
            }
            found(&document, &exchange(json!({ "a": 1 }), json!({ "a": 1 })));
        }
    }
    let request =
        json!({ "method": "", "path": "", "query": "&&=&[&]=&a[[[=1&%=%&a[99]=1&a=2&a[b]=3", "headers": { "": "" } });
    found(&with_bodies(&json!({}), &json!({})), &pact(request, json!({ "status": -1.5 })));
}
