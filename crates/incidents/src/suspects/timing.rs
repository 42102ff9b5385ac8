//! How well a change's time fits the first failure's.
//!
//! A failure is seen by a check, so it began somewhere between the last passing result and the first failing one. With
//! `F` the share of faulty changes that have shown themselves after some time, a change at `t` made it begin there with
//! probability `F(first failing - t) - F(last passing - t)`. A change that has nothing to do with it lies anywhere in
//! the window, so the same happens by chance with probability `interval / window`. The points are that ratio. A change
//! just before the failure scores high, one that was followed by passing results scores low.

use jiff::{SignedDuration, Timestamp};

use super::{Change, Failure, Reason};

/// How long faulty changes take to show: most break what they touch at once or as they roll out, some when a cache or a
/// pool runs out, a few when the hour of a job or the day's peak comes. Share and mean in seconds of each sort.
const DELAYS: [(f64, f64); 4] = [(0.20, 5.0), (0.45, 60.0), (0.25, 600.0), (0.10, 10_800.0)];

/// Taken as the time between results where no passing one is known.
const ASSUMED_INTERVAL: SignedDuration = SignedDuration::from_mins(5);

const SHORTEST_INTERVAL: SignedDuration = SignedDuration::from_secs(3);

/// The least and the most that timing counts.
const LEAST: f64 = -20.0;
const MOST: f64 = 32.0;

/// How long before the first failure things were known to be well.
pub(super) fn interval(failure: &Failure<'_>) -> SignedDuration {
    let known = failure.last_good.map(|good| failure.since.duration_since(good));
    known.unwrap_or(ASSUMED_INTERVAL).max(SHORTEST_INTERVAL)
}

/// The points of a change, given that the first failing result came at `since`, `interval` after the last passing one.
pub(super) fn judge(change: &Change, since: Timestamp, interval: SignedDuration, window: SignedDuration) -> Reason {
    let before = since.duration_since(change.at);
    let done = change.kind.done();
    // A recorder is some seconds late: of changes so close to the failure, the order says nothing.
    let (gap_s, interval_s) = (before.max(SHORTEST_INTERVAL).as_secs_f64(), interval.as_secs_f64());
    let shown = shown_after(gap_s) - shown_after(gap_s - interval_s);
    let by_chance = interval_s / window.as_secs_f64().max(interval_s);
    let points = (10.0 * (shown / by_chance).max(1e-9).log10()).clamp(LEAST, MOST).round() as i32;
    let passed_since = before - interval;
    let words = if before < SignedDuration::ZERO {
        format!("{done} {} after the first failure, as recorded", in_words(-before))
    } else if passed_since >= SignedDuration::from_mins(1) && points < 0 {
        format!(
            "{done} {} before the first failure; checks passed for {} after it",
            in_words(before),
            in_words(passed_since)
        )
    } else {
        format!("{done} {} before the first failure", in_words(before))
    };
    Reason { points, words }
}

/// The share of faulty changes that have shown themselves after `seconds`.
fn shown_after(seconds: f64) -> f64 {
    let seconds = seconds.max(0.0);
    DELAYS.iter().map(|(share, mean_s)| share * (1.0 - (-seconds / mean_s).exp())).sum()
}

/// "40 s", "4 min", "3 h", "2 days".
pub(super) fn in_words(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        ..90 => format!("{seconds} s"),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        5_400..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}
