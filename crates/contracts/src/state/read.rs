//! The queries.

use std::{collections::BTreeSet, sync::Arc};

use imbl::OrdMap;
use kernel::{EffectId, EntityRef, EnvironmentId, PlacementId, Sha256};

use super::{
    ApiHistory, Branch, Content, Definition, Fit, KnownDelivery, KnownEnvironment, KnownWebhook, Moment, Pacticipant,
    Placed, Proof, Publication, State, Verification, Version,
};
use crate::{ContentKey, ContentSha, DefinitionKey, Gate, PacticipantKey, PublicationKey, VerificationKey, VersionKey};

/// Which versions of a pacticipant are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selectable {
    /// The one of this number.
    pub number: Option<String>,
    /// Those with this tag.
    pub tag: Option<String>,
    /// Those on this branch.
    pub branch: Option<String>,
    /// Those on the pacticipant's main branch.
    pub main_branch: bool,
    /// Those that are in this environment.
    pub environment: Option<String>,
    /// Of all these, only the latest.
    pub latest: bool,
}

impl Selectable {
    /// True if nothing narrows it: all versions are meant.
    #[must_use]
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// Pacts of which the newest is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Latest<'a> {
    /// Of all.
    Overall,
    /// Of those whose version has this tag.
    Tagged(&'a str),
    /// Of those whose version has no tag.
    Untagged,
    /// Of those whose version is on this branch.
    OnBranch(&'a str),
    /// Of those whose version is on the consumer's main branch.
    OnMainBranch,
}

const FIRST: u32 = 0;
const LAST: u32 = u32::MAX;

impl State {
    /// The pacticipant of exactly this name.
    #[must_use]
    pub fn pacticipant_named(&self, name: &str) -> Option<PacticipantKey> {
        self.index.names.get(name).copied()
    }

    /// A pacticipant.
    #[must_use]
    pub fn pacticipant(&self, key: PacticipantKey) -> Option<&Pacticipant> {
        self.tables.pacticipants.get(key).map(Arc::as_ref)
    }

    /// A pacticipant's name; empty if there is none.
    #[must_use]
    pub fn name(&self, key: PacticipantKey) -> &str {
        self.pacticipant(key).map_or("", |pacticipant| &pacticipant.name)
    }

    /// All pacticipants, by name.
    pub fn pacticipants(&self) -> impl DoubleEndedIterator<Item = (PacticipantKey, &Pacticipant)> {
        self.index.names.values().filter_map(|key| Some((*key, self.pacticipant(*key)?)))
    }

    /// The pacticipants that are taken for this component, by name.
    pub fn pacticipants_of<'a>(&'a self, component: &'a EntityRef) -> impl Iterator<Item = PacticipantKey> + 'a {
        self.pacticipants().filter(move |(_, known)| known.component == *component).map(|(key, _)| key)
    }

    /// A version.
    #[must_use]
    pub fn version(&self, key: VersionKey) -> Option<&Version> {
        self.tables.versions.get(key).map(Arc::as_ref)
    }

    /// A version's number; empty if there is none.
    #[must_use]
    pub fn number(&self, key: VersionKey) -> &str {
        self.version(key).map_or("", |version| &version.number)
    }

    /// The version of this number of the pacticipant of this name.
    #[must_use]
    pub fn version_named(&self, name: &str, number: &str) -> Option<VersionKey> {
        self.version_numbered(self.pacticipant_named(name)?, number)
    }

    /// The version of this number.
    #[must_use]
    pub fn version_numbered(&self, pacticipant: PacticipantKey, number: &str) -> Option<VersionKey> {
        self.index.numbers.get(&(pacticipant, Arc::from(number))).copied()
    }

    /// All versions, the oldest first.
    pub fn versions_of(&self, pacticipant: PacticipantKey) -> impl DoubleEndedIterator<Item = VersionKey> + '_ {
        let range = (pacticipant, VersionKey(FIRST))..=(pacticipant, VersionKey(LAST));
        self.index.versions.range(range).map(|(_, version)| *version)
    }

    /// The versions on a branch, the oldest first.
    pub fn versions_on(
        &self,
        pacticipant: PacticipantKey,
        branch: &str,
    ) -> impl DoubleEndedIterator<Item = VersionKey> {
        let branch: Arc<str> = Arc::from(branch);
        let range = (pacticipant, Arc::clone(&branch), VersionKey(FIRST))..=(pacticipant, branch, VersionKey(LAST));
        self.index.branched.range(range).map(|(_, _, version)| *version)
    }

    /// The versions with a tag, the oldest first.
    pub fn versions_tagged(
        &self,
        pacticipant: PacticipantKey,
        tag: &str,
    ) -> impl DoubleEndedIterator<Item = VersionKey> {
        let tag: Arc<str> = Arc::from(tag);
        let range = (pacticipant, Arc::clone(&tag), VersionKey(FIRST))..=(pacticipant, tag, VersionKey(LAST));
        self.index.tagged.range(range).map(|(_, _, version)| *version)
    }

    /// A branch.
    #[must_use]
    pub fn branch(&self, pacticipant: PacticipantKey, branch: &str) -> Option<&Branch> {
        self.tables.branches.get(&(pacticipant, Arc::from(branch)))
    }

    /// The branches, by name.
    pub fn branches_of(&self, pacticipant: PacticipantKey) -> impl Iterator<Item = (&Arc<str>, &Branch)> {
        let from = (pacticipant, Arc::from(""));
        let branches = self.tables.branches.range(from..).take_while(move |((of, _), _)| *of == pacticipant);
        branches.map(|((_, name), branch)| (name, branch))
    }

    /// Every tag with its newest version, by name.
    pub fn tag_heads_of(&self, pacticipant: PacticipantKey) -> impl Iterator<Item = (Arc<str>, VersionKey)> {
        let mut next = Some(Arc::<str>::from(""));
        std::iter::from_fn(move || {
            let from = next.take()?;
            let (of, tag, _) = self.index.tagged.get_next(&(pacticipant, from, VersionKey(FIRST)))?;
            if *of != pacticipant {
                return None;
            }
            let head = self.versions_tagged(pacticipant, tag).next_back()?;
            // The smallest text that is larger than the tag.
            next = Some(Arc::from(format!("{tag}\0")));
            Some((Arc::clone(tag), head))
        })
    }

    /// True if this version is the newest with the tag.
    #[must_use]
    pub fn is_tag_head(&self, key: VersionKey, tag: &str) -> bool {
        self.version(key).and_then(|version| self.versions_tagged(version.pacticipant, tag).next_back()) == Some(key)
    }

    /// True if this version is the head of the branch.
    #[must_use]
    pub fn is_branch_head(&self, key: VersionKey, branch: &str) -> bool {
        let Some(version) = self.version(key) else { return false };
        self.branch(version.pacticipant, branch).is_some_and(|branch| branch.head == key)
    }

    /// The versions that are meant: newest first if only the latest, else oldest first. With `latest`, at most one.
    #[must_use]
    pub fn select(&self, pacticipant: PacticipantKey, which: &Selectable) -> Vec<VersionKey> {
        let main = || self.pacticipant(pacticipant).and_then(|known| known.details.main_branch.clone());
        let branch = if which.main_branch {
            match main() {
                Some(main) => Some(main),
                None => return Vec::new(),
            }
        } else {
            which.branch.clone()
        };
        let fits = |key: &VersionKey| {
            let Some(version) = self.version(*key) else { return false };
            which.tag.as_deref().is_none_or(|tag| version.has_tag(tag))
                && branch.as_deref().is_none_or(|branch| version.is_on(branch))
                && which.number.as_deref().is_none_or(|number| &*version.number == number)
        };
        let mut found: Vec<VersionKey> = if let Some(number) = &which.number {
            self.version_numbered(pacticipant, number).into_iter().filter(fits).collect()
        } else if let Some(environment) = &which.environment {
            let Some(environment) = self.environment_named(environment) else { return Vec::new() };
            let there = self.placed_in(environment.environment.id, pacticipant).map(|placed| placed.version);
            there.collect::<BTreeSet<_>>().into_iter().filter(fits).collect()
        } else if let Some(branch) = &branch {
            if which.latest && which.tag.is_none() {
                return self.branch(pacticipant, branch).map(|branch| branch.head).into_iter().collect();
            }
            self.versions_on(pacticipant, branch).filter(fits).collect()
        } else if let Some(tag) = &which.tag {
            if which.latest {
                return self.versions_tagged(pacticipant, tag).next_back().into_iter().collect();
            }
            self.versions_tagged(pacticipant, tag).collect()
        } else if which.latest {
            return self.versions_of(pacticipant).next_back().into_iter().collect();
        } else {
            self.versions_of(pacticipant).collect()
        };
        if which.latest {
            found = found.into_iter().max().into_iter().collect();
        }
        found
    }

    /// A content.
    #[must_use]
    pub fn content(&self, key: ContentKey) -> Option<&Content> {
        self.tables.contents.get(key).map(Arc::as_ref)
    }

    /// The content that is known by this between the two.
    #[must_use]
    pub fn content_known_as(
        &self,
        consumer: PacticipantKey,
        provider: PacticipantKey,
        sha: ContentSha,
    ) -> Option<ContentKey> {
        self.index.contents.get(&(consumer, provider, sha)).copied()
    }

    /// A pact.
    #[must_use]
    pub fn publication(&self, key: PublicationKey) -> Option<&Publication> {
        self.tables.publications.get(key)
    }

    /// A pact's document.
    #[must_use]
    pub fn blob_of(&self, publication: &Publication) -> Option<Sha256> {
        match &publication.blob {
            Some(own) => Some(**own),
            None => self.content(publication.content).map(|content| content.blob),
        }
    }

    /// All pacts between two, revisions included, the oldest first.
    pub fn publications_between(
        &self,
        consumer: PacticipantKey,
        provider: PacticipantKey,
    ) -> impl DoubleEndedIterator<Item = PublicationKey> + '_ {
        let range = (consumer, provider, PublicationKey(FIRST))..=(consumer, provider, PublicationKey(LAST));
        self.index.publications.range(range).map(|(_, _, publication)| *publication)
    }

