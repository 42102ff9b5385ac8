//! A random company: what needs what, what of that is written down, and where the checks are.

use std::collections::BTreeMap;

use kernel::EntityRef;

use super::{Conditions, dice::Dice};
use crate::suspects::Topology;

/// How often a check runs.
#[derive(Clone, Copy)]
pub(super) struct Check {
    pub(super) interval_s: i64,
    pub(super) phase_s: i64,
}

/// One service or database.
pub(super) struct Node {
    pub(super) entity: EntityRef,
    /// What it really needs, by index.
    pub(super) needs: Vec<usize>,
    /// What the catalog says it needs.
    declared: Vec<usize>,
    pub(super) check: Option<Check>,
}

/// Services first, in the order of their tiers, then databases.
pub(super) struct Company {
    pub(super) nodes: Vec<Node>,
    pub(super) services: usize,
    index: BTreeMap<EntityRef, usize>,
}

impl Company {
    pub(super) fn random(conditions: &Conditions, dice: &mut Dice) -> Self {
        let services = dice.between(10, 60) as usize;
        let databases = services / 3 + 1;
        let mut nodes = vec![];
        for at in 0..services + databases {
            let is_service = at < services;
            let (kind, name) = if is_service { ("component", "service") } else { ("resource", "database") };
            let Ok(entity) = EntityRef::new(kind, EntityRef::DEFAULT_NAMESPACE, &format!("{name}-{at:02}")) else {
                continue;
            };
            let needs = if is_service { needs(at, services, databases, dice) } else { vec![] };
            let mut declared: Vec<_> = needs.iter().copied().filter(|_| !dice.chance(conditions.undeclared)).collect();
            if is_service && dice.chance(0.10) {
                declared.push(dice.below(services));
            }
            // The first few services face customers: their critical paths are always checked.
            let checked = if at < 3 {
                1.0
            } else if is_service {
                conditions.checked
            } else {
                0.15
            };
            let check = dice.chance(checked).then(|| {
                let interval_s = *dice.pick(&[30, 60, 60, 120, 300]).unwrap_or(&60);
                Check { interval_s, phase_s: dice.between(0, interval_s - 1) }
            });
            nodes.push(Node { entity, needs, declared, check });
        }
        let index = nodes.iter().enumerate().map(|(at, node)| (node.entity.clone(), at)).collect();
        Self { nodes, services, index }
    }

    pub(super) fn entity(&self, at: usize) -> Option<&EntityRef> {
        self.nodes.get(at).map(|node| &node.entity)
    }

    pub(super) fn at(&self, entity: &EntityRef) -> Option<usize> {
        self.index.get(entity).copied()
    }

    /// Who really needs it.
    pub(super) fn dependents(&self, of: usize) -> impl Iterator<Item = usize> {
        self.nodes.iter().enumerate().filter(move |(_, node)| node.needs.contains(&of)).map(|(at, _)| at)
    }
}

/// Mostly services of lower tiers, some near and some anywhere, rarely one above (a cycle); mostly one database.
fn needs(at: usize, services: usize, databases: usize, dice: &mut Dice) -> Vec<usize> {
    let mut needs = vec![];
    let below = services - at - 1;
    let wanted = if at < 3 { dice.between(2, 5) } else { dice.between(0, 3) };
    for _ in 0..wanted {
        let reach = if dice.chance(0.7) { below.min(8) } else { below };
        if reach > 0 {
            needs.push(at + 1 + dice.below(reach));
        }
    }
    if at > 0 && dice.chance(0.05) {
        needs.push(dice.below(at));
    }
    if dice.chance(0.6) {
        needs.push(services + dice.below(databases));
    }
    needs.sort_unstable();
    needs.dedup();
    needs
}

impl Topology for Company {
    fn upstream(&self, of: &EntityRef) -> Vec<(EntityRef, &'static str)> {
        let declared = self.at(of).and_then(|at| self.nodes.get(at)).map_or(&[][..], |node| &node.declared);
        let step = |at: &usize| {
            let verb = if *at < self.services { "calls" } else { "reads from" };
            self.entity(*at).map(|entity| (entity.clone(), verb))
        };
        declared.iter().filter_map(step).collect()
    }
}
