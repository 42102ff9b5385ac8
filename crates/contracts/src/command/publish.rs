//! Pacts, verifications, definitions.

use std::collections::BTreeSet;

use kernel::{Refusal, codes};

use super::{Command, NewPact, Onto, draft::Draft, not_found};
use crate::{
    ContentKey, Event, PactChange, PacticipantKey, Party, PublicationKey, State, VersionKey, limits, state::Latest,
};

/// Failures of one verification, and problems of one comparison, that are remembered.
const FAILURES_MAX: usize = 5;
/// Bytes of each of their texts.
const FAILURE_BYTES: usize = 300;

/// Why another content of the same version is refused, in the Pact Broker's words.
pub const CANNOT_MODIFY: &str = "as race conditions will cause unreliable results for can-i-deploy. Each pact must be \
     published with a unique consumer version number. Some Pact libraries generate random data when a concrete value for \
     a type matcher is not specified, and this can cause the contract to mutate - ensure you have given example values \
     for all type matchers. For more information see https://docs.pact.io/go/versioning";

/// The refusal of another content for the same version.
#[must_use]
pub fn modification_refused(consumer: &str, version: &str, provider: &str) -> Refusal {
    let detail = format!(
        "Cannot change the content of the pact for {consumer} version {version} and provider {provider}, {CANNOT_MODIFY}"
    );
    Refusal::new(&codes::CONFLICT, detail)
}

/// The field of a refusal because a merged pact is not up to date any more.
const OVERTAKEN: &str = "onto";

/// True if a publication was refused because somebody else's came between what it was merged with and itself: it can be
/// merged again.
#[must_use]
pub fn is_overtaken(refusal: &Refusal) -> bool {
    refusal.code == &codes::CONFLICT && refusal.field.as_deref() == Some(OVERTAKEN)
}

pub(super) fn publish(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    let Command::Publish { pacticipant, version, branch, tags, build_url, pacts, may_modify } = command else {
        return Ok(());
    };
    if pacts.len() > limits::CONTRACTS {
        let detail = format!("has {} contracts; at most {} are allowed", pacts.len(), limits::CONTRACTS);
        return Err(Refusal::new(&codes::INVALID, detail).field("contracts"));
    }
    let (consumer, key) = draft.version(&pacticipant, &version, build_url.map(Some))?;
    draft.branch(&pacticipant, &version, branch.as_deref(), false)?;
    draft.tags(&pacticipant, &version, &tags)?;
    let mut seen = BTreeSet::new();
    for pact in pacts {
        let first = seen.insert(pact.provider.clone());
        let repeated = publish_one(draft, (&consumer, key, &version), pact, may_modify)?;
        // What is twice in one publication is not published again by it.
        repeated.into_iter().filter(|_| first).for_each(|event| draft.push(event));
    }
    // Only now: a gate asks for the pacts.
    draft.deployed_by_tags(&pacticipant, &version, &tags)
}

/// Publishes a pact; or gives that it is published again, if the version has it already.
fn publish_one(
    draft: &mut Draft<'_>,
    (consumer, key, number): (&Party, VersionKey, &str),
    pact: NewPact,
    may_modify: bool,
) -> Result<Option<Event>, Refusal> {
    let (provider, provider_key) = draft.pacticipant("providerName", &pact.provider)?;
    let state = &draft.state;
    let Some(version) = state.version(key) else { return Ok(None) };
    let consumer_key = version.pacticipant;
    let content = state.content_known_as(consumer_key, provider_key, pact.content);
    let before = version.pact_with(provider_key).and_then(|before| state.publication(before));
    let known = before.and_then(|before| state.content(before.content)).map(|content| content.sha);
    let may_modify = match pact.onto {
        _ if known == Some(pact.content) => may_modify,
        Onto::Any => may_modify,
        Onto::Nothing if known.is_none() => false,
        Onto::This(sha) if known == Some(sha) => true,
        Onto::Nothing | Onto::This(_) => {
            let (of, with) = (&consumer.name, &provider.name);
            let detail =
                format!("the pact between {of} version {number} and {with} was changed while this one was merged");
            return Err(Refusal::new(&codes::CONFLICT, detail).field(OVERTAKEN).fix("publish it again"));
        }
    };
    let change = match before {
        Some(before) if Some(before.content) == content => {
            let (consumer, version) = (consumer.clone(), number.to_owned());
            return Ok(Some(Event::PactRepeated { consumer, version, provider }));
        }
        Some(_) if !may_modify => return Err(modification_refused(&consumer.name, number, &provider.name)),
        Some(_) => PactChange::Revised,
        None => change(state, key, provider_key, content),
    };
    let unproven = content.is_none_or(|content| !unproven_versions(state, content).is_empty())
        && (content.is_some() || !versions_that_matter(state, provider_key).is_empty());
    draft.push(Event::PactPublished {
        consumer: consumer.clone(),
        version: number.to_owned(),
        provider,
        content: pact.content,
        blob: pact.blob,
        outline: content.is_none().then_some(pact.outline),
        change,
        unproven,
    });
    Ok(None)
}

