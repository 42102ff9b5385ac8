//! Which webhooks an event triggers, and what each is told.

use kernel::{Context, EffectId};

use super::{Delivery, Webhook, Whose, template};
use crate::{
    ContentKey, Event, PactChange, PacticipantKey, Party, State, VerificationKey, VersionKey,
    command::{latest_of_main_branch, unproven_versions},
    limits,
};

/// What happened, as far as webhooks are told.
#[derive(Debug, Clone, Default)]
pub struct Trigger {
    /// Its name, of [`super::EVENTS`].
    pub event: &'static str,
    /// Whose expectations it is about.
    pub consumer: Option<PacticipantKey>,
    /// The consumer's version.
    pub consumer_version: Option<VersionKey>,
    /// Of whom.
    pub provider: Option<PacticipantKey>,
    /// The provider's version.
    pub provider_version: Option<VersionKey>,
    /// The provider's version that is deployed, for a webhook that asks for each.
    pub deployed: Option<VersionKey>,
    /// The pact's content.
    pub content: Option<ContentKey>,
    /// The verification.
    pub verification: Option<VerificationKey>,
    /// What the provider's version is: `latest from main branch`, `deployed in production`.
    pub descriptions: Vec<String>,
    /// Where it was built.
    pub build_url: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// The tag.
    pub tag: Option<String>,
}

/// The calls that an event leads to. `state` is as after the event.
#[must_use]
pub fn triggered(state: &State, event: &Event, context: &Context) -> Vec<Delivery> {
    if state.webhooks().next().is_none() {
        return Vec::new();
    }
    let triggers = triggers(state, event);
    let mut deliveries = Vec::new();
    for trigger in triggers {
        for known in state.webhooks().filter(|known| concerns(state, &known.webhook, &trigger)) {
            for trigger in expanded(state, &known.webhook, &trigger) {
                deliveries.push(fill_in(state, &known.webhook, &trigger, context.id()));
            }
        }
    }
    deliveries
}

fn triggers(state: &State, event: &Event) -> Vec<Trigger> {
    match event {
        Event::PactPublished { consumer, version, provider, change, unproven, .. } => {
            let trigger = of_pact(state, consumer, version, provider);
            let mut triggers = vec![trigger.clone()];
            if *change != PactChange::Unchanged {
                triggers.push(Trigger { event: "contract_content_changed", ..trigger.clone() });
            }
            if let (true, Some(content)) = (unproven, trigger.content) {
                triggers.extend(required(state, content, &trigger));
            }
            triggers
        }
        // Its content is what it was: nobody has more to verify than before.
        Event::PactRepeated { consumer, version, provider } => vec![of_pact(state, consumer, version, provider)],
        Event::VerificationPublished {
            provider, version, consumer, content, success, build_url, selected_for, ..
        } => {
            let consumer = state.pacticipant_named(&consumer.name);
            let provider_key = state.pacticipant_named(&provider.name);
            let keys = consumer.zip(provider_key);
            let content = keys.and_then(|(consumer, provider)| state.content_known_as(consumer, provider, *content));
            let provider_version = state.version_named(&provider.name, version);
            let verification = content.zip(provider_version).and_then(|(content, by)| state.verified(content, by));
            let selected = selected_for.iter().filter_map(|number| state.version_numbered(consumer?, number));
            let mut versions: Vec<Option<VersionKey>> = selected.map(Some).collect();
            if versions.is_empty() {
                versions.push(content.and_then(|content| newest_version(state, content)));
            }
            let outcome = if *success { "provider_verification_succeeded" } else { "provider_verification_failed" };
            let trigger = Trigger {
                consumer,
                provider: provider_key,
                provider_version,
                content,
                verification,
                build_url: build_url.clone(),
                ..Trigger::default()
            };
            let both = ["provider_verification_published", outcome];
            let each = versions.into_iter().flat_map(|consumer_version| {
                let trigger = trigger.clone();
                both.map(move |event| Trigger { event, consumer_version, ..trigger.clone() })
            });
            each.collect()
        }
        Event::VersionDeployed { pacticipant, version, environment_name, .. } => {
            of_version(state, "version_deployed", &pacticipant.name, version, Some(environment_name), None)
        }
        Event::VersionUndeployed { pacticipant, version, environment_name, .. } => {
            of_version(state, "version_undeployed", &pacticipant.name, version, Some(environment_name), None)
        }
        Event::VersionReleased { pacticipant, version, environment_name, .. } => {
            of_version(state, "version_released", &pacticipant.name, version, Some(environment_name), None)
        }
        Event::Tagged { pacticipant, version, tag } => {
            of_version(state, "version_tagged", &pacticipant.name, version, None, Some(tag))
        }
        Event::PacticipantCreated { .. }
        | Event::PacticipantChanged { .. }
        | Event::PacticipantMatched { .. }
        | Event::PacticipantRemoved { .. }
        | Event::Labelled { .. }
        | Event::Unlabelled { .. }
        | Event::VersionCreated { .. }
        | Event::VersionChanged { .. }
        | Event::VersionRemoved { .. }
        | Event::BranchSet { .. }
        | Event::BranchUnset { .. }
        | Event::BranchRemoved { .. }
        | Event::Untagged { .. }
        | Event::PactRemoved { .. }
        | Event::IntegrationRemoved { .. }
        | Event::VerificationRemoved { .. }
        | Event::EnvironmentDefined { .. }
        | Event::EnvironmentRemoved { .. }
        | Event::SupportEnded { .. }
        | Event::GatePassed { .. }
        | Event::WebhookDefined { .. }
        | Event::WebhookRemoved { .. }
        | Event::WebhookTriggered { .. }
        | Event::WebhookRefired { .. }
        | Event::DefinitionPublished { .. }
        | Event::FitJudged { .. }
        | Event::ApiObserved { .. }
        | Event::ApiChanged { .. } => Vec::new(),
    }
}

