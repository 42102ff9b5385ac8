//! Query strings and forms as the npm package `qs` reads them, since the comparator does: `a[b]=1`, `a.b=1`, `a[]=1`, `a=1,2`
//! and repeated names become maps and lists. Lists end at 20 items, nesting at five brackets, pairs at a thousand.
//!
//! Putting them together takes time that grows with the square of their number, so that long texts aren't read at all.

use serde_json::{Map, Value};

use crate::value::{Budget, decoded};

/// How many bytes are read.
const BYTES_MAX: usize = 64 * 1024;
const PAIRS_MAX: usize = 1_000;
const BRACKETS_MAX: usize = 5;
const LIST_MAX: usize = 20;

/// What every object of the language has, and what `qs` therefore won't set.
const FORBIDDEN: [&str; 12] = [
    "__proto__",
    "constructor",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
];

/// What is being read: lists may have holes until the end, and a list that grew too long is a map.
#[derive(Debug, Clone)]
enum Part {
    Text(String),
    List(Vec<Option<Part>>),
    Map(Vec<(String, Part)>),
    /// A list with too many items, by position.
    Overflow(Vec<(String, Part)>),
}

/// Reads with dots and commas as structure. Nothing where there is too much to read.
pub(crate) fn structured(text: &str, budget: &Budget) -> Option<Map<String, Value>> {
    is_affordable(text, budget).then(|| parse(text, true))
}

/// Reads with dots and commas as text. Nothing where there is too much to read.
pub(crate) fn plain(text: &str, budget: &Budget) -> Option<Map<String, Value>> {
    is_affordable(text, budget).then(|| parse(text, false))
}

fn is_affordable(text: &str, budget: &Budget) -> bool {
    if text.len() > BYTES_MAX {
        return false;
    }
    let parts = text.bytes().filter(|byte| matches!(byte, b'&' | b',')).count() + 1;
    let steps = text.len() / 64 + parts * parts / 256;
    steps == 0 || budget.spend(u64::try_from(steps).unwrap_or(u64::MAX))
}

/// The names in a query string.
pub(crate) fn names(text: &str) -> Vec<String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| decoded(&pair.split('=').next().unwrap_or_default().replace('+', " "))).collect()
}

/// What a path's or a header's text stands for: pairs, a list, or the text. Nothing where there is too much to read.
pub(crate) fn parameter(text: &str, budget: &Budget) -> Option<Value> {
    if text.contains('=') {
        structured(&text.replace(',', "&"), budget).map(Value::Object)
    } else if text.contains(',') {
        Some(text.split(',').map(Value::from).collect())
    } else {
        Some(Value::from(text))
    }
}

