//! Badges: whether a pact is verified, whether a version can be deployed or merged.

use std::collections::BTreeSet;

use contracts::{ContentKey, Latest, PacticipantKey, PublicationKey, State, VerificationKey, matrix::Query};

use super::badge::{self, Colour, svg};
use crate::{Answer, Call, Failure, resources::matrix};

/// Pacts whose verifications are looked at, and versions with a tag; the newest.
const LOOKED_AT: usize = 200;

fn answered(left: &str, right: &str, colour: Colour) -> Answer {
    Answer::text("image/svg+xml", svg(left, right, colour)).header("cache-control", "no-cache")
}

fn known(call: &Call<'_>, role: &str) -> Result<Option<PacticipantKey>, Failure> {
    Ok(call.state().pacticipant_named(call.param(role)?))
}

fn label(call: &Call<'_>) -> Option<String> {
    call.query_text("label").filter(|label| !label.is_empty())
}

/// Which pacts count, and which versions of the provider.
struct About<'a> {
    pacts: Latest<'a>,
    consumer_tag: Option<&'a str>,
    provider_tag: Option<&'a str>,
}

pub(super) fn latest(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let tag = call.path.get("tag").map(String::as_str);
    let pacts = tag.map_or(Latest::Overall, Latest::Tagged);
    of_pact(call, &About { pacts, consumer_tag: None, provider_tag: None })
}

pub(super) fn latest_untagged(call: &mut Call<'_>) -> Result<Answer, Failure> {
    of_pact(call, &About { pacts: Latest::Untagged, consumer_tag: None, provider_tag: None })
}

pub(super) fn latest_by_tags(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer_tag, provider_tag) = (call.param("ctag")?, call.param("ptag")?);
    let pacts = Latest::Tagged(consumer_tag);
    of_pact(call, &About { pacts, consumer_tag: Some(consumer_tag), provider_tag: Some(provider_tag) })
}

fn of_pact(call: &Call<'_>, about: &About<'_>) -> Result<Answer, Failure> {
    let state = call.state();
    let keys = known(call, "consumer")?.zip(known(call, "provider")?);
    let pact = keys.and_then(|(consumer, provider)| {
        let key = state.latest_pact(consumer, provider, about.pacts)?;
        Some((consumer, provider, state.publication(key)?.content))
    });
    let Some((consumer, provider, content)) = pact else {
        return Ok(answered("pact not found", "unknown", Colour::Grey));
    };
    let initials = call.query_text("initials").as_deref() == Some("true");
    let names = [state.name(consumer), state.name(provider)];
    let title = badge::title(names, [about.consumer_tag, about.provider_tag], label(call).as_deref(), initials);
    let (status, colour) = status(state, (consumer, provider), content, about);
    Ok(answered(&title, status, colour))
}

/// As the Pact Broker, which takes the pacts of one tag for a branch: the newest verification of any of them counts, and if
/// it was of another content, it succeeded before the pact changed.
fn status(
    state: &State,
    (consumer, provider): (PacticipantKey, PacticipantKey),
    content: ContentKey,
    about: &About<'_>,
) -> (&'static str, Colour) {
    let newest = contents(state, consumer, provider, about.pacts);
    let newest =
        newest.into_iter().filter_map(|content| newest_verification(state, provider, content, about.provider_tag));
    let Some(row) = newest.max().and_then(|key| state.verification(key)) else { return ("unknown", Colour::Grey) };
    match (row.success, row.content == content, row.wip) {
        (true, true, _) => ("verified", Colour::Green),
        (true, false, _) => ("changed", Colour::Orange),
        (false, _, true) => ("failed (pending)", Colour::Red),
        (false, _, false) => ("failed", Colour::Red),
    }
}

/// The contents of the newest pacts that count.
fn contents(state: &State, consumer: PacticipantKey, provider: PacticipantKey, of: Latest<'_>) -> BTreeSet<ContentKey> {
    let content = |key: PublicationKey| state.publication(key).map(|pact| pact.content);
    let with = |version| content(state.version(version)?.pact_with(provider)?);
    match of {
        Latest::Tagged(tag) => state.versions_tagged(consumer, tag).rev().take(LOOKED_AT).filter_map(with).collect(),
        Latest::OnBranch(branch) => {
            state.versions_on(consumer, branch).rev().take(LOOKED_AT).filter_map(with).collect()
        }
        Latest::Untagged | Latest::Overall | Latest::OnMainBranch => {
            let current = |key: &PublicationKey| state.is_current(*key);
            let newest = state.publications_between(consumer, provider).rev().take(LOOKED_AT);
            newest.filter(current).filter_map(content).collect()
        }
    }
}

fn newest_verification(
    state: &State,
    provider: PacticipantKey,
    content: ContentKey,
    tag: Option<&str>,
) -> Option<VerificationKey> {
    match tag {
        None => state.verifications_of(content).next_back(),
        Some(tag) => {
            let tagged = state.versions_tagged(provider, tag).rev().take(LOOKED_AT);
            tagged.filter_map(|version| state.verified(content, version)).max()
        }
    }
}

fn not_found(what: &str) -> Answer {
    answered(what, "not found", Colour::Grey)
}

pub(super) fn tag_to_tag(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let Some(key) = known(call, "pacticipant")? else { return Ok(not_found("pacticipant")) };
    let tag = call.param("tag")?.to_owned();
    if call.state().versions_tagged(key, &tag).next_back().is_none() {
        return Ok(not_found("version"));
    }
    let query = matrix::tag_query(call)?;
    can_i_deploy(call, &query, &tag)
}

pub(super) fn branch_to_environment(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let Some(key) = known(call, "pacticipant")? else { return Ok(not_found("pacticipant")) };
    let branch = call.param("branch")?.to_owned();
    if call.state().branch(key, &branch).is_none() {
        return Ok(not_found("branch"));
    }
    if call.state().environment_named(call.param("to")?).is_none() {
        return Ok(not_found("environment"));
    }
    let query = matrix::branch_query(call)?;
    can_i_deploy(call, &query, &branch)
}

fn can_i_deploy(call: &mut Call<'_>, query: &Query, from: &str) -> Result<Answer, Failure> {
    let deployable = call.ask(query)?.deployable();
    let left = label(call).unwrap_or_else(|| "can-i-deploy".to_owned());
    // Who asks may deploy or may not: not to know is no. The word says what the colour says.
    let (word, colour) = match deployable {
        Some(true) => ("yes", Colour::Green),
        Some(false) => ("no", Colour::Red),
        None => ("unknown", Colour::Red),
    };
    Ok(answered(&left, &format!("{from} to {}: {word}", call.param("to")?), colour))
}

pub(super) fn can_i_merge(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let Some(key) = known(call, "pacticipant")? else { return Ok(not_found("pacticipant")) };
    let state = call.state();
    let main = state.pacticipant(key).and_then(|party| party.details.main_branch.as_deref());
    if main.and_then(|main| state.branch(key, main)).is_none() {
        return Ok(not_found("main branch version"));
    }
    let query = matrix::merge_query(call)?;
    let (right, colour) = match call.ask(&query)?.deployable() {
        Some(true) => ("success", Colour::Green),
        Some(false) => ("failed", Colour::Red),
        None => ("unknown", Colour::Grey),
    };
    let left = label(call).unwrap_or_else(|| "can-i-merge".to_owned());
    Ok(answered(&left, right, colour))
}
