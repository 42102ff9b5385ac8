//! Lists of pacts with one provider.

use contracts::{Latest, PacticipantKey, PublicationKey, State, VersionKey};
use serde_json::{Value, json};

use crate::{
    Answer, Call, Failure,
    links::titled,
    view::{self, pact_name},
};

fn listed(call: &Call<'_>, provider: PacticipantKey, pacts: &[PublicationKey], title: &str, here: String) -> Answer {
    let (state, links) = (call.state(), &call.links);
    let name = state.name(provider);
    let mut of: Vec<(&str, VersionKey, &str)> = pacts
        .iter()
        .filter_map(|key| {
            let version = state.publication(*key)?.version;
            let known = state.version(version)?;
            Some((state.name(known.pacticipant), version, &*known.number))
        })
        .collect();
    of.sort();
    let each = |note: &str| -> Vec<Value> {
        let one = of.iter().map(|(consumer, _, number)| {
            let title = format!("{note}{}", pact_name(consumer, number, name));
            json!({"href": links.pact(name, consumer, number), "title": title, "name": consumer})
        });
        one.collect()
    };
    let provider_at = links.pacticipant(name);
    Answer::hal(&json!({
        "_links": {
            "self": titled(here, title),
            "pb:provider": {"href": provider_at, "name": name},
            "pb:pacts": each(""),
            "provider": {"href": provider_at, "title": name, "name": "DEPRECATED - please use the pb:provider relation"},
            "pacts": each("DEPRECATED - please use the pb:pacts relation. "),
        },
    }))
}

fn every(
    state: &State,
    provider: PacticipantKey,
    versions: impl Fn(PacticipantKey) -> Vec<VersionKey>,
) -> Vec<PublicationKey> {
    let consumers = state.consumers_of(provider);
    let versions = consumers.flat_map(versions);
    versions.filter_map(|version| state.version(version)?.pact_with(provider)).collect()
}

pub(crate) fn all(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let state = call.state();
    let here = call.links.provider_pacts(state.name(provider));
    let (pacts, title, here) = match call.path.get("tag") {
        Some(tag) => {
            let pacts = every(state, provider, |consumer| state.versions_tagged(consumer, tag).collect());
            let title = format!(
                "All pact versions for the provider {} with consumer version tag '{tag}'",
                state.name(provider)
            );
            (pacts, title, format!("{here}/tag/{}", crate::links::segment(tag)))
        }
        None => {
            let pacts = every(state, provider, |consumer| state.versions_of(consumer).collect());
            (pacts, format!("All pact versions for the provider {}", state.name(provider)), here)
        }
    };
    Ok(listed(call, provider, &pacts, &title, here))
}

pub(crate) fn branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let state = call.state();
    let name = state.name(provider);
    let here = format!("{}/branch", call.links.provider_pacts(name));
    let (pacts, title, here) = match call.path.get("branch") {
        Some(branch) => {
            let pacts = every(state, provider, |consumer| state.versions_on(consumer, branch).collect());
            let title = format!("All pact versions for the provider {name} with consumer version branch '{branch}'");
            (pacts, title, format!("{here}/{}", crate::links::segment(branch)))
        }
        None => {
            let pacts = every(state, provider, |consumer| match main_of(state, consumer) {
                Some(main) => state.versions_on(consumer, main).collect(),
                None => Vec::new(),
            });
            (pacts, format!("All pact versions for the provider {name} of consumers' main branches"), here)
        }
    };
    Ok(listed(call, provider, &pacts, &title, here))
}

fn main_of(state: &State, consumer: PacticipantKey) -> Option<&str> {
    state.pacticipant(consumer)?.details.main_branch.as_deref()
}

fn newest(state: &State, provider: PacticipantKey, of: Latest<'_>) -> Vec<PublicationKey> {
    state.consumers_of(provider).filter_map(|consumer| state.latest_pact(consumer, provider, of)).collect()
}

pub(crate) fn latest(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let state = call.state();
    let name = state.name(provider);
    let here = format!("{}/latest", call.links.provider_pacts(name));
    let (pacts, title, here) = match call.path.get("tag") {
        Some(tag) => (
            newest(state, provider, Latest::Tagged(tag)),
            format!("Latest pact versions for the provider {name} with consumer version tag '{tag}'"),
            format!("{here}/{}", crate::links::segment(tag)),
        ),
        None => {
            let title = format!("Latest pact versions for the provider {name}");
            (newest(state, provider, Latest::Overall), title, here)
        }
    };
    Ok(listed(call, provider, &pacts, &title, here))
}

pub(crate) fn latest_of_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let provider = view::party(call, "provider")?;
    let state = call.state();
    let name = state.name(provider);
    let here = format!("{}/branch", call.links.provider_pacts(name));
    let (pacts, title, here) = match call.path.get("branch") {
        Some(branch) => (
            newest(state, provider, Latest::OnBranch(branch)),
            format!("Latest pact versions for the provider {name} with consumer version branch '{branch}'"),
            format!("{here}/{}/latest", crate::links::segment(branch)),
        ),
        None => (
            newest(state, provider, Latest::OnMainBranch),
            format!("Latest pact versions for the provider {name} of consumers' main branches"),
            format!("{here}/latest"),
        ),
    };
    Ok(listed(call, provider, &pacts, &title, here))
}
