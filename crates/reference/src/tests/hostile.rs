use std::fmt::Write as _;

use proptest::prelude::*;

use super::{DefinitionKind, Reference, outline, parse, search_text};
use crate::{MAX_BYTES, MAX_OPERATIONS};

const KINDS: [DefinitionKind; 4] =
    [DefinitionKind::OpenApi, DefinitionKind::AsyncApi, DefinitionKind::GraphQl, DefinitionKind::Grpc];

fn size(reference: &Reference) -> usize {
    serde_json::to_string(reference).expect("a reference is JSON").len()
}

#[test]
fn a_definition_that_is_too_long_is_refused() {
    for kind in KINDS {
        let error = parse(kind, &" ".repeat(MAX_BYTES + 1)).expect_err("too long");
        assert!(error.message.contains("longer than 5 MB"), "{error}");
    }
}

#[test]
fn alias_bombs_are_refused() {
    let mut laughs = "openapi: 3.0.0\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(laughs, "a{level}: &a{level} [{below}]").expect("a string");
    }
    let long = "x".repeat(1_000_000);
    let copies = format!("openapi: 3.0.0\na: &a {long}\nb: [{}]\n", vec!["*a"; 5_000].join(", "));
    for bomb in [laughs, copies] {
        let error = parse(DefinitionKind::OpenApi, &bomb).expect_err("a bomb");
        assert!(error.message.starts_with("not valid YAML"), "{error}");
    }
}

#[test]
fn references_that_multiply_are_cut() {
    let mut text = "openapi: 3.0.0\npaths: {/a: {get: {responses: {200: {content: {application/json: {schema: {$ref: '#/x/l0'}}}}}}}}\nx:\n"
        .to_owned();
    for level in 0..25 {
        let next = format!("{{$ref: '#/x/l{}'}}", level + 1);
        writeln!(text, "  l{level}: {{properties: {{a: {next}, b: {next}, c: {next}}}}}").expect("a string");
    }
    let reference = parse(DefinitionKind::OpenApi, &text).expect("readable");
    assert!(reference.warnings.iter().any(|warning| warning.contains("schemas")), "{:?}", reference.warnings);
}

#[test]
fn a_shared_path_item_cannot_multiply_a_long_text() {
    let mut text = format!(
        "openapi: 3.0.0\nshared: {{get: {{description: {}, operationId: x}}}}\npaths:\n",
        "d".repeat(1_000_000)
    );
    for at in 0..MAX_OPERATIONS + 5 {
        writeln!(text, "  /{at}: {{$ref: '#/shared'}}").expect("a string");
    }
    let reference = parse(DefinitionKind::OpenApi, &text).expect("readable");
    assert_eq!(reference.operations().count(), MAX_OPERATIONS);
    assert!(reference.warnings.iter().any(|warning| warning.contains("operations are shown")));
    assert!(size(&reference) < 64 << 20, "{}", size(&reference));
}

#[test]
fn references_in_a_circle_end() {
    let text = "openapi: 3.0.0\npaths: {/a: {get: {requestBody: {content: {x: {schema: {$ref: '#/s/a'}}}}}}}\n\
                s: {a: {items: {$ref: '#/s/b'}}, b: {$ref: '#/s/a'}}\n";
    let reference = parse(DefinitionKind::OpenApi, text).expect("readable");
    assert!(
        outline(&reference).contains("> x [[…]]") || outline(&reference).contains("> x […]"),
        "{}",
        outline(&reference)
    );
}

#[test]
fn a_deep_schema_is_cut_and_a_deeper_document_is_refused() {
    let nested = |depth: usize| {
        let schema = format!("{}{{}}{}", "{items: ".repeat(depth), "}".repeat(depth));
        format!("openapi: 3.0.0\ncomponents: {{schemas: {{A: {schema}}}}}\n")
    };
    let reference = parse(DefinitionKind::OpenApi, &nested(40)).expect("readable");
    assert!(reference.warnings.iter().any(|warning| warning.contains("nested deeper")), "{:?}", reference.warnings);
    assert!(parse(DefinitionKind::OpenApi, &nested(5_000)).is_err());
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    for opening in [
        "{",
        "[",
        "{\"a\":",
        "[[",
        "- ",
        "a: {",
        "(",
        "<",
        "type A { a: [",
        "message A {",
        "option (a) = {",
        "&a [",
        "? ",
    ] {
        for kind in KINDS {
            let _ = parse(kind, &opening.repeat(20_000));
            let _ = parse(kind, &format!("syntax = \"proto3\";\n{}", opening.repeat(20_000)));
        }
    }
    let option = format!("syntax = \"proto3\";\noption (a) = {{ {} }};", "a { ".repeat(100_000));
    let _ = parse(DefinitionKind::Grpc, &option);
    let default = format!("type Query {{ a(b: Int = {}): Int }}", "[".repeat(100_000));
    let _ = parse(DefinitionKind::GraphQl, &default);
}

#[test]
fn what_is_not_a_definition_says_so() {
    let cases = [
        (DefinitionKind::OpenApi, "", Some(1)),
        (DefinitionKind::OpenApi, "- a", Some(1)),
        (DefinitionKind::OpenApi, "a: b", None),
        (DefinitionKind::OpenApi, "openapi: 4.0.0", None),
        (DefinitionKind::OpenApi, "openapi: 3.0.0\npaths: [\n", Some(2)),
        (DefinitionKind::OpenApi, "{\n\"openapi\": }", Some(2)),
        (DefinitionKind::AsyncApi, "openapi: 3.0.0", None),
        (DefinitionKind::AsyncApi, "asyncapi: 1.0.0", None),
    ];
    for (kind, text, line) in cases {
        let error = parse(kind, text).expect_err(text);
        assert_eq!(error.line, line, "{text:?}: {error}");
    }
}

fn soup() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "openapi: 3.1.0\n",
        "asyncapi: 3.0.0\n",
        "asyncapi: 2.0.0\n",
        "swagger: '2.0'\n",
        "paths:\n",
        "  /a:\n",
        "    get:\n",
        "      parameters: [{name: a, in: query}]\n",
        "components:\n",
        "  schemas:\n",
        "    A: {$ref: '#/components/schemas/A'}\n",
        "channels:\n",
        "operations:\n",
        "    B: {allOf: [{type: [object]}], enum: [1, a]}\n",
        "$ref: '#'\n",
        "{",
        "}",
        "[",
        "]",
        "\n",
        "type Query {",
        "a: Int\n",
        "extend type ",
        "union U = A | B\n",
        "enum E { A }\n",
        "syntax = \"proto3\";\n",
        "message M {",
        "map<string, M> m = 1;",
        "repeated M m = 2;",
        "service S {",
        "rpc R(M) returns (stream M);",
        "oneof o {",
        "// c\n",
        "/* c */",
        "é",
        "\"",
        "'",
    ]);
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof![".*", soup()]) {
        for kind in KINDS {
            if let Ok(reference) = parse(kind, &text) {
                let ids: std::collections::HashSet<String> = search_text(&reference).into_iter().map(|(id, _)| id).collect();
                prop_assert_eq!(ids.len(), reference.operations().count());
                prop_assert_eq!(parse(kind, &text), Ok(reference));
            }
        }
    }
}
