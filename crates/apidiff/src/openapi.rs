//! Two OpenAPI documents (3.0 and 3.1), in oasdiff's words.
//!
//! **Cast.** `document` reads a document and follows its references; `operations` pairs the operations of the two and
//! compares what is said of each; `parameters`, `bodies`, `responses` (with `media`), `security` and `schema` compare the
//! rest. `sunset` and `stability` read what is announced. `report` collects.
//!
//! **Flow.** [`compare`] walks the earlier document's operations in its order, then what is new in the later one, then
//! webhooks, and what is about no single operation.
//!
//! **Invariants.**
//! - What a request may say may grow, and what a response may say may shrink: the same difference of a schema is judged by
//!   which of the two it is in. Rule ids and levels are oasdiff's (`checker/rules.go`), built of the part and what happened
//!   to it; what has no rule there is not told, but for what could not be compared.
//! - References are followed where they are met; schemas that hold themselves come to an end. One that leads outside of the
//!   document is never fetched: that it is there is said once, as a risk, and nothing is taken to be gone or new because of
//!   it. The same reference elsewhere on both sides is taken to be the same.
//! - There is no clock here: what was announced to be removed and is gone is a risk, whatever the date, and so is an
//!   earlier date. Rules that ask how many days are left are not told.
//! - Bytes, nesting, steps and changes are bounded. A bound that was met is said (`comparison-cut`, `more-changes`).

mod bodies;
mod document;
mod media;
mod operations;
mod parameters;
mod report;
mod responses;
mod schema;
mod security;
mod stability;
mod sunset;

use crate::{Change, Unreadable};
use document::Document;
use report::Report;

/// Bytes of a document.
const BYTES_MAX: usize = 8 << 20;
/// Changes that are named; a last one says that there are more.
const CHANGES_MAX: usize = 5_000;
/// Bytes of a text of a change, and of a place; a longer one ends in `…`.
const TEXT_BYTES_MAX: usize = 2_000;

/// What changed from the earlier document to the later one, by operation in the order of the documents.
///
/// # Errors
/// If one of them is no OpenAPI 3 document, or is larger than is compared.
pub fn compare(earlier: &[u8], later: &[u8]) -> Result<Vec<Change>, Unreadable> {
    let earlier = Document::read("earlier", earlier)?;
    let later = Document::read("later", later)?;
    if earlier.root() == later.root() {
        return Ok(Vec::new());
    }
    let mut report = Report::default();
    operations::compare(&earlier, &later, &mut report);
    Ok(report.finish())
}

/// Whether a request hits an operation: `GET` and `/orders/42` hit `GET /orders/{id}`, also below the path of a server.
#[must_use]
pub fn matches(method: &str, path: &str, operation: &str) -> bool {
    let Some((of_method, template)) = operation.split_once(' ') else { return false };
    if !of_method.eq_ignore_ascii_case(method) {
        return false;
    }
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let wanted: Vec<&str> = template.trim_matches('/').split('/').collect();
    let Some(skipped) = parts.len().checked_sub(wanted.len()) else { return false };
    // A server's own path may stand in front, of a few segments.
    if skipped > 3 || (skipped > 0 && wanted.iter().all(|part| part.contains('{'))) {
        return false;
    }
    parts.iter().skip(skipped).zip(&wanted).all(|(part, wanted)| suits(part, wanted))
}

/// Whether a segment of a path is one of a template: `{id}`, `{id}.json`, `{from}-{to}`.
fn suits(part: &str, template: &str) -> bool {
    let Some((before, mut rest)) = template.split_once('{') else { return part == template };
    let Some(mut part) = part.strip_prefix(before) else { return false };
    loop {
        // A parameter is one character at least.
        let mut letters = part.chars();
        if letters.next().is_none() {
            return false;
        }
        let after = rest.split_once('}').map_or("", |(_, after)| after);
        let Some((text, next)) = after.split_once('{') else { return letters.as_str().ends_with(after) };
        let Some((_, tail)) = letters.as_str().split_once(text) else { return false };
        (part, rest) = (tail, next);
    }
}
