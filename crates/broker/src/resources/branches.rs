//! Branches, and versions on them.

use std::collections::BTreeSet;

use contracts::{Command, PacticipantKey, VersionKey};
use serde_json::{Value, json};

use super::versions;
use crate::{
    Answer, Call, Failure,
    links::{named, titled},
    query,
    view::{self, Paging},
};

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = view::party(call, "pacticipant")?;
    let name = call.param("pacticipant")?;
    let paging = Paging::of(call, 100)?;
    let wanted = call.query_text("q").map(|text| text.to_lowercase());
    let (state, links) = (call.state(), &call.links);
    let matches = |branch: &str| wanted.as_deref().is_none_or(|wanted| branch.to_lowercase().contains(wanted));
    let mut branches: Vec<_> = state.branches_of(key).filter(|(branch, _)| matches(branch)).collect();
    branches.sort_by_key(|(branch, known)| (std::cmp::Reverse(known.updated), (*branch).clone()));
    let total = branches.len();
    let page = paging.cut(branches.into_iter());
    let shown: Vec<Value> = page.iter().map(|(branch, _)| view::branch(state, links, key, branch)).collect();
    let each: Vec<Value> = page.iter().map(|(branch, _)| named(links.branch(name, branch), branch)).collect();
    let here = format!("{}/branches", links.pacticipant(name));
    let mut document = json!({
        "_embedded": {"branches": shown},
        "_links": {"self": titled(here.clone(), &format!("{name} branches")), "pb:branches": each},
    });
    paging.note(&mut document, total, &here);
    Ok(Answer::hal(&document))
}

fn asked(call: &Call<'_>) -> Result<(PacticipantKey, String), Failure> {
    let key = view::party(call, "pacticipant")?;
    let branch = call.param("branch")?;
    call.state().branch(key, branch).ok_or(Failure::NotFound)?;
    Ok((key, branch.to_owned()))
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (key, branch) = asked(call)?;
    Ok(Answer::hal(&view::branch(call.state(), &call.links, key, &branch)))
}

pub(crate) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (_, branch) = asked(call)?;
    let pacticipant = call.param("pacticipant")?.to_owned();
    call.submit(Command::RemoveBranches { pacticipant, branches: vec![branch] })?;
    Ok(Answer::empty())
}

/// Removes all branches but the main one and those that `exclude[]` names. What it answers has been done.
pub(crate) fn remove_all(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = view::party(call, "pacticipant")?;
    let name = call.param("pacticipant")?.to_owned();
    let parsed = query::parse(&call.query).map_err(|wrong| Failure::list(vec![wrong]))?;
    let excluded = parsed.get("exclude").and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    let mut kept: BTreeSet<String> = excluded.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let state = call.state();
    kept.extend(state.pacticipant(key).and_then(|known| known.details.main_branch.clone()));
    let all = state.branches_of(key).map(|(branch, _)| branch.to_string());
    let (remaining, branches): (Vec<String>, Vec<String>) = all.partition(|branch| kept.contains(branch));
    let count = branches.len();
    call.submit(Command::RemoveBranches { pacticipant: name.clone(), branches })?;
    let text = format!(
        "Scheduled deletion of {count} branches for pacticipant {name}. Remaining branches are: {}",
        remaining.join(", ")
    );
    Ok(Answer::with_status(202, &json!({"notices": [{"type": "success", "text": text}]})))
}

pub(crate) fn versions(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (key, branch) = asked(call)?;
    let name = call.param("pacticipant")?;
    let here = format!("{}/versions", call.links.branch(name, &branch));
    let on: Vec<VersionKey> = call.state().versions_on(key, &branch).rev().collect();
    versions::listed(call, on, &here, &format!("Versions for branch {branch} of {name}"))
}

fn on_branch(call: &Call<'_>) -> Result<(VersionKey, String), Failure> {
    let version = call.state().version_named(call.param("pacticipant")?, call.param("version")?);
    let version = version.ok_or(Failure::NotFound)?;
    let branch = call.param("branch")?;
    let on = call.state().version(version).is_some_and(|known| known.is_on(branch));
    if on { Ok((version, branch.to_owned())) } else { Err(Failure::NotFound) }
}

pub(crate) fn show_version(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (version, branch) = on_branch(call)?;
    Ok(Answer::hal(&view::branch_version(call.state(), &call.links, version, &branch)))
}

pub(crate) fn put_version(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let existed = on_branch(call).is_ok();
    let (pacticipant, version) = (call.param("pacticipant")?.to_owned(), call.param("version")?.to_owned());
    let branch = Some(call.param("branch")?.to_owned());
    call.submit(Command::PutVersion { pacticipant, version, build_url: None, branch, tags: Vec::new() })?;
    let (version, branch) = on_branch(call)?;
    let document = view::branch_version(call.state(), &call.links, version, &branch);
    Ok(Answer::with_status(if existed { 200 } else { 201 }, &document))
}

pub(crate) fn remove_version(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (_, branch) = on_branch(call)?;
    let (pacticipant, version) = (call.param("pacticipant")?.to_owned(), call.param("version")?.to_owned());
    call.submit(Command::UnsetBranch { pacticipant, version, branch })?;
    Ok(Answer::empty())
}
