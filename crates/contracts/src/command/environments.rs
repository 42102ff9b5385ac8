//! Environments, and what is in them.

use kernel::{EntityRef, EnvironmentId, PlacementId, Refusal, codes};

use super::{Command, draft::Draft, not_found};
use crate::{
    Environment, Event, Gate, Party, State, VersionKey, Via, limits,
    matrix::{self, LatestBy, Query, Selector},
};

/// Bytes of what is said of whom to ask.
const CONTACTS_BYTES: usize = 10_000;

pub(super) fn seed(draft: &mut Draft<'_>) {
    if draft.state.environments().next().is_some() || draft.state.pacticipants().next().is_some() {
        return;
    }
    for (name, display, production) in [("test", "Test", false), ("production", "Production", true)] {
        let environment = Environment {
            id: draft.context.id(),
            name: name.to_owned(),
            display_name: Some(display.to_owned()),
            production,
            contacts: None,
            gate: Gate::Off,
        };
        draft.push(Event::EnvironmentDefined { environment });
    }
}

pub(super) fn put(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    let Command::PutEnvironment { id, name, display_name, production, contacts } = command else { return Ok(()) };
    limits::name("name", &name)?;
    if name.contains(char::is_whitespace) {
        return Err(Refusal::new(&codes::INVALID, "cannot contain spaces").field("name"));
    }
    display_name.as_deref().map_or(Ok(()), |text| limits::bounded("displayName", text, limits::NAME_BYTES))?;
    if contacts.as_ref().is_some_and(|contacts| contacts.len() > CONTACTS_BYTES) {
        let detail = format!("has more than {CONTACTS_BYTES} bytes");
        return Err(Refusal::new(&codes::INVALID, detail).field("contacts"));
    }
    let same = draft.state.environment_named(&name).map(|known| known.environment.id);
    if same.is_some() && same != id {
        let detail = format!("name '{name}' is already used by an existing environment.");
        return Err(Refusal::new(&codes::INVALID, detail).field("name"));
    }
    let known = match id {
        Some(id) => {
            let known = draft.state.environment(id);
            Some(known.ok_or_else(|| not_found("environment with uuid", &id.to_string()))?.environment.clone())
        }
        None => None,
    };
    if known.is_none() && draft.state.environments().count() >= limits::ENVIRONMENTS {
        let detail = format!("there are {} environments already", limits::ENVIRONMENTS);
        return Err(Refusal::new(&codes::INVALID, detail).field("name"));
    }
    let environment = Environment {
        id: id.unwrap_or_else(|| draft.context.id()),
        name,
        display_name,
        production,
        contacts,
        gate: known.as_ref().map(|known| known.gate).unwrap_or_default(),
    };
    if known.as_ref() != Some(&environment) {
        draft.push(Event::EnvironmentDefined { environment });
    }
    Ok(())
}

pub(super) fn set_gate(draft: &mut Draft<'_>, name: &str, gate: Gate) -> Result<(), Refusal> {
    let known = draft.state.environment_named(name).ok_or_else(|| not_found("environment with name", name))?;
    if known.environment.gate != gate {
        let environment = Environment { gate, ..known.environment.clone() };
        draft.push(Event::EnvironmentDefined { environment });
    }
    Ok(())
}

pub(super) fn remove(draft: &mut Draft<'_>, id: EnvironmentId) -> Result<(), Refusal> {
    let known = draft.state.environment(id).ok_or_else(|| not_found("environment with uuid", &id.to_string()))?;
    let name = known.environment.name.clone();
    draft.push(Event::EnvironmentRemoved { environment: id, name });
    Ok(())
}

/// True if a version is deployed in an environment already, on no particular instance.
#[must_use]
pub fn is_there(state: &State, pacticipant: &str, version: &str, environment: &str) -> bool {
    let known = state.environment_named(environment).map(|known| known.environment.id);
    let there = known.zip(state.version_named(pacticipant, version));
    there.is_some_and(|(environment, version)| deployed_there(state, environment, version, None).is_some())
}

