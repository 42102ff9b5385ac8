//! The changes that may have caused an incident, ranked.

use std::collections::BTreeMap;

use catalog::Relation;
use incidents::{
    Incident,
    suspects::{Failure, Options, Suspect, Topology, rank},
};
use kernel::{EntityRef, Timestamp};

use crate::World;

/// What an incident's ranking was made of.
#[derive(Debug, Clone)]
pub struct Culprits {
    /// The suspects, likeliest first.
    pub suspects: Vec<Suspect>,
    /// How many changes were looked at.
    pub changes: usize,
}

/// The window before the first failure in which a change may lie.
fn options(incident: &Incident) -> Options {
    let verdicts = incident.marks.iter().map(|mark| (mark.event, mark.verdict)).collect();
    Options { suspects_max: 10, verdicts, ..Options::default() }
}

/// Ranks the changes that may have caused an incident, as known at `now`.
#[must_use]
pub fn culprits(world: &World, incident: &Incident, now: Timestamp) -> Culprits {
    let options = options(incident);
    let evidence: Vec<&str> = incident.checks.iter().map(|check| check.evidence.as_str()).collect();
    let evidence = if evidence.is_empty() { incident.evidence.clone() } else { evidence.join("\n") };
    let failing: Vec<(EntityRef, Timestamp)> =
        incident.checks.iter().map(|check| (check.entity.clone(), check.since)).collect();
    let (since, last_good) = incident.onset();
    let healthy = healthy(world, incident, since, now);
    let failure = Failure {
        entity: incident.entity(),
        since,
        last_good,
        recovered: incident.ended.as_ref().map(|ending| ending.at),
        now,
        failing,
        healthy,
        evidence: &evidence,
        environment: None,
    };
    let from = since.checked_sub(options.window).unwrap_or(Timestamp::MIN);
    let changes: Vec<_> = world.journal.since(from).map(|entry| &entry.change).collect();
    let suspects = rank(&failure, changes.iter().copied(), &Dependencies(world), &options);
    Culprits { suspects, changes: changes.len() }
}

/// The entities all of whose checks pass although they have run since the failure, leaving out those that fail. After
/// the end nothing can be said of that: everything is healthy then, and that speaks against nobody.
fn healthy(world: &World, incident: &Incident, since: Timestamp, now: Timestamp) -> Vec<EntityRef> {
    if !incident.is_open() {
        return Vec::new();
    }
    let mut healthy = BTreeMap::<&EntityRef, bool>::new();
    for watch in world.checks.watches() {
        let definition = &watch.definition;
        let ran = now.duration_since(since).unsigned_abs() > definition.interval() + definition.timeout();
        *healthy.entry(&definition.target).or_insert(true) &= ran && watch.verdict == checks::Verdict::Up;
    }
    let failing = |entity: &EntityRef| incident.checks.iter().any(|check| check.entity == *entity);
    healthy.into_iter().filter(|(entity, up)| *up && !failing(entity)).map(|(entity, _)| entity.clone()).collect()
}

struct Dependencies<'a>(&'a World);

impl Topology for Dependencies<'_> {
    fn upstream(&self, of: &EntityRef) -> Vec<(EntityRef, &'static str)> {
        needs(self.0, of)
    }
}

/// What `of` directly needs to work, each with the verb between the two. An API is passed over: who calls it calls the
/// components that provide it.
pub(crate) fn needs(world: &World, of: &EntityRef) -> Vec<(EntityRef, &'static str)> {
    let mut needs = Vec::new();
    for (relation, entity) in world.catalog.needs(of) {
        match relation {
            Relation::ConsumesApi => {
                let providers = world.catalog.related(&entity, Relation::ApiProvidedBy);
                needs.extend(providers.into_iter().map(|provider| (provider, "calls")));
            }
            Relation::ApiProvidedBy => needs.push((entity, "is provided by")),
            Relation::HasPart => needs.push((entity, "is made of")),
            Relation::Checks => needs.push((entity, "checks")),
            Relation::OwnedBy
            | Relation::OwnerOf
            | Relation::PartOf
            | Relation::ProvidesApi
            | Relation::ApiConsumedBy
            | Relation::DependsOn
            | Relation::DependencyOf
            | Relation::ChildOf
            | Relation::ParentOf
            | Relation::MemberOf
            | Relation::HasMember
            | Relation::LeaderOf
            | Relation::LedBy
            | Relation::CheckedBy => needs.push((entity, "depends on")),
        }
    }
    needs.sort();
    needs.dedup();
    needs
}
