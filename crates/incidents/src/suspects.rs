//! Which recorded change most likely caused a failure, and why.
//!
//! Each change gets points for what speaks for it and against it. A point is a **deciban** (I. J. Good: ten times the
//! decimal logarithm of a likelihood ratio), so points of independent observations add up, ten of them make a change
//! ten times as likely, and the list of reasons *is* the calculation. This is naive Bayes, with each dependence that
//! would be counted twice capped instead.
//!
//! | observation | points | where they come from |
//! | --- | --- | --- |
//! | time from the change to the first failure | -20 ..= +32 | `timing`: how long changes take to show, against a change at any time of the window |
//! | steps upstream of the broken entity | +6, less 1 per step; -6 if no way is recorded | `reach`: each hop may absorb a fault; undeclared dependencies exist |
//! | something that needs it failed before it was made | -5 | that failure has another cause, and this one may have the same |
//! | other failing entities that also need what was changed | +4 each, at most +10 | one cause for several failures |
//! | failing entities that don't | -3 each, at most -9 | the change leaves them unexplained |
//! | entities that need it and are healthy | -8 on the changed one, -4, -3, -1 with distance; at least -14 | a guilty change would have shown there |
//! | the evidence names the changed key or version | +12 | `evidence`: hardly ever by chance |
//! | it names what was changed | +9 | not the broken entity's own name, which says nothing |
//! | it names something on the way | +4 | the fault lies there or beyond |
//! | kind of change | 0 ..= -20 | [`ChangeKind::prior`] |
//! | `n` changes of this sort to the same thing | -1 per doubling, at most -4 | what is changed often mostly goes well |
//! | it undoes another change | -3 | it goes back to what worked |
//! | undone before the first failure | -20 | it was not in effect |
//! | undone, and all recovered within ten minutes | +12 | the experiment was made |
//! | undone for five minutes, and still failing | -8 | the same, with the other outcome |
//! | a person marked it | ±40 | people know more |
//!
//! Left out altogether are changes to another environment and changes after the first failure (beyond
//! [`RECORDING_LAG`], since recorders are late and clocks differ). A change from which no way leads to the failure stays
//! in, far behind: one dependency in ten is declared nowhere.
//!
//! How well that does, on random worlds, is measured by [`crate::evaluation`]. Each of the weights could be a third
//! larger or smaller without a visible difference there: what is uncertain is the world, not the sum.
//!
//! The score is the probability in percent: the change's likelihood as a share of all suspects' and of
//! [`UNRECORDED`], the hypothesis that nothing recorded is to blame. So scores add up to less than a hundred, and a
//! failure without a plausible change has only low ones.
//!
//! Invariants: the order depends on nothing but the arguments; equal points are ordered by distance, then the later
//! change first. Every collection that is walked is bounded.

mod evidence;
mod reach;
mod timing;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use kernel::{Actor, EntityRef, EventId};
use serde::{Deserialize, Serialize};

use crate::Verdict;
use reach::{Neighbourhood, Reached};

/// A change recorded this long after the first failure may still have happened before it.
pub const RECORDING_LAG: SignedDuration = SignedDuration::from_secs(30);

/// The points of the hypothesis that nothing recorded caused the failure. About a third of outages have other triggers
/// than a change of binary or configuration (The Site Reliability Workbook, appendix C), and the best innocent
/// change of a busy day collects some points by chance: so it weighs as much as a mediocre suspect.
pub const UNRECORDED: i32 = 10;

/// No way from the broken entity to the change is recorded.
const UNREACHED: i32 = -6;

/// At most this many changes are looked at; the latest ones before the failure.
const CHANGES_MAX: usize = 5_000;

/// At most this many failing, and this many healthy, entities are looked at.
const OBSERVED_MAX: usize = 50;