    /// All pacts with this content, revisions included, the oldest first.
    pub fn publications_of(&self, content: ContentKey) -> impl DoubleEndedIterator<Item = PublicationKey> + '_ {
        let range = (content, PublicationKey(FIRST))..=(content, PublicationKey(LAST));
        self.index.of_content.range(range).map(|(_, publication)| *publication)
    }

    /// True if no later revision replaced it.
    #[must_use]
    pub fn is_current(&self, key: PublicationKey) -> bool {
        let Some(publication) = self.publication(key) else { return false };
        self.version(publication.version).and_then(|version| version.pact_with(publication.provider)) == Some(key)
    }

    /// The newest pact between two, of those that are meant; revisions that were replaced are never meant. The newest is
    /// that of the newest version.
    #[must_use]
    pub fn latest_pact(
        &self,
        consumer: PacticipantKey,
        provider: PacticipantKey,
        of: Latest<'_>,
    ) -> Option<PublicationKey> {
        let with = |version: VersionKey| self.version(version)?.pact_with(provider);
        match of {
            Latest::OnBranch(branch) => self.versions_on(consumer, branch).rev().find_map(with),
            Latest::OnMainBranch => {
                let main = self.pacticipant(consumer)?.details.main_branch.as_deref()?;
                self.versions_on(consumer, main).rev().find_map(with)
            }
            Latest::Tagged(tag) => self.versions_tagged(consumer, tag).rev().find_map(with),
            Latest::Overall => self.versions_of(consumer).rev().find_map(with),
            Latest::Untagged => {
                let untagged = |version: &VersionKey| self.version(*version).is_some_and(|known| known.tags.is_empty());
                self.versions_of(consumer).rev().filter(untagged).find_map(with)
            }
        }
    }

    /// All integrations: consumer, provider, and when the first pact came; by the order in which consumers became known.
    pub fn integrations(&self) -> impl Iterator<Item = (PacticipantKey, PacticipantKey, Moment)> + '_ {
        self.index.integrations.iter().map(|((consumer, provider), first)| (*consumer, *provider, *first))
    }

    /// True if there is a pact between the two.
    #[must_use]
    pub fn are_integrated(&self, consumer: PacticipantKey, provider: PacticipantKey) -> bool {
        self.index.integrations.contains_key(&(consumer, provider))
    }

    /// Those who have pacts with this provider.
    pub fn consumers_of(&self, provider: PacticipantKey) -> impl Iterator<Item = PacticipantKey> + '_ {
        let range = (provider, PacticipantKey(FIRST))..=(provider, PacticipantKey(LAST));
        self.index.consumers.range(range).map(|(_, consumer)| *consumer)
    }

    /// Those with whom this consumer has pacts.
    pub fn providers_of(&self, consumer: PacticipantKey) -> impl Iterator<Item = PacticipantKey> + '_ {
        let range = (consumer, PacticipantKey(FIRST))..=(consumer, PacticipantKey(LAST));
        self.index.integrations.range(range).map(|((_, provider), _)| *provider)
    }

    /// A verification.
    #[must_use]
    pub fn verification(&self, key: VerificationKey) -> Option<&Verification> {
        self.tables.verifications.get(key)
    }

    /// The newest verification of a content by a version.
    #[must_use]
    pub fn verified(&self, content: ContentKey, version: VersionKey) -> Option<VerificationKey> {
        self.index.verified.get(&(content, version)).copied()
    }

    /// The newest verification of a content by each version that tried.
    pub fn verified_versions(&self, content: ContentKey) -> impl Iterator<Item = (VersionKey, VerificationKey)> + '_ {
        let range = (content, VersionKey(FIRST))..=(content, VersionKey(LAST));
        self.index.verified.range(range).map(|((_, version), verification)| (*version, *verification))
    }

    /// All verifications of a content, the oldest first.
    pub fn verifications_of(&self, content: ContentKey) -> impl DoubleEndedIterator<Item = VerificationKey> + '_ {
        let range = (content, VerificationKey(FIRST))..=(content, VerificationKey(LAST));
        self.index.verifications.range(range).map(|(_, verification)| *verification)
    }

    /// The contents that a version was tried against.
    pub fn contents_tried_by(&self, version: VersionKey) -> impl Iterator<Item = ContentKey> + '_ {
        let range = (version, ContentKey(FIRST))..=(version, ContentKey(LAST));
        self.index.verified_by.range(range).map(|(_, content)| *content)
    }

    /// What each branch of the provider proved of a content.
    pub(crate) fn proofs(&self, content: ContentKey) -> impl Iterator<Item = (&Arc<str>, &Proof)> {
        let from = (content, Arc::from(""));
        let proofs = self.index.proofs.range(from..).take_while(move |((of, _), _)| *of == content);
        proofs.map(|((_, branch), proof)| (branch, proof))
    }

    /// What one branch of the provider proved of a content.
    pub(crate) fn proof(&self, content: ContentKey, branch: &Arc<str>) -> Option<&Proof> {
        self.index.proofs.get(&(content, Arc::clone(branch)))
    }

    /// A definition.
    #[must_use]
    pub fn definition(&self, key: DefinitionKey) -> Option<&Definition> {
        self.tables.definitions.get(key).map(Arc::as_ref)
    }

    /// What a version says its API is.
    #[must_use]
    pub fn definition_of(&self, version: VersionKey) -> Option<&Definition> {
        self.definition(*self.index.defined.get(&version)?)
    }

    /// The versions of a provider that say what its API is, the oldest first.
    pub fn defined_versions(&self, provider: PacticipantKey) -> impl DoubleEndedIterator<Item = VersionKey> + '_ {
        let range = (provider, VersionKey(FIRST))..=(provider, VersionKey(LAST));
        self.index.definers.range(range).map(|(_, version)| *version)
    }

    /// Whether a content fits a definition, if that was found out.
    #[must_use]
    pub fn fit(&self, content: ContentKey, definition: Sha256) -> Option<&Fit> {
        self.tables.fits.get(&(content, definition))
    }

    /// What is known of how a content fits definitions.
    pub fn fits_of(&self, content: ContentKey) -> impl Iterator<Item = (Sha256, &Fit)> {
        let range = (content, Sha256([0; 32]))..=(content, Sha256([0xff; 32]));
        self.tables.fits.range(range).map(|((_, definition), fit)| (*definition, fit))
    }

    /// All environments, by when they were made.
    pub fn environments(&self) -> impl Iterator<Item = &KnownEnvironment> {
        self.tables.environments.values().map(Arc::as_ref)
    }

    /// An environment.
    #[must_use]
    pub fn environment(&self, id: EnvironmentId) -> Option<&KnownEnvironment> {
        self.tables.environments.get(&id).map(Arc::as_ref)
    }

    /// The environment of this name.
    #[must_use]
    pub fn environment_named(&self, name: &str) -> Option<&KnownEnvironment> {
        self.environments().find(|known| known.environment.name == name)
    }

    /// Whether deployments to the environment of this name ask first.
    #[must_use]
    pub fn gate(&self, environment: &str) -> Gate {
        self.environment_named(environment).map_or(Gate::Off, |known| known.environment.gate)
    }

    /// What of a pacticipant is in an environment now, the oldest first.
    pub fn placed_in(&self, environment: EnvironmentId, pacticipant: PacticipantKey) -> impl Iterator<Item = &Placed> {
        let least = PlacementId::from_bytes([0; 16]);
        let most = PlacementId::from_bytes([0xff; 16]);
        let range = (environment, pacticipant, least)..=(environment, pacticipant, most);
        self.index.placed.range(range).filter_map(|(_, _, id)| self.placed(*id))
    }

    /// Everything that is in an environment now.
    pub fn all_placed_in(&self, environment: EnvironmentId) -> impl Iterator<Item = &Placed> {
        let from = (environment, PacticipantKey(FIRST), PlacementId::from_bytes([0; 16]));
        let there = self.index.placed.range(from..).take_while(move |(of, _, _)| *of == environment);
        there.filter_map(|(_, _, id)| self.placed(*id))
    }

    /// Where a version is and was, the oldest first.
    pub fn placements_of(&self, version: VersionKey) -> impl Iterator<Item = &Placed> {
        let least = PlacementId::from_bytes([0; 16]);
        let most = PlacementId::from_bytes([0xff; 16]);
        let range = (version, least)..=(version, most);
        self.index.placements.range(range).filter_map(|(_, id)| self.placed(*id))
    }

    /// A fact of what is or was where.
    #[must_use]
    pub fn placed(&self, id: PlacementId) -> Option<&Placed> {
        self.tables.placements.get(&id).map(Arc::as_ref)
    }

    /// All webhooks, by id.
    pub fn webhooks(&self) -> impl Iterator<Item = &KnownWebhook> {
        self.tables.webhooks.values().map(Arc::as_ref)
    }

    /// A webhook.
    #[must_use]
    pub fn webhook(&self, id: &str) -> Option<&KnownWebhook> {
        self.tables.webhooks.get(id).map(Arc::as_ref)
    }

    /// The last calls of webhooks, the newest first.
    pub fn deliveries(&self) -> impl Iterator<Item = &KnownDelivery> {
        self.tables.deliveries.values().rev().map(Arc::as_ref)
    }

    /// A call of a webhook.
    #[must_use]
    pub fn delivery(&self, effect: EffectId) -> Option<&KnownDelivery> {
        self.tables.deliveries.get(&effect).map(Arc::as_ref)
    }

    /// What is known of an API's definitions.
    #[must_use]
    pub fn api(&self, api: &EntityRef) -> Option<&ApiHistory> {
        self.tables.apis.get(api).map(Arc::as_ref)
    }

    /// All APIs whose definitions were looked at.
    pub fn apis(&self) -> &OrdMap<EntityRef, Arc<ApiHistory>> {
        &self.tables.apis
    }

    /// How many pacticipants, versions, pacts and verifications there are.
    #[must_use]
    pub fn counts(&self) -> [usize; 4] {
        [
            self.index.names.len(),
            self.index.versions.len(),
            self.index.publications.len(),
            self.index.verifications.len(),
        ]
    }
}
