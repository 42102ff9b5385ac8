//! The wishes, and what becomes of them.

use jiff::Timestamp;
use kernel::{Context, DeploymentId, EffectId, EntityRef, EventId, Refusal, codes};
use serde::{Deserialize, Serialize};

use crate::{
    Commit, Event, Outcome, SAME_DEPLOYMENT, Settings, State, Told, UNDO_PATIENCE, What, limits,
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
        /// here before it ended is meant.
        #[serde(default)]
        rollback_of: Option<EventId>,
        /// When it ended, if that was some time ago.
        #[serde(default)]
        finished: Option<Timestamp>,
        /// What else is known of it.
        #[serde(default)]
        told: Told,
    },
    /// A configuration has taken effect: record it.
    RecordConfig {
        /// What was configured; a component.
        component: EntityRef,
        /// Where; at most 63 bytes.
        environment: String,
        /// Every setting, without secrets.
        settings: Settings,
        /// When it took effect, if that was some time ago.
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
    /// Commits came onto a repository's main branch: remember them, for the deployments that will bring them.
    RecordPush {
        /// Whose repository it is.
        component: EntityRef,
        /// The repository, as its forge calls it.
        repository: String,
        /// The commits, oldest first; of more than [`crate::COMMITS_MAX`] the newest are taken.
        commits: Vec<Commit>,
    },
    /// Say whether a deployment failed, whatever the evidence says.
    Judge {
        /// What was deployed.
        component: EntityRef,
        /// Where to.
        environment: String,
        /// The deployment, by its event.
        of: EventId,
        /// Whether it failed; none leaves it to the evidence again.
        failed: Option<bool>,
    },
}

/// Decides what becomes of a command. No events: there is nothing to do.
///
/// # Errors
/// `invalid` for a field that is not allowed; `not-found` for an unknown change; and what [`undo`] refuses.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::RecordDeployment {
            component,
            environment,
            version,
            outcome,
            url,
            commit,
            rollback_of,
            finished,
            mut told,
        } => {
            limits::finished(finished, context.now)?;
            limits::place(&component, &environment)?;
            limits::version(&version)?;
            limits::url(url.as_deref())?;
            limits::commit(commit.as_deref())?;
            limits::told(&told)?;
            room(state, &component, &environment)?;
            let place = (&component, environment.as_str());
            let at = finished.unwrap_or(context.now).min(context.now);
            if state.is_told(place, told.key.as_deref())
                || recorded_just_now(state, place, (&version, commit.as_deref(), outcome), &told, at)
            {
                return Ok(Vec::new());
            }
            let previous = state.live_at(&component, &environment, at).map(|(version, _)| version.to_owned());
            let asked_here = || {
                pending_by(state, &component, &environment, at)
                    .find(|pending| matches!(&pending.to, Target::Version(to) if *to == version))
                    .map(|pending| pending.of)
            };
            let rollback_of = rollback_of.or_else(asked_here);
            if told.commits.is_empty() {
                told.commits = state.brought(place, at, told.repository.as_deref(), commit.as_deref());
            }
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
                told,
            }])
        }
        Command::RecordConfig { component, environment, settings, finished } => {
            limits::finished(finished, context.now)?;
            limits::place(&component, &environment)?;
            limits::settings(&settings)?;
            room(state, &component, &environment)?;
            Ok(apply_config(state, component, environment, settings, (finished, context.now)).into_iter().collect())
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
        Command::RecordPush { component, repository, mut commits } => {
            let all = commits.len();
            commits.drain(..all.saturating_sub(limits::COMMITS_MAX));
            commits.retain(|commit| !state.has_commit(&repository, &commit.sha));
            let told = Told { repository: Some(repository.clone()), commits, ..Told::default() };
            limits::told(&told)?;
            let push = || Event::CommitsPushed { component, repository, commits: told.commits.clone() };
            Ok((!told.commits.is_empty()).then(push).into_iter().collect())
        }
        Command::Judge { component, environment, of, failed } => {
            let record = state.record(&component, &environment, of).ok_or_else(|| {
                let detail = format!("no such deployment of {} in {environment} is held", component.short());
                Refusal::new(&codes::NOT_FOUND, detail)
            })?;
            if record.outcome == Outcome::Failed {
                let detail = format!("{} never went live; what never ran can't have failed its users", record.version);
                return Err(Refusal::new(&codes::CONFLICT, detail));
            }
            if record.judged == failed {
                return Ok(Vec::new());
            }
            let version = record.version.to_string();
            Ok(vec![Event::Judged { component, environment, of, version, failed }])
        }
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

/// True if the deployment before `at` in this place is the same one, reported twice, and not by names that its reporter
/// has for two.
fn recorded_just_now(
    state: &State,
    (component, environment): (&EntityRef, &str),
    (version, commit, outcome): (&str, Option<&str>, Outcome),
    told: &Told,
    at: Timestamp,
) -> bool {
    let until = at.checked_add(SAME_DEPLOYMENT).unwrap_or(at);
    let known = state.history(component, environment).filter(|change| change.at < until);
    let before = known.into_iter().find_map(|change| match &change.what {
        What::Deployed(deployed) => Some((change.at, deployed)),
        What::Configured(_) => None,
    });
    before.is_some_and(|(before, last)| {
        last.version == version
            && last.commit.as_deref() == commit
            && last.outcome == outcome
            && !(told.key.is_some() && last.keyed)
            && within(before, at, SAME_DEPLOYMENT)
    })
}

/// The configuration change, if anything is different.
fn apply_config(
    state: &State,
    component: EntityRef,
    environment: String,
    after: Settings,
    (finished, now): (Option<Timestamp>, Timestamp),
) -> Option<Event> {
    let configured = state.configured(&component, &environment);
    let before = configured.map_or_else(Settings::new, |configured| configured.settings.as_ref().clone());
    let names = before.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>();
    let changed: Vec<String> =
        names.into_iter().filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
    if changed.is_empty() {
        return None;
    }
    let restore_of = pending_by(state, &component, &environment, finished.unwrap_or(now))
        .find(|pending| matches!(&pending.to, Target::Settings(to) if **to == after))
        .map(|pending| pending.of);
    Some(Event::ConfigApplied { component, environment, before, after, changed, restore_of, finished })
}

/// The requests to go back that what ended at this time can have come of. Reporters' times are in whole seconds.
fn pending_by<'a>(
    state: &'a State,
    component: &'a EntityRef,
    environment: &'a str,
    at: Timestamp,
) -> impl Iterator<Item = &'a Pending> {
    state.pending().map(|(_, pending)| pending).filter(move |pending| {
        pending.component == *component
            && pending.environment == environment
            && pending.asked.as_second() <= at.as_second()
    })
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
