//! `POST /hooks/github`, `/hooks/gitlab`, `/hooks/cdevents`: what forges tell of deployments, and CDEvents of incidents.
//!
//! What has happened is recorded whatever is thought of it: a deployment of a component that nobody knows is kept and
//! shown as a finding, one that contracts or a budget refuse is kept as an emergency, a time in the future is taken
//! for now. A delivery that comes twice is one deployment.

use alerts::{Action, Content, Integration, Signal, Telling};
use axum::{Json, body::Bytes, extract::State, http::HeaderMap};
use deploys::{
    Outcome,
    formats::{Deployed, Push, Reading, cdevents, github, gitlab},
};
use engine::Request;
use kernel::{Actor, Class, EntityRef, Refusal, codes};
use serde::Serialize;
use utoipa::ToSchema;
use world::{Command, World};

use super::{claims::Claims, door};
use crate::{App, alerts::door::receive, api::deploys::settle_gate, problem::Problem};

/// What became of a delivery.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct TakenDeployments {
    /// How many deployments were recorded.
    pub recorded: usize,
    /// How many were known before.
    pub repeated: usize,
    /// How many incidents began or ended.
    pub incidents: usize,
    /// How many commits are remembered for the deployments that will bring them.
    pub commits: usize,
    /// The components that were deployed.
    pub components: Vec<String>,
    /// Those of them that the catalog doesn't have: a component's annotation `mainstay.dev/deploys-as` can claim the name.
    pub unknown: Vec<String>,
    /// What was passed over, and why.
    pub passed_over: Vec<String>,
    /// What could not be recorded, and why.
    pub problems: Vec<String>,
}

/// Takes GitHub's webhook. `deployment_status` with a final state records a deployment.
#[utoipa::path(post, path = "/hooks/github", tag = "deploys", params(door::Of),
    request_body(content = Object, content_type = "application/json"), responses((status = 200, body = TakenDeployments)))]
pub async fn from_github(
    State(app): State<App>,
    signed: door::Github,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<TakenDeployments>, Problem> {
    let integration = signed.integration(&app, &body).await?;
    let event = headers
        .get("x-github-event")
        .and_then(|event| event.to_str().ok())
        .ok_or_else(|| Refusal::new(&codes::MALFORMED, "the delivery has no X-GitHub-Event").field("X-GitHub-Event"))?;
    let is_form = headers.get("content-type").and_then(|sort| sort.to_str().ok()).unwrap_or_default();
    if is_form.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        let refusal = Refusal::new(&codes::MALFORMED, "the delivery is a form");
        return Err(refusal.fix("choose the content type application/json in the hook at GitHub").into());
    }
    let reading = github::read_event(event, &body)?;
    Ok(Json(take(&app, &integration, reading).await?))
}

/// Takes GitLab's webhook. A deployment event with a final status records a deployment.
#[utoipa::path(post, path = "/hooks/gitlab", tag = "deploys", params(door::Of),
    request_body(content = Object, content_type = "application/json"), responses((status = 200, body = TakenDeployments)))]
pub async fn from_gitlab(
    State(app): State<App>,
    shown: door::Gitlab,
    body: Bytes,
) -> Result<Json<TakenDeployments>, Problem> {
    let integration = shown.integration(&app, &body).await?;
    let reading = gitlab::read_event(&body)?;
    Ok(Json(take(&app, &integration, reading).await?))
}

/// Takes CDEvents, alone or in CloudEvents, one or a batch: services that were deployed, incidents.
#[utoipa::path(post, path = "/hooks/cdevents", tag = "deploys",
    request_body(content = Object, content_type = "application/cloudevents+json"),
    responses((status = 200, body = TakenDeployments)))]
pub async fn from_cdevents(
    State(app): State<App>,
    door::Cdevents(integration): door::Cdevents,
    body: Bytes,
) -> Result<Json<TakenDeployments>, Problem> {
    let reading = cdevents::read_body(&body)?;
    Ok(Json(take(&app, &integration, reading).await?))
}

/// Takes what was read. When it answers, all of it is on disk.
async fn take(app: &App, integration: &Integration, reading: Reading) -> Result<TakenDeployments, Refusal> {
    let Reading { deployed, incidents, pushed, passed_over } = reading;
    let mut taken = TakenDeployments { passed_over, ..TakenDeployments::default() };
    let claims = app.indexes().claims(&app.world());
    for push in pushed {
        taken.commits += remember(app, integration, &claims, push).await?;
    }
    for one in deployed {
        let name = one.names.first().cloned().unwrap_or_default();
        match record(app, integration, &claims, one, &mut taken).await {
            Ok(()) => {}
            // Whoever is told to come back tells all again; what is recorded by then is known.
            Err(refusal) if refusal.class() != Class::UserFixable => return Err(refusal),
            Err(refusal) => taken.problems.push(format!("{name}: {refusal}")),
        }
    }
    taken.incidents = incidents.len();
    let world = app.world();
    let signals = incidents.into_iter().map(|told| signal(&world, integration, &claims, told)).collect();
    receive(app, integration, signals).await?;
    if taken.recorded + taken.repeated + taken.incidents == 0
        && let Some(problem) = taken.problems.first()
    {
        return Err(Refusal::new(&codes::INVALID, problem.clone()));
    }
    Ok(taken)
}