/// What sort of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Another version runs.
    Deployment,
    /// A feature flag serves something else.
    Flag,
    /// A setting is another.
    Config,
    /// A database's schema is another.
    Migration,
    /// Traffic goes elsewhere.
    Switch,
    /// A job runs, or runs otherwise.
    Job,
    /// A catalog description was edited: it documents, it does not act.
    Catalog,
    /// A contract was seen broken: it tells what a deployment brings, and does not act by itself.
    Contract,
    /// A check was edited: it may fail because it asks for something else.
    Check,
    /// Another tool says that something was done: a build, a merge, a deployment, or whatever else it calls a change.
    Reported,
}

impl ChangeKind {
    /// The kind's points. New binaries and new configuration trigger about a third of outages each, everything else a
    /// few percent (The Site Reliability Workbook, appendix C); what can't alter a running system is far below.
    #[must_use]
    pub fn prior(self) -> i32 {
        match self {
            Self::Deployment | Self::Flag | Self::Config => 0,
            Self::Switch => -1,
            Self::Migration | Self::Reported => -2,
            Self::Job => -4,
            Self::Check | Self::Contract => -8,
            Self::Catalog => -20,
        }
    }

    /// What was done, for a sentence without a subject: "deployed", "flag changed".
    #[must_use]
    pub fn done(self) -> &'static str {
        match self {
            Self::Deployment => "deployed",
            Self::Flag => "flag changed",
            Self::Config => "configuration changed",
            Self::Migration => "migrated",
            Self::Switch => "traffic switched",
            Self::Job => "job changed",
            Self::Catalog => "catalog edited",
            Self::Contract => "contract broken",
            Self::Check => "check edited",
            Self::Reported => "reported as changed",
        }
    }
}

/// A recorded change, from whichever area.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The event that recorded it: what is undone.
    pub event: EventId,
    /// That event's position.
    pub position: u64,
    /// When it began to take effect.
    pub at: Timestamp,
    /// What sort it is.
    pub kind: ChangeKind,
    /// What was changed.
    pub subject: EntityRef,
    /// The components whose behaviour it alters, such as those that evaluate the flag; the subject may be left out.
    pub affects: Vec<EntityRef>,
    /// Where; none for everywhere.
    pub environment: Option<String>,
    /// Who did it.
    pub actor: Actor,
    /// The event's summary.
    pub summary: String,
    /// Names, keys and versions by which an error would betray it.
    pub keywords: Vec<String>,
    /// Whether it has been undone.
    pub undone: bool,
    /// The change that it undoes.
    pub undoes: Option<EventId>,
}

/// What is known of a failure.
#[derive(Debug, Clone)]
pub struct Failure<'a> {
    /// The broken entity.
    pub entity: &'a EntityRef,
    /// The first failing result.
    pub since: Timestamp,
    /// The last passing result before it.
    pub last_good: Option<Timestamp>,
    /// When everything passed again.
    pub recovered: Option<Timestamp>,
    /// The moment as of which this is known.
    pub now: Timestamp,
    /// The entities with failing checks, each with its first failure; the broken entity may be left out.
    pub failing: Vec<(EntityRef, Timestamp)>,
    /// The entities whose checks all passed after `since`; a check that has not run since then proves nothing.
    pub healthy: Vec<EntityRef>,
    /// What the failing checks said.
    pub evidence: &'a str,
    /// Where it fails; none if unknown.
    pub environment: Option<&'a str>,
}

/// What needs what.
pub trait Topology {
    /// What `of` directly needs to work, each with the verb between the two: "calls", "reads from".
    fn upstream(&self, of: &EntityRef) -> Vec<(EntityRef, &'static str)>;
}

/// What besides the failure bears on a ranking.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long before the first failure a change may lie.
    pub window: SignedDuration,
    /// How many suspects are wanted.
    pub suspects_max: usize,
    /// What people found about suspects of this incident.
    pub verdicts: Vec<(EventId, Verdict)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { window: SignedDuration::from_hours(24), suspects_max: 20, verdicts: vec![] }
    }
}

/// One observation and what it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Decibans, for the suspect if positive.
    pub points: i32,
    /// The observation in plain words.
    pub words: String,
}

