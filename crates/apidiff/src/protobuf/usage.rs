//! Which methods carry a type: as their request or response, or in a field of those, and so on.

use std::collections::{HashMap, HashSet};

use super::model::{Definition, Type};

/// How many fields deep a type still counts as carried by a method.
const DEPTH_MAX: usize = 8;
/// Steps on all paths together; beyond, nobody is named. A hostile definition can connect everything with everything.
const STEPS_MAX: usize = 4_000_000;

/// The methods that carry a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Carriers<'d> {
    /// The first, in the order of declaration.
    pub(super) first: &'d str,
    pub(super) others: usize,
}

#[derive(Debug)]
pub(super) struct Usage<'d> {
    operations: Vec<&'d str>,
    /// By type: the methods, as places in `operations`, that have it as request or response.
    direct: HashMap<&'d str, Vec<usize>>,
    /// By type: the messages that have a field of it.
    containers: HashMap<&'d str, Vec<&'d str>>,
    known: HashMap<String, Option<Carriers<'d>>>,
    steps_left: usize,
}

impl<'d> Usage<'d> {
    pub(super) fn of(definition: &'d Definition) -> Self {
        let mut direct: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut operations = Vec::new();
        for (at, method) in definition.methods().enumerate() {
            operations.push(method.operation.as_str());
            for name in [&method.request, &method.response].into_iter().filter_map(Type::name) {
                direct.entry(name).or_default().push(at);
            }
        }
        let mut containers: HashMap<&str, Vec<&str>> = HashMap::new();
        let files = definition.files.values();
        let fields = files.flat_map(|file| file.messages.iter().flat_map(|message| &message.fields));
        for field in fields.chain(definition.files.values().flat_map(|file| &file.extensions)) {
            if let Some(name) = field.field_type.name() {
                containers.entry(name).or_default().push(field.carrier());
            }
        }
        Self { operations, direct, containers, known: HashMap::new(), steps_left: STEPS_MAX }
    }

    /// None where no method carries the type, or where finding out would take too long.
    pub(super) fn carriers(&mut self, type_name: &str) -> Option<Carriers<'d>> {
        if let Some(known) = self.known.get(type_name) {
            return *known;
        }
        let found = self.search(type_name);
        self.known.insert(type_name.to_owned(), found);
        found
    }

    fn search(&mut self, type_name: &str) -> Option<Carriers<'d>> {
        let mut methods: HashSet<usize> = self.direct.get(type_name).into_iter().flatten().copied().collect();
        let mut seen: HashSet<&str> = HashSet::new();
        let mut level: Vec<&str> = self.containers.get(type_name).into_iter().flatten().copied().collect();
        for _ in 0..DEPTH_MAX {
            let mut next = Vec::new();
            for container in level {
                self.steps_left = self.steps_left.checked_sub(1)?;
                if container == type_name || !seen.insert(container) {
                    continue;
                }
                let (users, outer) = (self.direct.get(container), self.containers.get(container));
                let users = users.map(Vec::as_slice).unwrap_or_default();
                self.steps_left = self.steps_left.checked_sub(users.len())?;
                methods.extend(users);
                next.extend(outer.into_iter().flatten().copied());
            }
            level = next;
        }
        let first = methods.iter().min().and_then(|at| self.operations.get(*at))?;
        Some(Carriers { first, others: methods.len().saturating_sub(1) })
    }
}
