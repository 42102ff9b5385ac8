//! What changed between two pacts, as text; and the pact before, which expected something else.

use contracts::{PublicationKey, State};
use kernel::{Refusal, Timestamp, codes};
use serde_json::Value;

use super::difference::diff;
use crate::{
    Answer, Call, Failure,
    resources::pacts,
    view::{self, pact_name},
};

const TEXT: &str = "text/plain;charset=utf-8";

/// The newest pact of an earlier version with another content, and the one that came after it.
fn previous_distinct(state: &State, key: PublicationKey) -> Option<(PublicationKey, PublicationKey)> {
    let pact = state.publication(key)?;
    let consumer = state.version(pact.version)?.pacticipant;
    let mut after = key;
    let earlier = state.versions_of(consumer).rev().skip_while(|version| *version >= pact.version);
    for version in earlier {
        let Some(other) = state.version(version).and_then(|known| known.pact_with(pact.provider)) else { continue };
        if state.publication(other).is_some_and(|other| other.content != pact.content) {
            return Some((other, after));
        }
        after = other;
    }
    None
}

fn asked(call: &Call<'_>, version: &str) -> Result<PublicationKey, Failure> {
    let (consumer, provider) = (call.param("consumer")?, call.param("provider")?);
    pacts::of_version(call.state(), consumer, call.param(version)?, provider).ok_or(Failure::NotFound)
}

/// A pact with the content that the path names: of the newest version that has it.
fn by_content(call: &Call<'_>, sha: &str) -> Result<PublicationKey, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let state = call.state();
    let sha = call.param(sha)?.parse().map_err(|_| Failure::NotFound)?;
    let content = state.content_known_as(consumer, provider, sha).ok_or(Failure::NotFound)?;
    let current = state.publications_of(content).rev().find(|key| state.is_current(*key));
    current.or_else(|| state.publications_of(content).next_back()).ok_or(Failure::NotFound)
}

pub(super) fn show_previous(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = asked(call, "version")?;
    let (previous, _) = previous_distinct(call.state(), key).ok_or(Failure::NotFound)?;
    Ok(Answer::hal(&view::pact_document(call, previous, None)?))
}

pub(super) fn with_previous(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = asked(call, "version")?;
    match previous_distinct(call.state(), key) {
        None => {
            let text = format!("No previous distinct version was found for {}", name(call.state(), key));
            Ok(Answer::text(TEXT, text))
        }
        Some((previous, changed)) => compared(call, key, previous, changed),
    }
}

pub(super) fn with_version(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (key, other) = (asked(call, "version")?, asked(call, "other")?);
    compared(call, key, other, key.max(other))
}

pub(super) fn with_content(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (key, other) = (by_content(call, "sha")?, by_content(call, "other_sha")?);
    compared(call, key, other, key.max(other))
}

fn name(state: &State, key: PublicationKey) -> String {
    let Some(pact) = state.publication(key) else { return String::new() };
    let consumer = state.version(pact.version).map(|version| state.name(version.pacticipant)).unwrap_or_default();
    pact_name(consumer, state.number(pact.version), state.name(pact.provider))
}

/// The document of a pact as it was published, without the ids that were added.
pub(super) fn document(call: &Call<'_>, key: PublicationKey) -> Result<Value, Failure> {
    let state = call.state();
    let blob = state.publication(key).and_then(|pact| state.blob_of(pact)).ok_or(Failure::NotFound)?;
    let bytes = call.host.blob(&blob)?;
    let pact = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let missing =
        || Refusal::new(&codes::DATA_CORRUPT, format!("the document {blob} of a pact is missing in the store"));
    Ok(contracts::content::without_ids(pact.ok_or_else(missing)?))
}

/// `changed` is the pact with which the change came.
fn compared(
    call: &Call<'_>,
    key: PublicationKey,
    other: PublicationKey,
    changed: PublicationKey,
) -> Result<Answer, Failure> {
    let state = call.state();
    let of = |key: PublicationKey| state.publication(key).ok_or(Failure::NotFound);
    let (pact, before) = (of(key)?, of(other)?);
    let consumer = state.version(pact.version).map(|version| state.name(version.pacticipant)).unwrap_or_default();
    let provider = state.name(pact.provider);
    let (number, other_number) = (state.number(pact.version), state.number(before.version));
    let changes = diff(&document(call, other)?, &document(call, key)?);
    let changes = if changes.is_empty() { "They are the same.\n" } else { &changes };
    let at: Timestamp = of(changed)?.at.into();
    let ago = in_words(call.host.now().duration_since(at).as_secs());
    let linked = |title: &str, key: PublicationKey, number: &str| {
        let (name, href) = (Value::from(name(state, key)), call.links.pact(provider, consumer, number));
        format!("{title}:\n  title: Pact\n  name: {name}\n  href: {href}\n")
    };
    let text = format!(
        "# Diff between versions {other_number} and {number} of the pact between {consumer} and {provider}\n\n\
         The following changes were made {ago} ago ({})\n\n{changes}\n## Links\n{}{}",
        at.strftime("%a %d %b %Y, %H:%M UTC"),
        linked("pact-version", key, number),
        linked("comparison-pact-version", other, other_number),
    );
    Ok(Answer::text(TEXT, text))
}

fn in_words(seconds: i64) -> String {
    let many = |number: i64, unit: &str| format!("{number} {unit}{}", if number == 1 { "" } else { "s" });
    match seconds {
        ..60 => "less than a minute".to_owned(),
        60..3_600 => many(seconds / 60, "minute"),
        3_600..86_400 => format!("about {}", many(seconds / 3_600, "hour")),
        86_400..2_592_000 => many(seconds / 86_400, "day"),
        2_592_000..31_536_000 => format!("about {}", many(seconds / 2_592_000, "month")),
        _ => format!("about {}", many(seconds / 31_536_000, "year")),
    }
}
