//! What changed between two OpenAPI documents.
#![expect(clippy::unwrap_used, reason = "a test says no by panicking")]

mod calls;
mod hostile;
mod references;
mod schemas;

use apidiff::{Level, openapi};

/// A document with one operation, `GET /orders/{id}` or `POST /orders`, of which this is the body in YAML.
fn document(method: &str, path: &str, operation: &str) -> String {
    let indented: String = operation.lines().map(|line| format!("      {line}\n")).collect();
    format!("openapi: 3.0.3\ninfo: {{title: Orders, version: '1'}}\npaths:\n  {path}:\n    {method}:\n{indented}")
}

fn rules(earlier: &str, later: &str) -> Vec<String> {
    let changes = openapi::compare(earlier.as_bytes(), later.as_bytes()).unwrap();
    let level = |level: Level| match level {
        Level::Breaking => "!",
        Level::Risky => "?",
        Level::Compatible => ".",
    };
    changes.iter().map(|change| format!("{}{}", level(change.level), change.rule)).collect()
}

/// Compares two operations; `!` is breaking, `?` risky, `.` compatible.
fn check(earlier: &str, later: &str, expected: &[&str]) {
    let found = rules(&document("post", "/orders", earlier), &document("post", "/orders", later));
    assert_eq!(found, expected, "{earlier}\n---\n{later}");
}

fn request(schema: &str) -> String {
    format!("requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}\nresponses: {{}}")
}

fn response(schema: &str) -> String {
    format!("responses: {{'200': {{description: ok, content: {{application/json: {{schema: {schema}}}}}}}}}")
}

fn in_request(earlier: &str, later: &str, expected: &[&str]) {
    check(&request(earlier), &request(later), expected);
}

fn in_response(earlier: &str, later: &str, expected: &[&str]) {
    check(&response(earlier), &response(later), expected);
}

fn parameter(earlier: &str, later: &str, expected: &[&str]) {
    let of = |parameters: &str| format!("parameters: {parameters}\nresponses: {{}}");
    check(&of(earlier), &of(later), expected);
}

#[test]
fn an_operation_that_is_gone_breaks_callers_unless_it_was_deprecated() {
    let none = "openapi: 3.1.0\ninfo: {title: Orders, version: '2'}\npaths: {}";
    assert_eq!(
        rules(&document("get", "/orders/{id}", "responses: {}"), none),
        ["!api-path-removed-without-deprecation"]
    );
    let deprecated = document("get", "/orders", "deprecated: true\nresponses: {}");
    assert_eq!(rules(&deprecated, none), [".api-path-removed-with-deprecation"]);
    assert_eq!(rules(none, &deprecated), [".endpoint-added"]);
    let other = document("put", "/orders", "responses: {}");
    let expected = ["!api-removed-without-deprecation", ".endpoint-added"];
    assert_eq!(rules(&document("get", "/orders", "responses: {}"), &other), expected);
}

#[test]
fn a_path_is_the_same_whatever_its_parameters_are_called() {
    let of = |name: &str| {
        let parameter = format!(
            "parameters: [{{name: {name}, in: path, required: true, schema: {{type: string}}}}]\nresponses: {{}}"
        );
        document("get", &format!("/orders/{{{name}}}"), &parameter)
    };
    assert_eq!(rules(&of("id"), &of("order")), Vec::<String>::new());
}

#[test]
fn what_a_caller_must_give_now_breaks_it() {
    let q = "{name: q, in: query, schema: {type: string}}";
    let q_required = "{name: q, in: query, required: true, schema: {type: string}}";
    parameter("[]", &format!("[{q}]"), &[".new-optional-request-parameter"]);
    parameter("[]", &format!("[{q_required}]"), &["!new-required-request-parameter"]);
    parameter(&format!("[{q}]"), "[]", &["?request-parameter-removed"]);
    parameter(&format!("[{q}]"), &format!("[{q_required}]"), &["!request-parameter-became-required"]);
    parameter(&format!("[{q_required}]"), &format!("[{q}]"), &[".request-parameter-became-optional"]);
    in_request(
        "{type: object}",
        "{type: object, required: [a], properties: {a: {type: string}}}",
        &["!new-required-request-property"],
    );
    in_request(
        "{type: object}",
        "{type: object, properties: {a: {type: string}}}",
        &[".new-optional-request-property"],
    );
    let a = "{type: object, properties: {a: {type: string}}}";
    in_request(
        a,
        "{type: object, required: [a], properties: {a: {type: string}}}",
        &["!request-property-became-required"],
    );
    in_request(a, "{type: object}", &["?request-property-removed"]);
}

