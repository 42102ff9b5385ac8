//! How long a check usually takes at this location, and whether a run was slow beside that.

use std::collections::VecDeque;

use checks::{Evidence, Outcome, Slowness};

use crate::Run;

/// So many good runs are remembered.
const REMEMBERED: usize = 20;
/// With fewer than these nothing is usual yet.
const ENOUGH: usize = 5;

/// The latencies of the last good runs, in milliseconds, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Usual {
    recent_ms: VecDeque<u64>,
}

impl Usual {
    /// The run as it is beside those before it. Slow runs are remembered too: what lasts becomes usual.
    pub(super) fn judge(&mut self, slowness: Option<Slowness>, mut run: Run) -> Run {
        if let (Some(slowness), Outcome::Passed) = (slowness, &run.outcome)
            && let Some(error) = self.complaint(slowness, run.latency_ms)
        {
            let asked = run.hops.last().map_or("", |hop| hop.request.as_str());
            let url = asked.split_once(' ').map_or(asked, |(_, address)| address).to_owned();
            let (latency_ms, hops) = (run.latency_ms, run.hops.clone());
            let evidence = Evidence { url, latency_ms, hops, ..Evidence::of(error) };
            run.outcome = Outcome::Slow { evidence: evidence.bounded() };
        }
        if run.outcome.is_good() {
            if self.recent_ms.len() >= REMEMBERED {
                self.recent_ms.pop_front();
            }
            self.recent_ms.push_back(run.latency_ms);
        }
        run
    }

    fn complaint(&self, slowness: Slowness, latency_ms: u64) -> Option<String> {
        let usual_ms = self.median()?;
        let most_ms = u128::from(usual_ms) * u128::from(slowness.percent) / 100;
        let slow = u128::from(latency_ms) > most_ms && latency_ms > slowness.at_least_ms;
        let Slowness { percent, at_least_ms } = slowness;
        slow.then(|| {
            format!(
                "took {latency_ms} ms; usual here are {usual_ms} ms, and at most {percent} % of that or {at_least_ms} ms \
                 are wanted"
            )
        })
    }

    /// The median, or the upper one of two in the middle.
    fn median(&self) -> Option<u64> {
        if self.recent_ms.len() < ENOUGH {
            return None;
        }
        let mut sorted: Vec<u64> = self.recent_ms.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE_TIMES: Option<Slowness> = Some(Slowness { percent: 300, at_least_ms: 250 });

    fn run(latency_ms: u64) -> Run {
        Run { outcome: Outcome::Passed, latency_ms, hops: Vec::new() }
    }

    fn is_slow(usual: &mut Usual, slowness: Option<Slowness>, latency_ms: u64) -> bool {
        matches!(usual.judge(slowness, run(latency_ms)).outcome, Outcome::Slow { .. })
    }

    #[test]
    fn a_run_is_slow_beside_the_median_of_at_least_five_and_only_above_the_floor() {
        let mut usual = Usual::default();
        for latency_ms in [100, 100, 90, 5_000] {
            assert!(!is_slow(&mut usual, THREE_TIMES, latency_ms), "nothing is usual yet");
        }
        assert!(!is_slow(&mut usual, None, 100));
        assert!(!is_slow(&mut usual, THREE_TIMES, 300));
        assert!(is_slow(&mut usual, THREE_TIMES, 301));
        let mut quick = Usual::default();
        (0..5).for_each(|_| drop(quick.judge(THREE_TIMES, run(10))));
        assert!(!is_slow(&mut quick, THREE_TIMES, 250));
        assert!(is_slow(&mut quick, THREE_TIMES, 251));
    }

    #[test]
    fn a_new_pace_becomes_the_usual_one_and_failures_count_for_nothing() {
        let mut usual = Usual::default();
        (0..20).for_each(|_| drop(usual.judge(THREE_TIMES, run(100))));
        let slow = (0..20).filter(|_| is_slow(&mut usual, THREE_TIMES, 1_000)).count();
        assert_eq!(slow, 10);
        let failed = Run { outcome: Outcome::Failed { evidence: Evidence::of("down") }, ..run(0) };
        (0..100).for_each(|_| drop(usual.judge(THREE_TIMES, failed.clone())));
        assert_eq!((usual.median(), usual.recent_ms.len()), (Some(1_000), REMEMBERED));
    }
}
