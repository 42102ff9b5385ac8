//! The wishes, and how they are decided.

use kernel::{Context, EntityRef, Refusal, SessionId, Sha256, Timestamp, TokenId, UserId, codes};
use serde::{Deserialize, Serialize};

use crate::{Event, Reach, Role, Scope, State};

/// What somebody wants of users, tokens and sessions. Secrets are made, hashed and kept by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Offer a one-time link that creates the administrator.
    OfferSetup {
        /// The SHA-256 of the link's secret.
        hash: Sha256,
        /// When it shall end.
        expires: Timestamp,
    },
    /// Create the first administrator by the link.
    Setup {
        /// The SHA-256 of the secret that was shown.
        hash: Sha256,
        /// The user's id, under which the vault has the password's verifier.
        user: UserId,
        /// What it signs in with.
        name: String,
    },
    /// Create a user.
    CreateUser {
        /// The user's id, under which the vault has the password's verifier.
        user: UserId,
        /// What it signs in with.
        name: String,
        /// What it shall be.
        role: Role,
        /// Which catalog user it is.
        person: Option<EntityRef>,
    },
    /// Change what a user is.
    ChangeRole {
        /// Whose.
        user: UserId,
        /// What it shall be.
        role: Role,
    },
    /// Note that a password was set.
    SetPassword {
        /// Whose.
        user: UserId,
    },
    /// Let a user in no more.
    DisableUser {
        /// Who.
        user: UserId,
    },
    /// Issue a token.
    IssueToken {
        /// What to call it; unique among the tokens in force.
        name: String,
        /// What it may do.
        scopes: Vec<Scope>,
        /// The SHA-256 of the token.
        hash: Sha256,
        /// When it ends.
        expires: Option<Timestamp>,
        /// Which flags it may evaluate.
        #[serde(default)]
        reach: Reach,
    },
    /// Note that a token was used.
    UseToken {
        /// Which.
        token: TokenId,
    },
    /// Revoke a token.
    RevokeToken {
        /// Which.
        token: TokenId,
    },
    /// Start a session for a user whose password was right.
    StartSession {
        /// Who.
        user: UserId,
        /// The SHA-256 of the cookie's secret.
        hash: Sha256,
    },
    /// Note that a session was used.
    SeeSession {
        /// Which.
        session: SessionId,
    },
    /// End a session.
    EndSession {
        /// Which.
        session: SessionId,
    },
}

const NAME_BYTES_MAX: usize = 63;
const USERS_MAX: usize = 10_000;
const TOKENS_MAX: usize = 10_000;

/// Decides what happens.
///
/// # Errors
/// If a name is taken or unsound, a link was used, or the last administrator would go.
pub fn decide(state: &State, command: Command, context: &Context) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::OfferSetup { hash, expires } => {
            only_without_users(state)?;
            Ok(vec![Event::SetupOffered { hash, expires }])
        }
        Command::Setup { hash, user, name } => {
            only_without_users(state)?;
            if !state.setup_is(&hash, context.now) {
                return Err(Refusal::new(&codes::GONE, "this link was replaced by a newer one, or its time is over"));
            }
            sound_name("name", &name)?;
            let created = Event::UserCreated { user, name, role: Role::Administrator, person: None };
            Ok(vec![created, Event::PasswordSet { user }])
        }
        Command::CreateUser { user, name, role, person } => {
            sound_name("name", &name)?;
            if state.user_named(&name).is_some() {
                return Err(Refusal::new(&codes::CONFLICT, format!("there is a user {name} already")).field("name"));
            }
            if state.users().count() >= USERS_MAX {
                return Err(Refusal::new(&codes::CONFLICT, format!("there are {USERS_MAX} users, which is the bound")));
            }
            Ok(vec![Event::UserCreated { user, name, role, person }, Event::PasswordSet { user }])
        }
        Command::ChangeRole { user, role } => change_role(state, user, role),
        Command::SetPassword { user } => existing_user(state, user).map(|()| vec![Event::PasswordSet { user }]),
        Command::DisableUser { user } => {
            existing_user(state, user)?;
            keeps_an_administrator(state, user)?;
            Ok(vec![Event::UserDisabled { user }])
        }
        Command::IssueToken { name, scopes, hash, expires, reach } => {
            may_issue(state, &name, &scopes, expires, context)?;
            reach.check(&scopes)?;
            Ok(vec![Event::TokenIssued { token: context.id(), name, scopes, hash, expires, reach }])
        }
        Command::UseToken { token } => {
            let due = state.token(token).is_some_and(|known| known.use_is_worth_noting(context.now));
            Ok(if due { vec![Event::TokenUsed { token }] } else { Vec::new() })
        }
        Command::RevokeToken { token } => match state.token(token) {
            Some(_) => Ok(vec![Event::TokenRevoked { token }]),
            None => Err(Refusal::new(&codes::NOT_FOUND, "there is no such token, or it was revoked")),
        },
        Command::StartSession { user, hash } => {
            existing_user(state, user)?;
            let expires = context.now.checked_add(State::SESSION_LIFETIME).unwrap_or(context.now);
            Ok(vec![Event::SessionStarted { session: context.id(), user, hash, expires }])
        }
        Command::SeeSession { session } => {
            let due = state.session(session).is_some_and(|known| known.use_is_worth_noting(context.now));
            Ok(if due { vec![Event::SessionSeen { session }] } else { Vec::new() })
        }
        Command::EndSession { session } => {
            Ok(state.session(session).map(|_| Event::SessionEnded { session }).into_iter().collect())
        }
    }
}

