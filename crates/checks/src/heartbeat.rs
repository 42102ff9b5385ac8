//! Jobs that must report: a backup, a cron job.
//!
//! A job says that it began, that it is done, or that it failed. The check is down when a report is late by more than its
//! grace, when a run takes too long, and at once when the job says that it failed.

use std::str::FromStr as _;

use croner::Cron;
use jiff::{SignedDuration, Timestamp};
use kernel::{EntityRef, zone};
use serde::{Deserialize, Serialize};

use crate::{CheckKind, Expected, HeartbeatCheck, Signal, State, Verdict, Watch};

/// What a job has reported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beats {
    /// When the run that is under way began.
    pub started: Option<Timestamp>,
    /// When the last good run ended.
    pub succeeded: Option<Timestamp>,
    /// When anything was last reported.
    pub last: Option<Timestamp>,
}

impl Beats {
    pub(crate) fn note(&mut self, signal: &Signal, at: Timestamp) {
        self.last = Some(at);
        match signal {
            Signal::Started => self.started = Some(at),
            Signal::Succeeded => {
                self.started = None;
                self.succeeded = Some(at);
            }
            Signal::Failed { .. } => self.started = None,
        }
    }
}

/// What is wrong with a job that should have reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// Since when.
    pub since: Timestamp,
    /// In words.
    pub error: String,
}

impl HeartbeatCheck {
    /// When the next report is expected after `last`, without the grace. None if the expression has no further time.
    #[must_use]
    pub fn next_after(&self, last: Timestamp) -> Option<Timestamp> {
        match &self.expected {
            Expected::Every(ms) => last.checked_add(millis(*ms)).ok(),
            Expected::Cron { expression, time_zone } => next_by_cron(expression, time_zone, last),
        }
    }

    /// What is overdue, if something is. `known_since` is when the job was first waited for.
    #[must_use]
    pub fn overdue(&self, beats: &Beats, known_since: Timestamp, now: Timestamp) -> Option<Overdue> {
        if let (Some(started), Some(max_ms)) = (beats.started, self.max_run_ms) {
            let end = started.checked_add(millis(max_ms)).ok()?;
            if now > end {
                let error = format!("began at {started} and has not reported its end; {} s are allowed", max_ms / 1000);
                return Some(Overdue { since: end, error });
            }
        }
        let last = beats.started.or(beats.last).unwrap_or(known_since);
        let expected = self.next_after(last)?;
        if now <= expected.checked_add(millis(self.grace_ms)).ok()? {
            return None;
        }
        let heard = match beats.last {
            Some(last) => format!("the last came at {last}"),
            None => "none has come yet".to_owned(),
        };
        Some(Overdue { since: expected, error: format!("no report, which was expected at {expected}; {heard}") })
    }
}

/// The jobs that are overdue and not known to be down.
pub(crate) fn overdue(state: &State, now: Timestamp) -> impl Iterator<Item = (EntityRef, Overdue)> + '_ {
    state.watches().filter_map(move |watch| {
        let waiting = watch.verdict != Verdict::Down && !watch.paused;
        let overdue = waiting.then(|| of_watch(watch, now)).flatten()?;
        Some((watch.definition.check.clone(), overdue))
    })
}

/// What is overdue of a check, if it is a heartbeat.
pub(crate) fn of_watch(watch: &Watch, now: Timestamp) -> Option<Overdue> {
    let CheckKind::Heartbeat(heartbeat) = &watch.definition.kind else { return None };
    let known_since = watch.history.last().map_or(watch.since, |turn| turn.at).max(watch.since);
    heartbeat.overdue(&watch.beats.clone().unwrap_or_default(), known_since, now)
}

fn millis(ms: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// The expression is followed on the wall clock of its zone: what the clocks skip comes at the end of the gap, and what
/// comes twice counts once, the first time.
fn next_by_cron(expression: &str, time_zone: &str, last: Timestamp) -> Option<Timestamp> {
    let last = last.to_zoned(zone(time_zone)?);
    let next = Cron::from_str(expression).ok()?.find_next_occurrence(&last, false).ok()?;
    Some(next.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, time_zone: &str, last: &str) -> String {
        next_by_cron(expression, time_zone, last.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn a_cron_expression_is_followed_on_the_wall_clock_of_its_zone() {
        assert_eq!(next("0 3 * * *", "Europe/Lisbon", "2026-07-01T12:00:00Z"), "2026-07-02T02:00:00Z");
        assert_eq!(next("0 3 * * *", "Europe/Lisbon", "2026-12-01T12:00:00Z"), "2026-12-02T03:00:00Z");
        assert_eq!(next("*/15 * * * *", "UTC", "2026-12-01T12:07:30Z"), "2026-12-01T12:15:00Z");
        assert_eq!(
            next("30 1 * * *", "Europe/Lisbon", "2026-03-28T12:00:00Z"),
            "2026-03-29T01:00:00Z",
            "skipped: at the gap's end"
        );
        assert_eq!(
            next("30 1 * * *", "Europe/Lisbon", "2026-10-24T12:00:00Z"),
            "2026-10-25T00:30:00Z",
            "twice: the first"
        );
        assert_eq!(next("30 1 * * *", "Europe/Lisbon", "2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z");
        assert!(next_by_cron("0 0 30 2 *", "UTC", "2026-10-25T00:30:00Z".parse().unwrap()).is_none(), "no such day");
    }

    #[test]
    fn a_report_is_overdue_after_its_grace_and_a_run_after_its_time() {
        let heartbeat =
            HeartbeatCheck { expected: Expected::Every(3_600_000), grace_ms: 600_000, max_run_ms: Some(60_000) };
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let mut beats = Beats::default();
        assert_eq!(heartbeat.overdue(&beats, at(0), at(4_200)), None);
        let overdue = heartbeat.overdue(&beats, at(0), at(4_201)).unwrap();
        assert_eq!(overdue.since, at(3_600), "since it was expected, not since it was noticed");
        beats.note(&Signal::Started, at(3_000));
        assert_eq!(heartbeat.overdue(&beats, at(0), at(3_060)), None);
        assert_eq!(heartbeat.overdue(&beats, at(0), at(3_061)).unwrap().since, at(3_060));
        beats.note(&Signal::Succeeded, at(3_050));
        assert_eq!(heartbeat.overdue(&beats, at(0), at(3_061)), None);
        assert!(heartbeat.overdue(&beats, at(0), at(3_050 + 4_201)).is_some());
    }
}
