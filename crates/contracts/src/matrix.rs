//! The matrix: which version of a consumer works with which version of a provider, and whether that is enough to deploy.
//!
//! [`ask`] follows the Pact Broker: selectors are resolved to versions, integrations say who must be there as well, each
//! pact of the consumers' versions is joined with the verifications by the providers' versions, and the rows are judged.
//! It differs in two things on purpose: nothing is cut off before it is judged, and definitions count beside verifications
//! ([`Row::fit`]).

mod ask;
mod blockers;
mod reasons;
mod resolve;

pub use ask::ask;
pub use blockers::{Blocker, Why, blockers};
pub use reasons::{Reason, ReasonKind};
pub use resolve::{Chosen, Kind, Resolved};

use crate::{ContentKey, PacticipantKey, PublicationKey, VerificationKey, VersionKey, state::Selectable};

/// Versions of one pacticipant, as they were asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Whose.
    pub pacticipant: String,
    /// The version's number.
    pub version: Option<String>,
    /// Only the latest of those that are meant.
    pub latest: bool,
    /// Those with this tag.
    pub tag: Option<String>,
    /// Those on this branch.
    pub branch: Option<String>,
    /// Those in this environment.
    pub environment: Option<String>,
    /// Those on the main branch.
    pub main_branch: bool,
}

impl Selector {
    /// True if it names a pacticipant and nothing else.
    #[must_use]
    pub fn is_name_only(&self) -> bool {
        self.selectable().is_all()
    }

    fn selectable(&self) -> Selectable {
        Selectable {
            number: self.version.clone(),
            tag: self.tag.clone(),
            branch: self.branch.clone(),
            main_branch: self.main_branch,
            environment: self.environment.clone(),
            latest: self.latest,
        }
    }
}

/// Of which rows only the one with the newest provider's version is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatestBy {
    /// Those of the same consumer's version and provider's version (`cvpv`).
    ConsumerVersionProviderVersion,
    /// Those of the same consumer's version and provider (`cvp`).
    ConsumerVersionProvider,
    /// Those of the same consumer and provider (`cp`).
    ConsumerProvider,
}

/// A question.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// What it is about.
    pub selectors: Vec<Selector>,
    /// What is shown but not judged.
    pub ignore: Vec<Selector>,
    /// Which rows are kept; every revision and every verification if left out.
    pub latest_by: Option<LatestBy>,
    /// Only rows that succeeded (`Some(true)`), failed or are unknown (`None`); all if empty.
    pub success: Vec<Option<bool>>,
    /// Everybody else: the latest.
    pub latest: bool,
    /// Everybody else: with this tag.
    pub tag: Option<String>,
    /// Everybody else: in this environment.
    pub environment: Option<String>,
    /// Everybody else: on the main branch.
    pub main_branch: bool,
}

impl Query {
    fn infers(&self) -> bool {
        self.latest || self.tag.is_some() || self.environment.is_some() || self.main_branch
    }
}

/// One pact with what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Who expects.
    pub consumer: PacticipantKey,
    /// The consumer's version.
    pub consumer_version: VersionKey,
    /// Of whom.
    pub provider: PacticipantKey,
    /// The provider's version, where one was tried or says what its API is.
    pub provider_version: Option<VersionKey>,
    /// The pact.
    pub publication: PublicationKey,
    /// Its revision.
    pub revision: u32,
    /// What is expected.
    pub content: ContentKey,
    /// The verification.
    pub verification: Option<VerificationKey>,
    /// Whether the pact fits the provider's definition, where there is one: unknown until it was found out.
    pub fit: Option<Option<bool>>,
    /// Whether it succeeded; unknown if it was not verified.
    pub success: Option<bool>,
}

/// Two that are integrated, as far as the question is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Integration {
    /// Who expects.
    pub consumer: PacticipantKey,
    /// Of whom.
    pub provider: PacticipantKey,
    /// True if the consumer can't do without.
    pub required: bool,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The rows that are judged, by consumer and then by provider, the newest versions first.
    pub rows: Vec<Row>,
    /// The rows that are not judged.
    pub ignored: Vec<Row>,
    /// The selectors as they were understood: those that were asked for, then those that follow.
    pub selectors: Vec<Resolved>,
    /// What was to be ignored, as it was understood.
    pub ignore: Vec<Resolved>,
    /// Who is integrated with whom.
    pub integrations: Vec<Integration>,
    pub(crate) missing: Vec<Integration>,
    pub(crate) judged: Vec<Reason>,
}

/// How many rows there are of each sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Verified.
    pub success: usize,
    /// Failed.
    pub failed: usize,
    /// Not verified.
    pub unknown: usize,
    /// Ignored; none if nothing was to be.
    pub ignored: Option<usize>,
}

impl Answer {
    /// Whether what was asked about can be deployed; unknown if something is not verified.
    #[must_use]
    pub fn deployable(&self) -> Option<bool> {
        if self.selectors.iter().any(|selector| selector.is_considered() && selector.is_specified_but_missing()) {
            return Some(false);
        }
        if !self.missing.is_empty() || self.rows.iter().any(|row| row.success.is_none()) {
            return None;
        }
        Some(self.rows.iter().all(|row| row.success == Some(true)))
    }

    /// True if a row waits for it to be found out whether the pact fits a definition.
    #[must_use]
    pub fn lacks_comparisons(&self) -> bool {
        self.rows.iter().chain(&self.ignored).any(|row| row.fit == Some(None))
    }

    /// How many rows there are of each sort.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let count = |wanted| self.rows.iter().filter(|row| row.success == wanted).count();
        Counts {
            success: count(Some(true)),
            failed: count(Some(false)),
            unknown: count(None) + self.missing.len(),
            ignored: (!self.ignore.is_empty()).then_some(self.ignored.len()),
        }
    }

    /// Why, in upstream's words: warnings first.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        self.judged.iter().map(|reason| reason.text.clone()).collect()
    }

    /// Why, with what sort of reason each is.
    #[must_use]
    pub fn notices(&self) -> &[Reason] {
        &self.judged
    }
}
