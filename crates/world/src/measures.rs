//! How well services are delivered: which of their deployments failed, by what evidence, and when they were good again.
//!
//! A deployment fails by evidence: a check or a budget turned bad within [`WINDOW`] after it and before the next one, a
//! person found it guilty of an incident, it was taken back, or the next deployment was made in order to end an incident
//! that began within [`HOTFIX_WITHIN`] after it. A failure on a path of several services speaks against the last one of
//! them that was deployed. A person's word ([`deploys::Command::Judge`]) goes before all evidence, and who found a
//! deployment innocent of an incident has taken that incident's evidence away.
//!
//! Only what went live counts, and only in production: the environments that the component's annotation
//! [`PRODUCTION`] names; else what the deployment's reporter said; else by their names.

use std::collections::HashMap;

use deploys::{
    Outcome, Record,
    measures::{Counted, Measures, Window, is_production_by_name},
};
use incidents::{FailingCheck, Incident, Verdict};
use jiff::SignedDuration;
use kernel::{EntityRef, EventId, Timestamp};

use crate::World;

/// The annotation that names a component's environments of production, with commas between them.
pub const PRODUCTION: &str = "mainstay.dev/production-environments";

/// How long after a deployment a failure speaks against it.
pub const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// How long after a deployment an incident may begin whose end by another deployment speaks against it.
pub const HOTFIX_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// The deployments of one component in one environment, in order of their times.
#[derive(Debug, Clone)]
pub struct Service {
    /// The component.
    pub component: EntityRef,
    /// The environment.
    pub environment: String,
    /// What went live.
    pub deployments: Vec<Deployment>,
}

/// A deployment that went live, and what became of it.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// What is counted of it.
    pub record: Record,
    /// What speaks for its having failed.
    pub evidence: Vec<Evidence>,
    /// When the service was good again, if it failed and is.
    pub recovered: Option<Timestamp>,
    /// Why it was made, if an incident was the reason.
    pub unplanned: Option<Unplanned>,
}

/// Something that speaks for a deployment's having failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// A check, or a budget, turned bad soon after it.
    TurnedBad {
        /// The incident's number.
        incident: u64,
        /// The check, or the SLO.
        check: EntityRef,
        /// When.
        since: Timestamp,
    },
    /// A person found it guilty of an incident.
    Guilty {
        /// The incident's number.
        incident: u64,
    },
    /// It was taken back.
    TakenBack {
        /// The position of the deployment that did.
        position: u64,
        /// When.
        at: Timestamp,
    },
    /// The next deployment was made to end an incident that began soon after it.
    Hotfixed {
        /// The incident's number.
        incident: u64,
        /// The position of the next deployment.
        position: u64,
    },
}

/// Why a deployment was unplanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unplanned {
    /// It took another one back.
    Rollback,
    /// An incident that touches its component was open.
    Incident(u64),
}

impl Deployment {
    /// Whether it failed: what a person said, or else whether anything speaks for it.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.record.judged.unwrap_or(!self.evidence.is_empty())
    }

    fn counted(&self) -> Counted {
        let Record { event, position, at, commits, ref leads, .. } = self.record;
        let (failed, recovered, leads) = (self.failed(), self.recovered, leads.clone());
        Counted { event, position, at, commits, leads, failed, recovered, unplanned: self.unplanned.is_some() }
    }
}

/// DORA's measures of these services together.
#[must_use]
pub fn measures(window: Window, services: &[Service]) -> Measures {
    let counted = |service: &Service| service.deployments.iter().map(Deployment::counted).collect();
    let counted: Vec<Vec<Counted>> = services.iter().map(counted).collect();
    Measures::of(window, &counted)
}

/// The components that a team owns and that were deployed, in order of their references.
#[must_use]
pub fn components_of(world: &World, team: &EntityRef) -> Vec<EntityRef> {
    let deployed = world.deploys.components();
    deployed.filter(|component| world.owner_of(component).as_ref() == Some(team)).cloned().collect()
}

/// Whether a deployment of this component is one to production.
#[must_use]
pub fn is_production(named: Option<&[String]>, environment: &str, told: Option<bool>) -> bool {
    match named {
        Some(named) => named.iter().any(|name| name == environment),
        None => told.unwrap_or_else(|| is_production_by_name(environment)),
    }
}

