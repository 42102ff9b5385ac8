//! What a run's result changes: the location's standing, and by that perhaps the verdict.

use jiff::{SignedDuration, Timestamp};

use crate::{
    Event, Evidence, Outcome, RunResult, State, Verdict, Watch,
    quorum::{Panel, Standing},
};

/// Outages that began within this time are counted for flapping.
const FLAPPING_WITHIN: SignedDuration = SignedDuration::from_hours(1);
/// So many of them are flapping.
const FLAPPING_OUTAGES: u32 = 3;
/// How much longer a flapping check must be good, at most.
const DAMPING_MAX: u32 = 8;

impl Watch {
    /// Outages that began in the hour before `at`.
    fn recent_outages(&self, at: Timestamp) -> u32 {
        let recent = self.outages.iter().filter(|began| at.duration_since(**began) <= FLAPPING_WITHIN);
        u32::try_from(recent.count()).unwrap_or(u32::MAX)
    }

    /// True if the check goes down again and again: three outages or more within an hour.
    #[must_use]
    pub fn is_flapping(&self, at: Timestamp) -> bool {
        self.recent_outages(at) >= FLAPPING_OUTAGES
    }

    /// Good runs in a row that make it up again: twice as many with each outage of a check that flaps, eight times at
    /// most, so that it pages once and not at each turn.
    #[must_use]
    pub fn successes_wanted(&self, at: Timestamp) -> u32 {
        let beyond = self.recent_outages(at).saturating_sub(FLAPPING_OUTAGES - 1).min(3);
        let factor = (1_u32 << beyond).min(DAMPING_MAX);
        self.definition.successes_to_up.saturating_mul(factor)
    }
}

/// The transition that a result brings, if any.
pub(crate) fn judge(state: &State, watch: &Watch, result: RunResult) -> Option<Event> {
    let known_already = watch.verdict != Verdict::Unknown && result.at < watch.since;
    if watch.paused || known_already {
        return None;
    }
    let mut panel = state.panel(watch);
    if watch.unable.contains_key(&result.location) && result.outcome.says_something() {
        panel.silent = panel.silent.saturating_sub(1);
    }
    panel.reporting.entry(result.location.clone()).or_insert(Standing::Good);
    let seen = Seen { watch, panel, result: &result };
    match &result.outcome {
        Outcome::Failed { .. } if state.maintenance_end(&watch.definition, result.at).is_some() => None,
        Outcome::Failed { evidence } => {
            let since = state.maintenance_end(&watch.definition, result.streak.since);
            let since = since.map_or(result.streak.since, |end| end.max(result.streak.since));
            seen.failing(since, evidence)
        }
        Outcome::Slow { evidence } => {
            // Slowness in a maintenance is nobody's surprise either.
            let surprises = state.maintenance_end(&watch.definition, result.at).is_none();
            seen.good(Some(evidence).filter(|_| surprises))
        }
        Outcome::Passed => seen.good(None),
        // What becomes of the location is decided by [`ability`].
        Outcome::Unable { .. } => None,
    }
}

/// What a result says of whether the probe can run the check at all, if that is new.
pub(crate) fn ability(watch: &Watch, result: &RunResult) -> Option<Event> {
    if watch.paused {
        return None;
    }
    let (check, path, location) = (result.check.clone(), watch.definition.critical_path(), result.location.clone());
    let known = watch.unable.get(&location);
    match &result.outcome {
        Outcome::Unable { why } => {
            let why = Evidence::of(why.as_str()).bounded().error;
            (known != Some(&why)).then_some(Event::LocationUnable { check, path, location, why })
        }
        Outcome::Passed | Outcome::Slow { .. } | Outcome::Failed { .. } => {
            known.map(|_| Event::LocationAble { check, path, location })
        }
    }
}

/// One result beside the verdict that it may change.
struct Seen<'a> {
    watch: &'a Watch,
    panel: Panel,
    result: &'a RunResult,
}

