//! The catalog as of one moment, and what can be asked of it.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    hash::Hash,
    sync::Arc,
};

use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use kernel::{EntityRef, Sha256, Stamp};
use serde::{Deserialize, Serialize};

use crate::{Descriptor, DocSet, Entity, Event, Origin, Problem, Relation, recent::Recent};

/// Everything in the catalog. Clones in O(1).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct State {
    entities: OrdMap<EntityRef, Arc<Entity>>,
    /// Each declared relation from its target's end, so that both ends can be asked.
    edges: OrdSet<Edge>,
    sources: OrdMap<Arc<str>, Source>,
    docs: OrdMap<EntityRef, Arc<DocSet>>,
    recent: Recent,
}

/// The target, then how it relates to whom. `None` sorts before every edge of its target: where to begin a range.
type Edge = (EntityRef, Option<(Relation, EntityRef)>);

/// What is known of one source.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Source {
    /// The digest of what was read when it was last applied.
    pub digest: Sha256,
    /// When that was.
    pub applied_at: Timestamp,
    /// What is wrong with its files.
    pub problems: Arc<[Problem]>,
    /// How many problems there are in all.
    pub problems_total: u64,
    /// The digest of what the files last said about each entity. It differs from the entity's own where somebody
    /// undid a change: then the file is not applied again until it says something new.
    pub(crate) said: OrdMap<EntityRef, Sha256>,
}

/// One entity that another leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// What was reached.
    pub entity: EntityRef,
    /// How many steps away it is; 1 for a neighbour.
    pub distance: u32,
    /// The entity before it on the way: following these back explains why it was reached.
    pub from: EntityRef,
    /// How that entity relates to this one.
    pub relation: Relation,
}

/// The form in snapshots: what is derived is left out.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    revision: u64,
    entities: Vec<Arc<Entity>>,
    sources: OrdMap<Arc<str>, Source>,
    docs: Vec<Arc<DocSet>>,
}

impl From<Stored> for State {
    fn from(stored: Stored) -> Self {
        let mut state = Self::default();
        let mut shared = Shared::default();
        for mut entity in stored.entities {
            shared.share(Arc::make_mut(&mut entity));
            state.put(entity);
        }
        for (name, mut source) in stored.sources {
            source.said = source.said.into_iter().map(|(entity, digest)| (shared.reference(entity), digest)).collect();
            state.sources.insert(name, source);
        }
        state.recent = Recent::starting_at(stored.revision);
        state.docs = stored.docs.into_iter().map(|docs| (docs.entity.clone(), docs)).collect();
        state
    }
}

/// What many entities name, once for all: a snapshot has it each time.
#[derive(Default)]
struct Shared {
    references: HashSet<EntityRef>,
    texts: HashSet<Arc<str>>,
}

impl Shared {
    fn share(&mut self, entity: &mut Entity) {
        let Entity { descriptor, owner, system, relations, .. } = entity;
        let relations = relations.iter_mut().map(|(_, target)| target);
        for reference in relations.chain(owner).chain(system).chain([&mut descriptor.reference]) {
            *reference = self.reference(reference.clone());
        }
        for text in [&mut descriptor.origin.source, &mut descriptor.origin.path] {
            *text = one_of(&mut self.texts, Arc::clone(text));
        }
    }

    fn reference(&mut self, reference: EntityRef) -> EntityRef {
        one_of(&mut self.references, reference)
    }
}

/// The value that equals this one, if there is one already.
fn one_of<T: Clone + Eq + Hash>(known: &mut HashSet<T>, value: T) -> T {
    if let Some(known) = known.get(&value) {
        return known.clone();
    }
    known.insert(value.clone());
    value
}

impl From<State> for Stored {
    fn from(state: State) -> Self {
        let entities = state.entities.values().cloned().collect();
        let revision = state.revision();
        Self { revision, entities, sources: state.sources, docs: state.docs.values().cloned().collect() }
    }
}

impl State {
    /// A walk over the graph ends here: nobody reads a longer list.
    pub const REACHED_MAX: usize = 10_000;

