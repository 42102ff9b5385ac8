//! What is derived from the World and too dear to derive for every request: the catalog's index, the index of all texts,
//! and the findings. Each is kept for one state of the catalog and made anew from what changed since. Who asks for the past
//! gets one made for that moment, which is not kept: the present is asked for more often.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use catalog::{Event as CatalogEvent, Finding};
use index::{Document, Index, TextDocument, TextIndex};
use kernel::EntityRef;
use timeline::Store;
use world::{Event, Recorded, World};

/// The indexes over the catalog and its docs.
#[derive(Default)]
pub struct Indexes {
    entities: Mutex<Kept<Index>>,
    texts: Mutex<Kept<TextIndex>>,
    findings: Mutex<Kept<Arc<[Finding]>>>,
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
}

/// How much of a document's text is indexed, in bytes.
const BODY_BYTES_MAX: usize = 200_000;

impl Indexes {
    /// The catalog's index as of this World.
    #[must_use]
    pub fn entities(&self, world: &World) -> Index {
        let mut kept = lock(&self.entities);
        let revision = world.catalog.revision();
        if kept.is_newer_than(revision) {
            drop(kept);
            return build_index(world);
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
        if kept.revision != Some(revision) {
            let entities = world.catalog.iter().map(|entity| entity_text(entity));
            let pages = world.catalog.all_docs().flat_map(|docs| {
                docs.pages.iter().map(move |page| {
                    let key = format!("{}{}#{}", keys::DOCS, docs.entity, page.path);
                    let body = store.get_blob(&page.digest).ok().flatten().unwrap_or_default();
                    let body = String::from_utf8_lossy(&body);
                    TextDocument::new(&key, &page.title)
                        .field(3, docs.entity.name())
                        .field(1, body.get(..body.floor_char_boundary(BODY_BYTES_MAX)).unwrap_or_default())
                })
            });
            kept.value = TextIndex::build(entities.chain(pages));
            kept.revision = Some(revision);
        }
        kept.value.clone()
    }

    /// The findings as of this World, if they need not be made first.
    #[must_use]
    pub fn findings_at_hand(&self, world: &World) -> Option<Arc<[Finding]>> {
        let kept = lock(&self.findings);
        (kept.revision == Some(world.catalog.revision())).then(|| Arc::clone(&kept.value))
    }

    /// What is wrong with the catalog as a whole, as of this World.
    #[must_use]
    pub fn findings(&self, world: &World) -> Arc<[Finding]> {
        let mut kept = lock(&self.findings);
        let revision = world.catalog.revision();
        if kept.is_newer_than(revision) {
            drop(kept);
            return catalog::findings(&world.catalog).into();
        }
        if kept.revision != Some(revision) {
            kept.value = catalog::findings(&world.catalog).into();
            kept.revision = Some(revision);
        }
        Arc::clone(&kept.value)
    }
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

fn entity_text(entity: &catalog::Entity) -> TextDocument {
    let key = format!("{}{}", keys::ENTITY, entity.reference());
    let tags = entity.tags.join(" ");
    TextDocument::new(&key, entity.display_name())
        .field(4, &entity.name)
        .field(2, &tags)
        .field(2, entity.owner.as_ref().map_or("", |owner| owner.name()))
        .field(1, entity.description.as_deref().unwrap_or_default())
}

/// The entities that these events changed.
pub fn changed_entities(recorded: &[Recorded]) -> impl Iterator<Item = &EntityRef> {
    recorded.iter().filter_map(|recorded| match recorded.event.as_ref() {
        Event::Catalog(
            CatalogEvent::EntityDeclared { entity, .. }
            | CatalogEvent::EntityChanged { entity, .. }
            | CatalogEvent::EntityRemoved { entity, .. },
        ) => Some(&entity.reference),
        _ => None,
    })
}
