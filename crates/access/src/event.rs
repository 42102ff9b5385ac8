//! The facts.

use kernel::{EntityRef, SessionId, Sha256, Timestamp, TokenId, UserId};
use serde::{Deserialize, Serialize};

use crate::{Reach, Role, Scope};

/// What happened to users, tokens and sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    /// A one-time link was offered; it replaces the one before.
    SetupOffered {
        /// The SHA-256 of the link's secret.
        hash: Sha256,
        /// When it ends.
        expires: Timestamp,
    },
    /// A user was created.
    UserCreated {
        /// Its id.
        user: UserId,
        /// What it signs in with.
        name: String,
        /// What it is.
        role: Role,
        /// Which catalog user it is.
        person: Option<EntityRef>,
    },
    /// A user's role changed.
    RoleChanged {
        /// Whose.
        user: UserId,
        /// What it is now.
        role: Role,
    },
    /// A password was set; its verifier is in the vault. All sessions of the user end.
    PasswordSet {
        /// Whose.
        user: UserId,
    },
    /// A user can't sign in any more. All its sessions end.
    UserDisabled {
        /// Who.
        user: UserId,
    },
    /// A token was issued.
    TokenIssued {
        /// Its id.
        token: TokenId,
        /// What people call it.
        name: String,
        /// What it may do.
        scopes: Vec<Scope>,
        /// The SHA-256 of the token.
        hash: Sha256,
        /// When it ends.
        expires: Option<Timestamp>,
        /// Which flags it may evaluate.
        #[serde(default, skip_serializing_if = "Reach::is_everywhere")]
        reach: Reach,
    },
    /// A token was used; noted at most once an hour.
    TokenUsed {
        /// Which.
        token: TokenId,
    },
    /// A token was revoked.
    TokenRevoked {
        /// Which.
        token: TokenId,
    },
    /// Somebody signed in.
    SessionStarted {
        /// The session's id.
        session: SessionId,
        /// Who.
        user: UserId,
        /// The SHA-256 of the cookie's secret.
        hash: Sha256,
        /// When it ends in any case.
        expires: Timestamp,
    },
    /// The session was used; noted at most every ten minutes.
    SessionSeen {
        /// Which.
        session: SessionId,
    },
    /// Somebody signed out.
    SessionEnded {
        /// Which.
        session: SessionId,
    },
}

impl Event {
    /// The stable name of this sort of event.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::SetupOffered { .. } => "access.setup_offered",
            Self::UserCreated { .. } => "access.user_created",
            Self::RoleChanged { .. } => "access.role_changed",
            Self::PasswordSet { .. } => "access.password_set",
            Self::UserDisabled { .. } => "access.user_disabled",
            Self::TokenIssued { .. } => "access.token_issued",
            Self::TokenUsed { .. } => "access.token_used",
            Self::TokenRevoked { .. } => "access.token_revoked",
            Self::SessionStarted { .. } => "access.session_started",
            Self::SessionSeen { .. } => "access.session_seen",
            Self::SessionEnded { .. } => "access.session_ended",
        }
    }

    /// What it is about: the catalog user, where one is named.
    #[must_use]
    pub fn subjects(&self) -> Vec<EntityRef> {
        match self {
            Self::UserCreated { person, .. } => person.iter().cloned().collect(),
            Self::SetupOffered { .. }
            | Self::RoleChanged { .. }
            | Self::PasswordSet { .. }
            | Self::UserDisabled { .. }
            | Self::TokenIssued { .. }
            | Self::TokenUsed { .. }
            | Self::TokenRevoked { .. }
            | Self::SessionStarted { .. }
            | Self::SessionSeen { .. }
            | Self::SessionEnded { .. } => Vec::new(),
        }
    }

    /// One sentence without its actor.
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::SetupOffered { .. } => "offered a link that creates the administrator".to_owned(),
            Self::UserCreated { name, role, .. } => format!("created user {name} as {}", role.as_str()),
            Self::RoleChanged { role, .. } => format!("made a user {}", role.as_str()),
            Self::PasswordSet { .. } => "set a password".to_owned(),
            Self::UserDisabled { .. } => "disabled a user".to_owned(),
            Self::TokenIssued { name, scopes, reach, .. } => {
                let scopes = scopes.iter().map(|scope| scope.as_str().to_owned());
                let words: Vec<String> = scopes.chain(reach.words()).collect();
                format!("issued token {name} ({})", words.join(", "))
            }
            Self::TokenUsed { .. } => "used a token".to_owned(),
            Self::TokenRevoked { .. } => "revoked a token".to_owned(),
            Self::SessionStarted { .. } => "signed in".to_owned(),
            Self::SessionSeen { .. } => "went on with a session".to_owned(),
            Self::SessionEnded { .. } => "signed out".to_owned(),
        }
    }
}
