//! The facts: what was published, verified, deployed, and who is told.

use kernel::{EffectId, EntityRef, EnvironmentId, PlacementId, Sha256, Timestamp};
use serde::{Deserialize, Serialize};

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

/// What changed between two definitions of an API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiComparison {
    /// The earlier document.
    pub from: Sha256,
    /// The later one.
    pub to: Sha256,
    /// The environment where the earlier one is deployed; none if it is the one before in the catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_in: Option<String>,
    /// How many changes break callers.
    pub breaking: u32,
    /// How many may.
    pub risky: u32,
    /// How many do not.
    pub compatible: u32,
    /// The first changes, the worst first.
    pub changes: Vec<ApiChange>,
    /// Those who call an operation that was broken, by their pacts or their catalog entries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<ApiConsumer>,
}

/// One difference between two definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiChange {
    /// The rule, in oasdiff's or buf's words.
    pub rule: String,
    /// `breaking`, `risky` or `compatible`.
    pub level: String,
    /// The operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// What it means.
    pub text: String,
}

/// Somebody who calls a broken operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiConsumer {
    /// Who.
    pub component: EntityRef,
    /// The operations that it is known to call; none if it is only known to consume the API.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operations: Vec<String>,
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::PacticipantCreated { .. } => "contracts.pacticipant_created",
            Self::PacticipantChanged { .. } => "contracts.pacticipant_changed",
            Self::PacticipantMatched { .. } => "contracts.pacticipant_matched",
            Self::PacticipantRemoved { .. } => "contracts.pacticipant_removed",
            Self::Labelled { .. } => "contracts.labelled",
            Self::Unlabelled { .. } => "contracts.unlabelled",
            Self::VersionCreated { .. } => "contracts.version_created",
            Self::VersionChanged { .. } => "contracts.version_changed",
            Self::VersionRemoved { .. } => "contracts.version_removed",
            Self::BranchSet { .. } => "contracts.branch_set",
            Self::BranchUnset { .. } => "contracts.branch_unset",
            Self::BranchRemoved { .. } => "contracts.branch_removed",
            Self::Tagged { .. } => "contracts.tagged",
            Self::Untagged { .. } => "contracts.untagged",
            Self::PactPublished { .. } => "contracts.pact_published",
            Self::PactRemoved { .. } => "contracts.pact_removed",
            Self::IntegrationRemoved { .. } => "contracts.integration_removed",
            Self::VerificationPublished { .. } => "contracts.verification_published",
            Self::VerificationRemoved { .. } => "contracts.verification_removed",
            Self::EnvironmentDefined { .. } => "contracts.environment_defined",
            Self::EnvironmentRemoved { .. } => "contracts.environment_removed",
            Self::VersionDeployed { .. } => "contracts.version_deployed",
            Self::VersionUndeployed { .. } => "contracts.version_undeployed",
            Self::VersionReleased { .. } => "contracts.version_released",
            Self::SupportEnded { .. } => "contracts.support_ended",
            Self::GatePassed { .. } => "contracts.gate_passed",
            Self::WebhookDefined { .. } => "contracts.webhook_defined",
            Self::WebhookRemoved { .. } => "contracts.webhook_removed",
            Self::WebhookTriggered { .. } => "contracts.webhook_triggered",
            Self::DefinitionPublished { .. } => "contracts.definition_published",
            Self::FitJudged { .. } => "contracts.fit_judged",
            Self::ApiObserved { .. } => "contracts.api_observed",
            Self::ApiChanged { .. } => "contracts.api_changed",
            Self::WebhookRefired { .. } => "contracts.webhook_refired",
        }
    }

    /// What the event is about, most specific first.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::PacticipantCreated { pacticipant, .. }
            | Self::PacticipantChanged { pacticipant, .. }
            | Self::PacticipantMatched { pacticipant }
            | Self::PacticipantRemoved { pacticipant }
            | Self::Labelled { pacticipant, .. }
            | Self::Unlabelled { pacticipant, .. }
            | Self::VersionCreated { pacticipant, .. }
            | Self::VersionChanged { pacticipant, .. }
            | Self::VersionRemoved { pacticipant, .. }
            | Self::BranchSet { pacticipant, .. }
            | Self::BranchUnset { pacticipant, .. }
            | Self::BranchRemoved { pacticipant, .. }
            | Self::Tagged { pacticipant, .. }
            | Self::Untagged { pacticipant, .. }
            | Self::VersionDeployed { pacticipant, .. }
            | Self::VersionUndeployed { pacticipant, .. }
            | Self::VersionReleased { pacticipant, .. }
            | Self::SupportEnded { pacticipant, .. }
            | Self::GatePassed { pacticipant, .. } => vec![pacticipant.component.clone()],
            Self::PactPublished { consumer, provider, .. }
            | Self::PactRemoved { consumer, provider, .. }
            | Self::FitJudged { consumer, provider, .. }
            | Self::IntegrationRemoved { consumer, provider } => both(consumer, provider),
            Self::VerificationPublished { provider, consumer, .. }
            | Self::VerificationRemoved { provider, consumer, .. } => both(provider, consumer),
            Self::DefinitionPublished { provider, .. } => vec![provider.component.clone()],
            Self::EnvironmentDefined { .. } | Self::EnvironmentRemoved { .. } | Self::WebhookRemoved { .. } => {
                Vec::new()
            }
            Self::WebhookDefined { about, .. }
            | Self::WebhookTriggered { about, .. }
            | Self::WebhookRefired { about, .. } => about.clone(),
            Self::ApiObserved { api, .. } => vec![api.clone()],
            Self::ApiChanged { api, comparison } => {
                let consumers = comparison.consumers.iter().map(|consumer| consumer.component.clone());
                std::iter::once(api.clone()).chain(consumers).take(20).collect()
            }
        }
    }

    /// One plain sentence without the actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::PacticipantCreated { pacticipant, .. } => format!("made {} known as a pacticipant", pacticipant.name),
            Self::PacticipantChanged { pacticipant, .. } => format!("changed the pacticipant {}", pacticipant.name),
            Self::PacticipantMatched { pacticipant } => {
                format!("takes the pacticipant {} for {}", pacticipant.name, pacticipant.component)
            }
            Self::PacticipantRemoved { pacticipant } => {
                format!("removed the pacticipant {} with all its contracts", pacticipant.name)
            }
            Self::Labelled { pacticipant, label } => format!("labelled {} as {label}", pacticipant.name),
            Self::Unlabelled { pacticipant, label } => format!("took the label {label} from {}", pacticipant.name),
            Self::VersionCreated { pacticipant, version, .. } => {
                format!("made version {version} of {} known", pacticipant.name)
            }
            Self::VersionChanged { pacticipant, version, .. } => {
                format!("changed version {version} of {}", pacticipant.name)
            }
            Self::VersionRemoved { pacticipant, version } => {
                format!("removed version {version} of {} with its contracts", pacticipant.name)
            }
            Self::BranchSet { pacticipant, version, branch, .. } => {
                format!("put version {version} of {} on branch {branch}", pacticipant.name)
            }
            Self::BranchUnset { pacticipant, version, branch } => {
                format!("took version {version} of {} off branch {branch}", pacticipant.name)
            }
            Self::BranchRemoved { pacticipant, branch } => format!("removed branch {branch} of {}", pacticipant.name),
            Self::Tagged { pacticipant, version, tag } => {
                format!("tagged version {version} of {} with {tag}", pacticipant.name)
            }
            Self::Untagged { pacticipant, version, tag } => {
                format!("took tag {tag} from version {version} of {}", pacticipant.name)
            }
            Self::PactPublished { consumer, version, provider, change, .. } => {
                let how = match change {
                    PactChange::First => "the first pact",
                    PactChange::Changed => "a changed pact",
                    PactChange::Unchanged => "the same pact as before",
                    PactChange::Revised => "another pact for the same version",
                };
                format!("published {how} of {} {version} with {}", consumer.name, provider.name)
            }
            Self::PactRemoved { consumer, version, provider } => {
                format!("removed the pact of {} {version} with {}", consumer.name, provider.name)
            }
            Self::IntegrationRemoved { consumer, provider } => {
                format!("removed all contracts between {} and {}", consumer.name, provider.name)
            }
            Self::VerificationPublished { provider, version, consumer, success, failures, .. } => {
                verified(provider, version, consumer, *success, failures)
            }
            Self::VerificationRemoved { provider, consumer, number } => {
                format!("removed verification {number} of {} against {}", provider.name, consumer.name)
            }
            Self::EnvironmentDefined { environment } => {
                let asks = match environment.gate {
                    Gate::Off => "",
                    Gate::Warn => ", which warns of deployments that contracts do not agree to",
                    Gate::Refuse => ", which refuses deployments that contracts do not agree to",
                };
                format!("defined the environment {}{asks}", environment.name)
            }
            Self::EnvironmentRemoved { name, .. } => format!("removed the environment {name}"),
            Self::VersionDeployed { pacticipant, version, environment_name, without_contract, .. } => {
                let lacks = if *without_contract { ", which has no contract" } else { "" };
                format!("recorded {} {version}{lacks} as deployed to {environment_name}", pacticipant.name)
            }
            Self::VersionUndeployed { pacticipant, version, environment_name, .. } => {
                format!("recorded {} {version} as not deployed to {environment_name} any more", pacticipant.name)
            }
            Self::VersionReleased { pacticipant, version, environment_name, .. } => {
                format!("recorded {} {version} as released to {environment_name}", pacticipant.name)
            }
            Self::SupportEnded { pacticipant, version, environment_name, .. } => {
                format!("recorded {} {version} as not supported in {environment_name} any more", pacticipant.name)
            }
            Self::GatePassed { pacticipant, version, environment_name, answer, overridden } => {
                let how =
                    if *overridden { "overrode the contracts' refusal of" } else { "deployed without a good answer:" };
                format!("{how} {} {version} in {environment_name}: {answer}", pacticipant.name)
            }
            Self::WebhookDefined { webhook, .. } => format!("defined the webhook {}", webhook.name()),
            Self::WebhookRemoved { webhook, description } => {
                format!("removed the webhook {}", description.as_ref().unwrap_or(webhook))
            }
            Self::WebhookTriggered { delivery, .. } => {
                format!("calls the webhook {} because of {}", delivery.webhook_name, delivery.event)
            }
            Self::WebhookRefired { again, .. } => format!("calls the webhook {} again", again.webhook_name),
            Self::DefinitionPublished { provider, version, .. } => {
                format!("published the API's definition of {} {version}", provider.name)
            }
            Self::FitJudged { consumer, provider, fits: true, .. } => {
                format!("found that a pact of {} fits the definition of {}", consumer.name, provider.name)
            }
            Self::FitJudged { consumer, provider, fits: false, problems, .. } => {
                let first = problems.first().map_or_else(String::new, |problem| format!(": {}", problem.interaction));
                format!(
                    "found that a pact of {} does not fit the definition of {}{first}",
                    consumer.name, provider.name
                )
            }
            Self::ApiObserved { api, .. } => format!("took note of the definition of {}", api.short()),
            Self::ApiChanged { api, comparison } => api_changed(api, comparison),
        }
    }
}

