//! What differs between two JSON documents, in lines: what both say begins with a space, what only the earlier one says with
//! `-`, what only the later one says with `+`.
//!
//! Both are walked together, once: what is equal is passed over, objects are compared by their keys, and interactions by
//! their description and state, so that their order does not matter. Work is bounded by the size of the documents (and their
//! depth, which the parser bounds), the text by [`LINES_MAX`].

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

/// Lines that are written.
const LINES_MAX: usize = 2_000;
/// Characters of one value.
const VALUE_CHARS_MAX: usize = 300;
/// Equal keys that are shown all the same, because they say what the differences around them are about.
const TELLING: [&str; 8] =
    ["description", "method", "name", "path", "providerState", "provider_state", "status", "type"];

/// The differences; empty if there are none.
#[must_use]
pub(super) fn diff(before: &Value, after: &Value) -> String {
    let mut page = Page::default();
    page.compare(0, "", before, after);
    if page.is_cut {
        page.text.push_str("... there are more differences, which are not shown\n");
    }
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    lines: usize,
    is_cut: bool,
}

impl Page {
    fn line(&mut self, sign: char, depth: usize, text: &str) {
        if self.lines >= LINES_MAX {
            self.is_cut = true;
            return;
        }
        self.lines += 1;
        self.text.push(sign);
        self.text.extend(std::iter::repeat_n("  ", depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn equal(&mut self, depth: usize, count: usize) {
        match count {
            0 => {}
            1 => self.line(' ', depth, "... 1 that is equal"),
            _ => self.line(' ', depth, &format!("... {count} that are equal")),
        }
    }

    fn compare(&mut self, depth: usize, label: &str, before: &Value, after: &Value) {
        if self.is_cut || before == after {
            return;
        }
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => self.objects(depth, label, before, after),
            (Value::Array(before), Value::Array(after)) => self.lists(depth, label, before, after),
            _ => {
                self.whole('-', depth, label, before);
                self.whole('+', depth, label, after);
            }
        }
    }

    fn objects(&mut self, depth: usize, label: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
        self.line(' ', depth, &format!("{label}{{"));
        let mut equal = 0;
        for (key, value) in before {
            let label = label_of(key);
            match after.get(key) {
                None => self.whole('-', depth + 1, &label, value),
                Some(other) if other != value => self.compare(depth + 1, &label, value, other),
                Some(_) if TELLING.contains(&key.as_str()) && !value.is_object() && !value.is_array() => {
                    self.whole(' ', depth + 1, &label, value);
                }
                Some(_) => equal += 1,
            }
        }
        for (key, value) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            self.whole('+', depth + 1, &label_of(key), value);
        }
        self.equal(depth + 1, equal);
        self.line(' ', depth, "}");
    }

    fn lists(&mut self, depth: usize, label: &str, before: &[Value], after: &[Value]) {
        self.line(' ', depth, &format!("{label}["));
        let mut equal = 0;
        for (before, after) in pairs(before, after) {
            if before == after {
                equal += 1;
                continue;
            }
            self.equal(depth + 1, std::mem::take(&mut equal));
            match (before, after) {
                (Some(before), Some(after)) => self.compare(depth + 1, "", before, after),
                (Some(before), None) => self.whole('-', depth + 1, "", before),
                (None, Some(after)) => self.whole('+', depth + 1, "", after),
                (None, None) => {}
            }
        }
        self.equal(depth + 1, equal);
        self.line(' ', depth, "]");
    }

    fn whole(&mut self, sign: char, depth: usize, label: &str, value: &Value) {
        if self.is_cut {
            return;
        }
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                self.line(sign, depth, &format!("{label}{{"));
                fields.iter().for_each(|(key, value)| self.whole(sign, depth + 1, &label_of(key), value));
                self.line(sign, depth, "}");
            }
            Value::Array(items) if !items.is_empty() => {
                self.line(sign, depth, &format!("{label}["));
                items.iter().for_each(|item| self.whole(sign, depth + 1, "", item));
                self.line(sign, depth, "]");
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                self.line(sign, depth, &format!("{label}{}", cut(value.to_string())))
            }
        }
    }
}

fn label_of(key: &str) -> String {
    format!("{}: ", cut(Value::from(key).to_string()))
}

fn cut(text: String) -> String {
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        None => text,
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
    }
}

type Pair<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Which item of a list is compared with which of the other.
fn pairs<'a>(before: &'a [Value], after: &'a [Value]) -> Vec<Pair<'a>> {
    let named = before.iter().chain(after).all(|item| item.get("description").is_some_and(Value::is_string));
    if named {
        return by_name(before, after);
    }
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    let first = before.iter().zip(after).take_while(|(before, after)| before == after).count();
    pairs.extend(before.iter().zip(after).take(first).map(|(before, after)| (Some(before), Some(after))));
    let (before, after) = (before.get(first..).unwrap_or_default(), after.get(first..).unwrap_or_default());
    let last = before.iter().rev().zip(after.iter().rev()).take_while(|(before, after)| before == after).count();
    let (before, rest) = before.split_at(before.len() - last);
    let after = after.get(..after.len() - last).unwrap_or_default();
    if before.len() == after.len() {
        pairs.extend(before.iter().zip(after).map(|(before, after)| (Some(before), Some(after))));
    } else {
        pairs.extend(before.iter().map(|item| (Some(item), None)));
        pairs.extend(after.iter().map(|item| (None, Some(item))));
    }
    pairs.extend(rest.iter().map(|item| (Some(item), Some(item))));
    pairs
}

/// Interactions are the same if their description and their state are.
fn by_name<'a>(before: &'a [Value], after: &'a [Value]) -> Vec<Pair<'a>> {
    let name = |item: &Value| {
        let states = ["providerState", "provider_state", "providerStates"];
        let state = states.iter().find_map(|key| item.get(key)).map(Value::to_string).unwrap_or_default();
        (item.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(), state)
    };
    let mut others: HashMap<(String, String), VecDeque<usize>> = HashMap::new();
    for (at, item) in after.iter().enumerate() {
        others.entry(name(item)).or_default().push_back(at);
    }
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    let mut taken = vec![false; after.len()];
    for item in before {
        let at = others.get_mut(&name(item)).and_then(VecDeque::pop_front);
        if let Some(taken) = at.and_then(|at| taken.get_mut(at)) {
            *taken = true;
        }
        pairs.push((Some(item), at.and_then(|at| after.get(at))));
    }
    pairs.extend(after.iter().zip(taken).filter(|(_, taken)| !taken).map(|(item, _)| (None, Some(item))));
    pairs
}
