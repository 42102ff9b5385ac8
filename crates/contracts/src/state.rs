//! The fold, and the queries.

mod index;
mod read;
mod rows;
mod write;

use std::sync::Arc;

use imbl::OrdMap;
use kernel::{EffectId, EntityRef, EnvironmentId, PlacementId, Sha256, Stamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    ContentKey, DefinitionKey, Event, PacticipantKey, PublicationKey, VerificationKey, VersionKey, table::Table,
};
use index::Index;
pub(crate) use index::Proof;
pub use read::{Latest, Selectable};
pub use rows::{
    ApiHistory, Branch, BranchedVersion, Content, Definition, Fit, KnownDelivery, KnownEnvironment, KnownWebhook,
    Moment, Pacticipant, Placed, Publication, Verification, Version,
};

/// Everything that is known of contracts.
#[derive(Debug, Clone, Default)]
pub struct State {
    pub(crate) tables: Tables,
    pub(crate) index: Index,
}

/// The rows.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tables {
    pub(crate) pacticipants: Table<PacticipantKey, Arc<Pacticipant>>,
    pub(crate) versions: Table<VersionKey, Arc<Version>>,
    pub(crate) branches: OrdMap<(PacticipantKey, Arc<str>), Branch>,
    pub(crate) contents: Table<ContentKey, Arc<Content>>,
    pub(crate) publications: Table<PublicationKey, Publication>,
    pub(crate) verifications: Table<VerificationKey, Verification>,
    pub(crate) definitions: Table<DefinitionKey, Arc<Definition>>,
    pub(crate) fits: OrdMap<(ContentKey, Sha256), Fit>,
    pub(crate) environments: OrdMap<EnvironmentId, Arc<KnownEnvironment>>,
    pub(crate) placements: OrdMap<PlacementId, Arc<Placed>>,
    pub(crate) webhooks: OrdMap<String, Arc<KnownWebhook>>,
    pub(crate) deliveries: OrdMap<EffectId, Arc<KnownDelivery>>,
    pub(crate) apis: OrdMap<EntityRef, Arc<ApiHistory>>,
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.tables.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tables = Tables::deserialize(deserializer)?;
        let index = Index::of(&tables);
        Ok(Self { tables, index })
    }
}

impl State {
    /// Applies one event. What it can't apply to is passed over.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::PacticipantCreated { pacticipant, details } => self.create_pacticipant(pacticipant, details, stamp),
            Event::PacticipantChanged { pacticipant, details } => {
                self.change_pacticipant(&pacticipant.name, |known| known.details = details.clone(), stamp);
            }
            Event::PacticipantMatched { pacticipant } => {
                let component = pacticipant.component.clone();
                self.change_pacticipant(&pacticipant.name, |known| known.component = component, stamp);
            }
            Event::PacticipantRemoved { pacticipant } => self.remove_pacticipant(&pacticipant.name),
            Event::Labelled { pacticipant, label } => {
                let add = |known: &mut Pacticipant| {
                    known.labels.insert(label.clone(), stamp.at);
                };
                self.change_pacticipant(&pacticipant.name, add, stamp);
            }
            Event::Unlabelled { pacticipant, label } => {
                let take = |known: &mut Pacticipant| {
                    known.labels.remove(label);
                };
                self.change_pacticipant(&pacticipant.name, take, stamp);
            }
            Event::VersionCreated { pacticipant, version, build_url } => {
                self.create_version(&pacticipant.name, version, build_url.as_deref(), stamp);
            }
            Event::VersionChanged { pacticipant, version, build_url } => {
                if let Some(version) = self.version_named(&pacticipant.name, version) {
                    self.change_version(version, |known| known.build_url = build_url.as_deref().map(Arc::from));
                }
            }
            Event::VersionRemoved { pacticipant, version } => {
                if let Some(version) = self.version_named(&pacticipant.name, version) {
                    self.remove_version(version);
                }
            }
            Event::BranchSet { pacticipant, version, branch, automatic } => {
                self.set_branch(&pacticipant.name, version, branch, *automatic, stamp);
            }
            Event::BranchUnset { pacticipant, version, branch } => {
                self.unset_branch(&pacticipant.name, version, branch);
            }
            Event::BranchRemoved { pacticipant, branch } => self.remove_branch(&pacticipant.name, branch),
            Event::Tagged { pacticipant, version, tag } => self.tag(&pacticipant.name, version, tag, stamp),
            Event::Untagged { pacticipant, version, tag } => self.untag(&pacticipant.name, version, tag),
            Event::PactPublished { .. } => self.publish(event, stamp),
            Event::PactRemoved { consumer, version, provider } => {
                self.remove_pact(&consumer.name, version, &provider.name);
            }
            Event::IntegrationRemoved { consumer, provider } => self.remove_integration(&consumer.name, &provider.name),
            Event::VerificationPublished { .. } => self.verify(event, stamp),
            Event::VerificationRemoved { number, .. } => self.remove_verification(*number),
            Event::EnvironmentDefined { environment } => self.define_environment(environment, stamp),
            Event::EnvironmentRemoved { environment, .. } => self.remove_environment(*environment),
            Event::VersionDeployed { placement, pacticipant, version, environment, instance, via, .. } => {
                let place = (*placement, *environment, instance.as_deref());
                self.place(place, &pacticipant.name, version, Some(*via), stamp);
            }
            Event::VersionReleased { placement, pacticipant, version, environment, .. } => {
                self.place((*placement, *environment, None), &pacticipant.name, version, None, stamp);
            }
            Event::VersionUndeployed { placement, .. } | Event::SupportEnded { placement, .. } => {
                self.displace(*placement, stamp.at);
            }
            Event::WebhookDefined { webhook, .. } => self.define_webhook(webhook, stamp),
            Event::WebhookRemoved { webhook, .. } => drop(self.tables.webhooks.remove(webhook)),
            Event::WebhookTriggered { delivery, .. } | Event::WebhookRefired { again: delivery, .. } => {
                self.deliver(delivery, stamp);
            }
            Event::DefinitionPublished { .. } => self.define(event, stamp),
            Event::FitJudged { .. } => self.judge_fit(event, stamp),
            Event::ApiObserved { api, blob, format } => self.observe_api(api, *blob, format, stamp),
            Event::ApiChanged { api, comparison } => self.compare_api(api, comparison, stamp),
            Event::GatePassed { .. } | Event::PactRepeated { .. } => {}
        }
    }
}
