use super::{DefinitionKind, check, read};

#[test]
fn asyncapi_2_is_read_from_the_clients_side() {
    check(
        DefinitionKind::AsyncApi,
        r##"
asyncapi: 2.6.0
info: {title: Orders, version: 1.2.0}
defaultContentType: application/json
servers: {prod: {url: 'broker.shop.example:9092', protocol: kafka}}
channels:
  orders/{region}:
    parameters: {region: {description: where, schema: {type: string, enum: [eu, us]}}}
    subscribe:
      operationId: onOrder
      message:
        oneOf: [{$ref: '#/components/messages/Placed'}, {name: Cancelled, payload: {type: string}}]
    publish:
      message: {contentType: application/avro, headers: {properties: {trace: {type: string}}, required: [trace]}, payload: {$ref: '#/components/schemas/Order'}}
components:
  messages: {Placed: {title: Order placed, payload: {$ref: '#/components/schemas/Order'}, examples: [{payload: {id: 7}}]}}
  schemas: {Order: {type: object, properties: {id: {type: integer}}}}
"##,
        r#"
Orders 1.2.0
[Operations]
publish-orders-region: PUBLISH orders/{region}
  channel region!: string []
  header trace!: string []
  > application/avro Order
on-order: SUBSCRIBE orders/{region}
  channel region!: string []
  < Order placed
    Order placed application/json Order
  < Cancelled
    Cancelled application/json string
type-order = {id: integer}
"#,
    );
}

#[test]
fn asyncapi_3_is_read_from_the_applications_side() {
    let text = r##"
asyncapi: 3.0.0
info: {title: Mail, version: '1'}
servers: {prod: {host: broker.shop.example, protocol: amqp}}
channels:
  outbox:
    address: mail/{id}
    parameters: {id: {enum: [a, b], description: which}}
    messages:
      sent: {payload: {schemaFormat: application/schema+json, schema: {type: boolean}}}
      failed: {payload: {type: string}}
  replies: {address: null, messages: {done: {payload: {type: integer}}}}
  unused: {address: old, messages: {ping: {}}}
operations:
  sendMail:
    action: send
    channel: {$ref: '#/channels/outbox'}
    messages: [{$ref: '#/channels/outbox/messages/sent'}]
  takeCommand:
    action: receive
    channel: {$ref: '#/channels/outbox'}
    reply: {channel: {$ref: '#/channels/replies'}}
"##;
    check(
        DefinitionKind::AsyncApi,
        text,
        r"
Mail 1
[Operations]
send-mail: SEND mail/{id}
  channel id!: string []
  < sent
    sent boolean
take-command: RECEIVE mail/{id}
  channel id!: string []
  > sent boolean
  > failed string
  < done
    done integer
unused: CHANNEL old
  < ping
    ping anything
",
    );
    assert_eq!(read(DefinitionKind::AsyncApi, text).servers[0].url, "amqp://broker.shop.example");
}
