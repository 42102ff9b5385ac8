//! Pacticipants, their labels and branches.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{EntityRef, Refusal, codes};

use super::{
    draft::{Draft, component_named},
    not_found,
};
use crate::{Event, Party, State, event::Details, limits};

/// Labels of one pacticipant.
const LABELS_MAX: usize = 100;

pub(super) fn put(draft: &mut Draft<'_>, name: &str, details: Details) -> Result<(), Refusal> {
    limits::name("name", name)?;
    let texts = [
        ("displayName", &details.display_name),
        ("mainBranch", &details.main_branch),
        ("repositoryName", &details.repository_name),
        ("repositoryNamespace", &details.repository_namespace),
    ];
    for (field, text) in texts {
        text.as_deref().map_or(Ok(()), |text| limits::bounded(field, text, limits::NAME_BYTES))?;
    }
    let url = details.repository_url.as_deref();
    url.map_or(Ok(()), |url| limits::bounded("repositoryUrl", url, limits::URL_BYTES))?;
    let known = draft.state.pacticipant_named(name).and_then(|key| draft.state.pacticipant(key));
    match known.map(|known| (known.party(), known.details != details)) {
        None => {
            let pacticipant = Party { name: name.to_owned(), component: component_named(name) };
            draft.push(Event::PacticipantCreated { pacticipant, details });
        }
        Some((pacticipant, true)) => draft.push(Event::PacticipantChanged { pacticipant, details }),
        Some((_, false)) => {}
    }
    Ok(())
}

pub(super) fn take_for(draft: &mut Draft<'_>, name: &str, component: Option<EntityRef>) -> Result<(), Refusal> {
    let known = draft.known(name)?;
    let component = component.unwrap_or_else(|| component_named(name));
    if known.component != component {
        draft.push(Event::PacticipantMatched { pacticipant: Party { component, ..known } });
    }
    Ok(())
}

pub(super) fn label(draft: &mut Draft<'_>, name: &str, label: &str, given: bool) -> Result<(), Refusal> {
    let pacticipant = draft.known(name)?;
    limits::name("label", label)?;
    let key = draft.state.pacticipant_named(name);
    let labels = key.and_then(|key| draft.state.pacticipant(key)).map(|known| &known.labels);
    let (has, many) = labels.map_or((false, 0), |labels| (labels.contains_key(label), labels.len()));
    let label = label.to_owned();
    match (given, has) {
        (true, false) if many >= LABELS_MAX => {
            return Err(Refusal::new(&codes::INVALID, format!("has {LABELS_MAX} labels already")).field("label"));
        }
        (true, false) => draft.push(Event::Labelled { pacticipant, label }),
        (false, true) => draft.push(Event::Unlabelled { pacticipant, label }),
        (true, true) => {}
        (false, false) => return Err(not_found("label", &label)),
    }
    Ok(())
}

pub(super) fn unset_branch(draft: &mut Draft<'_>, name: &str, version: String, branch: String) -> Result<(), Refusal> {
    let key = draft.known_version(name, &version)?;
    if !draft.state.version(key).is_some_and(|version| version.is_on(&branch)) {
        return Err(not_found("branch", &branch));
    }
    draft.push(Event::BranchUnset { pacticipant: draft.known(name)?, version, branch });
    Ok(())
}

pub(super) fn remove_branches(draft: &mut Draft<'_>, name: &str, branches: Vec<String>) -> Result<(), Refusal> {
    let pacticipant = draft.known(name)?;
    let key = draft.state.pacticipant_named(name).ok_or_else(|| not_found("pacticipant with name", name))?;
    for branch in branches {
        if draft.state.branch(key, &branch).is_none() {
            return Err(not_found("branch", &branch));
        }
        draft.push(Event::BranchRemoved { pacticipant: pacticipant.clone(), branch });
    }
    Ok(())
}

pub(super) fn untag(draft: &mut Draft<'_>, name: &str, version: String, tag: String) -> Result<(), Refusal> {
    let key = draft.known_version(name, &version)?;
    if !draft.state.version(key).is_some_and(|version| version.has_tag(&tag)) {
        return Err(not_found("tag", &tag));
    }
    draft.push(Event::Untagged { pacticipant: draft.known(name)?, version, tag });
    Ok(())
}

/// The names of pacticipants that a new one may have been meant to be: those that consist of the same words, whatever
/// stands between them, and whether or not they end in "service".
#[must_use]
pub fn similar_names(state: &State, new: &str) -> Vec<String> {
    similar_to_each(state, [new]).into_iter().flat_map(|(_, known)| known).collect()
}

/// [`similar_names`] of several names, with those of them that have any: all names are looked at once.
#[must_use]
pub fn similar_to_each<'n>(state: &State, names: impl IntoIterator<Item = &'n str>) -> Vec<(&'n str, Vec<String>)> {
    let new = names.into_iter().filter(|name| state.pacticipant_named(name).is_none());
    let new: Vec<(&str, BTreeSet<String>)> = new.map(|name| (name, words(name))).collect();
    let mut similar: BTreeMap<BTreeSet<String>, Vec<String>> =
        new.iter().map(|(_, words)| (words.clone(), Vec::new())).collect();
    similar.retain(|words, _| !words.is_empty());
    if similar.is_empty() {
        return Vec::new();
    }
    for (_, known) in state.pacticipants() {
        if let Some(names) = similar.get_mut(&words(&known.name)) {
            names.push(known.name.to_string());
        }
    }
    let with_any = new.iter().filter_map(|(name, words)| Some((*name, similar.get(words)?.clone())));
    with_any.filter(|(_, known)| !known.is_empty()).collect()
}

fn words(name: &str) -> BTreeSet<String> {
    let mut spaced = String::new();
    let mut before_is_small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && before_is_small {
            spaced.push(' ');
        }
        before_is_small = letter.is_lowercase();
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
    }
    let words = spaced.split_whitespace().map(str::to_lowercase);
    words.filter(|word| word != "service" && word != "services").collect()
}
