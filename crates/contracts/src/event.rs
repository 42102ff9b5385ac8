//! The facts: what was published, verified, deployed, and who is told.

mod api;
mod told;

use kernel::{EffectId, EntityRef, EnvironmentId, PlacementId, Sha256, Timestamp};
use serde::{Deserialize, Serialize};

pub use self::api::{ApiChange, ApiComparison, ApiConsumer};
use crate::{ContentSha, Delivery, Outline, Webhook};

/// A pacticipant, as events name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Party {
    /// Its name, exactly as it was published.
    pub name: String,
    /// The catalog's component that it is taken for, whether there is one or not.
    pub component: EntityRef,
}

/// What is known of a pacticipant besides its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Its main branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_branch: Option<String>,
    /// Where its source is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_url: Option<String>,
    /// What the source's repository is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_name: Option<String>,
    /// Whose the source's repository is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository_namespace: Option<String>,
}

/// How a pact relates to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PactChange {
    /// It is the first between the two.
    First,
    /// Its content is another than that of the consumer's version before (on the same branch or tag, where there is one).
    Changed,
    /// Its content is that of the version before.
    Unchanged,
    /// It replaces another content of the same version.
    Revised,
}

/// Who verified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VerifiedBy {
    /// As it was sent, as JSON text.
    pub json: String,
}

/// An interaction that failed its verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Its description.
    pub interaction: String,
    /// The provider's state that it was verified in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What did not match, in the verifier's words, cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Whether deployments to an environment ask the matrix first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// They don't.
    #[default]
    Off,
    /// They do; without a good answer, that is said on the timeline.
    Warn,
    /// They do; without a good answer, they are refused.
    Refuse,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its id.
    pub id: EnvironmentId,
    /// Its name, without spaces.
    pub name: String,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// True if it is a production environment.
    pub production: bool,
    /// Whom to ask, as it was sent, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contacts: Option<String>,
    /// Whether deployments ask first.
    #[serde(default)]
    pub gate: Gate,
}

/// By which way it became known what runs where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By a client of contracts.
    Contracts,
    /// By a recorded deployment of the component.
    Deploys,
    /// By a tag with the name of the environment.
    Tag,
}

