//! Contracts: whether something can be deployed, and why not. Publishing and verifying go by the Pact Broker's protocol.

pub mod cleanup;
pub mod compare;
pub mod environments;
pub mod integrations;
pub mod pacticipants;
pub mod webhooks;

use axum::{
    Json,
    extract::{Query, State},
};
use contracts::matrix::{self, LatestBy, Selector};
use kernel::{EntityRef, Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::not_found;
use crate::{
    App,
    contracts::{
        explain::{Explained, explain},
        fits::ask_settled,
    },
    problem::Problem,
};

/// What is asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CanIDeployQuery {
    /// The pacticipant's name.
    pub pacticipant: String,
    /// The version; the newest of the main branch if neither this nor `branch` nor `tag` is given.
    pub version: Option<String>,
    /// Instead of the version: the newest of this branch.
    pub branch: Option<String>,
    /// Instead of the version: the newest with this tag.
    pub tag: Option<String>,
    /// Where it is to go.
    pub environment: Option<String>,
    /// Instead of the environment: where versions with this tag are.
    pub to_tag: Option<String>,
}

/// Whether something can be deployed.
#[derive(Debug, Serialize, ToSchema)]
pub struct CanIDeploy {
    /// True if it can, false if it can't; null if something is not verified yet.
    pub deployable: Option<bool>,
    /// The version that this is about: the one that was asked for, or the newest of what was meant.
    pub version: Option<String>,
    /// Why, in the Pact Broker's words.
    pub reasons: Vec<String>,
    /// How many pacts are verified.
    pub success: usize,
    /// How many failed.
    pub failed: usize,
    /// How many are not verified.
    pub unknown: usize,
    /// What keeps from deploying, each in words.
    pub blockers: Vec<BlockerView>,
}

/// One thing that keeps from deploying.
#[derive(Debug, Serialize, ToSchema)]
pub struct BlockerView {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// Who must do it: the pacticipant.
    pub party: String,
    /// The component that it is taken for.
    #[schema(value_type = String)]
    pub component: EntityRef,
    /// The team that owns it.
    #[schema(value_type = Option<String>)]
    pub owner: Option<EntityRef>,
    /// Who of that team is on call.
    #[schema(value_type = Option<String>)]
    pub on_call: Option<EntityRef>,
    /// Who expects.
    pub consumer: String,
    /// The consumer's version.
    pub consumer_version: Option<String>,
    /// Of whom.
    pub provider: String,
    /// The provider's version.
    pub provider_version: Option<String>,
    /// The interactions that failed.
    pub interactions: Vec<InteractionView>,
    /// Since when.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub since: Option<Timestamp>,
    /// The number of the verification that failed.
    pub verification: Option<u32>,
}

/// An interaction that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct InteractionView {
    /// Its description and state.
    pub interaction: String,
    /// What did not match.
    pub mismatch: Option<String>,
}

impl From<Explained> for BlockerView {
    fn from(of: Explained) -> Self {
        let shown = |(interaction, mismatch)| InteractionView { interaction, mismatch };
        Self {
            what: of.what,
            advice: of.advice,
            party: of.party,
            component: of.component,
            owner: of.owner,
            on_call: of.on_call,
            consumer: of.consumer,
            consumer_version: of.consumer_version,
            provider: of.provider,
            provider_version: of.provider_version,
            interactions: of.interactions.into_iter().map(shown).collect(),
            since: of.since,
            verification: of.verification,
        }
    }
}

impl CanIDeployQuery {
    /// The question to the matrix.
    ///
    /// # Errors
    /// If a name is not known, or the question has no target or two.
    pub fn read(self, state: &contracts::State) -> Result<matrix::Query, Problem> {
        if state.pacticipant_named(&self.pacticipant).is_none() {
            return Err(not_found("pacticipant", &self.pacticipant));
        }
        let latest_by = match (&self.environment, &self.to_tag) {
            (Some(name), None) => {
                state.environment_named(name).ok_or_else(|| not_found("environment", name))?;
                LatestBy::ConsumerVersionProviderVersion
            }
            (None, Some(_)) => LatestBy::ConsumerVersionProvider,
            (None, None) | (Some(_), Some(_)) => {
                let detail = "say where it is to go: environment, or to_tag";
                return Err(Refusal::new(&codes::INVALID, detail).field("environment").into());
            }
        };
        let unsaid = self.version.is_none() && self.branch.is_none() && self.tag.is_none();
        let selector = Selector {
            pacticipant: self.pacticipant,
            latest: self.version.is_none(),
            version: self.version,
            branch: self.branch,
            tag: self.tag,
            main_branch: unsaid,
            environment: None,
        };
        Ok(matrix::Query {
            selectors: vec![selector],
            latest_by: Some(latest_by),
            latest: self.to_tag.is_some(),
            tag: self.to_tag,
            environment: self.environment,
            ..matrix::Query::default()
        })
    }
}

/// Says whether a version can be deployed, and what keeps it from that.
#[utoipa::path(get, path = "/api/v1/contracts/can-i-deploy", tag = "contracts", params(CanIDeployQuery),
    responses((status = 200, body = CanIDeploy)))]
pub async fn can_i_deploy(
    State(app): State<App>,
    Query(asked): Query<CanIDeployQuery>,
) -> Result<Json<CanIDeploy>, Problem> {
    let query = asked.read(&app.world().contracts)?;
    let asking = app.clone();
    let answer = app.blocking(move |_| ask_settled(&asking, &query)).await?;
    let world = app.world();
    let counts = answer.counts();
    Ok(Json(CanIDeploy {
        deployable: answer.deployable(),
        version: answer.selectors.iter().find(|chosen| chosen.is_specified()).and_then(|chosen| chosen.number.clone()),
        reasons: answer.reasons(),
        success: counts.success,
        failed: counts.failed,
        unknown: counts.unknown,
        blockers: explain(&world, &answer, app.now()).into_iter().map(BlockerView::from).collect(),
    }))
}
