//! The way through the schemas of one body: which pairs of schemas are still to be compared, and which were.
//!
//! Schemas behind references wait in a queue, so that each is met first where it is nearest, and however deep references
//! lead nothing is nested. One that holds itself is not begun again. What was met before is told of at a few places if it
//! is near, and otherwise once.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Map, Value};

use super::Part;
use crate::openapi::report::Place;

/// Places of a body at which the same difference of a schema is told.
const TOLD_MAX: u8 = 4;
/// References that lead to a place which is still near.
const NEAR_MAX: usize = 3;

/// Two schemas, wherever they are met: where they are in their documents, and what they are part of.
pub(super) type Key = (usize, usize, Part);

/// Two schemas that are to be compared.
pub(super) struct Task<'d> {
    pub(super) part: Part,
    pub(super) before: &'d Map<String, Value>,
    pub(super) after: &'d Map<String, Value>,
    pub(super) place: Place,
    visit: usize,
}

/// A time that a pair is met.
struct Visit {
    node: usize,
    /// From where; none for the whole body.
    from: Option<usize>,
    level: usize,
}

/// A pair that is met.
struct Node {
    key: Key,
    times: u8,
    /// It was compared as what is within a body, where there are more rules.
    was_within: bool,
    differs: bool,
}

#[derive(Default)]
pub(super) struct Run<'d> {
    queue: VecDeque<Task<'d>>,
    visits: Vec<Visit>,
    nodes: Vec<Node>,
    known: HashMap<Key, usize>,
    /// Which pair holds which.
    held_by: Vec<(usize, usize)>,
    current: Option<usize>,
}

impl<'d> Run<'d> {
    /// True while pairs are compared.
    pub(super) fn is_under_way(&self) -> bool {
        self.current.is_some()
    }

    /// Has a pair wait, unless it was told of often enough.
    pub(super) fn add(
        &mut self,
        key: Key,
        (before, after): (&'d Map<String, Value>, &'d Map<String, Value>),
        place: &Place,
    ) {
        let from = self.current;
        let (holder, level) = match from.and_then(|from| self.visits.get(from)) {
            Some(visit) => (Some(visit.node), visit.level + 1),
            None => (None, 0),
        };
        let node = *self.known.entry(key).or_insert(self.nodes.len());
        if node == self.nodes.len() {
            self.nodes.push(Node { key, times: 0, was_within: false, differs: false });
        }
        self.held_by.extend(holder.map(|holder| (node, holder)));
        let max = if level <= NEAR_MAX { TOLD_MAX } else { 1 };
        let is_open = level <= NEAR_MAX && self.is_open(node, from);
        let Some(known) = self.nodes.get_mut(node).filter(|known| known.times < max && !is_open) else { return };
        known.times += 1;
        known.was_within |= !place.is_whole();
        let visit = self.visits.len();
        self.visits.push(Visit { node, from, level });
        self.queue.push_back(Task { part: key.2, before, after, place: place.clone(), visit });
    }

    /// Whether a pair is on the way to here.
    fn is_open(&self, node: usize, from: Option<usize>) -> bool {
        let mut at = from;
        while let Some(visit) = at.and_then(|at| self.visits.get(at)) {
            if visit.node == node {
                return true;
            }
            at = visit.from;
        }
        false
    }

    /// The next pair.
    pub(super) fn next(&mut self) -> Option<Task<'d>> {
        let task = self.queue.pop_front()?;
        self.current = Some(task.visit);
        Some(task)
    }

    /// Says that the pair at hand differs.
    pub(super) fn differs(&mut self) {
        let node = self.current.and_then(|at| self.visits.get(at)).map(|visit| visit.node);
        if let Some(node) = node.and_then(|node| self.nodes.get_mut(node)) {
            node.differs = true;
        }
    }

    /// Ends, with the pairs that don't differ, nor hold any that does.
    pub(super) fn end(self) -> impl Iterator<Item = Key> {
        let mut holders: HashMap<usize, Vec<usize>> = HashMap::new();
        for (held, holder) in self.held_by {
            holders.entry(held).or_default().push(holder);
        }
        let mut waiting: Vec<usize> =
            self.nodes.iter().enumerate().filter(|(_, node)| node.differs).map(|(at, _)| at).collect();
        let mut differ: HashSet<usize> = waiting.iter().copied().collect();
        while let Some(node) = waiting.pop() {
            for holder in holders.remove(&node).into_iter().flatten() {
                if differ.insert(holder) {
                    waiting.push(holder);
                }
            }
        }
        let nodes = self.nodes.into_iter().enumerate();
        nodes.filter(move |(at, node)| node.was_within && !differ.contains(at)).map(|(_, node)| node.key)
    }
}
