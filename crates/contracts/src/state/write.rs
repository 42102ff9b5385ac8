//! What each event does to the rows and the ways to them.

use std::sync::Arc;

use jiff::Timestamp;
use kernel::{EffectId, EntityRef, EnvironmentId, PlacementId, Sha256, Stamp};

use super::{
    ApiHistory, Branch, BranchedVersion, Content, Definition, Fit, KnownDelivery, KnownEnvironment, KnownWebhook,
    Moment, Pacticipant, Placed, Publication, State, Verification, Version,
};
use crate::{
    ContentKey, Delivery, Environment, Event, Outcome, Outline, PacticipantKey, Party, PublicationKey, VerificationKey,
    VersionKey, Via, Webhook,
    event::{ApiComparison, Details},
    limits,
};

/// Tries of one call that are remembered.
const TRIES_MAX: usize = 40;
/// Comparisons of one API that are remembered.
const COMPARISONS_MAX: usize = 20;

impl State {
    pub(super) fn create_pacticipant(&mut self, party: &Party, details: &Details, stamp: &Stamp) {
        if self.pacticipant_named(&party.name).is_some() {
            return;
        }
        let name: Arc<str> = Arc::from(party.name.as_str());
        let row = Pacticipant {
            name: Arc::clone(&name),
            component: party.component.clone(),
            details: details.clone(),
            labels: imbl::OrdMap::new(),
            created: stamp.at,
            updated: stamp.at,
        };
        let key = self.tables.pacticipants.push(Arc::new(row));
        self.index.names.insert(name, key);
    }

    pub(super) fn change_pacticipant(&mut self, name: &str, change: impl FnOnce(&mut Pacticipant), stamp: &Stamp) {
        let Some(key) = self.pacticipant_named(name) else { return };
        if let Some(row) = self.tables.pacticipants.get_mut(key) {
            let row = Arc::make_mut(row);
            change(row);
            row.updated = stamp.at;
        }
    }

    pub(super) fn remove_pacticipant(&mut self, name: &str) {
        let Some(key) = self.pacticipant_named(name) else { return };
        // First what goes as a whole, so that little is left to be gone through version by version.
        let consumers: Vec<PacticipantKey> = self.consumers_of(key).collect();
        for consumer in consumers {
            self.remove_between(consumer, key);
        }
        let providers: Vec<PacticipantKey> = self.providers_of(key).collect();
        for provider in providers {
            self.remove_between(key, provider);
        }
        let versions: Vec<VersionKey> = self.versions_of(key).collect();
        versions.into_iter().for_each(|version| self.remove_version(version));
        if let Some(row) = self.tables.pacticipants.remove(key) {
            self.index.names.remove(&row.name);
        }
    }

    pub(super) fn create_version(&mut self, name: &str, number: &str, build_url: Option<&str>, stamp: &Stamp) {
        let Some(pacticipant) = self.pacticipant_named(name) else { return };
        if self.version_numbered(pacticipant, number).is_some() {
            return;
        }
        let version = Version {
            pacticipant,
            number: Arc::from(number),
            created: stamp.at.into(),
            build_url: build_url.map(Arc::from),
            branches: Vec::new(),
            tags: Vec::new(),
            pacts: Vec::new(),
        };
        let key = self.tables.versions.next();
        self.index.add_version(key, &version);
        self.tables.versions.push(Arc::new(version));
    }

    pub(super) fn change_version(&mut self, key: VersionKey, change: impl FnOnce(&mut Version)) {
        if let Some(row) = self.tables.versions.get_mut(key) {
            change(Arc::make_mut(row));
        }
    }

