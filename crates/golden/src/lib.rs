//! For tests of an area: its events as they were written by earlier versions, one JSON line for each shape of each. A line
//! is never changed: what is on a timeline must stay readable.
//!
//! Everything here panics where a test is to fail.
#![expect(clippy::panic, reason = "a test fails by it")]

use serde::{Serialize, de::DeserializeOwned};

/// The events of these lines.
///
/// # Panics
/// If one can't be read.
#[must_use]
pub fn events<E: DeserializeOwned>(lines: &str) -> Vec<E> {
    let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    lines.lines().map(read).collect()
}

/// Asserts that each line is written as it was read, and is of this area by its event's kind.
///
/// # Panics
/// If one is not.
pub fn assert_written_the_same<E: DeserializeOwned + Serialize>(
    area: &str,
    lines: &str,
    kind: impl Fn(&E) -> &'static str,
) {
    for (event, line) in events::<E>(lines).iter().zip(lines.lines()) {
        let written = serde_json::to_string(event).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert_eq!(written, line);
        let what = kind(event).strip_prefix(area).and_then(|rest| rest.strip_prefix('.'));
        let begins = what.is_some_and(|what| line.starts_with(&format!(r#"{{"type":"{what}""#)));
        assert!(begins, "{} is another kind in {line}", kind(event));
    }
}

/// Asserts that every variant of an enum was written; one that is not listed does not compile.
#[macro_export]
macro_rules! assert_every_variant {
    ($written:expr, $enum:ident { $($variant:ident),+ $(,)? }) => {{
        let name = |value: &$enum| match value { $($enum::$variant { .. } => stringify!($variant),)+ };
        let names: std::collections::BTreeSet<_> = $written.into_iter().map(name).collect();
        assert_eq!(names, std::collections::BTreeSet::from([$(stringify!($variant)),+]));
    }};
}
