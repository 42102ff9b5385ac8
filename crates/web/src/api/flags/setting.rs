//! Changes what holds of a flag in one environment, and nothing else of it.

use axum::{
    Json,
    extract::{Path, State},
};
use flags::{Change, Definition, Flag, Origin, Setting};
use kernel::{Refusal, closest, codes};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::{Circumstances, existing, make, production};
use crate::{
    App,
    api::{Asked, Done, catalog::first_problem},
    problem::Problem,
};

/// What shall hold in one environment. Only what is given changes; null takes it away.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Set {
    /// The environment; `production` if left out. `*` is for those that are not named.
    #[serde(default = "production")]
    #[schema(min_length = 1, max_length = 63)]
    pub environment: String,
    /// Why: shown on the timeline.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// True to change it although somebody else must agree; needs a reason.
    #[serde(default)]
    pub emergency: bool,
    /// `defaultVariant`, `targeting`, `audiences`, `rollout`, `ramp`, `approvals`, as in the `environments` of a
    /// `kind: Flag` document.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub what: Map<String, Value>,
}

/// Changes what holds of a flag in one environment.
#[utoipa::path(post, path = "/api/v1/flags/{key}/set", tag = "flags", request_body = Set,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn set(State(app): State<App>, Path(key): Path<String>, asked: Asked<Set>) -> Result<Json<Done>, Problem> {
    let (asked, Set { environment, reason, emergency, what }) = asked.split();
    let world = app.world();
    let definition = altered(existing(&world, &key)?, &environment, what)?;
    make(&app, &asked, Change::Define { definition }, Circumstances { reason, emergency }).await
}

const FIELDS: [&str; 6] = ["defaultVariant", "targeting", "audiences", "rollout", "ramp", "approvals"];

/// The flag's definition with `what` in one environment.
pub(super) fn altered(flag: &Flag, environment: &str, mut what: Map<String, Value>) -> Result<Definition, Refusal> {
    if let Some(unknown) = what.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        let detail = format!("\"{unknown}\" is not known here; known are {}", FIELDS.join(", "));
        let refusal = Refusal::new(&codes::INVALID, detail).field(unknown.clone());
        return Err(match closest(unknown, FIELDS) {
            Some(near) => refusal.fix(format!("did you mean {near}?")),
            None => refusal,
        });
    }
    let given: Vec<String> = what.keys().cloned().collect();
    what.retain(|_, value| !value.is_null());
    let definition = flag.definition.as_ref();
    let read = read(definition, environment, what)?;
    let mut setting = match definition.environments.get(environment) {
        Some(own) => own.clone(),
        // The switch stays where it is.
        None => {
            Setting { enabled: flag.is_on(environment), ..definition.setting(environment).cloned().unwrap_or_default() }
        }
    };
    for field in given {
        match field.as_str() {
            "defaultVariant" => setting.default_variant.clone_from(&read.default_variant),
            "targeting" => setting.targeting.clone_from(&read.targeting),
            "audiences" => setting.audiences.clone_from(&read.audiences),
            "rollout" => setting.rollout.clone_from(&read.rollout),
            "ramp" => setting.ramp.clone_from(&read.ramp),
            _ => setting.approvals = read.approvals,
        }
    }
    let mut altered = Definition { origin: Origin::ByHand, ..definition.clone() };
    altered.environments.insert(environment.to_owned(), setting);
    Ok(altered)
}

/// What is given, as a document of a flag with the same variants would have it.
fn read(definition: &Definition, environment: &str, mut what: Map<String, Value>) -> Result<Setting, Refusal> {
    what.insert("enabled".to_owned(), false.into());
    let spec = json!({
        "variants": definition.variants,
        "offVariant": definition.off_variant,
        "defaultVariant": definition.default_variant,
        "bucketing": definition.bucketing,
        "environments": { environment: what },
    });
    let read = Definition::from_spec(definition.flag.clone(), None, &spec);
    let mut read = read.map_err(|problems| first_problem(&problems))?;
    Ok(read.environments.remove(environment).unwrap_or_default())
}
