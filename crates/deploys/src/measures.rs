//! DORA's five measures of software delivery, as distributions.
//!
//! Source: dora.dev, "DORA's software delivery performance metrics". What is counted, and from when to when:
//!
//! - **Change lead time**: of each commit, from its commit to the end of the deployment that brought it.
//! - **Deployment frequency**: deployments over a period, and the time between two of one service.
//! - **Failed deployment recovery time**: of each failed deployment, from its end until the service was good again.
//! - **Change fail rate**: failed deployments of all.
//! - **Deployment rework rate**: unplanned deployments, made because of an incident, of all.
//!
//! Counted are deployments that went live in production. What failed, what was unplanned and when it was good again comes
//! from outside, with evidence; nothing here guesses. A team's measures are those of its services together, each
//! deployment counting once. DORA's clusters aren't here: a service is held against its own time before.

use jiff::{SignedDuration, Timestamp};
use kernel::EventId;

/// One deployment, as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Its event.
    pub event: EventId,
    /// The event's position.
    pub position: u64,
    /// When it ended.
    pub at: Timestamp,
    /// How many commits it brought.
    pub commits: u32,
    /// Seconds from commit to deployment, for each of them or for those that stand for all.
    pub leads: std::sync::Arc<[u32]>,
    /// Whether it failed.
    pub failed: bool,
    /// When the service was good again after it failed.
    pub recovered: Option<Timestamp>,
    /// Whether an incident was the reason for it.
    pub unplanned: bool,
}

/// From when to when; the end is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The beginning.
    pub from: Timestamp,
    /// The end.
    pub to: Timestamp,
}

/// The longest window: a leap year.
pub const WINDOW_DAYS_MAX: i64 = 366;

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);
const DAY_S: f64 = 86_400.0;

impl Window {
    /// The window of this length in days, at least one and at most [`WINDOW_DAYS_MAX`], that ends at `to`.
    #[must_use]
    pub fn until(to: Timestamp, days: i64) -> Self {
        let length = SignedDuration::from_hours(24 * days.clamp(1, WINDOW_DAYS_MAX));
        Self { from: to.checked_sub(length).unwrap_or(Timestamp::MIN), to }
    }

    /// The window of the same length before this one.
    #[must_use]
    pub fn before(&self) -> Self {
        Self { from: self.from.checked_sub(self.to.duration_since(self.from)).unwrap_or(Timestamp::MIN), to: self.from }
    }

    /// True if the time is in it.
    #[must_use]
    pub fn has(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }

    /// Its length in days.
    #[must_use]
    pub fn days(&self) -> f64 {
        self.to.duration_since(self.from).as_secs_f64() / DAY_S
    }

    /// Its weeks, oldest first. The last one ends where the window does; the first may begin before it.
    fn weeks(&self) -> Vec<Week> {
        let mut weeks = Vec::new();
        let mut to = self.to;
        while to > self.from && weeks.len() < 60 {
            let Ok(from) = to.checked_sub(WEEK) else { break };
            weeks.push(Week { from, ..Week::default() });
            to = from;
        }
        weeks.reverse();
        weeks
    }
}

/// The five measures of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Measures {
    /// Which window.
    pub window: Window,
    /// How many deployments went live.
    pub deployments: usize,
    /// Seconds from commit to deployment, of each commit.
    pub lead_time: Distribution,
    /// How many of the deployments said what commits they brought.
    pub with_commits: usize,
    /// Seconds between two deployments of the same service.
    pub between: Distribution,
    /// Seconds from a failed deployment to a good service.
    pub recovery: Distribution,
    /// How many failed.
    pub failed: usize,
    /// How many of those are not known to be recovered from.
    pub unrecovered: usize,
    /// How many were made because of an incident.
    pub unplanned: usize,
    /// Week by week, oldest first.
    pub weeks: Vec<Week>,
}

/// One week of a window.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Week {
    /// Its beginning.
    pub from: Timestamp,
    /// Deployments that went live.
    pub deployments: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that an incident was the reason for.
    pub unplanned: usize,
    /// Half of the week's commits were deployed within so many seconds.
    pub lead_p50_s: Option<u64>,
    /// Nine of ten.
    pub lead_p90_s: Option<u64>,
}

