//! What a provider's build is to verify: the pacts of the consumers' versions that its selectors choose, and those that are
//! work in progress.
//!
//! A pact is *pending* for a branch of the provider until a version on that branch (or, before the branch began, on another)
//! has met it: its failure is reported, but doesn't fail the provider's build. It is *work in progress* if it is the newest
//! of a consumer's branch or tag, was not asked for, and has not been met by the provider's branch.

mod notices;
mod wip;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    ContentKey, PacticipantKey, PublicationKey, State, Verification, VersionKey,
    state::{Latest, Moment},
};

pub use notices::{Notice, notices, short_description};

/// Verifications on other branches are looked at this far back.
const LOOK_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Consumers' versions, as a provider's build chooses them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsumerSelector {
    /// Only this consumer's.
    pub consumer: Option<String>,
    /// The newest of the main branch.
    pub main_branch: bool,
    /// The newest of the branch that the provider's version is on.
    pub matching_branch: bool,
    /// The newest of this branch.
    pub branch: Option<String>,
    /// Where there is none: the newest of this branch.
    pub fallback_branch: Option<String>,
    /// Those with this tag.
    pub tag: Option<String>,
    /// Where there is none: the newest with this tag.
    pub fallback_tag: Option<String>,
    /// Only the newest.
    pub latest: bool,
    /// Those that are deployed.
    pub deployed: bool,
    /// Those that are released.
    pub released: bool,
    /// Only in this environment; deployed or released, unless one of these is said.
    pub environment: Option<String>,
}

/// What is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Which consumers' versions; the usual ones if empty.
    pub selectors: Vec<ConsumerSelector>,
    /// The branch that the provider's version is on.
    pub branch: Option<String>,
    /// The provider's version's tags.
    pub tags: Vec<String>,
    /// Whether it is wanted to be known what is pending.
    pub pending: bool,
    /// Work in progress that was published since then is wanted as well.
    pub wip_since: Option<Timestamp>,
}

/// Why a version was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Because {
    /// By which selector.
    pub selector: ConsumerSelector,
    /// The consumer's version.
    pub version: VersionKey,
    /// The environment in which it is.
    pub environment: Option<String>,
    /// True if only the fallback had one.
    pub fell_back: bool,
}

/// A pact that is to be verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifiable {
    /// The pact of the newest version that has the content.
    pub publication: PublicationKey,
    /// The content.
    pub content: ContentKey,
    /// Who expects.
    pub consumer: PacticipantKey,
    /// Of whom.
    pub provider: PacticipantKey,
    /// Why it was chosen.
    pub because: Vec<Because>,
    /// Whether it is pending; none if that was not asked.
    pub pending: Option<bool>,
    /// The provider's tags for which it is pending.
    pub pending_tags: Vec<String>,
    /// The provider's tags for which it is not.
    pub proven_tags: Vec<String>,
    /// True if it is work in progress.
    pub wip: bool,
}

/// What a provider is to verify, by consumer; of each, the older versions first.
#[must_use]
pub fn for_verification(state: &State, provider: PacticipantKey, asked: &Asked, now: Timestamp) -> Vec<Verifiable> {
    let defaults;
    let selectors = if asked.selectors.is_empty() {
        defaults = default_selectors(state, provider);
        &defaults
    } else {
        &asked.selectors
    };
    let mut chosen: Vec<(PublicationKey, Because)> = Vec::new();
    for selector in selectors {
        chosen.extend(choose(state, provider, selector, asked.branch.as_deref()));
    }
    let mut found = merged(state, provider, chosen);
    let tags = TagFirsts::of(state, provider, &asked.tags);
    for verifiable in &mut found {
        if asked.pending {
            mark_pending(state, verifiable, asked, &tags);
        }
    }
    if let Some(since) = asked.wip_since {
        let wip = wip::in_progress(state, provider, asked, &tags, &found, (since, now));
        found.extend(wip);
    }
    found
}

/// Of each consumer the newest on its main branch (or with a tag of that name, or of all), and what is deployed or released.
fn default_selectors(state: &State, provider: PacticipantKey) -> Vec<ConsumerSelector> {
    let mut selectors: Vec<ConsumerSelector> = state
        .consumers_of(provider)
        .map(|consumer| {
            let known = state.pacticipant(consumer);
            let of =
                ConsumerSelector { consumer: known.map(|known| known.name.to_string()), ..ConsumerSelector::default() };
            match known.and_then(|known| known.details.main_branch.clone()) {
                Some(main) if state.branch(consumer, &main).is_some() => ConsumerSelector { main_branch: true, ..of },
                Some(main) if state.versions_tagged(consumer, &main).next().is_some() => {
                    ConsumerSelector { tag: Some(main), latest: true, ..of }
                }
                Some(_) | None => ConsumerSelector { latest: true, ..of },
            }
        })
        .collect();
    selectors.push(ConsumerSelector { deployed: true, ..ConsumerSelector::default() });
    selectors.push(ConsumerSelector { released: true, ..ConsumerSelector::default() });
    selectors
}

