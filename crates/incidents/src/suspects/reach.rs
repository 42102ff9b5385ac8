//! What lies upstream of an entity, and by which way.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write,
};

use kernel::EntityRef;

use super::Topology;

/// Farther upstream nothing is looked at: a fault seldom travels so far unnoticed.
const STEPS_MAX: u8 = 6;

/// At most this many entities are visited from one.
const VISITED_MAX: usize = 2_000;

/// A topology that is asked about each entity once.
pub(super) struct Map<'t> {
    topology: &'t dyn Topology,
    known: BTreeMap<EntityRef, Vec<(EntityRef, &'static str)>>,
}

/// One entity upstream.
pub(super) struct Reached {
    pub(super) entity: EntityRef,
    pub(super) distance: u8,
    /// The entity one step nearer and the verb between the two; none for the start.
    from: Option<(EntityRef, &'static str)>,
}

/// Everything that one entity needs, by the shortest ways.
pub(super) struct Neighbourhood {
    reached: BTreeMap<EntityRef, Reached>,
}

impl<'t> Map<'t> {
    pub(super) fn new(topology: &'t dyn Topology) -> Self {
        Self { topology, known: BTreeMap::new() }
    }

    /// Breadth first, each entity once: cycles are legal.
    pub(super) fn upstream_of(&mut self, start: &EntityRef) -> Neighbourhood {
        let mut reached = BTreeMap::new();
        let mut queue = VecDeque::from([Reached { entity: start.clone(), distance: 0, from: None }]);
        while let Some(next) = queue.pop_front() {
            if reached.len() >= VISITED_MAX || reached.contains_key(&next.entity) {
                continue;
            }
            if next.distance < STEPS_MAX {
                let topology = self.topology;
                let needs = self.known.entry(next.entity.clone()).or_insert_with(|| topology.upstream(&next.entity));
                let steps = needs.iter().map(|(entity, verb)| Reached {
                    entity: entity.clone(),
                    distance: next.distance + 1,
                    from: Some((next.entity.clone(), *verb)),
                });
                queue.extend(steps);
            }
            reached.insert(next.entity.clone(), next);
        }
        Neighbourhood { reached }
    }
}

impl Neighbourhood {
    /// Everything that was reached, by name.
    pub(super) fn entities(&self) -> impl Iterator<Item = &EntityRef> {
        self.reached.keys()
    }

    /// The nearest of these; the first by name among equally near ones.
    pub(super) fn nearest(&self, targets: &[&EntityRef]) -> Option<&Reached> {
        let found = targets.iter().filter_map(|target| self.reached.get(*target));
        found.min_by_key(|reached| (reached.distance, &reached.entity))
    }

    /// The entities from the start to `target`, both included; empty if it was not reached.
    pub(super) fn path_to(&self, target: &EntityRef) -> Vec<EntityRef> {
        let mut path = vec![];
        let mut at = self.reached.get(target);
        while let Some(reached) = at {
            path.push(reached.entity.clone());
            at = reached.from.as_ref().and_then(|(nearer, _)| self.reached.get(nearer));
        }
        path.reverse();
        path
    }

    /// The path as a sentence: "storefront calls checkout, which calls payments".
    pub(super) fn explain(&self, target: &EntityRef) -> String {
        let mut sentence = String::new();
        for entity in self.path_to(target) {
            let verb = self.reached.get(&entity).and_then(|reached| reached.from.as_ref()).map(|(_, verb)| *verb);
            let joint = if sentence.contains(' ') { ", which" } else { "" };
            // Writing to a string can't fail.
            let _ = match verb {
                None => write!(sentence, "{}", entity.short()),
                Some(verb) => write!(sentence, "{joint} {verb} {}", entity.short()),
            };
        }
        sentence
    }
}
