//! What is deployed and released where.

use contracts::{Command, Placed, VersionKey, Via};
use kernel::PlacementId;
use serde_json::{Value, json};

use super::environments;
use crate::{Answer, Call, Failure, links::titled, view};

fn listed(call: &Call<'_>, placed: &[&Placed], key: &str, here: String, title: &str) -> Answer {
    let shown: Vec<Value> = placed.iter().map(|placed| view::placed(call.state(), &call.links, placed)).collect();
    Answer::hal(&json!({"_embedded": {key: shown}, "_links": {"self": titled(here, title)}}))
}

pub(crate) fn in_environment(call: &mut Call<'_>) -> Result<Answer, Failure> {
    here(call, false)
}

pub(crate) fn supported(call: &mut Call<'_>) -> Result<Answer, Failure> {
    here(call, true)
}

fn here(call: &Call<'_>, released: bool) -> Result<Answer, Failure> {
    let known = environments::asked(call)?;
    let state = call.state();
    let (pacticipant, number) = (call.query_text("pacticipant"), call.query_text("version"));
    let instance = call.query_text("applicationInstance").or_else(|| call.query_text("target"));
    let wanted = |placed: &&Placed| {
        placed.released == released
            && pacticipant.as_deref().is_none_or(|name| state.name(placed.pacticipant) == name)
            && number.as_deref().is_none_or(|number| state.number(placed.version) == number)
            && instance.as_deref().is_none_or(|instance| placed.instance.as_deref().unwrap_or_default() == instance)
    };
    let there: Vec<&Placed> = state.all_placed_in(known.environment.id).filter(wanted).collect();
    let at = call.links.environment(&known.environment.id.to_string());
    let name = known.environment.display_name.as_deref().unwrap_or(&known.environment.name);
    Ok(if released {
        let title = format!("Currently supported released versions for {name}");
        listed(call, &there, "releasedVersions", format!("{at}/released-versions/currently-supported"), &title)
    } else {
        let title = format!("Currently deployed versions for {name}");
        listed(call, &there, "deployedVersions", format!("{at}/deployed-versions/currently-deployed"), &title)
    })
}

fn version(call: &Call<'_>) -> Result<VersionKey, Failure> {
    let version = call.state().version_named(call.param("pacticipant")?, call.param("version")?);
    version.ok_or(Failure::NotFound)
}

fn of(call: &Call<'_>, released: bool) -> Result<Answer, Failure> {
    let version = version(call)?;
    let id = environments::asked(call)?.environment.id;
    let wanted = |placed: &&Placed| placed.released == released && placed.environment == id;
    let placed: Vec<&Placed> = call.state().placements_of(version).filter(wanted).collect();
    let at = call.links.version(call.param("pacticipant")?, call.param("version")?);
    Ok(if released {
        listed(
            call,
            &placed,
            "releasedVersions",
            format!("{at}/released-versions/environment/{id}"),
            "Released versions",
        )
    } else {
        listed(
            call,
            &placed,
            "deployedVersions",
            format!("{at}/deployed-versions/environment/{id}"),
            "Deployed versions",
        )
    })
}

pub(crate) fn of_version(call: &mut Call<'_>) -> Result<Answer, Failure> {
    of(call, false)
}

pub(crate) fn released_of_version(call: &mut Call<'_>) -> Result<Answer, Failure> {
    of(call, true)
}

/// The fact that stands now, as it is shown after it was made.
fn made(call: &Call<'_>, released: bool, instance: Option<&str>) -> Result<Answer, Failure> {
    let version = version(call)?;
    let id = environments::asked(call)?.environment.id;
    let stands = |placed: &&Placed| {
        placed.released == released
            && placed.environment == id
            && placed.until.is_none()
            && (released || placed.instance.as_deref() == instance)
    };
    let placed = call.state().placements_of(version).find(stands).ok_or(Failure::NotFound)?;
    let path = if released { "released-versions" } else { "deployed-versions" };
    let here = call.links.at(&[path, &placed.id.to_string()]);
    Ok(Answer::with_status(201, &view::placed(call.state(), &call.links, placed)).header("location", here))
}

