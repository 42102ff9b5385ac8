//! What is derived from the World and too dear to derive for every request: the catalog's index, the index of all texts,
//! and the findings. Each is kept for one state of the catalog and made anew from what changed since. Who asks for the past
//! gets one made for that moment; the last few of these are kept apart, so that the present is not disturbed.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use catalog::{DocSet, Finding, Page};
use flags::Stale;
use index::{Document, Index, TextDocument, TextIndex};
use kernel::{EntityRef, Sha256, Timestamp};
use reference::{Reference, ReferenceError};
use timeline::Store;
use world::World;

use crate::{
    cache::Cache,
    contracts::gaps::{self, ContractGap},
    deploys::claims::Claims,
    postmortems::texts::Published,
};

/// The indexes over the catalog and its docs.
pub struct Indexes {
    entities: Mutex<Kept<Index>>,
    texts: Mutex<Kept<Texts>>,
    whole: Mutex<Kept<Whole>>,
    past_entities: Cache<u64, Index>,
    past_texts: Cache<u64, TextIndex>,
    past_wholes: Cache<u64, Whole>,
    stale: Momentary<Stale>,
    uncovered: Momentary<Uncovered>,
    contract_gaps: Momentary<ContractGap>,
    unknown_deployments: Momentary<EntityRef>,
    claims: Cache<u64, Claims>,
    /// What is published in post-mortems, as of one count of publications.
    post_mortems: Mutex<Option<Arc<Published>>>,
    /// Documents as HTML.
    pub(crate) pages: Cache<Sha256, prose::Page>,
    /// API definitions, or why one can't be read.
    pub(crate) references: Cache<Sha256, Result<Reference, ReferenceError>>,
}

/// So many documents and definitions are kept as they were read.
const PAGES_KEPT: usize = 500;
const REFERENCES_KEPT: usize = 100;
/// Indexes are kept of so many states that the catalog had: who looks at an incident goes back and forth between two or
/// three moments.
const PAST_KEPT: usize = 4;

impl Default for Indexes {
    fn default() -> Self {
        Self {
            entities: Mutex::default(),
            texts: Mutex::default(),
            whole: Mutex::default(),
            past_entities: Cache::new(PAST_KEPT),
            past_texts: Cache::new(PAST_KEPT),
            past_wholes: Cache::new(PAST_KEPT),
            stale: Momentary::default(),
            uncovered: Momentary::default(),
            contract_gaps: Momentary::default(),
            unknown_deployments: Momentary::default(),
            claims: Cache::new(PAST_KEPT),
            post_mortems: Mutex::default(),
            pages: Cache::new(PAGES_KEPT),
            references: Cache::new(REFERENCES_KEPT),
        }
    }
}

/// What depends on the time as well as on the World, as of one minute.
struct Momentary<T>(Mutex<Option<(Minute, Arc<[T]>)>>);

/// A World, and a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Minute {
    position: u64,
    minute: i64,
}

impl<T> Default for Momentary<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Momentary<T> {
    fn at(&self, world: &World, now: Timestamp, make: impl FnOnce() -> Vec<T>) -> Arc<[T]> {
        let at = Minute { position: world.position, minute: now.as_second().div_euclid(60) };
        let mut kept = lock(&self.0);
        match kept.as_ref() {
            Some((known, values)) if *known == at => Arc::clone(values),
            Some(_) | None => {
                let values: Arc<[T]> = make().into();
                *kept = Some((at, Arc::clone(&values)));
                values
            }
        }
    }
}

/// A team that owns something and has nobody on call.
#[derive(Debug, Clone)]
pub struct Uncovered {
    /// The team.
    pub team: EntityRef,
    /// Why.
    pub gap: oncall::Gap,
}

/// Something derived, and the position of the World that it was derived from.
#[derive(Default)]
struct Kept<T> {
    value: T,
    revision: Option<u64>,
}

impl<T> Kept<T> {
    fn is_newer_than(&self, revision: u64) -> bool {
        self.revision.is_some_and(|kept| kept > revision)
    }
}

/// What a text is about, by the beginning of its key.
pub mod keys {
    /// An entity: `entity/<reference>`.
    pub const ENTITY: &str = "entity/";
    /// A page of docs: `docs/<reference>#<path>`.
    pub const DOCS: &str = "docs/";
    /// An operation of an API: `operation/<reference>#<id>`.
    pub const OPERATION: &str = "operation/";
}

/// How much of a document's text is indexed, in bytes.
const BODY_BYTES_MAX: usize = 200_000;