fn choose(
    state: &State,
    provider: PacticipantKey,
    selector: &ConsumerSelector,
    provider_branch: Option<&str>,
) -> Vec<(PublicationKey, Because)> {
    let is_meant =
        |consumer: &PacticipantKey| selector.consumer.as_deref().is_none_or(|name| state.name(*consumer) == name);
    let consumers: Vec<PacticipantKey> = state.consumers_of(provider).filter(is_meant).collect();
    let latest = |of: Latest<'_>| -> Vec<PublicationKey> {
        consumers.iter().filter_map(|consumer| head_pact(state, *consumer, provider, of)).collect()
    };
    let because = |selector: &ConsumerSelector, fell_back: bool| {
        let selector = selector.clone();
        move |publication: PublicationKey| {
            let version = state.publication(publication)?.version;
            let because = Because { selector: selector.clone(), version, environment: None, fell_back };
            Some((publication, because))
        }
    };
    let all = |found: Vec<PublicationKey>, selector: &ConsumerSelector| -> Vec<(PublicationKey, Because)> {
        found.into_iter().filter_map(because(selector, false)).collect()
    };
    if selector.deployed || selector.released || selector.environment.is_some() {
        return in_environments(state, provider, selector, &consumers);
    }
    if selector.main_branch {
        return all(latest(Latest::OnMainBranch), selector);
    }
    if selector.matching_branch {
        let Some(branch) = provider_branch else { return Vec::new() };
        let selector = ConsumerSelector { branch: Some(branch.to_owned()), latest: true, ..selector.clone() };
        return all(latest(Latest::OnBranch(branch)), &selector);
    }
    if let Some(branch) = &selector.branch {
        let found = latest(Latest::OnBranch(branch));
        return match &selector.fallback_branch {
            Some(fallback) if found.is_empty() => {
                latest(Latest::OnBranch(fallback)).into_iter().filter_map(because(selector, true)).collect()
            }
            Some(_) | None => all(found, selector),
        };
    }
    match (&selector.tag, selector.latest) {
        (Some(tag), true) => {
            let found = latest(Latest::Tagged(tag));
            match &selector.fallback_tag {
                Some(fallback) if found.is_empty() => {
                    latest(Latest::Tagged(fallback)).into_iter().filter_map(because(selector, true)).collect()
                }
                Some(_) | None => all(found, selector),
            }
        }
        (Some(tag), false) => {
            let tagged = consumers.iter().flat_map(|consumer| state.versions_tagged(*consumer, tag));
            all(tagged.filter_map(|version| state.version(version)?.pact_with(provider)).collect(), selector)
        }
        (None, _) => all(latest(Latest::Overall), selector),
    }
}

/// The pact of the newest version of a branch or with a tag. If that has none any more, the consumer does without the
/// provider now, and its earlier pacts don't matter.
fn head_pact(
    state: &State,
    consumer: PacticipantKey,
    provider: PacticipantKey,
    of: Latest<'_>,
) -> Option<PublicationKey> {
    let head = match of {
        Latest::OnBranch(branch) => state.branch(consumer, branch)?.head,
        Latest::OnMainBranch => {
            let main = state.pacticipant(consumer)?.details.main_branch.as_deref()?;
            state.branch(consumer, main)?.head
        }
        Latest::Tagged(tag) => state.versions_tagged(consumer, tag).next_back()?,
        Latest::Overall | Latest::Untagged => return state.latest_pact(consumer, provider, of),
    };
    state.version(head)?.pact_with(provider)
}

fn in_environments(
    state: &State,
    provider: PacticipantKey,
    selector: &ConsumerSelector,
    consumers: &[PacticipantKey],
) -> Vec<(PublicationKey, Because)> {
    let either = selector.deployed == selector.released;
    let named = |name: &str| selector.environment.as_deref().is_none_or(|wanted| wanted == name);
    let mut found = Vec::new();
    for known in state.environments().filter(|known| named(&known.environment.name)) {
        for consumer in consumers {
            for placed in state.placed_in(known.environment.id, *consumer) {
                let is_meant = either || placed.released == selector.released;
                let pact = state.version(placed.version).and_then(|version| version.pact_with(provider));
                let Some(publication) = pact.filter(|_| is_meant) else { continue };
                let selector =
                    ConsumerSelector { deployed: !placed.released, released: placed.released, ..selector.clone() };
                let environment = Some(known.environment.name.clone());
                let because = Because { selector, version: placed.version, environment, fell_back: false };
                found.push((publication, because));
            }
        }
    }
    found
}

