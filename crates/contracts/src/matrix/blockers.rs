//! What keeps something from being deployed, as facts from which words are made: who expects what of whom, since when.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Answer, Row};
use crate::{Failure, PacticipantKey, State, VerificationKey, VersionKey, content::ContentSha};

/// One thing that keeps from deploying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocker {
    /// Who expects; the one that is missing, where [`Why::Missing`].
    pub consumer: PacticipantKey,
    /// The consumer's version.
    pub consumer_version: Option<VersionKey>,
    /// Of whom.
    pub provider: PacticipantKey,
    /// The provider's version.
    pub provider_version: Option<VersionKey>,
    /// What is expected.
    pub content: Option<ContentSha>,
    /// Why it keeps from deploying.
    pub why: Why,
}

/// Why something keeps from deploying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The version that was asked about is not known.
    Missing,
    /// The provider's version was tried and failed.
    Failed {
        /// The verification.
        verification: VerificationKey,
        /// When it was tried.
        at: Timestamp,
        /// Since when this pact fails with versions of this provider, without a success between.
        since: Timestamp,
        /// The first interactions that failed.
        failures: Arc<Vec<Failure>>,
    },
    /// The pact does not fit the provider's definition.
    DoesNotFit {
        /// The first things that don't.
        problems: Arc<Vec<Failure>>,
        /// True if the provider does not meet its own definition.
        self_verification_failed: bool,
    },
    /// Whether the pact fits the definition has not been found out yet.
    NotCompared,
    /// The provider's version has not been tried against it.
    NotVerified {
        /// Since when it is expected.
        since: Timestamp,
        /// The last version that was tried against it, with whether it succeeded.
        last: Option<(VersionKey, bool)>,
    },
    /// No version of the provider is where this is to be deployed.
    ProviderAbsent,
}

/// What keeps from deploying, in the order of the rows.
#[must_use]
pub fn blockers(state: &State, answer: &Answer) -> Vec<Blocker> {
    let missing = answer.selectors.iter().filter(|selector| selector.is_considered());
    let missing = missing.filter(|selector| selector.is_specified_but_missing());
    let missing = missing.filter_map(|selector| {
        let party = selector.pacticipant?;
        let why = Why::Missing;
        let (consumer_version, provider_version, content) = (None, None, None);
        Some(Blocker { consumer: party, consumer_version, provider: party, provider_version, content, why })
    });
    let rows = answer.rows.iter().filter(|row| row.success != Some(true)).map(|row| Blocker {
        consumer: row.consumer,
        consumer_version: Some(row.consumer_version),
        provider: row.provider,
        provider_version: row.provider_version.or_else(|| only_version(answer, row.provider)),
        content: state.content(row.content).map(|content| content.sha),
        why: why(state, answer, row),
    });
    missing.chain(rows).collect()
}

/// The provider's version that a row is about although it was not tried: the only one that was chosen.
fn only_version(answer: &Answer, party: PacticipantKey) -> Option<VersionKey> {
    let mut chosen = answer.selectors.iter().filter(|selector| selector.pacticipant == Some(party));
    match (chosen.next()?.chosen, chosen.next()) {
        (super::Chosen::Version(version), None) => Some(version),
        _ => None,
    }
}

fn why(state: &State, answer: &Answer, row: &Row) -> Why {
    if let Some((key, verification)) = row.verification.and_then(|key| Some((key, state.verification(key)?)))
        && !verification.success
    {
        return Why::Failed {
            verification: key,
            at: verification.at.into(),
            since: failing_since(state, row, key),
            failures: verification.failures.clone().unwrap_or_default(),
        };
    }
    if let (Some(fit), Some(version)) = (row.fit, row.provider_version) {
        let definition = state.definition_of(version);
        let found = definition.and_then(|definition| state.fit(row.content, definition.blob));
        return match (fit, found) {
            (Some(false), Some(found)) => {
                Why::DoesNotFit { problems: Arc::clone(&found.problems), self_verification_failed: found.fits }
            }
            _ => Why::NotCompared,
        };
    }
    let chosen = answer.selectors.iter().filter(|selector| selector.pacticipant == Some(row.provider));
    let mut chosen = chosen.peekable();
    if chosen.peek().is_some() && chosen.all(|selector| selector.chosen == super::Chosen::Missing) {
        return Why::ProviderAbsent;
    }
    let since = state.publication(row.publication).map_or(crate::event::NEVER, |pact| pact.at.into());
    let last = state.verifications_of(row.content).next_back().and_then(|key| state.verification(key));
    Why::NotVerified { since, last: last.map(|last| (last.version, last.success)) }
}

/// Goes back from a failure to the first one without a success between.
fn failing_since(state: &State, row: &Row, key: VerificationKey) -> Timestamp {
    let before = state.verifications_of(row.content).rev().filter(|before| *before <= key);
    let failing = before.filter_map(|before| state.verification(before)).take_while(|before| !before.success);
    failing.last().map_or(crate::event::NEVER, |first| first.at.into())
}
