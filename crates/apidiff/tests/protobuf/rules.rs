//! Each rule, by the smallest change that it names.

use crate::{check, check_files, check_old, check_whole};

// Files.

#[test]
fn a_file_that_is_gone_is_a_deletion_and_a_new_one_an_addition() {
    let text = "syntax = \"proto3\";";
    let (earlier, later) = (&[("a.proto", text)], &[("b.proto", text)]);
    check_files(earlier, later, &["FILE_NO_DELETE a.proto", "FILE_ADDED b.proto"]);
}

#[test]
fn another_package_is_one_change() {
    let earlier = "syntax = \"proto3\"; package a.v1; message M { string x = 1; } service S { rpc R(M) returns (M); }";
    let later = "syntax = \"proto3\"; package a.v2; message M { bool y = 2; } service S { rpc R(M) returns (M); }";
    check_whole(earlier, later, &["FILE_SAME_PACKAGE a.proto"]);
}

#[test]
fn another_syntax_is_named_with_all_that_it_changes() {
    let earlier = "syntax = \"proto3\"; message M { string x = 1; } enum E { Z = 0; }";
    let later = "syntax = \"proto2\"; message M { optional string x = 1; } enum E { Z = 0; }";
    let expected = [
        "ENUM_SAME_JSON_FORMAT E",
        "ENUM_SAME_TYPE E",
        "MESSAGE_SAME_JSON_FORMAT M",
        "FIELD_SAME_CARDINALITY M.x",
        "FIELD_SAME_JAVA_UTF8_VALIDATION M.x",
        "FIELD_SAME_UTF8_VALIDATION M.x",
        "FILE_SAME_SYNTAX a.proto",
    ];
    check_whole(earlier, later, &expected);
}

#[test]
fn a_file_without_a_syntax_is_proto2() {
    check_whole("package a;", "syntax = \"proto2\"; package a;", &[]);
}

#[test]
fn an_option_of_a_file_that_steers_generated_code_must_stay() {
    check("", "option cc_enable_arenas = false;", &["FILE_SAME_CC_ENABLE_ARENAS a.proto"]);
    check("", "option cc_generic_services = true;", &["FILE_SAME_CC_GENERIC_SERVICES a.proto"]);
    check("", "option csharp_namespace = \"N\";", &["FILE_SAME_CSHARP_NAMESPACE a.proto"]);
    check("option go_package = \"a\";", "option go_package = \"b\";", &["FILE_SAME_GO_PACKAGE a.proto"]);
    check("", "option java_generic_services = true;", &["FILE_SAME_JAVA_GENERIC_SERVICES a.proto"]);
    check("", "option java_multiple_files = true;", &["FILE_SAME_JAVA_MULTIPLE_FILES a.proto"]);
    check("", "option java_outer_classname = \"N\";", &["FILE_SAME_JAVA_OUTER_CLASSNAME a.proto"]);
    check("option java_package = \"N\";", "", &["FILE_SAME_JAVA_PACKAGE a.proto"]);
    check("", "option objc_class_prefix = \"N\";", &["FILE_SAME_OBJC_CLASS_PREFIX a.proto"]);
    check("", "option optimize_for = CODE_SIZE;", &["FILE_SAME_OPTIMIZE_FOR a.proto"]);
    check("", "option php_class_prefix = \"N\";", &["FILE_SAME_PHP_CLASS_PREFIX a.proto"]);
    check("", "option php_metadata_namespace = \"N\";", &["FILE_SAME_PHP_METADATA_NAMESPACE a.proto"]);
    check("", "option php_namespace = \"N\";", &["FILE_SAME_PHP_NAMESPACE a.proto"]);
    check("", "option py_generic_services = true;", &["FILE_SAME_PY_GENERIC_SERVICES a.proto"]);
    check("", "option ruby_package = \"N\";", &["FILE_SAME_RUBY_PACKAGE a.proto"]);
    check("", "option swift_prefix = \"N\";", &["FILE_SAME_SWIFT_PREFIX a.proto"]);
}