/// A change under suspicion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// The change.
    pub event: EventId,
    /// How likely it is the cause, in percent.
    pub score: u8,
    /// Why, the weightiest first; the points add up to what the order is by.
    pub reasons: Vec<Reason>,
    /// Steps upstream from the broken entity; 255 if no way is recorded.
    pub distance: u8,
    /// The entities from the broken one to the changed one; empty if no way is recorded.
    pub path: Vec<EntityRef>,
}

impl Suspect {
    /// The sum of all reasons.
    #[must_use]
    pub fn points(&self) -> i32 {
        self.reasons.iter().map(|reason| reason.points).sum()
    }
}

/// The suspects among `changes`, the likeliest first.
#[must_use]
pub fn rank<'a>(
    failure: &Failure<'_>,
    changes: impl Iterator<Item = &'a Change>,
    topology: &dyn Topology,
    options: &Options,
) -> Vec<Suspect> {
    let docket = Docket::new(failure, changes, topology, options);
    let mut suspects: Vec<_> =
        docket.changes.iter().filter_map(|change| docket.suspect(change).map(|suspect| (suspect, *change))).collect();
    suspects.sort_by_key(|(suspect, change)| {
        (-suspect.points(), suspect.distance, std::cmp::Reverse((change.at, change.position)))
    });
    let mut suspects: Vec<_> = suspects.into_iter().map(|(suspect, _)| suspect).collect();
    share_probability(&mut suspects);
    suspects.truncate(options.suspects_max);
    suspects
}

fn share_probability(suspects: &mut [Suspect]) {
    let weight = |points: i32| 10_f64.powf(f64::from(points) / 10.0);
    let all = weight(UNRECORDED) + suspects.iter().map(|suspect| weight(suspect.points())).sum::<f64>();
    for suspect in suspects {
        suspect.score = (100.0 * weight(suspect.points()) / all).round() as u8;
    }
}

/// Everything that judging one change needs, gathered once.
struct Docket<'a, 'f> {
    failure: &'f Failure<'f>,
    options: &'f Options,
    changes: Vec<&'a Change>,
    undone_at: BTreeMap<EventId, Timestamp>,
    counts: BTreeMap<(ChangeKind, &'a EntityRef), u32>,
    broken: Neighbourhood,
    failing: Vec<(EntityRef, Timestamp, Neighbourhood)>,
    healthy: Vec<(EntityRef, Neighbourhood)>,
    words: evidence::Words,
    /// What the broken entity needs and the evidence names.
    named: Vec<(EntityRef, Neighbourhood)>,
}

impl<'a, 'f> Docket<'a, 'f> {
    fn new(
        failure: &'f Failure<'f>,
        changes: impl Iterator<Item = &'a Change>,
        topology: &dyn Topology,
        options: &'f Options,
    ) -> Self {
        let mut undone_at = BTreeMap::new();
        let mut candidates = vec![];
        for change in changes {
            if let Some(undone) = change.undoes {
                undone_at.entry(undone).or_insert(change.at);
            }
            if is_candidate(change, failure, options) {
                candidates.push(change);
            }
        }
        candidates.sort_by_key(|change| std::cmp::Reverse((change.at, change.position)));
        candidates.truncate(CHANGES_MAX);
        let mut counts = BTreeMap::new();
        for change in &candidates {
            *counts.entry((change.kind, &change.subject)).or_insert(0) += 1;
        }
        let mut map = reach::Map::new(topology);
        let others = failure.failing.iter().filter(|(entity, _)| entity != failure.entity).take(OBSERVED_MAX);
        let failing = others.map(|(entity, since)| (entity.clone(), *since, map.upstream_of(entity))).collect();
        let healthy = failure.healthy.iter().take(OBSERVED_MAX);
        let healthy = healthy.map(|entity| (entity.clone(), map.upstream_of(entity))).collect();
        let broken = map.upstream_of(failure.entity);
        let words = evidence::Words::new(failure.evidence);
        let named = broken.entities().filter(|entity| *entity != failure.entity && words.name(entity.name()));
        let named = named.take(OBSERVED_MAX).map(|entity| (entity.clone(), map.upstream_of(entity))).collect();
        Self { broken, words, named, failure, options, changes: candidates, undone_at, counts, failing, healthy }
    }

