use super::{DefinitionKind, check, read};

const SHOP: &str = r#"
openapi: 3.1.0
info: {title: Cart, version: 1.0}
tags: [{name: carts, description: Baskets}]
security: [{token: []}, {oauth: [read, write]}, {}]
paths:
  /carts/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string, format: uuid}}
      - {$ref: '#/components/parameters/Trace'}
    get:
      operationId: getCart
      tags: [carts]
      summary: Get a cart
      parameters:
        - {name: depth, in: query, schema: {type: integer, minimum: 1, maximum: 9, default: 3}}
      responses:
        200:
          description: The cart
          headers: {ETag: {schema: {type: string}}}
          content: {application/json: {schema: {$ref: '#/components/schemas/Cart'}}}
        default: {$ref: '#/components/responses/Error'}
    delete: {deprecated: true, security: [], responses: {204: {description: Gone}}}
  /carts:
    post:
      tags: [carts, admin]
      requestBody:
        content:
          application/json: {schema: {$ref: '#/components/schemas/Cart'}}
          text/csv: {schema: {type: string}, example: "sku,count"}
      responses: {}
webhooks:
  cartEmptied:
    post: {tags: [hooks], responses: {200: {description: ok}}}
components:
  securitySchemes:
    token: {type: http, scheme: bearer}
    oauth: {type: oauth2}
  parameters:
    Trace: {name: traceparent, in: header, schema: {type: [string, 'null'], pattern: '^00-'}}
  responses:
    Error: {description: Bad, content: {application/problem+json: {schema: {type: object, required: [title], properties: {title: {type: string}}}}}}
  schemas:
    Cart:
      type: object
      required: [id]
      properties:
        id: {type: string, format: uuid, readOnly: true}
        items: {type: array, minItems: 1, uniqueItems: true, items: {$ref: '#/components/schemas/Item'}}
        parent: {$ref: '#/components/schemas/Cart'}
        state: {enum: [open, paid, NO]}
        labels: {additionalProperties: {type: string}}
    Item:
      allOf:
        - {$ref: '#/components/schemas/Priced'}
        - {type: object, properties: {sku: {type: string, minLength: 1}}, additionalProperties: false}
    Priced:
      oneOf: [{type: object, properties: {cents: {type: integer}}}, {type: 'null'}]
      discriminator: {propertyName: kind}
"#;

#[test]
fn openapi_3_is_read() {
    check(
        DefinitionKind::OpenApi,
        SHOP,
        r#"
Cart 1.0
[carts]
get-cart: GET /carts/{id}
  path id!: string (uuid) []
  header traceparent: string or null ["matches ^00-"]
  query depth: integer ["at least 1", "at most 9"]
  < 200
    application/json Cart
  < default
    application/problem+json {title!: string}
  with token (http bearer)
  with oauth (oauth2) with read, write
  with none
post-carts: POST /carts
  > application/json Cart
  > text/csv string
  with token (http bearer)
  with oauth (oauth2) with read, write
  with none
[Operations]
delete-carts-id: DELETE /carts/{id} deprecated
  path id!: string (uuid) []
  header traceparent: string or null ["matches ^00-"]
  < 204
[hooks]
post-cart-emptied: POST cartEmptied
  < 200
  with token (http bearer)
  with oauth (oauth2) with read, write
  with none
type-cart = {id!: string (uuid), items: [Item] <at least 1 item, no item twice>, parent: Cart, state: string of open/paid/NO, labels: {*: string}}
type-item = (Priced & {sku: string <at least 1 character>} <no other fields>)
type-priced = ({cents: integer})? <told apart by kind>
"#,
    );
}

#[test]
fn an_example_is_made_where_none_is_given_and_ends_where_a_type_recurs() {
    let reference = read(DefinitionKind::OpenApi, SHOP);
    let bodies: Vec<Option<&str>> =
        reference.operations().flat_map(|operation| &operation.request).map(|body| body.example.as_deref()).collect();
    let made = r#"{
  "id": "3f2b7c1e-5d64-4f0a-9c1b-0a1b2c3d4e5f",
  "items": [
    {
      "cents": 1,
      "sku": "text"
    }
  ],
  "state": "open",
  "labels": {
    "key": "text"
  }
}"#;
    assert_eq!(bodies, [Some(made), Some("sku,count")]);
}

#[test]
fn swagger_2_is_read() {
    check(
        DefinitionKind::OpenApi,
        r##"{
          "swagger": "2.0", "info": {"title": "Pay", "version": "2"}, "host": "pay.example", "basePath": "/v2",
          "schemes": ["https"], "consumes": ["application/json"], "produces": ["application/json", "text/plain"],
          "securityDefinitions": {"key": {"type": "apiKey", "name": "X-Key", "in": "header"}},
          "paths": {"/pay": {"post": {
            "security": [{"key": []}],
            "parameters": [
              {"in": "body", "name": "order", "schema": {"$ref": "#/definitions/Order"}},
              {"in": "formData", "name": "note", "type": "file"},
              {"in": "query", "name": "dry", "type": "boolean", "required": true}
            ],
            "responses": {"201": {"description": "Paid", "schema": {"type": "array", "items": {"type": "string"}}}}
          }}},
          "definitions": {"Order": {"properties": {"cents": {"type": "integer", "minimum": 0, "exclusiveMinimum": true}}}}
        }"##,
        r#"
Pay 2
[Operations]
post-pay: POST /pay
  form note: file []
  query dry!: boolean []
  > order application/json Order
  < 201
    application/json [string]
    text/plain [string]
  with key (apiKey X-Key in header)
type-order = {cents: integer <more than 0>}
"#,
    );
    let reference = read(DefinitionKind::OpenApi, r#"{"swagger": "2.0", "host": "a.example", "schemes": ["https"]}"#);
    assert_eq!(reference.servers[0].url, "https://a.example");
}

#[test]
fn what_cannot_be_resolved_is_a_warning_beside_the_rest() {
    check(
        DefinitionKind::OpenApi,
        r##"
openapi: 3.0.3
info: {title: T, version: v}
paths:
  /a:
    get:
      parameters: [{$ref: './common.yaml#/Page'}]
      responses:
        '200': {description: ok, content: {application/json: {schema: {$ref: 'https://x.example/s.json'}}}}
        '500': {$ref: '#/components/responses/Gone'}
  /b: {$ref: '#/paths/~1b'}
"##,
        r"
T v
[Operations]
get-a: GET /a
  < 200
    application/json ?https://x.example/s.json
warning: ./common.yaml#/Page can't be resolved; only references inside the file are
warning: https://x.example/s.json can't be resolved; only references inside the file are
warning: #/components/responses/Gone can't be resolved; only references inside the file are
warning: a chain of references never ends
",
    );
}

#[test]
fn ids_are_unique_and_stay_with_their_operation() {
    let text = "openapi: 3.0.0\npaths:\n  /a: {get: {operationId: do it}, put: {operationId: Do-It}, head: {}}\n";
    let reference = read(DefinitionKind::OpenApi, text);
    let ids: Vec<&str> = reference.operations().map(|operation| operation.id.as_str()).collect();
    assert_eq!(ids, ["do-it", "do-it-2", "head-a"]);
}
