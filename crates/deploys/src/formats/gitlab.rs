//! GitLab's webhooks.
//!
//! Source: docs.gitlab.com, "Webhook events", "Deployment events". Other hooks are passed over.

use kernel::Refusal;
use serde::Deserialize;

use super::{Deployed, PushedCommit, Reading, TRANSIENT, is_hash, line, link, malformed, push, read, time, version_of};
use crate::Outcome;

/// How the names of review apps begin, each a branch's: docs.gitlab.com, "Review apps", "Dynamic environments".
const REVIEW: &str = "review/";

/// The tier of production.
const PRODUCTION: &str = "production";

/// What every hook has.
#[derive(Debug, Deserialize)]
struct Any {
    object_kind: Option<String>,
}

/// A deployment's body, as far as it is read.
#[derive(Debug, Deserialize)]
struct Body {
    /// `created`, `running`, `success`, `failed`, `canceled`, `skipped` or `blocked`.
    status: String,
    /// `2021-04-28 21:50:00 +0200`.
    status_changed_at: Option<String>,
    deployment_id: u64,
    deployable_url: Option<String>,
    environment: Option<String>,
    /// `production`, `staging`, `testing`, `development` or `other`; since GitLab 16.
    environment_tier: Option<String>,
    project: Project,
    /// Its first eight digits.
    short_sha: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
    /// Ends with the whole hash.
    commit_url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Project {
    path_with_namespace: String,
    web_url: Option<String>,
    default_branch: Option<String>,
}

/// A push's body, as far as it is read.
#[derive(Debug, Deserialize)]
struct Pushed {
    #[serde(rename = "ref")]
    reference: String,
    project: Project,
    /// The last twenty.
    #[serde(default)]
    commits: Vec<PushedCommit>,
}

/// Reads one delivery.
///
/// # Errors
/// `MALFORMED` if it is no hook of GitLab's, or a deployment's that lacks something.
pub fn read_event(body: &[u8]) -> Result<Reading, Refusal> {
    let Any { object_kind: Some(kind) } = read(body)? else {
        return Err(malformed("the body has no object_kind, so it is no hook of GitLab's"));
    };
    if kind == "push" {
        let Pushed { reference, project, commits } = read(body)?;
        let name = line(Some(project.path_with_namespace), 255)
            .ok_or_else(|| malformed("project.path_with_namespace is empty"))?;
        return Ok(push(name, &reference, project.default_branch.as_deref(), commits));
    }
    if kind != "deployment" {
        let kind: String = kind.chars().filter(|char| !char.is_control()).take(100).collect();
        return Ok(Reading::passed(format!("{kind}: nothing was deployed; deployment events are what tells")));
    }
    deployment(read(body)?)
}

fn deployment(body: Body) -> Result<Reading, Refusal> {
    let outcome = match body.status.as_str() {
        "success" => Outcome::Succeeded,
        "failed" => Outcome::Failed,
        "created" | "running" | "canceled" | "skipped" | "blocked" => {
            return Ok(Reading::passed(format!("the deployment is {}: it changed nothing", body.status)));
        }
        _ => return Err(malformed("status is none of GitLab's words")),
    };
    let environment = body.environment.as_deref().unwrap_or_default();
    if environment.starts_with(REVIEW) && body.environment_tier.as_deref() != Some(PRODUCTION) {
        return Ok(Reading::passed(TRANSIENT));
    }
    let whole = body.commit_url.as_deref().and_then(|url| url.rsplit('/').next()).filter(|sha| is_hash(sha));
    let sha = whole.map(str::to_owned).or(body.short_sha.filter(|sha| is_hash(sha)));
    let sha = sha.ok_or_else(|| malformed("neither commit_url nor short_sha has a commit"))?;
    let project = line(Some(body.project.path_with_namespace), 255)
        .ok_or_else(|| malformed("project.path_with_namespace is empty"))?;
    let environment = line(body.environment, 63).ok_or_else(|| malformed("environment is empty"))?;
    // Two servers of GitLab have deployments of the same number.
    let server = body.project.web_url.as_deref().and_then(|url| url.split("://").nth(1)?.split('/').next());
    let server = line(server.map(str::to_owned), 128).unwrap_or_default();
    Ok(Reading {
        deployed: vec![Deployed {
            key: format!("gitlab:{server}/{project}/deployment/{}/{}", body.deployment_id, body.status),
            names: vec![project.clone()],
            environment,
            version: version_of(body.reference.as_deref(), &sha),
            outcome,
            url: link(body.deployable_url),
            commit: Some(sha),
            finished: body.status_changed_at.as_deref().and_then(time::parse),
            production: body.environment_tier.map(|tier| tier == PRODUCTION),
            repository: Some(project),
            commits: Vec::new(),
            goes_back: false,
        }],
        ..Reading::default()
    })
}
