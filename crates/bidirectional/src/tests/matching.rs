use serde_json::{Value, json};

use super::{NONE, document, exchange, found, get, judged, pact, received, sent, with_bodies};
use crate::{Kind, Unreadable, compare};

#[test]
fn a_request_needs_what_the_document_requires() {
    let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } });
    assert_eq!(sent(&schema, json!({ "id": 1, "more": true })), NONE);
    assert_eq!(sent(&schema, json!({})), ["request.body.incompatible [0].request.body"]);
    assert_eq!(sent(&schema, json!({ "id": "1" })), ["request.body.incompatible [0].request.body.id"]);
}

#[test]
fn a_response_names_what_its_consumer_uses_and_nothing_that_was_never_promised() {
    let schema = json!({ "type": "object", "required": ["id"], "properties": { "id": { "type": "integer" } } });
    assert_eq!(received(&schema, json!({})), NONE);
    assert_eq!(received(&schema, json!({ "id": 1, "more": true })), ["response.body.incompatible [0].response.body"]);
    let open = json!({ "type": "object", "additionalProperties": { "type": "string" } });
    assert_eq!(received(&open, json!({ "more": "x" })), NONE);
}

#[test]
fn the_parts_of_all_of_are_one_object() {
    let part = |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } } });
    let schema = json!({ "allOf": [part("a"), part("b")] });
    assert_eq!(received(&schema, json!({ "a": "x", "b": "y" })), NONE);
    assert_eq!(received(&schema, json!({ "a": "x", "c": "y" })), ["response.body.incompatible [0].response.body"]);
}

#[test]
fn each_failing_branch_of_a_choice_is_told_and_the_choice_itself() {
    let schema = json!({ "oneOf": [{ "type": "string" }, { "type": "integer" }] });
    assert_eq!(sent(&schema, json!("x")), NONE);
    assert_eq!(sent(&schema, json!(true)).len(), 3);
    assert_eq!(sent(&json!({ "anyOf": [{ "type": "string" }, {}] }), json!(true)), NONE);
}

#[test]
fn a_discriminator_chooses_the_branch_that_counts() {
    let pet = |name: &str| json!({ "type": "object", "properties": { "kind": { "enum": [name] }, name: { "type": "string" } } });
    let schema = json!({ "oneOf": [pet("cat"), pet("dog")], "discriminator": { "propertyName": "kind" } });
    assert_eq!(received(&schema, json!({ "kind": "dog", "dog": "x" })), NONE);
    assert_eq!(
        received(&schema, json!({ "kind": "dog", "dog": 1 })),
        ["response.body.incompatible [0].response.body.dog"]
    );
    assert_eq!(received(&schema, json!({ "kind": "cow" })), ["response.body.incompatible [0].response.body"]);
}

#[test]
fn null_is_only_for_what_is_nullable() {
    assert_eq!(sent(&json!({ "type": "string", "nullable": true }), Value::Null), NONE);
    assert_eq!(sent(&json!({ "type": ["string", "null"] }), Value::Null), NONE);
    assert_eq!(sent(&json!({ "type": "string" }), Value::Null), ["request.body.incompatible [0].request.body"]);
}

#[test]
fn bounds_of_numbers_and_texts_hold() {
    let exclusive = json!({ "type": "number", "minimum": 2, "exclusiveMinimum": true });
    let cases = [
        (json!({ "type": "integer", "maximum": 3 }), json!(3), json!(4)),
        (exclusive, json!(2.1), json!(2)),
        (json!({ "exclusiveMaximum": 3 }), json!(2), json!(3)),
        (json!({ "multipleOf": 0.5 }), json!(1.5), json!(1.2)),
        (json!({ "minLength": 2, "maxLength": 2 }), json!("🌊🌊"), json!("🌊")),
        (json!({ "pattern": "^\\d+$" }), json!("12"), json!("1x")),
        (json!({ "enum": [1, "a"] }), json!(1.0), json!("b")),
        (json!({ "type": "array", "uniqueItems": true }), json!([1, 2]), json!([1, 1.0])),
        (json!({ "type": "array", "maxItems": 1 }), json!([1]), json!([1, 2])),
        (json!({ "type": "object", "minProperties": 1 }), json!({ "a": 1 }), json!({})),
        (json!({ "not": { "type": "string" } }), json!(1), json!("x")),
        (json!({ "contains": { "type": "string" } }), json!([1, "x"]), json!([])),
    ];
    for (schema, fits, breaks) in cases {
        assert_eq!(sent(&schema, fits), NONE, "{schema}");
        assert!(!sent(&schema, breaks.clone()).is_empty(), "{schema} with {breaks}");
    }
}

