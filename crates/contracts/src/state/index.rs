//! How rows are found. All of it follows from the rows, so that snapshots hold only those.

use std::{collections::BTreeMap, sync::Arc};

use imbl::{OrdMap, OrdSet};
use kernel::{EnvironmentId, PlacementId};

use super::{Moment, Placed, Publication, Tables, Verification, Version};
use crate::{ContentKey, ContentSha, DefinitionKey, PacticipantKey, PublicationKey, VerificationKey, VersionKey};

/// The ways to the rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    pub(crate) names: OrdMap<Arc<str>, PacticipantKey>,
    pub(crate) numbers: OrdMap<(PacticipantKey, Arc<str>), VersionKey>,
    pub(crate) versions: OrdSet<(PacticipantKey, VersionKey)>,
    pub(crate) contents: OrdMap<(PacticipantKey, PacticipantKey, ContentSha), ContentKey>,
    /// Consumer and provider, with their first pact.
    pub(crate) integrations: OrdMap<(PacticipantKey, PacticipantKey), Moment>,
    /// Provider and consumer.
    pub(crate) consumers: OrdSet<(PacticipantKey, PacticipantKey)>,
    /// Consumer, provider, pact.
    pub(crate) publications: OrdSet<(PacticipantKey, PacticipantKey, PublicationKey)>,
    pub(crate) of_content: OrdSet<(ContentKey, PublicationKey)>,
    /// The newest verification of a content by a version.
    pub(crate) verified: OrdMap<(ContentKey, VersionKey), VerificationKey>,
    pub(crate) verified_by: OrdSet<(VersionKey, ContentKey)>,
    pub(crate) verifications: OrdSet<(ContentKey, VerificationKey)>,
    /// What each branch of the provider proved of a content.
    pub(crate) proofs: OrdMap<(ContentKey, Arc<str>), Proof>,
    pub(crate) tagged: OrdSet<(PacticipantKey, Arc<str>, VersionKey)>,
    pub(crate) branched: OrdSet<(PacticipantKey, Arc<str>, VersionKey)>,
    /// What is in an environment now.
    pub(crate) placed: OrdSet<(EnvironmentId, PacticipantKey, PlacementId)>,
    /// Where a version is or was.
    pub(crate) placements: OrdSet<(VersionKey, PlacementId)>,
    /// The newest definition of a version.
    pub(crate) defined: OrdMap<VersionKey, DefinitionKey>,
    /// Provider, version that has a definition.
    pub(crate) definers: OrdSet<(PacticipantKey, VersionKey)>,
}

/// What the versions of one branch proved of a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proof {
    /// The first success.
    pub(crate) first: Moment,
    /// The first and the last success when the pact was not verified as work in progress.
    pub(crate) proper: Option<(Moment, Moment)>,
}

impl Proof {
    /// What one verification proves, if it succeeded.
    fn of(verification: &Verification) -> Option<Self> {
        let at = verification.at;
        verification.success.then(|| Self { first: at, proper: (!verification.wip).then_some((at, at)) })
    }

    fn join(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.proper = match (self.proper, other.proper) {
            (Some((first, last)), Some((earlier, later))) => Some((first.min(earlier), last.max(later))),
            (one, another) => one.or(another),
        };
    }
}

impl Index {
    pub(crate) fn of(tables: &Tables) -> Self {
        let mut index = Self::default();
        for (key, pacticipant) in tables.pacticipants.iter() {
            index.names.insert(Arc::clone(&pacticipant.name), key);
        }
        for (key, version) in tables.versions.iter() {
            index.add_version(key, version);
        }
        for (key, content) in tables.contents.iter() {
            index.contents.insert((content.consumer, content.provider, content.sha), key);
        }
        index.sort_publications(tables);
        index.sort_verifications(tables);
        for placed in tables.placements.values() {
            index.add_placed(placed);
        }
        for (key, definition) in tables.definitions.iter() {
            if let Some(version) = tables.versions.get(definition.version) {
                index.defined.insert(definition.version, key);
                index.definers.insert((version.pacticipant, definition.version));
            }
        }
        index
    }

    /// The same as adding one by one, but in the order of the keys: what is added at the end is soon added.
    fn sort_publications(&mut self, tables: &Tables) {
        let mut publications = Vec::new();
        let mut of_content = Vec::new();
        for (key, publication) in tables.publications.iter() {
            let Some(version) = tables.versions.get(publication.version) else { continue };
            publications.push((version.pacticipant, publication.provider, key, publication.at));
            of_content.push((publication.content, key));
        }
        publications.sort_unstable();
        of_content.sort_unstable();
        let same = |a: &(_, _, _, _), b: &(_, _, _, _)| (a.0, a.1) == (b.0, b.1);
        for pacts in publications.chunk_by(same) {
            if let Some((consumer, provider, _, first)) = pacts.first() {
                self.integrations.insert((*consumer, *provider), *first);
                self.consumers.insert((*provider, *consumer));
            }
        }
        self.publications =
            publications.into_iter().map(|(consumer, provider, key, _)| (consumer, provider, key)).collect();
        self.of_content = of_content.into_iter().collect();
    }

