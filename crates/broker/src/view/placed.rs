//! Environments and what is in them.

use contracts::{KnownEnvironment, Placed, State};
use serde_json::{Map, Value, json};

use super::{embedded_pacticipant, embedded_version, object, stamp, time, version::display_of};
use crate::links::{Links, entitled, link, titled};

/// An environment.
pub(crate) fn environment(links: &Links, known: &KnownEnvironment) -> Value {
    let environment = &known.environment;
    let here = links.environment(&environment.id.to_string());
    let display = display_of(environment);
    let contacts: Option<Value> = environment.contacts.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let mut fields: Map<String, Value> = object(json!({
        "uuid": environment.id,
        "name": environment.name,
        "displayName": display,
        "production": environment.production,
        "contacts": contacts,
    }));
    stamp(&mut fields, known.created, known.updated);
    let links_value = json!({
        "self": entitled(here.clone(), "Environment", &environment.name),
        "pb:currently-deployed-deployed-versions": titled(
            format!("{here}/deployed-versions/currently-deployed"),
            &format!("Versions currently deployed to {display} environment"),
        ),
        "pb:currently-supported-released-versions": titled(
            format!("{here}/released-versions/currently-supported"),
            &format!("Versions released and supported in {display} environment"),
        ),
        "pb:environments": titled(links.at(&["environments"]), "Environments"),
    });
    fields.insert("_links".to_owned(), links_value);
    Value::Object(fields)
}

/// A version that is or was in an environment.
pub(crate) fn placed(state: &State, links: &Links, placed: &Placed) -> Value {
    let current = placed.until.is_none();
    let mut fields = object(json!({"uuid": placed.id}));
    let path = if placed.released { "released-versions" } else { "deployed-versions" };
    if placed.released {
        fields.insert("currentlySupported".to_owned(), json!(current));
        fields.insert("supportEndedAt".to_owned(), json!(placed.until.map(time)));
    } else {
        fields.insert("currentlyDeployed".to_owned(), json!(current));
        fields.insert("target".to_owned(), json!(placed.instance));
        fields.insert("applicationInstance".to_owned(), json!(placed.instance));
        fields.insert("undeployedAt".to_owned(), json!(placed.until.map(time)));
    }
    stamp(&mut fields, placed.since, placed.until.unwrap_or(placed.since));
    let environment = state.environment(placed.environment).map(|known| environment(links, known));
    let embedded = json!({
        "pacticipant": embedded_pacticipant(state, links, placed.pacticipant),
        "version": embedded_version(state, links, placed.version),
        "environment": environment,
    });
    fields.insert("_embedded".to_owned(), embedded);
    let here = links.at(&[path, &placed.id.to_string()]);
    fields.insert("_links".to_owned(), json!({"self": link(here)}));
    Value::Object(fields)
}
