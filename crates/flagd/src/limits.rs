//! How much is accepted. What is over a limit is refused with a problem that names it.

use serde_json::Value;

/// Levels of nesting in a context, in a variant's value, and in a rule once its references are put in.
pub const DEPTH_MAX: usize = 64;
/// Values in a rule once its references are put in.
pub const NODES_MAX: usize = 20_000;
/// Flags in a document.
pub const FLAGS_MAX: usize = 50_000;
/// Variants of a flag.
pub const VARIANTS_MAX: usize = 1_000;
/// Items of an array in a context.
pub const ITEMS_MAX: usize = 10_000;
/// Bytes of a text in a context.
pub const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Steps that a rule may take at the most, whatever the context: a fraction of a second.
pub(crate) const STEPS_MAX: u64 = 5_000_000;
/// Problems that are listed of one flag.
pub(crate) const PROBLEMS_MAX: usize = 100;

/// True if the value is nested no deeper than is accepted.
pub(crate) fn is_shallow(value: &Value) -> bool {
    fn fits(value: &Value, left: usize) -> bool {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            Value::Array(items) => left > 0 && items.iter().all(|item| fits(item, left - 1)),
            Value::Object(fields) => left > 0 && fields.values().all(|field| fits(field, left - 1)),
        }
    }
    fits(value, DEPTH_MAX)
}
