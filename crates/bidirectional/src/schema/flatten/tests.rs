use serde_json::json;

use super::*;

#[test]
fn what_there_are_no_steps_for_is_not_copied() {
    let many: Vec<Value> = (0..1_000).map(Value::from).collect();
    let whole = json!({ "allOf": [{ "$ref": "#/big" }], "big": { "enum": many } });
    let flat = |steps: u64| {
        let (budget, mut incomplete) = (Budget::of(steps), false);
        let mut root = whole.clone();
        flatten(&mut root, &[vec!["big".to_owned()]], &budget, &mut incomplete);
        (root.get("enum").is_some(), incomplete)
    };
    assert_eq!(flat(1_500), (false, true), "for the whole");
    assert_eq!(flat(2_500), (false, true), "for the part");
    assert_eq!(flat(4_500), (true, true), "for what is referred to");
    assert_eq!(flat(10_000), (true, false));
}
