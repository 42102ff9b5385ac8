//! Flags: list, show, define, turn, and all that belongs to them.
//!
//! What is defined here is written as the `spec` of a `kind: Flag` document, in the same words and with the same problems.

pub mod counts;
pub mod explain;
pub mod history;
pub mod publish;
pub mod ramp;
pub mod report;
pub mod requests;
pub mod segments;
pub mod setting;
mod view;

use axum::{
    Json,
    extract::{Path, Query, State},
};
use flags::{Change, Definition, Flag, Origin};
use kernel::{EntityRef, Refusal, codes};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use world::{Command, World};

use super::{Asked, Done, Listed, Paging, carry_out, not_found, reference, undo::Why};
use crate::{App, problem::Problem};

pub use view::FlagView;

/// Which flags.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Those that are `on` or `off` in the environment.
    #[param(inline)]
    pub state: Option<SwitchState>,
    /// Where `state` is looked at; `production` if left out. Alone, those that name this environment.
    #[param(max_length = 63)]
    pub environment: Option<String>,
    /// Those that this group or user keeps.
    #[param(max_length = 200)]
    pub owner: Option<String>,
    /// Those that should be gone, or those that should not.
    pub stale: Option<bool>,
    /// `release`, `experiment`, `operational`, `kill-switch` or `permission`.
    #[param(max_length = 20)]
    pub purpose: Option<String>,
    /// Those whose name or description has this in it.
    #[param(max_length = 200)]
    pub q: Option<String>,
}

/// A switch's position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SwitchState {
    /// Rules are asked.
    On,
    /// Everybody gets the variant for that.
    Off,
}

impl Which {
    fn holds(&self, world: &World, flag: &Flag, now: kernel::Timestamp) -> bool {
        let definition = &flag.definition;
        let environment = self.environment.as_deref();
        let at = |state| flag.is_on(environment.unwrap_or(PRODUCTION)) == (state == SwitchState::On);
        let names = |name: &str| flag.switches.contains_key(name) || definition.environments.contains_key(name);
        let owned = |owner: &str| {
            let owner = reference("owner", owner, "group").ok();
            owner.is_some() && definition.owner == owner
        };
        let says = |words: &str| {
            let words = words.to_lowercase();
            definition.key().to_lowercase().contains(&words) || definition.description.to_lowercase().contains(&words)
        };
        self.state.is_none_or(at)
            && (self.state.is_some() || environment.is_none_or(names))
            && self.owner.as_deref().is_none_or(owned)
            && self.purpose.as_deref().is_none_or(|purpose| definition.purpose.as_str() == purpose)
            && self.q.as_deref().is_none_or(says)
            && self.stale.is_none_or(|stale| stale != flags::stale_reasons(&world.flags, flag, now).is_empty())
    }
}

/// Lists flags by name.
#[utoipa::path(get, path = "/api/v1/flags", tag = "flags", params(Which, Paging),
    responses((status = 200, body = Listed<FlagView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<FlagView>>, Problem> {
    let (world, now) = (app.world(), app.now());
    let found = world.flags.flags().filter(|flag| which.holds(&world, flag, now)).collect();
    paging.page(found, |flag| FlagView::in_list(&world, flag, now))
}

/// Shows a flag.
#[utoipa::path(get, path = "/api/v1/flags/{key}", tag = "flags", params(("key", description = "the flag's name")),
    responses((status = 200, body = FlagView)))]
pub async fn show(State(app): State<App>, Path(key): Path<String>) -> Result<Json<FlagView>, Problem> {
    let world = app.world();
    Ok(Json(FlagView::alone(&world, existing(&world, &key)?, app.now())))
}

/// The flag of that name.
fn existing<'a>(world: &'a World, key: &str) -> Result<&'a Flag, Problem> {
    world.flags.flag(&reference("key", key, "flag")?).ok_or_else(|| not_found("flag", key))
}

/// A flag that is made by hand: its name, and the fields of `spec` of a `kind: Flag` document.
#[derive(Debug, Deserialize, ToSchema)]
pub struct NewFlag {
    /// Its name: what clients ask for.
    #[schema(min_length = 1, max_length = 63, pattern = "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$")]
    pub key: String,
    /// `owner`, `type`, `usedBy`, `environments`, `description`, `expires`, `purpose`, `variants`, `offVariant`,
    /// `defaultVariant`, `targeting`, `flagSet`, `metadata`, `bucketing`, `requires`; and `reason`, and `emergency: true` to
    /// do it although somebody else must agree.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    pub spec: Map<String, Value>,
}

/// Defines a flag, or replaces the definition of one that was made by hand.
#[utoipa::path(post, path = "/api/v1/flags", tag = "flags", request_body = NewFlag,
    responses((status = 200, body = Done)))]
