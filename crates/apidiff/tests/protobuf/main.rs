//! What is said of two protobuf definitions. The outside judge, buf itself, is asked by `tests/clients/buf_judge.mjs`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking")]

mod bounds;
mod operations;
mod properties;
mod rules;

use apidiff::Change;
use apidiff::protobuf::compare;

/// Asserts what changed in a file of proto3 in the package `a`: each as `RULE place`, in order.
fn check(earlier: &str, later: &str, expected: &[&str]) {
    let whole = |text: &str| format!("syntax = \"proto3\"; package a; {text}");
    check_whole(&whole(earlier), &whole(later), expected);
}

/// The same of a file of proto2.
fn check_old(earlier: &str, later: &str, expected: &[&str]) {
    let whole = |text: &str| format!("syntax = \"proto2\"; package a; {text}");
    check_whole(&whole(earlier), &whole(later), expected);
}

/// The same of a file as it is given.
fn check_whole(earlier: &str, later: &str, expected: &[&str]) {
    check_files(&[("a.proto", earlier)], &[("a.proto", later)], expected);
}

fn check_files(earlier: &[(&str, &str)], later: &[(&str, &str)], expected: &[&str]) {
    let changes = compare(earlier, later).unwrap();
    let found: Vec<String> = changes.iter().map(|change| format!("{} {}", change.rule, change.place)).collect();
    assert_eq!(found, expected, "{changes:#?}");
    assert!(changes.iter().all(|change| change.text.ends_with('.') && !change.text.contains('\n')), "{changes:#?}");
}

/// The changes of a file of proto3 in the package `a`.
fn changes(earlier: &str, later: &str) -> Vec<Change> {
    let whole = |text: &str| format!("syntax = \"proto3\"; package a; {text}");
    compare(&[("a.proto", &whole(earlier))], &[("a.proto", &whole(later))]).unwrap()
}