/// The publication of a pact.
fn of_pact(state: &State, consumer: &Party, version: &str, provider: &Party) -> Trigger {
    let trigger = Trigger {
        consumer: state.pacticipant_named(&consumer.name),
        consumer_version: state.version_named(&consumer.name, version),
        provider: state.pacticipant_named(&provider.name),
        ..Trigger::default()
    };
    let pact = trigger
        .consumer_version
        .zip(trigger.provider)
        .and_then(|(version, provider)| state.publication(state.version(version)?.pact_with(provider)?));
    let version = trigger.consumer_version.and_then(|version| state.version(version));
    let build_url = version.and_then(|version| version.build_url.as_deref().map(str::to_owned));
    Trigger { event: "contract_published", content: pact.map(|pact| pact.content), build_url, ..trigger }
}

/// What happens to a version concerns it as a consumer and as a provider: whichever a webhook names.
fn of_version(
    state: &State,
    event: &'static str,
    name: &str,
    number: &str,
    environment: Option<&String>,
    tag: Option<&String>,
) -> Vec<Trigger> {
    let (party, version) = (state.pacticipant_named(name), state.version_named(name, number));
    let build_url = version.and_then(|key| state.version(key)?.build_url.as_deref().map(str::to_owned));
    vec![Trigger {
        event,
        consumer: party,
        consumer_version: version,
        provider: party,
        provider_version: version,
        environment: environment.cloned(),
        tag: tag.cloned(),
        build_url,
        ..Trigger::default()
    }]
}

/// One for each of the provider's versions that has not been tried, with what it is.
fn required(state: &State, content: ContentKey, trigger: &Trigger) -> Vec<Trigger> {
    let versions = unproven_versions(state, content).into_iter();
    let each = versions.map(|version| {
        let mut descriptions = Vec::new();
        if trigger.provider.and_then(|provider| latest_of_main_branch(state, provider)) == Some(version) {
            descriptions.push("latest from main branch".to_owned());
        }
        for placed in state.placements_of(version).filter(|placed| placed.until.is_none()) {
            let environment = state.environment(placed.environment).map(|known| known.environment.name.as_str());
            let how = if placed.released { "released" } else { "deployed" };
            let description = format!("{how} in {}", environment.unwrap_or_default());
            if !descriptions.contains(&description) {
                descriptions.push(description);
            }
        }
        let event = "contract_requiring_verification_published";
        Trigger { event, provider_version: Some(version), descriptions, ..trigger.clone() }
    });
    each.collect()
}