impl Measures {
    /// The measures of these services: each one's deployments in order of their times.
    #[must_use]
    pub fn of(window: Window, services: &[Vec<Counted>]) -> Self {
        let mut weeks = window.weeks();
        let mut week_leads: Vec<Vec<(u64, f64)>> = vec![Vec::new(); weeks.len()];
        let (mut leads, mut gaps, mut recoveries) = (Vec::new(), Vec::new(), Vec::new());
        let (mut deployments, mut with_commits) = (0, 0);
        let (mut failed, mut unrecovered, mut unplanned) = (0, 0, 0);
        for service in services {
            let mut before: Option<Timestamp> = None;
            for one in service.iter().filter(|one| window.has(one.at)) {
                deployments += 1;
                with_commits += usize::from(one.commits > 0);
                failed += usize::from(one.failed);
                unplanned += usize::from(one.unplanned);
                if let Some(before) = before.replace(one.at) {
                    gaps.push((seconds(before, one.at), 1.0));
                }
                match one.recovered {
                    Some(at) if one.failed => recoveries.push((seconds(one.at, at), 1.0)),
                    None if one.failed => unrecovered += 1,
                    Some(_) | None => {}
                }
                let weight = f64::from(one.commits) / one.leads.len().max(1) as f64;
                let own = one.leads.iter().map(|lead| (u64::from(*lead), weight));
                leads.extend(own.clone());
                let number = weeks.partition_point(|week| week.from <= one.at).checked_sub(1);
                if let Some((week, held)) =
                    number.and_then(|number| Some((weeks.get_mut(number)?, week_leads.get_mut(number)?)))
                {
                    week.deployments += 1;
                    week.failed += usize::from(one.failed);
                    week.unplanned += usize::from(one.unplanned);
                    held.extend(own);
                }
            }
        }
        for (week, held) in weeks.iter_mut().zip(week_leads) {
            let of = Distribution::of(held);
            (week.lead_p50_s, week.lead_p90_s) = (of.p50_s, of.p90_s);
        }
        Self {
            window,
            deployments,
            lead_time: Distribution::of(leads),
            with_commits,
            between: Distribution::of(gaps),
            recovery: Distribution::of(recoveries),
            failed,
            unrecovered,
            unplanned,
            weeks,
        }
    }

    /// Deployments a day.
    #[must_use]
    pub fn per_day(&self) -> f64 {
        self.deployments as f64 / self.window.days().max(f64::MIN_POSITIVE)
    }

    /// The share of deployments that failed, from 0 to 1; none without deployments.
    #[must_use]
    pub fn change_fail_rate(&self) -> Option<f64> {
        share(self.failed, self.deployments)
    }

    /// The share of deployments that an incident was the reason for, from 0 to 1; none without deployments.
    #[must_use]
    pub fn rework_rate(&self) -> Option<f64> {
        share(self.unplanned, self.deployments)
    }
}

fn share(of: usize, all: usize) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

fn seconds(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0)
}

/// How long something took.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    /// How many observations there are.
    pub count: u64,
    /// Half took at most this long.
    pub p50_s: Option<u64>,
    /// Nine of ten took at most this long.
    pub p90_s: Option<u64>,
    /// The longest.
    pub max_s: Option<u64>,
    /// How many took at most as long as each of [`BOUNDS_S`] and longer than the one before; the last took longer than all.
    pub histogram: [u64; BOUNDS_S.len() + 1],
}

/// The bounds of a histogram in seconds: 15 minutes, an hour, four hours, a day, two days, a week, a month, a quarter.
pub const BOUNDS_S: [u64; 8] = [900, 3_600, 14_400, 86_400, 172_800, 604_800, 2_592_000, 7_776_000];

impl Distribution {
    /// Of observations in seconds, each with how many it stands for.
    fn of(mut observed: Vec<(u64, f64)>) -> Self {
        observed.sort_unstable_by_key(|(seconds, _)| *seconds);
        let all: f64 = observed.iter().map(|(_, weight)| weight).sum();
        // The nearest rank: the least that so many are not above.
        let rank = |share: f64| {
            let mut sum = 0.0;
            let found = observed.iter().find(|(_, weight)| {
                sum += weight;
                sum >= share * all - 1e-9
            });
            found.map(|(seconds, _)| *seconds)
        };
        let mut counted = [0.0; BOUNDS_S.len() + 1];
        for (seconds, weight) in &observed {
            if let Some(bucket) = counted.get_mut(BOUNDS_S.partition_point(|bound| bound < seconds)) {
                *bucket += weight;
            }
        }
        Self {
            count: whole(all),
            p50_s: rank(0.5),
            p90_s: rank(0.9),
            max_s: observed.last().map(|(seconds, _)| *seconds),
            histogram: counted.map(whole),
        }
    }
}

/// A sum of weights, of whole commits each.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 500 for each of 100,000")]
fn whole(sum: f64) -> u64 {
    sum.round() as u64
}

/// The names of environments that are production where nobody says otherwise: these words, alone or before a dash, an
/// underscore, a dot or a slash (`prod-eu`, `production/web`).
#[must_use]
pub fn is_production_by_name(environment: &str) -> bool {
    let first = environment.split(['-', '_', '.', '/', ' ']).next().unwrap_or_default();
    ["production", "prod", "live"].iter().any(|word| first.eq_ignore_ascii_case(word))
}
