//! The fold and the queries.

use imbl::OrdMap;
use jiff::SignedDuration;
use kernel::{Actor, EntityRef, SessionId, Sha256, Stamp, Timestamp, TokenId, UserId};
use serde::{Deserialize, Serialize};

use crate::{Event, Reach, Role, Scope};

/// Everything known of users, tokens and sessions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct State {
    users: OrdMap<UserId, User>,
    tokens: OrdMap<TokenId, Token>,
    tokens_by_hash: OrdMap<Sha256, TokenId>,
    sessions: OrdMap<SessionId, Session>,
    sessions_by_hash: OrdMap<Sha256, SessionId>,
    setup: Option<Setup>,
}

/// A person who can sign in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct User {
    /// What it signs in with.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// Which catalog user it is.
    pub person: Option<EntityRef>,
    /// True if it can't sign in any more.
    pub disabled: bool,
    /// Since when it exists.
    pub created: Timestamp,
}

/// A program's key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Token {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// When it was issued.
    pub issued: Timestamp,
    /// Who issued it.
    pub by: Actor,
    /// When it was last used, to the hour.
    pub last_used: Option<Timestamp>,
    /// Which flags it may evaluate.
    #[serde(default)]
    pub reach: Reach,
    hash: Sha256,
}

/// Somebody signed in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub user: UserId,
    /// Since when.
    pub started: Timestamp,
    /// When it was last used, to ten minutes.
    pub last_seen: Timestamp,
    /// When it ends in any case.
    pub expires: Timestamp,
    hash: Sha256,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Setup {
    hash: Sha256,
    expires: Timestamp,
}

/// Who somebody turned out to be, and what that allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whom the timeline will name.
    pub actor: Actor,
    /// What is allowed.
    pub scopes: Vec<Scope>,
    /// The catalog user, where it is a person who is known there.
    pub person: Option<EntityRef>,
    /// The session, where there is one.
    pub session: Option<SessionId>,
    /// The token, where one was shown.
    pub token: Option<TokenId>,
    /// Which flags may be evaluated.
    pub reach: Reach,
}

impl Grant {
    /// True if what needs `scope` is allowed.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|own| own.allows(scope))
    }
}

impl User {
    /// True for those who decide who may do what.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.role == Role::Administrator && !self.disabled
    }
}

impl Token {
    /// True if an hour has passed since a use was noted.
    #[must_use]
    pub fn use_is_worth_noting(&self, now: Timestamp) -> bool {
        self.last_used.is_none_or(|last| now.duration_since(last) >= SignedDuration::from_hours(1))
    }
}

impl Session {
    /// True if ten minutes have passed since a use was noted.
    #[must_use]
    pub fn use_is_worth_noting(&self, now: Timestamp) -> bool {
        now.duration_since(self.last_seen) >= SignedDuration::from_mins(10)
    }
}

impl State {
    /// A session ends after this time in any case.
    pub const SESSION_LIFETIME: SignedDuration = SignedDuration::from_hours(24 * 7);
    /// A session that was not used for this long is over.
    pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(12);
    /// Sessions beyond this number end the oldest.
    const SESSIONS_MAX: usize = 50_000;

    /// The user of this id.
    #[must_use]
    pub fn user(&self, user: UserId) -> Option<&User> {
        self.users.get(&user)
    }

    /// The user who signs in with this name, compared without regard to case.
    #[must_use]
    pub fn user_named(&self, name: &str) -> Option<(UserId, &User)> {
        self.users.iter().find(|(_, user)| user.name.eq_ignore_ascii_case(name)).map(|(id, user)| (*id, user))
    }

    /// All users, oldest first.
    pub fn users(&self) -> impl Iterator<Item = (&UserId, &User)> {
        self.users.iter()
    }

    /// The token of this id, unless it was revoked.
    #[must_use]
    pub fn token(&self, token: TokenId) -> Option<&Token> {
        self.tokens.get(&token)
    }

