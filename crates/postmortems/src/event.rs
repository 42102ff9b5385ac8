//! What happened to post-mortems.

use jiff::Timestamp;
use kernel::{EntityRef, Sha256};
use serde::{Deserialize, Serialize};

/// The most that is promised in one post-mortem: more is not done.
pub const ITEMS_MAX: usize = 3;

/// Which post-mortem an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The incident's number.
    pub incident: u64,
    /// What was broken.
    pub entity: EntityRef,
}

impl About {
    /// The incident as a subject of the timeline.
    #[must_use]
    pub fn reference(&self) -> Option<EntityRef> {
        EntityRef::new("incident", EntityRef::DEFAULT_NAMESPACE, &self.incident.to_string()).ok()
    }
}

/// How one can tell that an item was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DoneWhen {
    /// A person says so, by what these words say.
    Word {
        /// What will show it.
        words: String,
    },
    /// This check exists and passes.
    CheckUp {
        /// The check.
        check: EntityRef,
    },
    /// This flag is removed.
    FlagGone {
        /// The flag.
        flag: EntityRef,
    },
    /// An alert about this entity fires.
    AlertFires {
        /// The entity.
        entity: EntityRef,
    },
}

/// What one person promises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// What, in one line.
    pub what: String,
    /// Who: one person, of kind `user`.
    pub owner: EntityRef,
    /// Until when.
    pub deadline: Timestamp,
    /// How one can tell.
    pub done_when: DoneWhen,
}

/// What a reviewer thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It can be published.
    Approved,
    /// Something must be changed first.
    ChangesWanted,
}

/// One fact about one post-mortem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// Somebody began to write it.
    Started {
        /// Which.
        about: About,
        /// What it is called: as the incident was.
        title: String,
        /// The text: a blob.
        text: Sha256,
        /// How long that is.
        bytes: u32,
    },
    /// The draft is another now.
    Edited {
        /// Which.
        about: About,
        /// Its revision: counted from 1, which the start made.
        revision: u32,
        /// What it is called.
        title: String,
        /// The text: a blob.
        text: Sha256,
        /// How long that is.
        bytes: u32,
        /// What is promised in it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        items: Vec<Item>,
    },
    /// Somebody asked for a review.
    ReviewAsked {
        /// Which.
        about: About,
        /// The revision to be reviewed.
        revision: u32,
        /// Who is asked; anybody if it is empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reviewers: Vec<EntityRef>,
    },
    /// Somebody reviewed it.
    Reviewed {
        /// Which.
        about: About,
        /// The revision that was reviewed.
        revision: u32,
        /// Who did: the name of a person.
        by: String,
        /// What they think.
        opinion: Opinion,
        /// Why, in Markdown.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// It is published.
    Published {
        /// Which.
        about: About,
        /// Which edition this is, from 1.
        edition: u32,
        /// The revision that was published.
        revision: u32,
        /// What it is called.
        title: String,
        /// The text: a blob.
        text: Sha256,
        /// What is promised by it: in the first edition alone.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        promised: Vec<Item>,
    },
}

impl Event {
    /// A stable name for filters.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "postmortems.started",
            Self::Edited { .. } => "postmortems.edited",
            Self::ReviewAsked { .. } => "postmortems.review_asked",
            Self::Reviewed { .. } => "postmortems.reviewed",
            Self::Published { .. } => "postmortems.published",
        }
    }

    /// Which post-mortem it happened to.
    #[must_use]
    pub fn about(&self) -> &About {
        match self {
            Self::Started { about, .. }
            | Self::Edited { about, .. }
            | Self::ReviewAsked { about, .. }
            | Self::Reviewed { about, .. }
            | Self::Published { about, .. } => about,
        }
    }

    /// The incident, what was broken, and whom it concerns.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        let about = self.about();
        let mut subjects: Vec<EntityRef> = about.reference().into_iter().chain([about.entity.clone()]).collect();
        match self {
            Self::ReviewAsked { reviewers, .. } => subjects.extend(reviewers.iter().cloned()),
            Self::Published { promised, .. } => subjects.extend(promised.iter().map(|item| item.owner.clone())),
            Self::Started { .. } | Self::Edited { .. } | Self::Reviewed { .. } => {}
        }
        subjects
    }

    /// One plain sentence, without who did it.
    #[must_use]
    pub fn summary(&self) -> String {
        let incident = self.about().incident;
        match self {
            Self::Started { .. } => format!("began the post-mortem of incident {incident}"),
            Self::Edited { revision, .. } => {
                format!("edited the post-mortem of incident {incident} (revision {revision})")
            }
            Self::ReviewAsked { reviewers, .. } if reviewers.is_empty() => {
                format!("asked for a review of the post-mortem of incident {incident}")
            }
            Self::ReviewAsked { reviewers, .. } => {
                let names: Vec<&str> = reviewers.iter().map(EntityRef::short).collect();
                format!("asked {} to review the post-mortem of incident {incident}", names.join(", "))
            }
            Self::Reviewed { by, opinion: Opinion::Approved, .. } => {
                format!("{by} approved the post-mortem of incident {incident}")
            }
            Self::Reviewed { by, opinion: Opinion::ChangesWanted, .. } => {
                format!("{by} wants changes to the post-mortem of incident {incident}")
            }
            Self::Published { edition: 1, title, .. } => {
                format!("published the post-mortem of incident {incident}: {title}")
            }
            Self::Published { edition, title, .. } => {
                format!("published edition {edition} of the post-mortem of incident {incident}: {title}")
            }
        }
    }
}
