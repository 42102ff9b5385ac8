//! Gatus' variables: `$NAME` and `${NAME}` from the environment with `$$` for a dollar sign, and a suite's `[CONTEXT]`.
//!
//! Gatus fills the environment in before it reads the YAML. Here it is filled in afterwards, text by text, so that a
//! value can't change the structure. A variable without a known value stands as a mark until it is clear what the text
//! is for: [`template`] makes a secret's reference of it, [`plain`] refuses.

use serde_json::Value;

use crate::{imported::Import, text};

const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';

/// Fills in every text of a tree.
pub(super) fn expand(value: Value, import: &Import<'_>) -> Value {
    match value {
        Value::String(text) => Value::String(expanded(&text, import)),
        Value::Array(items) => Value::Array(items.into_iter().map(|item| expand(item, import)).collect()),
        Value::Object(entries) => Value::Object(
            entries.into_iter().map(|(key, value)| (expanded(&key, import), expand(value, import))).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// As Go's `os.Expand` does.
fn expanded(text: &str, import: &Import<'_>) -> String {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(text.len());
    let text = text.replace([OPEN, CLOSE], "");
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let braced = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
        let bare = after.split_at_checked(end).filter(|(name, _)| !name.is_empty());
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) =
            braced.filter(|(name, _)| !name.is_empty() && name.chars().all(is_name)).or(bare)
        {
            match import.options.environment.get(name).filter(|_| !text::is_credential(name)) {
                Some(value) => out.push_str(&value.replace([OPEN, CLOSE], "")),
                None => out.extend([OPEN].into_iter().chain(name.chars()).chain([CLOSE])),
            }
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

/// The text as a template: unknown variables are secrets, `[CONTEXT].name` is a value of the journey.
pub(super) fn template(text: &str, import: &mut Import<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let escaped = text::literal(text);
    let mut rest = escaped.as_str();
    while let Some((before, after)) = rest.split_once(OPEN) {
        let (name, tail) = after.split_once(CLOSE).unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&import.secret(name));
        rest = tail;
    }
    out.push_str(rest);
    context(&out)
}

fn context(text: &str) -> String {
    const WORD: &str = "[CONTEXT].";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(WORD) {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')).unwrap_or(after.len());
        let (name, tail) = after.split_at_checked(end).unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&format!("${{{}}}", variable(name)));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// A name of the context as a variable's.
pub(super) fn variable(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

/// The text, if no variable in it is unknown; else the first that is.
pub(super) fn plain(text: &str) -> Result<&str, String> {
    match text.split_once(OPEN) {
        Some((_, after)) => Err(after.split(CLOSE).next().unwrap_or_default().to_owned()),
        None => Ok(text),
    }
}

/// The text for people, with unknown variables as they were written.
pub(super) fn shown(text: &str) -> String {
    text.replace(OPEN, "${").replace(CLOSE, "}")
}
