//! From what others measured to counts.

use jiff::Timestamp;

use crate::{Counts, minute_of};

/// What a check's verdict over time is worth: from each of these moments on it was good, bad or unknown. Moments must be
/// in order; before the first nothing is known.
///
/// An event is a second that was judged. Gives the minutes from `from` to before `to` in which anything was.
#[must_use]
pub fn judged(turns: impl IntoIterator<Item = (Timestamp, Option<bool>)>, from: i64, to: i64) -> Vec<(i64, Counts)> {
    let (begin, end) = (from.saturating_mul(60_000), to.saturating_mul(60_000));
    let mut minutes: Vec<(i64, Counts)> = Vec::new();
    let mut held = None;
    let mut since = begin;
    let mut put = |since: i64, until: i64, good: Option<bool>| {
        let Some(good) = good else { return };
        let mut at = since;
        while at < until {
            let minute = at.div_euclid(60_000);
            let next = until.min((minute + 1) * 60_000);
            let lasted = u64::try_from(next - at).unwrap_or(0);
            let counts = Counts::thousandths(if good { lasted } else { 0 }, lasted);
            match minutes.last_mut() {
                Some((last, sum)) if *last == minute => *sum += counts,
                Some(_) | None => minutes.push((minute, counts)),
            }
            at = next;
        }
    };
    for (at, good) in turns {
        let at = at.as_millisecond().clamp(begin, end);
        if at > since {
            put(since, at, held);
            since = at;
        }
        held = good;
    }
    put(since, end, held);
    minutes
}

/// A counter that is silent for longer than this begins anew: what it did meanwhile is not known of any minute.
const GAP_MAX: i64 = 5;

/// How much a counter grew in each minute, from its value at points in time, which must be in order and lie at full
/// minutes. A counter that is less than before was reset, and has grown by what it is now. The first value only begins, as
/// for Prometheus' own `increase`.
#[must_use]
pub fn growth(points: &[(Timestamp, f64)]) -> Vec<(i64, f64)> {
    let mut grown = Vec::new();
    let mut last: Option<(i64, f64)> = None;
    for (at, value) in points.iter().filter(|(_, value)| value.is_finite() && *value >= 0.0) {
        // The value at the beginning of a minute has what happened in the minute before.
        let minute = minute_of(*at) - 1;
        if let Some((before, earlier)) = last
            && minute > before
            && minute - before <= GAP_MAX
        {
            grown.push((minute, if *value >= earlier { value - earlier } else { *value }));
        }
        last = Some((minute, *value));
    }
    grown
}