#[test]
fn an_option_set_to_what_it_is_anyway_changes_nothing() {
    check("", "option cc_enable_arenas = true; option optimize_for = SPEED; option java_multiple_files = false;", &[]);
    check("", "option (a.go_package) = \"extension\";", &[]);
}

// Messages.

#[test]
fn messages_come_and_go() {
    check("message M {}", "", &["MESSAGE_NO_DELETE a.M"]);
    check("", "message M {}", &["MESSAGE_ADDED a.M"]);
    check("message M { message N {} }", "message M {}", &["MESSAGE_NO_DELETE a.M.N"]);
}

#[test]
fn a_message_that_moves_to_another_file_is_deleted_and_yet_compared() {
    let (one, another) = ("syntax = \"proto3\"; message M { string x = 1; }", "syntax = \"proto3\"; message M {}");
    let nothing = "syntax = \"proto3\";";
    let expected = ["MESSAGE_ADDED M", "MESSAGE_NO_DELETE M", "FIELD_NO_DELETE M.x"];
    check_files(&[("a", one), ("b", nothing)], &[("a", nothing), ("b", another)], &expected);
}

#[test]
fn oneofs_come_and_go() {
    let (without, with) = ("message M { string x = 1; }", "message M { oneof o { string x = 1; } }");
    let moved = ["FIELD_SAME_ONEOF a.M.x", "FIELD_SAME_CARDINALITY a.M.x"];
    check(with, without, &["ONEOF_NO_DELETE a.M.o", moved[1], moved[0]]);
    check(without, with, &["ONEOF_ADDED a.M.o", moved[1], moved[0]]);
}

#[test]
fn what_was_reserved_in_a_message_stays_reserved() {
    let (message, expected) = ("message M { reserved 2, 5 to 9; }", "RESERVED_MESSAGE_NO_DELETE a.M");
    check(message, "message M { reserved 2 to 7, 8 to max; }", &[]);
    check(message, "message M { reserved 2, 5 to 7; }", &[expected]);
    check(message, "message M { reserved 4 to 6, 8; }", &[expected, expected]);
    check("message M { reserved \"x\"; }", "message M { reserved \"y\"; }", &[expected]);
}

#[test]
fn what_was_open_to_extensions_stays_open() {
    let expected = ["EXTENSION_MESSAGE_NO_DELETE a.M"];
    check_old("message M { extensions 100 to max; }", "message M { extensions 100 to 200; }", &expected);
}

#[test]
fn no_field_becomes_required_or_ceases_to_be() {
    let expected = ["FIELD_ADDED a.M.x", "MESSAGE_SAME_REQUIRED_FIELDS a.M.x"];
    check_old("message M {}", "message M { required int32 x = 1; }", &expected);
    let expected = ["FIELD_SAME_CARDINALITY a.M.x", "MESSAGE_SAME_REQUIRED_FIELDS a.M.x"];
    check_old("message M { required int32 x = 1; }", "message M { optional int32 x = 1; }", &expected);
}

#[test]
fn a_message_keeps_its_descriptor() {
    let expected = ["MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR a.M"];
    check("message M {}", "message M { option no_standard_descriptor_accessor = true; }", &expected);
    check("message M { option no_standard_descriptor_accessor = true; }", "message M {}", &[]);
}

// Fields.

#[test]
fn fields_come_and_go_by_number() {
    check("message M { string x = 1; }", "message M {}", &["FIELD_NO_DELETE a.M.x"]);
    check("message M {}", "message M { string x = 1; }", &["FIELD_ADDED a.M.x"]);
    let renumbered = ["FIELD_ADDED a.M.x", "FIELD_NO_DELETE a.M.x"];
    check("message M { string x = 1; }", "message M { string x = 2; }", &renumbered);
}

#[test]
fn a_deleted_field_is_named_even_where_it_is_reserved() {
    let later = "message M { reserved 1; reserved \"x\"; }";
    check("message M { string x = 1; }", later, &["FIELD_NO_DELETE a.M.x"]);
}

