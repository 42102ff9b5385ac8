//! Environments.

use std::collections::BTreeSet;

use contracts::{Command, KnownEnvironment, VersionKey};
use kernel::EnvironmentId;
use serde_json::{Value, json};

use super::versions;
use crate::{
    Answer, Call, Failure,
    links::{entitled, titled},
    view,
};

/// The environment that the path names.
pub(crate) fn asked<'c>(call: &'c Call<'_>) -> Result<&'c KnownEnvironment, Failure> {
    let id: EnvironmentId = call.param("environment")?.parse().map_err(|_| Failure::NotFound)?;
    call.state().environment(id).ok_or(Failure::NotFound)
}

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let (state, links) = (call.state(), &call.links);
    let mut all: Vec<&KnownEnvironment> = state.environments().collect();
    all.sort_by_key(|known| known.environment.name.to_lowercase());
    let shown: Vec<Value> = all.iter().map(|known| view::environment(links, known)).collect();
    let each: Vec<Value> = all
        .iter()
        .map(|known| {
            let here = links.environment(&known.environment.id.to_string());
            entitled(here, "Environment", &known.environment.name)
        })
        .collect();
    Ok(Answer::hal(&json!({
        "_embedded": {"environments": shown},
        "_links": {"self": titled(links.at(&["environments"]), "Environments"), "pb:environments": each},
    })))
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let known = asked(call)?;
    Ok(Answer::hal(&view::environment(&call.links, known)))
}

fn read(call: &Call<'_>, id: Option<EnvironmentId>) -> Result<Command, Failure> {
    let body = call.json()?;
    let mut errors: Vec<(String, String)> = Vec::new();
    let name = match body.get("name") {
        Some(Value::String(name)) if name.trim().is_empty() => {
            errors.push(("name".to_owned(), "can't be blank".to_owned()));
            String::new()
        }
        Some(Value::String(name)) => name.clone(),
        Some(_) => {
            errors.push(("name".to_owned(), "must be a string".to_owned()));
            String::new()
        }
        None => {
            errors.push(("name".to_owned(), "is missing".to_owned()));
            String::new()
        }
    };
    let production = match body.get("production") {
        Some(Value::Bool(production)) => *production,
        Some(_) => {
            errors.push(("production".to_owned(), "must be boolean".to_owned()));
            false
        }
        None => {
            errors.push(("production".to_owned(), "is missing".to_owned()));
            false
        }
    };
    let contacts = match body.get("contacts") {
        None | Some(Value::Null) => None,
        Some(Value::Array(contacts)) => {
            for (at, contact) in contacts.iter().enumerate() {
                if contact.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
                    errors.push(("contacts.name".to_owned(), format!("can't be blank (at index {at})")));
                }
            }
            Some(Value::Array(contacts.clone()).to_string())
        }
        Some(_) => {
            errors.push(("contacts".to_owned(), "must be an array".to_owned()));
            None
        }
    };
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let display_name = body.get("displayName").and_then(Value::as_str).map(str::to_owned);
    Ok(Command::PutEnvironment { id, name, display_name, production, contacts })
}

pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let command = read(call, None)?;
    let name = if let Command::PutEnvironment { name, .. } = &command { name.clone() } else { String::new() };
    call.submit(command)?;
    let known = call.state().environment_named(&name).ok_or(Failure::NotFound)?;
    let here = call.links.environment(&known.environment.id.to_string());
    Ok(Answer::with_status(201, &view::environment(&call.links, known)).header("location", here))
}

pub(crate) fn replace(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = asked(call)?.environment.id;
    let command = read(call, Some(id))?;
    call.submit(command)?;
    show(call)
}

pub(crate) fn remove(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let id = asked(call)?.environment.id;
    call.submit(Command::RemoveEnvironment { id })?;
    Ok(Answer::empty())
}

pub(crate) fn versions_of(call: &mut Call<'_>) -> Result<Answer, Failure> {
    let key = view::party(call, "pacticipant")?;
    let known = asked(call)?;
    let name = call.param("pacticipant")?;
    let id = known.environment.id;
    let there: BTreeSet<VersionKey> = call.state().placed_in(id, key).map(|placed| placed.version).collect();
    let here = format!("{}/environments/{id}/versions", call.links.pacticipant(name));
    let title = format!("Versions of {name} in {}", known.environment.name);
    versions::listed(call, there.into_iter().rev().collect(), &here, &title)
}
