//! Which operation a change names.

use apidiff::protobuf::compare;

use crate::changes;

/// Asserts the operation and the sentence of the only change of a rule.
fn check(earlier: &str, later: &str, rule: &str, operation: Option<&str>, text: &str) {
    let changes = changes(earlier, later);
    let of_rule: Vec<_> = changes.iter().filter(|change| change.rule == rule).collect();
    let [change] = of_rule.as_slice() else { panic!("{changes:#?}") };
    assert_eq!((change.operation.as_deref(), change.text.as_str()), (operation, text));
}

const SERVICE: &str =
    "service S { rpc Get(Ask) returns (Order); rpc List(Ask) returns (Page); rpc Drop(Ask) returns (Ask); }
    message Ask { string id = 1; } message Page { map<string, Order> orders = 1; }";

#[test]
fn a_change_of_a_method_names_it() {
    let (earlier, later) = ("message M {} service S { rpc R(M) returns (M); }", "message M {} service S {}");
    check(earlier, later, "RPC_NO_DELETE", Some("a.S/R"), "The method a.S/R was deleted.");
}

#[test]
fn a_change_of_a_message_names_the_first_method_that_carries_it_and_counts_the_others() {
    let with = |order: &str| format!("{SERVICE} message Order {{ {order} }}");
    let text = "The field x = 1 of a.Order was deleted; one other method carries it too.";
    check(&with("string x = 1;"), &with(""), "FIELD_NO_DELETE", Some("a.S/Get"), text);
    let without_get = |order: &str| with(order).replace("rpc Get(Ask) returns (Order);", "");
    let text = "The field x = 1 of a.Order was deleted.";
    check(&without_get("string x = 1;"), &without_get(""), "FIELD_NO_DELETE", Some("a.S/List"), text);
}

#[test]
fn a_request_of_many_methods_counts_them() {
    let earlier = format!("{SERVICE} message Order {{}}");
    let later = earlier.replace("string id = 1;", "");
    let text = "The field id = 1 of a.Ask was deleted; 2 other methods carry it too.";
    check(&earlier, &later, "FIELD_NO_DELETE", Some("a.S/Get"), text);
}

#[test]
fn a_change_of_an_enum_names_a_method_that_carries_it() {
    let earlier = "message M { E e = 1; } enum E { A = 0; B = 1; } service S { rpc R(M) returns (M); }";
    let later = earlier.replace("B = 1;", "");
    let text = "The value B = 1 of the enum a.E was deleted.";
    check(earlier, &later, "ENUM_VALUE_NO_DELETE", Some("a.S/R"), text);
}

#[test]
fn a_message_that_no_method_carries_names_none() {
    check(
        "message M { string x = 1; }",
        "message M {}",
        "FIELD_NO_DELETE",
        None,
        "The field x = 1 of a.M was deleted.",
    );
}

#[test]
fn a_message_deeper_than_eight_fields_names_none() {
    let chain = |length: usize, last: &str| {
        let links: String = (0..length).map(|at| format!("message M{at} {{ M{} next = 2; }}", at + 1)).collect();
        format!("service S {{ rpc R(M0) returns (M0); }} {links} message M{length} {{ {last} }}")
    };
    let text = |length: usize| format!("The field x = 1 of a.M{length} was deleted.");
    check(&chain(8, "bool x = 1;"), &chain(8, ""), "FIELD_NO_DELETE", Some("a.S/R"), &text(8));
    check(&chain(9, "bool x = 1;"), &chain(9, ""), "FIELD_NO_DELETE", None, &text(9));
}

#[test]
fn messages_that_contain_each_other_end() {
    let with = |m: &str| {
        format!("message M {{ N n = 2; {m} }} message N {{ M m = 1; N n = 2; }} service S {{ rpc R(N) returns (N); }}")
    };
    let text = "The field x = 1 of a.M was deleted.";
    check(&with("bool x = 1;"), &with(""), "FIELD_NO_DELETE", Some("a.S/R"), text);
}

#[test]
fn a_deleted_service_names_its_first_method() {
    let earlier = "message M {} service S { rpc B(M) returns (M); rpc A(M) returns (M); }";
    let text = "The service a.S was deleted, with its 2 methods.";
    check(earlier, "message M {}", "SERVICE_NO_DELETE", Some("a.S/B"), text);
}

#[test]
fn a_change_of_type_says_what_survives() {
    let change = |earlier: &str, later: &str, text: &str| {
        let with = |field: &str| format!("message M {{ {field} x = 1; }}");
        let text = format!("The type of a.M.x = 1 changed from {earlier} to {later}{text}.");
        check(&with(earlier), &with(later), "FIELD_SAME_TYPE", None, &text);
    };
    change("int32", "uint32", ", which binary and JSON messages survive but generated code does not");
    change("int32", "int64", ", which binary messages survive but JSON and generated code do not");
    change("int32", "string", "");
}

#[test]
fn methods_are_counted_by_file_and_as_declared() {
    let one = "syntax = \"proto3\"; package a.v1; service S { rpc B(M) returns (M); rpc A(M) returns (M); }";
    let two = "syntax = \"proto3\"; package a.v1; message M { string id = 1; } service T { rpc R(M) returns (M); }";
    let later = two.replace("string id = 1;", "");
    let changes = compare(&[("2", two), ("1", one)], &[("2", &later), ("1", one)]).unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:#?}") };
    assert_eq!(change.operation.as_deref(), Some("a.v1.S/B"));
    assert_eq!(change.text, "The field id = 1 of a.v1.M was deleted; 2 other methods carry it too.");
}
