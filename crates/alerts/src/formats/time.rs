//! Times as senders write them.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Reads a time: RFC 3339, PagerDuty's `2015-07-17T08:42:58.315+0000`, or one without an offset, which is then UTC.
/// PagerDuty's client for Python writes an offset and a `Z` behind it: `…58.315+00:00Z`.
/// Go's zero time (`0001-01-01T00:00:00Z`), which Alertmanager sends for an end that isn't known, is none.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > 64 || text.starts_with("0001-01-01T00:00:00") {
        return None;
    }
    let local = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    let doubled = || text.strip_suffix('Z')?.parse().ok();
    text.parse().ok().or_else(local).or_else(doubled)
}