    pub(super) fn remove_version(&mut self, key: VersionKey) {
        let Some(version) = self.version(key).cloned() else { return };
        let pacticipant = version.pacticipant;
        for (provider, _) in &version.pacts {
            self.drop_publications(key, *provider);
        }
        let tried: Vec<ContentKey> = self.contents_tried_by(key).collect();
        for content in tried {
            self.drop_verifications(content, |_, verification| verification.version == key);
        }
        for on in &version.branches {
            self.leave_branch(pacticipant, key, &on.branch);
        }
        for (tag, _) in &version.tags {
            self.index.tagged.remove(&(pacticipant, Arc::clone(tag), key));
        }
        for placement in self.placements_of(key).map(|placed| placed.id).collect::<Vec<_>>() {
            self.drop_placement(placement);
        }
        if let Some(definition) = self.index.defined.remove(&key) {
            self.tables.definitions.remove(definition);
            self.index.definers.remove(&(pacticipant, key));
        }
        self.tables.versions.remove(key);
        self.index.numbers.remove(&(pacticipant, Arc::clone(&version.number)));
        self.index.versions.remove(&(pacticipant, key));
    }

    pub(super) fn set_branch(&mut self, name: &str, number: &str, branch: &str, automatic: bool, stamp: &Stamp) {
        let Some(key) = self.version_named(name, number) else { return };
        let Some(version) = self.version(key) else { return };
        let (pacticipant, at) = (version.pacticipant, Moment::from(stamp.at));
        let branch: Arc<str> = match self.index.branched.get_next(&(pacticipant, Arc::from(branch), VersionKey(0))) {
            Some((of, known, _)) if *of == pacticipant && **known == *branch => Arc::clone(known),
            Some(_) | None => Arc::from(branch),
        };
        if !version.is_on(&branch) {
            let on = BranchedVersion { branch: Arc::clone(&branch), at, automatic };
            self.change_version(key, |version| version.branches.push(on));
            self.index.branched.insert((pacticipant, Arc::clone(&branch), key));
            for content in self.contents_tried_by(key).collect::<Vec<_>>() {
                for verification in self.verifications_of(content).collect::<Vec<_>>() {
                    if let Some(row) = self.tables.verifications.get(verification)
                        && row.version == key
                    {
                        self.index.add_proof(row, &branch);
                    }
                }
            }
        }
        let known = self.tables.branches.get(&(pacticipant, Arc::clone(&branch))).copied();
        let created = known.map_or(at, |known| known.created);
        self.tables.branches.insert((pacticipant, branch), Branch { created, updated: at, head: key });
    }

    pub(super) fn unset_branch(&mut self, name: &str, number: &str, branch: &str) {
        let Some(key) = self.version_named(name, number) else { return };
        let Some(pacticipant) = self.version(key).map(|version| version.pacticipant) else { return };
        self.leave_branch(pacticipant, key, branch);
    }

    fn leave_branch(&mut self, pacticipant: PacticipantKey, key: VersionKey, branch: &str) {
        let place: (PacticipantKey, Arc<str>) = (pacticipant, Arc::from(branch));
        self.change_version(key, |version| version.branches.retain(|on| &*on.branch != branch));
        self.index.branched.remove(&(pacticipant, Arc::clone(&place.1), key));
        if self.tables.branches.get(&place).is_some_and(|known| known.head == key) {
            let newest = self.versions_on(pacticipant, branch).next_back();
            match newest {
                Some(head) => {
                    if let Some(known) = self.tables.branches.get_mut(&place) {
                        known.head = head;
                    }
                }
                None => drop(self.tables.branches.remove(&place)),
            }
        }
        for content in self.contents_tried_by(key).collect::<Vec<_>>() {
            self.prove_again_on(content, &place.1);
        }
    }

    /// As if every version left it, but nothing is left that it proves.
    pub(super) fn remove_branch(&mut self, name: &str, branch: &str) {
        let Some(pacticipant) = self.pacticipant_named(name) else { return };
        let branch: Arc<str> = Arc::from(branch);
        for version in self.versions_on(pacticipant, &branch).collect::<Vec<_>>() {
            self.change_version(version, |version| version.branches.retain(|on| on.branch != branch));
            self.index.branched.remove(&(pacticipant, Arc::clone(&branch), version));
            for content in self.contents_tried_by(version).collect::<Vec<_>>() {
                self.index.proofs.remove(&(content, Arc::clone(&branch)));
            }
        }
        self.tables.branches.remove(&(pacticipant, branch));
    }

