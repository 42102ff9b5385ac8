use super::{Body, DefinitionKind, Field, Reference, Schema, Shape, detect, parse, search_text};

mod asyncapi;
mod corpora;
mod graphql;
mod grpc;
mod hostile;
mod openapi;

/// A reference in a few lines: an operation is its id, verb, path and marks; below it what goes in and what comes out.
fn outline(reference: &Reference) -> String {
    let mut lines = vec![format!("{} {}", reference.title, reference.version)];
    for group in &reference.groups {
        lines.push(format!("[{}]", group.name));
        for operation in &group.operations {
            let mark = if operation.deprecated { " deprecated" } else { "" };
            lines.push(format!("{}: {} {}{mark}", operation.id, operation.verb, operation.path));
            for it in &operation.parameters {
                let required = if it.required { "!" } else { "" };
                lines.push(format!("  {} {}{required}: {} {:?}", it.in_, it.name, it.type_text, it.constraints));
            }
            lines.extend(operation.request.iter().map(|body| format!("  > {}", body_line(body))));
            for response in &operation.responses {
                lines.push(format!("  < {}", response.status));
                lines.extend(response.bodies.iter().map(|body| format!("    {}", body_line(body))));
            }
            lines.extend(operation.security.iter().map(|way| format!("  with {way}")));
        }
    }
    for named in &reference.types {
        lines.push(format!("{} = {}", named.id, schema_text(&named.schema)));
    }
    lines.extend(reference.warnings.iter().map(|warning| format!("warning: {warning}")));
    lines.join("\n")
}

fn body_line(body: &Body) -> String {
    let words = [body.name.as_str(), &body.media_type, &schema_text(&body.schema)];
    words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A schema on one line, in full.
fn schema_text(schema: &Schema) -> String {
    let all = |parts: &[Schema], word: &str| parts.iter().map(schema_text).collect::<Vec<_>>().join(word);
    let mut text = match &schema.shape {
        Shape::Object { fields, others } => {
            let mut parts: Vec<String> = fields.iter().map(field_text).collect();
            parts.extend(others.iter().map(|others| format!("*: {}", schema_text(others))));
            format!("{{{}}}", parts.join(", "))
        }
        Shape::List(item) => format!("[{}]", schema_text(item)),
        Shape::AllOf(parts) => format!("({})", all(parts, " & ")),
        Shape::OneOf(parts) => format!("({})", all(parts, " | ")),
        Shape::AnyOf(parts) => format!("({})", all(parts, " / ")),
        Shape::Named { name, .. } => name.clone(),
        Shape::Unresolved { name } => format!("?{name}"),
        Shape::Any | Shape::Scalar { .. } | Shape::Cut => Schema::of(schema.shape.clone()).type_text(),
    };
    if schema.nullable {
        text.push('?');
    }
    if !schema.values.is_empty() {
        let names: Vec<&str> = schema.values.iter().map(|value| value.name.as_str()).collect();
        text.push_str(&format!(" of {}", names.join("/")));
    }
    if !schema.constraints.is_empty() {
        text.push_str(&format!(" <{}>", schema.constraints.join(", ")));
    }
    text
}

fn field_text(field: &Field) -> String {
    format!("{}{}: {}", field.name, if field.required { "!" } else { "" }, schema_text(&field.schema))
}

#[track_caller]
fn read(kind: DefinitionKind, text: &str) -> Reference {
    parse(kind, text).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn check(kind: DefinitionKind, text: &str, expected: &str) {
    assert_eq!(outline(&read(kind, text)).trim(), expected.trim());
}

#[test]
fn a_language_is_told_by_its_declared_type_else_by_the_text() {
    let cases = [
        ("openapi", "", Some(DefinitionKind::OpenApi)),
        ("AsyncAPI", "", Some(DefinitionKind::AsyncApi)),
        ("grpc", "", Some(DefinitionKind::Grpc)),
        ("rest", "# shop\nopenapi: 3.1.0\n", Some(DefinitionKind::OpenApi)),
        ("", "{\"swagger\": \"2.0\"}", Some(DefinitionKind::OpenApi)),
        ("", "{\n  \"asyncapi\": \"3.0.0\"}", Some(DefinitionKind::AsyncApi)),
        ("", "// x\nsyntax = \"proto3\";", Some(DefinitionKind::Grpc)),
        ("", "type Query {\n a: Int }", Some(DefinitionKind::GraphQl)),
        ("crd", "---\napiVersion: apiextensions.k8s.io/v1\n", None),
        ("", "", None),
    ];
    for (type_, text, kind) in cases {
        assert_eq!(detect(type_, text), kind, "{type_:?} {text:?}");
    }
}

#[test]
fn an_operation_is_found_by_its_words() {
    let text = "openapi: 3.0.0\npaths:\n  /carts/{id}:\n    get:\n      summary: Get a basket\n      parameters:\n        - {name: id, \
                in: path, description: the shopper}\n      responses: {404: {description: no such basket}}\n";
    let found = search_text(&read(DefinitionKind::OpenApi, text));
    assert_eq!(
        found,
        [("get-carts-id".into(), "GET\n/carts/{id}\nGet a basket\nid\nthe shopper\n404\nno such basket".into())]
    );
}
