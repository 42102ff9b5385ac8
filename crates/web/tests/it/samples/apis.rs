//! The API reference, from a real definition.

use reference::{DefinitionKind, parse};
use web::{
    reference::{
        list::{ApiScreen, operations_after},
        show::{OperationScreen, TypeScreen},
    },
    shell::Place,
    views::{Callout, Entity, Link, Row},
};

use super::*;

const LEDGER: &str = r##"
openapi: 3.0.3
info: { title: Ledger, version: "2.1", description: Every movement of money. }
servers: [{ url: "https://ledger.example/v2", description: production }]
paths:
  /movements:
    get:
      tags: [Movements]
      summary: List movements
      parameters:
        - { name: limit, in: query, description: How many, schema: { type: integer, minimum: 1, default: 20 } }
        - { name: state, in: query, deprecated: true, schema: { type: string, enum: [open, booked] } }
      responses:
        "200":
          description: The movements
          headers: { X-Total: { schema: { type: integer } } }
          content: { application/json: { schema: { type: array, items: { $ref: "#/components/schemas/Movement" } } } }
    post:
      tags: [Movements]
      summary: Book a movement
      deprecated: true
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Movement" } } } }
      responses: { "201": { description: Booked }, "409": { description: It was booked before } }
components:
  schemas:
    Movement:
      type: object
      required: [amount]
      properties:
        amount: { type: integer, description: In cents, minimum: 1 }
        party: { oneOf: [{ $ref: "#/components/schemas/Person" }, { type: string }] }
        parts: { type: array, items: { $ref: "#/components/schemas/Movement" } }
    Person: { type: object, properties: { name: { type: string, readOnly: true } } }
"##;

pub(crate) fn add(screens: &mut Screens) {
    let reference = parse(DefinitionKind::OpenApi, LEDGER).unwrap();
    let (groups, pager) = operations_after(&reference, "/apis/ledger", 0);
    let (base, types) = ("/apis/ledger", "/apis/ledger/types");
    draw(
        screens,
        "/apis/ledger",
        &ApiScreen {
            chrome: quiet("Ledger", Place::Services),
            entity: Entity::new("api", "ledger-api", "/services/api:ledger-api"),
            owner: Some(group("Payments")),
            reference: &reference,
            groups,
            pager,
            description: "<p>Every movement of money.</p>".to_owned(),
            base,
            remarks: vec![Callout {
                state: State::new(Tone::Warn, "Not everything could be read."),
                text: "1 type is referred to, but not defined.".to_owned(),
                link: None,
            }],
            parties: vec![Row::new("payments", "/services/payments").note("consumes").state(down())],
        },
    );
    let api = || Link::new("Ledger", base);
    let addresses = ["/apis/ledger/operations/list", "/apis/ledger/operations/book"];
    for (operation, address) in reference.operations().zip(addresses) {
        let chrome = quiet(&operation.summary, Place::Services);
        draw(screens, address, &OperationScreen { chrome, api: api(), operation, description: String::new(), types });
    }
    for (doc, address) in reference.types.iter().zip(["/apis/ledger/types/Movement"]) {
        draw(screens, address, &TypeScreen { chrome: quiet(&doc.name, Place::Services), api: api(), doc, types });
    }
}
