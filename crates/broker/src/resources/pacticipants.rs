//! Pacticipants.

use contracts::{Command, event::Details};
use serde_json::{Value, json};

use crate::{
    Answer, Call, Failure,
    links::{link, titled},
    view::{self, Paging},
};

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let paging = Paging::of(call, 100)?;
    let wanted = call.query_text("q").map(|text| text.to_lowercase());
    let (state, links) = (call.state(), &call.links);
    let matches = |name: &str| wanted.as_deref().is_none_or(|wanted| name.to_lowercase().contains(wanted));
    let all: Vec<_> = state.pacticipants().filter(|(_, known)| matches(&known.name)).collect();
    let total = all.len();
    let page = if paging.is_asked() { paging.cut(all.into_iter()) } else { all };
    let shown: Vec<Value> = page.iter().map(|(key, _)| view::pacticipant(state, links, *key)).collect();
    let listed: Vec<Value> =
        page.iter().map(|(_, known)| titled(links.pacticipant(&known.name), &known.name)).collect();
    let here = links.at(&["pacticipants"]);
    let mut document = json!({
        "_embedded": {"pacticipants": shown},
        "pacticipants": shown,
        "_links": {"self": link(here.clone()), "pb:pacticipants": listed, "pacticipants": listed, "curies": links.curies()},
    });
    if paging.is_asked() {
        paging.note(&mut document, total, &here);
    }
    Ok(Answer::hal(&document))
}

fn shown(call: &Call<'_>, name: &str) -> Result<Value, Failure> {
    let key = call.state().pacticipant_named(name).ok_or(Failure::NotFound)?;
    Ok(view::pacticipant(call.state(), &call.links, key))
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let document = shown(call, call.param("pacticipant")?)?;
    Ok(Answer::hal(&document))
}

/// What the body says over what is known; with `whole`, what it does not say is forgotten.
fn details(body: &Value, known: Details, whole: bool) -> Result<Details, Failure> {
    let field = |names: [&str; 2], known: Option<String>| -> Result<Option<String>, Failure> {
        match names.iter().find_map(|name| body.get(name)) {
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(Value::Null) => Ok(None),
            Some(_) => Err(Failure::field(names[0], "must be a string")),
            None => Ok(known.filter(|_| !whole)),
        }
    };
    let details = Details {
        display_name: field(["displayName", "display_name"], known.display_name)?,
        main_branch: field(["mainBranch", "main_branch"], known.main_branch)?,
        repository_url: field(["repositoryUrl", "repository_url"], known.repository_url)?,
        repository_name: field(["repositoryName", "repository_name"], known.repository_name)?,
        repository_namespace: field(["repositoryNamespace", "repository_namespace"], known.repository_namespace)?,
    };
    if details.main_branch.as_ref().is_some_and(|branch| branch.contains(char::is_whitespace)) {
        return Err(Failure::field("mainBranch", "cannot contain spaces"));
    }
    Ok(details)
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let body = call.json()?;
    let name = match body.get("name") {
        Some(Value::String(name)) if !name.trim().is_empty() => name.clone(),
        Some(_) => return Err(Failure::field("name", "can't be blank")),
        None => return Err(Failure::field("name", "is missing")),
    };
    let details = details(&body, Details::default(), false)?;
    call.submit(Command::PutPacticipant { name: name.clone(), details })?;
    let here = call.links.pacticipant(&name);
    Ok(Answer::with_status(201, &shown(call, &name)?).header("location", here))
}

pub(crate) fn replace(call: &mut Call<'_>) -> Result<Answer, Failure> {
    put(call, true)
}

pub(crate) fn change(call: &mut Call<'_>) -> Result<Answer, Failure> {
    put(call, false)
}

fn put(call: &mut Call<'_>, whole: bool) -> Result<Answer, Failure> {
    let name = call.param("pacticipant")?.to_owned();
    let body = call.json()?;
    let state = call.state();
    let known = state.pacticipant_named(&name).and_then(|key| state.pacticipant(key));
    let status = if known.is_some() { 200 } else { 201 };
    let before = known.map(|known| known.details.clone()).unwrap_or_default();
    let details = details(&body, before, whole)?;
    call.submit(Command::PutPacticipant { name: name.clone(), details })?;
    Ok(Answer::with_status(status, &shown(call, &name)?))
}

pub(crate) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let name = call.param("pacticipant")?.to_owned();
    view::party(call, "pacticipant")?;
    call.submit(Command::RemovePacticipant { name })?;
    Ok(Answer::empty())
}
