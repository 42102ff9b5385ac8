//! Lists of schemas: `oneOf`, `anyOf`, `allOf`, `prefixItems`.
//!
//! Those that are references are known by where they lead, the others by what they say or by their title. One that was
//! changed in place, and is the only one, is compared with what it was. What was moved behind a reference is still there.

use std::collections::HashMap;

use serde_json::Value;

use super::{Pair, Walk, equal};
use crate::{
    Level::{self, Breaking, Compatible, Risky},
    openapi::report::{Place, Report},
};

/// Pairs that are compared to find what was moved behind a reference.
const MOVES_MAX: usize = 64;
/// A keyword and its word in rules.
const LISTS: [(&str, &str); 4] =
    [("oneOf", "one-of"), ("anyOf", "any-of"), ("allOf", "all-of"), ("prefixItems", "prefix-items")];

type Numbered<'v> = (usize, &'v Value);

/// How the alternatives of two lists belong together.
#[derive(Default)]
struct Matched<'v> {
    both: Vec<(Numbered<'v>, Numbered<'v>)>,
    gone: Vec<Numbered<'v>>,
    fresh: Vec<Numbered<'v>>,
}

/// Compares the lists of two schemas. Where a transition says it all, `is_said`, only what is in both is compared.
pub(super) fn compare<'d>(walk: &mut Walk<'d>, pair: &Pair<'d, '_>, is_said: bool, report: &mut Report) {
    for (key, word) in LISTS {
        let list = |schema: &'d serde_json::Map<String, Value>| -> &'d [Value] {
            schema.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
        };
        let (had, has) = (list(pair.before), list(pair.after));
        if had.is_empty() && has.is_empty() {
            continue;
        }
        if !walk.spend(had.len() + has.len()) {
            return report.cut(pair.place);
        }
        let matched = matched(walk, had, has);
        for ((at, one), (_, other)) in matched.both {
            let place = pair.place.at(&format!("{key}[{}]", name_of(one, at)));
            walk.compare(pair.part, one, other, &place, report);
        }
        if !is_said && pair.part.has_body() {
            let is_all = key == "allOf";
            let earlier = walk.earlier;
            let later = walk.later;
            let (silent, gone): (Vec<_>, Vec<_>) =
                matched.gone.into_iter().partition(|(_, one)| is_all && equal::is_annotation(earlier, one));
            let (quiet, fresh): (Vec<_>, Vec<_>) =
                matched.fresh.into_iter().partition(|(_, one)| is_all && equal::is_annotation(later, one));
            let (added, removed) = levels(word, pair.part.is_request());
            let told = [
                (fresh, "added", added),
                (quiet, "added-annotation-only", Compatible),
                (gone, "removed", removed),
                (silent, "removed-annotation-only", Compatible),
            ];
            for (list, what, level) in told {
                put(&format!("{}-{word}-{what}", pair.prefix), level, (key, &list), pair.place, report);
            }
        }
    }
}

/// How bad it is that one was added, and that one was removed.
fn levels(word: &str, is_request: bool) -> (Level, Level) {
    match (word, is_request) {
        ("all-of", true) => (Breaking, Risky),
        ("all-of" | "any-of", false) => (Compatible, Compatible),
        (_, true) => (Compatible, Breaking),
        (_, false) => (Breaking, Compatible),
    }
}

fn put(rule: &str, level: Level, (key, list): (&str, &[Numbered<'_>]), place: &Place, report: &mut Report) {
    if list.is_empty() {
        return;
    }
    let names: Vec<String> = list.iter().take(8).map(|(at, schema)| name_of(schema, *at)).collect();
    let more = if list.len() > names.len() { " and more" } else { "" };
    let names = format!("{}{more}", names.join(", "));
    let text = if rule.contains("removed") {
        format!("{key} has no {names} any more")
    } else {
        format!("{key} has {names} now")
    };
    report.put(rule, level, place, text);
}

fn matched<'d>(walk: &Walk<'d>, had: &'d [Value], has: &'d [Value]) -> Matched<'d> {
    let mut matched = Matched::default();
    let reference = |value: &'d Value| value.get("$ref").and_then(Value::as_str);
    let title = |value: &'d Value| value.get("title").and_then(Value::as_str).filter(|title| !title.is_empty());
    pair_up(had, has, |value| reference(value).is_some()).again(reference).into_matched(&mut matched);
    pair_up(had, has, |value| reference(value).is_none()).again(Some).again(title).into_matched(&mut matched);
    let is_plain = |list: &[Numbered<'d>]| -> Option<Numbered<'d>> {
        let mut plain = list.iter().filter(|(_, value)| reference(value).is_none());
        match (plain.next(), plain.next()) {
            (Some(only), None) if only.1.get("title").is_none() => Some(*only),
            _ => None,
        }
    };
    if let (Some(was), Some(is)) = (is_plain(&matched.gone), is_plain(&matched.fresh)) {
        matched.gone.retain(|(at, _)| *at != was.0);
        matched.fresh.retain(|(at, _)| *at != is.0);
        matched.both.push((was, is));
    }
    if matched.gone.len().saturating_mul(matched.fresh.len()) <= MOVES_MAX {
        let fresh = &mut matched.fresh;
        matched.gone.retain(|(_, was)| {
            let moved = fresh.iter().position(|(_, is)| {
                reference(was).is_some() != reference(is).is_some()
                    && walk
                        .earlier
                        .here(was)
                        .and_then(Value::as_object)
                        .is_some_and(|was| equal::is_equivalent(walk, was, is))
            });
            moved.map(|at| fresh.remove(at)).is_none()
        });
    }
    matched
}

/// What was paired, and what is left of each side.
struct Paired<'v> {
    both: Vec<(Numbered<'v>, Numbered<'v>)>,
    gone: Vec<Numbered<'v>>,
    fresh: Vec<Numbered<'v>>,
}

fn pair_up<'v>(had: &'v [Value], has: &'v [Value], is_meant: impl Fn(&'v Value) -> bool) -> Paired<'v> {
    let numbered = |list: &'v [Value]| list.iter().enumerate().filter(|(_, value)| is_meant(value)).collect();
    Paired { both: Vec::new(), gone: numbered(had), fresh: numbered(has) }
}

impl<'v> Paired<'v> {
    /// Pairs what is left by a key.
    fn again<K: std::hash::Hash + Eq>(mut self, key: impl Fn(&'v Value) -> Option<K>) -> Self {
        let mut waiting: HashMap<K, Vec<Numbered<'v>>> = HashMap::new();
        let mut fresh = Vec::new();
        for one in self.fresh.drain(..).rev() {
            match key(one.1) {
                Some(key) => waiting.entry(key).or_default().push(one),
                None => fresh.push(one),
            }
        }
        let mut gone = Vec::new();
        for one in self.gone.drain(..) {
            match key(one.1).and_then(|key| waiting.get_mut(&key)?.pop()) {
                Some(other) => self.both.push((one, other)),
                None => gone.push(one),
            }
        }
        fresh.extend(waiting.into_values().flatten());
        fresh.sort_by_key(|(at, _)| *at);
        Self { both: self.both, gone, fresh }
    }

    fn into_matched(self, matched: &mut Matched<'v>) {
        matched.both.extend(self.both);
        matched.gone.extend(self.gone);
        matched.fresh.extend(self.fresh);
        matched.both.sort_by_key(|((at, _), _)| *at);
    }
}

fn name_of(schema: &Value, at: usize) -> String {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.rsplit('/').next());
    let title = schema.get("title").and_then(Value::as_str);
    reference.or(title).map_or_else(|| format!("#{}", at + 1), str::to_owned)
}