#[test]
fn a_renamed_field_has_another_name_in_json_unless_that_is_kept() {
    let (earlier, later) = ("message M { string unit_price = 1; }", "message M { string cost = 1; }");
    check(earlier, later, &["FIELD_SAME_JSON_NAME a.M.unit_price", "FIELD_SAME_NAME a.M.unit_price"]);
    let kept = "message M { string cost = 1 [json_name = \"unitPrice\"]; }";
    check(earlier, kept, &["FIELD_SAME_NAME a.M.unit_price"]);
    check(earlier, "message M { string unitPrice = 1; }", &["FIELD_SAME_NAME a.M.unit_price"]);
}

#[test]
fn a_field_keeps_its_cardinality() {
    let check = |earlier: &str, later: &str| {
        let message = |label: &str| format!("message M {{ {label} x = 1; }}");
        check(&message(earlier), &message(later), &["FIELD_SAME_CARDINALITY a.M.x"]);
    };
    check("int32", "optional int32");
    check("int32", "repeated int32");
    check("optional int32", "repeated int32");
}

#[test]
fn a_message_has_presence_with_or_without_optional() {
    check("message M { M x = 1; }", "message M { optional M x = 1; }", &[]);
}

#[test]
fn a_map_is_another_cardinality_than_a_list() {
    let (list, map) = ("message M { repeated string x = 1; }", "message M { map<int32, string> x = 1; }");
    let both = ["FIELD_SAME_CARDINALITY a.M.x", "FIELD_SAME_TYPE a.M.x"];
    check(list, map, &both);
    check(map, list, &["MESSAGE_NO_DELETE a.M.XEntry", both[0], both[1]]);
}

#[test]
fn the_value_of_a_map_keeps_its_type() {
    let (earlier, later) = ("message M { map<int32, string> x = 1; }", "message M { map<int32, bytes> x = 1; }");
    check(earlier, later, &["FIELD_SAME_TYPE a.M.XEntry.value"]);
}

#[test]
fn a_field_keeps_its_type() {
    let expected = ["FIELD_SAME_TYPE a.M.x"];
    check("message M { int32 x = 1; }", "message M { int64 x = 1; }", &expected);
    check(
        "message M { M x = 1; }",
        "message N {} message M { N x = 1; }",
        &["FIELD_SAME_TYPE a.M.x", "MESSAGE_ADDED a.N"],
    );
    let (group, message) = ("optional group X = 1 {}", "optional X x = 1; message X {}");
    let message_of = |field: &str| format!("message M {{ {field} }}");
    check_old(&message_of(group), &message_of(message), &expected);
}

#[test]
fn a_type_is_the_same_however_its_name_is_written() {
    let with = |name: &str| format!("message M {{ message N {{}} {name} x = 1; }}");
    for name in ["M.N", "a.M.N", ".a.M.N"] {
        check(&with("N"), &with(name), &[]);
        check(&with(name), &with("N"), &[]);
    }
}

#[test]
fn the_innermost_type_of_a_name_counts() {
    let earlier = "message N {} message M { message N {} N x = 1; }";
    check(earlier, "message N {} message M { message N {} .a.N x = 1; }", &["FIELD_SAME_TYPE a.M.x"]);
}

#[test]
fn a_type_of_a_file_that_is_not_here_is_only_known_by_name() {
    let with = |name: &str| format!("message M {{ {name} x = 1; }}");
    check(&with("other.v1.N"), &with(".other.v1.N"), &[]);
    check(&with("v1.N"), &with("other.v1.N"), &[]);
    check(&with("other.v1.N"), &with("optional other.v1.N"), &[]);
    check(&with("other.v1.N"), &with("other.v2.N"), &["FIELD_SAME_TYPE a.M.x"]);
    check(&with("other.v1.N"), &with("repeated other.v1.N"), &["FIELD_SAME_CARDINALITY a.M.x"]);
    check(&with("google.protobuf.Timestamp"), &with("optional google.protobuf.Timestamp"), &[]);
    let null = "google.protobuf.NullValue";
    check(&with(null), &with(&format!("optional {null}")), &["FIELD_SAME_CARDINALITY a.M.x"]);
}

