//! What differs between two sets.

use std::{cmp::Ordering, sync::Arc};

use flagd::{Flag, Set};
use serde_json::Value;

/// How a flag differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there before.
    Created,
    /// Its definition is another.
    Updated,
    /// It is no longer there.
    Deleted,
}

impl Change {
    /// flagd's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "write",
            Self::Updated => "update",
            Self::Deleted => "delete",
        }
    }
}

/// The keys of the flags that may answer differently, in order.
pub fn changes(before: &Set, after: &Set) -> Vec<(String, Change)> {
    if before.revision() == after.revision() {
        return Vec::new();
    }
    let all = before.metadata() != after.metadata();
    let mut found = Vec::new();
    let (mut old, mut new) = (before.flags().peekable(), after.flags().peekable());
    loop {
        let order = match (old.peek(), new.peek()) {
            (None, None) => return found,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(old), Some(new)) => old.key().cmp(new.key()),
        };
        let gone = if order.is_le() { old.next() } else { None };
        let come = if order.is_ge() { new.next() } else { None };
        match (gone, come) {
            (Some(gone), None) => found.push((gone.key().to_owned(), Change::Deleted)),
            (None, Some(come)) => found.push((come.key().to_owned(), Change::Created)),
            (Some(gone), Some(come)) if all || differs(gone, come) => {
                found.push((come.key().to_owned(), Change::Updated));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

/// A flag that uses shared rules may have changed with them.
fn differs(before: &Arc<Flag>, after: &Arc<Flag>) -> bool {
    let alike = || before.definition() == after.definition() && !uses_shared_rules(after.definition());
    !Arc::ptr_eq(before, after) && !alike()
}

fn uses_shared_rules(json: &Value) -> bool {
    match json {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => items.iter().any(uses_shared_rules),
        Value::Object(fields) => fields.contains_key("$ref") || fields.values().any(uses_shared_rules),
    }
}

#[cfg(test)]
mod tests {
    use flagd::{Bucketing, Document};
    use serde_json::json;

    use super::*;

    fn set(document: Value) -> Set {
        Document::read(document.to_string().as_bytes()).unwrap().0.compile(Bucketing::default())
    }

    fn flag(default: &str) -> Value {
        json!({ "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": default })
    }

    fn check(before: Value, after: Value, expect: &[(&str, Change)]) {
        let found = changes(&set(before), &set(after));
        let expect: Vec<_> = expect.iter().map(|(key, change)| ((*key).to_owned(), *change)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn created_updated_and_deleted_flags_are_told_apart() {
        check(
            json!({ "flags": { "a": flag("on"), "b": flag("on"), "c": flag("on") } }),
            json!({ "flags": { "b": flag("off"), "c": flag("on"), "d": flag("on") } }),
            &[("a", Change::Deleted), ("b", Change::Updated), ("d", Change::Created)],
        );
        check(json!({ "flags": { "a": flag("on") } }), json!({ "flags": { "a": flag("on") } }), &[]);
    }

    #[test]
    fn what_flags_share_changes_those_who_use_it() {
        let document = |rule: bool, version: &str| {
            let mut shared = flag("off");
            shared["targeting"] = json!({ "if": [{ "$ref": "staff" }, "on"] });
            json!({
                "flags": { "plain": flag("on"), "shared": shared },
                "$evaluators": { "staff": { "==": [rule, true] } },
                "metadata": { "version": version },
            })
        };
        check(document(true, "1"), document(false, "1"), &[("shared", Change::Updated)]);
        check(document(true, "1"), document(true, "2"), &[("plain", Change::Updated), ("shared", Change::Updated)]);
    }
}
