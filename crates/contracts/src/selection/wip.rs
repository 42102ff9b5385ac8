//! Work in progress.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;

use super::{Asked, Because, ConsumerSelector, LOOK_BACK, TagFirsts, Verifiable, head_pact, sort};
use crate::{
    ContentKey, PacticipantKey, PublicationKey, State, VersionKey,
    state::{Latest, Moment, Proof},
};

/// The newest pacts of the consumers' branches and tags, published since `since`, that were not asked for and that the
/// provider's branch (or none of its tags) has met.
pub(super) fn in_progress(
    state: &State,
    provider: PacticipantKey,
    asked: &Asked,
    tags: &TagFirsts<'_>,
    explicit: &[Verifiable],
    (since, now): (Timestamp, Timestamp),
) -> Vec<Verifiable> {
    if asked.branch.is_none() && asked.tags.is_empty() {
        return Vec::new();
    }
    let explicit: BTreeSet<ContentKey> = explicit.iter().map(|verifiable| verifiable.content).collect();
    let since = Moment::from(since);
    let branch = asked.branch.as_deref().map(|branch| OwnBranch::of(state, provider, branch, now));
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
        let pending_tags = match &branch {
            Some(branch) if branch.has_met(state, content) => continue,
            Some(_) => Vec::new(),
            None => {
                // However long ago.
                let unmet = asked.tags.iter().filter(|tag| !tags.is_met(state, content, tag, |row| !row.wip));
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

/// The pact of the head of each branch and each tag of each consumer.
fn heads(state: &State, provider: PacticipantKey) -> Vec<(PublicationKey, ConsumerSelector)> {
    let mut heads = Vec::new();
    for consumer in state.consumers_of(provider) {
        for (branch, _) in state.branches_of(consumer) {
            let selector =
                ConsumerSelector { branch: Some(branch.to_string()), latest: true, ..ConsumerSelector::default() };
            let pact = head_pact(state, consumer, provider, Latest::OnBranch(branch));
            heads.extend(pact.map(|pact| (pact, selector)));
        }
        for (tag, _) in state.tag_heads_of(consumer) {
            let selector = ConsumerSelector { tag: Some(tag.to_string()), latest: true, ..ConsumerSelector::default() };
            let pact = head_pact(state, consumer, provider, Latest::Tagged(&tag));
            heads.extend(pact.map(|pact| (pact, selector)));
        }
    }
    heads
}

/// The branch of the provider for which the pacts are verified.
struct OwnBranch {
    name: Arc<str>,
    /// When the version was made that came to it first.
    began: Option<Moment>,
    cutoff: Moment,
}

impl OwnBranch {
    fn of(state: &State, provider: PacticipantKey, branch: &str, now: Timestamp) -> Self {
        let came = |version: VersionKey| {
            let version = state.version(version)?;
            let on = version.branches.iter().find(|on| &*on.branch == branch)?;
            Some((on.at, version.created))
        };
        let since = state.branch(provider, branch).map(|known| known.created);
        let mut versions = state.versions_on(provider, branch).filter_map(came);
        // Nearly always the oldest version came first; only if it was removed, all are looked at.
        let first = versions.find(|(at, _)| Some(*at) == since);
        let first = first.or_else(|| state.versions_on(provider, branch).filter_map(came).min_by_key(|(at, _)| *at));
        let began = first.map(|(_, created)| created);
        Self { name: Arc::from(branch), began, cutoff: Moment::from(now - LOOK_BACK) }
    }

    /// True if a version on the branch met the content lately, asked for explicitly; or one on another branch did so before
    /// this branch's first version.
    fn has_met(&self, state: &State, content: ContentKey) -> bool {
        let own = state.proof(content, &self.name).and_then(|proof| proof.proper);
        if own.is_some_and(|(_, last)| last >= self.cutoff) {
            return true;
        }
        let others = state.proofs(content).filter(|(other, _)| **other != self.name);
        others.into_iter().any(|(other, proof)| met_between(state, content, other, proof, self.cutoff, self.began))
    }
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
