//! Who is on call: by team, by service, at any time.

use axum::{
    Json,
    extract::{Query, State},
};
use kernel::{EntityRef, Timestamp};
use oncall::{Gap, OnCall, current, gap};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{reference, timeline::time};
use crate::{App, problem::Problem};

/// Whose on-call, and when.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// A team; all teams if neither this nor `entity` is given.
    pub team: Option<String>,
    /// A service: its owner's on-call.
    pub entity: Option<String>,
    /// When, RFC 3339; now if left out.
    #[param(format = DateTime)]
    pub at: Option<String>,
}

/// A team's on-call.
#[derive(Debug, Serialize, ToSchema)]
pub struct TeamOnCall {
    /// The team.
    #[schema(value_type = String)]
    pub team: EntityRef,
    /// Who is on call, one for each rotation.
    pub on_call: Vec<Duty>,
    /// What is missing, in words, if nobody is.
    pub gap: Option<String>,
}

/// One person on call.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duty {
    /// By which rotation.
    #[schema(value_type = String)]
    pub rotation: EntityRef,
    /// Who.
    #[schema(value_type = String)]
    pub person: EntityRef,
    /// Until when.
    #[schema(value_type = String, format = "date-time")]
    pub until: Timestamp,
    /// Who is next.
    #[schema(value_type = Option<String>)]
    pub next: Option<EntityRef>,
    /// Whose turn it would have been.
    #[schema(value_type = Option<String>)]
    pub instead_of: Option<EntityRef>,
}

impl From<OnCall> for Duty {
    fn from(duty: OnCall) -> Self {
        Self {
            rotation: duty.rotation,
            person: duty.person,
            until: duty.until,
            next: duty.next,
            instead_of: duty.overridden,
        }
    }
}

/// Answers who is on call.
#[utoipa::path(get, path = "/api/v1/on-call", tag = "on-call", params(Which),
    responses((status = 200, body = Vec<TeamOnCall>)))]
pub async fn list(State(app): State<App>, Query(which): Query<Which>) -> Result<Json<Vec<TeamOnCall>>, Problem> {
    let at = time("at", which.at.as_deref())?;
    let world = match at {
        Some(at) if at < app.now() => app.world_at(at).await?,
        Some(_) | None => app.world(),
    };
    let at = at.unwrap_or_else(|| app.now());
    let teams: Vec<EntityRef> = match (&which.team, &which.entity) {
        (Some(team), _) => vec![reference("team", team, "group")?],
        (None, Some(entity)) => world.owner_of(&reference("entity", entity, "component")?).into_iter().collect(),
        (None, None) => world.catalog.of_kind("group").map(|group| group.reference().clone()).collect(),
    };
    let answers = teams.into_iter().map(|team| {
        let on_call = current(&world.oncall, &team, at).into_iter().map(Duty::from).collect();
        let gap = gap(&world.oncall, &team, at).as_ref().map(gap_in_words);
        TeamOnCall { team, on_call, gap }
    });
    Ok(Json(answers.collect()))
}

/// What is missing where nobody is on call.
pub(crate) fn gap_in_words(gap: &Gap) -> String {
    gap.in_words()
}