#[test]
fn a_field_keeps_its_oneof() {
    let earlier = "message M { oneof o { string x = 1; string y = 2; } oneof p { string z = 3; } }";
    let later = "message M { oneof o { string x = 1; } oneof p { string y = 2; string z = 3; } }";
    check(earlier, later, &["FIELD_SAME_ONEOF a.M.y"]);
}

#[test]
fn a_field_keeps_its_default() {
    let with = |field: &str| format!("message M {{ optional {field}; }}  enum E {{ A = 1; B = 2; }}");
    let check = |earlier: &str, later: &str| check_old(&with(earlier), &with(later), &["FIELD_SAME_DEFAULT a.M.x"]);
    check("int32 x = 1", "int32 x = 1 [default = 7]");
    check("string x = 1 [default = \"a\"]", "string x = 1 [default = \"b\"]");
    check("bytes x = 1 [default = \"\\001\"]", "bytes x = 1 [default = \"\\002\"]");
    check("bool x = 1 [default = true]", "bool x = 1");
    check("double x = 1 [default = inf]", "double x = 1 [default = -inf]");
    check("E x = 1", "E x = 1 [default = B]");
}

#[test]
fn a_default_is_a_value_and_not_a_text() {
    let with = |field: &str| format!("message M {{ optional {field}; }}  enum E {{ A = 1; B = 2; }}");
    let check = |earlier: &str, later: &str, expected: &[&str]| check_old(&with(earlier), &with(later), expected);
    check("int32 x = 1", "int32 x = 1 [default = 0]", &[]);
    check("E x = 1", "E x = 1 [default = A]", &[]);
    check("int32 x = 1 [default = 0x10]", "int32 x = 1 [default = 16]", &[]);
    check("double x = 1 [default = nan]", "double x = 1 [default = nan]", &[]);
    check("string x = 1 [default = \"\\n\"]", "bytes x = 1 [default = \"\\012\"]", &["FIELD_SAME_TYPE a.M.x"]);
    check("float x = 1 [default = 0.1]", "double x = 1 [default = 0.1]", &["FIELD_SAME_TYPE a.M.x"]);
    check("int32 x = 1 [default = 7]", "double x = 1 [default = 7]", &["FIELD_SAME_TYPE a.M.x"]);
    let both = ["FIELD_SAME_DEFAULT a.M.x", "FIELD_SAME_TYPE a.M.x"];
    check("int32 x = 1 [default = 7]", "double x = 1 [default = 7.5]", &both);
    check("int32 x = 1 [default = 7]", "string x = 1", &both);
}

#[test]
fn options_of_a_field_that_steer_generated_code_must_stay() {
    let earlier = "message M { int64 x = 1; string y = 2; bool z = 3; }";
    let later = "message M { int64 x = 1 [jstype = JS_STRING]; string y = 2 [ctype = CORD]; bool z = 3; }";
    check(earlier, later, &["FIELD_SAME_JSTYPE a.M.x", "FIELD_SAME_CPP_STRING_TYPE a.M.y"]);
    let piece = "message M { string y = 1 [ctype = STRING_PIECE]; }";
    check(piece, "message M { string y = 1; }", &[]);
    check("message M { string y = 1; }", piece, &["FIELD_SAME_CPP_STRING_TYPE a.M.y"]);
}

#[test]
fn java_checks_strings_as_before() {
    let (earlier, later) = ("message M { optional string x = 1; }", "option java_string_check_utf8 = true; ");
    check_old(earlier, &format!("{later}{earlier}"), &["FIELD_SAME_JAVA_UTF8_VALIDATION a.M.x"]);
}

// Extensions.

