//! What happened to the catalog.

use std::sync::Arc;

use kernel::{EntityRef, Sha256};
use serde::{Deserialize, Serialize};

use crate::{Descriptor, DocSet, Origin, Problem};

/// A fact about the catalog. A published shape stays readable; a change of shape is a new variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A source was applied. Comes after the events of its entities; alone where only its problems or places changed.
    SourceApplied {
        /// The source.
        source: Arc<str>,
        /// The digest of everything that was read, problems included.
        digest: Sha256,
        /// How many entities were added, changed and removed.
        counts: Counts,
        /// What is wrong with the source's files, at most [`Event::PROBLEMS_MAX`].
        problems: Vec<Problem>,
        /// How many problems there are in all.
        problems_total: u64,
        /// Entities that stand elsewhere in the files than before, though nothing else about them changed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        moved: Vec<Moved>,
        /// Entities whose file says something new that was so already, for it had been undone or edited to be so.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        settled: Vec<EntityRef>,
    },
    /// An entity came to be.
    EntityDeclared {
        /// The entity as declared.
        entity: Descriptor,
        /// True where this undoes a removal; the file still says otherwise.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restored: bool,
    },
    /// An entity's document changed.
    EntityChanged {
        /// The entity as it is now.
        entity: Descriptor,
        /// The entity as it was before.
        before: Descriptor,
        /// Which fields changed, as dotted paths; at most [`Event::FIELDS_MAX`].
        changed: Vec<String>,
        /// True where this undoes another change; the file still says otherwise.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restored: bool,
    },
    /// An entity is gone.
    EntityRemoved {
        /// The entity as it was.
        entity: Descriptor,
        /// True where this undoes a declaration; the file still says otherwise.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        restored: bool,
    },
    /// An entity's docs changed. Without pages, the docs are gone.
    DocsPublished {
        /// All docs of the entity, as they are now.
        docs: DocSet,
    },
}

/// What an application did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entities that came to be.
    pub added: u64,
    /// Entities that changed.
    pub changed: u64,
    /// Entities that are gone.
    pub removed: u64,
}

/// An entity that stands elsewhere than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The entity.
    pub entity: EntityRef,
    /// Where it stands now.
    pub origin: Origin,
}

impl Event {
    /// More problems of one source are counted and not kept.
    pub const PROBLEMS_MAX: usize = 1_000;
    /// More changed fields of one entity are not named.
    pub const FIELDS_MAX: usize = 50;

    /// The stable name, prefixed with the area.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SourceApplied { .. } => "catalog.source_applied",
            Self::EntityDeclared { .. } => "catalog.entity_declared",
            Self::EntityChanged { .. } => "catalog.entity_changed",
            Self::EntityRemoved { .. } => "catalog.entity_removed",
            Self::DocsPublished { .. } => "catalog.docs_published",
        }
    }

    /// What the event is about.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::SourceApplied { .. } => Vec::new(),
            Self::EntityDeclared { entity, .. }
            | Self::EntityChanged { entity, .. }
            | Self::EntityRemoved { entity, .. } => vec![entity.reference.clone()],
            Self::DocsPublished { docs } => vec![docs.entity.clone()],
        }
    }

    /// One plain sentence, without who did it.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::SourceApplied { source, counts, problems_total, .. } => {
                let Counts { added, changed, removed } = counts;
                let problems = match problems_total {
                    0 => String::new(),
                    1 => ", with 1 problem".to_owned(),
                    _ => format!(", with {problems_total} problems"),
                };
                format!("applied the catalog {source}: {added} added, {changed} changed, {removed} removed{problems}")
            }
            Self::EntityDeclared { entity, restored: false } => format!("added {}", named(entity)),
            Self::EntityDeclared { entity, restored: true } => format!("put {} back", named(entity)),
            Self::EntityChanged { entity, changed, restored, .. } => {
                let verb = if *restored { "put back" } else { "changed" };
                format!("{verb} {} of {}", fields(changed), named(entity))
            }
            Self::EntityRemoved { entity, restored: false } => format!("removed {}", named(entity)),
            Self::EntityRemoved { entity, restored: true } => format!("took {} out again", named(entity)),
            Self::DocsPublished { docs } if docs.pages.is_empty() => {
                format!("removed the docs of {}", docs.entity.short())
            }
            Self::DocsPublished { docs } => {
                format!("published {} pages of docs for {}", docs.pages.len(), docs.entity.short())
            }
        }
    }
}

fn named(entity: &Descriptor) -> String {
    format!("the {} {}", entity.reference.kind(), entity.reference.short())
}

/// The first few fields, and how many more there are.
fn fields(changed: &[String]) -> String {
    match changed {
        [] => "nothing visible".to_owned(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}