    /// Takes in one event.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        self.recent.at(stamp.position);
        match event {
            Event::SourceApplied { source, digest, problems, problems_total, moved, settled, .. } => {
                for moved in moved {
                    if let Some(entity) = self.entities.get_mut(&moved.entity) {
                        Arc::make_mut(entity).descriptor.origin = moved.origin.clone();
                    }
                }
                for reference in settled {
                    let own = self.descriptor(reference).filter(|entity| entity.origin.source == *source);
                    let digest = own.map(|entity| entity.digest);
                    self.say(source, reference, digest, stamp.at);
                }
                let record = self.source_mut(source, stamp.at);
                record.digest = *digest;
                record.applied_at = stamp.at;
                record.problems = problems.as_slice().into();
                record.problems_total = *problems_total;
            }
            Event::EntityDeclared { entity, restored } | Event::EntityChanged { entity, restored, .. } => {
                if !restored {
                    self.say(&entity.origin.source, &entity.reference, Some(entity.digest), stamp.at);
                }
                self.remove(&entity.reference);
                self.put(Arc::new(Entity::new(entity.clone(), stamp)));
            }
            Event::EntityRemoved { entity, restored } => {
                if !restored {
                    self.say(&entity.origin.source, &entity.reference, None, stamp.at);
                }
                self.remove(&entity.reference);
                self.docs.remove(&entity.reference);
            }
            Event::DocsPublished { docs } if docs.pages.is_empty() => {
                self.docs.remove(&docs.entity);
            }
            Event::DocsPublished { docs } => {
                self.docs.insert(docs.entity.clone(), Arc::new(docs.clone()));
            }
        }
    }

    /// Remembers that an entity came, changed or went, and with it those at the other ends of its relations.
    fn note_change(&mut self, entity: &Entity) {
        self.recent.changed(entity.reference().clone());
        entity.relations.iter().for_each(|(_, target)| self.recent.changed(target.clone()));
    }

    /// The position of the last event that changed the catalog.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.recent.revision()
    }

    /// The entities that changed, or whose relations did, or that are gone, since the catalog was at `revision`; nothing
    /// if that is too long ago to tell them one by one.
    #[must_use]
    pub fn changed_since(&self, revision: u64) -> Option<BTreeSet<EntityRef>> {
        self.recent.since(revision)
    }

    fn put(&mut self, entity: Arc<Entity>) {
        for (relation, target) in &entity.relations {
            self.edges.insert((target.clone(), Some((relation.inverse(), entity.reference().clone()))));
        }
        self.note_change(&entity);
        self.entities.insert(entity.reference().clone(), entity);
    }

    fn remove(&mut self, reference: &EntityRef) {
        let Some(entity) = self.entities.remove(reference) else { return };
        self.note_change(&entity);
        for (relation, target) in &entity.relations {
            self.edges.remove(&(target.clone(), Some((relation.inverse(), reference.clone()))));
        }
    }

    /// Notes what a source's files say about an entity.
    fn say(&mut self, source: &Arc<str>, reference: &EntityRef, digest: Option<Sha256>, at: Timestamp) {
        let said = &mut self.source_mut(source, at).said;
        match digest {
            Some(digest) => said.insert(reference.clone(), digest),
            None => said.remove(reference),
        };
    }

    fn source_mut(&mut self, source: &Arc<str>, at: Timestamp) -> &mut Source {
        self.sources.entry(source.clone()).or_insert_with(|| Source {
            digest: Sha256::ZERO,
            applied_at: at,
            problems: Arc::default(),
            problems_total: 0,
            said: OrdMap::new(),
        })
    }

    /// The entity of this reference.
    #[must_use]
    pub fn get(&self, reference: &EntityRef) -> Option<&Arc<Entity>> {
        self.entities.get(reference)
    }

    /// How many entities there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// All entities, by reference.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entity>> {
        self.entities.values()
    }

    /// The entities of one kind, in any case, by reference.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Arc<Entity>> {
        let kind = kind.to_lowercase();
        // "!" sorts before everything that a name may hold.
        let first = EntityRef::new(&kind, "!", "!").ok();
        let entities = first.map(|first| self.entities.range(first..));
        entities
            .into_iter()
            .flatten()
            .map(|(_, entity)| entity)
            .take_while(move |entity| entity.reference().kind() == kind)
    }

    /// All sources, by name.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.sources.iter().map(|(name, source)| (&**name, source))
    }

    /// One source.
    #[must_use]
    pub fn source(&self, name: &str) -> Option<&Source> {
        self.sources.get(name)
    }

    /// The docs of an entity.
    #[must_use]
    pub fn docs(&self, of: &EntityRef) -> Option<&Arc<DocSet>> {
        self.docs.get(of)
    }

    /// All docs, by entity.
    pub fn all_docs(&self) -> impl Iterator<Item = &Arc<DocSet>> {
        self.docs.values()
    }

    /// How the entity relates to others, whoever declared it: sorted, each once. The others need not exist.
    #[must_use]
    pub fn relations_of(&self, of: &EntityRef) -> Vec<(Relation, EntityRef)> {
        let own = self.get(of).map(|entity| entity.relations.as_slice()).unwrap_or_default();
        let mut all: Vec<_> = own.iter().cloned().chain(self.incoming(of).cloned()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// The relations that others declare, from this end.
    fn incoming<'a>(&'a self, of: &EntityRef) -> impl Iterator<Item = &'a (Relation, EntityRef)> + use<'a> {
        let of = of.clone();
        let edges = self.edges.range((of.clone(), None)..);
        edges.take_while(move |(target, _)| *target == of).filter_map(|(_, edge)| edge.as_ref())
    }

    /// Those to whom the entity stands in this relation.
    #[must_use]
    pub fn related(&self, of: &EntityRef, relation: Relation) -> Vec<EntityRef> {
        let all = self.relations_of(of).into_iter();
        all.filter(|(other, _)| *other == relation).map(|(_, reference)| reference).collect()
    }

    /// True if any other entity declares a relation to it.
    pub(crate) fn is_referred_to(&self, entity: &EntityRef) -> bool {
        self.incoming(entity).next().is_some()
    }

    /// Who answers for the entity, as declared: it need not exist.
    #[must_use]
    pub fn owner_of(&self, of: &EntityRef) -> Option<EntityRef> {
        self.get(of).and_then(|entity| entity.owner.clone())
    }

    /// The users of a group, whether the group or the user says so. Those of groups within it are not counted.
    #[must_use]
    pub fn members(&self, group: &EntityRef) -> Vec<EntityRef> {
        self.related(group, Relation::HasMember)
    }

    /// What the entity needs to work, directly.
    #[must_use]
    pub fn needs(&self, of: &EntityRef) -> Vec<(Relation, EntityRef)> {
        let mut all = self.relations_of(of);
        all.retain(|(relation, _)| {
            matches!(
                relation,
                Relation::DependsOn
                    | Relation::ConsumesApi
                    | Relation::ApiProvidedBy
                    | Relation::HasPart
                    | Relation::Checks
            )
        });
        all
    }

    /// What needs the entity to work, directly: the inverse of [`State::needs`].
    #[must_use]
    pub fn needed_by(&self, of: &EntityRef) -> Vec<(Relation, EntityRef)> {
        let mut all = self.relations_of(of);
        all.retain(|(relation, _)| {
            matches!(
                relation,
                Relation::DependencyOf
                    | Relation::ApiConsumedBy
                    | Relation::ProvidesApi
                    | Relation::PartOf
                    | Relation::CheckedBy
            )
        });
        all
    }

    /// All that the entity needs to work, nearest first: what it depends on, the APIs that it consumes and the
    /// components that provide them, its parts, and what all these need.
    #[must_use]
    pub fn upstream(&self, of: &EntityRef) -> Vec<Reached> {
        walk(of, |reference| self.needs(reference))
    }

    /// All that needs the entity to work, nearest first.
    #[must_use]
    pub fn downstream(&self, of: &EntityRef) -> Vec<Reached> {
        walk(of, |reference| self.needed_by(reference))
    }

    /// Entities whose state differs from what their file last said: somebody undid a change. With the source.
    pub fn drift(&self) -> impl Iterator<Item = (&str, &EntityRef)> {
        // What was made by hand has no file that could say otherwise.
        let folders = self.sources.iter().filter(|(name, _)| ***name != *Origin::BY_HAND);
        folders.flat_map(|(name, source)| {
            let differs = |reference: &EntityRef, said: &Sha256| {
                let entity = self.get(reference).filter(|entity| entity.descriptor.origin.source == *name);
                entity.map(|entity| entity.descriptor.digest) != Some(*said)
            };
            let drifted = source.said.iter().filter(move |(reference, said)| differs(reference, said));
            drifted.map(move |(reference, _)| (&**name, reference))
        })
    }

    pub(crate) fn descriptor(&self, of: &EntityRef) -> Option<&Descriptor> {
        self.get(of).map(|entity| &entity.descriptor)
    }
}

/// Breadth first, each entity once: circles are legal, and real.
fn walk(of: &EntityRef, next: impl Fn(&EntityRef) -> Vec<(Relation, EntityRef)>) -> Vec<Reached> {
    let mut seen = HashSet::from([of.clone()]);
    let mut queue = VecDeque::from([(of.clone(), 1)]);
    let mut reached = Vec::new();
    while let Some((from, distance)) = queue.pop_front() {
        for (relation, entity) in next(&from) {
            if !seen.insert(entity.clone()) {
                continue;
            }
            if reached.len() == State::REACHED_MAX {
                return reached;
            }
            queue.push_back((entity.clone(), distance + 1));
            reached.push(Reached { entity, distance, from: from.clone(), relation });
        }
    }
    reached
}