    /// All tokens that were not revoked, oldest first.
    pub fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.tokens.values()
    }

    /// All tokens that were not revoked, with their ids, oldest first.
    pub fn tokens_with_ids(&self) -> impl Iterator<Item = (&TokenId, &Token)> {
        self.tokens.iter()
    }

    /// The session of this id.
    #[must_use]
    pub fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(&session)
    }

    /// The sessions of a user that have not ended, oldest first; some of them may be over by time.
    pub fn sessions_of(&self, user: UserId) -> impl Iterator<Item = (&SessionId, &Session)> {
        self.sessions.iter().filter(move |(_, session)| session.user == user)
    }

    /// True if this is the secret of the setup link in force.
    #[must_use]
    pub fn setup_is(&self, hash: &Sha256, now: Timestamp) -> bool {
        self.setup.as_ref().is_some_and(|setup| setup.hash == *hash && now < setup.expires)
    }

    /// Who shows a token with this hash; nobody if it is unknown, revoked or over.
    #[must_use]
    pub fn grant_for_token(&self, hash: &Sha256, now: Timestamp) -> Option<Grant> {
        self.grant_of_token(*self.tokens_by_hash.get(hash)?, now)
    }

    /// What the token of this id allows; nothing if it is unknown, revoked or over.
    #[must_use]
    pub fn grant_of_token(&self, id: TokenId, now: Timestamp) -> Option<Grant> {
        let token = self.tokens.get(&id)?;
        if token.expires.is_some_and(|expires| expires <= now) {
            return None;
        }
        Some(Grant {
            actor: Actor::Token(token.name.clone()),
            scopes: token.scopes.clone(),
            person: None,
            session: None,
            token: Some(id),
            reach: token.reach.clone(),
        })
    }

    /// Whose browser shows a cookie with this hash; nobody if the session is over.
    #[must_use]
    pub fn grant_for_session(&self, hash: &Sha256, now: Timestamp) -> Option<Grant> {
        let id = self.sessions_by_hash.get(hash)?;
        let session = self.sessions.get(id)?;
        let idle = now.duration_since(session.last_seen) >= Self::SESSION_IDLE;
        let user = self.users.get(&session.user).filter(|user| !user.disabled)?;
        if idle || session.expires <= now {
            return None;
        }
        Some(Grant {
            actor: Actor::Person(user.name.clone()),
            scopes: vec![user.role.scope()],
            person: user.person.clone(),
            session: Some(*id),
            token: None,
            reach: Reach::default(),
        })
    }

    /// Applies one event.
    pub fn fold(&mut self, event: &Event, stamp: &Stamp) {
        match event {
            Event::SetupOffered { hash, expires } => self.setup = Some(Setup { hash: *hash, expires: *expires }),
            Event::UserCreated { user, name, role, person } => {
                self.setup = None;
                let created = User {
                    name: name.clone(),
                    role: *role,
                    person: person.clone(),
                    disabled: false,
                    created: stamp.at,
                };
                self.users.insert(*user, created);
            }
            Event::RoleChanged { user, role } => {
                if let Some(user) = self.users.get_mut(user) {
                    user.role = *role;
                }
            }
            Event::PasswordSet { user } => self.end_sessions_of(*user),
            Event::UserDisabled { user } => {
                if let Some(user) = self.users.get_mut(user) {
                    user.disabled = true;
                }
                self.end_sessions_of(*user);
            }
            Event::TokenIssued { token, name, scopes, hash, expires, reach } => {
                let issued = Token {
                    name: name.clone(),
                    scopes: scopes.clone(),
                    expires: *expires,
                    issued: stamp.at,
                    by: stamp.actor.clone(),
                    last_used: None,
                    reach: reach.clone(),
                    hash: *hash,
                };
                self.tokens_by_hash.insert(*hash, *token);
                self.tokens.insert(*token, issued);
            }
            Event::TokenUsed { token } => {
                if let Some(token) = self.tokens.get_mut(token) {
                    token.last_used = Some(stamp.at);
                }
            }
            Event::TokenRevoked { token } => {
                if let Some(token) = self.tokens.remove(token) {
                    self.tokens_by_hash.remove(&token.hash);
                }
            }
            Event::SessionStarted { session, user, hash, expires } => {
                let started =
                    Session { user: *user, started: stamp.at, last_seen: stamp.at, expires: *expires, hash: *hash };
                self.start_session(*session, started);
            }
            Event::SessionSeen { session } => {
                if let Some(session) = self.sessions.get_mut(session) {
                    session.last_seen = stamp.at;
                }
            }
            Event::SessionEnded { session } => self.end_session(*session),
        }
    }

    fn start_session(&mut self, id: SessionId, session: Session) {
        if self.sessions.len() >= Self::SESSIONS_MAX
            && let Some((oldest, _)) = self.sessions.get_min()
        {
            let oldest = *oldest;
            self.end_session(oldest);
        }
        self.sessions_by_hash.insert(session.hash, id);
        self.sessions.insert(id, session);
    }

    fn end_session(&mut self, id: SessionId) {
        if let Some(session) = self.sessions.remove(&id) {
            self.sessions_by_hash.remove(&session.hash);
        }
    }

    fn end_sessions_of(&mut self, user: UserId) {
        let theirs: Vec<_> =
            self.sessions.iter().filter(|(_, session)| session.user == user).map(|(id, _)| *id).collect();
        for session in theirs {
            self.end_session(session);
        }
    }
}
