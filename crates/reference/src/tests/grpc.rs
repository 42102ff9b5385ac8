use super::{DefinitionKind, check, parse, read};

const SHOP: &str = r#"
// The shop.
syntax = "proto3";
package shop.v2;
import "google/protobuf/timestamp.proto";
import "google/protobuf/empty.proto";
import "acme/money.proto";

/**
 * Takes orders.
 */
service Orders {
  // Places an order. At once.
  rpc Place(Order) returns (google.protobuf.Empty) { option deprecated = true; }
  rpc Watch(Order.Key) returns (stream Order);
  rpc Upload(stream Order) returns (acme.Receipt);
  rpc Chat(stream Order) returns (stream .shop.v2.Order);
}

// An order.
message Order {
  message Key { int64 id = 1; }
  enum State { OPEN = 0; DONE = 1 [deprecated = true]; }
  Key key = 1; // who
  repeated Order parts = 2;
  map<string, State> states = 3;
  google.protobuf.Timestamp at = 4;
  oneof payment { string card = 5; acme.Money cash = 6; }
  optional bool gift = 7;
}
"#;

#[test]
fn a_protobuf_file_is_read_without_its_imports() {
    check(
        DefinitionKind::Grpc,
        SHOP,
        "
shop.v2 v2
[Orders]
orders-place: rpc unary shop.v2.Orders/Place deprecated
  > Order Order
  < object
    object {}
orders-watch: rpc server-stream shop.v2.Orders/Watch
  > Order.Key Order.Key
  < Order
    Order Order
orders-upload: rpc client-stream shop.v2.Orders/Upload
  > Order Order
  < acme.Receipt
    acme.Receipt ?acme.Receipt
orders-chat: rpc bidi-stream shop.v2.Orders/Chat
  > Order Order
  < Order
    Order Order
type-order = {key: Order.Key, parts: [Order], states: {*: Order.State}, at: Timestamp, \
         card: string <one of payment>, cash: ?acme.Money <one of payment>, gift: bool <optional>}
type-order-key = {id: int64}
type-order-state = enum of OPEN/DONE
warning: acme.Receipt isn't in this file; imports aren't read
warning: acme.Money isn't in this file; imports aren't read
",
    );
}

#[test]
fn comments_are_descriptions() {
    let reference = read(DefinitionKind::Grpc, SHOP);
    assert_eq!(reference.description, "The shop.");
    assert_eq!(reference.groups[0].description, "Takes orders.");
    assert_eq!(reference.groups[0].operations[0].summary, "Places an order.");
    assert_eq!(reference.types[0].schema.description, "An order.");
}

#[test]
fn a_syntax_error_has_its_line() {
    let error = parse(DefinitionKind::Grpc, "syntax = \"proto3\";\n\nmessage {\n}").expect_err("not a file");
    assert_eq!(error.line, Some(3), "{error}");
}