#[test]
fn extensions_come_and_go_by_name() {
    let with = |extension: &str| format!("message M {{ extensions 100 to 200; }} {extension}");
    let extension = with("extend M { optional string x = 100; }");
    check_old(&extension, &with(""), &["EXTENSION_NO_DELETE a.x"]);
    check_old(&with(""), &extension, &["EXTENSION_ADDED a.x"]);
    let nested = with("message N { extend M { optional string x = 100; } }");
    check_old(&nested, &with("message N {}"), &["EXTENSION_NO_DELETE a.N.x"]);
}

#[test]
fn an_extension_of_the_same_number_keeps_what_a_field_keeps() {
    let with = |extension: &str| format!("message M {{ extensions 100 to 200; }} extend M {{ {extension} = 100; }}");
    check_old(
        &with("optional string x"),
        &with("repeated bytes x"),
        &["FIELD_SAME_CARDINALITY a.x", "FIELD_SAME_TYPE a.x"],
    );
    let renamed = ["EXTENSION_NO_DELETE a.x", "FIELD_SAME_NAME a.x", "EXTENSION_ADDED a.y"];
    check_old(&with("optional string x"), &with("optional string y"), &renamed);
}

// Enums.

#[test]
fn enums_and_their_values_come_and_go() {
    check("enum E { Z = 0; }", "", &["ENUM_NO_DELETE a.E"]);
    check("", "enum E { Z = 0; }", &["ENUM_ADDED a.E"]);
    check("enum E { Z = 0; A = 1; }", "enum E { Z = 0; }", &["ENUM_VALUE_NO_DELETE a.E.A"]);
    check("enum E { Z = 0; }", "enum E { Z = 0; A = -1; }", &["ENUM_VALUE_ADDED a.E.A"]);
}

#[test]
fn a_value_keeps_all_its_names_and_may_get_more() {
    let one = "enum E { Z = 0; }";
    let two = "enum E { option allow_alias = true; Z = 0; ZERO = 0; }";
    check(one, "enum E { NULL = 0; }", &["ENUM_VALUE_SAME_NAME a.E.Z"]);
    check(one, two, &[]);
    check(two, one, &["ENUM_VALUE_SAME_NAME a.E.Z"]);
}

#[test]
fn what_was_reserved_in_an_enum_stays_reserved() {
    let (earlier, expected) = ("enum E { Z = 0; reserved -5 to 5, 9; reserved \"X\"; }", "RESERVED_ENUM_NO_DELETE a.E");
    check(earlier, "enum E { Z = 0; reserved -9 to max; reserved \"X\"; }", &[]);
    check(earlier, "enum E { Z = 0; reserved -5 to 4; }", &[expected, expected, expected]);
}

// Services.

#[test]
fn services_and_their_methods_come_and_go() {
    let with = |service: &str| format!("message M {{}} {service}");
    let (none, empty) = (with(""), with("service S {}"));
    let full = with("service S { rpc R(M) returns (M); }");
    check(&full, &none, &["SERVICE_NO_DELETE a.S"]);
    check(&none, &full, &["SERVICE_ADDED a.S"]);
    check(&full, &empty, &["RPC_NO_DELETE a.S/R"]);
    check(&empty, &full, &["RPC_ADDED a.S/R"]);
}

#[test]
fn a_method_keeps_its_form() {
    let with = |rpc: &str| format!("message M {{}} message N {{}} service S {{ rpc R{rpc} }}");
    let check =
        |earlier: &str, later: &str, rule: &str| check(&with(earlier), &with(later), &[&format!("{rule} a.S/R")]);
    check("(M) returns (M);", "(N) returns (M);", "RPC_SAME_REQUEST_TYPE");
    check("(M) returns (M);", "(M) returns (N);", "RPC_SAME_RESPONSE_TYPE");
    check("(M) returns (M);", "(stream M) returns (M);", "RPC_SAME_CLIENT_STREAMING");
    check("(M) returns (stream M);", "(M) returns (M);", "RPC_SAME_SERVER_STREAMING");
    let idempotent = "(M) returns (M) { option idempotency_level = IDEMPOTENT; }";
    check("(M) returns (M);", idempotent, "RPC_SAME_IDEMPOTENCY_LEVEL");
}