fn change_role(state: &State, user: UserId, role: Role) -> Result<Vec<Event>, Refusal> {
    existing_user(state, user)?;
    if state.user(user).is_some_and(|known| known.role == role) {
        return Ok(Vec::new());
    }
    if role != Role::Administrator {
        keeps_an_administrator(state, user)?;
    }
    Ok(vec![Event::RoleChanged { user, role }])
}

fn may_issue(
    state: &State,
    name: &str,
    scopes: &[Scope],
    expires: Option<Timestamp>,
    context: &Context,
) -> Result<(), Refusal> {
    sound_name("name", name)?;
    if scopes.is_empty() || scopes.len() > Scope::ALL.len() {
        return Err(Refusal::new(&codes::INVALID, "a token has one to five scopes").field("scopes"));
    }
    if expires.is_some_and(|expires| expires <= context.now) {
        return Err(Refusal::new(&codes::INVALID, "the expiry is in the past").field("expires"));
    }
    if state.tokens().any(|token| token.name == name) {
        let refusal = Refusal::new(&codes::CONFLICT, format!("there is a token {name} already")).field("name");
        return Err(refusal.fix("revoke it first, or choose another name"));
    }
    if state.tokens().count() >= TOKENS_MAX {
        return Err(Refusal::new(&codes::CONFLICT, format!("there are {TOKENS_MAX} tokens, which is the bound")));
    }
    Ok(())
}

fn only_without_users(state: &State) -> Result<(), Refusal> {
    match state.users().next() {
        None => Ok(()),
        Some(_) => Err(Refusal::new(&codes::GONE, "there is an administrator already").fix("sign in")),
    }
}

fn existing_user(state: &State, user: UserId) -> Result<(), Refusal> {
    match state.user(user) {
        Some(known) if !known.disabled => Ok(()),
        Some(_) => Err(Refusal::new(&codes::CONFLICT, "the user is disabled")),
        None => Err(Refusal::new(&codes::NOT_FOUND, "there is no such user")),
    }
}

fn keeps_an_administrator(state: &State, without: UserId) -> Result<(), Refusal> {
    let others = state.users().filter(|(id, user)| **id != without && user.is_administrator()).count();
    let is_one = state.user(without).is_some_and(|user| user.is_administrator());
    if is_one && others == 0 {
        return Err(Refusal::new(&codes::CONFLICT, "nobody else is an administrator")
            .fix("make somebody else an administrator first"));
    }
    Ok(())
}

fn sound_name(field: &str, name: &str) -> Result<(), Refusal> {
    let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+');
    if !name.is_empty() && name.len() <= NAME_BYTES_MAX && name.chars().all(sound) {
        return Ok(());
    }
    let detail = "a name has 1 to 63 letters, digits, dots, dashes, underscores, plus or at signs";
    Err(Refusal::new(&codes::INVALID, detail).field(field))
}
