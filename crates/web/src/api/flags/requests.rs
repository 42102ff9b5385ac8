//! Changes that somebody asks for: because others must agree, because they shall happen later, or both.

use axum::{
    Json,
    extract::{Path, Query, State},
};
use flags::{Change, ChangeRequest, RequestAction, RequestState};
use kernel::{EntityRef, Refusal, RequestId, Sha256, Timestamp, codes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use world::{Command, World};

use super::{definition, existing, production, segments::segment, setting::altered};
use crate::{
    App,
    api::{Asked, Done, Listed, Paging, carry_out, event::ActorView, not_found, reference, timeline::time, undo::Why},
    problem::Problem,
};

/// A change that somebody asked for.
#[derive(Debug, Serialize, ToSchema)]
pub struct RequestView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: RequestId,
    /// The flag or segment that it wants to change.
    pub flag: String,
    /// The whole reference.
    #[schema(value_type = String)]
    pub subject: EntityRef,
    /// The change in a few words.
    pub summary: String,
    /// What it would change as things are, one sentence each.
    pub change: Vec<String>,
    /// What people agree to: the hash of the exact change and its time.
    #[schema(value_type = String)]
    pub hash: Sha256,
    /// When it shall be made; absent: as soon as enough people agree.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub at: Option<Timestamp>,
    /// Who asked.
    pub by: Option<ActorView>,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub asked: Timestamp,
    /// Why, in their words.
    pub reason: Option<String>,
    /// `open`, `applied`, `rejected`, `withdrawn` or `failed`.
    pub state: &'static str,
    /// Why it was rejected or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Who agreed to exactly this.
    pub approvals: Vec<ApprovalView>,
    /// How many must.
    pub needed: u8,
}

/// That somebody agreed.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalView {
    /// Who.
    pub by: ActorView,
    /// When.
    #[schema(value_type = String, format = "date-time")]
    pub at: Timestamp,
}

impl RequestView {
    fn of(world: &World, request: &ChangeRequest) -> Self {
        let (subject, change) = (request.wish.change.subject(), &request.wish.change);
        let (state, why) = match &request.state {
            RequestState::Open => ("open", None),
            RequestState::Applied { .. } => ("applied", None),
            RequestState::Rejected { reason, .. } => ("rejected", reason.clone()),
            RequestState::Withdrawn { .. } => ("withdrawn", None),
            RequestState::Failed { why, .. } => ("failed", Some(why.clone())),
        };
        let approval = |it: &flags::Approval| ApprovalView { by: ActorView::of(&it.by), at: it.at };
        Self {
            id: request.id,
            flag: subject.short().to_owned(),
            subject: subject.clone(),
            summary: change.words(),
            change: flags::change_in_words(&world.flags, change),
            hash: request.wish.hash,
            at: request.wish.at,
            by: request.authors.first().map(ActorView::of),
            asked: request.asked,
            reason: request.reason.clone(),
            state,
            why,
            approvals: request.approvals.iter().map(approval).collect(),
            needed: request.wish.needed,
        }
    }
}

/// Which requests.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `open`, `applied`, `rejected`, `withdrawn` or `failed`; all of them if left out.
    #[param(inline)]
    pub state: Option<Stage>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It waits for approvals or for its time.
    Open,
    /// It was done.
    Applied,
    /// Somebody said no.
    Rejected,
    /// Its author took it back.
    Withdrawn,
    /// It could not be done.
    Failed,
}

impl Stage {
    fn is(self, state: &RequestState) -> bool {
        match self {
            Self::Open => matches!(state, RequestState::Open),
            Self::Applied => matches!(state, RequestState::Applied { .. }),
            Self::Rejected => matches!(state, RequestState::Rejected { .. }),
            Self::Withdrawn => matches!(state, RequestState::Withdrawn { .. }),
            Self::Failed => matches!(state, RequestState::Failed { .. }),
        }
    }
}

/// Lists requests for changes, newest first.
#[utoipa::path(get, path = "/api/v1/flags/requests", tag = "flags", params(Which, Paging),
    responses((status = 200, body = Listed<RequestView>)))]
pub async fn list(
    State(app): State<App>,
    Query(which): Query<Which>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<RequestView>>, Problem> {
    let world = app.world();
    let requests = world.flags.requests().rev();
    let found = requests.filter(|request| which.state.is_none_or(|stage| stage.is(&request.state))).collect();
    paging.page(found, |request| RequestView::of(&world, request))
}

/// Shows a request for a change.
#[utoipa::path(get, path = "/api/v1/flags/requests/{id}", tag = "flags",
    params(("id", description = "the request's id")), responses((status = 200, body = RequestView)))]
pub async fn show(State(app): State<App>, Path(id): Path<String>) -> Result<Json<RequestView>, Problem> {
    let world = app.world();
    let request = world.flags.request(request_id(&id)?).ok_or_else(|| not_found("request", &id))?;
    Ok(Json(RequestView::of(&world, request)))
}

fn request_id(text: &str) -> Result<RequestId, Refusal> {
    text.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "a request's id is a UUID").field("id"))
}

/// A change to be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// The flag; or the segment, for changes of segments.
    pub flag: String,
    /// The change.
    #[schema(value_type = AskedChange)]
    pub change: AskedChange,
    /// When it shall be made, RFC 3339; as soon as enough people agree if left out.
    #[schema(format = "date-time")]
    pub at: Option<String>,
    /// Why: shown to those who must agree.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