impl Indexes {
    /// Which component claims which name of what is deployed.
    #[must_use]
    pub fn claims(&self, world: &World) -> Arc<Claims> {
        let made = self.claims.get_or_make(world.catalog.revision(), || Ok::<_, Infallible>(Claims::of(world)));
        made.unwrap_or_else(|never| match never {})
    }

    /// The newest index of published post-mortems that was made.
    pub(crate) fn post_mortems(&self) -> Option<Arc<Published>> {
        lock(&self.post_mortems).clone()
    }

    /// Keeps it, unless there is a newer one.
    pub(crate) fn keep_post_mortems(&self, made: &Arc<Published>) {
        let mut kept = lock(&self.post_mortems);
        if kept.as_ref().is_none_or(|kept| kept.publications < made.publications) {
            *kept = Some(Arc::clone(made));
        }
    }

    /// The catalog's index as of this World.
    #[must_use]
    pub fn entities(&self, world: &World) -> Index {
        let mut kept = lock(&self.entities);
        let revision = world.catalog.revision();
        if kept.is_newer_than(revision) {
            drop(kept);
            return made_once(&self.past_entities, revision, || build_index(world));
        }
        if kept.revision != Some(revision) {
            let changed = kept.revision.and_then(|since| world.catalog.changed_since(since));
            kept.value = match changed {
                Some(changed) => {
                    let (present, gone): (Vec<_>, Vec<_>) =
                        changed.into_iter().partition(|reference| world.catalog.get(reference).is_some());
                    kept.value.with_changes(present.iter().filter_map(|one| document(world, one)), gone)
                }
                None => build_index(world),
            };
            kept.revision = Some(revision);
        }
        kept.value.clone()
    }

    /// The index of all texts as of this World. It reads the docs from the store: call it where blocking is allowed.
    #[must_use]
    pub fn texts(&self, world: &World, store: &dyn Store) -> TextIndex {
        let mut kept = lock(&self.texts);
        let revision = world.catalog.revision();
        if kept.is_newer_than(revision) {
            drop(kept);
            return made_once(&self.past_texts, revision, || Texts::of(world, store, self).index);
        }
        if kept.revision != Some(revision) {
            let changed = kept.revision.and_then(|since| world.catalog.changed_since(since));
            let before = std::mem::take(&mut kept.value);
            kept.value = match changed {
                Some(changed) => before.brought_to(world, store, changed, self),
                None => Texts::of(world, store, self),
            };
            kept.revision = Some(revision);
        }
        kept.value.index.clone()
    }

    /// What can be read of an API's definition, and the format it is in; nothing if the entity has none.
    #[must_use]
    pub fn reference(&self, entity: &catalog::Entity) -> Option<Arc<Result<Reference, ReferenceError>>> {
        if entity.definition == catalog::Definition::None || entity.definition == catalog::Definition::Empty {
            return None;
        }
        let made = self.references.get_or_make(entity.descriptor.digest, || {
            let definition = entity.api_definition().ok_or(())?;
            Ok::<_, ()>(match reference::detect(&definition.format, &definition.text) {
                Some(kind) => reference::parse(kind, &definition.text),
                None => Err(ReferenceError {
                    line: None,
                    message: format!("definitions of type \"{}\" are not read here", definition.format),
                }),
            })
        });
        made.ok()
    }

    /// What there is to say of the catalog as a whole, if it need not be made first.
    #[must_use]
    pub fn whole_at_hand(&self, world: &World) -> Option<Whole> {
        let kept = lock(&self.whole);
        (kept.revision == Some(world.catalog.revision())).then(|| kept.value.clone())
    }

    /// What there is to say of the catalog as a whole, as of this World.
    #[must_use]
    pub fn whole(&self, world: &World) -> Whole {
        let mut kept = lock(&self.whole);
        let revision = world.catalog.revision();
        if kept.is_newer_than(revision) {
            drop(kept);
            return made_once(&self.past_wholes, revision, || Whole::of(world));
        }
        if kept.revision != Some(revision) {
            kept.value = Whole::of(world);
            kept.revision = Some(revision);
        }
        kept.value.clone()
    }

    /// The flags that should be gone at this minute.
    #[must_use]
    pub fn stale(&self, world: &World, now: Timestamp) -> Arc<[Stale]> {
        self.stale.at(world, now, || flags::stale(&world.flags, now))
    }

