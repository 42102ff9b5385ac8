//! The wishes, and what becomes of them.

use jiff::Timestamp;
use kernel::{Context, DeploymentId, EffectId, EntityRef, EventId, Refusal, codes};
use serde::{Deserialize, Serialize};

use crate::{
    Event, Outcome, SAME_DEPLOYMENT, Settings, State, UNDO_PATIENCE, What, limits,
    state::{Pending, Target},
    undo,
};

/// What somebody wants of the running software, or says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// A deployment has ended: record it.
    RecordDeployment {
        /// What was deployed; a component.
        component: EntityRef,
        /// Where to; at most 63 bytes.
        environment: String,
        /// The version; at most 128 bytes.
        version: String,
        /// How it ended.
        outcome: Outcome,
        /// A page about it, with http or https.
        #[serde(default)]
        url: Option<String>,
        /// The commit that it was built from.
        #[serde(default)]
        commit: Option<String>,
        /// The deployment that it takes back, by its event. Left out, a rollback to this version that was asked for
        /// here is meant.
        #[serde(default)]
        rollback_of: Option<EventId>,
        /// When it ended, if that was some time ago: at most a year.
        #[serde(default)]
        finished: Option<Timestamp>,
    },
    /// A configuration has taken effect: record it.
    RecordConfig {
        /// What was configured; a component.
        component: EntityRef,
        /// Where; at most 63 bytes.
        environment: String,
        /// Every setting, without secrets.
        settings: Settings,
        /// When it took effect, if that was some time ago: at most a year.
        #[serde(default)]
        finished: Option<Timestamp>,
    },
    /// Take a deployment back.
    RequestRollback {
        /// What was deployed.
        component: EntityRef,
        /// Where to.
        environment: String,
        /// The deployment, by its event.
        of: EventId,
        /// The component's deploy hook, as the catalog has it.
        hook: Option<String>,
    },
    /// Take a change of the configuration back.
    RequestConfigRestore {
        /// What was configured.
        component: EntityRef,
        /// Where.
        environment: String,
        /// The change, by its event.
        of: EventId,
        /// The component's deploy hook, as the catalog has it.
        hook: Option<String>,
    },
    /// Say what the deploy hook answered to a request.
    ReportUndo {
        /// The effect of the request.
        effect: EffectId,
        /// Why it failed, or nothing if the hook took it.
        error: Option<String>,
    },
}

/// Decides what becomes of a command. No events: there is nothing to do.
///
/// # Errors
/// `invalid` for a field that is not allowed; `not-found` for an unknown change; and what [`undo`] refuses.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::RecordDeployment { component, environment, version, outcome, url, commit, rollback_of, finished } => {
            limits::finished(finished, context.now)?;
            limits::place(&component, &environment)?;
            limits::version(&version)?;
            limits::url(url.as_deref())?;
            limits::commit(commit.as_deref())?;
            room(state, &component, &environment)?;
            if recorded_just_now(state, &component, &environment, (&version, commit.as_deref(), outcome), context.now) {
                return Ok(Vec::new());
            }
            let previous = state.live(&component, &environment).map(|live| live.version.clone());
            let asked_here = || {
                pending(state, &component, &environment)
                    .find(|pending| matches!(&pending.to, Target::Version(to) if *to == version))
                    .map(|pending| pending.of)
            };
            let rollback_of = rollback_of.or_else(asked_here);
            let deployment = context.id::<DeploymentId>();
            Ok(vec![Event::DeploymentFinished {
                deployment,
                component,
                environment,
                version,
                previous,
                outcome,
                url,
                commit,
                rollback_of,
                finished,
            }])
        }
        Command::RecordConfig { component, environment, settings, finished } => {
            limits::finished(finished, context.now)?;
            limits::place(&component, &environment)?;
            limits::settings(&settings)?;
            room(state, &component, &environment)?;
            Ok(apply_config(state, component, environment, settings, finished).into_iter().collect())
        }
        Command::RequestRollback { component, environment, of, hook } => {
            let (from_version, to_version) = undo::rollback(state, &component, &environment, of, hook.as_deref())?;
            let effect = context.id();
            Ok(vec![Event::RollbackRequested { component, environment, from_version, to_version, of, effect }])
        }
        Command::RequestConfigRestore { component, environment, of, hook } => {
            let to = undo::config_restore(state, &component, &environment, of, hook.as_deref())?;
            Ok(vec![Event::ConfigRestoreRequested { component, environment, to, of, effect: context.id() }])
        }
        Command::ReportUndo { effect, error } => Ok(answered(state, effect, error).into_iter().collect()),
    }
}