    fn suspect(&self, change: &Change) -> Option<Suspect> {
        let targets: Vec<_> = [&change.subject].into_iter().chain(&change.affects).collect();
        let nearest = self.broken.nearest(&targets);
        let named = self.named(change, &targets);
        let mut reasons = vec![self.nearness(nearest, &targets)];
        reasons.extend(self.timing(change, &targets));
        reasons.extend(named);
        reasons.extend(self.other_failures(&targets));
        reasons.extend(self.health(&targets));
        reasons.extend(self.undoing(change));
        reasons.extend(self.nature(change));
        reasons.extend(self.judgement(change));
        reasons.sort_by_key(|reason| -reason.points.abs());
        let distance = nearest.map_or(u8::MAX, |reached| reached.distance);
        let path = nearest.map_or(vec![], |reached| self.broken.path_to(&reached.entity));
        Some(Suspect { event: change.event, score: 0, reasons, distance, path })
    }

    fn nearness(&self, nearest: Option<&Reached>, targets: &[&EntityRef]) -> Reason {
        let broken = self.failure.entity.short();
        let Some(reached) = nearest else {
            let target = targets.last().map_or("it", |target| target.short());
            return Reason { points: UNREACHED, words: format!("no dependency of {broken} on {target} is recorded") };
        };
        let words = match reached.distance {
            0 => format!("it changed {broken} itself"),
            _ => self.broken.explain(&reached.entity),
        };
        Reason { points: 6 - i32::from(reached.distance), words }
    }

    /// The change's time against the earliest failure that it would explain and that it came before.
    fn timing(&self, change: &Change, targets: &[&EntityRef]) -> Vec<Reason> {
        let mut first = (self.failure.entity, self.failure.since);
        let mut too_early = None;
        for (entity, since, needs) in &self.failing {
            if *since < self.failure.since && needs.nearest(targets).is_some() {
                if *since < change.at {
                    too_early = Some(entity);
                } else if *since < first.1 {
                    first = (entity, *since);
                }
            }
        }
        let interval = timing::interval(self.failure);
        let mut reasons = vec![timing::judge(change, first.1, interval, self.options.window)];
        if let Some(entity) = too_early {
            reasons.push(Reason { points: -5, words: format!("{} had begun to fail before it", entity.short()) });
        }
        reasons
    }

    /// The strongest of the names by which the evidence betrays the change, or something that needs what it changed.
    fn named(&self, change: &Change, targets: &[&EntityRef]) -> Option<Reason> {
        let own = self.failure.entity.name();
        let is_target = |name: &str| name == own || targets.iter().any(|target| target.name() == name);
        let keyword = change.keywords.iter().find(|keyword| !is_target(keyword) && self.words.name(keyword));
        if let Some(keyword) = keyword {
            return Some(Reason { points: 12, words: format!("the error names {keyword}") });
        }
        if let Some(entity) = targets.iter().find(|entity| entity.name() != own && self.words.name(entity.name())) {
            return Some(Reason { points: 9, words: format!("the error names {}", entity.short()) });
        }
        let (between, needs) = self.named.iter().find(|(_, needs)| needs.nearest(targets).is_some())?;
        let target = needs.nearest(targets)?.entity.short();
        Some(Reason { points: 4, words: format!("the error names {}, which needs {target}", between.short()) })
    }

    fn other_failures(&self, targets: &[&EntityRef]) -> Vec<Reason> {
        let (explained, unexplained): (Vec<_>, Vec<_>) =
            self.failing.iter().partition(|(_, _, needs)| needs.nearest(targets).is_some());
        let name = |failing: Vec<&(EntityRef, Timestamp, Neighbourhood)>| {
            listed(&failing.iter().map(|(entity, ..)| entity.short()).collect::<Vec<_>>())
        };
        let mut reasons = vec![];
        if !explained.is_empty() {
            let points = (4 * count(explained.len())).min(10);
            reasons.push(Reason { points, words: format!("it would also explain the failure of {}", name(explained)) });
        }
        if !unexplained.is_empty() {
            let points = -(3 * count(unexplained.len())).min(9);
            reasons
                .push(Reason { points, words: format!("it would not explain the failure of {}", name(unexplained)) });
        }
        reasons
    }

