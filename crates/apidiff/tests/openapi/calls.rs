//! What stands around the schemas: operations, parameters, bodies, headers, ways in, webhooks.

use crate::{check, document, parameter, rules};

const HEAD: &str = "openapi: 3.1.0\ninfo: {title: Orders, version: '1'}\n";

/// Compares two documents of which this follows the head.
fn whole(earlier: &str, later: &str, expected: &[&str]) {
    assert_eq!(rules(&format!("{HEAD}{earlier}"), &format!("{HEAD}{later}")), expected, "{earlier}\n---\n{later}");
}

/// Compares two operations of which this is said besides.
fn operation(earlier: &str, later: &str, expected: &[&str]) {
    let of = |said: &str| format!("{said}\nresponses: {{}}");
    check(&of(earlier), &of(later), expected);
}

/// Compares two parameters; these are their fields besides `name`.
fn one(earlier: &str, later: &str, expected: &[&str]) {
    let of = |fields: &str| format!("[{{name: q, {fields}}}]");
    parameter(&of(earlier), &of(later), expected);
}

/// Compares two schemas of a parameter in the query.
fn schema(earlier: &str, later: &str, expected: &[&str]) {
    one(&format!("in: query, schema: {earlier}"), &format!("in: query, schema: {later}"), expected);
}

#[test]
fn an_operation_goes_better_once_that_was_announced() {
    let gone = |said: &str, expected: &[&str]| {
        whole(&format!("paths: {{/a: {{get: {{{said}}}}}}}"), "paths: {}", expected);
        let other = "paths: {/a: {put: {}}}";
        let expected: Vec<String> =
            expected.iter().map(|rule| rule.replace("api-path-removed", "api-removed")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).chain([".endpoint-added"]).collect();
        whole(&format!("paths: {{/a: {{get: {{{said}}}}}}}"), other, &expected);
    };
    gone("", &["!api-path-removed-without-deprecation"]);
    gone("deprecated: true", &[".api-path-removed-with-deprecation"]);
    gone("deprecated: true, x-sunset: '2020-01-31'", &["?api-path-removed-with-deprecation"]);
    gone("deprecated: true, x-sunset: some day", &["!api-path-sunset-parse"]);
    gone("x-stability-level: alpha", &[]);
    gone("x-stability-level: shaky", &["!api-invalid-stability-level"]);
}

#[test]
fn an_operation_may_be_announced_to_go() {
    let sunset = |date: &str| format!("deprecated: true\nx-sunset: '{date}'");
    operation("", "deprecated: true", &[".endpoint-deprecated"]);
    operation("", &sunset("2030-01-31"), &[".endpoint-deprecated-with-sunset"]);
    operation("", &sunset("2030-01-31T10:00:00Z"), &[".endpoint-deprecated-with-sunset"]);
    operation("", &sunset("2030-13-31"), &["!api-deprecated-sunset-parse"]);
    operation("deprecated: true", "", &[".endpoint-reactivated"]);
    operation(&sunset("2030-01-31"), "deprecated: true", &["!sunset-deleted"]);
    operation(&sunset("2030-01-31"), &sunset("2029-01-31"), &["?api-sunset-date-changed-too-small"]);
    operation(&sunset("2030-01-31"), &sunset("2031-01-31"), &[]);
    operation(&sunset("2030-01-31"), &sunset("later"), &["!api-path-sunset-parse"]);
}

#[test]
fn an_operation_may_be_less_stable_and_a_draft_may_change() {
    operation("", "x-stability-level: beta", &["!api-stability-decreased"]);
    operation("x-stability-level: beta", "x-stability-level: stable", &[".api-stability-increased"]);
    operation("x-stability-level: draft", "x-stability-level: draft\ntags: [a]", &[]);
}

#[test]
fn names_and_tags_are_told_of() {
    operation("operationId: a", "operationId: b", &[".api-operation-id-removed"]);
    operation("", "operationId: b", &[".api-operation-id-added"]);
    operation("tags: [a]", "tags: [b]", &[".api-tag-removed", ".api-tag-added"]);
}

#[test]
fn ways_in_are_told_of_with_their_scopes() {
    operation("", "security: [{key: []}]", &[".api-security-added"]);
    operation("security: [{key: []}]", "security: [{}]", &[".api-security-removed"]);
    operation(
        "security: [{o: [a]}]",
        "security: [{o: [b]}]",
        &[".api-security-scope-added", ".api-security-scope-removed"],
    );
    // Two alternatives with the same scheme are not taken for one another.
    operation("security: [{o: [a]}, {o: [b]}]", "security: [{o: [b]}, {o: [a]}]", &[]);
    whole(
        "security: [{a: []}]",
        "security: [{b: []}]",
        &[".api-global-security-removed", ".api-global-security-added"],
    );
    let expected = [".api-global-security-scope-added", ".api-global-security-scope-removed"];
    whole("security: [{a: [x]}]", "security: [{a: [y]}]", &expected);
}