    pub(super) fn tag(&mut self, name: &str, number: &str, tag: &str, stamp: &Stamp) {
        let Some(key) = self.version_named(name, number) else { return };
        let Some(version) = self.version(key).filter(|version| !version.has_tag(tag)) else { return };
        let pacticipant = version.pacticipant;
        let tag: Arc<str> = Arc::from(tag);
        self.index.tagged.insert((pacticipant, Arc::clone(&tag), key));
        self.change_version(key, |version| version.tags.push((tag, stamp.at.into())));
    }

    pub(super) fn untag(&mut self, name: &str, number: &str, tag: &str) {
        let Some(key) = self.version_named(name, number) else { return };
        let Some(pacticipant) = self.version(key).map(|version| version.pacticipant) else { return };
        self.index.tagged.remove(&(pacticipant, Arc::from(tag), key));
        self.change_version(key, |version| version.tags.retain(|(known, _)| &**known != tag));
    }

    pub(super) fn publish(&mut self, event: &Event, stamp: &Stamp) {
        let Event::PactPublished { consumer, version, provider, content: sha, blob, outline, .. } = event else {
            return;
        };
        let Some(key) = self.version_named(&consumer.name, version) else { return };
        let Some(provider) = self.pacticipant_named(&provider.name) else { return };
        let Some(version) = self.version(key) else { return };
        let consumer = version.pacticipant;
        let revision = match version.pact_with(provider).and_then(|before| self.publication(before)) {
            Some(before) => before.revision + 1,
            None => 1,
        };
        let at = Moment::from(stamp.at);
        let content = self.content_known_as(consumer, provider, *sha).unwrap_or_else(|| {
            let outline = outline.clone().map(Arc::new).unwrap_or_else(|| Arc::new(Outline::default()));
            let row = Content { consumer, provider, sha: *sha, blob: *blob, outline, created: at };
            let content = self.tables.contents.push(Arc::new(row));
            self.index.contents.insert((consumer, provider, *sha), content);
            content
        });
        let differs = self.content(content).is_some_and(|content| content.blob != *blob);
        let blob = differs.then(|| Box::new(*blob));
        let publication = Publication { version: key, provider, content, revision, at, blob };
        let publication_key = self.tables.publications.next();
        self.index.add_publication(publication_key, &publication, consumer);
        self.tables.publications.push(publication);
        self.change_version(key, |version| {
            version.pacts.retain(|(with, _)| *with != provider);
            version.pacts.push((provider, publication_key));
        });
    }

    pub(super) fn remove_pact(&mut self, consumer: &str, number: &str, provider: &str) {
        let Some(key) = self.version_named(consumer, number) else { return };
        let Some(provider) = self.pacticipant_named(provider) else { return };
        self.drop_publications(key, provider);
    }

    /// Removes the pact of a version with a provider, and the revisions before it.
    fn drop_publications(&mut self, key: VersionKey, provider: PacticipantKey) {
        let Some(version) = self.version(key) else { return };
        let (consumer, current) = (version.pacticipant, version.pact_with(provider));
        let is_revised = current.and_then(|pact| self.publication(pact)).is_some_and(|pact| pact.revision > 1);
        let pacts: Vec<PublicationKey> = if is_revised {
            let of_version = |pact: &PublicationKey| self.publication(*pact).is_some_and(|pact| pact.version == key);
            self.publications_between(consumer, provider).filter(of_version).collect()
        } else {
            current.into_iter().collect()
        };
        pacts.into_iter().for_each(|pact| self.drop_publication(pact));
    }

