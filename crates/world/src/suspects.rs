//! The changes that may have caused an incident, ranked.

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
    let healthy = healthy(world, incident);
    let failure = Failure {
        entity: incident.entity(),
        since: incident.since,
        last_good: incident.last_good,
        recovered: incident.ended.as_ref().map(|ending| ending.at),
        now,
        failing,
        healthy,
        evidence: &evidence,
        environment: None,
    };
    let from = incident.since.checked_sub(options.window).unwrap_or(Timestamp::MIN);
    let changes: Vec<_> = world.journal.since(from).map(|entry| &entry.change).collect();
    let suspects = rank(&failure, changes.iter().copied(), &Dependencies(world), &options);
    Culprits { suspects, changes: changes.len() }
}

/// The entities all of whose checks pass, leaving out what the incident touches.
fn healthy(world: &World, incident: &Incident) -> Vec<EntityRef> {
    let mut targets: Vec<(&EntityRef, bool)> =
        world.checks.watches().map(|watch| (&watch.definition.target, watch.verdict == checks::Verdict::Up)).collect();
    targets.sort();
    let mut healthy: Vec<EntityRef> = targets
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|same| same.iter().all(|(_, up)| *up))
        .filter_map(|same| same.first().map(|(target, _)| (*target).clone()))
        .collect();
    healthy.retain(|entity| !incident.checks.iter().any(|check| check.entity == *entity));
    healthy
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
            _ => needs.push((entity, "depends on")),
        }
    }
    needs.sort();
    needs.dedup();
    needs
}
