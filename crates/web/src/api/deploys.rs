//! Deployments and configurations: record, list.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Query, State},
};
use deploys::{Outcome, What};
use kernel::{EntityRef, EventId, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use super::{Asked, Done, Listed, Paging, carry_out, flags::production, reference};
use crate::{App, contracts::fits, problem::Problem};

/// A deployment that has ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDeployment {
    /// The component; `storefront` means `component:default/storefront`.
    pub component: String,
    /// Where to; `production` if left out.
    #[serde(default = "production")]
    pub environment: String,
    /// The version.
    pub version: String,
    /// How it ended; `succeeded` if left out.
    #[serde(default)]
    pub outcome: NewOutcome,
    /// The commit that it was built from.
    pub commit: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// The deployment that it takes back, by its event.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub rollback_of: Option<EventId>,
    /// When it ended, RFC 3339, if that was some time ago.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub finished: Option<Timestamp>,
    /// Your own name for it, the same whenever you tell of it again: then it is recorded once.
    pub key: Option<String>,
    /// Whether the environment is one of production; left out, its name tells.
    pub production: Option<bool>,
    /// The repository that it was deployed from.
    pub repository: Option<String>,
    /// The commits that it brought, at most 500: lead times are counted from them.
    #[serde(default)]
    pub commits: Vec<NewCommit>,
    /// True to record it although contracts or a budget refuse it; needs a reason, and is shown to everybody.
    #[serde(default)]
    pub emergency: bool,
    /// Why.
    pub reason: Option<String>,
}

/// A commit that a deployment brought.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCommit {
    /// Its hash.
    pub sha: String,
    /// When it was committed, RFC 3339.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// Who wrote it.
    pub author: Option<String>,
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NewOutcome {
    /// The version is live.
    #[default]
    Succeeded,
    /// The version is not live.
    Failed,
}

/// Records a deployment that has ended.
#[utoipa::path(post, path = "/api/v1/deployments", tag = "deploys", request_body = NewDeployment,
    responses((status = 200, body = Done)))]
pub async fn record(State(app): State<App>, asked: Asked<NewDeployment>) -> Result<Json<Done>, Problem> {
    let new = &asked.body;
    let component = reference("component", &new.component, "component")?;
    if !new.emergency && new.outcome == NewOutcome::Succeeded {
        settle_gate(&app, &component, &new.version, &new.environment).await?;
    }
    let command = deploys::Command::RecordDeployment {
        component,
        environment: new.environment.clone(),
        version: new.version.clone(),
        outcome: match new.outcome {
            NewOutcome::Succeeded => Outcome::Succeeded,
            NewOutcome::Failed => Outcome::Failed,
        },
        url: new.url.clone(),
        commit: new.commit.clone(),
        rollback_of: new.rollback_of,
        finished: new.finished,
        told: deploys::Told {
            key: new.key.clone(),
            production: new.production,
            repository: new.repository.clone(),
            commits: commits(&new.commits),
            ahead_s: None,
        },
    };
    let command = match new.emergency {
        false => Command::Deploys(command),
        true if new.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty()) => Command::Emergency(command),
        true => return Err(Refusal::new(&codes::INVALID, "an emergency needs a reason").field("reason").into()),
    };
    carry_out(&app, &asked, command, new.reason.as_deref()).await
}

fn commits(new: &[NewCommit]) -> Vec<deploys::Commit> {
    let commit = |new: &NewCommit| deploys::Commit { sha: new.sha.clone(), at: new.at, author: new.author.clone() };
    new.iter().map(commit).collect()
}

/// What the contracts will be asked is found out first, so that nothing is refused because nobody has compared it yet.
///
/// # Errors
/// If the server is stopping.
pub(crate) async fn settle_gate(
    app: &App,
    component: &EntityRef,
    version: &str,
    environment: &str,
) -> Result<(), Refusal> {
    let (asking, component) = (app.clone(), component.clone());
    let (version, environment) = (version.to_owned(), environment.to_owned());
    app.blocking(move |_| {
        let settled = fits::settle_gate(&asking, &component, &version, &environment);
        // The gate answers as far as is known.
        if let Err(refusal) = settled {
            tracing::warn!(error.code = refusal.code.name, "pacts of {component} were not compared: {refusal}");
        }
        Ok(())
    })
    .await
}

