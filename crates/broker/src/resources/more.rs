//! Webhooks, badges, differences, overviews: what people and other programs look at.

use crate::Route;

/// The routes.
pub(crate) const ROUTES: &[Route] = &[];

/// What differs between two documents, in words.
pub(crate) fn diff(_before: &serde_json::Value, _after: &serde_json::Value) -> String {
    String::new()
}