/// What the matrix says of a version in an environment, if it does not say that it can be deployed: one sentence.
#[must_use]
pub fn gate_answer(state: &State, pacticipant: &str, version: &str, environment: &str) -> Option<String> {
    let selector =
        Selector { pacticipant: pacticipant.to_owned(), version: Some(version.to_owned()), ..Selector::default() };
    let query = Query {
        selectors: vec![selector],
        latest_by: Some(LatestBy::ConsumerVersionProviderVersion),
        environment: Some(environment.to_owned()),
        ..Query::default()
    };
    let answer = matrix::ask(state, &query);
    (answer.deployable() != Some(true)).then(|| answer.reasons().join("; "))
}

pub(super) fn deploy(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    let Command::Deploy { pacticipant, version, environment, instance, via, emergency } = command else {
        return Ok(());
    };
    deploy_to(draft, (&pacticipant, version), (environment, instance), via, Pass::of(emergency))
}

/// With what a version comes to a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// With nothing: it may be refused.
    Asked,
    /// With somebody's word that it must be.
    Emergency,
    /// It goes back, which is never refused.
    Back,
}

impl Pass {
    fn of(emergency: bool) -> Self {
        if emergency { Self::Emergency } else { Self::Asked }
    }
}

fn deploy_to(
    draft: &mut Draft<'_>,
    (pacticipant, version): (&str, String),
    (environment, instance): (EnvironmentId, Option<String>),
    via: Via,
    pass: Pass,
) -> Result<(), Refusal> {
    let key = draft.known_version(pacticipant, &version)?;
    let known = draft.state.environment(environment);
    let known = known.ok_or_else(|| not_found("environment with uuid", &environment.to_string()))?;
    let (name, gate) = (known.environment.name.clone(), known.environment.gate);
    instance.as_deref().map_or(Ok(()), |instance| limits::name("applicationInstance", instance))?;
    if deployed_there(&draft.state, environment, key, instance.as_deref()).is_some() {
        return Ok(());
    }
    let party = draft.known(pacticipant)?;
    pass_gate(draft, &party, &version, (&name, gate), pass)?;
    let without_contract = is_without_contract(&draft.state, key);
    draft.push(Event::VersionDeployed {
        placement: draft.context.id(),
        pacticipant: party,
        version,
        environment,
        environment_name: name,
        instance,
        via,
        without_contract,
    });
    Ok(())
}

/// Asks the matrix, where the environment wants it: a bad answer refuses, or is noted beside the fact.
fn pass_gate(
    draft: &mut Draft<'_>,
    party: &Party,
    version: &str,
    (environment, gate): (&str, Gate),
    pass: Pass,
) -> Result<(), Refusal> {
    let answer = if gate == Gate::Off { None } else { gate_answer(&draft.state, &party.name, version, environment) };
    let Some(answer) = answer else { return Ok(()) };
    if gate == Gate::Refuse && pass == Pass::Asked {
        let detail = format!("{} {version} must not be deployed to {environment}: {answer}", party.name);
        return Err(Refusal::new(&codes::CONTRACT_BROKEN, detail).field("environment"));
    }
    draft.push(Event::GatePassed {
        pacticipant: party.clone(),
        version: version.to_owned(),
        environment_name: environment.to_owned(),
        answer,
        overridden: gate == Gate::Refuse && pass == Pass::Emergency,
    });
    Ok(())
}

/// The fact that a version is deployed somewhere, if it is.
fn deployed_there(
    state: &State,
    environment: EnvironmentId,
    version: VersionKey,
    instance: Option<&str>,
) -> Option<PlacementId> {
    let pacticipant = state.version(version)?.pacticipant;
    let mut there = state.placed_in(environment, pacticipant);
    let same = there.find(|at| !at.released && at.version == version && at.instance.as_deref() == instance);
    same.map(|placed| placed.id)
}

/// True if a version is deployed somewhere, on whatever instance.
fn is_deployed(state: &State, environment: EnvironmentId, version: VersionKey) -> bool {
    let mut placements = state.placements_of(version).filter(|placed| placed.environment == environment);
    placements.any(|placed| !placed.released && placed.until.is_none())
}

