//! What a fact is called, whom it is about, and how a reader is told of it.

use kernel::EntityRef;

use super::{ApiComparison, Event, Failure, Gate, PactChange, Party};

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
            Self::PactRepeated { .. } => "contracts.pact_repeated",
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
            | Self::PactRepeated { consumer, provider, .. }
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
            Self::PactRepeated { consumer, version, provider } => {
                format!("published the pact of {} {version} with {} again", consumer.name, provider.name)
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
                let lacks = if *without_contract { ", which has no contract," } else { "" };
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