/// A configuration that has taken effect.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewConfig {
    /// The component.
    pub component: String,
    /// Where; `production` if left out.
    #[serde(default = "production")]
    pub environment: String,
    /// Every setting, without secrets.
    pub config: BTreeMap<String, String>,
    /// When it took effect, RFC 3339, if that was some time ago.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub finished: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
}

/// Records a configuration that has taken effect.
#[utoipa::path(post, path = "/api/v1/configs", tag = "deploys", request_body = NewConfig,
    responses((status = 200, body = Done)))]
pub async fn configure(State(app): State<App>, asked: Asked<NewConfig>) -> Result<Json<Done>, Problem> {
    let new = &asked.body;
    let command = deploys::Command::RecordConfig {
        component: reference("component", &new.component, "component")?,
        environment: new.environment.clone(),
        settings: new.config.clone(),
        finished: new.finished,
    };
    carry_out(&app, &asked, Command::Deploys(command), new.reason.as_deref()).await
}

/// Something that changed what runs.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeploymentView {
    /// The component.
    #[schema(value_type = String)]
    pub component: EntityRef,
    /// Where.
    pub environment: String,
    /// The event: what is undone.
    #[schema(value_type = String, format = "uuid")]
    pub event: EventId,
    /// The event's position on the timeline: what a judgement names.
    pub position: u64,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
    /// The commit that it was built from, for a deployment.
    pub commit: Option<String>,
    /// The version, for a deployment.
    pub version: Option<String>,
    /// The version before, for a deployment.
    pub previous: Option<String>,
    /// `succeeded` or `failed`, for a deployment.
    pub outcome: Option<NewOutcome>,
    /// The settings that changed, for a configuration.
    pub changed: Vec<String>,
    /// True if this version is live.
    pub live: bool,
}

/// Whose deployments.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The component; all if left out.
    pub component: Option<String>,
    /// The environment; all if left out.
    pub environment: Option<String>,
}

/// Lists deployments and configurations, newest first.
#[utoipa::path(get, path = "/api/v1/deployments", tag = "deploys", params(Which, Paging),
    responses((status = 200, body = Listed<DeploymentView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<DeploymentView>>, Problem> {
    let world = app.world();
    let wanted = which.component.as_deref().map(|name| reference("component", name, "component")).transpose()?;
    let mut all = Vec::new();
    for component in world.deploys.components().filter(|component| wanted.as_ref().is_none_or(|one| one == *component))
    {
        for environment in world.deploys.environments(component) {
            if which.environment.as_deref().is_some_and(|one| one != environment) {
                continue;
            }
            let live = world.deploys.live(component, environment).map(|live| live.event);
            let history = world.deploys.history(component, environment);
            all.extend(history.map(|change| view(component, environment, change, live)));
        }
    }
    all.sort_by_key(|view| std::cmp::Reverse((view.at, view.event)));
    paging.page(all, |view| view)
}

fn view(component: &EntityRef, environment: &str, change: &deploys::Change, live: Option<EventId>) -> DeploymentView {
    let (version, previous, outcome, commit, changed) = match &change.what {
        What::Deployed(deployed) => {
            let outcome = match deployed.outcome {
                Outcome::Succeeded => NewOutcome::Succeeded,
                Outcome::Failed => NewOutcome::Failed,
            };
            (
                Some(deployed.version.clone()),
                deployed.previous.clone(),
                Some(outcome),
                deployed.commit.clone(),
                Vec::new(),
            )
        }
        What::Configured(changed) => (None, None, None, None, changed.to_vec()),
    };
    DeploymentView {
        component: component.clone(),
        environment: environment.to_owned(),
        event: change.event,
        position: change.position,
        at: change.at,
        commit,
        version,
        previous,
        outcome,
        changed,
        live: live == Some(change.event),
    }
}
