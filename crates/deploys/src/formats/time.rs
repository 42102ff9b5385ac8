//! Times as forges write them.

use jiff::{Timestamp, fmt::strtime};

/// Reads RFC 3339, and GitLab's `2021-04-28 21:50:00 +0200` and `2021-04-28 19:50:00 UTC`.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let zoned = text.strip_suffix("UTC").map_or_else(|| text.to_owned(), |bare| format!("{}+0000", bare));
    strtime::parse("%Y-%m-%d %H:%M:%S %z", &zoned).and_then(|time| time.to_timestamp()).ok()
}