#[test]
fn security_schemes_are_told_of() {
    let of = |schemes: &str| format!("components: {{securitySchemes: {{{schemes}}}}}");
    let flow = |flow: &str| of(&format!("o: {{type: oauth2, flows: {{implicit: {{{flow}}}}}}}"));
    whole(&of(""), &of("a: {type: http}"), &[".api-security-component-added"]);
    whole(&of("a: {type: http}"), &of(""), &[".api-security-component-removed"]);
    whole(&of("a: {type: http}"), &of("a: {type: apiKey}"), &[".api-security-component-type-changed"]);
    whole(&flow("authorizationUrl: a"), &flow("authorizationUrl: b"), &[".api-security-component-oauth-url-changed"]);
    whole(&flow("tokenUrl: a"), &flow("tokenUrl: b"), &[".api-security-component-oauth-token-url-changed"]);
    whole(&flow("scopes: {}"), &flow("scopes: {a: x}"), &[".api-security-component-oauth-scope-added"]);
    whole(&flow("scopes: {a: x}"), &flow("scopes: {}"), &[".api-security-component-oauth-scope-removed"]);
    whole(&flow("scopes: {a: x}"), &flow("scopes: {a: y}"), &[".api-security-component-oauth-scope-changed"]);
}

#[test]
fn webhooks_and_what_they_say_are_told_of() {
    let of = |hook: &str, body: &str| format!("webhooks: {{{hook}: {{post: {{requestBody: {{{body}}}}}}}}}");
    whole(&of("a", ""), &of("b", ""), &["!webhook-removed", ".webhook-added"]);
    whole(&of("a", "required: false"), &of("a", "required: true"), &["!request-body-became-required"]);
}

#[test]
fn a_schema_that_lost_its_name_is_told_of() {
    whole("components: {schemas: {A: {}}}", "components: {schemas: {}}", &[".api-schema-removed"]);
}

#[test]
fn parameters_come_and_go() {
    let (optional, required) = ("[{name: q, in: query}]", "[{name: q, in: query, required: true}]");
    parameter("[]", optional, &[".new-optional-request-parameter"]);
    parameter("[]", required, &["!new-required-request-parameter"]);
    parameter("[]", "[{name: q, in: path}]", &["!new-request-path-parameter"]);
    parameter(optional, "[]", &["?request-parameter-removed"]);
    parameter(optional, required, &["!request-parameter-became-required"]);
    parameter(required, optional, &[".request-parameter-became-optional"]);
    let gone = |said: &str, expected: &str| parameter(&format!("[{{name: q, in: query, {said}}}]"), "[]", &[expected]);
    gone("deprecated: true", ".request-parameter-removed-with-deprecation");
    gone("deprecated: true, x-sunset: '2020-01-31'", "?request-parameter-removed-with-deprecation");
    gone("deprecated: true, x-sunset: soon", "!request-parameter-sunset-parse");
}

#[test]
fn a_parameter_of_a_path_is_one_of_each_of_its_operations() {
    let of = |shared: &str, own: &str| {
        format!("paths: {{/a: {{parameters: [{shared}], get: {{parameters: [{own}]}}, put: {{}}}}}}")
    };
    let (q, must) = ("{name: q, in: query}", "{name: q, in: query, required: true}");
    let expected = [".new-optional-request-default-parameter-to-existing-path"; 2];
    whole(&of("", ""), &of(q, ""), &expected);
    let expected = ["!new-required-request-default-parameter-to-existing-path"; 2];
    whole(&of("", ""), &of(must, ""), &expected);
    whole(&of(q, ""), &of("", ""), &["?request-parameter-removed"; 2]);
    // What the operation itself says comes first.
    whole(&of(q, ""), &of(q, must), &["!request-parameter-became-required"]);
    whole(&of(q, q), &of("", q), &["?request-parameter-removed"]);
}

#[test]
fn a_parameter_may_be_announced_to_go() {
    let sunset = |date: &str| format!("in: query, deprecated: true, x-sunset: '{date}'");
    one("in: query", "in: query, deprecated: true", &[".request-parameter-deprecated"]);
    one("in: query", &sunset("2030-01-31"), &[".request-parameter-deprecated"]);
    one("in: query", &sunset("soon"), &["!request-parameter-sunset-parse"]);
    one("in: query, deprecated: true", "in: query", &[".request-parameter-reactivated"]);
    one(&sunset("2030-01-31"), "in: query, deprecated: true", &["!request-parameter-sunset-deleted"]);
    one(&sunset("2030-01-31"), &sunset("2029-01-31"), &["?request-parameter-sunset-date-changed-too-small"]);
}