#[test]
fn formats_are_checked() {
    let cases = [
        ("date", "2024-02-29", "2023-02-29"),
        ("date-time", "2024-02-29T10:00:00Z", "2024-02-29T10:00:00"),
        ("time", "23:59:60Z", "23:58:60Z"),
        ("duration", "P1DT2H", "P1H"),
        ("uuid", "8a6e0804-2bd0-4672-b79d-d97027f9071a", "8a6e0804"),
        ("email", "iris@lighthouse.example", "iris@localhost"),
        ("hostname", "quay.example", "-quay"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "::1", ":::1"),
        ("uri", "https://quay.example/a?b#c", "quay"),
        ("uri-reference", "../a", "a b"),
        ("uri-template", "/a/{b}", "/a/{b"),
        ("url", "https://quay.example", "http://10.0.0.1"),
        ("json-pointer", "/a~1b", "/a~2"),
        ("relative-json-pointer", "1/a", "/a"),
        ("byte", "aGk=", "aGk"),
        ("regex", "(?=a)", "("),
    ];
    for (format, fits, breaks) in cases {
        let schema = json!({ "type": "string", "format": format });
        assert_eq!(sent(&schema, json!(fits)), NONE, "{format}: {fits}");
        assert_eq!(sent(&schema, json!(breaks)).len(), 1, "{format}: {breaks}");
    }
}

#[test]
fn a_pattern_that_cannot_be_applied_says_nothing() {
    assert_eq!(sent(&json!({ "pattern": "^(?!a)" }), json!("abc")), NONE);
}

#[test]
fn a_path_has_to_be_known_and_its_parameters_have_to_suit() {
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } });
    let operation = json!({ "parameters": [id] });
    assert_eq!(get(operation.clone(), "/lamps/7", "", json!({})), NONE);
    let unknown = ["request.path-or-method.unknown [0].request.path"];
    assert_eq!(get(operation.clone(), "/lamps/seven", "", json!({})), unknown);
    assert_eq!(get(operation.clone(), "/lamps", "", json!({})), unknown);
    assert_eq!(get(operation, "/lamps/7/more", "", json!({})), unknown);
}

#[test]
fn the_path_with_more_of_its_own_text_is_taken() {
    let answers = |status: &str| json!({ "get": { "responses": { status: { "description": "" } } } });
    let paths = json!({
        "/lamps/{id}": answers("201"), "/lamps/lit": answers("202"), "/lamps/{id}.json": answers("203"),
        "/lamps/{id}/{part}": answers("204"), "/all/*": answers("205"), "/v{a}.{b}": answers("206"),
    });
    let document = document(&paths, &json!({}));
    let leads = [
        ("/lamps/7", 201),
        ("/lamps/lit", 202),
        ("/lamps/7.json", 203),
        ("/lamps/lit/x", 204),
        ("/all/the/rest", 205),
        ("/v1.2", 206),
    ];
    for (path, status) in leads {
        let pact = pact(json!({ "method": "get", "path": path }), json!({ "status": status }));
        assert_eq!(found(&document, &pact), NONE, "{path}");
    }
}

