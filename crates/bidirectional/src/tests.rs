//! What fits and what doesn't, one line each; then whatever bytes may come.

mod hostile;
mod matching;
mod properties;

use serde_json::{Value, json};

use crate::{Finding, Judgement, compare};

/// Findings as `code at place`.
fn found(openapi: &Value, pact: &Value) -> Vec<String> {
    judged(openapi, pact).findings.iter().map(short).collect()
}

fn judged(openapi: &Value, pact: &Value) -> Judgement {
    compare(openapi.to_string().as_bytes(), pact.to_string().as_bytes()).expect("both are readable")
}

fn short(finding: &Finding) -> String {
    format!("{} {}", finding.code, finding.mock.trim_start_matches("[root].interactions"))
}

/// A document with these paths and schemas.
fn document(paths: &Value, schemas: &Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "Quay", "version": "1" },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": { "type": "apiKey", "in": "header", "name": "X-Key" },
                "bearer": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

/// A document whose one operation, `POST /lamps`, takes and gives a body.
fn with_bodies(sent: &Value, received: &Value) -> Value {
    let content = |schema: &Value| json!({ "application/json": { "schema": schema } });
    let operation = json!({
        "requestBody": { "content": content(sent) },
        "responses": { "200": { "description": "", "content": content(received) } },
    });
    document(&json!({ "/lamps": { "post": operation } }), &json!({}))
}

/// A pact with one interaction.
fn pact(request: Value, response: Value) -> Value {
    json!({ "interactions": [{ "description": "a lamp", "request": request, "response": response }] })
}

/// A pact that sends one body and gets another.
fn exchange(sent: Value, received: Value) -> Value {
    let headers = json!({ "Content-Type": "application/json" });
    pact(
        json!({ "method": "POST", "path": "/lamps", "headers": headers, "body": sent }),
        json!({ "status": 200, "body": received }),
    )
}

/// What is found of a body that is sent.
fn sent(schema: &Value, body: Value) -> Vec<String> {
    found(&with_bodies(schema, &json!({})), &exchange(body, Value::Null))
}

/// What is found of a body that is received.
fn received(schema: &Value, body: Value) -> Vec<String> {
    found(&with_bodies(&json!({}), schema), &exchange(json!({}), body))
}

/// What is found of a GET.
fn get(operation: Value, path: &str, query: &str, headers: Value) -> Vec<String> {
    let mut operation = operation;
    operation["responses"] = json!({ "200": { "description": "" } });
    let document = document(&json!({ "/lamps/{id}": { "get": operation } }), &json!({}));
    let request = json!({ "method": "GET", "path": path, "query": query, "headers": headers });
    found(&document, &pact(request, json!({ "status": 200 })))
}

const NONE: [&str; 0] = [];