#[test]
fn the_type_of_a_parameter_is_a_text_on_the_wire() {
    schema("{type: integer}", "{type: string}", &[".request-parameter-type-generalized"]);
    schema("{type: string}", "{type: integer}", &["!request-parameter-type-changed"]);
    schema("{type: integer}", "{type: array, items: {type: integer}}", &[".request-parameter-type-generalized"]);
    schema("{type: string}", "{type: array, items: {type: integer}}", &["!request-parameter-type-changed"]);
    one(
        "in: path, schema: {type: integer}",
        "in: path, schema: {type: array, items: {type: integer}}",
        &["!request-parameter-type-changed"],
    );
    let of = |kind: &str| format!("{{type: object, properties: {{p: {{type: {kind}}}}}}}");
    schema(&of("integer"), &of("number"), &[".request-parameter-property-type-generalized"]);
    schema(&of("integer"), &of("string"), &["?request-parameter-property-type-changed"]);
    schema(&of("string"), &of("integer"), &["!request-parameter-property-type-specialized"]);
    schema("{type: string}", "{type: string, nullable: true}", &[".request-parameter-became-nullable"]);
    schema("{type: string, nullable: true}", "{type: string}", &["!request-parameter-became-not-nullable"]);
    schema(&of("string"), &of("[string, 'null']"), &[".request-parameter-property-became-nullable"]);
    schema(&of("[string, 'null']"), &of("string"), &["!request-parameter-property-became-not-nullable"]);
}

#[test]
fn the_values_of_a_parameter_are_told_of() {
    schema("{type: string}", "{type: string, enum: [a]}", &["!request-parameter-became-enum"]);
    schema("{enum: [a, b]}", "{enum: [a]}", &["!request-parameter-enum-value-removed"]);
    schema("{enum: [a]}", "{enum: [a, b]}", &[".request-parameter-enum-value-added"]);
    let of = |values: &str| format!("{{type: object, properties: {{p: {{enum: [{values}]}}}}}}");
    schema(&of("a, b"), &of("a"), &["!request-parameter-property-enum-value-removed"]);
    schema(&of("a"), &of("a, b"), &[".request-parameter-property-enum-value-added"]);
    schema(
        "{x-extensible-enum: [a, b]}",
        "{x-extensible-enum: [a]}",
        &["!request-parameter-x-extensible-enum-value-removed"],
    );
    schema("{title: x}", "{title: x, default: 1}", &["!request-parameter-default-value-added"]);
    schema("{title: x, default: 1}", "{title: x}", &["!request-parameter-default-value-removed"]);
    schema("{default: 1}", "{default: 2}", &["!request-parameter-default-value-changed"]);
    one("in: query, required: true, schema: {default: 1}", "in: query, required: true, schema: {default: 2}", &[]);
}

#[test]
fn the_bounds_of_a_parameter_are_told_of() {
    for (key, word) in [
        ("maximum", "max"),
        ("exclusiveMaximum", "exclusive-max"),
        ("maxLength", "max-length"),
        ("maxItems", "max-items"),
    ] {
        let of = |bound: u8| format!("{{{key}: {bound}}}");
        schema(&of(5), &of(9), &[&format!(".request-parameter-{word}-increased")]);
        schema(&of(9), &of(5), &[&format!("!request-parameter-{word}-decreased")]);
        let set = format!("?request-parameter-{word}-set");
        let expected: &[&str] = if word == "max-items" { &[] } else { &[&set] };
        schema("{title: x}", &format!("{{title: x, {key}: 5}}"), expected);
    }
    for (key, word) in [
        ("minimum", "min"),
        ("exclusiveMinimum", "exclusive-min"),
        ("minItems", "min-items"),
        ("minLength", "min-length"),
    ] {
        let of = |bound: u8| format!("{{{key}: {bound}}}");
        schema(&of(5), &of(9), &[&format!("!request-parameter-{word}-increased")]);
        schema(&of(9), &of(5), &[&format!(".request-parameter-{word}-decreased")]);
        let rule = if word == "min-length" {
            "!request-parameter-min-length-increased".to_owned()
        } else {
            format!("?request-parameter-{word}-set")
        };
        schema("{title: x}", &format!("{{title: x, {key}: 5}}"), &[&rule]);
    }
    schema("{title: x}", "{title: x, pattern: ^a}", &["!request-parameter-pattern-added"]);
    schema("{title: x, pattern: ^a}", "{title: x}", &[".request-parameter-pattern-removed"]);
    schema("{pattern: ^a}", "{pattern: ^b}", &["?request-parameter-pattern-changed"]);
    schema("{pattern: ^a}", "{pattern: .*}", &[".request-parameter-pattern-generalized"]);
}