#[test]
fn queries_are_read_as_lists_and_maps_and_coerced() {
    let parameter = |schema: Value| json!({ "parameters": [{ "name": "q", "in": "query", "schema": schema }] });
    let query = |schema: Value, query: &str| get(parameter(schema), "/lamps/7", query, json!({}));
    let numbers = json!({ "type": "array", "items": { "type": "integer" } });
    for fits in ["q=1,2", "q=1&q=2", "q[]=1", "q[0]=1&q[1]=2", "q=1"] {
        assert_eq!(query(numbers.clone(), fits), NONE, "{fits}");
    }
    assert_eq!(query(numbers, "q=1,x"), ["request.query.incompatible [0].request.query.q.1"]);
    let map = json!({ "type": "object", "properties": { "a": { "type": "boolean" } } });
    assert_eq!(query(map.clone(), "q[a]=true"), NONE);
    assert_eq!(query(map, "q.a=1x"), ["request.query.incompatible [0].request.query.q.a"]);
    assert_eq!(query(json!({ "type": "string" }), "q=a,b"), NONE);
    assert_eq!(query(json!({}), "q=1&more=2"), ["request.query.unknown [0].request.query.more"]);
}

#[test]
fn required_parameters_are_missed() {
    let parameter = |place: &str| json!({ "parameters": [{ "name": "q", "in": place, "required": true, "schema": { "type": "string" } }] });
    assert_eq!(get(parameter("query"), "/lamps/7", "", json!({})), ["request.query.incompatible [0].request.query.q"]);
    assert_eq!(
        get(parameter("header"), "/lamps/7", "", json!({})),
        ["request.header.incompatible [0].request.headers.q"]
    );
    assert_eq!(get(parameter("header"), "/lamps/7", "", json!({ "Q": "x" })), NONE);
}

#[test]
fn one_way_of_proving_who_asks_is_enough() {
    let secured = |security: Value| json!({ "security": security });
    let either = json!([{ "key": [] }, { "bearer": [] }]);
    assert_eq!(get(secured(either.clone()), "/lamps/7", "", json!({ "x-key": "k" })), NONE);
    assert_eq!(get(secured(either.clone()), "/lamps/7", "", json!({ "Authorization": "Bearer x" })), NONE);
    let missing = "request.authorization.missing [0].request.headers";
    assert_eq!(get(secured(either), "/lamps/7", "", json!({ "Authorization": "Basic x" })), [missing, missing]);
    assert_eq!(get(secured(json!([{ "key": [] }, {}])), "/lamps/7", "", json!({})), NONE);
}

#[test]
fn media_types_are_negotiated() {
    let document = with_bodies(&json!({}), &json!({}));
    let with = |headers: Value, response: Value| {
        let request = json!({ "method": "POST", "path": "/lamps", "headers": headers, "body": { "a": 1 } });
        found(&document, &pact(request, json!({ "status": 200, "headers": response })))
    };
    let json = || json!({ "Content-Type": "application/problem+json; charset=utf-8" });
    assert_eq!(with(json(), json()), NONE);
    assert_eq!(with(json!({}), json!({})), ["request.content-type.missing [0].request.headers.content-type"]);
    let text = json!({ "Content-Type": "text/plain" });
    assert_eq!(with(text.clone(), json!({})), ["request.content-type.incompatible [0].request.headers.content-type"]);
    assert_eq!(with(json(), text), ["response.content-type.incompatible [0].response.headers.content-type"]);
    let asking = json!({ "Content-Type": "application/json", "Accept": "text/html" });
    assert_eq!(with(asking, json!({})), ["request.accept.incompatible [0].request.headers.accept"]);
}

#[test]
fn statuses_and_response_headers_are_compared() {
    let responses = json!({ "2XX": { "headers": { "X-Total": { "schema": { "type": "integer" } } } }, "default": {} });
    let document = document(&json!({ "/lamps": { "get": { "responses": responses } } }), &json!({}));
    let with = |response: Value| found(&document, &pact(json!({ "method": "GET", "path": "/lamps" }), response));
    assert_eq!(with(json!({ "status": 204, "headers": { "x-total": "3" } })), NONE);
    assert_eq!(with(json!({ "status": 404 })), ["response.status.default [0].response.status"]);
    let odd = with(json!({ "status": 200, "headers": { "X-Total": "many", "ETag": "x", "X-Odd": "y" } }));
    assert_eq!(
        odd,
        [
            "response.header.incompatible [0].response.headers.X-Total",
            "response.header.undefined [0].response.headers.etag",
            "response.header.unknown [0].response.headers.x-odd",
        ]
    );
}

