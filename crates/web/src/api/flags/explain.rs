//! Why a context gets what it gets.

use axum::{
    Json,
    extract::{Path, State},
};
use flagd::Context;
use flags::{Flag, RampState};
use kernel::{Refusal, Timestamp, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use world::World;

use super::{existing, production, view::words};
use crate::{App, api::Asked, problem::Problem};

/// Whom it is about, and where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The environment; `production` if left out.
    #[serde(default = "production")]
    #[schema(min_length = 1, max_length = 63)]
    pub environment: String,
    /// The context, as a client would send it: `targetingKey`, and whatever else rules may look at.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub context: Map<String, Value>,
}

/// Why a context gets what it gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct Explained {
    /// The flag.
    pub flag: String,
    /// Where.
    pub environment: String,
    /// The variant's name; absent if the client's own default applies.
    pub variant: Option<String>,
    /// The variant's value.
    pub value: Option<Value>,
    /// OpenFeature's word for why: `STATIC`, `DEFAULT`, `TARGETING_MATCH`, `DISABLED` or `ERROR`.
    pub reason: &'static str,
    /// What is wrong, if there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The rule with what each of its parts gave; absent where no rule was asked.
    #[schema(value_type = Option<Object>)]
    pub tree: Option<flagd::Node>,
    /// What the flag serves there in words, one line for each branch.
    #[schema(value_type = Vec<Object>)]
    pub words: Vec<flagd::Line>,
    /// What else has a say.
    pub notes: Vec<String>,
}

/// Explains why a context gets what it gets.
#[utoipa::path(post, path = "/api/v1/flags/{key}/explain", tag = "flags", request_body = Question,
    params(("key", description = "the flag's name")), responses((status = 200, body = Explained)))]
pub async fn explain(
    State(app): State<App>,
    Path(key): Path<String>,
    asked: Asked<Question>,
) -> Result<Json<Explained>, Problem> {
    let Question { environment, context } = asked.body;
    let (world, now) = (app.world(), app.now());
    let flag = existing(&world, &key)?;
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let context = Context::from_value(&Value::Object(context), seconds)
        .map_err(|failure| Refusal::new(&codes::INVALID, failure.message).field("context"))?;
    let name = &flag.definition.flag;
    let explanation = flags::explain(&world.flags, name, &environment, &context, now)
        .ok_or_else(|| Refusal::new(&codes::INTERNAL, "a flag that exists could not be explained"))?;
    let (answer, error) = match explanation.resolution {
        Ok(answer) => (Some(answer), None),
        Err(failure) => (None, Some(failure.message)),
    };
    Ok(Json(Explained {
        flag: explanation.flag,
        reason: answer.as_ref().map_or("ERROR", |answer| answer.reason.as_str()),
        variant: answer.as_ref().and_then(|answer| answer.variant.clone()),
        value: answer.and_then(|answer| answer.value),
        error,
        tree: explanation.tree,
        words: words(&world, flag, &environment, now),
        notes: notes(&world, flag, &environment, now),
        environment,
    }))
}

/// What has a say beside the rule.
fn notes(world: &World, flag: &Flag, environment: &str, now: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    if !flag.is_on(environment) {
        notes.push(format!("the switch is off in {environment}: everybody gets the variant for that"));
    }
    for requirement in &flag.definition.requires {
        let key = requirement.flag.short();
        notes.push(match world.flags.flag(&requirement.flag) {
            None => format!("it requires {key}, which does not exist: everybody gets the variant for off"),
            Some(required) if !required.is_on(environment) => {
                format!("it requires {key}, which is off in {environment}")
            }
            Some(_) => format!("it requires {key}"),
        });
    }
    if let Some(at) = flag.ramp_position(environment, now) {
        let percent = f64::from(at.basis_points) / 100.0;
        notes.push(match at.state {
            RampState::Paused(_) => format!("the ramp is paused at {percent}%"),
            RampState::RolledBack(halt) => format!("the ramp was rolled back{}", halt.why.words()),
            RampState::Waiting { until } => format!("the ramp begins at {until}"),
            RampState::Holding { .. }
            | RampState::AwaitingApproval
            | RampState::AwaitingSamples { .. }
            | RampState::Done => format!("the ramp is at {percent}%"),
        });
    }
    notes
}