impl Seen<'_> {
    /// How the path looked from here before.
    fn standing(&self) -> Standing {
        self.panel.reporting.get(&self.result.location).copied().unwrap_or(Standing::Good)
    }

    /// The verdict, if the path looked like this from here.
    fn verdict_if(&self, standing: Standing) -> Verdict {
        let mut panel = self.panel.clone();
        panel.reporting.insert(self.result.location.clone(), standing);
        panel.verdict(self.watch.definition.agreement)
    }

    fn failing(self, since: Timestamp, evidence: &Evidence) -> Option<Event> {
        let Self { watch, result, .. } = &self;
        let definition = &watch.definition;
        let (check, path, location) = (result.check.clone(), definition.critical_path(), result.location.clone());
        let evidence = evidence.clone().bounded();
        if result.streak.runs < definition.failures_to_down {
            let first = watch.falters.is_empty() && watch.verdict != Verdict::Down && self.standing() != Standing::Down;
            return first.then_some(Event::Faltered { check, path, location, since, evidence });
        }
        let is_new = self.standing() != Standing::Down;
        if watch.verdict != Verdict::Down && self.verdict_if(Standing::Down) == Verdict::Down {
            let mut agreeing: Vec<(&String, &crate::Failing)> =
                watch.failing.iter().filter(|(theirs, failing)| failing.down && **theirs != location).collect();
            agreeing.sort_by_key(|(_, failing)| failing.since);
            // An outage that silence interrupted is still the same outage; else it began where it was first seen.
            let first = agreeing.first().filter(|(_, failing)| failing.since < since);
            let (began, last_good) =
                first.map_or((since, result.last_good), |(_, failing)| (failing.since, failing.last_good));
            let since = watch.down_since.unwrap_or(began);
            let last_good = if watch.down_since.is_some() { watch.last_good } else { last_good };
            let agreeing = agreeing.into_iter().map(|(location, _)| location.clone()).collect();
            return Some(Event::WentDown { check, path, location, since, last_good, evidence, agreeing });
        }
        let last_good = result.last_good;
        is_new.then_some(Event::LocationFailed { check, path, location, since, last_good, evidence })
    }

    /// A run that did not fail; `slow` is what it saw if it was slow.
    fn good(self, slow: Option<&Evidence>) -> Option<Event> {
        let Self { watch, result, .. } = &self;
        let definition = &watch.definition;
        let (check, path, location) = (result.check.clone(), definition.critical_path(), result.location.clone());
        let standing = self.standing();
        let steady = result.streak.runs >= watch.successes_wanted(result.at);
        if let Some(down_since) = watch.down_since {
            if !steady {
                return self.steadied();
            }
            // Where it was not broken, this run only shows that the others are too few now.
            let broken_here = standing == Standing::Down || watch.location.is_none();
            let at = if broken_here { result.streak.since } else { result.at }.max(down_since);
            if matches!(self.verdict_if(Standing::Good), Verdict::Up | Verdict::Degraded) {
                return Some(Event::Recovered { check, path, location, down_since, at });
            }
        }
        if standing == Standing::Down {
            let since = watch.failing.get(&location)?.since;
            let at = result.streak.since;
            return steady.then_some(Event::LocationRecovered { check, path, location, since, at });
        }
        if watch.down_since.is_some() {
            return self.steadied();
        }
        match (standing, slow.filter(|_| result.pace.runs >= definition.failures_to_down)) {
            (Standing::Good, Some(evidence)) => {
                let (since, evidence) = (result.pace.since, evidence.clone().bounded());
                let degraded = self.verdict_if(Standing::Slow) == Verdict::Degraded;
                match watch.verdict {
                    Verdict::Up | Verdict::Unknown if degraded => {
                        Some(Event::Degraded { check, path, location, since, evidence })
                    }
                    Verdict::Unknown if self.verdict_if(Standing::Slow) == Verdict::Up => {
                        Some(Event::CameUp { check, path, location, at: result.at })
                    }
                    Verdict::Up | Verdict::Unknown | Verdict::Degraded | Verdict::Down => {
                        Some(Event::LocationSlowed { check, path, location, since, evidence })
                    }
                }
            }
            (Standing::Slow | Standing::Down, None)
                if slow.is_none() && result.pace.runs >= definition.successes_to_up =>
            {
                let since = watch.failing.get(&location)?.since;
                let at = result.pace.since;
                if watch.verdict == Verdict::Degraded && self.verdict_if(Standing::Good) == Verdict::Up {
                    let degraded_since = watch.since;
                    return Some(Event::Restored { check, path, location, degraded_since, at });
                }
                Some(Event::LocationRecovered { check, path, location, since, at })
            }
            (Standing::Good | Standing::Slow | Standing::Down, _) => {
                let up = self.verdict_if(standing) == Verdict::Up;
                match watch.verdict {
                    Verdict::Unknown if up => Some(Event::CameUp { check, path, location, at: result.at }),
                    // The locations that were slow are silent now.
                    Verdict::Degraded if up && slow.is_none() && result.pace.runs >= definition.successes_to_up => {
                        let degraded_since = watch.since;
                        Some(Event::Restored { check, path, location, degraded_since, at: result.at })
                    }
                    Verdict::Unknown | Verdict::Up | Verdict::Degraded | Verdict::Down => self.steadied(),
                }
            }
        }
    }

    fn steadied(&self) -> Option<Event> {
        let Self { watch, result, .. } = self;
        let faltered = watch.falters.get(&result.location)?.since;
        let (check, path, location) = (result.check.clone(), watch.definition.critical_path(), result.location.clone());
        Some(Event::Steadied { check, path, location, faltered })
    }
}
