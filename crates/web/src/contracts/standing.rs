//! How two that are integrated stand: whether the provider was tried against the newest pact, and what came of it.

use ::contracts::{
    ContentKey, Latest, PacticipantKey, PublicationKey, State as Contracts, VerificationKey,
    matrix::{self, LatestBy, Query, Selector},
};

use super::newest;
use crate::views::{State, Tone};

/// How the newest pact of two stands, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Failed,
    DoesNotFit,
    ChangedSince,
    NotVerified,
    NoPact,
    Verified,
    Fits,
}

impl Standing {
    pub(super) const ALL: [Self; 7] = [
        Self::Failed,
        Self::DoesNotFit,
        Self::ChangedSince,
        Self::NotVerified,
        Self::NoPact,
        Self::Verified,
        Self::Fits,
    ];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::DoesNotFit => "does not fit",
            Self::ChangedSince => "changed since",
            Self::NotVerified => "not verified",
            Self::NoPact => "no pact",
            Self::Verified => "verified",
            Self::Fits => "fits",
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Failed | Self::DoesNotFit => Tone::Bad,
            Self::ChangedSince => Tone::Warn,
            Self::NotVerified => Tone::Unknown,
            Self::NoPact => Tone::Quiet,
            Self::Verified | Self::Fits => Tone::Good,
        }
    }

    pub(super) fn state(self) -> State {
        State::new(self.tone(), self.word())
    }
}

/// Two that are integrated.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) consumer: PacticipantKey,
    pub(crate) provider: PacticipantKey,
    /// The newest pact: of the consumer's main branch, where it has one there.
    pub(crate) pact: Option<PublicationKey>,
    /// The newest verification of it, by the provider's main branch where there is one among the last.
    pub(crate) verification: Option<VerificationKey>,
    pub(crate) standing: Standing,
}

/// So far back is looked for a verification by the main branch, and for an earlier pact that was verified.
const LOOK_BACK: usize = 20;

impl Pair {
    pub(crate) fn of(state: &Contracts, consumer: PacticipantKey, provider: PacticipantKey) -> Self {
        let pact = state.latest_pact(consumer, provider, Latest::OnMainBranch);
        let pact =
            pact.or_else(|| state.publications_between(consumer, provider).rev().find(|pact| state.is_current(*pact)));
        let content = pact.and_then(|pact| state.publication(pact)).map(|pact| pact.content);
        let verification = content.and_then(|content| last_verification(state, provider, content));
        let standing = match content {
            None => Standing::NoPact,
            Some(content) => standing(state, provider, content, verification)
                .unwrap_or_else(|| unverified(state, consumer, provider, content)),
        };
        Self { consumer, provider, pact, verification, standing }
    }
}

/// The newest verification of a content: by the provider's main branch, where one of the last is.
pub(super) fn last_verification(
    state: &Contracts,
    provider: PacticipantKey,
    content: ContentKey,
) -> Option<VerificationKey> {
    let main = state.pacticipant(provider)?.details.main_branch.as_deref();
    let is_main = |key: &VerificationKey| {
        let version = state.verification(*key).and_then(|row| state.version(row.version));
        main.is_some_and(|main| version.is_some_and(|version| version.is_on(main)))
    };
    let last = || state.verifications_of(content).rev().take(LOOK_BACK);
    last().find(is_main).or_else(|| last().next())
}

/// How a content stands, as far as it was tried or compared.
pub(super) fn standing(
    state: &Contracts,
    provider: PacticipantKey,
    content: ContentKey,
    verification: Option<VerificationKey>,
) -> Option<Standing> {
    let verified = verification.and_then(|key| state.verification(key)).map(|row| row.success);
    let defined = state.defined_versions(provider).next_back().and_then(|version| state.definition_of(version));
    let fits = defined.and_then(|definition| match definition.self_verified {
        // What does not do what it says is of no use to whoever relies on that.
        Some(false) => Some(false),
        Some(true) | None => state.fit(content, definition.blob).map(|fit| fit.fits),
    });
    match (verified, fits) {
        (Some(false), _) => Some(Standing::Failed),
        (_, Some(false)) => Some(Standing::DoesNotFit),
        (Some(true), _) => Some(Standing::Verified),
        (None, Some(true)) => Some(Standing::Fits),
        (None, None) => None,
    }
}