pub async fn create(State(app): State<App>, asked: Asked<NewFlag>) -> Result<Json<Done>, Problem> {
    let (asked, NewFlag { key, mut spec }) = asked.split();
    let circumstances = Circumstances::taken_from(&mut spec)?;
    spec.insert("key".to_owned(), key.as_str().into());
    let definition = definition(reference("key", &key, "flag")?, spec)?;
    make(&app, &asked, Change::Define { definition }, circumstances).await
}

/// Defines a flag, or replaces the definition of one that was made by hand.
#[utoipa::path(put, path = "/api/v1/flags/{key}", tag = "flags", request_body = Object,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn replace(
    State(app): State<App>,
    Path(key): Path<String>,
    asked: Asked<Map<String, Value>>,
) -> Result<Json<Done>, Problem> {
    let (asked, mut spec) = asked.split();
    let circumstances = Circumstances::taken_from(&mut spec)?;
    let definition = definition(reference("key", &key, "flag")?, spec)?;
    make(&app, &asked, Change::Define { definition }, circumstances).await
}

/// Removes a flag.
#[utoipa::path(delete, path = "/api/v1/flags/{key}", tag = "flags", request_body = Why,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn remove(State(app): State<App>, Path(key): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let (asked, Why { reason }) = asked.split();
    let flag = reference("key", &key, "flag")?;
    make(&app, &asked, Change::Remove { flag }, Circumstances { reason, emergency: false }).await
}

/// A definition as it is written by hand.
fn definition(flag: EntityRef, spec: Map<String, Value>) -> Result<Definition, Refusal> {
    let read = Definition::from_spec(flag, None, &Value::Object(spec));
    let definition = read.map_err(|problems| super::catalog::first_problem(&problems))?;
    Ok(Definition { origin: Origin::ByHand, ..definition })
}

/// Why a change is made, and whether it can wait for approvals.
#[derive(Debug, Default)]
struct Circumstances {
    reason: Option<String>,
    emergency: bool,
}

impl Circumstances {
    /// Takes `reason` and `emergency` out of a body; the rest says what.
    fn taken_from(body: &mut Map<String, Value>) -> Result<Self, Refusal> {
        let wrong = |field: &str, must: &str| Refusal::new(&codes::INVALID, format!("must be {must}")).field(field);
        let reason = match body.remove("reason") {
            None | Some(Value::Null) => None,
            Some(Value::String(reason)) => Some(reason),
            Some(_) => return Err(wrong("reason", "a text")),
        };
        let emergency = match body.remove("emergency") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(emergency)) => emergency,
            Some(_) => return Err(wrong("emergency", "true or false")),
        };
        Ok(Self { reason, emergency })
    }
}

/// Makes a change: at once, or, in an emergency, although it needs approvals.
async fn make(
    app: &App,
    asked: &Asked<()>,
    change: Change,
    circumstances: Circumstances,
) -> Result<Json<Done>, Problem> {
    let command = if circumstances.emergency { flags::Command::Override { change } } else { change.into() };
    carry_out(app, asked, Command::Flags(command), circumstances.reason.as_deref()).await
}

/// Where, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The environment; `production` if left out.
    #[serde(default = "production")]
    #[schema(min_length = 1, max_length = 63)]
    pub environment: String,
    /// Why: shown on the timeline.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
    /// True to turn it on although somebody else must agree; needs a reason.
    #[serde(default)]
    pub emergency: bool,
}

const PRODUCTION: &str = "production";

pub(crate) fn production() -> String {
    PRODUCTION.to_owned()
}

/// Turns a flag on.
#[utoipa::path(post, path = "/api/v1/flags/{key}/on", tag = "flags", request_body = Turn,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn on(State(app): State<App>, Path(key): Path<String>, asked: Asked<Turn>) -> Result<Json<Done>, Problem> {
    turn(&app, &key, asked, true).await
}

/// Turns a flag off. That needs nobody's approval.
#[utoipa::path(post, path = "/api/v1/flags/{key}/off", tag = "flags", request_body = Turn,
    params(("key", description = "the flag's name")), responses((status = 200, body = Done)))]
pub async fn off(State(app): State<App>, Path(key): Path<String>, asked: Asked<Turn>) -> Result<Json<Done>, Problem> {
    turn(&app, &key, asked, false).await
}

async fn turn(app: &App, key: &str, asked: Asked<Turn>, on: bool) -> Result<Json<Done>, Problem> {
    let (asked, Turn { environment, reason, emergency }) = asked.split();
    let change = Change::Turn { flag: reference("key", key, "flag")?, environment, on };
    make(app, &asked, change, Circumstances { reason, emergency }).await
}
