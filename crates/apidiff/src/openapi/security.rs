//! Ways in: which are asked for, and what they are.
//!
//! A list of requirements is a set of alternatives. One that is the same but for its scopes is told of by scopes, if there
//! is one such on each side; otherwise one is gone and another is new.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::report::{Place, Report};
use crate::Level::Compatible;

/// Schemes, all of them asked for, and the scopes of each.
type Way = BTreeMap<String, BTreeSet<String>>;

/// Compares what an operation asks for.
pub(super) fn of(before: &Map<String, Value>, after: &Map<String, Value>, place: &Place, report: &mut Report) {
    if before.get("security") != after.get("security") {
        compare(before.get("security"), after.get("security"), "api-security", place, report);
    }
}

/// Compares what all operations ask for, and the schemes themselves.
pub(super) fn global(before: &Value, after: &Value, report: &mut Report) {
    let place = Place::general("security");
    compare(before.get("security"), after.get("security"), "api-global-security", &place, report);
    let schemes = |root: &'_ Value| {
        root.pointer("/components/securitySchemes").and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let (had, has) = (schemes(before), schemes(after));
    for (name, was) in &had {
        let place = Place::general(format!("components securitySchemes {name}"));
        match has.get(name) {
            None => {
                let text = format!("the security scheme {name} is not known any more");
                report.put("api-security-component-removed", Compatible, &place, text);
            }
            Some(is) => scheme(name, (was, is), &place, report),
        }
    }
    for name in has.keys().filter(|name| !had.contains_key(*name)) {
        let place = Place::general(format!("components securitySchemes {name}"));
        let text = format!("the security scheme {name} is new");
        report.put("api-security-component-added", Compatible, &place, text);
    }
}

fn ways(list: Option<&Value>) -> Vec<Way> {
    let scopes =
        |scopes: &Value| scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let list = list.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    list.map(|way| way.iter().map(|(name, of)| (name.clone(), scopes(of))).collect()).collect()
}

fn names(way: &Way) -> String {
    way.keys().map(String::as_str).collect::<Vec<_>>().join(" and ")
}

/// How often each is there.
fn counted(ways: Vec<Way>) -> BTreeMap<Way, usize> {
    let mut counted = BTreeMap::new();
    for way in ways {
        *counted.entry(way).or_default() += 1;
    }
    counted
}

/// What is more often in the one than in the other, by the schemes that it asks for.
fn left_over(one: &BTreeMap<Way, usize>, other: &BTreeMap<Way, usize>) -> BTreeMap<String, Vec<Way>> {
    let mut left: BTreeMap<String, Vec<Way>> = BTreeMap::new();
    for (way, count) in one {
        let more = count.saturating_sub(other.get(way).copied().unwrap_or_default());
        left.entry(names(way)).or_default().extend(std::iter::repeat_n(way.clone(), more));
    }
    left
}

fn compare(before: Option<&Value>, after: Option<&Value>, rule: &str, place: &Place, report: &mut Report) {
    let (had, has) = (counted(ways(before)), counted(ways(after)));
    let (gone, fresh) = (left_over(&had, &has), left_over(&has, &had));
    let of = |left: &BTreeMap<String, Vec<Way>>, names: &str| left.get(names).cloned().unwrap_or_default();
    let all: BTreeSet<&String> = gone.keys().chain(fresh.keys()).filter(|names| !names.is_empty()).collect();
    for names in all {
        let (gone, fresh) = (of(&gone, names), of(&fresh, names));
        if let ([was], [is]) = (gone.as_slice(), fresh.as_slice()) {
            scopes((was, is), rule, place, report);
            continue;
        }
        for _ in &fresh {
            let text = format!("the security scheme {names} may be used");
            report.put(format!("{rule}-added"), Compatible, place, text);
        }
        for _ in &gone {
            let text = format!("the security scheme {names} is not asked for any more");
            report.put(format!("{rule}-removed"), Compatible, place, text);
        }
    }
}

fn scopes((was, is): (&Way, &Way), rule: &str, place: &Place, report: &mut Report) {
    let none = BTreeSet::new();
    for (name, had) in was {
        let has = is.get(name).unwrap_or(&none);
        for scope in has.difference(had) {
            let text = format!("{name} must have the scope {scope} now");
            report.put(format!("{rule}-scope-added"), Compatible, place, text);
        }
        for scope in had.difference(has) {
            let text = format!("{name} needs the scope {scope} no more");
            report.put(format!("{rule}-scope-removed"), Compatible, place, text);
        }
    }
}

fn scheme(name: &str, (was, is): (&Value, &Value), place: &Place, report: &mut Report) {
    let mut put =
        |what: &str, text: String| report.put(format!("api-security-component-{what}"), Compatible, place, text);
    let text = |of: &Value, pointer: &str| of.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = (text(was, "/type"), text(is, "/type"));
    if kind.0 != kind.1 {
        put("type-changed", format!("the security scheme {name} is of the type {} rather than {}", kind.1, kind.0));
    }
    let flow = "/flows/implicit";
    if was.pointer(flow).is_none() || is.pointer(flow).is_none() {
        return;
    }
    for (key, what) in [("authorizationUrl", "oauth-url-changed"), ("tokenUrl", "oauth-token-url-changed")] {
        let at = format!("{flow}/{key}");
        let (had, has) = (text(was, &at), text(is, &at));
        if had != has {
            put(what, format!("the {key} of {name} is {has} rather than {had}"));
        }
    }
    let scopes =
        |of: &Value| of.pointer(&format!("{flow}/scopes")).and_then(Value::as_object).cloned().unwrap_or_default();
    let (had, has) = (scopes(was), scopes(is));
    for (scope, said) in &had {
        match has.get(scope) {
            None => put("oauth-scope-removed", format!("{name} knows the scope {scope} no more")),
            Some(says) if says != said => {
                put("oauth-scope-changed", format!("the scope {scope} of {name} is described otherwise"))
            }
            Some(_) => {}
        }
    }
    for scope in has.keys().filter(|scope| !had.contains_key(*scope)) {
        put("oauth-scope-added", format!("{name} knows the scope {scope}"));
    }
}