#[test]
fn the_request_of_a_refusal_is_not_compared() {
    let mut pact = exchange(json!("wrong"), Value::Null);
    pact["interactions"][0]["response"]["status"] = json!(400);
    assert_eq!(
        found(&with_bodies(&json!({ "type": "object" }), &json!({})), &pact),
        ["response.status.unknown [0].response.status"]
    );
}

#[test]
fn bodies_of_version_four_lie_in_an_envelope_and_messages_are_counted() {
    let document = with_bodies(&json!({ "type": "object", "required": ["id"] }), &json!({}));
    let mut pact = exchange(json!({ "content": { "id": 1 }, "encoded": false }), Value::Null);
    pact["metadata"] = json!({ "pactSpecification": { "version": "4.0" } });
    pact["interactions"][0]["type"] = json!("Synchronous/HTTP");
    assert_eq!(found(&document, &pact), NONE);
    pact["interactions"][0]["request"]["body"] = json!({ "content": "e30=", "encoded": "base64" });
    assert_eq!(found(&document, &pact), ["request.body.incompatible [0].request.body"]);
    pact["interactions"].as_array_mut().expect("a list").insert(0, json!({ "type": "Asynchronous/Messages" }));
    assert_eq!(found(&document, &pact), ["message.skipped [root]", "request.body.incompatible [1].request.body"]);
}

#[test]
fn slashes_are_passed_over_where_the_document_says_so() {
    let with = |switch: &str, path: &str| {
        let mut document = document(&json!({ "/lamps/{id}": { "get": { "responses": { "200": {} } } } }), &json!({}));
        document["info"][format!("x-opc-config-{switch}")] = json!(true);
        found(&document, &pact(json!({ "method": "GET", "path": path }), json!({ "status": 200 })))
    };
    let unknown = ["request.path-or-method.unknown [0].request.path"];
    assert_eq!(with("ignore-duplicate-slashes", "//lamps//1"), NONE);
    assert_eq!(with("ignore-duplicate-slashes", "/lamps/1/"), unknown);
    assert_eq!(with("ignore-trailing-slash", "/lamps/1/"), NONE);
    assert_eq!(with("ignore-trailing-slash", "/lamps//1"), unknown);
}

#[test]
fn forms_are_read_before_they_are_compared() {
    let schema = json!({ "type": "object", "required": ["a"], "properties": { "a": { "type": "string" } } });
    let with = |media_type: &str, header: &str, body: &str| {
        let operation =
            json!({ "requestBody": { "content": { media_type: { "schema": schema } } }, "responses": { "200": {} } });
        let document = document(&json!({ "/f": { "post": operation } }), &json!({}));
        let request = json!({ "method": "POST", "path": "/f", "headers": { "content-type": header }, "body": body });
        found(&document, &pact(request, json!({ "status": 200 })))
    };
    let url = "application/x-www-form-urlencoded";
    assert_eq!(with(url, url, "a=1"), NONE);
    assert_eq!(with(url, url, "b=1"), ["request.body.incompatible [0].request.body"]);
    let parts = "--X\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nv\r\n--X--\r\n";
    assert_eq!(with("multipart/form-data", "multipart/form-data; boundary=X", parts), NONE);
    assert_eq!(with("text/csv", "text/csv", "a,b"), ["request.body.unvalidatable [0].request.body"]);
}

