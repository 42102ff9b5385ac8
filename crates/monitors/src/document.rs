//! Files as trees of JSON, within bounds.

use serde_json::Value;

/// The largest file that is read.
pub(crate) const FILE_BYTES_MAX: usize = 4 << 20;
const NESTING_MAX: usize = 64;
const NODES_MAX: usize = 500_000;
const DOCUMENTS_MAX: usize = 10_000;
const ALIASED_NODES_MAX: usize = 500_000;

/// Why a file can't be read at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is too large.
    #[error("{file} has more than {max} MB", max = FILE_BYTES_MAX >> 20)]
    TooLarge {
        /// The file.
        file: String,
    },
    /// It isn't text, not YAML, not JSON, or not a database.
    #[error("{file} can't be read: {why}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong with it, with the line if there is one.
        why: String,
    },
    /// It is something else.
    #[error("{file} {why}")]
    Other {
        /// The file.
        file: String,
        /// What is missing.
        why: String,
    },
}

/// Reads a file of YAML; an empty one is an empty mapping.
pub(crate) fn yaml(file: &str, bytes: &[u8]) -> Result<Value, Unreadable> {
    let text = text(file, bytes)?;
    if text.trim().is_empty() {
        return Ok(Value::Object(Default::default()));
    }
    serde_saphyr::from_str_with_options(text, bounded(1)).map_err(|error| unread(file, &error))
}

/// Reads a file of any number of YAML documents.
pub(crate) fn yamls(file: &str, bytes: &[u8]) -> Result<Vec<Value>, Unreadable> {
    let text = text(file, bytes)?;
    serde_saphyr::from_multiple_with_options(text, bounded(DOCUMENTS_MAX)).map_err(|error| unread(file, &error))
}

/// Why YAML can't be read, in words.
fn unread(file: &str, error: &serde_saphyr::Error) -> Unreadable {
    use serde_saphyr::{Error, budget::BudgetBreach};
    let error = error.without_snippet();
    let why = if matches!(error, Error::Budget { breach: BudgetBreach::Documents { .. }, .. }) {
        "it has several documents, with --- between them: import each as a file of its own".to_owned()
    } else if matches!(error, Error::Budget { .. }) {
        "it is too large, or nested too deeply".to_owned()
    } else {
        error.to_string()
    };
    malformed(file, why)
}

fn bounded(documents_max: usize) -> serde_saphyr::Options {
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = NESTING_MAX;
    budget.max_nodes = NODES_MAX;
    budget.max_events = NODES_MAX * 3;
    budget.max_documents = documents_max;
    budget.max_total_scalar_bytes = FILE_BYTES_MAX * 2;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = ALIASED_NODES_MAX;
    options.strict_booleans = true;
    options.non_finite_float_policy = serde_saphyr::NonFiniteFloatPolicy::AsString;
    options
}

fn text<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Unreadable> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(Unreadable::TooLarge { file: file.to_owned() });
    }
    let text = str::from_utf8(bytes).map_err(|error| malformed(file, error))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

pub(crate) fn malformed(file: &str, why: impl std::fmt::Display) -> Unreadable {
    Unreadable::Malformed { file: file.to_owned(), why: why.to_string() }
}

/// What is lenient about a value: a number or a truth value where a text is wanted is one.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The text under a key, if there is one that isn't empty.
pub(crate) fn text_of(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(as_text).filter(|text| !text.is_empty())
}

/// The truth under a key; `true` as a text and 1 count, as databases have them.
pub(crate) fn truth_of(value: &Value, key: &str) -> Option<bool> {
    match value.get(key)? {
        Value::Bool(truth) => Some(*truth),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::String(text) => text.parse().ok(),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The whole number under a key.
pub(crate) fn whole_of(value: &Value, key: &str) -> Option<u64> {
    let value = value.get(key)?;
    value.as_u64().or_else(|| {
        let number = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
        (0.0..1e15).contains(&number).then_some(number as u64)
    })
}

/// The items of a list under a key.
pub(crate) fn list_of<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of a mapping under a key.
pub(crate) fn entries_of<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> + use<'a> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}
