//! References that lead nowhere.

use super::*;
use crate::dangling;

fn check(flags: &Flags, expect: &[(&str, Option<&str>, &str)]) {
    let parsed = |name: &str| name.parse::<EntityRef>().unwrap();
    let found: Vec<_> = dangling(&flags.state).into_iter().map(|it| (it.flag, it.owner, it.missing)).collect();
    let expect: Vec<_> =
        expect.iter().map(|(flag, owner, missing)| (parsed(flag), owner.map(parsed), parsed(missing))).collect();
    assert_eq!(found, expect);
}

fn declare(flags: &mut Flags, name: &str, spec: Value) {
    let definition = Definition::from_spec(named(name), None, &spec).unwrap();
    flags.command(Command::Define { definition }).unwrap();
}

#[test]
fn what_a_flag_requires_is_missed_until_it_is_there() {
    let mut flags = Flags::none();
    let requires = json!({"owner": "checkout", "requires": ["base", {"flag": "base", "variant": "on"}]});
    declare(&mut flags, "top", requires);
    declare(&mut flags, "alone", json!({}));
    check(&flags, &[("flag:top", Some("group:default/checkout"), "flag:base")]);
    flags.define("base", json!({})).unwrap();
    check(&flags, &[]);
}

#[test]
fn a_segment_is_missed_wherever_a_flag_names_it_and_once() {
    let mut flags = Flags::none();
    let spec = json!({
        "targeting": {"if": [{"$ref": "segment/gone"}, "on", null]},
        "environments": {
            "production": {"enabled": true, "audiences": [{"segment": "staff", "variant": "on"}]},
            "staging": {"enabled": true, "targeting": {"if": [{"$ref": "segment/staff"}, "on", null]}},
        },
    });
    declare(&mut flags, "x", spec);
    check(&flags, &[("flag:x", None, "segment:gone"), ("flag:x", None, "segment:staff")]);
    flags.define_segment("staff", json!({"members": ["jo"]})).unwrap();
    check(&flags, &[("flag:x", None, "segment:gone")]);
}