/// One for each content, with the newest version that has it.
fn merged(state: &State, provider: PacticipantKey, chosen: Vec<(PublicationKey, Because)>) -> Vec<Verifiable> {
    let mut by_content: BTreeMap<ContentKey, Verifiable> = BTreeMap::new();
    for (key, because) in chosen {
        let Some(pact) = state.publication(key) else { continue };
        let Some(consumer) = state.version(pact.version).map(|version| version.pacticipant) else { continue };
        let verifiable = by_content.entry(pact.content).or_insert_with(|| Verifiable {
            publication: key,
            content: pact.content,
            consumer,
            provider,
            because: Vec::new(),
            pending: None,
            pending_tags: Vec::new(),
            proven_tags: Vec::new(),
            wip: false,
        });
        let newest = state.publication(verifiable.publication).map(|newest| newest.version);
        if newest.is_some_and(|newest| newest < pact.version) {
            verifiable.publication = key;
        }
        if !verifiable.because.contains(&because) {
            verifiable.because.push(because);
        }
    }
    let mut all: Vec<Verifiable> = by_content.into_values().collect();
    sort(state, &mut all);
    all
}

fn sort(state: &State, all: &mut [Verifiable]) {
    all.sort_by_cached_key(|one| {
        let version = state.publication(one.publication).map(|pact| pact.version);
        (state.name(one.consumer).to_owned(), version)
    });
}

fn mark_pending(state: &State, verifiable: &mut Verifiable, asked: &Asked, tags: &TagFirsts<'_>) {
    let content = verifiable.content;
    if let Some(branch) = &asked.branch {
        verifiable.pending = Some(is_pending_for_branch(state, verifiable.provider, content, branch));
    } else if asked.tags.is_empty() {
        let succeeded =
            state.verifications_of(content).any(|key| state.verification(key).is_some_and(|row| row.success));
        verifiable.pending = Some(!succeeded);
    } else {
        let is_pending = |tag: &&String| !tags.is_met(state, content, tag, |_| true);
        let (pending, proven): (Vec<&String>, Vec<&String>) = asked.tags.iter().partition(is_pending);
        verifiable.pending = Some(!pending.is_empty());
        verifiable.pending_tags = pending.into_iter().cloned().collect();
        verifiable.proven_tags = proven.into_iter().cloned().collect();
    }
}

/// True unless a version on the branch met the content, or one on another did before the branch began.
fn is_pending_for_branch(state: &State, provider: PacticipantKey, content: ContentKey, branch: &str) -> bool {
    let branch: Arc<str> = Arc::from(branch);
    if state.proof(content, &branch).is_some() {
        return false;
    }
    let began: Option<Moment> = state.branch(provider, &branch).map(|branch| branch.created);
    !state.proofs(content).any(|(_, proof)| began.is_none_or(|began| proof.first < began))
}

/// The provider's tags with when each was given first.
struct TagFirsts<'a>(BTreeMap<&'a str, Option<Moment>>);

impl<'a> TagFirsts<'a> {
    fn of(state: &State, provider: PacticipantKey, tags: &'a [String]) -> Self {
        let first = |tag: &str| {
            let given = state.versions_tagged(provider, tag).filter_map(|version| {
                let tags = &state.version(version)?.tags;
                tags.iter().find(|(known, _)| &**known == tag).map(|(_, at)| *at)
            });
            given.min()
        };
        Self(tags.iter().map(|tag| (tag.as_str(), first(tag))).collect())
    }

    /// True if a version with the tag met the content, or one with another did before this tag was first given.
    fn is_met(&self, state: &State, content: ContentKey, tag: &str, counts: impl Fn(&Verification) -> bool) -> bool {
        let first = self.0.get(tag).copied().flatten();
        state.verifications_of(content).filter_map(|key| state.verification(key)).any(|row| {
            let Some(version) = state.version(row.version).filter(|_| row.success && counts(row)) else { return false };
            version.has_tag(tag) || (!version.tags.is_empty() && first.is_none_or(|first| row.at < first))
        })
    }
}