/// True if a version has neither a pact nor a verification nor a definition.
pub(crate) fn is_without_contract(state: &State, key: VersionKey) -> bool {
    state.version(key).is_some_and(|version| version.pacts.is_empty())
        && state.contents_tried_by(key).next().is_none()
        && state.definition_of(key).is_none()
}

/// What is deployed as a component is deployed as its pacticipants, in the environment of the same name. A version that
/// nobody has told of yet becomes known, so that what runs is never a version before; an environment does too.
pub(super) fn follow(
    draft: &mut Draft<'_>,
    component: &EntityRef,
    (version, environment): (&str, &str),
    goes_back: bool,
) -> Result<(), Refusal> {
    let names: Vec<String> = {
        let keys = draft.state.pacticipants_of(component);
        keys.map(|key| draft.state.name(key).to_owned()).collect()
    };
    if names.is_empty() || environment.contains(char::is_whitespace) {
        return Ok(());
    }
    if draft.state.environment_named(environment).is_none() {
        let production = environment.starts_with("prod");
        let (name, display_name, contacts) = (environment.to_owned(), None, None);
        put(draft, Command::PutEnvironment { id: None, name, display_name, production, contacts })?;
    }
    let Some(id) = draft.state.environment_named(environment).map(|known| known.environment.id) else { return Ok(()) };
    for pacticipant in names {
        let (_, key) = draft.version(&pacticipant, version, None)?;
        if is_deployed(&draft.state, id, key) {
            // On some instance of it: without an instance, it would be there twice, and stay when that one is gone.
            continue;
        }
        // It runs already. Whether it may was asked when it was recorded; if that was overridden, it is said here.
        let pass = if goes_back { Pass::Back } else { Pass::Emergency };
        deploy_to(draft, (&pacticipant, version.to_owned()), (id, None), Via::Deploys, pass)?;
    }
    Ok(())
}

/// A tag with the name of an environment says that the version is deployed there.
pub(super) fn deployed_by_tag(draft: &mut Draft<'_>, name: &str, number: &str, tag: &str) -> Result<(), Refusal> {
    let Some(environment) = draft.state.environment_named(tag).map(|known| known.environment.id) else {
        return Ok(());
    };
    deploy_to(draft, (name, number.to_owned()), (environment, None), Via::Tag, Pass::Asked)
}

pub(super) fn release(
    draft: &mut Draft<'_>,
    name: &str,
    (version, environment): (String, EnvironmentId),
    emergency: bool,
) -> Result<(), Refusal> {
    let key = draft.known_version(name, &version)?;
    let known = draft.state.environment(environment);
    let known = known.ok_or_else(|| not_found("environment with uuid", &environment.to_string()))?;
    let (environment_name, gate) = (known.environment.name.clone(), known.environment.gate);
    let pacticipant = draft.known(name)?;
    let released = draft
        .state
        .placements_of(key)
        .any(|placed| placed.released && placed.environment == environment && placed.until.is_none());
    if !released {
        pass_gate(draft, &pacticipant, &version, (&environment_name, gate), Pass::of(emergency))?;
        let placement = draft.context.id();
        draft.push(Event::VersionReleased { placement, pacticipant, version, environment, environment_name });
    }
    Ok(())
}

pub(super) fn displace(draft: &mut Draft<'_>, placement: PlacementId) -> Result<(), Refusal> {
    let placed = draft.state.placed(placement);
    let placed = placed.ok_or_else(|| not_found("deployed or released version", &placement.to_string()))?;
    if placed.until.is_some() {
        return Ok(());
    }
    let environment_name =
        draft.state.environment(placed.environment).map(|known| known.environment.name.clone()).unwrap_or_default();
    let pacticipant = draft.known(draft.state.name(placed.pacticipant))?;
    let version = draft.state.number(placed.version).to_owned();
    let event = if placed.released {
        Event::SupportEnded { placement, pacticipant, version, environment_name }
    } else {
        Event::VersionUndeployed { placement, pacticipant, version, environment_name }
    };
    draft.push(event);
    Ok(())
}
