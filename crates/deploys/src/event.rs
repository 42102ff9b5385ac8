//! The facts: what was deployed or configured where, and which of it was asked to be taken back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::{DeploymentId, EffectId, EntityRef, EventId, Stamp};
use serde::{Deserialize, Serialize};

/// A configuration: every setting of a component in an environment, by name.
pub type Settings = BTreeMap<String, String>;

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The version is live.
    Succeeded,
    /// The version is not live: what was live before still is.
    Failed,
}

/// Something that happened to running software.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A deployment ended.
    DeploymentFinished {
        /// The deployment.
        deployment: DeploymentId,
        /// What was deployed.
        component: EntityRef,
        /// Where to.
        environment: String,
        /// The version, in the words of whatever deploys.
        version: String,
        /// The version that was live before, if one was known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        previous: Option<String>,
        /// How it ended.
        outcome: Outcome,
        /// A page about this deployment, such as the CI run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        url: Option<String>,
        /// The commit that the version was built from.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
        /// The deployment that this one took back, by its event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rollback_of: Option<EventId>,
        /// When it ended, if it was recorded only later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finished: Option<Timestamp>,
        /// What else its reporter said of it.
        #[serde(default, skip_serializing_if = "Told::is_empty")]
        told: Told,
    },
    /// A configuration took effect.
    ConfigApplied {
        /// What was configured.
        component: EntityRef,
        /// Where.
        environment: String,
        /// Every setting before.
        before: Settings,
        /// Every setting since.
        after: Settings,
        /// The settings that differ, in order of their names. Never empty.
        changed: Vec<String>,
        /// The configuration change that this one took back, by its event.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restore_of: Option<EventId>,
        /// When it took effect, if it was recorded only later.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finished: Option<Timestamp>,
    },
    /// Somebody asked for the version before a deployment. The effect is to call the deploy hook.
    RollbackRequested {
        /// What to deploy.
        component: EntityRef,
        /// Where to.
        environment: String,
        /// The version to go back from.
        from_version: String,
        /// The version to go back to.
        to_version: String,
        /// The deployment to take back, by its event.
        of: EventId,
        /// The call of the hook.
        effect: EffectId,
    },
    /// Somebody asked for the configuration before a change of it. The effect is to call the deploy hook.
    ConfigRestoreRequested {
        /// What to configure.
        component: EntityRef,
        /// Where.
        environment: String,
        /// Every setting to go back to.
        to: Settings,
        /// The configuration change to take back, by its event.
        of: EventId,
        /// The call of the hook.
        effect: EffectId,
    },
    /// The deploy hook took the request. What it leads to is recorded as a deployment or a configuration.
    UndoAccepted {
        /// What is being taken back.
        component: EntityRef,
        /// Where.
        environment: String,
        /// The change that is being taken back, by its event.
        of: EventId,
        /// The call of the hook.
        effect: EffectId,
    },
    /// The deploy hook refused, or nothing came of the request in time.
    UndoFailed {
        /// What was to be taken back.
        component: EntityRef,
        /// Where.
        environment: String,
        /// The change that stays, by its event.
        of: EventId,
        /// The call of the hook.
        effect: EffectId,
        /// Why, in one sentence.
        error: String,
    },
    /// A person said whether a deployment failed, whatever the evidence says.
    Judged {
        /// What was deployed.
        component: EntityRef,
        /// Where to.
        environment: String,
        /// The deployment, by its event.
        of: EventId,
        /// Its version.
        version: String,
        /// Whether it failed; none takes an earlier judgement back.
        failed: Option<bool>,
    },
    /// Commits came onto a repository's main branch: what deployments from it will bring.
    CommitsPushed {
        /// Whose repository it is.
        component: EntityRef,
        /// The repository, as its forge calls it.
        repository: String,
        /// The commits, oldest first. Never empty.
        commits: Vec<Commit>,
    },
}

/// What the reporter of a deployment said of it besides what, where and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The reporter's own name for this deployment and its end, the same each time that it is told:
    /// `github:acme/shop/deployment/42/success`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Whether the environment is one of production, where the reporter says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub production: Option<bool>,
    /// The repository that it was deployed from: `acme/shop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commits that it brought.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub commits: Vec<Commit>,
    /// By how many seconds the reporter's clock was ahead: the deployment ended when it was recorded, at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead_s: Option<u64>,
}