    /// The same as adding one by one, but in the order of the keys.
    fn sort_verifications(&mut self, tables: &Tables) {
        let mut verifications = Vec::new();
        let mut verified_by = Vec::new();
        for (key, verification) in tables.verifications.iter() {
            verifications.push((verification.content, key));
            verified_by.push((verification.version, verification.content));
        }
        verifications.sort_unstable();
        verified_by.sort_unstable();
        verified_by.dedup();
        for of_content in verifications.chunk_by(|(a, _), (b, _)| a == b) {
            let mut newest = BTreeMap::new();
            let mut proofs: BTreeMap<&Arc<str>, Proof> = BTreeMap::new();
            for (_, key) in of_content {
                let Some(verification) = tables.verifications.get(*key) else { continue };
                newest.insert(verification.version, *key);
                let Some(proof) = Proof::of(verification) else { continue };
                let branches = tables.versions.get(verification.version).map(|version| version.branches.as_slice());
                for on in branches.unwrap_or_default() {
                    proofs.entry(&on.branch).and_modify(|known| known.join(proof)).or_insert(proof);
                }
            }
            let Some((content, _)) = of_content.first() else { continue };
            for (version, key) in newest {
                self.verified.insert((*content, version), key);
            }
            for (branch, proof) in proofs {
                self.proofs.insert((*content, Arc::clone(branch)), proof);
            }
        }
        self.verifications = verifications.into_iter().collect();
        self.verified_by = verified_by.into_iter().collect();
    }

    pub(crate) fn add_version(&mut self, key: VersionKey, version: &Version) {
        let pacticipant = version.pacticipant;
        self.numbers.insert((pacticipant, Arc::clone(&version.number)), key);
        self.versions.insert((pacticipant, key));
        for on in &version.branches {
            self.branched.insert((pacticipant, Arc::clone(&on.branch), key));
        }
        for (tag, _) in &version.tags {
            self.tagged.insert((pacticipant, Arc::clone(tag), key));
        }
    }

    pub(crate) fn add_publication(&mut self, key: PublicationKey, publication: &Publication, consumer: PacticipantKey) {
        let provider = publication.provider;
        self.integrations.entry((consumer, provider)).or_insert(publication.at);
        self.consumers.insert((provider, consumer));
        self.publications.insert((consumer, provider, key));
        self.of_content.insert((publication.content, key));
    }

    pub(crate) fn add_verification(&mut self, key: VerificationKey, verification: &Verification, version: &Version) {
        let Verification { content, version: by, .. } = *verification;
        let newest = self.verified.entry((content, by)).or_insert(key);
        *newest = key.max(*newest);
        self.verified_by.insert((by, content));
        self.verifications.insert((content, key));
        for on in &version.branches {
            self.add_proof(verification, &on.branch);
        }
    }

    pub(crate) fn add_proof(&mut self, verification: &Verification, branch: &Arc<str>) {
        let Some(proof) = Proof::of(verification) else { return };
        match self.proofs.get_mut(&(verification.content, Arc::clone(branch))) {
            None => drop(self.proofs.insert((verification.content, Arc::clone(branch)), proof)),
            Some(known) => known.join(proof),
        }
    }

    pub(crate) fn add_placed(&mut self, placed: &Placed) {
        self.placements.insert((placed.version, placed.id));
        if placed.until.is_none() {
            self.placed.insert((placed.environment, placed.pacticipant, placed.id));
        }
    }

    /// The keys of the contents that branch `branch` of the provider proved, for removal.
    pub(crate) fn proofs_of(&self, content: ContentKey) -> Vec<Arc<str>> {
        let from = (content, Arc::from(""));
        let proofs = self.proofs.range(from..).take_while(|((of, _), _)| *of == content);
        proofs.map(|((_, branch), _)| Arc::clone(branch)).collect()
    }
}

#[cfg(test)]
impl super::State {
    /// Asserts that the ways to the rows, which are kept up with every event, are those that the rows alone give.
    pub(crate) fn assert_indexed(&self) {
        let Index {
            names,
            numbers,
            versions,
            contents,
            integrations,
            consumers,
            publications,
            of_content,
            verified,
            verified_by,
            verifications,
            proofs,
            tagged,
            branched,
            placed,
            placements,
            defined,
            definers,
        } = Index::of(&self.tables);
        let kept = &self.index;
        assert_eq!(kept.names, names, "names");
        assert_eq!(kept.numbers, numbers, "numbers");
        assert_eq!(kept.versions, versions, "versions");
        assert_eq!(kept.contents, contents, "contents");
        assert_eq!(kept.integrations, integrations, "integrations");
        assert_eq!(kept.consumers, consumers, "consumers");
        assert_eq!(kept.publications, publications, "publications");
        assert_eq!(kept.of_content, of_content, "of_content");
        assert_eq!(kept.verified, verified, "verified");
        assert_eq!(kept.verified_by, verified_by, "verified_by");
        assert_eq!(kept.verifications, verifications, "verifications");
        assert_eq!(kept.proofs, proofs, "proofs");
        assert_eq!(kept.tagged, tagged, "tagged");
        assert_eq!(kept.branched, branched, "branched");
        assert_eq!(kept.placed, placed, "placed");
        assert_eq!(kept.placements, placements, "placements");
        assert_eq!(kept.defined, defined, "defined");
        assert_eq!(kept.definers, definers, "definers");
    }
}
