//! What can be done with a ramp that runs.

use axum::{
    Json,
    extract::{Path, State},
};
use flags::{RampAction, Why};
use kernel::{Refusal, codes};
use serde::Deserialize;
use utoipa::ToSchema;
use world::Command;

use super::production;
use crate::{
    App,
    api::{Asked, Done, carry_out, reference},
    problem::Problem,
};

/// What to do with a ramp.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Steer {
    /// The environment; `production` if left out.
    #[serde(default = "production")]
    #[schema(min_length = 1, max_length = 63)]
    pub environment: String,
    /// What.
    pub action: Action,
    /// The step to approve, from 0.
    #[schema(maximum = 1000)]
    pub step: Option<usize>,
    /// Why: shown on the timeline.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

/// What can be done.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Keep the share as it is.
    Pause,
    /// Go on.
    Resume,
    /// Agree that a step has held for long enough.
    Approve,
    /// Give everybody what they had before.
    Rollback,
    /// Begin anew.
    Restart,
}

/// Pauses, resumes, approves, rolls back or restarts a ramp.
#[utoipa::path(post, path = "/api/v1/flags/{key}/ramp", tag = "flags", request_body = Steer,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn steer(
    State(app): State<App>,
    Path(key): Path<String>,
    asked: Asked<Steer>,
) -> Result<Json<Done>, Problem> {
    let (asked, Steer { environment, action, step, reason }) = asked.split();
    let action = match action {
        Action::Pause => RampAction::Pause { why: Why::ByHand },
        Action::Resume => RampAction::Resume,
        Action::Approve => {
            let missing = || Refusal::new(&codes::INVALID, "say which step is approved").field("step");
            RampAction::Approve { step: step.ok_or_else(missing)? }
        }
        Action::Rollback => RampAction::RollBack { why: Why::ByHand },
        Action::Restart => RampAction::Restart,
    };
    let command = flags::Command::Ramp { flag: reference("key", &key, "flag")?, environment, action };
    carry_out(&app, &asked, Command::Flags(command), reason.as_deref()).await
}