/// How a content relates to what was published before: on the same branches, or with the same tags, where there are any.
fn change(state: &State, key: VersionKey, provider: PacticipantKey, content: Option<ContentKey>) -> PactChange {
    let Some(version) = state.version(key) else { return PactChange::First };
    let consumer = version.pacticipant;
    let content_of = |pact: PublicationKey| state.publication(pact).map(|pact| pact.content);
    let Some(overall) = state.latest_pact(consumer, provider, Latest::Overall) else { return PactChange::First };
    let mut compared: Vec<Option<PublicationKey>> = Vec::new();
    for on in &version.branches {
        compared.push(state.latest_pact(consumer, provider, Latest::OnBranch(&on.branch)));
    }
    for (tag, _) in &version.tags {
        compared.push(state.latest_pact(consumer, provider, Latest::Tagged(tag)));
    }
    if compared.is_empty() {
        compared.push(Some(overall));
    }
    let same = |before: &Option<PublicationKey>| before.and_then(content_of).is_some_and(|was| Some(was) == content);
    if compared.iter().all(same) { PactChange::Unchanged } else { PactChange::Changed }
}

/// The newest version on the main branch; or, if it is on no branch, with a tag of that name.
#[must_use]
pub(crate) fn latest_of_main_branch(state: &State, pacticipant: PacticipantKey) -> Option<VersionKey> {
    let main = state.pacticipant(pacticipant)?.details.main_branch.as_deref()?;
    let head = state.branch(pacticipant, main).map(|branch| branch.head);
    head.or_else(|| state.versions_tagged(pacticipant, main).next_back())
}

/// The provider's versions for which it matters whether they meet a pact: the main branch's newest, and what is in an
/// environment.
#[must_use]
pub(crate) fn versions_that_matter(state: &State, provider: PacticipantKey) -> Vec<VersionKey> {
    let mut versions: Vec<VersionKey> = latest_of_main_branch(state, provider).into_iter().collect();
    for environment in state.environments() {
        versions.extend(state.placed_in(environment.environment.id, provider).map(|placed| placed.version));
    }
    versions.sort();
    versions.dedup();
    versions
}

/// Those of them that have not been tried against this content.
#[must_use]
pub(crate) fn unproven_versions(state: &State, content: ContentKey) -> Vec<VersionKey> {
    let Some(provider) = state.content(content).map(|content| content.provider) else { return Vec::new() };
    let mut versions = versions_that_matter(state, provider);
    versions.retain(|version| state.verified(content, *version).is_none());
    versions
}

pub(super) fn remove_pact(draft: &mut Draft<'_>, consumer: &str, number: &str, provider: &str) -> Result<(), Refusal> {
    let key = draft.known_version(consumer, number)?;
    let (consumer, provider) = (draft.known(consumer)?, draft.known(provider)?);
    let provider_key = draft.state.pacticipant_named(&provider.name);
    let has = |provider| draft.state.version(key).is_some_and(|version| version.pact_with(provider).is_some());
    if !provider_key.is_some_and(has) {
        return Err(not_found("pact with provider", &provider.name));
    }
    draft.push(Event::PactRemoved { consumer, version: number.to_owned(), provider });
    Ok(())
}

pub(super) fn remove_pacts(
    draft: &mut Draft<'_>,
    (consumer, provider): (&str, &str),
    tag: Option<&str>,
    branch: Option<&str>,
) -> Result<(), Refusal> {
    let (of, with) = (draft.known(consumer)?, draft.known(provider)?);
    let keys = draft.state.pacticipant_named(consumer).zip(draft.state.pacticipant_named(provider));
    let Some((consumer_key, provider_key)) = keys else { return Ok(()) };
    let meant = |version: &VersionKey| {
        let Some(version) = draft.state.version(*version) else { return false };
        version.pact_with(provider_key).is_some()
            && tag.is_none_or(|tag| version.has_tag(tag))
            && branch.is_none_or(|branch| version.is_on(branch))
    };
    let versions: Vec<String> = {
        let meant = draft.state.versions_of(consumer_key).filter(meant);
        meant.map(|version| draft.state.number(version).to_owned()).collect()
    };
    if versions.is_empty() {
        return Err(not_found("pact of", &format!("{consumer} with {provider}")));
    }
    for version in versions {
        draft.push(Event::PactRemoved { consumer: of.clone(), version, provider: with.clone() });
    }
    Ok(())
}