/// Nobody tried this content: perhaps somebody did an earlier one.
fn unverified(state: &Contracts, consumer: PacticipantKey, provider: PacticipantKey, content: ContentKey) -> Standing {
    let earlier = state.publications_between(consumer, provider).rev().filter_map(|pact| state.publication(pact));
    let mut earlier = earlier.map(|pact| pact.content).filter(|earlier| *earlier != content).take(LOOK_BACK);
    match earlier.any(|earlier| state.verifications_of(earlier).next().is_some()) {
        true => Standing::ChangedSince,
        false => Standing::NotVerified,
    }
}

/// Whether the newest pact's version may go to an environment, as far as this provider is concerned.
pub(super) fn consumer_to(state: &Contracts, pair: &Pair, environment: &str) -> State {
    let version = pair.pact.and_then(|pact| state.publication(pact)).map(|pact| pact.version);
    let Some(version) = version else { return State::new(Tone::Quiet, "no pact") };
    if !is_in(state, environment, pair.provider) {
        return State::new(Tone::Unknown, "provider absent");
    }
    let there = Selector { environment: Some(environment.to_owned()), ..named(state, pair.provider) };
    let own = Selector { version: Some(state.number(version).to_owned()), ..named(state, pair.consumer) };
    judged(state, pair, vec![own, there])
}

/// Whether the provider's newest version may go to an environment, as far as this consumer is concerned.
pub(super) fn provider_to(state: &Contracts, pair: &Pair, environment: &str) -> State {
    let Some(version) = newest(state, pair.provider) else { return State::new(Tone::Quiet, "no version") };
    if !is_in(state, environment, pair.consumer) {
        return State::new(Tone::Quiet, "consumer absent");
    }
    let there = Selector { environment: Some(environment.to_owned()), ..named(state, pair.consumer) };
    let own = Selector { version: Some(state.number(version).to_owned()), ..named(state, pair.provider) };
    judged(state, pair, vec![own, there])
}

fn named(state: &Contracts, pacticipant: PacticipantKey) -> Selector {
    Selector { pacticipant: state.name(pacticipant).to_owned(), ..Selector::default() }
}

fn is_in(state: &Contracts, environment: &str, pacticipant: PacticipantKey) -> bool {
    let known = state.environment_named(environment);
    known.is_some_and(|known| state.placed_in(known.environment.id, pacticipant).next().is_some())
}

/// What the matrix says of the two, one in its version and the other where it is.
fn judged(state: &Contracts, pair: &Pair, selectors: Vec<Selector>) -> State {
    let latest_by = Some(LatestBy::ConsumerVersionProviderVersion);
    let answer = matrix::ask(state, &Query { selectors, latest_by, ..Query::default() });
    let rows = answer.rows.iter().filter(|row| row.consumer == pair.consumer && row.provider == pair.provider);
    let results: Vec<Option<bool>> = rows.map(|row| row.success).collect();
    verdict(if results.contains(&Some(false)) {
        Some(false)
    } else if results.contains(&None) {
        None
    } else {
        Some(true)
    })
}

/// Whether something can be deployed, in a word.
pub(super) fn verdict(deployable: Option<bool>) -> State {
    match deployable {
        Some(true) => State::new(Tone::Good, "yes"),
        Some(false) => State::new(Tone::Bad, "no"),
        None => State::new(Tone::Unknown, "not known"),
    }
}

/// The question whether a version can go to an environment.
pub(super) fn question(pacticipant: &str, version: &str, environment: &str) -> Query {
    Query {
        selectors: vec![Selector {
            pacticipant: pacticipant.to_owned(),
            version: Some(version.to_owned()),
            ..Selector::default()
        }],
        latest_by: Some(LatestBy::ConsumerVersionProviderVersion),
        environment: Some(environment.to_owned()),
        ..Query::default()
    }
}
