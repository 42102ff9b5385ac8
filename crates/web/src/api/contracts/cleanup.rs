//! Cleaning up: old versions go, and nothing that anybody still needs.

use axum::{Json, extract::State};
use contracts::{
    Event as Contract, VersionKey,
    command::{BATCH_MAX, Cleanup},
};
use kernel::{Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::{Command, Event};

use crate::{App, api::Asked, problem::Problem};

/// Which versions are old enough to go, and which stay all the same.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCleanup {
    /// Versions that became known within this many days stay.
    #[schema(maximum = 36500)]
    pub keep_days: u32,
    /// What else stays: `main`, all versions on the main branch; `deployed`, all that were ever deployed or released. What is
    /// deployed or released now, the heads of branches and tags, and the newest version, pacts and definition of each
    /// pacticipant always stay.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Only the versions of this pacticipant.
    pub pacticipant: Option<String>,
    /// How many are removed at once, the oldest first; 200 if left out.
    #[schema(minimum = 1, maximum = 500)]
    pub at_most: Option<u32>,
    /// True to remove nothing, and only say what would be.
    #[serde(default)]
    pub dry_run: bool,
    /// Why.
    pub reason: Option<String>,
}

/// What was removed, or would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct CleanupView {
    /// True if nothing was removed.
    pub dry_run: bool,
    /// The versions, the oldest first.
    pub removed: Vec<RemovedVersion>,
    /// How many more are to be removed; ask again.
    pub left: usize,
    /// How many versions stay, and why.
    pub kept: KeptView,
}

/// A version that was removed with its pacts, verifications, tags and definition.
#[derive(Debug, Serialize, ToSchema)]
pub struct RemovedVersion {
    /// Whose.
    pub pacticipant: String,
    /// Its number.
    pub version: String,
    /// When it had become known.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub created: Option<Timestamp>,
    /// How many pacts it had.
    pub pacts: usize,
}

/// How many versions stay; the first reason counts.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeptView {
    /// They are young.
    pub young: usize,
    /// They are deployed or released, or were and that was asked for.
    pub deployed: usize,
    /// They are the head of a branch or tag.
    pub heads: usize,
    /// They are the newest, or have the newest pact or definition.
    pub newest: usize,
    /// They are on the main branch, and that was asked for.
    pub main: usize,
}

/// The batch where none is asked for.
const BATCH: u32 = 200;

impl NewCleanup {
    fn read(&self) -> Result<Cleanup, Refusal> {
        let (mut keep_main, mut keep_deployed) = (false, false);
        for keep in &self.keep {
            match keep.as_str() {
                "main" => keep_main = true,
                "deployed" => keep_deployed = true,
                other => {
                    let detail = format!("\"{other}\" is nothing to keep; there are main and deployed");
                    return Err(Refusal::new(&codes::INVALID, detail).field("keep"));
                }
            }
        }
        Ok(Cleanup {
            keep_days: self.keep_days,
            keep_main,
            keep_deployed,
            pacticipant: self.pacticipant.clone(),
            at_most: self.at_most.unwrap_or(BATCH).min(BATCH_MAX.saturating_add(1)),
        })
    }
}

/// Removes versions that are old and that nobody needs, some at a time, and says which.
#[utoipa::path(post, path = "/api/v1/contracts/cleanup", tag = "contracts", request_body = NewCleanup,
    responses((status = 200, body = CleanupView)))]
pub async fn clean_up(State(app): State<App>, asked: Asked<NewCleanup>) -> Result<Json<CleanupView>, Problem> {
    let cleanup = asked.body.read()?;
    let before = app.world();
    let plan = cleanup.plan(&before.contracts, app.now())?;
    if asked.body.dry_run {
        let removed = plan.remove.iter().filter_map(|key| removed(&before.contracts, *key)).collect();
        let (left, kept) = (plan.left, kept(plan.kept));
        return Ok(Json(CleanupView { dry_run: true, removed, left, kept }));
    }
    let command = Command::Contracts(contracts::Command::CleanUp(cleanup.clone()));
    let receipt = app.submit(asked.request(command, asked.body.reason.as_deref())?).await?;
    // What was decided is what counts: between the plan and the command somebody may have deployed one of them.
    let gone = receipt.recorded.iter().filter_map(|recorded| {
        let Event::Contracts(Contract::VersionRemoved { pacticipant, version }) = &*recorded.event else { return None };
        Some((&pacticipant.name, version))
    });
    let gone = gone.map(|(name, number)| {
        let known = before.contracts.version_named(name, number).and_then(|key| removed(&before.contracts, key));
        let unknown = || RemovedVersion { pacticipant: name.clone(), version: number.clone(), created: None, pacts: 0 };
        known.unwrap_or_else(unknown)
    });
    let removed = gone.collect();
    let after = cleanup.plan(&app.world().contracts, app.now())?;
    let left = after.left.saturating_add(after.remove.len());
    Ok(Json(CleanupView { dry_run: false, removed, left, kept: kept(after.kept) }))
}

fn removed(state: &contracts::State, key: VersionKey) -> Option<RemovedVersion> {
    let version = state.version(key)?;
    Some(RemovedVersion {
        pacticipant: state.name(version.pacticipant).to_owned(),
        version: version.number.to_string(),
        created: Some(version.created.into()),
        pacts: version.pacts.len(),
    })
}

fn kept(kept: contracts::command::Kept) -> KeptView {
    let contracts::command::Kept { young, deployed, heads, newest, main } = kept;
    KeptView { young, deployed, heads, newest, main }
}