#[test]
fn what_a_header_holds_is_told_of() {
    let header = |before: &str, after: &str, expected: &[&str]| {
        one(&format!("in: header, schema: {before}"), &format!("in: header, schema: {after}"), expected);
    };
    let of = |required: &str, property: &str| {
        format!("{{type: object, required: [{required}], properties: {{{property}}}}}")
    };
    header(&of("", ""), &of("p", "p: {}"), &["!new-required-request-header-property"]);
    header(&of("", "p: {}"), &of("p", "p: {}"), &["!request-header-property-became-required"]);
    header(&of("", "p: {}"), &of("", "p: {enum: [a]}"), &["!request-header-property-became-enum"]);
}

#[test]
fn a_request_body_comes_and_goes() {
    operation("", "requestBody: {required: true}", &["!request-body-added-required"]);
    operation("", "requestBody: {}", &[".request-body-added-optional"]);
    operation("requestBody: {}", "", &["!request-body-removed"]);
    operation("requestBody: {}", "requestBody: {required: true}", &["!request-body-became-required"]);
    operation("requestBody: {required: true}", "requestBody: {}", &[".request-body-became-optional"]);
    let of = |content: &str| format!("requestBody: {{content: {{{content}}}}}");
    operation(&of("a/b: {}"), &of("a/c: {}"), &["!request-body-media-type-removed", ".request-body-media-type-added"]);
    operation(&of("a/b: {}"), &of("a/b: {schema: {}}"), &["!request-body-media-type-schema-added"]);
    operation(&of("a/b: {schema: {}}"), &of("a/b: {}"), &[".request-body-media-type-schema-removed"]);
}

#[test]
fn an_answer_comes_and_goes() {
    let of = |responses: &str| format!("responses: {{{responses}}}");
    check(&of("'200': {}"), &of(""), &["!response-success-status-removed"]);
    check(&of(""), &of("'200': {}"), &[".response-success-status-added"]);
    check(&of("'404': {}"), &of(""), &[".response-non-success-status-removed"]);
    check(&of(""), &of("'404': {}"), &[".response-non-success-status-added"]);
    let of = |content: &str| format!("responses: {{'200': {{content: {{{content}}}}}}}");
    check(&of("a/b: {}"), &of("a/c: {}"), &["!response-media-type-removed", ".response-media-type-added"]);
    check(&of("a/b: {}"), &of("a/b: {schema: {}}"), &[".response-body-media-type-schema-added"]);
    check(&of("a/b: {schema: {}}"), &of("a/b: {}"), &["?response-body-media-type-schema-removed"]);
    check(&of("a/json: {}"), &of("a/x+json: {}"), &[".response-media-type-name-specialized"]);
    check(&of("a/x+json: {}"), &of("a/json: {}"), &["!response-media-type-name-generalized"]);
    check(&of("a/json: {}"), &of("'a/json; v=2': {}"), &[".response-media-type-name-changed"]);
}

#[test]
fn a_header_of_an_answer_comes_and_goes() {
    let headers = |before: &str, after: &str, expected: &[&str]| {
        let of = |headers: &str| format!("responses: {{'200': {{headers: {{{headers}}}}}}}");
        check(&of(before), &of(after), expected);
    };
    headers("", "X-A: {}", &[".response-header-added"]);
    headers("X-A: {}", "", &["?optional-response-header-removed"]);
    headers("X-A: {required: true}", "", &["!required-response-header-removed"]);
    headers("X-A: {required: true}", "x-a: {}", &["!response-header-became-optional"]);
    let kind = |before: &str, after: &str, rule: &str| {
        headers(&format!("X-A: {{schema: {before}}}"), &format!("X-A: {{schema: {after}}}"), &[rule]);
    };
    kind("{type: integer}", "{type: string}", "!response-header-type-changed");
    kind("{type: integer}", "{type: number}", "!response-header-type-generalized");
    kind("{type: number}", "{type: integer}", ".response-header-type-specialized");
    kind("{type: string}", "{type: integer}", ".response-header-type-compatible");
    kind("{type: string}", "{type: string, nullable: true}", "!response-header-became-nullable");
    kind("{type: string, nullable: true}", "{type: string}", ".response-header-became-not-nullable");
}

#[test]
fn a_version_that_yaml_takes_for_a_number_is_a_version() {
    let document = document("get", "/a", "responses: {}").replace("3.0.3", "3.0");
    assert_eq!(rules(&document, &document), Vec::<String>::new());
}