    /// The teams that own something and have nobody on call at this minute. `whole` is that of the same World.
    #[must_use]
    pub fn uncovered(&self, world: &World, whole: &Whole, now: Timestamp) -> Arc<[Uncovered]> {
        self.uncovered.at(world, now, || {
            let gaps = whole.owning_teams.iter().filter_map(|team| {
                let gap = oncall::gap(&world.oncall, team, now)?;
                Some(Uncovered { team: team.clone(), gap })
            });
            gaps.collect()
        })
    }

    /// What is missing among contracts.
    #[must_use]
    pub fn contract_gaps(&self, world: &World, now: Timestamp) -> Arc<[ContractGap]> {
        self.contract_gaps.at(world, now, || gaps::gaps(world))
    }

    /// What is deployed and nobody knows.
    #[must_use]
    pub fn unknown_deployments(&self, world: &World, now: Timestamp) -> Arc<[EntityRef]> {
        self.unknown_deployments.at(world, now, || self.claims(world).unknown(world))
    }

    /// What is wrong with the catalog as a whole, as of this World.
    #[must_use]
    pub fn findings(&self, world: &World) -> Arc<[Finding]> {
        self.whole(world).findings
    }
}

/// What there is to say of the catalog as a whole.
#[derive(Debug, Clone, Default)]
pub struct Whole {
    /// What is wrong with it.
    pub findings: Arc<[Finding]>,
    /// Who answers for the subject of each of these, in their order.
    pub(crate) answerable: Arc<[Option<EntityRef>]>,
    /// The teams that own a component: somebody must come when it breaks.
    pub owning_teams: Arc<[EntityRef]>,
}

impl Whole {
    fn of(world: &World) -> Self {
        let owners = world.catalog.of_kind("component").filter_map(|component| component.owner.clone());
        let teams = owners.filter(|owner| owner.kind() == "group" && world.catalog.get(owner).is_some());
        let teams: BTreeSet<EntityRef> = teams.collect();
        let findings = catalog::findings(&world.catalog);
        let answerable = findings.iter().map(|finding| finding.subject.as_ref().and_then(|of| answers_for(world, of)));
        Self { answerable: answerable.collect(), findings: findings.into(), owning_teams: teams.into_iter().collect() }
    }
}

/// Who is to mend what is wrong with an entity: a team itself, else its owner.
fn answers_for(world: &World, entity: &EntityRef) -> Option<EntityRef> {
    if entity.kind() == "group" { Some(entity.clone()) } else { world.owner_of(entity) }
}

fn made_once<T: Clone>(past: &Cache<u64, T>, revision: u64, make: impl FnOnce() -> T) -> T {
    let Ok(made) = past.get_or_make(revision, || Ok::<_, Infallible>(make()));
    T::clone(&made)
}

