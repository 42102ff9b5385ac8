//! Users and tokens: list, create, revoke. A token's text is shown once, when it is issued.

use access::{Reach, Role, Scope};
use axum::{
    Json,
    extract::{Path, Query, State},
};
use kernel::{Refusal, Timestamp, TokenId, UserId, codes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use world::Command;

use super::{Asked, Done, Listed, Paging, carry_out, event::ActorView, timeline::time, undo::Why};
use crate::{App, credentials, guard::By, problem::Problem};

/// A token, without its text.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenView {
    /// Its id: what is revoked.
    #[schema(value_type = String, format = "uuid")]
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<&'static str>,
    /// The environment that it is confined to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The flag sets that it is confined to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub flag_sets: Vec<String>,
    /// When it ends.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub expires: Option<Timestamp>,
    /// When it was issued.
    #[schema(value_type = String, format = "date-time")]
    pub issued: Timestamp,
    /// Who issued it.
    pub by: ActorView,
    /// When it was last used, to the hour.
    #[schema(value_type = Option<String>, format = "date-time")]
    pub last_used: Option<Timestamp>,
}

/// Lists the tokens in force.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "access", params(Paging),
    responses((status = 200, body = Listed<TokenView>)))]
pub async fn list_tokens(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<TokenView>>, Problem> {
    let world = app.world();
    paging.page(world.access.tokens_with_ids().collect(), |(id, token)| TokenView {
        id: *id,
        name: token.name.clone(),
        scopes: token.scopes.iter().map(|scope| scope.as_str()).collect(),
        environment: token.reach.environment.clone(),
        flag_sets: token.reach.flag_sets.clone(),
        expires: token.expires,
        issued: token.issued,
        by: ActorView::of(&token.by),
        last_used: token.last_used,
    })
}

/// A token to be issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What to call it.
    pub name: String,
    /// What it may do: `evaluate`, `report`, `read`, `write`, `admin`.
    pub scopes: Vec<String>,
    /// When it ends, RFC 3339; never if left out.
    #[schema(format = "date-time")]
    pub expires: Option<String>,
    /// Confines a token that only evaluates flags to this environment.
    #[schema(max_length = 63)]
    pub environment: Option<String>,
    /// Confines a token that only evaluates flags to these flag sets; all of them if left out.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub flag_sets: Vec<String>,
}

/// A token that was just issued.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedToken {
    /// The token itself. It is shown this once.
    pub token: String,
    /// What was recorded.
    #[serde(flatten)]
    pub done: Done,
}

/// Issues a token.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "access", request_body = NewToken,
    responses((status = 200, body = IssuedToken)))]
pub async fn issue_token(State(app): State<App>, asked: Asked<NewToken>) -> Result<Json<IssuedToken>, Problem> {
    let new = &asked.body;
    let scopes = new.scopes.iter().map(|scope| {
        scope
            .parse()
            .map_err(|error: access::NoSuchScope| Refusal::new(&codes::INVALID, error.to_string()).field("scopes"))
    });
    let scopes: Vec<Scope> = scopes.collect::<Result<_, _>>()?;
    let expires = time("expires", new.expires.as_deref())?;
    let reach = Reach { environment: new.environment.clone(), flag_sets: new.flag_sets.clone() };
    let asking = |command| asked.request(command, None);
    let (token, receipt) = credentials::issue_token(&app, new.name.clone(), scopes, expires, reach, asking).await?;
    let Json(done) = Done::of(&receipt);
    Ok(Json(IssuedToken { token, done }))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "access",
    params(("id", description = "the token's id")), responses((status = 200, body = Done)))]
pub async fn revoke_token(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: Asked<Why>,
) -> Result<Json<Done>, Problem> {
    let token = id.parse().map_err(|_| Refusal::new(&codes::MALFORMED, "a token's id is a UUID").field("id"))?;
    let command = Command::Access(access::Command::RevokeToken { token });
    carry_out(&app, &asked, command, asked.body.reason.as_deref()).await
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    pub id: UserId,
    /// What it signs in with.
    pub name: String,
    /// `viewer`, `editor` or `administrator`.
    pub role: &'static str,
    /// True if it can't sign in.
    pub disabled: bool,
    /// Since when it exists.
    #[schema(value_type = String, format = "date-time")]
    pub created: Timestamp,
}

/// Lists the users, oldest first.
#[utoipa::path(get, path = "/api/v1/users", tag = "access", params(Paging),
    responses((status = 200, body = Listed<UserView>)))]
pub async fn list_users(
    State(app): State<App>,
    Query(paging): Query<Paging>,
) -> Result<Json<Listed<UserView>>, Problem> {
    let world = app.world();
    paging.page(world.access.users().collect(), |(id, user)| UserView {
        id: *id,
        name: user.name.clone(),
        role: user.role.as_str(),
        disabled: user.disabled,
        created: user.created,
    })
}

/// A user to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// What it signs in with.
    pub name: String,
    /// At least 12 characters.
    pub password: String,
    /// `viewer`, `editor` or `administrator`; `viewer` if left out.
    #[serde(default)]
    pub role: NewRole,
    /// Which catalog user it is.
    pub person: Option<String>,
}

/// What a user is.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NewRole {
    /// Sees.
    #[default]
    Viewer,
    /// Sees and changes.
    Editor,
    /// Also decides who may.
    Administrator,
}

/// Creates a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "access", request_body = NewUser,
    responses((status = 200, body = Done)))]
pub async fn create_user(State(app): State<App>, asked: Asked<NewUser>) -> Result<Json<Done>, Problem> {
    let new = &asked.body;
    let person = new.person.as_deref().map(|person| super::reference("person", person, "user")).transpose()?;
    let role = match new.role {
        NewRole::Viewer => Role::Viewer,
        NewRole::Editor => Role::Editor,
        NewRole::Administrator => Role::Administrator,
    };
    let created = credentials::create_user(&app, new.password.clone(), |user| {
        let command = access::Command::CreateUser { user, name: new.name.clone(), role, person };
        asked.request(Command::Access(command), None)
    });
    let (_, receipt) = created.await?;
    Ok(Done::of(&receipt))
}

/// Who is asking.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Who.
    pub actor: ActorView,
    /// What is allowed.
    pub scopes: Vec<&'static str>,
}

/// Tells who is asking, and what they may do.
#[utoipa::path(get, path = "/api/v1/me", tag = "access", responses((status = 200, body = Me)))]
pub async fn me(By(grant): By) -> Json<Me> {
    let scopes = grant.scopes.iter().map(|scope| scope.as_str()).collect();
    Json(Me { actor: ActorView::of(&grant.actor), scopes })
}