/// The environments that a component's annotation names.
#[must_use]
pub fn production_environments(world: &World, component: &EntityRef) -> Option<Vec<String>> {
    let entity = world.catalog.get(component)?;
    if !entity.descriptor.document.contains(PRODUCTION) {
        return None;
    }
    let named = entity.annotation(PRODUCTION)?;
    Some(named.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

/// Looks at deployments in the light of incidents.
pub struct Light<'a> {
    world: &'a World,
    /// The incidents that touch each entity, newest first.
    touching: HashMap<&'a EntityRef, Vec<&'a Incident>>,
    /// What turned bad soon after each deployment.
    turned: HashMap<EventId, Vec<Evidence>>,
}

impl<'a> Light<'a> {
    /// What is known of incidents that were not over before `from`.
    #[must_use]
    pub fn since(world: &'a World, from: Timestamp) -> Self {
        let mut light = Self { world, touching: HashMap::new(), turned: HashMap::new() };
        for incident in world.incidents.recent() {
            if incident.ended.as_ref().is_some_and(|ending| ending.at < from) {
                continue;
            }
            for entity in incident.entities() {
                let touching = light.touching.entry(entity).or_default();
                if touching.last().is_none_or(|last| last.number() != incident.number()) {
                    touching.push(incident);
                }
            }
            for check in &incident.checks {
                light.blame(incident, check);
            }
        }
        light
    }

    /// A failure speaks against the last deployment before it on its path, unless that is too long ago.
    fn blame(&mut self, incident: &Incident, check: &FailingCheck) {
        let from = check.since.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        let mut last: Option<&Record> = None;
        let mut seen: Vec<&EntityRef> = Vec::new();
        for component in check.path.iter().chain([&check.entity]).filter(|entity| entity.kind() == "component") {
            if seen.contains(&component) {
                continue;
            }
            seen.push(component);
            let named = production_environments(self.world, component);
            for environment in self.world.deploys.environments(component) {
                let before = self.world.deploys.records_until(component, environment, check.since);
                let newest = before.take_while(|record| record.at >= from).find(|record| {
                    record.outcome == Outcome::Succeeded
                        && is_production(named.as_deref(), environment, record.production)
                        && incident.verdict_on(record.event) != Some(Verdict::Innocent)
                });
                last = newest.into_iter().chain(last).max_by_key(|record| (record.at, record.position));
            }
        }
        if let Some(record) = last {
            let (incident, check, since) = (incident.number(), check.check.clone(), check.since);
            self.turned.entry(record.event).or_default().push(Evidence::TurnedBad { incident, check, since });
        }
    }

    /// What a component deployed to production since `from`, and what became of it: one for each environment that has
    /// any.
    #[must_use]
    pub fn services(&self, component: &EntityRef, from: Timestamp) -> Vec<Service> {
        let named = production_environments(self.world, component);
        let mut services = Vec::new();
        for environment in self.world.deploys.environments(component) {
            let records: Vec<&Record> = {
                let newest = self.world.deploys.records(component, environment).rev();
                let newest = newest.take_while(|record| record.at >= from);
                let live = newest.filter(|record| {
                    record.outcome == Outcome::Succeeded
                        && is_production(named.as_deref(), environment, record.production)
                });
                let mut records: Vec<_> = live.collect();
                records.reverse();
                records
            };
            if !records.is_empty() {
                let deployments = self.judge(component, &records);
                services.push(Service {
                    component: component.clone(),
                    environment: environment.to_owned(),
                    deployments,
                });
            }
        }
        services
    }

    fn judge(&self, component: &EntityRef, records: &[&Record]) -> Vec<Deployment> {
        let touching = self.touching.get(component).map_or(&[][..], Vec::as_slice);
        let back: HashMap<EventId, &Record> =
            records.iter().filter_map(|record| Some((record.rollback_of?, *record))).collect();
        let mut judged: Vec<Deployment> = Vec::with_capacity(records.len());
        for (number, record) in records.iter().enumerate() {
            let next = records.get(number + 1);
            let mut evidence = self.turned.get(&record.event).cloned().unwrap_or_default();
            let guilty = touching.iter().filter(|it| it.verdict_on(record.event) == Some(Verdict::Guilty));
            evidence.extend(guilty.map(|incident| Evidence::Guilty { incident: incident.number() }));
            if let Some(by) = back.get(&record.event) {
                evidence.push(Evidence::TakenBack { position: by.position, at: by.at });
            } else if let Some(next) = next
                && let Some(incident) = open_at(touching, next.at)
                && record.at <= incident.since
                && incident.since.duration_since(record.at) <= HOTFIX_WITHIN
                && incident.verdict_on(record.event) != Some(Verdict::Innocent)
            {
                evidence.push(Evidence::Hotfixed { incident: incident.number(), position: next.position });
            }
            let recovered = self.recovered(&evidence, next.copied());
            let unplanned = match record.rollback_of {
                Some(_) => Some(Unplanned::Rollback),
                None => open_at(touching, record.at).map(|incident| Unplanned::Incident(incident.number())),
            };
            judged.push(Deployment { record: (*record).clone(), evidence, recovered, unplanned });
        }
        judged
    }

    /// When the service was good again: when the last incident that speaks against the deployment ended; without one
    /// when it had been taken back; without either when the next deployment went live.
    fn recovered(&self, evidence: &[Evidence], next: Option<&Record>) -> Option<Timestamp> {
        let (mut ends, mut back) = (Vec::new(), None);
        for one in evidence {
            match one {
                Evidence::TurnedBad { incident, .. }
                | Evidence::Guilty { incident }
                | Evidence::Hotfixed { incident, .. } => {
                    let incident = self.world.incidents.by_number(*incident);
                    ends.push(incident.and_then(|incident| Some(incident.ended.as_ref()?.at)));
                }
                Evidence::TakenBack { at, .. } => back = Some(*at),
            }
        }
        if ends.is_empty() {
            return back.or(next.map(|next| next.at));
        }
        ends.into_iter().collect::<Option<Vec<_>>>()?.into_iter().max()
    }
}

/// The newest of these incidents that was open then.
fn open_at<'a>(incidents: &[&'a Incident], at: Timestamp) -> Option<&'a Incident> {
    let was_open =
        |incident: &&&Incident| incident.since < at && incident.ended.as_ref().is_none_or(|ending| at <= ending.at);
    incidents.iter().find(was_open).copied()
}
