//! Rules about enums that are on both sides.

use std::collections::{BTreeMap, BTreeSet};

use super::changes::{About, Changes};
use super::model::{Definition, Enum, Named, Syntax, join};
use super::{ranges, rules};

pub(super) fn compare(earlier: &Definition, later: &Definition, changes: &mut Changes<'_>) {
    let later = later.enums();
    for (name, enumeration) in earlier.enums() {
        if let Some(later) = later.get(name) {
            compare_pair(enumeration, later, changes);
        }
    }
}

fn compare_pair(earlier: &Enum, later: &Enum, changes: &mut Changes<'_>) {
    let name = earlier.full_name();
    let about = About::Type(name);
    match (earlier.syntax, later.syntax) {
        (Syntax::Proto2, Syntax::Proto3) => {
            let text = format!("The enum {name} was closed and is open: it can hold numbers that it doesn't name");
            changes.add(rules::ENUM_SAME_TYPE, about, name, text);
        }
        (Syntax::Proto3, Syntax::Proto2) => {
            let text = format!("The enum {name} was open and is closed: it can't hold numbers that it doesn't name");
            changes.add(rules::ENUM_SAME_TYPE, about, name, text);
            let text = format!("The JSON form of the enum {name} was assured and is best effort");
            changes.add(rules::ENUM_SAME_JSON_FORMAT, about, name, text);
        }
        (Syntax::Proto2, Syntax::Proto2) | (Syntax::Proto3, Syntax::Proto3) => {}
    }
    values(earlier, later, changes);
    for (range, missing) in ranges::uncovered(&earlier.reserved, &later.reserved) {
        let missing = ranges::listed(&missing);
        let text = format!("Of the reserved numbers {range} of the enum {name}, {missing} aren't reserved any more");
        changes.add(rules::RESERVED_ENUM_NO_DELETE, about, name, text);
    }
    for reserved in earlier.reserved_names.difference(&later.reserved_names) {
        let text = format!("The name {reserved} of the enum {name} isn't reserved any more");
        changes.add(rules::RESERVED_ENUM_NO_DELETE, about, name, text);
    }
}

/// Values are matched by number; of one number there can be several, under different names.
fn values(earlier: &Enum, later: &Enum, changes: &mut Changes<'_>) {
    let name = earlier.full_name();
    let about = About::Type(name);
    let (earlier, later) = (by_number(earlier), by_number(later));
    for (number, names) in &earlier {
        let place = join(name, names.first().copied().unwrap_or_default());
        match later.get(number) {
            None => {
                let text = format!("The value {} = {number} of the enum {name} was deleted", listed(names));
                changes.add(rules::ENUM_VALUE_NO_DELETE, about, place, text);
            }
            Some(later) if !names.is_subset(later) => {
                let (from, to) = (listed(names), listed(later));
                let text = format!("The value {number} of the enum {name} was named {from} and is named {to}");
                changes.add(rules::ENUM_VALUE_SAME_NAME, about, place, text);
            }
            Some(_) => {}
        }
    }
    for (number, names) in later.iter().filter(|(number, _)| !earlier.contains_key(*number)) {
        let place = join(name, names.first().copied().unwrap_or_default());
        let text = format!("The value {} = {number} of the enum {name} was added", listed(names));
        changes.add(rules::ENUM_VALUE_ADDED, about, place, text);
    }
}

fn by_number(enumeration: &Enum) -> BTreeMap<i32, BTreeSet<&str>> {
    let mut by_number: BTreeMap<i32, BTreeSet<&str>> = BTreeMap::new();
    for (name, number) in &enumeration.values {
        by_number.entry(*number).or_default().insert(name);
    }
    by_number
}

/// How many names of one number are listed.
const ALIASES_MAX: usize = 4;

fn listed(names: &BTreeSet<&str>) -> String {
    let start: Vec<&str> = names.iter().take(ALIASES_MAX).copied().collect();
    let ellipsis = if names.len() > ALIASES_MAX { ", …" } else { "" };
    format!("{}{ellipsis}", start.join(", "))
}
