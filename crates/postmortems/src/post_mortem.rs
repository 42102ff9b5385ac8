//! One post-mortem, as of one position of the timeline.

use jiff::Timestamp;
use kernel::{Actor, EntityRef, Sha256, Stamp};
use serde::{Deserialize, Serialize};

use crate::{About, Event, Item, Opinion};

/// People who wrote a part of it that are held.
const AUTHORS_MAX: usize = 50;
/// Editions that are held: the first and the newest.
const EDITIONS_MAX: usize = 50;
/// Opinions that are held, the newest.
const REVIEWS_MAX: usize = 50;

/// Where a post-mortem stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It is being written.
    Draft,
    /// Somebody is asked to review what it says now.
    InReview,
    /// A reviewer wants something changed in what it says now.
    ChangesWanted,
    /// What it says now is approved.
    Approved,
    /// What it says now is published.
    Published,
}

impl Stage {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::InReview => "in review",
            Self::ChangesWanted => "changes wanted",
            Self::Approved => "approved",
            Self::Published => "published",
        }
    }
}

/// What a person thought of one revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The revision.
    pub revision: u32,
    /// Who.
    pub by: String,
    /// What they think.
    pub opinion: Opinion,
    /// Why.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// A text that was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edition {
    /// Which, from 1.
    pub edition: u32,
    /// What it is called.
    pub title: String,
    /// The text: a blob.
    pub text: Sha256,
    /// Who published it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// What is learnt of one incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostMortem {
    /// Whose.
    pub about: About,
    /// What the draft is called.
    pub title: String,
    /// The draft's revision.
    pub revision: u32,
    /// The draft's text: a blob.
    pub text: Sha256,
    /// How long that is.
    pub bytes: u32,
    /// What is promised in the draft.
    pub items: Vec<Item>,
    /// The names of those who wrote a part of it, the first one first.
    pub authors: Vec<String>,
    /// When it was begun.
    pub started: Timestamp,
    /// When the draft was changed last.
    pub edited: Timestamp,
    /// The revision of which a review was asked, and of whom.
    pub asked: Option<(u32, Vec<EntityRef>)>,
    /// What people thought, oldest first.
    pub reviews: Vec<Review>,
    /// The revision that was published last.
    pub published_revision: Option<u32>,
    /// What was published, oldest first.
    pub editions: Vec<Edition>,
}

impl PostMortem {
    /// Where it stands.
    #[must_use]
    pub fn stage(&self) -> Stage {
        if self.published_revision == Some(self.revision) {
            return Stage::Published;
        }
        match (self.opinion(), &self.asked) {
            (Some(Opinion::ChangesWanted), _) => Stage::ChangesWanted,
            (Some(Opinion::Approved), _) => Stage::Approved,
            (None, Some((revision, _))) if *revision == self.revision => Stage::InReview,
            (None, _) => Stage::Draft,
        }
    }

    /// What the draft's reviewers think of it now: the newest opinion of each, and changes if one wants them.
    #[must_use]
    pub fn opinion(&self) -> Option<Opinion> {
        let mut newest: Vec<&Review> = Vec::new();
        for review in self.reviews.iter().rev().filter(|review| review.revision == self.revision) {
            if !newest.iter().any(|known| known.by == review.by) {
                newest.push(review);
            }
        }
        let wanted = newest.iter().any(|review| review.opinion == Opinion::ChangesWanted);
        let approved = (!newest.is_empty()).then_some(Opinion::Approved);
        if wanted { Some(Opinion::ChangesWanted) } else { approved }
    }

    /// The newest edition.
    #[must_use]
    pub fn newest(&self) -> Option<&Edition> {
        self.editions.last()
    }

    pub(crate) fn started(event: &Event, stamp: &Stamp) -> Option<Self> {
        let Event::Started { about, title, text, bytes } = event else { return None };
        Some(Self {
            about: about.clone(),
            title: title.clone(),
            revision: 1,
            text: *text,
            bytes: *bytes,
            items: Vec::new(),
            authors: vec![stamp.actor.name().to_owned()],
            started: stamp.at,
            edited: stamp.at,
            asked: None,
            reviews: Vec::new(),
            published_revision: None,
            editions: Vec::new(),
        })
    }

    pub(crate) fn apply(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::Started { .. } => {}
            Event::Edited { revision, title, text, bytes, items, .. } => {
                (self.revision, self.text, self.bytes, self.edited) = (*revision, *text, *bytes, stamp.at);
                self.title.clone_from(title);
                self.items.clone_from(items);
                let name = stamp.actor.name();
                if !self.authors.iter().any(|author| author == name) && self.authors.len() < AUTHORS_MAX {
                    self.authors.push(name.to_owned());
                }
            }
            Event::ReviewAsked { revision, reviewers, .. } => self.asked = Some((*revision, reviewers.clone())),
            Event::Reviewed { revision, by, opinion, note, .. } => {
                let (revision, by, opinion, note) = (*revision, by.clone(), *opinion, note.clone());
                self.reviews.push(Review { revision, by, opinion, note, at: stamp.at });
                if self.reviews.len() > REVIEWS_MAX {
                    self.reviews.remove(0);
                }
            }
            Event::Published { edition, revision, title, text, .. } => {
                self.published_revision = Some(*revision);
                let (by, at) = (stamp.actor.clone(), stamp.at);
                self.editions.push(Edition { edition: *edition, title: title.clone(), text: *text, by, at });
                if self.editions.len() > EDITIONS_MAX {
                    self.editions.remove(1);
                }
            }
        }
    }
}