fn parse(text: &str, structure: bool) -> Map<String, Value> {
    let mut whole = Part::Map(Vec::new());
    if !text.is_empty() {
        for (key, value) in pairs(text, structure) {
            if let Some(segments) = segments(&key, structure) {
                whole = merge(whole, nested(&segments, value));
            }
        }
    }
    match finished(whole) {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

/// Keys, brackets and all, with their values; a repeated key has all of its values.
fn pairs(text: &str, structure: bool) -> Vec<(String, Part)> {
    let text = ["%5B", "%5b"].iter().fold(text.to_owned(), |text, escape| text.replace(escape, "["));
    let text = ["%5D", "%5d"].iter().fold(text, |text, escape| text.replace(escape, "]"));
    let unescape = |text: &str| decoded(&text.replace('+', " "));
    let mut pairs: Vec<(String, Part)> = Vec::new();
    for pair in text.split('&').take(PAIRS_MAX) {
        let split = match pair.find("]=") {
            Some(bracket) => Some(bracket + 1),
            None => pair.find('='),
        };
        let (key, mut value) = match split {
            None => (unescape(pair), Part::Text(String::new())),
            Some(at) => {
                let (key, value) = (pair.get(..at).unwrap_or_default(), pair.get(at + 1..).unwrap_or_default());
                let value = if structure && value.contains(',') {
                    let items: Vec<_> = value.split(',').map(|item| Some(Part::Text(unescape(item)))).collect();
                    if pair.contains("[]=") { Part::List(vec![Some(Part::List(items))]) } else { limited(items) }
                } else {
                    Part::Text(unescape(value))
                };
                (unescape(key), value)
            }
        };
        if let Some(known) = pairs.iter_mut().find(|(known, _)| *known == key) {
            value = combine(std::mem::replace(&mut known.1, Part::Text(String::new())), value);
            known.1 = value;
        } else {
            pairs.push((key, value));
        }
    }
    pairs
}

/// `a[b][c]` as `a`, `[b]`, `[c]`. Nothing for keys that mustn't be set.
fn segments(key: &str, structure: bool) -> Option<Vec<String>> {
    if key.is_empty() {
        return None;
    }
    let key = if structure { bracketed(key) } else { key.to_owned() };
    let first = key.find('[');
    let parent = key.get(..first.unwrap_or(key.len()))?;
    let mut segments = Vec::new();
    if !parent.is_empty() {
        if FORBIDDEN.contains(&parent) {
            return None;
        }
        segments.push(parent.to_owned());
    }
    let mut open = first;
    while let Some(start) = open {
        let rest = key.get(start..)?;
        let close = if segments.len() < BRACKETS_MAX + usize::from(!parent.is_empty()) { closing(rest) } else { None };
        let Some(close) = close else {
            segments.push(format!("[{rest}]"));
            break;
        };
        if FORBIDDEN.contains(&rest.get(1..close)?) {
            return None;
        }
        segments.push(rest.get(..=close)?.to_owned());
        open = rest.get(close + 1..)?.find('[').map(|next| start + close + 1 + next);
    }
    Some(segments)
}

/// `a.b` as `a[b]`.
fn bracketed(key: &str) -> String {
    let mut result = String::with_capacity(key.len());
    let mut rest = key;
    while let Some(dot) = rest.find('.') {
        let (before, after) = (rest.get(..dot).unwrap_or_default(), rest.get(dot + 1..).unwrap_or_default());
        let end = after.find(['.', '[']).unwrap_or(after.len());
        result.push_str(before);
        if end == 0 {
            result.push('.');
        } else {
            result.push('[');
            result.push_str(after.get(..end).unwrap_or_default());
            result.push(']');
        }
        rest = after.get(end..).unwrap_or_default();
    }
    result + rest
}

/// Where the bracket that a text begins with is closed.
fn closing(text: &str) -> Option<usize> {
    let mut level = 0_usize;
    for (index, one) in text.char_indices() {
        match one {
            '[' => level += 1,
            ']' => {
                level = level.saturating_sub(1);
                if level == 0 {
                    return Some(index);
                }
            }
            _ => {}
        }
    }
    None
}

fn nested(segments: &[String], value: Part) -> Part {
    let mut leaf = value;
    for segment in segments.iter().rev() {
        let inner = segment.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        leaf = match (segment.as_str(), inner) {
            ("[]", _) => match leaf {
                Part::Overflow(_) => leaf,
                Part::Text(_) | Part::List(_) | Part::Map(_) => combine(Part::List(Vec::new()), leaf),
            },
            (_, Some(inner)) => match inner.parse::<usize>() {
                Ok(index) if index.to_string() == inner && index < LIST_MAX => {
                    let mut list = vec![None; index];
                    list.push(Some(leaf));
                    Part::List(list)
                }
                Ok(index) if index.to_string() == inner => Part::Overflow(vec![(inner.to_owned(), leaf)]),
                Ok(_) | Err(_) => Part::Map(vec![(inner.to_owned(), leaf)]),
            },
            (whole, None) => Part::Map(vec![(whole.to_owned(), leaf)]),
        };
    }
    leaf
}

/// A list, or a map of positions where it has too many items.
fn limited(list: Vec<Option<Part>>) -> Part {
    if list.len() > LIST_MAX { Part::Overflow(positions(list)) } else { Part::List(list) }
}

fn positions(list: Vec<Option<Part>>) -> Vec<(String, Part)> {
    let numbered = list.into_iter().enumerate();
    numbered.filter_map(|(index, part)| part.map(|part| (index.to_string(), part))).collect()
}

fn next_position(map: &[(String, Part)]) -> usize {
    map.iter().filter_map(|(key, _)| key.parse::<usize>().ok()).max().map_or(0, |last| last.saturating_add(1))
}

/// One list of both.
fn combine(one: Part, other: Part) -> Part {
    let mut list = match one {
        Part::Overflow(mut map) => {
            map.push((next_position(&map).to_string(), other));
            return Part::Overflow(map);
        }
        Part::List(list) => list,
        Part::Text(_) | Part::Map(_) => vec![Some(one)],
    };
    match other {
        Part::List(more) => list.extend(more),
        Part::Text(_) | Part::Map(_) | Part::Overflow(_) => list.push(Some(other)),
    }
    limited(list)
}

fn merge(target: Part, source: Part) -> Part {
    match (target, source) {
        (target, Part::Text(source)) if source.is_empty() => target,
        (Part::List(mut list), source @ Part::Text(_)) => {
            list.push(Some(source));
            limited(list)
        }
        (Part::Overflow(mut map), source @ Part::Text(_)) => {
            map.push((next_position(&map).to_string(), source));
            Part::Overflow(map)
        }
        (target @ (Part::Map(_) | Part::Text(_)), source @ Part::Text(_)) => {
            Part::List(vec![Some(target), Some(source)])
        }
        (target @ Part::Text(_), Part::Overflow(map)) => {
            let shift = |key: String| key.parse::<usize>().map_or(key, |index| index.saturating_add(1).to_string());
            let mut all = vec![("0".to_owned(), target)];
            all.extend(map.into_iter().map(|(key, part)| (shift(key), part)));
            Part::Overflow(all)
        }
        (target @ Part::Text(_), source) => combine(Part::List(vec![Some(target)]), source),
        (Part::List(list), Part::List(more)) => lists(list, more),
        (Part::List(list), Part::Map(more)) => Part::Map(maps(positions(list), more)),
        (Part::List(list), Part::Overflow(more)) => Part::Overflow(maps(positions(list), more)),
        (Part::Map(map), Part::List(more)) => Part::Map(maps(map, positions(more))),
        (Part::Map(map), Part::Map(more)) => Part::Map(maps(map, more)),
        (Part::Overflow(map), Part::List(more)) => Part::Overflow(maps(map, positions(more))),
        (Part::Map(map) | Part::Overflow(map), Part::Overflow(more)) | (Part::Overflow(map), Part::Map(more)) => {
            Part::Overflow(maps(map, more))
        }
    }
}

fn lists(mut list: Vec<Option<Part>>, more: Vec<Option<Part>>) -> Part {
    for (index, item) in more.into_iter().enumerate() {
        let Some(item) = item else { continue };
        if index >= list.len() {
            list.resize_with(index + 1, || None);
        }
        let Some(slot) = list.get_mut(index) else { continue };
        match slot.take() {
            None => *slot = Some(item),
            Some(known) if is_structure(&known) && is_structure(&item) => *slot = Some(merge(known, item)),
            Some(known) => {
                *slot = Some(known);
                list.push(Some(item));
            }
        }
    }
    limited(list)
}

fn is_structure(part: &Part) -> bool {
    !matches!(part, Part::Text(_))
}

fn maps(mut map: Vec<(String, Part)>, more: Vec<(String, Part)>) -> Vec<(String, Part)> {
    for (key, part) in more {
        if let Some(known) = map.iter_mut().find(|(known, _)| *known == key) {
            let before = std::mem::replace(&mut known.1, Part::Text(String::new()));
            known.1 = merge(before, part);
        } else {
            map.push((key, part));
        }
    }
    map
}

fn finished(part: Part) -> Value {
    match part {
        Part::Text(text) => Value::String(text),
        Part::List(list) => list.into_iter().flatten().map(finished).collect(),
        Part::Map(map) | Part::Overflow(map) => {
            Value::Object(map.into_iter().map(|(key, part)| (key, finished(part))).collect())
        }
    }
}
