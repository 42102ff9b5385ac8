//! Two sets of protobuf files, compared in the words of buf's rules for breaking changes.
//!
//! The cast: `read` parses the files by themselves (imports that aren't among them stay closed), checks their bounds
//! and makes a flat `model::Definition` of them, with `names` and `options`. `files`, `messages`, `fields` (with
//! `defaults`), `enums` and `services` hold the rules, each about what its name says; `ranges` are of numbers. `rules`
//! is the one table of ids and levels, `usage` knows which methods carry a type, and `changes` gathers what is found.
//!
//! The flow: [`compare`] reads both sides. Files are matched by name; messages, enums and services by full name;
//! fields, extensions and enum values by number; methods by name. What is deleted is told by its name within its file,
//! so that another package is one change (`FILE_SAME_PACKAGE`) and not many.
//!
//! The rules are buf's category `FILE` of version 2. buf has none for additions: `FILE_ADDED`, `MESSAGE_ADDED`,
//! `FIELD_ADDED`, `ONEOF_ADDED`, `ENUM_ADDED`, `ENUM_VALUE_ADDED`, `EXTENSION_ADDED`, `SERVICE_ADDED` and `RPC_ADDED`
//! are ours, and so is `MORE_CHANGES`.
//!
//! A change of a method names it as its operation. A change of a service names its first method. A change of a type
//! names the first method whose request or response carries the type, over up to eight fields, and its text counts the
//! other methods.
//!
//! Invariants: pure; the same texts give the same changes in the same order (place, rule, text); no text makes it
//! panic; a type that isn't resolved is never said to have changed where it may be the same. Editions aren't read: they
//! are [`Unreadable::Malformed`].

mod changes;
mod defaults;
mod enums;
mod fields;
mod files;
mod messages;
mod model;
mod names;
mod options;
mod ranges;
mod read;
mod rules;
mod services;
#[cfg(test)]
mod tests;
mod usage;

use crate::{Change, Unreadable};

/// What changed from the earlier to the later files, each given as its name and its text.
///
/// At most 5,000 changes, the worst ones; where there are more, a last one (`MORE_CHANGES`) says how many.
///
/// # Errors
///
/// Where a side doesn't parse, names a file twice, or is too large: 200 files, 4 MiB, 20,000 types, 100,000 fields and
/// methods, 32 parts of a package, 512 bytes of a full name.
pub fn compare(earlier: &[(&str, &str)], later: &[(&str, &str)]) -> Result<Vec<Change>, Unreadable> {
    let earlier = read::read("earlier", earlier)?;
    let later = read::read("later", later)?;
    let mut changes = changes::Changes::between(&earlier, &later);
    files::compare(&earlier, &later, &mut changes);
    let enums = fields::Enums::of(&earlier, &later);
    messages::compare(&earlier, &later, &enums, &mut changes);
    fields::compare_extensions(&earlier, &later, &enums, &mut changes);
    enums::compare(&earlier, &later, &mut changes);
    services::compare(&earlier, &later, &mut changes);
    Ok(changes.into_list())
}
