//! Reading pacts.

use contracts::{Command, ContentKey, Latest, PublicationKey, State};
use serde_json::{Value, json};

use crate::{
    Answer, Call, Failure,
    links::{link, titled},
    view,
};

/// The pact of a version with a provider.
pub(crate) fn of_version(state: &State, consumer: &str, number: &str, provider: &str) -> Option<PublicationKey> {
    let version = state.version(state.version_named(consumer, number)?)?;
    version.pact_with(state.pacticipant_named(provider)?)
}

fn asked(call: &Call<'_>) -> Result<PublicationKey, Failure> {
    let (consumer, number, provider) = (call.param("consumer")?, call.param("version")?, call.param("provider")?);
    of_version(call.state(), consumer, number, provider).ok_or(Failure::NotFound)
}

fn answered(call: &Call<'_>, key: PublicationKey, metadata: Option<&str>) -> Result<Answer, Failure> {
    let state = call.state();
    let number = state.publication(key).map(|pact| state.number(pact.version).to_owned()).unwrap_or_default();
    let answer = Answer::hal(&view::pact_document(call, key, metadata)?);
    // A header has no line breaks; numbers with other letters are left out of it.
    Ok(if number.is_ascii() { answer.header("x-pact-consumer-version", number) } else { answer })
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = asked(call)?;
    answered(call, key, None)
}

pub(crate) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    asked(call)?;
    let [consumer, version, provider] =
        ["consumer", "version", "provider"].map(|name| call.param(name).map(str::to_owned));
    call.submit(Command::RemovePact { consumer: consumer?, version: version?, provider: provider? })?;
    Ok(Answer::empty())
}

/// The content that the path names.
pub(crate) fn content(call: &Call<'_>) -> Result<ContentKey, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let sha = call.param("sha")?.parse().map_err(|_| Failure::NotFound)?;
    call.state().content_known_as(consumer, provider, sha).ok_or(Failure::NotFound)
}

pub(crate) fn show_content(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let content = content(call)?;
    let state = call.state();
    let metadata = call.path.get("metadata").map(String::as_str);
    let (_, selected) = view::selected_versions(metadata);
    let consumer = state.content(content).map(|content| content.consumer);
    let of = selected.first().zip(consumer).and_then(|(number, consumer)| state.version_numbered(consumer, number));
    let has_it = |key: &PublicationKey| state.publication(*key).is_some_and(|pact| Some(pact.version) == of);
    let chosen = state.publications_of(content).rev().find(has_it);
    let newest = || state.publications_of(content).rev().find(|pact| state.is_current(*pact));
    let key = chosen.or_else(newest).or_else(|| state.publications_of(content).next_back());
    let key = key.ok_or(Failure::NotFound)?;
    answered(call, key, metadata)
}

pub(crate) fn latest(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let of = match (call.path.get("tag"), call.path.get("branch")) {
        (Some(tag), _) => Latest::Tagged(tag),
        (None, Some(branch)) => Latest::OnBranch(branch),
        (None, None) => Latest::Overall,
    };
    let key = call.state().latest_pact(consumer, provider, of).ok_or(Failure::NotFound)?;
    answered(call, key, None)
}

pub(crate) fn latest_untagged(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let key = call.state().latest_pact(consumer, provider, Latest::Untagged).ok_or(Failure::NotFound)?;
    answered(call, key, None)
}

pub(crate) fn latest_of_all(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (state, links) = (call.state(), &call.links);
    let latest = state.integrations().filter_map(|(consumer, provider, _)| {
        let key = state.latest_pact(consumer, provider, Latest::Overall)?;
        Some((state.name(consumer), state.name(provider), key))
    });
    let mut latest: Vec<_> = latest.collect();
    latest.sort();
    let pacts: Vec<Value> = latest.iter().map(|(_, _, key)| view::latest_pact(state, links, *key)).collect();
    let at = |consumer: &str, provider: &str| format!("{}/latest", links.pacts(provider, consumer));
    let title = |consumer: &str, provider: &str| format!("Latest pact between {consumer} and {provider}");
    let listed = |deprecated: bool| -> Vec<Value> {
        let each = latest.iter().map(|(consumer, provider, _)| {
            let mut one = titled(at(consumer, provider), &title(consumer, provider));
            if let (true, Value::Object(one)) = (deprecated, &mut one) {
                one.insert("name".to_owned(), json!("DEPRECATED - please use the pb:pacts relation"));
            }
            one
        });
        each.collect()
    };
    Ok(Answer::hal(&json!({
        "pacts": pacts,
        "_links": {
            "self": link(links.raw("/pacts/latest")),
            "pb:pacts": listed(false),
            "pacts": listed(true),
            "curies": links.curies(),
        },
    })))
}