    pub(super) fn remove_integration(&mut self, consumer: &str, provider: &str) {
        if let (Some(consumer), Some(provider)) = (self.pacticipant_named(consumer), self.pacticipant_named(provider)) {
            self.remove_between(consumer, provider);
        }
    }

    fn remove_between(&mut self, consumer: PacticipantKey, provider: PacticipantKey) {
        let pacts: Vec<PublicationKey> = self.publications_between(consumer, provider).collect();
        pacts.into_iter().for_each(|pact| self.drop_publication(pact));
        self.index.integrations.remove(&(consumer, provider));
        self.index.consumers.remove(&(provider, consumer));
    }

    /// Removes a pact; and its content, if no other pact has it; and the integration, if that was the last.
    fn drop_publication(&mut self, key: PublicationKey) {
        let Some(publication) = self.tables.publications.remove(key) else { return };
        let Some(consumer) = self.version(publication.version).map(|version| version.pacticipant) else { return };
        let Publication { version, provider, content, .. } = publication;
        self.index.publications.remove(&(consumer, provider, key));
        self.index.of_content.remove(&(content, key));
        self.change_version(version, |version| version.pacts.retain(|(_, pact)| *pact != key));
        if self.publications_of(content).next().is_none() {
            self.drop_verifications(content, |_, _| true);
            let fits: Vec<Sha256> = self.fits_of(content).map(|(definition, _)| definition).collect();
            for definition in fits {
                self.tables.fits.remove(&(content, definition));
            }
            if let Some(row) = self.tables.contents.remove(content) {
                self.index.contents.remove(&(row.consumer, row.provider, row.sha));
            }
        }
        let first = self.publications_between(consumer, provider).next().and_then(|first| self.publication(first));
        match first.map(|first| first.at) {
            Some(first) => drop(self.index.integrations.insert((consumer, provider), first)),
            None => {
                self.index.integrations.remove(&(consumer, provider));
                self.index.consumers.remove(&(provider, consumer));
            }
        }
    }

    pub(super) fn verify(&mut self, event: &Event, stamp: &Stamp) {
        let Event::VerificationPublished { provider, version, consumer, content, success, wip, failures, .. } = event
        else {
            return;
        };
        let Some(key) = self.version_named(&provider.name, version) else { return };
        let Some(consumer) = self.pacticipant_named(&consumer.name) else { return };
        let Some(by) = self.version(key).cloned() else { return };
        let Some(content) = self.content_known_as(consumer, by.pacticipant, *content) else { return };
        let failures = (!failures.is_empty()).then(|| Arc::new(failures.clone()));
        let (success, wip) = (*success, *wip);
        let at = stamp.at.into();
        let row = Verification { content, version: key, at, success, wip, position: stamp.position, failures };
        let verification = self.tables.verifications.next();
        self.index.add_verification(verification, &row, &by);
        self.tables.verifications.push(row);
    }

    pub(super) fn remove_verification(&mut self, number: u32) {
        let Some(key) = number.checked_sub(1).map(VerificationKey) else { return };
        let Some(content) = self.tables.verifications.get(key).map(|row| row.content) else { return };
        self.drop_verifications(content, |candidate, _| candidate == key);
    }

    /// Removes some verifications of a content.
    fn drop_verifications(&mut self, content: ContentKey, doomed: impl Fn(VerificationKey, &Verification) -> bool) {
        let of_content: Vec<VerificationKey> = self.verifications_of(content).collect();
        let mut versions = Vec::new();
        for key in of_content {
            if self.tables.verifications.get(key).is_some_and(|row| doomed(key, row))
                && let Some(row) = self.tables.verifications.remove(key)
            {
                self.index.verifications.remove(&(content, key));
                self.index.verified.remove(&(content, row.version));
                self.index.verified_by.remove(&(row.version, content));
                versions.push(row.version);
            }
        }
        if versions.is_empty() {
            return;
        }
        // What is left of those versions, and what their branches still prove.
        let left: Vec<VerificationKey> = self.verifications_of(content).collect();
        for key in left {
            let Some(row) = self.tables.verifications.get(key).filter(|row| versions.contains(&row.version)) else {
                continue;
            };
            self.index.verified.insert((content, row.version), key);
            self.index.verified_by.insert((row.version, content));
        }
        self.prove_again(content);
    }