fn both(first: &Party, second: &Party) -> Vec<EntityRef> {
    vec![first.component.clone(), second.component.clone()]
}

fn verified(provider: &Party, version: &str, consumer: &Party, success: bool, failures: &[Failure]) -> String {
    let pair = format!("{} {version} against the pact of {}", provider.name, consumer.name);
    match (success, failures) {
        (true, _) => format!("verified {pair}"),
        (false, []) => format!("failed to verify {pair}"),
        (false, [first, ..]) => format!("failed to verify {pair}: {}", first.interaction),
    }
}

fn api_changed(api: &EntityRef, comparison: &ApiComparison) -> String {
    let against = match &comparison.deployed_in {
        Some(environment) => format!(", compared with what is deployed in {environment}"),
        None => String::new(),
    };
    let name = api.short();
    if comparison.breaking > 0 {
        let first = comparison.changes.first().map_or_else(String::new, |change| format!(": {}", change.text));
        let broken: Vec<&str> =
            comparison.consumers.iter().map(|consumer| consumer.component.short()).take(3).collect();
        let whom = if broken.is_empty() { String::new() } else { format!(" (breaks {})", broken.join(", ")) };
        return format!("changed the API {name}{against} in {} breaking ways{whom}{first}", comparison.breaking);
    }
    if comparison.risky > 0 {
        return format!("changed the API {name}{against} in {} risky ways", comparison.risky);
    }
    format!("changed the API {name}{against}; nobody is broken")
}

/// When a timestamp is not known: the beginning.
pub(crate) const NEVER: Timestamp = Timestamp::UNIX_EPOCH;
