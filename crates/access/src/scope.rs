//! What may be done.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One permission. A route names the one that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Evaluate flags, and nothing else: what an SDK gets.
    Evaluate,
    /// Report what pipelines and jobs did: deployments, verifications, heartbeats.
    Report,
    /// Run checks somewhere: be told what they ask for, with the secrets that they name, and hand in what was seen.
    Probe,
    /// See everything but secrets.
    Read,
    /// Change things: flags, catalog, incidents, undo.
    Write,
    /// Change who may do what, and settings.
    Admin,
}

impl Scope {
    /// All of them, weakest first.
    pub const ALL: [Self; 6] = [Self::Evaluate, Self::Report, Self::Probe, Self::Read, Self::Write, Self::Admin];

    /// True if who has `self` may do what needs `needed`: each scope holds the weaker ones, except that reporting
    /// does not allow reading nor the other way round, and that only an administrator's holds a probe's, who is told secrets.
    #[must_use]
    pub fn allows(self, needed: Self) -> bool {
        match self {
            Self::Evaluate => needed == Self::Evaluate,
            Self::Report => needed == Self::Report,
            Self::Probe => needed == Self::Probe,
            Self::Read => matches!(needed, Self::Read | Self::Evaluate),
            Self::Write => !matches!(needed, Self::Admin | Self::Probe),
            Self::Admin => true,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evaluate => "evaluate",
            Self::Report => "report",
            Self::Probe => "probe",
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// There is no scope of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no scope \"{0}\"; there are evaluate, report, probe, read, write and admin")]
pub struct NoSuchScope(String);

impl FromStr for Scope {
    type Err = NoSuchScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| NoSuchScope(text.to_owned()))
    }
}

/// What a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Sees.
    Viewer,
    /// Sees and changes.
    Editor,
    /// Also decides who may.
    Administrator,
}

impl Role {
    /// The strongest scope that the role has.
    #[must_use]
    pub fn scope(self) -> Scope {
        match self {
            Self::Viewer => Scope::Read,
            Self::Editor => Scope::Write,
            Self::Administrator => Scope::Admin,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Administrator => "administrator",
        }
    }
}