/// A change that can be asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AskedChange {
    /// Turn the flag on or off.
    Turn {
        /// Where; `production` if left out.
        #[serde(default = "production")]
        environment: String,
        /// What it shall be.
        on: bool,
    },
    /// Replace the flag's definition; the other fields are those of `spec` of a `kind: Flag` document.
    Define {
        /// The definition.
        #[serde(flatten)]
        #[schema(value_type = Object)]
        spec: Map<String, Value>,
    },
    /// Change what holds in one environment; the other fields are those of `POST /api/v1/flags/{key}/set`.
    Set {
        /// Where; `production` if left out.
        #[serde(default = "production")]
        environment: String,
        /// What.
        #[serde(flatten)]
        #[schema(value_type = Object)]
        what: Map<String, Value>,
    },
    /// Remove the flag.
    Remove,
    /// Replace the segment; the other fields are those of `spec` of a `kind: Segment` document.
    DefineSegment {
        /// The definition.
        #[serde(flatten)]
        #[schema(value_type = Object)]
        spec: Map<String, Value>,
    },
    /// Remove the segment.
    RemoveSegment,
}

impl AskedChange {
    fn read(self, world: &World, name: &str) -> Result<Change, Problem> {
        Ok(match self {
            Self::Turn { environment, on } => Change::Turn { flag: reference("flag", name, "flag")?, environment, on },
            Self::Define { spec } => Change::Define { definition: definition(reference("flag", name, "flag")?, spec)? },
            Self::Set { environment, what } => {
                Change::Define { definition: altered(existing(world, name)?, &environment, what)? }
            }
            Self::Remove => Change::Remove { flag: reference("flag", name, "flag")? },
            Self::DefineSegment { spec } => {
                Change::DefineSegment { segment: segment(reference("flag", name, "segment")?, spec)? }
            }
            Self::RemoveSegment => Change::RemoveSegment { segment: reference("flag", name, "segment")? },
        })
    }
}

/// Asks for a change: for approval, for later, or both.
#[utoipa::path(post, path = "/api/v1/flags/requests", tag = "flags", request_body = NewRequest,
    responses((status = 200, body = Done)))]
pub async fn ask(State(app): State<App>, asked: Asked<NewRequest>) -> Result<Json<Done>, Problem> {
    let (asked, NewRequest { flag, change, at, reason }) = asked.split();
    let change = change.read(&app.world(), &flag)?;
    let command = flags::Command::RequestChange { change, at: time("at", at.as_deref())? };
    carry_out(&app, &asked, Command::Flags(command), reason.as_deref()).await
}

/// Another change instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    /// The change.
    #[schema(value_type = AskedChange)]
    pub change: AskedChange,
    /// When it shall be made, RFC 3339; as soon as enough people agree if left out.
    #[schema(format = "date-time")]
    pub at: Option<String>,
    /// Why.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

/// Asks for something else instead. Whoever agreed must agree again.
#[utoipa::path(post, path = "/api/v1/flags/requests/{id}/amend", tag = "flags", request_body = Amendment,
    params(("id", description = "the request's id")), responses((status = 200, body = Done)))]
pub async fn amend(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Asked<Amendment>,
) -> Result<Json<Done>, Problem> {
    let (asked, Amendment { change, at, reason }) = asked.split();
    let world = app.world();
    let request = world.flags.request(request_id(&id)?).ok_or_else(|| not_found("request", &id))?;
    let change = change.read(&world, request.wish.change.subject().short())?;
    act(&app, &asked, &id, RequestAction::Amend { change, at: time("at", at.as_deref())? }, reason).await
}

/// To exactly what somebody agrees.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// `hash` of the request as it was shown.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub hash: String,
    /// Why.
    #[schema(max_length = 2000)]
    pub reason: Option<String>,
}

/// Agrees to a change. Only a person can, and nobody to what they asked for themselves.
#[utoipa::path(post, path = "/api/v1/flags/requests/{id}/approve", tag = "flags", request_body = Agreement,
    params(("id", description = "the request's id")), responses((status = 200, body = Done)))]
pub async fn approve(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Asked<Agreement>,
) -> Result<Json<Done>, Problem> {
    let (asked, Agreement { hash, reason }) = asked.split();
    let no_hash = |_| Refusal::new(&codes::INVALID, "the hash has 64 hexadecimal digits").field("hash");
    let hash = hash.parse().map_err(no_hash)?;
    act(&app, &asked, &id, RequestAction::Approve { hash }, reason).await
}

/// Says no to a change.
#[utoipa::path(post, path = "/api/v1/flags/requests/{id}/reject", tag = "flags", request_body = Why,
    params(("id", description = "the request's id")), responses((status = 200, body = Done)))]
pub async fn reject(State(app): State<App>, Path(id): Path<String>, asked: Asked<Why>) -> Result<Json<Done>, Problem> {
    let (asked, Why { reason }) = asked.split();
    act(&app, &asked, &id, RequestAction::Reject, reason).await
}

/// Takes a request back.
#[utoipa::path(post, path = "/api/v1/flags/requests/{id}/withdraw", tag = "flags", request_body = Why,
    params(("id", description = "the request's id")), responses((status = 200, body = Done)))]
pub async fn withdraw(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let (asked, Why { reason }) = asked.split();
    act(&app, &asked, &id, RequestAction::Withdraw, reason).await
}

async fn act(
    app: &App,
    asked: &Asked<()>,
    id: &str,
    action: RequestAction,
    reason: Option<String>,
) -> Result<Json<Done>, Problem> {
    let command = flags::Command::Request { request: request_id(id)?, action };
    carry_out(app, asked, Command::Flags(command), reason.as_deref()).await
}