    /// Finds out anew what each branch proved of a content.
    fn prove_again(&mut self, content: ContentKey) {
        for branch in self.index.proofs_of(content) {
            self.index.proofs.remove(&(content, branch));
        }
        for key in self.verifications_of(content).collect::<Vec<_>>() {
            let Some(row) = self.tables.verifications.get(key).cloned() else { continue };
            let Some(version) = self.tables.versions.get(row.version).cloned() else { continue };
            for on in &version.branches {
                self.index.add_proof(&row, &on.branch);
            }
        }
    }

    /// Finds out anew what one branch proved of a content.
    fn prove_again_on(&mut self, content: ContentKey, branch: &Arc<str>) {
        self.index.proofs.remove(&(content, Arc::clone(branch)));
        for key in self.verifications_of(content).collect::<Vec<_>>() {
            if let Some(row) = self.tables.verifications.get(key)
                && self.tables.versions.get(row.version).is_some_and(|version| version.is_on(branch))
            {
                self.index.add_proof(row, branch);
            }
        }
    }

    pub(super) fn define_environment(&mut self, environment: &Environment, stamp: &Stamp) {
        let created = self.tables.environments.get(&environment.id).map_or(stamp.at, |known| known.created);
        let known = KnownEnvironment { environment: environment.clone(), created, updated: stamp.at };
        self.tables.environments.insert(environment.id, Arc::new(known));
    }

    pub(super) fn remove_environment(&mut self, id: EnvironmentId) {
        let there: Vec<PlacementId> = {
            let placements = self.tables.placements.values().filter(|placed| placed.environment == id);
            placements.map(|placed| placed.id).collect()
        };
        there.into_iter().for_each(|placement| self.drop_placement(placement));
        self.tables.environments.remove(&id);
    }

    pub(super) fn place(
        &mut self,
        (id, environment, instance): (PlacementId, EnvironmentId, Option<&str>),
        name: &str,
        number: &str,
        deployed: Option<Via>,
        stamp: &Stamp,
    ) {
        let Some(version) = self.version_named(name, number) else { return };
        let Some(pacticipant) = self.version(version).map(|version| version.pacticipant) else { return };
        if deployed.is_some() {
            let before = self.placed_in(environment, pacticipant);
            let replaced = before.filter(|placed| !placed.released && placed.instance.as_deref() == instance);
            let replaced: Vec<PlacementId> = replaced.map(|placed| placed.id).collect();
            replaced.into_iter().for_each(|placement| self.displace(placement, stamp.at));
        }
        let placed = Placed {
            id,
            version,
            pacticipant,
            environment,
            released: deployed.is_none(),
            instance: instance.map(str::to_owned),
            via: deployed.unwrap_or(Via::Contracts),
            since: stamp.at,
            until: None,
        };
        self.index.add_placed(&placed);
        self.tables.placements.insert(id, Arc::new(placed));
    }

    pub(super) fn displace(&mut self, id: PlacementId, at: Timestamp) {
        let Some(placed) = self.tables.placements.get_mut(&id) else { return };
        let placed = Arc::make_mut(placed);
        placed.until = placed.until.or(Some(at));
        self.index.placed.remove(&(placed.environment, placed.pacticipant, id));
    }

    fn drop_placement(&mut self, id: PlacementId) {
        let Some(placed) = self.tables.placements.remove(&id) else { return };
        self.index.placed.remove(&(placed.environment, placed.pacticipant, id));
        self.index.placements.remove(&(placed.version, id));
    }

