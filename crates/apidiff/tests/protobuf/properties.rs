//! What holds of any text.

use apidiff::protobuf::compare;
use proptest::prelude::*;

/// Words that a definition is made of, so that some texts get past the parser.
fn words() -> impl Strategy<Value = String> {
    let words = [
        "syntax = \"proto2\";",
        "syntax = \"proto3\";",
        "package a.b;",
        "import \"x.proto\";",
        "message M {",
        "message N {",
        "enum E {",
        "service S {",
        "rpc R(M) returns (stream N);",
        "rpc R(.a.b.M) returns (E) {",
        "oneof o {",
        "extend M {",
        "}",
        "}",
        "}",
        ";",
        "optional int32 x = 1;",
        "string y = 2 [json_name = \"z\"];",
        "repeated M m = 3;",
        "map<string, E> e = 4;",
        "optional group G = 5 {",
        "required bytes b = 6 [default = \"\\377\\n\"];",
        "optional E f = 7 [default = B];",
        "A = 0;",
        "B = -1;",
        "optional double d = 8 [default = -nan];",
        "reserved 1 to max;",
        "reserved 9 to 2, -5;",
        "reserved \"x\";",
        "extensions 100 to max;",
        "option allow_alias = true;",
        "option go_package = \"\u{e9}\";",
        "option (x).y = { a: [1, 2] };",
        "edition = \"2023\";",
        "/* c */",
        "// d\n",
        "2147483648",
        "\"",
        "\\",
    ];
    proptest::collection::vec(
        prop_oneof![9 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"],
        0..40,
    )
    .prop_map(|words| words.join(" "))
}

/// Messages and enums that parse, in any combination.
fn definition() -> impl Strategy<Value = String> {
    let kinds = [
        "int32",
        "string",
        "bytes",
        "repeated bool",
        "M0",
        "repeated M1",
        "E0",
        "map<string, M2>",
        "optional double",
        "other.N",
    ];
    let field = (proptest::sample::select(kinds.to_vec()), 0..6_u8, 1..9_u8);
    let message = proptest::collection::vec(field, 0..6).prop_map(|fields| -> String {
        fields.iter().map(|(kind, name, number)| format!("{kind} f{name} = {number};")).collect()
    });
    let values = proptest::collection::vec((0..5_u8, -2..3_i8), 1..5)
        .prop_map(|values| -> String { values.iter().map(|(name, number)| format!("V{name} = {number};")).collect() });
    let method = (0..4_u8, 0..4_u8).prop_map(|(one, another)| format!("rpc R{one}(M{one}) returns (M{another});"));
    let parts = (proptest::collection::vec(message, 1..4), values, proptest::collection::vec(method, 0..4));
    parts.prop_map(|(messages, values, methods)| {
        let messages: String =
            messages.iter().enumerate().map(|(at, fields)| format!("message M{at} {{ {fields} }}")).collect();
        format!("syntax = \"proto3\"; {messages} enum E0 {{ {values} }} service S {{ {} }}", methods.concat())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(one in ".{0,200}", another in words()) {
        let _ = compare(&[("a", &one)], &[("a", &another)]);
        let _ = compare(&[("a", &one), ("b", &another)], &[]);
    }

    #[test]
    fn a_file_against_itself_gives_nothing(text in prop_oneof![words(), definition()]) {
        if let Ok(changes) = compare(&[("a", &text)], &[("a", &text)]) {
            prop_assert_eq!(changes, Vec::new());
        }
    }

    #[test]
    fn the_same_texts_give_the_same_changes_in_the_same_order(one in definition(), another in definition()) {
        let changes = compare(&[("a", &one)], &[("a", &another)]).unwrap();
        prop_assert_eq!(&changes, &compare(&[("a", &one)], &[("a", &another)]).unwrap());
        let places: Vec<_> = changes.iter().map(|change| (&change.place, &change.rule, &change.text)).collect();
        prop_assert!(places.is_sorted());
    }
}
