//! Labels of pacticipants.

use std::collections::BTreeSet;

use contracts::{Command, event::Details};
use kernel::Timestamp;
use serde_json::{Value, json};

use crate::{
    Answer, Call, Failure,
    links::{entitled, link, titled},
    view::{self, Paging, time},
};

pub(super) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let paging = Paging::of(call, 100)?;
    let state = call.state();
    let names: BTreeSet<&str> =
        state.pacticipants().flat_map(|(_, known)| known.labels.keys().map(String::as_str)).collect();
    let total = names.len();
    let page: Vec<&str> = if paging.is_asked() { paging.cut(names.into_iter()) } else { names.into_iter().collect() };
    let labels: Vec<Value> = page.iter().map(|name| json!({"name": name})).collect();
    let here = call.links.at(&["labels"]);
    let mut document = json!({"_embedded": {"labels": labels}, "_links": {"self": titled(here.clone(), "Labels")}});
    if paging.is_asked() {
        paging.note(&mut document, total, &here);
    }
    Ok(Answer::hal(&document))
}

fn given(call: &Call<'_>) -> Result<Option<Timestamp>, Failure> {
    let (name, label) = (call.param("pacticipant")?, call.param("label")?);
    let state = call.state();
    let known = state.pacticipant_named(name).and_then(|key| state.pacticipant(key));
    Ok(known.and_then(|known| known.labels.get(label)).copied())
}

fn shown(call: &Call<'_>) -> Result<Value, Failure> {
    let at = given(call)?.ok_or(Failure::NotFound)?;
    let (name, label) = (call.param("pacticipant")?, call.param("label")?);
    Ok(json!({
        "name": label,
        "createdAt": time(at),
        "_links": {
            "self": entitled(call.links.label(name, label), "Label", label),
            "pacticipant": entitled(call.links.pacticipant(name), "Pacticipant", name),
        },
    }))
}

pub(super) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(Answer::hal(&shown(call)?))
}

/// Labels a pacticipant, which becomes known by it.
pub(super) fn put(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (name, label) = (call.param("pacticipant")?.to_owned(), call.param("label")?.to_owned());
    if given(call)?.is_some() {
        return show(call);
    }
    if call.state().pacticipant_named(&name).is_none() {
        call.submit(Command::PutPacticipant { name: name.clone(), details: Details::default() })?;
    }
    let here = call.links.label(&name, &label);
    call.submit(Command::Label { name, label, given: true })?;
    Ok(Answer::with_status(201, &shown(call)?).header("location", here))
}

pub(super) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    given(call)?.ok_or(Failure::NotFound)?;
    let (name, label) = (call.param("pacticipant")?.to_owned(), call.param("label")?.to_owned());
    call.submit(Command::Label { name, label, given: false })?;
    Ok(Answer::empty())
}

/// The pacticipants that have a label.
pub(super) fn pacticipants(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let paging = Paging::of(call, 100)?;
    let label = call.param("label")?;
    let wanted = call.query_text("q").map(|text| text.to_lowercase());
    let (state, links) = (call.state(), &call.links);
    let matches = |name: &str| wanted.as_deref().is_none_or(|wanted| name.to_lowercase().contains(wanted));
    let with_label = state.pacticipants().filter(|(_, known)| known.labels.contains_key(label));
    let all: Vec<_> = with_label.filter(|(_, known)| matches(&known.name)).collect();
    let total = all.len();
    let page = if paging.is_asked() { paging.cut(all.into_iter()) } else { all };
    let shown: Vec<Value> = page.iter().map(|(key, _)| view::pacticipant(state, links, *key)).collect();
    let listed: Vec<Value> =
        page.iter().map(|(_, known)| titled(links.pacticipant(&known.name), &known.name)).collect();
    let here = links.at(&["pacticipants", "label", label]);
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
