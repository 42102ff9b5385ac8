//! References: those that lead somewhere in the document, and those that don't.

use crate::rules;

/// A document with these components and one operation.
fn of(components: &str, operation: &str) -> String {
    format!("openapi: 3.1.0\npaths: {{'/a': {{post: {{{operation}}}}}}}\ncomponents: {{{components}}}")
}

fn check(earlier: &str, later: &str, expected: &[&str]) {
    assert_eq!(rules(earlier, later), expected, "{earlier}\n---\n{later}");
}

#[test]
fn a_reference_is_followed_wherever_it_may_be() {
    let parts = |max: u8, need: &str| {
        of(
            &format!(
                "parameters: {{q: {{name: q, in: query, required: {need}}}}}, requestBodies: {{b: {{required: {need}}}}}, \
                 schemas: {{S: {{type: string, maxLength: {max}}}}}, headers: {{h: {{required: {need}}}}}, \
                 responses: {{r: {{headers: {{X-H: {{$ref: '#/components/headers/h'}}}}, content: {{application/json: {{schema: {{$ref: '#/components/schemas/S'}}}}}}}}}}"
            ),
            "parameters: [{$ref: '#/components/parameters/q'}], requestBody: {$ref: '#/components/requestBodies/b'}, \
             responses: {'200': {$ref: '#/components/responses/r'}}",
        )
    };
    let expected =
        ["!request-parameter-became-required", "!request-body-became-required", "!response-body-max-length-increased"];
    check(&parts(5, "false"), &parts(9, "true"), &expected);
}

#[test]
fn a_schema_that_was_moved_behind_a_reference_is_still_the_same() {
    let of = |schema: &str| {
        let body = format!("requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}");
        of("schemas: {S: {type: object, properties: {a: {}}}, 'a/b {c}': {type: object, properties: {a: {}}}}", &body)
    };
    let inline = "{type: object, properties: {a: {}}}";
    check(&of(inline), &of("{$ref: '#/components/schemas/S'}"), &[]);
    check(&of(inline), &of("{$ref: '#/components/schemas/a~1b%20%7Bc%7D'}"), &[]);
    check(
        &of(&format!("{{oneOf: [{inline}, {{title: T}}]}}")),
        &of("{oneOf: [{$ref: '#/components/schemas/S'}, {title: T}]}"),
        &[],
    );
}

#[test]
fn what_is_behind_a_reference_elsewhere_is_said_and_not_guessed() {
    let far = "$ref: 'https://elsewhere.example/a.yaml'";
    let near = |operation: &str| of("", operation);
    let one = &["?reference-not-compared"];
    check(&near("parameters: [{name: q, in: query}]"), &near(&format!("parameters: [{{{far}}}]")), one);
    check(&near(&format!("parameters: [{{{far}}}]")), &near("parameters: [{name: q, in: query}]"), one);
    check(&near("requestBody: {}"), &near(&format!("requestBody: {{{far}}}")), one);
    check(&near("responses: {'200': {}}"), &near(&format!("responses: {{'200': {{{far}}}}}")), one);
    let header = |header: &str| near(&format!("responses: {{'200': {{headers: {{X-A: {{{header}}}}}}}}}"));
    check(&header("required: true"), &header(far), one);
    let schema = |schema: &str| near(&format!("requestBody: {{content: {{a/b: {{schema: {{{schema}}}}}}}}}"));
    check(&schema("type: string"), &schema(far), one);
    check(&schema("type: string"), &schema("$ref: '#/components/schemas/Nowhere'"), one);
    let whole = |rest: &str| format!("openapi: 3.1.0\n{rest}");
    check(&whole("paths: {'/a/{b}': {get: {}}}"), &whole(&format!("paths: {{'/a/{{c}}': {{{far}}}}}")), one);
    check(&whole(&format!("paths: {{/a: {{{far}}}}}")), &whole("paths: {/a: {get: {}}}"), one);
    check(&whole("webhooks: {a: {get: {}}}"), &whole(&format!("webhooks: {{a: {{{far}}}}}")), one);
    // The same on both sides, it is the same as far as can be known; and once is enough.
    check(
        &schema(far),
        &near(&format!("tags: [a], requestBody: {{content: {{a/b: {{schema: {{{far}}}}}}}}}")),
        &[".api-tag-added"],
    );
    let two = |a: &str| schema(&format!("type: object, properties: {{a: {{{a}}}, b: {{{a}}}}}"));
    check(&two("type: string"), &two(far), one);
}

#[test]
fn references_in_a_circle_come_to_an_end() {
    let tree = |leaf: &str, loops: &str| {
        of(
            &format!(
                "schemas: {{T: {{type: object, properties: {{left: {{$ref: '#/components/schemas/T'}}, leaf: {leaf}}}}}, L: {{$ref: '{loops}'}}}}"
            ),
            "requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/T'}}}}",
        )
    };
    let l = "#/components/schemas/L";
    check(&tree("{type: string}", l), &tree("{type: integer}", l), &["!request-property-type-changed"]);
    check(&tree("{type: string}", l), &tree(&format!("{{$ref: '{l}'}}"), l), &["?reference-not-compared"]);
}

#[test]
fn the_operations_of_a_document_are_listed_also_behind_references() {
    let document = "openapi: 3.0.0\npaths:\n  /b: {put: {}, get: {}}\n  /a/{id}: {$ref: '#/components/pathItems/A'}\n  \
                    /c: {$ref: 'https://elsewhere.example/c.yaml'}\n  x-other: {get: {}}\ncomponents: {pathItems: {A: {post: {}}}}";
    let none = b"openapi: 3.0.0\npaths: {}";
    let added = apidiff::openapi::compare(none, document.as_bytes()).unwrap();
    let found: Vec<String> = added
        .into_iter()
        .filter(|change| change.rule == "endpoint-added")
        .filter_map(|change| change.operation)
        .collect();
    assert_eq!(found, ["GET /b", "PUT /b", "POST /a/{id}"]);
}
