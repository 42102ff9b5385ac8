//! Which methods carry a type: as their request or response, or in a field of those, and so on.

use std::collections::{BTreeSet, HashMap};

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
    places: HashMap<&'d str, usize>,
    uses: Vec<Uses>,
    /// What was found already, by place of the type.
    known: HashMap<usize, Option<Carriers<'d>>>,
    steps_left: usize,
}

/// Who has a type.
#[derive(Debug, Default)]
struct Uses {
    /// The methods, as places in the operations, that have it as request or response.
    methods: Vec<usize>,
    /// The messages, as places in the uses, that have a field of it.
    messages: Vec<usize>,
    /// The last search that came by, counted from one.
    seen_by: usize,
}

impl<'d> Usage<'d> {
    pub(super) fn of(definition: &'d Definition) -> Self {
        let mut usage = Self {
            operations: Vec::new(),
            places: HashMap::new(),
            uses: Vec::new(),
            known: HashMap::new(),
            steps_left: STEPS_MAX,
        };
        for (at, method) in definition.methods().enumerate() {
            usage.operations.push(&method.operation);
            for name in [&method.request, &method.response].into_iter().filter_map(Type::name) {
                let used = usage.place_of(name);
                if let Some(uses) = usage.uses.get_mut(used) {
                    uses.methods.push(at);
                }
            }
        }
        let files = definition.files.values();
        let of_messages = files.clone().flat_map(|file| &file.messages).flat_map(|message| &message.fields);
        for field in of_messages.chain(files.flat_map(|file| &file.extensions)) {
            if let Some(name) = field.field_type.name() {
                let (used, carrier) = (usage.place_of(name), usage.place_of(field.carrier()));
                if let Some(uses) = usage.uses.get_mut(used) {
                    uses.messages.push(carrier);
                }
            }
        }
        usage
    }

    fn place_of(&mut self, type_name: &'d str) -> usize {
        let next = self.uses.len();
        let place = *self.places.entry(type_name).or_insert(next);
        if place == next {
            self.uses.push(Uses::default());
        }
        place
    }

    /// None where no method carries the type, or where finding out would take too long.
    pub(super) fn carriers(&mut self, type_name: &str) -> Option<Carriers<'d>> {
        let place = *self.places.get(type_name)?;
        if let Some(known) = self.known.get(&place) {
            return *known;
        }
        let found = self.search(place);
        self.known.insert(place, found);
        found
    }

    fn search(&mut self, place: usize) -> Option<Carriers<'d>> {
        let search = self.known.len() + 1;
        let mut methods: BTreeSet<usize> = BTreeSet::new();
        let mut level = vec![place];
        for _ in 0..=DEPTH_MAX {
            let mut next = Vec::new();
            for place in level {
                let uses = self.uses.get_mut(place)?;
                if std::mem::replace(&mut uses.seen_by, search) == search {
                    continue;
                }
                self.steps_left = self.steps_left.checked_sub(uses.methods.len() + uses.messages.len())?;
                methods.extend(&uses.methods);
                next.extend(&uses.messages);
            }
            level = next;
        }
        let first = self.operations.get(*methods.first()?)?;
        Some(Carriers { first, others: methods.len().saturating_sub(1) })
    }
}