#[test]
fn the_same_change_is_judged_by_who_says_it() {
    in_request("{type: integer}", "{type: number}", &[".request-body-type-generalized"]);
    in_response("{type: integer}", "{type: number}", &["!response-body-type-generalized"]);
    in_response("{type: number}", "{type: integer}", &[".response-body-type-specialized"]);
    in_request("{type: string}", "{type: integer}", &["!request-body-type-changed"]);
    in_request("{type: string, nullable: true}", "{type: string}", &["!request-body-became-not-nullable"]);
    in_response("{type: string}", "{type: string, nullable: true}", &["!response-body-became-nullable"]);
    let e = |values: &str| format!("{{type: object, properties: {{s: {{type: string, enum: {values}}}}}}}");
    in_request(&e("[a, b]"), &e("[a]"), &["!request-property-enum-value-removed"]);
    in_request(&e("[a]"), &e("[a, b]"), &[".request-property-enum-value-added"]);
    in_response(&e("[a]"), &e("[a, b]"), &["?response-property-enum-value-added"]);
    in_response(&e("[a, b]"), &e("[a]"), &[".response-property-enum-value-removed"]);
}

#[test]
fn what_an_answer_lacks_breaks_who_reads_it() {
    let required = "{type: object, required: [a], properties: {a: {type: string}}}";
    let optional = "{type: object, properties: {a: {type: string}}}";
    in_response(required, "{type: object}", &["!response-required-property-removed"]);
    in_response(optional, "{type: object}", &["?response-optional-property-removed"]);
    in_response(required, optional, &["!response-property-became-optional"]);
    in_response(optional, required, &[".response-property-became-required"]);
    in_response("{type: object}", optional, &[".response-optional-property-added"]);
    let status = |status: &str| format!("responses: {{'{status}': {{description: ok}}}}");
    check(&status("200"), &status("201"), &["!response-success-status-removed", ".response-success-status-added"]);
    check(&status("404"), &status("200"), &[".response-non-success-status-removed", ".response-success-status-added"]);
    let media = |media: &str| format!("responses: {{'200': {{description: ok, content: {{{media}: {{}}}}}}}}");
    check(&media("text/csv"), &media("text/html"), &["!response-media-type-removed", ".response-media-type-added"]);
}

#[test]
fn bounds_are_tighter_or_wider_for_who_says_it() {
    in_request("{type: string, maxLength: 9}", "{type: string, maxLength: 5}", &["!request-body-max-length-decreased"]);
    in_request("{type: string, maxLength: 5}", "{type: string, maxLength: 9}", &[".request-body-max-length-increased"]);
    in_request("{type: string}", "{type: string, maxLength: 9}", &["?request-body-max-length-set"]);
    in_request("{type: string}", "{type: string, minLength: 1}", &["!request-body-min-length-increased"]);
    in_response("{type: integer, maximum: 5}", "{type: integer, maximum: 9}", &["!response-body-max-increased"]);
    in_response("{type: integer, minimum: 5}", "{type: integer, minimum: 9}", &[]);
    let p = |pattern: &str| format!("{{type: object, properties: {{s: {{type: string{pattern}}}}}}}");
    in_request(&p(""), &p(", pattern: '^a'"), &["!request-property-pattern-added"]);
    in_request(&p(", pattern: '^a'"), &p(", pattern: '^b'"), &["?request-property-pattern-changed"]);
}