/// Whether a gate that refuses is overridden, and why.
struct Emergency {
    emergency: bool,
    reason: Option<String>,
}

fn emergency(body: &Value) -> Result<Emergency, Failure> {
    let emergency = match body.get("emergency") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(emergency)) => *emergency,
        Some(_) => return Err(Failure::field("emergency", "must be boolean")),
    };
    let reason = match body.get("reason") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Some(_) => return Err(Failure::field("reason", "must be a string")),
    };
    if emergency && reason.is_none() {
        return Err(Failure::field("reason", "is missing: an emergency needs one"));
    }
    Ok(Emergency { emergency, reason })
}

pub(crate) fn deploy(call: &mut Call<'_>) -> Result<Answer, Failure> {
    version(call)?;
    let environment = environments::asked(call)?.environment.id;
    let body = call.json()?;
    let instance = match body.get("applicationInstance").or(body.get("target")) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.trim().is_empty() => {
            return Err(Failure::field("applicationInstance", "cannot be blank"));
        }
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return Err(Failure::field("applicationInstance", "must be a string")),
    };
    let Emergency { emergency, reason } = emergency(&body)?;
    let command = Command::Deploy {
        pacticipant: call.param("pacticipant")?.to_owned(),
        version: call.param("version")?.to_owned(),
        environment,
        instance: instance.clone(),
        via: Via::Contracts,
        emergency,
    };
    call.submit_because(command, reason.as_deref())?;
    made(call, false, instance.as_deref())
}

pub(crate) fn release(call: &mut Call<'_>) -> Result<Answer, Failure> {
    version(call)?;
    let environment = environments::asked(call)?.environment.id;
    let (pacticipant, version) = (call.param("pacticipant")?.to_owned(), call.param("version")?.to_owned());
    let Emergency { emergency, reason } = emergency(&call.json()?)?;
    call.submit_because(Command::Release { pacticipant, version, environment, emergency }, reason.as_deref())?;
    made(call, true, None)
}

/// What the path names, if it is of that sort: a released version is no deployed one.
fn asked<'c>(call: &'c Call<'_>, released: bool) -> Result<&'c Placed, Failure> {
    let id: PlacementId = call.param("uuid")?.parse().map_err(|_| Failure::NotFound)?;
    call.state().placed(id).filter(|placed| placed.released == released).ok_or(Failure::NotFound)
}

pub(crate) fn show(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(Answer::hal(&view::placed(call.state(), &call.links, asked(call, false)?)))
}

pub(crate) fn show_released(call: &mut Call<'_>) -> Result<Answer, Failure> {
    Ok(Answer::hal(&view::placed(call.state(), &call.links, asked(call, true)?)))
}

pub(crate) fn undeploy(call: &mut Call<'_>) -> Result<Answer, Failure> {
    end(call, false, "currentlyDeployed", "currentlyDeployed property cannot be set back to true")
}

pub(crate) fn end_support(call: &mut Call<'_>) -> Result<Answer, Failure> {
    end(call, true, "currentlySupported", "currentlySupported property cannot be set back to true")
}

fn end(call: &mut Call<'_>, released: bool, field: &str, cannot: &str) -> Result<Answer, Failure> {
    let placement = asked(call, released)?.id;
    let body = call.json()?;
    match body.get(field) {
        Some(Value::Bool(false)) => call.submit(Command::Displace { placement })?,
        Some(Value::Bool(true)) => {
            let text = format!("The {cannot}. Please record a new deployment.");
            return Err(Failure::Errors { status: 422, errors: json!({field: [text]}), notices: Vec::new() });
        }
        Some(_) => return Err(Failure::field(field, "must be boolean")),
        None => {}
    }
    if released { show_released(call) } else { show(call) }
}