#[test]
fn swagger_2_and_yaml_are_read() {
    let yaml = b"swagger: '2.0'\ninfo: {title: q, version: '1'}\nbasePath: /v1\nproduces: [application/json]\npaths:\n  /l:\n    get:\n      parameters:\n        - {name: q, in: query, type: array, collectionFormat: pipes, items: {type: integer}}\n      responses:\n        200: {description: '', schema: {type: object, properties: {a: {type: string}}}}\n";
    let pact = pact(
        json!({ "method": "GET", "path": "/v1/l", "query": "q=1|2" }),
        json!({ "status": 200, "body": { "a": 1 } }),
    );
    let judgement = compare(yaml, pact.to_string().as_bytes()).expect("both are readable");
    assert_eq!(
        judgement.findings.iter().map(super::short).collect::<Vec<_>>(),
        ["response.body.incompatible [0].response.body.a"]
    );
}

#[test]
fn versions_without_quotes_and_flow_style_are_read() {
    let pact = pact(json!({ "method": "GET", "path": "/l" }), json!({ "status": 200 })).to_string();
    for version in ["openapi: 3.0", "openapi: 3.1", "openapi: 3.1.0", "swagger: 2.0", "swagger: '2.0'"] {
        for openapi in [
            format!("{version}\npaths: {{/l: {{get: {{responses: {{'200': {{description: x}}}}}}}}}}"),
            format!("{{{version}, paths: {{/l: {{get: {{responses: {{200: {{description: x}}}}}}}}}}}}"),
        ] {
            assert!(compare(openapi.as_bytes(), pact.as_bytes()).expect("both are readable").fits(), "{openapi}");
        }
    }
    for version in ["openapi: 2.0", "openapi: 4.1", "swagger: 1.2", "openapi: true"] {
        let read = compare(format!("{version}\npaths: {{}}").as_bytes(), pact.as_bytes());
        assert!(matches!(read, Err(Unreadable::Openapi(_))), "{version}");
    }
}

#[test]
fn a_reference_that_leads_nowhere_is_said() {
    for reference in ["#/components/schemas/Gone", "https://quay.example/schema.json", "other.yaml#/Lamp"] {
        let findings =
            received(&json!({ "type": "object", "properties": { "a": { "$ref": reference } } }), json!({ "a": 1 }));
        assert_eq!(findings, ["spec.reference.unresolved [0].request"], "{reference}");
    }
}

#[test]
fn only_what_was_compared_in_full_and_has_no_error_fits() {
    let document = with_bodies(&json!({ "type": "object" }), &json!({}));
    assert!(judged(&document, &exchange(json!({}), Value::Null)).fits());
    assert!(!judged(&document, &exchange(json!(1), Value::Null)).fits());
    let request = json!({ "method": "POST", "path": "/lamps", "body": {} });
    let warned = judged(&document, &pact(request, json!({ "status": 200 })));
    assert!(warned.fits() && warned.findings.len() == 1, "{warned:?}");
}

#[test]
fn a_finding_tells_where_it_belongs() {
    let document = with_bodies(&json!({ "type": "object" }), &json!({}));
    let finding = judged(&document, &exchange(json!(1), Value::Null)).findings.remove(0);
    assert_eq!(finding.kind, Kind::Error);
    assert_eq!(finding.interaction.as_deref(), Some("a lamp"));
    assert_eq!(finding.interaction_index, Some(0));
    assert_eq!(finding.operation.as_deref(), Some("POST /lamps"));
    assert_eq!(finding.spec, "[root].paths./lamps.post.requestBody.content.application/json.schema.type");
}

#[test]
fn what_is_neither_is_refused() {
    let openapi = with_bodies(&json!({}), &json!({})).to_string();
    let refused = |openapi: &str, pact: &str| compare(openapi.as_bytes(), pact.as_bytes()).expect_err("unreadable");
    assert!(matches!(refused("{}", "{}"), Unreadable::Openapi(_)));
    assert!(matches!(refused("a: [", "{}"), Unreadable::Openapi(_)));
    assert!(matches!(refused(&openapi, "[]"), Unreadable::Pact(_)));
    assert!(matches!(refused(&openapi, r#"{"interactions":[{}]}"#), Unreadable::Pact(_)));
    assert!(compare(openapi.as_bytes(), b"{}").is_ok());
}
