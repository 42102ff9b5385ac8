//! One change goes wrong: what breaks, which checks see it, and what they say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::{EntityRef, EventId};

use super::{
    Conditions,
    company::Company,
    dice::Dice,
    history::{self, Draft, EVENING_S, moment},
};
use crate::suspects::{Change, ChangeKind, Failure};

/// How often each kind is the one that goes wrong: after the Site Reliability Workbook's appendix C, where new
/// binaries and new configuration (flags are configuration) lead by far.
const GUILTY: [(ChangeKind, f64); 6] = [
    (ChangeKind::Deployment, 0.42),
    (ChangeKind::Config, 0.22),
    (ChangeKind::Flag, 0.20),
    (ChangeKind::Migration, 0.06),
    (ChangeKind::Switch, 0.05),
    (ChangeKind::Job, 0.05),
];

/// How long after the first failed result somebody looks: the usual response time for what customers use (Site
/// Reliability Engineering, chapter 11).
const LOOKED_AT_AFTER_S: i64 = 300;

/// What is known of one outage, and the truth.
pub(super) struct Outage {
    pub(super) guilty: EventId,
    pub(super) changes: Vec<Change>,
    entity: EntityRef,
    since: Timestamp,
    last_good: Timestamp,
    failing: Vec<(EntityRef, Timestamp)>,
    healthy: Vec<EntityRef>,
    evidence: String,
}

impl Outage {
    pub(super) fn failure(&self) -> Failure<'_> {
        Failure {
            entity: &self.entity,
            since: self.since,
            last_good: Some(self.last_good),
            recovered: None,
            now: self.since + jiff::SignedDuration::from_secs(LOOKED_AT_AFTER_S),
            failing: self.failing.clone(),
            healthy: self.healthy.clone(),
            evidence: &self.evidence,
            environment: Some("production"),
        }
    }
}

/// What one check saw.
struct Seen {
    node: usize,
    first_failed_s: i64,
    last_good_s: i64,
}

/// Lets one change of a random day go wrong; none if no check sees it.
pub(super) fn strike(company: &Company, conditions: &Conditions, dice: &mut Dice) -> Option<Outage> {
    let mut drafts = history::day(company, dice);
    let guilty = choose(&drafts, dice)?;
    let culprit = drafts.get(guilty)?.clone();
    if dice.chance(conditions.release_trains) {
        release_train(company, &culprit, &mut drafts, dice);
    }
    let broken = spread(company, &culprit, conditions, dice);
    let mut seen: Vec<_> = broken.iter().filter_map(|(node, at_s)| see(company, *node, at_s.0, dice)).collect();
    seen.sort_by_key(|seen| (seen.first_failed_s, seen.node));
    let Seen { node, first_failed_s, last_good_s } = *seen.first()?;
    let [none, one, two, three] = conditions.innocents;
    let count = dice.weighted(&[(0, none), (1, one), (2, two), (3, three)]).unwrap_or(0);
    innocents_nearby(company, (node, first_failed_s), count, &mut drafts, dice);
    late_records(&mut drafts, dice);

    let looked_at_s = first_failed_s + LOOKED_AT_AFTER_S;
    let (mut failing, mut healthy) = (vec![], vec![]);
    for (at, other) in company.nodes.iter().enumerate() {
        let Some(check) = other.check else { continue };
        let last_run_s = looked_at_s - (looked_at_s - check.phase_s).rem_euclid(check.interval_s);
        let failed_s = seen.iter().find(|seen| seen.node == at).map(|seen| seen.first_failed_s);
        let flapped_s = dice.chance(0.03).then(|| looked_at_s - dice.between(0, 3_600));
        if let Some(since_s) = failed_s.filter(|failed_s| *failed_s <= looked_at_s).or(flapped_s) {
            failing.push((other.entity.clone(), moment(since_s)));
        } else if last_run_s > first_failed_s {
            healthy.push(other.entity.clone());
        }
    }
    let evidence = what_it_says(company, node, &culprit, &broken, dice);
    let (changes, events) = history::record(&drafts);
    Some(Outage {
        guilty: *events.get(guilty)?,
        changes,
        entity: company.entity(node)?.clone(),
        since: moment(first_failed_s),
        last_good: moment(last_good_s),
        failing,
        healthy,
        evidence,
    })
}

/// Any of the afternoon's changes to production that was not undone, by how often its kind goes wrong.
fn choose(drafts: &[Draft], dice: &mut Dice) -> Option<usize> {
    let undone: Vec<_> = drafts.iter().filter_map(|draft| draft.undoes).collect();
    let kind = dice.weighted(&GUILTY)?;
    let eligible = |(at, draft): (usize, &Draft)| {
        let in_force = draft.production && !undone.contains(&at);
        let afternoon = (16 * 3_600..EVENING_S - 3_600).contains(&draft.at_s);
        (draft.kind == kind && in_force && afternoon).then_some(at)
    };
    let eligible: Vec<_> = drafts.iter().enumerate().filter_map(eligible).collect();
    dice.pick(&eligible).copied()
}

