//! The pacts between two: all of them, and those of a tag or a branch.

use contracts::{Command, Latest, PublicationKey, State};
use serde_json::{Map, Value, json};

use crate::{
    Answer, Call, Failure,
    links::{entitled, link, segment},
    view::{self, Paging, embedded_version, pact_name, time},
};

/// How a list names its relations: upstream's older lists have no prefix.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Old,
    New,
}

/// The pacts, the newest first.
fn listed(
    call: &Call<'_>,
    pacts: Vec<PublicationKey>,
    below: &str,
    title: &str,
    style: Style,
) -> Result<Answer, Failure> {
    let paging = Paging::of(call, 100)?;
    let total = pacts.len();
    let page = if paging.is_asked() { paging.cut(pacts.into_iter()) } else { pacts };
    let (state, links) = (call.state(), &call.links);
    let (consumer, provider) = (call.param("consumer")?, call.param("provider")?);
    let (mut entries, mut linked): (Vec<Value>, Vec<Value>) = (Vec::new(), Vec::new());
    let link_title = if style == Style::Old { "Pact" } else { "Pact version" };
    for key in page {
        let Some(pact) = state.publication(key) else { continue };
        let number = state.number(pact.version);
        let at = links.pact(provider, consumer, number);
        entries.push(json!({
            "createdAt": time(pact.at),
            "_embedded": {"consumerVersion": embedded_version(state, links, pact.version)},
            "_links": {"self": {"href": at, "title": pact_name(consumer, number, provider)}},
        }));
        let published: kernel::Timestamp = pact.at.into();
        let name = format!("Version {number} - {}", published.strftime("%d/%m/%Y"));
        linked.push(json!({"href": at, "title": link_title, "name": name}));
    }
    let here = format!("{}{below}", links.pacts(provider, consumer));
    let prefix = if style == Style::Old { "" } else { "pb:" };
    let mut relations = Map::new();
    let between = format!("All versions of the pact between {consumer} and {provider}{title}");
    relations.insert("self".to_owned(), json!({"href": here, "title": between}));
    relations.insert(format!("{prefix}consumer"), entitled(links.pacticipant(consumer), "Consumer", consumer));
    relations.insert(format!("{prefix}provider"), entitled(links.pacticipant(provider), "Provider", provider));
    relations.insert(format!("{prefix}pact-versions"), Value::Array(linked));
    let mut document = json!({"_embedded": {"pacts": entries}, "_links": relations});
    if paging.is_asked() {
        paging.note(&mut document, total, &here);
    }
    Ok(Answer::hal(&document))
}

pub(super) fn all(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let state = call.state();
    let with = |version| state.version(version)?.pact_with(provider);
    let pacts = state.versions_of(consumer).rev().filter_map(with).collect();
    listed(call, pacts, "/versions", "", Style::Old)
}

pub(super) fn tagged(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let tag = call.param("tag")?;
    let state = call.state();
    let with = |version| state.version(version)?.pact_with(provider);
    let pacts = state.versions_tagged(consumer, tag).rev().filter_map(with).collect();
    listed(call, pacts, &format!("/tag/{}", segment(tag)), &format!(" with tag {tag}"), Style::New)
}

/// The branch that the path names, or the main one.
fn branch_of(call: &Call<'_>) -> Result<Option<String>, Failure> {
    let (consumer, _) = view::pair(call)?;
    let main = |state: &State| state.pacticipant(consumer).and_then(|known| known.details.main_branch.clone());
    Ok(call.path.get("branch").cloned().or_else(|| main(call.state())))
}

pub(super) fn on_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let branch = branch_of(call)?;
    let state = call.state();
    let with = |version| state.version(version)?.pact_with(provider);
    let pacts = match &branch {
        Some(branch) => state.versions_on(consumer, branch).rev().filter_map(with).collect(),
        None => Vec::new(),
    };
    let below =
        call.path.get("branch").map_or("/branch/versions".to_owned(), |name| format!("/branch/{}", segment(name)));
    let title = branch.map_or(" on the main branch".to_owned(), |branch| format!(" on branch {branch}"));
    listed(call, pacts, &below, &title, Style::Old)
}

pub(super) fn latest_on_branch(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let branch = branch_of(call)?;
    let state = call.state();
    let newest = branch.as_deref().and_then(|branch| state.latest_pact(consumer, provider, Latest::OnBranch(branch)));
    let below = match call.path.get("branch") {
        Some(name) => format!("/branch/{}/latest/versions", segment(name)),
        None => "/branch/latest/versions".to_owned(),
    };
    let title =
        branch.map_or(" on the main branch".to_owned(), |branch| format!(" that is the latest on branch {branch}"));
    listed(call, newest.into_iter().collect(), &below, &title, Style::Old)
}

fn remove(call: &mut Call<'_>, tag: Option<String>, branch: Option<String>) -> Result<(), Failure> {
    let (consumer, provider) = (call.param("consumer")?.to_owned(), call.param("provider")?.to_owned());
    call.submit(Command::RemovePacts { consumer, provider, tag, branch })
}

pub(super) fn remove_all(call: &mut Call<'_>) -> Result<Answer, Failure> {
    view::pair(call)?;
    remove(call, None, None)?;
    Ok(Answer::empty())
}

/// Removes those of the tag or the branch; says where the newest of the others is.
pub(super) fn remove_some(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (consumer, provider) = view::pair(call)?;
    let (tag, branch) = (call.path.get("tag").cloned(), call.path.get("branch").cloned());
    remove(call, tag, branch)?;
    let (state, links) = (call.state(), &call.links);
    let mut linked = Map::new();
    linked.insert("index".to_owned(), link(links.base()));
    if state.latest_pact(consumer, provider, Latest::Overall).is_some() {
        let href = format!("{}/latest", links.pacts(state.name(provider), state.name(consumer)));
        linked.insert("pb:latest-pact-version".to_owned(), json!({"href": href, "title": "Latest pact"}));
    }
    Ok(Answer::hal(&json!({"_links": linked})))
}
