//! Versions.

use std::collections::BTreeSet;

use contracts::{Command, VersionKey};
use serde_json::{Value, json};

use crate::{
    Answer, Call, Failure,
    links::titled,
    view::{self, Paging},
};

/// A list of versions, the newest first.
pub(crate) fn listed(call: &Call<'_>, versions: Vec<VersionKey>, here: &str, title: &str) -> Result<Answer, Failure> {
    let paging = Paging::of(call, 100)?;
    let (state, links) = (call.state(), &call.links);
    let name = call.param("pacticipant")?;
    let total = versions.len();
    let page = paging.cut(versions.into_iter());
    let shown: Vec<Value> = page.iter().map(|key| view::version(state, links, *key)).collect();
    let each = |deprecated: bool| -> Vec<Value> {
        let one = page.iter().map(|key| {
            let number = state.number(*key);
            let title = if deprecated { "Deprecated - please use pb:versions" } else { number };
            titled(links.version(name, number), title)
        });
        one.collect()
    };
    let mut document = json!({
        "_embedded": {"versions": shown},
        "_links": {
            "self": titled(here, title),
            "pb:pacticipant": titled(links.pacticipant(name), name),
            "pb:versions": each(false),
            "pacticipant": titled(links.pacticipant(name), "Deprecated - please use pb:pacticipant"),
            "versions": each(true),
        },
    });
    paging.note(&mut document, total, here);
    Ok(Answer::hal(&document))
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = view::party(call, "pacticipant")?;
    let name = call.param("pacticipant")?;
    let here = format!("{}/versions", call.links.pacticipant(name));
    let versions = call.state().versions_of(key).rev().collect();
    listed(call, versions, &here, &format!("All application versions of {name}"))
}

fn asked(call: &Call<'_>) -> Result<VersionKey, Failure> {
    let version = call.state().version_named(call.param("pacticipant")?, call.param("version")?);
    version.ok_or(Failure::NotFound)
}

fn shown(call: &Call<'_>, key: VersionKey) -> Value {
    view::version(call.state(), &call.links, key)
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = asked(call)?;
    Ok(Answer::hal(&shown(call, key)))
}

pub(crate) fn replace(call: &mut Call<'_>) -> Result<Answer, Failure> {
    put(call, true)
}

pub(crate) fn change(call: &mut Call<'_>) -> Result<Answer, Failure> {
    put(call, false)
}

fn put(call: &mut Call<'_>, whole: bool) -> Result<Answer, Failure> {
    let (name, number) = (call.param("pacticipant")?.to_owned(), call.param("version")?.to_owned());
    let body = call.json()?;
    let build_url = match body.get("buildUrl") {
        Some(Value::String(url)) => Some(Some(url.clone())),
        Some(Value::Null) => Some(None),
        Some(_) => return Err(Failure::field("buildUrl", "must be a string")),
        None => whole.then_some(None),
    };
    let tags = body.get("tags").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let named = |tag: &Value| tag.as_str().or_else(|| tag.get("name")?.as_str()).map(str::to_owned);
    let tags: Vec<String> = tags.iter().filter_map(named).collect();
    let wanted: BTreeSet<&String> = tags.iter().collect();
    let existed = call.state().version_named(&name, &number).is_some();
    let gone: Vec<String> = match asked(call) {
        Ok(key) if whole && body.get("tags").is_some() => {
            let known = call.state().version(key).map(|version| version.tags.as_slice()).unwrap_or_default();
            let known = known.iter().map(|(tag, _)| tag.to_string());
            known.filter(|tag| !wanted.contains(tag)).collect()
        }
        Ok(_) | Err(_) => Vec::new(),
    };
    let (pacticipant, version) = (name.clone(), number.clone());
    call.submit(Command::PutVersion { pacticipant, version, build_url, branch: None, tags })?;
    for tag in gone {
        call.submit(Command::Untag { pacticipant: name.clone(), version: number.clone(), tag })?;
    }
    let key = asked(call)?;
    Ok(Answer::with_status(if existed { 200 } else { 201 }, &shown(call, key)))
}

pub(crate) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    asked(call)?;
    let (pacticipant, version) = (call.param("pacticipant")?.to_owned(), call.param("version")?.to_owned());
    call.submit(Command::RemoveVersion { pacticipant, version })?;
    Ok(Answer::empty())
}

pub(crate) fn latest(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = view::party(call, "pacticipant")?;
    let state = call.state();
    let found = match (call.path.get("tag"), call.path.get("branch")) {
        (Some(tag), _) => state.versions_tagged(key, tag).next_back(),
        (None, Some(branch)) => state.branch(key, branch).map(|branch| branch.head),
        (None, None) => state.versions_of(key).next_back(),
    };
    let version = found.ok_or(Failure::NotFound)?;
    Ok(Answer::hal(&shown(call, version)))
}