    pub(super) fn define_webhook(&mut self, webhook: &Webhook, stamp: &Stamp) {
        let created = self.tables.webhooks.get(&webhook.id).map_or(stamp.at, |known| known.created);
        let known = KnownWebhook { webhook: webhook.clone(), created, updated: stamp.at };
        self.tables.webhooks.insert(webhook.id.clone(), Arc::new(known));
    }

    pub(super) fn deliver(&mut self, delivery: &Delivery, stamp: &Stamp) {
        let known = KnownDelivery {
            delivery: delivery.clone(),
            created: stamp.at,
            outcome: Outcome::Waiting,
            tries: Vec::new(),
        };
        self.tables.deliveries.insert(delivery.effect, Arc::new(known));
        if self.tables.deliveries.len() > limits::DELIVERIES
            && let Some((oldest, _)) = self.tables.deliveries.get_min()
        {
            let oldest = *oldest;
            self.tables.deliveries.remove(&oldest);
        }
    }

    /// Notes what came of a call, if it is one of a webhook.
    pub fn note_delivery(&mut self, effect: EffectId, outcome: Outcome, at: Timestamp) {
        let Some(known) = self.tables.deliveries.get_mut(&effect) else { return };
        let known = Arc::make_mut(known);
        let words = match &outcome {
            Outcome::Waiting => "is to be made".to_owned(),
            Outcome::Retrying { error, .. } | Outcome::GaveUp { error } => error.clone(),
            Outcome::Done { answer } => answer.clone(),
        };
        if known.tries.len() < TRIES_MAX {
            known.tries.push((at, words));
        }
        known.outcome = outcome;
    }

    pub(super) fn define(&mut self, event: &Event, stamp: &Stamp) {
        let Event::DefinitionPublished { provider, version, blob, media_type, specification, self_verified, .. } =
            event
        else {
            return;
        };
        let Some(key) = self.version_named(&provider.name, version) else { return };
        let Some(pacticipant) = self.version(key).map(|version| version.pacticipant) else { return };
        let definition = Definition {
            version: key,
            blob: *blob,
            media_type: media_type.clone(),
            specification: specification.clone(),
            self_verified: *self_verified,
            at: stamp.at,
        };
        let row = self.tables.definitions.push(Arc::new(definition));
        if let Some(before) = self.index.defined.insert(key, row) {
            self.tables.definitions.remove(before);
        }
        self.index.definers.insert((pacticipant, key));
    }

    pub(super) fn judge_fit(&mut self, event: &Event, stamp: &Stamp) {
        let Event::FitJudged { consumer, provider, content, definition, fits, problems, comparison } = event else {
            return;
        };
        let Some(consumer) = self.pacticipant_named(&consumer.name) else { return };
        let Some(provider) = self.pacticipant_named(&provider.name) else { return };
        let Some(content) = self.content_known_as(consumer, provider, *content) else { return };
        let fit = Fit { fits: *fits, at: stamp.at, problems: Arc::new(problems.clone()), comparison: *comparison };
        self.tables.fits.insert((content, *definition), fit);
    }

    pub(super) fn observe_api(&mut self, api: &EntityRef, blob: Sha256, format: &str, stamp: &Stamp) {
        let mut history = self.tables.apis.get(api).map_or_else(ApiHistory::default, |known| known.as_ref().clone());
        history.documents.push((stamp.at, blob));
        if history.documents.len() > limits::API_HISTORY {
            history.documents.remove(0);
        }
        format.clone_into(&mut history.format);
        self.tables.apis.insert(api.clone(), Arc::new(history));
    }

    pub(super) fn compare_api(&mut self, api: &EntityRef, comparison: &ApiComparison, stamp: &Stamp) {
        let Some(history) = self.tables.apis.get_mut(api) else { return };
        let history = Arc::make_mut(history);
        history.comparisons.insert(0, (stamp.at, comparison.clone()));
        history.comparisons.truncate(COMPARISONS_MAX);
    }
}