/// Remembers what came onto a main branch; answers how many commits were new.
async fn remember(app: &App, integration: &Integration, claims: &Claims, push: Push) -> Result<usize, Refusal> {
    let Push { repository, commits } = push;
    let component = claims.component(&app.world(), std::slice::from_ref(&repository), None);
    let Some(component) = component else { return Ok(0) };
    let command = deploys::Command::RecordPush { component, repository, commits };
    let receipt = submit(app, integration, Command::Deploys(command), None).await?;
    let new = |recorded: &world::Recorded| {
        if let world::Event::Deploys(deploys::Event::CommitsPushed { commits, .. }) = &*recorded.event {
            return commits.len();
        }
        0
    };
    Ok(receipt.recorded.iter().map(new).sum())
}

async fn record(
    app: &App,
    integration: &Integration,
    claims: &Claims,
    told: Deployed,
    taken: &mut TakenDeployments,
) -> Result<(), Refusal> {
    let world = app.world();
    let entity = &integration.settings.entity;
    let fallback = (entity.kind() == "component").then_some(entity);
    let component = claims.component(&world, &told.names, fallback).ok_or_else(|| {
        let detail = format!("no component can be called \"{}\"", told.names.first().map_or("", String::as_str));
        Refusal::new(&codes::INVALID, detail).fix("claim the name by a component's annotation mainstay.dev/deploys-as")
    })?;
    if told.outcome == Outcome::Succeeded {
        settle_gate(app, &component, &told.version, &told.environment).await?;
    }
    let command = command(app, &world, component.clone(), told);
    let submitted = submit(app, integration, Command::Deploys(command.clone()), None).await;
    let receipt = match submitted.as_ref().err().and_then(gate) {
        Some(refuses) => {
            let reason = format!("it has happened already, although {refuses} it");
            submit(app, integration, Command::Emergency(command), Some(reason)).await
        }
        None => submitted,
    }?;
    match receipt.recorded.is_empty() {
        true => taken.repeated += 1,
        false => taken.recorded += 1,
    }
    if world.catalog.get(&component).is_none() {
        taken.unknown.push(component.to_string());
    }
    taken.components.push(component.to_string());
    Ok(())
}

/// What would not have a deployment, if that is what a refusal says.
fn gate(refusal: &Refusal) -> Option<&'static str> {
    let gates = [
        (&codes::CONTRACT_BROKEN, "the contracts refuse"),
        (&codes::BUDGET_EXHAUSTED, "a budget that is used up refuses"),
    ];
    gates.into_iter().find(|(code, _)| *code == refusal.code).map(|(_, refuses)| refuses)
}

fn command(app: &App, world: &World, component: EntityRef, told: Deployed) -> deploys::Command {
    let now = app.now();
    let (finished, ahead_s) = told.finished.map(|at| deploys::not_after(at, now)).unzip();
    let live = world.deploys.live_at(&component, &told.environment, finished.unwrap_or(now));
    let rollback_of = live.filter(|(live, _)| told.goes_back && *live != told.version).map(|(_, event)| event);
    deploys::Command::RecordDeployment {
        component,
        environment: told.environment,
        version: told.version,
        outcome: told.outcome,
        url: told.url,
        commit: told.commit,
        rollback_of,
        finished,
        told: deploys::Told {
            key: Some(told.key),
            production: told.production,
            repository: told.repository,
            commits: told.commits,
            ahead_s: ahead_s.flatten(),
        },
    }
}

async fn submit(
    app: &App,
    integration: &Integration,
    command: Command,
    reason: Option<String>,
) -> Result<engine::Receipt, Refusal> {
    let actor = Actor::Token(integration.settings.name.clone());
    app.submit(Request { command, actor, reason, id: None }).await
}

/// What an incident of CDEvents is as an alert.
fn signal(world: &World, integration: &Integration, claims: &Claims, told: deploys::formats::Told) -> Signal {
    if told.resolved {
        return Signal::new(&told.key, Action::Resolve);
    }
    let entity = claims.known(world, &told.names);
    let content = Content {
        severity: integration.settings.severity,
        summary: told.summary,
        source: told.environment.unwrap_or_default(),
        details: String::new(),
        links: Vec::new(),
        images: Vec::new(),
        url: told.url,
        labels: std::collections::BTreeMap::new(),
    };
    let telling = Telling { content, since: told.at, ends: None, entity };
    Signal::new(&told.key, Action::Trigger(Box::new(telling)))
}