fn newest_version(state: &State, content: ContentKey) -> Option<VersionKey> {
    let current = state.publications_of(content).rev().find(|pact| state.is_current(*pact));
    current.and_then(|pact| state.publication(pact)).map(|pact| pact.version)
}

/// True if a webhook is called for this.
fn concerns(state: &State, webhook: &Webhook, trigger: &Trigger) -> bool {
    let matches = |whose: &Option<Whose>, party: Option<PacticipantKey>| match whose {
        None => true,
        Some(whose) => party.is_some_and(|party| is_meant(state, whose, party)),
    };
    webhook.enabled
        && webhook.events.iter().any(|event| event == trigger.event)
        && matches(&webhook.consumer, trigger.consumer)
        && matches(&webhook.provider, trigger.provider)
}

fn is_meant(state: &State, whose: &Whose, party: PacticipantKey) -> bool {
    match whose {
        Whose::Name(name) => state.name(party) == name,
        Whose::Label(label) => state.pacticipant(party).is_some_and(|known| known.labels.contains_key(label)),
    }
}

impl Webhook {
    /// True if it may be called for something between these two.
    #[must_use]
    pub fn is_for(&self, state: &State, consumer: PacticipantKey, provider: PacticipantKey) -> bool {
        let matches = |whose: &Option<Whose>, party| whose.as_ref().is_none_or(|whose| is_meant(state, whose, party));
        matches(&self.consumer, consumer) && matches(&self.provider, provider)
    }
}

/// A webhook that names the version of the provider that is deployed is called once for each.
fn expanded(state: &State, webhook: &Webhook, trigger: &Trigger) -> Vec<Trigger> {
    let mark = "${pactbroker.currentlyDeployedProviderVersionNumber}";
    let request = &webhook.request;
    let uses = request.url.contains(mark)
        || request.body.as_ref().is_some_and(|body| body.contains(mark))
        || request.headers.iter().any(|(_, value)| value.contains(mark));
    let Some(provider) = trigger.provider.filter(|_| uses) else { return vec![trigger.clone()] };
    let mut versions: Vec<VersionKey> = Vec::new();
    for environment in state.environments() {
        let placed = state.placed_in(environment.environment.id, provider).filter(|placed| !placed.released);
        versions.extend(placed.map(|placed| placed.version));
    }
    versions.sort();
    versions.dedup();
    versions.into_iter().map(|version| Trigger { deployed: Some(version), ..trigger.clone() }).collect()
}

/// The call of a webhook, filled; so that it can be written down, whatever it is filled with, it is bounded.
#[must_use]
pub fn fill_in(state: &State, webhook: &Webhook, trigger: &Trigger, effect: EffectId) -> Delivery {
    let request = &webhook.request;
    let value = |name: &str| value_of(state, trigger, name);
    let plain = |text: &str| text.to_owned();
    let filled = |text: &str| template::fill_within(text, value, plain, limits::FILLED_HEADER_BYTES);
    let body = request.body.as_ref().map(|body| match request.json {
        true => template::fill_within(body, value, template::json_escaped, limits::FILLED_BODY_BYTES),
        false => template::fill_within(body, value, plain, limits::FILLED_BODY_BYTES),
    });
    let name = |party: Option<PacticipantKey>| party.map(|party| state.name(party).to_owned());
    let number = |version: Option<VersionKey>| version.map(|version| state.number(version).to_owned());
    Delivery {
        effect,
        webhook: webhook.id.clone(),
        webhook_name: webhook.name().to_owned(),
        event: trigger.event.to_owned(),
        consumer: name(trigger.consumer),
        consumer_version: number(trigger.consumer_version),
        provider: name(trigger.provider),
        provider_version: number(trigger.provider_version.or(trigger.deployed)),
        verification: trigger.verification.map(|key| key.0 + 1),
        method: request.method.clone(),
        url: template::fill_within(&request.url, value, template::encoded, limits::FILLED_URL_BYTES),
        headers: request.headers.iter().map(|(name, text)| (name.clone(), filled(text))).collect(),
        body,
        username: request.username.as_deref().map(filled),
        secret: request.secret.clone(),
    }
}