/// The requests to go back that got nowhere in time.
#[must_use]
pub fn due(state: &State, now: Timestamp) -> Vec<Command> {
    state
        .pending()
        .filter(|(_, pending)| !within(pending.asked, now, UNDO_PATIENCE))
        .map(|(effect, pending)| {
            let what = match &pending.to {
                Target::Version(version) => format!("no deployment of {version} was recorded"),
                Target::Settings(_) => "no change of the configuration was recorded".to_owned(),
            };
            let error = Some(format!("{what} within {} minutes", UNDO_PATIENCE.as_secs() / 60));
            Command::ReportUndo { effect, error }
        })
        .collect()
}

fn within(from: Timestamp, now: Timestamp, bound: std::time::Duration) -> bool {
    now.duration_since(from).unsigned_abs() < bound
}

/// Refuses one environment too many.
fn room(state: &State, component: &EntityRef, environment: &str) -> Result<(), Refusal> {
    let known = state.place(component, environment).is_some();
    if known || state.environments(component).count() < limits::ENVIRONMENTS {
        return Ok(());
    }
    let detail = format!("{component} has {} environments already", limits::ENVIRONMENTS);
    Err(Refusal::new(&codes::INVALID, detail).field("/environment").fix("record deployments under stable names"))
}

/// True if the newest deployment of this place is the same one, reported twice.
fn recorded_just_now(
    state: &State,
    component: &EntityRef,
    environment: &str,
    (version, commit, outcome): (&str, Option<&str>, Outcome),
    now: Timestamp,
) -> bool {
    let newest = state.history(component, environment).find_map(|change| match &change.what {
        What::Deployed(deployed) => Some((change.at, deployed)),
        What::Configured(_) => None,
    });
    newest.is_some_and(|(at, last)| {
        last.version == version
            && last.commit.as_deref() == commit
            && last.outcome == outcome
            && within(at, now, SAME_DEPLOYMENT)
    })
}

/// The configuration change, if anything is different.
fn apply_config(
    state: &State,
    component: EntityRef,
    environment: String,
    after: Settings,
    finished: Option<Timestamp>,
) -> Option<Event> {
    let configured = state.configured(&component, &environment);
    let before = configured.map_or_else(Settings::new, |configured| configured.settings.as_ref().clone());
    let names = before.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>();
    let changed: Vec<String> =
        names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
    if changed.is_empty() {
        return None;
    }
    let restore_of = pending(state, &component, &environment)
        .find(|pending| matches!(&pending.to, Target::Settings(to) if **to == after))
        .map(|pending| pending.of);
    Some(Event::ConfigApplied { component, environment, before, after, changed, restore_of, finished })
}

fn pending<'a>(state: &'a State, component: &'a EntityRef, environment: &'a str) -> impl Iterator<Item = &'a Pending> {
    state
        .pending()
        .map(|(_, pending)| pending)
        .filter(move |pending| pending.component == *component && pending.environment == environment)
}

/// What a hook's answer changes; nothing if the request is over, or was taken before.
fn answered(state: &State, effect: EffectId, error: Option<String>) -> Option<Event> {
    let pending = state.pending_effect(effect)?;
    let (component, environment, of) = (pending.component.clone(), pending.environment.clone(), pending.of);
    match error {
        Some(mut error) => {
            error.truncate(error.floor_char_boundary(limits::ERROR_BYTES));
            Some(Event::UndoFailed { component, environment, of, effect, error })
        }
        None if pending.accepted => None,
        None => Some(Event::UndoAccepted { component, environment, of, effect }),
    }
}
