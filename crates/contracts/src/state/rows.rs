//! What is known: one row of each sort.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::{EntityRef, EnvironmentId, PlacementId, Sha256};
use serde::{Deserialize, Serialize};

use crate::{
    ContentKey, ContentSha, Delivery, Environment, Failure, Outcome, Outline, PacticipantKey, Party, PublicationKey,
    VersionKey, Via, Webhook,
    event::{ApiComparison, Details},
};

/// A moment in microseconds since 1970: half the size of a timestamp, of which there are millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(i64);

impl From<Timestamp> for Moment {
    fn from(at: Timestamp) -> Self {
        Self(at.as_microsecond())
    }
}

impl From<Moment> for Timestamp {
    fn from(at: Moment) -> Self {
        Self::from_microsecond(at.0).unwrap_or(crate::event::NEVER)
    }
}

/// A pacticipant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pacticipant {
    /// Its name.
    pub name: Arc<str>,
    /// The catalog's component that it is taken for.
    pub component: EntityRef,
    /// What else is known of it.
    pub details: Details,
    /// Its labels, with when each was given.
    pub labels: imbl::OrdMap<String, Timestamp>,
    /// When it became known.
    pub created: Timestamp,
    /// When something of it changed.
    pub updated: Timestamp,
}

impl Pacticipant {
    /// As events name it.
    #[must_use]
    pub fn party(&self) -> Party {
        Party { name: self.name.to_string(), component: self.component.clone() }
    }
}

/// A version on a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchedVersion {
    /// The branch.
    pub branch: Arc<str>,
    /// Since when.
    pub at: Moment,
    /// True if a tag was taken for it.
    pub automatic: bool,
}

/// A version of a pacticipant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Whose.
    pub pacticipant: PacticipantKey,
    /// Its number.
    pub number: Arc<str>,
    /// When it became known.
    pub created: Moment,
    /// Where it was built.
    pub build_url: Option<Arc<str>>,
    /// Its branches, in the order in which it came to them.
    pub branches: Vec<BranchedVersion>,
    /// Its tags, in the order in which it got them.
    pub tags: Vec<(Arc<str>, Moment)>,
    /// Its pacts: the newest one with each provider.
    pub pacts: Vec<(PacticipantKey, PublicationKey)>,
}

impl Version {
    /// True if it is on this branch.
    #[must_use]
    pub fn is_on(&self, branch: &str) -> bool {
        self.branches.iter().any(|on| &*on.branch == branch)
    }

    /// True if it has this tag.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|(known, _)| &**known == tag)
    }

    /// Its pact with this provider.
    #[must_use]
    pub fn pact_with(&self, provider: PacticipantKey) -> Option<PublicationKey> {
        self.pacts.iter().find(|(with, _)| *with == provider).map(|(_, publication)| *publication)
    }
}

/// A branch of a pacticipant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// When its first version came to it.
    pub created: Moment,
    /// When a version last came to it.
    pub updated: Moment,
    /// The version that came to it last.
    pub head: VersionKey,
}

/// What a consumer expects of a provider, whichever versions expect it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// Who expects.
    pub consumer: PacticipantKey,
    /// Of whom.
    pub provider: PacticipantKey,
    /// What it is known by between the two.
    pub sha: ContentSha,
    /// The document, as it was published first.
    pub blob: Sha256,
    /// What it asks for.
    pub outline: Arc<Outline>,
    /// When it was published first.
    pub created: Moment,
}

/// A pact of one version of a consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// The consumer's version.
    pub version: VersionKey,
    /// The provider.
    pub provider: PacticipantKey,
    /// What is expected.
    pub content: ContentKey,
    /// 1 for the first content of this version, and so on.
    pub revision: u32,
    /// When.
    pub at: Moment,
    /// The document, where it differs from the content's in what does not matter.
    pub blob: Option<Box<Sha256>>,
}

/// A provider's version tried against a content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// What was expected.
    pub content: ContentKey,
    /// The provider's version.
    pub version: VersionKey,
    /// When.
    pub at: Moment,
    /// Whether it was met.
    pub success: bool,
    /// True if the pact was verified as work in progress.
    pub wip: bool,
    /// The position of the event on the timeline, which has the rest.
    pub position: u64,
    /// The first interactions that failed.
    pub failures: Option<Arc<Vec<Failure>>>,
}

/// What a provider's version says its API is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The provider's version.
    pub version: VersionKey,
    /// The document.
    pub blob: Sha256,
    /// The document's media type.
    pub media_type: String,
    /// What sort of definition: `oas`.
    pub specification: String,
    /// Whether the provider was tried against it.
    pub self_verified: Option<bool>,
    /// When it was published.
    pub at: Timestamp,
}

/// Whether a content fits a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// Whether it does.
    pub fits: bool,
    /// When that was found out.
    pub at: Timestamp,
    /// The first things that don't.
    pub problems: Arc<Vec<Failure>>,
    /// The whole comparison.
    pub comparison: Option<Sha256>,
}

/// An environment with when it was made and changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownEnvironment {
    /// All of it.
    pub environment: Environment,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed.
    pub updated: Timestamp,
}

/// A version in an environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed {
    /// The fact's id.
    pub id: PlacementId,
    /// The version.
    pub version: VersionKey,
    /// Whose.
    pub pacticipant: PacticipantKey,
    /// Where.
    pub environment: EnvironmentId,
    /// True if it was released rather than deployed.
    pub released: bool,
    /// Which instance of the application.
    pub instance: Option<String>,
    /// How it became known.
    pub via: Via,
    /// Since when.
    pub since: Timestamp,
    /// Until when; none if it still is so.
    pub until: Option<Timestamp>,
}

/// A webhook with when it was made and changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownWebhook {
    /// All of it.
    pub webhook: Webhook,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed.
    pub updated: Timestamp,
}

/// A call of a webhook with what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownDelivery {
    /// All of it.
    pub delivery: Delivery,
    /// When it was asked for.
    pub created: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// When each try was made, and what came of it in words.
    pub tries: Vec<(Timestamp, String)>,
}

/// The definitions that an API of the catalog had.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiHistory {
    /// The documents with when each came, oldest first.
    pub documents: Vec<(Timestamp, Sha256)>,
    /// `openapi`, `grpc`.
    pub format: String,
    /// The last comparison with the one before, and with what is deployed in each environment, newest first.
    pub comparisons: Vec<(Timestamp, ApiComparison)>,
}

impl ApiHistory {
    /// The newest document.
    #[must_use]
    pub fn newest(&self) -> Option<Sha256> {
        self.documents.last().map(|(_, document)| *document)
    }

    /// The document that was the newest at `at`.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<Sha256> {
        self.documents.iter().rev().find(|(since, _)| *since <= at).map(|(_, document)| *document)
    }

    /// The documents that are known, without repetition.
    #[must_use]
    pub fn known(&self) -> BTreeSet<Sha256> {
        self.documents.iter().map(|(_, document)| *document).collect()
    }
}