impl Told {
    /// True if nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One commit that a deployment brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its hash.
    pub sha: String,
    /// When it was committed.
    pub at: Timestamp,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::DeploymentFinished { .. } => "deploys.deployment_finished",
            Self::ConfigApplied { .. } => "deploys.config_applied",
            Self::RollbackRequested { .. } => "deploys.rollback_requested",
            Self::ConfigRestoreRequested { .. } => "deploys.config_restore_requested",
            Self::UndoAccepted { .. } => "deploys.undo_accepted",
            Self::UndoFailed { .. } => "deploys.undo_failed",
            Self::Judged { .. } => "deploys.judged",
            Self::CommitsPushed { .. } => "deploys.commits_pushed",
        }
    }

    /// What the event is about.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        vec![self.place().0.clone()]
    }

    /// When it took effect: when it was recorded, unless that was only later.
    #[must_use]
    pub fn took_effect(&self, stamp: &Stamp) -> Timestamp {
        match self {
            Self::DeploymentFinished { finished, .. } | Self::ConfigApplied { finished, .. } => {
                finished.map_or(stamp.at, |at| at.min(stamp.at))
            }
            Self::RollbackRequested { .. }
            | Self::ConfigRestoreRequested { .. }
            | Self::UndoAccepted { .. }
            | Self::UndoFailed { .. }
            | Self::Judged { .. }
            | Self::CommitsPushed { .. } => stamp.at,
        }
    }

    /// The change that this one took back, if it did.
    #[must_use]
    pub fn takes_back(&self) -> Option<EventId> {
        match self {
            Self::DeploymentFinished { rollback_of, .. } => *rollback_of,
            Self::ConfigApplied { restore_of, .. } => *restore_of,
            Self::RollbackRequested { .. }
            | Self::ConfigRestoreRequested { .. }
            | Self::UndoAccepted { .. }
            | Self::UndoFailed { .. }
            | Self::Judged { .. }
            | Self::CommitsPushed { .. } => None,
        }
    }

    /// The component and the environment; that of commits, which are nowhere yet, is empty.
    #[must_use]
    pub fn place(&self) -> (&EntityRef, &str) {
        match self {
            Self::DeploymentFinished { component, environment, .. }
            | Self::ConfigApplied { component, environment, .. }
            | Self::RollbackRequested { component, environment, .. }
            | Self::ConfigRestoreRequested { component, environment, .. }
            | Self::UndoAccepted { component, environment, .. }
            | Self::UndoFailed { component, environment, .. }
            | Self::Judged { component, environment, .. } => (component, environment),
            Self::CommitsPushed { component, .. } => (component, ""),
        }
    }

    /// One plain sentence without the actor.
    #[must_use]
    pub fn summary(&self) -> String {
        let (component, environment) = self.place();
        let place = format!("{} in {environment}", component.short());
        match self {
            Self::DeploymentFinished { version, previous, outcome, rollback_of, .. } => {
                let was = previous.as_ref().map_or_else(String::new, |version| format!(" (was {version})"));
                match (outcome, rollback_of) {
                    (Outcome::Succeeded, None) => {
                        format!("deployed {} {version} to {environment}{was}", component.short())
                    }
                    (Outcome::Succeeded, Some(_)) => format!("rolled {place} back to {version}{was}"),
                    (Outcome::Failed, _) => {
                        format!("failed to deploy {} {version} to {environment}", component.short())
                    }
                }
            }
            Self::ConfigApplied { changed, restore_of: None, .. } => {
                format!("changed the configuration of {place}: {}", named(changed))
            }
            Self::ConfigApplied { changed, restore_of: Some(_), .. } => {
                format!("restored the configuration of {place}: {}", named(changed))
            }
            Self::RollbackRequested { from_version, to_version, .. } => {
                format!("asked for a rollback of {place} from {from_version} to {to_version}")
            }
            Self::ConfigRestoreRequested { .. } => format!("asked for the earlier configuration of {place}"),
            Self::UndoAccepted { .. } => format!("the deploy hook took the request to go back, for {place}"),
            Self::UndoFailed { error, .. } => format!("going back failed for {place}: {error}"),
            Self::CommitsPushed { repository, commits, .. } => match commits.len() {
                1 => format!("pushed a commit to {repository}"),
                count => format!("pushed {count} commits to {repository}"),
            },
            Self::Judged { version, failed, .. } => match failed {
                Some(true) => format!("judged that {version} failed for {place}"),
                Some(false) => format!("judged that {version} did not fail for {place}"),
                None => format!("left it to the evidence whether {version} failed for {place}"),
            },
        }
    }
}

/// The first few names, and how many more there are.
fn named(keys: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = keys.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match keys.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
