//! What is refused, and what a hostile definition can't do.

use apidiff::protobuf::compare;
use apidiff::{Level, Unreadable};

const FINE: &str = "syntax = \"proto3\";";

fn too_large(files: &[(&str, &str)]) -> String {
    match compare(files, &[]) {
        Err(Unreadable::TooLarge { which: "earlier", problem }) => problem,
        other => panic!("{other:?}"),
    }
}

fn malformed(text: &str) -> String {
    match compare(&[], &[("orders.proto", text)]) {
        Err(Unreadable::Malformed { which: "later", problem }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_protobuf_is_refused_with_its_line() {
    assert!(malformed("syntax = \"proto3\";\n\nmessage {").starts_with("orders.proto line 3: "));
}

#[test]
fn editions_are_refused_by_name() {
    let text = "// since 2023\nedition = \"2023\"; package a;";
    assert_eq!(malformed(text), "orders.proto: editions aren't read, only proto2 and proto3");
}

#[test]
fn a_file_can_not_be_there_twice() {
    let twice = compare(&[("a", FINE), ("a", FINE)], &[]);
    assert!(matches!(twice, Err(Unreadable::Malformed { which: "earlier", .. })), "{twice:?}");
}

#[test]
fn it_is_said_which_definition_is_unreadable() {
    let message = compare(&[("a", FINE)], &[("a", "message")]).unwrap_err().to_string();
    assert!(message.starts_with("the later definition can't be read: a line 1: "), "{message}");
}

#[test]
fn too_many_files_are_refused() {
    let names: Vec<String> = (0..201).map(|at| at.to_string()).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), FINE)).collect();
    assert_eq!(too_large(&files), "it has more than 200 files");
    assert_eq!(compare(&files[1..], &files[1..]), Ok(Vec::new()));
}

#[test]
fn too_many_bytes_are_refused_before_anything_is_parsed() {
    let text = "x".repeat(3 * 1024 * 1024);
    assert_eq!(too_large(&[("a", &text), ("b", &text)]), "it has more than 4 MiB");
}

#[test]
fn too_many_or_too_long_names_are_refused() {
    let messages: String = (0..20_001).map(|at| format!("message M{at}{{}}")).collect();
    assert_eq!(too_large(&[("a", &messages)]), "it declares more than 20000 messages, enums and services");
    let fields: String = (1..100_002).map(|at| format!("optional int32 f{at}={at};")).collect();
    assert_eq!(
        too_large(&[("a", &format!("message M{{{fields}}}"))]),
        "it declares more than 100000 fields and methods"
    );
    let long = format!("message {} {{ optional bool x = 1; }}", "M".repeat(511));
    assert_eq!(too_large(&[("a", &long)]), "a full name has more than 512 bytes");
    assert_eq!(too_large(&[(&"a".repeat(513), FINE)]), "a file's name has more than 512 bytes");
    let package = format!("package {};", ["a"; 33].join("."));
    assert_eq!(too_large(&[("a", &package)]), "a package has more than 32 parts");
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = format!("{}{}", "message M {".repeat(100_000), "}".repeat(100_000));
    assert!(!malformed(&deep).is_empty());
    let option = format!("option (a) = {}{};", "{ a ".repeat(100_000), "}".repeat(100_000));
    assert!(matches!(compare(&[("a", &option)], &[]), Ok(_) | Err(Unreadable::Malformed { .. })));
}

#[test]
fn beyond_5000_changes_the_mildest_are_cut_and_a_last_one_says_so() {
    let fields = |from: usize, to: usize| -> String { (from..to).map(|at| format!("bool f{at} = {at};")).collect() };
    let message = |fields: String| format!("syntax = \"proto3\"; message M {{ {fields} }}");
    let (earlier, later) = (message(fields(1, 3_001)), message(fields(3_001, 9_001)));
    let changes = compare(&[("a", &earlier)], &[("a", &later)]).unwrap();
    let deleted = changes.iter().filter(|change| change.rule == "FIELD_NO_DELETE").count();
    let added = changes.iter().filter(|change| change.rule == "FIELD_ADDED").count();
    assert_eq!((deleted, added, changes.len()), (3_000, 2_000, 5_001));
    let last = changes.last().unwrap();
    assert_eq!((last.rule.as_str(), last.level), ("MORE_CHANGES", Level::Compatible));
    assert_eq!(last.text, "There are 4000 more changes, which are not listed.");
    let changes = compare(&[("a", &later)], &[("a", &message(String::new()))]).unwrap();
    assert_eq!(changes.last().map(|change| change.level), Some(Level::Breaking));
}

#[test]
fn types_that_all_contain_each_other_do_not_take_forever() {
    let fields: String = (1..300).map(|at| format!("M{at} f{at} = {at};")).collect();
    let messages = |more: &str| -> String {
        let each = (1..300).map(|at| format!("message M{at} {{ {fields} {more} }}"));
        let methods: String = (1..300).map(|at| format!("rpc R{at}(M{at}) returns (M{at});")).collect();
        format!("syntax = \"proto3\"; service S {{ {methods} }} {}", each.collect::<String>())
    };
    let changes = compare(&[("a", &messages("bool x = 1000;"))], &[("a", &messages(""))]).unwrap();
    assert_eq!(changes.len(), 299);
    assert_eq!(changes.first().and_then(|change| change.operation.as_deref()), Some("S/R1"));
}