/// What happened among contracts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A pacticipant became known.
    PacticipantCreated {
        /// Which.
        pacticipant: Party,
        /// What is known of it.
        #[serde(default)]
        details: Details,
    },
    /// What is known of a pacticipant is now this.
    PacticipantChanged {
        /// Which.
        pacticipant: Party,
        /// All that is known of it.
        details: Details,
    },
    /// A pacticipant is taken for another component of the catalog.
    PacticipantMatched {
        /// Which, with its component from now on.
        pacticipant: Party,
    },
    /// A pacticipant was removed, with all its versions, pacts and verifications.
    PacticipantRemoved {
        /// Which.
        pacticipant: Party,
    },
    /// A pacticipant has a label.
    Labelled {
        /// Which.
        pacticipant: Party,
        /// The label.
        label: String,
    },
    /// A pacticipant has a label no more.
    Unlabelled {
        /// Which.
        pacticipant: Party,
        /// The label.
        label: String,
    },
    /// A version became known.
    VersionCreated {
        /// Whose.
        pacticipant: Party,
        /// Its number.
        version: String,
        /// Where it was built.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        build_url: Option<String>,
    },
    /// What is known of a version is now this.
    VersionChanged {
        /// Whose.
        pacticipant: Party,
        /// Its number.
        version: String,
        /// Where it was built.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        build_url: Option<String>,
    },
    /// A version was removed, with its pacts and verifications.
    VersionRemoved {
        /// Whose.
        pacticipant: Party,
        /// Its number.
        version: String,
    },
    /// A version is on a branch, whose head it now is.
    BranchSet {
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// The branch.
        branch: String,
        /// True if a tag was taken for it.
        #[serde(default)]
        automatic: bool,
    },
    /// A version is not on a branch any more.
    BranchUnset {
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// The branch.
        branch: String,
    },
    /// A branch was removed; its versions stay.
    BranchRemoved {
        /// Whose.
        pacticipant: Party,
        /// The branch.
        branch: String,
    },
    /// A version has a tag.
    Tagged {
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// The tag.
        tag: String,
    },
    /// A version has a tag no more.
    Untagged {
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// The tag.
        tag: String,
    },
    /// A consumer's version has a pact with a provider.
    PactPublished {
        /// Who expects.
        consumer: Party,
        /// The consumer's version.
        version: String,
        /// Of whom.
        provider: Party,
        /// What the content is known by.
        content: ContentSha,
        /// The document, as it was published.
        blob: Sha256,
        /// What it asks for; where the content is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outline: Option<Outline>,
        /// How it relates to the one before.
        change: PactChange,
        /// True if no version of the provider that matters has verified it.
        #[serde(default)]
        unproven: bool,
    },
    /// A consumer's version was published again with the pact that it has.
    PactRepeated {
        /// Who expects.
        consumer: Party,
        /// The consumer's version.
        version: String,
        /// Of whom.
        provider: Party,
    },
    /// A pact was removed.
    PactRemoved {
        /// Who expected.
        consumer: Party,
        /// The consumer's version.
        version: String,
        /// Of whom.
        provider: Party,
    },
    /// All pacts between two were removed, with their verifications.
    IntegrationRemoved {
        /// Who expected.
        consumer: Party,
        /// Of whom.
        provider: Party,
    },
    /// A version of a provider was tried against a pact.
    VerificationPublished {
        /// Who was tried.
        provider: Party,
        /// The provider's version.
        version: String,
        /// Against whose expectations.
        consumer: Party,
        /// Which.
        content: ContentSha,
        /// Whether it met them.
        success: bool,
        /// True if the pact was verified as work in progress.
        #[serde(default)]
        wip: bool,
        /// Where it was built.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        build_url: Option<String>,
        /// The results of each interaction, as they were sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        results: Option<Sha256>,
        /// Who verified.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verified_by: Option<VerifiedBy>,
        /// The first interactions that failed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        failures: Vec<Failure>,
        /// The consumer's versions for which it was verified.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        selected_for: Vec<String>,
    },
    /// A verification was removed.
    VerificationRemoved {
        /// Who was tried.
        provider: Party,
        /// Against whose expectations.
        consumer: Party,
        /// The verification's number.
        number: u32,
    },
    /// An environment is now this.
    EnvironmentDefined {
        /// All of it.
        environment: Environment,
    },
    /// An environment was removed, with what was deployed and released there.
    EnvironmentRemoved {
        /// Which.
        environment: EnvironmentId,
        /// Its name.
        name: String,
    },
    /// A version runs in an environment, in the place of what ran there.
    VersionDeployed {
        /// This fact's id.
        placement: PlacementId,
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// Where.
        environment: EnvironmentId,
        /// The environment's name.
        environment_name: String,
        /// Which instance of the application, where there are several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        instance: Option<String>,
        /// How it became known.
        via: Via,
        /// True if the version has neither a pact nor a verification, so that nothing can be said of it.
        #[serde(default)]
        without_contract: bool,
    },
    /// A version doesn't run in an environment any more.
    VersionUndeployed {
        /// Which fact ended.
        placement: PlacementId,
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// The environment's name.
        environment_name: String,
    },
    /// A version is supported in an environment, beside others.
    VersionReleased {
        /// This fact's id.
        placement: PlacementId,
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// Where.
        environment: EnvironmentId,
        /// The environment's name.
        environment_name: String,
    },
    /// A version isn't supported in an environment any more.
    SupportEnded {
        /// Which fact ended.
        placement: PlacementId,
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// The environment's name.
        environment_name: String,
    },
    /// A version was deployed although the matrix did not say that it can be.
    GatePassed {
        /// Whose.
        pacticipant: Party,
        /// The version's number.
        version: String,
        /// Where.
        environment_name: String,
        /// What the matrix said.
        answer: String,
        /// True if the environment refuses such deployments, and somebody overrode that.
        overridden: bool,
    },
    /// A webhook is now this.
    WebhookDefined {
        /// All of it.
        webhook: Webhook,
        /// Who it is about, where it is about somebody.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        about: Vec<EntityRef>,
    },
    /// A webhook was removed.
    WebhookRemoved {
        /// Which.
        webhook: String,
        /// What it was for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<String>,
    },
    /// A webhook is to be called.
    WebhookTriggered {
        /// All of it.
        delivery: Delivery,
        /// Who it is about.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        about: Vec<EntityRef>,
    },
    /// A provider's version says what its API is.
    DefinitionPublished {
        /// Whose.
        provider: Party,
        /// The provider's version.
        version: String,
        /// The document.
        blob: Sha256,
        /// The document's media type.
        media_type: String,
        /// What sort of definition: `oas`.
        specification: String,
        /// Whether the provider was tried against its own definition; none if that was not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        self_verified: Option<bool>,
        /// What that gave, as it was sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        self_results: Option<Sha256>,
        /// With what it was tried.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verifier: Option<String>,
    },
    /// It was found out whether a pact fits a definition.
    FitJudged {
        /// Who expects.
        consumer: Party,
        /// Of whom.
        provider: Party,
        /// What.
        content: ContentSha,
        /// The definition's document.
        definition: Sha256,
        /// Whether it fits.
        fits: bool,
        /// The first things that don't, in words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        problems: Vec<Failure>,
        /// The whole comparison.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comparison: Option<Sha256>,
    },
    /// The catalog's definition of an API is now this document.
    ApiObserved {
        /// The API.
        api: EntityRef,
        /// The document.
        blob: Sha256,
        /// `openapi`, `grpc`.
        format: String,
    },
    /// The catalog's definition of an API differs from an earlier one.
    ApiChanged {
        /// The API.
        api: EntityRef,
        /// What was compared.
        comparison: ApiComparison,
    },
    /// A call of a webhook was asked for again.
    WebhookRefired {
        /// The call.
        delivery: EffectId,
        /// The call that it repeats.
        again: Delivery,
        /// Who it is about.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        about: Vec<EntityRef>,
    },
}

/// When a timestamp is not known: the beginning.
pub(crate) const NEVER: Timestamp = Timestamp::UNIX_EPOCH;