/// Other services go out in the same minute, half of them neighbours.
fn release_train(company: &Company, culprit: &Draft, drafts: &mut Vec<Draft>, dice: &mut Dice) {
    let Some(node) = culprit.touches.first().copied() else { return };
    let mut neighbours: Vec<_> = company.dependents(node).collect();
    neighbours.extend(
        company.nodes.get(node).map_or(&[][..], |node| &node.needs).iter().filter(|at| **at < company.services),
    );
    for _ in 0..dice.between(2, 4) {
        let neighbour = if dice.chance(0.5) { dice.pick(&neighbours).copied() } else { None };
        let at = neighbour.unwrap_or_else(|| dice.below(company.services));
        let at_s = culprit.at_s + dice.between(-30, 30);
        let companion = history::draft(company, ChangeKind::Deployment, at, at_s, dice);
        drafts.extend(companion.filter(|_| at != node).map(|draft| Draft { production: true, ..draft }));
    }
}

/// When each node breaks, and which one broke it. Faults travel to those who really need what broke; one call in five
/// has a fallback that holds.
fn spread(
    company: &Company,
    culprit: &Draft,
    conditions: &Conditions,
    dice: &mut Dice,
) -> BTreeMap<usize, (i64, Option<usize>)> {
    let [at_once, soon, later, late] = conditions.shows;
    let sorts = [((1, 90), at_once), ((90, 900), soon), ((900, 3_600), later), ((3_600, 18_000), late)];
    let (earliest_s, latest_s) = dice.weighted(&sorts).unwrap_or((1, 90));
    let shows_after = dice.between(earliest_s, latest_s);
    let mut broken = BTreeMap::new();
    let mut queue = BTreeSet::new();
    for (place, at) in culprit.touches.iter().enumerate() {
        // A flag that several services read seldom breaks all of them.
        if place == 0 || dice.chance(0.3) {
            queue.insert((culprit.at_s + shows_after, *at, None));
        }
    }
    while let Some((at_s, at, by)) = queue.pop_first() {
        if broken.contains_key(&at) {
            continue;
        }
        broken.insert(at, (at_s, by));
        for dependent in company.dependents(at) {
            if dice.chance(0.8) {
                queue.insert((at_s + dice.wait(20.0) as i64, dependent, Some(at)));
            }
        }
    }
    broken
}

/// The first failing result of the node's check, if it has one and that covers the fault.
fn see(company: &Company, node: usize, broken_s: i64, dice: &mut Dice) -> Option<Seen> {
    let check = company.nodes.get(node)?.check?;
    if dice.chance(0.15) {
        return None;
    }
    let runs = (broken_s - check.phase_s).div_euclid(check.interval_s) + 1;
    // A fault may be intermittent: a run now and then passes by luck.
    let lucky = i64::from(dice.chance(0.15));
    let first_failed_s = check.phase_s + (runs + lucky) * check.interval_s;
    Some(Seen { node, first_failed_s, last_good_s: first_failed_s - check.interval_s })
}

/// Changes in the quarter of an hour before the failure, on the entity or what it is said to need.
fn innocents_nearby(
    company: &Company,
    (node, first_failed_s): (usize, i64),
    count: usize,
    drafts: &mut Vec<Draft>,
    dice: &mut Dice,
) {
    let mut path = vec![node];
    for _ in 0..3 {
        let next: Vec<_> =
            path.iter().filter_map(|at| company.nodes.get(*at)).flat_map(|node| node.needs.clone()).collect();
        path.extend(next);
        path.sort_unstable();
        path.dedup();
    }
    path.retain(|at| *at < company.services);
    for _ in 0..count {
        let kind = dice.weighted(&[(ChangeKind::Deployment, 0.6), (ChangeKind::Flag, 0.2), (ChangeKind::Config, 0.2)]);
        let (Some(at), Some(kind)) = (dice.pick(&path).copied(), kind) else { return };
        let at_s = first_failed_s - dice.between(0, 900);
        let innocent = history::draft(company, kind, at, at_s, dice);
        drafts.extend(innocent.map(|draft| Draft { production: true, ..draft }));
    }
}

/// Pipelines report a little late.
fn late_records(drafts: &mut [Draft], dice: &mut Dice) {
    for draft in drafts {
        if draft.kind == ChangeKind::Deployment && dice.chance(0.1) {
            draft.at_s += dice.between(5, 45);
        }
    }
}

/// What the first failing check says. It always knows whom it asked, seldom who is at fault.
fn what_it_says(
    company: &Company,
    node: usize,
    culprit: &Draft,
    broken: &BTreeMap<usize, (i64, Option<usize>)>,
    dice: &mut Dice,
) -> String {
    let name = |at: Option<usize>| at.and_then(|at| company.entity(at)).map_or("upstream", EntityRef::name);
    let asked = name(Some(node));
    let mut root = node;
    while let Some((_, Some(by))) = broken.get(&root) {
        root = *by;
    }
    let go_between = broken.get(&node).and_then(|(_, by)| *by);
    let somebody = dice.below(company.services);
    let blamed = match dice.weighted(&[(0, 0.37), (1, 0.22), (2, 0.22), (3, 0.10), (4, 0.09)]) {
        Some(1) => format!("{} timed out after 5 s", name(go_between)),
        Some(2) => format!("could not reach {}", name(Some(root))),
        Some(3) => format!("error near {}", culprit.keyword),
        Some(4) => format!("retrying {}", name(Some(somebody))),
        Some(_) | None => "Bad Gateway".to_owned(),
    };
    format!("GET https://{asked}.example/ answered 502: {blamed}")
}