#[test]
fn bodies_headers_and_ways_in_are_compared() {
    let body = "requestBody: {content: {application/json: {}}}\nresponses: {}";
    let must = "requestBody: {required: true, content: {application/json: {}}}\nresponses: {}";
    check("responses: {}", body, &[".request-body-added-optional"]);
    check("responses: {}", must, &["!request-body-added-required"]);
    check(body, must, &["!request-body-became-required"]);
    check(body, "responses: {}", &["!request-body-removed"]);
    let header = |header: &str| format!("responses: {{'200': {{description: ok, headers: {{{header}}}}}}}");
    check(&header("X-A: {required: true}"), &header(""), &["!required-response-header-removed"]);
    check(&header("X-A: {}"), &header(""), &["?optional-response-header-removed"]);
    check(&header("X-A: {required: true}"), &header("x-a: {}"), &["!response-header-became-optional"]);
    check("responses: {}", "security: [{key: []}]\nresponses: {}", &[".api-security-added"]);
    check("responses: {}", "deprecated: true\nresponses: {}", &[".endpoint-deprecated"]);
    check(
        "operationId: a\nresponses: {}",
        "tags: [x]\nresponses: {}",
        &[".api-operation-id-removed", ".api-tag-added"],
    );
}

#[test]
fn alternatives_are_told_apart_by_their_names() {
    let of = |list: &str| format!("{{oneOf: [{list}]}}");
    let (a, b) = ("{title: A, type: object, properties: {a: {}}}", "{title: B, type: object, properties: {b: {}}}");
    in_request(&of(&format!("{a}, {b}")), &of(a), &["!request-body-one-of-removed"]);
    in_request(&of(a), &of(&format!("{a}, {b}")), &[".request-body-one-of-added"]);
    in_response(&of(a), &of(&format!("{a}, {b}")), &["!response-body-one-of-added"]);
    in_request(
        "{type: object}",
        "{type: object, propertyNames: {pattern: '^a'}}",
        &["!request-body-property-names-added"],
    );
}

#[test]
fn a_change_says_where_it_is_and_what_it_means() {
    let before = document(
        "get",
        "/orders/{id}",
        &response("{type: object, required: [price], properties: {price: {type: number}}}"),
    );
    let after = document("get", "/orders/{id}", &response("{type: object}"));
    let changes = openapi::compare(before.as_bytes(), after.as_bytes()).unwrap();
    let change = changes.first().unwrap();
    assert_eq!(change.operation.as_deref(), Some("GET /orders/{id}"));
    assert_eq!(change.place, "response 200 body application/json /price");
    assert_eq!(change.text, "the property price is not answered any more");
}

#[test]
fn a_request_hits_its_operation_also_below_a_servers_path() {
    let check = |method: &str, path: &str, expected: bool| {
        assert_eq!(openapi::matches(method, path, "GET /orders/{id}"), expected, "{method} {path}");
    };
    check("GET", "/orders/42", true);
    check("get", "/v2/orders/42?full=1", true);
    check("POST", "/orders/42", false);
    check("GET", "/orders", false);
    check("GET", "/orders/42/items", false);
    check("GET", "/a/b/c/d/e/orders/42", false);
}

#[test]
fn a_segment_of_several_parameters_is_hit_by_what_has_all_of_them() {
    let cases = [
        ("/fares/{from}-{to}", "/fares/quay-lighthouse", true),
        ("/fares/{from}-{to}", "/fares/quay-old-lighthouse", true),
        ("/fares/{from}-{to}", "/fares/--x", true),
        ("/fares/{from}-{to}", "/fares/quay", false),
        ("/fares/{from}-{to}", "/fares/-quay", false),
        ("/fares/{from}-{to}", "/fares/quay-", false),
        ("/{a}.{b}.json", "/x.y.json", true),
        ("/{a}.{b}.json", "/x.json", false),
        ("/v{major}", "/v", false),
        ("/v{major}", "/vä", true),
    ];
    for (template, path, expected) in cases {
        assert_eq!(openapi::matches("GET", path, &format!("GET {template}")), expected, "{path} {template}");
    }
}

#[test]
fn versions_without_quotes_and_flow_style_are_read() {
    let with = |version: &str, method: &str| {
        format!("{{openapi: {version}, paths: {{/a: {{{method}: {{responses: {{}}}}}}}}}}")
    };
    for version in ["3.0", "3.1", "3.1.0", "'3.1.0'"] {
        let expected = ["!api-removed-without-deprecation", ".endpoint-added"];
        assert_eq!(rules(&with(version, "get"), &with(version, "put")), expected, "{version}");
    }
}
