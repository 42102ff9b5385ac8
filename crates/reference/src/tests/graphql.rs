use super::{DefinitionKind, check, parse, read};

const SHOP: &str = r#"
"A basket"
type Cart implements Node @key(fields: "id") { id: ID!, items(first: Int = 10): [Item!]!, total: Money }
type Item { sku: String!, cart: Cart }
interface Node { id: ID! }
union Found = Cart | Item
enum State { OPEN "All paid" PAID @deprecated(reason: "use DONE") }
input NewCart { state: State = OPEN, note: String!, count: Int! = 1 }
scalar Money
type Query {
  "Finds a cart. Slowly."
  cart(id: ID!): Cart
  search(text: String = "x"): [Found!]! @deprecated
}
type Mutation { create(cart: NewCart!): Cart! }
extend type Query { ping: Boolean, other: Elsewhere }
"#;

#[test]
fn a_graphql_schema_is_read() {
    check(
        DefinitionKind::GraphQl,
        SHOP,
        "
[Query]
query-cart: query cart
  argument id!: ID! []
  < Cart
    Cart
query-search: query search deprecated
  argument text: String []
  < [Found!]!
    [Found]
query-ping: query ping
  < Boolean
    Boolean
query-other: query other
  < Elsewhere
    ?Elsewhere
[Mutation]
mutation-create: mutation create
  argument cart!: NewCart! []
  < Cart!
    Cart
type-cart = {id!: ID, items!: [Item] <takes first: Int>, total: Money}
type-item = {sku!: string, cart: Cart}
type-node = {id!: ID}
type-found = (Cart | Item)
type-state = enum of OPEN/PAID
type-new-cart = {state: State, note!: string, count: Int}
type-money = Money
warning: the type Elsewhere isn't in the schema
",
    );
}

#[test]
fn descriptions_defaults_and_reasons_are_kept() {
    let reference = read(DefinitionKind::GraphQl, SHOP);
    let cart = reference.operations().next().expect("an operation");
    assert_eq!((cart.summary.as_str(), cart.description.as_str()), ("Finds a cart.", "Finds a cart. Slowly."));
    let paid = &reference.types[4].schema.values[1];
    assert_eq!((paid.deprecated, paid.description.as_str()), (true, "All paid\n\nDeprecated: use DONE"));
    assert_eq!(reference.types[0].schema.description, "A basket");
    let example = cart.responses[0].bodies[0].example.as_deref();
    assert_eq!(
        example,
        Some(
            "{\n  \"id\": \"id-1\",\n  \"items\": [\n    {\n      \"sku\": \"text\"\n    }\n  ],\n  \"total\": \"text\"\n}"
        )
    );
}

#[test]
fn the_schema_names_its_roots() {
    let text = "schema { query: Root }\ntype Root { a: Int }\ntype Query { b: Int }";
    let reference = read(DefinitionKind::GraphQl, text);
    assert_eq!((reference.groups[0].name.as_str(), reference.types[0].name.as_str()), ("Root", "Query"));
}

#[test]
fn a_syntax_error_has_its_line() {
    let error = parse(DefinitionKind::GraphQl, "type Query {\n  a: Int\n  b Int\n}").expect_err("not a schema");
    assert_eq!(error.line, Some(3), "{error}");
}
