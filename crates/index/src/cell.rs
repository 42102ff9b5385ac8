//! How one value of one key is kept: a text that sorts as the value does, without regard to case.
//!
//! | value | cell |
//! | --- | --- |
//! | null, or too long to be compared | empty |
//! | `payments` | `payments` |
//! | `Payments` | `payments`, NUL, `Payments` |
//! | the empty text | NUL |
//!
//! NUL sorts before everything else, so that all spellings of a value stand together, and null stands first.

/// The longest key and value that can be compared, in UTF-16 units as Backstage counts them (`buildEntitySearch.ts`).
const LONGEST: usize = 200;

/// Longer texts, which may have megabytes, are not even folded.
const BYTES_PER_UNIT_MAX: usize = 3;

/// The cell of null.
pub(crate) const NULL: &str = "";

/// The text as it is compared. NUL, which separates the parts of a cell, becomes the replacement character.
pub(crate) fn fold(text: &str) -> String {
    let folded = text.to_lowercase();
    if folded.contains('\0') { folded.replace('\0', "\u{fffd}") } else { folded }
}

/// The folded text, unless it is too long to be compared.
pub(crate) fn short(text: &str) -> Option<String> {
    let folded = (text.len() <= LONGEST * BYTES_PER_UNIT_MAX).then(|| fold(text))?;
    fits(&folded).then_some(folded)
}

/// The cell of a value.
pub(crate) fn of(value: &str) -> String {
    let Some(mut cell) = short(value) else { return NULL.to_owned() };
    if cell.is_empty() || cell != value {
        cell.push('\0');
        cell.extend(value.chars().map(|c| if c == '\0' { '\u{fffd}' } else { c }));
    }
    cell
}

/// Where the cells of a folded value begin.
pub(crate) fn first_of(folded: &str) -> &str {
    if folded.is_empty() { "\0" } else { folded }
}

/// The value as it is compared; nothing for null.
pub(crate) fn folded(cell: &str) -> Option<&str> {
    (cell != NULL).then(|| separator(cell).and_then(|at| cell.get(..at)).unwrap_or(cell))
}

/// The value as it was written; nothing for null.
pub(crate) fn original(cell: &str) -> Option<&str> {
    (cell != NULL).then(|| separator(cell).and_then(|at| cell.get(at + 1..)).unwrap_or(cell))
}

fn separator(cell: &str) -> Option<usize> {
    memchr::memchr(0, cell.as_bytes())
}

fn fits(text: &str) -> bool {
    text.len() <= LONGEST || text.encode_utf16().count() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, comparable: Option<&str>, written: Option<&str>) {
        let cell = of(value);
        assert_eq!((folded(&cell), original(&cell)), (comparable, written));
    }

    #[test]
    fn a_value_is_compared_folded_and_shown_as_written() {
        check("payments", Some("payments"), Some("payments"));
        check("Payments", Some("payments"), Some("Payments"));
        check("", Some(""), Some(""));
        check("a\0b", Some("a\u{fffd}b"), Some("a\u{fffd}b"));
    }

    #[test]
    fn a_value_of_more_than_200_units_can_not_be_compared() {
        check(&"x".repeat(200), Some(&"x".repeat(200)), Some(&"x".repeat(200)));
        check(&"x".repeat(201), None, None);
        check(&"ß".repeat(200), Some(&"ß".repeat(200)), Some(&"ß".repeat(200)));
    }

    #[test]
    fn cells_sort_as_their_values_and_null_is_first() {
        let mut cells = ["b", "A", "", "a", "a-b"].map(of).to_vec();
        cells.push(NULL.to_owned());
        cells.sort();
        let order: Vec<_> = cells.iter().map(|cell| original(cell)).collect();
        assert_eq!(order, [None, Some(""), Some("a"), Some("A"), Some("a-b"), Some("b")]);
    }
}