fn build_index(world: &World) -> Index {
    Index::build(world.catalog.iter().filter_map(|entity| document(world, entity.reference())))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entity as the index has it: its document, its relations both ways, and its uid.
fn document(world: &World, reference: &EntityRef) -> Option<Document> {
    let entity = world.catalog.get(reference)?;
    let relations = world.catalog.relations_of(reference);
    let relations = relations.iter().map(|(relation, target)| (relation.as_str(), target));
    let uid = catalog::uid(reference);
    let extra = [("metadata.uid", uid.as_str()), ("metadata.namespace", &*entity.namespace)];
    Document::read(reference.clone(), &entity.descriptor.document, relations, extra)
        .map_err(|error| tracing::warn!("{error}"))
        .ok()
}

/// The index of all texts, and what it was made of.
#[derive(Default)]
struct Texts {
    index: TextIndex,
    /// The keys of the operations of each entity that has any.
    operations: HashMap<EntityRef, Vec<String>>,
    docs: HashMap<EntityRef, Arc<DocSet>>,
}

impl Texts {
    /// All texts of a World.
    fn of(world: &World, store: &dyn Store, indexes: &Indexes) -> Self {
        let mut operations = HashMap::new();
        let entities = world.catalog.iter().flat_map(|entity| {
            let texts = EntityTexts::of(entity, indexes);
            if !texts.operations.is_empty() {
                let keys = texts.operations.iter().map(|(key, _)| key.clone()).collect();
                operations.insert(entity.reference().clone(), keys);
            }
            texts.into_documents()
        });
        let pages =
            world.catalog.all_docs().flat_map(|set| set.pages.iter().map(move |page| page_text(set, page, store)));
        let index = TextIndex::build(entities.chain(pages));
        let docs = world.catalog.all_docs().map(|set| (set.entity.clone(), Arc::clone(set))).collect();
        Self { index, operations, docs }
    }

    /// The texts of another World, in which these entities changed.
    fn brought_to(mut self, world: &World, store: &dyn Store, changed: BTreeSet<EntityRef>, indexes: &Indexes) -> Self {
        let (mut present, mut gone) = (Vec::new(), Vec::new());
        for reference in changed {
            gone.push(entity_key(&reference));
            gone.extend(self.operations.remove(&reference).unwrap_or_default());
            if let Some(entity) = world.catalog.get(&reference) {
                let EntityTexts { itself, operations } = EntityTexts::of(entity, indexes);
                present.push((entity_key(&reference), itself));
                if !operations.is_empty() {
                    self.operations.insert(reference, operations.iter().map(|(key, _)| key.clone()).collect());
                }
                present.extend(operations);
            }
        }
        gone.extend(self.bring_docs(world, store, &mut present));
        let keys: HashSet<&str> = present.iter().map(|(key, _)| key.as_str()).collect();
        gone.retain(|key| !keys.contains(key.as_str()));
        let documents = present.into_iter().map(|(_, document)| document);
        self.index = self.index.with_changes(documents, gone.iter().map(String::as_str));
        self
    }

    /// Reads the docs that were published anew; answers the keys of pages that are gone.
    fn bring_docs(
        &mut self,
        world: &World,
        store: &dyn Store,
        present: &mut Vec<(String, TextDocument)>,
    ) -> Vec<String> {
        let mut before = std::mem::take(&mut self.docs);
        let mut gone = Vec::new();
        for set in world.catalog.all_docs() {
            let known = before.remove(&set.entity);
            if !known.as_ref().is_some_and(|known| Arc::ptr_eq(known, set)) {
                gone.extend(known.iter().flat_map(|known| page_keys(known)));
                present.extend(set.pages.iter().map(|page| (page_key(set, page), page_text(set, page, store))));
            }
            self.docs.insert(set.entity.clone(), Arc::clone(set));
        }
        gone.extend(before.values().flat_map(|set| page_keys(set)));
        gone
    }
}

fn page_key(set: &DocSet, page: &Page) -> String {
    format!("{}{}#{}", keys::DOCS, set.entity, page.path)
}

fn page_keys(set: &DocSet) -> impl Iterator<Item = String> {
    set.pages.iter().map(|page| page_key(set, page))
}

fn page_text(set: &DocSet, page: &Page, store: &dyn Store) -> TextDocument {
    let body = store.get_blob(&page.digest).ok().flatten().unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    TextDocument::new(&page_key(set, page), &page.title)
        .field(3, set.entity.name())
        .field(1, body.get(..body.floor_char_boundary(BODY_BYTES_MAX)).unwrap_or_default())
}

fn entity_key(reference: &EntityRef) -> String {
    format!("{}{reference}", keys::ENTITY)
}

/// What is searched for of one entity.
struct EntityTexts {
    itself: TextDocument,
    /// The operations of an API, each with its key.
    operations: Vec<(String, TextDocument)>,
}

impl EntityTexts {
    fn of(entity: &catalog::Entity, indexes: &Indexes) -> Self {
        let tags = entity.tags.join(" ");
        let itself = TextDocument::new(&entity_key(entity.reference()), entity.display_name())
            .field(4, &entity.name)
            .field(2, &tags)
            .field(2, entity.owner.as_ref().map_or("", |owner| owner.name()))
            .field(1, entity.description.as_deref().unwrap_or_default());
        let read = indexes.reference(entity);
        let Some(Ok(reference)) = read.as_deref() else { return Self { itself, operations: Vec::new() } };
        let words: HashMap<String, String> = reference::search_text(reference).into_iter().collect();
        let operations = reference.operations().map(|operation| {
            let key = format!("{}{}#{}", keys::OPERATION, entity.reference(), operation.id);
            let title = format!("{} {}", operation.verb, operation.path);
            let words = words.get(&operation.id).map(String::as_str).unwrap_or_default();
            let document = TextDocument::new(&key, &title)
                .field(3, &operation.summary)
                .field(2, entity.reference().name())
                .field(1, words);
            (key, document)
        });
        Self { itself, operations: operations.collect() }
    }

    fn into_documents(self) -> impl Iterator<Item = TextDocument> {
        std::iter::once(self.itself).chain(self.operations.into_iter().map(|(_, document)| document))
    }
}
