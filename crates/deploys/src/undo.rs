//! How a change of running software is taken back, and when that is refused.

use kernel::{EntityRef, EventId, Refusal, Stamp, codes};

use crate::{Change, Command, Event, Outcome, Settings, State, Undoing, What};

/// The command that reverses `event`. Somebody outside must act on it: `hook` is the component's deploy hook, as the
/// catalog has it (annotation `mainstay.dev/deploy-hook`).
///
/// # Errors
/// `irreversible` without a hook, or where there is nothing to go back to; `moved-on` if the same place was changed
/// since; `conflict` if the change is being or has been taken back, or never took effect.
pub fn undo(state: &State, event: &Event, stamp: &Stamp, hook: Option<&str>) -> Result<Command, Refusal> {
    let (component, environment) = event.place();
    let of = stamp.event;
    let (component, environment) = (component.clone(), environment.to_owned());
    let owned_hook = hook.map(str::to_owned);
    match event {
        Event::DeploymentFinished { .. } => {
            rollback(state, &component, &environment, of, hook)?;
            Ok(Command::RequestRollback { component, environment, of, hook: owned_hook })
        }
        Event::ConfigApplied { .. } => {
            config_restore(state, &component, &environment, of, hook)?;
            Ok(Command::RequestConfigRestore { component, environment, of, hook: owned_hook })
        }
        Event::RollbackRequested { .. }
        | Event::ConfigRestoreRequested { .. }
        | Event::UndoAccepted { .. }
        | Event::UndoFailed { .. } => Err(Refusal::new(
            &codes::IRREVERSIBLE,
            "a request to go back is not itself a change of what runs; undo the deployment or configuration that it led to",
        )),
        Event::CommitsPushed { .. } => {
            Err(Refusal::new(&codes::IRREVERSIBLE, "commits are no change of what runs").fix("undo their deployment"))
        }
        Event::Judged { .. } => {
            Err(Refusal::new(&codes::IRREVERSIBLE, "a judgement stays on record").fix("judge the deployment again"))
        }
    }
}

/// The version to go back from and to when the deployment `of` is taken back.
pub(crate) fn rollback(
    state: &State,
    component: &EntityRef,
    environment: &str,
    of: EventId,
    hook: Option<&str>,
) -> Result<(String, String), Refusal> {
    let change = newest(state, component, environment, of)?;
    let What::Deployed(deployed) = &change.what else { return Err(unknown(component, environment)) };
    let place = format!("{} in {environment}", component.short());
    if deployed.outcome == Outcome::Failed {
        let detail = format!("{} never went live for {place}; there is nothing to take back", deployed.version);
        return Err(Refusal::new(&codes::CONFLICT, detail));
    }
    let Some(previous) = state.version_before(component, environment, of) else {
        let detail = format!("no version of {place} before {} is known", deployed.version);
        return Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("deploy the version that should run"));
    };
    if previous == deployed.version {
        let detail = format!("{previous} was live before this deployment of it too, for {place}");
        return Err(
            Refusal::new(&codes::IRREVERSIBLE, detail).fix("undo an earlier deployment, or deploy another version")
        );
    }
    needs_hook(component, hook, &format!("deploy {} {previous} to {environment} by hand", component.short()))?;
    Ok((deployed.version.clone(), previous.to_owned()))
}

/// The settings to go back to when the configuration change `of` is taken back.
pub(crate) fn config_restore(
    state: &State,
    component: &EntityRef,
    environment: &str,
    of: EventId,
    hook: Option<&str>,
) -> Result<Settings, Refusal> {
    newest(state, component, environment, of)?;
    let configured = state.configured(component, environment).filter(|configured| configured.event == of);
    let configured = configured.ok_or_else(|| unknown(component, environment))?;
    if configured.before.is_empty() {
        let place = format!("{} in {environment}", component.short());
        let detail = format!("no configuration of {place} before this one is known");
        return Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix("set the values that should be"));
    }
    let back = configured
        .settings
        .keys()
        .chain(configured.before.keys())
        .filter(|name| configured.settings.get(*name) != configured.before.get(*name))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .map(|name| match configured.before.get(name) {
            Some(value) => format!("{name}={value}"),
            None => format!("{name} removed"),
        })
        .collect::<Vec<_>>()
        .join(", ");
    needs_hook(component, hook, &format!("set {back} for {} in {environment} by hand", component.short()))?;
    Ok(configured.before.as_ref().clone())
}

/// The change, if nothing of its sort came after it and it isn't being taken back.
fn newest<'a>(state: &'a State, component: &EntityRef, environment: &str, of: EventId) -> Result<&'a Change, Refusal> {
    let found = state.place(component, environment).and_then(|place| Some((place, place.change(of)?)));
    let (place, change) = found.ok_or_else(|| unknown(component, environment))?;
    match change.undoing {
        Undoing::Asked(_) => {
            return Err(Refusal::new(&codes::CONFLICT, "taking this back has been asked for and is under way"));
        }
        Undoing::Done(_) => return Err(Refusal::new(&codes::CONFLICT, "this has been taken back already")),
        Undoing::No => {}
    }
    match place.later(change) {
        Some(later) => {
            let what = match &later.what {
                What::Deployed(deployed) => format!("{} was deployed", deployed.version),
                What::Configured(changed) => format!("{} changed", changed.join(", ")),
            };
            let place = format!("{} in {environment}", component.short());
            let detail = format!("{what} to {place} since, at {} (event {})", later.at, later.event);
            Err(Refusal::new(&codes::MOVED_ON, detail).fix("undo the later change first"))
        }
        None => Ok(change),
    }
}

fn unknown(component: &EntityRef, environment: &str) -> Refusal {
    let detail = format!("no such change among the last ones of {} in {environment}", component.short());
    Refusal::new(&codes::NOT_FOUND, detail)
}

fn needs_hook(component: &EntityRef, hook: Option<&str>, by_hand: &str) -> Result<(), Refusal> {
    if hook.is_some_and(|hook| !hook.trim().is_empty()) {
        return Ok(());
    }
    let detail = format!("{component} has no deploy hook, so Mainstay can't do this itself: {by_hand}");
    let fix = "or name a hook in the catalog: annotation mainstay.dev/deploy-hook with the address to call";
    Err(Refusal::new(&codes::IRREVERSIBLE, detail).fix(fix))
}
