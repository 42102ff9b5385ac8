//! Things that need each other in a circle: the strongly connected parts of the graph (Tarjan 1972), without recursion.

use std::collections::{HashMap, VecDeque};

use kernel::EntityRef;

use crate::{Relation, State};

/// More circles are left out.
const CIRCLES_MAX: usize = 500;

/// One circle for each part of the graph whose members all need each other, in the order in which they do.
pub(crate) fn find(state: &State) -> Vec<Vec<EntityRef>> {
    let graph = Graph::of(state);
    let mut circles = Vec::new();
    for part in graph.parts().into_iter().filter(|part| part.len() > 1).take(CIRCLES_MAX) {
        let circle: Vec<EntityRef> =
            graph.circle(&part).into_iter().filter_map(|at| graph.names.get(at)).map(|name| (*name).clone()).collect();
        // A component that calls its own API is no circle between two.
        if circle.iter().filter(|reference| reference.kind() != "api").count() > 1 {
            circles.push(circle);
        }
    }
    circles
}

/// What needs what, by number: only what was declared, and only between entities that exist.
struct Graph<'a> {
    names: Vec<&'a EntityRef>,
    needs: Vec<Vec<usize>>,
}

impl<'a> Graph<'a> {
    fn of(state: &'a State) -> Self {
        let names: Vec<&EntityRef> = state.iter().map(|entity| entity.reference()).collect();
        let number: HashMap<&EntityRef, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let mut graph = Self { needs: vec![Vec::new(); names.len()], names };
        for (at, entity) in state.iter().enumerate() {
            for (relation, target) in &entity.relations {
                let Some(&target) = number.get(target) else { continue };
                match relation {
                    Relation::DependsOn | Relation::ConsumesApi => graph.need(at, target),
                    Relation::DependencyOf | Relation::ProvidesApi => graph.need(target, at),
                    Relation::OwnedBy
                    | Relation::OwnerOf
                    | Relation::PartOf
                    | Relation::HasPart
                    | Relation::ApiProvidedBy
                    | Relation::ApiConsumedBy
                    | Relation::ChildOf
                    | Relation::ParentOf
                    | Relation::MemberOf
                    | Relation::HasMember
                    | Relation::LeaderOf
                    | Relation::LedBy
                    | Relation::Checks
                    | Relation::CheckedBy => {}
                }
            }
        }
        graph
    }

    fn need(&mut self, from: usize, to: usize) {
        if let Some(needs) = self.needs.get_mut(from) {
            needs.push(to);
        }
    }

    fn needs(&self, of: usize) -> &[usize] {
        self.needs.get(of).map(Vec::as_slice).unwrap_or_default()
    }

    /// The strongly connected parts, each sorted.
    #[expect(clippy::indexing_slicing, reason = "every number is below the number of names, which all rows have")]
    fn parts(&self) -> Vec<Vec<usize>> {
        const NEW: usize = usize::MAX;
        let count = self.names.len();
        let (mut order, mut low) = (vec![NEW; count], vec![NEW; count]);
        let mut is_open = vec![false; count];
        let (mut open, mut parts, mut next) = (Vec::new(), Vec::new(), 0);
        for root in 0..count {
            let mut path = if order[root] == NEW { vec![(root, 0)] } else { Vec::new() };
            while let Some((at, child)) = path.pop() {
                if child == 0 {
                    (order[at], low[at], is_open[at]) = (next, next, true);
                    open.push(at);
                    next += 1;
                }
                if let Some(&to) = self.needs(at).get(child) {
                    path.push((at, child + 1));
                    if order[to] == NEW {
                        path.push((to, 0));
                    } else if is_open[to] {
                        low[at] = low[at].min(order[to]);
                    }
                    continue;
                }
                if low[at] == order[at] {
                    let from = open.iter().rposition(|other| *other == at).unwrap_or_default();
                    let mut part = open.split_off(from);
                    part.iter().for_each(|member| is_open[*member] = false);
                    part.sort_unstable();
                    parts.push(part);
                }
                if let Some(&(parent, _)) = path.last() {
                    low[parent] = low[parent].min(low[at]);
                }
            }
        }
        parts
    }

    /// The shortest way from the part's first member back to itself.
    fn circle(&self, part: &[usize]) -> Vec<usize> {
        let Some(&first) = part.first() else { return Vec::new() };
        let mut before: HashMap<usize, usize> = HashMap::new();
        let mut queue = VecDeque::from([first]);
        while let Some(at) = queue.pop_front() {
            for &to in self.needs(at).iter().filter(|to| part.binary_search(to).is_ok()) {
                if to == first {
                    let mut circle = vec![at];
                    while let Some(&earlier) = circle.last().filter(|at| **at != first).and_then(|at| before.get(at)) {
                        circle.push(earlier);
                    }
                    circle.reverse();
                    return circle;
                }
                if let std::collections::hash_map::Entry::Vacant(vacant) = before.entry(to) {
                    vacant.insert(at);
                    queue.push_back(to);
                }
            }
        }
        Vec::new()
    }
}
