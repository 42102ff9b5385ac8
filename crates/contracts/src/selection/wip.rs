//! Work in progress.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{Asked, Because, ConsumerSelector, LOOK_BACK, Verifiable, sort};
use crate::{
    ContentKey, PacticipantKey, PublicationKey, State,
    state::{Latest, Moment, Proof},
};

/// The newest pacts of the consumers' branches and tags, published since `since`, that were not asked for and that the
/// provider's branch (or none of its tags) has met.
pub(super) fn in_progress(
    state: &State,
    provider: PacticipantKey,
    asked: &Asked,
    explicit: &[Verifiable],
    since: Timestamp,
    now: Timestamp,
) -> Vec<Verifiable> {
    if asked.branch.is_none() && asked.tags.is_empty() {
        return Vec::new();
    }
    let explicit: BTreeSet<ContentKey> = explicit.iter().map(|verifiable| verifiable.content).collect();
    let since = Moment::from(since);
    let mut candidates: BTreeMap<ContentKey, Vec<(PublicationKey, Because)>> = BTreeMap::new();
    for (publication, selector) in heads(state, provider) {
        let Some(pact) = state.publication(publication) else { continue };
        if pact.at > since && !explicit.contains(&pact.content) {
            let because = Because { selector, version: pact.version, environment: None, fell_back: false };
            candidates.entry(pact.content).or_default().push((publication, because));
        }
    }
    let mut found = Vec::new();
    for (content, chosen) in candidates {
        let pending_tags = match &asked.branch {
            Some(branch) if is_met_by_branch(state, provider, content, branch, now) => continue,
            Some(_) => Vec::new(),
            None => {
                let unmet = asked.tags.iter().filter(|tag| !is_met_by_tag(state, provider, content, tag));
                let unmet: Vec<String> = unmet.cloned().collect();
                if unmet.is_empty() {
                    continue;
                }
                unmet
            }
        };
        let newest = chosen.iter().map(|(key, because)| (because.version, *key)).max();
        let Some((_, publication)) = newest else { continue };
        let Some(known) = state.content(content) else { continue };
        found.push(Verifiable {
            publication,
            content,
            consumer: known.consumer,
            provider,
            because: chosen.into_iter().map(|(_, because)| because).collect(),
            pending: Some(true),
            pending_tags,
            proven_tags: Vec::new(),
            wip: true,
        });
    }
    sort(state, &mut found);
    found
}

/// The newest pact of each branch and each tag of each consumer.
fn heads(state: &State, provider: PacticipantKey) -> Vec<(PublicationKey, ConsumerSelector)> {
    let mut heads = Vec::new();
    for consumer in state.consumers_of(provider) {
        for (branch, _) in state.branches_of(consumer) {
            let selector =
                ConsumerSelector { branch: Some(branch.to_string()), latest: true, ..ConsumerSelector::default() };
            let pact = state.latest_pact(consumer, provider, Latest::OnBranch(branch));
            heads.extend(pact.map(|pact| (pact, selector)));
        }
        for (tag, _) in state.tag_heads_of(consumer) {
            let selector = ConsumerSelector { tag: Some(tag.to_string()), latest: true, ..ConsumerSelector::default() };
            let pact = state.latest_pact(consumer, provider, Latest::Tagged(&tag));
            heads.extend(pact.map(|pact| (pact, selector)));
        }
    }
    heads
}

/// True if a version on the branch met the content lately, asked for explicitly; or one on another branch did so before
/// this branch's first version.
fn is_met_by_branch(
    state: &State,
    provider: PacticipantKey,
    content: ContentKey,
    branch: &str,
    now: Timestamp,
) -> bool {
    let cutoff = Moment::from(now - LOOK_BACK);
    let branch: Arc<str> = Arc::from(branch);
    let own = state.proof(content, &branch).and_then(|proof| proof.proper);
    if own.is_some_and(|(_, last)| last >= cutoff) {
        return true;
    }
    let first = state.versions_on(provider, &branch).next().and_then(|version| state.version(version));
    let before = first.map(|version| version.created);
    let is_other = |other: &Arc<str>| **other != *branch;
    state.proofs(content).filter(|(other, _)| is_other(other)).any(|(other, proof)| {
        met_between(state, content, other, proof, cutoff, before)
    })
}

/// True if a version on this branch met the content, asked for explicitly, from `from` until before `to`.
fn met_between(
    state: &State,
    content: ContentKey,
    branch: &str,
    proof: &Proof,
    from: Moment,
    to: Option<Moment>,
) -> bool {
    let Some((first, last)) = proof.proper else { return false };
    let is_between = |at: Moment| at >= from && to.is_none_or(|to| at < to);
    if is_between(first) || is_between(last) {
        return true;
    }
    // Both lie outside: there may be one between only if they lie on different sides.
    let may_lie_between = first < from && to.is_some_and(|to| last >= to);
    may_lie_between
        && state.verifications_of(content).filter_map(|key| state.verification(key)).any(|row| {
            row.success
                && !row.wip
                && is_between(row.at)
                && state.version(row.version).is_some_and(|version| version.is_on(branch))
        })
}

/// The same for a tag of the provider, however long ago.
fn is_met_by_tag(state: &State, provider: PacticipantKey, content: ContentKey, tag: &str) -> bool {
    let first = state.versions_tagged(provider, tag).filter_map(|version| {
        let tags = &state.version(version)?.tags;
        tags.iter().find(|(known, _)| &**known == tag).map(|(_, at)| *at)
    });
    let first = first.min();
    state.verifications_of(content).filter_map(|key| state.verification(key)).any(|row| {
        let Some(version) = state.version(row.version).filter(|_| row.success && !row.wip) else { return false };
        version.has_tag(tag) || (!version.tags.is_empty() && first.is_none_or(|first| row.at < first))
    })
}