    fn health(&self, targets: &[&EntityRef]) -> Option<Reason> {
        let mut spared: Vec<_> = self
            .healthy
            .iter()
            .filter_map(|(entity, needs)| needs.nearest(targets).map(|reached| (reached.distance, entity.short())))
            .collect();
        spared.sort_unstable();
        let points = |distance: u8| match distance {
            0 => -8,
            1 => -4,
            2 => -3,
            _ => -1,
        };
        let sum = spared.iter().map(|(distance, _)| points(*distance)).sum::<i32>().max(-14);
        let names: Vec<_> = spared.iter().map(|(_, name)| *name).collect();
        let words = || format!("the checks of {} pass, which would be affected", listed(&names));
        (sum != 0).then(|| Reason { points: sum, words: words() })
    }

    fn undoing(&self, change: &Change) -> Option<Reason> {
        let reason = |points, words: String| Some(Reason { points, words });
        let Some(undone) = self.undone_at.get(&change.event).copied() else {
            let words = || "it goes back to what was before".to_owned();
            return change.undoes.and_then(|_| reason(-3, words()));
        };
        let ago = |from: Timestamp, to: Timestamp| timing::in_words(to.duration_since(from));
        let Failure { since, now, recovered, .. } = *self.failure;
        if undone <= since {
            return reason(-20, format!("it was undone {} before the first failure", ago(undone, since)));
        }
        match recovered {
            Some(end) if undone <= end && end.duration_since(undone) <= SignedDuration::from_mins(10) => {
                reason(12, format!("it was undone, and {} later all was well", ago(undone, end)))
            }
            None if now.duration_since(undone) >= SignedDuration::from_mins(5) => {
                reason(-8, format!("it was undone {} ago, and the failure goes on", ago(undone, now)))
            }
            Some(_) | None => None,
        }
    }

    fn nature(&self, change: &Change) -> Vec<Reason> {
        let mut reasons = vec![];
        if change.kind.prior() != 0 {
            let words = format!("{}: seldom the cause", change.kind.done());
            reasons.push(Reason { points: change.kind.prior(), words });
        }
        let times = self.counts.get(&(change.kind, &change.subject)).copied().unwrap_or(1);
        if times > 1 {
            let points = -i32::try_from(times.ilog2()).unwrap_or(4).min(4);
            let hours = self.options.window.as_hours();
            let words = format!("one of {times} such changes to {} in {hours} h", change.subject.short());
            reasons.push(Reason { points, words });
        }
        reasons
    }

    fn judgement(&self, change: &Change) -> Option<Reason> {
        let (_, verdict) = self.options.verdicts.iter().rfind(|(event, _)| *event == change.event)?;
        let points = match verdict {
            Verdict::Guilty => 40,
            Verdict::Innocent => -40,
        };
        Some(Reason { points, words: format!("a person marked it {}", verdict.word()) })
    }
}

fn is_candidate(change: &Change, failure: &Failure<'_>, options: &Options) -> bool {
    let before = failure.since.duration_since(change.at);
    let elsewhere = match (&change.environment, failure.environment) {
        (Some(of_change), Some(of_failure)) => of_change != of_failure,
        (Some(_) | None, Some(_) | None) => false,
    };
    // What takes a change back after the failure is the mending, not the cause.
    let mending = change.undoes.is_some() && before.is_negative();
    before >= -RECORDING_LAG && before <= options.window && !elsewhere && !mending
}

fn count(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX / 8).min(1_000)
}

/// "a", "a and b", "a, b and 3 more".
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [one, other] => format!("{one} and {other}"),
        [one, other, rest @ ..] => format!("{one}, {other} and {} more", rest.len()),
    }
}