/// What a template's parameter stands for; none for one that is not known, or that only the server knows.
fn value_of(state: &State, trigger: &Trigger, name: &str) -> Option<String> {
    let consumer = trigger.consumer.and_then(|key| state.pacticipant(key));
    let provider = trigger.provider.and_then(|key| state.pacticipant(key));
    let consumer_version = trigger.consumer_version.and_then(|key| state.version(key));
    let verification = trigger.verification.or_else(|| {
        let newest = state.verifications_of(trigger.content?).next_back()?;
        (!trigger.event.starts_with("contract_requiring")).then_some(newest)
    });
    let row = verification.and_then(|key| state.verification(key));
    let provider_version = trigger.provider_version.or(row.map(|row| row.version)).and_then(|key| state.version(key));
    let tags = |version: Option<&crate::Version>| -> String {
        let tags = version.map(|version| version.tags.as_slice()).unwrap_or_default();
        tags.iter().map(|(tag, _)| tag.to_string()).collect::<Vec<_>>().join(", ")
    };
    let branch = |version: Option<&crate::Version>| -> String {
        version.and_then(|version| version.branches.last()).map(|on| on.branch.to_string()).unwrap_or_default()
    };
    let labels = |party: Option<&crate::Pacticipant>| -> String {
        party.map(|party| party.labels.keys().cloned().collect::<Vec<_>>().join(", ")).unwrap_or_default()
    };
    let status = |words: [&str; 3]| -> String {
        let [succeeded, failed, pending] = words;
        match row.map(|row| row.success) {
            Some(true) => succeeded.to_owned(),
            Some(false) => failed.to_owned(),
            None => pending.to_owned(),
        }
    };
    let sha = trigger.content.and_then(|content| state.content(content)).map(|content| content.sha);
    let pact = || {
        let (consumer, provider) = (template::encoded(&consumer?.name), template::encoded(&provider?.name));
        Some(format!("/pacts/provider/{provider}/consumer/{consumer}/pact-version/{}", sha?))
    };
    let address = |path: Option<String>| path.map(|path| format!("{}{path}", template::BASE_URL)).unwrap_or_default();
    Some(match name {
        "consumerName" => consumer.map(|party| party.name.to_string()).unwrap_or_default(),
        "providerName" => provider.map(|party| party.name.to_string()).unwrap_or_default(),
        "consumerVersionNumber" => consumer_version.map(|version| version.number.to_string()).unwrap_or_default(),
        "providerVersionNumber" => provider_version.map(|version| version.number.to_string()).unwrap_or_default(),
        "currentlyDeployedProviderVersionNumber" => {
            trigger.deployed.map(|version| state.number(version).to_owned()).unwrap_or_default()
        }
        "consumerVersionTags" => tags(consumer_version),
        "providerVersionTags" => tags(provider_version),
        "consumerVersionBranch" => branch(consumer_version),
        "providerVersionBranch" => branch(provider_version),
        "providerVersionDescriptions" => trigger.descriptions.join(", "),
        "consumerLabels" => labels(consumer),
        "providerLabels" => labels(provider),
        "pactUrl" => address(pact()),
        "verificationResultUrl" => {
            let number = verification.map(|key| key.0 + 1);
            address(number.and_then(|number| Some(format!("{}/verification-results/{number}", pact()?))))
        }
        "githubVerificationStatus" => status(["success", "failure", "pending"]),
        "gitlabVerificationStatus" => status(["success", "failed", "pending"]),
        "azureDevOpsVerificationStatus" => status(["succeeded", "failed", "pending"]),
        "bitbucketVerificationStatus" => status(["SUCCESSFUL", "FAILED", "INPROGRESS"]),
        "eventName" => trigger.event.to_owned(),
        "buildUrl" => trigger.build_url.clone().unwrap_or_default(),
        "environmentName" => trigger.environment.clone().unwrap_or_default(),
        "tagName" => trigger.tag.clone().unwrap_or_default(),
        _ => return None,
    })
}
