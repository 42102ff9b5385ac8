//! Flags that should be gone.

use std::collections::BTreeMap;

use super::*;
use crate::{CodeReference, stale};

fn words(flags: &Flags, name: &str) -> Vec<String> {
    let stale = stale(&flags.state, flags.now).into_iter().find(|stale| stale.flag == named(name));
    stale.into_iter().flat_map(|stale| stale.reasons).map(|reason| reason.words(flags.now)).collect()
}

/// What speaks against a flag after a number of days.
fn check(spec: Value, days: i32, expect: &[&str]) {
    let mut flags = Flags::none();
    flags.define("x", spec).unwrap();
    flags.pass(&format!("{}h", days * 24));
    assert_eq!(words(&flags, "x"), expect, "after {days} days");
}

#[test]
fn a_flag_that_has_done_its_work_is_stale() {
    let on = json!({"environments": {"production": {"enabled": true}}});
    check(on.clone(), 29, &[]);
    check(on.clone(), 31, &["has been on for everybody for 31 days"]);
    check(on, 41, &["has been on for everybody for 41 days", "is 41 days old; flags of its sort should live for 40"]);
    check(json!({"environments": {"production": {"enabled": false}}}), 31, &["has been off for everybody for 31 days"]);
    check(json!({"environments": {"production": {"enabled": false}, "staging": {"enabled": true}}}), 31, &[]);
    let ramp = json!({"steps": [{"percent": 50}]});
    check(json!({"environments": {"production": {"enabled": true, "ramp": ramp}}}), 31, &[]);
    check(json!({"purpose": "operational"}), 8, &["is 8 days old; flags of its sort should live for 7"]);
    check(json!({"purpose": "kill-switch", "environments": {"production": {"enabled": true}}}), 400, &[]);
    check(json!({"purpose": "permission", "expires": "2023-11-20"}), 8, &["should have been gone by 2023-11-20"]);
}

#[test]
fn a_flag_that_nobody_evaluates_is_stale_where_evaluations_are_counted() {
    let mut flags = Flags::none();
    flags.define("x", json!({"purpose": "permission"})).unwrap();
    flags.define("y", json!({"purpose": "permission"})).unwrap();
    flags.pass("360h");
    assert!(words(&flags, "x").is_empty(), "nothing is counted yet");
    let day = "2023-11-29".parse().unwrap();
    let see = Command::SeeEvaluated { flags: vec![named("y"), named("y"), named("gone")], day };
    assert_eq!(flags.give(see.clone(), None).unwrap(), ["flags.evaluated"]);
    assert!(flags.give(see, None).unwrap().is_empty(), "once a day");
    assert_eq!((words(&flags, "x"), words(&flags, "y")), (vec!["has never been evaluated".to_owned()], vec![]));
    flags.pass("360h");
    assert_eq!(words(&flags, "y"), ["has not been evaluated for 15 days"]);
}

#[test]
fn a_flag_that_no_code_names_is_stale_once_code_was_searched() {
    let mut flags = Flags::none();
    flags.define("x", json!({"purpose": "permission"})).unwrap();
    flags.define("y", json!({"purpose": "permission"})).unwrap();
    let places = vec![CodeReference { path: "src/shop.rs".to_owned(), line: 7 }];
    let report = |names: &[&str]| Command::ReportReferences {
        source: "shop".to_owned(),
        references: names.iter().map(|name| (named(name), places.clone())).collect::<BTreeMap<_, _>>(),
    };
    flags.command(report(&["x", "gone"])).unwrap();
    assert_eq!(
        (words(&flags, "x"), words(&flags, "y")),
        (vec![], vec!["is not named in any code that was searched".to_owned()])
    );
    flags.command(report(&["y"])).unwrap();
    assert_eq!((words(&flags, "x").len(), words(&flags, "y").len()), (1, 0), "a report replaces the one before");
}
