//! GitHub's webhooks.
//!
//! Source: docs.github.com, "Webhook events and payloads": `deployment_status` (with `deployment` and `repository`),
//! `deployment`, `push`, `ping`. Which one it is stands in the header `X-GitHub-Event`.

use kernel::Refusal;
use serde::Deserialize;
use serde_json::Value;

use super::{Deployed, PushedCommit, Reading, TRANSIENT, is_hash, line, link, malformed, push, read, time, version_of};
use crate::Outcome;

/// `deployment_status`'s body, as far as it is read.
#[derive(Debug, Deserialize)]
struct Body {
    deployment_status: Status,
    deployment: Deployment,
    repository: Repository,
}

#[derive(Debug, Deserialize)]
struct Status {
    /// `success`, `failure`, `error`, `inactive`, `in_progress`, `queued` or `pending`.
    state: String,
    environment: Option<String>,
    created_at: Option<String>,
    log_url: Option<String>,
    target_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Deployment {
    id: u64,
    sha: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    environment: Option<String>,
    /// True, or GitHub's default, which is true for `production` alone.
    production_environment: Option<bool>,
    /// True for one that is gone some day.
    transient_environment: Option<bool>,
    /// Whatever its maker put in: an object, or JSON as text.
    payload: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    full_name: String,
    default_branch: Option<String>,
}

/// `push`'s body, as far as it is read.
#[derive(Debug, Deserialize)]
struct Pushed {
    /// `refs/heads/main`.
    #[serde(rename = "ref")]
    reference: String,
    repository: Repository,
    #[serde(default)]
    commits: Vec<PushedCommit>,
}

/// Reads one delivery.
///
/// # Errors
/// `MALFORMED` if a `deployment_status` isn't one.
pub fn read_event(event: &str, body: &[u8]) -> Result<Reading, Refusal> {
    match event {
        "deployment_status" => status(read(body)?),
        "push" => {
            let Pushed { reference, repository: Repository { full_name, default_branch }, commits } = read(body)?;
            let name = line(Some(full_name), 255).ok_or_else(|| malformed("repository.full_name is empty"))?;
            Ok(push(name, &reference, default_branch.as_deref(), commits))
        }
        "ping" => Ok(Reading::passed("ping: the hook works; nothing was deployed")),
        "deployment" => Ok(Reading::passed("deployment: it has begun; its status tells how it ends")),
        other => {
            let other: String = other.chars().filter(|char| !char.is_control()).take(100).collect();
            Ok(Reading::passed(format!("{other}: nothing was deployed; deployment_status is what tells")))
        }
    }
}

fn status(body: Body) -> Result<Reading, Refusal> {
    let Body { deployment_status: status, deployment, repository } = body;
    let outcome = match status.state.as_str() {
        "success" => Outcome::Succeeded,
        "failure" | "error" => Outcome::Failed,
        "inactive" | "in_progress" | "queued" | "pending" | "waiting" => {
            return Ok(Reading::passed(format!("the deployment is {}: this is not its end", status.state)));
        }
        _ => return Err(malformed("deployment_status.state is none of GitHub's words")),
    };
    if deployment.transient_environment == Some(true) {
        return Ok(Reading::passed(TRANSIENT));
    }
    if !is_hash(&deployment.sha) {
        return Err(malformed("deployment.sha is no commit"));
    }
    let repository = line(Some(repository.full_name), 255).ok_or_else(|| malformed("repository.full_name is empty"))?;
    let environment = line(status.environment.or(deployment.environment), 63)
        .ok_or_else(|| malformed("deployment_status.environment is empty"))?;
    let payload = match deployment.payload {
        // GitHub hands on as text what was given as text.
        Some(Value::String(text)) => serde_json::from_str(&text).ok(),
        payload => payload,
    };
    let said = |names: &[&str]| {
        let found = names.iter().find_map(|name| payload.as_ref()?.get(name)?.as_str());
        line(found.map(str::to_owned), 128)
    };
    let part = said(&["component", "service"]);
    let names = match &part {
        Some(part) => vec![format!("{repository}#{part}"), part.clone()],
        None => vec![repository.clone()],
    };
    let end = if outcome == Outcome::Succeeded { "success" } else { "failure" };
    Ok(Reading {
        deployed: vec![Deployed {
            key: format!("github:{repository}/deployment/{}/{end}", deployment.id),
            names,
            environment,
            version: said(&["version"]).unwrap_or_else(|| version_of(deployment.reference.as_deref(), &deployment.sha)),
            outcome,
            url: link(status.log_url).or_else(|| link(status.target_url)),
            commit: Some(deployment.sha),
            finished: status.created_at.as_deref().and_then(time::parse),
            // False is what GitHub says of every other name: the name decides.
            production: deployment.production_environment.filter(|is_production| *is_production),
            repository: Some(repository),
            commits: Vec::new(),
            goes_back: false,
        }],
        ..Reading::default()
    })
}