pub(super) fn verify(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    let Command::Verify {
        provider,
        version,
        consumer,
        content,
        success,
        wip,
        build_url,
        results,
        verified_by,
        failures,
        selected_for,
    } = command
    else {
        return Ok(());
    };
    let consumer = draft.known(&consumer)?;
    let known = draft.known(&provider)?;
    let keys = draft.state.pacticipant_named(&consumer.name).zip(draft.state.pacticipant_named(&known.name));
    if keys.is_none_or(|(of, by)| draft.state.content_known_as(of, by, content).is_none()) {
        return Err(not_found("pact with content", &content.to_string()));
    }
    limits::url("buildUrl", build_url.as_deref())?;
    let (provider, _) = draft.version(&provider, &version, None)?;
    draft.push(Event::VerificationPublished {
        provider,
        version,
        consumer,
        content,
        success,
        wip,
        build_url,
        results,
        verified_by,
        failures: failures.into_iter().take(FAILURES_MAX).map(shortened).collect(),
        selected_for: selected_for.into_iter().take(limits::CONTRACTS).collect(),
    });
    Ok(())
}

fn shortened(mut failure: crate::Failure) -> crate::Failure {
    let cut = |text: &mut String| text.truncate(text.floor_char_boundary(FAILURE_BYTES));
    cut(&mut failure.interaction);
    failure.state.as_mut().map(cut);
    failure.message.as_mut().map(cut);
    failure
}

pub(super) fn remove_verification(draft: &mut Draft<'_>, number: u32) -> Result<(), Refusal> {
    let found = number.checked_sub(1).and_then(|key| draft.state.verification(key.into()));
    let content = found.and_then(|row| draft.state.content(row.content));
    let parties = content.and_then(|content| {
        let of = draft.state.pacticipant(content.consumer)?.party();
        Some((of, draft.state.pacticipant(content.provider)?.party()))
    });
    let Some((consumer, provider)) = parties else { return Err(not_found("verification", &number.to_string())) };
    draft.push(Event::VerificationRemoved { provider, consumer, number });
    Ok(())
}

pub(super) fn define(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    let Command::PublishDefinition {
        provider,
        version,
        branch,
        tags,
        build_url,
        blob,
        media_type,
        specification,
        self_verified,
        self_results,
        verifier,
    } = command
    else {
        return Ok(());
    };
    for (field, text) in [("contentType", &media_type), ("specification", &specification)] {
        limits::name(field, text)?;
    }
    let (party, key) = draft.version(&provider, &version, build_url.map(Some))?;
    draft.branch(&provider, &version, branch.as_deref(), false)?;
    draft.tags(&provider, &version, &tags)?;
    let known = draft.state.definition_of(key);
    if known.is_some_and(|known| known.blob == blob && known.self_verified == self_verified) {
        return draft.deployed_by_tags(&provider, &version, &tags);
    }
    let number = version.clone();
    draft.push(Event::DefinitionPublished {
        provider: party,
        version,
        blob,
        media_type,
        specification,
        self_verified,
        self_results,
        verifier,
    });
    draft.deployed_by_tags(&provider, &number, &tags)
}

pub(super) fn judge_fit(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    let Command::JudgeFit { consumer, provider, content, definition, fits, problems, comparison } = command else {
        return Ok(());
    };
    let (consumer, provider) = (draft.known(&consumer)?, draft.known(&provider)?);
    let keys = draft.state.pacticipant_named(&consumer.name).zip(draft.state.pacticipant_named(&provider.name));
    let key = keys.and_then(|(of, with)| draft.state.content_known_as(of, with, content));
    let Some(key) = key else { return Err(not_found("pact with content", &content.to_string())) };
    if draft.state.fit(key, definition).is_some() {
        return Ok(());
    }
    let problems = problems.into_iter().take(FAILURES_MAX).map(shortened).collect();
    draft.push(Event::FitJudged { consumer, provider, content, definition, fits, problems, comparison });
    Ok(())
}
